/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files of annotations have in common. */
#include <gst-sod/data/annotation-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/core/json-check-private.h>
#include <gst-sod/data/folder-private.h>

#define MAX_FILE ((gsize) 1 << 30)

gboolean
gst_sod_annotation_fail (const gchar *path, const gchar *what, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (path);
  g_autofree gchar *valid = g_utf8_make_valid (what, -1);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "%s: %s; export the annotations again", shown, valid);
  return FALSE;
}

JsonNode *
gst_sod_annotation_read_json (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = gst_sod_file_read (path, MAX_FILE, error);
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *what = NULL;
  const gchar *text;
  JsonNode *root;
  gsize size;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &size);
  parser = json_parser_new_immutable ();
  /* json-glib recurses without limit and keeps what it made of bad JSON. */
  if (!gst_sod_json_check (text, size, &cause)
      || !json_parser_load_from_data (parser, text, (gssize) size, &cause)) {
    what = g_strdup_printf ("cannot be read (%s)", cause->message);
    gst_sod_annotation_fail (path, what, error);
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    gst_sod_annotation_fail (path, "holds no JSON object", error);
    return NULL;
  }
  return json_node_ref (root);
}

static JsonNode *
get_member (JsonObject *object, const gchar *name)
{
  return json_object_get_member (object, name);
}

JsonArray *
gst_sod_annotation_get_array (JsonObject *object, const gchar *name)
{
  JsonNode *node = get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node)
             ? json_node_get_array (node)
             : NULL;
}

JsonObject *
gst_sod_annotation_get_object (JsonObject *object, const gchar *name)
{
  JsonNode *node = get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? json_node_get_object (node)
             : NULL;
}

const gchar *
gst_sod_annotation_get_string (JsonObject *object, const gchar *name)
{
  JsonNode *node = get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gboolean
get_number (JsonNode *node, gdouble *value)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_INT64
          && json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return FALSE;
  *value = json_node_get_double (node);
  return isfinite (*value);
}

gboolean
gst_sod_annotation_get_number (
    JsonObject *object, const gchar *name, gdouble *value)
{
  return get_number (get_member (object, name), value);
}

gboolean
gst_sod_annotation_get_element (JsonArray *array, guint index, gdouble *value)
{
  return index < json_array_get_length (array)
         && get_number (json_array_get_element (array, index), value);
}

/* No path out of the data set. */
static gboolean
is_inside (const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);

  return name[0] != '\0' && name[0] != '/'
         && !g_strv_contains ((const gchar *const *) parts, "..");
}

gchar *
gst_sod_annotation_find_image (
    const gchar *path, const gchar *name, GError **error)
{
  static const gchar *const places[] = { ".", "images", "..", "../images" };
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *shown = NULL;
  g_autofree gchar *shown_name = NULL;

  for (guint i = 0; is_inside (name) && i < G_N_ELEMENTS (places); i++) {
    g_autofree gchar *image =
        i == 0 ? g_build_filename (folder, name, NULL)
               : g_build_filename (folder, places[i], name, NULL);

    if (g_file_test (image, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&image);
  }
  shown = g_filename_display_name (path);
  shown_name = g_filename_display_name (name);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: names the picture %s, which is neither beside it nor in a folder "
      "images; put the pictures there",
      shown, shown_name);
  return NULL;
}

GstSodItem *
gst_sod_annotation_new_item (const gchar *image, const gchar *name)
{
  g_autofree gchar *folder = g_path_get_dirname (name);
  g_autofree gchar *base = g_path_get_basename (name);
  g_autofree gchar *stem = gst_sod_name_stem (base);
  g_autoptr (GRefString) sequence =
      g_ref_string_new (strcmp (folder, ".") == 0 ? "" : folder);

  return gst_sod_item_new (sequence, stem, image, NULL);
}

/* Adds what ends in @extension in @path, which may not be there. */
static void
collect_files (GPtrArray *files, const gchar *path, const gchar *extension)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    if (name[0] != '.' && g_str_has_suffix (name, extension))
      g_ptr_array_add (files, g_build_filename (path, name, NULL));
  }
}

gchar *
gst_sod_annotation_find_file (
    const gchar *root, const gchar *extension, GError **error)
{
  g_autofree gchar *inner = g_build_filename (root, "annotations", NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *shown = NULL;

  if (!g_file_test (root, G_FILE_TEST_IS_DIR))
    return g_strdup (root);
  collect_files (files, root, extension);
  if (files->len == 0)
    collect_files (files, inner, extension);
  if (files->len == 1)
    return g_strdup (g_ptr_array_index (files, 0));
  shown = g_filename_display_name (root);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: holds %u files *%s, where one file of annotations was expected; "
      "name the file",
      shown, files->len, extension);
  return NULL;
}
