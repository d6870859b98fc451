/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sodbase sends: pixels, sizes, metas. */
#include "support.h"

#include <string.h>

static GstHarness *
with_output (const gchar *output)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstElement) element =
      test_element ("sodbase", "model-file", path, NULL);

  gst_util_set_object_arg (G_OBJECT (element), "output", output);
  return gst_harness_new_with_element (element, "sink", "src");
}

/* The map that the test's model makes of frame @seed of @caps. */
static GBytes *
expect_map (GstCaps *caps, guint seed, gint width, gint height)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstBuffer) frame = NULL;
  GstVideoInfo info;

  g_assert_true (gst_video_info_from_caps (&info, caps));
  frame = test_frame (&info, seed, 0);
  return test_expected_map (path, frame, &info, width, height);
}

/* ---- frame ---- */

static void
test_frames_keep_memory_times_flags_and_metas (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  g_autoptr (GstBuffer) out = NULL;
  GstVideoInfo info;
  GstBuffer *in;
  GstMemory *memory;

  gst_video_info_from_caps (&info, caps);
  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  in = test_frame (&info, 1, 80 * GST_MSECOND);
  memory = gst_buffer_peek_memory (in, 0);
  GST_BUFFER_OFFSET (in) = 7;
  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_MARKER);
  gst_buffer_add_video_region_of_interest_meta (in, "face", 1, 2, 3, 4);
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 80 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_OFFSET (out), ==, 7);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
  g_assert_cmpuint (
      gst_buffer_get_n_meta (out, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE),
      >=, 1);
}

static void
test_the_map_is_the_librarys (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstCaps) caps = test_caps ("NV12", 100, 70);
  g_autoptr (GBytes) expected = expect_map (caps, 4, 32, 16);
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GBytes) found = NULL;
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_from_file (path, NULL);
  GstSodMap *map;

  g_object_set (harness->element, "source-id", "gate", NULL);
  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  out = test_push (harness, 4, 0);
  map = gst_sod_buffer_get_map (out);
  found = test_gray_pixels (gst_sod_map_get_pixels (map), 32, 16);
  g_assert_true (g_bytes_equal (found, expected));
  g_assert_cmpstr (gst_sod_map_get_source_id (map), ==, "gate");
  g_assert_cmpstr (
      gst_sod_map_get_model_id (map), ==, gst_sod_network_get_id (network));
  g_assert_cmpstr (gst_sod_map_get_model_version (map), ==,
      gst_sod_network_get_version (network));
}

static void
test_the_source_is_the_elements_name_by_default (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstBuffer) out = NULL;
  g_autofree gchar *name = gst_element_get_name (harness->element);

  test_set_caps (harness, "RGB", 64, 48);
  out = test_push (harness, 0, 0);
  g_assert_cmpstr (
      gst_sod_map_get_source_id (gst_sod_buffer_get_map (out)), ==, name);
}

/* A buffer that someone else holds too is not written to. */
static void
test_a_shared_frame_stays_as_it_is (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstBuffer) in = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);
  g_autoptr (GstBuffer) out = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  GST_BUFFER_PTS (in) = 0;
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_ref (in)), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (out != in);
  g_assert_true (
      gst_buffer_peek_memory (out, 0) == gst_buffer_peek_memory (in, 0));
  g_assert_null (gst_sod_buffer_get_map (in));
  g_assert_nonnull (gst_sod_buffer_get_map (out));
}

/* ---- regions ---- */

static guint
count_regions (GstHarness *harness, guint frame)
{
  g_autoptr (GstBuffer) out =
      test_push (harness, frame, frame * 40 * GST_MSECOND);
  g_autoptr (GPtrArray) regions = gst_sod_buffer_get_regions (out, 64, 48);

  return regions->len;
}

static void
test_regions_follow_their_properties_while_playing (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstMessage) warning = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  /* every pixel is at or over 0: one region, the frame */
  g_object_set (harness->element, "threshold", 0.0, NULL);
  g_assert_cmpuint (count_regions (harness, 0), ==, 1);
  g_object_set (harness->element, "ignore", "0,0 1,0 1,1 0,1", NULL);
  g_assert_cmpuint (count_regions (harness, 1), ==, 0);
  g_object_set (harness->element, "ignore", NULL, "roi", "0,0 .4,0 .4,.4 0,.4",
      "min-area", 0.5, NULL);
  g_assert_cmpuint (count_regions (harness, 2), ==, 0);
  g_object_set (harness->element, "min-area", 0.0, NULL);
  g_assert_cmpuint (count_regions (harness, 3), ==, 1);
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE));

  /* nonsense leaves the polygons before, with a warning */
  g_object_set (harness->element, "roi", "here and there", NULL);
  g_assert_cmpuint (count_regions (harness, 4), ==, 1);
  warning = test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE);
  g_assert_nonnull (warning);
  /* once */
  g_object_set (harness->element, "min-area", 0.01, NULL);
  g_assert_cmpuint (count_regions (harness, 5), ==, 1);
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE));
}

