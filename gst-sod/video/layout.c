/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GstVideoFormatInfo says about a format, checked against GstVideo's own
 * unpacking: a few descriptions of 1.22 are incomplete (Y210, P016) or wrong
 * (VYUY, BGR16), and newer versions add formats that nobody here has seen. */
#include <gst-sod/video/layout-private.h>

#include <string.h>

/* A frame that is unpacked once to see whether the description holds. */
#define PROBE_WIDTH 16
#define PROBE_HEIGHT 8

/* Packed formats whose description in 1.22 leaves offsets and shift out, or
 * has Cb and Cr in the wrong order. */
static const struct
{
  GstVideoFormat format;
  gint offsets[3];
  guint8 shift;
} packed_formats[] = {
  { GST_VIDEO_FORMAT_VYUY, { 1, 2, 0 }, 0 },
  { GST_VIDEO_FORMAT_Y210, { 0, 2, 6 }, 6 },
  { GST_VIDEO_FORMAT_Y212_LE, { 0, 2, 6 }, 4 },
  { GST_VIDEO_FORMAT_Y412_LE, { 2, 0, 4 }, 4 },
};

static void
correct_packed (GstSodLayout *self, GstVideoFormat format)
{
  for (guint k = 0; k < G_N_ELEMENTS (packed_formats); k++) {
    if (packed_formats[k].format != format)
      continue;
    for (guint i = 0; i < 3; i++) {
      self->components[i].offset = packed_formats[k].offsets[i];
      self->components[i].shift = packed_formats[k].shift;
    }
  }
}

static gboolean
describe (GstSodLayout *self, const GstVideoInfo *info)
{
  const GstVideoFormatInfo *format = info->finfo;

  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format)
      || GST_VIDEO_FORMAT_INFO_IS_TILED (format)
      || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return FALSE;
  self->n_components = GST_VIDEO_FORMAT_INFO_IS_GRAY (format) ? 1 : 3;
  if (format->n_components < self->n_components)
    return FALSE;
  for (guint i = 0; i < self->n_components; i++) {
    GstSodComponentLayout *component = &self->components[i];
    guint bits = format->depth[i] + format->shift[i];

    if (format->pixel_stride[i] <= 0 || format->depth[i] < 1 || bits > 16)
      return FALSE;
    *component = (GstSodComponentLayout){
      .plane = format->plane[i],
      .offset = format->poffset[i],
      .pixel_stride = format->pixel_stride[i],
      .width = GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (format, i, info->width),
      .height = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (format, i, info->height),
      .w_sub = format->w_sub[i],
      .h_sub = format->h_sub[i],
      .sample_size = format->depth[i] == 8 && bits == 8 ? 1 : 2,
      .depth = format->depth[i],
      .shift = format->shift[i],
    };
    /* 16-bit semi-planar formats count the second offset in words. */
    if (component->sample_size == 2)
      component->offset += component->offset & 1;
  }
  correct_packed (self, format->format);
  return TRUE;
}

/* The code of component @i of pixel (@x, @y) as GstVideo unpacked its row. */
static guint
unpacked_code (const GstSodComponentLayout *component,
    const GstVideoFormatInfo *unpacked, const guint16 *row, guint i, gint x)
{
  const guint8 *bytes = (const guint8 *) row;

  if (unpacked->depth[0] == 8)
    return bytes[4 * x + 1 + i] >> (8 - component->depth);
  return row[4 * x + 1 + i] >> (16 - component->depth);
}

static guint
described_code (const GstSodComponentLayout *component, const guint8 *plane,
    gint stride, gint x, gint y)
{
  const guint8 *sample = plane + component->offset
                         + (y >> component->h_sub) * stride
                         + (x >> component->w_sub) * component->pixel_stride;

  if (component->sample_size == 1)
    return *sample;
  return (guint) (sample[0] | sample[1] << 8) >> component->shift
         & ((1u << component->depth) - 1);
}

