/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training plans: gradients of whole networks against finite differences and
 * of the back ends against each other. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

/* Steps of central differences in f64: along the long ones some rectifier or
 * maximum may change sides, along the short ones rounding shows. */
static const gdouble steps[] = { 1e-7, 1e-8, 1e-6, 1e-9 };

static const GstSodNetworkKind base = GST_SOD_NETWORK_BASE;
static const GstSodNetworkKind reverse = GST_SOD_NETWORK_REVERSE;

static GstSodShape
input_shape (GstSodNetworkKind kind)
{
  return gst_sod_shape_nchw (2, kind == GST_SOD_NETWORK_BASE ? 3 : 1, 32, 48);
}

static const gchar *
output_label (GstSodNetworkKind kind)
{
  return kind == GST_SOD_NETWORK_BASE ? "logits" : "image";
}

static void
init (TrainPlan *plan, GstSodNetworkKind kind, const gchar *backend,
    GstSodDType dtype)
{
  g_autoptr (GstSodNetwork) network = train_network_new_tiny (kind, 3);
  GstSodShape shape = input_shape (kind);

  train_plan_init (plan, network, output_label (kind), backend, dtype, &shape);
  train_weights_unsettle (plan->weights);
}

/* In training the running statistics are written and not read, so that passes
 * do not depend on the ones before. */
static gdouble
project (TrainPlan *plan, const GstSodTensor *input, const GstSodTensor *weight)
{
  g_autoptr (GstSodTensor) output = train_plan_forward (plan, input);

  return train_tensor_dot (output, weight);
}

/* Central difference of the projection along @direction, @step to each side of
 * where @tensor is. */
static gdouble
difference (TrainPlan *plan, const GstSodTensor *input,
    const GstSodTensor *projection, GstSodTensor *tensor,
    const GstSodTensor *direction, gdouble step)
{
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gdouble *values = gst_sod_tensor_get_data (tensor);
  const gdouble *along = gst_sod_tensor_peek_data (direction);
  g_autofree gdouble *before = g_memdup2 (values, n * sizeof (gdouble));
  gdouble plus, minus;

  for (gsize i = 0; i < n; i++)
    values[i] = before[i] + step * along[i];
  plus = project (plan, input, projection);
  for (gsize i = 0; i < n; i++)
    values[i] = before[i] - step * along[i];
  minus = project (plan, input, projection);
  memcpy (values, before, n * sizeof (gdouble));
  return (plus - minus) / (2 * step);
}

static void
test_gradients_are_differences (gconstpointer data)
{
  GstSodNetworkKind kind = *(const GstSodNetworkKind *) data;
  g_auto (TrainPlan) plan = { NULL };
  GstSodShape shape = input_shape (kind);
  g_autoptr (GstSodTensor) input =
      train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 1);
  g_autoptr (GstSodTensor) output = NULL, projection = NULL;
  GHashTableIter iter;
  gpointer name, tensor;
  gdouble worst = 0;
  guint n_checked = 0;

  init (&plan, kind, "ref", GST_SOD_DTYPE_F64);
  output = train_plan_forward (&plan, input);
  projection = train_tensor_new_random (
      GST_SOD_DTYPE_F64, gst_sod_tensor_get_shape (output), 2);
  train_plan_backward (&plan, projection, NULL);
  g_hash_table_iter_init (&iter, plan.weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    g_autoptr (GstSodTensor) direction = NULL;
    const GstSodTensor *gradient = g_hash_table_lookup (plan.gradients, name);
    gdouble found, size, bound, best = G_MAXDOUBLE;

    if (strstr (name, "running") != NULL)
      continue;
    direction = train_tensor_new_random (GST_SOD_DTYPE_F64,
        gst_sod_tensor_get_shape (tensor), 100 + n_checked++);
    found = train_tensor_dot (gradient, direction);
    size = sqrt (train_tensor_dot (gradient, gradient)
                 * train_tensor_dot (direction, direction));
    bound = 1e-4 * fabs (found) + 1e-6 * size;
    for (guint i = 0; best > bound && i < G_N_ELEMENTS (steps); i++) {
      gdouble expected =
          difference (&plan, input, projection, tensor, direction, steps[i]);

      best = MIN (best, fabs (found - expected));
    }
    if (best > bound)
      g_test_message (
          "%s: %g, differences off by %g", (gchar *) name, found, best);
    worst = MAX (worst, best / MAX (fabs (found), 1e-2 * size));
    g_assert_cmpfloat (best, <=, bound);
  }
  g_test_message ("%u tensors, relative error up to %g", n_checked, worst);
  g_assert_cmpuint (n_checked, >, 30);
}

