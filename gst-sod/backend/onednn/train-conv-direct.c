/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a training plan that go to kernels of our own: where the CPU
 * has AVX2 and no more, on which oneDNN 2.6 knows no gradients of a dilated
 * kernel's weights but by way of matrices, and is slow with channels last. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>
#include <gst-sod/backend/onednn/train-tiles-private.h>
#include <gst-sod/backend/onednn/train-weights-private.h>

#define WIDTH GST_SOD_ONEDNN_CONV_BLOCK
#define FEW 8 /* channels of a picture, at most */

static gboolean
can_run (const GstSodTrainBuilder *self)
{
  return self->type == dnnl_f32 && compat_is_avx2 ()
         && GST_SOD_ONEDNN_CAN_PERMUTE && !self->node->conv.bias;
}

static const GstSodShape *
get_source (const GstSodTrainBuilder *self)
{
  return &self->plan->shapes[self->node->inputs[0]];
}

static const GstSodShape *
get_target (const GstSodTrainBuilder *self)
{
  return &self->plan->shapes[self->node->output];
}

/* Gradients of weights: what oneDNN 2.6 reads for each pair of blocks of
 * channels, this reads once. With AMX they have tiles. */
static gboolean
can_run_wide (const GstSodTrainBuilder *self)
{
  gboolean fits =
      self->type == dnnl_bf16
          ? !compat_has_amx () && gst_sod_train_get_add_pairs_fast () != NULL
          : GST_SOD_ONEDNN_CAN_PERMUTE;

  return fits && compat_has_avx512 () && !self->node->conv.bias
         && get_target (self)->dims[1] % (2 * WIDTH) == 0;
}

/* What @step computes from @source to @target. */
static void
describe (const GstSodTrainBuilder *self, const GstSodShape *source,
    const GstSodShape *target, GstSodTrainStep *step)
{
  const GstSodOpAttrs *attrs = &self->node->conv;

  step->n = source->dims[0];
  step->c = source->dims[1];
  step->h = source->dims[2];
  step->w = source->dims[3];
  step->channels = target->dims[1];
  step->big_h = target->dims[2];
  step->big_w = target->dims[3];
  step->size = attrs->kernel;
  step->stride = attrs->stride;
  step->dilation = attrs->dilation;
  step->padding = attrs->padding;
}

static gboolean
fits (const GstSodTrainStep *step)
{
  GstSodOnednnStep convolution;

  gst_sod_train_direct_describe (step, &convolution);
  return gst_sod_onednn_kernel_conv_fits (&convolution);
}

/* The node's weights, packed by @kernel. */
static guint
add_pack (GstSodTrainBuilder *self, const gchar *impl, GstSodTrainKernel kernel)
{
  const GstSodTrainNode *node = self->node;
  const GstSodShape *target = get_target (self);
  gint64 c_in = get_source (self)->dims[1];
  gsize size =
      (gsize) (target->dims[1] * c_in * node->conv.kernel * node->conv.kernel)
      * sizeof (gfloat);
  guint packed = gst_sod_train_add_buffer (self, size), whole = 0;
  GstSodTrainStep *step;

  if (node->n_parts > 1)
    whole = gst_sod_train_add_parts (
        self, FALSE, gst_sod_train_add_buffer (self, size));
  step = gst_sod_train_add_kernel (self, impl, kernel, target);
  step->c_in = c_in;
  step->channels = target->dims[1];
  step->size = node->conv.kernel;
  if (node->n_parts > 1)
    gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_BUFFER, whole);
  else
    gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_WEIGHT,
        node->parts[0].conv * GST_SOD_MAX_PARAMS);
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_BUFFER, packed);
  return packed;
}

