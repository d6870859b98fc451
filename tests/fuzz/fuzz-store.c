/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments of a frame store. The first byte of an input says whether the
 * checksums of headers are made right first, so that the fuzzer gets past them,
 * and whether the store is written to as well. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <string.h>

#include <gst-sod/data/crc32c-private.h>
#include <gst-sod/data/store-private.h>
#include <gst-sod/data/store-snapshot.h>

typedef enum
{
  INPUT_REPAIR = 1 << 0,
  INPUT_WRITE = 1 << 1
} InputFlags;

/* More would only test how much memory there is. */
#define MAX_PIXELS (1 << 16)

/* A store of the node "door", made once and kept for the process; in memory,
 * where there is such a place. */
static const gchar *
scratch (void)
{
  static gchar *folder;
  g_autofree gchar *mark = NULL;
  g_autofree gchar *node = NULL;

  if (folder != NULL)
    return folder;
  folder = g_strdup ("/dev/shm/gst-sod-fuzz-XXXXXX");
  if (g_mkdtemp (folder) == NULL) {
    g_free (folder);
    folder = g_dir_make_tmp ("gst-sod-fuzz-XXXXXX", NULL);
  }
  mark = g_build_filename (folder, "gst-sod-store", NULL);
  node = g_build_filename (folder, "door", NULL);
  g_assert_true (
      g_file_set_contents (mark, "gst-sod frame store, format 1\n", -1, NULL));
  g_assert_cmpint (g_mkdir (node, 0700), ==, 0);
  return folder;
}

static void
empty_node (void)
{
  g_autofree gchar *node = g_build_filename (scratch (), "door", NULL);
  g_autoptr (GDir) dir = g_dir_open (node, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (node, name, NULL);

    g_remove (path);
  }
}

/* What looks like a header gets the checksum that it should have. */
static void
repair (guint8 *data, gsize size)
{
  for (gsize at = 0; at + GST_SOD_ENTRY_HEADER <= size; at++) {
    guint32 crc;
    gsize length = GST_SOD_ENTRY_HEADER;

    if (memcmp (data + at, gst_sod_entry_magic, GST_SOD_ENTRY_MAGIC_SIZE) != 0)
      continue;
    data[at + 89] = data[at + 90] = data[at + 91] = 0;
    length += data[at + 88];
    if (at + length > size)
      continue;
    crc = GUINT32_TO_LE (gst_sod_crc32c (0, data + at + 12, length - 12));
    memcpy (data + at + 8, &crc, sizeof (crc));
  }
}

