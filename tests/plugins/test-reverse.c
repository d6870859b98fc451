/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodreverse: images of maps, and how well maps explain their frames. */
#include "support.h"

#include <plugins/sodreverse/soddrift.h>

#include <string.h>

#define FRAME (40 * GST_MSECOND)

static GstHarness *
open_reverse (guint64 seed)
{
  g_autofree gchar *path = test_reverse_model (seed);
  g_autoptr (GstElement) element = test_element (
      "sodreverse", "model-file", path, "message-interval", (guint64) 0, NULL);

  return gst_harness_new_with_element (element, "sink", "src");
}

static GstSodReconstructor *
open_library (guint64 seed)
{
  g_autofree gchar *path = test_reverse_model (seed);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodInstance) instance = gst_sod_instance_new_reverse (
      "cpu", GST_SOD_PRECISION_AUTO, 0, NULL, &error);
  GstSodReconstructor *reconstructor;

  g_assert_no_error (error);
  gst_sod_instance_ensure (instance, path, &error);
  g_assert_no_error (error);
  reconstructor = gst_sod_reconstructor_new (instance, &error);
  g_assert_no_error (error);
  return reconstructor;
}

/* ---- images ---- */

/* RGB rows put together. */
static GBytes *
rgb_pixels (GstBuffer *buffer, GstCaps *caps)
{
  GstVideoFrame frame;
  GstVideoInfo info;
  GByteArray *pixels = g_byte_array_new ();

  g_assert_true (gst_video_info_from_caps (&info, caps));
  g_assert_cmpint (GST_VIDEO_INFO_FORMAT (&info), ==, GST_VIDEO_FORMAT_RGB);
  g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (gint y = 0; y < info.height; y++)
    g_byte_array_append (pixels,
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
            + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        3 * info.width);
  gst_video_frame_unmap (&frame);
  return g_byte_array_free_to_bytes (pixels);
}

static void
assert_image (GstHarness *harness, gint width, gint height)
{
  g_autoptr (GstSodReconstructor) library = open_library (1);
  g_autoptr (GstBuffer) in = NULL;
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GstCaps) caps = test_caps ("GRAY8", 45, 27);
  g_autoptr (GstCaps) sent = NULL;
  g_autoptr (GBytes) gray = NULL, found = NULL, expected = NULL;
  g_autoptr (GBytes) black =
      g_bytes_new_take (g_malloc0 (3 * width * height), 3 * width * height);
  g_autoptr (GstSodImage) map = NULL;
  g_autoptr (GstSodImage) image =
      gst_sod_image_new_rgb (width, height, black, NULL);
  g_autoptr (GError) error = NULL;
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  in = test_frame (&info, 5, 0);
  gray = test_gray_pixels (in, 45, 27);
  map = gst_sod_image_new_gray_from_bytes (45, 27, gray, NULL);
  gst_sod_reconstructor_imagine (library, map, image, NULL, &error);
  g_assert_no_error (error);
  expected = gst_sod_image_get_rgb (image);

  test_set_caps (harness, "GRAY8", 45, 27);
  out = test_push (harness, 5, 3 * FRAME);
  g_assert_nonnull (out);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 3 * FRAME);
  sent = gst_pad_get_current_caps (harness->sinkpad);
  found = rgb_pixels (out, sent);
  g_assert_true (g_bytes_equal (found, expected));
  g_assert_cmpuint (test_stat (harness->element, "images"), ==, 1);
}

static void
test_image (void)
{
  g_autoptr (TestHarness) harness = open_reverse (1);

  assert_image (harness, 45, 27);
}

static void
test_downstream_chooses_the_size (void)
{
  g_autoptr (TestHarness) harness = open_reverse (1);

  gst_harness_set_sink_caps_str (
      harness, "video/x-raw,format=RGB,width=33,height=71");
  assert_image (harness, 33, 71);
}

/* ---- frames ---- */