/* @tensor + @step * @direction, all f32. */
static GstSodTensor *
move (const GstSodTensor *tensor, const GstSodTensor *direction, gdouble step)
{
  GstSodTensor *moved =
      gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL);
  gfloat *values = gst_sod_tensor_get_data (moved);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (moved); i++)
    values[i] += (gfloat) (step * train_tensor_get (direction, i));
  return moved;
}

/* How far the gradient is from telling what moving the input changes, as a
 * share of it. Inputs are f32: what they were moved by is asked of them. */
static gdouble
input_error (TrainPlan *plan, const GstSodTensor *input,
    const GstSodTensor *projection, const GstSodTensor *d_input, gdouble step)
{
  g_autoptr (GstSodTensor) plus = move (input, d_input, step);
  g_autoptr (GstSodTensor) minus = move (input, d_input, -step);
  gdouble changed =
      project (plan, plus, projection) - project (plan, minus, projection);
  gdouble told =
      train_tensor_dot (d_input, plus) - train_tensor_dot (d_input, minus);

  g_test_message ("step %g: %g, by the gradient %g", step, changed, told);
  g_assert_cmpfloat (told, >, 0);
  return fabs (changed - told) / told;
}

/* Frozen: the statistics that are kept, and the input's gradient alone. */
static void
test_a_frozen_network_gives_the_gradient_of_its_input (void)
{
  g_auto (TrainPlan) plan = { NULL };
  GstSodShape shape = input_shape (reverse);
  g_autoptr (GstSodTensor) input =
      train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 1);
  g_autoptr (GstSodTensor) d_input =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  g_autoptr (GstSodTensor) output = NULL, projection = NULL;
  g_autoptr (GHashTable) before = NULL;
  g_autoptr (GError) error = NULL;
  gdouble best = G_MAXDOUBLE, size;
  GHashTableIter iter;
  gpointer name, tensor;

  init (&plan, reverse, "ref", GST_SOD_DTYPE_F64);
  before = train_table_convert (plan.weights, GST_SOD_DTYPE_F64);
  plan.stream->klass->bind (plan.stream, plan.weights, NULL, &error);
  g_assert_no_error (error);
  output = train_plan_forward (&plan, input);
  projection = train_tensor_new_random (
      GST_SOD_DTYPE_F64, gst_sod_tensor_get_shape (output), 2);
  train_plan_backward (&plan, projection, d_input);
  size = sqrt (train_tensor_dot (d_input, d_input));
  for (guint i = 0; i < 3; i++) {
    gdouble off =
        input_error (&plan, input, projection, d_input, steps[i] * 1e2 / size);

    best = MIN (best, off);
  }
  g_assert_cmpfloat (best, <, 1e-4);

  g_hash_table_iter_init (&iter, plan.weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_assert_cmpmem (gst_sod_tensor_peek_data (tensor),
        gst_sod_tensor_get_size (tensor),
        gst_sod_tensor_peek_data (g_hash_table_lookup (before, name)),
        gst_sod_tensor_get_size (tensor));
}

typedef struct
{
  const gchar *backend;
  GstSodNetworkKind kind;
  const gchar *preset; /* NULL: the tiny architecture */
  guint frames;
} Pairing;

static void
init_pairing (TrainPlan *plan, const Pairing *pairing, const gchar *backend,
    GstSodDType dtype, const GstSodShape *shape)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;

  if (pairing->preset == NULL) {
    init (plan, pairing->kind, backend, dtype);
    return;
  }
  architecture =
      gst_sod_architecture_new_preset (pairing->preset, pairing->frames, NULL);
  network = gst_sod_network_new_random (architecture, 3, NULL);
  train_plan_init (
      plan, network, output_label (pairing->kind), backend, dtype, shape);
  train_weights_unsettle (plan->weights);
}

