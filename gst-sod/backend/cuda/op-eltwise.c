/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ops that are functions of single values. */
#include <gst-sod/backend/cuda/op-private.h>

/* The launchers of a function, and their name in messages. */
typedef struct
{
  const gchar *name;
  void (*forward) (
      void *stream, const GstSodCudaView *x, const GstSodCudaView *y);
  void (*backward) (void *stream, const GstSodCudaView *y,
      const GstSodCudaView *d_y, const GstSodCudaView *d_x);
} Function;

static gboolean
forward (const Function *function, const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call)) {
    GstSodCudaView x = gst_sod_cuda_op_upload (&op, call->inputs[0], 0);
    GstSodCudaView y = gst_sod_cuda_op_view (&op, call->output, 0, op.type);

    if (op.error == NULL) {
      function->forward (gst_sod_cuda_queue_get_stream (op.queue), &x, &y);
      gst_sod_cuda_op_check (&op, function->name);
    }
    gst_sod_cuda_op_download (&op, &y, call->output);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

static gboolean
backward (const Function *function, const GstSodOpCall *call, GError **error)
{
  GstSodCudaOp op;

  if (gst_sod_cuda_op_init (&op, call) && call->d_inputs[0] != NULL) {
    GstSodCudaView y = gst_sod_cuda_op_upload (&op, call->output, 0);
    GstSodCudaView d_y = gst_sod_cuda_op_upload (&op, call->d_output, 0);
    GstSodCudaView d_x =
        gst_sod_cuda_op_view (&op, call->d_inputs[0], 0, op.type);

    if (op.error == NULL) {
      function->backward (
          gst_sod_cuda_queue_get_stream (op.queue), &y, &d_y, &d_x);
      gst_sod_cuda_op_check (&op, function->name);
    }
    gst_sod_cuda_op_download (&op, &d_x, call->d_inputs[0]);
  }
  return gst_sod_cuda_op_finish (&op, error);
}

#define DEFINE_KERNEL(name)                                                    \
  static const Function name##_function = {                                    \
    #name,                                                                     \
    gst_sod_cuda_kernel_##name,                                                \
    gst_sod_cuda_kernel_##name##_backward,                                     \
  };                                                                           \
  static gboolean name##_forward (const GstSodOpCall *call, GError **error)    \
  {                                                                            \
    return forward (&name##_function, call, error);                            \
  }                                                                            \
  static gboolean name##_backward (const GstSodOpCall *call, GError **error)   \
  {                                                                            \
    return backward (&name##_function, call, error);                           \
  }                                                                            \
  const GstSodOpKernel gst_sod_cuda_##name = { name##_forward,                 \
    name##_backward };

DEFINE_KERNEL (relu)
DEFINE_KERNEL (sigmoid)
DEFINE_KERNEL (tanh)
