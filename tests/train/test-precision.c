/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a trainer computes in, on this CPU and on lesser ones: run with
 * ONEDNN_MAX_CPU_ISA too. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/train/trainer-private.h>

#define N_STEPS 15

static GstSodTrainer *
new_trainer (const gchar *backend, GstSodPrecision precision)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GError) error = NULL;
  GstSodTrainer *trainer = gst_sod_trainer_new_on (
      network, gst_sod_backend_get (backend, NULL), 1, &error);

  g_assert_no_error (error);
  g_object_set (trainer, "precision", precision, "warm-up",
      G_GUINT64_CONSTANT (0), "learning-rate", 1e-2, NULL);
  return trainer;
}

/* Noise with a bright block, and where that is. */
static void
new_batch (GstSodTensor **input, GstSodTensor **target)
{
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 32, 32);
  GstSodShape map = gst_sod_shape_nchw (2, 1, 32, 32);
  gfloat *pixels, *truth;

  *input = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 5);
  *target = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &map, NULL);
  pixels = gst_sod_tensor_get_data (*input);
  truth = gst_sod_tensor_get_data (*target);
  for (gsize i = 0; i < 2 * 32 * 32; i++) {
    gsize n = i / (32 * 32), y = i / 32 % 32, x = i % 32;

    truth[i] = x / 12 == 1 && y / 12 == n;
    pixels[i + n * 2 * 32 * 32] += 3 * truth[i];
  }
}

/* The loss before and after. */
static void
learn (GstSodTrainer *trainer, gdouble *first, gdouble *last)
{
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  g_autoptr (GError) error = NULL;

  new_batch (&input, &target);
  for (guint i = 0; i < N_STEPS; i++) {
    gst_sod_trainer_step (trainer, input, target, last, &error);
    g_assert_no_error (error);
    if (i == 0)
      *first = *last;
  }
}

static gboolean
has_bf16 (const gchar *backend)
{
  GstSodBackend *found = gst_sod_backend_get (backend, NULL);

  return found->klass->best_precision (found) == GST_SOD_PRECISION_BF16;
}

/* Whether any weight has more places than bf16. */
static gboolean
has_places (GstSodTrainer *trainer)
{
  const GPtrArray *list = gst_sod_trainer_get_params (trainer)->list;

  for (guint i = 0; i < list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (list, i);
    const gfloat *values = gst_sod_tensor_peek_data (param->weight);

    for (gsize j = 0; j < param->n; j++)
      if (gst_sod_bf16_to_f32 (gst_sod_f32_to_bf16 (values[j])) != values[j])
        return TRUE;
  }
  return FALSE;
}

static void
test_auto (gconstpointer backend)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (backend, GST_SOD_PRECISION_AUTO);
  GstSodPrecision best =
      has_bf16 (backend) ? GST_SOD_PRECISION_BF16 : GST_SOD_PRECISION_F32;
  const gchar *reason = "";
  gdouble first = NAN, last = NAN;

  learn (trainer, &first, &last);
  g_test_message ("%s: loss %g, then %g",
      best == GST_SOD_PRECISION_BF16 ? "bf16" : "f32", first, last);
  g_assert_cmpint (
      gst_sod_trainer_get_precision (trainer, &reason), ==, (gint) best);
  g_assert_null (reason);
  g_assert_cmpfloat (last, <, 0.8 * first);
  g_assert_true (has_places (trainer));
}

/* bf16 where it is not to be had is f32, and says why. */
static void
test_bf16 (gconstpointer backend)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (backend, GST_SOD_PRECISION_BF16);
  g_autoptr (GstSodTrainer) plain =
      new_trainer (backend, GST_SOD_PRECISION_F32);
  const gchar *reason = NULL;
  gdouble first = NAN, last = NAN, plain_first = NAN, plain_last = NAN;
  GstSodPrecision used;

  learn (trainer, &first, &last);
  learn (plain, &plain_first, &plain_last);
  used = gst_sod_trainer_get_precision (trainer, &reason);
  if (has_bf16 (backend)) {
    g_assert_cmpint (used, ==, GST_SOD_PRECISION_BF16);
    g_assert_null (reason);
    g_assert_cmpfloat (first, !=, plain_first);
    g_assert_cmpfloat_with_epsilon (first, plain_first, 0.02 * plain_first);
  } else {
    g_assert_cmpint (used, ==, GST_SOD_PRECISION_F32);
    g_assert_nonnull (reason);
    g_test_message ("%s", reason);
    g_assert_nonnull (strstr (reason, "training in f32"));
    g_assert_nonnull (strstr (reason, "bf16"));
    g_assert_cmpfloat (last, ==, plain_last);
  }
  g_assert_cmpfloat (last, <, 0.8 * first);
}

/* What no back end trains in. */
static void
test_int8 (gconstpointer backend)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (backend, GST_SOD_PRECISION_INT8);
  const gchar *reason = NULL;
  gdouble first = NAN, last = NAN;

  learn (trainer, &first, &last);
  g_assert_cmpint (gst_sod_trainer_get_precision (trainer, &reason), ==,
      GST_SOD_PRECISION_F32);
  g_assert_nonnull (strstr (reason, "int8"));
}

/* Told before the first step as it was asked for, and anew when that changes.
 */
static void
test_changes (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer ("ref", GST_SOD_PRECISION_BF16);
  const gchar *reason = "";
  gdouble first = NAN, last = NAN;

  g_assert_cmpint (gst_sod_trainer_get_precision (trainer, &reason), ==,
      GST_SOD_PRECISION_BF16);
  g_assert_null (reason);
  learn (trainer, &first, &last);
  gst_sod_trainer_get_precision (trainer, &reason);
  g_assert_nonnull (reason);
  g_object_set (trainer, "precision", GST_SOD_PRECISION_F32, NULL);
  learn (trainer, &first, &last);
  g_assert_cmpint (gst_sod_trainer_get_precision (trainer, &reason), ==,
      GST_SOD_PRECISION_F32);
  g_assert_null (reason);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/train/precision/ref/auto-is-f32", "ref", test_auto);
  g_test_add_data_func (
      "/train/precision/ref/bf16-is-f32-with-a-reason", "ref", test_bf16);
  g_test_add_data_func (
      "/train/precision/ref/int8-is-f32-with-a-reason", "ref", test_int8);
  g_test_add_func ("/train/precision/may-change", test_changes);
  if (gst_sod_backend_get ("onednn", NULL) != NULL) {
    g_test_add_data_func ("/train/precision/onednn/auto-is-what-the-cpu-has",
        "onednn", test_auto);
    g_test_add_data_func ("/train/precision/onednn/bf16-or-f32-with-a-reason",
        "onednn", test_bf16);
    g_test_add_data_func ("/train/precision/onednn/int8-is-f32-with-a-reason",
        "onednn", test_int8);
  }
  return g_test_run ();
}
