/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container by itself: what is read, and what is refused in which words. */
#include "scratch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GHashTable *
new_table (GDestroyNotify free_value)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_value);
}

static void
add_tensor (GHashTable *tensors, const gchar *name, GstSodDType dtype,
    GstSodShape shape)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor = gst_sod_tensor_new_shaped (dtype, &shape, &error);
  guint8 *data;

  g_assert_no_error (error);
  data = gst_sod_tensor_get_data (tensor);
  for (gsize i = 0; i < gst_sod_tensor_get_size (tensor); i++)
    data[i] = (guint8) (i * 7 + strlen (name));
  g_hash_table_insert (tensors, g_strdup (name), tensor);
}

/* One tensor of each type, a scalar and an empty one. */
static GHashTable *
every_type (void)
{
  GHashTable *tensors = new_table ((GDestroyNotify) gst_sod_tensor_unref);

  add_tensor (tensors, "u8", GST_SOD_DTYPE_U8, gst_sod_shape_1d (3));
  add_tensor (tensors, "i8", GST_SOD_DTYPE_S8, gst_sod_shape_1d (5));
  add_tensor (
      tensors, "f32", GST_SOD_DTYPE_F32, gst_sod_shape_nchw (2, 3, 1, 5));
  add_tensor (tensors, "f64", GST_SOD_DTYPE_F64, gst_sod_shape_1d (2));
  add_tensor (tensors, "f16", GST_SOD_DTYPE_F16, gst_sod_shape_1d (3));
  add_tensor (tensors, "bf16", GST_SOD_DTYPE_BF16, gst_sod_shape_1d (1));
  add_tensor (tensors, "i32", GST_SOD_DTYPE_S32, gst_sod_shape_1d (4));
  add_tensor (tensors, "scalar", GST_SOD_DTYPE_F32, (GstSodShape){ 0 });
  add_tensor (tensors, "empty \"ä\"", GST_SOD_DTYPE_F32, gst_sod_shape_1d (0));
  return tensors;
}

static GHashTable *
some_metadata (void)
{
  GHashTable *metadata = new_table (g_free);

  g_hash_table_insert (metadata, g_strdup ("name"), g_strdup ("a \"b\" \\c"));
  g_hash_table_insert (metadata, g_strdup ("ключ"), g_strdup ("\n\t\x01 ü 😀"));
  g_hash_table_insert (metadata, g_strdup (""), g_strdup (""));
  return metadata;
}

static void
assert_same_tensors (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer name, value;

  g_assert_cmpuint (g_hash_table_size (a), ==, g_hash_table_size (b));
  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    GstSodTensor *other = g_hash_table_lookup (b, name);

    g_assert_nonnull (other);
    g_assert_cmpint (
        gst_sod_tensor_get_dtype (other), ==, gst_sod_tensor_get_dtype (value));
    g_assert_true (gst_sod_shape_equal (
        gst_sod_tensor_get_shape (other), gst_sod_tensor_get_shape (value)));
    g_assert_cmpmem (gst_sod_tensor_peek_data (other),
        gst_sod_tensor_get_size (other), gst_sod_tensor_peek_data (value),
        gst_sod_tensor_get_size (value));
  }
}

static void
test_round_trip (Scratch *self, gconstpointer data)
{
  g_autoptr (GHashTable) tensors = every_type ();
  g_autoptr (GHashTable) metadata = some_metadata ();
  g_autoptr (GHashTable) tensors_read = NULL;
  g_autoptr (GHashTable) metadata_read = NULL;
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer key, value;

  gst_sod_safetensors_write (self->path, tensors, metadata, &error);
  g_assert_no_error (error);
  gst_sod_safetensors_read (self->path, &tensors_read, &metadata_read, &error);
  g_assert_no_error (error);
  assert_same_tensors (tensors, tensors_read);
  g_assert_cmpuint (g_hash_table_size (metadata_read), ==, 3);
  g_hash_table_iter_init (&iter, metadata);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_assert_cmpstr (g_hash_table_lookup (metadata_read, key), ==, value);
}

