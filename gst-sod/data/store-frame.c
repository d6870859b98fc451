/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/store-frame.h>

#include <gst-sod/data/store-private.h>

G_DEFINE_BOXED_TYPE (GstSodStoreFrame, gst_sod_store_frame,
    gst_sod_store_frame_ref, gst_sod_store_frame_unref)

/**
 * gst_sod_store_frame_new:
 * @node: which node (camera) the frame is of: 1 to 64 of A-Z a-z 0-9 . _ -,
 *   the first no dot
 * @picture: any picture; it is stored as 8-bit RGB
 *
 * Makes a frame to be appended. Its times are those of the appending until they
 * are set.
 *
 * Returns: (transfer full): the frame
 *
 * Since: 0.1
 */
GstSodStoreFrame *
gst_sod_store_frame_new (const gchar *node, GstSodImage *picture)
{
  GstSodStoreFrame *self;

  g_return_val_if_fail (node != NULL && picture != NULL, NULL);

  self = g_new0 (GstSodStoreFrame, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->node = g_strdup (node);
  self->picture = gst_sod_image_ref (picture);
  self->wall_time = G_MININT64;
  self->stream_time = G_MININT64;
  return self;
}

/**
 * gst_sod_store_frame_ref:
 * @self: a frame
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodStoreFrame *
gst_sod_store_frame_ref (GstSodStoreFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_store_frame_unref:
 * @self: (transfer full): a frame
 *
 * Gives a reference back. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_unref (GstSodStoreFrame *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  gst_sod_image_unref (self->picture);
  g_clear_pointer (&self->label, gst_sod_image_unref);
  g_free (self->node);
  g_free (self->source);
  g_free (self->id);
  g_free (self);
}

/**
 * gst_sod_store_frame_set_label:
 * @self: a frame
 * @label: (nullable): its mask: 8-bit gray, foreground brighter than 128
 *
 * Sets the label that is stored with the frame. A labelled frame is never
 * thinned out.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_set_label (GstSodStoreFrame *self, GstSodImage *label)
{
  g_return_if_fail (self != NULL);

  if (label != NULL)
    gst_sod_image_ref (label);
  g_clear_pointer (&self->label, gst_sod_image_unref);
  self->label = label;
}

/**
 * gst_sod_store_frame_set_wall_time:
 * @self: a frame
 * @time: when it was taken, microseconds since 1970 in UTC
 *
 * Sets the time by which frames grow old: #GstSodStore:max-age.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_set_wall_time (GstSodStoreFrame *self, gint64 time)
{
  g_return_if_fail (self != NULL);

  self->wall_time = time;
}

/**
 * gst_sod_store_frame_set_stream_time:
 * @self: a frame
 * @time: microseconds of its stream, from any zero
 *
 * Sets the time by which neighbours are found. Where it does not grow from one
 * frame of a node to the next, a new sequence begins.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_set_stream_time (GstSodStoreFrame *self, gint64 time)
{
  g_return_if_fail (self != NULL);

  self->stream_time = time;
}

/**
 * gst_sod_store_frame_set_discontinuity:
 * @self: a frame
 * @discontinuity: whether it does not go on from the frame before: a cut, a
 *   seek, a camera that came back
 *
 * Begins a new sequence with the frame. The first of a node after the store was
 * opened does so anyway.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_set_discontinuity (
    GstSodStoreFrame *self, gboolean discontinuity)
{
  g_return_if_fail (self != NULL);

  self->discontinuity = discontinuity;
}

/**
 * gst_sod_store_frame_set_source:
 * @self: a frame
 * @source: (nullable): what it comes from, as a camera's address; at most 255
 *   bytes of UTF-8
 *
 * Notes where the frame comes from, beside its node.
 *
 * Since: 0.1
 */
void
gst_sod_store_frame_set_source (GstSodStoreFrame *self, const gchar *source)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (source == NULL || g_utf8_validate (source, -1, NULL));

  g_free (self->source);
  self->source = g_strdup (source);
}

/**
 * gst_sod_store_frame_get_id:
 * @self: a frame
 *
 * Returns: (nullable): what the store calls the frame, as `door/000123`; %NULL
 *   before it was appended, and where it was thinned out
 *
 * Since: 0.1
 */
const gchar *
gst_sod_store_frame_get_id (GstSodStoreFrame *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}
