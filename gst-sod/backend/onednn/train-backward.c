/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backward steps of a training plan. A value's gradient is the one that its
 * last reader gives; what other readers give is added where it lies, or, where
 * another gradient that is still to be read lies there too, into memory of its
 * own. */
#include <gst-sod/backend/onednn/train-private.h>

static const GstSodShape *
get_shape (const GstSodTrainBuilder *self, GstSodValue value)
{
  return &self->plan->shapes[value];
}

static gboolean
is_there (const GstSodTrainView *view)
{
  return view->type != dnnl_data_type_undef;
}

static gboolean
is_dense (
    const GstSodTrainBuilder *self, GstSodValue value, const GstSodTrainView *v)
{
  return v->first == 0 && v->pitch == get_shape (self, value)->dims[1];
}

static guint *
n_pending (GstSodTrainBuilder *self, const GstSodTrainView *view)
{
  return &g_array_index (self->n_pending, guint, view->buffer);
}

static void
set_gradient (
    GstSodTrainBuilder *self, GstSodValue value, const GstSodTrainView *view)
{
  GstSodTrainView *gradient = &self->gradients[value];

  if (is_there (gradient))
    --*n_pending (self, gradient);
  *gradient = *view;
  ++*n_pending (self, view);
}

/* Gives up the gradient of what the node makes: the last step that reads it is
 * being added. */
static GstSodTrainView
take_gradient (GstSodTrainBuilder *self)
{
  GstSodTrainView *gradient = &self->gradients[self->node->output];

  if (is_there (gradient))
    --*n_pending (self, gradient);
  return *gradient;
}

/* Where a gradient that is made element by element from the one at @from, of
 * the same shape, may go. */
static GstSodTrainView
add_target (GstSodTrainBuilder *self, GstSodValue value,
    const GstSodTrainView *from, dnnl_data_type_t type)
{
  if (is_there (from) && from->type == type && is_dense (self, value, from)
      && *n_pending (self, from) == 0)
    return *from;
  return gst_sod_train_add_view (self, get_shape (self, value), type);
}

/* Where a kernel that adds to the sum so far puts the sum. */
static GstSodTrainView
add_sum_target (GstSodTrainBuilder *self, GstSodValue value)
{
  GstSodTrainView sum = self->gradients[value];

  if (is_there (&sum) && is_dense (self, value, &sum)
      && *n_pending (self, &sum) == 1)
    return sum;
  return gst_sod_train_add_view (
      self, get_shape (self, value), self->views[value].type);
}

/* The gradient that a reader gives, which lies at @term. */
static void
add_term (
    GstSodTrainBuilder *self, GstSodValue value, const GstSodTrainView *term)
{
  const GstSodTrainView *sum = &self->gradients[value];
  GstSodTrainView target;
  GstSodTrainStep *step;

  if (!is_there (sum)) {
    set_gradient (self, value, term);
    return;
  }
  target = *n_pending (self, term) == 0 && is_dense (self, value, term)
               ? *term
               : add_sum_target (self, value);
  step = gst_sod_train_add_kernel (
      self, "kernel:add", gst_sod_train_kernel_add, get_shape (self, value));
  gst_sod_train_add_arg_view (self, step, sum);
  gst_sod_train_add_arg_view (self, step, term);
  gst_sod_train_add_arg_view (self, step, &target);
  set_gradient (self, value, &target);
}

/* ---- convolutions ---- */

/* From the caller's gradient of the output, where this is what made it. */
static GstSodTrainView
get_d_output (GstSodTrainBuilder *self)
{
  GstSodValue output = self->node->output;
  GstSodTrainView view = take_gradient (self);
  GstSodTrainStep *step;

  if (output != self->plan->graph->output)
    return view;
  view = gst_sod_train_add_view (
      self, get_shape (self, output), self->views[output].type);
  step = gst_sod_train_add_kernel (self, "kernel:from-planes",
      gst_sod_train_kernel_from_planes, get_shape (self, output));
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_D_OUTPUT, 0);
  gst_sod_train_add_arg_view (self, step, &view);
  return view;
}

