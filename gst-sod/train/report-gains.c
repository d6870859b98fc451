/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each phase gained: held-out scores of each node's network after each of
 * its stages, beside those that it had before. */
#include <gst-sod/train/report-private.h>

#include <math.h>

#include <gst-sod/eval/report-private.h>

/* A network at a time; scores are NaN where it was not judged. */
typedef struct
{
  gdouble max_f, mae;
  gdouble rank; /* of the score that says which is better; more is better */
} Score;

/* What a node has after a stage. */
typedef struct
{
  const gchar *node, *stage;
  gdouble phase, round; /* NaN: none */
  Score score;
  gdouble max_f_gain, mae_gain; /* over what it had before; NaN: not known */
} Row;

/* What is left of a stage. */
typedef struct
{
  const gchar *measure;
  gboolean keeps_best;
} Rule;

static const Score unknown = { NAN, NAN, NAN };

static Rule
read_rule (JsonObject *record)
{
  JsonNode *node = gst_sod_members_get (record, "settings", JSON_NODE_OBJECT);
  Rule rule = { "max_f", FALSE };
  const gchar *measure;

  if (node == NULL)
    return rule;
  measure =
      gst_sod_members_get_text (json_node_get_object (node), "score.measure");
  if (*measure != '\0')
    rule.measure = measure;
  rule.keeps_best = g_str_equal (
      gst_sod_members_get_text (json_node_get_object (node), "run.keep"),
      "best");
  return rule;
}

static Score
read_score (const Rule *rule, JsonObject *object)
{
  gdouble rank = gst_sod_members_get_number (object, rule->measure);

  return (Score){
    .max_f = gst_sod_members_get_number (object, "max_f"),
    .mae = gst_sod_members_get_number (object, "mae"),
    .rank = g_str_equal (rule->measure, "mae") ? -rank : rank,
  };
}

/* Such a stage leaves its node the network from before. */
static gboolean
leaves_nothing (JsonObject *stage)
{
  const gchar *end = gst_sod_members_get_text (stage, "end");

  return g_str_equal (end, "stopped by the monitor")
         || g_str_equal (end, "nothing to learn from");
}

/* The score of the network that the stage leaves. */
static Score
judge (const Rule *rule, JsonObject *stage, const Score *before)
{
  g_autoptr (GPtrArray) scores = gst_sod_members_get_objects (stage, "scores");
  Score best = *before;

  if (leaves_nothing (stage))
    return *before;
  if (scores->len == 0)
    return unknown;
  if (!rule->keeps_best)
    return read_score (rule, g_ptr_array_index (scores, scores->len - 1));
  for (guint i = 0; i < scores->len; i++) {
    Score score = read_score (rule, g_ptr_array_index (scores, i));

    if (isnan (best.rank) || score.rank > best.rank)
      best = score;
  }
  return best;
}

/* What @node had before; unknown where there is nothing yet. */
static const Score *
find_before (GArray *rows, const gchar *node)
{
  for (guint i = rows->len; i > 0; i--) {
    const Row *row = &g_array_index (rows, Row, i - 1);

    if (g_str_equal (row->node, node))
      return &row->score;
  }
  return &unknown;
}

static void
add_start (GArray *rows, const Rule *rule, JsonObject *start)
{
  Row row = {
    .node = gst_sod_members_get_text (start, "node"),
    .stage = "start",
    .phase = NAN,
    .round = NAN,
    .score = read_score (rule, start),
    .max_f_gain = NAN,
    .mae_gain = NAN,
  };

  g_array_append_val (rows, row);
}

static void
add_stage (GArray *rows, const Rule *rule, JsonObject *stage)
{
  const gchar *node = gst_sod_members_get_text (stage, "node");
  const Score *before = find_before (rows, node);
  gdouble round = gst_sod_members_get_number (stage, "round");
  Row row = {
    .node = node,
    .stage = gst_sod_members_get_text (stage, "name"),
    .phase = gst_sod_members_get_number (stage, "phase"),
    .round = round > 0 ? round : NAN,
    .score = judge (rule, stage, before),
  };

  row.max_f_gain = row.score.max_f - before->max_f;
  row.mae_gain = row.score.mae - before->mae;
  g_array_append_val (rows, row);
}

/* The reverse network's score is another. */
static gboolean
is_base (JsonObject *object)
{
  return !g_str_equal (gst_sod_members_get_text (object, "node"), "reverse");
}

