/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <gst-sod/core/tensor-private.h>
#include <gst-sod/data/augment-private.h>
#include <gst-sod/data/batches.h>

#include "scene-samples.h"
#include "support.h"

static const gfloat mean[] = { 0.485f, 0.456f, 0.406f };
static const gfloat deviation[] = { 0.229f, 0.224f, 0.225f };

static void
set (GstSodAugmentation *augmentation, const gchar *name, gdouble value)
{
  g_autoptr (GError) error = NULL;

  gst_sod_augmentation_set (augmentation, name, value, &error);
  g_assert_no_error (error);
}

/* Tensors of one batch. */
typedef struct
{
  GstSodTensor *input, *map, *weights, *images;
} Batch;

static void
clear (Batch *batch)
{
  g_clear_pointer (&batch->input, gst_sod_tensor_unref);
  g_clear_pointer (&batch->map, gst_sod_tensor_unref);
  g_clear_pointer (&batch->weights, gst_sod_tensor_unref);
  g_clear_pointer (&batch->images, gst_sod_tensor_unref);
}

static Batch
make (SceneSamples *scenes, const GstSodAugmentation *augmentation,
    guint frames, gint width, gint height)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodBatches) batches = gst_sod_batches_new_sized (
      GST_SOD_SAMPLES (scenes), width, height, frames, &error);
  Batch batch;

  g_assert_no_error (error);
  g_object_set (batches, "augmentation", augmentation, "target",
      GST_SOD_BATCH_TARGET_BOTH, "threads", 0, "batch-size", scenes->n, NULL);
  gst_sod_batches_next_with_images (
      batches, &batch.input, &batch.map, &batch.weights, &batch.images, &error);
  g_assert_no_error (error);
  return batch;
}

/* Pixel @i of channel @c of sample @n, as RGB in 0..1. */
static gdouble
rgb_at (const Batch *batch, gint64 n, gint64 c, gint64 i)
{
  gint64 plane = gst_sod_tensor_get_dim (batch->input, 2)
                 * gst_sod_tensor_get_dim (batch->input, 3);
  const gfloat *values = gst_sod_tensor_peek_data (batch->input);

  return values[(n * gst_sod_tensor_get_dim (batch->input, 1) + c) * plane + i]
             * deviation[c % 3]
         + mean[c % 3];
}

/* Red and the mask are one thing in these scenes: so they must stay, wherever
 * they are moved to. */
static void
test_registered (void)
{
  static const gint sizes[][2] = { { 160, 96 }, { 32, 16 }, { 320, 192 } };
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_BLOBS, 6, 90, 70);
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("effective", NULL);

  set (augmentation, "colour", 0);
  set (augmentation, "noise", 0);
  set (augmentation, "jpeg", 0);
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gint n = sizes[s][0] * sizes[s][1];
    Batch batch = make (scenes, augmentation, 1, sizes[s][0], sizes[s][1]);
    const gfloat *map = gst_sod_tensor_peek_data (batch.map);
    gdouble worst = 0, sum = 0;

    for (gint k = 0; k < 6; k++) {
      for (gint i = 0; i < n; i++) {
        worst = MAX (worst, fabs (rgb_at (&batch, k, 0, i) - map[k * n + i]));
        sum += map[k * n + i];
      }
    }
    g_assert_cmpfloat (worst, <, 1e-5);
    g_assert_cmpfloat (sum / (6 * n), >, 0.3);
    g_assert_cmpfloat (sum / (6 * n), <, 0.7);
    clear (&batch);
  }
}

static void
check_ranges (const GstSodAugmentation *augmentation, gint width, gint height)
{
  g_autoptr (SceneSamples) scenes =
      scene_samples_new (SCENE_BLOBS, 5, width, height);
  Batch batch;
  const gfloat *map, *images;

  scenes->is_sequence = width % 2 == 0;
  batch = make (scenes, augmentation, 2, 48, 32);
  map = gst_sod_tensor_peek_data (batch.map);
  images = gst_sod_tensor_peek_data (batch.images);
  for (gint i = 0; i < 5 * 6 * 48 * 32; i++) {
    gdouble value =
        rgb_at (&batch, i / (6 * 48 * 32), i / (48 * 32) % 6, i % (48 * 32));

    g_assert_true (value >= -1e-5 && value <= 1 + 1e-5);
  }
  for (gint i = 0; i < 5 * 48 * 32; i++)
    g_assert_true (map[i] >= 0 && map[i] <= 1);
  for (gint i = 0; i < 5 * 3 * 24 * 16; i++)
    g_assert_true (images[i] >= -1 - 1e-4f && images[i] <= 1 + 1e-4f);
  clear (&batch);
}

typedef struct
{
  const gchar *name;
  gdouble value;
} Setting;

static void
check_extreme (const Setting *settings)
{
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("none", NULL);

  set (augmentation, "affine", 1);
  set (augmentation, "colour", 1);
  for (; settings->name != NULL; settings++)
    set (augmentation, settings->name, settings->value);
  check_ranges (augmentation, 40, 30);
  check_ranges (augmentation, 1, 1);
  check_ranges (augmentation, 3, 200);
}

