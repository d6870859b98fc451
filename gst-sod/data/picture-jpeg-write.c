/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG out, with libjpeg-turbo: 4:2:0, the accurate transform.
 *
 * As in picture-jpeg.c, everything that a jump out of libjpeg must find again
 * lies in Encoder. */
#include <gst-sod/data/picture-private.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

typedef struct
{
  struct jpeg_error_mgr manager; /* first: libjpeg gives it back to us */
  struct jpeg_compress_struct info;
  jmp_buf escape;
  guint8 *data; /* of libjpeg, from malloc() */
  unsigned long size;
  GError **error;
} Encoder;

static void
leave (j_common_ptr info)
{
  Encoder *self = (Encoder *) info->err;
  gchar text[JMSG_LENGTH_MAX];

  info->err->format_message (info, text);
  g_set_error (self->error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
      "a picture of %ux%u pixels cannot be made a JPEG file: %s",
      self->info.image_width, self->info.image_height, text);
  longjmp (self->escape, 1);
}

static void
print_nothing (j_common_ptr info)
{
}

static void
encode (Encoder *self, const GstSodRaster *rgb, gint quality)
{
  gsize stride = (gsize) rgb->width * 3;

  self->info.image_width = (guint) rgb->width;
  self->info.image_height = (guint) rgb->height;
  self->info.input_components = 3;
  self->info.in_color_space = JCS_RGB;
  jpeg_set_defaults (&self->info);
  jpeg_set_quality (&self->info, quality, TRUE);
  jpeg_start_compress (&self->info, TRUE);
  while (self->info.next_scanline < self->info.image_height) {
    JSAMPROW row = rgb->pixels + self->info.next_scanline * stride;

    jpeg_write_scanlines (&self->info, &row, 1);
  }
  jpeg_finish_compress (&self->info);
}

GByteArray *
gst_sod_jpeg_encode (const GstSodRaster *rgb, gint quality, GError **error)
{
  Encoder encoder = { .error = error };
  GByteArray *volatile out = NULL;

  encoder.info.err = jpeg_std_error (&encoder.manager);
  encoder.manager.error_exit = leave;
  encoder.manager.output_message = print_nothing;
  if (setjmp (encoder.escape) == 0) {
    jpeg_create_compress (&encoder.info);
    jpeg_mem_dest (&encoder.info, &encoder.data, &encoder.size);
    encode (&encoder, rgb, quality);
    out = g_byte_array_sized_new ((guint) encoder.size);
    g_byte_array_append (out, encoder.data, (guint) encoder.size);
  }
  jpeg_destroy_compress (&encoder.info);
  free (encoder.data);
  return out;
}
