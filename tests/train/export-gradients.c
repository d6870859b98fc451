/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A random network with the gradients of a loss, for torch-gradients.py:
 *
 *   export-gradients PRESET FRAMES BACKEND DTYPE SEED OUTPUT.safetensors
 *
 * Writes `input`, `target`, `output`, `weight.NAME`, `gradient.NAME`, and the
 * loss and its value as metadata. */
#include "train-plan.h"

#include <stdlib.h>
#include <string.h>

#include <gst-sod/nn/safetensors-private.h>
#include <gst-sod/train/loss.h>

#define N 2
#define WIDTH 64
#define HEIGHT 48

static void
fail (const gchar *what, const GError *error)
{
  g_printerr ("export-gradients: %s%s%s\n", what, error != NULL ? ": " : "",
      error != NULL ? error->message : "");
  exit (1);
}

/* Weights that are no round numbers, of batch norms too. */
static GstSodNetwork *
make_network (const gchar *preset, guint frames, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (preset, frames, &error);
  g_autoptr (GstSodNetwork) settled =
      architecture != NULL
          ? gst_sod_network_new_random (architecture, seed, &error)
          : NULL;
  GstSodNetwork *network;
  GHashTable *weights;

  if (settled == NULL)
    fail (preset, error);
  weights = train_table_convert (
      gst_sod_network_get_weights (settled), GST_SOD_DTYPE_F32);
  train_weights_unsettle (weights);
  network =
      gst_sod_network_new_from_weights (architecture, weights, NULL, &error);
  if (network == NULL)
    fail (preset, error);
  return network;
}

/* 0 or 1, in squares of 8 pixels, or any value of -1..1 where @soft. */
static GstSodTensor *
make_target (const GstSodShape *shape, gboolean soft, guint64 seed)
{
  g_autoptr (GstSodTensor) noise =
      train_tensor_new_random (GST_SOD_DTYPE_F32, shape, seed);
  GstSodTensor *target =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  gfloat *values = gst_sod_tensor_get_data (target);
  gsize n = gst_sod_tensor_get_n_elements (target);
  gsize width = (gsize) shape->dims[3];

  for (gsize i = 0; i < n; i++) {
    gsize corner = i / width / 8 * 8 * width + i % width / 8 * 8;
    gdouble value = train_tensor_get (noise, soft ? i : corner);

    values[i] = soft ? (gfloat) CLAMP (value / 3, -1, 1) : value > 0;
  }
  return target;
}

static void
put (GHashTable *to, const gchar *prefix, const gchar *name,
    const GstSodTensor *tensor)
{
  g_hash_table_insert (to, g_strconcat (prefix, name, NULL),
      gst_sod_tensor_convert (tensor, gst_sod_tensor_get_dtype (tensor), NULL));
}

static void
put_all (GHashTable *to, const gchar *prefix, GHashTable *from)
{
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    if (strstr (name, "running") == NULL)
      put (to, prefix, name, tensor);
  }
}

/* Forward, loss and backward; everything that went in and came out. */
static gdouble
run (TrainPlan *plan, GstSodLoss loss, const GstSodTensor *input, guint64 seed,
    GHashTable *found)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) output = train_plan_forward (plan, input);
  const GstSodShape *shape = gst_sod_tensor_get_shape (output);
  g_autoptr (GstSodTensor) target =
      make_target (shape, loss == GST_SOD_LOSS_L1_GRADIENT, seed + 2);
  g_autoptr (GstSodTensor) answer =
      gst_sod_tensor_convert (output, GST_SOD_DTYPE_F32, NULL);
  g_autoptr (GstSodTensor) d_answer =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  g_autoptr (GstSodTensor) d_output = NULL;
  gdouble value =
      gst_sod_loss_compute (loss, answer, target, NULL, d_answer, &error);

  if (error != NULL)
    fail ("loss", error);
  d_output = gst_sod_tensor_convert (
      d_answer, gst_sod_tensor_get_dtype (output), NULL);
  train_plan_backward (plan, d_output, NULL);
  put (found, "", "input", input);
  put (found, "", "target", target);
  put (found, "", "output", output);
  put (found, "", "d_output", d_output);
  put_all (found, "weight.", plan->weights);
  put_all (found, "gradient.", plan->gradients);
  return value;
}

static void
free_tensor (gpointer tensor)
{
  gst_sod_tensor_unref (tensor);
}

int
main (int argc, char **argv)
{
  gboolean reverse = argc == 7 && g_str_equal (argv[1], "reverse");
  guint frames = argc == 7 ? (guint) atoi (argv[2]) : 0;
  guint64 seed = argc == 7 ? g_ascii_strtoull (argv[5], NULL, 10) : 0;
  GstSodShape shape = { 4, { N, reverse ? 1 : 3 * frames, HEIGHT, WIDTH } };
  GstSodLoss loss = reverse ? GST_SOD_LOSS_L1_GRADIENT : GST_SOD_LOSS_STRUCTURE;
  g_autoptr (GHashTable) found =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_tensor);
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (TrainPlan) plan = { NULL };
  gchar value[G_ASCII_DTOSTR_BUF_SIZE];
  GstSodDType dtype;

  if (argc != 7)
    fail ("PRESET FRAMES BACKEND DTYPE SEED OUTPUT were expected", NULL);
  if (gst_sod_backend_get (argv[3], NULL) == NULL)
    fail ("there is no such back end", NULL);
  dtype = g_str_equal (argv[4], "f64") ? GST_SOD_DTYPE_F64 : GST_SOD_DTYPE_F32;
  network = make_network (argv[1], frames, seed);
  input = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, seed + 1);
  train_plan_init (
      &plan, network, reverse ? "image" : "logits", argv[3], dtype, &shape);
  g_ascii_dtostr (value, sizeof (value), run (&plan, loss, input, seed, found));
  g_hash_table_insert (metadata, (gpointer) "loss", g_strdup (value));
  if (!gst_sod_safetensors_write (argv[6], found, metadata, &error))
    fail (argv[6], error);
  return 0;
}
