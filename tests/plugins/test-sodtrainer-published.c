/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sodtrainer publishes, and what it says of it: networks that cannot be
 * judged, the reverse network, what lies beside the models. */
#include "trainer-support.h"

#include <string.h>

#include <glib/gstdio.h>

#define REVERSE                                                                \
  "{\"kind\":\"reverse\",\"preset\":\"custom\",\"input-size\":[64,48],"        \
  "\"stem-width\":16,\"growth\":16,\"blocks\":[1,2,1,1,2,1,1,1]}"

/* ---- a training ---- */

static void
await_end (Trainer *trainer)
{
  gint64 end = g_get_monotonic_time () + 90 * G_TIME_SPAN_SECOND;
  gboolean running = TRUE;

  while (running && g_get_monotonic_time () < end) {
    g_autoptr (GstStructure) stats = NULL;

    g_usleep (10000);
    g_object_get (trainer->element, "stats", &stats, NULL);
    g_assert_true (gst_structure_get_boolean (stats, "training", &running));
  }
  g_assert_false (running);
}

/* Of 24 frames of node-0, @n_labelled of them with labels, and @n_others of
 * node-1 without, to its end; all messages stay on the bus. */
static void
train_nodes (Trainer *trainer, guint n_labelled, guint n_others,
    const gchar *settings, const gchar *pattern)
{
  g_autofree gchar *path = trainer_settings (trainer, settings);
  GstHarness *frame, *label;
  gboolean begun;

  g_object_set (
      trainer->element, "settings", path, "model-save-path", pattern, NULL);
  frame = trainer_link (trainer, "frame_0");
  label = trainer_link (trainer, "label_0");
  trainer_push_pair (frame, label, 0, n_labelled);
  trainer_push_pair (frame, NULL, n_labelled, 24);
  if (n_others > 0)
    trainer_push_pair (trainer_link (trainer, "frame_1"), NULL, 0, n_others);
  g_signal_emit_by_name (trainer->element, "train", &begun);
  g_assert_true (begun);
  await_end (trainer);
}

static void
train (Trainer *trainer, guint n_labelled, const gchar *settings,
    const gchar *pattern)
{
  train_nodes (trainer, n_labelled, 0, settings, pattern);
}

/* A model that others start from, made once. (transfer full) */
static gchar *
make_start (void)
{
  gchar *path = test_path ("start.safetensors");
  Trainer trainer;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return path;
  trainer_set_up (&trainer, "trigger", 3, NULL);
  train (&trainer, 24, "epochs=1\n", path);
  trainer_tear_down (&trainer);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  return path;
}

static void
write_reverse (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_from_json (REVERSE, &error);
  g_autoptr (GstSodNetwork) network = NULL;

  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, 1, &error);
  g_assert_no_error (error);
  g_assert_true (gst_sod_network_save (network, path, &error));
}

/* Warnings on the bus that hold @wanted; the last of them in @text (transfer
 * full). An error fails. */
static guint
count_warnings (Trainer *trainer, const gchar *wanted, gchar **text)
{
  guint n = 0;

  for (;;) {
    g_autoptr (GstMessage) message =
        trainer_await (trainer, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR, 0);
    g_autoptr (GError) warning = NULL;

    if (message == NULL)
      return n;
    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_WARNING);
    gst_message_parse_warning (message, &warning, NULL);
    g_test_message ("%s", warning->message);
    if (strstr (warning->message, wanted) == NULL)
      continue;
    n++;
    g_free (*text);
    *text = g_strdup (warning->message);
  }
}

/* ---- what cannot be judged ---- */

static void
test_what_takes_a_place_unjudged_is_told (void)
{
  static const struct
  {
    guint n_labelled;
    gdouble share;
    gboolean starts, force;
    const gchar *why; /* NULL: no warning */
  } cases[] = {
    { 24, 0, TRUE, FALSE, "validation-share is 0" },
    { 1, 0.2, TRUE, FALSE, "1 labelled frame is too few" },
    { 24, 0, TRUE, TRUE, NULL },
    { 24, 0, FALSE, FALSE, NULL },
    { 24, 0.2, TRUE, FALSE, NULL },
  };
  g_autofree gchar *start = make_start ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Trainer trainer;
    g_autofree gchar *model = NULL, *text = NULL;

    trainer_set_up (&trainer, "trigger", 3, "model-load-path",
        cases[i].starts ? start : NULL, "validation-share", cases[i].share,
        "force-publish", cases[i].force, NULL);
    model = trainer_path (&trainer, "model.safetensors");
    train (&trainer, cases[i].n_labelled, "epochs=3\n", model);
    g_assert_cmpuint (count_warnings (&trainer, "without being judged", &text),
        ==, cases[i].why != NULL);
    if (text != NULL) {
      g_assert_nonnull (strstr (text, "node node-0"));
      g_assert_nonnull (strstr (text, cases[i].why));
      g_assert_nonnull (strstr (text, "force-publish"));
      g_assert_cmpuint (trainer_stat (&trainer, NULL, "published"), >=, 2);
    }
    trainer_tear_down (&trainer);
  }
}

