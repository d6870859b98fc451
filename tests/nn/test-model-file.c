/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model files: what is kept, and what is refused with which code and words. */
#include "scratch.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst-sod/core/random.h>
#include <gst-sod/nn/model-file-private.h>

static void
assert_same (GstSodNetwork *a, GstSodNetwork *b)
{
  g_auto (GStrv) names = gst_sod_network_list_tensors (a);
  g_auto (GStrv) other_names = gst_sod_network_list_tensors (b);

  g_assert_cmpstrv (names, other_names);
  g_assert_cmpstr (gst_sod_network_get_id (a), ==, gst_sod_network_get_id (b));
  g_assert_cmpstr (
      gst_sod_network_get_version (a), ==, gst_sod_network_get_version (b));
  for (guint i = 0; names[i] != NULL; i++) {
    GstSodTensor *x = gst_sod_network_get_tensor (a, names[i]);
    GstSodTensor *y = gst_sod_network_get_tensor (b, names[i]);

    g_assert_cmpmem (gst_sod_tensor_peek_data (x), gst_sod_tensor_get_size (x),
        gst_sod_tensor_peek_data (y), gst_sod_tensor_get_size (y));
  }
}

static void
test_round_trip (Scratch *self, gconstpointer preset)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GstSodNetwork) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autofree gchar *id = g_strconcat (preset, "-random", NULL);

  architecture = gst_sod_architecture_new_preset (preset, 1, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, 7, &error);
  g_assert_no_error (error);
  gst_sod_network_save (network, self->path, &error);
  g_assert_no_error (error);
  first = scratch_read (self);
  again = gst_sod_network_new_from_file (self->path, &error);
  g_assert_no_error (error);
  assert_same (network, again);
  g_assert_cmpstr (gst_sod_network_get_id (again), ==, id);
  g_assert_cmpfloat (gst_sod_network_get_threshold (again), ==, 0.5);
  g_assert_cmpint (gst_sod_network_get_frame_distance (again), ==, 42000000);
  gst_sod_network_save (again, self->path, &error);
  g_assert_no_error (error);
  second = scratch_read (self);
  g_assert_true (g_bytes_equal (first, second));
}

static void
expect_refused (Scratch *self, gint code, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_network_new_from_file (self->path, &error));
  scratch_expect (error, code, self->path, part);
}

/* From the end to the start, so that the file only has to be cut. */
static void
test_cut_in_header (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) whole = NULL;

  scratch_save_tiny (self);
  whole = scratch_read (self);
  for (gsize end = scratch_header_end (whole) + 1; end-- > 0;) {
    g_assert_cmpint (truncate (self->path, (off_t) end), ==, 0);
    expect_refused (self, GST_SOD_ERROR_FORMAT, NULL);
  }
}

static void
test_cut_in_data (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (4, 0);
  g_autoptr (GBytes) whole = NULL;
  gsize start, size;

  scratch_save_tiny (self);
  whole = scratch_read (self);
  start = scratch_header_end (whole);
  size = g_bytes_get_size (whole);
  for (guint i = 0; i < 100; i++) {
    gsize end = start + gst_sod_random_below (random, (guint32) (size - start));
    g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 0, end);

    scratch_write (self, part);
    expect_refused (self, GST_SOD_ERROR_FORMAT, "damaged or cut off");
  }
}

static void
test_flipped_bit (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (5, 0);
  g_autoptr (GBytes) whole = NULL;
  gsize start, size;

  scratch_save_tiny (self);
  whole = scratch_read (self);
  start = scratch_header_end (whole);
  size = g_bytes_get_size (whole);
  for (guint i = 0; i < 100; i++) {
    gsize at = start + gst_sod_random_below (random, (guint32) (size - start));
    guint8 *bytes = g_memdup2 (g_bytes_get_data (whole, NULL), size);
    g_autoptr (GBytes) changed = NULL;

    bytes[at] ^= (guint8) (1u << gst_sod_random_below (random, 8));
    changed = g_bytes_new_take (bytes, size);
    scratch_write (self, changed);
    expect_refused (self, GST_SOD_ERROR_FORMAT, NULL);
  }
}

