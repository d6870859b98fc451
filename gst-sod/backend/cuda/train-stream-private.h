/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/train-private.h>

G_BEGIN_DECLS

/* What goes between the host and a stream: planes, (n, c, h, w), f32. Once in
 * device memory, once in pinned memory of the host. */
typedef struct
{
  gfloat *input;   /* of the plan's input */
  gfloat *output;  /* of its output: d_output, or the target */
  gfloat *weights; /* (n, h, w) of the output: of the loss */
  gdouble *losses; /* (n) */
} GstSodCudaTrainPlanes;

/* What a captured step depends on besides the stream. */
typedef struct
{
  GstSodCudaMasters *masters;
  gfloat scale;
  GstSodLearnLoss loss;
  GstSodLossOptions options;
  gboolean weighted;
} GstSodCudaTrainKey;

typedef struct
{
  GstSodStream base;
  GstSodCudaTrainPlan *plan;
  guint8 *arena;
  gpointer workspace, loss_scratch;
  guint8 *memory, *pinned; /* that the planes lie in */
  GstSodCudaTrainPlanes there, here;
  gfloat *d_input;     /* planes on the device */
  gboolean *is_unsent; /* one a sample of the input: it is only here */

  /* What is bound: masters, or tables and masters of the stream's own that
   * mirror them. */
  GstSodCudaMasters *masters, *own;
  GHashTable *weights, *gradients; /* name -> GstSodTensor */
  GPtrArray *names;                /* of @own, in their order */
  gsize *offsets; /* GST_SOD_MAX_PARAMS a node: in the masters' arrays */
  GstSodMastersPart part;
  gboolean frozen, executed;

  /* The next batch, on its way there by a queue of its own; NULL: there was
   * none yet. Its tensors are referenced, to be known again. */
  GstSodCudaQueue *copies;
  guint8 *ahead_memory, *ahead_pinned;
  GstSodCudaTrainPlanes ahead_there, ahead_here;
  GstSodLearnBatch ahead; /* input NULL: none */

  GstSodCudaTrainKey key;
  guint n_learnt;         /* with this key */
  gboolean is_plain;      /* passes cannot be captured */
  GstSodCudaGraph *graph; /* of a step with this key; or NULL */
} GstSodCudaTrainStream;

/* Uploads what of the input has not been. */
gboolean gst_sod_cuda_train_send_input (
    GstSodCudaTrainStream *self, GError **error);

/* Queues steps @first .. @last; @scale: what the loss was multiplied with. */
gboolean gst_sod_cuda_train_run_steps (GstSodCudaTrainStream *self, guint first,
    guint last, gfloat scale, gboolean want_d_input, GError **error);

/* Where @view lies, for launchers. */
GstSodCudaView gst_sod_cuda_train_stream_view (
    GstSodCudaTrainStream *self, const GstSodCudaTrainView *view);

/* GST_SOD_ERROR_MISMATCH unless @tensor is f32 and of @shape. */
gboolean gst_sod_cuda_train_check (const GstSodTensor *tensor,
    const GstSodShape *shape, const gchar *what, GError **error);

/* All samples; queued while the next one is copied. */
gboolean gst_sod_cuda_train_write_batch (
    GstSodCudaTrainStream *self, const GstSodTensor *input, GError **error);

/* Planes in @memory, which may be NULL; returns their size, bytes. */
gsize gst_sod_cuda_train_divide_planes (const GstSodCudaTrainPlan *plan,
    guint8 *memory, GstSodCudaTrainPlanes *planes);

/* The batch to come (train-ahead.c). drop(): forgets it; take(): whether it
 * was @batch, which now lies where a pass reads it; bring(): begins to bring
 * @batch, if there is memory for that. */
void gst_sod_cuda_train_drop_ahead (GstSodCudaTrainStream *self);
void gst_sod_cuda_train_clear_ahead (GstSodCudaTrainStream *self);
gboolean gst_sod_cuda_train_take_ahead (GstSodCudaTrainStream *self,
    const GstSodLearnBatch *batch, gboolean *taken, GError **error);
void gst_sod_cuda_train_bring_ahead (
    GstSodCudaTrainStream *self, const GstSodLearnBatch *batch);

/* GST_SOD_ERROR_MISMATCH unless its tensors fit the plan. */
gboolean gst_sod_cuda_train_check_batch (const GstSodCudaTrainStream *self,
    const GstSodLearnBatch *batch, GError **error);

/* GstSodStreamClass.learn() (train-learn.c). */
gboolean gst_sod_cuda_train_learn (GstSodStream *stream,
    const GstSodLearnCall *call, gdouble *loss, GError **error);

/* bytes, of any loss */
gsize gst_sod_cuda_train_loss_scratch (const GstSodCudaTrainPlan *plan);

static inline GstSodCudaQueue *
gst_sod_cuda_train_get_queue (const GstSodCudaTrainStream *self)
{
  return self->masters->queue;
}

/* Values of a shape (n, c, h, w) that the plan has been checked to have. */
static inline gsize
gst_sod_cuda_train_count (const GstSodShape *shape)
{
  gsize count = 0;

  gst_sod_shape_count (shape, &count);
  return count;
}

G_END_DECLS
