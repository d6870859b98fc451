/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/picture-private.h>
#include <gst-sod/data/store-private.h>

typedef gboolean (*DecodeFunc) (const guint8 *data, gsize size,
    GstSodPixels wanted, GstSodRaster *raster, GError **error);

/* A picture has the size that its record says, or is not decoded at all. */
static gboolean
decode (const GstSodEntry *record, DecodeFunc func, const guint8 *data,
    gsize size, GstSodPixels wanted, GstSodRaster *raster, GError **error)
{
  if (!func (data, size, GST_SOD_PIXELS_SIZE, raster, error))
    return FALSE;
  if (raster->width == (gint) record->width
      && raster->height == (gint) record->height)
    return func (data, size, wanted, raster, error);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "has %dx%d pixels, where its record says %ux%u", raster->width,
      raster->height, record->width, record->height);
  return FALSE;
}

gboolean
gst_sod_store_decode_picture (const GstSodEntry *record, const guint8 *payload,
    GstSodImage **image, GError **error)
{
  GstSodRaster raster = { (gint) record->width, (gint) record->height, NULL };

  if (record->picture_format == GST_SOD_ENTRY_PICTURE_RAW) {
    *image = gst_sod_image_new_rgb_take (
        raster.width, raster.height, g_memdup2 (payload, record->picture_size));
    return TRUE;
  }
  if (!decode (record, gst_sod_jpeg_decode, payload, record->picture_size,
          GST_SOD_PIXELS_RGB, &raster, error))
    return FALSE;
  *image = gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_RGB);
  return TRUE;
}

gboolean
gst_sod_store_decode_label (const GstSodEntry *record, const guint8 *payload,
    GstSodImage **mask, GError **error)
{
  GstSodRaster raster = { 0 };

  if (!decode (record, gst_sod_png_decode, payload + record->picture_size,
          record->label_size, GST_SOD_PIXELS_GRAY, &raster, error))
    return FALSE;
  gst_sod_raster_threshold (&raster);
  *mask = gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_MASK);
  return TRUE;
}

gboolean
gst_sod_store_check_label (
    const GstSodImage *label, gint width, gint height, GError **error)
{
  const GstSodComponent *gray = &label->components[0];
  guint brightest = 0;

  if (label->n_components != 1 || gray->sample_size != 1) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the label is no 8-bit gray picture; convert it to one");
    return FALSE;
  }
  if (label->width != width || label->height != height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the label has %dx%d pixels, its frame %dx%d; scale it to the frame's "
        "size, without smoothing",
        label->width, label->height, width, height);
    return FALSE;
  }
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++)
      brightest = MAX (brightest, gst_sod_component_code (gray, y, x));
  }
  if (brightest == 0 || brightest > 128)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the brightest value of the label is %u, where foreground is brighter "
      "than 128; multiply a mask of 0 and 1 by 255",
      brightest);
  return FALSE;
}
