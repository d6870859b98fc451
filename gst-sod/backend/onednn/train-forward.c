/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forward steps of a training plan. */
#include <gst-sod/backend/onednn/train-private.h>

static const GstSodTrainView *
get_input (const GstSodTrainBuilder *self, guint index)
{
  return &self->views[self->node->inputs[index]];
}

static const GstSodTrainView *
get_output (const GstSodTrainBuilder *self)
{
  return &self->views[self->node->output];
}

static const GstSodShape *
get_shape (const GstSodTrainBuilder *self)
{
  return &self->plan->shapes[self->node->output];
}

static gboolean
add_unit (GstSodTrainBuilder *self, GError **error)
{
  GstSodTrainNode *node = self->node;
  const GstSodTrainNode *pool = gst_sod_train_find_pool (self, node);
  const GstSodShape *shape = get_shape (self);
  GstSodTrainStep *step;

  self->raws[node->output] = gst_sod_train_add_view (self, shape, self->type);
  self->norms[node->output] = gst_sod_train_add_buffer (
      self, 4 * (gsize) shape->dims[1] * sizeof (gfloat));
  if (!gst_sod_train_add_conv (self, &self->raws[node->output], error))
    return FALSE;
  step = gst_sod_train_add_kernel (self,
      pool != NULL ? "kernel:norm-relu-max-pool" : "kernel:norm-relu",
      gst_sod_train_kernel_norm, shape);
  gst_sod_train_add_arg_view (self, step, &self->raws[node->output]);
  gst_sod_train_add_arg_view (self, step, get_output (self));
  gst_sod_train_add_arg_view (
      self, step, pool != NULL ? &self->views[pool->output] : NULL);
  gst_sod_train_add_arg (
      self, step, GST_SOD_TRAIN_BUFFER, self->norms[node->output]);
  gst_sod_train_add_scratch (self, step,
      gst_sod_train_norm_scratch (shape->dims[1], self->plan->threads));
  step->n_parts = node->n_parts;
  for (guint i = 0; i < node->n_parts; i++) {
    guint norm = node->parts[i].norm;

    step->parts[i] = node->parts[i].channels;
    step->epsilon =
        (gfloat) gst_sod_graph_node (self->plan->graph, norm)->attrs.epsilon;
    for (guint j = 0; j < 4; j++)
      gst_sod_train_add_arg (
          self, step, GST_SOD_TRAIN_WEIGHT, norm * GST_SOD_MAX_PARAMS + j);
  }
  return TRUE;
}

static void
add_pool (GstSodTrainBuilder *self, const gchar *impl, GstSodTrainKernel kernel)
{
  const GstSodShape *big = &self->plan->shapes[self->node->inputs[0]];
  GstSodTrainStep *step =
      gst_sod_train_add_kernel (self, impl, kernel, get_shape (self));

  step->big_h = big->dims[2];
  step->big_w = big->dims[3];
  gst_sod_train_add_arg_view (self, step, get_input (self, 0));
  gst_sod_train_add_arg_view (self, step, get_output (self));
}

static void
add_up (GstSodTrainBuilder *self)
{
  GstSodTrainStep *step;

  if (gst_sod_train_leaves_up (self, self->node))
    return;
  step = gst_sod_train_add_kernel (self, "kernel:up", gst_sod_train_kernel_up,
      &self->plan->shapes[self->node->inputs[0]]);
  gst_sod_train_add_arg_view (self, step, get_input (self, 0));
  gst_sod_train_add_arg_view (
      self, step, self->node->n_inputs > 1 ? get_input (self, 1) : NULL);
  gst_sod_train_add_arg_view (self, step, get_output (self));
}

static void
add_sum (GstSodTrainBuilder *self)
{
  GstSodTrainStep *step = gst_sod_train_add_kernel (
      self, "kernel:add", gst_sod_train_kernel_add, get_shape (self));

  gst_sod_train_add_arg_view (self, step, get_input (self, 0));
  gst_sod_train_add_arg_view (self, step, get_input (self, 1));
  gst_sod_train_add_arg_view (self, step, get_output (self));
}

/* Those inputs are copied that do not lie in it. */
static void
add_concat (GstSodTrainBuilder *self)
{
  GstSodTrainView target = *get_output (self);

  for (guint i = 0; i < self->node->n_inputs; i++) {
    const GstSodShape *shape = &self->plan->shapes[self->node->inputs[i]];
    const GstSodTrainView *source = get_input (self, i);

    if (source->buffer != target.buffer) {
      GstSodTrainStep *step = gst_sod_train_add_kernel (
          self, "kernel:copy", gst_sod_train_kernel_add, shape);

      gst_sod_train_add_arg_view (self, step, source);
      gst_sod_train_add_arg_view (self, step, NULL);
      gst_sod_train_add_arg_view (self, step, &target);
    }
    target.first += shape->dims[1];
  }
}

static void
add_tanh (GstSodTrainBuilder *self)
{
  GstSodTrainStep *step = gst_sod_train_add_kernel (
      self, "kernel:tanh", gst_sod_train_kernel_tanh, get_shape (self));

  gst_sod_train_add_arg_view (self, step, get_input (self, 0));
  gst_sod_train_add_arg_view (self, step, get_output (self));
}

gboolean
gst_sod_train_add_forward (GstSodTrainBuilder *self, GError **error)
{
  switch (self->node->kind) {
    case GST_SOD_TRAIN_UNIT:
      return add_unit (self, error);
    case GST_SOD_TRAIN_CONV:
      return gst_sod_train_add_conv (self, get_output (self), error);
    case GST_SOD_TRAIN_MAX_POOL:
      if (!gst_sod_train_is_taken_in (self, self->node))
        add_pool (self, "kernel:max-pool", gst_sod_train_kernel_max_pool);
      break;
    case GST_SOD_TRAIN_AVG_POOL:
      add_pool (self, "kernel:avg-pool", gst_sod_train_kernel_avg_pool);
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
