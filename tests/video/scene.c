/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene.h"

#include <gst-sod/video/frame-reader.h>

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COLUMNS 4
#define ROWS 3

/* Smaller patches than this disappear in the chroma of 4:1:0. */
#define MIN_PATCH 16

static const guint8 patches[ROWS * COLUMNS][3] = {
  { 220, 40, 40 },
  { 40, 200, 60 },
  { 50, 60, 210 },
  { 128, 128, 128 },
  { 230, 220, 50 },
  { 30, 190, 200 },
  { 190, 60, 190 },
  { 20, 20, 20 },
  { 235, 235, 235 },
  { 120, 80, 40 },
  { 250, 160, 90 },
  { 70, 110, 90 },
};

static gboolean
has_patches (gint width, gint height)
{
  return width >= COLUMNS * MIN_PATCH && height >= ROWS * MIN_PATCH;
}

static const guint8 *
get_patch (gint x, gint y, gint width, gint height)
{
  if (!has_patches (width, height))
    return patches[10];
  return patches[y * ROWS / height * COLUMNS + x * COLUMNS / width];
}

SceneColour
scene_colour (gint x, gint y, gint width, gint height)
{
  const guint8 *patch = get_patch (x, y, width, height);

  return (SceneColour){ patch[0] / 255.0, patch[1] / 255.0, patch[2] / 255.0 };
}

static gsize
get_plane_size (const GstVideoInfo *info, guint plane)
{
  gsize end = plane + 1 < GST_VIDEO_INFO_N_PLANES (info)
                  ? info->offset[plane + 1]
                  : info->size;

  return end - info->offset[plane];
}

/* The corner of a frame of one colour, byte by byte: the packers of 1.22 get
 * the chroma of the last odd column wrong. */
static GstBuffer *
cut_corner (
    const GstVideoInfo *info, const GstVideoInfo *large, GstBuffer *flat)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstMapInfo from, to;

  g_assert_true (gst_buffer_map (flat, &from, GST_MAP_READ));
  g_assert_true (gst_buffer_map (buffer, &to, GST_MAP_WRITE));
  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    gboolean tiled = GST_VIDEO_FORMAT_INFO_IS_TILED (info->finfo);
    gsize size = get_plane_size (info, i);
    gsize row = tiled ? size : (gsize) info->stride[i];

    for (gsize y = 0; y < size / row; y++)
      memcpy (to.data + info->offset[i] + y * row,
          from.data + large->offset[i] + y * large->stride[i], row);
  }
  gst_buffer_unmap (buffer, &to);
  gst_buffer_unmap (flat, &from);
  return buffer;
}

static GstBuffer *
convert (const GstVideoInfo *info, gboolean flat)
{
  GstVideoInfo rgb;
  GstBuffer *from, *to;
  GstVideoFrame source, target;
  GstVideoConverter *converter;

  g_assert_true (
      gst_video_info_set_interlaced_format (&rgb, GST_VIDEO_FORMAT_ARGB,
          GST_VIDEO_INFO_INTERLACE_MODE (info), info->width, info->height));
  from = gst_buffer_new_allocate (NULL, rgb.size, NULL);
  to = gst_buffer_new_allocate (NULL, info->size, NULL);
  gst_buffer_memset (to, 0, 0, info->size);
  g_assert_true (gst_video_frame_map (&source, &rgb, from, GST_MAP_READWRITE));
  g_assert_true (gst_video_frame_map (&target, info, to, GST_MAP_READWRITE));
  for (gint y = 0; y < info->height; y++) {
    guint8 *row = (guint8 *) source.data[0] + y * rgb.stride[0];

    for (gint x = 0; x < info->width; x++) {
      row[4 * x] = 255;
      memcpy (row + 4 * x + 1,
          flat ? get_patch (0, 0, 1, 1)
               : get_patch (x, y, info->width, info->height),
          3);
    }
  }
  converter = gst_video_converter_new (&rgb, info,
      gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));
  g_assert_nonnull (converter);
  gst_video_converter_frame (converter, &source, &target);
  gst_video_converter_free (converter);
  gst_video_frame_unmap (&target);
  gst_video_frame_unmap (&source);
  gst_buffer_unref (from);
  return to;
}

