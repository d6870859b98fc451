/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs side by side: in which settings they differ, what their nodes score,
 * and what each gains over the first. */
#include <gst-sod/train/report-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/eval/report-private.h>

/* The last score of a node. */
typedef struct
{
  gdouble max_f, mae;
  gchar *held_out; /* hash of the frames; "" where the record has none */
} Score;

static void
free_score (gpointer data)
{
  Score *self = data;

  g_free (self->held_out);
  g_free (self);
}

/* ---- scores ---- */

static void
take_score (GHashTable *scores, const gchar *node, JsonObject *object)
{
  gdouble max_f = gst_sod_members_get_number (object, "max_f");
  Score *score;

  if (!isfinite (max_f))
    return;
  score = g_new0 (Score, 1);
  score->max_f = max_f;
  score->mae = gst_sod_members_get_number (object, "mae");
  score->held_out = g_strdup ("");
  g_hash_table_insert (scores, g_strdup (node), score);
}

static void
take_hashes (GHashTable *scores, JsonObject *run)
{
  g_autoptr (GPtrArray) nodes = gst_sod_members_get_objects (run, "nodes");

  for (guint i = 0; i < nodes->len; i++) {
    JsonObject *node = g_ptr_array_index (nodes, i);
    JsonNode *held_out =
        gst_sod_members_get (node, "held-out", JSON_NODE_OBJECT);
    Score *score =
        g_hash_table_lookup (scores, gst_sod_members_get_text (node, "name"));

    if (score == NULL || held_out == NULL)
      continue;
    g_free (score->held_out);
    score->held_out = g_strdup (
        gst_sod_members_get_text (json_node_get_object (held_out), "hash"));
  }
}

/* (transfer full): node -> Score: of what it started from, or after the last
 * stage that was scored. */
static GHashTable *
collect_scores (JsonObject *run)
{
  GHashTable *found =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_score);
  g_autoptr (GPtrArray) starts = gst_sod_members_get_objects (run, "starts");
  g_autoptr (GPtrArray) stages = gst_sod_members_get_objects (run, "stages");

  for (guint i = 0; i < starts->len; i++) {
    JsonObject *start = g_ptr_array_index (starts, i);

    take_score (found, gst_sod_members_get_text (start, "node"), start);
  }
  for (guint i = 0; i < stages->len; i++) {
    JsonObject *stage = g_ptr_array_index (stages, i);
    g_autoptr (GPtrArray) scores =
        gst_sod_members_get_objects (stage, "scores");

    if (scores->len > 0)
      take_score (found, gst_sod_members_get_text (stage, "node"),
          g_ptr_array_index (scores, scores->len - 1));
  }
  take_hashes (found, run);
  return found;
}

/* (transfer container): names that any run has, sorted. */
static GList *
list_nodes (GPtrArray *scores)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < scores->len; i++) {
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init (&iter, g_ptr_array_index (scores, i));
    while (g_hash_table_iter_next (&iter, &name, NULL))
      g_hash_table_add (names, name);
  }
  return g_list_sort (g_hash_table_get_keys (names), (GCompareFunc) strcmp);
}

/* Whether both were scored by the same frames. */
static gboolean
is_comparable (const Score *first, const Score *second)
{
  return first != NULL && second != NULL
         && g_str_equal (first->held_out, second->held_out);
}

/* Means over nodes; NaN where there is none. */
static void
find_means (GHashTable *first, GHashTable *own, gdouble *max_f, gdouble *mae,
    gdouble *gain)
{
  guint n = g_hash_table_size (own), n_pairs = 0;
  GHashTableIter iter;
  gpointer name, value;

  *max_f = *mae = *gain = 0;
  g_hash_table_iter_init (&iter, own);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const Score *score = value;
    const Score *before = g_hash_table_lookup (first, name);

    *max_f += score->max_f / n;
    *mae += score->mae / n;
    if (!is_comparable (before, score))
      continue;
    *gain += score->max_f - before->max_f;
    n_pairs++;
  }
  *max_f = n > 0 ? *max_f : NAN;
  *mae = n > 0 ? *mae : NAN;
  *gain = n_pairs > 0 ? *gain / n_pairs : NAN;
}

/* ---- settings ---- */

/* (transfer none) (nullable) */
static JsonNode *
get_setting (JsonObject *run, const gchar *key)
{
  JsonNode *settings = gst_sod_members_get (run, "settings", JSON_NODE_OBJECT);

  return settings != NULL
             ? json_object_get_member (json_node_get_object (settings), key)
             : NULL;
}

/* Where a file lies changes nothing. */
static gboolean
is_told (const gchar *key)
{
  return !g_str_has_prefix (key, "run.checkpoint");
}

static gboolean
differs (GPtrArray *runs, const gchar *key)
{
  JsonNode *first = get_setting (g_ptr_array_index (runs, 0), key);

  for (guint i = 1; i < runs->len; i++) {
    JsonNode *other = get_setting (g_ptr_array_index (runs, i), key);

    if (first == NULL || other == NULL ? first != other
                                       : !json_node_equal (first, other))
      return TRUE;
  }
  return FALSE;
}

/* (transfer full): keys of settings that are not the same in all runs, as the
 * runs have them. */
