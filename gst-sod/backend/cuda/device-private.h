/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>
#include <gst-sod/backend/cuda/view-private.h>

G_BEGIN_DECLS

/* All that the CUDA back end needs of a GPU, as plain C: its plans know
 * nothing else. Two implementations: device.c and cudnn.c on the CUDA runtime
 * and cuDNN, in the module; and host/, the twin that tests run on machines
 * without a GPU: memory is malloc's, a launch is a loop over the grid of the
 * same kernel bodies, a convolution the plain sum. */
typedef struct _GstSodCudaDevice GstSodCudaDevice;
typedef struct _GstSodCudaQueue GstSodCudaQueue; /* a CUDA stream */
typedef struct _GstSodCudaGraph GstSodCudaGraph; /* captured work */
typedef struct _GstSodCudaConv GstSodCudaConv;

typedef struct
{
  gchar name[128];
  gint major, minor;           /* compute capability */
  gsize memory;                /* bytes */
  gint n_processors;           /* streaming multiprocessors */
  gint driver, runtime, cudnn; /* versions, as the libraries give them */
} GstSodCudaInfo;

/* ---- devices ---- */

/* As GstSodModule.count(). */
guint gst_sod_cuda_device_count (GError **error);

/* Device @index in its primary context (@context NULL), or in a CUcontext that
 * another library made on it and that outlives the device's users. One object
 * for each pair, owned by the module for good. GST_SOD_ERROR_DEVICE where there
 * is none, naming how many there are. Thread-safe. */
GstSodCudaDevice *gst_sod_cuda_device_get (
    guint index, gpointer context, GError **error);
const GstSodCudaInfo *gst_sod_cuda_device_get_info (GstSodCudaDevice *self);
guint gst_sod_cuda_device_get_index (GstSodCudaDevice *self);
/* As given to get(). */
gpointer gst_sod_cuda_device_get_context (GstSodCudaDevice *self);

/* "cuda", or "cuda-host" of the twin. */
const gchar *gst_sod_cuda_layer_name (void);

/* As GstSodModule.describe_libraries(). */
gchar *gst_sod_cuda_describe_libraries (void);

/* ---- memory: any thread ---- */

/* @size bytes of the device's memory, 256-byte aligned, not cleared;
 * GST_SOD_ERROR_NO_MEMORY says how much was asked for, free and there in all.
 * NULL for 0 bytes without an error. */
gpointer gst_sod_cuda_alloc (
    GstSodCudaDevice *self, gsize size, GError **error);
void gst_sod_cuda_free (GstSodCudaDevice *self, gpointer memory);

/* Page-locked memory of the host, for copies that do not wait. */
gpointer gst_sod_cuda_alloc_pinned (
    GstSodCudaDevice *self, gsize size, GError **error);
void gst_sod_cuda_free_pinned (GstSodCudaDevice *self, gpointer memory);

/* ---- queues: one thread at a time ---- */

GstSodCudaQueue *gst_sod_cuda_queue_new (
    GstSodCudaDevice *device, GError **error);
/* Waits for its work first. */
void gst_sod_cuda_queue_free (GstSodCudaQueue *self);
GstSodCudaDevice *gst_sod_cuda_queue_get_device (GstSodCudaQueue *self);
/* What kernels-private.h calls `stream`: a cudaStream_t. The queue's device is
 * current to the calling thread from here on. */
gpointer gst_sod_cuda_queue_get_stream (GstSodCudaQueue *self);

/* Queued; the host's side of upload() and download() is pinned or the call
 * waits. An error here or from a launch may be of earlier work.
 * GST_SOD_ERROR_BACKEND; GST_SOD_ERROR_DEVICE once the device is lost. */
gboolean gst_sod_cuda_upload (GstSodCudaQueue *self, gpointer device,
    gconstpointer host, gsize size, GError **error);
gboolean gst_sod_cuda_download (GstSodCudaQueue *self, gpointer host,
    gconstpointer device, gsize size, GError **error);
