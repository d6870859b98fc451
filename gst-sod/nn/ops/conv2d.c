/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two-dimensional dilated convolution (cross-correlation) with zero padding:
 * y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v]
 *   * x[n, c, i * stride - padding + u * dilation, ... j ... v ...]
 * (the paper, III.E: every convolution is a dilated one). */
#include <gst-sod/nn/ops-private.h>

static guint
list_params (const GstSodOpAttrs *attrs, GstSodOpParam *params)
{
  params[0] = (GstSodOpParam){ "weight", TRUE };
  if (!attrs->bias)
    return 1;
  params[1] = (GstSodOpParam){ "bias", TRUE };
  return 2;
}

static GstSodShape
param_shape (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint index)
{
  if (index == 1)
    return gst_sod_shape_1d (attrs->channels);
  return gst_sod_shape_nchw (
      attrs->channels, inputs[0].dims[1], attrs->kernel, attrs->kernel);
}

static gint64
out_size (const GstSodOpAttrs *attrs, gint64 size)
{
  gint64 span = (gint64) attrs->dilation * (attrs->kernel - 1) + 1;
  gint64 room = size + 2 * (gint64) attrs->padding - span;

  return room < 0 ? 0 : room / attrs->stride + 1;
}

static gboolean
infer (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint n_inputs,
    GstSodShape *output, GError **error)
{
  const gint64 *in = inputs[0].dims;

  if (attrs->channels < 1 || attrs->kernel < 1 || attrs->stride < 1
      || attrs->dilation < 1 || attrs->padding < 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "conv2d takes channels, kernel, stride and dilation of 1 or more and "
        "padding of 0 or more, not %d, %d, %d, %d and %d",
        attrs->channels, attrs->kernel, attrs->stride, attrs->dilation,
        attrs->padding);
    return FALSE;
  }
  *output = gst_sod_shape_nchw (
      in[0], attrs->channels, out_size (attrs, in[2]), out_size (attrs, in[3]));
  if (output->dims[2] > 0 && output->dims[3] > 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "conv2d with a %dx%d kernel, dilation %d and padding %d does not fit "
      "into an input of %" G_GINT64_FORMAT "x%" G_GINT64_FORMAT
      " (height x width)",
      attrs->kernel, attrs->kernel, attrs->dilation, attrs->padding, in[2],
      in[3]);
  return FALSE;
}

static guint64
count_flops (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, const GstSodShape *output)
{
  guint64 taps = (guint64) inputs[0].dims[1] * attrs->kernel * attrs->kernel;

  return (2 * taps + (attrs->bias ? 1 : 0))
         * (guint64) gst_sod_shape_volume (output);
}

const GstSodOp gst_sod_op_conv2d = {
  .kind = GST_SOD_OP_CONV2D,
  .name = "conv2d",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = list_params,
  .param_shape = param_shape,
  .infer = infer,
  .flops = count_flops,
};
