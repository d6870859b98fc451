/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodensemble: what is combined with what, and what it gives. */
#include "support.h"

#include <gst/check/gsttestclock.h>
#include <string.h>

#define FRAME (40 * GST_MSECOND)
#define MAX_PADS 4

/* An ensemble of uniform maps, one level a frame and pad. */
typedef struct
{
  GstElement *element;
  GstHarness *source;
  GstHarness *sinks[MAX_PADS];
  guint n_pads;
} Ensemble;

static void
set_gray (GstHarness *sink, gint width, gint height)
{
  test_set_caps (sink, "GRAY8", width, height);
}

static GstHarness *
add_pad (Ensemble *self, gboolean live)
{
  GstHarness *sink =
      gst_harness_new_with_element (self->element, "sink_%u", NULL);

  gst_harness_set_live (sink, live);
  self->sinks[self->n_pads++] = sink;
  return sink;
}

static Ensemble
ensemble_open (
    guint n_pads, gboolean live, const gchar *method, const gchar *on_missing)
{
  Ensemble self = { test_element (
      "sodensemble", "message-interval", (guint64) 0, NULL) };

  gst_util_set_object_arg (G_OBJECT (self.element), "method", method);
  gst_util_set_object_arg (G_OBJECT (self.element), "on-missing", on_missing);
  self.source = gst_harness_new_with_element (self.element, NULL, "src");
  for (guint i = 0; i < n_pads; i++)
    set_gray (add_pad (&self, live), 7, 5);
  return self;
}

static void
ensemble_clear (Ensemble *self)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (self->sinks[i] != NULL)
      gst_harness_teardown (self->sinks[i]);
  }
  gst_harness_teardown (self->source);
  test_element_free (self->element);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ensemble, ensemble_clear)

static GstBuffer *
new_map (guint8 level, gint width, gint height, GstClockTime pts)
{
  gsize stride = GST_ROUND_UP_4 (width);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, stride * height, NULL);

  gst_buffer_memset (buffer, 0, level, -1);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = FRAME;
  return buffer;
}

static void
push_at (Ensemble *self, guint pad, guint8 level, GstClockTime pts)
{
  g_assert_cmpint (
      gst_harness_push (self->sinks[pad], new_map (level, 7, 5, pts)), ==,
      GST_FLOW_OK);
}

/* The next output has this one level and time. */
static void
assert_next_sized (
    Ensemble *self, guint8 level, GstClockTime pts, gint width, gint height)
{
  g_autoptr (GstBuffer) buffer = gst_harness_pull (self->source);
  g_autoptr (GBytes) pixels = NULL;
  const guint8 *codes;

  g_assert_nonnull (buffer);
  pixels = test_gray_pixels (buffer, width, height);
  codes = g_bytes_get_data (pixels, NULL);
  for (gsize i = 0; i < g_bytes_get_size (pixels); i++)
    g_assert_cmpuint (codes[i], ==, level);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, pts);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, FRAME);
}

static void
assert_next (Ensemble *self, guint8 level, GstClockTime pts)
{
  assert_next_sized (self, level, pts, 7, 5);
}

/* Nothing comes before the end of the stream, which comes. */
static void
assert_end (Ensemble *self)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (self->sinks[i] != NULL)
      gst_harness_push_event (self->sinks[i], gst_event_new_eos ());
  }
  for (;;) {
    g_autoptr (GstEvent) event = gst_harness_pull_event (self->source);

    g_assert_nonnull (event);
    if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
      break;
  }
  g_assert_cmpuint (gst_harness_buffers_in_queue (self->source), ==, 0);
}

/* ---- values ---- */

static void
assert_method (const gchar *method, guint8 level)
{
  g_auto (Ensemble) self = ensemble_open (3, FALSE, method, "skip");

  gst_child_proxy_set (GST_CHILD_PROXY (self.element), "sink_0::weight", 2.0,
      "sink_2::weight", 0.0, NULL);
  push_at (&self, 0, 30, 0);
  push_at (&self, 1, 60, 0);
  push_at (&self, 2, 240, 0);
  assert_next (&self, level, 0);
  assert_end (&self);
  test_assert_no_error (self.element);
}

/* Weights 2, 1, 0: mean 40, deviation 10 * sqrt (2), confidence
 * 87.5 / 127.5 * (1 - 2 * 14.14 / 255). */
