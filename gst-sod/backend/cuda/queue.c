/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory, queues and captured work on the CUDA runtime. */
#include <gst-sod/backend/cuda/gpu-private.h>

struct _GstSodCudaQueue
{
  GstSodCudaDevice *device;
  cudaStream_t stream;
  gpointer dnn; /* cudnn.c's, made by its first use */
};

struct _GstSodCudaGraph
{
  GstSodCudaDevice *device;
  cudaGraphExec_t exec;
};

/* ---- memory ---- */

gpointer
gst_sod_cuda_alloc (GstSodCudaDevice *self, gsize size, GError **error)
{
  void *memory = NULL;
  size_t available = 0, total = 0;
  cudaError_t status;

  if (size == 0 || !gst_sod_cuda_device_enter (self, error))
    return NULL;
  status = cudaMalloc (&memory, size);
  if (status != cudaErrorMemoryAllocation)
    return GST_SOD_CUDA_CHECK (self, status, error) ? memory : NULL;
  cudaGetLastError ();
  cudaMemGetInfo (&available, &total);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory on %s: %" G_GSIZE_FORMAT
      " bytes were asked for, %zu of %zu are free; use a smaller input or "
      "batch, or device=cpu",
      self->info.name, size, available, total);
  return NULL;
}

void
gst_sod_cuda_free (GstSodCudaDevice *self, gpointer memory)
{
  /* On a lost device memory is gone with the context. */
  if (memory != NULL && gst_sod_cuda_device_enter (self, NULL))
    GST_SOD_CUDA_CHECK (self, cudaFree (memory), NULL);
}

gpointer
gst_sod_cuda_alloc_pinned (GstSodCudaDevice *self, gsize size, GError **error)
{
  void *memory = NULL;

  if (size == 0 || !gst_sod_cuda_device_enter (self, error))
    return NULL;
  if (GST_SOD_CUDA_CHECK (
          self, cudaHostAlloc (&memory, size, cudaHostAllocDefault), error))
    return memory;
  g_prefix_error (
      error, "%" G_GSIZE_FORMAT " bytes of page-locked memory: ", size);
  return NULL;
}

void
gst_sod_cuda_free_pinned (GstSodCudaDevice *self, gpointer memory)
{
  if (memory != NULL && gst_sod_cuda_device_enter (self, NULL))
    GST_SOD_CUDA_CHECK (self, cudaFreeHost (memory), NULL);
}

/* ---- queues ---- */

GstSodCudaQueue *
gst_sod_cuda_queue_new (GstSodCudaDevice *device, GError **error)
{
  GstSodCudaQueue *self;
  cudaStream_t stream;

  if (!gst_sod_cuda_device_enter (device, error)
      || !GST_SOD_CUDA_CHECK (device,
          cudaStreamCreateWithFlags (&stream, cudaStreamNonBlocking), error))
    return NULL;
  self = g_new0 (GstSodCudaQueue, 1);
  self->device = device;
  self->stream = stream;
  return self;
}

void
gst_sod_cuda_queue_free (GstSodCudaQueue *self)
{
  if (gst_sod_cuda_device_enter (self->device, NULL)) {
    GST_SOD_CUDA_CHECK (
        self->device, cudaStreamSynchronize (self->stream), NULL);
    gst_sod_cuda_dnn_close (self->dnn);
    GST_SOD_CUDA_CHECK (self->device, cudaStreamDestroy (self->stream), NULL);
  }
  g_free (self);
}

GstSodCudaDevice *
gst_sod_cuda_queue_get_device (GstSodCudaQueue *self)
{
  return self->device;
}

gpointer
gst_sod_cuda_queue_get_stream (GstSodCudaQueue *self)
{
  gst_sod_cuda_device_enter (self->device, NULL);
  return self->stream;
}

gpointer
gst_sod_cuda_queue_get_dnn (GstSodCudaQueue *self, GError **error)
{
  if (self->dnn == NULL)
    self->dnn = gst_sod_cuda_dnn_open (self->device, self->stream, error);
  return self->dnn;
}

/* Pageable memory of the host makes the runtime wait, which is what callers
 * expect; while work is captured it is an error. */
