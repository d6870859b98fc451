/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results worked out by hand, on every back end: what keeps ref, which the
 * other tests take as the truth, true. */

#include <gst-sod/backend/backend-private.h>

#include <math.h>

#define MAX_VALUES 32

#define NCHW(n, c, h, w)                                                       \
  {                                                                            \
    4,                                                                         \
    {                                                                          \
      n, c, h, w                                                               \
    }                                                                          \
  }

typedef struct
{
  const gchar *path;
  GstSodOpKind kind;
  GstSodOpAttrs attrs;
  GstSodMode mode;
  guint n_inputs;
  GstSodShape shapes[2];
  gfloat inputs[2][MAX_VALUES];
  gfloat params[GST_SOD_MAX_PARAMS][MAX_VALUES];
  gfloat output[MAX_VALUES];
  gfloat running[2]; /* batch norm: mean and variance afterwards */
} Example;

static const Example examples[] = {
  { "conv2d/reads-zeros-around-the-input", GST_SOD_OP_CONV2D,
      { .channels = 1,
          .kernel = 3,
          .stride = 1,
          .dilation = 1,
          .padding = 1,
          .bias = TRUE },
      GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 3, 3) },
      { { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
      { { 1, 0, 0, 0, 2, 0, 0, 0, 3 }, { 1 } },
      { 18, 23, 7, 33, 39, 15, 15, 21, 24 } },
  { "conv2d/strides-and-dilates", GST_SOD_OP_CONV2D,
      { .channels = 1, .kernel = 3, .stride = 2, .dilation = 2, .padding = 2 },
      GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 5, 5) },
      { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
          20, 21, 22, 23, 24 } },
      { { 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
      { 24, 42, 32, 66, 108, 78, 64, 102, 72 } },
  { "conv2d/orders-weights-by-output-then-input-channel", GST_SOD_OP_CONV2D,
      { .channels = 2, .kernel = 1, .stride = 1, .dilation = 1 },
      GST_SOD_MODE_INFER, 1, { NCHW (2, 2, 1, 1) }, { { 1, 10, 100, 1000 } },
      { { 1, 2, 3, 4 } }, { 21, 43, 2100, 4300 } },
  { "conv2d/rectifies-where-asked", GST_SOD_OP_CONV2D,
      { .channels = 1,
          .kernel = 1,
          .stride = 1,
          .dilation = 1,
          .bias = TRUE,
          .relu = TRUE },
      GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 2, 2) }, { { 1, 2, 3, 4 } },
      { { -1 }, { 2 } }, { 1, 0, 0, 0 } },
  { "batch-norm/uses-running-statistics-in-inference", GST_SOD_OP_BATCH_NORM,
      { .epsilon = 5 }, GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 2, 2) },
      { { 3, 6, 0, 9 } }, { { 2 }, { 1 }, { 3 }, { 4 } }, { 1, 3, -1, 5 },
      { 3, 4 } },
  { "batch-norm/uses-and-remembers-batch-statistics-in-training",
      GST_SOD_OP_BATCH_NORM, { .epsilon = 4 }, GST_SOD_MODE_TRAIN, 1,
      { NCHW (2, 1, 1, 2) }, { { 1, 3, 5, 7 } }, { { 3 }, { 0 }, { 2 }, { 1 } },
      { -3, -1, 1, 3 }, { 2.2f, 1.5666667f } },
  { "relu/cuts-below-zero", GST_SOD_OP_RELU, { 0 }, GST_SOD_MODE_INFER, 1,
      { NCHW (1, 1, 1, 4) }, { { -1, 0, 0.5f, 3 } }, { { 0 } },
      { 0, 0, 0.5f, 3 } },
  { "sigmoid/saturates-without-overflow", GST_SOD_OP_SIGMOID, { 0 },
      GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 1, 5) },
      { { 0, 1000, -1000, 1.0986123f, -1.0986123f } }, { { 0 } },
      { 0.5f, 1, 0, 0.75f, 0.25f } },
  { "tanh/saturates", GST_SOD_OP_TANH, { 0 }, GST_SOD_MODE_INFER, 1,
      { NCHW (1, 1, 1, 5) }, { { 0, 100, -100, 0.54930614f, -0.54930614f } },
      { { 0 } }, { 0, 1, -1, 0.5f, -0.5f } },
  { "max-pool/takes-the-greatest", GST_SOD_OP_MAX_POOL,
      { .kernel = 2, .stride = 2 }, GST_SOD_MODE_INFER, 1,
      { NCHW (1, 1, 3, 5) },
      { { -1, -2, 3, 4, 9, -3, -4, 5, 1, 9, 9, 9, 9, 9, 9 } }, { { 0 } },
      { -1, 5 } },
  { "avg-pool/takes-the-mean", GST_SOD_OP_AVG_POOL,
      { .kernel = 2, .stride = 2 }, GST_SOD_MODE_INFER, 1,
      { NCHW (1, 1, 3, 5) },
      { { -1, -2, 3, 4, 9, -3, -4, 5, 1, 9, 9, 9, 9, 9, 9 } }, { { 0 } },
      { -2.5f, 3.25f } },
  { "upsample/has-half-pixel-centres-and-repeats-the-edge", GST_SOD_OP_UPSAMPLE,
      { .scale = 2 }, GST_SOD_MODE_INFER, 1, { NCHW (1, 1, 2, 2) },
      { { 0, 4, 8, 12 } }, { { 0 } },
      { 0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12 } },
  { "upsample/adds-then-rectifies", GST_SOD_OP_UPSAMPLE,
      { .scale = 2, .sum = TRUE, .relu = TRUE }, GST_SOD_MODE_INFER, 2,
      { NCHW (1, 1, 1, 2), NCHW (1, 1, 2, 4) },
      { { 0, 4 }, { -2, -2, -2, -2, 1, 2, 3, 4 } }, { { 0 } },
      { 0, 0, 1, 2, 1, 3, 6, 8 } },
  { "concat/joins-channels-of-each-sample", GST_SOD_OP_CONCAT, { 0 },
      GST_SOD_MODE_INFER, 2, { NCHW (2, 1, 1, 1), NCHW (2, 2, 1, 1) },
      { { 1, 2 }, { 3, 4, 5, 6 } }, { { 0 } }, { 1, 3, 4, 2, 5, 6 } },
  { "add/sums", GST_SOD_OP_ADD, { 0 }, GST_SOD_MODE_INFER, 2,
      { NCHW (1, 3, 1, 1), NCHW (1, 3, 1, 1) },
      { { 1, 2, 3 }, { 30, 20, -10 } }, { { 0 } }, { 31, 22, -7 } },
};

