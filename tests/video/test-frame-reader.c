/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/gstsod.h>

#include "scene.h"

#include <math.h>
#include <string.h>

/* Formats that no camera should ever have to pay a copy for. */
static const GstVideoFormat direct_formats[] = {
  GST_VIDEO_FORMAT_RGB,
  GST_VIDEO_FORMAT_BGR,
  GST_VIDEO_FORMAT_RGBx,
  GST_VIDEO_FORMAT_BGRx,
  GST_VIDEO_FORMAT_xRGB,
  GST_VIDEO_FORMAT_xBGR,
  GST_VIDEO_FORMAT_RGBA,
  GST_VIDEO_FORMAT_BGRA,
  GST_VIDEO_FORMAT_ARGB,
  GST_VIDEO_FORMAT_ABGR,
  GST_VIDEO_FORMAT_GBR,
  GST_VIDEO_FORMAT_GBRA,
  GST_VIDEO_FORMAT_NV12,
  GST_VIDEO_FORMAT_NV21,
  GST_VIDEO_FORMAT_NV16,
  GST_VIDEO_FORMAT_NV24,
  GST_VIDEO_FORMAT_I420,
  GST_VIDEO_FORMAT_YV12,
  GST_VIDEO_FORMAT_Y42B,
  GST_VIDEO_FORMAT_Y444,
  GST_VIDEO_FORMAT_Y41B,
  GST_VIDEO_FORMAT_YUY2,
  GST_VIDEO_FORMAT_UYVY,
  GST_VIDEO_FORMAT_YVYU,
  GST_VIDEO_FORMAT_VYUY,
  GST_VIDEO_FORMAT_AYUV,
  GST_VIDEO_FORMAT_GRAY8,
  GST_VIDEO_FORMAT_GRAY16_LE,
  GST_VIDEO_FORMAT_I420_10LE,
  GST_VIDEO_FORMAT_I422_10LE,
  GST_VIDEO_FORMAT_Y444_10LE,
  GST_VIDEO_FORMAT_P010_10LE,
  GST_VIDEO_FORMAT_P012_LE,
  GST_VIDEO_FORMAT_P016_LE,
  GST_VIDEO_FORMAT_Y210,
  GST_VIDEO_FORMAT_Y212_LE,
  GST_VIDEO_FORMAT_Y412_LE,
  GST_VIDEO_FORMAT_v216,
  GST_VIDEO_FORMAT_RGB16,
};

/* 8-bit rounding there and back, or the steps of the shallowest component,
 * which GstVideo truncates to. */