/* Frame @seed of 60x44 with a map: half of it salient. */
static GstBuffer *
new_frame (const gchar *format, guint seed, gboolean with_map)
{
  g_autoptr (GstCaps) caps = test_caps (format, 60, 44);
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 16 * 10, NULL);
  g_autoptr (GstSodMap) map = NULL;
  GstBuffer *frame;
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  frame = test_frame (&info, seed, seed * FRAME);
  gst_buffer_memset (pixels, 0, 0, -1);
  gst_buffer_memset (pixels, 40, 255, 80);
  map = gst_sod_map_new (pixels, 16, 10, "gate", "m", "1", 0, 0);
  if (with_map)
    gst_sod_buffer_add_map (frame, map);
  return frame;
}

/* What the library measures of it. */
static gdouble
expect_error (const gchar *format, guint seed, guint64 model)
{
  g_autoptr (GstSodReconstructor) library = open_library (model);
  g_autoptr (GstBuffer) frame = new_frame (format, seed, FALSE);
  g_autoptr (GstCaps) caps = test_caps (format, 60, 44);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (16, 10, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) gray = NULL;
  g_autoptr (GstSodImage) half = NULL;
  g_autoptr (GstSodFrameReader) reader = NULL;
  guint8 codes[160] = { 0 };
  GstVideoInfo info;
  gdouble difference = -1;

  memset (codes + 40, 255, 80);
  gray = g_bytes_new (codes, sizeof (codes));
  half = gst_sod_image_new_gray_from_bytes (16, 10, gray, NULL);
  gst_video_info_from_caps (&info, caps);
  reader = gst_sod_frame_reader_new (&info, &error);
  g_assert_no_error (error);
  gst_sod_reconstructor_measure (library, half,
      gst_sod_frame_reader_map (reader, frame, NULL), &difference, NULL,
      &error);
  g_assert_no_error (error);
  return difference;
}

static void
assert_measured (const gchar *format)
{
  g_autoptr (TestHarness) harness = open_reverse (1);
  GstBuffer *frame = new_frame (format, 2, TRUE);
  GstMemory *memory = gst_buffer_peek_memory (frame, 0);
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GstMessage) message = NULL;
  gdouble error = -1, told = -1;

  gst_util_set_object_arg (G_OBJECT (harness->element), "output", "frame");
  test_set_caps (harness, format, 60, 44);
  g_assert_cmpint (gst_harness_push (harness, frame), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 2 * FRAME);
  g_assert_nonnull (gst_sod_buffer_get_map (out));
  g_assert_true (gst_sod_buffer_get_reconstruction_error (out, &error));
  g_assert_cmpfloat_with_epsilon (error, expect_error (format, 2, 1), 1e-6);
  message = test_pop_report (harness->element, TRUE);
  g_assert_true (gst_structure_get_double (
      gst_message_get_structure (message), "reconstruction-error", &told));
  g_assert_cmpfloat (told, ==, error);
}

