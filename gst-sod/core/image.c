/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/image-private.h>

#include <string.h>

/* Larger sides than any camera has; keeps every product within gsize. */
#define MAX_SIDE 65536

G_DEFINE_BOXED_TYPE (
    GstSodImage, gst_sod_image, gst_sod_image_ref, gst_sod_image_unref)

GstSodImage *
gst_sod_image_new_borrowed (void)
{
  GstSodImage *self = g_new0 (GstSodImage, 1);

  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

void
gst_sod_image_set_component (GstSodImage *self, guint index, const guint8 *data,
    gint stride, gint pixel_stride, gint width, gint height)
{
  self->components[index] = (GstSodComponent){
    .data = data,
    .stride = stride,
    .pixel_stride = pixel_stride,
    .width = width,
    .height = height,
    .sample_size = 1,
    .depth = 8,
    .x_first = 0.5f / width,
    .x_step = 1.0f / width,
    .y_first = 0.5f / height,
    .y_step = 1.0f / height,
  };
}

void
gst_sod_image_set_full_range (GstSodImage *self, guint depth)
{
  gfloat scale = 1.0f / ((1u << depth) - 1);

  memset (self->matrix, 0, sizeof (self->matrix));
  for (guint i = 0; i < 3; i++)
    self->matrix[i][self->n_components == 1 ? 0 : i] = scale;
}

void
gst_sod_image_set_gray (
    GstSodImage *self, guint8 *data, gint stride, gint width, gint height)
{
  self->width = width;
  self->height = height;
  self->n_components = 1;
  gst_sod_image_set_component (self, 0, data, stride, 1, width, height);
  gst_sod_image_set_full_range (self, 8);
}

GstSodImage *
gst_sod_image_new_rgb_take (gint width, gint height, guint8 *pixels)
{
  GstSodImage *self = gst_sod_image_new_borrowed ();

  self->pixels = pixels;
  self->width = width;
  self->height = height;
  self->n_components = 3;
  for (guint i = 0; i < 3; i++)
    gst_sod_image_set_component (
        self, i, pixels + i, width * 3, 3, width, height);
  gst_sod_image_set_full_range (self, 8);
  return self;
}

static gboolean
check_size (gint width, gint height, GError **error)
{
  if (width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a picture is 1x1 to %dx%d pixels, %dx%d was asked for", MAX_SIDE,
      MAX_SIDE, width, height);
  return FALSE;
}

/**
 * gst_sod_image_new_rgb:
 * @width: columns, 1 to 65536
 * @height: rows, 1 to 65536
 * @pixels: @width * @height * 3 bytes, R G B, 0 to 255, rows from the top
 *   without padding; copied once
 * @error: return location for an error
 *
 * Makes a picture of full-range 8-bit RGB.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size out of range,
 * %GST_SOD_ERROR_MISMATCH where @pixels is not as long as the size says.
 *
 * Returns: (transfer full): the picture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_image_new_rgb (gint width, gint height, GBytes *pixels, GError **error)
{
  gsize size;

  g_return_val_if_fail (pixels != NULL, NULL);

  if (!check_size (width, height, error))
    return NULL;
  size = (gsize) width * height * 3;
  if (g_bytes_get_size (pixels) != size) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "an RGB picture of %dx%d pixels takes %" G_GSIZE_FORMAT
        " bytes, %" G_GSIZE_FORMAT " were given",
        width, height, size, g_bytes_get_size (pixels));
    return NULL;
  }
  return gst_sod_image_new_rgb_take (
      width, height, g_memdup2 (g_bytes_get_data (pixels, NULL), size));
}

/**
 * gst_sod_image_new_gray:
 * @width: columns, 1 to 65536
 * @height: rows, 1 to 65536
 * @error: return location for an error
 *
 * Makes a black 8-bit gray picture, such as a session writes its map into.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size out of range,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the picture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_image_new_gray (gint width, gint height, GError **error)
{
  GstSodImage *self;
  guint8 *pixels;

  if (!check_size (width, height, error))
    return NULL;
  pixels = g_try_malloc0 ((gsize) width * height);
  if (pixels == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory for a gray picture of %dx%d pixels", width, height);
    return NULL;
  }
  self = gst_sod_image_new_borrowed ();
  self->pixels = pixels;
  gst_sod_image_set_gray (self, pixels, width, width, height);
  return self;
}

/**
 * gst_sod_image_new_gray_from_bytes:
 * @width: columns, 1 to 65536
 * @height: rows, 1 to 65536
 * @pixels: @width * @height bytes, 0 to 255, rows from the top without
 *   padding; copied once
 * @error: return location for an error
 *
 * Makes an 8-bit gray picture, such as a map or a truth to be measured.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size out of range,
 * %GST_SOD_ERROR_MISMATCH where @pixels is not as long as the size says,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the picture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_image_new_gray_from_bytes (
    gint width, gint height, GBytes *pixels, GError **error)
{
  GstSodImage *self;
  gsize size;

  g_return_val_if_fail (pixels != NULL, NULL);

  if (!check_size (width, height, error))
    return NULL;
  size = (gsize) width * height;
  if (g_bytes_get_size (pixels) != size) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a gray picture of %dx%d pixels takes %" G_GSIZE_FORMAT
        " bytes, %" G_GSIZE_FORMAT " were given",
        width, height, size, g_bytes_get_size (pixels));
    return NULL;
  }
  self = gst_sod_image_new_gray (width, height, error);
  if (self != NULL)
    memcpy (self->pixels, g_bytes_get_data (pixels, NULL), size);
  return self;
}

/**
 * gst_sod_image_ref:
 * @self: a picture
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_image_ref (GstSodImage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_image_unref:
 * @self: (transfer full): a picture
 *
 * Gives a reference back; the last one frees the memory that the picture
 * owns. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_image_unref (GstSodImage *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->pixels);
  g_free (self);
}

/**
 * gst_sod_image_get_width:
 * @self: a picture
 *
 * Returns: its width, pixels
 *
 * Since: 0.1
 */
gint
gst_sod_image_get_width (const GstSodImage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->width;
}

/**
 * gst_sod_image_get_height:
 * @self: a picture
 *
 * Returns: its height, pixels
 *
 * Since: 0.1
 */
gint
gst_sod_image_get_height (const GstSodImage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->height;
}

/**
 * gst_sod_image_get_gray:
 * @self: an 8-bit gray picture
 *
 * Copies the pixels of a gray picture out: rows from the top, no padding.
 *
 * Returns: (transfer full) (nullable): one copy of width * height bytes, or
 *   %NULL where @self is not an 8-bit gray picture or lies in the memory of a
 *   device
 *
 * Since: 0.1
 */
GBytes *
gst_sod_image_get_gray (const GstSodImage *self)
{
  const GstSodComponent *gray;
  guint8 *copy;

  g_return_val_if_fail (self != NULL, NULL);

  gray = &self->components[0];
  if (self->n_components != 1 || gray->sample_size != 1
      || self->memory != GST_SOD_IMAGE_HOST)
    return NULL;
  copy = g_malloc ((gsize) gray->width * gray->height);
  for (gint y = 0; y < gray->height; y++) {
    for (gint x = 0; x < gray->width; x++)
      copy[(gsize) y * gray->width + x] =
          (guint8) gst_sod_component_code (gray, y, x);
  }
  return g_bytes_new_take (copy, (gsize) gray->width * gray->height);
}

/**
 * gst_sod_image_get_rgb:
 * @self: an 8-bit RGB picture that owns its samples
 *
 * Shows the pixels of an RGB picture: R G B, 0 to 255, rows from the top, no
 * padding. Nothing is copied: the bytes keep the picture.
 *
 * Returns: (transfer full) (nullable): width * height * 3 bytes, or %NULL where
 *   @self was not made by gst_sod_image_new_rgb() or read from a file
 *
 * Since: 0.1
 */
GBytes *
gst_sod_image_get_rgb (GstSodImage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->n_components != 3 || self->pixels == NULL)
    return NULL;
  return g_bytes_new_with_free_func (self->pixels,
      (gsize) self->width * self->height * 3,
      (GDestroyNotify) gst_sod_image_unref, gst_sod_image_ref (self));
}
