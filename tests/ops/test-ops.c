/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every op on every back end, every shape and type, forward and backward. The
 * chain: ref f64 against finite differences; ref f32 and everyone else against
 * ref f64. */

#include "op-case.h"

#include <gst-sod/core/random.h>

#include <math.h>

/* Greatest error allowed, as a share of the greatest value of the tensor it is
 * in. f32 rounds to 2^-24; sums of hundreds of terms in another order, and
 * approximated exponentials, are some tens of that. bf16 has 8 bits: the one
 * rounding of a result is up to 2^-8, sums are kept in f32, and gradients that
 * start from a rounded output, or are summed up in bf16, have two or three. f16
 * has 11 bits, 2^-11 a rounding. */
typedef struct
{
  gdouble forward, backward;
} Tolerance;

typedef struct
{
  Tolerance f32, bf16, f16;
} Tolerances;

static const Tolerances tolerances[GST_SOD_N_OPS] = {
  [GST_SOD_OP_CONV2D] = { { 2e-6, 2e-6 }, { 4e-3, 4e-3 }, { 5e-4, 5e-4 } },
  [GST_SOD_OP_BATCH_NORM] = { { 1e-6, 2e-6 }, { 4e-3, 8e-3 }, { 5e-4, 1e-3 } },
  [GST_SOD_OP_RELU] = { { 0, 0 }, { 0, 0 }, { 0, 0 } },
  [GST_SOD_OP_SIGMOID] = { { 1e-6, 1e-6 }, { 4e-3, 1.2e-2 }, { 5e-4, 1.5e-3 } },
  [GST_SOD_OP_TANH] = { { 1e-6, 1e-6 }, { 4e-3, 1.2e-2 }, { 5e-4, 1.5e-3 } },
  [GST_SOD_OP_MAX_POOL] = { { 0, 5e-7 }, { 0, 8e-3 }, { 0, 1e-3 } },
  [GST_SOD_OP_AVG_POOL] = { { 1e-6, 1e-6 }, { 4e-3, 8e-3 }, { 5e-4, 1e-3 } },
  [GST_SOD_OP_UPSAMPLE] = { { 1e-6, 1e-6 }, { 4e-3, 4e-3 }, { 5e-4, 5e-4 } },
  [GST_SOD_OP_CONCAT] = { { 0, 0 }, { 0, 0 }, { 0, 0 } },
  [GST_SOD_OP_ADD] = { { 1e-7, 0 }, { 4e-3, 0 }, { 5e-4, 0 } },
};

/* ref f32 is f64 rounded once on the way out; its gradients may start from an
 * output that was. */
static const Tolerance one_rounding = { 6e-8, 2e-7 };

/* A case on a back end in a type. */
typedef struct
{
  const OpCase *op_case;
  GstSodBackend *backend;
  GstSodDType dtype;
} Trial;

static void
check_close (const gchar *what, guint index, const GstSodTensor *found,
    const GstSodTensor *expected, gdouble tolerance)
{
  const gdouble *a, *b;
  gdouble greatest = 0, worst = 0;

  g_assert_true ((found == NULL) == (expected == NULL));
  if (expected == NULL)
    return;
  a = gst_sod_tensor_peek_data (found);
  b = gst_sod_tensor_peek_data (expected);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (expected); i++) {
    greatest = MAX (greatest, fabs (b[i]));
    if (!(fabs (a[i] - b[i]) <= worst))
      worst = fabs (a[i] - b[i]);
  }
  if (!(worst <= tolerance * greatest))
    g_test_message ("%s %u: the worst error is %g of a greatest value of %g, "
                    "%g is allowed",
        what, index, worst, greatest, tolerance * greatest);
  g_assert_true (worst <= tolerance * greatest);
}

static void
check_results (
    const OpResult *found, const OpResult *expected, const Tolerance *tolerance)
{
  check_close (
      "output", 0, found->output, expected->output, tolerance->forward);
  for (guint i = 0; i < GST_SOD_MAX_PARAMS; i++) {
    check_close ("parameter after forward", i, found->params[i],
        expected->params[i], tolerance->forward);
    check_close ("gradient of parameter", i, found->d_params[i],
        expected->d_params[i], tolerance->backward);
  }
  for (guint i = 0; i < G_N_ELEMENTS (found->d_inputs); i++)
    check_close ("gradient of input", i, found->d_inputs[i],
        expected->d_inputs[i], tolerance->backward);
}

static GstSodBackend *
get_ref (void)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *ref = gst_sod_backend_get ("ref", &error);

  g_assert_no_error (error);
  return ref;
}

static const Tolerance *
get_tolerance (GstSodOpKind kind, GstSodDType dtype)
{
  const Tolerances *allowed = &tolerances[kind];

  return dtype == GST_SOD_DTYPE_BF16  ? &allowed->bf16
         : dtype == GST_SOD_DTYPE_F16 ? &allowed->f16
                                      : &allowed->f32;
}

