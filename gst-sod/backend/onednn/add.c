/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

#include <string.h>

/* y = a + b */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;
  DnnlConstDesc dense;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  dense = gst_sod_onednn_op_dense (&op, call->output);
  if (GST_SOD_ONEDNN_OP (&op, compat_add (&pd, op.engine, dense, NULL))) {
    gst_sod_onednn_op_take (&op, pd);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_SRC_0, call->inputs[0], dense);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_SRC_1, call->inputs[1], dense);
    gst_sod_onednn_op_out (&op, &args, DNNL_ARG_DST, call->output, dense);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

/* d_a = d_b = d_y */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  for (guint i = 0; i < call->n_inputs; i++) {
    if (call->d_inputs[i] != NULL)
      memcpy (gst_sod_tensor_get_data (call->d_inputs[i]),
          gst_sod_tensor_peek_data (call->d_output),
          gst_sod_tensor_get_size (call->d_output));
  }
  return TRUE;
}

const GstSodOpKernel gst_sod_onednn_add = { forward, backward };
