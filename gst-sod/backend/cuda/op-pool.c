/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/op-private.h>

static gboolean
max_pool_forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], 0);
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);

    GST_SOD_CUDA_OP (
        &op, max_pool, &x, call->attrs->kernel, call->attrs->stride, &y);
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
max_pool_backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call) && call->d_inputs[0] != NULL) {
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], 0);
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);
    GstSodCudaView d_x =
        gst_sod_cuda_op_view (&op, call->d_inputs[0], 0, op.type);

    GST_SOD_CUDA_OP (&op, max_pool_backward, &x, &d_y, call->attrs->kernel,
        call->attrs->stride, NULL, &d_x);
    gst_sod_cuda_op_download (&op, &d_x, call->d_inputs[0]);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_max_pool = { max_pool_forward,
  max_pool_backward };

static gboolean
avg_pool_forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], 0);
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);

    GST_SOD_CUDA_OP (
        &op, avg_pool, &x, call->attrs->kernel, call->attrs->stride, &y);
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
avg_pool_backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call) && call->d_inputs[0] != NULL) {
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);
    GstSodCudaView d_x =
        gst_sod_cuda_op_view (&op, call->d_inputs[0], 0, op.type);

    GST_SOD_CUDA_OP (&op, avg_pool_backward, &d_y, call->attrs->kernel,
        call->attrs->stride, NULL, &d_x);
    gst_sod_cuda_op_download (&op, &d_x, call->d_inputs[0]);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_avg_pool = { avg_pool_forward,
  avg_pool_backward };
