/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a store says of itself, as JSON. */
#include <gst-sod/data/store.h>

#include <json-glib/json-glib.h>

#include <gst-sod/data/store-private.h>

static void
add_integer (JsonBuilder *json, const gchar *name, guint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, (gint64) value);
}

static void
add_string (JsonBuilder *json, const gchar *name, const gchar *value)
{
  g_autofree gchar *text = g_utf8_make_valid (value, -1);

  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, text);
}

static gchar *
print (JsonBuilder *json)
{
  g_autoptr (JsonNode) root = json_builder_get_root (json);

  return json_to_string (root, FALSE);
}

/* Of one node, or of all. */
typedef struct
{
  guint64 n_frames, n_labelled, n_neighbours;
  guint64 n_bytes, n_segments, n_damaged, n_orphans;
} Counts;

static Counts
count (const GstSodStoreNode *node)
{
  Counts counts = { .n_bytes = gst_sod_store_node_get_size (node),
    .n_segments = node->segments->len,
    .n_orphans = node->n_orphans };

  for (guint i = 0; i < node->frames->len; i++) {
    const GstSodStoredFrame *frame =
        &g_array_index (node->frames, GstSodStoredFrame, i);

    if (gst_sod_stored_frame_is_shown (frame))
      counts.n_frames++;
    else
      counts.n_neighbours++;
    counts.n_labelled += frame->label_segment != NULL;
  }
  for (guint i = 0; i < node->segments->len; i++)
    counts.n_damaged +=
        gst_sod_segment_get_n_damages (g_ptr_array_index (node->segments, i));
  return counts;
}

static void
add_counts (JsonBuilder *json, const Counts *counts)
{
  add_integer (json, "frames", counts->n_frames);
  add_integer (json, "labelled", counts->n_labelled);
  add_integer (json, "neighbours", counts->n_neighbours);
  add_integer (json, "bytes", counts->n_bytes);
  add_integer (json, "segments", counts->n_segments);
  add_integer (json, "damaged", counts->n_damaged);
  add_integer (json, "labels_without_frame", counts->n_orphans);
}

static void
add_node (JsonBuilder *json, const GstSodStoreNode *node, Counts *sum)
{
  const GstSodStoredFrame *frames =
      (const GstSodStoredFrame *) (gpointer) node->frames->data;
  Counts counts = count (node);

  sum->n_frames += counts.n_frames;
  sum->n_labelled += counts.n_labelled;
  sum->n_neighbours += counts.n_neighbours;
  sum->n_bytes += counts.n_bytes;
  sum->n_segments += counts.n_segments;
  sum->n_damaged += counts.n_damaged;
  sum->n_orphans += counts.n_orphans;
  json_builder_begin_object (json);
  add_string (json, "name", node->name);
  add_counts (json, &counts);
  if (node->frames->len > 0) {
    json_builder_set_member_name (json, "oldest");
    json_builder_add_int_value (json, frames[0].wall_time);
    json_builder_set_member_name (json, "newest");
    json_builder_add_int_value (json, frames[node->frames->len - 1].wall_time);
  }
  json_builder_end_object (json);
}

/* Under the lock. */
static gchar *
describe (GstSodStore *self)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  Counts sum = { 0 };

  json_builder_begin_object (json);
  add_string (json, "store", self->path);
  json_builder_set_member_name (json, "nodes");
  json_builder_begin_array (json);
  for (guint i = 0; i < self->nodes->len; i++)
    add_node (json, g_ptr_array_index (self->nodes, i), &sum);
  json_builder_end_array (json);
  add_counts (json, &sum);
  add_integer (json, "thinned_out", self->n_thinned);
  json_builder_end_object (json);
  return print (json);
}

/**
 * gst_sod_store_get_statistics:
 * @self: a store
 * @error: return location for an error
 *
 * Counts what is in a store, as one JSON object: `frames`, `labelled`,
 * `neighbours` (#GstSodStore:keep-neighbours; no `frames`), `bytes`,
 * `segments`, `damaged` (stretches of bytes that are no record; those whose
 * headers are whole are found by gst_sod_store_verify()),
 * `labels_without_frame`, and since it was opened `thinned_out`; the same for
 * each of its `nodes`, with the wall times of the `oldest` and `newest` frame
 * in microseconds since 1970. docs/store.md describes it.
 *
 * Errors: %GST_SOD_ERROR_IO.
 *
 * Returns: (transfer full): JSON, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_store_get_statistics (GstSodStore *self, GError **error)
{
  gchar *text = NULL;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), NULL);

  g_mutex_lock (&self->lock);
  if (!self->read_only || gst_sod_store_refresh (self, error))
    text = describe (self);
  g_mutex_unlock (&self->lock);
  return text;
}

/**
 * gst_sod_store_get_n_bytes:
 * @self: a store
 *
 * Returns: bytes of its files when it was last looked at or written to
 *
 * Since: 0.1
 */
guint64
gst_sod_store_get_n_bytes (GstSodStore *self)
{
  guint64 n = 0;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), 0);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->nodes->len; i++)
    n += gst_sod_store_node_get_size (g_ptr_array_index (self->nodes, i));
  g_mutex_unlock (&self->lock);
  return n;
}

/**
 * gst_sod_store_get_n_damaged:
 * @self: a store
 *
 * Returns: how many stretches of bytes were no records when it was last looked
 *   at; gst_sod_store_verify() finds the rest
 *
 * Since: 0.1
 */
