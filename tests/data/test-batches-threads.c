/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches: threads, waits and memory. */
#include <string.h>

#include <gst-sod/core/tensor-private.h>
#include <gst-sod/data/batches-private.h>

#include "batch-support.h"
#include "support.h"

typedef struct
{
  SceneSamples *scenes;
  GCancellable *cancellable;
} Cancel;

static gpointer
cancel_soon (gpointer data)
{
  Cancel *cancel = data;

  while (scene_samples_get_n_reads (cancel->scenes) == 0)
    g_usleep (1000);
  g_cancellable_cancel (cancel->cancellable);
  return NULL;
}

/* While those that read are stuck. */
static void
test_cancel (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 5, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Cancel cancel = { scenes, cancellable };
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_object_set (batches, "cancellable", cancellable, NULL);
  scenes->blocks = TRUE;
  thread = g_thread_new ("cancel", cancel_soon, &cancel);
  g_assert_false (
      gst_sod_batches_next (batches, &input, &target, NULL, &error));
  assert_error (error, GST_SOD_ERROR_CANCELLED, "batch 0", NULL);
  g_thread_join (thread);
  /* and goes on as if nothing had happened */
  scene_samples_set_blocks (scenes, FALSE);
  g_cancellable_reset (cancellable);
  g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
  g_assert_cmpuint (gst_sod_batches_get_position (batches), ==, 1);
}

/* A batch that the team did not begin, or that lacks some, is made later. */
static void
test_cancelled_team (void)
{
  for (guint threads = 0; threads < 3; threads++) {
    g_autoptr (SceneSamples) scenes =
        scene_samples_new (SCENE_PLAIN, 50, 16, 8);
    g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();

    g_object_set (
        batches, "cancellable", cancellable, "threads", threads, NULL);
    gst_sod_batches_set_team (batches, 2);
    for (guint i = 0; i < 20; i++) {
      g_autoptr (GstSodTensor) input = NULL;
      g_autoptr (GstSodTensor) target = NULL;
      g_autoptr (GError) error = NULL;

      g_cancellable_cancel (cancellable);
      g_assert_false (
          gst_sod_batches_next (batches, &input, &target, NULL, &error));
      assert_error (error, GST_SOD_ERROR_CANCELLED, "cancelled", NULL);
      g_cancellable_reset (cancellable);
      g_assert_true (
          gst_sod_batches_next (batches, &input, &target, NULL, NULL));
      g_assert_cmpuint (gst_sod_batches_get_position (batches), ==, i + 1);
    }
  }
}

/* Threads end wherever they are. */
static void
test_shutdown (void)
{
  g_autoptr (SceneSamples) scenes =
      scene_samples_new (SCENE_BLOBS, 50, 100, 100);

  for (guint i = 0; i < 40; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodBatches) batches =
        gst_sod_batches_new_sized (GST_SOD_SAMPLES (scenes), 64, 32, 2, &error);
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;

    g_object_set (batches, "threads", 1 + i % 4, "prefetch", 1 + i % 3, NULL);
    gst_sod_batches_set_team (batches, i % 2 * 2);
    g_assert_true (
        gst_sod_batches_next (batches, &input, &target, NULL, &error));
    g_usleep (i * 50);
  }
}

static void
test_cache (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 20, 16, 8);
  const guint64 one = 16 * 8 * 4;

  for (guint kept = 0; kept <= 40; kept += 10) {
    g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 20);
    guint before, read;
    g_autofree gchar *sum = NULL;

    g_object_set (batches, "threads", 0, "target", GST_SOD_BATCH_TARGET_BOTH,
        "cache-size", kept * (one + 1000), NULL);
    sum = digest (batches, 1);
    before = scene_samples_get_n_reads (scenes);
    g_free (sum);
    sum = digest (batches, 1);
    read = scene_samples_get_n_reads (scenes) - before;
    g_test_message ("room for about %u of 20: %u read again", kept, read);
    if (kept == 0)
      g_assert_cmpuint (read, ==, 20);
    else if (kept >= 20)
      g_assert_cmpuint (read, ==, 0);
    else
      g_assert_true (read > 0 && read <= 20 - kept);
  }
}

/* Three batches of four beside the one that was taken, and then no more. */
static void
check_ahead (guint team)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 90, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;

  g_object_set (batches, "threads", 2, "prefetch", 3, NULL);
  gst_sod_batches_set_team (batches, team);
  g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
  for (guint i = 0; i < 5000 && scene_samples_get_n_reads (scenes) < 16; i++)
    g_usleep (1000);
  g_usleep (20000);
  g_assert_cmpuint (scene_samples_get_n_reads (scenes), ==, 16);
}

static void
test_ahead (void)
{
  check_ahead (0);
  check_ahead (2);
}

