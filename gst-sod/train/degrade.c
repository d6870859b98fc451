/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/degrade-private.h>

#include <string.h>

#include <gst-sod/core/tensor-private.h>

/* Each 2x2 pixels of a plane by their mean, in place: a symmetric linear map,
 * and so its own adjoint. */
static void
pool_plane (gfloat *values, gint64 height, gint64 width)
{
  for (gint64 y = 0; y < height; y += 2) {
    gfloat *upper = values + y * width;
    gfloat *lower = upper + width;

    for (gint64 x = 0; x < width; x += 2) {
      gfloat mean = (upper[x] + upper[x + 1] + lower[x] + lower[x + 1]) / 4;

      upper[x] = upper[x + 1] = lower[x] = lower[x + 1] = mean;
    }
  }
}

static void
pool (GstSodTensor *tensor)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  gint64 height = shape->dims[2], width = shape->dims[3];
  gfloat *values = gst_sod_tensor_get_data (tensor);

  g_assert (height % 2 == 0 && width % 2 == 0);
  for (gint64 i = 0; i < shape->dims[0] * shape->dims[1]; i++)
    pool_plane (values + i * height * width, height, width);
}

GstSodTensor *
gst_sod_degrade (const GstSodDegradation *self, const GstSodTensor *map,
    GstSodRandom *random, GError **error)
{
  GstSodTensor *degraded =
      gst_sod_tensor_convert (map, GST_SOD_DTYPE_F32, error);
  gsize n = gst_sod_tensor_get_n_elements (map);
  gfloat *values;

  if (degraded == NULL)
    return NULL;
  values = gst_sod_tensor_get_data (degraded);
  for (gsize i = 0; self->noise > 0 && i < n; i++)
    values[i] += (gfloat) (self->noise * gst_sod_random_normal (random));
  if (self->pool)
    pool (degraded);
  for (gsize i = 0; self->binarise && i < n; i++)
    values[i] = values[i] > 0.5f ? 1 : 0;
  return degraded;
}

void
gst_sod_degrade_backward (const GstSodDegradation *self, GstSodTensor *d_map)
{
  if (self->pool)
    pool (d_map);
}
