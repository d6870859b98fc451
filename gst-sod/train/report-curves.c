/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Losses and scores over steps. */
#include <gst-sod/train/report-private.h>

#include <math.h>

#include <gst-sod/eval/report-private.h>

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
  JsonNode *node = gst_sod_members_get (stage, "losses", JSON_NODE_ARRAY);
  JsonArray *points = node != NULL ? json_node_get_array (node) : NULL;
  guint n = points != NULL ? json_array_get_length (points) : 0;

  for (guint i = 0; i < n; i++) {
    JsonNode *element = json_array_get_element (points, i);
    JsonArray *point =
        JSON_NODE_HOLDS_ARRAY (element) ? json_node_get_array (element) : NULL;

    if (point != NULL && json_array_get_length (point) == 2)
      add_point (lines, name,
          start + gst_sod_member_get_value (json_array_get_element (point, 0)),
          gst_sod_member_get_value (json_array_get_element (point, 1)));
  }
}

void
gst_sod_curve_find_ends (JsonObject *stage, gdouble *first, gdouble *last)
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
collect_scores (JsonObject *stage, const gchar *name, const gchar *measure,
    gdouble start, GPtrArray *lines)
{
  g_autoptr (GPtrArray) scores = gst_sod_members_get_objects (stage, "scores");

  for (guint i = 0; i < scores->len; i++) {
    JsonObject *score = g_ptr_array_index (scores, i);

    add_point (lines, name, start + gst_sod_members_get_number (score, "step"),
        gst_sod_members_get_number (score, measure));
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
    const gchar *node = gst_sod_members_get_text (stage, "node");
    gdouble *start = g_hash_table_lookup (starts, node);
    gdouble n_steps = gst_sod_members_get_number (stage, "steps");

    if (kind != NULL
        && !g_str_equal (gst_sod_members_get_text (stage, "name"), kind))
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

void
gst_sod_page_add_curves (GString *page, GPtrArray *stages)
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
    const gchar *kind =
        gst_sod_members_get_text (g_ptr_array_index (stages, i), "name");
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
