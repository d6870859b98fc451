/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG with libpng, any bit depth, to 8 bits.
 *
 * libpng reports errors by a function that must not return: ours jumps back
 * into gst_sod_png_decode(). Everything that a jump must find again lies in
 * Decoder, so no local variable is read after it. */
#include <gst-sod/data/picture-private.h>

#include <setjmp.h>
#include <string.h>
#include <png.h>

typedef struct
{
  png_structp png;
  png_infop info;
  jmp_buf escape;
  const guint8 *data;
  gsize size, position;
  png_bytep *rows;
  GError **error;
} Decoder;

static void
leave (png_structp png, png_const_charp text)
{
  Decoder *self = png_get_error_ptr (png);

  g_set_error (self->error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "is a broken or cut-off PNG file (%s); fetch it again or take it out of "
      "the set",
      text);
  longjmp (self->escape, 1);
}

static void
warn (png_structp png, png_const_charp text)
{
}

static void
read_data (png_structp png, png_bytep out, size_t size)
{
  Decoder *self = png_get_io_ptr (png);

  if (size > self->size - self->position)
    png_error (png, "it ends early");
  memcpy (out, self->data + self->position, size);
  self->position += size;
}

/* What each index of a palette is in a gray picture. */
static gboolean
gray_of_palette (Decoder *self, GstSodPixels wanted, guint8 gray[256])
{
  png_colorp colours = NULL;
  gint n = 0;
  gboolean is_gray = TRUE;

  memset (gray, 0, 256);
  png_get_PLTE (self->png, self->info, &colours, &n);
  for (gint i = 0; i < n; i++) {
    gray[i] = colours[i].red;
    if (colours[i].green != gray[i] || colours[i].blue != gray[i])
      is_gray = FALSE;
  }
  if (is_gray)
    return TRUE;
  if (wanted == GST_SOD_PIXELS_MASK && n > 0 && colours[0].red == 0
      && colours[0].green == 0 && colours[0].blue == 0) {
    memset (gray + 1, 255, 255);
    return TRUE;
  }
  g_set_error_literal (self->error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      wanted == GST_SOD_PIXELS_MASK
          ? "is a mask of coloured regions whose first colour is not black, so "
            "that its background is unknown; convert it to black and white"
          : "is a picture of coloured regions, where a gray map was expected; "
            "convert it to gray");
  return FALSE;
}

static void
read_rows (Decoder *self, GstSodRaster *raster, gsize n_bytes)
{
  gsize stride = png_get_rowbytes (self->png, self->info);

  if (stride != n_bytes)
    png_error (self->png, "its pixels are of an unknown kind");
  self->rows = g_new (png_bytep, raster->height);
  for (gint y = 0; y < raster->height; y++)
    self->rows[y] = raster->pixels + y * stride;
  png_read_image (self->png, self->rows);
  png_read_end (self->png, NULL);
}

static void
ask_for (Decoder *self, gboolean indices)
{
  if (png_get_bit_depth (self->png, self->info) == 16)
    png_set_scale_16 (self->png);
  if (indices) {
    png_set_packing (self->png);
  } else if (png_get_color_type (self->png, self->info)
             == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb (self->png);
  } else {
    png_set_expand_gray_1_2_4_to_8 (self->png);
  }
  png_set_strip_alpha (self->png);
  png_set_interlace_handling (self->png);
}

static gboolean
decode (Decoder *self, GstSodPixels wanted, GstSodRaster *raster)
{
  gboolean is_gray, is_palette;
  guint8 gray[256];
  guint width, height;

  png_read_info (self->png, self->info);
  width = png_get_image_width (self->png, self->info);
  height = png_get_image_height (self->png, self->info);
  is_palette =
      png_get_color_type (self->png, self->info) == PNG_COLOR_TYPE_PALETTE;
  is_gray = (png_get_color_type (self->png, self->info)
                & (PNG_COLOR_MASK_COLOR | PNG_COLOR_MASK_PALETTE))
            == 0;
  if (wanted == GST_SOD_PIXELS_SIZE)
    return gst_sod_raster_allocate (raster, width, height, wanted, self->error);
  if (is_palette && wanted != GST_SOD_PIXELS_RGB
      && !gray_of_palette (self, wanted, gray))
    return FALSE;
  ask_for (self, is_palette && wanted != GST_SOD_PIXELS_RGB);
  if (is_gray && wanted == GST_SOD_PIXELS_RGB)
    png_set_gray_to_rgb (self->png);
  png_read_update_info (self->png, self->info);
  if (!gst_sod_raster_allocate (raster, width, height,
          is_gray || is_palette ? wanted : GST_SOD_PIXELS_RGB, self->error))
    return FALSE;
  read_rows (self, raster,
      is_gray || is_palette
          ? width * (wanted == GST_SOD_PIXELS_RGB ? (gsize) 3 : 1)
          : width * (gsize) 3);
  if (is_gray || wanted == GST_SOD_PIXELS_RGB)
    return TRUE;
  if (!is_palette)
    return gst_sod_raster_make_gray (raster, 0, self->error);
  for (gsize i = 0; i < (gsize) width * height; i++)
    raster->pixels[i] = gray[raster->pixels[i]];
  return TRUE;
}

gboolean
gst_sod_png_decode (const guint8 *data, gsize size, GstSodPixels wanted,
    GstSodRaster *raster, GError **error)
{
  Decoder decoder = { .data = data, .size = size, .error = error };
  volatile gboolean done = FALSE;

  if (setjmp (decoder.escape) == 0) {
    decoder.png =
        png_create_read_struct (PNG_LIBPNG_VER_STRING, &decoder, leave, warn);
    decoder.info = png_create_info_struct (decoder.png);
    if (decoder.info == NULL)
      png_error (decoder.png, "out of memory");
    png_set_user_limits (decoder.png, 65536, 65536);
    png_set_read_fn (decoder.png, &decoder, read_data);
    done = decode (&decoder, wanted, raster);
  }
  png_destroy_read_struct (&decoder.png, &decoder.info, NULL);
  g_free (decoder.rows);
  if (!done)
    g_clear_pointer (&raster->pixels, g_free);
  return done;
}
