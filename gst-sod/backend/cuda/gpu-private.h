/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What device.c, queue.c and cudnn.c know of each other: the device layer on
 * the CUDA runtime. */
#include <gst-sod/backend/cuda/device-private.h>

#include <cuda_runtime_api.h>

G_BEGIN_DECLS

struct _GstSodCudaDevice
{
  guint index;
  gpointer context;     /* a CUcontext; NULL: the primary one */
  gpointer set_current; /* cuCtxSetCurrent(), where there is a context */
  GstSodCudaInfo info;
  gint lost;         /* atomic: an error that the context does not survive */
  GMutex conv_lock;  /* one thread chooses algorithms at a time */
  gpointer handle;   /* cuDNN's, to choose with */
  GHashTable *convs; /* GstSodCudaConvDesc -> GstSodCudaConv */
  gint64 fusing;     /* microseconds that compiling took so far */
};

/* Makes the device's context the calling thread's. */
gboolean gst_sod_cuda_device_enter (GstSodCudaDevice *self, GError **error);

/* The one place where a status of the CUDA runtime becomes an error. @device:
 * NULL where there is none yet. */
gboolean gst_sod_cuda_ok (GstSodCudaDevice *device, cudaError_t status,
    const gchar *call, GError **error);

/* TRUE where @call succeeded. */
#define GST_SOD_CUDA_CHECK(device, call, error)                                \
  gst_sod_cuda_ok ((device), (call), #call, (error))

/* ---- cudnn.c ---- */

/* As cudnnGetVersion(). */
gint gst_sod_cuda_dnn_version (void);

/* A handle whose work goes to @stream; the device is the calling thread's. */
gpointer gst_sod_cuda_dnn_open (
    GstSodCudaDevice *device, cudaStream_t stream, GError **error);
void gst_sod_cuda_dnn_close (gpointer handle);

/* What is asked for. */
typedef struct
{
  GstSodCudaDevice *device;
  gpointer handle;
  const GstSodCudaConvDesc *desc;
  gboolean fused; /* with bias and rectifier */
  gboolean
      compile; /* code may be compiled for it, which takes a second or so */
  gsize limit; /* of workspace */
} GstSodCudaDnnQuery;

/* A way to do it. */
typedef struct
{
  gpointer config, plan;
  gboolean fused;
  gboolean compiled; /* when it was made */
  gsize workspace;
  gchar *name;
} GstSodCudaDnnPlan;

/* Adds some to @plans, best first by the library's own measure, one that is
 * compiled at most. @error: why there is none. */
void gst_sod_cuda_dnn_find (
    const GstSodCudaDnnQuery *query, GPtrArray *plans, GError **error);
void gst_sod_cuda_dnn_plan_free (gpointer plan);

/* What a plan runs on. */
typedef struct
{
  gpointer x, w, y, workspace;
  gpointer bias; /* NULL where it is not part of the plan */
} GstSodCudaDnnMemory;

gboolean gst_sod_cuda_dnn_run (GstSodCudaDevice *device,
    const GstSodCudaDnnPlan *self, gpointer handle,
    const GstSodCudaDnnMemory *memory, GError **error);

/* ---- queue.c ---- */

/* The queue's handle, made by the first call; the queue's. */
gpointer gst_sod_cuda_queue_get_dnn (GstSodCudaQueue *self, GError **error);

G_END_DECLS
