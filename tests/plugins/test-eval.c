/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodeval: puts maps and truths together and tells how good the maps are. */
#include "support.h"

#include <math.h>
#include <string.h>

typedef struct
{
  GstElement *element;
  GstHarness *prediction, *truth;
} Fixture;

static void
set_up (Fixture *self, const gchar *first, ...)
{
  va_list properties;

  self->element = test_element ("sodeval", NULL, NULL);
  va_start (properties, first);
  if (first != NULL)
    g_object_set_valist (G_OBJECT (self->element), first, properties);
  va_end (properties);
  self->prediction =
      gst_harness_new_with_element (self->element, "prediction", NULL);
  self->truth = gst_harness_new_with_element (self->element, "truth", NULL);
  test_set_caps (self->prediction, "GRAY8", 32, 16);
  test_set_caps (self->truth, "GRAY8", 32, 16);
}

static void
tear_down (Fixture *self)
{
  gst_harness_teardown (self->truth);
  test_harness_free (self->prediction);
  gst_object_unref (self->element);
}

/* Frame @number of 25 a second: @left columns are white, the rest is black. */
static GstBuffer *
make_frame (guint number, gint width, gint height, gint left)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, width * height, NULL);

  gst_buffer_memset (buffer, 0, 0, -1);
  for (gint y = 0; y < height; y++)
    gst_buffer_memset (buffer, y * width, 255, left);
  GST_BUFFER_PTS (buffer) = number * 40 * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  return buffer;
}

static GstFlowReturn
push (GstHarness *harness, guint number, gint left)
{
  return gst_harness_push (harness, make_frame (number, 32, 16, left));
}

static void
push_pair (Fixture *self, guint number, gint map, gint truth)
{
  g_assert_cmpint (push (self->prediction, number, map), ==, GST_FLOW_OK);
  g_assert_cmpint (push (self->truth, number, truth), ==, GST_FLOW_OK);
}

static void
end (Fixture *self)
{
  gst_harness_push_event (self->prediction, gst_event_new_eos ());
  gst_harness_push_event (self->truth, gst_event_new_eos ());
}

/* The next message of measures; NULL where there is none. (transfer full) */
static GstStructure *
pop_measures (Fixture *self)
{
  g_autoptr (GstMessage) message =
      test_pop_message (self->element, GST_MESSAGE_ELEMENT, FALSE);

  return message != NULL
             ? gst_structure_copy (gst_message_get_structure (message))
             : NULL;
}

static gdouble
get_double (const GstStructure *structure, const gchar *key)
{
  gdouble value = NAN;

  g_assert_true (gst_structure_get_double (structure, key, &value));
  return value;
}

static guint64
get_count (const GstStructure *structure, const gchar *key)
{
  guint64 value = G_MAXUINT64;

  g_assert_true (gst_structure_get_uint64 (structure, key, &value));
  return value;
}

static gboolean
has_eos (Fixture *self)
{
  g_autoptr (GstMessage) message =
      test_pop_message (self->element, GST_MESSAGE_EOS, FALSE);

  return message != NULL;
}

static void
test_measures_are_those_of_the_library (void)
{
  Fixture fixture;
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 1);
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GstSodMeasures) set = NULL;
  g_autoptr (GstStructure) structure = NULL;
  g_autoptr (GError) error = NULL;
  GstVideoInfo info;
  g_autoptr (GstSodFrameReader) reader = NULL;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, 32, 16);
  reader = gst_sod_frame_reader_new (&info, NULL);
  set_up (&fixture, NULL);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (GstBuffer) map = make_frame (i, 32, 16, 4 + (gint) i);
    g_autoptr (GstBuffer) mask = make_frame (i, 32, 16, 9);
    g_autoptr (GstSodImage) prediction =
        gst_sod_frame_reader_read_gray (reader, map, NULL);
    g_autoptr (GstSodImage) truth =
        gst_sod_frame_reader_read_gray (reader, mask, NULL);
    g_autoptr (GstSodPair) pair = gst_sod_pair_new (prediction, truth, NULL);

    push_pair (&fixture, i, 4 + (gint) i, 9);
    g_assert_true (gst_sod_evaluator_add (evaluator, NULL, NULL, pair, &error));
  }
  end (&fixture);
  evaluation = gst_sod_evaluator_finish (evaluator, &error);
  g_assert_no_error (error);
  set = gst_sod_evaluation_get_set (evaluation);
  structure = pop_measures (&fixture);
  g_assert_nonnull (structure);
  for (GstSodMeasure i = 0; i < GST_SOD_MEASURE_WARPING_ERROR; i++) {
    if (gst_sod_measures_has (set, i))
      g_assert_cmpfloat (get_double (structure, gst_sod_measure_get_key (i)),
          ==, gst_sod_measures_get (set, i));
  }
  g_assert_cmpuint (get_count (structure, "images"), ==, 10);
  g_assert_cmpfloat (get_double (structure, "mae"), >, 0.01);
  g_assert_true (has_eos (&fixture));
  test_assert_no_error (fixture.element);
  tear_down (&fixture);
}

