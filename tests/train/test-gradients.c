/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of the networks that ship, and of a base network taught through a
 * frozen reverse one (the paper, III.C), against finite differences in f64. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/train/trainer-private.h>

/* As share of the weights: along the long steps some rectifier or maximum may
 * change sides, along the short ones rounding shows. */
static const gdouble steps[] = { 1e-8, 1e-7, 1e-9, 1e-6 };

#define TOLERANCE 1e-4
#define N_GROUPS 5

/* What is differentiated: a function of the weights of a plan. */
typedef struct
{
  TrainPlan *plan; /* its weights are moved */
  gdouble (*evaluate) (gpointer data);
  gpointer data;
} Function;

/* Along its own gradient a function rises by the square of it. Of every
 * N_GROUPS-th tensor from @group on: how far central differences are from
 * that, as a share of it. */
static gdouble
group_error (const Function *function, GPtrArray *names, guint group)
{
  GHashTable *weights = function->plan->weights;
  g_autoptr (GHashTable) start =
      train_table_convert (weights, GST_SOD_DTYPE_F64);
  gdouble squares = 0, size = 0, best = G_MAXDOUBLE;

  for (guint i = group; i < names->len; i += N_GROUPS) {
    const gchar *name = g_ptr_array_index (names, i);
    const GstSodTensor *gradient =
        g_hash_table_lookup (function->plan->gradients, name);
    const GstSodTensor *weight = g_hash_table_lookup (weights, name);

    squares += train_tensor_dot (gradient, gradient);
    size += train_tensor_dot (weight, weight);
  }
  g_assert_cmpfloat (squares, >, 0);
  for (guint s = 0; s < G_N_ELEMENTS (steps) && best > TOLERANCE; s++) {
    gdouble step = steps[s] * sqrt (size / squares), ends[2];

    for (guint end = 0; end < 2; end++) {
      for (guint i = group; i < names->len; i += N_GROUPS) {
        const gchar *name = g_ptr_array_index (names, i);
        GstSodTensor *weight = g_hash_table_lookup (weights, name);
        gdouble *values = gst_sod_tensor_get_data (weight);

        for (gsize j = 0; j < gst_sod_tensor_get_n_elements (weight); j++)
          values[j] =
              train_tensor_get (g_hash_table_lookup (start, name), j)
              + (end == 0 ? step : -step)
                    * train_tensor_get (
                        g_hash_table_lookup (function->plan->gradients, name),
                        j);
      }
      ends[end] = function->evaluate (function->data);
    }
    best =
        MIN (best, fabs ((ends[0] - ends[1]) / (2 * step) - squares) / squares);
  }
  for (guint i = group; i < names->len; i += N_GROUPS) {
    const gchar *name = g_ptr_array_index (names, i);
    GstSodTensor *weight = g_hash_table_lookup (weights, name);

    memcpy (gst_sod_tensor_get_data (weight),
        gst_sod_tensor_peek_data (g_hash_table_lookup (start, name)),
        gst_sod_tensor_get_size (weight));
  }
  return best;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* The gradients of all weights lie beside them. */
static void
expect_differences (const Function *function)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, function->plan->weights);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    if (strstr (name, "running") == NULL)
      g_ptr_array_add (names, name);
  }
  g_ptr_array_sort (names, compare_names);
  for (guint group = 0; group < N_GROUPS; group++) {
    gdouble error = group_error (function, names, group);

    g_test_message ("tensors %u, %u ... of %u: differences off by %g", group,
        group + N_GROUPS, names->len, error);
    g_assert_cmpfloat (error, <, TOLERANCE);
  }
}

/* ---- the networks that ship ---- */

typedef struct
{
  const gchar *preset;
  guint frames;
  const gchar *label;
} Preset;

typedef struct
{
  TrainPlan plan;
  GstSodTensor *input, *projection;
} Projected;

static gdouble
project (gpointer data)
{
  Projected *self = data;
  g_autoptr (GstSodTensor) output =
      train_plan_forward (&self->plan, self->input);

  return train_tensor_dot (output, self->projection);
}