static void
test_agrees_with_ref (gconstpointer user_data)
{
  const Trial *trial = user_data;
  const Tolerance *tolerance =
      get_tolerance (trial->op_case->kind, trial->dtype);
  OpGradients gradients =
      op_case_has_backward (trial->op_case) ? OP_D_ALL : OP_FORWARD_ONLY;
  g_autoptr (GError) error = NULL;
  g_auto (OpData) data = { NULL };
  g_auto (OpResult) expected = { NULL }, found = { NULL };

  op_data_init (&data, trial->op_case);
  op_data_run (
      &data, get_ref (), GST_SOD_DTYPE_F64, gradients, &expected, &error);
  g_assert_no_error (error);
  op_data_run (&data, trial->backend, trial->dtype, gradients, &found, &error);
  g_assert_no_error (error);
  if (trial->backend == get_ref ())
    tolerance = &one_rounding;
  check_results (&found, &expected, tolerance);
}

/* Gradients that nobody wants are not missed by the others. */
static void
test_gives_only_the_gradients_wanted (gconstpointer user_data)
{
  static const OpGradients wanted[] = { OP_D_INPUTS, OP_D_PARAMS };
  const Trial *trial = user_data;
  gdouble tolerance = tolerances[trial->op_case->kind].f32.backward;
  g_auto (OpData) data = { NULL };
  g_auto (OpResult) all = { NULL };
  g_autoptr (GError) error = NULL;

  op_data_init (&data, trial->op_case);
  op_data_run (&data, trial->backend, trial->dtype, OP_D_ALL, &all, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    g_auto (OpResult) some = { NULL };

    op_data_run (&data, trial->backend, trial->dtype, wanted[i], &some, &error);
    g_assert_no_error (error);
    for (guint j = 0; j < data.op_case->n_inputs; j++) {
      if (wanted[i] & OP_D_INPUTS)
        check_close ("gradient of input", j, some.d_inputs[j], all.d_inputs[j],
            tolerance);
    }
    for (guint j = 0; j < data.n_params; j++) {
      if (wanted[i] & OP_D_PARAMS)
        check_close ("gradient of parameter", j, some.d_params[j],
            all.d_params[j], tolerance);
    }
  }
}

/* ---- ref f64 against finite differences ---- */

static gdouble
dot (const GstSodTensor *a, const GstSodTensor *b)
{
  const gdouble *x = gst_sod_tensor_peek_data (a);
  const gdouble *y = gst_sod_tensor_peek_data (b);
  gdouble sum = 0;

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++)
    sum += x[i] * y[i];
  return sum;
}

static void
move (GstSodTensor *tensor, const gdouble *direction, gdouble step)
{
  gdouble *values = gst_sod_tensor_get_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] += step * direction[i];
}

/* <d_output, output> */
static gdouble
project (const OpData *data)
{
  g_autoptr (GError) error = NULL;
  g_auto (OpResult) result = { NULL };

  op_data_run (
      data, get_ref (), GST_SOD_DTYPE_F64, OP_FORWARD_ONLY, &result, &error);
  g_assert_no_error (error);
  return dot (data->d_output, result.output);
}

/* Along a random direction of @tensor, which is one of @data's, the slope of
 * the projection is the gradient's share of that direction. */
static void
check_slope (const OpData *data, GstSodTensor *tensor,
    const GstSodTensor *gradient, GstSodRandom *random)
{
  const gdouble step = 1e-4;
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  g_autofree gdouble *direction = g_new (gdouble, n);
  const gdouble *slopes = gst_sod_tensor_peek_data (gradient);
  gdouble before, after, expected = 0, size = 1e-3;

  for (gsize i = 0; i < n; i++) {
    direction[i] = gst_sod_random_uniform (random) * 2 - 1;
    expected += direction[i] * slopes[i];
    size += fabs (direction[i] * slopes[i]);
  }
  move (tensor, direction, step);
  after = project (data);
  move (tensor, direction, -2 * step);
  before = project (data);
  move (tensor, direction, step);
  if (!(fabs ((after - before) / (2 * step) - expected) <= 1e-6 * size))
    g_test_message ("the slope is %.9g, the gradient says %.9g",
        (after - before) / (2 * step), expected);
  g_assert_true (
      fabs ((after - before) / (2 * step) - expected) <= 1e-6 * size);
}

static void
test_agrees_with_differences (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (4, 0);
  g_auto (OpData) data = { NULL };
  g_auto (OpResult) result = { NULL };

  op_data_init (&data, trial->op_case);
  op_data_run (
      &data, trial->backend, GST_SOD_DTYPE_F64, OP_D_ALL, &result, &error);
  g_assert_no_error (error);
  for (guint direction = 0; direction < 3; direction++) {
    for (guint i = 0; i < trial->op_case->n_inputs; i++)
      check_slope (&data, data.inputs[i], result.d_inputs[i], random);
    for (guint i = 0; i < data.n_params; i++) {
      if (result.d_params[i] != NULL)
        check_slope (&data, data.params[i], result.d_params[i], random);
    }
  }
}