static void
test_same_bytes (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) first = NULL;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (GHashTable) tensors = every_type ();
    g_autoptr (GHashTable) metadata = some_metadata ();
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (GError) error = NULL;

    /* Another history of the table, the same content. */
    if (i == 1) {
      add_tensor (tensors, "extra", GST_SOD_DTYPE_U8, gst_sod_shape_1d (1));
      g_hash_table_remove (tensors, "extra");
    }
    gst_sod_safetensors_write (self->path, tensors, metadata, &error);
    g_assert_no_error (error);
    bytes = scratch_read (self);
    if (i == 0)
      first = g_steal_pointer (&bytes);
    else
      g_assert_true (g_bytes_equal (first, bytes));
  }
  g_assert_cmpuint (scratch_header_end (first) % 8, ==, 0);
}

static void
test_cut_anywhere (Scratch *self, gconstpointer data)
{
  g_autoptr (GHashTable) tensors = every_type ();
  g_autoptr (GHashTable) metadata = some_metadata ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) whole = NULL;

  gst_sod_safetensors_write (self->path, tensors, metadata, &error);
  g_assert_no_error (error);
  whole = scratch_read (self);
  for (gsize size = 0; size < g_bytes_get_size (whole); size++) {
    g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 0, size);
    g_autoptr (GHashTable) got = NULL;

    scratch_write (self, part);
    g_assert_false (gst_sod_safetensors_read (self->path, &got, NULL, &error));
    scratch_expect (error, GST_SOD_ERROR_FORMAT, self->path, NULL);
    g_clear_error (&error);
    g_assert_false (
        gst_sod_safetensors_parse (part, "bytes", &got, NULL, &error));
    scratch_expect (error, GST_SOD_ERROR_FORMAT, "bytes", NULL);
    g_clear_error (&error);
  }
}

typedef struct
{
  const gchar *name;
  const gchar *header;
  gsize data_size;
  gint code;
  const gchar *part; /* of the message */
} BadHeader;

#define T(range)                                                               \
  "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" range "]}}"
#define PAIR(a, b)                                                             \
  "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" a "]},"         \
  "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" b "]}}"
#define SHAPE(dtype, shape, range)                                             \
  "{\"t\":{\"dtype\":\"" dtype "\",\"shape\":" shape                           \
  ",\"data_offsets\":[" range "]}}"

