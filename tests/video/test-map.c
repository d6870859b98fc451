/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/gstsod.h>
#include <gst-sod/video/map-private.h>
#include <gst-sod/video/regions-private.h>

#include "scene.h"

static GstBuffer *
new_pixels (gint width, gint height, guint8 code)
{
  g_autoptr (GstSodMapWriter) writer =
      gst_sod_map_writer_new (width, height, NULL);
  gsize size = gst_sod_map_writer_get_size (writer);
  GstBuffer *pixels = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (pixels, 0, code, size);
  return pixels;
}

static GstSodMap *
new_map (void)
{
  g_autoptr (GstBuffer) pixels = new_pixels (6, 4, 200);

  return gst_sod_map_new (
      pixels, 6, 4, "gate", "base", "3", GST_SOD_MAP_FLAG_WARM_UP, 5);
}

static void
assert_map (GstBuffer *buffer)
{
  GstSodMap *map = gst_sod_buffer_get_map (buffer);
  gdouble x, y, width, height;

  g_assert_nonnull (map);
  g_assert_cmpint (gst_sod_map_get_width (map), ==, 6);
  g_assert_cmpint (gst_sod_map_get_height (map), ==, 4);
  g_assert_cmpstr (gst_sod_map_get_source_id (map), ==, "gate");
  g_assert_cmpstr (gst_sod_map_get_model_id (map), ==, "base");
  g_assert_cmpstr (gst_sod_map_get_model_version (map), ==, "3");
  g_assert_cmpuint (gst_sod_map_get_age (map), ==, 5);
  g_assert_cmpuint (gst_sod_map_get_flags (map), ==, GST_SOD_MAP_FLAG_WARM_UP);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_map_get_score (map), 200 / 255.0, 1e-9);
  gst_sod_map_get_rectangle (map, &x, &y, &width, &height);
  g_assert_cmpfloat (x, ==, 0);
  g_assert_cmpfloat (y, ==, 0);
  g_assert_cmpfloat (width, ==, 1);
  g_assert_cmpfloat (height, ==, 1);
}

static void
test_score (void)
{
  static const guint8 codes[] = { 0, 127, 128, 255 };
  g_autoptr (GstBuffer) pixels = new_pixels (4, 1, 0);
  g_autoptr (GstBuffer) dark = new_pixels (4, 1, 127);
  g_autoptr (GstSodMap) map = NULL, nothing = NULL;

  gst_buffer_fill (pixels, 0, codes, 4);
  map = gst_sod_map_new (pixels, 4, 1, NULL, NULL, NULL, 0, 0);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_map_get_score (map), (128 + 255) / 2.0 / 255, 1e-9);
  g_assert_null (gst_sod_map_get_model_id (map));
  nothing = gst_sod_map_new (dark, 4, 1, NULL, NULL, NULL, 0, 0);
  g_assert_cmpfloat (gst_sod_map_get_score (nothing), ==, 0);
}

/* The padding of a row is no part of the map. */
static void
test_strides (void)
{
  gsize offset[GST_VIDEO_MAX_PLANES] = { 3 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 9 };
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 30, NULL);
  g_autoptr (GstSodMap) map = NULL;

  gst_buffer_memset (pixels, 0, 255, 30);
  for (gsize y = 0; y < 3; y++)
    gst_buffer_memset (pixels, 3 + 9 * y, 128, 5);
  gst_buffer_add_video_meta_full (
      pixels, 0, GST_VIDEO_FORMAT_GRAY8, 5, 3, 1, offset, stride);
  map = gst_sod_map_new (pixels, 5, 3, NULL, NULL, NULL, 0, 0);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_map_get_score (map), 128 / 255.0, 1e-9);
}

static void
test_reused (void)
{
  g_autoptr (GstSodMap) map = new_map ();
  g_autoptr (GstSodMap) reused = gst_sod_map_new_reused (map, 77);

  g_assert_true (
      gst_sod_map_get_pixels (reused) == gst_sod_map_get_pixels (map));
  g_assert_cmpuint (gst_sod_map_get_age (reused), ==, 77);
  g_assert_cmpuint (gst_sod_map_get_flags (reused), ==,
      GST_SOD_MAP_FLAG_WARM_UP | GST_SOD_MAP_FLAG_REUSED);
  g_assert_cmpuint (gst_sod_map_get_age (map), ==, 5);
  g_assert_cmpfloat (
      gst_sod_map_get_score (reused), ==, gst_sod_map_get_score (map));
  g_assert_cmpstr (gst_sod_map_get_model_id (reused), ==, "base");
}

