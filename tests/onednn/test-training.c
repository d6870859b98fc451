/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The back end's training plans beside plans of its single ops. The program
 * runs once for each instruction set that ONEDNN_MAX_CPU_ISA can limit oneDNN
 * to. */
#include "../train/train-plan.h"

#include <gst-sod/backend/op-plan-private.h>

#include <math.h>
#include <string.h>

typedef struct
{
  const gchar *preset;
  guint frames;
  gint batch, width, height;
} Case;

/* Errors of tensors as vectors, in shares of the tensor. */
#define OUTPUT_F32 1e-4
#define OUTPUT_BF16 0.1

/* A gradient jumps where rounding carries a value over a rectifier's zero, so
 * that of several inputs one has to fit. */
#define N_INPUTS 8
#define GRADIENT_F32 2e-3

/* bf16 carries one value in some hundred over a zero, and the gradients of this
 * noise are noise: the further from the output, the more. PyTorch's autocast
 * is off by 0.3 on base. */
#define GRADIENT_BF16 0.6

static GstSodNetwork *
new_network (const Case *test)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (test->preset, test->frames, &error);
  GstSodNetwork *network;

  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, 1, &error);
  g_assert_no_error (error);
  return network;
}

static gboolean
has_bf16 (void)
{
  GstSodBackend *backend = gst_sod_backend_get ("onednn", NULL);

  return backend->klass->check_precision (
      backend, GST_SOD_PRECISION_BF16, NULL);
}

static GstSodShape
get_input (const Case *test, GstSodNetwork *network)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);

  return gst_sod_shape_nchw (test->batch,
      gst_sod_architecture_get_input_channels (architecture), test->height,
      test->width);
}

static void
init (TrainPlan *plan, const Case *test, TrainCompile compile,
    GstSodPrecision precision)
{
  g_autoptr (GstSodNetwork) network = new_network (test);
  gboolean is_reverse = g_str_equal (test->preset, "reverse");
  GstSodCompileRequest request = {
    .precision = precision,
    .dtype = GST_SOD_DTYPE_F32,
    .input = get_input (test, network),
    .threads = 2,
  };

  train_plan_init_by (plan, network, is_reverse ? "image" : "logits", "onednn",
      compile, &request);
}

/* ---- what a pass gives ---- */

typedef struct
{
  GstSodTensor *output, *d_input;
} Pass;

static void
pass_clear (Pass *self)
{
  g_clear_pointer (&self->output, gst_sod_tensor_unref);
  g_clear_pointer (&self->d_input, gst_sod_tensor_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pass, pass_clear)

static void
pass_run (Pass *self, TrainPlan *plan, guint seed)
{
  const GstSodShape *shape = &plan->stream->executable->input;
  g_autoptr (GstSodTensor) input =
      train_tensor_new_random (GST_SOD_DTYPE_F32, shape, seed);
  g_autoptr (GstSodTensor) d_output = NULL;

  self->output = train_plan_forward (plan, input);
  d_output = train_tensor_new_random (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (self->output), seed + 100);
  self->d_input = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  train_plan_backward (plan, d_output, self->d_input);
}

/* Of statistics or of gradients: of the worst tensor, or, with @all, of the
 * tensors as one vector. */
static gdouble
compare (
    GHashTable *found, GHashTable *expected, gboolean running, gboolean all)
{
  GHashTableIter iter;
  gpointer name, tensor;
  gdouble worst = 0, distance = 0, size = 0;

  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    const GstSodTensor *other = g_hash_table_lookup (expected, name);
    gdouble error, square;

    if ((strstr (name, "running") != NULL) != running)
      continue;
    error = train_tensor_error (tensor, other);
    square = train_tensor_dot (other, other);
    g_assert_true (isfinite (error));
    worst = MAX (worst, error);
    distance += error * error * square;
    size += square;
  }
  return all ? sqrt (distance / size) : worst;
}

/* Of the input's gradient or the weights', for input @seed. */
static gdouble
compare_passes (TrainPlan *plan, TrainPlan *ops, guint seed, gdouble of_output)
{
  g_auto (Pass) found = { NULL }, expected = { NULL };
  gboolean bf16 = plan->stream->executable->precision == GST_SOD_PRECISION_BF16;
  gdouble output, d_input, gradients, running;

  pass_run (&found, plan, seed);
  pass_run (&expected, ops, seed);
  output = train_tensor_error (found.output, expected.output);
  d_input = train_tensor_error (found.d_input, expected.d_input);
  gradients = compare (plan->gradients, ops->gradients, FALSE, bf16);
  running = compare (plan->weights, ops->weights, TRUE, FALSE);
  g_test_message ("output %g, input's gradient %g, weights' up to %g, "
                  "statistics up to %g",
      output, d_input, gradients, running);
  g_assert_cmpfloat (output, <, of_output);
  g_assert_cmpfloat (running, <, of_output);
  return MAX (d_input, gradients);
}

