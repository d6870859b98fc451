/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodoverlay: draws where a frame carries a map and leaves the others alone. */
#include "support.h"

#include <string.h>

static GstHarness *
overlay (const gchar *style, const gchar *format, gint width, gint height)
{
  g_autoptr (GstElement) element = test_element ("sodoverlay", NULL, NULL);
  GstHarness *harness;

  if (style != NULL)
    gst_util_set_object_arg (G_OBJECT (element), "style", style);
  harness = gst_harness_new_with_element (element, "sink", "src");
  test_set_caps (harness, format, width, height);
  return harness;
}

/* A frame whose left half is salient. */
static GstBuffer *
make_found_frame (const gchar *format, gint width, gint height)
{
  g_autoptr (GstCaps) caps = test_caps (format, width, height);
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 16 * 8, NULL);
  g_autoptr (GstSodMap) map = NULL;
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = NULL;
  GstVideoInfo info;
  GstBuffer *frame;

  gst_buffer_memset (pixels, 0, 0, -1);
  for (guint y = 0; y < 8; y++)
    gst_buffer_memset (pixels, y * 16, 255, 8);
  map =
      gst_sod_map_new (pixels, 16, 8, "s", "m", "1", GST_SOD_MAP_FLAG_NONE, 0);
  regions = gst_sod_region_finder_find (finder, map);
  g_assert_true (gst_video_info_from_caps (&info, caps));
  frame = test_frame (&info, 1, 0);
  gst_sod_buffer_add_map (frame, map);
  gst_sod_buffer_add_regions (frame, width, height, regions);
  return frame;
}

static GBytes *
get_bytes (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, -1, &data, &size);
  return g_bytes_new_take (data, size);
}

static void
test_frames_without_a_map_pass_untouched (void)
{
  g_autoptr (TestHarness) harness = overlay ("heatmap", "RGB", 64, 48);
  g_autoptr (GstBuffer) in = NULL, out = NULL;
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  in = test_frame (&info, 1, 0);
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_ref (in)), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (out == in);
}

/* Who blurs a room does not want to see it where an inference was skipped. */
static void
test_blur_hides_a_frame_without_a_map (void)
{
  g_autoptr (TestHarness) harness = overlay ("blur", "RGB", 64, 48);
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *pixels;
  GstVideoInfo info;
  GstBuffer *in;

  gst_video_info_from_caps (&info, caps);
  in = test_frame (&info, 1, 0);
  gst_buffer_memset (in, 0, 0, -1);
  for (guint y = 0; y < 48; y++)
    gst_buffer_memset (in, y * 64 * 3 + 31 * 3, 255, 3); /* a white line */
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  bytes = get_bytes (out);
  pixels = g_bytes_get_data (bytes, NULL);
  for (guint y = 0; y < 48; y++)
    g_assert_cmpuint (pixels[y * 64 * 3 + 31 * 3], <, 128);
}

/* A GstVideoMeta that contradicts the caps is told, not believed. */
static void
test_lying_meta_is_an_error (void)
{
  g_autoptr (TestHarness) harness = overlay ("heatmap", "RGB", 64, 48);
  GstBuffer *in = make_found_frame ("RGB", 64, 48);

  gst_buffer_add_video_meta (
      in, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGBA, 64, 48);
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_ERROR);
}

/* Whoever else holds the frame keeps it as it was. */
static void
test_shared_frames_are_copied_first (void)
{
  g_autoptr (TestHarness) harness = overlay ("heatmap", "RGB", 64, 48);
  g_autoptr (GstBuffer) in = make_found_frame ("RGB", 64, 48);
  g_autoptr (GBytes) before = get_bytes (in);
  g_autoptr (GBytes) after = NULL, drawn = NULL;
  g_autoptr (GstBuffer) out = NULL;

  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_ref (in)), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  after = get_bytes (in);
  drawn = get_bytes (out);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_false (g_bytes_equal (before, drawn));
  g_assert_nonnull (gst_sod_buffer_get_map (out));
}

/* How many pixels of the left and right half a style changes. */
static void
count_changes (const gchar *style, guint *left, guint *right)
{
  g_autoptr (TestHarness) harness = overlay (style, "RGB", 64, 48);
  GstBuffer *in = make_found_frame ("RGB", 64, 48);
  g_autoptr (GBytes) before = get_bytes (in);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (GstBuffer) out = NULL;
  const guint8 *a, *b;

  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  after = get_bytes (out);
  a = g_bytes_get_data (before, NULL);
  b = g_bytes_get_data (after, NULL);
  *left = *right = 0;
  for (guint i = 0; i < 64 * 48; i++) {
    if (memcmp (a + 3 * i, b + 3 * i, 3) != 0)
      ++*(i % 64 < 32 ? left : right);
  }
}

static void
test_styles_draw_where_they_should (void)
{
  const guint half = 32 * 48;
  guint left, right;

  count_changes ("heatmap", &left, &right);
  g_assert_cmpuint (left, >, half * 9 / 10);
  g_assert_cmpuint (right, <, half / 4);
  count_changes ("blur", &left, &right);
  g_assert_cmpuint (left, <, half / 4);
  g_assert_cmpuint (right, >, half / 2);
  count_changes ("contour", &left, &right);
  g_assert_cmpuint (left + right, >, 40);
  g_assert_cmpuint (left + right, <, half / 2);
  count_changes ("boxes", &left, &right);
  g_assert_cmpuint (left, >, 40);
  g_assert_cmpuint (left, <, half);
}