static gboolean
compare_row (
    const GstSodLayout *self, const GstVideoInfo *probe, guint8 *pixels, gint y)
{
  const GstVideoFormatInfo *format = probe->finfo;
  guint16 row[4 * PROBE_WIDTH];
  gpointer planes[GST_VIDEO_MAX_PLANES] = { NULL };

  for (guint i = 0; i < format->n_planes; i++)
    planes[i] = pixels + probe->offset[i];
  format->unpack_func (format, GST_VIDEO_PACK_FLAG_TRUNCATE_RANGE, row, planes,
      probe->stride, 0, y, PROBE_WIDTH);
  for (guint i = 0; i < self->n_components; i++) {
    const GstSodComponentLayout *component = &self->components[i];

    for (gint x = 0; x < PROBE_WIDTH; x++) {
      guint expected = unpacked_code (component,
          gst_video_format_get_info (format->unpack_format), row, i, x);

      if (described_code (component, planes[component->plane],
              probe->stride[component->plane], x, y)
          != expected)
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check (const GstSodLayout *self, const GstVideoInfo *info)
{
  GstVideoInfo probe;
  g_autofree guint8 *pixels = NULL;
  guint32 random = 1;

  if (info->finfo->unpack_func == NULL
      || !gst_video_info_set_format (
          &probe, info->finfo->format, PROBE_WIDTH, PROBE_HEIGHT))
    return FALSE;
  pixels = g_malloc (probe.size);
  for (gsize i = 0; i < probe.size; i++) {
    random = random * 1664525u + 1013904223u;
    pixels[i] = random >> 24;
  }
  for (gint y = 0; y < PROBE_HEIGHT; y++) {
    if (!compare_row (self, &probe, pixels, y))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_layout_init (GstSodLayout *self, const GstVideoInfo *info)
{
  memset (self, 0, sizeof (*self));
  return describe (self, info) && check (self, info);
}

/* Colorimetry that says nothing means what GstVideo assumes for the size. */
static GstVideoColorimetry
get_colorimetry (const GstVideoInfo *info)
{
  GstVideoColorimetry colorimetry = info->colorimetry;
  gdouble kr, kb;
  GstVideoInfo usual;

  if (!gst_video_info_set_format (
          &usual, info->finfo->format, info->width, info->height))
    return colorimetry;
  if (colorimetry.range == GST_VIDEO_COLOR_RANGE_UNKNOWN)
    colorimetry.range = usual.colorimetry.range;
  if (!gst_video_color_matrix_get_Kr_Kb (colorimetry.matrix, &kr, &kb))
    colorimetry.matrix = usual.colorimetry.matrix;
  return colorimetry;
}

void
gst_sod_layout_get_matrix (const GstVideoInfo *info, gfloat matrix[3][4])
{
  const GstVideoFormatInfo *format = info->finfo;
  GstVideoColorimetry colorimetry = get_colorimetry (info);
  gint offset[GST_VIDEO_MAX_COMPONENTS] = { 0 };
  gint scale[GST_VIDEO_MAX_COMPONENTS] = { 1, 1, 1, 1 };
  gdouble rgb[3][3] = { { 0 } };
  gdouble kr, kb;

  if (GST_VIDEO_FORMAT_INFO_IS_GRAY (format)) {
    rgb[0][0] = rgb[1][0] = rgb[2][0] = 1;
  } else if (GST_VIDEO_FORMAT_INFO_IS_YUV (format)
             && gst_video_color_matrix_get_Kr_Kb (
                 colorimetry.matrix, &kr, &kb)) {
    gdouble kg = 1 - kr - kb;

    /* Y' = kr R' + kg G' + kb B', Cb = (B' - Y') / (2 (1 - kb)), Cr alike */
    rgb[0][0] = rgb[1][0] = rgb[2][0] = 1;
    rgb[0][2] = 2 * (1 - kr);
    rgb[1][1] = -2 * (1 - kb) * kb / kg;
    rgb[1][2] = -2 * (1 - kr) * kr / kg;
    rgb[2][1] = 2 * (1 - kb);
  } else {
    rgb[0][0] = rgb[1][1] = rgb[2][2] = 1;
  }
  gst_video_color_range_offsets (colorimetry.range, format, offset, scale);
  for (guint i = 0; i < 3; i++) {
    gdouble constant = 0;

    for (guint j = 0; j < 3; j++) {
      /* Components that a gray format does not have are of scale 0. */
      gdouble factor = rgb[i][j] == 0 ? 0 : rgb[i][j] / scale[j];

      matrix[i][j] = (gfloat) factor;
      constant -= factor * offset[j];
    }
    matrix[i][3] = (gfloat) constant;
  }
}
