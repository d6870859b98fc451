/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>

G_BEGIN_DECLS

/* Pixels that a decoder lets through: more are a broken file or a bomb. */
#define GST_SOD_PICTURE_MAX_PIXELS (1u << 27)

/* What is wanted of a file. */
typedef enum
{
  GST_SOD_PIXELS_SIZE,   /* only its width and height */
  GST_SOD_PIXELS_RGB,    /* 3 bytes a pixel */
  GST_SOD_PIXELS_GRAY,   /* 1 byte a pixel; colours are refused */
  GST_SOD_PIXELS_SKETCH, /* 1 byte a pixel, brightness, perhaps at a part of
                            the size */
  GST_SOD_PIXELS_MASK    /* as gray, but an index of a palette other than its
                            black first entry is 255 */
} GstSodPixels;

/* Samples of a file, rows from the top without padding. */
typedef struct
{
  gint width, height;
  guint8 *pixels; /* (height, width, 3 or 1), NULL for GST_SOD_PIXELS_SIZE */
} GstSodRaster;

/* Decoders of a whole file in memory. Their messages do not name the file;
 * on failure nothing is kept in @raster. */
gboolean gst_sod_jpeg_decode (const guint8 *data, gsize size,
    GstSodPixels wanted, GstSodRaster *raster, GError **error);
gboolean gst_sod_png_decode (const guint8 *data, gsize size,
    GstSodPixels wanted, GstSodRaster *raster, GError **error);
gboolean gst_sod_pnm_decode (const guint8 *data, gsize size,
    GstSodPixels wanted, GstSodRaster *raster, GError **error);

/* Encoders. Their messages name no file. (transfer full): the whole file */
GByteArray *gst_sod_jpeg_encode (
    const GstSodRaster *rgb, gint quality, GError **error);
GByteArray *gst_sod_png_encode (const GstSodImage *image, GError **error);

/* 8-bit RGB of any picture: a video frame's chroma is repeated, not filtered.
 * @raster borrows the pixels of a plain picture, in which case FALSE is put
 * into @owned, else they are its own. */
gboolean gst_sod_raster_view_rgb (const GstSodImage *image,
    GstSodRaster *raster, gboolean *owned, GError **error);

/* One of the decoders, by the first bytes. */
gboolean gst_sod_picture_decode (const guint8 *data, gsize size,
    GstSodPixels wanted, GstSodRaster *raster, GError **error);

/* A whole regular file, at most @max bytes, named in every error.
 * (transfer full) */
GBytes *gst_sod_file_read (const gchar *path, gsize max, GError **error);

/* Raises GST_SOD_ERROR_NOT_FOUND or GST_SOD_ERROR_IO with what errno says of
 * @path, and the way out. */
void gst_sod_file_error (
    const gchar *path, const gchar *what, gint code, GError **error);

/* A file through gst_sod_picture_decode(), named in every error. */
gboolean gst_sod_raster_read (const gchar *path, GstSodPixels wanted,
    GstSodRaster *raster, GError **error);

/* Sets the size and takes memory for the pixels. */
gboolean gst_sod_raster_allocate (GstSodRaster *raster, guint width,
    guint height, GstSodPixels wanted, GError **error);

/* Turns RGB pixels in which R, G and B differ by at most @tolerance into gray;
 * GST_SOD_ERROR_MISMATCH for others. */
gboolean gst_sod_raster_make_gray (
    GstSodRaster *raster, guint tolerance, GError **error);

/* 0 or 255: foreground is what is brighter than 128. */
void gst_sod_raster_threshold (GstSodRaster *raster);

/* Turns RGB pixels into their brightness. */
void gst_sod_raster_make_brightness (GstSodRaster *raster);

/* A picture that takes over the pixels. (transfer full) */
GstSodImage *gst_sod_raster_take_image (
    GstSodRaster *raster, GstSodPixels wanted);

G_END_DECLS
