/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Optimisers, schedule, clipping and averages against their formulas in f64. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/train/optimiser-private.h>

#define N_STEPS 5

static gfloat *
values (GstSodTensor *tensor)
{
  return gst_sod_tensor_get_data (tensor);
}

static GstSodParam *
find (GstSodParams *params, const gchar *name)
{
  for (guint i = 0; i < params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (params->list, i);

    if (g_str_equal (param->name, name))
      return param;
  }
  g_assert_not_reached ();
}

static GstSodParams *
new_params (void)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GError) error = NULL;
  GstSodParams *params = gst_sod_params_new (network, &error);

  g_assert_no_error (error);
  return params;
}

/* A gradient that changes its sign and size from step to step. */
static gdouble
gradient_at (guint step)
{
  return (gfloat) (0.3 * cos (2.0 * step) + 0.1);
}

/* Runs @optimiser on the first value of "@name", and @reference on the same. */
static void
compare (GstSodOptimiser optimiser, const gchar *name,
    gdouble (*reference) (gdouble weight, gdouble gradient, gdouble decay,
        guint step, gdouble state[2]),
    gdouble decay)
{
  g_autoptr (GstSodParams) params = new_params ();
  GstSodParam *param = find (params, name);
  gdouble state[2] = { 0, 0 };
  gdouble weight = values (param->weight)[0], start = weight;

  for (guint i = 0; i < N_STEPS; i++) {
    GstSodUpdate update = {
      .optimiser = optimiser,
      .learning_rate = 0.1,
      .momentum = 0.9,
      .weight_decay = 0.2,
      .step = i,
      .scale = 0.5,
    };

    values (param->gradient)[0] = (gfloat) (2 * gradient_at (i));
    gst_sod_params_update (params, &update, 1);
    weight = reference (weight, gradient_at (i), decay, i, state);
    g_assert_cmpfloat_with_epsilon (values (param->weight)[0], weight, 1e-6);
  }
  g_assert_cmpfloat (fabs (weight - start), >, 0.01);
}

static gdouble
sgd (gdouble weight, gdouble gradient, gdouble decay, guint step,
    gdouble state[2])
{
  state[0] = 0.9 * state[0] + gradient + decay * weight;
  return weight - 0.1 * state[0];
}

static gdouble
adamw (gdouble weight, gdouble gradient, gdouble decay, guint step,
    gdouble state[2])
{
  gdouble mean, square;

  state[0] = 0.9 * state[0] + 0.1 * gradient;
  state[1] = 0.999 * state[1] + 0.001 * gradient * gradient;
  mean = state[0] / (1 - pow (0.9, step + 1));
  square = state[1] / (1 - pow (0.999, step + 1));
  return weight - 0.1 * (mean / (sqrt (square) + 1e-8) + decay * weight);
}

static void
test_sgd (void)
{
  compare (GST_SOD_OPTIMISER_SGD, "enc.0.0.conv.weight", sgd, 0.2);
  compare (GST_SOD_OPTIMISER_SGD, "enc.0.0.bn.weight", sgd, 0);
  compare (GST_SOD_OPTIMISER_SGD, "out.bias", sgd, 0);
}

static void
test_adamw (void)
{
  compare (GST_SOD_OPTIMISER_ADAMW, "enc.0.0.conv.weight", adamw, 0.2);
  compare (GST_SOD_OPTIMISER_ADAMW, "enc.0.0.bn.weight", adamw, 0);
  compare (GST_SOD_OPTIMISER_ADAMW, "out.bias", adamw, 0);
}

static void
test_statistics_are_nobodys_to_update (void)
{
  g_autoptr (GstSodParams) params = new_params ();
  GstSodParam *param = find (params, "enc.0.0.bn.running_var");
  GstSodUpdate update = {
    .learning_rate = 1,
    .weight_decay = 0.5,
    .scale = 1,
  };

  g_assert_null (param->gradient);
  g_assert_false (
      g_hash_table_contains (params->gradients, "enc.0.0.bn.running_var"));
  gst_sod_params_update (params, &update, 1);
  g_assert_cmpfloat (values (param->weight)[0], ==, 1);
}

static gdouble
get_rate (guint64 step, guint64 warm_up, guint64 n_steps, gdouble power)
{
  GstSodSchedule schedule = { 2, warm_up, n_steps, power };

  return gst_sod_schedule_get_rate (&schedule, step);
}

