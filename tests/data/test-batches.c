/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <gst-sod/core/align-private.h>
#include <gst-sod/backend/ref/picture-private.h>
#include <gst-sod/core/tensor-private.h>
#include <gst-sod/data/batches-private.h>
#include <gst-sod/nn/network-private.h>
#include <gst-sod/train/network-batches.h>

#include "batch-support.h"
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
  for (guint i = 0; i < 5 * 3; i++) {
    g_autoptr (GstSodDataset) dataset = open_davis (root);
    g_autoptr (GstSodBatches) batches =
        new_batches (GST_SOD_SAMPLES (dataset), 2, i % 5);
    g_autofree gchar *sum = NULL;

    gst_sod_batches_set_team (batches, i / 5);
    sum = digest (batches, 9);
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

/* ---- which samples ---- */

/* Every epoch has every sample once, also where batches straddle epochs, and
 * each in another order. */
static void
test_epochs (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 7, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  guint order[28], n = 0, n_same = 0;

  g_assert_cmpuint (gst_sod_batches_get_n_per_epoch (batches), ==, 2);
  while (n < 28) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;

    g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
    for (guint i = 0; i < 4; i++)
      order[n++] = number_of (input, i);
  }
  for (guint epoch = 0; epoch < 4; epoch++) {
    guint seen = 0;

    for (guint i = 0; i < 7; i++) {
      seen |= 1u << order[7 * epoch + i];
      n_same += order[7 * epoch + i] == order[i] ? 1 : 0;
    }
    g_assert_cmpuint (seen, ==, 0x7f);
  }
  g_assert_cmpuint (n_same, <, 20);
}

static void
test_two_frames (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 9, 16, 8);

  for (guint still = 0; still < 2; still++) {
    g_autoptr (GstSodBatches) batches = NULL;
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;
    const gfloat *values;

    scenes->is_sequence = !still;
    batches = new_plain (scenes, 2, 9);
    g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
    g_assert_cmpint (gst_sod_tensor_get_dim (input, 1), ==, 6);
    values = gst_sod_tensor_peek_data (input);
    for (guint i = 0; i < 9; i++) {
      guint current = number_of (input, i);
      guint before =
          (guint) lround ((values[(i * 6 + 3) * 128] * 0.229 + 0.485) * 255);

      /* 42 ms are four frames of 10 ms */
      g_assert_cmpuint (
          before, ==, !still && current >= 4 ? current - 4 : current);
    }
  }
}

/* The aligned difference is that of the frames that would be there. */
static void
test_aligned_difference (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_BLOBS, 6, 64, 48);
  g_autoptr (GstSodBatches) batches = NULL;
  g_autoptr (GstSodTensor) frames = NULL;
  g_autoptr (GstSodTensor) aligned = NULL;
  g_autoptr (GstSodTensor) masks = NULL;
  g_autoptr (GstSodTensor) same_masks = NULL;
  g_autoptr (GstSodAligner) aligner = gst_sod_aligner_new (64, 48, NULL);
  g_autofree gfloat *change = g_new (gfloat, 3 * 64 * 48);
  g_autoptr (GError) error = NULL;
  gsize n = 3 * 64 * 48;

  scenes->is_sequence = TRUE;
  batches =
      gst_sod_batches_new_sized (GST_SOD_SAMPLES (scenes), 64, 48, 2, &error);
  g_assert_no_error (error);
  g_object_set (batches, "batch-size", 6, NULL);
  g_assert_true (gst_sod_batches_next (batches, &frames, &masks, NULL, &error));
  g_object_set (
      batches, "second-input", GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE, NULL);
  g_assert_true (gst_sod_batches_seek (batches, 0));
  g_assert_true (
      gst_sod_batches_next (batches, &aligned, &same_masks, NULL, &error));
  for (guint i = 0; i < 6; i++) {
    const gfloat *pair = gst_sod_tensor_peek_data (frames);
    const gfloat *input = gst_sod_tensor_peek_data (aligned);

    pair += 2 * n * i;
    input += 2 * n * i;
    gst_sod_aligner_run (aligner, pair, pair + n, change);
    g_assert_cmpmem (input, n * sizeof (gfloat), pair, n * sizeof (gfloat));
    g_assert_cmpmem (
        input + n, n * sizeof (gfloat), change, n * sizeof (gfloat));
  }
}