static void
test_a_node_without_labels_is_told_where_it_takes_a_place (void)
{
  Trainer trainer;
  g_autofree gchar *start = make_start ();
  g_autofree gchar *pattern = NULL, *text = NULL;

  trainer_set_up (&trainer, "trigger", 3, "model-load-path", start, NULL);
  pattern = trainer_path (&trainer, "%s.safetensors");
  train_nodes (&trainer, 24, 16,
      "steps=1\n[run]\nfirst-phase=3\nlast-phase=3\nrounds=1\nreverse=no\n"
      "[semi-supervised]\ndistill-steps=2\nmin-confidence=0\nmin-area=0\n"
      "max-area=1\n",
      pattern);
  g_assert_cmpuint (
      count_warnings (&trainer, "without being judged", &text), ==, 1);
  g_assert_nonnull (strstr (text, "node node-1"));
  g_assert_nonnull (strstr (text, "none of its frames has a label"));
  trainer_tear_down (&trainer);
}

/* ---- the reverse network ---- */

static void
test_a_reverse_network_is_told_where_it_takes_a_place (void)
{
  Trainer trainer;
  g_autofree gchar *pattern = NULL, *reverse = NULL, *text = NULL;
  g_autofree gchar *before = NULL, *after = NULL;

  trainer_set_up (&trainer, "trigger", 3, "validation-share", 0.0, NULL);
  pattern = trainer_path (&trainer, "%s.safetensors");
  reverse = trainer_path (&trainer, "reverse.safetensors");
  write_reverse (reverse);
  before = trainer_get_version (reverse);
  train (&trainer, 24, "steps=1\n[reverse]\nsteps=2\n[run]\nreverse=yes\n",
      pattern);
  after = trainer_get_version (reverse);
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpuint (
      count_warnings (&trainer, "without being judged", &text), ==, 1);
  g_assert_nonnull (strstr (text, "node reverse"));
  trainer_tear_down (&trainer);
}

/* One that has learnt, then a large rate that spoils it. */
static void
test_a_worse_reverse_network_is_not_published (void)
{
  static const gchar *const settings[] = {
    "steps=200\nlearning-rate=1e-2\nwarm-up=2\naverage-decay=0.9\n",
    "steps=4\nlearning-rate=1\noptimiser=sgd\nwarm-up=0\naverage-decay=0\n"
    "clip-norm=0\n",
  };
  g_autofree gchar *pattern = test_path ("spoilt-%s.safetensors");
  g_autofree gchar *reverse = test_path ("spoilt-reverse.safetensors");
  gchar *versions[G_N_ELEMENTS (settings)];

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    Trainer trainer;
    g_autofree gchar *all = g_strconcat (
        "steps=1\n[run]\nreverse=yes\n[reverse]\narchitecture=" REVERSE "\n",
        settings[i], NULL);

    trainer_set_up (&trainer, "trigger", 3, NULL);
    train (&trainer, 24, all, pattern);
    versions[i] = trainer_get_version (reverse);
    if (i > 0)
      g_assert_cmpuint (trainer_stat (&trainer, NULL, "refused"), >=, 1);
    trainer_tear_down (&trainer);
  }
  g_assert_cmpstr (versions[0], ==, versions[1]);
  g_free (versions[0]);
  g_free (versions[1]);
}

/* ---- what lies beside the models ---- */

static gchar *
make_folder (Trainer *trainer, const gchar *name)
{
  gchar *path = trainer_path (trainer, name);

  g_assert_cmpint (g_mkdir (path, 0777), ==, 0);
  return path;
}