static void
test_methods (void)
{
  assert_method ("average", 110);
  assert_method ("weighted", 40);
  assert_method ("median", 60);
  assert_method ("confident", 74);
}

static void
test_metas (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GstMessage) message = NULL;
  const GstStructure *structure;
  gdouble disagreement = -1, told = -1;
  GstSodMap *map;

  push_at (&self, 0, 0, FRAME);
  push_at (&self, 1, 255, FRAME);
  out = gst_harness_pull (self.source);
  map = gst_sod_buffer_get_map (out);
  g_assert_nonnull (map);
  g_assert_cmpstr (gst_sod_map_get_model_id (map), ==, "ensemble");
  g_assert_cmpstr (gst_sod_map_get_model_version (map), ==, "average");
  g_assert_cmpint (gst_sod_map_get_width (map), ==, 7);
  g_assert_cmpint (gst_sod_map_get_flags (map), ==, GST_SOD_MAP_FLAG_NONE);
  g_assert_true (gst_sod_buffer_get_disagreement (out, &disagreement));
  g_assert_cmpfloat_with_epsilon (disagreement, 1, 1e-6);
  message = test_pop_message (self.element, GST_MESSAGE_ELEMENT, TRUE);
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_has_name (structure, "sod-ensemble"));
  g_assert_true (gst_structure_get_double (structure, "disagreement", &told));
  g_assert_cmpfloat (told, ==, disagreement);
}

static void
test_disagreement_as_output (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  gst_util_set_object_arg (G_OBJECT (self.element), "output", "disagreement");
  push_at (&self, 0, 100, 0);
  push_at (&self, 1, 110, 0);
  assert_next (&self, 10, 0);
  assert_end (&self);
}

/* Each maps' own size; the first pad's for the output. */
static void
test_sizes (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  set_gray (self.sinks[0], 13, 3);
  g_assert_cmpint (
      gst_harness_push (self.sinks[0], new_map (10, 13, 3, 0)), ==, 0);
  push_at (&self, 1, 20, 0);
  assert_next_sized (&self, 15, 0, 13, 3);
  assert_end (&self);
}

static void
test_downstream_chooses_the_size (void)
{
  g_auto (Ensemble) self = ensemble_open (1, FALSE, "average", "skip");

  gst_harness_set_sink_caps_str (
      self.source, "video/x-raw,format=GRAY8,width=31,height=9");
  push_at (&self, 0, 77, 0);
  assert_next_sized (&self, 77, 0, 31, 9);
}

static void
test_renegotiation (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  for (guint i = 0; i < 2; i++)
    push_at (&self, i, 50, 0);
  assert_next (&self, 50, 0);
  for (guint i = 0; i < 2; i++) {
    set_gray (self.sinks[i], 64, 48);
    g_assert_cmpint (
        gst_harness_push (self.sinks[i], new_map (60, 64, 48, FRAME)), ==,
        GST_FLOW_OK);
  }
  assert_next_sized (&self, 60, FRAME, 64, 48);
  assert_end (&self);
  test_assert_no_error (self.element);
}

/* ---- times ---- */

/* 8 ms apart is together, 12 is not. */
static void
test_tolerance (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  push_at (&self, 0, 10, FRAME);
  push_at (&self, 1, 20, FRAME + 8 * GST_MSECOND);
  assert_next (&self, 15, FRAME);
  push_at (&self, 0, 10, 2 * FRAME);
  push_at (&self, 1, 20, 2 * FRAME + 12 * GST_MSECOND);
  assert_next (&self, 10, 2 * FRAME);
  push_at (&self, 0, 30, 3 * FRAME);
  assert_next (&self, 20, 2 * FRAME + 12 * GST_MSECOND);
  gst_harness_push_event (self.sinks[1], gst_event_new_eos ());
  assert_next (&self, 30, 3 * FRAME);
  assert_end (&self);
}

static void
test_no_time (void)
{
  g_auto (Ensemble) self = ensemble_open (1, FALSE, "average", "skip");
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  push_at (&self, 0, 10, GST_CLOCK_TIME_NONE);
  message = test_pop_message (self.element, GST_MESSAGE_ERROR, TRUE);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "sink_0"));
}