/* Frames 10 ms apart, some 20 to 200 ms before: every distance comes about. */
static void
test_distances (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 120, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 2, 120);
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("none", NULL);
  guint seen = 0;

  scenes->is_sequence = TRUE;
  gst_sod_augmentation_set (augmentation, "distance-min", 20, NULL);
  gst_sod_augmentation_set (augmentation, "distance-max", 200, NULL);
  g_object_set (batches, "augmentation", augmentation, NULL);
  for (guint batch = 0; batch < 4; batch++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;
    const gfloat *values;

    g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
    values = gst_sod_tensor_peek_data (input);
    for (guint i = 0; i < 120; i++) {
      guint current = number_of (input, i);
      guint before =
          (guint) lround ((values[(i * 6 + 3) * 128] * 0.229 + 0.485) * 255);

      if (current < 20) /* it may have none */
        continue;
      g_assert_cmpuint (current - before, >=, 2);
      g_assert_cmpuint (current - before, <=, 20);
      seen |= 1u << (current - before);
    }
  }
  g_assert_cmphex (seen, ==, 0x1ffffc);
}

/* ---- what they are asked for ---- */

static void
test_reverse (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_BLOBS, 3, 40, 30);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodBatches) batches =
      gst_sod_batches_new_sized (GST_SOD_SAMPLES (scenes), 16, 8, 1, &error);
  g_autoptr (GstSodTensor) map = NULL;
  g_autoptr (GstSodTensor) image = NULL;
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) same_map = NULL;
  g_autoptr (GstSodTensor) same_image = NULL;
  const gfloat *halves, *values;

  g_object_set (
      batches, "target", GST_SOD_BATCH_TARGET_IMAGE, "batch-size", 3, NULL);
  g_assert_true (gst_sod_batches_next (batches, &map, &image, NULL, &error));
  g_assert_cmpint (gst_sod_tensor_get_dim (map, 1), ==, 1);
  g_assert_cmpint (gst_sod_tensor_get_dim (image, 1), ==, 3);
  g_assert_cmpint (gst_sod_tensor_get_dim (image, 2), ==, 4);
  g_assert_cmpint (gst_sod_tensor_get_dim (image, 3), ==, 8);
  g_assert_true (gst_sod_batches_seek (batches, 0));
  g_assert_true (gst_sod_batches_next_with_images (
      batches, &input, &same_map, NULL, &same_image, &error));
  g_assert_cmpmem (gst_sod_tensor_peek_data (image),
      gst_sod_tensor_get_size (image), gst_sod_tensor_peek_data (same_image),
      gst_sod_tensor_get_size (same_image));
  g_assert_cmpmem (gst_sod_tensor_peek_data (map),
      gst_sod_tensor_get_size (map), gst_sod_tensor_peek_data (same_map),
      gst_sod_tensor_get_size (same_map));
  halves = gst_sod_tensor_peek_data (image);
  values = gst_sod_tensor_peek_data (input);
  for (gint i = 0; i < 9 * 4 * 8; i++) {
    const gfloat *at = values + i / 32 * 128 + i / 8 % 4 * 32 + i % 8 * 2;
    gdouble mean = (at[0] + at[1] + at[16] + at[17]) / 4;
    gint c = i / 32 % 3;
    gdouble rgb = mean
                      * (c == 0    ? 0.229
                          : c == 1 ? 0.224
                                   : 0.225)
                  + (c == 0    ? 0.485
                      : c == 1 ? 0.456
                               : 0.406);

    g_assert_cmpfloat_with_epsilon (halves[i], 2 * rgb - 1, 1e-5);
  }
}

