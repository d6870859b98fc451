/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include "sodanalyser.h"
#include "sodengine.h"
#include "sodlatency.h"
#include "sodschedule.h"
#include "sodsettings.h"
#include "sodstats.h"

G_BEGIN_DECLS

#define GST_TYPE_SOD_BASE (gst_sod_base_get_type ())
G_DECLARE_FINAL_TYPE (GstSodBase, gst_sod_base, GST, SOD_BASE, GstBaseTransform)

struct _GstSodBase
{
  GstBaseTransform parent;

  GCancellable *cancellable;
  GstCaps *readable; /* frames in system memory that can be read */
  SodLatency latency;

  /* under the object lock */
  SodSettings settings;
  guint changes; /* of settings */
  SodStats stats;
  SodEngine *engine;          /* from start to stop */
  GstCaps *supported;         /* frames that can be read then */
  GstSodDeviceFrames *frames; /* the memory of the device, NULL: none */

  /* of the streaming thread, or of a stopped element */
  SodSettings now; /* settings of this frame */
  guint taken;     /* changes that now has */
  SodOutput output;
  GstCaps *refused; /* caps that were complained about last */
  GstVideoInfo in_info, out_info;
  SodAnalyser *analyser;
  GstSodCutout *cutout;
  SodSchedule schedule;
  GstSodMap *last;        /* kept where a later frame may get it */
  GstBuffer *last_output; /* that its pixels are shared with, output=map */
};

/* sodbasedevice.c: the device and video in its memory. */

/* Chooses the device, opens its memory and makes the engine. NULL with @error,
 * or the engine, which is not the element's yet. */
SodEngine *gst_sod_base_open_device (GstSodBase *self, GError **error);
/* Of a stopped element. */
void gst_sod_base_close_device (GstSodBase *self);

/* Frames that can be read; before the start those that may be then.
 * (transfer full) */
GstCaps *gst_sod_base_get_supported (GstSodBase *self);

/* The element's vfuncs of these names, as far as the device has a say. */
void gst_sod_base_set_context (GstElement *element, GstContext *context);
gboolean gst_sod_base_answer_context (GstSodBase *self, GstQuery *query);
gboolean gst_sod_base_propose_pool (GstSodBase *self, GstQuery *query);
gboolean gst_sod_base_decide_pool (GstSodBase *self, GstQuery *query);

/* Whether frames of @caps are to be read, or maps written, on the device. */
gboolean gst_sod_base_is_on_device (GstSodBase *self, const GstCaps *caps);

/* sodbaseframe.c: what becomes of one frame. All but the first are the
 * streaming thread's or for a stopped element. */

/* Under the object lock: takes up the settings; FALSE where none changed. */
gboolean gst_sod_base_copy_settings (GstSodBase *self);

/* The last map has nothing to do with what comes. */
void gst_sod_base_forget_last (GstSodBase *self);

/* Nor have the frames before. */
void gst_sod_base_reset_stream (GstSodBase *self);

GstFlowReturn gst_sod_base_generate_output (
    GstBaseTransform *trans, GstBuffer **outbuf);

G_END_DECLS
