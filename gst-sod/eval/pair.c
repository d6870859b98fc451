/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/eval/pair.h>

struct _GstSodPair
{
  gatomicrefcount ref_count;
  GstSodImage *prediction;
  GstSodImage *truth;
  GstSodImage *picture; /* or NULL */
};

G_DEFINE_BOXED_TYPE (
    GstSodPair, gst_sod_pair, gst_sod_pair_ref, gst_sod_pair_unref)

/**
 * gst_sod_pair_new:
 * @prediction: a map, 8-bit gray
 * @truth: its truth, 8-bit gray; codes above 128 are foreground
 * @picture: (nullable): what @prediction is the map of, gray or RGB of any
 *   size; only the change along the motion looks at it
 *
 * Puts together what is measured. References are taken, nothing is copied.
 *
 * Returns: (transfer full): the pair
 *
 * Since: 0.1
 */
GstSodPair *
gst_sod_pair_new (
    GstSodImage *prediction, GstSodImage *truth, GstSodImage *picture)
{
  GstSodPair *self;

  g_return_val_if_fail (prediction != NULL && truth != NULL, NULL);

  self = g_new0 (GstSodPair, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->prediction = gst_sod_image_ref (prediction);
  self->truth = gst_sod_image_ref (truth);
  if (picture != NULL)
    self->picture = gst_sod_image_ref (picture);
  return self;
}

/**
 * gst_sod_pair_ref:
 * @self: a pair
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodPair *
gst_sod_pair_ref (GstSodPair *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_pair_unref:
 * @self: (transfer full): a pair
 *
 * Gives a reference back. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_pair_unref (GstSodPair *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  gst_sod_image_unref (self->prediction);
  gst_sod_image_unref (self->truth);
  g_clear_pointer (&self->picture, gst_sod_image_unref);
  g_free (self);
}

/**
 * gst_sod_pair_get_prediction:
 * @self: a pair
 *
 * Returns: (transfer none): its map
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_pair_get_prediction (GstSodPair *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->prediction;
}

/**
 * gst_sod_pair_get_truth:
 * @self: a pair
 *
 * Returns: (transfer none): its truth
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_pair_get_truth (GstSodPair *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->truth;
}

/**
 * gst_sod_pair_get_picture:
 * @self: a pair
 *
 * Returns: (transfer none) (nullable): its picture
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_pair_get_picture (GstSodPair *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->picture;
}
