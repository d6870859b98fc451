/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/gstsod.h>
#include <gst-sod/video/overlay-private.h>

#include "scene.h"

#include <math.h>
#include <string.h>

#define WIDTH 192
#define HEIGHT 96

/* Formats of every family: bytes, words, packed bits, planes, tiles. */
static const GstVideoFormat formats[] = {
  GST_VIDEO_FORMAT_RGB,
  GST_VIDEO_FORMAT_BGRx,
  GST_VIDEO_FORMAT_ARGB,
  GST_VIDEO_FORMAT_GBR,
  GST_VIDEO_FORMAT_I420,
  GST_VIDEO_FORMAT_NV12,
  GST_VIDEO_FORMAT_NV21,
  GST_VIDEO_FORMAT_YUY2,
  GST_VIDEO_FORMAT_UYVY,
  GST_VIDEO_FORMAT_Y444,
  GST_VIDEO_FORMAT_Y41B,
  GST_VIDEO_FORMAT_AYUV,
  GST_VIDEO_FORMAT_GRAY8,
  GST_VIDEO_FORMAT_GRAY16_LE,
  GST_VIDEO_FORMAT_I420_10LE,
  GST_VIDEO_FORMAT_I422_10LE,
  GST_VIDEO_FORMAT_P010_10LE,
  GST_VIDEO_FORMAT_Y210,
  GST_VIDEO_FORMAT_I420_10BE,
  GST_VIDEO_FORMAT_v210,
  GST_VIDEO_FORMAT_RGB10A2_LE,
  GST_VIDEO_FORMAT_ARGB64,
  GST_VIDEO_FORMAT_GRAY10_LE32,
  GST_VIDEO_FORMAT_NV12_4L4,
};

/* Left half salient. */
static GstSodMap *
new_map (gint width, gint height)
{
  gint stride = GST_ROUND_UP_4 (width);
  g_autoptr (GstBuffer) pixels =
      gst_buffer_new_allocate (NULL, stride * height, NULL);

  gst_buffer_memset (pixels, 0, 0, -1);
  for (gint y = 0; y < height; y++)
    gst_buffer_memset (pixels, y * stride, 255, width / 2);
  return gst_sod_map_new (pixels, width, height, NULL, NULL, NULL, 0, 0);
}

static void
draw (GstSodOverlay *overlay, const GstVideoInfo *info, GstBuffer *buffer,
    const GstSodMap *map, GPtrArray *regions)
{
  g_autoptr (GError) error = NULL;
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  gst_sod_overlay_draw (overlay, &frame, map, regions, &error);
  g_assert_no_error (error);
  gst_video_frame_unmap (&frame);
}

/* A frame before and after something was drawn on it. */
typedef struct
{
  GstVideoInfo info;
  GstBuffer *before, *after;
  GstSodFrameReader *readers[2];
  const GstSodImage *images[2];
} Pair;

static void
open_pair (Pair *pair, GstVideoFormat format, GstSodOverlayStyle style,
    const GstSodMap *map, GPtrArray *regions)
{
  g_autoptr (GstSodOverlay) overlay = NULL;
  g_autoptr (GError) error = NULL;

  gst_video_info_set_format (&pair->info, format, WIDTH, HEIGHT);
  pair->before = scene_render (&pair->info);
  pair->after = gst_buffer_copy_deep (pair->before);
  overlay = gst_sod_overlay_new (&pair->info, &error);
  g_assert_no_error (error);
  gst_sod_overlay_set_style (overlay, style);
  draw (overlay, &pair->info, pair->after, map, regions);
  for (guint k = 0; k < 2; k++) {
    pair->readers[k] = gst_sod_frame_reader_new (&pair->info, NULL);
    pair->images[k] = gst_sod_frame_reader_map (
        pair->readers[k], k == 0 ? pair->before : pair->after, NULL);
    g_assert_nonnull (pair->images[k]);
  }
}

static void
close_pair (Pair *pair)
{
  for (guint k = 0; k < 2; k++) {
    gst_sod_frame_reader_unmap (pair->readers[k]);
    g_object_unref (pair->readers[k]);
  }
  gst_buffer_unref (pair->before);
  gst_buffer_unref (pair->after);
}

