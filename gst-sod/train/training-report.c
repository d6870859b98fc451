/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a run as one page that loads nothing from anywhere. */
#include <gst-sod/train/training-report.h>

#include <gst-sod/core/json-check-private.h>
#include <gst-sod/eval/report-private.h>
#include <gst-sod/train/report-private.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ---- the record, of which any member may be missing ---- */

static JsonNode *
get_member (JsonObject *object, const gchar *name, JsonNodeType type)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_TYPE (node) == type ? node : NULL;
}

static const gchar *
get_text (JsonObject *object, const gchar *name)
{
  JsonNode *node = get_member (object, name, JSON_NODE_VALUE);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : "";
}

static gdouble
get_value (JsonNode *node)
{
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                   ? json_node_get_value_type (node)
                   : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    return (gdouble) json_node_get_int (node);
  return type == G_TYPE_DOUBLE ? json_node_get_double (node) : NAN;
}

static gdouble
get_number (JsonObject *object, const gchar *name)
{
  return get_value (json_object_get_member (object, name));
}

/* (transfer full): of JsonObject; of elements that are none nothing. */
static GPtrArray *
get_objects (JsonObject *object, const gchar *name)
{
  GPtrArray *objects =
      g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  JsonNode *node = get_member (object, name, JSON_NODE_ARRAY);
  JsonArray *array = node != NULL ? json_node_get_array (node) : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n; i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_OBJECT (element))
      g_ptr_array_add (objects, json_node_dup_object (element));
  }
  return objects;
}

/* ---- pieces of the page ---- */

static void
append_number (GString *page, gdouble value, const gchar *format)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isfinite (value))
    g_string_append (
        page, g_ascii_formatd (text, sizeof (text), format, value));
  else
    g_string_append (page, "–");
}

static void
append_cell (GString *page, gdouble value, const gchar *format)
{
  g_string_append (page, "<td>");
  append_number (page, value, format);
  g_string_append (page, "</td>");
}

static void
append_text_cell (GString *page, const gchar *text)
{
  g_string_append (page, "<td>");
  gst_sod_report_append_text (page, text);
  g_string_append (page, "</td>");
}

static void
add_head (GString *page, const gchar *title, JsonObject *record)
{
  JsonNode *settings = get_member (record, "settings", JSON_NODE_OBJECT);

  g_string_append (page,
      "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
      "<link rel=icon href=\"data:,\">\n<title>");
  gst_sod_report_append_text (page, title);
  g_string_append (page, "</title>\n<style>");
  g_string_append (page, gst_sod_report_style);
  g_string_append (page, "</style>\n<main>\n<h1>");
  gst_sod_report_append_text (page, title);
  g_string_append (page, "</h1>\n<p class=soft>Preset <b>");
  if (settings != NULL)
    gst_sod_report_append_text (
        page, get_text (json_node_get_object (settings), "run.preset"));
  g_string_append (page, "</b>, started ");
  gst_sod_report_append_text (page, get_text (record, "started"));
  g_string_append (page, "</p>\n");
}

/* ---- curves ---- */

static void
free_line (gpointer data)
{
  GstSodTrainingLine *line = data;

  g_free (line->name);
  g_array_unref (line->points);
  g_free (line);
}

/* The line of the node, made where there is none. */
static GstSodTrainingLine *
ensure_line (GPtrArray *lines, const gchar *name)
{
  GstSodTrainingLine *line;

  for (guint i = 0; i < lines->len; i++) {
    line = g_ptr_array_index (lines, i);
    if (g_str_equal (line->name, name))
      return line;
  }
  line = g_new0 (GstSodTrainingLine, 1);
  line->name = g_strdup (name);
  line->points = g_array_new (FALSE, FALSE, sizeof (gdouble));
  g_ptr_array_add (lines, line);
  return line;
}

static void
add_point (GPtrArray *lines, const gchar *name, gdouble x, gdouble y)
{
  GArray *points;

  if (!isfinite (x) || !isfinite (y))
    return;
  points = ensure_line (lines, name)->points;
  g_array_append_val (points, x);
  g_array_append_val (points, y);
}

static void
collect_losses (
    JsonObject *stage, const gchar *name, gdouble start, GPtrArray *lines)
{
  JsonNode *node = get_member (stage, "losses", JSON_NODE_ARRAY);
  JsonArray *points = node != NULL ? json_node_get_array (node) : NULL;
  guint n = points != NULL ? json_array_get_length (points) : 0;

  for (guint i = 0; i < n; i++) {
    JsonNode *element = json_array_get_element (points, i);
    JsonArray *point =
        JSON_NODE_HOLDS_ARRAY (element) ? json_node_get_array (element) : NULL;

    if (point != NULL && json_array_get_length (point) == 2)
      add_point (lines, name,
          start + get_value (json_array_get_element (point, 0)),
          get_value (json_array_get_element (point, 1)));
  }
}

