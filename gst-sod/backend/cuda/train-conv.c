/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a training plan. The f32 masters are written into the
 * convolution's layout and type before each pass, a unit's kernels of several
 * sizes as one with zeros around the smaller ones; their gradients come back
 * the same way. */
#include <gst-sod/backend/cuda/train-private.h>

/* ---- steps at work ---- */

static gsize
count_weights (const GstSodCudaTrainStep *step)
{
  return (gsize) step->k_padded * (gsize) (step->size * step->size)
         * (gsize) step->padded;
}

/* views: one of the convolution's type; buffer: weights */
static gboolean
run_join (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  gpointer target = gst_sod_cuda_train_get_buffer (run, step->buffer);
  GstSodCudaType type = step->views[0].type;
  gint first = 0;

  if (step->k_padded > step->views[0].c
      && !gst_sod_cuda_clear (run->queue, target,
          count_weights (step) * gst_sod_cuda_type_size (type), error))
    return FALSE;
  for (guint i = 0; i < step->n_parts; i++) {
    const GstSodTrainPart *part = &step->parts[i];

    gst_sod_cuda_kernel_join_weights (run->stream,
        gst_sod_cuda_train_get_weight (run, part->conv, 0),
        (gint) part->channels, step->c_in, part->size, target, type, first,
        step->size, step->padded);
    if (!gst_sod_cuda_check (run->queue, "join", error))
      return FALSE;
    first += (gint) part->channels;
  }
  return TRUE;
}

/* views: one of the convolution's type; buffer: weights' gradient */
static gboolean
run_split (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  gpointer source = gst_sod_cuda_train_get_buffer (run, step->buffer);
  gint first = 0;

  for (guint i = 0; i < step->n_parts; i++) {
    const GstSodTrainPart *part = &step->parts[i];

    gst_sod_cuda_kernel_split_weights (run->stream, source, step->views[0].type,
        first, step->size, step->padded,
        gst_sod_cuda_train_get_gradient (run, part->conv, 0),
        (gint) part->channels, step->c_in, part->size, run->gradient_scale);
    if (!gst_sod_cuda_check (run->queue, "split", error))
      return FALSE;
    first += (gint) part->channels;
  }
  return TRUE;
}

/* views: read, raw, or their gradients; buffer: weights, or their gradient */
static gboolean
run_conv (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[1]);

  return gst_sod_cuda_conv_run (step->conv, run->queue, x.data,
      gst_sod_cuda_train_get_buffer (run, step->buffer), NULL, y.data,
      run->workspace, error);
}

/* views: raw, in place */
static gboolean
run_bias (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[0]);

  gst_sod_cuda_kernel_bias (run->stream, &y,
      gst_sod_cuda_train_get_weight (run, step->parts[0].conv, 1), FALSE, &y);
  return TRUE;
}

/* views: the gradient of raw */
static gboolean
run_bias_backward (const GstSodCudaTrainStep *step,
    const GstSodCudaTrainRun *run, GError **error)
{
  GstSodCudaView d_y = gst_sod_cuda_train_get_view (run, &step->views[0]);

  gst_sod_cuda_kernel_bias_backward (run->stream, &d_y, run->gradient_scale,
      gst_sod_cuda_train_get_gradient (run, step->parts[0].conv, 1),
      run->workspace);
  return TRUE;
}

/* ---- adding them ---- */

/* Whether no other value lies in the buffer of what a convolution alone
 * gives: then it may fill its pixels, as kernels for whole multiples of 16
 * bytes are the fast ones. */
static gboolean
fills_pixels (const GstSodCudaTrainBuilder *self)
{
  GstSodValue output = self->node->output;
  guint buffer = self->views[output].buffer;

  if (self->node->kind != GST_SOD_TRAIN_CONV)
    return FALSE;
  for (guint i = 0; i < gst_sod_graph_n_values (self->plan->graph); i++) {
    if (i != output && self->views[i].there && self->views[i].buffer == buffer)
      return FALSE;
  }
  return TRUE;
}

/* What holds of all steps of the node's weights. */
static void
tell_weights (GstSodCudaTrainBuilder *self, GstSodCudaTrainStep *step)
{
  const GstSodTrainNode *node = self->node;
  const GstSodCudaTrainView *read = &self->reads[node->output];
  const GstSodCudaTrainView *raw = &self->raws[node->output];

  step->n_parts = node->n_parts;
  for (guint i = 0; i < node->n_parts; i++)
    step->parts[i] = node->parts[i];
  step->size = node->conv.kernel;
  step->c_in = (gint) self->plan->shapes[node->inputs[0]].dims[1];
  step->padded = read->c;
  step->k_padded = fills_pixels (self) ? raw->pitch : raw->c;
}

static guint
add_weights_buffer (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainStep *step, GstSodCudaType type)
{
  return gst_sod_cuda_train_add_buffer (
      self, count_weights (step) * gst_sod_cuda_type_size (type));
}

