/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The saliency map of a frame. */
#include <gst-sod/video/map-private.h>

G_DEFINE_BOXED_TYPE (GstSodMap, gst_sod_map, gst_sod_map_ref, gst_sod_map_unref)

gboolean
gst_sod_map_view_open (GstSodMapView *self, const GstSodMap *map)
{
  if (!gst_video_frame_map (&self->frame, &map->info, map->pixels,
          GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF))
    return FALSE;
  self->data = GST_VIDEO_FRAME_PLANE_DATA (&self->frame, 0);
  self->stride = GST_VIDEO_FRAME_PLANE_STRIDE (&self->frame, 0);
  return TRUE;
}

void
gst_sod_map_view_close (GstSodMapView *self)
{
  gst_video_frame_unmap (&self->frame);
}

gboolean
gst_sod_map_check_pixels (
    GstBuffer *pixels, const GstVideoInfo *info, GError **error)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (pixels);
  gint64 size = gst_buffer_get_size (pixels);
  gint64 first = 0, end = info->size;

  if (meta != NULL
      && (meta->format != GST_VIDEO_FORMAT_GRAY8 || meta->n_planes != 1
          || (gint) meta->width < info->width
          || (gint) meta->height < info->height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a map is GRAY8 of %dx%d pixels, the buffer's GstVideoMeta says %s of "
        "%ux%u",
        info->width, info->height, gst_video_format_to_string (meta->format),
        meta->width, meta->height);
    return FALSE;
  }
  if (meta != NULL) {
    gint64 last = (gint64) (info->height - 1) * meta->stride[0];

    first = (gint64) MIN (meta->offset[0], G_MAXINT64 / 2);
    end = first + MAX (last, 0) + info->width;
    first += MIN (last, 0);
  }
  if (first >= 0 && end <= size)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "a map of %dx%d pixels takes %" G_GINT64_FORMAT
      " bytes, the buffer holds %" G_GINT64_FORMAT,
      info->width, info->height, end, size);
  return FALSE;
}

/* Mean of the salient half of the codes, 0..1. */
static gdouble
measure_score (const GstSodMap *self)
{
  GstSodMapView view;
  guint64 sum = 0, count = 0;

  if (!gst_sod_map_view_open (&view, self))
    return 0;
  for (gint y = 0; y < self->info.height; y++) {
    const guint8 *row = view.data + (gssize) y * view.stride;
    guint row_sum = 0, row_count = 0;

    for (gint x = 0; x < self->info.width; x++) {
      guint salient = row[x] >> 7;

      row_sum += row[x] * salient;
      row_count += salient;
    }
    sum += row_sum;
    count += row_count;
  }
  gst_sod_map_view_close (&view);
  return count == 0 ? 0 : (gdouble) sum / count / 255;
}

gboolean
gst_sod_map_fill (GstSodMap *self, GstBuffer *pixels, gint width, gint height)
{
  GstVideoInfo info;

  if (!gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height)
      || !gst_sod_map_check_pixels (pixels, &info, NULL))
    return FALSE;
  self->pixels = gst_buffer_ref (pixels);
  self->info = info;
  self->x = self->y = 0;
  self->rectangle_width = self->rectangle_height = 1;
  self->age = 0;
  self->score = measure_score (self);
  return TRUE;
}

void
gst_sod_map_fill_reused (
    GstSodMap *self, const GstSodMap *map, GstClockTime age)
{
  self->pixels = gst_buffer_ref (map->pixels);
  self->info = map->info;
  self->x = map->x;
  self->y = map->y;
  self->rectangle_width = map->rectangle_width;
  self->rectangle_height = map->rectangle_height;
  self->flags = map->flags | GST_SOD_MAP_FLAG_REUSED;
  self->age = age;
  self->score = map->score;
  gst_sod_map_origin_copy (&self->origin, &map->origin);
}

void
gst_sod_map_empty (GstSodMap *self)
{
  gst_clear_buffer (&self->pixels);
  gst_sod_map_origin_clear (&self->origin);
}

/* Takes @value over; one that is what was there costs nothing. */
static void
replace_name (GRefString **name, const gchar *value)
{
  if (*name != NULL && g_strcmp0 (*name, value) == 0)
    return;
  g_clear_pointer (name, g_ref_string_release);
  if (value != NULL)
    *name = g_ref_string_new (value);
}

void
gst_sod_map_origin_set (GstSodMapOrigin *self, const gchar *source_id,
    const gchar *model_id, const gchar *model_version)
{
  replace_name (&self->source_id, source_id);
  replace_name (&self->model_id, model_id);
  replace_name (&self->model_version, model_version);
}

static void
copy_name (GRefString **to, GRefString *from)
{
  g_clear_pointer (to, g_ref_string_release);
  if (from != NULL)
    *to = g_ref_string_acquire (from);
}

void
gst_sod_map_origin_copy (GstSodMapOrigin *self, const GstSodMapOrigin *from)
{
  copy_name (&self->source_id, from->source_id);
  copy_name (&self->model_id, from->model_id);
  copy_name (&self->model_version, from->model_version);
}

void
gst_sod_map_origin_clear (GstSodMapOrigin *self)
{
  g_clear_pointer (&self->source_id, g_ref_string_release);
  g_clear_pointer (&self->model_id, g_ref_string_release);
  g_clear_pointer (&self->model_version, g_ref_string_release);
}

