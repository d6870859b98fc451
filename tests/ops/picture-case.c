/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-case.h"

#include <gst-sod/core/random.h>

#include <math.h>

const PictureFormat picture_formats[] = {
  { "RGB-639x361", 639, 361, 3, PICTURE_PACKED, 1, 8, 0, 1, 1 },
  { "RGB-1x1", 1, 1, 3, PICTURE_PACKED, 1, 8, 0, 1, 1 },
  { "RGB-16x16", 16, 16, 3, PICTURE_PACKED, 1, 8, 0, 1, 1 },
  { "RGB-48x32", 48, 32, 3, PICTURE_PACKED, 1, 8, 0, 1, 1 },
  { "RGB-7x300", 7, 300, 3, PICTURE_PACKED, 1, 8, 0, 1, 1 },
  { "GBR-50x33", 50, 33, 3, PICTURE_PLANAR, 1, 8, 0, 1, 1 },
  { "I420-320x180", 320, 180, 3, PICTURE_PLANAR, 1, 8, 0, 2, 2, TRUE, TRUE },
  { "I420-639x361", 639, 361, 3, PICTURE_PLANAR, 1, 8, 0, 2, 2, TRUE, TRUE },
  { "I420-1x1", 1, 1, 3, PICTURE_PLANAR, 1, 8, 0, 2, 2, TRUE, TRUE },
  { "NV12-640x360", 640, 360, 3, PICTURE_SEMI_PLANAR, 1, 8, 0, 2, 2, TRUE,
      TRUE },
  { "NV12-37x21", 37, 21, 3, PICTURE_SEMI_PLANAR, 1, 8, 0, 2, 2, TRUE, TRUE },
  { "NV12-bottom-field-96x64", 96, 64, 3, PICTURE_SEMI_PLANAR, 1, 8, 0, 2, 2,
      TRUE, TRUE, TRUE },
  { "Y42B-65x17", 65, 17, 3, PICTURE_PLANAR, 1, 8, 0, 2, 1, FALSE, TRUE },
  { "I420-10-bit-101x77", 101, 77, 3, PICTURE_PLANAR, 2, 10, 0, 2, 2, TRUE,
      TRUE },
  { "P010-160x90", 160, 90, 3, PICTURE_SEMI_PLANAR, 2, 10, 6, 2, 2, TRUE,
      TRUE },
  { "GRAY8-33x50", 33, 50, 1, PICTURE_PLANAR, 1, 8, 0, 1, 1 },
  { "GRAY16-200x9", 200, 9, 1, PICTURE_PLANAR, 2, 16, 0, 1, 1 },
  { NULL },
};

void
picture_set_yuv_matrix (GstSodImage *image, guint depth)
{
  static const gdouble cr[] = { 1.5748, -0.4681, 0 };
  static const gdouble cb[] = { 0, -0.1873, 1.8556 };
  gdouble unit = 1u << (depth - 8);

  for (guint i = 0; i < 3; i++) {
    image->matrix[i][0] = (gfloat) (1 / (219 * unit));
    image->matrix[i][1] = (gfloat) (cb[i] / (224 * unit));
    image->matrix[i][2] = (gfloat) (cr[i] / (224 * unit));
    image->matrix[i][3] =
        (gfloat) (-16 / 219.0 - 128 * (cb[i] + cr[i]) / 224.0);
  }
}

/* A soft scene with noise: codes of @format, in its place in memory. */
static guint
scene_code (const PictureFormat *format, GstSodRandom *random, guint component,
    gint i, gint j)
{
  gdouble wave = 0.5 + 0.3 * sin (0.11 * j + 0.05 * i + component)
                 + 0.2 * (gst_sod_random_uniform (random) - 0.5);

  return (guint) (wave * ((1u << format->depth) - 1)) << format->shift;
}

/* Samples of all components that lie side by side with component @index's. */
static gint
samples_together (const PictureFormat *format, guint index)
{
  switch (format->layout) {
    case PICTURE_PACKED:
      return 3;
    case PICTURE_SEMI_PLANAR:
      return index > 0 ? 2 : 1;
    default:
      return 1;
  }
}

/* First sample of component @index; planes are @plane bytes apart. */
static guint8 *
find_first (
    const PictureFormat *format, guint8 *pixels, guint index, gsize plane)
{
  switch (format->layout) {
    case PICTURE_PACKED:
      return pixels + index * format->sample_size;
    case PICTURE_SEMI_PLANAR:
      return index < 2 ? pixels + index * plane
                       : pixels + plane + format->sample_size;
    default:
      return pixels + index * plane;
  }
}

/* Only the odd lines of what has been filled in. */
static void
take_bottom_field (GstSodComponent *component)
{
  component->data += component->stride;
  component->stride *= 2;
  component->height /= 2;
  component->y_first += component->y_step;
  component->y_step *= 2;
}

static void
fill_component (const PictureFormat *format, GstSodImage *image, guint index,
    guint8 *pixels)
{
  GstSodComponent *component = &image->components[index];
  g_autoptr (GstSodRandom) random = gst_sod_random_new (8, index);
  gint sub_x = index > 0 ? format->chroma_x : 1;
  gint sub_y = index > 0 ? format->chroma_y : 1;
  gint width = (format->width + sub_x - 1) / sub_x;
  gint height = (format->height + sub_y - 1) / sub_y;
  gint step = (gint) format->sample_size * samples_together (format, index);
  gint stride = width * step + 5;

  gst_sod_image_set_component (
      image, index, pixels, stride, step, width, height);
  component->sample_size = (guint8) format->sample_size;
  component->depth = (guint8) format->depth;
  component->shift = (guint8) format->shift;
  component->x_step = (gfloat) sub_x / format->width;
  component->y_step = (gfloat) sub_y / format->height;
  component->x_first = index > 0 && format->cosited ? 0.5f / format->width
                                                    : component->x_step / 2;
  component->y_first = component->y_step / 2;
  for (gint i = 0; i < height; i++) {
    for (gint j = 0; j < width; j++) {
      guint code = scene_code (format, random, index, i, j);
      guint8 *sample = pixels + (gsize) i * stride + (gsize) j * step;

      sample[0] = (guint8) code;
      if (format->sample_size == 2)
        sample[1] = (guint8) (code >> 8);
    }
  }
}

GstSodImage *
picture_new (const PictureFormat *format)
{
  GstSodImage *image = gst_sod_image_new_borrowed ();
  gsize plane = ((gsize) format->width * 4 + 16) * (format->height + 1);

  image->width = format->width;
  image->height = format->height;
  image->n_components = format->n_components;
  image->pixels = g_malloc0 (plane * 3);
  for (guint i = 0; i < format->n_components; i++) {
    fill_component (
        format, image, i, find_first (format, image->pixels, i, plane));
    if (format->bottom_field)
      take_bottom_field (&image->components[i]);
  }
  if (format->yuv)
    picture_set_yuv_matrix (image, format->depth);
  else
    gst_sod_image_set_full_range (image, format->depth);
  return image;
}