static void
test_frames_are_measured (void)
{
  static const gchar *const formats[] = { "RGB", "BGRx", "NV12", "I420",
    "YUY2" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    assert_measured (formats[i]);
}

static void
test_gray_frames (void)
{
  g_autofree gchar *path = test_reverse_model (1);
  g_autoptr (GstElement) element =
      test_element ("sodreverse", "model-file", path, NULL);
  g_autoptr (TestHarness) harness = NULL;
  g_autoptr (GstBuffer) out = NULL;

  gst_util_set_object_arg (G_OBJECT (element), "output", "frame");
  harness = gst_harness_new_with_element (element, "sink", "src");
  test_set_caps (harness, "GRAY8", 60, 44);
  gst_harness_push (harness, new_frame ("GRAY8", 0, TRUE));
  out = gst_harness_pull (harness);
  g_assert_true (gst_sod_buffer_get_reconstruction_error (out, NULL));
}

static void
test_frames_without_a_map_pass (void)
{
  g_autoptr (TestHarness) harness = open_reverse (1);
  GstBuffer *frame = new_frame ("RGB", 1, FALSE);
  g_autoptr (GstBuffer) out = NULL;

  test_set_caps (harness, "RGB", 60, 44);
  gst_harness_push (harness, frame);
  out = gst_harness_pull (harness);
  g_assert_true (out == frame);
  g_assert_false (gst_sod_buffer_get_reconstruction_error (out, NULL));
  g_assert_cmpuint (test_stat (harness->element, "without-map"), ==, 1);
  g_assert_cmpuint (test_stat (harness->element, "measured"), ==, 0);
}

static void
test_interval (void)
{
  g_autoptr (TestHarness) harness = open_reverse (1);

  g_object_set (harness->element, "inference-interval", 3, NULL);
  test_set_caps (harness, "RGB", 60, 44);
  for (guint i = 0; i < 7; i++) {
    g_autoptr (GstBuffer) out = NULL;

    gst_harness_push (harness, new_frame ("RGB", i, TRUE));
    out = gst_harness_pull (harness);
    g_assert_cmpint (
        gst_sod_buffer_get_reconstruction_error (out, NULL), ==, i % 3 == 0);
  }
}

/* ---- drift ---- */

static void
test_drift (void)
{
  SodDrift drift;

  sod_drift_reset (&drift, 4, 0.5);
  for (guint i = 0; i < 4; i++) {
    g_assert_false (sod_drift_is_ready (&drift));
    g_assert_false (sod_drift_add (&drift, 0.1 + 0.2 * (i % 2)));
  }
  g_assert_cmpfloat_with_epsilon (drift.baseline, 0.2, 1e-12);
  g_assert_false (sod_drift_add (&drift, 0.4)); /* mean 0.25 */
  g_assert_false (sod_drift_add (&drift, 0.4)); /* 0.2875 */
  g_assert_true (sod_drift_add (&drift, 0.4));  /* 0.315625, over 0.3 */
  g_assert_true (drift.drifts);
  g_assert_false (sod_drift_add (&drift, 0.2)); /* 0.2867 */
  g_assert_false (sod_drift_add (&drift, 0.2)); /* 0.2650 */
  g_assert_true (sod_drift_add (&drift, 0.15)); /* 0.2363, under 0.25 */
  g_assert_false (drift.drifts);
}

/* Another scene on the same camera, against a baseline of two frames. */
static void
test_drift_is_told (void)
{
  g_autofree gchar *path = test_reverse_model (1);
  g_autoptr (GstElement) element = test_element ("sodreverse", "model-file",
      path, "message-interval", GST_CLOCK_TIME_NONE, "baseline-frames", 2,
      "drift-threshold", 0.05, NULL);
  g_autoptr (TestHarness) harness =
      gst_harness_new_with_element (element, "sink", "src");
  GstMessage *message;
  gboolean drifts = FALSE;
  guint n = 0;

  test_set_caps (harness, "RGB", 60, 44);
  for (guint i = 0; i < 8; i++) {
    GstBuffer *frame = new_frame ("RGB", i, TRUE);

    gst_buffer_memset (frame, 0, i < 4 ? 128 : 255, -1);
    gst_harness_push (harness, frame);
    gst_buffer_unref (gst_harness_pull (harness));
  }
  while ((message = test_pop_report (harness->element, FALSE)) != NULL) {
    gst_structure_get_boolean (
        gst_message_get_structure (message), "drift", &drifts);
    gst_message_unref (message);
    n++;
  }
  g_assert_cmpuint (n, ==, 2); /* the first frame, and the turn */
  g_assert_true (drifts);
}

/* ---- models ---- */

static void
assert_does_not_start (
    const gchar *path, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (TestElement) element =
      test_element ("sodreverse", "model-file", path, NULL);

  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (element, domain, code, text);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
test_base_network_is_refused (void)
{
  g_autofree gchar *path = test_model (1, 1);

  assert_does_not_start (
      path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "kind reverse");
}

static void
test_no_network (void)
{
  g_autofree gchar *before = g_strdup (g_getenv ("GST_SOD_MODEL_PATH"));
  g_autofree gchar *nowhere = test_path ("nowhere");

  assert_does_not_start (
      nowhere, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "nowhere");
  g_setenv ("GST_SOD_MODEL_PATH", nowhere, TRUE);
  assert_does_not_start (NULL, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "GST_SOD_MODEL_PATH");
  g_setenv ("GST_SOD_MODEL_PATH", before, TRUE);
}

static void
test_another_model_while_playing (void)
{
  g_autoptr (TestHarness) harness = open_reverse (1);
  g_autofree gchar *path = test_reverse_model (2);
  g_autofree gchar *wrong = test_model (1, 1);
  g_autoptr (GstMessage) updated = NULL, failed = NULL;
  g_autoptr (GstBuffer) out = NULL;
  gdouble error;

  test_set_caps (harness, "RGB", 60, 44);
  g_object_set (harness->element, "model-file", path, NULL);
  updated = test_pop_report (harness->element, TRUE);
  g_assert_true (gst_structure_has_name (
      gst_message_get_structure (updated), "sod-model-updated"));
  gst_harness_push (harness, new_frame ("RGB", 0, TRUE));
  out = gst_harness_pull (harness);
  g_assert_true (gst_sod_buffer_get_reconstruction_error (out, &error));
  g_assert_cmpfloat_with_epsilon (error, expect_error ("RGB", 0, 2), 1e-6);
  g_object_set (harness->element, "model-file", wrong, NULL);
  failed = test_pop_message (harness->element, GST_MESSAGE_WARNING, TRUE);
  g_assert_nonnull (failed);
}

/* ---- pipelines ---- */

static void
run_pipeline (const gchar *line)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;

  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_lines_tell_it (void)
{
  g_autofree gchar *base = test_model (1, 1), *reverse = test_reverse_model (1);
  g_autofree gchar *lines = test_path ("reverse.jsonl");
  g_autofree gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=4 ! video/x-raw,format=NV12,width=98,"
      "height=54 ! sodbase model-file=\"%s\" ! sodreverse model-file=\"%s\" ! "
      "sodpublish location=\"%s\" ! fakesink",
      base, reverse, lines);
  g_autofree gchar *content = NULL;
  g_auto (GStrv) parts = NULL;

  run_pipeline (line);
  g_assert_true (g_file_get_contents (lines, &content, NULL, NULL));
  parts = g_strsplit (content, "\"reconstruction_error\":0.", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 1 + 4);
}

static void
test_maps_become_images (void)
{
  g_autofree gchar *base = test_model (1, 1), *reverse = test_reverse_model (1);
  g_autofree gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=4 ! video/x-raw,format=NV12,width=98,"
      "height=54 ! sodbase output=map model-file=\"%s\" ! sodreverse "
      "model-file=\"%s\" ! video/x-raw,format=RGB,width=33,height=17 ! "
      "fakesink",
      base, reverse);

  run_pipeline (line);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);
  g_test_add_func ("/reverse/maps-become-the-librarys-images", test_image);
  g_test_add_func (
      "/reverse/downstream-chooses-the-size", test_downstream_chooses_the_size);
  g_test_add_func ("/reverse/frames-pass-and-are-measured-as-the-library-does",
      test_frames_are_measured);
  g_test_add_func ("/reverse/gray-frames-are-measured-too", test_gray_frames);
  g_test_add_func (
      "/reverse/frames-without-a-map-pass", test_frames_without_a_map_pass);
  g_test_add_func ("/reverse/every-nth-frame-is-measured", test_interval);
  g_test_add_func ("/reverse/drift/begins-and-ends-as-documented", test_drift);
  g_test_add_func ("/reverse/drift/is-told-at-once", test_drift_is_told);
  g_test_add_func (
      "/reverse/model/a-base-network-is-refused", test_base_network_is_refused);
  g_test_add_func ("/reverse/model/none-is-an-error", test_no_network);
  g_test_add_func (
      "/reverse/model/changes-while-playing", test_another_model_while_playing);
  g_test_add_func (
      "/reverse/pipeline/lines-tell-the-error", test_lines_tell_it);
  g_test_add_func (
      "/reverse/pipeline/maps-become-images", test_maps_become_images);
  return test_finish ();
}