static void
test_frames_without_a_truth_are_left_out (void)
{
  Fixture fixture;
  g_autoptr (GstStructure) structure = NULL;

  set_up (&fixture, NULL);
  for (guint i = 0; i < 12; i++) {
    GstBuffer *truth = make_frame (i, 32, 16, 8);

    /* Every third frame has a truth; of the others half have a gap, and the
     * other half nothing. */
    push (fixture.prediction, i, i % 3 == 0 ? 8 : 20);
    if (i % 3 == 1)
      GST_BUFFER_FLAG_SET (truth, GST_BUFFER_FLAG_GAP);
    if (i % 3 == 2)
      gst_buffer_unref (truth);
    else
      gst_harness_push (fixture.truth, truth);
  }
  end (&fixture);
  structure = pop_measures (&fixture);
  g_assert_cmpuint (get_count (structure, "images"), ==, 4);
  g_assert_cmpuint (get_count (structure, "unlabelled"), ==, 8);
  g_assert_cmpuint (get_count (structure, "without-prediction"), ==, 0);
  g_assert_cmpfloat (get_double (structure, "mae"), ==, 0);
  tear_down (&fixture);
}

static void
test_truths_without_a_map_are_counted (void)
{
  Fixture fixture;
  g_autoptr (GstStructure) structure = NULL;

  set_up (&fixture, NULL);
  push_pair (&fixture, 0, 8, 8);
  push (fixture.truth, 1, 8);
  push (fixture.truth, 2, 8);
  push (fixture.prediction, 2, 8);
  end (&fixture);
  structure = pop_measures (&fixture);
  g_assert_cmpuint (get_count (structure, "images"), ==, 2);
  g_assert_cmpuint (get_count (structure, "without-prediction"), ==, 1);
  tear_down (&fixture);
}

static void
test_gap_events_let_the_other_side_go_on (void)
{
  Fixture fixture;
  g_autoptr (GstStructure) structure = NULL;

  set_up (&fixture, NULL);
  push_pair (&fixture, 0, 8, 8);
  gst_harness_push_event (fixture.truth,
      gst_event_new_gap (40 * GST_MSECOND, 4 * GST_SECOND - 40 * GST_MSECOND));
  /* More than may wait. */
  for (guint i = 1; i < 100; i++)
    g_assert_cmpint (push (fixture.prediction, i, 3), ==, GST_FLOW_OK);
  push_pair (&fixture, 100, 8, 8);
  end (&fixture);
  structure = pop_measures (&fixture);
  g_assert_cmpuint (get_count (structure, "images"), ==, 2);
  g_assert_cmpuint (get_count (structure, "unlabelled"), ==, 99);
  tear_down (&fixture);
}

static void
test_sizes_that_differ_are_an_error_that_names_the_way_out (void)
{
  Fixture fixture;

  set_up (&fixture, NULL);
  test_set_caps (fixture.prediction, "GRAY8", 16, 8);
  gst_harness_push (fixture.prediction, make_frame (0, 16, 8, 4));
  g_assert_cmpint (push (fixture.truth, 0, 8), ==, GST_FLOW_ERROR);
  test_assert_error (fixture.element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "16x8, its truth 32x16: let the map have the truth's size, or set "
      "resize=prediction");
  g_assert_cmpint (push (fixture.truth, 1, 8), ==, GST_FLOW_ERROR);
  tear_down (&fixture);
}