static void
check (gboolean good, const GError *error)
{
  g_assert_true (good == (error == NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

/* Reads all that is of a sensible size; whether all is. */
static gboolean
read_all (GstSodSamples *samples)
{
  guint n = gst_sod_samples_get_n_samples (samples);
  gboolean all = TRUE;

  for (guint i = 0; i < n; i++) {
    g_autoptr (GstSodImage) image = NULL;
    g_autoptr (GstSodImage) mask = NULL;
    g_autoptr (GError) error = NULL;
    gint width, height;
    gboolean good;
    guint found;

    gst_sod_store_snapshot_get_size (
        GST_SOD_STORE_SNAPSHOT (samples), i, &width, &height);
    /* One of number n or more is no sample, but can be looked back at. */
    if (gst_sod_samples_find_neighbour (samples, i, 42, &found))
      g_assert_nonnull (gst_sod_samples_get_name (samples, found));
    if (gst_sod_samples_find_neighbour (samples, i, -42, &found))
      g_assert_nonnull (gst_sod_samples_get_name (samples, found));
    if ((gint64) width * height > MAX_PIXELS) {
      all = FALSE;
      continue;
    }
    good = gst_sod_samples_read (samples, i, &image, &mask, &error);
    check (good, error);
  }
  return all;
}

static void
read_store (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodStore) store =
      gst_sod_store_open (scratch (), GST_SOD_STORE_FLAG_READ_ONLY, &error);
  g_autoptr (GstSodSamples) samples = NULL;
  g_autofree gchar *statistics = NULL;
  g_autofree gchar *report = NULL;
  g_autofree gchar *hash = NULL;

  g_assert_no_error (error);
  samples = gst_sod_store_snapshot (store, NULL, &error);
  g_assert_no_error (error);
  hash = gst_sod_samples_get_hash (samples);
  statistics = gst_sod_store_get_statistics (store, &error);
  g_assert_no_error (error);
  if (!read_all (samples))
    return;
  report = gst_sod_store_verify (store, NULL, &error);
  g_assert_no_error (error);
}

/* What was there stays, whatever else is in the file. */
static void
write_store (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodStore) store =
      gst_sod_store_open (scratch (), GST_SOD_STORE_FLAG_NONE, &error);
  g_autoptr (GstSodImage) frame = NULL;
  g_autoptr (GstSodSamples) before = NULL;
  g_autoptr (GstSodSamples) after = NULL;
  g_autoptr (GBytes) pixels = g_bytes_new_static ("abcdefghijkl", 12);

  g_assert_no_error (error);
  frame = gst_sod_image_new_rgb (2, 2, pixels, &error);
  before = gst_sod_store_snapshot (store, NULL, &error);
  g_assert_no_error (error);
  if (!gst_sod_store_append (store, "door", frame, NULL, 0, NULL, &error)) {
    /* No number is left. */
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
    return;
  }
  g_clear_object (&store);
  store = gst_sod_store_open (scratch (), GST_SOD_STORE_FLAG_NONE, &error);
  g_assert_no_error (error);
  after = gst_sod_store_snapshot (store, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (after), ==,
      gst_sod_samples_get_n_samples (before) + 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree guint8 *copy = NULL;
  g_autofree gchar *path = NULL;

  if (size < 2)
    return 0;
  copy = g_memdup2 (data + 1, size - 1);
  if ((data[0] & INPUT_REPAIR) != 0)
    repair (copy, size - 1);
  path = g_build_filename (scratch (), "door", "00000001.sod", NULL);
  g_file_set_contents_full (path, (const gchar *) copy, (gssize) (size - 1),
      G_FILE_SET_CONTENTS_NONE, 0600, NULL);
  read_store ();
  if ((data[0] & INPUT_WRITE) != 0)
    write_store ();
  empty_node ();
  return 0;
}

/* Segments that the store itself has written, in JPEG and raw. */
void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstSodStore) store =
        gst_sod_store_open (scratch (), GST_SOD_STORE_FLAG_NONE, NULL);
    g_autofree guint8 *noise = g_malloc0 (24 * 16 * 3);
    g_autoptr (GBytes) pixels = NULL;
    g_autoptr (GstSodImage) frame = NULL;
    g_autoptr (GstSodImage) label = gst_sod_image_new_gray (24, 16, NULL);
    g_autoptr (GByteArray) seed = g_byte_array_new ();
    g_autofree gchar *path =
        g_build_filename (scratch (), "door", "00000001.sod", NULL);
    g_autofree gchar *bytes = NULL;
    guint8 flags = (guint8) i;
    gsize size;

    for (guint j = 0; j < 24 * 16 * 3; j++)
      noise[j] = (guint8) (j * (i + 3));
    pixels = g_bytes_new (noise, 24 * 16 * 3);
    frame = gst_sod_image_new_rgb (24, 16, pixels, NULL);
    g_object_set (store, "picture-format",
        i % 2 == 0 ? GST_SOD_STORE_PICTURE_FORMAT_JPEG
                   : GST_SOD_STORE_PICTURE_FORMAT_RAW,
        NULL);
    for (guint j = 0; j < 3; j++)
      g_assert_true (gst_sod_store_append (
          store, "door", frame, j == 1 ? label : NULL, j * 40000, NULL, NULL));
    g_assert_true (gst_sod_store_set_label (store, "door/000003", label, NULL));
    g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
    g_byte_array_append (seed, &flags, 1);
    g_byte_array_append (seed, (const guint8 *) bytes, (guint) size);
    add (seed->data, seed->len, user_data);
    g_clear_object (&store);
    empty_node ();
  }
}
