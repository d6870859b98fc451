/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* dladdr() */
#include <gst-sod/backend/module-private.h>

#include <gst-sod/config.h>

#include <dlfcn.h>
#include <gmodule.h>

#define MODULE_FILE "libgstsod-cuda.so"

/* "gst-sod" beside the file that this code is in, so that a folder of the
 * whole may be moved. */
static gchar *
find_beside_library (void)
{
  g_autofree gchar *folder = NULL;
  Dl_info info;

  if (dladdr (&gst_sod_module_get, &info) == 0 || info.dli_fname == NULL)
    return NULL;
  folder = g_path_get_dirname (info.dli_fname);
  return g_build_filename (folder, "gst-sod", NULL);
}

static GStrv
list_folders (void)
{
  g_autoptr (GPtrArray) folders = g_ptr_array_new ();
  const gchar *path = g_getenv ("GST_SOD_MODULE_PATH");
  g_auto (GStrv) given = NULL;
  gchar *beside = find_beside_library ();

  if (path != NULL)
    given = g_strsplit (path, G_SEARCHPATH_SEPARATOR_S, -1);
  for (guint i = 0; given != NULL && given[i] != NULL; i++) {
    if (*given[i] != '\0')
      g_ptr_array_add (folders, g_strdup (given[i]));
  }
  if (beside != NULL)
    g_ptr_array_add (folders, beside);
  g_ptr_array_add (folders, g_strdup (GST_SOD_MODULE_DIR));
  g_ptr_array_add (folders, NULL);
  return (GStrv) g_ptr_array_steal (folders, NULL);
}

static const GstSodModule *
check_version (const GstSodModule *module, const gchar *path, GError **error)
{
  if (g_str_equal (module->version, GST_SOD_VERSION))
    return module;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
      "the CUDA back end %s is of version %s, the library of version %s; "
      "install both from one build",
      path, module->version, GST_SOD_VERSION);
  return NULL;
}

static const GstSodModule *
open_file (const gchar *path, GError **error)
{
  GModule *module = g_module_open (path, G_MODULE_BIND_LOCAL);
  gpointer symbol;

  if (module == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the CUDA back end %s does not load: %s; if a library is missing, "
        "install it (cuDNN 9: libcudnn.so.9) or name its folder in "
        "LD_LIBRARY_PATH",
        path, g_module_error ());
    return NULL;
  }
  /* What it gave out is used for good. */
  g_module_make_resident (module);
  if (!g_module_symbol (module, GST_SOD_MODULE_SYMBOL, &symbol)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "%s is no CUDA back end: it has no symbol %s; install it from the "
        "library's own build",
        path, GST_SOD_MODULE_SYMBOL);
    return NULL;
  }
  return check_version (((GstSodModuleFunc) symbol) (), path, error);
}

static const GstSodModule *
find_module (GError **error)
{
  g_auto (GStrv) folders = list_folders ();
  g_autofree gchar *looked = NULL;

  for (guint i = 0; folders[i] != NULL; i++) {
    g_autofree gchar *path = g_build_filename (folders[i], MODULE_FILE, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return open_file (path, error);
  }
  looked = g_strjoinv (", ", folders);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
      "the CUDA back end, %s, is not installed (looked in %s); build with "
      "-Dcuda=enabled and install it, or name its folder in "
      "GST_SOD_MODULE_PATH",
      MODULE_FILE, looked);
  return NULL;
}

const GstSodModule *
gst_sod_module_get (GError **error)
{
  static const GstSodModule *module;
  static GError *reason; /* why there is none */
  static gsize initialised = 0;

  if (g_once_init_enter (&initialised)) {
    module = find_module (&reason);
    g_once_init_leave (&initialised, 1);
  }
  if (module == NULL && error != NULL)
    *error = g_error_copy (reason);
  return module;
}
