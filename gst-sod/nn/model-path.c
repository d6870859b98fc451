/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/network.h>

#include <gst-sod/config.h>
#include <string.h>

#define SUFFIX ".safetensors"
#define DEFAULT_MODEL "base" SUFFIX
#define DEFAULT_REVERSE_MODEL "reverse" SUFFIX

/* Takes @folder. */
static void
add_place (GPtrArray *places, gchar *folder, const gchar *name)
{
  g_ptr_array_add (places, g_build_filename (folder, name, NULL));
  g_free (folder);
}

/* Where the model @name may lie, first choice first. */
static GStrv
list_places (const gchar *name)
{
  GPtrArray *places = g_ptr_array_new ();
  const gchar *variable = g_getenv ("GST_SOD_MODEL_PATH");
  const gchar *const *system = g_get_system_data_dirs ();
  g_auto (GStrv) folders = g_strsplit (
      variable != NULL ? variable : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (guint i = 0; folders[i] != NULL; i++) {
    if (*folders[i] != '\0')
      add_place (places, g_strdup (folders[i]), name);
  }
  add_place (places,
      g_build_filename (g_get_user_data_dir (), "gst-sod", "models", NULL),
      name);
  for (guint i = 0; system[i] != NULL; i++)
    add_place (
        places, g_build_filename (system[i], "gst-sod", "models", NULL), name);
  add_place (places, g_strdup (GST_SOD_MODEL_DIR), name);
  g_ptr_array_add (places, NULL);
  return (GStrv) g_ptr_array_free (places, FALSE);
}

/* (nullable): with @looked (transfer full), the places, where it is NULL */
static gchar *
find (const gchar *name, gchar **looked)
{
  g_auto (GStrv) places = list_places (name);

  for (guint i = 0; places[i] != NULL; i++) {
    if (g_file_test (places[i], G_FILE_TEST_EXISTS))
      return g_strdup (places[i]);
  }
  *looked = g_strjoinv (", ", places);
  return NULL;
}

/**
 * gst_sod_network_find:
 * @name: (type filename) (nullable): path of a model file; or the name of one
 *   that is installed, as `base-motion`, with or without `.safetensors`; %NULL
 *   or empty: the default, as gst_sod_network_find_default() finds it
 * @error: return location for an error
 *
 * Finds the file that is meant. What has a folder in it, or is a file as it
 * stands, is a path; all else is looked for where
 * gst_sod_network_find_default() looks.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND naming the places.
 *
 * Returns: (transfer full) (type filename): a path, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_network_find (const gchar *name, GError **error)
{
  g_autofree gchar *file = NULL;
  g_autofree gchar *looked = NULL;
  gchar *path;

  if (name == NULL || *name == '\0')
    return gst_sod_network_find_default (error);
  /* A folder of the name, as a run leaves it, is no model. */
  if (strchr (name, G_DIR_SEPARATOR) != NULL
      || (g_file_test (name, G_FILE_TEST_EXISTS)
          && !g_file_test (name, G_FILE_TEST_IS_DIR)))
    return g_strdup (name);
  file = g_str_has_suffix (name, SUFFIX) ? g_strdup (name)
                                         : g_strconcat (name, SUFFIX, NULL);
  path = find (file, &looked);
  if (path == NULL) {
    g_autofree gchar *shown = g_filename_display_name (name);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: there is no such file, and no such model among %s; name another "
        "with model-file, or none for the default",
        shown, looked);
  }
  return path;
}

/**
 * gst_sod_network_find_default:
 * @error: return location for an error
 *
 * Looks for the model that is used where none is named, `base.safetensors`: in
 * the folders of the environment's `GST_SOD_MODEL_PATH` (separated by colons),
 * in `gst-sod/models` of the user's and the system's data folders (the XDG
 * base directories), and where this library was installed to.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND naming the places.
 *
 * Returns: (transfer full) (type filename): a path, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_network_find_default (GError **error)
{
  g_autofree gchar *looked = NULL;
  gchar *path = find (DEFAULT_MODEL, &looked);

  if (path == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "no default model: looked for %s; give one as model-file, or a folder "
        "that holds " DEFAULT_MODEL " as GST_SOD_MODEL_PATH",
        looked);
  return path;
}

/**
 * gst_sod_network_find_default_reverse:
 * @error: return location for an error
 *
 * Looks for the reverse network that is used where none is named,
 * `reverse.safetensors`, where gst_sod_network_find_default() looks for the
 * base network.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND naming the places.
 *
 * Returns: (transfer full) (type filename): a path, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_network_find_default_reverse (GError **error)
{
  g_autofree gchar *looked = NULL;
  gchar *path = find (DEFAULT_REVERSE_MODEL, &looked);

  if (path == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "no reverse network: looked for %s; give one as model-file, or a "
        "folder that holds " DEFAULT_REVERSE_MODEL " as GST_SOD_MODEL_PATH; "
        "\"gst-sod train\" makes one beside the base networks",
        looked);
  return path;
}
