/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training as another framework did it: losses, gradients, weights. */
#include "train-plan.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <gst-sod/nn/safetensors-private.h>
#include <gst-sod/train/loss.h>
#include <gst-sod/train/trainer-private.h>

#include "../run/golden.h"

#define N_STEPS 10
#define N_JITTERS 16
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

/* The largest relative error of a "grad0.NAME" of @golden, which names each of
 * @gradients that is trained. */
static gdouble
compare_gradients (GHashTable *golden, GHashTable *gradients)
{
  GHashTableIter iter;
  gpointer name, tensor;
  gdouble worst = 0;
  guint n = 0;

  g_hash_table_iter_init (&iter, gradients);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    g_autofree gchar *golden_name = g_strconcat ("grad0.", name, NULL);
    gdouble difference;

    if (strstr (name, "running") != NULL)
      continue;
    difference =
        train_tensor_error (tensor, g_hash_table_lookup (golden, golden_name));
    g_assert_true (isfinite (difference));
    worst = MAX (worst, difference);
    n++;
  }
  g_test_message ("%u gradients, relative error up to %g", n, worst);
  return worst;
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
 * went. A value that rounding carries over a rectifier's zero changes the
 * gradient by some 1e-3, and ten steps add up what came of it. */
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
    g_assert_cmpfloat (difference, <, 0.1 * way);
    worst = MAX (worst, difference / way);
  }
  g_test_message (
      "weights after %u steps: off by up to %g of the way", N_STEPS, worst);
}

static void
test_ten_steps (gconstpointer data)
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
  }
  compare_final (trainer);
}

typedef struct
{
  const gchar *backend;
  const gchar *preset, *label; /* of the value that the loss is taken of */
  const gchar *weights, *golden, *input; /* files; tensor of the second */
  GstSodLoss loss;
} Case;

/* A copy, every value moved by at most @share of itself. */
static GstSodTensor *
jitter (const GstSodTensor *tensor, gdouble share, guint64 seed)
{
  g_autoptr (GstSodTensor) noise = train_tensor_new_random (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (tensor), seed);
  GstSodTensor *copy = gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL);
  gfloat *values = gst_sod_tensor_get_data (copy);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (copy); i++)
    values[i] *= (gfloat) (1 + share * tanh (train_tensor_get (noise, i)));
  return copy;
}

static gdouble
golden_loss (GHashTable *golden)
{
  const GstSodTensor *loss = g_hash_table_lookup (golden, "loss");

  return loss != NULL ? train_tensor_get (loss, 0) : losses[0];
}

/* Gradients are not continuous: where rounding carries a value over a
 * rectifier's zero, they jump by some 1e-3. So they may be those of an input
 * that is the golden one but for rounding. */
static void
test_gradients (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GstSodNetwork) network =
      read_network (test->weights, test->preset);
  g_autoptr (GHashTable) golden = NULL;
  g_auto (TrainPlan) plan = { NULL };
  const GstSodTensor *input;
  gdouble best = G_MAXDOUBLE;

  if (network == NULL)
    return;
  golden = golden_read (test->golden);
  input = g_hash_table_lookup (golden, test->input);
  train_plan_init (&plan, network, test->label, test->backend,
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (input));
  for (guint i = 0; best >= TOLERANCE && i < N_JITTERS; i++) {
    g_autoptr (GstSodTensor) moved = jitter (input, i * FLT_EPSILON, i);
    g_autoptr (GstSodTensor) output = train_plan_forward (&plan, moved);
    g_autoptr (GstSodTensor) d_output = gst_sod_tensor_new_shaped (
        GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), NULL);
    const GstSodTensor *expected = g_hash_table_lookup (golden, "output_train");
    gdouble found,
        loss = gst_sod_loss_compute (test->loss, output,
            g_hash_table_lookup (golden, "target"), NULL, d_output, NULL);

    g_assert_cmpfloat_with_epsilon (loss, golden_loss (golden), TOLERANCE);
    if (expected != NULL)
      g_assert_cmpfloat (train_tensor_error (output, expected), <, TOLERANCE);
    train_plan_backward (&plan, d_output, NULL);
    found = compare_gradients (golden, plan.gradients);
    best = MIN (best, found);
  }
  g_assert_cmpfloat (best, <, TOLERANCE);
}

/* The gradients of "base" are of the preset small. */
#define BASE(backend)                                                          \
  {                                                                            \
    backend, "small", "logits", "train_init.safetensors",                      \
        "golden_train.safetensors", "input", GST_SOD_LOSS_BCE                  \
  }
#define REVERSE(backend)                                                       \
  {                                                                            \
    backend, "reverse", "image", "reverse_init.safetensors",                   \
        "golden_reverse.safetensors", "map", GST_SOD_LOSS_L1_GRADIENT          \
  }

static void
add_gpu_tests (const gchar *backend)
{
  static Case base, reverse;
  g_autofree gchar *steps =
      g_strconcat ("/train/golden/", backend, "/ten-steps-of-base", NULL);
  g_autofree gchar *of_base =
      g_strconcat ("/train/golden/", backend, "/gradients-of-base", NULL);
  g_autofree gchar *of_reverse =
      g_strconcat ("/train/golden/", backend, "/gradients-of-reverse", NULL);

  base = (Case) BASE (backend);
  reverse = (Case) REVERSE (backend);
  g_test_add_data_func (steps, backend, test_ten_steps);
  g_test_add_data_func (of_base, &base, test_gradients);
  g_test_add_data_func (of_reverse, &reverse, test_gradients);
}

int
main (int argc, char **argv)
{
  static const Case base[] = { BASE ("onednn"), BASE ("ref") };
  static const Case reverse[] = { REVERSE ("onednn"), REVERSE ("ref") };

  g_test_init (&argc, &argv, NULL);
  if (gst_sod_backend_get ("onednn", NULL) != NULL) {
    g_test_add_data_func (
        "/train/golden/onednn/ten-steps-of-base", "onednn", test_ten_steps);
    g_test_add_data_func (
        "/train/golden/onednn/gradients-of-base", &base[0], test_gradients);
    g_test_add_data_func ("/train/golden/onednn/gradients-of-reverse",
        &reverse[0], test_gradients);
  }
  if (train_find_gpu () != NULL)
    add_gpu_tests (train_find_gpu ());
  g_test_add_data_func (
      "/train/golden/ref/ten-steps-of-base", "ref", test_ten_steps);
  g_test_add_data_func (
      "/train/golden/ref/gradients-of-base", &base[1], test_gradients);
  g_test_add_data_func (
      "/train/golden/ref/gradients-of-reverse", &reverse[1], test_gradients);
  return g_test_run ();
}
