/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod train --compare: runs that are over, as one page side by side. */
#include "train.h"

/* (transfer full): a run is the folder of its --out, or its run.json. */
static gchar *
find_record (const gchar *run)
{
  return g_file_test (run, G_FILE_TEST_IS_DIR)
             ? g_build_filename (run, GST_SOD_TRAINING_RECORD_FILE, NULL)
             : g_strdup (run);
}

/* (transfer full): what the page calls it. */
static gchar *
make_title (const gchar *run)
{
  g_autofree gchar *folder = g_file_test (run, G_FILE_TEST_IS_DIR)
                                 ? g_strdup (run)
                                 : g_path_get_dirname (run);

  return g_filename_display_basename (folder);
}

static gboolean
read_runs (gchar **words, GPtrArray *titles, GPtrArray *records, GError **error)
{
  for (guint i = 0; words[i] != NULL; i++) {
    g_autofree gchar *path = find_record (words[i]);
    gchar *text = NULL;

    if (!g_file_get_contents (path, &text, NULL, error)) {
      g_prefix_error (error, "a run is a folder that --out named: ");
      return FALSE;
    }
    g_ptr_array_add (records, text);
    g_ptr_array_add (titles, make_title (words[i]));
  }
  return TRUE;
}

gboolean
sod_train_compare (
    const SodTrainOptions *options, gchar **words, GError **error)
{
  g_autoptr (GPtrArray) titles = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *shown = g_filename_display_name (options->out);

  if (!read_runs (words, titles, records, error)
      || !gst_sod_training_report_write_comparison (
          (const gchar *const *) titles->pdata,
          (const gchar *const *) records->pdata, records->len, options->out,
          error))
    return FALSE;
  g_print ("comparison: %s%sindex.html\n", shown, G_DIR_SEPARATOR_S);
  return TRUE;
}
