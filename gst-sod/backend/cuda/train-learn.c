/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole pass of a training step on the device: batch in, loss out. What it
 * queues is captured the second time, and launched as one from then on. */
#include <gst-sod/backend/cuda/train-stream-private.h>

#include <string.h>

static const GstSodCudaLoss losses[] = {
  [GST_SOD_LEARN_BCE] = GST_SOD_CUDA_LOSS_BCE,
  [GST_SOD_LEARN_STRUCTURE] = GST_SOD_CUDA_LOSS_STRUCTURE,
  [GST_SOD_LEARN_L1] = GST_SOD_CUDA_LOSS_L1,
  [GST_SOD_LEARN_L1_GRADIENT] = GST_SOD_CUDA_LOSS_L1_GRADIENT,
};

gsize
gst_sod_cuda_train_loss_scratch (const GstSodCudaTrainPlan *plan)
{
  const GstSodCudaTrainView *output = &plan->output;
  GstSodCudaView view = { NULL, output->type, output->n, output->h, output->w,
    output->c, output->pitch };
  gsize size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (losses); i++)
    size = MAX (size, gst_sod_cuda_kernel_loss_scratch (losses[i], &view));
  return size;
}

/* ---- what is queued ---- */

static GstSodCudaLossForm
make_form (const GstSodCudaTrainStream *self)
{
  const GstSodLossOptions *options = &self->key.options;

  return (GstSodCudaLossForm){
    .loss = losses[self->key.loss],
    .edge_weight = (gfloat) options->edge_weight,
    .radius =
        (gint) gst_sod_loss_options_get_radius (options, self->plan->output.w),
    .gradient_weight = options->gradient_weight,
  };
}

/* Forward, the loss with its gradient, and back. */
static gboolean
queue_pass (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  const GstSodCudaTrainKey *key = &self->key;
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  GstSodCudaLossForm form = make_form (self);
  GstSodCudaView output = gst_sod_cuda_train_stream_view (self, &plan->output);
  GstSodCudaView d_output =
      gst_sod_cuda_train_stream_view (self, &plan->d_output);

  if (!gst_sod_cuda_train_run_steps (self, 0, plan->n_forward, 1, FALSE, error))
    return FALSE;
  gst_sod_cuda_kernel_loss (gst_sod_cuda_queue_get_stream (queue), &form,
      &output, self->there.output, key->weighted ? self->there.weights : NULL,
      key->scale, self->there.losses, self->loss_scratch, &d_output);
  return gst_sod_cuda_check (queue, "loss", error)
         && gst_sod_cuda_train_run_steps (
             self, plan->n_forward, plan->steps->len, key->scale, FALSE, error);
}

/* Leaves no graph where the device layer has none: then it has run. */
static gboolean
capture (GstSodCudaTrainStream *self, GError **error)
{
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  gboolean queued;

  if (!gst_sod_cuda_graph_begin (queue, error))
    return FALSE;
  queued = queue_pass (self, error);
  /* In any case it has to end; the first error is the one that tells. */
  if (gst_sod_cuda_graph_end (queue, &self->graph, queued ? error : NULL)
      && queued)
    return TRUE;
  g_clear_pointer (&self->graph, gst_sod_cuda_graph_free);
  return FALSE;
}

/* The first pass finds all memory that libraries take for themselves. A pass
 * that cannot be captured has not run: it is queued each time. */
static gboolean
run_pass (GstSodCudaTrainStream *self, GError **error)
{
  if (self->n_learnt++ == 0 || self->is_plain)
    return queue_pass (self, error);
  if (self->graph == NULL && !capture (self, NULL)) {
    self->is_plain = TRUE;
    return queue_pass (self, error);
  }
  return self->graph == NULL
         || gst_sod_cuda_graph_launch (
             self->graph, gst_sod_cuda_train_get_queue (self), error);
}

