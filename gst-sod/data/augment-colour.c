/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops over pixels' colours, built for speed. */
#include <gst-sod/core/hot-private.h>
#include <gst-sod/data/augment-private.h>

/* About normal: the sum of four random bytes (Irwin and Hall), mean 0,
 * standard deviation 1, within +-3.46. The number is a hash of where it
 * stands (Wellons, "lowbias32", 2018), so that loops may run side by side. */
GST_SOD_HOT_INLINE gfloat
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

GST_SOD_HOT_INLINE gfloat
clamp_code (gfloat value)
{
  value = value > 0 ? value : 0;
  return value < 255 ? value : 255;
}

/* Channel @c of a pixel, @i of @n, whose colour was (@r, @g, @b). */
GST_SOD_HOT_INLINE gfloat
change (const GstSodColour *colour, gfloat r, gfloat g, gfloat b, guint c,
    gsize i, gsize n, gboolean has_noise)
{
  const gfloat *row = colour->matrix[c];
  gfloat value = clamp_code (row[0] * r + row[1] * g + row[2] * b + row[3]);

  if (has_noise)
    value = clamp_code (
        value
        + colour->noise
              * get_noise (colour->noise_seed, (guint32) (c * n + i)));
  return value;
}

/* In one pass: planes of a picture fill the nearer caches. */
GST_SOD_HOT_INLINE void
apply (const GstSodColour *colour, const gfloat factors[3],
    const gfloat offsets[3], gfloat *restrict red, gfloat *restrict green,
    gfloat *restrict blue, gsize n, gboolean has_noise)
{
  const GstSodColour own = *colour;

  for (gsize i = 0; i < n; i++) {
    gfloat r = red[i], g = green[i], b = blue[i];

    red[i] =
        change (&own, r, g, b, 0, i, n, has_noise) * factors[0] + offsets[0];
    green[i] =
        change (&own, r, g, b, 1, i, n, has_noise) * factors[1] + offsets[1];
    blue[i] =
        change (&own, r, g, b, 2, i, n, has_noise) * factors[2] + offsets[2];
  }
}

GST_SOD_HOT static void
apply_plain (const GstSodColour *colour, const gfloat factors[3],
    const gfloat offsets[3], gfloat *rgb, gsize n)
{
  apply (colour, factors, offsets, rgb, rgb + n, rgb + 2 * n, n, FALSE);
}

GST_SOD_HOT static void
apply_noisy (const GstSodColour *colour, const gfloat factors[3],
    const gfloat offsets[3], gfloat *rgb, gsize n)
{
  apply (colour, factors, offsets, rgb, rgb + n, rgb + 2 * n, n, TRUE);
}

void
gst_sod_colour_apply (const GstSodColour *colour, gfloat *rgb, gsize n)
{
  gfloat factors[3], offsets[3];

  for (guint i = 0; i < 3; i++) {
    factors[i] = 1 / (255 * colour->std[i]);
    offsets[i] = -colour->mean[i] / colour->std[i];
  }
  if (colour->noise > 0)
    apply_noisy (colour, factors, offsets, rgb, n);
  else
    apply_plain (colour, factors, offsets, rgb, n);
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
