/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints: their file, and what a trainer makes of one whose checksum is
 * right and whose content is not. The first byte of an input says which. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <string.h>

#include <gst-sod/train/trainer-private.h>

typedef enum
{
  INPUT_FILE,   /* a whole file */
  INPUT_BYTES,  /* of the part that the next byte names */
  INPUT_FLOATS, /* likewise */
  N_INPUTS
} InputKind;

static const gchar *const parts[] = { "base/position", "base/names",
  "base/weights", "base/averages", "base/moments-1", "base/moments-2" };

/* A network of a few kilobytes. */
static const gchar tiny[] =
    "{\"kind\":\"base\",\"preset\":\"tiny\",\"input-size\":[32,16],"
    "\"input-frames\":1,\"widths\":[8,8,8,8],"
    "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
    "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}";

/* Made once and kept for the process. */
static GstSodTrainer *
tiny_trainer (void)
{
  static GstSodTrainer *trainer;
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;

  if (trainer == NULL) {
    architecture = gst_sod_architecture_new_from_json (tiny, NULL);
    network = gst_sod_network_new_random (architecture, 1, NULL);
    trainer = gst_sod_trainer_new (network, "cpu", 1, NULL);
  }
  return trainer;
}

static GstSodCheckpoint *
new_checkpoint (void)
{
  GstSodCheckpoint *checkpoint = gst_sod_checkpoint_new ();

  g_assert_true (
      gst_sod_trainer_write_state (tiny_trainer (), checkpoint, "base", NULL));
  return checkpoint;
}

/* Either a result or an error, and no message that is not UTF-8. */
static void
check (gboolean good, const GError *error)
{
  g_assert_true (good == (error == NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

static void
take_up (const GstSodCheckpoint *checkpoint)
{
  g_autoptr (GError) error = NULL;
  gboolean good =
      gst_sod_trainer_read_state (tiny_trainer (), checkpoint, "base", &error);

  check (good, error);
}

static void
parse (const uint8_t *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodCheckpoint) checkpoint =
      gst_sod_checkpoint_parse (bytes, "input", &error);

  check (checkpoint != NULL, error);
  if (checkpoint != NULL)
    take_up (checkpoint);
}

static void
replace (InputKind kind, const uint8_t *data, gsize size)
{
  g_autoptr (GstSodCheckpoint) checkpoint = new_checkpoint ();
  const gchar *name = parts[data[0] % G_N_ELEMENTS (parts)];
  gsize n = (size - 1) / sizeof (gfloat);
  g_autofree gfloat *values = g_new0 (gfloat, n + 1);

  memcpy (values, data + 1, n * sizeof (gfloat));
  if (kind == INPUT_BYTES)
    g_assert_true (gst_sod_checkpoint_set_bytes (
        checkpoint, name, data + 1, size - 1, NULL));
  else
    g_assert_true (
        gst_sod_checkpoint_set_floats (checkpoint, name, values, n + 1, NULL));
  take_up (checkpoint);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  InputKind kind;

  if (size < 2)
    return 0;
  kind = data[0] % N_INPUTS;
  if (kind == INPUT_FILE)
    parse (data + 1, size - 1);
  else
    replace (kind, data + 1, size - 1);
  return 0;
}

static void
add_seed (FuzzSeedFunc add, gpointer user_data, guint8 kind,
    gconstpointer content, gsize size)
{
  g_autoptr (GByteArray) seed = g_byte_array_new ();

  g_byte_array_append (seed, &kind, 1);
  g_byte_array_append (seed, content, (guint) size);
  add (seed->data, seed->len, user_data);
}

static void
add_file (FuzzSeedFunc add, gpointer user_data, GstSodCheckpoint *checkpoint)
{
  g_autofree gchar *folder = g_dir_make_tmp ("gst-sod-fuzz-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autofree gchar *content = NULL;
  gsize size;

  g_assert_true (gst_sod_checkpoint_write (checkpoint, path, NULL));
  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  g_remove (path);
  g_rmdir (folder);
  add_seed (add, user_data, INPUT_FILE, content, size);
}

void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  static const gchar position[] = "\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\360?";
  g_autoptr (GstSodCheckpoint) whole = new_checkpoint ();
  g_autoptr (GstSodCheckpoint) small = gst_sod_checkpoint_new ();
  g_autoptr (GBytes) names =
      gst_sod_checkpoint_get_bytes (whole, "base/names", NULL);
  g_autofree gchar *text =
      g_strdup_printf ("\1%.*s", (gint) g_bytes_get_size (names),
          (const gchar *) g_bytes_get_data (names, NULL));

  gst_sod_checkpoint_set_bytes (small, "training", "{}", 2, NULL);
  add_file (add, user_data, small);
  add_file (add, user_data, whole);
  add_seed (add, user_data, INPUT_BYTES, position, sizeof (position) - 1);
  add_seed (add, user_data, INPUT_BYTES, text, strlen (text));
  add_seed (add, user_data, INPUT_FLOATS, "\2abcdefgh", 9);
}
