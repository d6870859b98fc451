/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* COCO (Lin et al., "Microsoft COCO: common objects in context", 2014):
 * polygons, and run lengths along columns, as numbers or as text. Everything
 * that is annotated is foreground; a picture without annotations is
 * unlabelled. */
#include <gst-sod/data/annotation-private.h>

#include <math.h>
#include <string.h>

/* Numbers of text: six bits a character from '0' on, five of value and one that
 * says whether more follow; from the third number on, the difference to the one
 * two before. */
static GArray *
decode_counts (const gchar *text)
{
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint32));

  while (*text != '\0') {
    gint64 value = 0;
    guint shift = 0, more = 1;

    while (more != 0) {
      guint c = (guint) *text - '0';

      if (*text == '\0' || c > 63 || shift > 35)
        return NULL;
      value |= (gint64) (c & 31) << shift;
      more = c & 32;
      shift += 5;
      text++;
      if (more == 0 && (c & 16) != 0)
        value -= (gint64) 1 << shift;
    }
    if (counts->len > 2)
      value += g_array_index (counts, guint32, counts->len - 2);
    if (value < 0 || value > G_MAXUINT32)
      return NULL;
    g_array_append_vals (counts, &(guint32){ (guint32) value }, 1);
  }
  return g_steal_pointer (&counts);
}

static GArray *
read_counts (JsonArray *array)
{
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint32));

  for (guint i = 0; i < json_array_get_length (array); i++) {
    gdouble value;

    if (!gst_sod_annotation_get_element (array, i, &value) || value < 0
        || value > G_MAXUINT32 || value != floor (value))
      return NULL;
    g_array_append_vals (counts, &(guint32){ (guint32) value }, 1);
  }
  return g_steal_pointer (&counts);
}

static gboolean
add_runs (GstSodShapes *shapes, JsonObject *runs)
{
  JsonArray *size = gst_sod_annotation_get_array (runs, "size");
  JsonArray *array = gst_sod_annotation_get_array (runs, "counts");
  const gchar *text = gst_sod_annotation_get_string (runs, "counts");
  gdouble height, width;
  GArray *counts = NULL;

  if (size == NULL || !gst_sod_annotation_get_element (size, 0, &height)
      || !gst_sod_annotation_get_element (size, 1, &width) || width < 1
      || height < 1 || width > 65536 || height > 65536)
    return FALSE;
  if (array != NULL)
    counts = read_counts (array);
  else if (text != NULL)
    counts = decode_counts (text);
  if (counts == NULL)
    return FALSE;
  gst_sod_shapes_add_runs (
      shapes, counts, 0, 0, (gint) width, (gint) height, TRUE);
  return TRUE;
}

static gboolean
add_polygon (GstSodShapes *shapes, JsonNode *node)
{
  JsonArray *array =
      JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;
  g_autofree gdouble *points = NULL;

  if (n < 6 || n % 2 != 0)
    return FALSE;
  points = g_new (gdouble, n);
  for (guint i = 0; i < n; i++) {
    if (!gst_sod_annotation_get_element (array, i, &points[i]))
      return FALSE;
  }
  gst_sod_shapes_add_polygon (shapes, points, n / 2);
  return TRUE;
}

static gboolean
add_segmentation (GstSodShapes *shapes, JsonObject *annotation)
{
  JsonObject *runs = gst_sod_annotation_get_object (annotation, "segmentation");
  JsonArray *polygons =
      gst_sod_annotation_get_array (annotation, "segmentation");

  if (runs != NULL)
    return add_runs (shapes, runs);
  for (guint i = 0; polygons != NULL && i < json_array_get_length (polygons);
       i++) {
    if (!add_polygon (shapes, json_array_get_element (polygons, i)))
      return FALSE;
  }
  return polygons != NULL;
}

static JsonObject *
object_at (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* Items by the numbers of their pictures. */
static gboolean
list_images (GstSodListing *listing, const gchar *path, JsonArray *images,
    GHashTable *by_id, GError **error)
{
  for (guint i = 0; i < json_array_get_length (images); i++) {
    JsonObject *object = object_at (images, i);
    const gchar *name =
        object != NULL ? gst_sod_annotation_get_string (object, "file_name")
                       : NULL;
    g_autofree gchar *image = NULL;
    gdouble id;
    GstSodItem *item;

    if (name == NULL || !gst_sod_annotation_get_number (object, "id", &id))
      return gst_sod_annotation_fail (
          path, "an entry of images has no file_name or no id", error);
    image = gst_sod_annotation_find_image (path, name, error);
    if (image == NULL)
      return FALSE;
    item = gst_sod_annotation_new_item (image, name);
    g_ptr_array_add (listing->items, item);
    g_hash_table_insert (
        by_id, g_memdup2 (&(gint64){ (gint64) id }, sizeof (gint64)), item);
  }
  return TRUE;
}

static gboolean
add_annotations (const gchar *path, JsonArray *annotations, GHashTable *by_id,
    GError **error)
{
  for (guint i = 0; i < json_array_get_length (annotations); i++) {
    JsonObject *object = object_at (annotations, i);
    g_autofree gchar *what = g_strdup_printf ("annotation %u ", i);
    g_autofree gchar *text = NULL;
    gdouble id;
    GstSodItem *item;

    if (object == NULL
        || !gst_sod_annotation_get_number (object, "image_id", &id)) {
      text = g_strconcat (what, "has no image_id", NULL);
      return gst_sod_annotation_fail (path, text, error);
    }
    item = g_hash_table_lookup (by_id, &(gint64){ (gint64) id });
    if (item == NULL) {
      text = g_strconcat (what, "is of a picture that is not listed", NULL);
      return gst_sod_annotation_fail (path, text, error);
    }
    if (item->truth == NULL)
      gst_sod_item_take_shapes (item, gst_sod_shapes_new ());
    if (!add_segmentation (item->truth, object)) {
      text = g_strconcat (what,
          "has no sound segmentation (polygons of three points or more, or run "
          "lengths)",
          NULL);
      return gst_sod_annotation_fail (path, text, error);
    }
  }
  return TRUE;
}

gboolean
gst_sod_list_coco (GstSodListing *listing, GError **error)
{
  g_autofree gchar *path =
      gst_sod_annotation_find_file (listing->root, ".json", error);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GHashTable) by_id =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  JsonArray *images, *annotations;

  root = path != NULL ? gst_sod_annotation_read_json (path, error) : NULL;
  if (root == NULL)
    return FALSE;
  images = gst_sod_annotation_get_array (json_node_get_object (root), "images");
  annotations =
      gst_sod_annotation_get_array (json_node_get_object (root), "annotations");
  if (images == NULL || annotations == NULL)
    return gst_sod_annotation_fail (
        path, "has no images or no annotations", error);
  return list_images (listing, path, images, by_id, error)
         && add_annotations (path, annotations, by_id, error);
}