static void
test_unlabelled (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 8, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 8);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GstSodTensor) weights = NULL;
  g_autoptr (GError) error = NULL;
  const gfloat *maps, *counts;

  scenes->unlabelled_from = 3;
  g_assert_cmpuint (gst_sod_batches_get_n_per_epoch (batches), ==, 1);
  g_object_set (batches, "labelled-only", FALSE, NULL);
  g_assert_true (
      gst_sod_batches_next (batches, &input, &target, &weights, &error));
  maps = gst_sod_tensor_peek_data (target);
  counts = gst_sod_tensor_peek_data (weights);
  for (guint i = 0; i < 8; i++) {
    gfloat wanted = number_of (input, i) < 3 ? 1 : 0;

    for (guint j = 0; j < 128; j++) {
      g_assert_cmpfloat_with_epsilon (maps[i * 128 + j], wanted, 1e-6);
      g_assert_cmpfloat_with_epsilon (counts[i * 128 + j], wanted, 1e-6);
    }
  }
  scenes->unlabelled_from = 0;
  g_object_set (batches, "labelled-only", TRUE, NULL);
  g_clear_pointer (&input, gst_sod_tensor_unref);
  g_clear_pointer (&target, gst_sod_tensor_unref);
  g_assert_false (
      gst_sod_batches_next (batches, &input, &target, NULL, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, "labelled-only", NULL);
}

static void
test_weights (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 2, 16, 8);
  g_autoptr (GstSodBatches) batches = NULL;
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GstSodTensor) weights = NULL;
  const gfloat *counts;

  scenes->has_weights = TRUE;
  batches = new_plain (scenes, 1, 2);
  g_assert_true (
      gst_sod_batches_next (batches, &input, &target, &weights, NULL));
  counts = gst_sod_tensor_peek_data (weights);
  for (guint i = 0; i < 256; i++)
    g_assert_cmpfloat_with_epsilon (counts[i], i % 16 < 8 ? 1 : 0.2, 1e-6);
}

/* ---- what goes wrong ---- */

static void
count_warning (GstSodBatches *batches, const gchar *message, gpointer data)
{
  g_assert_nonnull (strstr (message, "is broken"));
  ++*(guint *) data;
}

static void
test_unreadable (void)
{
  g_autofree gchar *first = NULL;

  for (guint k = 0; k < 3 * 3; k++) {
    g_autoptr (SceneSamples) scenes =
        scene_samples_new (SCENE_PLAIN, 10, 16, 8);
    g_autoptr (GstSodBatches) batches = NULL;
    g_autofree gchar *sum = NULL;
    guint n_warnings = 0, n_unreadable;

    scenes->broken_every = 3;
    batches = new_plain (scenes, 1, 4);
    g_signal_connect (
        batches, "warning", G_CALLBACK (count_warning), &n_warnings);
    g_object_set (
        batches, "threads", k % 3, "target", GST_SOD_BATCH_TARGET_BOTH, NULL);
    gst_sod_batches_set_team (batches, k / 3);
    sum = digest (batches, 10);
    g_object_get (batches, "n-unreadable", &n_unreadable, NULL);
    g_assert_cmpuint (n_unreadable, ==, 4);
    g_assert_cmpuint (n_warnings, ==, 4);
    g_assert_true (gst_sod_batches_seek (batches, 2));
    for (guint i = 0; i < 5; i++) {
      g_autoptr (GstSodTensor) input = NULL;
      g_autoptr (GstSodTensor) target = NULL;

      g_assert_true (gst_sod_batches_next_with_images (
          batches, &input, &target, NULL, NULL, NULL));
      for (guint j = 0; j < 4; j++)
        g_assert_cmpuint (number_of (input, j) % 3, !=, 0);
    }
    if (first == NULL)
      first = g_strdup (sum);
    g_assert_cmpstr (sum, ==, first);
  }
}

static void
test_all_unreadable (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 5, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GError) error = NULL;

  scenes->broken_every = 1;
  g_assert_false (
      gst_sod_batches_next (batches, &input, &target, NULL, &error));
  assert_error (error, GST_SOD_ERROR_IO, "none of the 5 samples", NULL);
  g_assert_null (input);
  g_assert_cmpuint (gst_sod_batches_get_position (batches), ==, 0);
}

