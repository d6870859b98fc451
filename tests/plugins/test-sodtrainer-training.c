/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer trains: when, from what, and what is published. */
#include "trainer-support.h"

#include <math.h>
#include <string.h>

/* The error that comes, whose text holds @text. */
static void
assert_error (Trainer *trainer, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (GstMessage) message =
      trainer_await (trainer, GST_MESSAGE_ERROR, 60);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, text));
}

/* ---- a training to its end ---- */

static void
test_the_end_of_the_streams_trains_and_then_ends (void)
{
  Trainer trainer;
  g_autofree gchar *model = NULL, *version = NULL;
  g_autoptr (GstStructure) published = NULL;
  g_autoptr (GstMessage) eos = NULL;
  gdouble score;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  model = trainer_path (&trainer, "model.safetensors");
  trainer_set_settings (&trainer, "epochs=8\n");
  g_object_set (trainer.element, "model-save-path", model, NULL);
  trainer_gather (&trainer, 24, 24);
  trainer_end_all (&trainer);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS | GST_MESSAGE_ERROR, 90);
  test_assert_no_error (trainer.element);
  g_assert_nonnull (eos);
  g_assert_cmpint (GST_MESSAGE_TYPE (eos), ==, GST_MESSAGE_EOS);
  /* EOS is the last to be told; the others were taken from the bus with it. */
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "published"), >=, 1);
  version = trainer_get_version (model);
  g_object_get (trainer.element, "stats", &published, NULL);
  g_assert_true (gst_structure_get_double (published, "score", &score));
  g_assert_cmpfloat (score, >, 0.7);
  trainer_tear_down (&trainer);
}

static void
test_nothing_to_learn_from_is_an_error (void)
{
  Trainer trainer;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  trainer_set_settings (&trainer, "epochs=2\n");
  trainer_gather (&trainer, 12, 0);
  trainer_end_all (&trainer);
  assert_error (
      &trainer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "label");
  /* The frames are kept: labels may come later. */
  {
    g_autoptr (GstSodSamples) samples =
        trainer_take_samples (&trainer, "node-0");

    g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 12);
  }
  trainer_tear_down (&trainer);
}

static void
test_no_frames_at_all_is_an_error (void)
{
  Trainer trainer;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  trainer_link (&trainer, "frame_0");
  trainer_end_all (&trainer);
  assert_error (&trainer, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "there is nothing to learn from");
  trainer_tear_down (&trainer);
}

static void
test_labels_that_are_all_black_are_an_error (void)
{
  Trainer trainer;
  g_autofree gchar *model = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  model = trainer_path (&trainer, "model.safetensors");
  trainer_set_settings (&trainer, "epochs=2\n");
  g_object_set (trainer.element, "model-save-path", model, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 12; i++) {
    GstBuffer *black = trainer_label (i);

    gst_buffer_memset (black, 0, 0, -1);
    gst_harness_push (frame, trainer_frame (i));
    gst_harness_push (label, black);
  }
  trainer_end_all (&trainer);
  assert_error (&trainer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "nothing in them is salient");
  g_assert_false (g_file_test (model, G_FILE_TEST_EXISTS));
  trainer_tear_down (&trainer);
}

/* A rate at which weights overflow within steps. */
static void
test_a_loss_that_is_no_number_ends_in_an_error (void)
{
  Trainer trainer;
  guint n_warnings = 0;

  trainer_set_up (
      &trainer, "trigger", 0, "learning-rate", 100.0, "preset", "paper", NULL);
  trainer_set_settings (
      &trainer, "epochs=400\nclip-norm=0\noptimiser=sgd\nmomentum=0.99\n");
  trainer_gather (&trainer, 16, 16);
  trainer_end_all (&trainer);
  for (;;) {
    g_autoptr (GstMessage) message =
        trainer_await (&trainer, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR, 90);
    g_autoptr (GError) error = NULL;

    g_assert_nonnull (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning (message, &error, NULL);
      g_test_message ("%s", error->message);
      n_warnings++;
      continue;
    }
    gst_message_parse_error (message, &error, NULL);
    g_test_message ("%s", error->message);
    g_assert_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED);
    break;
  }
  g_assert_cmpuint (n_warnings, >=, 2);
  trainer_tear_down (&trainer);
}