/* Pad 1 has no map at the second of three times. */
static void
push_with_a_hole (Ensemble *self)
{
  push_at (self, 0, 0, 0);
  push_at (self, 1, 100, 0);
  assert_next (self, 50, 0);
  push_at (self, 0, 10, FRAME);
  push_at (self, 1, 120, 2 * FRAME);
  push_at (self, 0, 20, 2 * FRAME);
}

static void
test_skip (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  push_with_a_hole (&self);
  assert_next (&self, 10, FRAME);
  assert_next (&self, 70, 2 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "outputs"), ==, 3);
  g_assert_cmpuint (test_stat (self.element, "used"), ==, 5);
}

static void
test_hold (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "hold");
  g_autoptr (GstBuffer) held = NULL;
  GstSodMap *map;

  push_with_a_hole (&self);
  held = gst_harness_pull (self.source);
  map = gst_sod_buffer_get_map (held);
  g_assert_cmpuint (gst_sod_map_get_age (map), ==, FRAME);
  g_assert_cmpint (gst_sod_map_get_flags (map), ==, GST_SOD_MAP_FLAG_REUSED);
  {
    g_autoptr (GBytes) pixels = test_gray_pixels (held, 7, 5);

    g_assert_cmpuint (
        *(const guint8 *) g_bytes_get_data (pixels, NULL), ==, 55);
  }
  assert_next (&self, 70, 2 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "held"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 0);
}

static void
test_wait (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "wait");

  push_with_a_hole (&self);
  assert_next (&self, 70, 2 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "incomplete"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "dropped"), ==, 1);
}

/* The other goes on, whatever on-missing says. */
static void
test_dead (gconstpointer on_missing)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", on_missing);

  push_at (&self, 0, 10, 0);
  push_at (&self, 1, 30, 0);
  assert_next (&self, 20, 0);
  gst_harness_push_event (self.sinks[1], gst_event_new_eos ());
  for (guint i = 1; i < 4; i++) {
    push_at (&self, 0, 40, i * FRAME);
    assert_next (&self, 40, i * FRAME);
  }
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 0);
}

static void
test_gap (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");

  push_at (&self, 0, 10, 0);
  push_at (&self, 1, 30, 0);
  assert_next (&self, 20, 0);
  gst_harness_push_event (self.sinks[1], gst_event_new_gap (FRAME, 2 * FRAME));
  push_at (&self, 0, 10, FRAME);
  assert_next (&self, 10, FRAME);
  push_at (&self, 0, 12, 2 * FRAME);
  assert_next (&self, 12, 2 * FRAME);
  push_at (&self, 0, 10, 3 * FRAME);
  push_at (&self, 1, 50, 3 * FRAME);
  assert_next (&self, 30, 3 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "gaps"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 2);
}

/* In a live pipeline what has not come in time is not waited for, and dropped
 * when it comes. */
static void
test_late (void)
{
  g_auto (Ensemble) self = ensemble_open (2, TRUE, "average", "skip");
  g_autoptr (GstTestClock) clock =
      GST_TEST_CLOCK (gst_element_get_clock (self.element));

  push_at (&self, 0, 10, FRAME);
  g_assert_null (gst_harness_try_pull (self.source));
  g_assert_true (gst_test_clock_crank (clock));
  g_assert_cmpuint (gst_clock_get_time (GST_CLOCK (clock)), ==, FRAME);
  assert_next (&self, 10, FRAME);
  push_at (&self, 1, 30, FRAME);
  push_at (&self, 1, 50, 2 * FRAME);
  push_at (&self, 0, 10, 2 * FRAME);
  assert_next (&self, 30, 2 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "late"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 1);
}

static void
test_latency (void)
{
  g_auto (Ensemble) self = ensemble_open (2, TRUE, "average", "skip");

  gst_harness_set_upstream_latency (self.sinks[0], 20 * GST_MSECOND);
  gst_harness_set_upstream_latency (self.sinks[1], 70 * GST_MSECOND);
  g_assert_cmpuint (
      gst_harness_query_latency (self.source), ==, 70 * GST_MSECOND);
  g_object_set (self.element, "latency", (guint64) (30 * GST_MSECOND), NULL);
  g_assert_cmpuint (
      gst_harness_query_latency (self.source), ==, 100 * GST_MSECOND);
}

/* ---- changes ---- */

static void
flush (GstHarness *sink)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_harness_push_event (sink, gst_event_new_flush_start ()));
  g_assert_true (
      gst_harness_push_event (sink, gst_event_new_flush_stop (TRUE)));
  g_assert_true (
      gst_harness_push_event (sink, gst_event_new_segment (&segment)));
}