static SceneColour
look (const Pair *pair, guint which, gint x, gint y)
{
  return scene_look (
      pair->images[which], (x + 0.5) / WIDTH, (y + 0.5) / HEIGHT);
}

static gdouble
get_change (const Pair *pair, gint x, gint y)
{
  SceneColour a = look (pair, 0, x, y), b = look (pair, 1, x, y);

  return MAX (fabs (a.r - b.r), MAX (fabs (a.g - b.g), fabs (a.b - b.b)));
}

static void
assert_shows (
    const Pair *pair, gint x, gint y, SceneColour wanted, gdouble tolerance)
{
  SceneColour found = look (pair, 1, x, y);

  if (pair->images[1]->n_components == 1)
    wanted.r = wanted.g = wanted.b =
        0.299 * wanted.r + 0.587 * wanted.g + 0.114 * wanted.b;
  if (fabs (found.r - wanted.r) <= tolerance
      && fabs (found.g - wanted.g) <= tolerance
      && fabs (found.b - wanted.b) <= tolerance)
    return;
  g_test_message ("%s at %d,%d: (%.3f %.3f %.3f), expected (%.3f %.3f %.3f)",
      pair->info.finfo->name, x, y, found.r, found.g, found.b, wanted.r,
      wanted.g, wanted.b);
  g_test_fail ();
}

static void
test_heatmap (void)
{
  g_autoptr (GstSodMap) map = new_map (WIDTH, HEIGHT);
  GstSodColour hot = gst_sod_colormap_get (GST_SOD_COLORMAP_TURBO, 1);

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    Pair pair;

    open_pair (&pair, formats[k], GST_SOD_OVERLAY_STYLE_HEATMAP, map, NULL);
    for (gint y = 16; y < HEIGHT; y += 32) {
      for (gint x = 24; x < WIDTH / 2; x += 48) {
        SceneColour under = look (&pair, 0, x, y);

        assert_shows (&pair, x, y,
            (SceneColour){ 0.4 * under.r + 0.6 * hot.r,
                0.4 * under.g + 0.6 * hot.g, 0.4 * under.b + 0.6 * hot.b },
            0.02);
      }
      for (gint x = WIDTH / 2 + 8; x < WIDTH; x++)
        g_assert_cmpfloat (get_change (&pair, x, y), <=, 0.004);
    }
    close_pair (&pair);
  }
}

static void
test_contour (void)
{
  g_autoptr (GstSodMap) map = new_map (WIDTH / 8, HEIGHT / 8);

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    Pair pair;

    open_pair (&pair, formats[k], GST_SOD_OVERLAY_STYLE_CONTOUR, map, NULL);
    for (gint y = 4; y < HEIGHT; y += 9) {
      if (pair.info.finfo->w_sub[1] == 0)
        assert_shows (
            &pair, WIDTH / 2 - 1, y, (SceneColour){ 1, 0.85, 0.1 }, 0.03);
      g_assert_cmpfloat (get_change (&pair, WIDTH / 2, y), >, 0.05);
      for (gint x = 0; x < WIDTH; x++) {
        if (ABS (x - WIDTH / 2) > 8)
          g_assert_cmpfloat (get_change (&pair, x, y), <=, 0.004);
      }
    }
    close_pair (&pair);
  }
}

/* A disc's outline is closed and of an even width. */
static void
test_contour_width (void)
{
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 64 * 64, NULL);
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GstSodMap) map = NULL;
  g_autoptr (GstSodOverlay) overlay = NULL;
  GstVideoInfo info;
  GstMapInfo data;

  gst_buffer_map (pixels, &data, GST_MAP_WRITE);
  for (gint y = 0; y < 64; y++) {
    for (gint x = 0; x < 64; x++)
      data.data[64 * y + x] =
          (guint8) CLAMP (128 + 30 * (20 - hypot (x - 31.5, y - 31.5)), 0, 255);
  }
  gst_buffer_unmap (pixels, &data);
  map = gst_sod_map_new (pixels, 64, 64, NULL, NULL, NULL, 0, 0);
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, 512, 512);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 0, -1);
  overlay = gst_sod_overlay_new (&info, NULL);
  gst_sod_overlay_set_style (overlay, GST_SOD_OVERLAY_STYLE_CONTOUR);
  draw (overlay, &info, buffer, map, NULL);
  gst_buffer_map (buffer, &data, GST_MAP_READ);
  for (gint degrees = 0; degrees < 360; degrees += 5) {
    gdouble c = cos (degrees * G_PI / 180), s = sin (degrees * G_PI / 180);
    gdouble width = 0;

    for (gdouble radius = 120; radius < 200; radius += 0.25) {
      gint x = (gint) (256 + c * radius), y = (gint) (256 + s * radius);

      width += 0.25 * data.data[512 * y + x] / 213.0;
    }
    g_assert_cmpfloat_with_epsilon (width, 3, 0.6);
  }
  gst_buffer_unmap (buffer, &data);
}

