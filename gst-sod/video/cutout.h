/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/video/map.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_CUTOUT (gst_sod_cutout_get_type ())

/**
 * GstSodCutout:
 *
 * Cuts what is salient out of frames: RGBA frames of the same size whose alpha
 * is the map. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodCutout, gst_sod_cutout, GST_SOD, CUTOUT, GObject)

GST_SOD_API
GstSodCutout *gst_sod_cutout_new (
    const GstVideoInfo *in, const GstVideoInfo *out, GError **error);

GST_SOD_API
gboolean gst_sod_cutout_draw (GstSodCutout *self, GstBuffer *in,
    const GstSodMap *map, GstBuffer *out, GError **error);

G_END_DECLS