static void
test_pool_makes_maps_of_those_that_came_back (void)
{
  g_autoptr (GstSodMapPool) pool = gst_sod_map_pool_new ();
  g_autoptr (GstBuffer) pixels = new_pixels (6, 4, 200);
  g_autoptr (GstSodMap) reused = NULL, other = NULL;
  GstSodMap *map, *first;

  gst_sod_map_pool_set_origin (pool, "gate", "base", "2");
  first = gst_sod_map_pool_make (pool, pixels, 6, 4, 0);
  g_assert_cmpstr (gst_sod_map_get_model_version (first), ==, "2");
  gst_sod_map_unref (first);
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (pixels), ==, 1);

  gst_sod_map_pool_set_origin (pool, "gate", "base", "3");
  map = gst_sod_map_pool_make (pool, pixels, 6, 4, GST_SOD_MAP_FLAG_WARM_UP);
  g_assert_true (map == first);
  g_assert_cmpuint (gst_sod_map_get_age (map), ==, 0);
  reused = gst_sod_map_pool_make_reused (pool, map, 5);
  gst_sod_map_unref (map);
  g_assert_true (gst_sod_map_get_pixels (reused) == pixels);
  g_assert_cmpuint (gst_sod_map_get_age (reused), ==, 5);
  g_assert_cmpuint (gst_sod_map_get_flags (reused), ==,
      GST_SOD_MAP_FLAG_WARM_UP | GST_SOD_MAP_FLAG_REUSED);
  g_assert_cmpstr (gst_sod_map_get_model_version (reused), ==, "3");
  g_assert_cmpfloat_with_epsilon (
      gst_sod_map_get_score (reused), 200 / 255.0, 1e-9);

  gst_sod_map_pool_set_origin (pool, NULL, NULL, NULL);
  other = gst_sod_map_pool_make (pool, pixels, 6, 4, 0);
  g_assert_true (other == first);
  g_assert_null (gst_sod_map_get_source_id (other));
  g_assert_cmpuint (gst_sod_map_get_flags (other), ==, GST_SOD_MAP_FLAG_NONE);
}

/* The frame of a map that it carries itself goes back to its pool. */
static void
test_pool_shares_the_memory_of_a_frame (void)
{
  g_autoptr (GstSodMapPool) pool = gst_sod_map_pool_new ();
  g_autoptr (GstBuffer) frame = new_pixels (6, 4, 200);
  GstMemory *memory = gst_buffer_peek_memory (frame, 0);
  GstSodMap *kept = NULL;

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstBuffer) carrier = gst_buffer_copy (frame);
    g_autoptr (GstSodMap) map =
        gst_sod_map_pool_make_sharing (pool, carrier, 6, 4, 0);

    g_assert_true (gst_sod_map_get_pixels (map) != carrier);
    g_assert_true (
        gst_buffer_peek_memory (gst_sod_map_get_pixels (map), 0) == memory);
    gst_sod_buffer_add_map (carrier, map);
    if (i == 1)
      kept = gst_sod_map_ref (map);
  }
  g_clear_object (&pool);
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (memory), ==, 2);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_map_get_score (kept), 200 / 255.0, 1e-9);
  gst_sod_map_unref (kept);
  g_assert_cmpint (GST_MINI_OBJECT_REFCOUNT_VALUE (memory), ==, 1);
}

static void
test_boxed (void)
{
  g_autoptr (GstSodMap) map = new_map ();
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, GST_SOD_TYPE_MAP);
  g_value_set_boxed (&value, map);
  g_assert_true (g_value_get_boxed (&value) == map);
}

static void
test_copies (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 16, NULL);
  g_autoptr (GstBuffer) copy = NULL, deep = NULL, part = NULL;
  g_autoptr (GstSodMap) map = new_map ();
  GstBuffer *writable;

  g_assert_null (gst_sod_buffer_get_map (buffer));
  gst_sod_buffer_add_map (buffer, map);
  assert_map (buffer);
  copy = gst_buffer_copy (buffer);
  assert_map (copy);
  deep = gst_buffer_copy_deep (buffer);
  assert_map (deep);
  writable = gst_buffer_make_writable (gst_buffer_ref (buffer));
  g_assert_true (writable != buffer);
  assert_map (writable);
  gst_buffer_unref (writable);
  part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 4, 4);
  g_assert_null (gst_sod_buffer_get_map (part));
}

