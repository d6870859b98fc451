/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/architecture-private.h>

#include <string.h>

#include <json-glib/json-glib.h>

#include <gst-sod/core/json-check-private.h>

/* Bounds of what a model file may ask for: far over any network of this kind,
 * far under what would take a machine down. */
#define MAX_SIDE 4096
#define MAX_WIDTH 1024
#define MAX_DILATION 64
#define MAX_STRING 32 /* bytes */
#define MAX_LAYERS (GST_SOD_MAX_INPUTS - 1)

G_DEFINE_BOXED_TYPE (GstSodArchitecture, gst_sod_architecture,
    gst_sod_architecture_ref, gst_sod_architecture_unref)

/* What presets share; docs of the fields: architecture-private.h. */
static GstSodArchitecture *
new_default (const gchar *preset)
{
  static const gint encoder[][2] = { { 1, 2 }, { 1, 2 }, { 2, 4 } };
  static const gint decoder[][2] = { { 2, 4 }, { 1, 2 }, { 1, 2 } };
  static const gint blocks[] = { 1, 4, 8, 8, 8, 8, 4, 1 };
  static const gint widths[] = { 32, 64, 96, 128 };
  GstSodArchitecture *self = g_new0 (GstSodArchitecture, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->preset = g_strdup (preset);
  self->input_width = 320;
  self->input_height = 192;
  self->input_frames = 1;
  self->skips = TRUE;
  memcpy (self->widths, widths, sizeof (widths));
  memcpy (self->encoder_dilations, encoder, sizeof (encoder));
  memcpy (self->decoder_dilations, decoder, sizeof (decoder));
  self->stem_width = 32;
  self->growth = 16;
  memcpy (self->blocks, blocks, sizeof (blocks));
  return self;
}

/**
 * gst_sod_architecture_new_preset:
 * @preset: "base" (0.77 M weights), "small" (0.20 M), "paper" (as "base"
 *   without skips, which the paper does not have) or "reverse" (2.0 M)
 * @input_frames: 1 (RGB) or 2 (RGB and the RGB of the frame before); 1 for
 *   "reverse", whose input is a map
 * @error: return location for an error
 *
 * Makes one of the architectures of the method for an input of 320x192 pixels
 * (the paper, III.B and III.E).
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for another name or number.
 *
 * Returns: (transfer full): the architecture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodArchitecture *
gst_sod_architecture_new_preset (
    const gchar *preset, guint input_frames, GError **error)
{
  static const gint small_widths[] = { 24, 32, 48, 64 };
  g_autoptr (GstSodArchitecture) self = NULL;

  g_return_val_if_fail (preset != NULL, NULL);

  self = new_default (preset);
  self->input_frames = input_frames;
  if (g_str_equal (preset, "small"))
    memcpy (self->widths, small_widths, sizeof (small_widths));
  else if (g_str_equal (preset, "paper"))
    self->skips = FALSE;
  else if (g_str_equal (preset, "reverse"))
    self->kind = GST_SOD_NETWORK_REVERSE;
  else if (!g_str_equal (preset, "base")) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "there is no architecture preset \"%s\"; there are base, small, paper "
        "and reverse",
        preset);
    return NULL;
  }
  if (input_frames < 1 || input_frames > 2
      || (self->kind == GST_SOD_NETWORK_REVERSE && input_frames != 1)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "preset %s takes %s, not %u", preset,
        self->kind == GST_SOD_NETWORK_REVERSE ? "1 input frame"
                                              : "1 or 2 input frames",
        input_frames);
    return NULL;
  }
  return g_steal_pointer (&self);
}

static gboolean
check_range (const gchar *field, gint64 value, gint64 low, gint64 high,
    gint64 multiple, GError **error)
{
  if (value >= low && value <= high && value % multiple == 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "architecture: %s is %" G_GINT64_FORMAT
      ", a multiple of %" G_GINT64_FORMAT " from %" G_GINT64_FORMAT
      " to %" G_GINT64_FORMAT " was expected",
      field, value, multiple, low, high);
  return FALSE;
}

/* Integer member @field of @object, within its range. */
static gboolean
read_int (JsonObject *object, const gchar *field, gint64 low, gint64 high,
    gint64 multiple, gint *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, field);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "architecture: %s is missing or not an integer", field);
    return FALSE;
  }
  if (!check_range (
          field, json_node_get_int (node), low, high, multiple, error))
    return FALSE;
  *value = (gint) json_node_get_int (node);
  return TRUE;
}