typedef struct
{
  const Example *example;
  GstSodBackend *backend;
} Trial;

static GstSodTensor *
new_tensor (const GstSodShape *shape, const gfloat *values)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_tensor_get_n_elements (tensor), <=, MAX_VALUES);
  memcpy (gst_sod_tensor_get_data (tensor), values,
      gst_sod_tensor_get_size (tensor));
  return tensor;
}

static void
assert_values (const GstSodTensor *tensor, const gfloat *expected)
{
  const gfloat *found = gst_sod_tensor_peek_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    g_assert_cmpfloat_with_epsilon (
        found[i], expected[i], 2e-6 * (1 + fabs (expected[i])));
}

static void
test_example (gconstpointer user_data)
{
  static const gfloat nothing[MAX_VALUES] = { 0 };
  const Trial *trial = user_data;
  const Example *example = trial->example;
  const GstSodOp *op = gst_sod_op_get (example->kind);
  GstSodTensor *inputs[2] = { NULL }, *params[GST_SOD_MAX_PARAMS] = { NULL };
  g_autoptr (GstSodTensor) output = NULL;
  g_autoptr (GError) error = NULL;
  GstSodOpParam infos[GST_SOD_MAX_PARAMS];
  GstSodShape shape;
  GstSodOpCall call = {
    .attrs = &example->attrs,
    .mode = example->mode,
    .n_inputs = example->n_inputs,
    .inputs = (const GstSodTensor *const *) inputs,
    .params = params,
    .n_params = op->params (&example->attrs, infos),
    .threads = 1,
  };

  gst_sod_op_infer (example->kind, &example->attrs, example->shapes,
      example->n_inputs, &shape, &error);
  g_assert_no_error (error);
  call.output = output = new_tensor (&shape, nothing);
  for (guint i = 0; i < example->n_inputs; i++)
    inputs[i] = new_tensor (&example->shapes[i], example->inputs[i]);
  for (guint i = 0; i < call.n_params; i++) {
    shape = op->param_shape (&example->attrs, example->shapes, i);
    params[i] = new_tensor (&shape, example->params[i]);
  }
  trial->backend->klass->op (trial->backend, example->kind)
      ->forward (&call, &error);
  g_assert_no_error (error);
  assert_values (output, example->output);
  for (guint i = 2; i < call.n_params; i++)
    assert_values (params[i], &example->running[i - 2]);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    g_clear_pointer (&inputs[i], gst_sod_tensor_unref);
  for (guint i = 0; i < G_N_ELEMENTS (params); i++)
    g_clear_pointer (&params[i], gst_sod_tensor_unref);
}

int
main (int argc, char *argv[])
{
  GstSodBackend *const *backends = gst_sod_backend_list ();

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  for (guint i = 0; backends[i] != NULL; i++) {
    for (guint j = 0; j < G_N_ELEMENTS (examples); j++) {
      g_autofree gchar *path = g_strdup_printf (
          "/values/%s/%s", backends[i]->klass->name, examples[j].path);
      Trial *trial = g_new (Trial, 1);

      *trial = (Trial){ &examples[j], backends[i] };
      if (backends[i]->klass->op (backends[i], examples[j].kind) != NULL)
        g_test_add_data_func_full (path, trial, test_example, g_free);
      else
        g_free (trial);
    }
  }
  return g_test_run ();
}
