/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Video in the memory of devices, as the module for these gives it
 * (GstSodModule.frames): all that differs from one library for such memory to
 * another. The context is an object of that library which pipelines share
 * through GstContext. */
typedef struct _GstSodFrameMemory GstSodFrameMemory;

struct _GstSodFrameMemory
{
  const gchar *feature;      /* of caps: "memory:CUDAMemory" */
  const gchar *context_type; /* of GstContext */
  GstMapFlags map_flags;     /* give addresses on the device */

  /* Formats of frames that can lie there, GST_VIDEO_FORMAT_UNKNOWN ends. */
  const GstVideoFormat *formats;

  /* A new context on device @device; (transfer full). GST_SOD_ERROR_DEVICE. */
  GstObject *(*new_context) (guint device, GError **error);

  /* What offers @context to a pipeline; (transfer full). */
  GstContext *(*wrap) (GstObject *context);

  /* Takes what @offered holds for device @device into @context. */
  void (*set_context) (GstElement *element, GstContext *offered, guint device,
      GstObject **context);

  /* Whether @query asked for @context and was answered. */
  gboolean (*answer_query) (
      GstElement *element, GstQuery *query, GstObject *context);

  /* The driver's (a CUcontext). */
  gpointer (*get_handle) (GstObject *context);

  /* Of memory in @context; (transfer full). */
  GstBufferPool *(*new_pool) (GstObject *context);

  /* Whether @memory lies in @context; waits until what was queued to be written
   * there is written. GST_SOD_ERROR_UNSUPPORTED. */
  gboolean (*check) (GstMemory *memory, GstObject *context, GError **error);
};

G_END_DECLS