/* More regions than a meta has room for, and fewer after that. */
static void
test_regions_are_kept_beside_the_map (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 16, NULL);
  g_autoptr (GPtrArray) regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  g_autoptr (GstSodMap) map = new_map ();
  g_autoptr (GstBuffer) copy = NULL;

  for (guint i = 1; i <= 20; i++) {
    GstSodRegion region = { i, { 0, 0, 1, 1 }, 1.0 / i, 0.5 };

    g_ptr_array_add (regions, gst_sod_region_copy (&region));
  }
  gst_sod_buffer_add_map (buffer, map);
  gst_sod_buffer_set_known_regions (buffer, regions);
  copy = gst_buffer_copy (buffer);
  for (guint i = 1; i <= 20; i++)
    g_assert_cmpfloat (
        gst_sod_buffer_get_known_region (copy, i)->area, ==, 1.0 / i);
  g_assert_null (gst_sod_buffer_get_known_region (copy, 21));
  g_ptr_array_set_size (regions, 3);
  gst_sod_buffer_set_known_regions (copy, regions);
  g_assert_nonnull (gst_sod_buffer_get_known_region (copy, 3));
  g_assert_null (gst_sod_buffer_get_known_region (copy, 4));
  g_assert_nonnull (gst_sod_buffer_get_known_region (buffer, 20));
  assert_map (copy);
}

static void
test_measures (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 16, NULL);
  g_autoptr (GstBuffer) copy = NULL;
  g_autoptr (GstSodMap) map = new_map ();
  gdouble error = -1, disagreement = -1;

  g_assert_false (gst_sod_buffer_get_reconstruction_error (buffer, &error));
  gst_sod_buffer_add_map (buffer, map);
  g_assert_false (gst_sod_buffer_get_disagreement (buffer, &disagreement));
  gst_sod_buffer_set_reconstruction_error (buffer, 0.25);
  gst_sod_buffer_set_disagreement (buffer, 0.125);
  copy = gst_buffer_copy (buffer);
  assert_map (copy);
  g_assert_true (gst_sod_buffer_get_reconstruction_error (copy, &error));
  g_assert_true (gst_sod_buffer_get_disagreement (copy, &disagreement));
  g_assert_cmpfloat (error, ==, 0.25);
  g_assert_cmpfloat (disagreement, ==, 0.125);
  g_assert_true (gst_sod_buffer_get_disagreement (copy, NULL));
}

static void
test_replaced (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 16, NULL);
  g_autoptr (GstSodMap) map = new_map ();
  g_autoptr (GstSodMap) second = gst_sod_map_new_reused (map, 9);
  gpointer state = NULL;
  guint n_metas = 0;

  gst_sod_buffer_add_map (buffer, map);
  gst_sod_buffer_add_map (buffer, second);
  g_assert_true (gst_sod_buffer_get_map (buffer) == second);
  while (gst_buffer_iterate_meta (buffer, &state) != NULL)
    n_metas++;
  g_assert_cmpuint (n_metas, ==, 1);
}

