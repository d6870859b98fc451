/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts in a checkpoint of a whole training: its place in plan and data,
 * its record, and what is said of its networks. Their file is fuzz-checkpoint's
 * matter. The first byte of an input says which text the rest is. */
#include "fuzz.h"

#include "../train/scenes.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include <gst-sod/train/training-state-private.h>

typedef enum
{
  INPUT_PLACE,
  INPUT_RECORD, /* a member of the place */
  INPUT_METADATA,
  INPUT_ARCHITECTURE,
  N_INPUTS
} InputKind;

static const gchar *const parts[N_INPUTS] = { "training", NULL,
  "network/a/metadata", "network/a/architecture" };

/* A network of a few kilobytes. */
static const gchar tiny[] =
    "{\"kind\":\"base\",\"preset\":\"tiny\",\"input-size\":[32,16],"
    "\"input-frames\":1,\"widths\":[8,8,8,8],"
    "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
    "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}";

static GstSodTraining *
new_training (void)
{
  static const gchar text[] =
      "[run]\nlast-phase=1\nthreads=1\ndevice=cpu\nprecision=f32\n"
      "[data]\nwidth=32\nheight=16\nsmall-share=0\nbatch-size=1\n"
      "augmentation=none\nreading-threads=0\n[base]\nsteps=2\n";
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new (NULL, NULL);
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_from_json (tiny, NULL);
  g_autoptr (GstSodNetwork) start =
      gst_sod_network_new_random (architecture, 1, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (2, 2, 1, SCENES_GOOD);
  GstSodTraining *training;

  g_assert_true (
      gst_sod_training_settings_load_string (settings, "fuzz", text, NULL));
  training = gst_sod_training_new (settings, NULL);
  g_assert_true (
      gst_sod_training_add_node (training, "a", samples, NULL, start, NULL));
  return training;
}

static void
capture (GstSodTraining *training, const gchar *line, gpointer user_data)
{
  GstSodCheckpoint **checkpoint = user_data;

  g_clear_pointer (checkpoint, gst_sod_checkpoint_free);
  *checkpoint = gst_sod_training_capture (training, NULL);
}

/* Of a training at work; made once and kept for the process. */
static GstSodCheckpoint *
get_checkpoint (void)
{
  static GstSodCheckpoint *checkpoint;

  if (checkpoint == NULL) {
    g_autoptr (GstSodTraining) training = new_training ();

    g_signal_connect (training, "progress", G_CALLBACK (capture), &checkpoint);
    g_assert_true (gst_sod_training_run (training, NULL, NULL));
    g_assert_nonnull (checkpoint);
  }
  return checkpoint;
}

static gchar *
get_text (const gchar *part)
{
  g_autoptr (GBytes) bytes =
      gst_sod_checkpoint_get_bytes (get_checkpoint (), part, NULL);
  gsize size;
  const gchar *data = g_bytes_get_data (bytes, &size);

  return g_strndup (data, size);
}

static gchar *
replace_record (const gchar *record)
{
  g_autofree gchar *place = get_text ("training");
  g_autoptr (JsonNode) node = json_from_string (place, NULL);

  json_object_set_string_member (json_node_get_object (node), "record", record);
  return json_to_string (node, FALSE);
}

/* Either a result or an error, and no message that is not UTF-8. */
static void
check (gboolean good, const GError *error)
{
  g_assert_true (good == (error == NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

/* Goes on from a checkpoint that was taken, to the end. */
static void
go_on (GstSodCheckpoint *checkpoint)
{
  g_autofree gchar *folder = g_dir_make_tmp ("gst-sod-fuzz-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTraining) training = new_training ();
  g_autoptr (GError) error = NULL;

  g_assert_true (gst_sod_checkpoint_write (checkpoint, path, NULL));
  if (gst_sod_training_resume (training, path, NULL))
    check (gst_sod_training_run (training, NULL, &error), error);
  g_remove (path);
  g_rmdir (folder);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GstSodTraining) training = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL, *old = NULL;
  InputKind kind;
  const gchar *part;
  gboolean good;

  if (size < 1)
    return 0;
  kind = data[0] % N_INPUTS;
  part = kind == INPUT_RECORD ? parts[INPUT_PLACE] : parts[kind];
  text = g_strndup ((const gchar *) data + 1, size - 1);
  if (kind == INPUT_RECORD) {
    g_autofree gchar *record = g_utf8_make_valid (text, -1);

    g_free (text);
    text = replace_record (record);
  }
  old = get_text (part);
  gst_sod_checkpoint_set_bytes (
      get_checkpoint (), part, text, strlen (text), NULL);
  training = new_training ();
  good = gst_sod_training_restore (training, get_checkpoint (), &error);
  check (good, error);
  if (good)
    go_on (get_checkpoint ());
  gst_sod_checkpoint_set_bytes (
      get_checkpoint (), part, old, strlen (old), NULL);
  return 0;
}

static void
add_seed (
    FuzzSeedFunc add, gpointer user_data, InputKind kind, const gchar *text)
{
  g_autofree gchar *seed = g_strdup_printf ("%c%s", (gint) kind + 'd', text);

  add (seed, strlen (seed), user_data);
}

void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  g_autofree gchar *place = get_text ("training");
  g_autoptr (JsonNode) node = json_from_string (place, NULL);

  /* 'd' is a multiple of the number of kinds. */
  G_STATIC_ASSERT ('d' % N_INPUTS == 0);
  add_seed (add, user_data, INPUT_PLACE, place);
  add_seed (add, user_data, INPUT_RECORD,
      json_object_get_string_member (json_node_get_object (node), "record"));
  for (guint i = INPUT_METADATA; i < N_INPUTS; i++) {
    g_autofree gchar *text = get_text (parts[i]);

    add_seed (add, user_data, i, text);
  }
}
