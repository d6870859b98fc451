/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The twin of frames.c, for tests on machines without a GPU: the memory of its
 * device is the host's, and so any memory will do; a context is a bus, which
 * nobody uses as one. Holds GRAY8, as GStreamer's library does from 1.24 on. */
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/video/frame-memory-private.h>

#define CONTEXT_TYPE "gst.cuda.context"
#define FIELD "gst.cuda.context"

static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_NV12,
  GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_BGR,
  GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_BGRA, GST_VIDEO_FORMAT_P010_10LE,
  GST_VIDEO_FORMAT_RGB10A2_LE, GST_VIDEO_FORMAT_GRAY8,
  GST_VIDEO_FORMAT_UNKNOWN };

static GstObject *
new_context (guint device, GError **error)
{
  return GST_OBJECT (gst_bus_new ());
}

static GstContext *
wrap (GstObject *context)
{
  GstContext *made = gst_context_new (CONTEXT_TYPE, TRUE);

  gst_structure_set (gst_context_writable_structure (made), FIELD,
      GST_TYPE_OBJECT, context, NULL);
  return made;
}

static void
set_context (
    GstElement *element, GstContext *offered, guint device, GstObject **context)
{
  gst_structure_get (gst_context_get_structure (offered), FIELD,
      GST_TYPE_OBJECT, context, NULL);
}

static gboolean
answer_query (GstElement *element, GstQuery *query, GstObject *context)
{
  g_autoptr (GstContext) made = NULL;
  const gchar *type;

  if (!gst_query_parse_context_type (query, &type)
      || !g_str_equal (type, CONTEXT_TYPE))
    return FALSE;
  made = wrap (context);
  gst_query_set_context (query, made);
  return TRUE;
}

/* Any pointer is one of the twin's contexts. */
static gpointer
get_handle (GstObject *context)
{
  return context;
}

static GstBufferPool *
new_pool (GstObject *context)
{
  return gst_video_buffer_pool_new ();
}

static gboolean
check (GstMemory *memory, GstObject *context, GError **error)
{
  return TRUE;
}

const GstSodFrameMemory *
gst_sod_cuda_get_frame_memory (void)
{
  static const GstSodFrameMemory memory = {
    .feature = "memory:CUDAMemory",
    .context_type = CONTEXT_TYPE,
    .map_flags = 0,
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