static void
test_the_models_threshold_is_the_default (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_from_file (path, NULL);
  g_autoptr (TestHarness) harness = with_output ("frame");
  guint by_default;

  test_set_caps (harness, "RGB", 64, 48);
  g_object_set (harness->element, "min-area", 0.0, NULL);
  by_default = count_regions (harness, 5);
  g_object_set (harness->element, "threshold",
      gst_sod_network_get_threshold (network), NULL);
  g_assert_cmpuint (count_regions (harness, 5), ==, by_default);
}

/* ---- map ---- */

static void
check_map_output (const gchar *downstream, const gchar *format, gint in_width,
    gint in_height, gint width, gint height)
{
  g_autoptr (TestHarness) harness = with_output ("map");
  g_autoptr (GstCaps) in_caps = test_caps (format, in_width, in_height);
  g_autoptr (GstCaps) out_caps = NULL;
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GBytes) expected = NULL, found = NULL, carried = NULL;
  GstVideoInfo info;
  gint n, d;

  if (downstream != NULL)
    gst_harness_set_sink_caps_str (harness, downstream);
  gst_harness_set_src_caps (harness, gst_caps_ref (in_caps));
  out = test_push (harness, 9, 40 * GST_MSECOND);
  g_assert_nonnull (out);
  out_caps = gst_pad_get_current_caps (harness->sinkpad);
  g_assert_true (gst_video_info_from_caps (&info, out_caps));
  g_assert_cmpint (GST_VIDEO_INFO_FORMAT (&info), ==, GST_VIDEO_FORMAT_GRAY8);
  g_assert_cmpint (info.width, ==, width);
  g_assert_cmpint (info.height, ==, height);
  g_assert_cmpint (info.fps_n, ==, 25);
  /* the picture keeps its shape */
  gst_util_fraction_multiply (width, height, info.par_n, info.par_d, &n, &d);
  g_assert_cmpfloat_with_epsilon (
      (gdouble) n / d, (gdouble) in_width / in_height, 1e-3);

  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 40 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_DURATION (out), ==, 40 * GST_MSECOND);
  expected = expect_map (in_caps, 9, width, height);
  found = test_gray_pixels (out, width, height);
  g_assert_true (g_bytes_equal (found, expected));
  carried = test_gray_pixels (
      gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), width, height);
  g_assert_true (g_bytes_equal (carried, expected));
}

static void
test_maps_have_the_frames_size_or_the_one_asked_for (void)
{
  check_map_output (NULL, "RGB", 64, 48, 64, 48);
  check_map_output (NULL, "NV12", 639, 361, 639, 361);
  check_map_output (NULL, "I420", 1, 1, 1, 1);
  check_map_output (
      "video/x-raw,format=GRAY8,width=32,height=16", "RGB", 64, 48, 32, 16);
  check_map_output ("video/x-raw,format=GRAY8,width=[8,40],height=[8,1000]",
      "RGB", 64, 48, 40, 48);
}

static void
test_maps_come_out_of_a_pool (void)
{
  static const gchar *const outputs[] = { "frame", "map", "cutout" };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++) {
    g_autoptr (TestHarness) harness = with_output (outputs[i]);
    guint64 at_first;

    test_set_caps (harness, "RGB", 64, 48);
    for (guint j = 0; j < 3; j++)
      gst_buffer_unref (test_push (harness, j, j * 40 * GST_MSECOND));
    at_first = test_stat (harness->element, "buffer-allocations");
    g_assert_cmpuint (at_first, <=, 3);
    for (guint j = 3; j < 40; j++)
      gst_buffer_unref (test_push (harness, j, j * 40 * GST_MSECOND));
    g_assert_cmpuint (
        test_stat (harness->element, "buffer-allocations"), ==, at_first);
    g_assert_cmpuint (test_stat (harness->element, "inferences"), ==, 40);
  }
}

/* The map that an output buffer carries shares its memory, not the buffer:
 * nothing leaks, and whoever writes into the one leaves the other. */
static void
test_maps_may_be_written_to_downstream (void)
{
  g_autoptr (TestHarness) harness = with_output ("map");
  GstBuffer *out;
  GstSodMap *map;
  g_autoptr (GBytes) before = NULL, after = NULL;

  /* where no late frame may get it, the element keeps no map */
  gst_util_set_object_arg (G_OBJECT (harness->element), "overload", "block");
  test_set_caps (harness, "RGB", 64, 48);
  out = test_push (harness, 0, 0);
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (out), ==, 1);
  map = gst_sod_map_ref (gst_sod_buffer_get_map (out));
  before = test_gray_pixels (gst_sod_map_get_pixels (map), 64, 48);
  gst_buffer_memset (out, 0, 77, -1);
  after = test_gray_pixels (gst_sod_map_get_pixels (map), 64, 48);
  g_assert_true (g_bytes_equal (before, after));
  gst_buffer_unref (out);
  gst_sod_map_unref (map);
}