/* Against ref in f64: the same output, gradients and running statistics. */
static void
test_f32_agrees (gconstpointer data)
{
  const Pairing *pairing = data;
  g_auto (TrainPlan) exact = { NULL }, plan = { NULL };
  GstSodShape shape = pairing->preset == NULL
                          ? input_shape (pairing->kind)
                          : gst_sod_shape_nchw (2, 3 * pairing->frames, 32, 32);
  g_autoptr (GstSodTensor) input =
      train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 1);
  g_autoptr (GstSodTensor) d_input =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  g_autoptr (GstSodTensor) d_exact =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  g_autoptr (GstSodTensor) output = NULL, found = NULL;
  g_autoptr (GstSodTensor) projection = NULL, wide = NULL;
  g_autoptr (GHashTable) start = NULL;
  GHashTableIter iter;
  gpointer name, tensor;

  init_pairing (&exact, pairing, "ref", GST_SOD_DTYPE_F64, &shape);
  init_pairing (&plan, pairing, pairing->backend, GST_SOD_DTYPE_F32, &shape);
  start = train_table_convert (plan.weights, GST_SOD_DTYPE_F32);
  output = train_plan_forward (&exact, input);
  found = train_plan_forward (&plan, input);
  wide = gst_sod_tensor_convert (found, GST_SOD_DTYPE_F64, NULL);
  g_assert_cmpfloat (train_tensor_error (wide, output), <, 1e-4);
  projection = train_tensor_new_random (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), 2);
  g_clear_pointer (&wide, gst_sod_tensor_unref);
  wide = gst_sod_tensor_convert (projection, GST_SOD_DTYPE_F64, NULL);
  train_plan_backward (&exact, wide, d_exact);
  train_plan_backward (&plan, projection, d_input);
  g_assert_cmpfloat (train_tensor_error (d_input, d_exact), <, 1e-4);
  g_hash_table_iter_init (&iter, plan.weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    gboolean running = strstr (name, "running") != NULL;

    if (running) {
      g_assert_cmpfloat (
          train_tensor_error (tensor, g_hash_table_lookup (start, name)), >, 0);
      g_assert_cmpfloat (train_tensor_error (
                             tensor, g_hash_table_lookup (exact.weights, name)),
          <, 1e-5);
    } else {
      g_assert_cmpfloat (
          train_tensor_error (g_hash_table_lookup (plan.gradients, name),
              g_hash_table_lookup (exact.gradients, name)),
          <, 1e-4);
    }
  }
}

