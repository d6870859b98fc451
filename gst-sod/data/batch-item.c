/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batch-item-private.h>

GstSodBatchWorker *
gst_sod_batch_worker_new (void)
{
  GstSodBatchWorker *self = g_new0 (GstSodBatchWorker, 1);

  self->random = gst_sod_random_new (0, 0);
  return self;
}

void
gst_sod_batch_worker_free (GstSodBatchWorker *self)
{
  gst_sod_random_free (self->random);
  gst_sod_warp_scratch_clear (&self->scratch);
  g_free (self);
}

/* How far back the frame before it lies, ms; the numbers that @random gives
 * from there on are augmentation's. */
static gint
seed (const GstSodBatchSource *from, guint64 place, GstSodRandom *random)
{
  gst_sod_batch_order_seed (from->order, place, random);
  return gst_sod_augment_draw_distance (from->augmentation, random);
}

/* Whether another sample may take the place of the one that failed. */
static gboolean
leave_out (GstSodBatchItem *self, const GstSodBatchSource *from, GError *reason,
    GError **error)
{
  if (g_error_matches (reason, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY)) {
    g_propagate_error (error, reason);
    return FALSE;
  }
  gst_sod_batch_reader_set_unreadable (from->reader, self->sample, reason);
  g_error_free (reason);
  return TRUE;
}

gboolean
gst_sod_batch_item_read (GstSodBatchItem *self, const GstSodBatchSource *from,
    guint64 place, GstSodBatchWorker *worker, GError **error)
{
  guint n = gst_sod_batch_order_get_n (from->order);
  gint distance = seed (from, place, worker->random);

  for (guint skip = 0; skip < n; skip++) {
    GError *reason = NULL;

    self->sample = gst_sod_batch_order_get (from->order, place, skip);
    if (gst_sod_batch_reader_is_unreadable (from->reader, self->sample))
      continue;
    if (gst_sod_batch_reader_read (from->reader, self->sample,
            from->rule->frames > 1 ? distance : 0, &self->source,
            &worker->scratch, &reason))
      return TRUE;
    gst_sod_augment_source_clear (&self->source);
    if (!leave_out (self, from, reason, error))
      return FALSE;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "none of the %u samples can be read; the warnings say why", n);
  return FALSE;
}

gboolean
gst_sod_batch_item_make (GstSodBatchItem *self, const GstSodBatchSource *from,
    guint64 place, GstSodBatchWorker *worker, const GstSodAugmentTarget *target,
    GError **error)
{
  for (;;) {
    GError *reason = NULL;
    gboolean done;

    if (self->source.image == NULL
        && !gst_sod_batch_item_read (self, from, place, worker, error))
      return FALSE;
    seed (from, place, worker->random);
    done = gst_sod_augment (from->augmentation, from->rule, &self->source,
        worker->random, &worker->scratch, target, &reason);
    self->is_plain = self->source.mask != NULL && self->source.weights == NULL;
    gst_sod_augment_source_clear (&self->source);
    if (done)
      return TRUE;
    if (!leave_out (self, from, reason, error))
      return FALSE;
  }
}