static void
collect_scores (JsonObject *stage, const gchar *name, const gchar *measure,
    gdouble start, GPtrArray *lines)
{
  g_autoptr (GPtrArray) scores = get_objects (stage, "scores");

  for (guint i = 0; i < scores->len; i++) {
    JsonObject *score = g_ptr_array_index (scores, i);

    add_point (lines, name, start + get_number (score, "step"),
        get_number (score, measure));
  }
}

/* Losses of one kind of stage, or a measure of all: a line a node, stage
 * behind stage. @measure: NULL for losses. */
static GPtrArray *
collect_lines (GPtrArray *stages, const gchar *kind, const gchar *measure)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (free_line);
  g_autoptr (GHashTable) starts =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (guint i = 0; i < stages->len; i++) {
    JsonObject *stage = g_ptr_array_index (stages, i);
    const gchar *node = get_text (stage, "node");
    gdouble *start = g_hash_table_lookup (starts, node);
    gdouble n_steps = get_number (stage, "steps");

    if (kind != NULL && !g_str_equal (get_text (stage, "name"), kind))
      continue;
    if (start == NULL) {
      start = g_new0 (gdouble, 1);
      g_hash_table_insert (starts, (gpointer) node, start);
    }
    if (measure == NULL)
      collect_losses (stage, node, *start, lines);
    else
      collect_scores (stage, node, measure, *start, lines);
    *start += isfinite (n_steps) ? n_steps : 0;
  }
  return lines;
}

static void
add_plot (GString *page, GPtrArray *lines, const gchar *caption)
{
  g_autofree gchar *svg = gst_sod_training_plot (lines, "step");

  if (svg == NULL)
    return;
  g_string_append (page, "<figure role=img aria-label=\"");
  gst_sod_report_append_text (page, caption);
  g_string_append_printf (page, "\">%s<figcaption>", svg);
  gst_sod_report_append_text (page, caption);
  for (guint i = 0; i < lines->len; i++) {
    const GstSodTrainingLine *line = g_ptr_array_index (lines, i);

    g_string_append_printf (page,
        "&emsp;<span class=name><i class=key style=\"background:%s\"></i>",
        gst_sod_training_plot_color (i));
    gst_sod_report_append_text (page, line->name);
    g_string_append (page, "</span>");
  }
  g_string_append (page, "</figcaption></figure>\n");
}

static void
add_curves (GString *page, GPtrArray *stages)
{
  static const struct
  {
    const gchar *key, *caption;
  } measures[] = {
    { "max_f", "max F of held-out frames" },
    { "mae", "MAE of held-out frames, less is better" },
    { "reconstruction",
        "Reconstruction error of held-out frames, less is better" },
  };
  g_autoptr (GHashTable) kinds = g_hash_table_new (g_str_hash, g_str_equal);

  g_string_append (page, "<h2>Curves</h2>\n<div class=plots>\n");
  for (guint i = 0; i < stages->len; i++) {
    const gchar *kind = get_text (g_ptr_array_index (stages, i), "name");
    g_autofree gchar *caption = g_strdup_printf ("Loss: %s", kind);
    g_autoptr (GPtrArray) lines = NULL;

    if (!g_hash_table_add (kinds, (gpointer) kind))
      continue;
    lines = collect_lines (stages, kind, NULL);
    add_plot (page, lines, caption);
  }
  for (guint i = 0; i < G_N_ELEMENTS (measures); i++) {
    g_autoptr (GPtrArray) lines = collect_lines (stages, NULL, measures[i].key);

    add_plot (page, lines, measures[i].caption);
  }
  g_string_append (page, "</div>\n");
}

/* ---- tables ---- */

/* The first and the last value of the stage's curve. */
static void
find_ends (JsonObject *stage, gdouble *first, gdouble *last)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (free_line);
  const GstSodTrainingLine *line;

  *first = *last = NAN;
  collect_losses (stage, "", 0, lines);
  if (lines->len == 0)
    return;
  line = g_ptr_array_index (lines, 0);
  *first = g_array_index (line->points, gdouble, 1);
  *last = g_array_index (line->points, gdouble, line->points->len - 1);
}

static void
add_stage (GString *page, JsonObject *stage)
{
  g_autoptr (GPtrArray) scores = get_objects (stage, "scores");
  JsonObject *score =
      scores->len > 0 ? g_ptr_array_index (scores, scores->len - 1) : NULL;
  gdouble first, last;

  find_ends (stage, &first, &last);
  g_string_append (page, "<tr>");
  append_text_cell (page, get_text (stage, "name"));
  append_text_cell (page, get_text (stage, "node"));
  append_cell (page, get_number (stage, "round"), "%.0f");
  append_cell (page, get_number (stage, "steps"), "%.0f");
  append_cell (page, get_number (stage, "seconds"), "%.0f");
  append_cell (page, first, "%.4f");
  append_cell (page, last, "%.4f");
  append_cell (page, score != NULL ? get_number (score, "max_f") : NAN, "%.3f");
  append_cell (page, score != NULL ? get_number (score, "mae") : NAN, "%.3f");
  append_text_cell (page, get_text (stage, "end"));
  g_string_append (page, "</tr>\n");
}

