/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/store-snapshot.h>

#include <string.h>

#include <gst-sod/data/samples-private.h>
#include <gst-sod/data/store-private.h>

/* Files that a snapshot keeps open, so that they outlive their names. More
 * would leave a program without any. */
#define MAX_PINNED 256

typedef struct
{
  GstSodStoredFrame frame;
  gchar *name; /* "door/000123" */
  guint node;
  guint sequence; /* of the snapshot's, counted through */
} Sample;

struct _GstSodStoreSnapshot
{
  GObject parent;

  GArray *samples;     /* of Sample, by node and number: positions */
  guint n_shown;       /* those that are not kept for another alone */
  GArray *positions;   /* guint by sample: the shown, then the others */
  GArray *numbers;     /* guint by position: its sample */
  GPtrArray *nodes;    /* names */
  GPtrArray *segments; /* that the frames borrow */
};

static void implement (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodStoreSnapshot, gst_sod_store_snapshot,
    G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES, implement))

static void
clear_sample (gpointer data)
{
  g_free (((Sample *) data)->name);
}

static void
gst_sod_store_snapshot_init (GstSodStoreSnapshot *self)
{
  self->samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  g_array_set_clear_func (self->samples, clear_sample);
  self->positions = g_array_new (FALSE, FALSE, sizeof (guint));
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  self->nodes = g_ptr_array_new_with_free_func (g_free);
  self->segments =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_segment_unref);
}

static void
gst_sod_store_snapshot_finalize (GObject *object)
{
  GstSodStoreSnapshot *self = GST_SOD_STORE_SNAPSHOT (object);

  g_array_unref (self->samples);
  g_array_unref (self->positions);
  g_array_unref (self->numbers);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->segments);
  G_OBJECT_CLASS (gst_sod_store_snapshot_parent_class)->finalize (object);
}

static void
gst_sod_store_snapshot_class_init (GstSodStoreSnapshotClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_store_snapshot_finalize;
}

static const Sample *
sample_at (GstSodStoreSnapshot *self, guint sample)
{
  return &g_array_index (
      self->samples, Sample, g_array_index (self->positions, guint, sample));
}

/* ---- as samples ---- */

static guint
get_n_samples (GstSodSamples *samples)
{
  return GST_SOD_STORE_SNAPSHOT (samples)->n_shown;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return sample_at (GST_SOD_STORE_SNAPSHOT (samples), sample)
             ->frame.label_segment
         != NULL;
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  return sample_at (GST_SOD_STORE_SNAPSHOT (samples), sample)->name;
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  return sample_at (GST_SOD_STORE_SNAPSHOT (samples), sample)->sequence;
}

static gboolean
read_picture (const GstSodStoredFrame *frame, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  g_autofree guint8 *payload = NULL;
  GstSodEntry record;

  if (!gst_sod_segment_read (
          frame->segment, frame->offset, &record, &payload, error))
    return FALSE;
  return (image == NULL
             || gst_sod_store_decode_picture (&record, payload, image, error))
         && (mask == NULL
             || gst_sod_store_decode_label (&record, payload, mask, error));
}

static gboolean
read_label (const GstSodStoredFrame *frame, GstSodImage **mask, GError **error)
{
  g_autofree guint8 *payload = NULL;
  GstSodEntry record;

  return gst_sod_segment_read (frame->label_segment, frame->label_offset,
             &record, &payload, error)
         && gst_sod_store_decode_label (&record, payload, mask, error);
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  const Sample *it = sample_at (GST_SOD_STORE_SNAPSHOT (samples), sample);
  const GstSodStoredFrame *frame = &it->frame;
  const gboolean wants_mask = mask != NULL && frame->label_segment != NULL;
  const gboolean is_inside = frame->label_segment == frame->segment
                             && frame->label_offset == frame->offset;

  if ((image == NULL && !(wants_mask && is_inside))
      || read_picture (
          frame, image, wants_mask && is_inside ? mask : NULL, error)) {
    if (!wants_mask || is_inside || read_label (frame, mask, error))
      return TRUE;
  }
  if (image != NULL)
    g_clear_pointer (image, gst_sod_image_unref);
  g_prefix_error (error, "%s: ", it->name);
  return FALSE;
}

/* Frames of a sequence follow one another, and their times grow; a frame that
 * is farther off than twice the distance says nothing about motion. */
