/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maximum over kernel x kernel windows, no padding. What average pooling
 * shares with it stands here. */
#include <gst-sod/nn/ops-private.h>

gboolean
gst_sod_op_infer_pool (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, GstSodShape *output, GError **error)
{
  const gint64 *in = inputs[0].dims;

  if (attrs->kernel < 1 || attrs->stride < 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a pool takes a kernel and a stride of 1 or more, not %d and %d",
        attrs->kernel, attrs->stride);
    return FALSE;
  }
  if (in[2] < attrs->kernel || in[3] < attrs->kernel) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a %dx%d pool does not fit into an input of %" G_GINT64_FORMAT
        "x%" G_GINT64_FORMAT " (height x width)",
        attrs->kernel, attrs->kernel, in[2], in[3]);
    return FALSE;
  }
  *output = gst_sod_shape_nchw (in[0], in[1],
      (in[2] - attrs->kernel) / attrs->stride + 1,
      (in[3] - attrs->kernel) / attrs->stride + 1);
  return TRUE;
}

guint64
gst_sod_op_flops_pool (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, const GstSodShape *output)
{
  return (guint64) attrs->kernel * attrs->kernel
         * (guint64) gst_sod_shape_volume (output);
}

const GstSodOp gst_sod_op_max_pool = {
  .kind = GST_SOD_OP_MAX_POOL,
  .name = "max_pool",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = gst_sod_op_no_params,
  .infer = gst_sod_op_infer_pool,
  .flops = gst_sod_op_flops_pool,
};