static const BadHeader bad_headers[] = {
  { "empty-header", "", 0, GST_SOD_ERROR_FORMAT, "does not begin with '{'" },
  { "array-header", "[]", 0, GST_SOD_ERROR_FORMAT, "does not begin with" },
  { "no-json", "{]", 0, GST_SOD_ERROR_FORMAT, "byte 1" },
  { "comment", "{/* */}", 0, GST_SOD_ERROR_FORMAT, "byte 1" },
  { "trailing-comma", "{\"__metadata__\":{\"a\":\"b\",}}", 0,
      GST_SOD_ERROR_FORMAT, "string was expected" },
  { "after-value", "{} {}", 0, GST_SOD_ERROR_FORMAT, "after the value" },
  { "not-utf8", "{\"__metadata__\":{\"a\":\"\xff\"}}", 0, GST_SOD_ERROR_FORMAT,
      "no UTF-8 at byte 22" },
  { "overlong-utf8", "{\"__metadata__\":{\"a\":\"\xc0\xaf\"}}", 0,
      GST_SOD_ERROR_FORMAT, "no UTF-8" },
  { "escaped-nul", "{\"__metadata__\":{\"a\":\"x\\u0000y\"}}", 0,
      GST_SOD_ERROR_FORMAT, "NUL" },
  { "lone-surrogate", "{\"__metadata__\":{\"a\":\"\\ud800\"}}", 0,
      GST_SOD_ERROR_FORMAT, "surrogate" },
  { "unknown-escape", "{\"__metadata__\":{\"a\":\"\\x41\"}}", 0,
      GST_SOD_ERROR_FORMAT, "unknown escape" },
  { "raw-newline", "{\"__metadata__\":{\"a\":\"\n\"}}", 0, GST_SOD_ERROR_FORMAT,
      "control character" },
  { "deep-nesting", "{\"a\":[[[[[[[[[[[[[[[[", 0, GST_SOD_ERROR_FORMAT,
      "deeper than 8" },
  { "duplicate-tensor",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      8, GST_SOD_ERROR_FORMAT, "already has" },
  { "duplicate-by-escape",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      "\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      8, GST_SOD_ERROR_FORMAT, "already has" },
  { "duplicate-field",
      "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],"
      "\"data_offsets\":[0,8]}}",
      8, GST_SOD_ERROR_FORMAT, "already has" },
  { "duplicate-metadata", "{\"__metadata__\":{\"name\":\"a\",\"name\":\"b\"}}",
      0, GST_SOD_ERROR_FORMAT, "already has" },
  { "metadata-list", "{\"__metadata__\":[]}", 0, GST_SOD_ERROR_FORMAT,
      "no object" },
  { "metadata-number", "{\"__metadata__\":{\"a\":1}}", 0, GST_SOD_ERROR_FORMAT,
      "metadata \"a\" is no string" },
  { "tensor-no-object", "{\"t\":1}", 0, GST_SOD_ERROR_FORMAT,
      "tensor 't' is no object" },
  { "tensor-fields-missing", "{\"t\":{\"dtype\":\"F32\",\"shape\":[0]}}", 0,
      GST_SOD_ERROR_FORMAT, "tensor 't'" },
  { "tensor-field-unknown",
      "{\"t\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offset\":[0,0]}}", 0,
      GST_SOD_ERROR_FORMAT, "data_offsets" },
  { "name-empty",
      "{\"\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
      GST_SOD_ERROR_FORMAT, "printable" },
  { "name-control",
      "{\"a\\u001b[2Jb\":{\"dtype\":\"F32\",\"shape\":[0],"
      "\"data_offsets\":[0,0]}}",
      0, GST_SOD_ERROR_FORMAT, "a\\033[2Jb" },
  { "dtype-unknown", SHAPE ("I64", "[1]", "0,8"), 8, GST_SOD_ERROR_MISMATCH,
      "I64" },
  { "dtype-number",
      "{\"t\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
      GST_SOD_ERROR_FORMAT, "dtype" },
  { "rank-five", SHAPE ("F32", "[1,1,1,1,1]", "0,4"), 4, GST_SOD_ERROR_MISMATCH,
      "5 dimensions" },
  { "shape-negative", SHAPE ("F32", "[-1]", "0,4"), 4, GST_SOD_ERROR_FORMAT,
      "shape" },
  { "shape-fraction", SHAPE ("F32", "[1.0]", "0,4"), 4, GST_SOD_ERROR_FORMAT,
      "shape" },
  { "shape-string", SHAPE ("F32", "\"1\"", "0,4"), 4, GST_SOD_ERROR_FORMAT,
      "shape" },
  { "shape-product-overflow",
      SHAPE ("F32", "[4294967296,4294967296,4294967296,4294967296]", "0,0"), 0,
      GST_SOD_ERROR_FORMAT, "do not take" },
  { "shape-bytes-overflow", SHAPE ("F32", "[576460752303423488,8]", "0,0"), 0,
      GST_SOD_ERROR_FORMAT, "do not take" },
  { "shape-and-range-differ", T ("0,12"), 12, GST_SOD_ERROR_FORMAT,
      "f32 2, do not take" },
  { "integer-beyond-64-bits", T ("0,18446744073709551624"), 8,
      GST_SOD_ERROR_FORMAT, "integer out of range" },
  { "integer-of-63-bits", T ("0,999999999999999999"), 8, GST_SOD_ERROR_FORMAT,
      "of 8 bytes of data" },
  { "integer-octal", T ("0,010"), 8, GST_SOD_ERROR_FORMAT, "byte" },
  { "integer-hexadecimal", T ("0,0x8"), 8, GST_SOD_ERROR_FORMAT, "byte" },
  { "range-backwards", T ("8,0"), 8, GST_SOD_ERROR_FORMAT, "from 8 to 0" },
  { "range-negative", T ("-8,0"), 8, GST_SOD_ERROR_FORMAT, "data_offsets" },
  { "range-of-three", T ("0,8,8"), 8, GST_SOD_ERROR_FORMAT, "data_offsets" },
  { "ten-gigabytes-claimed", SHAPE ("F32", "[2684354560]", "0,10737418240"), 8,
      GST_SOD_ERROR_FORMAT, "10737418240 of 8 bytes" },
  { "gap-before-first", T ("4,12"), 12, GST_SOD_ERROR_FORMAT,
      "after byte 0 where the header ends" },
  { "gap-between", PAIR ("0,8", "12,20"), 20, GST_SOD_ERROR_FORMAT,
      "after byte 8 where tensor a ends" },
  { "overlap", PAIR ("0,8", "4,12"), 12, GST_SOD_ERROR_FORMAT,
      "before byte 8 where tensor a ends" },
  { "same-range", PAIR ("0,8", "0,8"), 8, GST_SOD_ERROR_FORMAT,
      "before byte 8" },
  { "trailing-bytes", T ("0,8"), 9, GST_SOD_ERROR_FORMAT,
      "1 bytes follow the last tensor" },
  { "data-without-tensor", "{}", 1, GST_SOD_ERROR_FORMAT, "1 bytes follow" },
};

static void
test_bad_header (gconstpointer data)
{
  const BadHeader *bad = data;
  g_autoptr (GBytes) bytes = scratch_bytes (bad->header, bad->data_size);
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_safetensors_parse (
      bytes, "/some/model.safetensors", &tensors, NULL, &error));
  g_assert_null (tensors);
  scratch_expect (error, bad->code, "/some/model.safetensors: ", bad->part);
}