/* Whatever stands there: a network or an error, and nothing else. */
static void
test_changed_header (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (6, 0);
  g_autoptr (GBytes) whole = NULL;
  guint refused = 0;
  gsize start, size;

  scratch_save_tiny (self);
  whole = scratch_read (self);
  start = scratch_header_end (whole);
  size = g_bytes_get_size (whole);
  for (gsize at = 0; at < start; at += 1 + gst_sod_random_below (random, 5)) {
    guint8 *bytes = g_memdup2 (g_bytes_get_data (whole, NULL), size);
    g_autoptr (GBytes) changed = NULL;
    g_autoptr (GstSodNetwork) network = NULL;
    g_autoptr (GError) error = NULL;

    bytes[at] = (guint8) gst_sod_random_below (random, 256);
    changed = g_bytes_new_take (bytes, size);
    network = gst_sod_network_new_from_bytes (changed, "changed", &error);
    g_assert_true ((network == NULL) == (error != NULL));
    if (error == NULL)
      continue;
    g_assert_true (
        g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT)
        || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH));
    g_assert_true (g_str_has_prefix (error->message, "changed: "));
    refused++;
  }
  g_assert_cmpuint (refused, >, start / 6);
}

typedef struct
{
  const gchar *name;
  const gchar *key;
  const gchar *value; /* NULL: without the key */
  gint code;
  const gchar *part;
} BadMetadata;

#define RULE(name, version, size, mean, std, distance)                         \
  "{\"name\":\"" name "\",\"version\":" version ",\"size\":" size              \
  ",\"mean\":" mean ",\"std\":" std ",\"frame-distance\":" distance "}"
#define GOOD_NAME "stretch-triangle"
#define ONES "[1,1,1]"

