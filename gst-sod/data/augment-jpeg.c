/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What JPEG takes away. As in picture-jpeg.c, libjpeg's errors jump back. */
#include <string.h>

#include <gst-sod/data/augment-private.h>
#include <gst-sod/data/picture-private.h>

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

typedef struct
{
  struct jpeg_error_mgr manager; /* first: libjpeg gives it back to us */
  struct jpeg_compress_struct info;
  jmp_buf escape;
  GError **error;
  guint8 *row; /* plain RGB */
  unsigned char *bytes;
  unsigned long size;
} Encoder;

static void
leave (j_common_ptr info)
{
  Encoder *self = (Encoder *) info->err;
  gchar text[JMSG_LENGTH_MAX];

  info->err->format_message (info, text);
  g_set_error (self->error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
      "a picture could not be made into a JPEG file (%s); set jpeg of the "
      "augmentation to 0",
      text);
  longjmp (self->escape, 1);
}

/* Row @y as plain RGB. */
static JSAMPROW
get_row (Encoder *self, const GstSodImage *image, gint y)
{
  const GstSodComponent *components = image->components;
  JSAMPROW row = self->row;

  /* as pictures are decoded: libjpeg only reads it */
  if (components[0].pixel_stride == 3
      && components[1].data == components[0].data + 1
      && components[2].data == components[0].data + 2)
    return (JSAMPROW) components[0].data + (gssize) y * components[0].stride;
  for (guint i = 0; i < 3; i++) {
    const guint8 *from = components[i].data + (gssize) y * components[i].stride;

    for (gint x = 0; x < image->width; x++)
      row[3 * x + i] = from[(gssize) x * components[i].pixel_stride];
  }
  return row;
}

static void
encode (Encoder *self, const GstSodImage *image, gint quality)
{
  jpeg_mem_dest (&self->info, &self->bytes, &self->size);
  self->info.image_width = (JDIMENSION) image->width;
  self->info.image_height = (JDIMENSION) image->height;
  self->info.input_components = 3;
  self->info.in_color_space = JCS_RGB;
  jpeg_set_defaults (&self->info);
  jpeg_set_quality (&self->info, quality, TRUE);
  jpeg_start_compress (&self->info, TRUE);
  while (self->info.next_scanline < self->info.image_height) {
    JSAMPROW row = get_row (self, image, (gint) self->info.next_scanline);

    jpeg_write_scanlines (&self->info, &row, 1);
  }
  jpeg_finish_compress (&self->info);
}

GstSodImage *
gst_sod_augment_jpeg (const GstSodImage *image, gint quality, GError **error)
{
  Encoder encoder = { .error = error };
  volatile gboolean done = FALSE;
  GstSodRaster raster = { 0 };

  encoder.row = g_malloc ((gsize) image->width * 3);
  encoder.info.err = jpeg_std_error (&encoder.manager);
  encoder.manager.error_exit = leave;
  if (setjmp (encoder.escape) == 0) {
    jpeg_create_compress (&encoder.info);
    encode (&encoder, image, quality);
    done = TRUE;
  }
  jpeg_destroy_compress (&encoder.info);
  g_free (encoder.row);
  done = done
         && gst_sod_jpeg_decode (
             encoder.bytes, encoder.size, GST_SOD_PIXELS_RGB, &raster, error);
  free (encoder.bytes);
  return done ? gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_RGB) : NULL;
}