static void
test_resize_scales_the_map (void)
{
  Fixture fixture;
  g_autoptr (GstStructure) structure = NULL;

  set_up (&fixture, "resize", 1, NULL);
  test_set_caps (fixture.prediction, "GRAY8", 16, 8);
  gst_harness_push (fixture.prediction, make_frame (0, 16, 8, 4));
  g_assert_cmpint (push (fixture.truth, 0, 8), ==, GST_FLOW_OK);
  end (&fixture);
  structure = pop_measures (&fixture);
  g_assert_cmpfloat (get_double (structure, "max_f"), ==, 1);
  tear_down (&fixture);
}

static void
test_interval_posts_what_is_known_so_far (void)
{
  Fixture fixture;
  guint n = 0;

  set_up (&fixture, "interval", 3, NULL);
  for (guint i = 0; i < 10; i++)
    push_pair (&fixture, i, 8, 8);
  end (&fixture);
  for (;;) {
    g_autoptr (GstStructure) structure = pop_measures (&fixture);
    gboolean final = FALSE;

    g_assert_nonnull (structure);
    gst_structure_get_boolean (structure, "final", &final);
    if (final)
      break;
    g_assert_cmpuint (get_count (structure, "images"), <=, 3 * (n + 1));
    n++;
  }
  g_assert_cmpuint (n, ==, 3);
  tear_down (&fixture);
}

static void
test_the_last_stream_that_ends_ends_it (void)
{
  Fixture fixture;

  set_up (&fixture, NULL);
  push_pair (&fixture, 0, 8, 8);
  gst_harness_push_event (fixture.truth, gst_event_new_eos ());
  g_assert_false (has_eos (&fixture));
  gst_harness_push_event (fixture.prediction, gst_event_new_eos ());
  g_assert_true (has_eos (&fixture));
  tear_down (&fixture);
}

static void
test_the_end_in_pause_is_told_when_playing (void)
{
  Fixture fixture;

  set_up (&fixture, NULL);
  gst_element_set_state (fixture.element, GST_STATE_PAUSED);
  push_pair (&fixture, 0, 8, 8);
  end (&fixture);
  g_assert_false (has_eos (&fixture));
  gst_element_set_state (fixture.element, GST_STATE_PLAYING);
  g_assert_true (has_eos (&fixture));
  tear_down (&fixture);
}

static void
test_nothing_to_measure_is_an_error (void)
{
  Fixture fixture;

  set_up (&fixture, NULL);
  push (fixture.prediction, 0, 8);
  push (fixture.truth, 5, 8);
  end (&fixture);
  test_assert_error (fixture.element, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "both streams must have the same times");
  g_assert_false (has_eos (&fixture));
  tear_down (&fixture);
}

static void
test_location_holds_the_measures (void)
{
  Fixture fixture;
  g_autofree gchar *path = test_path ("measures.json");
  g_autofree gchar *json = NULL;

  set_up (&fixture, "location", path, NULL);
  push_pair (&fixture, 0, 8, 8);
  end (&fixture);
  g_assert_true (g_file_get_contents (path, &json, NULL, NULL));
  g_assert_nonnull (strstr (json, "\"school\":\"pysod\""));
  g_assert_nonnull (strstr (json, "\"max_f\":1"));
  g_assert_nonnull (strstr (json, "\"unlabelled\":0"));
  tear_down (&fixture);
}

static void
test_a_location_that_cannot_be_written_is_an_error (void)
{
  Fixture fixture;
  g_autofree gchar *path = test_path ("none/measures.json");

  set_up (&fixture, "location", path, NULL);
  push_pair (&fixture, 0, 8, 8);
  end (&fixture);
  test_assert_error (
      fixture.element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE, path);
  g_assert_false (has_eos (&fixture));
  tear_down (&fixture);
}

static gpointer
push_many (gpointer data)
{
  Fixture *fixture = data;
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < 1000 && flow == GST_FLOW_OK; i++)
    flow = push (fixture->prediction, i, 8);
  return GINT_TO_POINTER (flow);
}

static void
test_stopping_wakes_a_stream_that_is_ahead (void)
{
  Fixture fixture;
  GThread *thread;

  set_up (&fixture, NULL);
  thread = g_thread_new ("ahead", push_many, &fixture);
  g_usleep (50000);
  gst_element_set_state (fixture.element, GST_STATE_NULL);
  g_assert_cmpint (
      GPOINTER_TO_INT (g_thread_join (thread)), ==, GST_FLOW_FLUSHING);
  tear_down (&fixture);
}