static const BadMetadata bad_metadata[] = {
  { "no-format", "format", NULL, GST_SOD_ERROR_MISMATCH,
      "no model of gst-sod" },
  { "other-format", "format", "pt", GST_SOD_ERROR_MISMATCH,
      "no model of gst-sod" },
  { "no-format-version", "format-version", NULL, GST_SOD_ERROR_MISMATCH,
      "\"format-version\" is missing" },
  { "later-format-version", "format-version", "2", GST_SOD_ERROR_MISMATCH,
      "\"format-version\" is \"2\"" },
  { "no-kind", "kind", NULL, GST_SOD_ERROR_MISMATCH, "\"kind\" is missing" },
  { "unknown-kind", "kind", "a\x1b[2J", GST_SOD_ERROR_MISMATCH,
      "\"kind\" is \"a\\033[2J\"" },
  { "wrong-kind", "kind", "reverse", GST_SOD_ERROR_MISMATCH,
      "\"kind\" is \"reverse\"" },
  { "no-architecture", "architecture", NULL, GST_SOD_ERROR_FORMAT,
      "\"architecture\" is missing" },
  { "architecture-no-json", "architecture", "base", GST_SOD_ERROR_FORMAT,
      "architecture: JSON" },
  { "architecture-list", "architecture", "[]", GST_SOD_ERROR_FORMAT,
      "architecture: not a JSON object" },
  { "architecture-deep", "architecture", "{\"a\":[[[[[[[[[[[]]]]]]]]]]]}",
      GST_SOD_ERROR_FORMAT, "deeper than 8" },
  { "architecture-duplicate-key", "architecture",
      "{\"kind\":\"base\",\"kind\":\"base\"}", GST_SOD_ERROR_FORMAT,
      "already has" },
  { "architecture-with-escapes", "architecture", "{\"kind\":\"\\u001b[2J\"}",
      GST_SOD_ERROR_FORMAT, "kind is missing or no printable string" },
  { "architecture-of-gigabytes", "architecture",
      "{\"kind\":\"base\",\"preset\":\"x\",\"input-size\":[32,16],"
      "\"input-frames\":1,\"widths\":[999999999999,8,8,8],"
      "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
      GST_SOD_ERROR_FORMAT, "widths is 999999999999" },
  { "wider-architecture", "architecture",
      "{\"kind\":\"base\",\"preset\":\"x\",\"input-size\":[32,16],"
      "\"input-frames\":1,\"widths\":[8,8,8,16],"
      "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
      GST_SOD_ERROR_MISMATCH,
      "'enc.2.0.conv.weight' has the shape 8x8x3x3, the architecture asks "
      "for 16x8x3x3" },
  { "two-frame-architecture", "architecture",
      "{\"kind\":\"base\",\"preset\":\"x\",\"input-size\":[32,16],"
      "\"input-frames\":2,\"widths\":[8,8,8,8],"
      "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
      GST_SOD_ERROR_MISMATCH, "4x6x3x3" },
  { "no-name", "name", NULL, GST_SOD_ERROR_FORMAT, "\"name\" is missing" },
  { "empty-name", "name", "", GST_SOD_ERROR_FORMAT, "\"name\" is \"\"" },
  { "name-with-newline", "name", "a\nb", GST_SOD_ERROR_FORMAT, "a\\nb" },
  { "long-name", "name",
      "0123456789012345678901234567890123456789"
      "0123456789012345678901234",
      GST_SOD_ERROR_FORMAT, "1 to 64 bytes" },
  { "no-threshold", "threshold", NULL, GST_SOD_ERROR_FORMAT,
      "\"threshold\" is missing" },
  { "threshold-above-one", "threshold", "1.5", GST_SOD_ERROR_FORMAT,
      "from 0 to 1" },
  { "threshold-nan", "threshold", "nan", GST_SOD_ERROR_FORMAT, "from 0 to 1" },
  { "threshold-with-tail", "threshold", "0.5x", GST_SOD_ERROR_FORMAT,
      "from 0 to 1" },
  { "quantisation-unknown", "quantisation", "int8", GST_SOD_ERROR_MISMATCH,
      "quantisation" },
  { "no-input-rule", "input-rule", NULL, GST_SOD_ERROR_FORMAT,
      "\"input-rule\" is missing" },
  { "input-rule-no-object", "input-rule", "[]", GST_SOD_ERROR_FORMAT,
      "a JSON object" },
  { "input-rule-unknown", "input-rule",
      RULE ("letterbox", "1", "[32,16]", ONES, ONES, "42"),
      GST_SOD_ERROR_MISMATCH, "stretch-triangle" },
  { "input-rule-later", "input-rule",
      RULE (GOOD_NAME, "2", "[32,16]", ONES, ONES, "42"),
      GST_SOD_ERROR_MISMATCH, "\"version\":1" },
  { "input-rule-other-size", "input-rule",
      RULE (GOOD_NAME, "1", "[16,32]", ONES, ONES, "42"),
      GST_SOD_ERROR_MISMATCH, "\"size\"" },
  { "input-rule-mean-of-two", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", "[0,0]", ONES, "42"),
      GST_SOD_ERROR_FORMAT, "\"mean\"" },
  { "input-rule-infinite-mean", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", "[1e999,0,0]", ONES, "42"),
      GST_SOD_ERROR_FORMAT, "\"mean\"" },
  { "input-rule-zero-std", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", ONES, "[1,0,1]", "42"),
      GST_SOD_ERROR_FORMAT, "\"std\"" },
  { "input-rule-no-frame-distance", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", ONES, ONES, "0"), GST_SOD_ERROR_FORMAT,
      "frame-distance" },
  { "input-rule-other-second-input", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", ONES, ONES,
          "42,\"second-input\":\"flow\""),
      GST_SOD_ERROR_FORMAT, "\"aligned-difference\"" },
  { "input-rule-no-second-input", "input-rule",
      RULE (GOOD_NAME, "1", "[32,16]", ONES, ONES, "42,\"second-input\":1"),
      GST_SOD_ERROR_FORMAT, "\"aligned-difference\"" },
  { "scores-no-json", "scores", "good", GST_SOD_ERROR_FORMAT, "scores" },
  { "lineage-no-json", "lineage", "{", GST_SOD_ERROR_FORMAT, "lineage" },
  { "other-hash", "weights-sha256", "0000", GST_SOD_ERROR_FORMAT,
      "the weights are damaged" },
};

/* The tiny model as tables, for tests that change one thing in it. */
static void
take_apart (Scratch *self, GHashTable **tensors, GHashTable **metadata)
{
  g_autoptr (GError) error = NULL;

  scratch_save_tiny (self);
  gst_sod_safetensors_read (self->path, tensors, metadata, &error);
  g_assert_no_error (error);
}

static void
put_together (Scratch *self, GHashTable *tensors, GHashTable *metadata)
{
  g_autoptr (GError) error = NULL;

  gst_sod_safetensors_write (self->path, tensors, metadata, &error);
  g_assert_no_error (error);
}

