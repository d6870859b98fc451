/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor.h>
#include <gst-sod/data/augmentation.h>
#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

/**
 * GstSodBatchTarget:
 * @GST_SOD_BATCH_TARGET_MAP: what a base network learns from: image to map
 * @GST_SOD_BATCH_TARGET_IMAGE: what a reverse network learns from: map to
 *   image of half the size
 * @GST_SOD_BATCH_TARGET_BOTH: as %GST_SOD_BATCH_TARGET_MAP, and the image
 *   that the reverse network should give beside it:
 *   gst_sod_batches_next_with_images()
 *
 * What batches are for.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_BATCH_TARGET_MAP,
  GST_SOD_BATCH_TARGET_IMAGE,
  GST_SOD_BATCH_TARGET_BOTH
} GstSodBatchTarget;

#define GST_SOD_TYPE_BATCHES (gst_sod_batches_get_type ())

/**
 * GstSodBatches:
 *
 * Augmented batches of samples, read ahead by threads of its own.
 *
 * Batch k is a pure function of the samples, the properties, the seed and k,
 * whatever the number of threads: samples come in one endless line of
 * permutations, one an epoch, and batch k is the @batch-size of them from
 * k * @batch-size on. A batch may so begin in one epoch and end in the next;
 * none is dropped. Every place in the line has a #GstSodRandom stream of its
 * own. A position in the data is thus one integer.
 *
 * A sample that cannot be read is replaced by the next of its permutation,
 * counted, and named once by GstSodBatches::warning.
 *
 * One thread at a time.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodBatches, gst_sod_batches, GST_SOD, BATCHES, GObject)

GST_SOD_API
GstSodBatches *gst_sod_batches_new_sized (GstSodSamples *samples, gint width,
    gint height, guint frames, GError **error);

GST_SOD_API
gboolean gst_sod_batches_seek (GstSodBatches *self, guint64 batch);

GST_SOD_API
guint64 gst_sod_batches_get_position (GstSodBatches *self);

GST_SOD_API
guint64 gst_sod_batches_get_n_per_epoch (GstSodBatches *self);

GST_SOD_API
gboolean gst_sod_batches_next (GstSodBatches *self, GstSodTensor **input,
    GstSodTensor **target, GstSodTensor **weights, GError **error);

GST_SOD_API
gboolean gst_sod_batches_next_with_images (GstSodBatches *self,
    GstSodTensor **input, GstSodTensor **map, GstSodTensor **weights,
    GstSodTensor **images, GError **error);

G_END_DECLS
