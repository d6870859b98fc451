/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lightness of a picture, which motion is estimated on. */
#include <gst-sod/eval/luma-private.h>

#include <gst-sod/core/image-private.h>
#include <math.h>

static void
fill_luma (const GstSodImage *image, guint8 *pixels, gint width, gint height)
{
  static const gdouble rec601[3] = { 0.299, 0.587, 0.114 };
  const GstSodComponent *first = &image->components[0];
  gdouble weights[3] = { 0 }, offset = 0;

  for (gint i = 0; i < 3; i++) {
    for (guint j = 0; j < image->n_components; j++)
      weights[j] += 255 * rec601[i] * image->matrix[i][j];
    offset += 255 * rec601[i] * image->matrix[i][3];
  }
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++) {
      gdouble sum = offset;

      for (guint j = 0; j < image->n_components; j++) {
        const GstSodComponent *component = &image->components[j];

        sum += weights[j]
               * gst_sod_component_code (component,
                   y * component->height / first->height,
                   x * component->width / first->width);
      }
      pixels[(gsize) y * width + x] = (guint8) rint (CLAMP (sum, 0, 255));
    }
  }
}

gboolean
gst_sod_plane_init_luma (GstSodPlane *self, const GstSodImage *image,
    gint width, gint height, const GstSodScratchSlot slots[2],
    GstSodScratch *scratch, GError **error)
{
  const GstSodComponent *first = &image->components[0];
  GstSodPlane plane = { NULL, first->width, first->width, first->height };
  guint8 *pixels;

  pixels = gst_sod_scratch_take (
      scratch, slots[0], (gsize) plane.width * plane.height, 1, NULL, error);
  if (pixels == NULL)
    return FALSE;
  fill_luma (image, pixels, plane.width, plane.height);
  plane.data = pixels;
  *self = plane;
  if (plane.width == width && plane.height == height)
    return TRUE;
  self->width = width;
  self->height = height;
  return gst_sod_plane_resize (self, &plane, slots[1], scratch, error);
}
