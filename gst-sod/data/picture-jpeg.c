/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG with libjpeg-turbo, at its default (accurate) settings.
 *
 * libjpeg reports errors by a function that must not return: ours jumps back
 * into gst_sod_jpeg_decode(). Everything that a jump must find again lies in
 * Decoder, so no local variable is read after it. */
#include <gst-sod/data/picture-private.h>

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>

/* Scan lines that are asked for at a time. */
#define ROWS 16

/* Chroma of a gray picture that was stored in colours is off by this much. */
#define GRAY_TOLERANCE 16

/* Sides of a sketch are at least this long where the picture's are. */
#define SKETCH_SIDE 32

typedef struct
{
  struct jpeg_error_mgr manager; /* first: libjpeg gives it back to us */
  struct jpeg_decompress_struct info;
  jmp_buf escape;
  GError **error;
} Decoder;

static void
leave (j_common_ptr info)
{
  Decoder *self = (Decoder *) info->err;
  gchar text[JMSG_LENGTH_MAX];

  info->err->format_message (info, text);
  g_set_error (self->error, GST_SOD_ERROR,
      info->err->msg_code == JERR_OUT_OF_MEMORY ? GST_SOD_ERROR_NO_MEMORY
                                                : GST_SOD_ERROR_FORMAT,
      "is a broken or cut-off JPEG file (%s); fetch it again or take it out of "
      "the set",
      text);
  longjmp (self->escape, 1);
}

/* libjpeg goes on after damage with gray blocks in the place of what is
 * missing; only what leaves the pixels whole may pass. */
static void
emit (j_common_ptr info, int level)
{
  if (level >= 0)
    return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
      break;
    default:
      leave (info);
  }
}

static void
print_nothing (j_common_ptr info)
{
}

static gboolean
check_colours (Decoder *self)
{
  if (self->info.jpeg_color_space == JCS_GRAYSCALE
      || self->info.jpeg_color_space == JCS_YCbCr
      || self->info.jpeg_color_space == JCS_RGB)
    return TRUE;
  g_set_error (self->error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "is a JPEG file of %d components (CMYK?), where gray or RGB was "
      "expected; convert it",
      self->info.num_components);
  return FALSE;
}

static void
read_rows (Decoder *self, GstSodRaster *raster)
{
  gsize stride = (gsize) raster->width * self->info.output_components;

  while (self->info.output_scanline < self->info.output_height) {
    JSAMPROW rows[ROWS];
    guint first = self->info.output_scanline;
    guint n = MIN (ROWS, self->info.output_height - first);

    for (guint i = 0; i < n; i++)
      rows[i] = raster->pixels + (first + i) * stride;
    jpeg_read_scanlines (&self->info, rows, n);
  }
  jpeg_finish_decompress (&self->info);
}

/* An eighth, quarter or half of the size, of the sides at least SKETCH_SIDE:
 * what is left away is not even transformed. */
static gboolean
decode_sketch (Decoder *self, GstSodRaster *raster)
{
  guint side = MIN (self->info.image_width, self->info.image_height);

  self->info.out_color_space = JCS_GRAYSCALE;
  self->info.scale_num = 1;
  self->info.scale_denom = 8;
  while (
      self->info.scale_denom > 1 && side / self->info.scale_denom < SKETCH_SIDE)
    self->info.scale_denom /= 2;
  if (!check_colours (self))
    return FALSE;
  jpeg_calc_output_dimensions (&self->info);
  if (!gst_sod_raster_allocate (raster, self->info.output_width,
          self->info.output_height, GST_SOD_PIXELS_SKETCH, self->error))
    return FALSE;
  jpeg_start_decompress (&self->info);
  read_rows (self, raster);
  return TRUE;
}

static gboolean
decode (Decoder *self, GstSodPixels wanted, GstSodRaster *raster)
{
  gboolean is_gray;

  jpeg_read_header (&self->info, TRUE);
  is_gray = self->info.jpeg_color_space == JCS_GRAYSCALE;
  if (wanted == GST_SOD_PIXELS_SIZE)
    return gst_sod_raster_allocate (raster, self->info.image_width,
        self->info.image_height, wanted, self->error);
  if (wanted == GST_SOD_PIXELS_SKETCH)
    return decode_sketch (self, raster);
  if (!check_colours (self))
    return FALSE;
  if (is_gray && wanted != GST_SOD_PIXELS_RGB)
    self->info.out_color_space = JCS_GRAYSCALE;
  else
    self->info.out_color_space = JCS_RGB;
  if (!gst_sod_raster_allocate (raster, self->info.image_width,
          self->info.image_height, is_gray ? wanted : GST_SOD_PIXELS_RGB,
          self->error))
    return FALSE;
  jpeg_start_decompress (&self->info);
  read_rows (self, raster);
  return is_gray || wanted == GST_SOD_PIXELS_RGB
         || gst_sod_raster_make_gray (raster, GRAY_TOLERANCE, self->error);
}

gboolean
gst_sod_jpeg_decode (const guint8 *data, gsize size, GstSodPixels wanted,
    GstSodRaster *raster, GError **error)
{
  Decoder decoder = { .error = error };
  volatile gboolean done = FALSE;

  decoder.info.err = jpeg_std_error (&decoder.manager);
  decoder.manager.error_exit = leave;
  decoder.manager.emit_message = emit;
  decoder.manager.output_message = print_nothing;
  if (setjmp (decoder.escape) == 0) {
    jpeg_create_decompress (&decoder.info);
    jpeg_mem_src (&decoder.info, data, size);
    done = decode (&decoder, wanted, raster);
  }
  jpeg_destroy_decompress (&decoder.info);
  if (!done)
    g_clear_pointer (&raster->pixels, g_free);
  return done;
}
