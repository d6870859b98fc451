/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batch-order-private.h>
#include <gst-sod/data/batch-reader-private.h>

G_BEGIN_DECLS

/* What the samples of batches are made of. */
typedef struct
{
  GstSodBatchReader *reader;
  GstSodBatchOrder *order;
  const GstSodAugmentation *augmentation;
  const GstSodAugmentRule *rule;
} GstSodBatchSource;

/* What a thread has of its own while it reads or makes a sample; kept from one
 * to the next, since new memory is paged in anew. */
typedef struct
{
  GstSodRandom *random;
  GstSodWarpScratch scratch;
} GstSodBatchWorker;

GstSodBatchWorker *gst_sod_batch_worker_new (void);
void gst_sod_batch_worker_free (GstSodBatchWorker *self);

/* A sample of a batch in the making; all zero: nothing is done yet. */
typedef struct
{
  enum
  {
    GST_SOD_BATCH_ITEM_UNREAD,
    GST_SOD_BATCH_ITEM_READING, /* by a thread that reads ahead */
    GST_SOD_BATCH_ITEM_READ,
    GST_SOD_BATCH_ITEM_TAKEN, /* by one that makes it */
    GST_SOD_BATCH_ITEM_MADE
  } state;                    /* the queue's, under its lock */
  GstSodAugmentSource source; /* image NULL: none yet */
  guint sample;               /* which one that is */
  gboolean is_plain;          /* made: its weights are all 1, and not written */
} GstSodBatchItem;

/* Reads the sample at @place, or the next one that can be read. */
gboolean gst_sod_batch_item_read (GstSodBatchItem *self,
    const GstSodBatchSource *from, guint64 place, GstSodBatchWorker *worker,
    GError **error);

/* Makes the sample at @place of what was read, or else of what is read now. */
gboolean gst_sod_batch_item_make (GstSodBatchItem *self,
    const GstSodBatchSource *from, guint64 place, GstSodBatchWorker *worker,
    const GstSodAugmentTarget *target, GError **error);

G_END_DECLS
