/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every format and size through sodbase, and the frames and caps that it
 * refuses, with what it says. */
#include "support.h"

#include <string.h>

/* The formats that users ask for by name. */
static const gchar *const named[] = { "RGB", "BGR", "RGBx", "BGRx", "xRGB",
  "xBGR", "RGBA", "BGRA", "ARGB", "ABGR", "NV12", "I420", "YUY2", "UYVY",
  "GRAY8", "P010_10LE", "I420_10LE", "v210" };

/* One frame: it goes through untouched, and its map with it. */
static void
check_frame (GstHarness *harness, const gchar *format, gint width, gint height)
{
  g_autoptr (GstCaps) caps = test_caps (format, width, height);
  g_autoptr (GstBuffer) out = NULL;
  GstVideoInfo info;
  GstBuffer *in;
  GstMemory *memory;
  GstSodMap *map;

  g_assert_true (gst_video_info_from_caps (&info, caps));
  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  in = test_frame (&info, 0, 0);
  memory = gst_buffer_peek_memory (in, 0);
  if (gst_harness_push (harness, in) != GST_FLOW_OK)
    g_error ("%s of %dx%d did not pass", format, width, height);
  out = gst_harness_try_pull (harness);
  g_assert_nonnull (out);
  g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
  map = gst_sod_buffer_get_map (out);
  g_assert_nonnull (map);
  g_assert_cmpint (gst_sod_map_get_width (map), ==, 32);
  g_assert_cmpint (gst_sod_map_get_height (map), ==, 16);
  test_assert_no_error (harness->element);
}

static void
test_named_formats_at_all_sizes (void)
{
  static const gint sizes[][2] = { { 639, 361 }, { 1, 1 }, { 16, 16 },
    { 3840, 2160 } };
  g_autoptr (TestHarness) harness = test_sodbase (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (named); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
      check_frame (harness, named[i], sizes[j][0], sizes[j][1]);
  }
}

static void
test_every_format_that_is_offered_passes (void)
{
  g_autoptr (GstCaps) caps = gst_sod_frame_reader_get_caps ();
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  guint n = 0;

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GValue *formats =
        gst_structure_get_value (gst_caps_get_structure (caps, i), "format");

    if (G_VALUE_HOLDS_STRING (formats)) {
      check_frame (harness, g_value_get_string (formats), 39, 21);
      n++;
    }
    for (guint j = 0; GST_VALUE_HOLDS_LIST (formats)
                      && j < gst_value_list_get_size (formats);
         j++) {
      check_frame (harness,
          g_value_get_string (gst_value_list_get_value (formats, j)), 39, 21);
      n++;
    }
  }
  g_test_message ("%u formats", n);
  g_assert_cmpuint (n, >, 50);
}

/* A frame with wide rows and a picture that begins inside: the map is that of
 * the picture alone. */
static void
test_strides_and_crop_are_seen (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstCaps) caps = test_caps ("GRAY8", 60, 40);
  g_autoptr (GstBuffer) plain = NULL, out = NULL;
  g_autoptr (GBytes) expected = NULL, found = NULL;
  GstVideoInfo info;
  GstBuffer *padded;
  GstVideoCropMeta *crop;
  GstMapInfo from, to;
  gsize offset[GST_VIDEO_MAX_PLANES] = { 7 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 100 };

  g_assert_true (gst_video_info_from_caps (&info, caps));
  plain = test_frame (&info, 3, 0);
  expected = test_expected_map (path, plain, &info, 32, 16);

  /* 80x50 with rows of 100 bytes; the picture lies at 11, 5 */
  padded = gst_buffer_new_allocate (NULL, 7 + 100 * 50, NULL);
  gst_buffer_memset (padded, 0, 0xff, -1);
  gst_buffer_map (plain, &from, GST_MAP_READ);
  gst_buffer_map (padded, &to, GST_MAP_WRITE);
  for (gint y = 0; y < 40; y++)
    memcpy (
        to.data + 7 + (y + 5) * 100 + 11, from.data + y * info.stride[0], 60);
  gst_buffer_unmap (padded, &to);
  gst_buffer_unmap (plain, &from);
  gst_buffer_add_video_meta_full (padded, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_GRAY8, 80, 50, 1, offset, stride);
  crop = gst_buffer_add_video_crop_meta (padded);
  crop->x = 11;
  crop->y = 5;
  crop->width = 60;
  crop->height = 40;
  GST_BUFFER_PTS (padded) = 0;

  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  g_assert_cmpint (gst_harness_push (harness, padded), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  found = test_gray_pixels (
      gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), 32, 16);
  g_assert_true (g_bytes_equal (found, expected));
}

static void
test_caps_may_change_in_mid_stream (void)
{
  static const struct
  {
    const gchar *format;
    gint width, height;
  } steps[] = { { "RGB", 64, 48 }, { "NV12", 639, 361 }, { "GRAY8", 1, 1 },
    { "RGB", 64, 48 }, { "v210", 50, 50 } };
  static const gchar *const outputs[] = { "frame", "map", "cutout" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (TestHarness) harness = test_sodbase (NULL);
    guint frame = 0;

    gst_element_set_state (harness->element, GST_STATE_NULL);
    gst_util_set_object_arg (G_OBJECT (harness->element), "output", outputs[i]);
    gst_element_set_state (harness->element, GST_STATE_PLAYING);
    for (guint j = 0; j < G_N_ELEMENTS (steps); j++) {
      test_set_caps (harness, steps[j].format, steps[j].width, steps[j].height);
      for (guint k = 0; k < 3; k++, frame++) {
        g_autoptr (GstBuffer) out =
            test_push (harness, frame, frame * 40 * GST_MSECOND);
        g_autoptr (GstCaps) caps = gst_pad_get_current_caps (harness->sinkpad);
        GstVideoInfo info;

        g_assert_nonnull (out);
        g_assert_true (gst_video_info_from_caps (&info, caps));
        g_assert_cmpint (info.width, ==, steps[j].width);
        g_assert_cmpint (info.height, ==, steps[j].height);
        g_assert_nonnull (gst_sod_buffer_get_map (out));
      }
    }
    g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, frame);
  }
}

