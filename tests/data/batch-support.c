/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch-support.h"

#include <math.h>

#include <gst-sod/core/tensor-private.h>

gchar *
digest (GstSodBatches *batches, guint n)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < n; i++) {
    GstSodTensor *tensors[4] = { NULL };
    g_autoptr (GError) error = NULL;

    gst_sod_batches_next_with_images (
        batches, &tensors[0], &tensors[1], &tensors[2], &tensors[3], &error);
    g_assert_no_error (error);
    for (guint k = 0; k < 4; k++) {
      if (tensors[k] == NULL)
        continue;
      g_checksum_update (checksum, gst_sod_tensor_peek_data (tensors[k]),
          (gssize) gst_sod_tensor_get_size (tensors[k]));
      gst_sod_tensor_unref (tensors[k]);
    }
  }
  return g_strdup (g_checksum_get_string (checksum));
}

guint
number_of (const GstSodTensor *input, gint64 n)
{
  const gfloat *values = gst_sod_tensor_peek_data (input);
  gint64 sample = (gint64) gst_sod_tensor_get_n_elements (input)
                  / gst_sod_tensor_get_dim (input, 0);

  return (guint) lround ((values[n * sample] * 0.229 + 0.485) * 255);
}

GstSodBatches *
new_plain (SceneSamples *scenes, guint frames, guint batch_size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodAugmentation) none = gst_sod_augmentation_new ("none", NULL);
  GstSodBatches *batches = gst_sod_batches_new_sized (
      GST_SOD_SAMPLES (scenes), 16, 8, frames, &error);

  g_assert_no_error (error);
  g_object_set (batches, "augmentation", none, "batch-size", batch_size, NULL);
  return batches;
}