static void
assert_setting (
    GstSodTrainingSettings *settings, const gchar *key, const gchar *wanted)
{
  g_autofree gchar *found = gst_sod_training_settings_get (settings, key, NULL);

  g_assert_cmpstr (found, ==, wanted);
}

/* Of the file and of the properties. */
static void
test_settings_and_record_lie_beside_the_models (void)
{
  Trainer trainer;
  g_autofree gchar *folder = NULL, *pattern = NULL, *file = NULL, *path = NULL;
  g_autofree gchar *record = NULL;
  g_autoptr (GstSodTrainingSettings) settings = NULL;
  g_autoptr (GstStructure) done = NULL;
  g_autoptr (GError) error = NULL;

  trainer_set_up (&trainer, "trigger", 3, "batch-size", 5, NULL);
  folder = make_folder (&trainer, "models");
  pattern = g_build_filename (folder, "%s.safetensors", NULL);
  file = g_build_filename (folder, "settings.ini", NULL);
  path = g_build_filename (folder, "run.json", NULL);
  train (&trainer, 24, "steps=3\n", pattern);
  settings = gst_sod_training_settings_new_from_file (file, &error);
  g_assert_no_error (error);
  assert_setting (settings, "base.steps", "3");
  assert_setting (settings, "data.batch-size", "5");
  g_assert_true (g_file_get_contents (path, &record, NULL, &error));
  g_assert_no_error (error);
  done = trainer_await_element (&trainer, "sod-trainer-done", 10);
  g_assert_cmpstr (record, ==, gst_structure_get_string (done, "record"));
  trainer_tear_down (&trainer);
}

/* The file that was given lies where models go. */
static void
test_the_settings_that_were_given_stay_as_they_are (void)
{
  Trainer trainer;
  g_autofree gchar *model = NULL, *file = NULL, *path = NULL;
  g_autofree gchar *given = NULL, *found = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  model = trainer_path (&trainer, "model.safetensors");
  path = trainer_path (&trainer, "run.json");
  file = trainer_settings (&trainer, "steps=1\n");
  g_assert_true (g_file_get_contents (file, &given, NULL, NULL));
  train (&trainer, 24, "steps=1\n", model);
  g_assert_true (g_file_get_contents (file, &found, NULL, NULL));
  g_assert_cmpstr (given, ==, found);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  trainer_tear_down (&trainer);
}

/* A folder is in the way. */
static void
test_a_record_that_cannot_be_written_loses_no_training (void)
{
  Trainer trainer;
  g_autofree gchar *model = NULL, *path = NULL, *text = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  model = trainer_path (&trainer, "model.safetensors");
  path = make_folder (&trainer, "run.json");
  train (&trainer, 24, "steps=1\n", model);
  g_assert_true (g_file_test (model, G_FILE_TEST_IS_REGULAR));
  g_assert_cmpuint (count_warnings (&trainer, path, &text), ==, 1);
  trainer_tear_down (&trainer);
}

static void
test_a_training_that_published_nothing_writes_no_record (void)
{
  Trainer trainer;
  g_autofree gchar *model = NULL, *path = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  model = trainer_path (&trainer, "model.safetensors");
  path = trainer_path (&trainer, "run.json");
  train (&trainer, 0, "steps=1\n", model);
  g_assert_false (g_file_test (model, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  trainer_tear_down (&trainer);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function)                                                    \
  g_test_add_func ("/sodtrainer/published/" name, function)
  ADD ("what-takes-a-place-unjudged-is-told",
      test_what_takes_a_place_unjudged_is_told);
  ADD ("a-node-without-labels-is-told-where-it-takes-a-place",
      test_a_node_without_labels_is_told_where_it_takes_a_place);
  ADD ("a-reverse-network-is-told-where-it-takes-a-place",
      test_a_reverse_network_is_told_where_it_takes_a_place);
  ADD ("a-worse-reverse-network-is-not-published",
      test_a_worse_reverse_network_is_not_published);
  ADD ("settings-and-record-lie-beside-the-models",
      test_settings_and_record_lie_beside_the_models);
  ADD ("the-settings-that-were-given-stay-as-they-are",
      test_the_settings_that_were_given_stay_as_they_are);
  ADD ("a-record-that-cannot-be-written-loses-no-training",
      test_a_record_that_cannot_be_written_loses_no_training);
  ADD ("a-training-that-published-nothing-writes-no-record",
      test_a_training_that_published_nothing_writes_no_record);
#undef ADD
  return test_finish ();
}
