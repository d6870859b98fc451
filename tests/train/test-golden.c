/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training as another framework did it: losses, gradients, weights. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/nn/safetensors-private.h>
#include <gst-sod/train/loss.h>
#include <gst-sod/train/trainer-private.h>

#include "../run/golden.h"

#define N_STEPS 10
#define TOLERANCE 1e-3 /* of losses, and of gradients as vectors */

/* golden_train.json, "losses" */
static const gdouble losses[N_STEPS] = { 0.5820985436439514,
  0.45454147458076477, 0.33867818117141724, 0.2941499650478363,
  0.29535019397735596, 0.3120712637901306, 0.3289394676685333,
  0.34079769253730774, 0.3459447920322418, 0.3451682925224304 };

/* NULL, and the test skipped, where the files are not there. */
static GstSodNetwork *
read_network (const gchar *file, const gchar *preset)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (preset, 1, NULL);
  GHashTable *weights = golden_read (file);
  GstSodNetwork *network;

  if (weights == NULL)
    return NULL;
  network =
      gst_sod_network_new_from_weights (architecture, weights, NULL, &error);
  g_assert_no_error (error);
  return network;
}

/* Every "grad0.NAME" of @golden against @gradients; returns how many. */
static guint
compare_gradients (GHashTable *golden, GHashTable *gradients)
{
  GHashTableIter iter;
  gpointer name, tensor;
  gdouble worst = 0;
  guint n = 0;

  g_hash_table_iter_init (&iter, golden);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    const GstSodTensor *found;
    gdouble difference;

    if (!g_str_has_prefix (name, "grad0."))
      continue;
    found = g_hash_table_lookup (gradients, (gchar *) name + strlen ("grad0."));
    g_assert_nonnull (found);
    difference = train_tensor_error (found, tensor);
    if (difference >= TOLERANCE)
      g_test_message ("%s: relative error %g", (gchar *) name, difference);
    g_assert_cmpfloat (difference, <, TOLERANCE);
    worst = MAX (worst, difference);
    n++;
  }
  g_test_message ("%u gradients, relative error up to %g", n, worst);
  return n;
}

static GstSodTrainer *
new_trainer (GstSodNetwork *network, const gchar *backend)
{
  g_autoptr (GError) error = NULL;
  GstSodTrainer *trainer = gst_sod_trainer_new_on (
      network, gst_sod_backend_get (backend, NULL), 2, &error);

  g_assert_no_error (error);
  g_object_set (trainer, "loss", GST_SOD_LOSS_BCE, "optimiser",
      GST_SOD_OPTIMISER_SGD, "learning-rate", 0.01, "momentum", 0.9,
      "weight-decay", 0.0, "warm-up", G_GUINT64_CONSTANT (0), "clip-norm", 0.0,
      "average-decay", 0.0, NULL);
  return trainer;
}

/* Where ten steps led, each tensor as a vector, in shares of the way that it
 * went: rectifiers near zero let rounding grow from step to step. */
static void
compare_final (GstSodTrainer *trainer)
{
  g_autoptr (GstSodNetwork) network = gst_sod_trainer_snapshot (trainer, NULL);
  g_autoptr (GHashTable) expected = golden_read ("train_final.safetensors");
  g_autoptr (GHashTable) start = golden_read ("train_init.safetensors");
  GHashTableIter iter;
  gpointer name, tensor;
  gdouble worst = 0;

  g_hash_table_iter_init (&iter, expected);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    gdouble way =
        train_tensor_error (g_hash_table_lookup (start, name), tensor);
    gdouble difference =
        train_tensor_error (gst_sod_network_get_tensor (network, name), tensor);

    g_assert_cmpfloat (way, >, 0);
    g_assert_cmpfloat (difference, <, 0.03 * way);
    worst = MAX (worst, difference / way);
  }
  g_test_message (
      "weights after %u steps: off by up to %g of the way", N_STEPS, worst);
}

static void
test_base (gconstpointer data)
{
  const gchar *backend = data;
  g_autoptr (GstSodNetwork) network =
      read_network ("train_init.safetensors", "small");
  g_autoptr (GHashTable) golden = NULL;
  g_autoptr (GstSodTrainer) trainer = NULL;

  if (network == NULL)
    return;
  golden = golden_read ("golden_train.safetensors");
  trainer = new_trainer (network, backend);
  for (guint i = 0; i < N_STEPS; i++) {
    g_autoptr (GError) error = NULL;
    gdouble loss = 0;

    gst_sod_trainer_step (trainer, g_hash_table_lookup (golden, "input"),
        g_hash_table_lookup (golden, "target"), &loss, &error);
    g_assert_no_error (error);
    g_test_message ("step %u: %g, off by %g", i, loss, loss - losses[i]);
    g_assert_cmpfloat_with_epsilon (loss, losses[i], TOLERANCE);
    if (i == 0)
      g_assert_cmpuint (compare_gradients (golden,
                            gst_sod_trainer_get_params (trainer)->gradients),
          ==,
          g_hash_table_size (gst_sod_trainer_get_params (trainer)->gradients));
  }
  compare_final (trainer);
}

static void
test_reverse (gconstpointer data)
{
  const gchar *backend = data;
  g_autoptr (GstSodNetwork) network =
      read_network ("reverse_init.safetensors", "reverse");
  g_autoptr (GHashTable) golden = NULL;
  g_autoptr (GstSodTensor) output = NULL, d_output = NULL;
  g_auto (TrainPlan) plan = { NULL };
  const GstSodTensor *map, *expected;
  gdouble loss, golden_loss;

  if (network == NULL)
    return;
  golden = golden_read ("golden_reverse.safetensors");
  map = g_hash_table_lookup (golden, "map");
  train_plan_init (&plan, network, "image", backend, GST_SOD_DTYPE_F32,
      gst_sod_tensor_get_shape (map));
  output = train_plan_forward (&plan, map);
  expected = g_hash_table_lookup (golden, "output_train");
  g_test_message (
      "output: relative error %g", train_tensor_error (output, expected));
  g_assert_cmpfloat (train_tensor_error (output, expected), <, TOLERANCE);
  d_output = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), NULL);
  loss = gst_sod_loss_compute (GST_SOD_LOSS_L1_GRADIENT, output,
      g_hash_table_lookup (golden, "target"), d_output, NULL);
  golden_loss = train_tensor_get (g_hash_table_lookup (golden, "loss"), 0);
  g_test_message ("loss %g, off by %g", loss, loss - golden_loss);
  g_assert_cmpfloat_with_epsilon (loss, golden_loss, TOLERANCE);
  train_plan_backward (&plan, d_output, NULL);
  g_assert_cmpuint (compare_gradients (golden, plan.gradients), >, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (gst_sod_backend_get ("onednn", NULL) != NULL) {
    g_test_add_data_func (
        "/train/golden/onednn/ten-steps-of-base", "onednn", test_base);
    g_test_add_data_func (
        "/train/golden/onednn/gradients-of-reverse", "onednn", test_reverse);
  }
  g_test_add_data_func (
      "/train/golden/ref/ten-steps-of-base", "ref", test_base);
  g_test_add_data_func (
      "/train/golden/ref/gradients-of-reverse", "ref", test_reverse);
  return g_test_run ();
}
