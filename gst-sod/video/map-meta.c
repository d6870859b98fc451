/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How buffers carry a map and what is known of it. GStreamer 1.22 has no
 * analytics meta: this is a meta of our own, and nothing outside this file
 * depends on that. */
#include <gst-sod/video/map-private.h>
#include <gst-sod/video/regions-private.h>

#include <string.h>

#define META_NAME "GstSodMapMeta"

/* As many regions as mostly there are cost no memory of their own. */
#define MOSTLY 8

enum
{
  RECONSTRUCTION,
  DISAGREEMENT,
  N_MEASURES
};

typedef struct
{
  gboolean known;
  gdouble value;
} Measure;

typedef struct
{
  GstMeta meta;
  GstSodMap *map; /* or NULL */
  Measure measures[N_MEASURES];
  GstSodRegion *regions; /* few, or n_regions on the heap */
  guint n_regions;
  GstSodRegion few[MOSTLY];
} MapMeta;

static const GstMetaInfo *get_info (void);

static void
set_map (MapMeta *self, GstSodMap *map)
{
  GstSodMap *before = self->map;

  self->map = map != NULL ? gst_sod_map_ref (map) : NULL;
  g_clear_pointer (&before, gst_sod_map_unref);
}

/* Makes place for @n regions. */
static void
resize_regions (MapMeta *self, guint n)
{
  if (self->regions != self->few)
    g_free (self->regions);
  self->regions = n <= MOSTLY ? self->few : g_new (GstSodRegion, n);
  self->n_regions = n;
}

static void
set_regions (MapMeta *self, const GstSodRegion *regions, guint n)
{
  resize_regions (self, n);
  memcpy (self->regions, regions, n * sizeof *regions);
}

static gboolean
init_meta (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  MapMeta *self = (MapMeta *) meta;

  self->map = NULL;
  memset (self->measures, 0, sizeof self->measures);
  self->regions = self->few;
  self->n_regions = 0;
  return TRUE;
}

static void
free_meta (GstMeta *meta, GstBuffer *buffer)
{
  MapMeta *self = (MapMeta *) meta;

  set_map (self, NULL);
  resize_regions (self, 0);
}

static MapMeta *
get_meta (GstBuffer *buffer)
{
  return (MapMeta *) gst_buffer_get_meta (buffer, get_info ()->api);
}

static MapMeta *
ensure_meta (GstBuffer *buffer)
{
  MapMeta *meta = get_meta (buffer);

  if (meta == NULL)
    meta = (MapMeta *) gst_buffer_add_meta (buffer, get_info (), NULL);
  return meta;
}

/* Fractions of the frame hold whatever becomes of its pixels, so the map goes
 * along with every transform but the copy of a part of the bytes. */
static gboolean
transform_meta (
    GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type, gpointer data)
{
  const MapMeta *self = (const MapMeta *) meta;
  const GstMetaTransformCopy *copy = data;
  MapMeta *other;

  if (GST_META_TRANSFORM_IS_COPY (type) && copy->region)
    return FALSE;
  other = ensure_meta (to);
  if (self->map != NULL)
    set_map (other, self->map);
  for (guint i = 0; i < N_MEASURES; i++) {
    if (self->measures[i].known)
      other->measures[i] = self->measures[i];
  }
  if (self->n_regions > 0)
    set_regions (other, self->regions, self->n_regions);
  return TRUE;
}

static const GstMetaInfo *
get_info (void)
{
  static const gchar *tags[] = { GST_META_TAG_VIDEO_STR,
    GST_META_TAG_VIDEO_SIZE_STR, NULL };
  static gsize info = 0;

  if (g_once_init_enter (&info)) {
    GType api = gst_meta_api_type_register (META_NAME "API", tags);

    g_once_init_leave (
        &info, (gsize) gst_meta_register (api, META_NAME, sizeof (MapMeta),
                   init_meta, free_meta, transform_meta));
  }
  return (const GstMetaInfo *) info;
}

static gboolean
get_measure (GstBuffer *buffer, guint index, gdouble *value)
{
  const MapMeta *meta = get_meta (buffer);

  if (meta == NULL || !meta->measures[index].known)
    return FALSE;
  if (value != NULL)
    *value = meta->measures[index].value;
  return TRUE;
}