/* Memory of batches that the caller let go of is used again. */
static void
test_pool (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 20, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
  g_autoptr (GstSodTensor) held = NULL;
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < 50; i++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;

    g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
    g_hash_table_add (places, gst_sod_tensor_get_data (input));
    if (i == 10) {
      held = gst_sod_tensor_ref (input);
      bytes = gst_sod_tensor_get_bytes (held);
    }
  }
  g_assert_cmpuint (g_hash_table_size (places), <=, 6);
  g_assert_cmpmem (gst_sod_tensor_peek_data (held),
      gst_sod_tensor_get_size (held), g_bytes_get_data (bytes, NULL),
      g_bytes_get_size (bytes));
}

/* The size may change on the way; the position stays. */
static void
test_resize (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 20, 16, 8);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);
  guint numbers[2][4];

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;

    g_assert_true (gst_sod_batches_next (batches, &input, &target, NULL, NULL));
    g_assert_cmpint (gst_sod_tensor_get_dim (input, 3), ==, i < 3 ? 16 : 32);
    for (guint k = 0; k < 4 && i % 2 == 1; k++)
      numbers[i / 2][k] = number_of (input, k);
    if (i == 1)
      g_assert_true (gst_sod_batches_seek (batches, 0));
    if (i == 2)
      g_object_set (batches, "width", 32, NULL);
  }
  g_assert_cmpuint (gst_sod_batches_get_position (batches), ==, 2);
  g_assert_cmpmem (
      numbers[0], sizeof (numbers[0]), numbers[1], sizeof (numbers[1]));
}

/* Large frames are kept small, and look as they did. */
static void
test_large (void)
{
  g_autoptr (SceneSamples) scenes =
      scene_samples_new (SCENE_PLAIN, 9, 320, 200);
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("effective", NULL);
  g_autoptr (GstSodBatches) batches = new_plain (scenes, 2, 9);

  gst_sod_augmentation_set (augmentation, "colour", 0, NULL);
  gst_sod_augmentation_set (augmentation, "noise", 0, NULL);
  gst_sod_augmentation_set (augmentation, "jpeg", 0, NULL);
  scenes->has_weights = TRUE;
  g_object_set (batches, "augmentation", augmentation, "cache-size",
      (guint64) 9 * (32 * 16 * 5 + 1000), NULL);
  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;
    g_autoptr (GstSodTensor) weights = NULL;
    const gfloat *values;
    guint seen = 0;

    g_assert_true (
        gst_sod_batches_next (batches, &input, &target, &weights, NULL));
    for (guint k = 0; k < 9; k++)
      seen |= 1u << number_of (input, k);
    g_assert_cmpuint (seen, ==, 0x1ff);
    values = gst_sod_tensor_peek_data (target);
    for (guint k = 0; k < 9 * 128; k++)
      g_assert_cmpfloat_with_epsilon (values[k], 1, 1e-5);
    values = gst_sod_tensor_peek_data (weights);
    for (guint k = 0; k < 9 * 128; k++)
      g_assert_true (values[k] > 0.19f && values[k] < 1.01f);
  }
  g_assert_cmpuint (scene_samples_get_n_reads (scenes), ==, 9);
}

/* Frames that are as they were read serve the next size too; those that were
 * made small are read again. */
static void
test_kept (void)
{
  for (guint large = 0; large < 2; large++) {
    g_autoptr (SceneSamples) scenes =
        scene_samples_new (SCENE_PLAIN, 4, large ? 320 : 40, large ? 200 : 20);
    g_autoptr (GstSodAugmentation) augmentation =
        gst_sod_augmentation_new ("effective", NULL);
    g_autoptr (GstSodBatches) batches = new_plain (scenes, 1, 4);

    g_object_set (batches, "augmentation", augmentation, "threads", 0, NULL);
    for (guint i = 0; i < 4; i++) {
      g_autoptr (GstSodTensor) input = NULL;
      g_autoptr (GstSodTensor) target = NULL;

      g_assert_true (
          gst_sod_batches_next (batches, &input, &target, NULL, NULL));
      if (i == 1)
        g_object_set (batches, "width", 32, "height", 16, NULL);
    }
    g_assert_cmpuint (scene_samples_get_n_reads (scenes), ==, large ? 8 : 4);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batches/a-wait-can-be-cancelled", test_cancel);
  g_test_add_func (
      "/batches/a-team-goes-on-where-it-was-cancelled", test_cancelled_team);
  g_test_add_func ("/batches/threads-end-wherever-they-are", test_shutdown);
  g_test_add_func ("/batches/decoded-pictures-keep-to-their-limit", test_cache);
  g_test_add_func ("/batches/are-made-ahead-but-not-further", test_ahead);
  g_test_add_func ("/batches/memory-is-used-again", test_pool);
  g_test_add_func ("/batches/size-changes-on-the-way", test_resize);
  g_test_add_func ("/batches/large-frames-are-kept-small", test_large);
  g_test_add_func ("/batches/decoded-pictures-serve-larger-inputs", test_kept);
  return g_test_run ();
}
