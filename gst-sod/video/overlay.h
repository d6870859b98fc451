/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/video/map.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_OVERLAY (gst_sod_overlay_get_type ())

/**
 * GstSodOverlayStyle:
 * @GST_SOD_OVERLAY_STYLE_HEATMAP: the map in colour over the frame
 * @GST_SOD_OVERLAY_STYLE_CONTOUR: the outline of the salient pixels
 * @GST_SOD_OVERLAY_STYLE_BOXES: the regions' boxes with identity and score
 * @GST_SOD_OVERLAY_STYLE_BLUR: everything that is not salient blurred
 *
 * What is drawn; styles can be combined.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/
{
  GST_SOD_OVERLAY_STYLE_HEATMAP = 1 << 0,
  GST_SOD_OVERLAY_STYLE_CONTOUR = 1 << 1,
  GST_SOD_OVERLAY_STYLE_BOXES = 1 << 2,
  GST_SOD_OVERLAY_STYLE_BLUR = 1 << 3
} GstSodOverlayStyle;

/**
 * GstSodColormap:
 * @GST_SOD_COLORMAP_TURBO: blue to red through green, close to the colour map
 *   of that name
 * @GST_SOD_COLORMAP_INFERNO: black to yellow through red, close to the colour
 *   map of that name
 * @GST_SOD_COLORMAP_GRAY: black to white
 * @GST_SOD_COLORMAP_GREEN: one colour whose opacity is the map
 *
 * Colours of a heat map.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_COLORMAP_TURBO,
  GST_SOD_COLORMAP_INFERNO,
  GST_SOD_COLORMAP_GRAY,
  GST_SOD_COLORMAP_GREEN
} GstSodColormap;

/**
 * GstSodOverlay:
 *
 * Draws maps and regions on frames of any raw format that GstVideo packs.
 * Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodOverlay, gst_sod_overlay, GST_SOD, OVERLAY, GObject)

GST_SOD_API
GstSodOverlay *gst_sod_overlay_new (const GstVideoInfo *info, GError **error);

GST_SOD_API
void gst_sod_overlay_set_style (GstSodOverlay *self, GstSodOverlayStyle style);

GST_SOD_API
void gst_sod_overlay_set_colormap (
    GstSodOverlay *self, GstSodColormap colormap);

GST_SOD_API
void gst_sod_overlay_set_alpha (GstSodOverlay *self, gdouble alpha);

GST_SOD_API
void gst_sod_overlay_set_threshold (GstSodOverlay *self, gdouble threshold);

GST_SOD_API
gboolean gst_sod_overlay_check_buffer (
    GstSodOverlay *self, GstBuffer *buffer, GError **error);

GST_SOD_API
gboolean gst_sod_overlay_draw (GstSodOverlay *self, GstVideoFrame *frame,
    const GstSodMap *map, GPtrArray *regions, GError **error);

G_END_DECLS
