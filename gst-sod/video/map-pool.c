/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/map-pool.h>
#include <gst-sod/video/map-private.h>

struct _GstSodMapPool
{
  GObject parent_instance;
  GstSodMapOrigin origin;

  GMutex lock; /* of free */
  GPtrArray *free;
};

G_DEFINE_FINAL_TYPE (GstSodMapPool, gst_sod_map_pool, G_TYPE_OBJECT)

static void
free_map (gpointer data)
{
  GstSodMap *map = data;

  gst_clear_buffer (&map->share);
  gst_sod_map_empty (map);
  g_free (map);
}

static void
gst_sod_map_pool_finalize (GObject *object)
{
  GstSodMapPool *self = GST_SOD_MAP_POOL (object);

  g_ptr_array_unref (self->free);
  gst_sod_map_origin_clear (&self->origin);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_sod_map_pool_parent_class)->finalize (object);
}

static void
gst_sod_map_pool_class_init (GstSodMapPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_map_pool_finalize;
}

static void
gst_sod_map_pool_init (GstSodMapPool *self)
{
  g_mutex_init (&self->lock);
  self->free = g_ptr_array_new_with_free_func (free_map);
}

/* An empty map, which holds the pool while it is out. */
static GstSodMap *
take (GstSodMapPool *self, GstSodMapFlags flags)
{
  GstSodMap *map = NULL;

  g_mutex_lock (&self->lock);
  if (self->free->len > 0)
    map = g_ptr_array_steal_index_fast (self->free, self->free->len - 1);
  g_mutex_unlock (&self->lock);
  if (map == NULL)
    map = g_new0 (GstSodMap, 1);
  g_atomic_ref_count_init (&map->ref_count);
  map->pool = g_object_ref (self);
  map->flags = flags;
  return map;
}

/* What holds memory that is a frame's holds it up: a buffer does not go back
 * to its pool before all others have let go of its memory. */
static void
release_memory (GstSodMap *map)
{
  if (map->share == NULL)
    return;
  if (gst_buffer_is_writable (map->share))
    gst_buffer_remove_all_memory (map->share);
  else
    gst_clear_buffer (&map->share);
}

void
gst_sod_map_pool_take_back (GstSodMapPool *self, GstSodMap *map)
{
  gst_clear_buffer (&map->pixels);
  release_memory (map);
  map->pool = NULL;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->free, map);
  g_mutex_unlock (&self->lock);
  g_object_unref (self);
}

/* Lays @share out as @frame is. */
static void
copy_layout (GstBuffer *share, GstBuffer *frame)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (frame);
  GstVideoMeta *own = gst_buffer_get_video_meta (share);

  if (own != NULL && meta != NULL && own->format == meta->format
      && own->width == meta->width && own->height == meta->height
      && own->offset[0] == meta->offset[0] && own->stride[0] == meta->stride[0])
    return;
  if (own != NULL)
    gst_buffer_remove_meta (share, &own->meta);
  if (meta != NULL)
    gst_buffer_add_video_meta_full (share, meta->flags, meta->format,
        meta->width, meta->height, meta->n_planes, meta->offset, meta->stride);
}

/* Takes @map over; NULL where @pixels are too small. */
static GstSodMap *
finish (GstSodMapPool *self, GstSodMap *map, GstBuffer *pixels, gint width,
    gint height)
{
  if (!gst_sod_map_fill (map, pixels, width, height)) {
    gst_sod_map_unref (map);
    g_return_val_if_reached (NULL);
  }
  gst_sod_map_origin_copy (&map->origin, &self->origin);
  return map;
}

/**
 * gst_sod_map_pool_new:
 *
 * Makes an empty pool.
 *
 * Returns: (transfer full): the pool
 *
 * Since: 0.1
 */
GstSodMapPool *
gst_sod_map_pool_new (void)
{
  return g_object_new (GST_SOD_TYPE_MAP_POOL, NULL);
}

/**
 * gst_sod_map_pool_set_origin:
 * @self: a pool
 * @source_id: (nullable): name of the camera or file that the frames are of
 * @model_id: (nullable): name of the model
 * @model_version: (nullable): version of the model
 *
 * Says where the maps that are made from now on come from. To say the same
 * again costs nothing.
 *
 * Since: 0.1
 */
void
gst_sod_map_pool_set_origin (GstSodMapPool *self, const gchar *source_id,
    const gchar *model_id, const gchar *model_version)
{
  g_return_if_fail (GST_SOD_IS_MAP_POOL (self));

  gst_sod_map_origin_set (&self->origin, source_id, model_id, model_version);
}

/**
 * gst_sod_map_pool_make:
 * @self: a pool
 * @pixels: a GRAY8 frame, as for gst_sod_map_new(); a reference is taken
 * @width: columns, 1 or more
 * @height: rows, 1 or more
 * @flags: what to know before trusting the map
 *
 * Makes the map of a frame, of the pool's origin and age 0. Where @pixels holds
 * less than the size says, that is the caller's bug.
 *
 * Returns: (transfer full): the map
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_pool_make (GstSodMapPool *self, GstBuffer *pixels, gint width,
    gint height, GstSodMapFlags flags)
{
  g_return_val_if_fail (GST_SOD_IS_MAP_POOL (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (pixels), NULL);
  g_return_val_if_fail (width >= 1 && height >= 1, NULL);

  return finish (self, take (self, flags), pixels, width, height);
}

/**
 * gst_sod_map_pool_make_sharing:
 * @self: a pool
 * @frame: a GRAY8 frame that may come to carry the map itself
 * @width: columns, 1 or more
 * @height: rows, 1 or more
 * @flags: what to know before trusting the map
 *
 * As gst_sod_map_pool_make(), of a buffer of its own with the memory of @frame:
 * a frame that carried a map of itself would never be freed.
 *
 * Returns: (transfer full): the map
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_pool_make_sharing (GstSodMapPool *self, GstBuffer *frame,
    gint width, gint height, GstSodMapFlags flags)
{
  GstSodMap *map;

  g_return_val_if_fail (GST_SOD_IS_MAP_POOL (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (frame), NULL);
  g_return_val_if_fail (width >= 1 && height >= 1, NULL);

  map = take (self, flags);
  if (map->share == NULL)
    map->share = gst_buffer_new ();
  gst_buffer_copy_into (map->share, frame, GST_BUFFER_COPY_MEMORY, 0, -1);
  copy_layout (map->share, frame);
  return finish (self, map, map->share, width, height);
}

/**
 * gst_sod_map_pool_make_reused:
 * @self: a pool
 * @map: the map of an earlier frame
 * @age: ns between that frame and the one it is reused for
 *
 * As gst_sod_map_new_reused().
 *
 * Returns: (transfer full): the map
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_map_pool_make_reused (
    GstSodMapPool *self, const GstSodMap *map, GstClockTime age)
{
  GstSodMap *reused;

  g_return_val_if_fail (GST_SOD_IS_MAP_POOL (self), NULL);
  g_return_val_if_fail (map != NULL, NULL);

  reused = take (self, GST_SOD_MAP_FLAG_NONE);
  gst_sod_map_fill_reused (reused, map, age);
  return reused;
}
