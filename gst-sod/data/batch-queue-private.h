/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst-sod/core/tensor.h>
#include <gst-sod/data/batch-item-private.h>
#include <gst-sod/data/batches.h>

G_BEGIN_DECLS

/* The threads that make batches ahead, and the batches that are made; or, where
 * those threads would only keep the processors from who uses the batches, the
 * threads that read ahead, and who makes a batch of that once it is asked for.
 */
typedef struct _GstSodBatchQueue GstSodBatchQueue;

typedef struct
{
  GstSodBatchReader *reader;
  GstSodAugmentation *augmentation; /* copied */
  GstSodAugmentRule rule;
  GstSodBatchTarget target;
  guint batch_size;
  guint threads; /* that make batches ahead, with a team that only read; 0:
                    whoever asks for a batch reads and makes it */
  guint team;    /* threads of the arithmetic that make a batch together once
                    it is asked for; 0: none */
  guint depth;   /* batches that are made or read ahead, 1 or more */
} GstSodBatchSettings;

/* Tensors of one batch, each with its first dimension batch_size. */
typedef struct
{
  GstSodTensor *input;   /* (n, 3 * frames, h, w) */
  GstSodTensor *map;     /* (n, 1, h, w) */
  GstSodTensor *weights; /* (n, 1, h, w), or NULL: all is 1 */
  GstSodTensor *images;  /* (n, 3, h / 2, w / 2), or NULL: not asked for */
} GstSodBatch;

void gst_sod_batch_clear (GstSodBatch *batch);

/* Starts at batch @first. @order: (transfer full) */
GstSodBatchQueue *gst_sod_batch_queue_new (const GstSodBatchSettings *settings,
    GstSodBatchOrder *order, guint64 first);

/* Waits for the threads: for the sample that each has in its hands. */
void gst_sod_batch_queue_free (GstSodBatchQueue *self);

/* The next batch; after an error other than GST_SOD_ERROR_CANCELLED the queue
 * is of no more use. */
gboolean gst_sod_batch_queue_next (GstSodBatchQueue *self,
    GCancellable *cancellable, GstSodBatch *batch, GError **error);

G_END_DECLS