static gboolean
add_d_input (
    GstSodTrainBuilder *self, const GstSodTrainView *d_raw, GError **error)
{
  GstSodValue input = self->node->inputs[0];
  const GstSodShape *shape = get_shape (self, input);
  GstSodTrainView view = gst_sod_train_add_view (self, shape, self->type);
  guint first = self->plan->steps->len;
  GstSodTrainStep *step;

  if (!gst_sod_train_add_conv_data (self, d_raw, &view, error))
    return FALSE;
  step = gst_sod_train_add_kernel (
      self, "kernel:to-planes", gst_sod_train_kernel_to_planes, shape);
  gst_sod_train_add_arg_view (self, step, &view);
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_D_INPUT, 0);
  for (guint i = first; i < self->plan->steps->len; i++) {
    step = g_ptr_array_index (self->plan->steps, i);
    step->input_only = TRUE;
  }
  return TRUE;
}

/* @d_raw: dense, the gradient of what the convolution gave; @wide: in the type
 * that it was given in. */
static gboolean
add_conv (GstSodTrainBuilder *self, const GstSodTrainView *d_raw,
    const GstSodTrainView *wide, GError **error)
{
  GstSodValue input = self->node->inputs[0];
  GstSodTrainView view;

  if (!gst_sod_train_add_conv_weights (self, d_raw, wide, error))
    return FALSE;
  if (input == self->plan->graph->input)
    return add_d_input (self, d_raw, error);
  view = gst_sod_train_add_view (self, get_shape (self, input), self->type);
  if (!gst_sod_train_add_conv_data (self, d_raw, &view, error))
    return FALSE;
  add_term (self, input, &view);
  return TRUE;
}

static gboolean
add_unit (GstSodTrainBuilder *self, GError **error)
{
  const GstSodTrainNode *node = self->node;
  const GstSodShape *shape = get_shape (self, node->output);
  GstSodTrainView d_output = get_d_output (self);
  GstSodTrainView pooled = self->pooled[node->output];
  GstSodTrainView d_raw =
      add_target (self, node->output, &d_output, self->type);
  GstSodTrainStep *step = gst_sod_train_add_kernel (self,
      is_there (&pooled) ? "kernel:norm-relu-max-pool-backward"
                         : "kernel:norm-relu-backward",
      gst_sod_train_kernel_norm_backward, shape);

  if (is_there (&pooled))
    --*n_pending (self, &pooled);

  gst_sod_train_add_arg_view (self, step, &self->raws[node->output]);
  gst_sod_train_add_arg_view (self, step, &d_output);
  gst_sod_train_add_arg_view (self, step, &pooled);
  gst_sod_train_add_arg_view (self, step, &d_raw);
  gst_sod_train_add_arg (
      self, step, GST_SOD_TRAIN_BUFFER, self->norms[node->output]);
  gst_sod_train_add_scratch (self, step,
      gst_sod_train_norm_scratch (shape->dims[1], self->plan->threads));
  step->n_parts = node->n_parts;
  for (guint i = 0; i < node->n_parts; i++) {
    guint first = node->parts[i].norm * GST_SOD_MAX_PARAMS;

    step->parts[i] = node->parts[i].channels;
    gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_GRADIENT, first);
    gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_GRADIENT, first + 1);
  }
  return add_conv (self, &d_raw, &d_raw, error);
}

/* The output's gradient is f32; the convolutions that go backward want
 * activations of one type. */
static gboolean
add_conv_alone (GstSodTrainBuilder *self, GError **error)
{
  GstSodValue output = self->node->output;
  GstSodTrainView d_output = get_d_output (self), narrow;
  GstSodTrainStep *step;

  if (d_output.type == self->type)
    return add_conv (self, &d_output, &d_output, error);
  narrow = gst_sod_train_add_view (self, get_shape (self, output), self->type);
  step = gst_sod_train_add_kernel (
      self, "kernel:copy", gst_sod_train_kernel_add, get_shape (self, output));
  gst_sod_train_add_arg_view (self, step, &d_output);
  gst_sod_train_add_arg_view (self, step, NULL);
  gst_sod_train_add_arg_view (self, step, &narrow);
  return add_conv (self, &narrow, &d_output, error);
}