/**
 * gst_sod_map_new:
 * @pixels: a GRAY8 frame, 0 = background, 255 = salient, with the strides of
 *   its GstVideoMeta or, without one, those that GstVideoInfo gives GRAY8
 *   (rows padded to 4 bytes); a reference is taken, and it may not be written
 *   to any more
 * @width: columns, 1 or more
 * @height: rows, 1 or more
 * @source_id: (nullable): name of the camera or file that the frame is of
 * @model_id: (nullable): name of the model
 * @model_version: (nullable): version of the model
 * @flags: what to know before trusting the map
 * @age: ns between the frame that the map was made of and the one it is for
 *
 * Makes the map of a frame; it covers the frame (its GstVideoCropMeta
 * rectangle, where it has one). Its score is measured here. Where @pixels
 * holds less than the size says, that is the caller's bug.
 *
 * Returns: (transfer full): the map
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_new (GstBuffer *pixels, gint width, gint height,
    const gchar *source_id, const gchar *model_id, const gchar *model_version,
    GstSodMapFlags flags, GstClockTime age)
{
  GstSodMap *self;

  g_return_val_if_fail (GST_IS_BUFFER (pixels), NULL);
  g_return_val_if_fail (width >= 1 && height >= 1, NULL);

  self = g_new0 (GstSodMap, 1);
  g_atomic_ref_count_init (&self->ref_count);
  if (!gst_sod_map_fill (self, pixels, width, height)) {
    g_free (self);
    g_return_val_if_reached (NULL);
  }
  gst_sod_map_origin_set (&self->origin, source_id, model_id, model_version);
  self->flags = flags;
  self->age = age;
  return self;
}

/**
 * gst_sod_map_new_reused:
 * @map: the map of an earlier frame
 * @age: ns between that frame and the one it is reused for
 *
 * Makes a map that shares the pixels of @map and says that it is older than
 * its frame: %GST_SOD_MAP_FLAG_REUSED.
 *
 * Returns: (transfer full): the map
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_new_reused (const GstSodMap *map, GstClockTime age)
{
  GstSodMap *self;

  g_return_val_if_fail (map != NULL, NULL);

  self = g_new0 (GstSodMap, 1);
  g_atomic_ref_count_init (&self->ref_count);
  gst_sod_map_fill_reused (self, map, age);
  return self;
}

/**
 * gst_sod_map_ref:
 * @self: a map
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_ref (GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_map_unref:
 * @self: (transfer full): a map
 *
 * Gives a reference back; the last one frees the map or gives it back to its
 * pool. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_map_unref (GstSodMap *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->pool != NULL) {
    gst_sod_map_pool_take_back (self->pool, self);
    return;
  }
  gst_sod_map_empty (self);
  g_free (self);
}

/**
 * gst_sod_map_get_pixels:
 * @self: a map
 *
 * Returns: (transfer none): its GRAY8 frame, 0 = background, 255 = salient,
 *   laid out as gst_sod_map_new() says; not to be written to
 *
 * Since: 0.1
 */
GstBuffer *
gst_sod_map_get_pixels (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->pixels;
}

/**
 * gst_sod_map_get_width:
 * @self: a map
 *
 * Returns: its width, pixels
 *
 * Since: 0.1
 */
gint
gst_sod_map_get_width (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->info.width;
}

/**
 * gst_sod_map_get_height:
 * @self: a map
 *
 * Returns: its height, pixels
 *
 * Since: 0.1
 */
gint
gst_sod_map_get_height (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->info.height;
}

/**
 * gst_sod_map_get_rectangle:
 * @self: a map
 * @x: (out) (optional): left edge
 * @y: (out) (optional): top edge
 * @width: (out) (optional): width
 * @height: (out) (optional): height
 *
 * Tells which part of the frame the map covers, in fractions of the frame's
 * width and height (of its GstVideoCropMeta rectangle, where it has one).
 *
 * Since: 0.1
 */
void
gst_sod_map_get_rectangle (const GstSodMap *self, gdouble *x, gdouble *y,
    gdouble *width, gdouble *height)
{
  g_return_if_fail (self != NULL);

  if (x != NULL)
    *x = self->x;
  if (y != NULL)
    *y = self->y;
  if (width != NULL)
    *width = self->rectangle_width;
  if (height != NULL)
    *height = self->rectangle_height;
}

/**
 * gst_sod_map_get_score:
 * @self: a map
 *
 * Tells how sure the network was of what it found: the mean over the salient
 * pixels, those of code 128 and over.
 *
 * Returns: 0.5 to 1, or 0 where no pixel is salient
 *
 * Since: 0.1
 */
gdouble
gst_sod_map_get_score (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->score;
}

/**
 * gst_sod_map_get_source_id:
 * @self: a map
 *
 * Returns: (transfer none) (nullable): name of the camera or file that the
 *   frame is of
 *
 * Since: 0.1
 */
const gchar *
gst_sod_map_get_source_id (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->origin.source_id;
}

/**
 * gst_sod_map_get_model_id:
 * @self: a map
 *
 * Returns: (transfer none) (nullable): name of the model that made it
 *
 * Since: 0.1
 */
const gchar *
gst_sod_map_get_model_id (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->origin.model_id;
}

/**
 * gst_sod_map_get_model_version:
 * @self: a map
 *
 * Returns: (transfer none) (nullable): version of the model that made it
 *
 * Since: 0.1
 */
const gchar *
gst_sod_map_get_model_version (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->origin.model_version;
}

/**
 * gst_sod_map_get_age:
 * @self: a map
 *
 * Returns: ns between the frame that the map was made of and the one that
 *   carries it; 0 for a map of this very frame
 *
 * Since: 0.1
 */
GstClockTime
gst_sod_map_get_age (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->age;
}

/**
 * gst_sod_map_get_flags:
 * @self: a map
 *
 * Returns: what to know before trusting the map
 *
 * Since: 0.1
 */
GstSodMapFlags
gst_sod_map_get_flags (const GstSodMap *self)
{
  g_return_val_if_fail (self != NULL, GST_SOD_MAP_FLAG_NONE);

  return self->flags;
}
