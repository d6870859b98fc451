/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/ops-private.h>

static const GstSodOp *const ops[GST_SOD_N_OPS] = {
  [GST_SOD_OP_CONV2D] = &gst_sod_op_conv2d,
  [GST_SOD_OP_BATCH_NORM] = &gst_sod_op_batch_norm,
  [GST_SOD_OP_RELU] = &gst_sod_op_relu,
  [GST_SOD_OP_SIGMOID] = &gst_sod_op_sigmoid,
  [GST_SOD_OP_TANH] = &gst_sod_op_tanh,
  [GST_SOD_OP_MAX_POOL] = &gst_sod_op_max_pool,
  [GST_SOD_OP_AVG_POOL] = &gst_sod_op_avg_pool,
  [GST_SOD_OP_UPSAMPLE] = &gst_sod_op_upsample,
  [GST_SOD_OP_CONCAT] = &gst_sod_op_concat,
  [GST_SOD_OP_ADD] = &gst_sod_op_add,
};

const GstSodOp *
gst_sod_op_get (GstSodOpKind kind)
{
  g_return_val_if_fail ((guint) kind < GST_SOD_N_OPS, NULL);

  return ops[kind];
}

gboolean
gst_sod_op_same_shape (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, GstSodShape *output, GError **error)
{
  *output = inputs[0];
  return TRUE;
}

guint
gst_sod_op_no_params (const GstSodOpAttrs *attrs, GstSodOpParam *params)
{
  return 0;
}

gint64
gst_sod_shape_volume (const GstSodShape *shape)
{
  gint64 volume = 1;

  for (guint i = 0; i < shape->n_dims; i++)
    volume *= shape->dims[i];
  return volume;
}

guint64
gst_sod_op_flops_per_output (const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, const GstSodShape *output)
{
  return (guint64) gst_sod_shape_volume (output);
}

gboolean
gst_sod_op_infer (GstSodOpKind kind, const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, GstSodShape *output,
    GError **error)
{
  const GstSodOp *op = gst_sod_op_get (kind);
  gsize count;

  if (n_inputs < op->min_inputs || n_inputs > op->max_inputs) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s takes %u to %u inputs, %u were given", op->name, op->min_inputs,
        op->max_inputs, n_inputs);
    return FALSE;
  }
  for (guint i = 0; i < n_inputs; i++) {
    g_autofree gchar *text = gst_sod_shape_to_string (&inputs[i]);

    if (inputs[i].n_dims != 4 || !gst_sod_shape_count (&inputs[i], &count)
        || count == 0) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
          "%s takes inputs of shape (n, c, h, w) with sizes over 0, input %u "
          "is %s",
          op->name, i, text);
      return FALSE;
    }
  }
  return op->infer (attrs, inputs, n_inputs, output, error);
}