static void
test_interlaced_frames_pass (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  GstCaps *caps = test_caps ("NV12", 64, 48);
  g_autoptr (GstBuffer) out = NULL;

  gst_caps_set_simple (
      caps, "interlace-mode", G_TYPE_STRING, "interleaved", NULL);
  gst_harness_set_src_caps (harness, caps);
  out = test_push (harness, 0, 0);
  g_assert_nonnull (gst_sod_buffer_get_map (out));
}

/* ---- refused ---- */

static void
test_small_buffers_are_an_error (void)
{
  static const gchar *const outputs[] = { "frame", "map", "cutout" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (GstElement) element = NULL;
    g_autoptr (TestHarness) harness = NULL;
    g_autofree gchar *path = test_model (1, 1);
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);

    element = test_element ("sodbase", "model-file", path, NULL);
    gst_util_set_object_arg (G_OBJECT (element), "output", outputs[i]);
    harness = gst_harness_new_with_element (element, "sink", "src");
    test_set_caps (harness, "RGB", 320, 240);
    GST_BUFFER_PTS (buffer) = 0;
    g_assert_cmpint (gst_harness_push (harness, buffer), ==, GST_FLOW_ERROR);
    g_assert_null (gst_harness_try_pull (harness));
    test_assert_error (
        element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "100");
  }
}

static void
check_refused (
    const gchar *caps_text, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);

  gst_harness_set_src_caps_str (harness, caps_text);
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_new_allocate (NULL, 9216, NULL)),
      ==, GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (harness->element, domain, code, text);
}

static void
test_memory_of_devices_names_the_downloader (void)
{
  check_refused ("video/x-raw(memory:CUDAMemory),format=NV12,width=64,"
                 "height=48,framerate=25/1",
      GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "\"cudadownload\"");
  check_refused ("video/x-raw(memory:GLMemory),format=RGBA,width=64,"
                 "height=48,framerate=25/1",
      GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "\"gldownload\"");
  check_refused ("video/x-raw(memory:Unheard),format=RGBA,width=64,"
                 "height=48,framerate=25/1",
      GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "downloads it");
}

static void
test_single_fields_name_deinterlace (void)
{
  check_refused ("video/x-raw(format:Interlaced),format=NV12,width=64,"
                 "height=48,framerate=25/1,interlace-mode=alternate",
      GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "\"deinterlace\"");
}

static void
test_links_to_device_memory_fail_at_its_caps (void)
{
  g_autoptr (GstElement) element = test_element ("sodbase", NULL, NULL);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (element, "sink");
  g_autoptr (GstCaps) device =
      gst_caps_from_string ("video/x-raw(memory:GLMemory),format=RGBA");
  g_autoptr (GstCaps) both = gst_caps_from_string (
      "video/x-raw(memory:GLMemory),format=RGBA;video/x-raw,format=RGBA");
  g_autoptr (GstCaps) overlays = gst_caps_from_string (
      "video/x-raw(meta:GstVideoOverlayComposition),format=RGBA,width=64,"
      "height=48,framerate=25/1");
  g_autoptr (GstCaps) answer = NULL, narrow = NULL;

  answer = gst_pad_query_caps (sink, device);
  g_assert_false (gst_caps_is_empty (answer));
  /* who has both is asked for what can be read */
  narrow = gst_pad_query_caps (sink, both);
  g_assert_cmpuint (gst_caps_get_size (narrow), ==, 1);
  g_assert_false (gst_caps_can_intersect (narrow, device));
  /* and who merely asks whether a meta would do is told the truth */
  g_assert_false (gst_pad_query_accept_caps (sink, overlays));
}

static void
test_caps_without_a_size_are_an_error (void)
{
  check_refused ("video/x-raw,format=RGB,framerate=25/1", GST_STREAM_ERROR,
      GST_STREAM_ERROR_FORMAT, "width");
  check_refused ("video/x-raw,format=RGB,width=64,framerate=25/1",
      GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "height");
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func (
      "/formats/named-formats-at-all-sizes", test_named_formats_at_all_sizes);
  g_test_add_func ("/formats/every-format-that-is-offered-passes",
      test_every_format_that_is_offered_passes);
  g_test_add_func (
      "/formats/strides-and-crop-are-seen", test_strides_and_crop_are_seen);
  g_test_add_func ("/formats/caps-may-change-in-mid-stream",
      test_caps_may_change_in_mid_stream);
  g_test_add_func (
      "/formats/interlaced-frames-pass", test_interlaced_frames_pass);
  g_test_add_func (
      "/formats/small-buffers-are-an-error", test_small_buffers_are_an_error);
  g_test_add_func ("/formats/memory-of-devices-names-the-downloader",
      test_memory_of_devices_names_the_downloader);
  g_test_add_func ("/formats/single-fields-name-deinterlace",
      test_single_fields_name_deinterlace);
  g_test_add_func ("/formats/links-to-device-memory-fail-at-its-caps",
      test_links_to_device_memory_fail_at_its_caps);
  g_test_add_func ("/formats/caps-without-a-size-are-an-error",
      test_caps_without_a_size_are_an_error);
  return test_finish ();
}
