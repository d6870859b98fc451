/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"

#include <png.h>
#include <string.h>

#include <gst-sod/nn/safetensors-private.h>

gchar *
golden_find (const gchar *name)
{
  const gchar *data = g_getenv ("SOD_DATA");
  g_autofree gchar *folder =
      data != NULL ? g_build_filename (data, "..", "reference", NULL)
                   : g_build_filename (g_getenv ("SOD_SOURCE_DIR"), "..",
                       "shared", "reference", NULL);
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *reason = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  reason = g_strdup_printf ("no golden values: %s is not there", path);
  g_test_skip (reason);
  return NULL;
}

GHashTable *
golden_read (const gchar *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = golden_find (name);
  GHashTable *tensors = NULL;

  if (path == NULL)
    return NULL;
  gst_sod_safetensors_read (path, &tensors, NULL, &error);
  g_assert_no_error (error);
  return tensors;
}

GstSodTensor *
golden_sample (const GstSodTensor *tensor, gint64 index)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  GstSodShape one = { 3, { shape->dims[1], shape->dims[2], shape->dims[3] } };
  GstSodTensor *sample =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &one, NULL);
  gsize size = gst_sod_tensor_get_size (sample);

  memcpy (gst_sod_tensor_get_data (sample),
      (const guint8 *) gst_sod_tensor_peek_data (tensor) + index * size, size);
  return sample;
}

GstSodTensor *
golden_channels (const GstSodTensor *tensor, gint64 first, gint64 n)
{
  GstSodShape shape = *gst_sod_tensor_get_shape (tensor);
  gsize plane = (gsize) (shape.dims[2] * shape.dims[3]);
  gsize all = plane * shape.dims[1];
  GstSodTensor *part;

  shape.dims[1] = n;
  part = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  for (gint64 i = 0; i < shape.dims[0]; i++)
    memcpy ((gfloat *) gst_sod_tensor_get_data (part) + i * n * plane,
        (const gfloat *) gst_sod_tensor_peek_data (tensor) + i * all
            + first * plane,
        n * plane * sizeof (gfloat));
  return part;
}

GstSodImage *
golden_picture (const gchar *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pixels = NULL;
  g_autofree gchar *path = golden_find (name);
  png_image png = { .version = PNG_IMAGE_VERSION };
  GstSodImage *image;
  gpointer memory;

  if (path == NULL)
    return NULL;
  g_assert_true (png_image_begin_read_from_file (&png, path));
  png.format = PNG_FORMAT_RGB;
  memory = g_malloc (PNG_IMAGE_SIZE (png));
  pixels = g_bytes_new_take (memory, PNG_IMAGE_SIZE (png));
  g_assert_true (png_image_finish_read (&png, NULL, memory, 0, NULL));
  image = gst_sod_image_new_rgb (
      (gint) png.width, (gint) png.height, pixels, &error);
  g_assert_no_error (error);
  return image;
}