static void
expect_refusal (const GstSodGraph *graph, GHashTable *weights,
    const gchar *backend, GstSodPrecision precision, GstSodDType dtype,
    const gchar *word)
{
  g_autoptr (GError) error = NULL;
  GstSodCompileRequest request = {
    .graph = graph,
    .weights = weights,
    .mode = GST_SOD_MODE_TRAIN,
    .precision = precision,
    .dtype = dtype,
    .input = input_shape (base),
  };

  g_assert_null (gst_sod_backend_compile (
      gst_sod_backend_get (backend, NULL), &request, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_refuses_what_it_cannot_train (void)
{
  g_autoptr (GstSodNetwork) network = train_network_new_tiny (base, 3);
  const GstSodGraph *graph = gst_sod_network_get_graph (network);
  GHashTable *weights = gst_sod_network_get_weights (network);
  g_autoptr (GHashTable) wide =
      train_table_convert (weights, GST_SOD_DTYPE_F64);
  g_autoptr (GstSodGraph) early = gst_sod_graph_cut (graph, graph->output);
  GstSodProgram program = { NULL, NULL };

  early->output = gst_sod_graph_find (early, "logits");
  expect_refusal (
      early, weights, "ref", GST_SOD_PRECISION_F32, GST_SOD_DTYPE_F32, "cut");
  if (gst_sod_backend_get ("onednn", NULL) != NULL)
    expect_refusal (
        graph, wide, "onednn", GST_SOD_PRECISION_F32, GST_SOD_DTYPE_F64, "ref");
  g_assert_true (gst_sod_prepare_inference (graph, weights, &program, NULL));
  expect_refusal (program.graph, program.weights, "ref", GST_SOD_PRECISION_F32,
      GST_SOD_DTYPE_F32, "fused");
  gst_sod_program_clear (&program);
}

static void
test_refuses_tables_that_do_not_fit (void)
{
  g_auto (TrainPlan) plan = { NULL };
  g_autoptr (GHashTable) wide = NULL;
  g_autoptr (GError) error = NULL;
  GstSodShape shape = input_shape (base);
  g_autoptr (GstSodTensor) input =
      train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 1);
  g_autoptr (GstSodTensor) output = NULL;

  init (&plan, base, "ref", GST_SOD_DTYPE_F32);
  wide = train_table_convert (plan.weights, GST_SOD_DTYPE_F64);
  g_assert_false (
      plan.stream->klass->bind (plan.stream, wide, plan.gradients, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_clear_error (&error);
  g_hash_table_remove (plan.gradients, "out.bias");
  g_assert_false (plan.stream->klass->bind (
      plan.stream, plan.weights, plan.gradients, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "out.bias"));
  g_clear_error (&error);

  output = train_plan_forward (&plan, input);
  g_assert_false (
      plan.stream->klass->backward (plan.stream, input, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

/* On the first GPU, under its back end's name. */
static void
add_gpu_tests (const gchar *backend)
{
  static Pairing base_pairing, reverse_pairing, frames_pairing;
  g_autofree gchar *of_base =
      g_strconcat ("/train/plans/", backend, "/agrees-on-base", NULL);
  g_autofree gchar *of_reverse =
      g_strconcat ("/train/plans/", backend, "/agrees-on-reverse", NULL);

  g_autofree gchar *of_frames = g_strconcat (
      "/train/plans/", backend, "/agrees-on-base-of-two-frames", NULL);

  base_pairing = (Pairing){ backend, base, NULL, 1 };
  reverse_pairing = (Pairing){ backend, reverse, NULL, 1 };
  frames_pairing = (Pairing){ backend, base, "base", 2 };
  g_test_add_data_func (of_frames, &frames_pairing, test_f32_agrees);
  g_test_add_data_func (of_base, &base_pairing, test_f32_agrees);
  g_test_add_data_func (of_reverse, &reverse_pairing, test_f32_agrees);
}

int
main (int argc, char **argv)
{
  static const Pairing ref_base = { "ref", GST_SOD_NETWORK_BASE, NULL, 1 };
  static const Pairing onednn_base = { "onednn", GST_SOD_NETWORK_BASE, NULL,
    1 };
  static const Pairing onednn_reverse = { "onednn", GST_SOD_NETWORK_REVERSE,
    NULL, 1 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/train/plans/gradients-of-base-are-differences", &base,
      test_gradients_are_differences);
  g_test_add_data_func ("/train/plans/gradients-of-reverse-are-differences",
      &reverse, test_gradients_are_differences);
  g_test_add_func ("/train/plans/a-frozen-network-gives-d-input-alone",
      test_a_frozen_network_gives_the_gradient_of_its_input);
  g_test_add_data_func (
      "/train/plans/ref-f32-agrees-on-base", &ref_base, test_f32_agrees);
  if (gst_sod_backend_get ("onednn", NULL) != NULL) {
    g_test_add_data_func (
        "/train/plans/onednn-agrees-on-base", &onednn_base, test_f32_agrees);
    g_test_add_data_func ("/train/plans/onednn-agrees-on-reverse",
        &onednn_reverse, test_f32_agrees);
  }
  if (train_find_gpu () != NULL)
    add_gpu_tests (train_find_gpu ());
  g_test_add_func ("/train/plans/refuses-what-it-cannot-train",
      test_refuses_what_it_cannot_train);
  g_test_add_func ("/train/plans/refuses-tables-that-do-not-fit",
      test_refuses_tables_that_do_not_fit);
  return g_test_run ();
}
