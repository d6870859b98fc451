/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bilinear enlargement by an integer factor: half-pixel centres, edges
 * clamped. With attrs.sum the second input is added to the result: a skip of
 * the decoder, joined by a pass. */
#include <gst-sod/nn/ops-private.h>

static gboolean
infer (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint n_inputs,
    GstSodShape *output, GError **error)
{
  const gint64 *in = inputs[0].dims;

  if (attrs->scale < 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "upsample takes a scale of 1 or more, not %d", attrs->scale);
    return FALSE;
  }
  *output = gst_sod_shape_nchw (
      in[0], in[1], in[2] * attrs->scale, in[3] * attrs->scale);
  if (n_inputs != (attrs->sum ? 2 : 1)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "upsample takes %d inputs here, %u were given", attrs->sum ? 2 : 1,
        n_inputs);
    return FALSE;
  }
  if (attrs->sum && !gst_sod_shape_equal (output, &inputs[1])) {
    g_autofree gchar *made = gst_sod_shape_to_string (output);
    g_autofree gchar *given = gst_sod_shape_to_string (&inputs[1]);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "upsample makes %s and cannot be added to %s; the network's input "
        "must be a multiple of 16 in both directions",
        made, given);
    return FALSE;
  }
  return TRUE;
}

static guint64
count_flops (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, const GstSodShape *output)
{
  /* Three interpolations of a multiply-add each, and the sum. */
  return (attrs->sum ? 7 : 6) * (guint64) gst_sod_shape_volume (output);
}

const GstSodOp gst_sod_op_upsample = {
  .kind = GST_SOD_OP_UPSAMPLE,
  .name = "upsample",
  .min_inputs = 1,
  .max_inputs = 2,
  .params = gst_sod_op_no_params,
  .infer = infer,
  .flops = count_flops,
};