static void
compare_plans (const Case *test, GstSodPrecision precision, gdouble of_output,
    gdouble of_gradients)
{
  g_auto (TrainPlan) plan = { NULL }, ops = { NULL };
  gdouble best = G_MAXDOUBLE;

  init (&plan, test, gst_sod_backend_compile, precision);
  init (&ops, test, gst_sod_op_plan_compile, GST_SOD_PRECISION_F32);
  for (guint i = 1; best >= of_gradients && i <= N_INPUTS; i++) {
    gdouble error = compare_passes (&plan, &ops, i, of_output);

    best = MIN (best, error);
  }
  g_assert_cmpfloat (best, <, of_gradients);
}

/* ---- the tests ---- */

static void
test_f32_agrees (gconstpointer data)
{
  compare_plans (data, GST_SOD_PRECISION_F32, OUTPUT_F32, GRADIENT_F32);
}

static void
test_bf16_agrees (gconstpointer data)
{
  if (has_bf16 ())
    compare_plans (data, GST_SOD_PRECISION_BF16, OUTPUT_BF16, GRADIENT_BF16);
  else
    g_test_skip ("no bf16 in hardware, or ONEDNN_MAX_CPU_ISA forbids it");
}

/* The same input's gradient as the single ops', weights and statistics as they
 * were. */
static void
test_frozen_agrees (gconstpointer data)
{
  const Case *test = data;
  g_auto (TrainPlan) plan = { NULL }, ops = { NULL };
  g_auto (Pass) found = { NULL }, expected = { NULL };
  TrainPlan *const plans[] = { &plan, &ops };
  GHashTableIter iter;
  gpointer name, tensor;

  init (&plan, test, gst_sod_backend_compile, GST_SOD_PRECISION_F32);
  init (&ops, test, gst_sod_op_plan_compile, GST_SOD_PRECISION_F32);
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++) {
    g_autoptr (GError) error = NULL;

    plans[i]->stream->klass->bind (
        plans[i]->stream, plans[i]->weights, NULL, &error);
    g_assert_no_error (error);
  }
  pass_run (&found, &plan, 1);
  pass_run (&expected, &ops, 1);
  g_assert_cmpfloat (
      train_tensor_error (found.output, expected.output), <, OUTPUT_F32);
  g_assert_cmpfloat (
      train_tensor_error (found.d_input, expected.d_input), <, GRADIENT_F32);
  /* The tables of gradients are still copies of what the weights were. */
  g_hash_table_iter_init (&iter, plan.weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_assert_cmpmem (gst_sod_tensor_peek_data (tensor),
        gst_sod_tensor_get_size (tensor),
        gst_sod_tensor_peek_data (g_hash_table_lookup (plan.gradients, name)),
        gst_sod_tensor_get_size (tensor));
}

static void
assert_same_bytes (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_assert_cmpmem (gst_sod_tensor_peek_data (tensor),
        gst_sod_tensor_get_size (tensor),
        gst_sod_tensor_peek_data (g_hash_table_lookup (b, name)),
        gst_sod_tensor_get_size (tensor));
}

static void
test_two_runs_give_the_same_bytes (gconstpointer data)
{
  GstSodPrecision precision =
      has_bf16 () ? GST_SOD_PRECISION_BF16 : GST_SOD_PRECISION_F32;
  g_auto (TrainPlan) one = { NULL }, two = { NULL };
  g_auto (Pass) first = { NULL }, second = { NULL };

  init (&one, data, gst_sod_backend_compile, precision);
  init (&two, data, gst_sod_backend_compile, precision);
  pass_run (&first, &one, 1);
  pass_run (&second, &two, 1);
  assert_same_bytes (one.gradients, two.gradients);
  assert_same_bytes (one.weights, two.weights);
  g_assert_cmpmem (gst_sod_tensor_peek_data (first.d_input),
      gst_sod_tensor_get_size (first.d_input),
      gst_sod_tensor_peek_data (second.d_input),
      gst_sod_tensor_get_size (second.d_input));
}

/* A tensor of NaN of the shape of @tensor. */
static GstSodTensor *
new_no_number (const GstSodTensor *tensor)
{
  GstSodTensor *self = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (tensor), NULL);

  memset (gst_sod_tensor_get_data (self), 0xff, gst_sod_tensor_get_size (self));
  return self;
}