static gdouble
get_tolerance (const GstVideoFormatInfo *format)
{
  if (GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return 1.0 / 5 + 0.01; /* six levels a component */
  if (format->bits < 8)
    return 1.0 / ((1 << format->depth[0]) - 1);
  return 0.02; /* 1.5 codes of Y and of Cb in video range, BT.2020 */
}

/* Columns of patches whose codes can be told. The bit-packed formats lay their
 * rows out so that those of odd widths have no room for the last chroma. */
static gint
count_columns (const GstVideoInfo *info)
{
  return GST_VIDEO_FORMAT_INFO_IS_COMPLEX (info->finfo) && info->width < 64
                 && info->width % 2 != 0
             ? 1
             : 4;
}

static SceneColour
expect (const GstVideoInfo *info, gint x, gint y)
{
  SceneColour colour = scene_colour (x, y, info->width, info->height);
  gdouble kr, kb, gray;

  if (!GST_VIDEO_FORMAT_INFO_IS_GRAY (info->finfo))
    return colour;
  g_assert_true (
      gst_video_color_matrix_get_Kr_Kb (info->colorimetry.matrix, &kr, &kb));
  gray = kr * colour.r + (1 - kr - kb) * colour.g + kb * colour.b;
  return (SceneColour){ gray, gray, gray };
}

static void
assert_near (const GstVideoInfo *info, gint x, gint y, SceneColour found,
    gdouble tolerance)
{
  SceneColour wanted = expect (info, x, y);

  if (fabs (found.r - wanted.r) <= tolerance
      && fabs (found.g - wanted.g) <= tolerance
      && fabs (found.b - wanted.b) <= tolerance)
    return;
  g_test_message ("%s %dx%d at %d,%d: (%.3f %.3f %.3f), expected "
                  "(%.3f %.3f %.3f) within %.3f",
      info->finfo->name, info->width, info->height, x, y, found.r, found.g,
      found.b, wanted.r, wanted.g, wanted.b, tolerance);
  g_test_fail ();
}

/* Looks at the middle of each patch, and at every sample for its being there.
 */
static void
check_scene (
    const GstVideoInfo *info, GstSodFrameReader *reader, GstBuffer *buffer)
{
  g_autoptr (GError) error = NULL;
  const GstSodImage *image = gst_sod_frame_reader_map (reader, buffer, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, info->width);
  g_assert_cmpint (gst_sod_image_get_height (image), ==, info->height);
  for (gint row = 0; row < 3; row++) {
    for (gint column = 0; column < count_columns (info); column++) {
      gint x = (2 * column + 1) * info->width / 8;
      gint y = (2 * row + 1) * info->height / 6;

      assert_near (info, x, y,
          scene_look (image, (x + 0.5) / info->width, (y + 0.5) / info->height),
          get_tolerance (info->finfo));
    }
  }
  g_assert_cmpuint (scene_sum (image), >, 0);
  gst_sod_frame_reader_unmap (reader);
}

static void
check_info (const GstVideoInfo *info)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodFrameReader) reader =
      gst_sod_frame_reader_new (info, &error);
  g_autoptr (GstBuffer) buffer = scene_render (info);

  g_assert_no_error (error);
  check_scene (info, reader, buffer);
  if (!GST_VIDEO_FORMAT_INFO_IS_TILED (info->finfo)
      && !GST_VIDEO_FORMAT_INFO_HAS_PALETTE (info->finfo)) {
    g_autoptr (GstBuffer) padded = scene_pad (info, buffer, 32);

    check_scene (info, reader, padded);
  }
}

static void
check_format (GstVideoFormat format, gint width, gint height)
{
  GstVideoInfo info;

  g_assert_true (gst_video_info_set_format (&info, format, width, height));
  check_info (&info);
}

static void
test_every_format (gconstpointer data)
{
  static const gint sizes[][2] = { { 64, 48 }, { 1, 1 }, { 2, 2 }, { 3, 5 },
    { 16, 16 }, { 77, 51 }, { 639, 61 } };
  const gint *size = sizes[GPOINTER_TO_INT (data)];
  g_autoptr (GArray) formats = scene_list_formats ();

  g_assert_cmpuint (formats->len, >, 100);
  for (guint i = 0; i < formats->len; i++)
    check_format (g_array_index (formats, GstVideoFormat, i), size[0], size[1]);
}

static void
test_direct (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (direct_formats); k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    const GstSodImage *image;
    GstVideoInfo info;
    GstMapInfo map;

    gst_video_info_set_format (&info, direct_formats[k], 64, 48);
    reader = gst_sod_frame_reader_new (&info, NULL);
    buffer = scene_render (&info);
    image = gst_sod_frame_reader_map (reader, buffer, NULL);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    for (guint i = 0; i < image->n_components; i++) {
      if (image->components[i].data < map.data
          || image->components[i].data >= map.data + map.size)
        g_error ("%s is copied", info.finfo->name);
    }
    gst_buffer_unmap (buffer, &map);
    gst_sod_frame_reader_unmap (reader);
  }
}

static void
test_colorimetry (void)
{
  static const gchar *names[] = { "bt601", "bt709", "smpte240m", "bt2020",
    "1:4:0:0", "1:3:0:0", "2:3:5:1", "1:6:0:0" };
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_NV12,
    GST_VIDEO_FORMAT_YUY2, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_v210 };
  GstVideoInfo info;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
      gst_video_info_set_format (&info, formats[k], 64, 48);
      g_assert_true (
          gst_video_colorimetry_from_string (&info.colorimetry, names[i]));
      g_test_message ("%s", names[i]);
      check_info (&info);
    }
  }
}

