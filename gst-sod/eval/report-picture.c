/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of the page, as PNG in data URIs. */
#include <gst-sod/eval/report-private.h>

#include <gst-sod/core/image-private.h>

#include <cairo.h>

static guint8
to_code (gdouble value)
{
  return (guint8) (CLAMP (value, 0, 1) * 255 + 0.5);
}

/* Pixel (x, y) as cairo's RGB24. */
static guint32
read_pixel (const GstSodImage *image, gint x, gint y)
{
  guint32 pixel = 0;

  for (guint i = 0; i < 3; i++) {
    gdouble value = image->matrix[i][3];

    for (guint j = 0; j < image->n_components; j++) {
      const GstSodComponent *component = &image->components[j];
      gint row = y * component->height / image->height;
      gint column = x * component->width / image->width;

      value +=
          image->matrix[i][j] * gst_sod_component_code (component, row, column);
    }
    pixel = pixel << 8 | to_code (value);
  }
  return pixel;
}

/* (transfer full): may be in an error status, which the last surface tells. */
static cairo_surface_t *
to_surface (const GstSodImage *image)
{
  cairo_surface_t *surface = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, image->width, image->height);
  guint8 *data = cairo_image_surface_get_data (surface);
  gint stride = cairo_image_surface_get_stride (surface);

  if (data == NULL)
    return surface;
  for (gint y = 0; y < image->height; y++) {
    guint32 *row = (guint32 *) (void *) (data + (gsize) y * stride);

    for (gint x = 0; x < image->width; x++)
      row[x] = read_pixel (image, x, y);
  }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static void
paint (cairo_t *cr, const GstSodImage *image, gdouble x, gdouble y,
    gdouble width, gdouble height)
{
  cairo_surface_t *surface = to_surface (image);

  cairo_save (cr);
  cairo_rectangle (cr, x, y, width, height);
  cairo_clip (cr);
  cairo_translate (cr, x, y);
  cairo_scale (cr, width / image->width, height / image->height);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_GOOD);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (surface);
}

static cairo_status_t
append (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

/* Takes both. */
static gchar *
to_uri (cairo_surface_t *surface, cairo_t *cr, GError **error)
{
  g_autoptr (GByteArray) png = g_byte_array_new ();
  g_autofree gchar *text = NULL;
  cairo_status_t status = cairo_status (cr);

  cairo_destroy (cr);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_write_to_png_stream (surface, append, png);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "a picture of the report cannot be drawn: cairo says \"%s\"",
        cairo_status_to_string (status));
    return NULL;
  }
  text = g_base64_encode (png->data, png->len);
  return g_strconcat ("data:image/png;base64,", text, NULL);
}

static gint
scale_height (const GstSodImage *image, gint width)
{
  return MAX (1, (gint) ((gdouble) image->height * width / image->width + 0.5));
}

gchar *
gst_sod_picture_to_uri (
    const GstSodImage *image, gint max_width, GError **error)
{
  gint width = MIN (image->width, max_width);
  gint height = scale_height (image, width);
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);

  paint (cr, image, 0, 0, width, height);
  return to_uri (surface, cr, error);
}

/* Picture, map and truth in one shape: a map may have another size. */
static void
paint_column (cairo_t *cr, GstSodPair *pair, gdouble x, gint width, gint height)
{
  const GstSodImage *images[] = { gst_sod_pair_get_picture (pair),
    gst_sod_pair_get_prediction (pair), gst_sod_pair_get_truth (pair) };
  gint row = 0;

  for (guint i = 0; i < G_N_ELEMENTS (images); i++) {
    if (images[i] == NULL)
      continue;
    paint (cr, images[i], x, row * (height + 2), width, height);
    row++;
  }
}

gchar *
gst_sod_pictures_to_strip_uri (GstSodPair *const *pairs, guint n_pairs,
    gint width, gint *strip_width, gint *strip_height, GError **error)
{
  gint height = scale_height (gst_sod_pair_get_truth (pairs[0]), width);
  gint rows = gst_sod_pair_get_picture (pairs[0]) != NULL ? 3 : 2;
  cairo_surface_t *surface;
  cairo_t *cr;

  *strip_width = (gint) n_pairs * (width + 2) - 2;
  *strip_height = rows * (height + 2) - 2;
  surface = cairo_image_surface_create (
      CAIRO_FORMAT_ARGB32, *strip_width, *strip_height);
  cr = cairo_create (surface);
  for (guint i = 0; i < n_pairs; i++)
    paint_column (cr, pairs[i], i * (width + 2), width, height);
  return to_uri (surface, cr, error);
}