static void
test_flushing_wakes_a_stream_that_is_ahead (void)
{
  Fixture fixture;
  GThread *thread;

  set_up (&fixture, NULL);
  thread = g_thread_new ("ahead", push_many, &fixture);
  g_usleep (50000);
  gst_harness_push_event (fixture.prediction, gst_event_new_flush_start ());
  g_assert_cmpint (
      GPOINTER_TO_INT (g_thread_join (thread)), ==, GST_FLOW_FLUSHING);
  tear_down (&fixture);
}

static void
test_titles_name_sequences (void)
{
  Fixture fixture;
  g_autofree gchar *path = test_path ("sequences.json");
  g_autofree gchar *json = NULL;

  set_up (&fixture, "location", path, "school", GST_SOD_SCHOOL_DAVSOD, NULL);
  for (guint i = 0; i < 8; i++) {
    if (i % 4 == 0)
      gst_harness_push_event (
          fixture.truth, gst_event_new_tag (gst_tag_list_new (
                             GST_TAG_TITLE, i == 0 ? "boat" : "surf", NULL)));
    push_pair (&fixture, i, 8, i < 4 ? 8 : 16);
  }
  end (&fixture);
  test_assert_no_error (fixture.element);
  g_assert_true (g_file_get_contents (path, &json, NULL, NULL));
  g_assert_nonnull (strstr (json, "\"sequence\":\"boat\""));
  g_assert_nonnull (strstr (json, "\"sequence\":\"surf\""));
  /* Two frames of four each; the map is a quarter off in one sequence. */
  g_assert_nonnull (strstr (json, "\"images\":4"));
  g_assert_nonnull (strstr (json, "\"mae\":0.125"));
  tear_down (&fixture);
}

static void
test_frames_without_a_time_are_an_error (void)
{
  Fixture fixture;
  GstBuffer *frame = make_frame (0, 32, 16, 8);

  set_up (&fixture, NULL);
  GST_BUFFER_PTS (frame) = GST_CLOCK_TIME_NONE;
  g_assert_cmpint (
      gst_harness_push (fixture.prediction, frame), ==, GST_FLOW_ERROR);
  test_assert_error (fixture.element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "on the pad prediction has no time");
  tear_down (&fixture);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func ("/eval/measures-are-those-of-the-library",
      test_measures_are_those_of_the_library);
  g_test_add_func ("/eval/frames-without-a-truth-are-left-out",
      test_frames_without_a_truth_are_left_out);
  g_test_add_func ("/eval/truths-without-a-map-are-counted",
      test_truths_without_a_map_are_counted);
  g_test_add_func ("/eval/gap-events-let-the-other-side-go-on",
      test_gap_events_let_the_other_side_go_on);
  g_test_add_func (
      "/eval/sizes-that-differ-are-an-error-that-names-the-way-out",
      test_sizes_that_differ_are_an_error_that_names_the_way_out);
  g_test_add_func ("/eval/resize-scales-the-map", test_resize_scales_the_map);
  g_test_add_func ("/eval/interval-posts-what-is-known-so-far",
      test_interval_posts_what_is_known_so_far);
  g_test_add_func ("/eval/the-last-stream-that-ends-ends-it",
      test_the_last_stream_that_ends_ends_it);
  g_test_add_func ("/eval/the-end-in-pause-is-told-when-playing",
      test_the_end_in_pause_is_told_when_playing);
  g_test_add_func ("/eval/nothing-to-measure-is-an-error",
      test_nothing_to_measure_is_an_error);
  g_test_add_func (
      "/eval/location-holds-the-measures", test_location_holds_the_measures);
  g_test_add_func ("/eval/a-location-that-cannot-be-written-is-an-error",
      test_a_location_that_cannot_be_written_is_an_error);
  g_test_add_func ("/eval/stopping-wakes-a-stream-that-is-ahead",
      test_stopping_wakes_a_stream_that_is_ahead);
  g_test_add_func ("/eval/flushing-wakes-a-stream-that-is-ahead",
      test_flushing_wakes_a_stream_that_is_ahead);
  g_test_add_func ("/eval/titles-name-sequences", test_titles_name_sequences);
  g_test_add_func ("/eval/frames-without-a-time-are-an-error",
      test_frames_without_a_time_are_an_error);
  return test_finish ();
}