static void
test_unknown_colorimetry (void)
{
  g_autoptr (GstSodFrameReader) plain = NULL, unknown = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoInfo info;
  gfloat matrix[3][4];

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 64, 48);
  buffer = scene_render (&info);
  plain = gst_sod_frame_reader_new (&info, NULL);
  memcpy (matrix, gst_sod_frame_reader_map (plain, buffer, NULL)->matrix,
      sizeof (matrix));
  memset (&info.colorimetry, 0, sizeof (info.colorimetry));
  unknown = gst_sod_frame_reader_new (&info, NULL);
  g_assert_cmpmem (gst_sod_frame_reader_map (unknown, buffer, NULL)->matrix,
      sizeof (matrix), matrix, sizeof (matrix));
}

/* Video range of RGB: code 16 is black, 235 white. */
static void
test_limited_rgb (void)
{
  static const guint8 codes[] = { 16, 16, 16, 235, 235, 235, 16, 235, 16, 0 };
  g_autoptr (GstSodFrameReader) reader = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  const GstSodImage *image;
  SceneColour colour;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 3, 1);
  info.colorimetry.range = GST_VIDEO_COLOR_RANGE_16_235;
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_fill (buffer, 0, codes, 9);
  reader = gst_sod_frame_reader_new (&info, NULL);
  image = gst_sod_frame_reader_map (reader, buffer, NULL);
  g_assert_cmpfloat_with_epsilon (scene_look (image, 0.5 / 3, 0.5).r, 0, 1e-6);
  g_assert_cmpfloat_with_epsilon (scene_look (image, 1.5 / 3, 0.5).b, 1, 1e-6);
  colour = scene_look (image, 2.5 / 3, 0.5);
  g_assert_cmpfloat_with_epsilon (colour.r, 0, 1e-6);
  g_assert_cmpfloat_with_epsilon (colour.g, 1, 1e-6);
}

static void
test_siting (void)
{
  static const struct
  {
    GstVideoChromaSite site;
    gdouble x, y;
  } cases[] = {
    { GST_VIDEO_CHROMA_SITE_JPEG, 1.0 / 8, 1.0 / 6 },
    { GST_VIDEO_CHROMA_SITE_MPEG2, 0.5 / 8, 1.0 / 6 },
    { GST_VIDEO_CHROMA_SITE_COSITED, 0.5 / 8, 0.5 / 6 },
    { GST_VIDEO_CHROMA_SITE_UNKNOWN, 1.0 / 8, 1.0 / 6 },
  };

  for (guint k = 0; k < G_N_ELEMENTS (cases); k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    const GstSodImage *image;
    GstVideoInfo info;

    gst_video_info_set_format (&info, GST_VIDEO_FORMAT_NV12, 8, 6);
    info.chroma_site = cases[k].site;
    buffer = scene_render (&info);
    reader = gst_sod_frame_reader_new (&info, NULL);
    image = gst_sod_frame_reader_map (reader, buffer, NULL);
    g_assert_cmpfloat_with_epsilon (
        image->components[0].x_first, 0.5 / 8, 1e-6);
    g_assert_cmpfloat_with_epsilon (image->components[0].x_step, 1.0 / 8, 1e-6);
    for (guint i = 1; i < 3; i++) {
      g_assert_cmpfloat_with_epsilon (
          image->components[i].x_first, cases[k].x, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          image->components[i].y_first, cases[k].y, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          image->components[i].x_step, 2.0 / 8, 1e-6);
      g_assert_cmpint (image->components[i].width, ==, 4);
      g_assert_cmpint (image->components[i].height, ==, 3);
    }
  }
}

