/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_DEVICE_FRAMES (gst_sod_device_frames_get_type ())

/**
 * GstSodDeviceFrames:
 *
 * Video in the memory of a GPU (`memory:CUDAMemory`), for an element that reads
 * frames and writes maps there without a copy: which caps it can offer, the
 * context that it shares with the elements around it, and pools. A
 * #GstSodFrameReader and a #GstSodMapWriter that are made with it give pictures
 * on the device, which the sessions of an instance in the same context
 * (gst_sod_instance_get_in_context()) read and write.
 *
 * One thread at a time, but for gst_sod_device_frames_set_context() and
 * gst_sod_device_frames_answer_query().
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodDeviceFrames, gst_sod_device_frames, GST_SOD, DEVICE_FRAMES, GObject)

GST_SOD_API
GstCaps *gst_sod_device_frames_list_caps (const gchar *device);

GST_SOD_API
GstSodDeviceFrames *gst_sod_device_frames_new (
    const gchar *device, GError **error);

GST_SOD_API
gboolean gst_sod_device_frames_open (
    GstSodDeviceFrames *self, GstElement *element, GError **error);

GST_SOD_API
void gst_sod_device_frames_set_context (
    GstSodDeviceFrames *self, GstElement *element, GstContext *context);

GST_SOD_API
gboolean gst_sod_device_frames_answer_query (
    GstSodDeviceFrames *self, GstElement *element, GstQuery *query);

GST_SOD_API
gpointer gst_sod_device_frames_get_context (GstSodDeviceFrames *self);

GST_SOD_API
gboolean gst_sod_device_frames_has_caps (
    GstSodDeviceFrames *self, const GstCaps *caps);

GST_SOD_API
GstBufferPool *gst_sod_device_frames_new_pool (
    GstSodDeviceFrames *self, GstCaps *caps, GError **error);

G_END_DECLS