static void
test_a_node_that_sent_nothing_is_left_out (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GError) text = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  trainer_set_settings (&trainer, "epochs=1\n");
  trainer_link (&trainer, "frame_7");
  trainer_gather (&trainer, 16, 16);
  {
    gboolean begun;

    g_signal_emit_by_name (trainer.element, "train", &begun);
    g_assert_true (begun);
  }
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 30);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &text, NULL);
  g_assert_nonnull (strstr (text->message, "node-7 has sent no frame"));
  trainer_assert_result (&trainer, "finished");
  trainer_tear_down (&trainer);
}

/* ---- when it begins and ends ---- */

static void
test_frames_trigger_while_streams_go_on (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 1, "trigger-frames", (guint64) 16, NULL);
  trainer_set_settings (&trainer, "epochs=1\n");
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  trainer_push_pair (frame, label, 0, 12);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 0);
  trainer_push_pair (frame, label, 12, 20);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 1);
  trainer_assert_result (&trainer, "finished");
  trainer_push_pair (frame, label, 20, 40);
  trainer_assert_result (&trainer, "finished");
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 2);
  trainer_tear_down (&trainer);
}

/* With the first frame after two seconds, and not again with the next. */
static void
test_time_triggers_while_streams_go_on (void)
{
  Trainer trainer;
  GstHarness *frame, *label;
  gint64 start = g_get_monotonic_time ();
  guint64 n;

  trainer_set_up (&trainer, "trigger", 2, "trigger-interval", 2, NULL);
  trainer_set_settings (&trainer, "steps=1\n");
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  trainer_push_pair (frame, label, 0, 12);
  if (trainer_seconds_since (start)
      < 2) /* a slow machine has begun one by now */
    g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 0);
  g_usleep (2 * G_USEC_PER_SEC);
  start = g_get_monotonic_time ();
  trainer_push_pair (frame, label, 12, 13);
  n = trainer_stat (&trainer, NULL, "trainings");
  g_assert_cmpuint (n, >=, 1);
  trainer_assert_result (&trainer, "finished");
  trainer_push_pair (frame, label, 13, 14);
  if (trainer_seconds_since (start) < 2)
    g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, n);
  trainer_tear_down (&trainer);
}

/* ---- what is published ---- */

/* A model that has learnt the scenes, once for all tests. (transfer full) */
static gchar *
make_good_model (void)
{
  gchar *path = test_path ("good.safetensors");
  Trainer trainer;
  g_autoptr (GstMessage) eos = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return path;
  trainer_set_up (&trainer, "trigger", 0, "model-save-path", path, NULL);
  trainer_set_settings (&trainer, "epochs=12\n");
  trainer_gather (&trainer, 24, 24);
  trainer_end_all (&trainer);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 90);
  g_assert_nonnull (eos);
  trainer_tear_down (&trainer);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  return path;
}

/* A large rate spoils what was good. */
static void
spoil (Trainer *trainer, const gchar *load, const gchar *save, gboolean force)
{
  g_autoptr (GstMessage) eos = NULL;

  trainer_set_up (trainer, "trigger", 0, "model-load-path", load,
      "model-save-path", save, "force-publish", force, "learning-rate", 0.5,
      NULL);
  trainer_set_settings (trainer, "epochs=2\noptimiser=sgd\naverage-decay=0\n");
  trainer_gather (trainer, 24, 24);
  trainer_end_all (trainer);
  eos = trainer_await (trainer, GST_MESSAGE_EOS, 90);
  g_assert_nonnull (eos);
}

static void
test_what_is_worse_than_what_runs_is_not_published (void)
{
  Trainer trainer;
  g_autofree gchar *good = make_good_model ();
  g_autofree gchar *save = test_path ("refused.safetensors");

  spoil (&trainer, good, save, FALSE);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "refused"), >=, 1);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "published"), ==, 0);
  g_assert_false (g_file_test (save, G_FILE_TEST_EXISTS));
  {
    guint n = 0;

    g_signal_emit_by_name (trainer.element, "publish", &n);
    g_assert_cmpuint (n, ==, 1);
    g_assert_true (g_file_test (save, G_FILE_TEST_EXISTS));
  }
  trainer_tear_down (&trainer);
}