static void
test_long_name (void)
{
  g_autofree gchar *name = g_strnfill (256, 'n');
  g_autofree gchar *header = g_strdup_printf (
      "{\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
      name);
  g_autoptr (GBytes) bytes = scratch_bytes (header, 0);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_safetensors_parse (bytes, "x", NULL, NULL, &error));
  scratch_expect (error, GST_SOD_ERROR_FORMAT, "x", "(256 bytes)");
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
test_header_length (Scratch *self, gconstpointer data)
{
  static const guint64 lengths[] = { (1 << 20) + 1, 10737418240, G_MAXINT64,
    G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new (&lengths[i], sizeof (guint64));
    g_autoptr (GError) error = NULL;

    scratch_write (self, bytes);
    g_assert_false (gst_sod_safetensors_read (self->path, NULL, NULL, &error));
    scratch_expect (
        error, GST_SOD_ERROR_FORMAT, self->path, "at most 1048576 are allowed");
  }
}

static void
test_largest_header (void)
{
  g_autofree gchar *header = g_strnfill (1 << 20, ' ');
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  header[0] = '{';
  header[1] = '}';
  bytes = scratch_bytes (header, 0);
  gst_sod_safetensors_parse (bytes, "padded", NULL, NULL, &error);
  g_assert_no_error (error);
}

/* A sparse file: no reader may believe in it. */
static void
test_huge_file (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes =
      scratch_bytes (SHAPE ("F32", "[2684354560]", "0,10737418240"), 0);
  g_autoptr (GError) error = NULL;
  gint64 size = (gint64) g_bytes_get_size (bytes) + 10737418240;

  scratch_write (self, bytes);
  g_assert_cmpint (truncate (self->path, size), ==, 0);
  g_assert_false (gst_sod_safetensors_read (self->path, NULL, NULL, &error));
  scratch_expect (
      error, GST_SOD_ERROR_FORMAT, self->path, "more than the 1073741824");
}

