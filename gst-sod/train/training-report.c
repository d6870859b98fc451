/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a run as one page that loads nothing from anywhere. */
#include <gst-sod/train/training-report.h>

#include <gst-sod/core/json-check-private.h>
#include <gst-sod/eval/report-private.h>
#include <gst-sod/train/report-private.h>
#include <glib/gstdio.h>
#include <string.h>

/* (transfer full): the record as it stands in @text. */
static JsonObject *
parse (const gchar *title, const gchar *text, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) problem = NULL;

  if (gst_sod_json_check (text, strlen (text), &problem))
    node = json_from_string (text, &problem);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_dup_object (node);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "the record of \"%s\" is not a JSON object%s%s", title,
      problem != NULL ? ": " : "", problem != NULL ? problem->message : "");
  return NULL;
}

static void
add_origin (GString *page, JsonObject *record)
{
  JsonNode *settings =
      gst_sod_members_get (record, "settings", JSON_NODE_OBJECT);

  g_string_append (page, "<p class=soft>Preset <b>");
  if (settings != NULL)
    gst_sod_report_append_text (
        page, gst_sod_members_get_text (
                  json_node_get_object (settings), "run.preset"));
  g_string_append (page, "</b>, started ");
  gst_sod_report_append_text (
      page, gst_sod_members_get_text (record, "started"));
  g_string_append (page, "</p>\n");
}

/**
 * gst_sod_training_report_to_html:
 * @title: what was trained
 * @record: the record of a run, as gst_sod_training_to_json() gives it
 * @error: return location for an error
 *
 * Makes a page of a run: how loss and scores went, stage by stage, what each
 * phase gained, maps of a few held-out frames over time, what became of
 * pseudo-labels, and what it was made with. Styles, drawings and pictures are
 * in it; it asks for nothing else. Members that @record lacks are left out.
 *
 * Errors: %GST_SOD_ERROR_FORMAT where @record is not a JSON object.
 *
 * Returns: (transfer full): the page, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_report_to_html (
    const gchar *title, const gchar *record, GError **error)
{
  g_autoptr (JsonObject) root = NULL;
  g_autoptr (GPtrArray) stages = NULL;
  GString *page;

  g_return_val_if_fail (title != NULL && record != NULL, NULL);

  root = parse (title, record, error);
  if (root == NULL)
    return NULL;
  stages = gst_sod_members_get_objects (root, "stages");
  page = g_string_new (NULL);
  gst_sod_page_add_head (page, title);
  add_origin (page, root);
  gst_sod_page_add_stages (page, stages);
  gst_sod_page_add_gains (page, root);
  gst_sod_page_add_curves (page, stages);
  gst_sod_page_add_maps (page, root);
  gst_sod_page_add_objects (page, root, "pseudo-labels", "Pseudo-labels");
  gst_sod_page_add_objects (page, root, "warnings", "Warnings");
  gst_sod_page_add_objects (page, root, "networks", "Networks");
  gst_sod_page_add_objects (page, root, "nodes", "Data");
  gst_sod_page_add_facts (page, root, "settings", "Settings");
  gst_sod_page_add_facts (page, root, "versions", "Versions");
  g_string_append (page, "</main>\n");
  return g_string_free (page, FALSE);
}

/* As index.html in @folder, in one step. */
static gboolean
write_page (const gchar *page, const gchar *folder, GError **error)
{
  g_autofree gchar *path = g_build_filename (folder, "index.html", NULL);

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_autofree gchar *shown = g_filename_display_name (folder);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: the folder of the report cannot be made; name another", shown);
    return FALSE;
  }
  return g_file_set_contents (path, page, -1, error);
}

/**
 * gst_sod_training_report_write:
 * @title: what was trained
 * @record: the record of a run, as gst_sod_training_to_json() gives it
 * @folder: (type filename): where; made if there is none
 * @error: return location for an error
 *
 * Writes the page as index.html, in one step: a reader sees the old page or
 * the new one.
 *
 * Errors: those of gst_sod_training_report_to_html(), %GST_SOD_ERROR_IO, and
 * those of g_file_set_contents().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_report_write (const gchar *title, const gchar *record,
    const gchar *folder, GError **error)
{
  g_autofree gchar *page = NULL;

  g_return_val_if_fail (folder != NULL, FALSE);

  page = gst_sod_training_report_to_html (title, record, error);
  return page != NULL && write_page (page, folder, error);
}

/**
 * gst_sod_training_report_compare:
 * @titles: (array length=n_runs): what each run is called
 * @records: (array length=n_runs): their records, as
 *   gst_sod_training_to_json() gives them
 * @n_runs: how many there are, at least 2
 * @error: return location for an error
 *
 * Makes a page of runs side by side, as of an ablation: the settings in which
 * they differ, the last scores of their nodes, and what each gains over the
 * first, paired by node. Scores can only be compared where the same frames are
 * held out; nodes whose held-out frames differ from the first run's are named
 * and left out of the gain. Members that a record lacks are left out.
 *
 * Errors: %GST_SOD_ERROR_FORMAT where a record is not a JSON object,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for less than two runs.
 *
 * Returns: (transfer full): the page, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_report_compare (const gchar *const *titles,
    const gchar *const *records, guint n_runs, GError **error)
{
  g_autoptr (GPtrArray) runs =
      g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  GString *page;

  g_return_val_if_fail (titles != NULL && records != NULL, NULL);

  if (n_runs < 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "%u run to compare, at least 2 were expected", n_runs);
    return NULL;
  }
  for (guint i = 0; i < n_runs; i++) {
    JsonObject *run = parse (titles[i], records[i], error);

    if (run == NULL)
      return NULL;
    g_ptr_array_add (runs, run);
  }
  page = g_string_new (NULL);
  gst_sod_page_add_head (page, "Runs side by side");
  gst_sod_page_add_comparison (page, titles, runs);
  g_string_append (page, "</main>\n");
  return g_string_free (page, FALSE);
}

/**
 * gst_sod_training_report_write_comparison:
 * @titles: (array length=n_runs): what each run is called
 * @records: (array length=n_runs): their records
 * @n_runs: how many there are, at least 2
 * @folder: (type filename): where; made if there is none
 * @error: return location for an error
 *
 * Writes the page of gst_sod_training_report_compare() as index.html, in one
 * step.
 *
 * Errors: those of gst_sod_training_report_compare(), %GST_SOD_ERROR_IO, and
 * those of g_file_set_contents().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_report_write_comparison (const gchar *const *titles,
    const gchar *const *records, guint n_runs, const gchar *folder,
    GError **error)
{
  g_autofree gchar *page = NULL;

  g_return_val_if_fail (folder != NULL, FALSE);

  page = gst_sod_training_report_compare (titles, records, n_runs, error);
  return page != NULL && write_page (page, folder, error);
}