static void
test_preset (gconstpointer data)
{
  const Preset *preset = data;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (preset->preset, preset->frames, NULL);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_random (architecture, 3, NULL);
  gboolean reverse = g_str_equal (preset->label, "image");
  GstSodShape shape =
      gst_sod_shape_nchw (2, reverse ? 1 : 3 * preset->frames, 32, 32);
  Projected self = { .input = train_tensor_new_random (
                         GST_SOD_DTYPE_F64, &shape, 1) };
  Function function = { &self.plan, project, &self };
  g_autoptr (GstSodTensor) output = NULL;

  train_plan_init (
      &self.plan, network, preset->label, "ref", GST_SOD_DTYPE_F64, &shape);
  train_weights_unsettle (self.plan.weights);
  output = train_plan_forward (&self.plan, self.input);
  self.projection = train_tensor_new_random (
      GST_SOD_DTYPE_F64, gst_sod_tensor_get_shape (output), 2);
  train_plan_backward (&self.plan, self.projection, NULL);
  expect_differences (&function);
  gst_sod_tensor_unref (self.input);
  gst_sod_tensor_unref (self.projection);
  train_plan_clear (&self.plan);
}

/* ---- image -> base -> map -> frozen reverse -> image ---- */

typedef struct
{
  TrainPlan base, reverse;
  GstSodTensor *input;      /* (n, 3, h, w) */
  GstSodTensor *projection; /* (n, 3, h / 2, w / 2) */
} Chain;

static GstSodNetwork *
new_unsettled (GstSodNetworkKind kind)
{
  g_autoptr (GstSodNetwork) random = train_network_new_tiny (kind, 3);
  GHashTable *weights = train_table_convert (
      gst_sod_network_get_weights (random), GST_SOD_DTYPE_F32);

  train_weights_unsettle (weights);
  return gst_sod_network_new_from_weights (
      gst_sod_network_get_architecture (random), weights, NULL, NULL);
}

static void
chain_init (
    Chain *self, GstSodNetwork *base, GstSodNetwork *reverse, GstSodDType dtype)
{
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 32, 48);
  GstSodShape map = gst_sod_shape_nchw (2, 1, 32, 48);
  GstSodShape image = gst_sod_shape_nchw (2, 3, 16, 24);

  train_plan_init (&self->base, base, "logits", "ref", dtype, &shape);
  train_plan_init (&self->reverse, reverse, "image", "ref", dtype, &map);
  self->reverse.stream->klass->bind (
      self->reverse.stream, self->reverse.weights, NULL, NULL);
  self->input = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 1);
  self->projection = train_tensor_new_random (GST_SOD_DTYPE_F32, &image, 2);
}

static void
chain_clear (Chain *self)
{
  train_plan_clear (&self->base);
  train_plan_clear (&self->reverse);
  gst_sod_tensor_unref (self->input);
  gst_sod_tensor_unref (self->projection);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Chain, chain_clear)

/* A new tensor of the probabilities; or, with @d_map, of what that is with
 * respect to the logits. */
static GstSodTensor *
squash (const GstSodTensor *logits, const GstSodTensor *d_map)
{
  GstSodDType dtype = gst_sod_tensor_get_dtype (logits);
  GstSodTensor *squashed = gst_sod_tensor_new_shaped (
      dtype, gst_sod_tensor_get_shape (logits), NULL);
  gpointer data = gst_sod_tensor_get_data (squashed);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (logits); i++) {
    gdouble p = 1 / (1 + exp (-train_tensor_get (logits, i)));
    gdouble value =
        d_map == NULL ? p : train_tensor_get (d_map, i) * p * (1 - p);

    if (dtype == GST_SOD_DTYPE_F64)
      ((gdouble *) data)[i] = value;
    else
      ((gfloat *) data)[i] = (gfloat) value;
  }
  return squashed;
}

static gdouble
imagine (gpointer data)
{
  Chain *self = data;
  g_autoptr (GstSodTensor) logits =
      train_plan_forward (&self->base, self->input);
  g_autoptr (GstSodTensor) map = squash (logits, NULL);
  g_autoptr (GstSodTensor) image = train_plan_forward (&self->reverse, map);

  return train_tensor_dot (image, self->projection);
}

