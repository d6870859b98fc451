/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

G_BEGIN_DECLS

/* One call of a single op, on the first device: the host's tensors are copied
 * there, channels innermost, the kernels that plans run too do their work, and
 * results are copied back. f32, f16 and bf16. Errors are kept: after the first
 * every call does nothing. */
typedef struct
{
  const GstSodOpCall *call;
  GstSodCudaDevice *device;
  GstSodCudaQueue *queue;
  GstSodCudaType type;
  GPtrArray *memory; /* of device memory, owned */
  GError *error;
} GstSodCudaOp;

/* The ops of this back end, by their kind. */
extern const GstSodOpKernel *const gst_sod_cuda_ops[GST_SOD_N_OPS];

/* GST_SOD_ERROR_UNSUPPORTED where the output is of another type than f32, f16
 * and bf16; GST_SOD_ERROR_DEVICE. In any case followed by finish(). */
gboolean gst_sod_cuda_op_init (GstSodCudaOp *self, const GstSodOpCall *call);

/* Frees all; FALSE and @error where something failed. */
gboolean gst_sod_cuda_op_finish (GstSodCudaOp *self, GError **error);

/* @size bytes of the device until the op ends; NULL after an error. */
gpointer gst_sod_cuda_op_alloc (GstSodCudaOp *self, gsize size);

/* A place for @tensor's shape with @c channels, at least its own, of @type. */
GstSodCudaView gst_sod_cuda_op_view (GstSodCudaOp *self,
    const GstSodTensor *tensor, gint c, GstSodCudaType type);

/* A view of the op's type that holds @tensor (n, c, h, w), and zeros up to @c
 * channels (0: as many as it has); and back. */
GstSodCudaView gst_sod_cuda_op_upload (
    GstSodCudaOp *self, const GstSodTensor *tensor, gint c);
void gst_sod_cuda_op_download (
    GstSodCudaOp *self, const GstSodCudaView *view, GstSodTensor *tensor);

/* Elements of @tensor as they lie, as f32; and back. @size: elements that are
 * made room for, zeros after the tensor's own (0: as many as it has). */
gfloat *gst_sod_cuda_op_upload_values (
    GstSodCudaOp *self, const GstSodTensor *tensor, gsize size);
void gst_sod_cuda_op_download_values (
    GstSodCudaOp *self, const gfloat *values, GstSodTensor *tensor);

/* TRUE as long as nothing failed; after each launch of kernel @name. */
gboolean gst_sod_cuda_op_check (GstSodCudaOp *self, const gchar *name);

/* FALSE and GST_SOD_ERROR_UNSUPPORTED where attributes that only inference
 * sets would have to be differentiated. */
gboolean gst_sod_cuda_op_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error);

/* Launches gst_sod_cuda_kernel_@name on the op's queue. */
#define GST_SOD_CUDA_OP(op, name, ...)                                         \
  G_STMT_START                                                                 \
  {                                                                            \
    if ((op)->error == NULL) {                                                 \
      gst_sod_cuda_kernel_##name (                                             \
          gst_sod_cuda_queue_get_stream ((op)->queue), __VA_ARGS__);           \
      gst_sod_cuda_op_check ((op), #name);                                     \
    }                                                                          \
  }                                                                            \
  G_STMT_END

extern const GstSodOpKernel gst_sod_cuda_conv2d;
extern const GstSodOpKernel gst_sod_cuda_batch_norm;
extern const GstSodOpKernel gst_sod_cuda_relu;
extern const GstSodOpKernel gst_sod_cuda_sigmoid;
extern const GstSodOpKernel gst_sod_cuda_tanh;
extern const GstSodOpKernel gst_sod_cuda_max_pool;
extern const GstSodOpKernel gst_sod_cuda_avg_pool;
extern const GstSodOpKernel gst_sod_cuda_upsample;
extern const GstSodOpKernel gst_sod_cuda_concat;
extern const GstSodOpKernel gst_sod_cuda_add;

G_END_DECLS
