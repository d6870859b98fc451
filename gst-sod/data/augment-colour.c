/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops over pixels' colours, built for speed. */
#include <gst-sod/core/hot-private.h>
#include <gst-sod/data/augment-private.h>

/* About normal: the sum of four random bytes (Irwin and Hall), mean 0,
 * standard deviation 1, within +-3.46. The number is a hash of where it
 * stands (Wellons, "lowbias32", 2018), so that loops may run side by side. */
static inline gfloat
get_noise (guint32 seed, guint32 place)
{
  guint32 hash = place * 0x9e3779b9u + seed;
  gint32 sum;

  hash = (hash ^ hash >> 16) * 0x7feb352du;
  hash = (hash ^ hash >> 15) * 0x846ca68bu;
  hash ^= hash >> 16;
  sum = (gint32) ((hash & 0xffu) + (hash >> 8 & 0xffu) + (hash >> 16 & 0xffu)
                  + (hash >> 24));
  return (gfloat) (sum - 510) * (1 / 147.8f);
}

static inline gfloat
clamp_code (gfloat value)
{
  value = value > 0 ? value : 0;
  return value < 255 ? value : 255;
}

GST_SOD_HOT static void
transform (const gfloat matrix[3][4], gfloat *restrict red,
    gfloat *restrict green, gfloat *restrict blue, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    gfloat r = red[i], g = green[i], b = blue[i];

    red[i] = clamp_code (
        matrix[0][0] * r + matrix[0][1] * g + matrix[0][2] * b + matrix[0][3]);
    green[i] = clamp_code (
        matrix[1][0] * r + matrix[1][1] * g + matrix[1][2] * b + matrix[1][3]);
    blue[i] = clamp_code (
        matrix[2][0] * r + matrix[2][1] * g + matrix[2][2] * b + matrix[2][3]);
  }
}

GST_SOD_HOT static void
add_noise (gfloat *restrict values, gsize n, gfloat sigma, guint32 seed)
{
  for (guint32 i = 0; i < (guint32) n; i++)
    values[i] = clamp_code (values[i] + sigma * get_noise (seed, i));
}

GST_SOD_HOT static void
normalise (gfloat *restrict values, gsize n, gfloat factor, gfloat offset)
{
  for (gsize i = 0; i < n; i++)
    values[i] = values[i] * factor + offset;
}

void
gst_sod_colour_apply (const GstSodColour *colour, gfloat *rgb, gsize n)
{
  transform (colour->matrix, rgb, rgb + n, rgb + 2 * n, n);
  if (colour->noise > 0)
    add_noise (rgb, 3 * n, colour->noise, colour->noise_seed);
  for (guint i = 0; i < 3; i++)
    normalise (rgb + i * n, n, 1 / (255 * colour->std[i]),
        -colour->mean[i] / colour->std[i]);
}

GST_SOD_HOT static void
halve_row (const gfloat *restrict above, const gfloat *restrict below,
    gint width, gfloat factor, gfloat offset, gfloat *restrict half)
{
  for (gint x = 0; x < width; x++) {
    gfloat sum =
        above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1];

    half[x] = sum * factor + offset;
  }
}

void
gst_sod_colour_halve (const GstSodColour *colour, const gfloat *input,
    gint height, gint width, gfloat *image)
{
  for (guint i = 0; i < 3; i++) {
    for (gint y = 0; y < height / 2; y++) {
      const gfloat *above = input + ((gsize) i * height + 2 * y) * width;

      halve_row (above, above + width, width / 2, colour->std[i] / 2,
          2 * colour->mean[i] - 1,
          image + ((gsize) i * (height / 2) + y) * (width / 2));
    }
  }
}

GST_SOD_HOT void
gst_sod_colour_scale_map (gfloat *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    values[i] = clamp_code (values[i]) * (1 / 255.0f);
}
