/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LabelMe: beside a picture a JSON file of its name, with its shapes. A file
 * without shapes says that nothing is there; a picture without a file is
 * unlabelled. */
#include <gst-sod/data/annotation-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/data/folder-private.h>

/* (transfer full) (nullable): x and y of each point */
static GArray *
read_points (JsonObject *shape)
{
  JsonArray *array = gst_sod_annotation_get_array (shape, "points");
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (gdouble));

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);
    gdouble xy[2];

    if (!JSON_NODE_HOLDS_ARRAY (node)
        || !gst_sod_annotation_get_element (
            json_node_get_array (node), 0, &xy[0])
        || !gst_sod_annotation_get_element (
            json_node_get_array (node), 1, &xy[1]))
      return NULL;
    g_array_append_vals (points, xy, 2);
  }
  return array != NULL ? g_steal_pointer (&points) : NULL;
}

/* Points and lines have no inside. */
static gboolean
add_shape (GstSodShapes *shapes, JsonObject *shape)
{
  const gchar *kind = gst_sod_annotation_get_string (shape, "shape_type");
  g_autoptr (GArray) points = read_points (shape);
  const gdouble *p;

  if (points == NULL)
    return FALSE;
  p = (const gdouble *) (gpointer) points->data;
  if (kind == NULL || strcmp (kind, "polygon") == 0) {
    if (points->len < 6)
      return FALSE;
    gst_sod_shapes_add_polygon (shapes, p, points->len / 2);
  } else if (strcmp (kind, "rectangle") == 0) {
    if (points->len != 4)
      return FALSE;
    gst_sod_shapes_add_box (shapes, p[0], p[1], p[2], p[3]);
  } else if (strcmp (kind, "circle") == 0) {
    gdouble radius;

    if (points->len != 4)
      return FALSE;
    radius = hypot (p[2] - p[0], p[3] - p[1]);
    if (radius > 0)
      gst_sod_shapes_add_ellipse (shapes, p[0], p[1], radius, radius);
  } else {
    return strcmp (kind, "point") == 0 || strcmp (kind, "points") == 0
           || strcmp (kind, "line") == 0 || strcmp (kind, "linestrip") == 0;
  }
  return TRUE;
}

static GstSodShapes *
read_shapes (const gchar *path, GError **error)
{
  g_autoptr (JsonNode) root = gst_sod_annotation_read_json (path, error);
  JsonArray *array;
  GstSodShapes *shapes;

  if (root == NULL)
    return NULL;
  array = gst_sod_annotation_get_array (json_node_get_object (root), "shapes");
  if (array == NULL) {
    gst_sod_annotation_fail (path, "has no shapes", error);
    return NULL;
  }
  shapes = gst_sod_shapes_new ();
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);
    g_autofree gchar *what = NULL;

    if (JSON_NODE_HOLDS_OBJECT (node)
        && add_shape (shapes, json_node_get_object (node)))
      continue;
    what = g_strdup_printf (
        "shape %u is no polygon, rectangle, circle, line or point", i);
    gst_sod_annotation_fail (path, what, error);
    gst_sod_shapes_free (shapes);
    return NULL;
  }
  return shapes;
}

static gboolean
list_folder (GstSodListing *listing, const gchar *path, const gchar *sequence,
    GError **error)
{
  g_autoptr (GstSodFolder) folder = gst_sod_folder_open (path, error);
  g_autoptr (GRefString) shared = g_ref_string_new (sequence);

  if (folder == NULL)
    return FALSE;
  for (guint i = 0; i < folder->pictures->len; i++) {
    const gchar *name = g_ptr_array_index (folder->pictures, i);
    g_autofree gchar *image = g_build_filename (path, name, NULL);
    g_autofree gchar *stem = gst_sod_name_stem (name);
    g_autofree gchar *base = g_build_filename (path, stem, NULL);
    g_autofree gchar *json = g_strconcat (base, ".json", NULL);
    GstSodItem *item = gst_sod_item_new (shared, stem, image, NULL);
    GstSodShapes *shapes;

    g_ptr_array_add (listing->items, item);
    if (!g_file_test (json, G_FILE_TEST_EXISTS))
      continue;
    shapes = read_shapes (json, error);
    if (shapes == NULL)
      return FALSE;
    gst_sod_item_take_shapes (item, shapes);
  }
  for (guint i = 0; sequence[0] == '\0' && i < folder->folders->len; i++) {
    const gchar *name = g_ptr_array_index (folder->folders, i);
    g_autofree gchar *inner = g_build_filename (path, name, NULL);

    if (!list_folder (listing, inner, name, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_list_labelme (GstSodListing *listing, GError **error)
{
  return list_folder (listing, listing->root, "", error)
         && (listing->items->len > 0
             || gst_sod_folder_lacks (listing->root,
                 "pictures with LabelMe's JSON files beside them", error));
}