GstBuffer *
scene_render (const GstVideoInfo *info)
{
  g_autoptr (GstBuffer) flat = NULL;
  GstVideoInfo large;

  if (has_patches (info->width, info->height)
      || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (info->finfo))
    return convert (info, FALSE);
  g_assert_true (gst_video_info_set_interlaced_format (&large,
      info->finfo->format, GST_VIDEO_INFO_INTERLACE_MODE (info),
      GST_ROUND_UP_128 (info->width), GST_ROUND_UP_128 (info->height)));
  large.colorimetry = info->colorimetry;
  large.chroma_site = info->chroma_site;
  flat = convert (&large, TRUE);
  return cut_corner (info, &large, flat);
}

GstBuffer *
scene_pad (const GstVideoInfo *info, GstBuffer *buffer, gint padding)
{
  gsize offset[GST_VIDEO_MAX_PLANES];
  gint stride[GST_VIDEO_MAX_PLANES];
  gsize size = 0;
  GstMapInfo from, to;
  GstBuffer *copy;

  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    stride[i] = info->stride[i] + padding;
    offset[i] = size + padding;
    size = offset[i] + get_plane_size (info, i) / info->stride[i] * stride[i];
  }
  copy = gst_buffer_new_allocate (NULL, size, NULL);
  gst_buffer_memset (copy, 0, 0xaa, size);
  g_assert_true (gst_buffer_map (buffer, &from, GST_MAP_READ));
  g_assert_true (gst_buffer_map (copy, &to, GST_MAP_WRITE));
  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    for (gsize y = 0; y < get_plane_size (info, i) / info->stride[i]; y++)
      memcpy (to.data + offset[i] + y * stride[i],
          from.data + info->offset[i] + y * info->stride[i], info->stride[i]);
  }
  gst_buffer_unmap (copy, &to);
  gst_buffer_unmap (buffer, &from);
  gst_buffer_add_video_meta_full (copy, GST_VIDEO_FRAME_FLAG_NONE,
      info->finfo->format, info->width, info->height,
      GST_VIDEO_INFO_N_PLANES (info), offset, stride);
  return copy;
}

GArray *
scene_list_formats (void)
{
  g_autoptr (GstCaps) caps = gst_sod_frame_reader_get_caps ();
  const GValue *names =
      gst_structure_get_value (gst_caps_get_structure (caps, 0), "format");
  GArray *formats = g_array_new (FALSE, FALSE, sizeof (GstVideoFormat));

  for (guint i = 0; i < gst_value_list_get_size (names); i++) {
    GstVideoFormat format = gst_video_format_from_string (
        g_value_get_string (gst_value_list_get_value (names, i)));

    g_array_append_val (formats, format);
  }
  return formats;
}

typedef struct
{
  guint8 *start;
  gsize size;
} Pages;

static void
free_pages (gpointer data)
{
  Pages *pages = data;

  munmap (pages->start, pages->size);
  g_free (pages);
}

GstBuffer *
scene_guard (gsize size)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize room = (size + page - 1) / page * page;
  Pages *pages = g_new0 (Pages, 1);

  pages->size = room + page;
  pages->start = mmap (NULL, pages->size, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (pages->start != MAP_FAILED);
  g_assert_cmpint (mprotect (pages->start + room, page, PROT_NONE), ==, 0);
  memset (pages->start, 128, room);
  return gst_buffer_new_wrapped_full (
      0, pages->start + room - size, size, 0, size, pages, free_pages);
}

static gint
nearest (gdouble position, gdouble first, gdouble step, gint count)
{
  return CLAMP ((gint) floor ((position - first) / step + 0.5), 0, count - 1);
}

SceneColour
scene_look (const GstSodImage *image, gdouble x, gdouble y)
{
  gdouble rgb[3];

  for (guint i = 0; i < 3; i++) {
    rgb[i] = image->matrix[i][3];
    for (guint j = 0; j < image->n_components; j++) {
      const GstSodComponent *from = &image->components[j];

      rgb[i] += image->matrix[i][j]
                * gst_sod_component_code (from,
                    nearest (y, from->y_first, from->y_step, from->height),
                    nearest (x, from->x_first, from->x_step, from->width));
    }
    rgb[i] = CLAMP (rgb[i], 0, 1);
  }
  return (SceneColour){ rgb[0], rgb[1], rgb[2] };
}

guint64
scene_sum (const GstSodImage *image)
{
  guint64 sum = 0;

  for (guint j = 0; j < image->n_components; j++) {
    const GstSodComponent *from = &image->components[j];

    for (gint y = 0; y < from->height; y++) {
      for (gint x = 0; x < from->width; x++)
        sum += gst_sod_component_code (from, y, x);
    }
  }
  return sum;
}