static GPtrArray *
list_differences (GPtrArray *runs)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < runs->len; i++) {
    JsonNode *settings = gst_sod_members_get (
        g_ptr_array_index (runs, i), "settings", JSON_NODE_OBJECT);
    g_autoptr (GList) names = NULL;

    if (settings == NULL)
      continue;
    names = json_object_get_members (json_node_get_object (settings));
    for (GList *name = names; name != NULL; name = name->next) {
      if (g_hash_table_add (seen, name->data) && is_told (name->data)
          && differs (runs, name->data))
        g_ptr_array_add (keys, g_strdup (name->data));
    }
  }
  return keys;
}

/* ---- the page ---- */

static gdouble
sum_stages (JsonObject *run, const gchar *member)
{
  g_autoptr (GPtrArray) stages = gst_sod_members_get_objects (run, "stages");
  gdouble sum = 0;

  for (guint i = 0; i < stages->len; i++) {
    gdouble value =
        gst_sod_members_get_number (g_ptr_array_index (stages, i), member);

    sum += isfinite (value) ? value : 0;
  }
  return sum;
}

static void
add_run (GString *page, const gchar *title, JsonObject *run, GPtrArray *keys,
    GHashTable *first, GHashTable *own)
{
  gdouble max_f, mae, gain;

  find_means (first, own, &max_f, &mae, &gain);
  g_string_append (page, "<tr>");
  gst_sod_page_append_text_cell (page, title);
  gst_sod_page_append_cell (page, max_f, "%.3f");
  gst_sod_page_append_cell (page, own != first ? gain : NAN, "%+.3f");
  gst_sod_page_append_cell (page, mae, "%.3f");
  gst_sod_page_append_cell (page, sum_stages (run, "steps"), "%.0f");
  gst_sod_page_append_cell (page, sum_stages (run, "seconds"), "%.0f");
  for (guint i = 0; i < keys->len; i++) {
    JsonNode *value = get_setting (run, g_ptr_array_index (keys, i));

    g_string_append (page, "<td>");
    if (value != NULL)
      gst_sod_page_append_member (page, value);
    g_string_append (page, "</td>");
  }
  g_string_append (page, "</tr>\n");
}

static void
add_runs (GString *page, const gchar *const *titles, GPtrArray *runs,
    GPtrArray *scores)
{
  g_autoptr (GPtrArray) keys = list_differences (runs);

  g_string_append (page,
      "<p class=soft>Last scores of held-out frames, mean over nodes; the gain "
      "is the mean difference to the first run, paired by node. One run each: "
      "a gain that is smaller than the spread between seeds is none.</p>\n"
      "<div class=wide><table>\n<tr><th>run</th><th>max F</th><th>gain</th>"
      "<th>MAE ↓</th><th>steps</th><th>seconds</th>");
  for (guint i = 0; i < keys->len; i++) {
    g_string_append (page, "<th>");
    gst_sod_report_append_text (page, g_ptr_array_index (keys, i));
    g_string_append (page, "</th>");
  }
  g_string_append (page, "</tr>\n");
  for (guint i = 0; i < runs->len; i++)
    add_run (page, titles[i], g_ptr_array_index (runs, i), keys,
        g_ptr_array_index (scores, 0), g_ptr_array_index (scores, i));
  g_string_append (page, "</table></div>\n");
}

static void
add_node (GString *page, const gchar *name, GPtrArray *scores)
{
  const Score *first =
      g_hash_table_lookup (g_ptr_array_index (scores, 0), name);
  gboolean others = FALSE;

  g_string_append (page, "<tr>");
  gst_sod_page_append_text_cell (page, name);
  for (guint i = 0; i < scores->len; i++) {
    const Score *score =
        g_hash_table_lookup (g_ptr_array_index (scores, i), name);

    gst_sod_page_append_cell (page, score != NULL ? score->max_f : NAN, "%.3f");
    others |= score != NULL && !is_comparable (first, score);
  }
  gst_sod_page_append_text_cell (
      page, others ? "not the same frames are held out" : "");
  g_string_append (page, "</tr>\n");
}

static void
add_nodes (GString *page, const gchar *const *titles, GPtrArray *scores)
{
  g_autoptr (GList) names = list_nodes (scores);

  g_string_append (page,
      "<h2>max F of each node</h2>\n<div class=wide><table>\n"
      "<tr><th>node</th>");
  for (guint i = 0; i < scores->len; i++) {
    g_string_append (page, "<th>");
    gst_sod_report_append_text (page, titles[i]);
    g_string_append (page, "</th>");
  }
  g_string_append (page, "<th></th></tr>\n");
  for (GList *name = names; name != NULL; name = name->next)
    add_node (page, name->data, scores);
  g_string_append (page, "</table></div>\n");
}

void
gst_sod_page_add_comparison (
    GString *page, const gchar *const *titles, GPtrArray *runs)
{
  g_autoptr (GPtrArray) scores =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);

  for (guint i = 0; i < runs->len; i++)
    g_ptr_array_add (scores, collect_scores (g_ptr_array_index (runs, i)));
  add_runs (page, titles, runs, scores);
  add_nodes (page, titles, scores);
}
