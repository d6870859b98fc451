/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small gray pictures for the tests of measures. */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/gstsod.h>
#include <string.h>

/* A gray picture of @width x @height codes, rows from the top. */
static inline GstSodImage *
new_gray (gint width, gint height, const guint8 *codes)
{
  GstSodImage *image = gst_sod_image_new_gray (width, height, NULL);

  g_assert_nonnull (image);
  for (gint y = 0; y < height; y++)
    memcpy (gst_sod_image_gray_row (image, y), codes + y * width, width);
  return image;
}

/* A gray picture of one code. */
static inline GstSodImage *
new_constant (gint width, gint height, guint8 code)
{
  GstSodImage *image = gst_sod_image_new_gray (width, height, NULL);

  g_assert_nonnull (image);
  for (gint y = 0; y < height; y++)
    memset (gst_sod_image_gray_row (image, y), code, width);
  return image;
}

/* @image with the rectangle [x0, x1) x [y0, y1) filled. */
static inline GstSodImage *
draw_box (GstSodImage *image, gint x0, gint y0, gint x1, gint y1, guint8 code)
{
  for (gint y = y0; y < y1; y++)
    memset (gst_sod_image_gray_row (image, y) + x0, code, x1 - x0);
  return image;
}

/* A gray picture of blobs: a soft disk, noise of @noise codes around it. */
static inline GstSodImage *
new_blob (gint width, gint height, gint x0, gint y0, gint radius, gint noise,
    guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 1);
  GstSodImage *image = gst_sod_image_new_gray (width, height, NULL);

  g_assert_nonnull (image);
  for (gint y = 0; y < height; y++) {
    guint8 *row = gst_sod_image_gray_row (image, y);

    for (gint x = 0; x < width; x++) {
      gint squared = (x - x0) * (x - x0) + (y - y0) * (y - y0);
      gint code = CLAMP (255 - 128 * squared / (radius * radius), 0, 255);

      if (noise > 0)
        code += (gint) gst_sod_random_below (random, 2 * noise + 1) - noise;
      row[x] = (guint8) CLAMP (code, 0, 255);
    }
  }
  return image;
}

static inline gdouble
measure (GstSodSchool school, GstSodImage *prediction, GstSodImage *truth,
    GstSodMeasure measure_id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodMeasures) measures =
      gst_sod_measures_new (school, prediction, truth, &error);

  g_assert_no_error (error);
  return gst_sod_measures_get (measures, measure_id);
}
