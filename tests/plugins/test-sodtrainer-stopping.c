/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer ends a training within a second, and is READY within two, whatever
 * the training is at; and what a flush does to one. */
#include "trainer-support.h"

#include <time.h>

/* A network that looks at hundreds of frames for seconds. */
#define SLOW                                                                   \
  "architecture={\"kind\":\"base\",\"preset\":\"test\","                       \
  "\"input-size\":[640,480],\"input-frames\":1,\"widths\":[16,16,16,16],"      \
  "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"                                 \
  "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}\n"

/* A training that takes minutes, if it is let. */
static void
begin_long (Trainer *trainer)
{
  trainer_set_up (trainer, "trigger", 0, NULL);
  trainer_set_settings (trainer, "epochs=10000\n");
  trainer_gather (trainer, 16, 16);
  trainer_end_all (trainer);
  trainer_await_progress (trainer, NULL, NULL);
}

/* A reverse network of the size that is shipped for clouds learns, of which
 * one step takes longer than a stop may. */
static void
begin_wide (Trainer *trainer)
{
  trainer_set_up (trainer, "trigger", 0, NULL);
  trainer_set_settings (trainer,
      "steps=1\n"
      "[reverse]\narchitecture=reverse\nsteps=10000\n"
      "[run]\nreverse=yes\n"
      "[data]\nwidth=320\nheight=192\nbatch-size=8\n");
  trainer_gather (trainer, 16, 16);
  trainer_end_all (trainer);
  trainer_await_progress (trainer, "node", "reverse");
}

/* The only step is over, and what is held out is looked at for seconds. */
static void
begin_to_score (Trainer *trainer)
{
  trainer_set_up (trainer, "trigger", 0, "validation-share", 0.9, NULL);
  trainer_set_settings (trainer, SLOW "steps=1\n");
  trainer_gather (trainer, 400, 400);
  trainer_end_all (trainer);
  trainer_await_progress (trainer, NULL, NULL);
}

/* Of the frames without labels some have been looked at, and hundreds not. */
static void
begin_to_teach (Trainer *trainer)
{
  trainer_set_up (trainer, "trigger", 0, "validation-share", 0.0, NULL);
  trainer_set_settings (trainer,
      SLOW "steps=1\n"
           "[run]\nlast-phase=3\nrounds=1\n"
           "[reverse]\nsteps=1\n[augmented]\nsteps=1\n");
  trainer_gather (trainer, 500, 16);
  trainer_end_all (trainer);
  trainer_await_progress (trainer, "stage", "pseudo-label");
}

/* Whether the new file of a checkpoint at @path is on its way. */
static gboolean
is_writing (const gchar *path)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *base = g_path_get_basename (path);
  g_autofree gchar *prefix = g_strconcat (base, ".new", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    if (g_str_has_prefix (name, prefix))
      return TRUE;
  }
  return FALSE;
}

/* A network of the size that is shipped is written after each step. */
static void
begin_to_write (Trainer *trainer)
{
  g_autofree gchar *checkpoint = NULL;

  trainer_set_up (trainer, "trigger", 0, NULL);
  checkpoint = trainer_path (trainer, "checkpoint");
  trainer_set_settings (trainer, "architecture=base\nsteps=10000\n"
                                 "[run]\ncheckpoint-interval=0\n");
  g_object_set (trainer->element, "checkpoint-path", checkpoint, NULL);
  trainer_gather (trainer, 16, 16);
  trainer_end_all (trainer);
  trainer_await_progress (trainer, NULL, NULL);
  while (!is_writing (checkpoint))
    g_usleep (1000);
}

/* ---- how long it takes ---- */

typedef struct
{
  gint64 start;  /* us */
  clock_t spent; /* by the processors, on all threads */
} Watch;

static Watch
start_watch (void)
{
  return (Watch){ g_get_monotonic_time (), clock () };
}

/* The training's thread is of low priority. On a machine that has other things
 * to do, the time that it was given counts: what is not stopped takes that. */
static void
assert_within (const Watch *watch, gdouble limit)
{
  gdouble seconds = trainer_seconds_since (watch->start);
  gdouble spent = (gdouble) (clock () - watch->spent) / CLOCKS_PER_SEC;

  g_test_message ("after %.2f s, %.2f of a processor", seconds, spent);
  g_assert_cmpfloat (MIN (seconds, spent), <, limit);
  g_assert_cmpfloat (seconds, <, 20 * limit);
}

/* Of a training that goes on. */
static void
assert_stops_at_once (Trainer *trainer)
{
  g_autoptr (GstMessage) eos = NULL;
  gboolean running;
  Watch watch = start_watch ();

  g_signal_emit_by_name (trainer->element, "stop", &running);
  g_assert_true (running);
  eos = trainer_await (trainer, GST_MESSAGE_EOS, 30);
  g_assert_nonnull (eos);
  assert_within (&watch, 1);
  test_assert_no_error (trainer->element);
}

static void
assert_is_ready_soon (Trainer *trainer)
{
  Watch watch = start_watch ();

  gst_element_set_state (trainer->element, GST_STATE_READY);
  assert_within (&watch, 2);
  test_assert_no_error (trainer->element);
}

/* ---- whatever it is at ---- */

