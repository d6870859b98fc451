/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules that cannot be used: the CPU is taken, and why is said. The registry
 * looks once, so each case is a process of its own. $TEST_OLD_MODULE: one of
 * another version. */

#include <gst-sod/backend/module-private.h>

#include <gst-sod/config.h>

#include <glib/gstdio.h>
#include <string.h>

#define FILE_NAME "libgstsod-cuda.so"

static const gchar *old_module;

/* In the child: @path is where modules are looked for first. */
static void
expect_reason (const gchar *path, const gchar *const *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *resolved = NULL;
  GstSodBackend *backend;

  g_setenv ("GST_SOD_MODULE_PATH", path, TRUE);
  backend = gst_sod_backend_for_device ("auto", &resolved, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (resolved, ==, "cpu");
  g_assert_cmpstr (backend->klass->device, ==, "cpu");
  g_assert_null (gst_sod_backend_for_device ("cuda:0", NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
  g_assert_nonnull (
      strstr (error->message, gst_sod_backend_get_auto_reason ()));
  for (guint i = 0; words[i] != NULL; i++) {
    g_test_message ("%s: %s", words[i], error->message);
    g_assert_nonnull (strstr (error->message, words[i]));
  }
}

/* A folder whose module is what @source is, or nothing. */
static gchar *
make_folder (const gchar *source, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  gchar *folder = g_dir_make_tmp ("sod-module-XXXXXX", &error);
  g_autofree gchar *path = g_build_filename (folder, FILE_NAME, NULL);

  g_assert_no_error (error);
  if (source != NULL) {
    g_autofree gchar *content = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (source, &content, &length, &error));
    g_assert_true (
        g_file_set_contents (path, content, (gssize) length, &error));
  } else if (text != NULL) {
    g_assert_true (g_file_set_contents (path, text, -1, &error));
  }
  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (const gchar *folder)
{
  g_autofree gchar *path = g_build_filename (folder, FILE_NAME, NULL);

  g_unlink (path);
  g_rmdir (folder);
}

static void
check (const gchar *source, const gchar *text, const gchar *const *words)
{
  g_autofree gchar *folder = NULL;

  if (g_test_subprocess ()) {
    expect_reason (g_getenv ("TEST_MODULE_FOLDER"), words);
    return;
  }
  folder = make_folder (source, text);
  g_setenv ("TEST_MODULE_FOLDER", folder, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  remove_folder (folder);
  g_test_trap_assert_passed ();
}

static void
test_missing (void)
{
  static const gchar *const words[] = { "is not installed", FILE_NAME,
    "-Dcuda=enabled", "GST_SOD_MODULE_PATH", "device=auto", NULL };

  if (g_file_test (
          GST_SOD_MODULE_DIR G_DIR_SEPARATOR_S FILE_NAME, G_FILE_TEST_EXISTS)) {
    g_test_skip ("one is installed: " GST_SOD_MODULE_DIR);
    return;
  }
  check (NULL, NULL, words);
}

static void
test_no_library (void)
{
  static const gchar *const words[] = { "does not load", FILE_NAME,
    "LD_LIBRARY_PATH", "device=auto", NULL };

  check (NULL, "this is no library", words);
}

static void
test_other_version (void)
{
  static const gchar *const words[] = { "version 0.0.0", FILE_NAME,
    "install both from one build", "device=auto", NULL };

  check (old_module, NULL, words);
}

/* Nothing that is there for another reason hides what is. */
static void
test_empty_entries (void)
{
  static const gchar *const words[] = { "version 0.0.0", NULL };

  if (g_test_subprocess ()) {
    g_autofree gchar *folder = g_path_get_dirname (old_module);
    g_autofree gchar *path = g_strconcat (":/nowhere::", folder, ":", NULL);

    expect_reason (path, words);
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  old_module = g_getenv ("TEST_OLD_MODULE");
  g_test_add_func (
      "/module/missing-says-where-it-was-looked-for", test_missing);
  g_test_add_func ("/module/no-library-says-why", test_no_library);
  g_test_add_func (
      "/module/of-another-version-is-not-used", test_other_version);
  g_test_add_func ("/module/path-may-have-empty-entries", test_empty_entries);
  return g_test_run ();
}