/* Times start anew, and no map from before stands in. */
static void
test_memory_of_devices (void)
{
  g_auto (Ensemble) self = ensemble_open (1, FALSE, "average", "skip");
  GstHarness *sink = self.sinks[0];
  g_autoptr (GstCaps) device = gst_caps_from_string (
      "video/x-raw(memory:CUDAMemory),format=GRAY8,width=7,height=5,"
      "framerate=25/1");
  g_autoptr (GstCaps) both = gst_caps_from_string (
      "video/x-raw(memory:CUDAMemory),format=GRAY8;video/x-raw,format=GRAY8");
  g_autoptr (GstCaps) answer = gst_pad_peer_query_caps (sink->srcpad, both);
  g_autoptr (GstCaps) alone = gst_pad_peer_query_caps (sink->srcpad, device);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_caps_is_empty (answer));
  g_assert_false (gst_caps_can_intersect (answer, device));
  g_assert_true (gst_caps_can_intersect (alone, device));
  gst_pad_push_event (sink->srcpad, gst_event_new_caps (device));
  message = test_pop_message (self.element, GST_MESSAGE_ERROR, TRUE);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  g_assert_nonnull (strstr (error->message, "\"cudadownload\""));
}

static void
test_flush (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "hold");

  push_at (&self, 0, 10, 5 * FRAME);
  push_at (&self, 1, 30, 5 * FRAME);
  assert_next (&self, 20, 5 * FRAME);
  for (guint i = 0; i < 2; i++)
    flush (self.sinks[i]);
  push_at (&self, 0, 10, 0);
  push_at (&self, 1, 60, FRAME);
  assert_next (&self, 10, 0);
  push_at (&self, 0, 20, FRAME);
  assert_next (&self, 40, FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "missing"), ==, 1);
  g_assert_cmpuint (test_stat (self.element, "held"), ==, 0);
  g_assert_cmpuint (test_stat (self.element, "late"), ==, 0);
}

static void
test_pads_come_and_go (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "wait");

  push_at (&self, 0, 10, 0);
  push_at (&self, 1, 30, 0);
  assert_next (&self, 20, 0);
  set_gray (add_pad (&self, FALSE), 7, 5);
  for (guint i = 0; i < 3; i++)
    push_at (&self, i, (guint8) (20 * i), FRAME);
  assert_next (&self, 20, FRAME);
  push_at (&self, 0, 10, 2 * FRAME);
  gst_harness_teardown (g_steal_pointer (&self.sinks[1]));
  push_at (&self, 2, 50, 2 * FRAME);
  assert_next (&self, 30, 2 * FRAME);
  assert_end (&self);
  g_assert_cmpuint (test_stat (self.element, "used"), ==, 7);
}

static void
test_children (void)
{
  g_auto (Ensemble) self = ensemble_open (2, FALSE, "average", "skip");
  GstChildProxy *proxy = GST_CHILD_PROXY (self.element);
  g_autoptr (GObject) child = gst_child_proxy_get_child_by_index (proxy, 1);
  g_autoptr (GstStructure) stats = NULL;
  guint64 used = 9;

  g_assert_cmpuint (gst_child_proxy_get_children_count (proxy), ==, 2);
  g_object_get (child, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "used", &used));
  g_assert_cmpuint (used, ==, 0);
}

/* ---- pipelines ---- */

