/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/model-metadata-private.h>

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include <gst-sod/config.h>
#include <gst-sod/core/json-check-private.h>

#define MAX_ID 64 /* bytes */
#define MAX_FRAME_DISTANCE_MS 10000

static const gchar *
kind_name (const GstSodArchitecture *architecture)
{
  return architecture->kind == GST_SOD_NETWORK_REVERSE ? "reverse" : "base";
}

/* A value for messages: bounded, and nothing that a terminal would obey. */
static gchar *
shown (const gchar *value)
{
  g_autofree gchar *escaped = g_strescape (value, NULL);

  return g_strdup_printf ("\"%.64s\"", escaped);
}

static gboolean
refuse (GError **error, gint code, const gchar *key, const gchar *expected,
    const gchar *found)
{
  g_autofree gchar *text = found != NULL ? shown (found) : NULL;

  g_set_error (error, GST_SOD_ERROR, code,
      "metadata \"%s\" is %s, %s was expected", key,
      text != NULL ? text : "missing", expected);
  return FALSE;
}

static gboolean
check_format (GHashTable *metadata, GError **error)
{
  const gchar *format = g_hash_table_lookup (metadata, "format");
  const gchar *version = g_hash_table_lookup (metadata, "format-version");

  if (g_strcmp0 (format, GST_SOD_MODEL_FORMAT) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a safetensors file, but no model of gst-sod: metadata \"format\" is "
        "not \"" GST_SOD_MODEL_FORMAT "\"; convert it first "
        "(models/convert-reference.py shows how)");
    return FALSE;
  }
  if (g_strcmp0 (version, G_STRINGIFY (GST_SOD_MODEL_FORMAT_VERSION)) != 0)
    return refuse (error, GST_SOD_ERROR_MISMATCH, "format-version",
        "\"" G_STRINGIFY (
            GST_SOD_MODEL_FORMAT_VERSION) "\", all that "
                                          "gst-sod " GST_SOD_VERSION " reads,",
        version);
  return TRUE;
}

GstSodArchitecture *
gst_sod_model_metadata_get_architecture (GHashTable *metadata, GError **error)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  const gchar *kind = g_hash_table_lookup (metadata, "kind");
  const gchar *json = g_hash_table_lookup (metadata, "architecture");

  if (!check_format (metadata, error))
    return NULL;
  if (g_strcmp0 (kind, "base") != 0 && g_strcmp0 (kind, "reverse") != 0) {
    refuse (
        error, GST_SOD_ERROR_MISMATCH, "kind", "\"base\" or \"reverse\"", kind);
    return NULL;
  }
  if (json == NULL) {
    refuse (error, GST_SOD_ERROR_FORMAT, "architecture", "a JSON object", NULL);
    return NULL;
  }
  architecture = gst_sod_architecture_new_from_json (json, error);
  if (architecture == NULL)
    return NULL;
  if (!g_str_equal (kind, kind_name (architecture))) {
    refuse (error, GST_SOD_ERROR_MISMATCH, "kind",
        "the kind of the architecture in the same file", kind);
    return NULL;
  }
  return g_steal_pointer (&architecture);
}

/* A reverse network reads maps in 0..1 as they are. */
static gchar *
default_input_rule (const GstSodArchitecture *self)
{
  gboolean is_base = self->kind == GST_SOD_NETWORK_BASE;

  return g_strdup_printf (
      "{\"name\":\"" GST_SOD_INPUT_RULE "\","
      "\"version\":" G_STRINGIFY (
          GST_SOD_INPUT_RULE_VERSION) ","
                                      "\"size\":[%d,%d],\"mean\":%s,\"std\":%s,"
                                      "\"frame-distance\":" G_STRINGIFY (
                                          GST_SOD_MODEL_FRAME_DISTANCE_MS) "}",
      self->input_width, self->input_height,
      is_base ? "[0.485,0.456,0.406]" : "[0.0,0.0,0.0]",
      is_base ? "[0.229,0.224,0.225]" : "[1.0,1.0,1.0]");
}

/* The words of the file, by value. */
static const gchar *const second_inputs[] = { "frame", "aligned-difference" };

gchar *
gst_sod_model_metadata_set_second_input (
    const gchar *input_rule, GstSodSecondInput second_input, gint64 distance)
{
  g_autoptr (JsonNode) root = json_from_string (input_rule, NULL);
  JsonObject *object = json_node_get_object (root);

  json_object_set_string_member (
      object, "second-input", second_inputs[second_input]);
  json_object_set_int_member (object, "frame-distance", distance / 1000000);
  return json_to_string (root, FALSE);
}

