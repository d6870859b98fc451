/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Concatenation along the channels, in the order of the inputs. */
#include <gst-sod/nn/ops-private.h>

static gboolean
infer (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint n_inputs,
    GstSodShape *output, GError **error)
{
  *output = inputs[0];
  for (guint i = 1; i < n_inputs; i++) {
    GstSodShape expected = inputs[0];

    expected.dims[1] = inputs[i].dims[1];
    if (!gst_sod_shape_equal (&expected, &inputs[i])) {
      g_autofree gchar *first = gst_sod_shape_to_string (&inputs[0]);
      g_autofree gchar *given = gst_sod_shape_to_string (&inputs[i]);

      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
          "concat joins inputs that are alike but for their channels: input 0 "
          "is %s, input %u is %s",
          first, i, given);
      return FALSE;
    }
    output->dims[1] += inputs[i].dims[1];
  }
  return TRUE;
}

static guint64
count_flops (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, const GstSodShape *output)
{
  return 0;
}

const GstSodOp gst_sod_op_concat = {
  .kind = GST_SOD_OP_CONCAT,
  .name = "concat",
  .min_inputs = 1,
  .max_inputs = GST_SOD_MAX_INPUTS,
  .params = gst_sod_op_no_params,
  .infer = infer,
  .flops = count_flops,
};