/* Two networks on one stream: the library's average of their maps. */
static void
test_two_networks (void)
{
  g_autofree gchar *first = test_model (1, 1), *second = test_model (2, 1);
  g_autofree gchar *line = g_strdup_printf (
      "sodensemble name=e ! appsink name=out sync=false videotestsrc "
      "num-buffers=5 pattern=smpte ! video/x-raw,format=RGB,width=50,height=38,"
      "framerate=25/1 ! tee name=t ! queue ! sodbase output=map "
      "model-file=\"%s\" ! e.sink_0 t. ! queue ! sodbase output=map "
      "model-file=\"%s\" ! e.sink_1 t. ! queue ! appsink name=frames "
      "sync=false",
      first, second);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_autoptr (GstElement) frames =
      gst_bin_get_by_name (GST_BIN (pipeline), "frames");
  guint n = 0;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;; n++) {
    GstSample *sample = NULL, *frame = NULL;

    g_signal_emit_by_name (out, "pull-sample", &sample);
    if (sample == NULL)
      break;
    g_signal_emit_by_name (frames, "pull-sample", &frame);
    {
      GstBuffer *picture = gst_sample_get_buffer (frame);
      GstBuffer *map = gst_sample_get_buffer (sample);
      GstVideoInfo info;
      g_autoptr (GBytes) a = NULL, b = NULL, found = NULL;
      const guint8 *x, *y, *z;

      gst_video_info_from_caps (&info, gst_sample_get_caps (frame));
      g_assert_cmpuint (GST_BUFFER_PTS (picture), ==, GST_BUFFER_PTS (map));
      a = test_expected_map (first, picture, &info, 50, 38);
      b = test_expected_map (second, picture, &info, 50, 38);
      found = test_gray_pixels (map, 50, 38);
      x = g_bytes_get_data (a, NULL);
      y = g_bytes_get_data (b, NULL);
      z = g_bytes_get_data (found, NULL);
      for (guint i = 0; i < 50 * 38; i++)
        g_assert_cmpuint (z[i], ==, (x[i] + y[i] + 1) / 2);
      g_assert_nonnull (strstr (
          gst_sod_map_get_source_id (gst_sod_buffer_get_map (map)), "sodbase"));
    }
    gst_sample_unref (sample);
    gst_sample_unref (frame);
  }
  g_assert_cmpuint (n, ==, 5);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* A live pipeline of which one camera never sends anything still plays. */
static void
test_silent_camera (void)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "sodensemble name=e ! appsink name=out sync=false "
      "videotestsrc is-live=true num-buffers=5 ! video/x-raw,format=GRAY8,"
      "width=32,height=32,framerate=50/1 ! queue ! e.sink_0 "
      "appsrc is-live=true format=time ! queue ! e.sink_1",
      NULL);
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 4; i++) {
    GstSample *sample = NULL;

    g_signal_emit_by_name (
        out, "try-pull-sample", (guint64) (5 * GST_SECOND), &sample);
    g_assert_nonnull (sample);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);
  g_test_add_func ("/ensemble/methods-give-their-values", test_methods);
  g_test_add_func ("/ensemble/outputs-carry-map-and-disagreement", test_metas);
  g_test_add_func ("/ensemble/the-disagreement-can-be-the-output",
      test_disagreement_as_output);
  g_test_add_func ("/ensemble/sizes-may-differ", test_sizes);
  g_test_add_func ("/ensemble/downstream-chooses-the-size",
      test_downstream_chooses_the_size);
  g_test_add_func (
      "/ensemble/sizes-may-change-in-mid-stream", test_renegotiation);
  g_test_add_func ("/ensemble/tolerance-matches-times", test_tolerance);
  g_test_add_func ("/ensemble/frames-need-times", test_no_time);
  g_test_add_func ("/ensemble/missing/skip-goes-on-without", test_skip);
  g_test_add_func ("/ensemble/missing/hold-takes-the-last", test_hold);
  g_test_add_func ("/ensemble/missing/wait-leaves-the-time-out", test_wait);
  g_test_add_data_func ("/ensemble/dead/skip-goes-on", "skip", test_dead);
  g_test_add_data_func ("/ensemble/dead/hold-goes-on", "hold", test_dead);
  g_test_add_data_func ("/ensemble/dead/wait-goes-on", "wait", test_dead);
  g_test_add_func ("/ensemble/gaps-are-not-waited-for", test_gap);
  g_test_add_func ("/ensemble/live/late-maps-are-not-waited-for", test_late);
  g_test_add_func ("/ensemble/live/latency-is-the-slowest-ones", test_latency);
  g_test_add_func (
      "/ensemble/live/a-silent-camera-is-left-out", test_silent_camera);
  g_test_add_func ("/ensemble/memory-of-devices-names-the-downloader",
      test_memory_of_devices);
  g_test_add_func ("/ensemble/a-flush-starts-anew", test_flush);
  g_test_add_func ("/ensemble/pads-come-and-go", test_pads_come_and_go);
  g_test_add_func ("/ensemble/pads-are-children", test_children);
  g_test_add_func (
      "/ensemble/two-networks-on-one-stream-are-averaged", test_two_networks);
  return test_finish ();
}
