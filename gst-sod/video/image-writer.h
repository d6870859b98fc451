/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_IMAGE_WRITER (gst_sod_image_writer_get_type ())

/**
 * GstSodImageWriter:
 *
 * Shows RGB video buffers of one size as pictures that a reconstructor writes
 * its image into, without a copy. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodImageWriter, gst_sod_image_writer, GST_SOD, IMAGE_WRITER, GObject)

GST_SOD_API
GstSodImageWriter *gst_sod_image_writer_new (
    gint width, gint height, GError **error);

GST_SOD_API
GstSodImage *gst_sod_image_writer_map (
    GstSodImageWriter *self, GstBuffer *buffer, GError **error);

GST_SOD_API
void gst_sod_image_writer_unmap (GstSodImageWriter *self);

G_END_DECLS
