/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/video/map.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_REGION (gst_sod_region_get_type ())
#define GST_SOD_TYPE_REGION_FINDER (gst_sod_region_finder_get_type ())

/**
 * GstSodRegion:
 *
 * A connected salient region of a frame: identity, box, area and score.
 * Immutable.
 *
 * Since: 0.1
 */
typedef struct _GstSodRegion GstSodRegion;

GST_SOD_API
GType gst_sod_region_get_type (void);

GST_SOD_API
GstSodRegion *gst_sod_region_copy (const GstSodRegion *self);

GST_SOD_API
void gst_sod_region_free (GstSodRegion *self);

GST_SOD_API
guint gst_sod_region_get_id (const GstSodRegion *self);

GST_SOD_API
void gst_sod_region_get_box (const GstSodRegion *self, gdouble *x, gdouble *y,
    gdouble *width, gdouble *height);

GST_SOD_API
gdouble gst_sod_region_get_area (const GstSodRegion *self);

GST_SOD_API
gdouble gst_sod_region_get_score (const GstSodRegion *self);

/**
 * GstSodRegionFinder:
 *
 * Turns maps into regions: connected components (8-neighbours) of the pixels
 * at or over a threshold, inside the regions of interest and outside the
 * ignored ones, at least as large as asked for, with an identity that stays
 * from frame to frame while boxes overlap. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodRegionFinder, gst_sod_region_finder, GST_SOD, REGION_FINDER, GObject)

GST_SOD_API
GstSodRegionFinder *gst_sod_region_finder_new (void);

/* Share of 0..1 at or over which a pixel is salient. */
GST_SOD_API
void gst_sod_region_finder_set_threshold (
    GstSodRegionFinder *self, gdouble threshold);

/* Least area of a region, share of the frame. */
GST_SOD_API
void gst_sod_region_finder_set_min_area (
    GstSodRegionFinder *self, gdouble min_area);

/* Polygons "x,y x,y x,y; x,y ..." in fractions of the frame. */
GST_SOD_API
gboolean gst_sod_region_finder_set_roi (
    GstSodRegionFinder *self, const gchar *polygons, GError **error);

GST_SOD_API
gboolean gst_sod_region_finder_set_ignore (
    GstSodRegionFinder *self, const gchar *polygons, GError **error);

GST_SOD_API
GPtrArray *gst_sod_region_finder_find (
    GstSodRegionFinder *self, const GstSodMap *map);

GST_SOD_API
void gst_sod_region_finder_find_into (
    GstSodRegionFinder *self, const GstSodMap *map, GPtrArray *regions);

GST_SOD_API
void gst_sod_region_finder_reset (GstSodRegionFinder *self);

/* Regions as GstVideoRegionOfInterestMeta of type "salient-object", with one
 * parameter structure "salient-object" (id, score, area). */
GST_SOD_API
void gst_sod_buffer_add_regions (
    GstBuffer *buffer, gint width, gint height, GPtrArray *regions);

GST_SOD_API
GPtrArray *gst_sod_buffer_get_regions (
    GstBuffer *buffer, gint width, gint height);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodRegion, gst_sod_region_free)

G_END_DECLS
