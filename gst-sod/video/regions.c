/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions, and how buffers carry them: as GstVideo's own regions of interest,
 * so that encoders and other people's elements see them too. */
#include <gst-sod/video/regions-private.h>
#include <gst-sod/video/map-private.h>

#include <math.h>

#define ROI_NAME "salient-object"

G_DEFINE_BOXED_TYPE (
    GstSodRegion, gst_sod_region, gst_sod_region_copy, gst_sod_region_free)

/**
 * gst_sod_region_copy:
 * @self: a region
 *
 * Returns: (transfer full): a copy of it
 *
 * Since: 0.1
 */
GstSodRegion *
gst_sod_region_copy (const GstSodRegion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof (*self));
}

/**
 * gst_sod_region_free:
 * @self: (transfer full): a region
 *
 * Frees a region.
 *
 * Since: 0.1
 */
void
gst_sod_region_free (GstSodRegion *self)
{
  g_free (self);
}

/**
 * gst_sod_region_get_id:
 * @self: a region
 *
 * Returns: its identity: 1 or more, the same from frame to frame while the
 *   boxes overlap
 *
 * Since: 0.1
 */
guint
gst_sod_region_get_id (const GstSodRegion *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->id;
}

/**
 * gst_sod_region_get_box:
 * @self: a region
 * @x: (out) (optional): left edge
 * @y: (out) (optional): top edge
 * @width: (out) (optional): width
 * @height: (out) (optional): height
 *
 * Tells the box around a region in fractions of the frame's width and height.
 *
 * Since: 0.1
 */
void
gst_sod_region_get_box (const GstSodRegion *self, gdouble *x, gdouble *y,
    gdouble *width, gdouble *height)
{
  g_return_if_fail (self != NULL);

  if (x != NULL)
    *x = self->box.left;
  if (y != NULL)
    *y = self->box.top;
  if (width != NULL)
    *width = self->box.right - self->box.left;
  if (height != NULL)
    *height = self->box.bottom - self->box.top;
}

/**
 * gst_sod_region_get_area:
 * @self: a region
 *
 * Returns: area of its pixels, share of the frame
 *
 * Since: 0.1
 */
gdouble
gst_sod_region_get_area (const GstSodRegion *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->area;
}

/**
 * gst_sod_region_get_score:
 * @self: a region
 *
 * Returns: mean of the map over its pixels, 0 to 1
 *
 * Since: 0.1
 */
gdouble
gst_sod_region_get_score (const GstSodRegion *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->score;
}

gint
gst_sod_region_compare (gconstpointer a, gconstpointer b)
{
  const GstSodRegion *x = *(const GstSodRegion *const *) a;
  const GstSodRegion *y = *(const GstSodRegion *const *) b;

  if (x->area != y->area)
    return x->area > y->area ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

typedef struct
{
  gdouble x, y, width, height; /* pixels of the frame */
} Rectangle;

/* What fractions are of: the frame, or what its crop shows of it. */
static Rectangle
get_rectangle (GstBuffer *buffer, gint width, gint height)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);

  if (crop == NULL || crop->width < 1 || crop->height < 1)
    return (Rectangle){ 0, 0, width, height };
  return (Rectangle){ crop->x, crop->y, crop->width, crop->height };
}

/* The pixels nearest to two edges, at least one apart. */
static void
round_edges (gdouble first, gdouble last, gdouble offset, gdouble size,
    guint *position, guint *length)
{
  gdouble start = CLAMP (floor (first * size + 0.5), 0, size - 1);
  gdouble end = CLAMP (floor (last * size + 0.5), start + 1, size);

  *position = (guint) (offset + start);
  *length = (guint) (end - start);
}

/**
 * gst_sod_buffer_add_regions:
 * @buffer: a writable frame
 * @width: its width, pixels
 * @height: its height, pixels
 * @regions: (element-type GstSodRegion): its regions
 *
 * Lets @buffer carry @regions: each is a GstVideoRegionOfInterestMeta of type
 * "salient-object" with the region's id, its box in pixels (rounded to the
 * nearest, at least one) and a parameter structure "salient-object" with the
 * fields id (uint), score (double) and area (double).
 *
 * Since: 0.1
 */