static GPtrArray *
new_regions (void)
{
  GPtrArray *regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  GstSodRegion region = { 7, { 0.25, 0.5, 0.75, 0.875 }, 0.1, 0.93 };

  g_ptr_array_add (regions, gst_sod_region_copy (&region));
  return regions;
}

static void
test_boxes (void)
{
  g_autoptr (GPtrArray) regions = new_regions ();

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    Pair pair;
    gint n_changed = 0;

    open_pair (&pair, formats[k], GST_SOD_OVERLAY_STYLE_BOXES, NULL, regions);
    for (gint y = 0; y < HEIGHT; y++) {
      for (gint x = 0; x < WIDTH; x++) {
        gboolean inside = x >= 52 && x < 140 && y >= 52 && y < 80;
        gboolean outside = x < 44 || x >= 148 || y < 36 || y >= 88;

        if (inside || outside)
          g_assert_cmpfloat (get_change (&pair, x, y), <=, 0.004);
        else
          n_changed += get_change (&pair, x, y) > 0.1;
      }
    }
    g_assert_cmpint (n_changed, >, 150);
    for (gint y = 50; y < 84; y++)
      g_assert_cmpfloat (get_change (&pair, 48, y), >, 0.02);
    close_pair (&pair);
  }
}

/* Regions at and over the edges, of no size, of a size below a line. */
static void
test_odd_boxes (void)
{
  static const GstSodBox boxes[] = { { 0, 0, 1, 1 }, { -1, -1, 2, 2 },
    { 0.5, 0.5, 0.5, 0.5 }, { 0.9, 0.9, 0.2, 0.2 }, { 0.99, 0.99, 1, 1 },
    { 0.2, 0, 0.21, 0.01 } };
  static const gint sizes[][2] = { { 1, 1 }, { 2, 3 }, { 33, 17 }, { 640, 5 } };
  g_autoptr (GPtrArray) regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);

  for (guint k = 0; k < G_N_ELEMENTS (boxes); k++) {
    GstSodRegion region = { G_MAXUINT - k, boxes[k], 0.5, k == 0 ? 1e300 : 1 };

    g_ptr_array_add (regions, gst_sod_region_copy (&region));
  }
  for (guint k = 0; k < G_N_ELEMENTS (sizes); k++) {
    for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
      g_autoptr (GstSodOverlay) overlay = NULL;
      g_autoptr (GstSodMap) map = new_map (5, 3);
      g_autoptr (GstBuffer) buffer = NULL;
      GstVideoInfo info;

      gst_video_info_set_format (&info, formats[f], sizes[k][0], sizes[k][1]);
      buffer = scene_render (&info);
      overlay = gst_sod_overlay_new (&info, NULL);
      gst_sod_overlay_set_style (overlay, 15);
      draw (overlay, &info, buffer, map, regions);
    }
  }
}