/* Takes @value. */
static void
set (GHashTable *metadata, const gchar *key, gchar *value)
{
  g_hash_table_replace (metadata, g_strdup (key), value);
}

static void
set_default (GHashTable *metadata, const gchar *key, const gchar *value)
{
  if (!g_hash_table_contains (metadata, key))
    set (metadata, key, g_strdup (value));
}

void
gst_sod_model_metadata_complete (GHashTable *metadata,
    const GstSodArchitecture *architecture, const gchar *hash)
{
  g_autofree gchar *input_rule = default_input_rule (architecture);

  set (metadata, "format", g_strdup (GST_SOD_MODEL_FORMAT));
  set (metadata, "format-version",
      g_strdup (G_STRINGIFY (GST_SOD_MODEL_FORMAT_VERSION)));
  set (metadata, "kind", g_strdup (kind_name (architecture)));
  set (metadata, "architecture", gst_sod_architecture_to_json (architecture));
  set (metadata, GST_SOD_MODEL_KEY_HASH, g_strdup (hash));
  set_default (metadata, "name", architecture->preset);
  set_default (metadata, "input-rule", input_rule);
  set_default (metadata, "threshold", G_STRINGIFY (GST_SOD_MODEL_THRESHOLD));
  set_default (metadata, "quantisation", "none");
  set_default (metadata, "scores", "[]");
  set_default (
      metadata, "lineage", "{\"parents\":[],\"phases\":[],\"data\":[]}");
  set_default (metadata, "creator",
      "{\"tool\":\"gst-sod\",\"version\":\"" GST_SOD_VERSION "\"}");
}

/* The number @text, all of it, from @low to @high. */
static gboolean
read_number (const gchar *text, gdouble low, gdouble high, gdouble *value)
{
  gchar *end;

  if (text == NULL || *text == '\0' || g_ascii_isspace (*text))
    return FALSE;
  *value = g_ascii_strtod (text, &end);
  return *end == '\0' && *value >= low && *value <= high;
}

static gboolean
read_id (GHashTable *metadata, GstSodModelInfo *info, GError **error)
{
  const gchar *id = g_hash_table_lookup (metadata, "name");
  gboolean good = id != NULL && *id != '\0' && strlen (id) <= MAX_ID;

  for (const gchar *at = id; good && *at != '\0'; at = g_utf8_next_char (at))
    good = g_unichar_isprint (g_utf8_get_char (at));
  if (!good)
    return refuse (error, GST_SOD_ERROR_FORMAT, "name",
        "printable text of 1 to " G_STRINGIFY (MAX_ID) " bytes", id);
  info->id = id;
  return TRUE;
}

/* Three numbers from @low to @high, one for each of R, G, B. */
static gboolean
read_colour (
    JsonObject *object, const gchar *key, gdouble low, gdouble high, gfloat *to)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  if (json_array_get_length (array) != 3)
    return FALSE;
  for (guint i = 0; i < 3; i++) {
    JsonNode *item = json_array_get_element (array, i);
    gdouble value;

    if (json_node_get_value_type (item) != G_TYPE_DOUBLE
        && json_node_get_value_type (item) != G_TYPE_INT64)
      return FALSE;
    value = json_node_get_double (item);
    if (!(value >= low && value <= high))
      return FALSE;
    to[i] = (gfloat) value;
  }
  return TRUE;
}

static gboolean
read_integer (JsonNode *node, gint64 low, gint64 high, gint64 *value)
{
  if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return *value >= low && *value <= high;
}

static gboolean
has_size (JsonObject *object, const GstSodArchitecture *architecture)
{
  JsonNode *node = json_object_get_member (object, "size");
  JsonArray *array;
  gint64 width, height;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  return json_array_get_length (array) == 2
         && read_integer (
             json_array_get_element (array, 0), 1, G_MAXINT, &width)
         && read_integer (
             json_array_get_element (array, 1), 1, G_MAXINT, &height)
         && width == architecture->input_width
         && height == architecture->input_height;
}

static gboolean
read_second_input (JsonNode *node, GstSodSecondInput *second_input)
{
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (second_inputs); i++) {
    if (g_str_equal (json_node_get_string (node), second_inputs[i])) {
      *second_input = (GstSodSecondInput) i;
      return TRUE;
    }
  }
  return FALSE;
}

