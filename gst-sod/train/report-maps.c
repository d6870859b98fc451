/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few held-out frames of each node, with the map at each score: a row a
 * frame, a column a score. */
#include <gst-sod/train/report-private.h>

#include <math.h>

#include <gst-sod/eval/report-private.h>

/* Nothing but a picture in the page itself: a record may come from elsewhere,
 * and the page loads nothing. */
static void
append_picture (GString *page, const gchar *uri, const gchar *what)
{
  g_string_append (page, "<td>");
  if (g_str_has_prefix (uri, "data:image/png;base64,")) {
    g_string_append (page, "<img alt=\"");
    gst_sod_report_append_text (page, what);
    g_string_append (page, "\" src=\"");
    gst_sod_report_append_text (page, uri);
    g_string_append (page, "\">");
  } else {
    g_string_append (page, "–");
  }
  g_string_append (page, "</td>");
}

static const gchar *
get_map (JsonObject *kept, guint frame)
{
  JsonNode *node = gst_sod_members_get (kept, "maps", JSON_NODE_ARRAY);
  JsonArray *maps = node != NULL ? json_node_get_array (node) : NULL;
  JsonNode *map = maps != NULL && frame < json_array_get_length (maps)
                      ? json_array_get_element (maps, frame)
                      : NULL;

  return map != NULL && JSON_NODE_HOLDS_VALUE (map)
                 && json_node_get_value_type (map) == G_TYPE_STRING
             ? json_node_get_string (map)
             : "";
}

static void
add_columns (GString *page, GPtrArray *kept)
{
  g_string_append (page, "<tr><th>frame</th><th>picture</th><th>truth</th>");
  for (guint i = 0; i < kept->len; i++) {
    JsonObject *one = g_ptr_array_index (kept, i);
    gdouble round = gst_sod_members_get_number (one, "round");

    g_string_append (page, "<th>");
    gst_sod_report_append_text (page, gst_sod_members_get_text (one, "stage"));
    if (round > 0)
      g_string_append_printf (page, ", round %.0f", round);
    g_string_append (page, "<br>step ");
    gst_sod_page_append_number (
        page, gst_sod_members_get_number (one, "step"), "%.0f");
    g_string_append (page, "<br>max F ");
    gst_sod_page_append_number (
        page, gst_sod_members_get_number (one, "max_f"), "%.3f");
    g_string_append (page, "</th>");
  }
  g_string_append (page, "</tr>\n");
}

static void
add_node (GString *page, JsonObject *node)
{
  g_autoptr (GPtrArray) frames = gst_sod_members_get_objects (node, "frames");
  g_autoptr (GPtrArray) kept = gst_sod_members_get_objects (node, "kept");

  if (frames->len == 0 || kept->len == 0)
    return;
  g_string_append (page, "<h3>");
  gst_sod_report_append_text (page, gst_sod_members_get_text (node, "node"));
  g_string_append (page, "</h3>\n<div class=wide><table>\n");
  add_columns (page, kept);
  for (guint i = 0; i < frames->len; i++) {
    JsonObject *frame = g_ptr_array_index (frames, i);

    g_string_append (page, "<tr>");
    gst_sod_page_append_text_cell (
        page, gst_sod_members_get_text (frame, "name"));
    append_picture (
        page, gst_sod_members_get_text (frame, "picture"), "picture");
    append_picture (page, gst_sod_members_get_text (frame, "truth"), "truth");
    for (guint k = 0; k < kept->len; k++)
      append_picture (page, get_map (g_ptr_array_index (kept, k), i), "map");
    g_string_append (page, "</tr>\n");
  }
  g_string_append (page, "</table></div>\n");
}

void
gst_sod_page_add_maps (GString *page, JsonObject *record)
{
  g_autoptr (GPtrArray) nodes = gst_sod_members_get_objects (record, "maps");

  if (nodes->len == 0)
    return;
  g_string_append (page, "<h2>Maps of held-out frames over time</h2>\n");
  for (guint i = 0; i < nodes->len; i++)
    add_node (page, g_ptr_array_index (nodes, i));
}
