/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/op-private.h>

/* Channels of input and output are filled up with zeros to a multiple of this:
 * 16 bytes of halves, as tensor cores want them. */
#define CHANNELS 8

static gint
fill_up (gint64 channels)
{
  return (gint) (channels + CHANNELS - 1) / CHANNELS * CHANNELS;
}

static GstSodCudaConvDesc
get_desc (const GstSodCudaOp *op, GstSodCudaConvPass pass)
{
  const GstSodOpAttrs *attrs = op->call->attrs;
  const gint64 *dims = gst_sod_tensor_get_shape (op->call->inputs[0])->dims;
  gint c = fill_up (dims[1]), k = fill_up (attrs->channels);

  return (GstSodCudaConvDesc){
    .pass = pass,
    .type = op->type,
    .n = (gint) dims[0],
    .c = c,
    .h = (gint) dims[2],
    .w = (gint) dims[3],
    .k = k,
    .kernel = attrs->kernel,
    .stride = attrs->stride,
    .dilation = attrs->dilation,
    .padding = attrs->padding,
    .x_stride = c,
    .y_stride = k,
    .bias = attrs->bias && pass == GST_SOD_CUDA_CONV_FORWARD,
    .relu = attrs->relu && pass == GST_SOD_CUDA_CONV_FORWARD,
    .deterministic = TRUE,
  };
}

/* (k, kernel, kernel, c) of the op's type, zeros. */
static gpointer
alloc_weights (GstSodCudaOp *op, const GstSodCudaConvDesc *desc)
{
  gsize size = (gsize) desc->k * desc->kernel * desc->kernel * desc->c
               * gst_sod_cuda_type_size (op->type);
  gpointer weights = gst_sod_cuda_op_alloc (op, size);

  if (weights != NULL)
    gst_sod_cuda_clear (op->queue, weights, size, &op->error);
  return weights;
}

static gpointer
upload_weights (GstSodCudaOp *op, const GstSodCudaConvDesc *desc)
{
  const GstSodTensor *tensor = op->call->params[0];
  gfloat *values = gst_sod_cuda_op_upload_values (op, tensor, 0);
  gpointer weights = alloc_weights (op, desc);

  GST_SOD_CUDA_OP (op, join_weights, values, op->call->attrs->channels,
      (gint) gst_sod_tensor_get_dim (tensor, 1), desc->kernel, weights,
      op->type, 0, desc->kernel, desc->c);
  return weights;
}

static void
run (GstSodCudaOp *op, const GstSodCudaConvDesc *desc, gpointer x, gpointer w,
    gconstpointer bias, gpointer y)
{
  GstSodCudaConv *conv;
  gpointer workspace;

  if (op->error != NULL)
    return;
  conv = gst_sod_cuda_conv_new (op->device, desc, &op->error);
  if (conv == NULL)
    return;
  workspace =
      gst_sod_cuda_op_alloc (op, gst_sod_cuda_conv_get_workspace (conv));
  if (op->error == NULL)
    gst_sod_cuda_conv_run (
        conv, op->queue, x, w, bias, y, workspace, &op->error);
  if (op->error == NULL)
    gst_sod_cuda_wait (op->queue, &op->error);
  gst_sod_cuda_conv_free (conv);
}

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaConvDesc desc = get_desc (&op, GST_SOD_CUDA_CONV_FORWARD);
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], desc.c);
    GstSodCudaView y =
        gst_sod_cuda_op_view (&op, call->output, desc.k, op.type);
    gpointer weights = upload_weights (&op, &desc);
    gfloat *bias = NULL;

    if (desc.bias)
      bias =
          gst_sod_cuda_op_upload_values (&op, call->params[1], (gsize) desc.k);
    run (&op, &desc, x.data, weights, bias, y.data);
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static void
run_data (GstSodCudaOp *op, const GstSodCudaView *d_y)
{
  GstSodTensor *d_input = op->call->d_inputs[0];
  GstSodCudaConvDesc desc = get_desc (op, GST_SOD_CUDA_CONV_DATA);
  gpointer weights = upload_weights (op, &desc);
  GstSodCudaView d_x = gst_sod_cuda_op_view (op, d_input, desc.c, op->type);

  run (op, &desc, d_x.data, weights, NULL, d_y->data);
  gst_sod_cuda_op_download (op, &d_x, d_input);
}

static void
run_weights (GstSodCudaOp *op, const GstSodCudaView *d_y)
{
  GstSodTensor *gradient = op->call->d_params[0];
  GstSodCudaConvDesc desc = get_desc (op, GST_SOD_CUDA_CONV_WEIGHTS);
  GstSodCudaView x = gst_sod_cuda_op_upload (op, op->call->inputs[0], desc.c);
  gpointer d_w = alloc_weights (op, &desc);
  gfloat *values = gst_sod_cuda_op_alloc (
      op, gst_sod_tensor_get_n_elements (gradient) * sizeof (gfloat));

  run (op, &desc, x.data, d_w, NULL, d_y->data);
  GST_SOD_CUDA_OP (op, split_weights, d_w, op->type, 0, desc.kernel, desc.c,
      values, op->call->attrs->channels,
      (gint) gst_sod_tensor_get_dim (gradient, 1), desc.kernel, 1);
  gst_sod_cuda_op_download_values (op, values, gradient);
}

static void
run_bias (GstSodCudaOp *op, const GstSodCudaView *d_y)
{
  gfloat *d_bias = gst_sod_cuda_op_alloc (op, (gsize) d_y->c * sizeof (gfloat));
  gpointer scratch =
      gst_sod_cuda_op_alloc (op, gst_sod_cuda_kernel_norm_scratch (d_y));

  GST_SOD_CUDA_OP (op, bias_backward, d_y, 1, d_bias, scratch);
  gst_sod_cuda_op_download_values (op, d_bias, op->call->d_params[1]);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (!gst_sod_cuda_op_check_unfused (call, "conv2d", error))
    return FALSE;
  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView d_y = gst_sod_cuda_op_upload (
        &op, call->d_output, fill_up (call->attrs->channels));

    if (call->d_inputs[0] != NULL)
      run_data (&op, &d_y);
    if (call->d_params[0] != NULL)
      run_weights (&op, &d_y);
    if (call->attrs->bias && call->d_params[1] != NULL)
      run_bias (&op, &d_y);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_conv2d = { forward, backward };
