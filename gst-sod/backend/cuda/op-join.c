/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ops of several inputs: concat and add. */
#include <gst-sod/backend/cuda/op-private.h>

/* Channels [first, first + those of @tensor) of @whole. */
static GstSodCudaView
get_slice (
    const GstSodCudaView *whole, const GstSodTensor *tensor, gint64 first)
{
  GstSodCudaView slice = *whole;

  if (slice.data != NULL)
    slice.data = (guint8 *) slice.data
                 + (gsize) first * gst_sod_cuda_type_size (slice.type);
  slice.c = (gint) gst_sod_tensor_get_dim (tensor, 1);
  return slice;
}

static gboolean
concat_forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);
    gint64 first = 0;

    for (guint i = 0; i < call->n_inputs; i++) {
      GstSodCudaView slice = get_slice (&y, call->inputs[i], first);
      GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[i], 0);

      GST_SOD_CUDA_OP (&op, copy, &x, &slice);
      first += slice.c;
    }
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
concat_backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);
    gint64 first = 0;

    for (guint i = 0; i < call->n_inputs; i++) {
      GstSodCudaView slice = get_slice (&d_y, call->inputs[i], first);

      if (call->d_inputs[i] != NULL)
        gst_sod_cuda_op_download (&op, &slice, call->d_inputs[i]);
      first += slice.c;
    }
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_concat = { concat_forward, concat_backward };

/* Sums of more than two inputs are f32 on the way. */
static gboolean
add_forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);
    GstSodCudaView sum =
        gst_sod_cuda_op_view (&op, call->output, 0, GST_SOD_CUDA_F32);

    for (guint i = 0; i < call->n_inputs; i++) {
      GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[i], 0);

      if (i == 0)
        GST_SOD_CUDA_OP (&op, copy, &x, &sum);
      else
        GST_SOD_CUDA_OP (
            &op, add, &sum, &x, i + 1 < call->n_inputs ? &sum : &y);
    }
    if (call->n_inputs == 1)
      GST_SOD_CUDA_OP (&op, copy, &sum, &y);
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
add_backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);

    for (guint i = 0; i < call->n_inputs; i++) {
      if (call->d_inputs[i] != NULL)
        gst_sod_cuda_op_download (&op, &d_y, call->d_inputs[i]);
    }
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_add = { add_forward, add_backward };
