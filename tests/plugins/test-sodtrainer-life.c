/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer comes and goes: pads, ends, flushes and states in any order. */
#include "trainer-support.h"

static gboolean
has_eos (Trainer *trainer)
{
  g_autoptr (GstMessage) message = trainer_await (trainer, GST_MESSAGE_EOS, 0);

  return message != NULL;
}

static void
test_the_last_stream_that_ends_ends_it_once (void)
{
  Trainer trainer;
  GstHarness *frame, *label, *other;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  other = trainer_link (&trainer, "frame_1");
  trainer_push_pair (frame, label, 0, 3);
  trainer_end (label);
  trainer_end (other);
  g_assert_false (has_eos (&trainer));
  trainer_end (frame);
  g_assert_true (has_eos (&trainer));
  g_assert_false (has_eos (&trainer));
  trainer_tear_down (&trainer);
}

static void
test_the_end_in_pause_is_told_when_playing (void)
{
  Trainer trainer;
  GstHarness *frame;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  gst_element_set_state (trainer.element, GST_STATE_PAUSED);
  trainer_push_pair (frame, NULL, 0, 3);
  trainer_end (frame);
  g_assert_false (has_eos (&trainer));
  gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  g_assert_true (has_eos (&trainer));
  trainer_tear_down (&trainer);
}

static void
test_the_release_of_the_last_pad_that_plays_ends_it (void)
{
  Trainer trainer;
  GstHarness *frame, *other;
  g_autoptr (GstPad) pad = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  other = trainer_link (&trainer, "frame_1");
  trainer_push_pair (frame, NULL, 0, 3);
  trainer_push_pair (other, NULL, 0, 3);
  trainer_end (frame);
  pad = gst_pad_get_peer (other->srcpad);
  gst_element_release_request_pad (trainer.element, pad);
  g_assert_true (has_eos (&trainer));
  /* What it sent stays. */
  g_assert_cmpuint (trainer_stat (&trainer, "node-1", "frames"), ==, 3);
  trainer_tear_down (&trainer);
}

static void
test_a_flush_drops_waiting_labels_and_nothing_else (void)
{
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  trainer_push_pair (frame, label, 0, 5);
  gst_harness_push (label, trainer_label (5));
  trainer_flush (label);
  gst_harness_push (frame, trainer_frame (5));
  trainer_flush (frame);
  trainer_push_pair (frame, label, 0, 5);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 10);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "unlabelled"), ==, 1);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 11);
  trainer_tear_down (&trainer);
}

static gpointer
push_labels (gpointer data)
{
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < 1000 && flow == GST_FLOW_OK; i++)
    flow = gst_harness_push (data, trainer_label (i));
  return GINT_TO_POINTER (flow);
}

static void
assert_wakes (void (*wake) (Trainer *trainer, GstHarness *label))
{
  Trainer trainer;
  GstHarness *label;
  GThread *thread;

  trainer_set_up (
      &trainer, "trigger", 3, "label-wait", 3600 * GST_SECOND, NULL);
  trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  thread = g_thread_new ("labels", push_labels, label);
  g_usleep (50000);
  wake (&trainer, label);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), !=, GST_FLOW_OK);
  trainer_tear_down (&trainer);
}

static void
wake_by_flush (Trainer *trainer, GstHarness *label)
{
  gst_harness_push_event (label, gst_event_new_flush_start ());
}

static void
wake_by_stop (Trainer *trainer, GstHarness *label)
{
  gst_element_set_state (trainer->element, GST_STATE_NULL);
}

static void
wake_by_release (Trainer *trainer, GstHarness *label)
{
  g_autoptr (GstPad) pad = gst_pad_get_peer (label->srcpad);

  gst_element_release_request_pad (trainer->element, pad);
}

static void
test_a_label_that_waits_is_woken (void)
{
  assert_wakes (wake_by_flush);
  assert_wakes (wake_by_stop);
  assert_wakes (wake_by_release);
}

/* Every thread does what it likes with a node of its own. */
static gpointer
live_at_random (gpointer data)
{
  Trainer *trainer = data;
  GRand *random = g_rand_new_with_seed (GPOINTER_TO_UINT (g_thread_self ()));

  for (guint i = 0; i < 60; i++) {
    g_autoptr (GstPad) pad = gst_element_request_pad_simple (
        trainer->element, g_rand_boolean (random) ? "frame_%u" : "label_%u");
    guint n = (guint) g_rand_int_range (random, 0, 3);

    g_assert_nonnull (pad);
    gst_pad_send_event (pad, gst_event_new_stream_start ("s"));
    for (guint k = 0; k < n; k++) {
      if (g_rand_boolean (random)) {
        gst_pad_send_event (pad, gst_event_new_flush_start ());
        gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
      } else {
        gst_pad_send_event (pad, gst_event_new_eos ());
      }
    }
    gst_element_release_request_pad (trainer->element, pad);
  }
  g_rand_free (random);
  return NULL;
}

static void
test_pads_come_end_flush_and_go_in_any_order (void)
{
  Trainer trainer;
  GThread *threads[4];

  trainer_set_up (&trainer, "trigger", 3, NULL);
  gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("random", live_at_random, &trainer);
  for (guint i = 0; i < 6; i++) {
    gst_element_set_state (trainer.element, GST_STATE_READY);
    gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (GST_ELEMENT (trainer.element)->numsinkpads, ==, 0);
  test_assert_no_error (trainer.element);
  trainer_tear_down (&trainer);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function) g_test_add_func ("/sodtrainer/" name, function)
  ADD ("the-last-stream-that-ends-ends-it-once",
      test_the_last_stream_that_ends_ends_it_once);
  ADD ("the-end-in-pause-is-told-when-playing",
      test_the_end_in_pause_is_told_when_playing);
  ADD ("the-release-of-the-last-pad-that-plays-ends-it",
      test_the_release_of_the_last_pad_that_plays_ends_it);
  ADD ("a-flush-drops-waiting-labels-and-nothing-else",
      test_a_flush_drops_waiting_labels_and_nothing_else);
  ADD ("a-label-that-waits-is-woken", test_a_label_that_waits_is_woken);
  ADD ("pads-come-end-flush-and-go-in-any-order",
      test_pads_come_end_flush_and_go_in_any_order);
#undef ADD
  return test_finish ();
}