typedef struct
{
  const gchar *name;
  void (*begin) (Trainer *trainer);
} Moment;

static const Moment moments[] = {
  { "in-a-step", begin_long },
  { "in-a-long-step", begin_wide },
  { "while-it-scores", begin_to_score },
  { "while-it-makes-pseudo-labels", begin_to_teach },
  { "while-it-writes-a-checkpoint", begin_to_write },
};

static void
test_stop_ends_it_and_the_stream_at_once (gconstpointer data)
{
  const Moment *moment = data;
  Trainer trainer;
  gboolean running;

  moment->begin (&trainer);
  assert_stops_at_once (&trainer);
  g_signal_emit_by_name (trainer.element, "stop", &running);
  g_assert_false (running);
  trainer_tear_down (&trainer);
}

static void
test_ready_waits_for_the_thread_a_short_time (gconstpointer data)
{
  const Moment *moment = data;
  Trainer trainer;

  moment->begin (&trainer);
  assert_is_ready_soon (&trainer);
  trainer_tear_down (&trainer);
}

/* It goes on from there, and nothing of a half of it is left. */
static void
test_a_checkpoint_under_way_is_written_to_its_end (void)
{
  Trainer trainer;
  g_autofree gchar *checkpoint = NULL;
  g_autoptr (GstMessage) warning = NULL;

  begin_to_write (&trainer);
  checkpoint = trainer_path (&trainer, "checkpoint");
  gst_element_set_state (trainer.element, GST_STATE_READY);
  g_assert_true (g_file_test (checkpoint, G_FILE_TEST_EXISTS));
  g_assert_false (is_writing (checkpoint));
  trainer_assert_result (&trainer, "stopped");
  gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  trainer_await_progress (&trainer, NULL, NULL);
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_null (warning);
  trainer_tear_down (&trainer);
}

/* ---- flushes ---- */

static void
test_a_flush_takes_the_end_back (void)
{
  Trainer trainer;
  GstHarness *frame;
  g_autoptr (GstMessage) eos = NULL;
  Watch watch;

  begin_long (&trainer);
  frame = g_ptr_array_index (trainer.harnesses, 0);
  watch = start_watch ();
  gst_harness_push_event (frame, gst_event_new_flush_start ());
  trainer_assert_result (&trainer, "stopped");
  assert_within (&watch, 1);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 0);
  g_assert_null (eos);
  trainer_tear_down (&trainer);
}

/* Though the one before has only just been told to end. */
static void
test_the_end_after_a_flush_trains_again (void)
{
  Trainer trainer;
  GstHarness *frame;
  g_autoptr (GstMessage) eos = NULL;

  begin_wide (&trainer);
  frame = g_ptr_array_index (trainer.harnesses, 0);
  trainer_flush (frame);
  trainer_push_pair (frame, NULL, 16, 20);
  trainer_end (frame);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "trainings"), ==, 2);
  trainer_assert_result (&trainer, "stopped");
  trainer_await_progress (&trainer, NULL, NULL);
  eos = trainer_await (&trainer, GST_MESSAGE_EOS, 0);
  g_assert_null (eos);
  assert_stops_at_once (&trainer);
  trainer_tear_down (&trainer);
}

static void
test_a_flush_before_the_end_lets_it_train (void)
{
  Trainer trainer;
  GstHarness *frame;
  gboolean running;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  trainer_set_settings (&trainer, "epochs=10000\n");
  trainer_gather (&trainer, 16, 16);
  g_signal_emit_by_name (trainer.element, "train", &running);
  g_assert_true (running);
  trainer_await_progress (&trainer, NULL, NULL);
  frame = g_ptr_array_index (trainer.harnesses, 0);
  trainer_flush (frame);
  trainer_push_pair (frame, NULL, 16, 20);
  trainer_await_progress (&trainer, NULL, NULL);
  g_signal_emit_by_name (trainer.element, "stop", &running);
  g_assert_true (running);
  trainer_assert_result (&trainer, "stopped");
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "frames"), ==, 20);
  trainer_tear_down (&trainer);
}

static void
add_moments (const gchar *path, GTestDataFunc function)
{
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++) {
    g_autofree gchar *name = g_strconcat (path, "/", moments[i].name, NULL);

    g_test_add_data_func (name, &moments[i], function);
  }
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function)                                                    \
  g_test_add_func ("/sodtrainer/stopping/" name, function)
  add_moments ("/sodtrainer/stopping/stop-ends-it-and-the-stream-at-once",
      test_stop_ends_it_and_the_stream_at_once);
  add_moments ("/sodtrainer/stopping/ready-waits-for-the-thread-a-short-time",
      test_ready_waits_for_the_thread_a_short_time);
  ADD ("a-checkpoint-under-way-is-written-to-its-end",
      test_a_checkpoint_under_way_is_written_to_its_end);
  ADD ("a-flush-takes-the-end-back", test_a_flush_takes_the_end_back);
  ADD ("the-end-after-a-flush-trains-again",
      test_the_end_after_a_flush_trains_again);
  ADD ("a-flush-before-the-end-lets-it-train",
      test_a_flush_before_the_end_lets_it_train);
#undef ADD
  return test_finish ();
}
