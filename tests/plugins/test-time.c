/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clock, latency, lateness, gaps and flushes. */
#include "support.h"

#define FRAME (40 * GST_MSECOND)

static GstHarness *
timed (const gchar *overload, gboolean live)
{
  GstHarness *harness = test_sodbase (NULL);

  gst_util_set_object_arg (G_OBJECT (harness->element), "overload", overload);
  gst_harness_use_testclock (harness);
  gst_harness_set_live (harness, live);
  test_set_caps (harness, "RGB", 64, 48);
  return harness;
}

static GstSodMapFlags
get_flags (GstBuffer *out)
{
  return gst_sod_map_get_flags (gst_sod_buffer_get_map (out));
}

/* Pushes frame @index when the clock says @clock. (transfer full) */
static GstBuffer *
push_at (GstHarness *harness, guint index, GstClockTime clock)
{
  gst_harness_set_time (harness, clock);
  return test_push (harness, index, index * FRAME);
}

/* ---- interval and overload ---- */

static void
test_interval_repeats_the_map_with_its_age (void)
{
  g_autoptr (TestHarness) harness =
      test_sodbase ("inference-interval", 3, NULL);

  test_set_caps (harness, "RGB", 64, 48);
  for (guint i = 0; i < 7; i++) {
    g_autoptr (GstBuffer) out = test_push (harness, i, i * FRAME);

    g_assert_cmpuint (
        gst_sod_map_get_age (gst_sod_buffer_get_map (out)), ==, i % 3 * FRAME);
    g_assert_cmpint (
        (get_flags (out) & GST_SOD_MAP_FLAG_REUSED) != 0, ==, i % 3 != 0);
  }
  g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, 3);
  g_assert_cmpuint (test_stat (harness->element, "reused"), ==, 4);
  g_assert_cmpuint (test_stat (harness->element, "frames"), ==, 7);
}

static void
test_late_frames_of_a_live_source_reuse_the_last_map (void)
{
  g_autoptr (TestHarness) harness = timed ("auto", TRUE);
  g_autoptr (GstBuffer) first = push_at (harness, 0, 0);
  g_autoptr (GstBuffer) late = push_at (harness, 1, 10 * FRAME);
  g_autoptr (GstBuffer) again = push_at (harness, 10, 10 * FRAME);

  g_assert_cmpint (get_flags (first), ==, GST_SOD_MAP_FLAG_NONE);
  g_assert_cmpint (get_flags (late), ==, GST_SOD_MAP_FLAG_REUSED);
  g_assert_cmpuint (
      gst_sod_map_get_age (gst_sod_buffer_get_map (late)), ==, FRAME);
  g_assert_cmpint (get_flags (again), ==, GST_SOD_MAP_FLAG_NONE);
  g_assert_cmpuint (test_stat (harness->element, "late"), ==, 1);
  g_assert_cmpuint (test_stat (harness->element, "reused"), ==, 1);
}

static void
test_late_frames_of_a_file_get_their_own_map (void)
{
  g_autoptr (TestHarness) harness = timed ("auto", FALSE);
  g_autoptr (GstBuffer) first = push_at (harness, 0, 0);
  g_autoptr (GstBuffer) late = push_at (harness, 1, 10 * FRAME);

  g_assert_cmpint (get_flags (first), ==, GST_SOD_MAP_FLAG_NONE);
  g_assert_cmpint (get_flags (late), ==, GST_SOD_MAP_FLAG_NONE);
  g_assert_cmpuint (test_stat (harness->element, "late"), ==, 1);
  g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, 2);
}

static void
test_skipped_frames_pass_without_a_map (void)
{
  g_autoptr (TestHarness) harness = timed ("skip", TRUE);
  g_autoptr (GstBuffer) first = push_at (harness, 0, 0);
  g_autoptr (GstBuffer) late = push_at (harness, 1, 10 * FRAME);

  g_assert_nonnull (first);
  g_assert_nonnull (late);
  g_assert_null (gst_sod_buffer_get_map (late));
  g_assert_cmpuint (test_stat (harness->element, "skipped"), ==, 1);
}

static void
test_upstream_latency_is_no_lateness (void)
{
  g_autoptr (TestHarness) harness = timed ("skip", TRUE);
  g_autoptr (GstBuffer) first = NULL, on_time = NULL, late = NULL;

  gst_harness_set_upstream_latency (harness, 5 * FRAME);
  first = push_at (harness, 0, 5 * FRAME);
  on_time = push_at (harness, 1, 7 * FRAME);
  late = push_at (harness, 2, 8 * FRAME + 1);
  g_assert_nonnull (gst_sod_buffer_get_map (on_time));
  g_assert_null (gst_sod_buffer_get_map (late));
}