static void
test_metas_are_scaled_to_the_map (void)
{
  g_autoptr (TestHarness) harness = with_output ("map");
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  g_autoptr (GstBuffer) out = NULL;
  GstVideoRegionOfInterestMeta *roi = NULL;
  GstVideoInfo info;
  GstBuffer *in;
  gpointer state = NULL;
  GstMeta *meta;

  gst_harness_set_sink_caps_str (
      harness, "video/x-raw,format=GRAY8,width=32,height=24");
  gst_video_info_from_caps (&info, caps);
  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  in = test_frame (&info, 1, 0);
  gst_buffer_add_video_region_of_interest_meta (in, "face", 10, 20, 30, 24);
  gst_buffer_add_video_crop_meta (in)->width = 64;
  gst_buffer_get_video_crop_meta (in)->height = 48;
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_null (gst_buffer_get_video_crop_meta (out));
  while ((meta = gst_buffer_iterate_meta_filtered (
              out, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    GstVideoRegionOfInterestMeta *other = (gpointer) meta;

    if (other->roi_type == g_quark_from_string ("face"))
      roi = other;
  }
  g_assert_nonnull (roi);
  g_assert_cmpuint (roi->x, ==, 5);
  g_assert_cmpuint (roi->y, ==, 10);
  g_assert_cmpuint (roi->w, ==, 15);
  g_assert_cmpuint (roi->h, ==, 12);
}

static void
test_another_output_counts_from_the_next_start (void)
{
  g_autoptr (TestHarness) harness = with_output ("frame");
  g_autoptr (GstBuffer) out = NULL, again = NULL, restarted = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  out = test_push (harness, 0, 0);
  gst_util_set_object_arg (G_OBJECT (harness->element), "output", "cutout");
  test_set_caps (harness, "RGB", 32, 24);
  again = test_push (harness, 1, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_buffer_get_size (again), ==, 32 * 24 * 3);
  gst_element_set_state (harness->element, GST_STATE_READY);
  gst_element_set_state (harness->element, GST_STATE_PLAYING);
  test_set_caps (harness, "RGB", 64, 48);
  restarted = test_push (harness, 2, 80 * GST_MSECOND);
  g_assert_cmpuint (gst_buffer_get_size (restarted), ==, 64 * 48 * 4);
}

/* ---- cutout ---- */

static void
test_cutouts_have_the_map_as_alpha (void)
{
  g_autoptr (TestHarness) harness = with_output ("cutout");
  g_autoptr (GstCaps) in_caps = test_caps ("RGB", 61, 47);
  g_autoptr (GstCaps) out_caps = NULL;
  g_autoptr (GBytes) alpha = expect_map (in_caps, 2, 61, 47);
  g_autoptr (GstBuffer) in = NULL, out = NULL;
  const guint8 *expected = g_bytes_get_data (alpha, NULL);
  GstVideoInfo in_info, out_info;
  GstMapInfo from, to;

  gst_harness_set_src_caps (harness, gst_caps_ref (in_caps));
  out = test_push (harness, 2, 0);
  out_caps = gst_pad_get_current_caps (harness->sinkpad);
  g_assert_true (gst_video_info_from_caps (&out_info, out_caps));
  g_assert_cmpint (
      GST_VIDEO_INFO_FORMAT (&out_info), ==, GST_VIDEO_FORMAT_RGBA);
  gst_video_info_from_caps (&in_info, in_caps);
  in = test_frame (&in_info, 2, 0);
  gst_buffer_map (in, &from, GST_MAP_READ);
  gst_buffer_map (out, &to, GST_MAP_READ);
  for (gint y = 0; y < 47; y++) {
    for (gint x = 0; x < 61; x++) {
      const guint8 *rgb = from.data + y * in_info.stride[0] + 3 * x;
      const guint8 *rgba = to.data + y * out_info.stride[0] + 4 * x;

      g_assert_cmpint (rgba[0], ==, rgb[0]);
      g_assert_cmpint (rgba[1], ==, rgb[1]);
      g_assert_cmpint (rgba[2], ==, rgb[2]);
      g_assert_cmpint (rgba[3], ==, expected[y * 61 + x]);
    }
  }
  gst_buffer_unmap (in, &from);
  gst_buffer_unmap (out, &to);
}

/* Downstream that reads crops gets frames that are larger than their caps. */
static void
test_cutouts_show_what_a_crop_shows (void)
{
  g_autoptr (TestHarness) harness = with_output ("cutout");
  g_autoptr (GstCaps) caps = test_caps ("RGBA", 20, 10);
  g_autoptr (GstBuffer) out = NULL;
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 160 };
  GstBuffer *in = gst_buffer_new_allocate (NULL, 160 * 30, NULL);
  GstVideoCropMeta *crop;
  GstMapInfo map;

  gst_buffer_map (in, &map, GST_MAP_WRITE);
  for (gint y = 0; y < 30; y++) {
    for (gint x = 0; x < 40; x++)
      map.data[160 * y + 4 * x] = map.data[160 * y + 4 * x + 1] =
          map.data[160 * y + 4 * x + 2] = (guint8) (y * 8 + x);
  }
  gst_buffer_unmap (in, &map);
  gst_buffer_add_video_meta_full (in, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_RGBA, 40, 30, 1, offset, stride);
  crop = gst_buffer_add_video_crop_meta (in);
  crop->x = 6;
  crop->y = 3;
  crop->width = 20;
  crop->height = 10;
  GST_BUFFER_PTS (in) = 0;
  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  gst_buffer_map (out, &map, GST_MAP_READ);
  for (gint y = 0; y < 10; y++) {
    for (gint x = 0; x < 20; x++)
      g_assert_cmpint (
          map.data[80 * y + 4 * x], ==, (guint8) ((y + 3) * 8 + x + 6));
  }
  gst_buffer_unmap (out, &map);
}

/* A frame whose GstVideoMeta says less than the caps is told, by the element
 * and by the library below it. */
static void
test_cutouts_of_frames_smaller_than_their_caps_are_errors (void)
{
  g_autoptr (TestHarness) harness = with_output ("cutout");
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 64 * 48, NULL);
  g_autoptr (GstBuffer) out = gst_buffer_new_allocate (NULL, 4 * 64 * 48, NULL);
  g_autoptr (GstSodMap) map =
      gst_sod_map_new (pixels, 64, 48, NULL, NULL, NULL, 0, 0);
  g_autoptr (GstSodCutout) cutout = NULL;
  g_autoptr (GstBuffer) in = NULL;
  g_autoptr (GError) error = NULL;
  GstVideoInfo from, to;

  gst_video_info_set_format (&from, GST_VIDEO_FORMAT_RGB, 64, 48);
  gst_video_info_set_format (&to, GST_VIDEO_FORMAT_RGBA, 64, 48);
  in = test_frame (&from, 1, 0);
  gst_buffer_add_video_meta (
      in, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 32, 24);
  cutout = gst_sod_cutout_new (&from, &to, &error);
  g_assert_no_error (error);
  g_assert_false (gst_sod_cutout_draw (cutout, in, map, out, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "64x48"));

  test_set_caps (harness, "RGB", 64, 48);
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_ref (in)), ==, GST_FLOW_ERROR);
  test_assert_error (harness->element, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FORMAT, "GstVideoMeta");
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func ("/output/frames-keep-memory-times-flags-and-metas",
      test_frames_keep_memory_times_flags_and_metas);
  g_test_add_func (
      "/output/the-map-is-the-librarys", test_the_map_is_the_librarys);
  g_test_add_func ("/output/the-source-is-the-elements-name-by-default",
      test_the_source_is_the_elements_name_by_default);
  g_test_add_func ("/output/a-shared-frame-stays-as-it-is",
      test_a_shared_frame_stays_as_it_is);
  g_test_add_func ("/output/regions-follow-their-properties-while-playing",
      test_regions_follow_their_properties_while_playing);
  g_test_add_func ("/output/the-models-threshold-is-the-default",
      test_the_models_threshold_is_the_default);
  g_test_add_func ("/output/maps-have-the-frames-size-or-the-one-asked-for",
      test_maps_have_the_frames_size_or_the_one_asked_for);
  g_test_add_func (
      "/output/maps-come-out-of-a-pool", test_maps_come_out_of_a_pool);
  g_test_add_func ("/output/maps-may-be-written-to-downstream",
      test_maps_may_be_written_to_downstream);
  g_test_add_func (
      "/output/metas-are-scaled-to-the-map", test_metas_are_scaled_to_the_map);
  g_test_add_func ("/output/another-counts-from-the-next-start",
      test_another_output_counts_from_the_next_start);
  g_test_add_func ("/output/cutouts-have-the-map-as-alpha",
      test_cutouts_have_the_map_as_alpha);
  g_test_add_func ("/output/cutouts-show-what-a-crop-shows",
      test_cutouts_show_what_a_crop_shows);
  g_test_add_func (
      "/output/cutouts-of-frames-smaller-than-their-caps-are-errors",
      test_cutouts_of_frames_smaller_than_their_caps_are_errors);
  return test_finish ();
}
