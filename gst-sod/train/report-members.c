/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members of a record, of which any may be missing. */
#include <gst-sod/train/report-private.h>

#include <math.h>

JsonNode *
gst_sod_members_get (JsonObject *object, const gchar *name, JsonNodeType type)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_TYPE (node) == type ? node : NULL;
}

const gchar *
gst_sod_members_get_text (JsonObject *object, const gchar *name)
{
  JsonNode *node = gst_sod_members_get (object, name, JSON_NODE_VALUE);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : "";
}

gdouble
gst_sod_member_get_value (JsonNode *node)
{
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                   ? json_node_get_value_type (node)
                   : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    return (gdouble) json_node_get_int (node);
  return type == G_TYPE_DOUBLE ? json_node_get_double (node) : NAN;
}

gdouble
gst_sod_members_get_number (JsonObject *object, const gchar *name)
{
  return gst_sod_member_get_value (json_object_get_member (object, name));
}

/* (transfer full): of JsonObject; of elements that are none nothing. */
GPtrArray *
gst_sod_members_get_objects (JsonObject *object, const gchar *name)
{
  GPtrArray *objects =
      g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  JsonNode *node = gst_sod_members_get (object, name, JSON_NODE_ARRAY);
  JsonArray *array = node != NULL ? json_node_get_array (node) : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;

  for (guint i = 0; i < n; i++) {
    JsonNode *element = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_OBJECT (element))
      g_ptr_array_add (objects, json_node_dup_object (element));
  }
  return objects;
}