static void
test_bad_metadata (Scratch *self, gconstpointer data)
{
  const BadMetadata *bad = data;
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;

  take_apart (self, &tensors, &metadata);
  if (bad->value != NULL)
    g_hash_table_replace (metadata, g_strdup (bad->key), g_strdup (bad->value));
  else
    g_assert_true (g_hash_table_remove (metadata, bad->key));
  put_together (self, tensors, metadata);
  expect_refused (self, bad->code, bad->part);
}

static void
test_own_metadata (Scratch *self, gconstpointer data)
{
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;

  take_apart (self, &tensors, &metadata);
  g_hash_table_replace (metadata, g_strdup ("site"), g_strdup ("gate 3"));
  g_hash_table_replace (metadata, g_strdup ("threshold"), g_strdup ("0.25"));
  g_hash_table_remove (metadata, "weights-sha256");
  put_together (self, tensors, metadata);
  network = gst_sod_network_new_from_file (self->path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (
      gst_sod_network_get_metadata (network, "site"), ==, "gate 3");
  g_assert_cmpfloat (gst_sod_network_get_threshold (network), ==, 0.25);
  g_assert_null (gst_sod_network_get_metadata (network, "nothing"));
}

static void
set_tensor (GHashTable *tensors, const gchar *name, GstSodDType dtype,
    GstSodShape shape)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor = gst_sod_tensor_new_shaped (dtype, &shape, &error);

  g_assert_no_error (error);
  g_hash_table_replace (tensors, g_strdup (name), tensor);
}

static void
test_bad_tensors (Scratch *self, gconstpointer data)
{
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;

  take_apart (self, &tensors, &metadata);
  set_tensor (tensors, "out.bias", GST_SOD_DTYPE_F32, gst_sod_shape_1d (2));
  put_together (self, tensors, metadata);
  expect_refused (self, GST_SOD_ERROR_MISMATCH,
      "tensor 'out.bias' has the shape 2, the architecture asks for 1");
  set_tensor (
      tensors, "out.bias", GST_SOD_DTYPE_F32, gst_sod_shape_nchw (1, 1, 1, 1));
  put_together (self, tensors, metadata);
  expect_refused (self, GST_SOD_ERROR_MISMATCH, "has the shape 1x1x1x1");
  set_tensor (tensors, "out.bias", GST_SOD_DTYPE_F64, gst_sod_shape_1d (1));
  put_together (self, tensors, metadata);
  expect_refused (self, GST_SOD_ERROR_MISMATCH, "tensor 'out.bias' is f64");
  set_tensor (tensors, "out.bias", GST_SOD_DTYPE_F32, gst_sod_shape_1d (1));
  set_tensor (tensors, "extra", GST_SOD_DTYPE_F32, gst_sod_shape_1d (1));
  put_together (self, tensors, metadata);
  expect_refused (
      self, GST_SOD_ERROR_MISMATCH, "tensor 'extra' is not one of the 77");
  g_hash_table_remove (tensors, "out.bias");
  put_together (self, tensors, metadata);
  expect_refused (
      self, GST_SOD_ERROR_MISMATCH, "tensor 'out.bias' (1) is missing");
}

static void
expect_bad_value (Scratch *self, const gchar *name, gsize index, gfloat value,
    const gchar *part)
{
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;
  gfloat *values;

  take_apart (self, &tensors, &metadata);
  values = gst_sod_tensor_get_data (g_hash_table_lookup (tensors, name));
  values[index] = value;
  put_together (self, tensors, metadata);
  expect_refused (self, GST_SOD_ERROR_FORMAT, part);
}

static void
test_bad_values (Scratch *self, gconstpointer data)
{
  expect_bad_value (self, "enc.1.0.conv.weight", 17, NAN,
      "tensor 'enc.1.0.conv.weight' holds nan at index 17");
  expect_bad_value (
      self, "out.bias", 0, INFINITY, "tensor 'out.bias' holds inf at index 0");
  expect_bad_value (self, "dec.2.1.bn.running_mean", 7, -INFINITY,
      "tensor 'dec.2.1.bn.running_mean' holds -inf at index 7");
  expect_bad_value (self, "stem.k3.bn.running_var", 2, -1e-6f,
      "tensor 'stem.k3.bn.running_var' holds -1e-06 at index 2, a variance");
  expect_bad_value (self, "stem.k3.bn.running_var", 1, NAN,
      "tensor 'stem.k3.bn.running_var' holds nan at index 1");
}

