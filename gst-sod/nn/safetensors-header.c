/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/safetensors-private.h>

#include <gst-sod/core/json-check-private.h>

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_NAME 255 /* bytes */

static void
entry_free (gpointer data)
{
  GstSodSafetensorsEntry *self = data;

  g_free (self->name);
  g_free (self);
}

void
gst_sod_safetensors_header_free (GstSodSafetensorsHeader *self)
{
  g_ptr_array_unref (self->entries);
  g_hash_table_unref (self->metadata);
  g_free (self);
}

/* Names go into messages and logs: no line breaks or terminal escapes. */
static gboolean
check_name (const gchar *name, GError **error)
{
  g_autofree gchar *escaped = NULL;
  gsize length = strlen (name);
  gboolean printable = TRUE;

  for (const gchar *at = name; *at != '\0'; at = g_utf8_next_char (at))
    printable = printable && g_unichar_isprint (g_utf8_get_char (at));
  if (printable && length > 0 && length <= MAX_NAME)
    return TRUE;
  escaped = g_strescape (name, NULL);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "tensor name \"%.64s\" (%" G_GSIZE_FORMAT " bytes) is no printable "
      "text of 1 to %d bytes",
      escaped, length, MAX_NAME);
  return FALSE;
}

static gboolean
read_dtype (
    const gchar *name, JsonObject *object, GstSodDType *dtype, GError **error)
{
  static const struct
  {
    const gchar *name;
    GstSodDType dtype;
  } known[] = {
    { "F32", GST_SOD_DTYPE_F32 },
    { "F64", GST_SOD_DTYPE_F64 },
    { "F16", GST_SOD_DTYPE_F16 },
    { "BF16", GST_SOD_DTYPE_BF16 },
    { "U8", GST_SOD_DTYPE_U8 },
    { "I8", GST_SOD_DTYPE_S8 },
    { "I32", GST_SOD_DTYPE_S32 },
  };
  g_autofree gchar *escaped = NULL;
  JsonNode *node = json_object_get_member (object, "dtype");
  const gchar *value;

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' has no \"dtype\" that is a string", name);
    return FALSE;
  }
  value = json_node_get_string (node);
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (g_str_equal (value, known[i].name)) {
      *dtype = known[i].dtype;
      return TRUE;
    }
  }
  escaped = g_strescape (value, NULL);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "tensor '%s' has dtype \"%.16s\"; F32, F64, F16, BF16, U8, I8 and I32 "
      "can be read",
      name, escaped);
  return FALSE;
}

/* The integers of member @key, each 0 or more; -1 unless there are at most
 * @max_values of them. */
static gint
read_integers (
    JsonObject *object, const gchar *key, gint64 *values, guint max_values)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array;
  guint n;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return -1;
  array = json_node_get_array (node);
  n = json_array_get_length (array);
  if (n > max_values)
    return -1;
  for (guint i = 0; i < n; i++) {
    JsonNode *item = json_array_get_element (array, i);

    if (json_node_get_value_type (item) != G_TYPE_INT64)
      return -1;
    values[i] = json_node_get_int (item);
    if (values[i] < 0)
      return -1;
  }
  return (gint) n;
}

/* More dimensions than a GstSodTensor has are not malformed. */
static gboolean
read_shape (
    const gchar *name, JsonObject *object, GstSodShape *shape, GError **error)
{
  JsonNode *node = json_object_get_member (object, "shape");
  gint n_dims;

  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node)
      && json_array_get_length (json_node_get_array (node))
             > GST_SOD_MAX_DIMS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "tensor '%s' has %u dimensions; at most %d can be read", name,
        json_array_get_length (json_node_get_array (node)), GST_SOD_MAX_DIMS);
    return FALSE;
  }
  *shape = (GstSodShape){ 0 };
  n_dims = read_integers (object, "shape", shape->dims, GST_SOD_MAX_DIMS);
  if (n_dims < 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' has no \"shape\" that is a list of sizes", name);
    return FALSE;
  }
  shape->n_dims = (guint) n_dims;
  return TRUE;
}

/* The range lies in the data and is as long as dtype and shape say: nothing
 * that comes later can take more memory than the file is long. */
static gboolean
check_range (
    const GstSodSafetensorsEntry *self, guint64 data_size, GError **error)
{
  g_autofree gchar *shape = gst_sod_shape_to_string (&self->shape);
  gsize count;

  if (self->begin > self->end || self->end > data_size) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' claims the bytes from %" G_GUINT64_FORMAT
        " to %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
        " bytes of data; the file is damaged or cut off",
        self->name, self->begin, self->end, data_size);
    return FALSE;
  }
  if (!gst_sod_shape_count (&self->shape, &count)
      || count * gst_sod_dtype_size (self->dtype) != self->end - self->begin) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' has %" G_GUINT64_FORMAT
        " bytes, which its type and shape, %s %s, do not take",
        self->name, self->end - self->begin, gst_sod_dtype_name (self->dtype),
        shape);
    return FALSE;
  }
  return TRUE;
}