guint
gst_sod_store_get_n_damaged (GstSodStore *self)
{
  guint n = 0;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), 0);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->nodes->len; i++) {
    Counts counts = count (g_ptr_array_index (self->nodes, i));

    n += (guint) counts.n_damaged;
  }
  g_mutex_unlock (&self->lock);
  return n;
}

/* ---- verify ---- */

typedef struct
{
  GstSodStore *store;
  JsonBuilder *json;
  GstSodSegment *segment;
  GArray *offsets; /* of guint64: its sound headers */
  guint64 n_records, n_bytes, n_damaged;
} Verifying;

static void
add_damage (Verifying *self, guint64 offset, guint64 size, const gchar *reason)
{
  self->n_damaged++;
  json_builder_begin_object (self->json);
  add_string (self->json, "file", self->segment->path);
  add_integer (self->json, "offset", offset);
  add_integer (self->json, "bytes", size);
  add_string (self->json, "reason", reason);
  json_builder_end_object (self->json);
  gst_sod_store_emit_damage (
      self->store, self->segment->path, offset, size, reason);
}

static void
note (const GstSodEntry *record, guint64 offset, gpointer user_data)
{
  Verifying *self = user_data;

  g_array_append_val (self->offsets, offset);
}

/* Whether what the record holds can be read and decoded. */
static void
verify_record (Verifying *self, guint64 offset)
{
  g_autofree guint8 *payload = NULL;
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GError) error = NULL;
  GstSodEntry record = { 0 };

  if (gst_sod_segment_read (self->segment, offset, &record, &payload, &error)
      && (record.picture_size == 0
          || gst_sod_store_decode_picture (&record, payload, &image, &error))
      && (record.label_size == 0
          || gst_sod_store_decode_label (&record, payload, &mask, &error))) {
    self->n_records++;
    self->n_bytes += gst_sod_entry_get_size (&record);
    return;
  }
  add_damage (self, offset, gst_sod_entry_get_size (&record), error->message);
}

static void
verify_segment (Verifying *self, const gchar *folder, guint index,
    GCancellable *cancellable)
{
  g_autoptr (GstSodSegment) segment = gst_sod_segment_new (folder, index);
  g_autoptr (GError) error = NULL;

  self->segment = segment;
  g_array_set_size (self->offsets, 0);
  if (!gst_sod_segment_scan (segment, note, self, &error)) {
    if (!g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND))
      add_damage (self, 0, segment->size, error->message);
    return;
  }
  for (guint i = 0; i < segment->damages->len; i++) {
    const GstSodDamage *damage =
        &g_array_index (segment->damages, GstSodDamage, i);

    add_damage (self, damage->offset, damage->size, damage->reason);
  }
  if (segment->size > segment->end)
    add_damage (self, segment->end, segment->size - segment->end,
        segment->is_torn ? "a record that was not written whole"
                         : "no record begins here, or its header is damaged");
  for (guint i = 0; i < self->offsets->len; i++) {
    if (g_cancellable_is_cancelled (cancellable))
      return;
    verify_record (self, g_array_index (self->offsets, guint64, i));
  }
}

/* Folder and index of every segment there is now. */
typedef struct
{
  gchar *folder;
  guint index;
} Place;

static void
clear_place (gpointer data)
{
  g_free (((Place *) data)->folder);
}

static gboolean
list_places (GstSodStore *self, GArray *places, GError **error)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = self->read_only ? gst_sod_store_refresh (self, error)
                         : gst_sod_store_sync_nodes (self, error);
  for (guint i = 0; done && i < self->nodes->len; i++) {
    const GstSodStoreNode *node = g_ptr_array_index (self->nodes, i);

    for (guint j = 0; j < node->segments->len; j++) {
      const GstSodSegment *segment = g_ptr_array_index (node->segments, j);
      Place place = { g_strdup (node->folder), segment->index };

      g_array_append_val (places, place);
    }
  }
  g_mutex_unlock (&self->lock);
  return done;
}

/**
 * gst_sod_store_verify:
 * @self: a store
 * @cancellable: (nullable): ends it early
 * @error: return location for an error
 *
 * Reads and decodes every record there is, and lists the damage as one JSON
 * object: `records` and `bytes` that are sound, and `damaged`, an array of
 * `file`, `offset`, `bytes` and `reason`. Emits #GstSodStore::damage for each,
 * on the caller's thread. Does not keep others from appending.
 *
 * Errors: %GST_SOD_ERROR_IO, %GST_SOD_ERROR_CANCELLED; damage is none.
 *
 * Returns: (transfer full): JSON, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_store_verify (
    GstSodStore *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (guint64));
  Verifying verifying = { self, json, NULL, offsets, 0, 0, 0 };

  g_return_val_if_fail (GST_SOD_IS_STORE (self), NULL);

  g_array_set_clear_func (places, clear_place);
  if (!list_places (self, places, error))
    return NULL;
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "damaged");
  json_builder_begin_array (json);
  for (guint i = 0; i < places->len; i++) {
    const Place *place = &g_array_index (places, Place, i);

    verify_segment (&verifying, place->folder, place->index, cancellable);
  }
  json_builder_end_array (json);
  if (g_cancellable_is_cancelled (cancellable)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
        "%s: the check was cancelled", self->path);
    return NULL;
  }
  add_integer (json, "records", verifying.n_records);
  add_integer (json, "bytes", verifying.n_bytes);
  json_builder_end_object (json);
  return print (json);
}