static gboolean
is_same (const GstSodCudaTrainKey *one, const GstSodCudaTrainKey *other)
{
  const GstSodLossOptions *a = &one->options, *b = &other->options;

  return one->masters == other->masters && one->scale == other->scale
         && one->loss == other->loss && one->weighted == other->weighted
         && a->edge_weight == b->edge_weight && a->edge_window == b->edge_window
         && a->gradient_weight == b->gradient_weight;
}

/* A graph is of one key. */
static void
set_key (GstSodCudaTrainStream *self, const GstSodLearnCall *call)
{
  GstSodCudaTrainKey key = {
    .masters = self->masters,
    .scale = self->plan->scales_loss ? self->masters->loss_scale : 1,
    .loss = call->loss,
    .options = call->options,
    .weighted = call->batch.weights != NULL,
  };

  if (is_same (&self->key, &key))
    return;
  g_clear_pointer (&self->graph, gst_sod_cuda_graph_free);
  self->key = key;
  self->n_learnt = 0;
}

/* ---- in and out ---- */

gboolean
gst_sod_cuda_train_check_batch (const GstSodCudaTrainStream *self,
    const GstSodLearnBatch *batch, GError **error)
{
  const GstSodExecutable *executable = &self->plan->base;
  GstSodShape weights = executable->output;

  weights.dims[1] = 1;
  return gst_sod_cuda_train_check (
             batch->input, &executable->input, "the input", error)
         && gst_sod_cuda_train_check (
             batch->target, &executable->output, "the target", error)
         && (batch->weights == NULL
             || gst_sod_cuda_train_check (
                 batch->weights, &weights, "the weights of the pixels", error));
}

static gboolean
send (GstSodCudaTrainStream *self, gfloat *there, gfloat *here,
    const GstSodTensor *tensor, GError **error)
{
  gsize size = gst_sod_tensor_get_size (tensor);

  memcpy (here, gst_sod_tensor_peek_data (tensor), size);
  return gst_sod_cuda_upload (
      gst_sod_cuda_train_get_queue (self), there, here, size, error);
}

static gboolean
send_batch (
    GstSodCudaTrainStream *self, const GstSodLearnBatch *batch, GError **error)
{
  gboolean taken = FALSE;

  if (!gst_sod_cuda_train_check_batch (self, batch, error)
      || !gst_sod_cuda_train_take_ahead (self, batch, &taken, error))
    return FALSE;
  if (taken)
    return TRUE;
  return gst_sod_cuda_train_write_batch (self, batch->input, error)
         && send (
             self, self->there.output, self->here.output, batch->target, error)
         && (batch->weights == NULL
             || send (self, self->there.weights, self->here.weights,
                 batch->weights, error));
}

/* The samples' shares, in their order. */
static gboolean
take_loss (GstSodCudaTrainStream *self, gdouble *loss, GError **error)
{
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  gsize n = (gsize) self->plan->base.output.dims[0];

  if (!gst_sod_cuda_download (queue, self->here.losses, self->there.losses,
          n * sizeof (gdouble), error)
      || !gst_sod_cuda_wait (queue, error))
    return FALSE;
  *loss = 0;
  for (gsize i = 0; i < n; i++)
    *loss += self->here.losses[i];
  return TRUE;
}

gboolean
gst_sod_cuda_train_learn (GstSodStream *stream, const GstSodLearnCall *call,
    gdouble *loss, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;

  g_return_val_if_fail (self->masters != NULL && self->weights == NULL, FALSE);
  g_return_val_if_fail (!self->frozen, FALSE);

  self->executed = FALSE;
  set_key (self, call);
  if ((call->batch.input != NULL && !send_batch (self, &call->batch, error))
      || !gst_sod_cuda_masters_begin_pass (self->masters, error)
      || !gst_sod_cuda_masters_begin_backward (
          self->masters, self->plan->scales_loss, error)
      || !run_pass (self, error))
    return FALSE;
  /* Without a batch of its own nothing has waited for the one brought last. */
  if (call->batch.input != NULL)
    gst_sod_cuda_train_bring_ahead (self, &call->next);
  return take_loss (self, loss, error);
}