static gboolean
copy (GstSodCudaQueue *self, gpointer to, gconstpointer from, gsize size,
    enum cudaMemcpyKind kind, GError **error)
{
  if (size == 0)
    return TRUE;
  return gst_sod_cuda_device_enter (self->device, error)
         && GST_SOD_CUDA_CHECK (self->device,
             cudaMemcpyAsync (to, from, size, kind, self->stream), error);
}

gboolean
gst_sod_cuda_upload (GstSodCudaQueue *self, gpointer device, gconstpointer host,
    gsize size, GError **error)
{
  return copy (self, device, host, size, cudaMemcpyHostToDevice, error);
}

gboolean
gst_sod_cuda_download (GstSodCudaQueue *self, gpointer host,
    gconstpointer device, gsize size, GError **error)
{
  return copy (self, host, device, size, cudaMemcpyDeviceToHost, error);
}

gboolean
gst_sod_cuda_copy (GstSodCudaQueue *self, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  return copy (self, to, from, size, cudaMemcpyDeviceToDevice, error);
}

gboolean
gst_sod_cuda_clear (
    GstSodCudaQueue *self, gpointer memory, gsize size, GError **error)
{
  if (size == 0)
    return TRUE;
  return gst_sod_cuda_device_enter (self->device, error)
         && GST_SOD_CUDA_CHECK (self->device,
             cudaMemsetAsync (memory, 0, size, self->stream), error);
}

gboolean
gst_sod_cuda_wait (GstSodCudaQueue *self, GError **error)
{
  return gst_sod_cuda_device_enter (self->device, error)
         && GST_SOD_CUDA_CHECK (
             self->device, cudaStreamSynchronize (self->stream), error);
}

gboolean
gst_sod_cuda_check (GstSodCudaQueue *self, const gchar *what, GError **error)
{
  return gst_sod_cuda_ok (self->device, cudaGetLastError (), what, error);
}

/* ---- graphs ---- */

gboolean
gst_sod_cuda_has_graphs (GstSodCudaDevice *self)
{
  return g_strcmp0 (g_getenv ("GST_SOD_CUDA_GRAPHS"), "0") != 0;
}

gboolean
gst_sod_cuda_graph_begin (GstSodCudaQueue *queue, GError **error)
{
  /* Other threads may allocate meanwhile: only this one's calls are held to
   * what may be captured. */
  return gst_sod_cuda_device_enter (queue->device, error)
         && GST_SOD_CUDA_CHECK (queue->device,
             cudaStreamBeginCapture (
                 queue->stream, cudaStreamCaptureModeThreadLocal),
             error);
}

gboolean
gst_sod_cuda_graph_end (
    GstSodCudaQueue *queue, GstSodCudaGraph **graph, GError **error)
{
  cudaGraph_t captured = NULL;
  cudaGraphExec_t exec = NULL;
  gboolean ok;

  *graph = NULL;
  if (!GST_SOD_CUDA_CHECK (queue->device,
          cudaStreamEndCapture (queue->stream, &captured), error))
    return FALSE;
  ok = GST_SOD_CUDA_CHECK (
      queue->device, cudaGraphInstantiate (&exec, captured, 0), error);
  GST_SOD_CUDA_CHECK (queue->device, cudaGraphDestroy (captured), NULL);
  if (!ok)
    return FALSE;
  *graph = g_new0 (GstSodCudaGraph, 1);
  (*graph)->device = queue->device;
  (*graph)->exec = exec;
  return TRUE;
}

gboolean
gst_sod_cuda_graph_launch (
    GstSodCudaGraph *self, GstSodCudaQueue *queue, GError **error)
{
  return gst_sod_cuda_device_enter (queue->device, error)
         && GST_SOD_CUDA_CHECK (
             queue->device, cudaGraphLaunch (self->exec, queue->stream), error);
}

void
gst_sod_cuda_graph_free (GstSodCudaGraph *self)
{
  if (self == NULL)
    return;
  if (gst_sod_cuda_device_enter (self->device, NULL))
    GST_SOD_CUDA_CHECK (self->device, cudaGraphExecDestroy (self->exec), NULL);
  g_free (self);
}