static void
add_stages (GString *page, GPtrArray *stages)
{
  g_string_append (page,
      "<h2>Stages</h2>\n<div class=wide><table>\n<tr><th>stage</th>"
      "<th>node</th><th>round</th><th>steps</th><th>seconds</th>"
      "<th>first loss</th><th>last loss</th><th>max F</th><th>MAE ↓</th>"
      "<th>end</th></tr>\n");
  for (guint i = 0; i < stages->len; i++)
    add_stage (page, g_ptr_array_index (stages, i));
  g_string_append (page, "</table></div>\n");
}

static void
append_node (GString *page, JsonNode *node)
{
  g_autofree gchar *json = NULL;

  if (JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING) {
    gst_sod_report_append_text (page, json_node_get_string (node));
  } else if (isfinite (get_value (node))) {
    append_number (page, get_value (node), "%.6g");
  } else {
    json = json_to_string (node, FALSE);
    gst_sod_report_append_text (page, json);
  }
}

/* Objects that have the same members, as a table of them. */
static void
add_objects (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading)
{
  g_autoptr (GPtrArray) objects = get_objects (record, name);
  g_autoptr (GList) keys = NULL;

  if (objects->len == 0)
    return;
  keys = json_object_get_members (g_ptr_array_index (objects, 0));
  g_string_append_printf (
      page, "<h2>%s</h2>\n<div class=wide><table>\n<tr>", heading);
  for (GList *key = keys; key != NULL; key = key->next) {
    g_string_append (page, "<th>");
    gst_sod_report_append_text (page, key->data);
    g_string_append (page, "</th>");
  }
  g_string_append (page, "</tr>\n");
  for (guint i = 0; i < objects->len; i++) {
    g_string_append (page, "<tr>");
    for (GList *key = keys; key != NULL; key = key->next) {
      JsonNode *node =
          json_object_get_member (g_ptr_array_index (objects, i), key->data);

      g_string_append (page, "<td>");
      if (node != NULL)
        append_node (page, node);
      g_string_append (page, "</td>");
    }
    g_string_append (page, "</tr>\n");
  }
  g_string_append (page, "</table></div>\n");
}

static void
add_facts (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading)
{
  JsonNode *node = get_member (record, name, JSON_NODE_OBJECT);
  JsonObject *facts = node != NULL ? json_node_get_object (node) : NULL;
  g_autoptr (GList) keys =
      facts != NULL ? json_object_get_members (facts) : NULL;

  if (keys == NULL)
    return;
  g_string_append_printf (page, "<h2>%s</h2>\n<dl>\n", heading);
  for (GList *key = keys; key != NULL; key = key->next) {
    g_string_append (page, "<dt>");
    gst_sod_report_append_text (page, key->data);
    g_string_append (page, "</dt><dd>");
    append_node (page, json_object_get_member (facts, key->data));
    g_string_append (page, "</dd>\n");
  }
  g_string_append (page, "</dl>\n");
}

/**
 * gst_sod_training_report_to_html:
 * @title: what was trained
 * @record: the record of a run, as gst_sod_training_to_json() gives it
 * @error: return location for an error
 *
 * Makes a page of a run: how loss and scores went, stage by stage, what became
 * of pseudo-labels, and what it was made with. Styles and drawings are in it;
 * it asks for nothing else. Members that @record lacks are left out.
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
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GPtrArray) stages = NULL;
  g_autoptr (GError) problem = NULL;
  JsonObject *root;
  GString *page;

  g_return_val_if_fail (title != NULL && record != NULL, NULL);

  if (gst_sod_json_check (record, strlen (record), &problem))
    node = json_from_string (record, &problem);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "the record of \"%s\" is not a JSON object%s%s", title,
        problem != NULL ? ": " : "", problem != NULL ? problem->message : "");
    return NULL;
  }
  root = json_node_get_object (node);
  stages = get_objects (root, "stages");
  page = g_string_new (NULL);
  add_head (page, title, root);
  add_stages (page, stages);
  add_curves (page, stages);
  add_objects (page, root, "pseudo-labels", "Pseudo-labels");
  add_objects (page, root, "warnings", "Warnings");
  add_objects (page, root, "networks", "Networks");
  add_objects (page, root, "nodes", "Data");
  add_facts (page, root, "settings", "Settings");
  add_facts (page, root, "versions", "Versions");
  g_string_append (page, "</main>\n");
  return g_string_free (page, FALSE);
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
  g_autofree gchar *path = NULL;

  g_return_val_if_fail (folder != NULL, FALSE);

  page = gst_sod_training_report_to_html (title, record, error);
  if (page == NULL)
    return FALSE;
  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_autofree gchar *shown = g_filename_display_name (folder);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: the folder of the report cannot be made; name another", shown);
    return FALSE;
  }
  path = g_build_filename (folder, "index.html", NULL);
  return g_file_set_contents (path, page, -1, error);
}
