/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forward steps of a training plan. */
#include <gst-sod/backend/cuda/train-private.h>

#define MOMENTUM 0.1f /* of running statistics */

static const GstSodCudaTrainView *
get_input (const GstSodCudaTrainBuilder *self, guint index)
{
  return &self->views[self->node->inputs[index]];
}

static const GstSodCudaTrainView *
get_output (const GstSodCudaTrainBuilder *self)
{
  return &self->views[self->node->output];
}

static const GstSodShape *
get_shape (const GstSodCudaTrainBuilder *self)
{
  return &self->plan->shapes[self->node->output];
}

/* ---- steps at work ---- */

/* views: raw, output; buffer: what was used, 2 a channel. Each part has a norm
 * of its own. */
static gboolean
run_norm (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  gfloat *saved = gst_sod_cuda_train_get_buffer (run, step->buffer);
  gint first = 0;

  for (guint i = 0; i < step->n_parts; i++) {
    const GstSodTrainPart *part = &step->parts[i];
    gint c = (gint) part->channels;
    GstSodCudaTrainView from =
        gst_sod_cuda_train_slice (&step->views[0], first, c);
    GstSodCudaTrainView to =
        gst_sod_cuda_train_slice (&step->views[1], first, c);
    GstSodCudaView x = gst_sod_cuda_train_get_view (run, &from);
    GstSodCudaView y = gst_sod_cuda_train_get_view (run, &to);
    const gfloat *weight = gst_sod_cuda_train_get_weight (run, part->norm, 0);
    const gfloat *bias = gst_sod_cuda_train_get_weight (run, part->norm, 1);
    gfloat *mean = gst_sod_cuda_train_get_weight (run, part->norm, 2);
    gfloat *variance = gst_sod_cuda_train_get_weight (run, part->norm, 3);

    if (run->frozen)
      gst_sod_cuda_kernel_norm_frozen (run->stream, &x, weight, bias,
          step->epsilon, mean, variance, TRUE, saved + 2 * first, &y);
    else
      gst_sod_cuda_kernel_norm_forward (run->stream, &x, weight, bias,
          step->epsilon, MOMENTUM, mean, variance, TRUE, saved + 2 * first,
          run->workspace, &y);
    if (!gst_sod_cuda_check (run->queue, "norm", error))
      return FALSE;
    first += c;
  }
  return TRUE;
}

/* views: input, output */
static gboolean
run_max_pool (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_max_pool (run->stream, &x, step->size, step->stride, &y);
  return TRUE;
}

static gboolean
run_avg_pool (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_avg_pool (run->stream, &x, step->size, step->stride, &y);
  return TRUE;
}

/* views: input, summand (?), output */
static gboolean
run_up (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView skip = gst_sod_cuda_train_get_view (run, &step->views[1]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[2]);

  gst_sod_cuda_kernel_upsample (run->stream, &x, step->size,
      skip.data != NULL ? &skip : NULL, GST_SOD_CUDA_LINEAR, &y);
  return TRUE;
}

/* views: a, b, output */
static gboolean
run_add (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView a = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView b = gst_sod_cuda_train_get_view (run, &step->views[1]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[2]);

  gst_sod_cuda_kernel_add (run->stream, &a, &b, &y);
  return TRUE;
}

/* views: input, output */
static gboolean
run_tanh (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView x = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView y = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_tanh (run->stream, &x, &y);
  return TRUE;
}

/* ---- nodes ---- */

static gboolean
add_unit (GstSodCudaTrainBuilder *self, GError **error)
{
  const GstSodTrainNode *node = self->node;
  GstSodCudaTrainView *raw = &self->raws[node->output];
  guint *norm = &self->norms[node->output];
  GstSodCudaTrainStep *step;

  *raw = gst_sod_cuda_train_add_view (self, get_shape (self), self->type, 0);
  *norm = gst_sod_cuda_train_add_buffer (
      self, 2 * (gsize) raw->c * sizeof (gfloat));
  if (!gst_sod_cuda_train_add_conv (self, raw, error))
    return FALSE;
  step = gst_sod_cuda_train_add_step (self, "norm-relu", run_norm);
  step->n_parts = node->n_parts;
  for (guint i = 0; i < node->n_parts; i++) {
    GstSodCudaView view = { NULL, raw->type, raw->n, raw->h, raw->w,
      (gint) node->parts[i].channels, raw->pitch };

    step->parts[i] = node->parts[i];
    gst_sod_cuda_train_need_workspace (
        self, gst_sod_cuda_kernel_norm_scratch (&view));
  }
  step->epsilon =
      (gfloat) gst_sod_graph_node (self->plan->graph, node->parts[0].norm)
          ->attrs.epsilon;
  gst_sod_cuda_train_set_view (self, step, 0, raw);
  gst_sod_cuda_train_set_view (self, step, 1, get_output (self));
  gst_sod_cuda_train_set_buffer (self, step, *norm);
  return TRUE;
}

static void
add_pool (GstSodCudaTrainBuilder *self)
{
  gboolean is_max = self->node->kind == GST_SOD_TRAIN_MAX_POOL;
  GstSodCudaTrainStep *step = gst_sod_cuda_train_add_step (self,
      is_max ? "max-pool" : "avg-pool", is_max ? run_max_pool : run_avg_pool);

  step->size = self->node->node->attrs.kernel;
  step->stride = self->node->node->attrs.stride;
  gst_sod_cuda_train_set_view (self, step, 0, get_input (self, 0));
  gst_sod_cuda_train_set_view (self, step, 1, get_output (self));
}

static void
add_up (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainStep *step = gst_sod_cuda_train_add_step (self, "up", run_up);

  step->size = get_output (self)->h / get_input (self, 0)->h;
  gst_sod_cuda_train_set_view (self, step, 0, get_input (self, 0));
  gst_sod_cuda_train_set_view (
      self, step, 1, self->node->n_inputs > 1 ? get_input (self, 1) : NULL);
  gst_sod_cuda_train_set_view (self, step, 2, get_output (self));
}

static void
add_sum (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "add", run_add);

  gst_sod_cuda_train_set_view (self, step, 0, get_input (self, 0));
  gst_sod_cuda_train_set_view (self, step, 1, get_input (self, 1));
  gst_sod_cuda_train_set_view (self, step, 2, get_output (self));
}

/* Those inputs are copied that do not lie in it. */
static void
add_concat (GstSodCudaTrainBuilder *self)
{
  const GstSodCudaTrainView *target = get_output (self);
  gint first = 0;

  for (guint i = 0; i < self->node->n_inputs; i++) {
    const GstSodCudaTrainView *source = get_input (self, i);
    GstSodCudaTrainView place =
        gst_sod_cuda_train_slice (target, first, source->c);

    if (source->buffer != place.buffer || source->first != place.first)
      gst_sod_cuda_train_add_copy (self, source, &place);
    first += source->c;
  }
}

static void
add_tanh (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "tanh", run_tanh);

  gst_sod_cuda_train_set_view (self, step, 0, get_input (self, 0));
  gst_sod_cuda_train_set_view (self, step, 1, get_output (self));
}

gboolean
gst_sod_cuda_train_add_forward (GstSodCudaTrainBuilder *self, GError **error)
{
  switch (self->node->kind) {
    case GST_SOD_TRAIN_UNIT:
      return add_unit (self, error);
    case GST_SOD_TRAIN_CONV:
      return gst_sod_cuda_train_add_conv (self, get_output (self), error);
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