static GstPadProbeReturn
attach (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  g_autoptr (GPtrArray) regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  GstSodRegion region = { 3, { 0.25, 0.25, 0.75, 0.5 }, 0.1, 0.9 };

  g_ptr_array_add (regions, gst_sod_region_copy (&region));
  gst_sod_buffer_add_map (buffer, data);
  gst_sod_buffer_add_regions (buffer, 64, 48, regions);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

static void
assert_region (GstBuffer *buffer, const GstVideoInfo *info)
{
  g_autoptr (GPtrArray) regions =
      gst_sod_buffer_get_regions (buffer, info->width, info->height);
  const GstSodRegion *region;
  gdouble x, y, width, height;

  g_assert_cmpuint (regions->len, ==, 1);
  region = g_ptr_array_index (regions, 0);
  g_assert_cmpuint (gst_sod_region_get_id (region), ==, 3);
  g_assert_cmpfloat (gst_sod_region_get_score (region), ==, 0.9);
  gst_sod_region_get_box (region, &x, &y, &width, &height);
  g_assert_cmpfloat_with_epsilon (x, 0.25, 1e-9);
  g_assert_cmpfloat_with_epsilon (y, 0.25, 1e-9);
  g_assert_cmpfloat_with_epsilon (width, 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (height, 0.25, 1e-9);
}

static GstPadProbeReturn
check (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstVideoInfo video;
  guint *count = data;

  g_assert_true (gst_video_info_from_caps (&video, caps));
  assert_map (GST_PAD_PROBE_INFO_BUFFER (info));
  assert_region (GST_PAD_PROBE_INFO_BUFFER (info), &video);
  (*count)++;
  return GST_PAD_PROBE_OK;
}

/* Three frames go from `from` to `to` through @path. */
static void
run_path (const gchar *path)
{
  g_autofree gchar *line = g_strdup_printf (
      "videotestsrc num-buffers=3 ! video/x-raw,format=I420,width=64,height=48"
      " ! identity name=from ! %s ! fakesink name=to",
      path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstElement) from = NULL, to = NULL;
  g_autoptr (GstPad) from_pad = NULL, to_pad = NULL;
  g_autoptr (GstSodMap) map = new_map ();
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  guint count = 0;

  g_assert_no_error (error);
  from = gst_bin_get_by_name (GST_BIN (pipeline), "from");
  to = gst_bin_get_by_name (GST_BIN (pipeline), "to");
  from_pad = gst_element_get_static_pad (from, "src");
  to_pad = gst_element_get_static_pad (to, "sink");
  gst_pad_add_probe (from_pad, GST_PAD_PROBE_TYPE_BUFFER, attach, map, NULL);
  gst_pad_add_probe (to_pad, GST_PAD_PROBE_TYPE_BUFFER, check, &count, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_cmpuint (count, ==, 3);
}

static void
test_elements (gconstpointer data)
{
  run_path (data);
}

static void
test_writer (void)
{
  g_autoptr (GstSodMapWriter) writer = gst_sod_map_writer_new (7, 3, NULL);
  g_autoptr (GstBuffer) pixels = new_pixels (7, 3, 0);
  g_autoptr (GstBuffer) small = gst_buffer_new_allocate (NULL, 20, NULL);
  g_autoptr (GError) error = NULL;
  GstSodImage *image;
  guint8 code;

  image = gst_sod_map_writer_map (writer, pixels, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 7);
  g_assert_cmpint (gst_sod_image_get_height (image), ==, 3);
  gst_sod_image_gray_row (image, 2)[6] = 99;
  gst_sod_map_writer_unmap (writer);
  gst_buffer_extract (pixels, 2 * 8 + 6, &code, 1);
  g_assert_cmpuint (code, ==, 99);

  g_assert_null (gst_sod_map_writer_map (writer, small, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_clear_error (&error);
  g_assert_null (gst_sod_map_writer_new (0, 3, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

/* Five pixels a row: the rows of map and mask are padded. */
static void
test_mask (void)
{
  static const guint8 rows[] = { 0, 101, 102, 103, 255, 7, 7, 7, /* padding */
    102, 0, 0, 0, 101, 7, 7, 7 };
  static const guint8 masks[] = { 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 0,
    0, 0, 0 };
  g_autoptr (GstBuffer) pixels = gst_buffer_new_memdup (rows, sizeof rows);
  g_autoptr (GstSodMap) map =
      gst_sod_map_new (pixels, 5, 2, NULL, NULL, NULL, 0, 0);
  g_autoptr (GstBuffer) mask = gst_sod_map_make_mask (map, 102 / 255.0);
  g_autoptr (GstBuffer) all = gst_sod_map_make_mask (map, 0);
  g_autoptr (GstBuffer) none = gst_sod_map_make_mask (map, 1);

  g_assert_cmpuint (gst_buffer_get_size (mask), ==, sizeof masks);
  g_assert_cmpint (gst_buffer_memcmp (mask, 0, masks, sizeof masks), ==, 0);
  g_assert_cmpint (
      gst_buffer_memcmp (all, 0, "\xff\xff\xff\xff\xff", 5), ==, 0);
  g_assert_cmpint (gst_buffer_memcmp (none, 0, "\0\0\0\0\xff", 5), ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/map/score/is-the-mean-of-salient-pixels", test_score);
  g_test_add_func ("/map/pixels/strides-come-from-video-meta", test_strides);
  g_test_add_func ("/map/reused/shares-pixels-and-says-so", test_reused);
  g_test_add_func ("/map/pool/makes-maps-of-those-that-came-back",
      test_pool_makes_maps_of_those_that_came_back);
  g_test_add_func ("/map/pool/shares-the-memory-of-a-frame",
      test_pool_shares_the_memory_of_a_frame);
  g_test_add_func ("/map/type/is-boxed", test_boxed);
  g_test_add_func ("/map/buffer/copies-carry-it", test_copies);
  g_test_add_func ("/map/buffer/second-map-replaces-first", test_replaced);
  g_test_add_func ("/map/buffer/regions-are-kept-beside-it",
      test_regions_are_kept_beside_the_map);
  g_test_add_func ("/map/buffer/measures-go-along", test_measures);
  g_test_add_data_func (
      "/map/elements/queue-keeps-both", "queue", test_elements);
  g_test_add_data_func ("/map/elements/tee-keeps-both",
      "tee name=t ! queue ! fakesink t. ! queue", test_elements);
  g_test_add_data_func ("/map/elements/videoscale-keeps-both",
      "videoscale ! video/x-raw,width=100,height=20,pixel-aspect-ratio=1/1",
      test_elements);
  g_test_add_data_func ("/map/elements/videoconvert-keeps-both",
      "videoconvert ! video/x-raw,format=RGB", test_elements);
  g_test_add_data_func (
      "/map/elements/videorate-keeps-both", "videorate", test_elements);
  g_test_add_func ("/map/mask/is-white-from-the-threshold-on", test_mask);
  g_test_add_func ("/map/writer/shows-buffers-as-pictures", test_writer);
  return g_test_run ();
}
