/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodtrainerfiles.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* ---- models ---- */

gchar *
sod_model_path (const gchar *pattern, const gchar *node, gboolean alone)
{
  const gchar *place = strstr (pattern, "%s");
  const gchar *name = strrchr (pattern, G_DIR_SEPARATOR);
  const gchar *ending;

  if (place != NULL)
    return g_strdup_printf (
        "%.*s%s%s", (gint) (place - pattern), pattern, node, place + 2);
  if (alone)
    return g_strdup (pattern);
  ending = strrchr (name != NULL ? name : pattern, '.');
  if (ending == NULL)
    return g_strdup_printf ("%s-%s", pattern, node);
  return g_strdup_printf (
      "%.*s-%s%s", (gint) (ending - pattern), pattern, node, ending);
}

gboolean
sod_file_make_folder (const gchar *property, const gchar *path, GError **error)
{
  g_autofree gchar *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0777) == 0
      && g_access (folder, W_OK | X_OK) == 0)
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
      "%s is %s, but no file can be written to the folder %s: %s; set it to a "
      "file in a folder that may be written to",
      property, path, folder, g_strerror (errno));
  return FALSE;
}

static gboolean
is_same_file (const gchar *a, const gchar *b)
{
  GStatBuf of_a, of_b;

  return a != NULL && g_stat (a, &of_a) == 0 && g_stat (b, &of_b) == 0
         && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

gboolean
sod_record_write (GstSodTraining *training, const gchar *folder,
    const gchar *settings, GError **error)
{
  g_autofree gchar *to =
      g_build_filename (folder, GST_SOD_TRAINING_SETTINGS_FILE, NULL);
  g_autofree gchar *record =
      g_build_filename (folder, GST_SOD_TRAINING_RECORD_FILE, NULL);

  if (!is_same_file (settings, to)
      && !gst_sod_training_settings_save_file (
          gst_sod_training_get_settings (training), to, error))
    return FALSE;
  return gst_sod_training_save_record (training, record, error);
}

/* ---- what a checkpoint was made with ---- */

static gchar *
get_frames_path (const gchar *checkpoint)
{
  return g_strconcat (checkpoint, ".frames", NULL);
}

gboolean
sod_frames_exist (const gchar *checkpoint)
{
  g_autofree gchar *path =
      checkpoint != NULL ? get_frames_path (checkpoint) : NULL;

  return path != NULL && g_file_test (path, G_FILE_TEST_EXISTS)
         && gst_sod_training_checkpoint_exists (checkpoint);
}

gboolean
sod_frames_write (const gchar *checkpoint, const gchar *const *nodes,
    GstSodSamples *const *samples, gsize n_nodes, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *path = get_frames_path (checkpoint);

  for (gsize i = 0; i < n_nodes; i++) {
    guint n = gst_sod_samples_get_n_samples (samples[i]);

    g_key_file_set_uint64 (file, nodes[i], "frames", n);
    g_key_file_set_string (
        file, nodes[i], "last", gst_sod_samples_get_name (samples[i], n - 1));
  }
  return g_key_file_save_to_file (file, path, error);
}

/* The frames go last: a checkpoint that outlived them would be taken for one of
 * the next training, which writes its frames before its first checkpoint. */
void
sod_frames_remove (const gchar *checkpoint)
{
  g_autofree gchar *path = get_frames_path (checkpoint);

  gst_sod_training_checkpoint_remove (checkpoint, NULL);
  g_unlink (path);
}

gboolean
sod_frames_select (const gchar *checkpoint, const gchar *node,
    GstSodSamples *now, GstSodSamples **samples, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *path = get_frames_path (checkpoint);
  g_autofree gchar *last = NULL;
  guint64 n;

  *samples = NULL;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error))
    return FALSE;
  if (!g_key_file_has_group (file, node))
    return TRUE;
  n = g_key_file_get_uint64 (file, node, "frames", error);
  last = g_key_file_get_string (file, node, "last", NULL);
  if (now != NULL && last != NULL && n > 0
      && n <= gst_sod_samples_get_n_samples (now)
      && g_strcmp0 (gst_sod_samples_get_name (now, (guint) n - 1), last) == 0) {
    *samples = gst_sod_store_snapshot_get_first (
        GST_SOD_STORE_SNAPSHOT (now), (guint) n);
    return TRUE;
  }
  g_clear_error (error);
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "the store holds other frames of %s than those that %s was made with: "
      "up to %s, %" G_GUINT64_FORMAT " of them",
      node, checkpoint, last != NULL ? last : "none", n);
  return FALSE;
}

/* ---- a temporary store ---- */

void
sod_folder_remove (const gchar *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree gchar *inside = g_build_filename (path, name, NULL);

    if (g_file_test (inside, G_FILE_TEST_IS_DIR)
        && !g_file_test (inside, G_FILE_TEST_IS_SYMLINK))
      sod_folder_remove (inside);
    else
      g_unlink (inside);
  }
  g_rmdir (path);
}