/* What a network made in memory is refused for is refused before it exists. */
static void
test_bad_weights (void)
{
  g_autoptr (GstSodNetwork) network = scratch_new_tiny (3);
  g_autoptr (GstSodArchitecture) small = NULL;
  g_autoptr (GError) error = NULL;

  small = gst_sod_architecture_new_preset ("small", 1, &error);
  g_assert_no_error (error);
  g_assert_null (gst_sod_network_new_from_weights (small,
      g_hash_table_ref (gst_sod_network_get_weights (network)), NULL, &error));
  scratch_expect (error, GST_SOD_ERROR_MISMATCH, "stem.k3.conv.weight",
      "the architecture asks for 12x3x3x3");
}

static void
test_ten_gigabytes (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes =
      scratch_bytes ("{\"out.bias\":{\"dtype\":\"F32\",\"shape\":"
                     "[2684354560],\"data_offsets\":[0,10737418240]}}",
          16);

  scratch_write (self, bytes);
  expect_refused (self, GST_SOD_ERROR_FORMAT, "10737418240 of 16 bytes");
}

static void
test_no_model (Scratch *self, gconstpointer data)
{
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) container = scratch_bytes ("{}", 0);
  g_autoptr (GBytes) text = g_bytes_new_static ("#!/bin/sh\nexit 0\n", 17);

  expect_refused (self, GST_SOD_ERROR_NOT_FOUND, "No such file");
  scratch_write (self, empty);
  expect_refused (self, GST_SOD_ERROR_FORMAT, "0 bytes");
  scratch_write (self, text);
  expect_refused (self, GST_SOD_ERROR_FORMAT, "no safetensors file");
  scratch_write (self, container);
  expect_refused (self, GST_SOD_ERROR_MISMATCH, "no model of gst-sod");
}

static void
test_no_regular_file (Scratch *self, gconstpointer data)
{
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  expect_refused (self, GST_SOD_ERROR_IO, "is a FIFO");
  g_assert_cmpint (g_remove (self->path), ==, 0);
  g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
  expect_refused (self, GST_SOD_ERROR_IO, "is a directory");
}

static void
test_no_permission (Scratch *self, gconstpointer data)
{
  scratch_save_tiny (self);
  g_assert_cmpint (g_chmod (self->path, 0), ==, 0);
  if (!scratch_drop_rights (self))
    return;
  expect_refused (self, GST_SOD_ERROR_IO, "Permission denied");
  scratch_restore_rights ();
}

static void
add (const gchar *name, void (*func) (Scratch *, gconstpointer))
{
  g_test_add (name, Scratch, NULL, scratch_set_up, func, scratch_tear_down);
}

static void
add_bad_input (void)
{
  add ("/model-file/refuses-a-cut-at-any-byte-of-the-header",
      test_cut_in_header);
  add ("/model-file/refuses-a-cut-in-the-data", test_cut_in_data);
  add ("/model-file/refuses-a-flipped-bit-in-the-data", test_flipped_bit);
  add ("/model-file/survives-changes-all-over-the-header", test_changed_header);
  for (guint i = 0; i < G_N_ELEMENTS (bad_metadata); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/model-file/refuses/%s", bad_metadata[i].name);

    g_test_add (name, Scratch, &bad_metadata[i], scratch_set_up,
        test_bad_metadata, scratch_tear_down);
  }
  add ("/model-file/refuses/wrong-tensors-by-name", test_bad_tensors);
  add ("/model-file/refuses/nan-and-infinity-by-index", test_bad_values);
  g_test_add_func ("/model-file/refuses/weights-of-another", test_bad_weights);
  add ("/model-file/refuses/ten-gigabytes-claimed", test_ten_gigabytes);
  add ("/model-file/refuses/what-is-no-model", test_no_model);
  add ("/model-file/refuses/no-regular-file", test_no_regular_file);
  add ("/model-file/refuses/no-permission", test_no_permission);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < 3; i++) {
    static const gchar *const presets[] = { "base", "small", "reverse" };
    g_autofree gchar *name =
        g_strdup_printf ("/model-file/round-trip-keeps/%s", presets[i]);

    g_test_add (name, Scratch, presets[i], scratch_set_up, test_round_trip,
        scratch_tear_down);
  }
  add ("/model-file/keeps-keys-of-others", test_own_metadata);
  add_bad_input ();
  return g_test_run ();
}
