/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Video in CUDAMemory, by GStreamer's CUDA library. That library resolves the
 * driver when it is told to; before that, most of it aborts. */
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/video/frame-memory-private.h>

#define GST_USE_UNSTABLE_API
#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

/* What GstCudaMemory holds in 1.22. It aborts where it is asked for others:
 * for GRAY8, so maps are written to system memory there. */
static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_NV12,
  GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_BGR,
  GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_BGRA, GST_VIDEO_FORMAT_RGBx,
  GST_VIDEO_FORMAT_BGRx, GST_VIDEO_FORMAT_ARGB, GST_VIDEO_FORMAT_ABGR,
  GST_VIDEO_FORMAT_YV12, GST_VIDEO_FORMAT_NV21, GST_VIDEO_FORMAT_P010_10LE,
  GST_VIDEO_FORMAT_P016_LE, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_Y42B,
  GST_VIDEO_FORMAT_I422_10LE, GST_VIDEO_FORMAT_I422_12LE, GST_VIDEO_FORMAT_Y444,
  GST_VIDEO_FORMAT_Y444_16LE, GST_VIDEO_FORMAT_RGBP, GST_VIDEO_FORMAT_BGRP,
  GST_VIDEO_FORMAT_GBR, GST_VIDEO_FORMAT_GBRA, GST_VIDEO_FORMAT_YUY2,
  GST_VIDEO_FORMAT_UYVY, GST_VIDEO_FORMAT_UNKNOWN };

static GstObject *
new_context (guint device, GError **error)
{
  GstCudaContext *context = NULL;

  if (gst_cuda_load_library ())
    context = gst_cuda_context_new (device);
  if (context != NULL) {
    gst_cuda_memory_init_once ();
    return GST_OBJECT (context);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
      "GStreamer's CUDA library (libgstcuda-1.0) makes no context on GPU %u; "
      "GST_DEBUG=cuda*:5 tells why",
      device);
  return NULL;
}

static GstContext *
wrap (GstObject *context)
{
  return gst_context_new_cuda_context (GST_CUDA_CONTEXT (context));
}

static void
set_context (
    GstElement *element, GstContext *offered, guint device, GstObject **context)
{
  if (!gst_cuda_load_library ())
    return;
  gst_cuda_memory_init_once ();
  gst_cuda_handle_set_context (
      element, offered, (gint) device, (GstCudaContext **) context);
}

static gboolean
answer_query (GstElement *element, GstQuery *query, GstObject *context)
{
  return gst_cuda_handle_context_query (
      element, query, GST_CUDA_CONTEXT (context));
}

static gpointer
get_handle (GstObject *context)
{
  return gst_cuda_context_get_handle (GST_CUDA_CONTEXT (context));
}

static GstBufferPool *
new_pool (GstObject *context)
{
  return gst_cuda_buffer_pool_new (GST_CUDA_CONTEXT (context));
}

static gboolean
check (GstMemory *memory, GstObject *context, GError **error)
{
  gboolean is_there = gst_is_cuda_memory (memory);

  if (is_there
      && gst_cuda_context_get_handle (GST_CUDA_MEMORY_CAST (memory)->context)
             == gst_cuda_context_get_handle (GST_CUDA_CONTEXT (context))) {
#if GST_CHECK_VERSION(1, 24, 0)
    /* Others may have queued work on it in a stream of theirs. */
    gst_cuda_memory_sync (GST_CUDA_MEMORY_CAST (memory));
#endif
    return TRUE;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "the caps say memory:CUDAMemory, this frame lies in %s; put "
      "\"cudadownload ! cudaupload\" before this element",
      is_there ? "another CUDA context than the pipeline shares"
               : "other memory");
  return FALSE;
}

const GstSodFrameMemory *
gst_sod_cuda_get_frame_memory (void)
{
  static const GstSodFrameMemory memory = {
    .feature = GST_CAPS_FEATURE_MEMORY_CUDA_MEMORY,
    .context_type = GST_CUDA_CONTEXT_TYPE,
    .map_flags = (GstMapFlags) GST_MAP_CUDA,
    .formats = formats,
    .new_context = new_context,
    .wrap = wrap,
    .set_context = set_context,
    .answer_query = answer_query,
    .get_handle = get_handle,
    .new_pool = new_pool,
    .check = check,
  };

  return &memory;
}
