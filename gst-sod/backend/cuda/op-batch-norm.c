/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/op-private.h>

#define MOMENTUM 0.1f

enum
{
  WEIGHT,
  BIAS,
  RUNNING_MEAN,
  RUNNING_VAR,
  N_PARAMS
};

/* What lies on the device. */
typedef struct
{
  GstSodCudaView x, y;
  gfloat *params[N_PARAMS]; /* (c) */
  gfloat *saved;            /* (2, c) */
  gpointer scratch;
} Norm;

/* Uploads and runs forward; running statistics move there where @move. */
static void
run_forward (GstSodCudaOp *op, Norm *norm, gboolean move)
{
  const GstSodOpCall *call = op->call;
  gfloat epsilon = (gfloat) call->attrs->epsilon;

  norm->x = gst_sod_cuda_op_upload (op, call->inputs[0], 0);
  norm->y = gst_sod_cuda_op_view (op, call->output, 0, op->type);
  for (guint i = 0; i < N_PARAMS; i++)
    norm->params[i] = gst_sod_cuda_op_upload_values (op, call->params[i], 0);
  norm->saved =
      gst_sod_cuda_op_alloc (op, 2 * (gsize) norm->x.c * sizeof (gfloat));
  norm->scratch =
      gst_sod_cuda_op_alloc (op, gst_sod_cuda_kernel_norm_scratch (&norm->x));
  if (call->mode == GST_SOD_MODE_TRAIN)
    GST_SOD_CUDA_OP (op, norm_forward, &norm->x, norm->params[WEIGHT],
        norm->params[BIAS], epsilon, MOMENTUM,
        move ? norm->params[RUNNING_MEAN] : NULL,
        move ? norm->params[RUNNING_VAR] : NULL, FALSE, norm->saved,
        norm->scratch, &norm->y);
  else
    GST_SOD_CUDA_OP (op, norm_frozen, &norm->x, norm->params[WEIGHT],
        norm->params[BIAS], epsilon, norm->params[RUNNING_MEAN],
        norm->params[RUNNING_VAR], FALSE, norm->saved, &norm->y);
}

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;
  Norm norm;

  if (gst_sod_cuda_op_init (&op, call)) {
    run_forward (&op, &norm, TRUE);
    gst_sod_cuda_op_download (&op, &norm.y, call->output);
    for (guint i = RUNNING_MEAN; i < N_PARAMS; i++) {
      if (call->mode == GST_SOD_MODE_TRAIN)
        gst_sod_cuda_op_download_values (&op, norm.params[i], call->params[i]);
    }
  }
  return gst_sod_cuda_op_finish (&op, error);
}

/* Where the statistics are constants, the gradients of weight and bias are the
 * same sums, and that of the input does without them: two launches. */
static void
run_backward (GstSodCudaOp *op, const Norm *norm, gfloat *d_weight,
    gfloat *d_bias, GstSodCudaView *d_x)
{
  GstSodCudaView d_y = gst_sod_cuda_op_upload (op, op->call->d_output, 0);

  GST_SOD_CUDA_OP (op, norm_backward, &norm->x, NULL, &d_y,
      norm->params[WEIGHT], norm->saved, 1, d_weight, d_bias, norm->scratch,
      d_x);
  if (op->call->mode == GST_SOD_MODE_INFER)
    GST_SOD_CUDA_OP (op, norm_backward, &norm->x, NULL, &d_y,
        norm->params[WEIGHT], norm->saved, 1, NULL, NULL, norm->scratch, d_x);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;
  Norm norm;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView d_x = gst_sod_cuda_op_view (&op, call->output, 0, op.type);
    gsize size = (gsize) d_x.c * sizeof (gfloat);
    gfloat *d_weight = gst_sod_cuda_op_alloc (&op, size);
    gfloat *d_bias = gst_sod_cuda_op_alloc (&op, size);

    run_forward (&op, &norm, FALSE);
    run_backward (&op, &norm, d_weight, d_bias, &d_x);
    if (call->d_inputs[0] != NULL)
      gst_sod_cuda_op_download (&op, &d_x, call->d_inputs[0]);
    if (call->d_params[WEIGHT] != NULL)
      gst_sod_cuda_op_download_values (&op, d_weight, call->d_params[WEIGHT]);
    if (call->d_params[BIAS] != NULL)
      gst_sod_cuda_op_download_values (&op, d_bias, call->d_params[BIAS]);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_cuda_batch_norm = { forward, backward };
