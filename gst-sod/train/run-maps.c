/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps over time: a node's member of the record's `maps` is
 *   node, scores     whose, and how often it was scored so far
 *   stride           each such score is kept
 *   frames           name, picture, truth
 *   kept             score (its number), what the network had learnt, maps
 */
#include <gst-sod/train/run-record-private.h>

/* Kept of a node. */
#define MOST 12

typedef struct
{
  const gchar *node;
  const GPtrArray *shown;
  JsonObject *when;
} Entry;

static JsonObject *
make_node (const Entry *entry)
{
  JsonObject *node = json_object_new ();
  JsonArray *frames = json_array_new ();

  for (guint i = 0; i < entry->shown->len; i++) {
    const GstSodShownFrame *shown = g_ptr_array_index (entry->shown, i);
    JsonObject *frame = json_object_new ();

    json_object_set_string_member (frame, "name", shown->name);
    json_object_set_string_member (frame, "picture", shown->picture);
    json_object_set_string_member (frame, "truth", shown->truth);
    json_array_add_object_element (frames, frame);
  }
  json_object_set_string_member (node, "node", entry->node);
  json_object_set_int_member (node, "scores", 0);
  json_object_set_int_member (node, "stride", 1);
  json_object_set_array_member (node, "frames", frames);
  json_object_set_array_member (node, "kept", json_array_new ());
  return node;
}

static JsonObject *
ensure_node (JsonArray *nodes, const Entry *entry)
{
  JsonObject *node;

  for (guint i = 0; i < json_array_get_length (nodes); i++) {
    node = json_array_get_object_element (nodes, i);
    if (g_str_equal (json_object_get_string_member (node, "node"), entry->node))
      return node;
  }
  node = make_node (entry);
  json_array_add_object_element (nodes, node);
  return node;
}

/* Without those that are not on the stride. */
static void
thin (JsonArray *kept, gint64 stride)
{
  for (guint i = json_array_get_length (kept); i-- > 0;) {
    JsonObject *one = json_array_get_object_element (kept, i);

    if (json_object_get_int_member (one, "score") % stride != 0)
      json_array_remove_element (kept, i);
  }
}

/* The last one that was kept may not be on the stride: it goes when the next
 * comes. */
static void
add (JsonArray *nodes, gpointer user_data)
{
  Entry *entry = user_data;
  JsonObject *node = ensure_node (nodes, entry);
  JsonArray *kept = json_object_get_array_member (node, "kept");
  gint64 number = json_object_get_int_member (node, "scores");
  gint64 stride = json_object_get_int_member (node, "stride");
  JsonArray *maps = json_array_new ();

  thin (kept, stride);
  while (json_array_get_length (kept) >= MOST) {
    stride *= 2;
    thin (kept, stride);
  }
  for (guint i = 0; i < entry->shown->len; i++) {
    const GstSodShownFrame *shown = g_ptr_array_index (entry->shown, i);

    json_array_add_string_element (maps, shown->map);
  }
  json_object_set_int_member (entry->when, "score", number);
  json_object_set_array_member (entry->when, "maps", maps);
  json_array_add_object_element (kept, g_steal_pointer (&entry->when));
  json_object_set_int_member (node, "scores", number + 1);
  json_object_set_int_member (node, "stride", stride);
}

void
gst_sod_run_record_add_maps (GstSodRunRecord *self, const gchar *node,
    const GPtrArray *shown, JsonObject *when)
{
  Entry entry = { node, shown, when };

  if (shown->len > 0)
    gst_sod_run_record_edit (self, "maps", add, &entry);
  g_clear_pointer (&entry.when, json_object_unref);
}