/* Rows of alternating brightness, which a blur makes even. */
static void
test_blur (void)
{
  static const GstVideoFormat plain[] = { GST_VIDEO_FORMAT_RGB,
    GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_YUY2 };

  for (guint k = 0; k < G_N_ELEMENTS (plain); k++) {
    g_autoptr (GstSodMap) map = new_map (WIDTH, HEIGHT);
    g_autoptr (GstSodOverlay) overlay = NULL;
    g_autoptr (GstBuffer) buffer = NULL, before = NULL;
    GstVideoInfo info;
    GstMapInfo a, b;
    gint bytes, stride;

    gst_video_info_set_format (&info, plain[k], WIDTH, HEIGHT);
    stride = info.stride[0];
    bytes = info.finfo->pixel_stride[0] * WIDTH;
    before = gst_buffer_new_allocate (NULL, info.size, NULL);
    gst_buffer_memset (before, 0, 128, -1);
    for (gint y = 0; y < HEIGHT; y++)
      gst_buffer_memset (before, y * stride, y % 2 == 0 ? 60 : 160, bytes);
    buffer = gst_buffer_copy_deep (before);
    overlay = gst_sod_overlay_new (&info, NULL);
    gst_sod_overlay_set_style (overlay, GST_SOD_OVERLAY_STYLE_BLUR);
    draw (overlay, &info, buffer, map, NULL);
    gst_buffer_map (before, &a, GST_MAP_READ);
    gst_buffer_map (buffer, &b, GST_MAP_READ);
    for (gint y = 0; y < HEIGHT; y++) {
      g_assert_cmpmem (
          a.data + y * stride, bytes / 2, b.data + y * stride, bytes / 2);
      for (gint x = bytes / 2 + 8; x < bytes; x++) {
        guint code = b.data[y * stride + x];

        if (plain[k] == GST_VIDEO_FORMAT_YUY2 && x % 2 != 0)
          continue;
        g_assert_cmpuint (code, >=, 100);
        g_assert_cmpuint (code, <=, 120);
      }
    }
    gst_buffer_unmap (buffer, &b);
    gst_buffer_unmap (before, &a);
  }
}

/* What is not salient takes no colour from what is. */
static void
test_no_halo (void)
{
  g_autoptr (GstSodMap) map = new_map (WIDTH, HEIGHT);
  g_autoptr (GstSodOverlay) overlay = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoInfo info;
  GstMapInfo data;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 50, -1);
  for (gint y = 0; y < HEIGHT; y++)
    gst_buffer_memset (buffer, y * WIDTH, 250, WIDTH / 2);
  overlay = gst_sod_overlay_new (&info, NULL);
  gst_sod_overlay_set_style (overlay, GST_SOD_OVERLAY_STYLE_BLUR);
  draw (overlay, &info, buffer, map, NULL);
  gst_buffer_map (buffer, &data, GST_MAP_READ);
  for (gint x = WIDTH / 2; x < WIDTH; x++)
    g_assert_cmpuint (data.data[HEIGHT / 2 * WIDTH + x], <=, 60);
  gst_buffer_unmap (buffer, &data);
}

static void
test_without_map (void)
{
  Pair pair;
  gdouble blurred = 0;

  open_pair (&pair, GST_VIDEO_FORMAT_I420,
      GST_SOD_OVERLAY_STYLE_HEATMAP | GST_SOD_OVERLAY_STYLE_CONTOUR, NULL,
      NULL);
  for (gint x = 0; x < WIDTH; x++)
    g_assert_cmpfloat (get_change (&pair, x, 50), ==, 0);
  close_pair (&pair);
  open_pair (
      &pair, GST_VIDEO_FORMAT_I420, GST_SOD_OVERLAY_STYLE_BLUR, NULL, NULL);
  for (gint x = 0; x < WIDTH; x++)
    blurred = MAX (blurred, get_change (&pair, x, 32));
  g_assert_cmpfloat (blurred, >, 0.1);
  close_pair (&pair);
}

/* Only the rectangle of the crop is drawn on, and the map covers it. */
static void
test_crop (void)
{
  g_autoptr (GstSodMap) map = new_map (10, 10);
  g_autoptr (GstSodOverlay) overlay = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoCropMeta *crop;
  GstVideoInfo info;
  GstMapInfo data;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 0, -1);
  crop = gst_buffer_add_video_crop_meta (buffer);
  crop->x = 101;
  crop->y = 11;
  crop->width = 40;
  crop->height = 50;
  overlay = gst_sod_overlay_new (&info, NULL);
  gst_sod_overlay_set_colormap (overlay, GST_SOD_COLORMAP_GRAY);
  gst_sod_overlay_set_alpha (overlay, 1);
  draw (overlay, &info, buffer, map, NULL);
  gst_buffer_map (buffer, &data, GST_MAP_READ);
  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gboolean inside = y >= 11 && y < 61 && x >= 101 && x < 119;
      gboolean outside = y < 11 || y >= 61 || x < 101 || x >= 123;

      if (inside)
        g_assert_cmpuint (data.data[y * WIDTH + x], ==, 255);
      if (outside)
        g_assert_cmpuint (data.data[y * WIDTH + x], ==, 0);
    }
  }
  gst_buffer_unmap (buffer, &data);
}

