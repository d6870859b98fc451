/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops over pixels, built for speed. */
#include <gst-sod/run/reconstruct-private.h>

#include <math.h>

static void
to_rgb (const gfloat *row, const gfloat *restrict a, const gfloat *restrict b,
    const gfloat *restrict c, gint width, gfloat *restrict to)
{
  for (gint x = 0; x < width; x++) {
    gfloat value = row[0] * a[x] + row[1] * b[x] + row[2] * c[x] + row[3];

    to[x] = CLAMP (value, 0, 1);
  }
}

/* The columns of components that a gray picture does not have are zero, so it
 * can stand in for them. */
void
gst_sod_codes_to_rgb (const GstSodImage *image, const gfloat *const *codes,
    gint width, gfloat *const *rgb)
{
  gboolean gray = image->n_components == 1;

  for (guint i = 0; i < 3; i++)
    to_rgb (image->matrix[i], codes[0], codes[gray ? 0 : 1],
        codes[gray ? 0 : 2], width, rgb[i]);
}

gdouble
gst_sod_sum_difference (const gfloat *restrict values,
    const gfloat *restrict upper, const gfloat *restrict lower, gint width)
{
  gdouble sum = 0;

  for (gint x = 0; x < width; x++) {
    gfloat mean =
        (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) / 4;

    sum += fabsf (values[x] - (2 * mean - 1));
  }
  return sum;
}

void
gst_sod_codes_from_signed (
    const gfloat *values, gint width, guint8 *codes, gint pixel_stride)
{
  for (gint x = 0; x < width; x++) {
    gfloat code = values[x] * 127.5f + 128.0f;

    codes[(gssize) x * pixel_stride] = (guint8) (gint) CLAMP (code, 0, 255);
  }
}
