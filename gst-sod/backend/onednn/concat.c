/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

/* Inputs one after the other along the channels. */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;
  DnnlConstDesc descs[GST_SOD_MAX_INPUTS], dense;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  for (guint i = 0; i < call->n_inputs; i++)
    descs[i] = gst_sod_onednn_op_dense (&op, call->inputs[i]);
  dense = gst_sod_onednn_op_dense (&op, call->output);
  if (GST_SOD_ONEDNN_OP (&op, compat_concat (&pd, op.engine,
                                  (int) call->n_inputs, descs, dense, NULL))) {
    gst_sod_onednn_op_take (&op, pd);
    for (guint i = 0; i < call->n_inputs; i++)
      gst_sod_onednn_op_in (&op, &args, DNNL_ARG_MULTIPLE_SRC + (gint) i,
          call->inputs[i], descs[i]);
    gst_sod_onednn_op_out (&op, &args, DNNL_ARG_DST, call->output, dense);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

/* d_input = its channels of d_y */
static void
copy_part (
    GstSodOnednnOp *op, DnnlConstDesc whole, gint64 first, GstSodTensor *to)
{
  gint64 offsets[4] = { 0, first, 0, 0 };
  DnnlConstDesc dense = gst_sod_onednn_op_dense (op, to);
  DnnlDesc part = NULL;

  if (GST_SOD_ONEDNN_OP (op, compat_desc_new_part (&part, whole,
                                 gst_sod_tensor_get_shape (to)->dims, offsets)))
    gst_sod_onednn_reorder (op->engine, part,
        gst_sod_tensor_peek_data (op->call->d_output), dense,
        gst_sod_tensor_get_data (to), &op->error);
  compat_desc_free (part);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  DnnlConstDesc whole;
  gint64 first = 0;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  whole = gst_sod_onednn_op_dense (&op, call->d_output);
  for (guint i = 0; op.error == NULL && i < call->n_inputs; i++) {
    if (call->d_inputs[i] != NULL)
      copy_part (&op, whole, first, call->d_inputs[i]);
    first += gst_sod_tensor_get_dim (call->inputs[i], 1);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_onednn_concat = { forward, backward };
