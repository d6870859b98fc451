/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/json-members-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/core/error.h>
#include <gst-sod/core/json-check-private.h>

static gboolean
has_objects (JsonArray *list)
{
  for (guint i = 0; i < json_array_get_length (list); i++) {
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (list, i)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_kind (JsonNode *node, GstSodJsonKind kind)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
                                            : G_TYPE_NONE;

  switch (kind) {
    case GST_SOD_JSON_TEXT:
      return type == G_TYPE_STRING;
    case GST_SOD_JSON_FLAG:
      return type == G_TYPE_BOOLEAN;
    case GST_SOD_JSON_COUNT:
      return type == G_TYPE_INT64 && json_node_get_int (node) >= 0
             && json_node_get_int (node) <= G_MAXINT;
    case GST_SOD_JSON_NUMBER:
      return type == G_TYPE_INT64
             || (type == G_TYPE_DOUBLE
                 && isfinite (json_node_get_double (node)));
    case GST_SOD_JSON_LIST:
      return JSON_NODE_HOLDS_ARRAY (node);
    case GST_SOD_JSON_OBJECT:
      return JSON_NODE_HOLDS_OBJECT (node);
    case GST_SOD_JSON_OBJECTS:
      return JSON_NODE_HOLDS_ARRAY (node)
             && has_objects (json_node_get_array (node));
    default:
      g_assert_not_reached ();
  }
}

JsonNode *
gst_sod_json_read_object (const gchar *text, const gchar *what, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (gst_sod_json_check (text, strlen (text), &failure))
    node = json_from_string (text, &failure);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return g_steal_pointer (&node);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "%s is no JSON object%s%s", what, failure != NULL ? ": " : "",
      failure != NULL ? failure->message : "");
  return NULL;
}

gboolean
gst_sod_json_check_members (JsonObject *object, const GstSodJsonMember *members,
    guint n_members, const gchar *what, GError **error)
{
  static const gchar *const kinds[] = {
    [GST_SOD_JSON_TEXT] = "a string",
    [GST_SOD_JSON_FLAG] = "true or false",
    [GST_SOD_JSON_COUNT] = "a whole number from 0 on",
    [GST_SOD_JSON_NUMBER] = "a number",
    [GST_SOD_JSON_LIST] = "a list",
    [GST_SOD_JSON_OBJECT] = "an object",
    [GST_SOD_JSON_OBJECTS] = "a list of objects",
  };

  for (guint i = 0; i < n_members; i++) {
    JsonNode *node = json_object_get_member (object, members[i].name);

    if (node == NULL ? members[i].optional : is_kind (node, members[i].kind))
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s: its member \"%s\" is %s, %s was expected", what, members[i].name,
        node == NULL ? "missing" : "something else", kinds[members[i].kind]);
    return FALSE;
  }
  return TRUE;
}