/* Exactly @n integers, nested arrays read through in order. */
static gboolean
collect_ints (JsonArray *array, const gchar *field, gint64 low, gint64 high,
    gint64 multiple, gint *values, guint n, guint *filled, GError **error)
{
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (JSON_NODE_HOLDS_ARRAY (node)) {
      if (!collect_ints (json_node_get_array (node), field, low, high, multiple,
              values, n, filled, error))
        return FALSE;
      continue;
    }
    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != G_TYPE_INT64 || *filled == n) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "architecture: %s must hold exactly %u integers", field, n);
      return FALSE;
    }
    if (!check_range (
            field, json_node_get_int (node), low, high, multiple, error))
      return FALSE;
    values[(*filled)++] = (gint) json_node_get_int (node);
  }
  return TRUE;
}

static gboolean
read_ints (JsonObject *object, const gchar *field, gint64 low, gint64 high,
    gint64 multiple, gint *values, guint n, GError **error)
{
  JsonNode *node = json_object_get_member (object, field);
  guint filled = 0;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "architecture: %s is missing or not an array", field);
    return FALSE;
  }
  if (!collect_ints (json_node_get_array (node), field, low, high, multiple,
          values, n, &filled, error))
    return FALSE;
  if (filled == n)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "architecture: %s must hold exactly %u integers, it holds %u", field, n,
      filled);
  return FALSE;
}

static gboolean
read_base (GstSodArchitecture *self, JsonObject *object, GError **error)
{
  JsonNode *skips = json_object_get_member (object, "skips");
  gint frames;

  if (!read_int (object, "input-frames", 1, 2, 1, &frames, error)
      || !read_ints (object, "widths", 8, MAX_WIDTH, 8, self->widths,
          GST_SOD_BASE_LEVELS, error)
      || !read_ints (object, "encoder-dilations", 1, MAX_DILATION, 1,
          &self->encoder_dilations[0][0], 2 * (GST_SOD_BASE_LEVELS - 1), error)
      || !read_ints (object, "decoder-dilations", 1, MAX_DILATION, 1,
          &self->decoder_dilations[0][0], 2 * (GST_SOD_BASE_LEVELS - 1), error))
    return FALSE;
  if (skips == NULL || !JSON_NODE_HOLDS_VALUE (skips)
      || json_node_get_value_type (skips) != G_TYPE_BOOLEAN) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "architecture: skips is missing or neither true nor false");
    return FALSE;
  }
  self->input_frames = (guint) frames;
  self->skips = json_node_get_boolean (skips);
  return TRUE;
}

static gboolean
read_reverse (GstSodArchitecture *self, JsonObject *object, GError **error)
{
  return read_int (
             object, "stem-width", 8, MAX_WIDTH, 8, &self->stem_width, error)
         && read_int (object, "growth", 8, MAX_WIDTH, 8, &self->growth, error)
         && read_ints (object, "blocks", 1, MAX_LAYERS, 1, self->blocks,
             GST_SOD_REVERSE_BLOCKS, error);
}

/* Strings go into names and messages: short, and nothing that a terminal would
 * obey. */
static const gchar *
read_string (JsonObject *object, const gchar *field, GError **error)
{
  JsonNode *node = json_object_get_member (object, field);
  const gchar *text = NULL;
  gboolean good;

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_STRING)
    text = json_node_get_string (node);
  good = text != NULL && *text != '\0' && strlen (text) <= MAX_STRING;
  for (const gchar *at = text; good && *at != '\0'; at = g_utf8_next_char (at))
    good = g_unichar_isprint (g_utf8_get_char (at));
  if (good)
    return text;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "architecture: %s is missing or no printable string of 1 to %d bytes",
      field, MAX_STRING);
  return NULL;
}

static GstSodArchitecture *
read_object (JsonObject *object, GError **error)
{
  g_autoptr (GstSodArchitecture) self = NULL;
  const gchar *kind = read_string (object, "kind", error);
  const gchar *preset;
  gint input[2]; /* width, height */

  if (kind == NULL)
    return NULL;
  if (!g_str_equal (kind, "base") && !g_str_equal (kind, "reverse")) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "architecture: kind is \"%s\", base or reverse was expected", kind);
    return NULL;
  }
  preset = read_string (object, "preset", error);
  if (preset == NULL
      || !read_ints (object, "input-size", 16, MAX_SIDE, 16, input, 2, error))
    return NULL;
  self = new_default (preset);
  self->input_width = input[0];
  self->input_height = input[1];
  if (g_str_equal (kind, "base")) {
    if (!read_base (self, object, error))
      return NULL;
    return g_steal_pointer (&self);
  }
  self->kind = GST_SOD_NETWORK_REVERSE;
  if (!read_reverse (self, object, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gst_sod_architecture_new_from_json:
 * @json: an object as gst_sod_architecture_to_json() makes it
 * @error: return location for an error
 *
 * Reads an architecture; every field is checked against its range.
 *
 * Errors: %GST_SOD_ERROR_FORMAT naming the field.
 *
 * Returns: (transfer full): the architecture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodArchitecture *
gst_sod_architecture_new_from_json (const gchar *json, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_return_val_if_fail (json != NULL, NULL);

  if (!gst_sod_json_check (json, strlen (json), error)) {
    g_prefix_error (error, "architecture: ");
    return NULL;
  }
  root = json_from_string (json, &parse_error);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "architecture: not a JSON object%s%s", parse_error != NULL ? ": " : "",
        parse_error != NULL ? parse_error->message : "");
    return NULL;
  }
  return read_object (json_node_get_object (root), error);
}

