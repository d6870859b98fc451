/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any picture as 8-bit RGB. */
#include <gst-sod/data/picture-private.h>

#include <math.h>
#include <string.h>

/* Whether component i is the byte i of each pixel, at full range. */
static gboolean
is_interleaved (const GstSodImage *image)
{
  const GstSodComponent *first = &image->components[0];

  if (image->n_components != 3)
    return FALSE;
  for (guint i = 0; i < 3; i++) {
    const GstSodComponent *component = &image->components[i];

    if (component->sample_size != 1 || component->pixel_stride != 3
        || component->depth != 8 || component->shift != 0
        || component->data != first->data + i
        || component->stride != first->stride
        || component->width != image->width
        || component->height != image->height)
      return FALSE;
    for (guint j = 0; j < 4; j++) {
      if (fabsf (image->matrix[i][j] - (i == j ? 1.0f / 255 : 0.0f)) > 1e-6f)
        return FALSE;
    }
  }
  return TRUE;
}

/* The sample of a component that lies nearest to the fraction @at of the
 * picture's side. */
static gint
nearest (gfloat at, gfloat first, gfloat step, gint n)
{
  return CLAMP ((gint) lrintf ((at - first) / step), 0, n - 1);
}

static void
convert_row (
    const GstSodImage *image, gint y, gint *const columns[3], guint8 *rgb)
{
  gint rows[3];

  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *component = &image->components[i];

    rows[i] = nearest ((y + 0.5f) / image->height, component->y_first,
        component->y_step, component->height);
  }
  for (gint x = 0; x < image->width; x++) {
    gfloat codes[3] = { 0 };

    for (guint i = 0; i < image->n_components; i++)
      codes[i] = gst_sod_component_code (
          &image->components[i], rows[i], columns[i][x]);
    for (guint i = 0; i < 3; i++) {
      const gfloat *m = image->matrix[i];
      gfloat value = m[0] * codes[0] + m[1] * codes[1] + m[2] * codes[2] + m[3];

      rgb[3 * x + (gint) i] =
          (guint8) (CLAMP (value, 0.0f, 1.0f) * 255.0f + 0.5f);
    }
  }
}

static void
convert (const GstSodImage *image, GstSodRaster *raster)
{
  gint *columns[3] = { 0 };

  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *component = &image->components[i];

    columns[i] = g_new (gint, image->width);
    for (gint x = 0; x < image->width; x++)
      columns[i][x] = nearest ((x + 0.5f) / image->width, component->x_first,
          component->x_step, component->width);
  }
  for (gint y = 0; y < image->height; y++)
    convert_row (
        image, y, columns, raster->pixels + (gsize) y * image->width * 3);
  for (guint i = 0; i < 3; i++)
    g_free (columns[i]);
}

gboolean
gst_sod_raster_view_rgb (const GstSodImage *image, GstSodRaster *raster,
    gboolean *owned, GError **error)
{
  const GstSodComponent *first = &image->components[0];
  gsize stride = (gsize) image->width * 3;

  *owned = FALSE;
  if (is_interleaved (image) && first->stride == (gint) stride) {
    *raster =
        (GstSodRaster){ image->width, image->height, (guint8 *) first->data };
    return TRUE;
  }
  if (!gst_sod_raster_allocate (raster, (guint) image->width,
          (guint) image->height, GST_SOD_PIXELS_RGB, error))
    return FALSE;
  *owned = TRUE;
  if (!is_interleaved (image)) {
    convert (image, raster);
    return TRUE;
  }
  for (gint y = 0; y < image->height; y++)
    memcpy (raster->pixels + (gsize) y * stride,
        first->data + (gssize) y * first->stride, stride);
  return TRUE;
}