static GstSodSafetensorsEntry *
read_entry (
    const gchar *name, JsonNode *node, guint64 data_size, GError **error)
{
  GstSodSafetensorsEntry entry = { 0 };
  gint64 offsets[2];
  JsonObject *object;

  if (!check_name (name, error))
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node)
      || json_object_get_size (json_node_get_object (node)) != 3) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' is no object of \"dtype\", \"shape\" and "
        "\"data_offsets\"",
        name);
    return NULL;
  }
  object = json_node_get_object (node);
  if (!read_dtype (name, object, &entry.dtype, error)
      || !read_shape (name, object, &entry.shape, error))
    return NULL;
  if (read_integers (object, "data_offsets", offsets, 2) != 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' has no \"data_offsets\" that are two byte positions",
        name);
    return NULL;
  }
  entry.name = (gchar *) name;
  entry.begin = (guint64) offsets[0];
  entry.end = (guint64) offsets[1];
  if (!check_range (&entry, data_size, error))
    return NULL;
  entry.name = g_strdup (name);
  return g_memdup2 (&entry, sizeof (entry));
}

static gboolean
read_metadata (JsonNode *node, GHashTable *metadata, GError **error)
{
  JsonObjectIter iter;
  const gchar *key;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "\"__metadata__\" is no object");
    return FALSE;
  }
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &key, &value)) {
    if (json_node_get_value_type (value) != G_TYPE_STRING) {
      g_autofree gchar *escaped = g_strescape (key, NULL);

      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "metadata \"%.64s\" is no string", escaped);
      return FALSE;
    }
    g_hash_table_insert (
        metadata, g_strdup (key), g_strdup (json_node_get_string (value)));
  }
  return TRUE;
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const GstSodSafetensorsEntry *x = *(const GstSodSafetensorsEntry **) a;
  const GstSodSafetensorsEntry *y = *(const GstSodSafetensorsEntry **) b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return strcmp (x->name, y->name);
}

/* Every byte of the data belongs to exactly one tensor. */
static gboolean
check_cover (GPtrArray *entries, guint64 data_size, GError **error)
{
  const gchar *before = NULL;
  guint64 covered = 0;

  for (guint i = 0; i < entries->len; i++) {
    const GstSodSafetensorsEntry *entry = g_ptr_array_index (entries, i);

    if (entry->begin != covered) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "tensor '%s' begins at byte %" G_GUINT64_FORMAT " of the data, %s "
          "byte %" G_GUINT64_FORMAT " where %s%s ends",
          entry->name, entry->begin,
          entry->begin < covered ? "before" : "after", covered,
          before == NULL ? "the header" : "tensor ",
          before == NULL ? "" : before);
      return FALSE;
    }
    covered = entry->end;
    before = entry->name;
  }
  if (covered != data_size) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%" G_GUINT64_FORMAT " bytes follow the last tensor",
        data_size - covered);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_members (JsonObject *root, guint64 data_size,
    GstSodSafetensorsHeader *self, GError **error)
{
  GstSodSafetensorsEntry *entry;
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  json_object_iter_init (&iter, root);
  while (json_object_iter_next (&iter, &name, &node)) {
    if (g_str_equal (name, "__metadata__")) {
      if (!read_metadata (node, self->metadata, error))
        return FALSE;
      continue;
    }
    entry = read_entry (name, node, data_size, error);
    if (entry == NULL)
      return FALSE;
    g_ptr_array_add (self->entries, entry);
  }
  g_ptr_array_sort (self->entries, compare_entries);
  return check_cover (self->entries, data_size, error);
}

GstSodSafetensorsHeader *
gst_sod_safetensors_header_parse (
    const gchar *json, gsize length, guint64 data_size, GError **error)
{
  g_autoptr (GstSodSafetensorsHeader) self = NULL;
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) parse_error = NULL;

  if (length == 0 || json[0] != '{') {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "the header does not begin with '{': no safetensors file");
    return NULL;
  }
  if (!gst_sod_json_check (json, length, error)) {
    g_prefix_error (error, "header: ");
    return NULL;
  }
  parser = json_parser_new ();
  if (!json_parser_load_from_data (
          parser, json, (gssize) length, &parse_error)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT, "header: %s",
        parse_error->message);
    return NULL;
  }
  self = g_new0 (GstSodSafetensorsHeader, 1);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!read_members (json_node_get_object (json_parser_get_root (parser)),
          data_size, self, error))
    return NULL;
  return g_steal_pointer (&self);
}