/* @step: the node's weights have been told. */
static gboolean
choose (GstSodCudaTrainBuilder *self, GstSodCudaTrainStep *step,
    GstSodCudaConvPass pass, const GstSodCudaTrainView *x,
    const GstSodCudaTrainView *y, GError **error)
{
  const GstSodOpAttrs *attrs = &self->node->conv;
  const GstSodCompileRequest *request = self->request;
  GstSodCudaConvDesc desc = {
    .pass = pass,
    .type = x->type,
    /* What is f32 in a plan of 16 bits was 16 bits before. */
    .tf32 = x->type == GST_SOD_CUDA_F32
            && request->precision != GST_SOD_PRECISION_F32,
    .n = x->n,
    .c = x->c,
    .h = x->h,
    .w = x->w,
    .k = step->k_padded,
    .kernel = attrs->kernel,
    .stride = attrs->stride,
    .dilation = attrs->dilation,
    .padding = attrs->padding,
    .x_stride = x->pitch,
    .y_stride = y->pitch,
    .deterministic = request->deterministic,
    .workspace_limit = request->workspace_limit,
  };

  step->conv = gst_sod_cuda_conv_new (self->plan->device, &desc, error);
  if (step->conv == NULL) {
    g_prefix_error (error, "node %s: ", step->name);
    return FALSE;
  }
  gst_sod_cuda_train_need_workspace (
      self, gst_sod_cuda_conv_get_workspace (step->conv));
  gst_sod_cuda_train_set_view (self, step, 0, x);
  gst_sod_cuda_train_set_view (self, step, 1, y);
  return TRUE;
}

/* What the convolution reads: its input where that is of its type and lies
 * well, else a copy. */
static void
find_read (GstSodCudaTrainBuilder *self, GstSodCudaType type)
{
  GstSodValue input = self->node->inputs[0];
  GstSodCudaTrainView *read = &self->reads[self->node->output];
  GstSodShape shape = self->plan->shapes[input];
  GstSodCudaTrainView view = self->views[input];

  /* With its channels of zeros. */
  if (input == self->plan->graph->input)
    view.c = view.pitch;
  *read = view;
  if (view.type == type && gst_sod_cuda_train_is_aligned (&view))
    return;
  shape.dims[1] = view.c;
  *read = gst_sod_cuda_train_add_view (self, &shape, type, 0);
  gst_sod_cuda_train_add_copy (self, &view, read);
}

gboolean
gst_sod_cuda_train_add_conv (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *raw, GError **error)
{
  GstSodValue output = self->node->output;
  GstSodCudaTrainStep *step;

  self->raws[output] = *raw;
  find_read (self, raw->type);
  step = gst_sod_cuda_train_add_step (self, "join", run_join);
  tell_weights (self, step);
  step->views[0] = *raw; /* its type */
  self->weights[output] = add_weights_buffer (self, step, raw->type);
  gst_sod_cuda_train_set_buffer (self, step, self->weights[output]);

  step = gst_sod_cuda_train_add_step (self, "conv", run_conv);
  tell_weights (self, step);
  if (!choose (self, step, GST_SOD_CUDA_CONV_FORWARD, &self->reads[output], raw,
          error))
    return FALSE;
  gst_sod_cuda_train_set_buffer (self, step, self->weights[output]);
  if (!self->node->conv.bias)
    return TRUE;
  step = gst_sod_cuda_train_add_step (self, "bias", run_bias);
  tell_weights (self, step);
  gst_sod_cuda_train_set_view (self, step, 0, raw);
  return TRUE;
}

static void
add_bias_gradient (
    GstSodCudaTrainBuilder *self, const GstSodCudaTrainView *d_raw)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "bias-backward", run_bias_backward);
  GstSodCudaView view = { NULL, d_raw->type, d_raw->n, d_raw->h, d_raw->w,
    d_raw->c, d_raw->pitch };

  tell_weights (self, step);
  step->trained_only = TRUE;
  gst_sod_cuda_train_set_view (self, step, 0, d_raw);
  gst_sod_cuda_train_need_workspace (
      self, gst_sod_cuda_kernel_norm_scratch (&view));
}

gboolean
gst_sod_cuda_train_add_conv_weights (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *d_raw, GError **error)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "conv-weights", run_conv);
  guint d_weights;

  tell_weights (self, step);
  step->trained_only = TRUE;
  d_weights = add_weights_buffer (self, step, d_raw->type);
  if (!choose (self, step, GST_SOD_CUDA_CONV_WEIGHTS,
          &self->reads[self->node->output], d_raw, error))
    return FALSE;
  gst_sod_cuda_train_set_buffer (self, step, d_weights);

  step = gst_sod_cuda_train_add_step (self, "split", run_split);
  tell_weights (self, step);
  step->trained_only = TRUE;
  step->views[0] = *d_raw; /* its type */
  gst_sod_cuda_train_set_buffer (self, step, d_weights);
  if (self->node->conv.bias)
    add_bias_gradient (self, d_raw);
  return TRUE;
}

gboolean
gst_sod_cuda_train_add_conv_data (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *d_raw, const GstSodCudaTrainView *d_read,
    GError **error)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "conv-data", run_conv);

  tell_weights (self, step);
  if (!choose (self, step, GST_SOD_CUDA_CONV_DATA, d_read, d_raw, error))
    return FALSE;
  gst_sod_cuda_train_set_buffer (self, step, self->weights[self->node->output]);
  return TRUE;
}
