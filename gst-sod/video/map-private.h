/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/map-pool.h>
#include <gst-sod/video/map.h>
#include <gst-sod/video/regions.h>

G_BEGIN_DECLS

/* Names that many maps share; NULL where there is none. */
typedef struct
{
  GRefString *source_id;
  GRefString *model_id;
  GRefString *model_version;
} GstSodMapOrigin;

void gst_sod_map_origin_set (GstSodMapOrigin *self, const gchar *source_id,
    const gchar *model_id, const gchar *model_version);
void gst_sod_map_origin_copy (
    GstSodMapOrigin *self, const GstSodMapOrigin *from);
void gst_sod_map_origin_clear (GstSodMapOrigin *self);

struct _GstSodMap
{
  gatomicrefcount ref_count;
  GstBuffer *pixels; /* GRAY8 */
  GstVideoInfo info; /* of pixels */
  gdouble x, y, rectangle_width, rectangle_height;
  gdouble score;
  GstSodMapOrigin origin;
  GstClockTime age;
  GstSodMapFlags flags;

  GstSodMapPool *pool; /* that the map goes back to, or NULL */
  GstBuffer *share;    /* of such a map: to hold memory of a frame with */
};

/* Makes an empty map one of @pixels as they are, with a reference of its own;
 * FALSE where these are too small. Origin and flags stay as they are. */
gboolean gst_sod_map_fill (
    GstSodMap *self, GstBuffer *pixels, gint width, gint height);

/* Makes an empty map what gst_sod_map_new_reused() says. */
void gst_sod_map_fill_reused (
    GstSodMap *self, const GstSodMap *map, GstClockTime age);

/* Lets go of what the map is of. */
void gst_sod_map_empty (GstSodMap *self);

/* Takes @map, which nobody holds any more. */
void gst_sod_map_pool_take_back (GstSodMapPool *self, GstSodMap *map);

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

/* Keeps what is said of @regions (GstSodRegion) with the map: what their
 * regions of interest lose on the way, for GStreamer 1.22 drops the parameters
 * of those it scales. */
void gst_sod_buffer_set_known_regions (GstBuffer *buffer, GPtrArray *regions);

/* What was said of region @id. (transfer none) (nullable) */
const GstSodRegion *gst_sod_buffer_get_known_region (
    GstBuffer *buffer, guint id);

G_END_DECLS
