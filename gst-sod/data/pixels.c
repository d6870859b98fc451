/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops over pixels, built for speed. */
#include <gst-sod/data/picture-private.h>

void
gst_sod_raster_threshold (GstSodRaster *raster)
{
  gsize n = (gsize) raster->width * raster->height;
  guint8 *pixels = raster->pixels;

  for (gsize i = 0; i < n; i++)
    pixels[i] = pixels[i] > 128 ? 255 : 0;
}

/* Luma of ITU-R BT.601, as JPEG has it. Works from the start to the end, where
 * what is written never overtakes what is still to be read. */
void
gst_sod_raster_make_brightness (GstSodRaster *raster)
{
  gsize n = (gsize) raster->width * raster->height;
  guint8 *pixels = raster->pixels;

  for (gsize i = 0; i < n; i++) {
    const guint8 *rgb = pixels + 3 * i;

    pixels[i] =
        (guint8) ((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
  }
}
