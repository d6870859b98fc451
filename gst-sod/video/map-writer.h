/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/image.h>
#include <gst-sod/video/device-frames.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_MAP_WRITER (gst_sod_map_writer_get_type ())

/**
 * GstSodMapWriter:
 *
 * Shows GRAY8 video buffers of one size as pictures that a session writes its
 * map into, without a copy. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodMapWriter, gst_sod_map_writer, GST_SOD, MAP_WRITER, GObject)

GST_SOD_API
GstSodMapWriter *gst_sod_map_writer_new (
    gint width, gint height, GError **error);

GST_SOD_API
GstSodMapWriter *gst_sod_map_writer_new_on (
    gint width, gint height, GstSodDeviceFrames *frames, GError **error);

GST_SOD_API
gsize gst_sod_map_writer_get_size (GstSodMapWriter *self);

GST_SOD_API
GstSodImage *gst_sod_map_writer_map (
    GstSodMapWriter *self, GstBuffer *buffer, GError **error);

GST_SOD_API
void gst_sod_map_writer_unmap (GstSodMapWriter *self);

G_END_DECLS