static GstEvent *
pull_gap (GstHarness *harness)
{
  for (;;) {
    GstEvent *event = gst_harness_try_pull_event (harness);

    if (event == NULL || GST_EVENT_TYPE (event) == GST_EVENT_GAP)
      return event;
    gst_event_unref (event);
  }
}

static void
check_gap (GstHarness *harness, GstClockTime time, GstClockTime duration)
{
  g_autoptr (GstEvent) event = pull_gap (harness);
  GstClockTime gap_time, gap_duration;

  g_assert_nonnull (event);
  gst_event_parse_gap (event, &gap_time, &gap_duration);
  g_assert_cmpuint (gap_time, ==, time);
  g_assert_cmpuint (gap_duration, ==, duration);
}

static GstHarness *
with_output (const gchar *output)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstElement) element =
      test_element ("sodbase", "model-file", path, NULL);
  GstHarness *harness;

  gst_util_set_object_arg (G_OBJECT (element), "output", output);
  harness = gst_harness_new_with_element (element, "sink", "src");
  gst_harness_use_testclock (harness);
  gst_harness_set_live (harness, TRUE);
  test_set_caps (harness, "RGB", 64, 48);
  return harness;
}

static void
test_skipped_maps_are_gaps (void)
{
  static const gchar *const outputs[] = { "map", "cutout" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (TestHarness) harness = with_output (outputs[i]);
    g_autoptr (GstBuffer) first = NULL, late = NULL;

    gst_util_set_object_arg (G_OBJECT (harness->element), "overload", "skip");
    first = push_at (harness, 0, 0);
    late = push_at (harness, 1, 10 * FRAME);
    g_assert_nonnull (first);
    g_assert_null (late);
    check_gap (harness, FRAME, FRAME);
  }
}

static void
test_reused_maps_have_the_times_of_their_frames (void)
{
  static const gchar *const outputs[] = { "map", "cutout" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (TestHarness) harness = with_output (outputs[i]);
    g_autoptr (GstBuffer) first = push_at (harness, 0, 0);
    g_autoptr (GstBuffer) late = push_at (harness, 1, 10 * FRAME);

    g_assert_cmpuint (GST_BUFFER_PTS (late), ==, FRAME);
    g_assert_cmpuint (GST_BUFFER_DURATION (late), ==, FRAME);
    g_assert_cmpint (get_flags (late), ==, GST_SOD_MAP_FLAG_REUSED);
    g_assert_cmpuint (
        gst_buffer_get_size (late), ==, gst_buffer_get_size (first));
  }
}

/* ---- gaps ---- */

static void
test_gap_frames_are_not_looked_at (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstBuffer) out = NULL;
  GstBuffer *gap = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);

  test_set_caps (harness, "RGB", 64, 48);
  GST_BUFFER_PTS (gap) = 0;
  GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
  g_assert_cmpint (gst_harness_push (harness, gap), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP));
  g_assert_null (gst_sod_buffer_get_map (out));
  g_assert_cmpuint (test_stat (harness->element, "gaps"), ==, 1);
  g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, 0);
}

static void
test_gap_frames_become_gaps_of_the_map (void)
{
  g_autoptr (TestHarness) harness = with_output ("map");
  GstBuffer *gap = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);

  GST_BUFFER_PTS (gap) = 3 * FRAME;
  GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
  g_assert_cmpint (gst_harness_push (harness, gap), ==, GST_FLOW_OK);
  g_assert_null (gst_harness_try_pull (harness));
  check_gap (harness, 3 * FRAME, FRAME);
}

static void
test_gap_events_pass (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstBuffer) out = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  out = test_push (harness, 0, 0);
  g_assert_true (
      gst_harness_push_event (harness, gst_event_new_gap (FRAME, FRAME)));
  check_gap (harness, FRAME, FRAME);
}

/* ---- latency ---- */

static void
test_latency_is_answered_after_30_inferences (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstMessage) message = NULL, second = NULL;
  guint64 latency;

  gst_harness_set_upstream_latency (harness, 100 * GST_MSECOND);
  test_set_caps (harness, "RGB", 64, 48);
  for (guint i = 0; i < 29; i++)
    gst_buffer_unref (test_push (harness, i, i * FRAME));
  g_assert_cmpuint (gst_harness_query_latency (harness), ==, 100 * GST_MSECOND);
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_LATENCY, FALSE));

  gst_buffer_unref (test_push (harness, 29, 29 * FRAME));
  message = test_pop_message (harness->element, GST_MESSAGE_LATENCY, FALSE);
  g_assert_nonnull (message);
  second = test_pop_message (harness->element, GST_MESSAGE_LATENCY, FALSE);
  g_assert_null (second);
  g_object_get (harness->element, "latency", &latency, NULL);
  g_assert_cmpuint (latency, >, 0);
  g_assert_cmpuint (
      gst_harness_query_latency (harness), ==, 100 * GST_MSECOND + latency);
  g_assert_cmpuint (test_stat (harness->element, "latency-p95"), ==, latency);
}