static void
expect_open_error (const gchar *path, gint code, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_safetensors_open (path, &error));
  scratch_expect (error, code, path, part);
}

static void
test_no_file (Scratch *self, gconstpointer data)
{
  g_autofree gchar *below = g_strconcat (self->path, "/x", NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("", 0);

  expect_open_error (self->path, GST_SOD_ERROR_NOT_FOUND, "cannot be opened");
  scratch_write (self, bytes);
  expect_open_error (below, GST_SOD_ERROR_NOT_FOUND, "cannot be opened");
  expect_open_error (self->path, GST_SOD_ERROR_FORMAT, "0 bytes are no");
}

/* Paths are bytes, messages are text. */
static void
test_path_no_utf8 (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_safetensors_open ("/nowhere/\xff", &error));
  scratch_expect (error, GST_SOD_ERROR_NOT_FOUND, "/nowhere/", NULL);
}

static void
test_no_regular_file (Scratch *self, gconstpointer data)
{
  expect_open_error (self->folder, GST_SOD_ERROR_IO, "is a directory");
  expect_open_error ("/dev/zero", GST_SOD_ERROR_IO, "is a device");
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  expect_open_error (self->path, GST_SOD_ERROR_IO, "is a FIFO");
}

static void
test_no_permission (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = scratch_bytes ("{}", 0);

  scratch_write (self, bytes);
  g_assert_cmpint (g_chmod (self->path, 0), ==, 0);
  if (!scratch_drop_rights (self))
    return;
  expect_open_error (self->path, GST_SOD_ERROR_IO, "Permission denied");
  scratch_restore_rights ();
}

static void
test_reference (gconstpointer data)
{
  g_autofree gchar *path = scratch_reference (data);
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    return;
  gst_sod_safetensors_read (path, &tensors, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (tensors), >, 0);
}

static void
add (const gchar *name, void (*func) (Scratch *, gconstpointer))
{
  g_test_add (name, Scratch, NULL, scratch_set_up, func, scratch_tear_down);
}

int
main (int argc, char **argv)
{
  static const gchar *const references[] = { "base", "golden_forward",
    "golden_input", "golden_reverse", "golden_train", "reverse_init",
    "train_init", "train_final" };

  g_test_init (&argc, &argv, NULL);
  add ("/safetensors/round-trip-keeps-every-type", test_round_trip);
  add ("/safetensors/same-content-gives-same-bytes", test_same_bytes);
  add ("/safetensors/refuses-a-cut-at-any-byte", test_cut_anywhere);
  for (guint i = 0; i < G_N_ELEMENTS (bad_headers); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/safetensors/refuses/%s", bad_headers[i].name);

    g_test_add_data_func (name, &bad_headers[i], test_bad_header);
  }
  g_test_add_func ("/safetensors/refuses/name-too-long", test_long_name);
  add ("/safetensors/refuses/header-too-long", test_header_length);
  g_test_add_func (
      "/safetensors/takes-the-longest-header", test_largest_header);
  add ("/safetensors/refuses/file-of-ten-gigabytes", test_huge_file);
  add ("/safetensors/refuses/no-file", test_no_file);
  g_test_add_func (
      "/safetensors/refuses/path-that-is-no-text", test_path_no_utf8);
  add ("/safetensors/refuses/no-regular-file", test_no_regular_file);
  add ("/safetensors/refuses/no-permission", test_no_permission);
  for (guint i = 0; i < G_N_ELEMENTS (references); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/safetensors/reads-reference/%s", references[i]);

    g_test_add_data_func_full (name,
        g_strconcat (references[i], ".safetensors", NULL), test_reference,
        g_free);
  }
  return g_test_run ();
}