void
gst_sod_buffer_add_regions (
    GstBuffer *buffer, gint width, gint height, GPtrArray *regions)
{
  Rectangle frame;

  g_return_if_fail (GST_IS_BUFFER (buffer));
  g_return_if_fail (gst_buffer_is_writable (buffer));
  g_return_if_fail (width >= 1 && height >= 1);
  g_return_if_fail (regions != NULL);

  if (regions->len > 0)
    gst_sod_buffer_set_known_regions (buffer, regions);
  frame = get_rectangle (buffer, width, height);
  for (guint i = 0; i < regions->len; i++) {
    const GstSodRegion *region = g_ptr_array_index (regions, i);
    GstVideoRegionOfInterestMeta *meta;
    guint x, y, w, h;

    round_edges (
        region->box.left, region->box.right, frame.x, frame.width, &x, &w);
    round_edges (
        region->box.top, region->box.bottom, frame.y, frame.height, &y, &h);
    meta = gst_buffer_add_video_region_of_interest_meta (
        buffer, ROI_NAME, x, y, w, h);
    meta->id = (gint) region->id;
    gst_video_region_of_interest_meta_add_param (
        meta, gst_structure_new (ROI_NAME, "id", G_TYPE_UINT, region->id,
                  "score", G_TYPE_DOUBLE, region->score, "area", G_TYPE_DOUBLE,
                  region->area, NULL));
  }
}

/* What is said of region @id, by its parameters or, where those are gone, by
 * what @buffer keeps beside them. */
static gboolean
read_facts (
    GstBuffer *buffer, GstStructure *param, guint id, GstSodRegion *region)
{
  const GstSodRegion *known;

  if (param != NULL)
    return gst_structure_get (param, "id", G_TYPE_UINT, &region->id, "score",
        G_TYPE_DOUBLE, &region->score, "area", G_TYPE_DOUBLE, &region->area,
        NULL);
  known = gst_sod_buffer_get_known_region (buffer, id);
  if (known == NULL)
    return FALSE;
  *region = *known;
  return TRUE;
}

static GstSodRegion *
read_meta (GstBuffer *buffer, GstVideoRegionOfInterestMeta *meta,
    const Rectangle *frame)
{
  GstSodRegion region = { 0 };

  if (meta->roi_type != g_quark_from_static_string (ROI_NAME)
      || !read_facts (buffer,
          gst_video_region_of_interest_meta_get_param (meta, ROI_NAME),
          (guint) meta->id, &region))
    return NULL;
  region.box.left = (meta->x - frame->x) / frame->width;
  region.box.top = (meta->y - frame->y) / frame->height;
  region.box.right = region.box.left + meta->w / frame->width;
  region.box.bottom = region.box.top + meta->h / frame->height;
  return gst_sod_region_copy (&region);
}

/**
 * gst_sod_buffer_get_regions:
 * @buffer: a frame
 * @width: its width, pixels
 * @height: its height, pixels
 *
 * Reads what gst_sod_buffer_add_regions() attached, with the boxes as elements
 * in between have scaled them. Other regions of interest are passed over.
 *
 * Returns: (transfer full) (element-type GstSodRegion): the regions, largest
 *   first; empty where there is none
 *
 * Since: 0.1
 */
GPtrArray *
gst_sod_buffer_get_regions (GstBuffer *buffer, gint width, gint height)
{
  GPtrArray *regions;
  gpointer state = NULL;
  Rectangle frame;
  GstMeta *meta;

  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (width >= 1 && height >= 1, NULL);

  frame = get_rectangle (buffer, width, height);
  regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))
         != NULL) {
    GstSodRegion *region =
        read_meta (buffer, (GstVideoRegionOfInterestMeta *) meta, &frame);

    if (region != NULL)
      g_ptr_array_add (regions, region);
  }
  g_ptr_array_sort (regions, gst_sod_region_compare);
  return regions;
}