gboolean gst_sod_cuda_copy (GstSodCudaQueue *self, gpointer to,
    gconstpointer from, gsize size, GError **error);
gboolean gst_sod_cuda_clear (
    GstSodCudaQueue *self, gpointer memory, gsize size, GError **error);

/* Waits until all of it is done. */
gboolean gst_sod_cuda_wait (GstSodCudaQueue *self, GError **error);

/* The state of the last launch: called after each launcher of
 * kernels-private.h, @what being its name. */
gboolean gst_sod_cuda_check (
    GstSodCudaQueue *self, const gchar *what, GError **error);

/* ---- graphs ---- */

/* Whether work can be captured: not on the host's twin, which runs it at once,
 * nor where $GST_SOD_CUDA_GRAPHS is 0, which is for measuring what graphs are
 * worth. */
gboolean gst_sod_cuda_has_graphs (GstSodCudaDevice *self);

/* Between the two nothing runs: what is queued becomes a graph. end() gives
 * NULL without an error where this device layer has no graphs (the host's
 * twin runs things at once): the caller then queues the work each time. No
 * copies from or to memory that is not pinned in between. */
gboolean gst_sod_cuda_graph_begin (GstSodCudaQueue *queue, GError **error);
gboolean gst_sod_cuda_graph_end (
    GstSodCudaQueue *queue, GstSodCudaGraph **graph, GError **error);
gboolean gst_sod_cuda_graph_launch (
    GstSodCudaGraph *self, GstSodCudaQueue *queue, GError **error);
void gst_sod_cuda_graph_free (GstSodCudaGraph *self);

/* ---- convolutions (cudnn.c is the one file that names cuDNN) ---- */

typedef enum
{
  GST_SOD_CUDA_CONV_FORWARD, /* y = relu (x * w + bias) */
  GST_SOD_CUDA_CONV_DATA,    /* d_x = d_y * w, written (=) */
  GST_SOD_CUDA_CONV_WEIGHTS  /* d_w = x * d_y, written (=) */
} GstSodCudaConvPass;

/* Weights lie as (k, kernel, kernel, c), c innermost, in the type of the
 * activations; bias is f32 (k). Sums are f32. */
typedef struct
{
  GstSodCudaConvPass pass;
  GstSodCudaType type;
  gboolean tf32;   /* f32: 10-bit mantissas on tensor cores are allowed */
  gint n, c, h, w; /* of x */
  gint k;          /* channels of y */
  gint kernel, stride, dilation, padding;
  gint x_stride, y_stride; /* elements from pixel to pixel */
  gboolean bias, relu;     /* FORWARD only */
  gboolean deterministic;
  gsize workspace_limit; /* bytes, 0 = as the layer likes */
} GstSodCudaConvDesc;

gint gst_sod_cuda_conv_out (const GstSodCudaConvDesc *desc, gint size);

/* Chooses the algorithm, once for each desc and device.
 * GST_SOD_ERROR_UNSUPPORTED for sizes that there are none for. */
GstSodCudaConv *gst_sod_cuda_conv_new (
    GstSodCudaDevice *device, const GstSodCudaConvDesc *desc, GError **error);
void gst_sod_cuda_conv_free (GstSodCudaConv *self);
gsize gst_sod_cuda_conv_get_workspace (const GstSodCudaConv *self); /* bytes */
const gchar *gst_sod_cuda_conv_get_name (const GstSodCudaConv *self);

/* Bytes that every pointer given to a convolution is a multiple of: slices of
 * channels begin at such places only. */
#define GST_SOD_CUDA_CONV_ALIGNMENT 16

/* FORWARD: reads x, w, bias, writes y. DATA: reads y (d_y), w, writes x.
 * WEIGHTS: reads x, y (d_y), writes w. All in device memory. */
gboolean gst_sod_cuda_conv_run (GstSodCudaConv *self, GstSodCudaQueue *queue,
    gpointer x, gpointer w, gconstpointer bias, gpointer y, gpointer workspace,
    GError **error);

G_END_DECLS
