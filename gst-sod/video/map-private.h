/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/map.h>

G_BEGIN_DECLS

/* The pixels of a map in memory. */
typedef struct
{
  GstVideoFrame frame;
  const guint8 *data;
  gint stride; /* bytes */
} GstSodMapView;

/* Maps the pixels of @map until gst_sod_map_view_close(); FALSE where their
 * memory cannot be mapped. */
gboolean gst_sod_map_view_open (GstSodMapView *self, const GstSodMap *map);

void gst_sod_map_view_close (GstSodMapView *self);

/* Whether @pixels holds a GRAY8 frame of @info as it lies or as its
 * GstVideoMeta says. */
gboolean gst_sod_map_check_pixels (
    GstBuffer *pixels, const GstVideoInfo *info, GError **error);

/* Keeps @regions (GstSodRegion) with the map: what their regions of interest
 * lose on the way, for GStreamer 1.22 drops the parameters of those it scales.
 */
void gst_sod_buffer_set_known_regions (GstBuffer *buffer, GPtrArray *regions);

/* (transfer none) (nullable) */
GPtrArray *gst_sod_buffer_get_known_regions (GstBuffer *buffer);

G_END_DECLS
