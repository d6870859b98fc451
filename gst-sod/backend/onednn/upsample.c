/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

#include <string.h>

/* Bilinear enlargement; + inputs[1] where attrs.sum, which goes into the
 * destination first. */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  const GstSodOpAttrs *attrs = call->attrs;
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t pd = NULL;
  DnnlConstDesc src, dst;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  src = gst_sod_onednn_op_dense (&op, call->inputs[0]);
  dst = gst_sod_onednn_op_dense (&op, call->output);
  if (attrs->sum)
    memcpy (gst_sod_tensor_get_data (call->output),
        gst_sod_tensor_peek_data (call->inputs[1]),
        gst_sod_tensor_get_size (call->output));
  if (op.error == NULL
      && gst_sod_onednn_fuse (&attr, attrs->sum, attrs->relu, &op.error)
      && GST_SOD_ONEDNN_OP (&op, compat_resampling_forward (&pd, op.engine,
                                     dnnl_forward_inference, src, dst, attr))) {
    gst_sod_onednn_op_take (&op, pd);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_SRC, call->inputs[0], src);
    gst_sod_onednn_op_out (&op, &args, DNNL_ARG_DST, call->output, dst);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return gst_sod_onednn_op_finish (&op, error);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  DnnlConstDesc src, dst;

  if (!gst_sod_onednn_op_check_unfused (call, "upsample", error))
    return FALSE;
  if (call->d_inputs[0] == NULL)
    return TRUE;
  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  src = gst_sod_onednn_op_dense (&op, call->inputs[0]);
  dst = gst_sod_onednn_op_dense (&op, call->output);
  GST_SOD_ONEDNN_OP (&op, compat_resampling_forward (&hint, op.engine,
                              dnnl_forward_training, src, dst, NULL));
  gst_sod_onednn_op_take (&op, hint);
  if (GST_SOD_ONEDNN_OP (
          &op, compat_resampling_backward (&pd, op.engine, src, dst, hint))) {
    gst_sod_onednn_op_take (&op, pd);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_DIFF_DST, call->d_output, dst);
    gst_sod_onednn_op_out (
        &op, &args, DNNL_ARG_DIFF_SRC, call->d_inputs[0], src);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_onednn_upsample = { forward, backward };
