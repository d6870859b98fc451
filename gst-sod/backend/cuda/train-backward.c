/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backward steps of a training plan. A gradient belongs to one value: the first
 * reader met on the way back says where it lies, be it some channels of a
 * concatenation's, and what further readers give is added there. The step that
 * is the last to read it may write its own in its place. */
#include <gst-sod/backend/cuda/train-private.h>

static const GstSodShape *
get_shape (const GstSodCudaTrainBuilder *self, GstSodValue value)
{
  return &self->plan->shapes[value];
}

static GstSodCudaTrainView
get_d_output (const GstSodCudaTrainBuilder *self)
{
  return self->gradients[self->node->output];
}

/* ---- steps at work ---- */

/* views: a, b; a += b */
static gboolean
run_sum (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView a = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView b = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_add (run->stream, &a, &b, &a);
  return TRUE;
}

/* views: one that fills its buffer */
static gboolean
run_clear (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  const GstSodCudaTrainView *view = &step->views[0];
  gsize n = (gsize) view->n * (gsize) view->h * (gsize) view->w;

  return gst_sod_cuda_clear (run->queue,
      gst_sod_cuda_train_get_buffer (run, view->buffer),
      n * (gsize) view->pitch * gst_sod_cuda_type_size (view->type), error);
}

/* views: of the padded input's gradient */
static gboolean
run_write (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView view = gst_sod_cuda_train_get_view (run, &step->views[0]);

  gst_sod_cuda_kernel_to_planes (run->stream, &view, run->d_input, step->c_in);
  return TRUE;
}

/* views: raw, output, d_output, d_raw, which may be one; buffer: what was
 * used. */
static gboolean
run_norm (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  const gfloat *saved = gst_sod_cuda_train_get_buffer (run, step->buffer);
  gint first = 0;

  for (guint i = 0; i < step->n_parts; i++) {
    const GstSodTrainPart *part = &step->parts[i];
    gint c = (gint) part->channels;
    GstSodCudaView views[GST_SOD_CUDA_TRAIN_VIEWS];
    gfloat *d_weight = NULL, *d_bias = NULL;

    for (guint j = 0; j < GST_SOD_CUDA_TRAIN_VIEWS; j++) {
      GstSodCudaTrainView slice =
          gst_sod_cuda_train_slice (&step->views[j], first, c);

      views[j] = gst_sod_cuda_train_get_view (run, &slice);
    }
    if (!run->frozen) {
      d_weight = gst_sod_cuda_train_get_gradient (run, part->norm, 0);
      d_bias = gst_sod_cuda_train_get_gradient (run, part->norm, 1);
    }
    gst_sod_cuda_kernel_norm_backward (run->stream, &views[0], &views[1],
        &views[2], gst_sod_cuda_train_get_weight (run, part->norm, 0),
        saved + 2 * first, run->gradient_scale, d_weight, d_bias,
        run->workspace, &views[3]);
    if (!gst_sod_cuda_check (run->queue, "norm-backward", error))
      return FALSE;
    first += c;
  }
  return TRUE;
}

/* views: input, d_output, sum (?), target */
static gboolean
run_max_pool (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView d_y = gst_sod_cuda_train_get_view (run, &step->views[1]);
  GstSodCudaView sum = gst_sod_cuda_train_get_view (run, &step->views[2]);
  GstSodCudaView d_x = gst_sod_cuda_train_get_view (run, &step->views[3]);

  gst_sod_cuda_kernel_max_pool_backward (run->stream, &x, &d_y, step->size,
      step->stride, sum.data != NULL ? &sum : NULL, &d_x);
  return TRUE;
}

static gboolean
run_avg_pool (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView d_y = gst_sod_cuda_train_get_view (run, &step->views[1]);
  GstSodCudaView sum = gst_sod_cuda_train_get_view (run, &step->views[2]);
  GstSodCudaView d_x = gst_sod_cuda_train_get_view (run, &step->views[3]);

  gst_sod_cuda_kernel_avg_pool_backward (run->stream, &d_y, step->size,
      step->stride, sum.data != NULL ? &sum : NULL, &d_x);
  return TRUE;
}

/* views: d_output, term */
static gboolean
run_up (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView d_y = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView d_x = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_upsample_backward (run->stream, &d_y, step->size, &d_x);
  return TRUE;
}