static void
test_every_format_that_is_offered_is_drawn_on (void)
{
  g_autoptr (GstCaps) caps = gst_sod_frame_reader_get_caps ();
  g_autoptr (TestHarness) harness =
      overlay ("heatmap+contour+boxes+blur", "RGB", 64, 48);
  const GValue *formats =
      gst_structure_get_value (gst_caps_get_structure (caps, 0), "format");
  guint n = 0;

  for (guint i = 0; i < gst_value_list_get_size (formats); i++) {
    const gchar *format =
        g_value_get_string (gst_value_list_get_value (formats, i));
    GstBuffer *in = make_found_frame (format, 63, 47);
    g_autoptr (GBytes) before = get_bytes (in);
    g_autoptr (GBytes) after = NULL;
    g_autoptr (GstBuffer) out = NULL;

    test_set_caps (harness, format, 63, 47);
    if (gst_harness_push (harness, in) != GST_FLOW_OK)
      g_error ("%s did not pass", format);
    out = gst_harness_pull (harness);
    after = get_bytes (out);
    if (g_bytes_equal (before, after))
      g_error ("nothing was drawn on %s", format);
    n++;
  }
  g_assert_cmpuint (n, >, 50);
}

static void
test_maps_survive_scaling_and_conversion (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! sodbase "
      "model-file=%s threshold=0 ! videoconvertscale ! "
      "video/x-raw,format=UYVY,width=100,height=30 ! sodoverlay ! appsink "
      "name=s sync=false",
      path);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstElement) sink = NULL;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstSample) sample = NULL;
    g_autoptr (GPtrArray) regions = NULL;

    g_signal_emit_by_name (
        sink, "try-pull-sample", (guint64) 5 * GST_SECOND, &sample);
    g_assert_nonnull (sample);
    g_assert_nonnull (gst_sod_buffer_get_map (gst_sample_get_buffer (sample)));
    regions =
        gst_sod_buffer_get_regions (gst_sample_get_buffer (sample), 100, 30);
    g_assert_cmpuint (regions->len, ==, 1);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_small_buffers_are_an_error (void)
{
  g_autoptr (TestHarness) harness = overlay (NULL, "RGB", 320, 240);
  GstBuffer *frame = make_found_frame ("RGB", 64, 48);

  gst_buffer_resize (frame, 0, 100);
  g_assert_cmpint (gst_harness_push (harness, frame), ==, GST_FLOW_ERROR);
  g_assert_null (gst_harness_try_pull (harness));
  test_assert_error (
      harness->element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "100");
}

/* The CPU draws: what to do is said, and who has both sends system memory. */
static void
test_memory_of_devices_names_the_downloader (void)
{
  g_autoptr (TestHarness) harness = overlay (NULL, "RGBA", 64, 48);
  g_autoptr (GstCaps) device = gst_caps_from_string (
      "video/x-raw(memory:CUDAMemory),format=RGBA,width=64,height=48,"
      "framerate=25/1");
  g_autoptr (GstCaps) both = gst_caps_from_string (
      "video/x-raw(memory:CUDAMemory),format=RGBA;video/x-raw,format=RGBA");
  g_autoptr (GstPad) sink =
      gst_element_get_static_pad (harness->element, "sink");
  g_autoptr (GstCaps) answer = gst_pad_query_caps (sink, both);
  g_autoptr (GstCaps) alone = gst_pad_query_caps (sink, device);

  g_assert_false (gst_caps_is_empty (answer));
  g_assert_false (gst_caps_can_intersect (answer, device));
  g_assert_true (gst_caps_can_intersect (alone, device));
  gst_harness_set_src_caps (harness, gst_caps_ref (device));
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_new_allocate (NULL, 12288, NULL)),
      ==, GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (harness->element, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "\"cudadownload\"");
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func ("/overlay/blur-hides-a-frame-without-a-map",
      test_blur_hides_a_frame_without_a_map);
  g_test_add_func (
      "/overlay/lying-meta-is-an-error", test_lying_meta_is_an_error);
  g_test_add_func ("/overlay/frames-without-a-map-pass-untouched",
      test_frames_without_a_map_pass_untouched);
  g_test_add_func ("/overlay/shared-frames-are-copied-first",
      test_shared_frames_are_copied_first);
  g_test_add_func ("/overlay/styles-draw-where-they-should",
      test_styles_draw_where_they_should);
  g_test_add_func ("/overlay/every-format-that-is-offered-is-drawn-on",
      test_every_format_that_is_offered_is_drawn_on);
  g_test_add_func ("/overlay/maps-survive-scaling-and-conversion",
      test_maps_survive_scaling_and_conversion);
  g_test_add_func (
      "/overlay/small-buffers-are-an-error", test_small_buffers_are_an_error);
  g_test_add_func ("/overlay/memory-of-devices-names-the-downloader",
      test_memory_of_devices_names_the_downloader);
  return test_finish ();
}
