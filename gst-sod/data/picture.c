/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/picture.h>

#include <string.h>

#include <gst-sod/data/picture-private.h>

#define MAX_SIDE 65536
#define MAX_FILE ((gsize) 1 << 30)

gboolean
gst_sod_raster_allocate (GstSodRaster *raster, guint width, guint height,
    GstSodPixels wanted, GError **error)
{
  gsize n = (gsize) width * height;

  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE
      || n > GST_SOD_PICTURE_MAX_PIXELS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "has %ux%u pixels, where sides of 1 to %d and at most %u pixels are "
        "read; make it smaller",
        width, height, MAX_SIDE, GST_SOD_PICTURE_MAX_PIXELS);
    return FALSE;
  }
  raster->width = (gint) width;
  raster->height = (gint) height;
  if (wanted == GST_SOD_PIXELS_SIZE)
    return TRUE;
  raster->pixels = g_try_malloc (wanted == GST_SOD_PIXELS_RGB ? 3 * n : n);
  if (raster->pixels != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "has %ux%u pixels, for which there is no memory", width, height);
  return FALSE;
}

gboolean
gst_sod_raster_make_gray (GstSodRaster *raster, guint tolerance, GError **error)
{
  gsize n = (gsize) raster->width * raster->height;
  guint8 *pixels = raster->pixels;

  for (gsize i = 0; i < n; i++) {
    guint8 r = pixels[3 * i], g = pixels[3 * i + 1], b = pixels[3 * i + 2];
    guint8 low = MIN (MIN (r, g), b), high = MAX (MAX (r, g), b);

    if ((guint) (high - low) > tolerance) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
          "is coloured (R %u, G %u, B %u in column %" G_GSIZE_FORMAT
          " of row %" G_GSIZE_FORMAT
          "), where gray was expected; convert it to one channel",
          r, g, b, i % raster->width, i / raster->width);
      return FALSE;
    }
    pixels[i] = g;
  }
  return TRUE;
}

GstSodImage *
gst_sod_raster_take_image (GstSodRaster *raster, GstSodPixels wanted)
{
  guint8 *pixels = g_steal_pointer (&raster->pixels);
  GstSodImage *image;

  if (wanted == GST_SOD_PIXELS_RGB)
    return gst_sod_image_new_rgb_take (raster->width, raster->height, pixels);
  image = gst_sod_image_new_borrowed ();
  image->pixels = pixels;
  gst_sod_image_set_gray (
      image, pixels, raster->width, raster->width, raster->height);
  return image;
}

gboolean
gst_sod_picture_decode (const guint8 *data, gsize size, GstSodPixels wanted,
    GstSodRaster *raster, GError **error)
{
  static const guint8 jpeg[] = { 0xff, 0xd8, 0xff };
  static const guint8 png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

  raster->pixels = NULL;
  if (wanted == GST_SOD_PIXELS_SKETCH
      && !(size >= sizeof (jpeg) && memcmp (data, jpeg, sizeof (jpeg)) == 0)) {
    if (!gst_sod_picture_decode (data, size, GST_SOD_PIXELS_RGB, raster, error))
      return FALSE;
    gst_sod_raster_make_brightness (raster);
    return TRUE;
  }
  if (size >= sizeof (jpeg) && memcmp (data, jpeg, sizeof (jpeg)) == 0)
    return gst_sod_jpeg_decode (data, size, wanted, raster, error);
  if (size >= sizeof (png) && memcmp (data, png, sizeof (png)) == 0)
    return gst_sod_png_decode (data, size, wanted, raster, error);
  if (size >= 3 && data[0] == 'P' && memchr ("2356", data[1], 4) != NULL)
    return gst_sod_pnm_decode (data, size, wanted, raster, error);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "is neither JPEG nor PNG, PGM or PPM (its first bytes are %02x %02x %02x "
      "%02x); convert it, or take it out of the set",
      size > 0 ? data[0] : 0, size > 1 ? data[1] : 0, size > 2 ? data[2] : 0,
      size > 3 ? data[3] : 0);
  return FALSE;
}