/* views: output, d_output, in place */
static gboolean
run_tanh (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView d = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_tanh_backward (run->stream, &y, &d, &d);
  return TRUE;
}

/* ---- gradients ---- */

static GstSodCudaTrainView
new_gradient (GstSodCudaTrainBuilder *self, GstSodValue value)
{
  return gst_sod_cuda_train_add_view (
      self, get_shape (self, value), self->views[value].type, 0);
}

/* What a reader gives, in memory that is the value's from now on. */
static void
add_term (GstSodCudaTrainBuilder *self, GstSodValue value,
    const GstSodCudaTrainView *term)
{
  GstSodCudaTrainView *gradient = &self->gradients[value];
  GstSodCudaTrainStep *step;

  if (!gradient->there) {
    *gradient = *term;
    return;
  }
  step = gst_sod_cuda_train_add_step (self, "sum", run_sum);
  gst_sod_cuda_train_set_view (self, step, 0, gradient);
  gst_sod_cuda_train_set_view (self, step, 1, term);
}

/* Likewise, in memory that others read too. */
static void
add_shared_term (GstSodCudaTrainBuilder *self, GstSodValue value,
    const GstSodCudaTrainView *term)
{
  GstSodCudaTrainView *gradient = &self->gradients[value];

  if (gradient->there) {
    add_term (self, value, term);
    return;
  }
  *gradient = new_gradient (self, value);
  gst_sod_cuda_train_add_copy (self, term, gradient);
}

/* ---- convolutions ---- */

static gboolean
add_d_input (GstSodCudaTrainBuilder *self, const GstSodCudaTrainView *d_raw,
    const GstSodCudaTrainView *d_read, GError **error)
{
  guint first = self->plan->steps->len;
  GstSodCudaTrainStep *step;

  if (!gst_sod_cuda_train_add_conv_data (self, d_raw, d_read, error))
    return FALSE;
  step = gst_sod_cuda_train_add_step (self, "to-planes", run_write);
  step->c_in = (gint) self->plan->base.input.dims[1];
  gst_sod_cuda_train_set_view (self, step, 0, d_read);
  for (guint i = first; i < self->plan->steps->len; i++) {
    step = g_ptr_array_index (self->plan->steps, i);
    step->input_only = TRUE;
  }
  return TRUE;
}

static gboolean
add_conv (GstSodCudaTrainBuilder *self, const GstSodCudaTrainView *d_raw,
    GError **error)
{
  GstSodValue input = self->node->inputs[0];
  const GstSodCudaTrainView *read = &self->reads[self->node->output];
  GstSodShape shape = *get_shape (self, input);
  GstSodCudaTrainView d_read;

  if (!gst_sod_cuda_train_add_conv_weights (self, d_raw, error))
    return FALSE;
  shape.dims[1] = read->c;
  d_read = gst_sod_cuda_train_add_view (self, &shape, read->type, 0);
  if (input == self->plan->graph->input)
    return add_d_input (self, d_raw, &d_read, error);
  if (!gst_sod_cuda_train_add_conv_data (self, d_raw, &d_read, error))
    return FALSE;
  add_term (self, input, &d_read);
  return TRUE;
}

static gboolean
add_unit (GstSodCudaTrainBuilder *self, GError **error)
{
  const GstSodTrainNode *node = self->node;
  GstSodValue output = node->output;
  GstSodCudaTrainView d_output = get_d_output (self);
  GstSodCudaTrainView d_raw = d_output;
  GstSodCudaTrainStep *step;

  if (d_raw.type != self->type || !gst_sod_cuda_train_is_aligned (&d_raw))
    d_raw = gst_sod_cuda_train_add_view (
        self, get_shape (self, output), self->type, 0);
  step = gst_sod_cuda_train_add_step (self, "norm-relu-backward", run_norm);
  step->n_parts = node->n_parts;
  for (guint i = 0; i < node->n_parts; i++)
    step->parts[i] = node->parts[i];
  gst_sod_cuda_train_set_view (self, step, 0, &self->raws[output]);
  gst_sod_cuda_train_set_view (self, step, 1, &self->views[output]);
  gst_sod_cuda_train_set_view (self, step, 2, &d_output);
  gst_sod_cuda_train_set_view (self, step, 3, &d_raw);
  gst_sod_cuda_train_set_buffer (self, step, self->norms[output]);
  return add_conv (self, &d_raw, error);
}