static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  GstSodStoreSnapshot *self = GST_SOD_STORE_SNAPSHOT (samples);
  const Sample *here = sample_at (self, sample);
  gint64 wanted = (gint64) distance * 1000, best = G_MAXINT64;
  gint step = distance < 0 ? 1 : -1;
  guint at = g_array_index (self->positions, guint, sample) + (guint) step;

  for (; distance != 0 && at < self->samples->len; at += (guint) step) {
    const Sample *there = &g_array_index (self->samples, Sample, at);
    gint64 off;

    if (there->sequence != here->sequence)
      break;
    off = ABS (here->frame.stream_time - there->frame.stream_time - wanted);
    if (off >= best || off > ABS (wanted))
      break;
    best = off;
    *neighbour = g_array_index (self->numbers, guint, at);
  }
  return best != G_MAXINT64;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  GstSodStoreSnapshot *self = GST_SOD_STORE_SNAPSHOT (samples);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->samples->len; i++) {
    const Sample *it = sample_at (self, i);
    const guint32 crcs[] = { GUINT32_TO_LE (it->frame.crc),
      it->frame.label_segment != NULL ? GUINT32_TO_LE (it->frame.label_crc)
                                      : 0 };
    const guint8 is_known = it->frame.label_segment != NULL;

    g_checksum_update (
        checksum, (const guchar *) it->name, (gssize) strlen (it->name) + 1);
    g_checksum_update (checksum, (const guchar *) crcs, sizeof (crcs));
    g_checksum_update (checksum, &is_known, 1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
implement (GstSodSamplesInterface *iface)
{
  iface->get_n_samples = get_n_samples;
  iface->is_labelled = is_labelled;
  iface->get_name = get_name;
  iface->get_sequence = get_sequence;
  iface->read = read_sample;
  iface->find_neighbour = find_neighbour;
  iface->get_hash = get_hash;
}

/* ---- taking it ---- */

static void
add_sample (GstSodStoreSnapshot *self, const GstSodStoreNode *node,
    const GstSodStoredFrame *frame, gboolean is_first)
{
  guint n = self->samples->len;
  Sample sample = { *frame, gst_sod_store_make_id (node->name, frame->number),
    self->nodes->len - 1, 0 };

  if (n > 0) {
    const Sample *last = &g_array_index (self->samples, Sample, n - 1);

    sample.sequence =
        last->sequence
        + (is_first || last->frame.sequence != frame->sequence ? 1 : 0);
  }
  g_array_append_val (self->samples, sample);
}

static gboolean
take_node (GstSodStoreSnapshot *self, GstSodStoreNode *node, GError **error)
{
  g_ptr_array_add (self->nodes, g_strdup (node->name));
  for (guint i = 0; i < node->segments->len; i++) {
    GstSodSegment *segment = g_ptr_array_index (node->segments, i);

    g_ptr_array_add (self->segments, gst_sod_segment_ref (segment));
    if (self->segments->len <= MAX_PINNED
        && !gst_sod_segment_pin (segment, error))
      return FALSE;
    /* What another process has only just written may not be on the disk. */
    if (i == node->segments->len - 1 && !gst_sod_segment_sync (segment, error))
      return FALSE;
  }
  for (guint i = 0; i < node->frames->len; i++)
    add_sample (self, node, &g_array_index (node->frames, GstSodStoredFrame, i),
        i == 0);
  return TRUE;
}

/* The frames that are samples first, then those that are only looked back
 * at. */
static void
number_samples (GstSodStoreSnapshot *self)
{
  g_array_set_size (self->numbers, self->samples->len);
  for (guint shown = 2; shown-- > 0;) {
    for (guint i = 0; i < self->samples->len; i++) {
      const Sample *it = &g_array_index (self->samples, Sample, i);

      if (gst_sod_stored_frame_is_shown (&it->frame) != (shown == 1))
        continue;
      g_array_index (self->numbers, guint, i) = self->positions->len;
      g_array_append_val (self->positions, i);
    }
    if (shown == 1)
      self->n_shown = self->positions->len;
  }
}

static gboolean
take (GstSodStoreSnapshot *self, GstSodStore *store, const gchar *node,
    GError **error)
{
  if (store->read_only ? !gst_sod_store_refresh (store, error)
                       : !gst_sod_store_sync_nodes (store, error))
    return FALSE;
  for (guint i = 0; i < store->nodes->len; i++) {
    GstSodStoreNode *each = g_ptr_array_index (store->nodes, i);

    if ((node == NULL || strcmp (node, each->name) == 0)
        && !take_node (self, each, error))
      return FALSE;
  }
  number_samples (self);
  if (node == NULL || self->nodes->len > 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: has no node \"%s\"; gst-sod store stats names those that it has",
      store->path, node);
  return FALSE;
}

/**
 * gst_sod_store_snapshot:
 * @self: a store
 * @node: (nullable): the node whose frames are wanted, %NULL for all
 * @error: return location for an error
 *
 * Takes what is on the disk now: of a store that was opened to read only, also
 * what another process has appended since. Files that are given up later stay
 * open for it, 256 of them.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND where there is no such node,
 * %GST_SOD_ERROR_IO.
 *
 * Returns: (transfer full): a #GstSodStoreSnapshot, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_store_snapshot (GstSodStore *self, const gchar *node, GError **error)
{
  g_autoptr (GstSodStoreSnapshot) snapshot = NULL;
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), NULL);

  snapshot = g_object_new (GST_SOD_TYPE_STORE_SNAPSHOT, NULL);
  g_mutex_lock (&self->lock);
  done = take (snapshot, self, node, error);
  g_mutex_unlock (&self->lock);
  return done ? GST_SOD_SAMPLES (g_steal_pointer (&snapshot)) : NULL;
}

/**
 * gst_sod_store_snapshot_get_first:
 * @self: a snapshot
 * @n_samples: how many, 0 to gst_sod_samples_get_n_samples()
 *
 * Takes the first frames of a snapshot as one of their own: of a node, that is
 * what a snapshot was when the node had no others yet, with the same hash as
 * long as no label has come since and no frame has gone.
 *
 * Returns: (transfer full): a #GstSodStoreSnapshot
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_store_snapshot_get_first (GstSodStoreSnapshot *self, guint n_samples)
{
  GstSodStoreSnapshot *first;
  guint end = 0; /* behind the position of the last */

  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), NULL);
  g_return_val_if_fail (n_samples <= self->n_shown, NULL);

  if (n_samples > 0)
    end = g_array_index (self->positions, guint, n_samples - 1) + 1;
  first = g_object_new (GST_SOD_TYPE_STORE_SNAPSHOT, NULL);
  for (guint i = 0; i < self->nodes->len; i++)
    g_ptr_array_add (
        first->nodes, g_strdup (g_ptr_array_index (self->nodes, i)));
  for (guint i = 0; i < self->segments->len; i++)
    g_ptr_array_add (first->segments,
        gst_sod_segment_ref (g_ptr_array_index (self->segments, i)));
  for (guint i = 0; i < end; i++) {
    Sample sample = g_array_index (self->samples, Sample, i);

    sample.name = g_strdup (sample.name);
    g_array_append_val (first->samples, sample);
  }
  number_samples (first);
  return GST_SOD_SAMPLES (first);
}