static void
test_schedule_rises_and_falls (void)
{
  g_assert_cmpfloat_with_epsilon (get_rate (0, 4, 14, 0.9), 0.5, 1e-12);
  g_assert_cmpfloat_with_epsilon (get_rate (3, 4, 14, 0.9), 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (get_rate (4, 4, 14, 0.9), 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (
      get_rate (9, 4, 14, 0.9), 2 * pow (0.5, 0.9), 1e-12);
  g_assert_cmpfloat (get_rate (14, 4, 14, 0.9), ==, 0);
  g_assert_cmpfloat (get_rate (99, 4, 14, 0.9), ==, 0);
  g_assert_cmpfloat (get_rate (99, 4, 0, 0.9), ==, 2);
  g_assert_cmpfloat (get_rate (0, 0, 0, 0.9), ==, 2);
  for (guint i = 5; i < 14; i++)
    g_assert_cmpfloat (
        get_rate (i, 4, 14, 0.9), <, get_rate (i - 1, 4, 14, 0.9));
}

/* Halfway down after 5 of 10 steps, a fifth of the way left after 8. */
static void
test_schedule_falls_by_its_power (void)
{
  g_assert_cmpfloat_with_epsilon (get_rate (9, 4, 14, 1), 1, 1e-12);
  g_assert_cmpfloat_with_epsilon (get_rate (9, 4, 14, 2), 0.5, 1e-12);
  g_assert_cmpfloat_with_epsilon (get_rate (12, 4, 14, 1), 0.4, 1e-12);
  g_assert_cmpfloat_with_epsilon (get_rate (12, 4, 14, 3), 0.016, 1e-12);
  g_assert_cmpfloat (get_rate (13, 4, 14, 0), ==, 2);
  g_assert_cmpfloat (get_rate (14, 4, 14, 0), ==, 0);
  g_assert_cmpfloat (get_rate (3, 4, 14, 3), ==, 2);
  g_assert_cmpfloat (get_rate (99, 4, 0, 3), ==, 2);
}

static void
test_norm_is_of_all_gradients (void)
{
  g_autoptr (GstSodParams) params = new_params ();

  g_assert_cmpfloat (gst_sod_params_gradient_norm (params, 1), ==, 0);
  values (find (params, "out.bias")->gradient)[0] = 3;
  values (find (params, "stem.k3.conv.weight")->gradient)[5] = -4;
  g_assert_cmpfloat_with_epsilon (
      gst_sod_params_gradient_norm (params, 1), 5, 1e-12);
}

/* Everything that an update touches, as text. */
static gchar *
describe (GstSodParams *params)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (params->list, i);
    gsize size = param->n * sizeof (gfloat);

    g_checksum_update (
        sum, (const guchar *) values (param->weight), (gssize) size);
    g_checksum_update (sum, (const guchar *) param->average, (gssize) size);
    for (guint j = 0; param->gradient != NULL && j < 2; j++)
      g_checksum_update (
          sum, (const guchar *) param->moments[j], (gssize) size);
  }
  return g_strdup (g_checksum_get_string (sum));
}

static gchar *
update_on_threads (guint threads, gdouble *norm)
{
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset ("small", 1, NULL);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_random (architecture, 1, NULL);
  g_autoptr (GstSodParams) params = gst_sod_params_new (network, NULL);
  GstSodUpdate update = {
    .optimiser = GST_SOD_OPTIMISER_ADAMW,
    .learning_rate = 0.1,
    .weight_decay = 0.1,
    .scale = 0.7,
    .average_share = 0.1,
  };

  for (guint i = 0; i < params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (params->list, i);

    for (gsize j = 0; param->gradient != NULL && j < param->n; j++)
      values (param->gradient)[j] = (gfloat) sin ((gdouble) (i + 7 * j));
  }
  *norm = gst_sod_params_gradient_norm (params, threads);
  for (update.step = 0; update.step < 3; update.step++)
    gst_sod_params_update (params, &update, threads);
  return describe (params);
}

static void
test_threads_change_no_byte (void)
{
  gdouble norms[3];
  g_autofree gchar *one = update_on_threads (1, &norms[0]);
  g_autofree gchar *two = update_on_threads (2, &norms[1]);
  g_autofree gchar *any = update_on_threads (0, &norms[2]);

  g_assert_cmpstr (one, ==, two);
  g_assert_cmpstr (one, ==, any);
  g_assert_cmpfloat (norms[0], ==, norms[1]);
  g_assert_cmpfloat (norms[0], ==, norms[2]);
}

static void
test_average_follows (void)
{
  g_autoptr (GstSodParams) params = new_params ();
  g_autoptr (GHashTable) copy = NULL;
  GstSodParam *param = find (params, "out.weight");
  GstSodParam *statistic = find (params, "stem.k3.bn.running_mean");
  gfloat start = values (param->weight)[0];
  GstSodUpdate update = {
    .optimiser = GST_SOD_OPTIMISER_SGD,
    .average_share = 0.25,
  };

  values (param->weight)[0] = start + 1;
  values (statistic->weight)[0] = 1;
  gst_sod_params_update (params, &update, 1);
  gst_sod_params_update (params, &update, 1);
  copy = gst_sod_params_copy (params, TRUE, NULL);
  g_assert_cmpfloat_with_epsilon (
      values (g_hash_table_lookup (copy, "out.weight"))[0],
      start + 1 - 0.75 * 0.75, 1e-6);
  g_assert_cmpfloat_with_epsilon (
      values (g_hash_table_lookup (copy, "stem.k3.bn.running_mean"))[0],
      1 - 0.75 * 0.75, 1e-6);
  g_clear_pointer (&copy, g_hash_table_unref);
  copy = gst_sod_params_copy (params, FALSE, NULL);
  g_assert_cmpfloat (
      values (g_hash_table_lookup (copy, "out.weight"))[0], ==, start + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/optimisers/sgd-has-momentum-and-decay", test_sgd);
  g_test_add_func ("/train/optimisers/adamw-decays-apart", test_adamw);
  g_test_add_func ("/train/optimisers/statistics-are-left-alone",
      test_statistics_are_nobodys_to_update);
  g_test_add_func (
      "/train/schedule/rises-and-falls", test_schedule_rises_and_falls);
  g_test_add_func (
      "/train/schedule/falls-by-its-power", test_schedule_falls_by_its_power);
  g_test_add_func ("/train/clipping/norm-is-of-all-gradients",
      test_norm_is_of_all_gradients);
  g_test_add_func (
      "/train/optimisers/threads-change-no-byte", test_threads_change_no_byte);
  g_test_add_func ("/train/average/follows-the-weights", test_average_follows);
  return g_test_run ();
}
