/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sum of two inputs of one shape: a skip connection. */
#include <gst-sod/nn/ops-private.h>

static gboolean
infer (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint n_inputs,
    GstSodShape *output, GError **error)
{
  *output = inputs[0];
  if (!gst_sod_shape_equal (&inputs[0], &inputs[1])) {
    g_autofree gchar *a = gst_sod_shape_to_string (&inputs[0]);
    g_autofree gchar *b = gst_sod_shape_to_string (&inputs[1]);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "add takes two inputs of one shape, not %s and %s; the network's "
        "input must be a multiple of 16 in both directions",
        a, b);
    return FALSE;
  }
  return TRUE;
}

const GstSodOp gst_sod_op_add = {
  .kind = GST_SOD_OP_ADD,
  .name = "add",
  .min_inputs = 2,
  .max_inputs = 2,
  .params = gst_sod_op_no_params,
  .infer = infer,
  .flops = gst_sod_op_flops_per_output,
};
