/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer goes on with a training that was cut short, and with no other. */
#include "trainer-support.h"

#include <string.h>

#include <glib/gstdio.h>

static void
configure (Trainer *trainer, const gchar *settings, const gchar *checkpoint)
{
  g_autofree gchar *path = trainer_settings (trainer, settings);

  g_object_set (
      trainer->element, "settings", path, "checkpoint-path", checkpoint, NULL);
}

/* Sixteen labelled frames, and their end. */
static void
gather (Trainer *trainer)
{
  trainer_gather (trainer, 16, 16);
  trainer_end_all (trainer);
}

/* The last step that progress tells of, until none is told for @seconds; or
 * the @first. */
static guint64
read_step (Trainer *trainer, guint seconds, gboolean first)
{
  guint64 step = 0;

  for (;;) {
    g_autoptr (GstMessage) message =
        trainer_await (trainer, GST_MESSAGE_PROGRESS, seconds);

    if (message == NULL
        || (gst_structure_get_uint64 (
                gst_message_get_structure (message), "step", &step)
            && first))
      return step;
  }
}

/* Its checkpoint is found with @suffix: with "" where it belongs, else where a
 * kill while it was replaced leaves it. */
static void
assert_goes_on (const gchar *suffix)
{
  Trainer trainer;
  g_autofree gchar *checkpoint = NULL, *frames = NULL, *found = NULL;
  gboolean saved;
  guint64 before;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  checkpoint = trainer_path (&trainer, "checkpoint");
  frames = trainer_path (&trainer, "checkpoint.frames");
  configure (&trainer, "epochs=400\n", checkpoint);
  gather (&trainer);
  trainer_await_progress (&trainer, NULL, NULL);
  g_usleep (G_USEC_PER_SEC);
  g_signal_emit_by_name (trainer.element, "checkpoint", &saved);
  g_assert_true (saved);
  g_assert_true (g_file_test (checkpoint, G_FILE_TEST_EXISTS));
  gst_element_set_state (trainer.element, GST_STATE_READY);
  g_assert_true (g_file_test (frames, G_FILE_TEST_EXISTS));
  before = read_step (&trainer, 0, FALSE);
  g_assert_cmpuint (before, >, 1);
  found = g_strconcat (checkpoint, suffix, NULL);
  g_assert_cmpint (g_rename (checkpoint, found), ==, 0);

  /* Begins by itself, with the frames from before. */
  gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 1);
  g_assert_cmpuint (read_step (&trainer, 30, TRUE), >=, before);
  test_assert_no_error (trainer.element);
  trainer_tear_down (&trainer);
}

static void
test_a_training_that_was_cut_short_goes_on (void)
{
  assert_goes_on ("");
}

static void
test_a_training_that_was_killed_at_its_checkpoint_goes_on (void)
{
  assert_goes_on (".new");
  assert_goes_on ("~");
}

/* Nothing of a training that has ended is left to be gone on with. */
static void
test_the_end_leaves_no_checkpoint (void)
{
  static const gchar *const suffixes[] = { "", "~", ".new", ".frames" };
  Trainer trainer;
  g_autofree gchar *checkpoint = NULL, *previous = NULL;
  g_autoptr (GstMessage) eos = NULL;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  checkpoint = trainer_path (&trainer, "checkpoint");
  previous = trainer_path (&trainer, "checkpoint~");
  g_assert_true (g_file_set_contents (previous, "before", -1, NULL));
  configure (&trainer, "epochs=1\n", checkpoint);
  gather (&trainer);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 90);
  g_assert_nonnull (eos);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree gchar *path = g_strconcat (checkpoint, suffixes[i], NULL);

    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  }
  trainer_tear_down (&trainer);
}

static void
test_a_checkpoint_of_other_frames_is_told_and_left (void)
{
  Trainer trainer;
  g_autofree gchar *checkpoint = NULL, *frames = NULL;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GError) text = NULL;

  trainer_set_up (&trainer, "trigger", 0, NULL);
  checkpoint = trainer_path (&trainer, "checkpoint");
  frames = trainer_path (&trainer, "checkpoint.frames");
  g_assert_true (g_file_set_contents (checkpoint, "cut off", -1, NULL));
  g_assert_true (g_file_set_contents (
      frames, "[node-0]\nframes=8\nlast=node-0/000008\n", -1, NULL));
  configure (&trainer, "epochs=1\n", checkpoint);
  gst_element_set_state (trainer.element, GST_STATE_PAUSED);
  gather (&trainer);
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 30);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &text, NULL);
  g_assert_nonnull (strstr (text->message, "another begins"));
  trainer_tear_down (&trainer);
}

static void
test_a_checkpoint_without_a_store_is_warned_of (void)
{
  static const gchar *const checkpoints[] = { "checkpoint", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (checkpoints); i++) {
    Trainer trainer;
    g_autoptr (GstMessage) message = NULL;

    trainer_set_up (&trainer, "trigger", 3, "store", NULL, "checkpoint-path",
        checkpoints[i], NULL);
    gst_element_set_state (trainer.element, GST_STATE_PAUSED);
    message = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
    g_assert_true ((message != NULL) == (checkpoints[i] != NULL));
    if (message != NULL) {
      g_autoptr (GError) warning = NULL;

      gst_message_parse_warning (message, &warning, NULL);
      g_assert_nonnull (strstr (warning->message, "set store to a folder"));
    }
    trainer_tear_down (&trainer);
  }
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function)                                                    \
  g_test_add_func ("/sodtrainer/checkpoint/" name, function)
  ADD ("of-one-that-was-cut-short-is-gone-on-with",
      test_a_training_that_was_cut_short_goes_on);
  ADD ("of-one-that-was-killed-at-it-is-gone-on-with",
      test_a_training_that_was_killed_at_its_checkpoint_goes_on);
  ADD ("of-one-that-ended-is-gone", test_the_end_leaves_no_checkpoint);
  ADD ("of-other-frames-is-told-and-left",
      test_a_checkpoint_of_other_frames_is_told_and_left);
  ADD ("without-a-store-is-warned-of",
      test_a_checkpoint_without_a_store_is_warned_of);
#undef ADD
  return test_finish ();
}