/* Every format, cropped to what starts at an odd pixel. */
static void
test_crop (void)
{
  g_autoptr (GArray) formats = scene_list_formats ();

  for (guint k = 0; k < formats->len; k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    const GstSodImage *image;
    GstVideoCropMeta *crop;
    GstVideoInfo info;

    gst_video_info_set_format (
        &info, g_array_index (formats, GstVideoFormat, k), 64, 48);
    buffer = scene_render (&info);
    crop = gst_buffer_add_video_crop_meta (buffer);
    crop->x = 17;
    crop->y = 1;
    crop->width = 47;
    crop->height = 31;
    reader = gst_sod_frame_reader_new (&info, NULL);
    image = gst_sod_frame_reader_map (reader, buffer, NULL);
    g_assert_cmpint (gst_sod_image_get_width (image), ==, 47);
    g_assert_cmpint (gst_sod_image_get_height (image), ==, 31);
    for (gint y = 8; y < 32; y += 16) {
      for (gint x = 24; x < 64; x += 16)
        assert_near (&info, x, y,
            scene_look (image, (x - 16.5) / 47, (y - 0.5) / 31),
            get_tolerance (info.finfo));
    }
    scene_sum (image);
    gst_sod_frame_reader_unmap (reader);

    crop->width = 48;
    g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
    crop->width = 0;
    g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
    crop->width = 1;
    crop->x = G_MAXUINT;
    g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
  }
}

/* A frame whose even rows are of one gray and whose odd rows of another. */
static GstBuffer *
render_fields (const GstVideoInfo *info)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstVideoFrame frame;

  gst_buffer_memset (buffer, 0, 128, info->size);
  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (gint y = 0; y < info->height; y++)
    memset ((guint8 *) frame.data[0] + y * frame.info.stride[0],
        y % 2 == 0 ? 60 : 200, info->width);
  gst_video_frame_unmap (&frame);
  return buffer;
}

static void
count_rows (const GstSodImage *image, gint *even, gint *odd)
{
  const GstSodComponent *luma = &image->components[0];

  *even = *odd = 0;
  for (gint y = 0; y < luma->height; y++) {
    *even += gst_sod_component_code (luma, y, 0) == 60;
    *odd += gst_sod_component_code (luma, y, 0) == 200;
  }
}

static void
test_fields (void)
{
  static const struct
  {
    GstVideoInterlaceMode mode;
    GstVideoBufferFlags flags;
    gint even, odd;
  } cases[] = {
    { GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, 0, 5, 4 },
    { GST_VIDEO_INTERLACE_MODE_INTERLEAVED, GST_VIDEO_BUFFER_FLAG_TFF, 5, 0 },
    { GST_VIDEO_INTERLACE_MODE_INTERLEAVED, 0, 0, 4 },
    { GST_VIDEO_INTERLACE_MODE_MIXED, GST_VIDEO_BUFFER_FLAG_TFF, 5, 4 },
    { GST_VIDEO_INTERLACE_MODE_MIXED,
        GST_VIDEO_BUFFER_FLAG_TFF | GST_VIDEO_BUFFER_FLAG_INTERLACED, 5, 0 },
    { GST_VIDEO_INTERLACE_MODE_MIXED, GST_VIDEO_BUFFER_FLAG_INTERLACED, 0, 4 },
  };

  for (guint k = 0; k < G_N_ELEMENTS (cases); k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    const GstSodImage *image;
    GstVideoInfo info;
    gint even, odd;

    gst_video_info_set_interlaced_format (
        &info, GST_VIDEO_FORMAT_I420, cases[k].mode, 16, 9);
    buffer = render_fields (&info);
    GST_BUFFER_FLAG_SET (buffer, cases[k].flags);
    reader = gst_sod_frame_reader_new (&info, NULL);
    image = gst_sod_frame_reader_map (reader, buffer, NULL);
    count_rows (image, &even, &odd);
    g_assert_cmpint (even, ==, cases[k].even);
    g_assert_cmpint (odd, ==, cases[k].odd);
    g_assert_cmpint (gst_sod_image_get_height (image), ==, 9);
    if (even == 0 || odd == 0) {
      g_assert_cmpfloat_with_epsilon (
          image->components[0].y_first, even == 0 ? 1.5 / 9 : 0.5 / 9, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          image->components[0].y_step, 2.0 / 9, 1e-6);
      g_assert_cmpfloat_with_epsilon (
          image->components[1].y_first, even == 0 ? 3.0 / 9 : 1.0 / 9, 1e-6);
    }
    scene_sum (image);
  }
}