/* (transfer full): of Row, in the order of the record. */
static GArray *
collect_rows (JsonObject *record)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_autoptr (GPtrArray) starts = gst_sod_members_get_objects (record, "starts");
  g_autoptr (GPtrArray) stages = gst_sod_members_get_objects (record, "stages");
  Rule rule = read_rule (record);

  for (guint i = 0; i < starts->len; i++) {
    JsonObject *start = g_ptr_array_index (starts, i);

    if (is_base (start))
      add_start (rows, &rule, start);
  }
  for (guint i = 0; i < stages->len; i++) {
    JsonObject *stage = g_ptr_array_index (stages, i);

    if (is_base (stage))
      add_stage (rows, &rule, stage);
  }
  return rows;
}

/* ---- the mean ---- */

static gboolean
is_same_number (gdouble a, gdouble b)
{
  return a == b || (isnan (a) && isnan (b));
}

static gboolean
is_same_time (const Row *a, const Row *b)
{
  return is_same_number (a->phase, b->phase)
         && is_same_number (a->round, b->round);
}

static void
add_number (gdouble value, gdouble *sum, guint *n)
{
  if (!isfinite (value))
    return;
  *sum += value;
  (*n)++;
}

/* Over the nodes that were judged after the stage of @first; a gain is of those
 * that were judged before, too. */
static Row
find_mean (GArray *rows, const Row *first)
{
  gdouble sums[4] = { 0 };
  guint n[4] = { 0 };
  Row mean = *first;

  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);

    if (!is_same_time (row, first))
      continue;
    add_number (row->score.max_f, &sums[0], &n[0]);
    add_number (row->max_f_gain, &sums[1], &n[1]);
    add_number (row->score.mae, &sums[2], &n[2]);
    add_number (row->mae_gain, &sums[3], &n[3]);
  }
  mean.node = "mean";
  mean.score.max_f = n[0] > 0 ? sums[0] / n[0] : NAN;
  mean.max_f_gain = n[1] > 0 ? sums[1] / n[1] : NAN;
  mean.score.mae = n[2] > 0 ? sums[2] / n[2] : NAN;
  mean.mae_gain = n[3] > 0 ? sums[3] / n[3] : NAN;
  return mean;
}

/* ---- the page ---- */

static void
append_row (GString *page, const Row *row)
{
  g_string_append (page, "<tr>");
  gst_sod_page_append_text_cell (page, row->node);
  gst_sod_page_append_cell (page, row->phase, "%.0f");
  gst_sod_page_append_cell (page, row->round, "%.0f");
  gst_sod_page_append_text_cell (page, row->stage);
  gst_sod_page_append_cell (page, row->score.max_f, "%.3f");
  gst_sod_page_append_cell (page, row->max_f_gain, "%+.3f");
  gst_sod_page_append_cell (page, row->score.mae, "%.3f");
  gst_sod_page_append_cell (page, row->mae_gain, "%+.3f");
  g_string_append (page, "</tr>\n");
}

/* Node by node, in the order of their first rows; returns how many. */
static guint
append_nodes (GString *page, GArray *rows)
{
  guint n = 0;

  for (guint i = 0; i < rows->len; i++) {
    const gchar *node = g_array_index (rows, Row, i).node;
    gboolean is_first = TRUE;

    for (guint k = 0; k < i; k++)
      is_first &= !g_str_equal (g_array_index (rows, Row, k).node, node);
    for (guint k = i; is_first && k < rows->len; k++) {
      if (g_str_equal (g_array_index (rows, Row, k).node, node))
        append_row (page, &g_array_index (rows, Row, k));
    }
    n += is_first ? 1 : 0;
  }
  return n;
}

static void
append_means (GString *page, GArray *rows)
{
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    gboolean is_first = TRUE;
    Row mean;

    for (guint k = 0; k < i; k++)
      is_first &= !is_same_time (&g_array_index (rows, Row, k), row);
    if (!is_first)
      continue;
    mean = find_mean (rows, row);
    append_row (page, &mean);
  }
}

static gboolean
is_any_judged (GArray *rows)
{
  for (guint i = 0; i < rows->len; i++) {
    if (isfinite (g_array_index (rows, Row, i).score.max_f))
      return TRUE;
  }
  return FALSE;
}

void
gst_sod_page_add_gains (GString *page, JsonObject *record)
{
  g_autoptr (GArray) rows = collect_rows (record);

  if (!is_any_judged (rows))
    return;
  g_string_append (page,
      "<h2>What each phase gained</h2>\n<p class=soft>Held-out scores of the "
      "network that each node has after a stage, with the difference to what "
      "it had before; means are over nodes that were judged then.</p>\n"
      "<div class=wide><table>\n<tr><th>node</th><th>phase</th><th>round</th>"
      "<th>stage</th><th>max F</th><th>gain</th><th>MAE ↓</th>"
      "<th>difference</th></tr>\n");
  if (append_nodes (page, rows) > 1)
    append_means (page, rows);
  g_string_append (page, "</table></div>\n");
}