/* ---- what it knows beside ---- */

/**
 * gst_sod_store_snapshot_get_node:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: the node that the frame is of
 *
 * Since: 0.1
 */
const gchar *
gst_sod_store_snapshot_get_node (GstSodStoreSnapshot *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), NULL);
  g_return_val_if_fail (sample < self->samples->len, NULL);

  return g_ptr_array_index (self->nodes, sample_at (self, sample)->node);
}

/**
 * gst_sod_store_snapshot_get_wall_time:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: when the frame was taken, microseconds since 1970 in UTC
 *
 * Since: 0.1
 */
gint64
gst_sod_store_snapshot_get_wall_time (GstSodStoreSnapshot *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), 0);
  g_return_val_if_fail (sample < self->samples->len, 0);

  return sample_at (self, sample)->frame.wall_time;
}

/**
 * gst_sod_store_snapshot_get_stream_time:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: microseconds of the frame's stream
 *
 * Since: 0.1
 */
gint64
gst_sod_store_snapshot_get_stream_time (GstSodStoreSnapshot *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), 0);
  g_return_val_if_fail (sample < self->samples->len, 0);

  return sample_at (self, sample)->frame.stream_time;
}

/**
 * gst_sod_store_snapshot_get_node_sequence:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: the number of the frame's sequence, which its node gave it for good
 *
 * Since: 0.1
 */
guint
gst_sod_store_snapshot_get_node_sequence (
    GstSodStoreSnapshot *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), 0);
  g_return_val_if_fail (sample < self->samples->len, 0);

  return sample_at (self, sample)->frame.sequence;
}

/**
 * gst_sod_store_snapshot_get_size:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @width: (out): columns of the frame
 * @height: (out): rows of the frame
 *
 * Tells how large a frame is, without reading it.
 *
 * Since: 0.1
 */
void
gst_sod_store_snapshot_get_size (
    GstSodStoreSnapshot *self, guint sample, gint *width, gint *height)
{
  g_return_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self));
  g_return_if_fail (sample < self->samples->len);
  g_return_if_fail (width != NULL && height != NULL);

  *width = (gint) sample_at (self, sample)->frame.width;
  *height = (gint) sample_at (self, sample)->frame.height;
}

/**
 * gst_sod_store_snapshot_get_n_bytes:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: bytes that the frame takes in the store, without a label that came
 *   later
 *
 * Since: 0.1
 */
guint64
gst_sod_store_snapshot_get_n_bytes (GstSodStoreSnapshot *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), 0);
  g_return_val_if_fail (sample < self->samples->len, 0);

  return sample_at (self, sample)->frame.size;
}

/**
 * gst_sod_store_snapshot_get_distance:
 * @self: a snapshot
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @other: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Tells how unlike two frames are.
 *
 * Returns: in how many of 64 bits their perceptual hashes differ; 65 where one
 *   of them has no contrast and therefore none
 *
 * Since: 0.1
 */
guint
gst_sod_store_snapshot_get_distance (
    GstSodStoreSnapshot *self, guint sample, guint other)
{
  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), 65);
  g_return_val_if_fail (sample < self->samples->len, 65);
  g_return_val_if_fail (other < self->samples->len, 65);

  return gst_sod_likeness_distance (&sample_at (self, sample)->frame.likeness,
      &sample_at (self, other)->frame.likeness);
}
