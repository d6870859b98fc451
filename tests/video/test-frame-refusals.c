/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers that are not what their caps say, and streams that cannot be read. */
#include <gst-sod/gstsod.h>

#include "scene.h"

#include <string.h>

static void
test_alternate (void)
{
  g_autoptr (GError) error = NULL;
  GstVideoInfo info;

  gst_video_info_set_interlaced_format (
      &info, GST_VIDEO_FORMAT_I420, GST_VIDEO_INTERLACE_MODE_ALTERNATE, 64, 48);
  g_assert_null (gst_sod_frame_reader_new (&info, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "deinterlace"));
}

static void
test_no_size (void)
{
  g_autoptr (GError) error = NULL;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 64, 48);
  info.width = 0;
  g_assert_null (gst_sod_frame_reader_new (&info, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  gst_video_info_init (&info);
  g_assert_null (gst_sod_frame_reader_new (&info, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
}

static void
test_small_buffer (void)
{
  g_autoptr (GArray) formats = scene_list_formats ();

  for (guint k = 0; k < formats->len; k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    GstVideoInfo info;

    gst_video_info_set_format (
        &info, g_array_index (formats, GstVideoFormat, k), 320, 240);
    reader = gst_sod_frame_reader_new (&info, NULL);
    for (guint i = 0; i < 3; i++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL,
          i == 0   ? 0
          : i == 1 ? 100
                   : info.size - 1,
          NULL);

      g_assert_null (gst_sod_frame_reader_map (reader, buffer, &error));
      g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
      g_assert_nonnull (strstr (error->message, "320x240"));
    }
  }
}

/* GstVideo's unpacking of bit-packed, tiled and interlaced formats goes over
 * the end of frames of some sizes. */
static void
test_end_of_buffer (void)
{
  static const gint sizes[][2] = { { 1, 1 }, { 3, 2 }, { 5, 7 }, { 17, 9 },
    { 25, 12 }, { 64, 33 } };
  g_autoptr (GArray) formats = scene_list_formats ();

  for (guint k = 0; k < formats->len * G_N_ELEMENTS (sizes) * 2; k++) {
    const gint *size = sizes[k / 2 % G_N_ELEMENTS (sizes)];
    g_autoptr (GstSodFrameReader) reader = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    g_autoptr (GError) error = NULL;
    const GstSodImage *image;
    GstVideoInfo info;

    gst_video_info_set_interlaced_format (&info,
        g_array_index (formats, GstVideoFormat, k / 2 / G_N_ELEMENTS (sizes)),
        k % 2 == 0 ? GST_VIDEO_INTERLACE_MODE_PROGRESSIVE
                   : GST_VIDEO_INTERLACE_MODE_INTERLEAVED,
        size[0], size[1]);
    buffer = scene_guard (info.size);
    reader = gst_sod_frame_reader_new (&info, &error);
    image = gst_sod_frame_reader_map (reader, buffer, &error);
    g_assert_no_error (error);
    scene_sum (image);
    gst_sod_frame_reader_unmap (reader);
  }
}

/* The stride of a single row says nothing, and may say anything. */
static void
test_stride_of_one_row (void)
{
  g_autoptr (GstSodFrameReader) reader = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GError) error = NULL;
  GstVideoMeta *meta;
  GstVideoInfo info;

  gst_video_info_set_interlaced_format (
      &info, GST_VIDEO_FORMAT_RGB, GST_VIDEO_INTERLACE_MODE_INTERLEAVED, 9, 1);
  buffer = scene_render (&info);
  meta = gst_buffer_add_video_meta_full (
      buffer, 0, GST_VIDEO_FORMAT_RGB, 9, 1, 1, info.offset, info.stride);
  meta->stride[0] = G_MAXINT;
  reader = gst_sod_frame_reader_new (&info, NULL);
  g_assert_cmpuint (
      scene_sum (gst_sod_frame_reader_map (reader, buffer, &error)), >, 0);
}

/* Every plane in turn said to end one byte after the buffer. */
static void
test_lying_meta (void)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_I420,
    GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_v210,
    GST_VIDEO_FORMAT_I420_10BE, GST_VIDEO_FORMAT_YUY2 };

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    g_autoptr (GstSodFrameReader) reader = NULL;
    GstVideoInfo info;

    gst_video_info_set_format (&info, formats[k], 64, 48);
    reader = gst_sod_frame_reader_new (&info, NULL);
    for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (&info); i++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (GstBuffer) buffer = scene_render (&info);
      gsize end = i + 1 < GST_VIDEO_INFO_N_PLANES (&info) ? info.offset[i + 1]
                                                          : info.size;
      GstVideoMeta *meta =
          gst_buffer_add_video_meta_full (buffer, 0, formats[k], 64, 48,
              GST_VIDEO_INFO_N_PLANES (&info), info.offset, info.stride);

      g_assert_nonnull (gst_sod_frame_reader_map (reader, buffer, &error));
      gst_sod_frame_reader_unmap (reader);
      meta->offset[i] += info.size - end + 1;
      g_assert_null (gst_sod_frame_reader_map (reader, buffer, &error));
      g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
      meta->offset[i] = G_MAXSIZE;
      g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
      meta->offset[i] = info.offset[i];
      meta->stride[i] = G_MAXINT;
      g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
      meta->stride[i] = -meta->stride[i];
      g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
    }
  }
}

static void
test_other_meta (void)
{
  g_autoptr (GstSodFrameReader) reader = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoMeta *meta;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, 64, 48);
  reader = gst_sod_frame_reader_new (&info, NULL);
  buffer = scene_render (&info);
  meta = gst_buffer_add_video_meta_full (
      buffer, 0, GST_VIDEO_FORMAT_I420, 64, 48, 3, info.offset, info.stride);
  meta->format = GST_VIDEO_FORMAT_NV12;
  g_assert_null (gst_sod_frame_reader_map (reader, buffer, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  meta->format = GST_VIDEO_FORMAT_I420;
  meta->width = 63;
  g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
  meta->width = 64;
  meta->n_planes = 2;
  g_assert_null (gst_sod_frame_reader_map (reader, buffer, NULL));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/frame-reader/interlaced/alternate-names-deinterlace", test_alternate);
  g_test_add_func ("/frame-reader/size/missing-is-refused", test_no_size);
  g_test_add_func ("/frame-reader/buffer/small-is-refused", test_small_buffer);
  g_test_add_func (
      "/frame-reader/video-meta/outside-is-refused", test_lying_meta);
  g_test_add_func (
      "/frame-reader/video-meta/contradiction-is-refused", test_other_meta);
  g_test_add_func (
      "/frame-reader/buffer/nothing-behind-it-is-read", test_end_of_buffer);
  g_test_add_func (
      "/frame-reader/video-meta/stride-of-one-row", test_stride_of_one_row);
  return g_test_run ();
}