/* Every format that can be looked at can be drawn on, or says what to do. */
static void
test_every_format (void)
{
  g_autoptr (GstCaps) caps = gst_sod_frame_reader_get_caps ();
  const GValue *names =
      gst_structure_get_value (gst_caps_get_structure (caps, 0), "format");
  guint n_refused = 0;

  for (guint i = 0; i < gst_value_list_get_size (names); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodOverlay) overlay = NULL;
    g_autoptr (GstSodMap) map = new_map (12, 12);
    g_autoptr (GPtrArray) regions = new_regions ();
    GstVideoInfo info;

    gst_video_info_set_format (&info,
        gst_video_format_from_string (
            g_value_get_string (gst_value_list_get_value (names, i))),
        77, 51);
    overlay = gst_sod_overlay_new (&info, &error);
    if (overlay != NULL) {
      g_autoptr (GstBuffer) buffer = scene_guard (info.size);

      gst_sod_overlay_set_style (overlay, 15);
      draw (overlay, &info, buffer, map, regions);
      continue;
    }
    n_refused++;
    g_test_message ("%s: %s", info.finfo->name, error->message);
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "videoconvert"));
  }
  g_assert_cmpuint (n_refused, <, 10);
}

static void
test_wrong_frame (void)
{
  g_autoptr (GstSodOverlay) overlay = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GError) error = NULL;
  GstVideoInfo info, other;
  GstVideoFrame frame;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 64, 48);
  gst_video_info_set_format (&other, GST_VIDEO_FORMAT_I420, 64, 46);
  overlay = gst_sod_overlay_new (&info, NULL);
  buffer = scene_render (&other);
  g_assert_true (
      gst_video_frame_map (&frame, &other, buffer, GST_MAP_READWRITE));
  g_assert_false (gst_sod_overlay_draw (overlay, &frame, NULL, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  gst_video_frame_unmap (&frame);
}

static void
test_colormaps (void)
{
  GstSodColour a = gst_sod_colormap_get (GST_SOD_COLORMAP_TURBO, 0);
  GstSodColour b = gst_sod_colormap_get (GST_SOD_COLORMAP_TURBO, 1);

  g_assert_cmpfloat (a.b, >, a.r);
  g_assert_cmpfloat (b.r, >, b.b);
  for (gint map = GST_SOD_COLORMAP_TURBO; map <= GST_SOD_COLORMAP_GREEN;
       map++) {
    for (gint k = 0; k <= 1000; k++) {
      GstSodColour c = gst_sod_colormap_get (map, k / 1000.0);

      g_assert_true (
          c.r >= 0 && c.r <= 1 && c.g >= 0 && c.g <= 1 && c.b >= 0 && c.b <= 1);
    }
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/overlay/heatmap/colours-what-is-salient-only", test_heatmap);
  g_test_add_func ("/overlay/contour/follows-the-threshold", test_contour);
  g_test_add_func ("/overlay/contour/has-an-even-width", test_contour_width);
  g_test_add_func ("/overlay/boxes/leave-their-inside-alone", test_boxes);
  g_test_add_func ("/overlay/boxes/odd-ones-are-harmless", test_odd_boxes);
  g_test_add_func ("/overlay/blur/leaves-what-is-salient-alone", test_blur);
  g_test_add_func ("/overlay/blur/has-no-halo", test_no_halo);
  g_test_add_func ("/overlay/map/none-is-nothing-salient", test_without_map);
  g_test_add_func ("/overlay/crop/is-all-that-is-drawn-on", test_crop);
  g_test_add_func (
      "/overlay/format/each-is-drawn-on-or-refused", test_every_format);
  g_test_add_func ("/overlay/frame/another-is-refused", test_wrong_frame);
  g_test_add_func ("/overlay/colormap/stays-in-range", test_colormaps);
  return g_test_run ();
}
