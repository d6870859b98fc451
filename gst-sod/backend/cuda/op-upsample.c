/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/op-private.h>

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], 0);
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);
    GstSodCudaView skip = { NULL };

    if (call->attrs->sum)
      skip = gst_sod_cuda_op_upload (&op, call->inputs[1], 0);
    GST_SOD_CUDA_OP (&op, upsample, &x, call->attrs->scale,
        call->attrs->sum ? &skip : NULL,
        call->attrs->relu ? GST_SOD_CUDA_RELU : GST_SOD_CUDA_LINEAR, &y);
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (!gst_sod_cuda_op_check_unfused (call, "upsample", error))
    return FALSE;
  if (gst_sod_cuda_op_init (&op, call) && call->d_inputs[0] != NULL) {
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);
    GstSodCudaView d_x =
        gst_sod_cuda_op_view (&op, call->d_inputs[0], 0, op.type);

    GST_SOD_CUDA_OP (&op, upsample_backward, &d_y, call->attrs->scale, &d_x);
    gst_sod_cuda_op_download (&op, &d_x, call->d_inputs[0]);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_upsample = { forward, backward };