/* ---- the others ---- */

static void
add_pool (GstSodTrainBuilder *self)
{
  GstSodValue input = self->node->inputs[0], output = self->node->output;
  const GstSodShape *big = get_shape (self, input);
  gboolean is_max = self->node->kind == GST_SOD_TRAIN_MAX_POOL;
  GstSodTrainView d_output = get_d_output (self), sum, target;
  GstSodTrainStep *step;

  /* The unit is the next step, or one of the next: what it reads is kept. */
  if (gst_sod_train_is_taken_in (self, self->node)) {
    self->pooled[input] = d_output;
    ++*n_pending (self, &d_output);
    return;
  }
  sum = self->gradients[input];
  target = add_sum_target (self, input);
  step = gst_sod_train_add_kernel (self,
      is_max ? "kernel:max-pool-backward" : "kernel:avg-pool-backward",
      is_max ? gst_sod_train_kernel_max_pool_backward
             : gst_sod_train_kernel_avg_pool_backward,
      get_shape (self, output));

  step->big_h = big->dims[2];
  step->big_w = big->dims[3];
  if (is_max)
    gst_sod_train_add_arg_view (self, step, &self->views[input]);
  gst_sod_train_add_arg_view (self, step, &d_output);
  gst_sod_train_add_arg_view (self, step, &sum);
  gst_sod_train_add_arg_view (self, step, &target);
  set_gradient (self, input, &target);
}

static void
add_up (GstSodTrainBuilder *self)
{
  GstSodValue input = self->node->inputs[0];
  const GstSodShape *shape = get_shape (self, input);
  GstSodTrainView d_output = get_d_output (self);
  GstSodTrainView term =
      gst_sod_train_add_view (self, shape, self->views[input].type);
  GstSodTrainStep *step = gst_sod_train_add_kernel (
      self, "kernel:up-backward", gst_sod_train_kernel_up_backward, shape);

  gst_sod_train_add_arg_view (self, step, &d_output);
  gst_sod_train_add_arg_view (self, step, &term);
  add_term (self, input, &term);
  /* What was added to it takes the gradient as it is. */
  if (self->node->n_inputs > 1)
    add_term (self, self->node->inputs[1], &d_output);
}

static void
add_sum (GstSodTrainBuilder *self)
{
  GstSodTrainView d_output = get_d_output (self);

  for (guint i = 0; i < self->node->n_inputs; i++) {
    /* Whoever adds to it must know that the others still read it. */
    ++*n_pending (self, &d_output);
    add_term (self, self->node->inputs[i], &d_output);
  }
  for (guint i = 0; i < self->node->n_inputs; i++)
    --*n_pending (self, &d_output);
}

static void
add_concat (GstSodTrainBuilder *self)
{
  GstSodTrainView part = get_d_output (self);

  ++*n_pending (self, &part);
  for (guint i = 0; i < self->node->n_inputs; i++) {
    GstSodValue input = self->node->inputs[i];

    add_term (self, input, &part);
    part.first += get_shape (self, input)->dims[1];
  }
  --*n_pending (self, &part);
}

static void
add_tanh (GstSodTrainBuilder *self)
{
  GstSodValue input = self->node->inputs[0], output = self->node->output;
  GstSodTrainView d_output = get_d_output (self);
  GstSodTrainView term = add_target (self, output, &d_output, d_output.type);
  GstSodTrainStep *step =
      gst_sod_train_add_kernel (self, "kernel:tanh-backward",
          gst_sod_train_kernel_tanh_backward, get_shape (self, output));

  gst_sod_train_add_arg_view (self, step, &self->views[output]);
  gst_sod_train_add_arg_view (self, step, &d_output);
  gst_sod_train_add_arg_view (self, step, &term);
  add_term (self, input, &term);
}

gboolean
gst_sod_train_add_backward (GstSodTrainBuilder *self, GError **error)
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