static void
test_extremes (void)
{
  static const Setting extremes[][4] = {
    { { "flip", 1 } },
    { { "scale-min", 0.1 }, { "scale-max", 0.1 } },
    { { "scale-min", 10 }, { "scale-max", 10 } },
    { { "aspect", 1 } },
    { { "rotation", 45 } },
    { { "shift", 1 } },
    { { "contrast", 1 }, { "brightness", 1 } },
    { { "saturation", 1 }, { "cast", 1 } },
    { { "grey", 1 } },
    { { "noise", 1 }, { "noise-sigma", 1 } },
    { { "jpeg", 1 }, { "jpeg-quality", 1 } },
    { { "still-shift", 1 }, { "still-scale", 1 }, { "still-rotation", 20 } },
    { { "object", 1 }, { "object-shift", 1 }, { "object-scale", 1 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (extremes); i++)
    check_extreme (extremes[i]);
}

static void
test_all_extremes (void)
{
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("effective", NULL);
  static const Setting all[] = { { "scale-min", 0.1 }, { "scale-max", 10 },
    { "aspect", 1 }, { "rotation", 45 }, { "shift", 1 }, { "colour", 1 },
    { "contrast", 1 }, { "brightness", 1 }, { "saturation", 1 }, { "cast", 1 },
    { "noise", 1 }, { "noise-sigma", 1 }, { "jpeg", 1 }, { "jpeg-quality", 1 },
    { "still-shift", 1 }, { "still-scale", 1 }, { "still-rotation", 20 },
    { "object", 1 }, { "object-shift", 1 }, { "object-scale", 1 },
    { "object-rotation", 20 } };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    set (augmentation, all[i].name, all[i].value);
  check_ranges (augmentation, 64, 48);
  check_ranges (augmentation, 7, 5);
}

static void
test_flip (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_BLOBS, 1, 70, 50);
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("none", NULL);
  Batch plain = make (scenes, augmentation, 1, 48, 32), flipped;

  set (augmentation, "flip", 1);
  flipped = make (scenes, augmentation, 1, 48, 32);
  for (gint i = 0; i < 3 * 48 * 32; i++) {
    gint c = i / (48 * 32), y = i / 48 % 32, x = i % 48;

    g_assert_cmpfloat_with_epsilon (rgb_at (&flipped, 0, c, y * 48 + x),
        rgb_at (&plain, 0, c, y * 48 + 47 - x), 1e-4);
  }
  clear (&plain);
  clear (&flipped);
}

/* What a map shows of a picture that rises by 2 a column and 5 a row. */
static gdouble
warp_at (const GstSodWarp *warp, gint x, gint y)
{
  guint8 pixels[40 * 20 * 3];
  GstSodWarpPlane planes[3];
  gfloat memory[3][40 * 20];
  gfloat *to[3];
  GstSodWarpScratch scratch = { NULL };
  g_autoptr (GError) error = NULL;

  for (gint i = 0; i < 40 * 20 * 3; i++)
    pixels[i] = (guint8) (2 * (i / 3 % 40) + 5 * (i / 3 / 40));
  for (guint i = 0; i < 3; i++) {
    planes[i] = (GstSodWarpPlane){ pixels + i, 120, 3 };
    to[i] = memory[i];
  }
  g_assert_true (
      gst_sod_warp (warp, planes, 3, 40, 20, 40, 20, to, &scratch, &error));
  gst_sod_warp_scratch_clear (&scratch);
  return memory[1][y * 40 + x];
}

/* Away from the edges every map of such a plane is exact, for triangles keep
 * planes. */
static void
test_places (void)
{
  static const GstSodWarp warps[] = {
    { { 1, 0, 0 }, { 0, 1, 0 } },
    { { 1, 0, 3.25 }, { 0, 1, -2.5 } },
    { { 0.5, 0, 7 }, { 0, 0.5, 4 } },
    { { -1, 0, 39 }, { 0, 1, 0 } },
    { { 0.9, -0.3, 5 }, { 0.25, 0.8, -1 } },
    { { -0.9, -0.3, 33 }, { -0.2, 0.8, 5 }, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (warps); i++) {
    const GstSodWarp *warp = &warps[i];

    for (gint y = 8; y < 12; y++) {
      for (gint x = 16; x < 24; x++) {
        gdouble u = warp->u[0] * x + warp->u[1] * y + warp->u[2];
        gdouble v = warp->v[0] * x + warp->v[1] * y + warp->v[2];

        g_assert_cmpfloat_with_epsilon (
            warp_at (warp, x, y), 2 * u + 5 * v, 1e-3);
      }
    }
  }
}

/* What lies outside is what lies as far inside. */
static void
test_reflection (void)
{
  GstSodWarp left = { { 1, 0, -10 }, { 0, 1, 0 }, TRUE };
  GstSodWarp below = { { 1, 0, 0 }, { 0, 1, 15 }, TRUE };

  g_assert_cmpfloat_with_epsilon (warp_at (&left, 3, 4), 2 * 6 + 5 * 4, 1e-3);
  g_assert_cmpfloat_with_epsilon (warp_at (&below, 3, 9), 2 * 3 + 5 * 15, 1e-3);
}

/* Shrinking to a twelfth must average: stripes become grey. */
static void
test_antialiased (void)
{
  g_autoptr (SceneSamples) scenes =
      scene_samples_new (SCENE_BLOBS, 4, 640, 480);
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("effective", NULL);
  Batch batch;

  set (augmentation, "colour", 0);
  set (augmentation, "noise", 0);
  set (augmentation, "jpeg", 0);
  batch = make (scenes, augmentation, 1, 32, 16);
  for (gint k = 0; k < 4; k++)
    for (gint i = 0; i < 32 * 16; i++) {
      gdouble red = rgb_at (&batch, k, 0, i);

      g_assert_true (red > 0.25 && red < 0.75);
    }
  clear (&batch);
}

static void
test_settings (void)
{
  static const gchar *presets[] = { "effective", "paper", "none" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (presets); i++) {
    g_autoptr (GstSodAugmentation) augmentation =
        gst_sod_augmentation_new (presets[i], &error);
    g_autoptr (GstSodAugmentation) copy =
        gst_sod_augmentation_copy (augmentation);
    g_autofree gchar *text = gst_sod_augmentation_to_string (copy);

    g_assert_cmpfloat (
        gst_sod_augmentation_get (copy, "flip"), ==, i == 2 ? 0.0 : 0.5);
    g_assert_true (g_str_has_prefix (text, i == 2 ? "flip=0 " : "flip=0.5 "));
    g_assert_nonnull (strstr (
        text, i == 0 ? " shift=0.3 colour=0.8 " : " shift=0 colour=0 "));
  }
  g_assert_null (gst_sod_augmentation_new ("most", &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "most", "paper", NULL);
}

static void
test_wrong_settings (void)
{
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("none", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gst_sod_augmentation_set (augmentation, "rotation", 46, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "rotation", "46", NULL);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_augmentation_set (augmentation, "shift", NAN, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "shift", NULL);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_augmentation_set (augmentation, "sparkle", 1, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "sparkle", NULL);
}

static void
test_changes (void)
{
  static const gchar *const wrong[] = { "rotation", "rotation=", "=5",
    "rotation=5x", "rotation=46", "sparkle=1", "jpeg=0 5" };
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("effective", NULL);
  g_autoptr (GstSodAugmentation) copy = gst_sod_augmentation_new ("none", NULL);
  g_autofree gchar *text = NULL, *copied = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_augmentation_set_from_string (
      augmentation, " rotation=5  jpeg=0\tnoise=2.5e-1", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (
      gst_sod_augmentation_get (augmentation, "rotation"), ==, 5);
  g_assert_cmpfloat (gst_sod_augmentation_get (augmentation, "jpeg"), ==, 0);
  g_assert_cmpfloat (
      gst_sod_augmentation_get (augmentation, "noise"), ==, 0.25);
  text = gst_sod_augmentation_to_string (augmentation);
  gst_sod_augmentation_set_from_string (copy, text, &error);
  g_assert_no_error (error);
  copied = gst_sod_augmentation_to_string (copy);
  g_assert_cmpstr (copied, ==, text);
  gst_sod_augmentation_set_from_string (copy, "", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_assert_false (
        gst_sod_augmentation_set_from_string (copy, wrong[i], &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_clear_error (&error);
  }
}

/* Noise has the spread that was asked for, and no mean. */
static void
test_noise (void)
{
  GstSodColour colour = { { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 } },
    20, 7, { 0, 0, 0 }, { 1, 1, 1 } };
  g_autofree gfloat *rgb = g_new (gfloat, 3 * 10000);
  gdouble sum = 0, squares = 0;

  for (gint i = 0; i < 3 * 10000; i++)
    rgb[i] = 128;
  gst_sod_colour_apply (&colour, rgb, 10000);
  for (gint i = 0; i < 3 * 10000; i++) {
    gdouble off = rgb[i] * 255 - 128;

    sum += off;
    squares += off * off;
  }
  g_assert_cmpfloat (fabs (sum / 30000), <, 0.5);
  g_assert_cmpfloat (fabs (sqrt (squares / 30000) - 20), <, 0.5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augment/image-and-mask-stay-together", test_registered);
  g_test_add_func ("/augment/extremes-stay-in-range", test_extremes);
  g_test_add_func ("/augment/all-extremes-at-once", test_all_extremes);
  g_test_add_func ("/augment/flip-is-a-mirror", test_flip);
  g_test_add_func ("/augment/pixels-come-from-their-places", test_places);
  g_test_add_func ("/augment/outside-is-a-reflection", test_reflection);
  g_test_add_func ("/augment/shrinking-averages", test_antialiased);
  g_test_add_func ("/augment/noise-is-as-wide-as-asked", test_noise);
  g_test_add_func ("/augment/presets", test_settings);
  g_test_add_func ("/augment/refuses-wrong-settings", test_wrong_settings);
  g_test_add_func ("/augment/changes-as-a-line", test_changes);
  return g_test_run ();
}
