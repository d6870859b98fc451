/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of stages, and of what a record lists. */
#include <gst-sod/train/report-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/eval/report-private.h>

#define LINE 40 /* bytes of a text that stand side by side */

static void
add_stage (GString *page, JsonObject *stage)
{
  g_autoptr (GPtrArray) scores = gst_sod_members_get_objects (stage, "scores");
  JsonObject *score =
      scores->len > 0 ? g_ptr_array_index (scores, scores->len - 1) : NULL;
  gdouble first, last;

  gst_sod_curve_find_ends (stage, &first, &last);
  g_string_append (page, "<tr>");
  gst_sod_page_append_text_cell (
      page, gst_sod_members_get_text (stage, "name"));
  gst_sod_page_append_text_cell (
      page, gst_sod_members_get_text (stage, "node"));
  gst_sod_page_append_cell (
      page, gst_sod_members_get_number (stage, "round"), "%.0f");
  gst_sod_page_append_cell (
      page, gst_sod_members_get_number (stage, "steps"), "%.0f");
  gst_sod_page_append_cell (
      page, gst_sod_members_get_number (stage, "seconds"), "%.0f");
  gst_sod_page_append_cell (page, first, "%.4f");
  gst_sod_page_append_cell (page, last, "%.4f");
  gst_sod_page_append_cell (page,
      score != NULL ? gst_sod_members_get_number (score, "max_f") : NAN,
      "%.3f");
  gst_sod_page_append_cell (page,
      score != NULL ? gst_sod_members_get_number (score, "mae") : NAN, "%.3f");
  gst_sod_page_append_text_cell (page, gst_sod_members_get_text (stage, "end"));
  g_string_append (page, "</tr>\n");
}

void
gst_sod_page_add_stages (GString *page, GPtrArray *stages)
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

/* Whether @node (nullable) is a text that is better broken into lines. */
static gboolean
is_sentence (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
         && json_node_get_value_type (node) == G_TYPE_STRING
         && strlen (json_node_get_string (node)) > LINE
         && strchr (json_node_get_string (node), ' ') != NULL;
}

/* Objects that have the same members, as a table of them. */
void
gst_sod_page_add_objects (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading)
{
  g_autoptr (GPtrArray) objects = gst_sod_members_get_objects (record, name);
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

      g_string_append (page, is_sentence (node) ? "<td class=text>" : "<td>");
      if (node != NULL)
        gst_sod_page_append_member (page, node);
      g_string_append (page, "</td>");
    }
    g_string_append (page, "</tr>\n");
  }
  g_string_append (page, "</table></div>\n");
}

void
gst_sod_page_add_facts (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading)
{
  JsonNode *node = gst_sod_members_get (record, name, JSON_NODE_OBJECT);
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
    gst_sod_page_append_member (
        page, json_object_get_member (facts, key->data));
    g_string_append (page, "</dd>\n");
  }
  g_string_append (page, "</dl>\n");
}