/* Leaves the gradients in the base network's plan. */
static void
differentiate (Chain *self)
{
  g_autoptr (GstSodTensor) logits =
      train_plan_forward (&self->base, self->input);
  g_autoptr (GstSodTensor) map = squash (logits, NULL);
  g_autoptr (GstSodTensor) image = train_plan_forward (&self->reverse, map);
  GstSodDType dtype = gst_sod_tensor_get_dtype (logits);
  g_autoptr (GstSodTensor) projection =
      gst_sod_tensor_convert (self->projection, dtype, NULL);
  g_autoptr (GstSodTensor) d_map =
      gst_sod_tensor_new_shaped (dtype, gst_sod_tensor_get_shape (map), NULL);
  g_autoptr (GstSodTensor) d_logits = NULL;

  train_plan_backward (&self->reverse, projection, d_map);
  d_logits = squash (logits, d_map);
  train_plan_backward (&self->base, d_logits, NULL);
}

static void
test_chain (void)
{
  g_autoptr (GstSodNetwork) base = new_unsettled (GST_SOD_NETWORK_BASE);
  g_autoptr (GstSodNetwork) reverse = new_unsettled (GST_SOD_NETWORK_REVERSE);
  g_auto (Chain) chain = { 0 };
  Function function = { &chain.base, imagine, &chain };

  chain_init (&chain, base, reverse, GST_SOD_DTYPE_F64);
  differentiate (&chain);
  expect_differences (&function);
}

/* The same by two trainers, against the plans in f64. */
static void
test_chain_of_trainers (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) base = new_unsettled (GST_SOD_NETWORK_BASE);
  g_autoptr (GstSodNetwork) reverse = new_unsettled (GST_SOD_NETWORK_REVERSE);
  GstSodBackend *chosen = gst_sod_backend_get (backend, NULL);
  g_autoptr (GstSodTrainer) learner =
      gst_sod_trainer_new_on (base, chosen, 2, NULL);
  g_autoptr (GstSodTrainer) teacher =
      gst_sod_trainer_new_on (reverse, chosen, 2, NULL);
  g_auto (Chain) chain = { 0 };
  g_autoptr (GstSodTensor) logits = NULL, map = NULL, image = NULL;
  g_autoptr (GstSodTensor) d_map = NULL, d_logits = NULL;
  g_autoptr (GError) error = NULL;
  const GstSodParams *params;
  gdouble worst = 0;

  chain_init (&chain, base, reverse, GST_SOD_DTYPE_F64);
  differentiate (&chain);
  gst_sod_trainer_set_frozen (teacher, TRUE);
  logits = gst_sod_trainer_forward (learner, chain.input, &error);
  g_assert_no_error (error);
  map = squash (logits, NULL);
  image = gst_sod_trainer_forward (teacher, map, &error);
  g_assert_no_error (error);
  d_map = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (map), NULL);
  gst_sod_trainer_backward (teacher, chain.projection, d_map, &error);
  g_assert_no_error (error);
  d_logits = squash (logits, d_map);
  gst_sod_trainer_backward (learner, d_logits, NULL, &error);
  g_assert_no_error (error);
  params = gst_sod_trainer_get_params (learner);
  for (guint i = 0; i < params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (params->list, i);

    if (param->gradient != NULL)
      worst = MAX (
          worst, train_tensor_error (param->gradient,
                     g_hash_table_lookup (chain.base.gradients, param->name)));
  }
  g_test_message ("gradients through a frozen network off by %g", worst);
  g_assert_cmpfloat (worst, <, 1e-3);
}

int
main (int argc, char **argv)
{
  static const Preset base = { "base", 1, "logits" };
  static const Preset small = { "small", 2, "logits" };
  static const Preset reverse = { "reverse", 1, "image" };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func (
      "/train/gradients/base-are-differences", &base, test_preset);
  g_test_add_data_func ("/train/gradients/small-of-two-frames-are-differences",
      &small, test_preset);
  g_test_add_data_func (
      "/train/gradients/reverse-are-differences", &reverse, test_preset);
  g_test_add_func (
      "/train/gradients/through-a-frozen-network-are-differences", test_chain);
  g_test_add_data_func ("/train/gradients/ref-through-a-frozen-network-agrees",
      "ref", test_chain_of_trainers);
  if (gst_sod_backend_get ("onednn", NULL) != NULL)
    g_test_add_data_func (
        "/train/gradients/onednn-through-a-frozen-network-agrees", "onednn",
        test_chain_of_trainers);
  if (train_find_gpu () != NULL) {
    g_autofree gchar *path = g_strconcat ("/train/gradients/",
        train_find_gpu (), "/through-a-frozen-network-agrees", NULL);

    g_test_add_data_func (path, train_find_gpu (), test_chain_of_trainers);
  }
  return g_test_run ();
}