/* What an earlier pass left in memory is no part of a pass. */
static void
check_nothing_is_left_behind (const Case *test, GstSodPrecision precision)
{
  g_auto (TrainPlan) fresh = { NULL }, used = { NULL };
  g_auto (Pass) expected = { NULL }, found = { NULL };
  g_autoptr (GstSodTensor) input = NULL, output = NULL, d_output = NULL;

  init (&fresh, test, gst_sod_backend_compile, precision);
  init (&used, test, gst_sod_backend_compile, precision);
  pass_run (&expected, &fresh, 1);
  input = new_no_number (expected.d_input);
  output = train_plan_forward (&used, input);
  d_output = new_no_number (output);
  train_plan_backward (&used, d_output, input);
  pass_run (&found, &used, 1);
  assert_same_bytes (fresh.gradients, used.gradients);
  g_assert_cmpmem (gst_sod_tensor_peek_data (found.d_input),
      gst_sod_tensor_get_size (found.d_input),
      gst_sod_tensor_peek_data (expected.d_input),
      gst_sod_tensor_get_size (expected.d_input));
}

static void
test_nothing_is_left_behind (gconstpointer data)
{
  check_nothing_is_left_behind (data, GST_SOD_PRECISION_F32);
  if (has_bf16 ())
    check_nothing_is_left_behind (data, GST_SOD_PRECISION_BF16);
}

static void
test_no_slow_steps (gconstpointer data)
{
  GstSodPrecision precisions[] = { GST_SOD_PRECISION_F32,
    GST_SOD_PRECISION_BF16 };

  for (guint i = 0; i < (has_bf16 () ? 2 : 1); i++) {
    g_auto (TrainPlan) plan = { NULL };
    g_auto (GStrv) steps = NULL;
    gboolean has_kernels = FALSE;

    init (&plan, data, gst_sod_backend_compile, precisions[i]);
    steps = plan.stream->executable->klass->describe (plan.stream->executable);
    for (guint j = 0; steps[j] != NULL; j++) {
      const gchar *impl = strchr (steps[j], ' ') + 1;

      has_kernels = has_kernels || g_str_has_prefix (impl, "kernel:");
      if (g_str_has_prefix (impl, "ref"))
        g_test_message ("%s", steps[j]);
      g_assert_false (g_str_has_prefix (impl, "ref"));
    }
    /* A plan of single ops would have none. */
    g_assert_true (has_kernels);
  }
}

/* Nothing is walked for a maximum alone, and the last sum is never written. */
static void
test_steps_are_merged (gconstpointer data)
{
  g_auto (TrainPlan) plan = { NULL };
  g_auto (GStrv) steps = NULL;

  init (&plan, data, gst_sod_backend_compile, GST_SOD_PRECISION_F32);
  steps = plan.stream->executable->klass->describe (plan.stream->executable);
  for (guint i = 0; steps[i] != NULL; i++)
    g_assert_null (strstr (steps[i], "kernel:max-pool"));
  g_assert_true (
      g_strv_contains ((const gchar *const *) steps, "out kernel:up-to-one"));
  g_assert_true (g_strv_contains (
      (const gchar *const *) steps, "out' kernel:up-to-one-weights"));
}

static void
add_cases (const gchar *name, GTestDataFunc func, const Case *cases, guint n)
{
  for (guint i = 0; i < n; i++) {
    const Case *test = &cases[i];
    g_autofree gchar *path =
        g_strdup_printf ("/onednn/training/%s/%s-%u-frames-%dx%dx%d", name,
            test->preset, test->frames, test->batch, test->width, test->height);

    g_test_add_data_func (path, test, func);
  }
}

#define N_SOME 3 /* of the cases, for what all of them would tell */

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "base", 1, 3, 96, 64 },
    { "small", 2, 5, 48, 80 },
    { "reverse", 1, 2, 64, 48 },
    { "base", 2, 1, 80, 48 },
    { "reverse", 1, 1, 72, 44 },
  };
  static const Case shipped[] = {
    { "base", 1, 8, 320, 192 },
    { "base", 2, 8, 160, 96 },
    { "small", 1, 16, 160, 96 },
    { "reverse", 1, 8, 160, 96 },
  };

  g_test_init (&argc, &argv, NULL);
  add_cases ("f32-agrees", test_f32_agrees, cases, G_N_ELEMENTS (cases));
  add_cases ("bf16-agrees", test_bf16_agrees, cases, N_SOME);
  add_cases ("frozen-agrees", test_frozen_agrees, cases, N_SOME);
  add_cases ("two-runs-give-the-same-bytes", test_two_runs_give_the_same_bytes,
      cases, 1);
  add_cases ("nothing-is-left-behind", test_nothing_is_left_behind, shipped + 1,
      G_N_ELEMENTS (shipped) - 1);
  add_cases ("steps-are-merged", test_steps_are_merged, shipped, 1);
  add_cases (
      "no-slow-steps", test_no_slow_steps, shipped, G_N_ELEMENTS (shipped));
  return g_test_run ();
}