static void
test_what_is_worse_is_published_where_it_is_forced (void)
{
  Trainer trainer;
  g_autofree gchar *good = make_good_model ();
  g_autofree gchar *save = test_path ("forced.safetensors");

  spoil (&trainer, good, save, TRUE);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "refused"), ==, 0);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "published"), >=, 1);
  trainer_tear_down (&trainer);
}

static void
test_nodes_are_published_apart (void)
{
  Trainer trainer;
  g_autofree gchar *pattern = NULL, *door = NULL, *gate = NULL;
  g_autoptr (GstMessage) eos = NULL;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  pattern = trainer_path (&trainer, "model.safetensors");
  door = trainer_path (&trainer, "model-door.safetensors");
  gate = trainer_path (&trainer, "model-gate.safetensors");
  trainer_set_settings (&trainer, "epochs=1\n");
  g_object_set (trainer.element, "model-save-path", pattern, NULL);
  for (guint i = 0; i < 2; i++) {
    GstHarness *frame = trainer_link (&trainer, i == 0 ? "frame_0" : "frame_1");
    GstHarness *label = trainer_link (&trainer, i == 0 ? "label_0" : "label_1");

    g_object_set (
        GST_PAD_PEER (frame->srcpad), "node", i == 0 ? "door" : "gate", NULL);
    trainer_push_pair (frame, label, 0, 16);
  }
  trainer_end_all (&trainer);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 60);
  g_assert_nonnull (eos);
  g_assert_true (g_file_test (door, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (gate, G_FILE_TEST_EXISTS));
  trainer_tear_down (&trainer);
}

/* ---- lines ---- */

static void
test_statistics_come_as_lines_and_need_no_reader (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) eos = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  GstHarness *reader;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  trainer_set_settings (&trainer, "epochs=2\n");
  reader = gst_harness_new_with_element (trainer.element, NULL, "src");
  trainer_gather (&trainer, 16, 16);
  trainer_end_all (&trainer);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 60);
  g_assert_nonnull (eos);
  while (strstr (lines->str, "\"finished\"") == NULL) {
    g_autoptr (GstBuffer) buffer = gst_harness_pull (reader);
    GstMapInfo map;

    g_assert_nonnull (buffer);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_assert_cmpint (map.data[map.size - 1], ==, '\n');
    g_string_append_len (lines, (const gchar *) map.data, (gssize) map.size);
    gst_buffer_unmap (buffer, &map);
  }
  g_assert_true (g_str_has_prefix (lines->str, "{\"event\":\"started\""));
  g_assert_nonnull (strstr (lines->str, "{\"event\":\"progress\""));
  g_assert_nonnull (strstr (lines->str, "{\"event\":\"scored\""));
  gst_harness_teardown (reader);
  trainer_tear_down (&trainer);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function)                                                    \
  g_test_add_func ("/sodtrainer/training/" name, function)
  ADD ("the-end-of-the-streams-trains-and-then-ends",
      test_the_end_of_the_streams_trains_and_then_ends);
  ADD ("nothing-to-learn-from-is-an-error",
      test_nothing_to_learn_from_is_an_error);
  ADD ("no-frames-at-all-is-an-error", test_no_frames_at_all_is_an_error);
  ADD ("labels-that-are-all-black-are-an-error",
      test_labels_that_are_all_black_are_an_error);
  ADD ("a-loss-that-is-no-number-ends-in-an-error",
      test_a_loss_that_is_no_number_ends_in_an_error);
  ADD ("a-node-that-sent-nothing-is-left-out",
      test_a_node_that_sent_nothing_is_left_out);
  ADD ("frames-trigger-while-streams-go-on",
      test_frames_trigger_while_streams_go_on);
  ADD ("time-triggers-while-streams-go-on",
      test_time_triggers_while_streams_go_on);
  ADD ("what-is-worse-than-what-runs-is-not-published",
      test_what_is_worse_than_what_runs_is_not_published);
  ADD ("what-is-worse-is-published-where-it-is-forced",
      test_what_is_worse_is_published_where_it_is_forced);
  ADD ("nodes-are-published-apart", test_nodes_are_published_apart);
  ADD ("statistics-come-as-lines-and-need-no-reader",
      test_statistics_come_as_lines_and_need_no_reader);
#undef ADD
  return test_finish ();
}