/* What needs unpacking comes out by fields too. */
static void
test_unpacked_fields (void)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_GRAY10_LE32,
    GST_VIDEO_FORMAT_v210 };

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    GstVideoInfo info;

    gst_video_info_set_interlaced_format (
        &info, formats[k], GST_VIDEO_INTERLACE_MODE_INTERLEAVED, 64, 48);
    buffer = scene_render (&info);
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF);
    reader = gst_sod_frame_reader_new (&info, NULL);
    g_assert_nonnull (reader);
    check_scene (&info, reader, buffer);
    g_assert_cmpint (
        gst_sod_frame_reader_map (reader, buffer, NULL)->components[0].height,
        ==, 24);
  }
}

static void
test_one_row_fields (void)
{
  for (gint height = 1; height < 4; height++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    GstVideoInfo info;

    gst_video_info_set_interlaced_format (&info, GST_VIDEO_FORMAT_NV12,
        GST_VIDEO_INTERLACE_MODE_INTERLEAVED, 5, height);
    buffer = render_fields (&info);
    reader = gst_sod_frame_reader_new (&info, NULL);
    g_assert_cmpuint (
        scene_sum (gst_sod_frame_reader_map (reader, buffer, NULL)), >, 0);
  }
}

/* A bottom-up frame: negative stride. */
static void
test_upside_down (void)
{
  g_autoptr (GstSodFrameReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  const GstSodImage *image;
  GstVideoMeta *meta;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 64, 48);
  reader = gst_sod_frame_reader_new (&info, NULL);
  buffer = scene_render (&info);
  meta = gst_buffer_add_video_meta_full (
      buffer, 0, GST_VIDEO_FORMAT_RGB, 64, 48, 1, info.offset, info.stride);
  meta->offset[0] = 47 * info.stride[0];
  meta->stride[0] = -info.stride[0];
  image = gst_sod_frame_reader_map (reader, buffer, &error);
  g_assert_no_error (error);
  for (gint y = 8; y < 48; y += 16)
    assert_near (
        &info, 8, 47 - y, scene_look (image, 8.5 / 64, (y + 0.5) / 48), 1e-6);
}

int
main (int argc, char **argv)
{
  static const gchar *sizes[] = { "64x48", "1x1", "2x2", "3x5", "16x16",
    "77x51", "639x61" };

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/frame-reader/every-format/%s", sizes[i]);

    g_test_add_data_func (name, GINT_TO_POINTER (i), test_every_format);
  }
  g_test_add_func ("/frame-reader/plain-formats/are-not-copied", test_direct);
  g_test_add_func (
      "/frame-reader/colorimetry/becomes-full-range-rgb", test_colorimetry);
  g_test_add_func ("/frame-reader/colorimetry/unknown-is-the-usual-one",
      test_unknown_colorimetry);
  g_test_add_func (
      "/frame-reader/colorimetry/limited-rgb-is-stretched", test_limited_rgb);
  g_test_add_func (
      "/frame-reader/chroma-siting/moves-the-first-sample", test_siting);
  g_test_add_func ("/frame-reader/crop/shows-its-rectangle", test_crop);
  g_test_add_func ("/frame-reader/interlaced/shows-first-field", test_fields);
  g_test_add_func ("/frame-reader/interlaced/unpacked-shows-first-field",
      test_unpacked_fields);
  g_test_add_func ("/frame-reader/interlaced/few-rows", test_one_row_fields);
  g_test_add_func (
      "/frame-reader/video-meta/negative-stride", test_upside_down);
  return g_test_run ();
}