/* ---- flush, seek, end ---- */

static void
flush (GstHarness *harness)
{
  GstSegment segment;

  gst_harness_push_event (harness, gst_event_new_flush_start ());
  gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
}

static void
test_a_flush_forgets_the_last_map_and_the_frames (void)
{
  g_autofree gchar *path = test_model (5, 2);
  g_autoptr (TestHarness) harness =
      test_sodbase ("model-file", path, "inference-interval", 10, NULL);
  g_autoptr (GstBuffer) first = NULL, second = NULL, third = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  first = test_push (harness, 0, 0);
  second = test_push (harness, 1, FRAME);
  g_assert_cmpint (get_flags (second) & GST_SOD_MAP_FLAG_REUSED, !=, 0);
  flush (harness);
  third = test_push (harness, 2, 2 * FRAME);
  g_assert_cmpint (get_flags (third), ==, GST_SOD_MAP_FLAG_WARM_UP);
  g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, 2);
}

static void
test_a_new_segment_times_frames_by_running_time (void)
{
  g_autoptr (TestHarness) harness = timed ("skip", TRUE);
  g_autoptr (GstBuffer) out = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = segment.time = 3600 * GST_SECOND;
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  gst_harness_set_time (harness, 0);
  gst_buffer_unref (test_push (harness, 0, 3600 * GST_SECOND));
  gst_harness_set_time (harness, 10 * FRAME);
  out = test_push (harness, 1, 3600 * GST_SECOND + FRAME);
  g_assert_null (gst_sod_buffer_get_map (out));
}

typedef struct
{
  GstHarness *harness;
  gint stopped; /* atomic */
  GstFlowReturn flow;
  GThread *thread;
} Pusher;

static gpointer
push_frames (gpointer data)
{
  Pusher *pusher = data;

  for (guint i = 0;
       !g_atomic_int_get (&pusher->stopped) && pusher->flow == GST_FLOW_OK;
       i++) {
    GstBuffer *frame = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);

    GST_BUFFER_PTS (frame) = i * FRAME;
    pusher->flow = gst_harness_push (pusher->harness, frame);
  }
  return NULL;
}

static void
start_pushing (Pusher *pusher, GstHarness *harness)
{
  *pusher = (Pusher){ .harness = harness, .flow = GST_FLOW_OK };
  pusher->thread = g_thread_new ("pusher", push_frames, pusher);
}

/* Whether a frame of a stream that has to wait for its turn most of the time is
 * given up, when @interrupt comes, without an inference. */
static gboolean
is_taken_back (void (*interrupt) (GstHarness *harness))
{
  g_autofree gchar *slow = test_slow_model ();
  g_autoptr (TestHarness) waiting = test_sodbase ("model-file", slow, NULL);
  GstHarness *busy[3];
  Pusher pushers[4];
  gboolean taken_back;

  for (guint i = 0; i < 3; i++) {
    busy[i] = test_sodbase ("model-file", slow, NULL);
    test_set_caps (busy[i], "RGB", 64, 48);
    gst_util_set_object_arg (G_OBJECT (busy[i]->element), "overload", "block");
    start_pushing (&pushers[i], busy[i]);
  }
  test_set_caps (waiting, "RGB", 64, 48);
  gst_util_set_object_arg (G_OBJECT (waiting->element), "overload", "block");
  start_pushing (&pushers[3], waiting);
  while (test_stat (waiting->element, "frames") < 2)
    g_usleep (1000);
  interrupt (waiting);
  g_thread_join (pushers[3].thread);
  g_assert_cmpint (pushers[3].flow, ==, GST_FLOW_FLUSHING);
  taken_back = test_stat (waiting->element, "frames")
               > test_stat (waiting->element, "inferences");
  test_assert_no_error (waiting->element);

  for (guint i = 0; i < 3; i++) {
    g_atomic_int_set (&pushers[i].stopped, TRUE);
    g_thread_join (pushers[i].thread);
    g_assert_cmpint (pushers[i].flow, ==, GST_FLOW_OK);
    test_harness_free (busy[i]);
  }
  return taken_back;
}

/* The frame may be at work when the interruption comes, which is waited for;
 * of some tries, one finds it waiting. */
static void
check_interruption (void (*interrupt) (GstHarness *harness))
{
  for (guint i = 0; i < 8; i++) {
    if (is_taken_back (interrupt))
      return;
  }
  g_error ("no frame was taken back while it waited");
}

