/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>

G_BEGIN_DECLS

/* What a library's convolution gets, computed without that library. */

/* A tensor of four dimensions in the order n, c, h, w (filters: k, c, rows,
 * columns), and how many elements apart neighbours along each lie: channels
 * are innermost in both. */
typedef struct
{
  GstSodCudaType type;
  gint64 dims[4], strides[4];
  gint64 alignment; /* bytes that every pointer given is a multiple of */
} GstSodCudaTensorDesc;

typedef struct
{
  GstSodCudaTensorDesc x, w, bias, y;
  gint64 padding[2], stride[2], dilation[2]; /* rows, columns */
} GstSodCudaConvTensors;

/* Bytes from a tensor's first element on. */
gsize gst_sod_cuda_tensor_size (const GstSodCudaTensorDesc *self);

/* Bytes of workspace that a convolution may take on a device of @memory
 * bytes. */
gsize gst_sod_cuda_conv_get_limit (
    const GstSodCudaConvDesc *desc, gsize memory);

/* GST_SOD_ERROR_UNSUPPORTED for what no library does: sizes that are not
 * positive or too large for 32-bit offsets, strides below the channels, a
 * kernel larger than the padded input. */
gboolean gst_sod_cuda_conv_check (
    const GstSodCudaConvDesc *desc, GError **error);

/* Whether all are where libraries want them; GST_SOD_ERROR_BACKEND. */
gboolean gst_sod_cuda_conv_check_pointers (const GstSodCudaConvDesc *desc,
    gconstpointer x, gconstpointer w, gconstpointer bias, gconstpointer y,
    GError **error);

void gst_sod_cuda_conv_get_tensors (
    const GstSodCudaConvDesc *desc, GstSodCudaConvTensors *tensors);

/* What a library says of one of its algorithms. */
typedef enum
{
  GST_SOD_CUDA_CONV_TENSOR_CORE = 1 << 0,
  GST_SOD_CUDA_CONV_DOWN_CONVERT = 1 << 1, /* of what it reads */
  GST_SOD_CUDA_CONV_REDUCED_SUMS = 1 << 2, /* in less than f32 */
  GST_SOD_CUDA_CONV_NONDETERMINISTIC = 1 << 3,
  GST_SOD_CUDA_CONV_TRANSFORMED = 1 << 4, /* sums of another kind, whose
                                             rounding is coarser */
  GST_SOD_CUDA_CONV_ALL_NOTES = (1 << 5) - 1
} GstSodCudaConvNotes;

/* Whether an algorithm of which that is said may do what @desc asks for. */
gboolean gst_sod_cuda_conv_allows (
    const GstSodCudaConvDesc *desc, GstSodCudaConvNotes notes);

/* Elements of a filter of @desc. */
gsize gst_sod_cuda_conv_n_weights (const GstSodCudaConvDesc *desc);

/* "forward 1x64x80x48 -> 32, 3x3 stride 1 dilation 2 f16 bias relu", for
 * messages and logs; (transfer full). */
gchar *gst_sod_cuda_conv_to_string (const GstSodCudaConvDesc *desc);

/* For tables of what was chosen before: all of the fields count. */
guint gst_sod_cuda_conv_hash (gconstpointer desc);
gboolean gst_sod_cuda_conv_equal (gconstpointer a, gconstpointer b);

/* ---- slices (conv-dense.c) ---- */

GstSodCudaView gst_sod_cuda_conv_view_x (
    const GstSodCudaConvDesc *desc, gpointer data);
GstSodCudaView gst_sod_cuda_conv_view_y (
    const GstSodCudaConvDesc *desc, gpointer data);

/* A convolution on slices of channels as one on dense operands between
 * copies. */
typedef struct
{
  GstSodCudaConvDesc outer, inner;
  gboolean x, y;  /* which are copied */
  gsize y_offset; /* of y's copy in the workspace; x's is at its start */
  gsize size;     /* of the copies; the inner one's workspace comes after */
} GstSodCudaConvDense;

/* What the inner one works on. */
typedef struct
{
  gpointer x, y, workspace;
} GstSodCudaConvDenseMemory;

/* FALSE where nothing would have to be copied. */
gboolean gst_sod_cuda_conv_dense_init (
    GstSodCudaConvDense *self, const GstSodCudaConvDesc *desc);
GstSodCudaConvDenseMemory gst_sod_cuda_conv_dense_place (
    const GstSodCudaConvDense *self, gpointer x, gpointer y,
    gpointer workspace);
gboolean gst_sod_cuda_conv_dense_before (const GstSodCudaConvDense *self,
    GstSodCudaQueue *queue, gpointer x, gpointer y,
    const GstSodCudaConvDenseMemory *memory, GError **error);
gboolean gst_sod_cuda_conv_dense_after (const GstSodCudaConvDense *self,
    GstSodCudaQueue *queue, gpointer x, gpointer y,
    const GstSodCudaConvDenseMemory *memory, GError **error);

G_END_DECLS