/* What only inference fuses has no gradient, and says so. */
static void
test_refuses_backward (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (OpData) data = { NULL };
  g_auto (OpResult) result = { NULL };

  op_data_init (&data, trial->op_case);
  g_assert_false (op_data_run (
      &data, trial->backend, trial->dtype, OP_D_ALL, &result, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
}

/* ---- who has what ---- */

/* What each back end must have: all that ref has, which is the oracle of every
 * op, but for exceptions made here. A back end that is not named has not been
 * thought about. */
static gboolean
is_required (GstSodBackend *backend, GstSodOpKind kind)
{
  static const gchar *const complete[] = { "ref", "onednn", "cuda", "cuda-host",
    NULL };

  g_assert_true (g_strv_contains (complete, backend->klass->name));
  return TRUE;
}

/* An op that a back end may lack is named. */
static void
test_has_its_ops (gconstpointer user_data)
{
  GstSodBackend *backend = (GstSodBackend *) user_data;

  for (guint kind = 0; kind < GST_SOD_N_OPS; kind++) {
    const gchar *name = gst_sod_op_get (kind)->name;

    if (backend->klass->op (backend, kind) == NULL)
      g_test_message ("absent: %s has no %s", backend->klass->name, name);
    g_assert_true (backend->klass->op (backend, kind) != NULL
                   || !is_required (backend, kind));
  }
}

static void
test_every_op_has_cases (void)
{
  g_autoptr (GPtrArray) cases = op_case_list ();

  for (guint kind = 0; kind < GST_SOD_N_OPS; kind++) {
    guint n = 0;

    for (guint i = 0; i < cases->len; i++)
      n += ((const OpCase *) g_ptr_array_index (cases, i))->kind == kind;
    g_test_message ("%s: %u cases", gst_sod_op_get (kind)->name, n);
    g_assert_cmpuint (gst_sod_op_get (kind)->kind, ==, kind);
    g_assert_cmpuint (n, >, 0);
  }
}

/* ---- the tests ---- */

static void
add_trial (const gchar *sentence, const OpCase *op_case, GstSodBackend *backend,
    GstSodDType dtype, GTestDataFunc func)
{
  Trial *trial = g_new (Trial, 1);
  g_autofree gchar *path = g_strdup_printf ("/ops/%s/%s-%s-%s", op_case->name,
      backend->klass->name, gst_sod_dtype_name (dtype), sentence);

  *trial = (Trial){ op_case, backend, dtype };
  g_test_add_data_func_full (path, trial, func, g_free);
}

static void
add_trials (const OpCase *op_case, GstSodBackend *backend)
{
  gboolean is_ref = backend == get_ref ();
  const gchar *sentence = op_case_has_backward (op_case)
                              ? "agrees-with-ref-f64-forward-and-backward"
                              : "agrees-with-ref-f64-forward";

  if (backend->klass->op (backend, op_case->kind) == NULL)
    return;
  add_trial (
      sentence, op_case, backend, GST_SOD_DTYPE_F32, test_agrees_with_ref);
  if (backend->klass->check_precision (backend, GST_SOD_PRECISION_BF16, NULL))
    add_trial (
        sentence, op_case, backend, GST_SOD_DTYPE_BF16, test_agrees_with_ref);
  if (backend->klass->check_precision (backend, GST_SOD_PRECISION_F16, NULL))
    add_trial (
        sentence, op_case, backend, GST_SOD_DTYPE_F16, test_agrees_with_ref);
  if (!op_case_has_backward (op_case))
    add_trial ("refuses-a-fused-gradient", op_case, backend, GST_SOD_DTYPE_F32,
        test_refuses_backward);
  else
    add_trial ("gives-only-the-gradients-wanted", op_case, backend,
        GST_SOD_DTYPE_F32, test_gives_only_the_gradients_wanted);
  if (op_case_has_backward (op_case) && is_ref)
    add_trial ("agrees-with-finite-differences", op_case, backend,
        GST_SOD_DTYPE_F64, test_agrees_with_differences);
}

int
main (int argc, char *argv[])
{
  GstSodBackend *const *backends = gst_sod_backend_list ();
  g_autoptr (GPtrArray) cases = op_case_list ();

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/ops/every-op-has-cases", test_every_op_has_cases);
  for (guint i = 0; backends[i] != NULL; i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/ops/%s-has-every-op-that-it-must", backends[i]->klass->name);

    g_test_add_data_func (path, backends[i], test_has_its_ops);
    for (guint j = 0; j < cases->len; j++)
      add_trials (g_ptr_array_index (cases, j), backends[i]);
  }
  return g_test_run ();
}