gboolean
gst_sod_raster_read (const gchar *path, GstSodPixels wanted,
    GstSodRaster *raster, GError **error)
{
  g_autoptr (GBytes) bytes = gst_sod_file_read (path, MAX_FILE, error);
  g_autofree gchar *name = NULL;
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (gst_sod_picture_decode (data, size, wanted, raster, error))
    return TRUE;
  name = g_filename_display_name (path);
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

/**
 * gst_sod_picture_read_rgb:
 * @path: (type filename): a JPEG, PNG, PGM or PPM file
 * @error: return location for an error
 *
 * Reads a picture as 8-bit RGB, whatever it is stored as: gray is repeated,
 * palettes are looked up, 16 bits are scaled to 8 and transparency is ignored.
 * The rows are those of the file: an orientation in Exif data is not applied,
 * as data sets keep their masks the way the pixels lie.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT
 * for an empty, cut-off or damaged file, %GST_SOD_ERROR_UNSUPPORTED for more
 * than 2^27 pixels or CMYK, %GST_SOD_ERROR_NO_MEMORY. Thread-safe.
 *
 * Returns: (transfer full): the picture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_picture_read_rgb (const gchar *path, GError **error)
{
  GstSodRaster raster;

  g_return_val_if_fail (path != NULL, NULL);

  if (!gst_sod_raster_read (path, GST_SOD_PIXELS_RGB, &raster, error))
    return NULL;
  return gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_RGB);
}

/**
 * gst_sod_picture_read_gray:
 * @path: (type filename): a JPEG, PNG or PGM file
 * @error: return location for an error
 *
 * Reads a map as 8-bit gray: 1, 2 and 4 bits are spread over 0 to 255, 16 bits
 * are scaled to 8, colours are taken where R = G = B (within 16 in a JPEG file)
 * and refused where not.
 *
 * Errors: as gst_sod_picture_read_rgb(), and %GST_SOD_ERROR_MISMATCH for a
 * coloured file. Thread-safe.
 *
 * Returns: (transfer full): the map, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_picture_read_gray (const gchar *path, GError **error)
{
  GstSodRaster raster;

  g_return_val_if_fail (path != NULL, NULL);

  if (!gst_sod_raster_read (path, GST_SOD_PIXELS_GRAY, &raster, error))
    return NULL;
  return gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_GRAY);
}

/**
 * gst_sod_picture_read_mask:
 * @path: (type filename): a JPEG, PNG or PGM file
 * @error: return location for an error
 *
 * Reads a mask: 255 where the gray value, as gst_sod_picture_read_gray() has
 * it, is more than 128, and 0 elsewhere. Of a coloured palette whose first
 * entry is black, as DAVIS-2017 has for its objects, everything but the first
 * entry is foreground.
 *
 * Errors: as gst_sod_picture_read_gray(). Thread-safe.
 *
 * Returns: (transfer full): the mask, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_picture_read_mask (const gchar *path, GError **error)
{
  GstSodRaster raster;

  g_return_val_if_fail (path != NULL, NULL);

  if (!gst_sod_raster_read (path, GST_SOD_PIXELS_MASK, &raster, error))
    return NULL;
  gst_sod_raster_threshold (&raster);
  return gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_MASK);
}

/**
 * gst_sod_picture_read_size:
 * @path: (type filename): a JPEG, PNG, PGM or PPM file
 * @width: (out): columns
 * @height: (out): rows
 * @error: return location for an error
 *
 * Reads how large a picture is, without decoding it.
 *
 * Errors: as gst_sod_picture_read_rgb(). Thread-safe.
 *
 * Returns: whether it could be read; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_picture_read_size (
    const gchar *path, gint *width, gint *height, GError **error)
{
  GstSodRaster raster;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (width != NULL && height != NULL, FALSE);

  if (!gst_sod_raster_read (path, GST_SOD_PIXELS_SIZE, &raster, error))
    return FALSE;
  *width = raster.width;
  *height = raster.height;
  return TRUE;
}
