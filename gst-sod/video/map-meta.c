/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How buffers carry a map and what is known of it. GStreamer 1.22 has no
 * analytics meta: they are fields of a custom meta, and nothing outside this
 * file depends on that. */
#include <gst-sod/video/map-private.h>

/* Registered names are seen by gst_buffer_get_custom_meta() only. */
#define META_NAME "GstSodMapMeta"
#define MAP_FIELD "map"
#define REGIONS_FIELD "regions"
#define RECONSTRUCTION_FIELD "reconstruction-error"
#define DISAGREEMENT_FIELD "disagreement"

static void register_meta (void);

/* The structure of the custom meta of @buffer, added where it has none. */
static GstStructure *
ensure_structure (GstBuffer *buffer)
{
  GstCustomMeta *meta;

  register_meta ();
  meta = gst_buffer_get_custom_meta (buffer, META_NAME);
  if (meta == NULL)
    meta = gst_buffer_add_custom_meta (buffer, META_NAME);
  return gst_custom_meta_get_structure (meta);
}

/* (nullable) */
static const GValue *
get_value (GstBuffer *buffer, const gchar *name)
{
  GstCustomMeta *meta;

  register_meta ();
  meta = gst_buffer_get_custom_meta (buffer, META_NAME);
  if (meta == NULL)
    return NULL;
  return gst_structure_get_value (gst_custom_meta_get_structure (meta), name);
}

static gpointer
get_field (GstBuffer *buffer, const gchar *name)
{
  const GValue *value = get_value (buffer, name);

  return value == NULL ? NULL : g_value_get_boxed (value);
}

static gboolean
get_number (GstBuffer *buffer, const gchar *name, gdouble *number)
{
  const GValue *value = get_value (buffer, name);

  if (value == NULL)
    return FALSE;
  if (number != NULL)
    *number = g_value_get_double (value);
  return TRUE;
}

/* Fractions of the frame hold whatever becomes of its pixels, so the map goes
 * along with every transform but the copy of a part of the bytes. */
static gboolean
transform_meta (GstBuffer *to, GstCustomMeta *meta, GstBuffer *from,
    GQuark type, gpointer data, gpointer user_data)
{
  static const gchar *const fields[] = { MAP_FIELD, REGIONS_FIELD,
    RECONSTRUCTION_FIELD, DISAGREEMENT_FIELD };
  const GstStructure *structure = gst_custom_meta_get_structure (meta);
  const GstMetaTransformCopy *copy = data;

  if (GST_META_TRANSFORM_IS_COPY (type) && copy->region)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const GValue *value = gst_structure_get_value (structure, fields[i]);

    if (value != NULL)
      gst_structure_set_value (ensure_structure (to), fields[i], value);
  }
  return TRUE;
}

static void
register_meta (void)
{
  static const gchar *tags[] = { GST_META_TAG_VIDEO_STR,
    GST_META_TAG_VIDEO_SIZE_STR, NULL };
  static gsize registered = 0;

  if (g_once_init_enter (&registered)) {
    gst_meta_register_custom (META_NAME, tags, transform_meta, NULL, NULL);
    g_once_init_leave (&registered, 1);
  }
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

  gst_structure_set (
      ensure_structure (buffer), MAP_FIELD, GST_SOD_TYPE_MAP, map, NULL);
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
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);

  return get_field (buffer, MAP_FIELD);
}

void
gst_sod_buffer_set_known_regions (GstBuffer *buffer, GPtrArray *regions)
{
  gst_structure_set (ensure_structure (buffer), REGIONS_FIELD, G_TYPE_PTR_ARRAY,
      regions, NULL);
}

GPtrArray *
gst_sod_buffer_get_known_regions (GstBuffer *buffer)
{
  return get_field (buffer, REGIONS_FIELD);
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

  gst_structure_set (ensure_structure (buffer), RECONSTRUCTION_FIELD,
      G_TYPE_DOUBLE, error, NULL);
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

  return get_number (buffer, RECONSTRUCTION_FIELD, error);
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

  gst_structure_set (ensure_structure (buffer), DISAGREEMENT_FIELD,
      G_TYPE_DOUBLE, disagreement, NULL);
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

  return get_number (buffer, DISAGREEMENT_FIELD, disagreement);
}