static void
append_ints (GString *json, const gchar *field, const gint *values, guint n)
{
  g_string_append_printf (json, ",\"%s\":[", field);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (json, "%s%d", i > 0 ? "," : "", values[i]);
  g_string_append_c (json, ']');
}

static void
append_pairs (
    GString *json, const gchar *field, const gint (*pairs)[2], guint n)
{
  g_string_append_printf (json, ",\"%s\":[", field);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (
        json, "%s[%d,%d]", i > 0 ? "," : "", pairs[i][0], pairs[i][1]);
  g_string_append_c (json, ']');
}

static gchar *
quote (const gchar *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);

  return json_to_string (node, FALSE);
}

/**
 * gst_sod_architecture_to_json:
 * @self: an architecture
 *
 * Writes an architecture as the model file keeps it: fields in a fixed order,
 * so that equal architectures give equal bytes.
 *
 * Returns: (transfer full): a JSON object
 *
 * Since: 0.1
 */
gchar *
gst_sod_architecture_to_json (const GstSodArchitecture *self)
{
  g_autofree gchar *preset = NULL;
  gboolean is_base;
  gint input[2];
  GString *json;

  g_return_val_if_fail (self != NULL, NULL);

  is_base = self->kind == GST_SOD_NETWORK_BASE;
  preset = quote (self->preset);
  json = g_string_new (NULL);
  g_string_append_printf (json, "{\"kind\":\"%s\",\"preset\":%s",
      is_base ? "base" : "reverse", preset);
  input[0] = self->input_width;
  input[1] = self->input_height;
  append_ints (json, "input-size", input, 2);
  if (is_base) {
    g_string_append_printf (json, ",\"input-frames\":%u", self->input_frames);
    append_ints (json, "widths", self->widths, GST_SOD_BASE_LEVELS);
    append_pairs (json, "encoder-dilations", self->encoder_dilations,
        GST_SOD_BASE_LEVELS - 1);
    append_pairs (json, "decoder-dilations", self->decoder_dilations,
        GST_SOD_BASE_LEVELS - 1);
    g_string_append_printf (
        json, ",\"skips\":%s", self->skips ? "true" : "false");
  } else {
    g_string_append_printf (json, ",\"stem-width\":%d,\"growth\":%d",
        self->stem_width, self->growth);
    append_ints (json, "blocks", self->blocks, GST_SOD_REVERSE_BLOCKS);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/**
 * gst_sod_architecture_ref:
 * @self: an architecture
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodArchitecture *
gst_sod_architecture_ref (GstSodArchitecture *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_architecture_unref:
 * @self: (transfer full): an architecture
 *
 * Gives a reference back. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_architecture_unref (GstSodArchitecture *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->preset);
  g_free (self);
}

/**
 * gst_sod_architecture_get_kind:
 * @self: an architecture
 *
 * Returns: what its networks are for
 *
 * Since: 0.1
 */
GstSodNetworkKind
gst_sod_architecture_get_kind (const GstSodArchitecture *self)
{
  g_return_val_if_fail (self != NULL, GST_SOD_NETWORK_BASE);

  return self->kind;
}

/**
 * gst_sod_architecture_get_input_width:
 * @self: an architecture
 *
 * Returns: width of the input, pixels, a multiple of 16
 *
 * Since: 0.1
 */
gint
gst_sod_architecture_get_input_width (const GstSodArchitecture *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->input_width;
}

/**
 * gst_sod_architecture_get_input_height:
 * @self: an architecture
 *
 * Returns: height of the input, pixels, a multiple of 16
 *
 * Since: 0.1
 */
gint
gst_sod_architecture_get_input_height (const GstSodArchitecture *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->input_height;
}

/**
 * gst_sod_architecture_get_input_frames:
 * @self: an architecture
 *
 * Returns: 1 where the input is one RGB picture (or, of a reverse network, one
 *   map), 2 where it is a picture and the one before
 *
 * Since: 0.1
 */
guint
gst_sod_architecture_get_input_frames (const GstSodArchitecture *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->input_frames;
}

gint
gst_sod_architecture_get_input_channels (const GstSodArchitecture *self)
{
  return self->kind == GST_SOD_NETWORK_REVERSE ? 1
                                               : 3 * (gint) self->input_frames;
}

GstSodGraph *
gst_sod_architecture_build (const GstSodArchitecture *self)
{
  return self->kind == GST_SOD_NETWORK_REVERSE ? gst_sod_reverse_build (self)
                                               : gst_sod_base_build (self);
}
