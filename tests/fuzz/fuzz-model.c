/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model files. The first byte of an input says what the rest is, so that the
 * fuzzer need not find out how long a header is before it gets anywhere. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <string.h>

#include <gst-sod/nn/model-file-private.h>
#include <gst-sod/nn/safetensors-private.h>

typedef enum
{
  INPUT_FILE,         /* a whole file */
  INPUT_HEADER,       /* a header; the data of the tiny model follows */
  INPUT_METADATA,     /* value of the metadata that the next byte names */
  INPUT_ARCHITECTURE, /* an architecture in JSON */
  N_INPUTS
} InputKind;

static const gchar *const keys[] = { "architecture", "input-rule", "threshold",
  "name", "kind", "format-version", "lineage", "scores" };

/* A network of a few kilobytes. */
static const gchar tiny[] =
    "{\"kind\":\"base\",\"preset\":\"tiny\",\"input-size\":[32,16],"
    "\"input-frames\":1,\"widths\":[8,8,8,8],"
    "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
    "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}";

/* Both are made once and kept for the process. */
static GstSodNetwork *
tiny_network (void)
{
  static GstSodNetwork *network;
  g_autoptr (GstSodArchitecture) architecture = NULL;

  if (network == NULL) {
    architecture = gst_sod_architecture_new_from_json (tiny, NULL);
    network = gst_sod_network_new_random (architecture, 1, NULL);
  }
  return network;
}

static GBytes *
tiny_file (void)
{
  static GBytes *bytes;
  g_autofree gchar *folder = NULL;
  g_autofree gchar *path = NULL;
  gchar *content;
  gsize size;

  if (bytes != NULL)
    return bytes;
  folder = g_dir_make_tmp ("gst-sod-fuzz-XXXXXX", NULL);
  path = g_build_filename (folder, "tiny.safetensors", NULL);
  g_assert_true (gst_sod_network_save (tiny_network (), path, NULL));
  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  g_remove (path);
  g_rmdir (folder);
  bytes = g_bytes_new_take (content, size);
  return bytes;
}

static gsize
tiny_header_size (void)
{
  guint64 length;

  memcpy (&length, g_bytes_get_data (tiny_file (), NULL), sizeof (length));
  return (gsize) length;
}

/* Either a result or an error, and no message that is not UTF-8. */
static void
check (gboolean good, const GError *error)
{
  g_assert_true (good == (error == NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

static void
load (GBytes *bytes)
{
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  gboolean good;

  good = gst_sod_safetensors_parse (bytes, "input", &tensors, NULL, &error);
  check (good, error);
  g_clear_error (&error);
  network = gst_sod_network_new_from_bytes (bytes, "input", &error);
  check (network != NULL, error);
}

static void
load_header (const uint8_t *json, gsize size)
{
  gsize whole_size;
  const guint8 *whole = g_bytes_get_data (tiny_file (), &whole_size);
  gsize start = sizeof (guint64) + tiny_header_size ();
  GByteArray *file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint64 length = size;

  g_byte_array_append (file, (const guint8 *) &length, sizeof (length));
  g_byte_array_append (file, json, (guint) size);
  g_byte_array_append (file, whole + start, (guint) (whole_size - start));
  bytes = g_byte_array_free_to_bytes (file);
  load (bytes);
}

static void
load_architecture (const uint8_t *json, gsize size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) json, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_from_json (text, &error);
  g_autofree gchar *again = NULL;

  check (architecture != NULL, error);
  if (architecture == NULL)
    return;
  again = gst_sod_architecture_to_json (architecture);
  g_clear_pointer (&architecture, gst_sod_architecture_unref);
  architecture = gst_sod_architecture_new_from_json (again, &error);
  g_assert_no_error (error);
}

static void
load_metadata (const uint8_t *data, gsize size)
{
  GstSodNetwork *network = tiny_network ();
  g_autoptr (GstSodNetwork) changed = NULL;
  g_autoptr (GError) error = NULL;
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const gchar *end;
  gchar *value;

  /* The container lets nothing else through. */
  g_utf8_validate ((const gchar *) data + 1, (gssize) size - 1, &end);
  value = g_strndup (
      (const gchar *) data + 1, (gsize) (end - (const gchar *) data) - 1);
  g_hash_table_insert (
      metadata, g_strdup (keys[data[0] % G_N_ELEMENTS (keys)]), value);
  changed = gst_sod_network_new_from_weights (
      gst_sod_network_get_architecture (network),
      g_hash_table_ref (gst_sod_network_get_weights (network)), metadata,
      &error);
  check (changed != NULL, error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = NULL;

  if (size < 2)
    return 0;
  switch (data[0] % N_INPUTS) {
    case INPUT_FILE:
      bytes = g_bytes_new (data + 1, size - 1);
      load (bytes);
      break;
    case INPUT_HEADER:
      load_header (data + 1, size - 1);
      break;
    case INPUT_METADATA:
      load_metadata (data + 1, size - 1);
      break;
    default:
      load_architecture (data + 1, size - 1);
  }
  return 0;
}

static void
add_seed (FuzzSeedFunc add, gpointer user_data, InputKind kind,
    gconstpointer content, gsize size)
{
  g_autoptr (GByteArray) seed = g_byte_array_new ();
  guint8 first = (guint8) kind;

  g_byte_array_append (seed, &first, 1);
  g_byte_array_append (seed, content, (guint) size);
  add (seed->data, seed->len, user_data);
}

void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  static const gchar reverse[] =
      "{\"kind\":\"reverse\",\"preset\":\"r\",\"input-size\":[16,16],"
      "\"stem-width\":8,\"growth\":8,\"blocks\":[1,1,1,1,1,1,1,1]}";
  static const gchar small_file[] =
      "\100\0\0\0\0\0\0\0"
      "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}      "
      "    01234567";
  GstSodNetwork *network = tiny_network ();
  gsize size;
  const guint8 *file = g_bytes_get_data (tiny_file (), &size);

  add_seed (add, user_data, INPUT_FILE, file, size);
  add_seed (add, user_data, INPUT_FILE, small_file, sizeof (small_file) - 1);
  add_seed (add, user_data, INPUT_HEADER, file + sizeof (guint64),
      tiny_header_size ());
  add_seed (add, user_data, INPUT_ARCHITECTURE, tiny, strlen (tiny));
  add_seed (add, user_data, INPUT_ARCHITECTURE, reverse, strlen (reverse));
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    const gchar *value = gst_sod_network_get_metadata (network, keys[i]);
    g_autofree gchar *text = g_strdup_printf ("%c%s", (gchar) i, value);

    add_seed (add, user_data, INPUT_METADATA, text, strlen (value) + 1);
  }
}