/**
 * gst_sod_buffer_add_map:
 * @buffer: a writable frame
 * @map: its map; a reference is taken
 *
 * Lets @buffer carry @map, in place of one that it already carries. Copies of
 * the buffer carry it too, and so do frames that are scaled or converted.
 *
 * Since: 0.1
 */
void
gst_sod_buffer_add_map (GstBuffer *buffer, GstSodMap *map)
{
  g_return_if_fail (GST_IS_BUFFER (buffer));
  g_return_if_fail (gst_buffer_is_writable (buffer));
  g_return_if_fail (map != NULL);

  set_map (ensure_meta (buffer), map);
}

/**
 * gst_sod_buffer_get_map:
 * @buffer: a frame
 *
 * Returns: (transfer none) (nullable): the map that @buffer carries, valid
 *   while it does, or %NULL
 *
 * Since: 0.1
 */
GstSodMap *
gst_sod_buffer_get_map (GstBuffer *buffer)
{
  const MapMeta *meta;

  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);

  meta = get_meta (buffer);
  return meta == NULL ? NULL : meta->map;
}

void
gst_sod_buffer_set_known_regions (GstBuffer *buffer, GPtrArray *regions)
{
  MapMeta *meta = ensure_meta (buffer);

  resize_regions (meta, regions->len);
  for (guint i = 0; i < regions->len; i++)
    meta->regions[i] = *(GstSodRegion *) g_ptr_array_index (regions, i);
}

const GstSodRegion *
gst_sod_buffer_get_known_region (GstBuffer *buffer, guint id)
{
  const MapMeta *meta = get_meta (buffer);

  for (guint i = 0; meta != NULL && i < meta->n_regions; i++) {
    if (meta->regions[i].id == id)
      return &meta->regions[i];
  }
  return NULL;
}

/**
 * gst_sod_buffer_set_reconstruction_error:
 * @buffer: a writable frame
 * @error: how far the picture that a reverse network imagines from the frame's
 *   map is from the frame: gst_sod_reconstructor_measure(), 0 to 2
 *
 * Lets @buffer carry @error, as gst_sod_buffer_add_map() does the map.
 *
 * Since: 0.1
 */
void
gst_sod_buffer_set_reconstruction_error (GstBuffer *buffer, gdouble error)
{
  g_return_if_fail (GST_IS_BUFFER (buffer));
  g_return_if_fail (gst_buffer_is_writable (buffer));

  ensure_meta (buffer)->measures[RECONSTRUCTION] = (Measure){ TRUE, error };
}

/**
 * gst_sod_buffer_get_reconstruction_error:
 * @buffer: a frame
 * @error: (out) (optional): what gst_sod_buffer_set_reconstruction_error() set
 *
 * Returns: whether @buffer carries one
 *
 * Since: 0.1
 */
gboolean
gst_sod_buffer_get_reconstruction_error (GstBuffer *buffer, gdouble *error)
{
  g_return_val_if_fail (GST_IS_BUFFER (buffer), FALSE);

  return get_measure (buffer, RECONSTRUCTION, error);
}

/**
 * gst_sod_buffer_set_disagreement:
 * @buffer: a writable frame
 * @disagreement: how far the maps that the frame's map was made of disagree:
 *   gst_sod_ensemble_get_disagreement(), 0 to 1
 *
 * Lets @buffer carry @disagreement, as gst_sod_buffer_add_map() does the map.
 *
 * Since: 0.1
 */
void
gst_sod_buffer_set_disagreement (GstBuffer *buffer, gdouble disagreement)
{
  g_return_if_fail (GST_IS_BUFFER (buffer));
  g_return_if_fail (gst_buffer_is_writable (buffer));

  ensure_meta (buffer)->measures[DISAGREEMENT] =
      (Measure){ TRUE, disagreement };
}

/**
 * gst_sod_buffer_get_disagreement:
 * @buffer: a frame
 * @disagreement: (out) (optional): what gst_sod_buffer_set_disagreement() set
 *
 * Returns: whether @buffer carries one
 *
 * Since: 0.1
 */
gboolean
gst_sod_buffer_get_disagreement (GstBuffer *buffer, gdouble *disagreement)
{
  g_return_val_if_fail (GST_IS_BUFFER (buffer), FALSE);

  return get_measure (buffer, DISAGREEMENT, disagreement);
}