static void
test_corrupt_files (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autofree gchar *cut = NULL, *bomb = NULL, *odd = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodBatches) batches = NULL;
  g_autofree gchar *sum = NULL;
  guint n_unreadable;

  write_davis (root, 2, 5);
  dataset = open_davis (root);
  cut = scratch_path (root, "JPEGImages/480p/a/00001.jpg");
  bomb = scratch_path (root, "Annotations/480p/b/00002.png");
  odd = scratch_path (root, "Annotations/480p/b/00003.png");
  write_bytes (cut, "\377\330\377\340", 4);
  write_text (bomb, "not a picture");
  write_mask (odd, 31, 24, 1);
  batches = new_batches (GST_SOD_SAMPLES (dataset), 1, 2);
  sum = digest (batches, 6);
  g_object_get (batches, "n-unreadable", &n_unreadable, NULL);
  g_assert_cmpuint (n_unreadable, ==, 3);
  scratch_remove (g_steal_pointer (&root));
}

static void
test_refuses (void)
{
  static const gint sizes[][3] = { { 31, 16, 1 }, { 32, 16, 3 }, { 0, 16, 1 },
    { 32, 20000, 1 } };
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 5, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_clear_error (&error);
    g_assert_null (gst_sod_batches_new_sized (GST_SOD_SAMPLES (scenes),
        sizes[i][0], sizes[i][1], (guint) sizes[i][2], &error));
    assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "even", NULL);
  }
  g_object_set (batches, "width", 33, NULL);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_batches_next (batches, &input, &target, NULL, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "33x8", NULL);
  g_assert_false (gst_sod_batches_seek (batches, G_MAXUINT64 / 2));
}

static void
check_network (const gchar *preset, guint frames, gint channels)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (preset, frames, &error);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_random (architecture, 1, &error);
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 2, 16, 8);
  g_autoptr (GstSodBatches) batches =
      gst_sod_batches_new (GST_SOD_SAMPLES (scenes), network, &error);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;

  g_assert_no_error (error);
  g_object_set (batches, "batch-size", 2, NULL);
  g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, &error));
  g_assert_cmpint (gst_sod_tensor_get_dim (input, 1), ==, channels);
  g_assert_cmpint (gst_sod_tensor_get_dim (input, 3), ==,
      gst_sod_architecture_get_input_width (architecture));
  g_assert_cmpint (
      gst_sod_tensor_get_dim (target, 1), ==, channels == 1 ? 3 : 1);
}

static void
test_networks (void)
{
  check_network ("small", 1, 3);
  check_network ("small", 2, 6);
  check_network ("reverse", 1, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batches/same-for-all-thread-counts", test_threads);
  g_test_add_func ("/batches/seek-goes-on-as-if-nothing-happened", test_seek);
  g_test_add_func ("/batches/without-augmentation-as-in-inference", test_plain);
  g_test_add_func ("/batches/epochs-have-each-sample-once", test_epochs);
  g_test_add_func ("/batches/two-frames", test_two_frames);
  g_test_add_func ("/batches/aligned-difference", test_aligned_difference);
  g_test_add_func (
      "/batches/two-frames-of-distances-in-a-range", test_distances);
  g_test_add_func ("/batches/maps-to-images", test_reverse);
  g_test_add_func (
      "/batches/unlabelled-samples-weigh-nothing", test_unlabelled);
  g_test_add_func ("/batches/weights-of-pseudo-labels", test_weights);
  g_test_add_func ("/batches/unreadable-samples-are-replaced", test_unreadable);
  g_test_add_func ("/batches/all-unreadable-is-an-error", test_all_unreadable);
  g_test_add_func ("/batches/corrupt-files-are-left-out", test_corrupt_files);
  g_test_add_func ("/batches/refuses-wrong-sizes", test_refuses);
  g_test_add_func ("/batches/fit-their-network", test_networks);
  return g_test_run ();
}
