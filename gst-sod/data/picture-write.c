/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG out: maps and masks, and the pictures of reports. */
#include <gst-sod/data/picture.h>

#include <setjmp.h>
#include <png.h>

#include <gst-sod/data/picture-private.h>

typedef struct
{
  png_structp png;
  png_infop info;
  jmp_buf escape;
  GByteArray *out;
} Encoder;

static void
leave (png_structp png, png_const_charp text)
{
  Encoder *self = png_get_error_ptr (png);

  longjmp (self->escape, 1);
}

static void
warn (png_structp png, png_const_charp text)
{
}

static void
write_data (png_structp png, png_bytep data, size_t size)
{
  Encoder *self = png_get_io_ptr (png);

  g_byte_array_append (self->out, data, (guint) size);
}

static void
flush (png_structp png)
{
}

static gboolean
encode (Encoder *self, const GstSodImage *image)
{
  const GstSodComponent *first = &image->components[0];

  if (setjmp (self->escape) != 0)
    return FALSE;
  self->png =
      png_create_write_struct (PNG_LIBPNG_VER_STRING, self, leave, warn);
  if (self->png == NULL)
    return FALSE;
  self->info = png_create_info_struct (self->png);
  if (self->info == NULL)
    return FALSE;
  png_set_write_fn (self->png, self, write_data, flush);
  png_set_IHDR (self->png, self->info, (guint) image->width,
      (guint) image->height, 8,
      image->n_components == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
      PNG_FILTER_TYPE_DEFAULT);
  png_write_info (self->png, self->info);
  for (gint y = 0; y < image->height; y++)
    png_write_row (self->png, first->data + (gssize) y * first->stride);
  png_write_end (self->png, NULL);
  return TRUE;
}

/* Whether a row of the picture lies in memory as a row of the file does. */
static gboolean
is_plain (const GstSodImage *image)
{
  const GstSodComponent *first = &image->components[0];
  gint n = (gint) image->n_components;

  for (gint i = 0; i < n; i++) {
    const GstSodComponent *component = &image->components[i];

    if (component->sample_size != 1 || component->pixel_stride != n
        || component->data != first->data + i
        || component->stride != first->stride
        || component->width != image->width
        || component->height != image->height)
      return FALSE;
  }
  return TRUE;
}

GByteArray *
gst_sod_png_encode (const GstSodImage *image, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  Encoder encoder = { .out = out };
  gboolean done;

  if (!is_plain (image)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "only 8-bit gray and RGB pictures are written; convert it first");
    return NULL;
  }
  done = encode (&encoder, image);
  png_destroy_write_struct (&encoder.png, &encoder.info);
  if (done)
    return g_steal_pointer (&out);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory to write a picture of %dx%d pixels", image->width,
      image->height);
  return NULL;
}

/**
 * gst_sod_picture_write_png:
 * @image: an 8-bit gray or RGB picture
 * @path: (type filename): where to write it
 * @error: return location for an error
 *
 * Writes a picture as a PNG file, which is there whole or not at all: a file
 * that was there before is replaced when the new one is written.
 *
 * Errors: %GST_SOD_ERROR_IO, %GST_SOD_ERROR_UNSUPPORTED for a picture that is
 * not 8-bit gray or RGB (a video frame), %GST_SOD_ERROR_NO_MEMORY. Thread-safe.
 *
 * Returns: whether it was written; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_picture_write_png (
    const GstSodImage *image, const gchar *path, GError **error)
{
  g_autoptr (GByteArray) out = NULL;
  g_autofree gchar *name = NULL;
  g_autoptr (GError) cause = NULL;

  g_return_val_if_fail (image != NULL && path != NULL, FALSE);

  name = g_filename_display_name (path);
  out = gst_sod_png_encode (image, error);
  if (out == NULL) {
    g_prefix_error (error, "%s: ", name);
    return FALSE;
  }
  if (g_file_set_contents (
          path, (const gchar *) out->data, (gssize) out->len, &cause))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "%s: cannot be written: %s", name, cause->message);
  return FALSE;
}