/* The gradient with channels of zeros up to the pitch, as the convolution
 * takes it. */
static gboolean
add_conv_alone (GstSodCudaTrainBuilder *self, GError **error)
{
  GstSodValue output = self->node->output;
  GstSodCudaTrainView d_output = get_d_output (self);
  GstSodCudaTrainView d_raw = gst_sod_cuda_train_add_view (
      self, get_shape (self, output), GST_SOD_CUDA_F32, 0);
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "clear", run_clear);

  gst_sod_cuda_train_set_view (self, step, 0, &d_raw);
  gst_sod_cuda_train_add_copy (self, &d_output, &d_raw);
  return add_conv (self, &d_raw, error);
}

/* ---- the others ---- */

static void
add_pool (GstSodCudaTrainBuilder *self)
{
  GstSodValue input = self->node->inputs[0];
  gboolean is_max = self->node->kind == GST_SOD_TRAIN_MAX_POOL;
  GstSodCudaTrainView d_output = get_d_output (self);
  GstSodCudaTrainView sum = self->gradients[input];
  GstSodCudaTrainView target = sum.there ? sum : new_gradient (self, input);
  GstSodCudaTrainStep *step = gst_sod_cuda_train_add_step (self,
      is_max ? "max-pool-backward" : "avg-pool-backward",
      is_max ? run_max_pool : run_avg_pool);

  step->size = self->node->node->attrs.kernel;
  step->stride = self->node->node->attrs.stride;
  gst_sod_cuda_train_set_view (
      self, step, 0, is_max ? &self->views[input] : NULL);
  gst_sod_cuda_train_set_view (self, step, 1, &d_output);
  gst_sod_cuda_train_set_view (self, step, 2, &sum);
  gst_sod_cuda_train_set_view (self, step, 3, &target);
  self->gradients[input] = target;
}

static void
add_up (GstSodCudaTrainBuilder *self)
{
  GstSodValue input = self->node->inputs[0];
  GstSodCudaTrainView d_output = get_d_output (self);
  GstSodCudaTrainView term = new_gradient (self, input);
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "up-backward", run_up);

  step->size = d_output.h / term.h;
  gst_sod_cuda_train_set_view (self, step, 0, &d_output);
  gst_sod_cuda_train_set_view (self, step, 1, &term);
  add_term (self, input, &term);
  /* What was added to it takes the gradient as it is. */
  if (self->node->n_inputs > 1)
    add_term (self, self->node->inputs[1], &d_output);
}

static void
add_sum (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainView d_output = get_d_output (self);

  add_shared_term (self, self->node->inputs[1], &d_output);
  add_term (self, self->node->inputs[0], &d_output);
}

static void
add_concat (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainView d_output = get_d_output (self);
  gint first = 0;

  for (guint i = 0; i < self->node->n_inputs; i++) {
    gint c = (gint) get_shape (self, self->node->inputs[i])->dims[1];
    GstSodCudaTrainView part = gst_sod_cuda_train_slice (&d_output, first, c);

    add_term (self, self->node->inputs[i], &part);
    first += c;
  }
}

static void
add_tanh (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainView d_output = get_d_output (self);
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "tanh-backward", run_tanh);

  gst_sod_cuda_train_set_view (self, step, 0, &self->views[self->node->output]);
  gst_sod_cuda_train_set_view (self, step, 1, &d_output);
  add_term (self, self->node->inputs[0], &d_output);
}

gboolean
gst_sod_cuda_train_add_backward (GstSodCudaTrainBuilder *self, GError **error)
{
  switch (self->node->kind) {
    case GST_SOD_TRAIN_UNIT:
      return add_unit (self, error);
    case GST_SOD_TRAIN_CONV:
      return add_conv_alone (self, error);
    case GST_SOD_TRAIN_MAX_POOL:
    case GST_SOD_TRAIN_AVG_POOL:
      add_pool (self);
      break;
    case GST_SOD_TRAIN_UP:
      add_up (self);
      break;
    case GST_SOD_TRAIN_ADD:
      add_sum (self);
      break;
    case GST_SOD_TRAIN_CONCAT:
      add_concat (self);
      break;
    case GST_SOD_TRAIN_TANH:
      add_tanh (self);
      break;
    case GST_SOD_TRAIN_DEAD:
      break;
  }
  return TRUE;
}