/* @what: the source, the target and the window. */
static void
add_convolution (GstSodTrainBuilder *self, const GstSodTrainStep *what,
    guint packed, const GstSodTrainView *from, const GstSodTrainView *to)
{
  const GstSodShape source =
      gst_sod_shape_nchw (what->n, what->c, what->h, what->w);
  const GstSodShape target =
      gst_sod_shape_nchw (what->n, what->channels, what->big_h, what->big_w);
  GstSodTrainStep *step = gst_sod_train_add_kernel (
      self, "kernel:conv", gst_sod_train_kernel_conv, &source);
  GstSodOnednnStep convolution;

  describe (self, &source, &target, step);
  step->padding = what->padding;
  gst_sod_train_direct_describe (step, &convolution);
  gst_sod_train_add_arg_view (self, step, from);
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_BUFFER, packed);
  gst_sod_train_add_arg_view (self, step, to);
  gst_sod_train_add_scratch (self, step,
      gst_sod_onednn_kernel_conv_scratch (&convolution, self->plan->threads));
}

gboolean
gst_sod_train_add_direct (
    GstSodTrainBuilder *self, const GstSodTrainView *target)
{
  GstSodTrainStep what = { NULL };

  describe (self, get_source (self), get_target (self), &what);
  if (!can_run (self) || !fits (&what))
    return FALSE;
  add_convolution (self, &what,
      add_pack (self, "kernel:pack", gst_sod_train_kernel_pack),
      &self->views[self->node->inputs[0]], target);
  return TRUE;
}

gboolean
gst_sod_train_add_direct_data (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *d_source)
{
  GstSodTrainStep what = { NULL };

  describe (self, get_target (self), get_source (self), &what);
  what.padding = (what.size - 1) * what.dilation - what.padding;
  if (!can_run (self) || what.stride != 1 || what.padding < 0
      || get_target (self)->dims[1] % WIDTH != 0 || !fits (&what))
    return FALSE;
  add_convolution (self, &what,
      add_pack (self, "kernel:pack-turned", gst_sod_train_kernel_pack_turned),
      d_target, d_source);
  return TRUE;
}

/* Gradients of weights in bf16, with AMX. */
static gboolean
can_run_tiles (const GstSodTrainBuilder *self, const GstSodTrainStep *what)
{
  return self->type == dnnl_bf16 && !self->node->conv.bias
         && gst_sod_train_tiles_get_fast () != NULL
         && gst_sod_train_tiles_fit (what);
}

gboolean
gst_sod_train_add_direct_weights (
    GstSodTrainBuilder *self, const GstSodTrainView *d_target)
{
  const GstSodTrainNode *node = self->node;
  const GstSodShape *source = get_source (self);
  gboolean few = source->dims[1] <= FEW && node->conv.dilation == 1;
  gboolean tiles;
  guint whole = 0;
  GstSodTrainStep what = { NULL }, *step;

  describe (self, source, get_target (self), &what);
  tiles = can_run_tiles (self, &what);
  if (!tiles
      && ((!can_run (self) && !can_run_wide (self))
          || get_target (self)->dims[1] % WIDTH != 0
          || (source->dims[1] % WIDTH != 0 && !few)))
    return FALSE;
  step = gst_sod_train_add_kernel (self,
      tiles ? "kernel:conv-weights-tiles" : "kernel:conv-weights",
      tiles ? gst_sod_train_kernel_tile_weights
            : gst_sod_train_kernel_conv_weights,
      source);
  describe (self, source, get_target (self), step);
  step->trained_only = TRUE;
  gst_sod_train_add_arg_view (self, step, &self->views[node->inputs[0]]);
  gst_sod_train_add_arg_view (self, step, d_target);
  gst_sod_train_add_scratch (self, step,
      tiles ? gst_sod_train_tiles_scratch (step, self->plan->threads)
            : gst_sod_train_direct_scratch (step, self->plan->threads));
  if (node->n_parts == 1) {
    gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_GRADIENT,
        node->parts[0].conv * GST_SOD_MAX_PARAMS);
    return TRUE;
  }
  whole = gst_sod_train_add_buffer (
      self, (gsize) (step->channels * step->c * step->size * step->size)
                * sizeof (gfloat));
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_BUFFER, whole);
  gst_sod_train_add_parts (self, TRUE, whole);
  return TRUE;
}