/* What is wrong with the rule, or NULL. */
static const gchar *
read_rule_object (JsonObject *object, const GstSodArchitecture *architecture,
    GstSodInputRule *rule, gint *code)
{
  JsonNode *name = json_object_get_member (object, "name");
  gint64 version, distance = GST_SOD_MODEL_FRAME_DISTANCE_MS;

  *code = GST_SOD_ERROR_MISMATCH;
  if (name == NULL || json_node_get_value_type (name) != G_TYPE_STRING
      || !g_str_equal (json_node_get_string (name), GST_SOD_INPUT_RULE))
    return "\"name\":\"" GST_SOD_INPUT_RULE "\"";
  if (!read_integer (json_object_get_member (object, "version"),
          GST_SOD_INPUT_RULE_VERSION, GST_SOD_INPUT_RULE_VERSION, &version))
    return "\"version\":" G_STRINGIFY (GST_SOD_INPUT_RULE_VERSION);
  if (!has_size (object, architecture))
    return "the \"size\" of the architecture's input";
  *code = GST_SOD_ERROR_FORMAT;
  if (!read_colour (object, "mean", -10.0, 10.0, rule->mean))
    return "a \"mean\" of three numbers from -10 to 10";
  if (!read_colour (object, "std", 1e-3, 1e3, rule->std))
    return "a \"std\" of three numbers from 0.001 to 1000";
  if (json_object_has_member (object, "frame-distance")
      && !read_integer (json_object_get_member (object, "frame-distance"), 1,
          MAX_FRAME_DISTANCE_MS, &distance))
    return "a \"frame-distance\" of 1 to 10000 ms";
  rule->frame_distance = distance * 1000000;
  rule->second_input = GST_SOD_SECOND_INPUT_FRAME;
  if (json_object_has_member (object, "second-input")
      && !read_second_input (
          json_object_get_member (object, "second-input"), &rule->second_input))
    return "a \"second-input\" of \"frame\" or \"aligned-difference\"";
  return NULL;
}

/* NULL where @text is no JSON that is safe to parse. */
static JsonNode *
parse_json (const gchar *text)
{
  if (text == NULL || !gst_sod_json_check (text, strlen (text), NULL))
    return NULL;
  return json_from_string (text, NULL);
}

static gboolean
read_input_rule (GHashTable *metadata, const GstSodArchitecture *architecture,
    GstSodModelInfo *info, GError **error)
{
  const gchar *text = g_hash_table_lookup (metadata, "input-rule");
  g_autoptr (JsonNode) root = parse_json (text);
  const gchar *expected;
  gint code;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return refuse (
        error, GST_SOD_ERROR_FORMAT, "input-rule", "a JSON object", text);
  expected = read_rule_object (
      json_node_get_object (root), architecture, &info->input_rule, &code);
  if (expected != NULL)
    return refuse (error, code, "input-rule", expected, text);
  return TRUE;
}

/* Keys that the library only keeps still have to be what they say. */
static gboolean
check_kept (GHashTable *metadata, GError **error)
{
  static const gchar *const keys[] = { "scores", "lineage", "creator" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const gchar *text = g_hash_table_lookup (metadata, keys[i]);

    if (text != NULL && !gst_sod_json_check (text, strlen (text), NULL))
      return refuse (error, GST_SOD_ERROR_FORMAT, keys[i], "JSON", text);
  }
  return TRUE;
}

gboolean
gst_sod_model_metadata_read (GHashTable *metadata,
    const GstSodArchitecture *architecture, GstSodModelInfo *info,
    GError **error)
{
  const gchar *threshold = g_hash_table_lookup (metadata, "threshold");
  const gchar *quantisation = g_hash_table_lookup (metadata, "quantisation");

  if (!read_id (metadata, info, error))
    return FALSE;
  if (!read_number (threshold, 0.0, 1.0, &info->threshold))
    return refuse (error, GST_SOD_ERROR_FORMAT, "threshold",
        "a number from 0 to 1", threshold);
  if (g_strcmp0 (quantisation, "none") != 0)
    return refuse (error, GST_SOD_ERROR_MISMATCH, "quantisation", "\"none\"",
        quantisation);
  return read_input_rule (metadata, architecture, info, error)
         && check_kept (metadata, error);
}