static void
interrupt_by_flush (GstHarness *harness)
{
  gst_pad_push_event (harness->srcpad, gst_event_new_flush_start ());
}

static void
interrupt_by_stop (GstHarness *harness)
{
  gst_element_set_state (harness->element, GST_STATE_NULL);
}

static void
test_a_flush_takes_back_a_frame_that_waits (void)
{
  check_interruption (interrupt_by_flush);
}

static void
test_stopping_takes_back_a_frame_that_waits (void)
{
  check_interruption (interrupt_by_stop);
}

static void
test_a_seek_goes_on_where_it_says (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autofree gchar *line = g_strdup_printf (
      "videotestsrc ! video/x-raw,width=64,height=48,framerate=25/1 ! "
      "sodbase name=b model-file=%s ! appsink name=s sync=false max-buffers=1",
      path);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_autoptr (GstSample) sample = NULL;
  GstBuffer *buffer;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (
      sink, "try-pull-sample", (guint64) 5 * GST_SECOND, &sample);
  g_assert_nonnull (sample);
  g_assert_true (gst_element_seek_simple (
      pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 60 * GST_SECOND));
  g_clear_pointer (&sample, gst_sample_unref);
  g_signal_emit_by_name (
      sink, "try-pull-sample", (guint64) 5 * GST_SECOND, &sample);
  g_assert_nonnull (sample);
  buffer = gst_sample_get_buffer (sample);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 60 * GST_SECOND);
  g_assert_nonnull (gst_sod_buffer_get_map (buffer));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_the_end_of_the_stream_passes (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstBuffer) out = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  out = test_push (harness, 0, 0);
  g_assert_true (gst_harness_push_event (harness, gst_event_new_eos ()));
  for (;;) {
    g_autoptr (GstEvent) event = gst_harness_try_pull_event (harness);

    g_assert_nonnull (event);
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
      break;
  }
}

static void
test_late_sinks_make_no_frame_drop (void)
{
  static const gchar *const factories[] = { "sodbase", "sodpublish" };

  for (guint i = 0; i < G_N_ELEMENTS (factories); i++) {
    g_autoptr (GstElement) element =
        gst_object_ref_sink (gst_element_factory_make (factories[i], NULL));

    g_assert_false (
        gst_base_transform_is_qos_enabled (GST_BASE_TRANSFORM (element)));
  }
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func ("/time/interval-repeats-the-map-with-its-age",
      test_interval_repeats_the_map_with_its_age);
  g_test_add_func ("/time/late-frames-of-a-live-source-reuse-the-last-map",
      test_late_frames_of_a_live_source_reuse_the_last_map);
  g_test_add_func ("/time/late-frames-of-a-file-get-their-own-map",
      test_late_frames_of_a_file_get_their_own_map);
  g_test_add_func ("/time/skipped-frames-pass-without-a-map",
      test_skipped_frames_pass_without_a_map);
  g_test_add_func ("/time/upstream-latency-is-no-lateness",
      test_upstream_latency_is_no_lateness);
  g_test_add_func ("/time/skipped-maps-are-gaps", test_skipped_maps_are_gaps);
  g_test_add_func ("/time/reused-maps-have-the-times-of-their-frames",
      test_reused_maps_have_the_times_of_their_frames);
  g_test_add_func (
      "/time/gap-frames-are-not-looked-at", test_gap_frames_are_not_looked_at);
  g_test_add_func ("/time/gap-frames-become-gaps-of-the-map",
      test_gap_frames_become_gaps_of_the_map);
  g_test_add_func ("/time/gap-events-pass", test_gap_events_pass);
  g_test_add_func ("/time/latency-is-answered-after-30-inferences",
      test_latency_is_answered_after_30_inferences);
  g_test_add_func ("/time/flush-forgets-the-last-map-and-the-frames",
      test_a_flush_forgets_the_last_map_and_the_frames);
  g_test_add_func ("/time/segments-time-frames-by-running-time",
      test_a_new_segment_times_frames_by_running_time);
  g_test_add_func (
      "/time/seek-goes-on-where-it-says", test_a_seek_goes_on_where_it_says);
  g_test_add_func ("/time/flush-takes-back-a-frame-that-waits",
      test_a_flush_takes_back_a_frame_that_waits);
  g_test_add_func ("/time/stopping-takes-back-a-frame-that-waits",
      test_stopping_takes_back_a_frame_that_waits);
  g_test_add_func (
      "/time/end-of-the-stream-passes", test_the_end_of_the_stream_passes);
  g_test_add_func ("/time/late-sinks-make-no-frame-drop",
      test_late_sinks_make_no_frame_drop);
  return test_finish ();
}
