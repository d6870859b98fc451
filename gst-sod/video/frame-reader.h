/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/image.h>
#include <gst-sod/video/device-frames.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_FRAME_READER (gst_sod_frame_reader_get_type ())

/**
 * GstSodFrameReader:
 *
 * Looks at video buffers of one format as pictures, without a copy wherever
 * the format's samples lie in whole bytes; formats that pack bits are unpacked
 * by GstVideo. Knows strides, crop, padding, chroma siting, colorimetry and
 * interlacing (of interlaced frames the first field is looked at, so that
 * moving edges do not comb). Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodFrameReader, gst_sod_frame_reader, GST_SOD, FRAME_READER, GObject)

/* Every raw format that a reader can look at. */
GST_SOD_API
GstCaps *gst_sod_frame_reader_get_caps (void);

GST_SOD_API
GstSodFrameReader *gst_sod_frame_reader_new (
    const GstVideoInfo *info, GError **error);

GST_SOD_API
GstSodFrameReader *gst_sod_frame_reader_new_on (
    const GstVideoInfo *info, GstSodDeviceFrames *frames, GError **error);

GST_SOD_API
const GstSodImage *gst_sod_frame_reader_map (
    GstSodFrameReader *self, GstBuffer *buffer, GError **error);

GST_SOD_API
void gst_sod_frame_reader_unmap (GstSodFrameReader *self);

GST_SOD_API
GstSodImage *gst_sod_frame_reader_read_gray (
    GstSodFrameReader *self, GstBuffer *buffer, GError **error);

G_END_DECLS
