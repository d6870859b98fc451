/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <gst-sod/backend/ref/picture-private.h>
#include <gst-sod/core/tensor-private.h>
#include <gst-sod/data/batches-private.h>
#include <gst-sod/nn/network-private.h>

#include "support.h"

static GstSodDataset *
open_davis (const gchar *root)
{
  g_autoptr (GError) error = NULL;
  GstSodDataset *dataset = gst_sod_dataset_open (GST_SOD_DATASET_LAYOUT_DAVIS,
      root, NULL, GST_SOD_DATASET_FLAG_NONE, &error);

  g_assert_no_error (error);
  return dataset;
}

/* Digest of @n batches from the position on. (transfer full) */
static gchar *
digest (GstSodBatches *batches, guint n)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < n; i++) {
    GstSodTensor *tensors[4] = { NULL };
    g_autoptr (GError) error = NULL;

    gst_sod_batches_next_with_images (batches, &tensors[0], &tensors[1],
        &tensors[2], &tensors[3], &error);
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

static GstSodBatches *
new_batches (GstSodSamples *samples, guint frames, guint threads)
{
  g_autoptr (GError) error = NULL;
  GstSodBatches *batches =
      gst_sod_batches_new_sized (samples, 32, 16, frames, &error);

  g_assert_no_error (error);
  g_object_set (batches, "threads", threads, "batch-size", 5, "seed",
      G_GUINT64_CONSTANT (7), "target", GST_SOD_BATCH_TARGET_BOTH, NULL);
  return batches;
}

static void
test_threads (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autofree gchar *alone = NULL;

  write_davis (root, 3, 7);
  for (guint threads = 0; threads < 5; threads++) {
    g_autoptr (GstSodDataset) dataset = open_davis (root);
    g_autoptr (GstSodBatches) batches =
        new_batches (GST_SOD_SAMPLES (dataset), 2, threads);
    g_autofree gchar *sum = digest (batches, 9);

    if (alone == NULL)
      alone = g_strdup (sum);
    g_assert_cmpstr (sum, ==, alone);
  }
  scratch_remove (g_steal_pointer (&root));
}

static void
test_seek (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodBatches) batches = NULL;
  g_autofree gchar *first = NULL, *straight = NULL, *again = NULL;

  write_davis (root, 3, 7);
  dataset = open_davis (root);
  batches = new_batches (GST_SOD_SAMPLES (dataset), 1, 2);
  first = digest (batches, 6);
  straight = digest (batches, 4);
  g_assert_cmpuint (gst_sod_batches_get_position (batches), ==, 10);
  g_assert_true (gst_sod_batches_seek (batches, 6));
  again = digest (batches, 4);
  g_assert_cmpstr (again, ==, straight);
  g_assert_cmpstr (again, !=, first);
  scratch_remove (g_steal_pointer (&root));
}

/* The rule that networks are fed by, computed in f64 by the reference. */
static void
check_plain (gint width, gint height, gint source_width, gint source_height)
{
  g_autofree gchar *root = scratch_new ();
  g_autofree gchar *images = scratch_path (root, "Image/a.jpg");
  g_autofree gchar *masks = scratch_path (root, "Mask/a.png");
  g_autofree gchar *image_folder = g_path_get_dirname (images);
  g_autofree gchar *mask_folder = g_path_get_dirname (masks);
  GstSodInputRule rule = { { 0.485f, 0.456f, 0.406f },
    { 0.229f, 0.224f, 0.225f }, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodBatches) batches = NULL;
  g_autoptr (GstSodAugmentation) none = gst_sod_augmentation_new ("none", NULL);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GstSodTensor) weights = NULL;
  g_autoptr (GstSodImage) image = NULL;
  g_autofree gdouble *planes = g_new (gdouble, 3 * width * height);
  g_autofree gdouble *row = g_new (gdouble, source_width);
  GstSodRefPicture picture = { NULL, &rule, 3, height, width, row };
  const gfloat *values;
  gdouble worst = 0;

  write_jpeg (images, source_width, source_height, 3);
  write_mask (masks, source_width, source_height, 2);
  dataset = gst_sod_dataset_open_pairs (
      image_folder, mask_folder, NULL, GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (gst_sod_dataset_read (dataset, 0, &image, NULL, &error));
  picture.image = image;
  g_assert_true (gst_sod_ref_preprocess (&picture, planes, &error));
  batches = gst_sod_batches_new_sized (
      GST_SOD_SAMPLES (dataset), width, height, 1, &error);
  g_object_set (batches, "batch-size", 1, "augmentation", none, NULL);
  g_assert_true (
      gst_sod_batches_next (batches, &input, &target, &weights, &error));
  g_assert_null (weights);
  values = gst_sod_tensor_peek_data (input);
  for (gint i = 0; i < 3 * width * height; i++)
    worst = MAX (worst, fabs (values[i] - planes[i]) * rule.std[1]);
  g_test_message ("%dx%d from %dx%d: %g of 1/255", width, height, source_width,
      source_height, worst * 255);
  g_assert_cmpfloat (worst, <, 0.01 / 255);
  scratch_remove (g_steal_pointer (&root));
}

static void
test_plain (void)
{
  check_plain (160, 96, 272, 203);
  check_plain (320, 192, 272, 203);
  check_plain (160, 96, 160, 96);
  check_plain (32, 16, 1000, 20);
  check_plain (64, 64, 7, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batches/same-for-all-thread-counts", test_threads);
  g_test_add_func ("/batches/seek-goes-on-as-if-nothing-happened", test_seek);
  g_test_add_func ("/batches/without-augmentation-as-in-inference", test_plain);
  return g_test_run ();
}
