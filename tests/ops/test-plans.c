/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What every back end's plans promise, on a small graph that holds every op
 * that the passes for inference leave (they fold batch norm away). */

#include <gst-sod/backend/backend-private.h>
#include <gst-sod/core/random.h>

#include <math.h>

/* ---- the graph ---- */

#define CHANNELS 16
#define HEIGHT 12
#define WIDTH 20
#define N_VALUES 12 /* of the graph */

typedef struct
{
  GstSodGraph *graph;
  GHashTable *weights;
  guint *last_use;
  GstSodValue stem; /* a value that is kept */
  GstSodInputRule rule;
  GstSodCompileRequest request;
} Fixture;

static GstSodValue
add_node (GstSodGraph *graph, GstSodOpKind kind, const gchar *name,
    const GstSodOpAttrs *attrs, GstSodValue a, GstSodValue b)
{
  GstSodValue inputs[2] = { a, b };

  return gst_sod_graph_add (
      graph, kind, name, attrs, inputs, b == GST_SOD_NO_VALUE ? 1 : 2);
}

static void
build_graph (Fixture *self)
{
  const GstSodOpAttrs conv = { .channels = CHANNELS,
    .kernel = 3,
    .stride = 1,
    .dilation = 1,
    .padding = 1,
    .bias = TRUE };
  const GstSodOpAttrs dilated = { .channels = CHANNELS,
    .kernel = 3,
    .stride = 1,
    .dilation = 2,
    .padding = 2,
    .relu = TRUE };
  const GstSodOpAttrs point = {
    .channels = 1, .kernel = 1, .stride = 1, .dilation = 1
  };
  const GstSodOpAttrs pool = { .kernel = 2, .stride = 2 };
  const GstSodOpAttrs up = { .scale = 2, .sum = TRUE, .relu = TRUE };
  const GstSodValue none = GST_SOD_NO_VALUE;
  GstSodGraph *g = self->graph = gst_sod_graph_new ();
  GstSodValue v, low, high, mean;

  v = add_node (g, GST_SOD_OP_CONV2D, "stem", &conv, 0, none);
  self->stem = v;
  high = add_node (g, GST_SOD_OP_RELU, "relu", NULL, v, none);
  low = add_node (g, GST_SOD_OP_MAX_POOL, "max", &pool, high, none);
  mean = add_node (g, GST_SOD_OP_AVG_POOL, "mean", &pool, high, none);
  v = add_node (g, GST_SOD_OP_CONCAT, "join", NULL, low, mean);
  v = add_node (g, GST_SOD_OP_CONV2D, "dilated", &dilated, v, none);
  v = add_node (g, GST_SOD_OP_ADD, "skip", NULL, v, low);
  v = add_node (g, GST_SOD_OP_UPSAMPLE, "up", &up, v, high);
  v = add_node (g, GST_SOD_OP_TANH, "tanh", NULL, v, none);
  v = add_node (g, GST_SOD_OP_CONV2D, "out", &point, v, none);
  add_node (g, GST_SOD_OP_SIGMOID, "map", NULL, v, none);
  g_assert_cmpuint (gst_sod_graph_n_values (g), ==, N_VALUES);
}

static GstSodTensor *
new_random (const GstSodShape *shape, GstSodRandom *random)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, &error);
  gfloat *values;

  g_assert_no_error (error);
  values = gst_sod_tensor_get_data (tensor);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] = (gfloat) (gst_sod_random_uniform (random) - 0.4);
  return tensor;
}

static void
add_weight (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Fixture *self = data;
  g_autoptr (GstSodRandom) random =
      gst_sod_random_new (3, g_str_hash (full_name));
  g_hash_table_insert (
      self->weights, g_strdup (full_name), new_random (shape, random));
}

/* A batch of two; the stem's output is kept. */
static void
fixture_init (Fixture *self)
{
  g_autofree GstSodShape *shapes = NULL;
  g_autoptr (GError) error = NULL;

  *self = (Fixture){ .rule = { .std = { 1, 1, 1 } } };
  build_graph (self);
  self->weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  self->request = (GstSodCompileRequest){
    .graph = self->graph,
    .weights = self->weights,
    .rule = &self->rule,
    .mode = GST_SOD_MODE_INFER,
    .precision = GST_SOD_PRECISION_F32,
    .input = gst_sod_shape_nchw (2, 3, HEIGHT, WIDTH),
    .threads = 1,
    .keep = &self->stem,
    .n_keep = 1,
  };
  shapes =
      gst_sod_graph_infer_shapes (self->graph, &self->request.input, &error);
  g_assert_no_error (error);
  gst_sod_graph_foreach_param (self->graph, shapes, add_weight, self);
  self->last_use = g_new0 (guint, gst_sod_graph_n_values (self->graph));
  for (guint i = 0; i < self->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    self->last_use[node->output] = i;
    for (guint j = 0; j < node->n_inputs; j++)
      self->last_use[node->inputs[j]] = i;
  }
  self->last_use[self->stem] = G_MAXUINT;
  self->last_use[self->graph->output] = G_MAXUINT;
  self->request.last_use = self->last_use;
}

static void
fixture_clear (Fixture *self)
{
  gst_sod_graph_unref (self->graph);
  g_hash_table_unref (self->weights);
  g_free (self->last_use);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

static GstSodStream *
open_plan (GstSodBackend *backend, const GstSodCompileRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodExecutable) executable =
      gst_sod_backend_compile (backend, request, &error);
  GstSodStream *stream;

  g_assert_no_error (error);
  stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  return stream;
}

/* Runs both samples of a random batch. */
static void
run_batch (GstSodStream *stream, guint64 seed)
{
  GstSodShape shape = { 3, { 3, HEIGHT, WIDTH, 0 } };
  g_autoptr (GError) error = NULL;

  for (guint sample = 0; sample < 2; sample++) {
    g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, sample);
    g_autoptr (GstSodTensor) tensor = new_random (&shape, random);

    stream->klass->write_tensor (stream, sample, 0, tensor, &error);
    g_assert_no_error (error);
  }
  stream->klass->execute (stream, &error);
  g_assert_no_error (error);
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor = stream->klass->read_value (stream, value, &error);

  g_assert_no_error (error);
  return tensor;
}

static void
assert_close (const GstSodTensor *a, const GstSodTensor *b, gdouble tolerance)
{
  const gfloat *x = gst_sod_tensor_peek_data (a);
  const gfloat *y = gst_sod_tensor_peek_data (b);

  g_assert_true (gst_sod_shape_equal (
      gst_sod_tensor_get_shape (a), gst_sod_tensor_get_shape (b)));
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++)
    g_assert_cmpfloat (fabs (x[i] - y[i]), <=, tolerance);
}

/* With a plan of ref whose values never share memory. */
static void
check_agreement (
    GstSodBackend *backend, GstSodPrecision precision, gdouble tolerance)
{
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodStream) stream = NULL, ref = NULL;
  GstSodCompileRequest ref_request;
  guint forever[N_VALUES];
  GstSodValue values[2];

  fixture_init (&fixture);
  ref_request = fixture.request;
  ref_request.last_use = forever;
  for (guint i = 0; i < G_N_ELEMENTS (forever); i++)
    forever[i] = G_MAXUINT;
  ref = open_plan (gst_sod_backend_get ("ref", &error), &ref_request);
  fixture.request.precision = precision;
  stream = open_plan (backend, &fixture.request);
  run_batch (ref, 1);
  run_batch (stream, 1);
  values[0] = fixture.stem;
  values[1] = fixture.graph->output;
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (GstSodTensor) expected = read_value (ref, values[i]);
    g_autoptr (GstSodTensor) found = read_value (stream, values[i]);

    assert_close (found, expected, tolerance);
  }
}

static void
test_agrees_with_ref_in_f32 (gconstpointer backend)
{
  check_agreement ((GstSodBackend *) backend, GST_SOD_PRECISION_F32, 1e-5);
}

/* A machine without the instructions says so, and what to ask for instead. */
static void
test_agrees_with_ref_in_bf16_or_says_why_not (gconstpointer user_data)
{
  GstSodBackend *backend = (GstSodBackend *) user_data;
  g_autoptr (GError) error = NULL;

  if (backend->klass->check_precision (
          backend, GST_SOD_PRECISION_BF16, &error)) {
    check_agreement (backend, GST_SOD_PRECISION_BF16, 0.03);
    return;
  }
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "precision=auto"));
}

/* Neither what ran before on the stream nor whose weights it shares shows. */
static void
test_a_stream_runs_again_with_the_same_result (gconstpointer backend)
{
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodStream) stream = NULL, other = NULL;
  g_autoptr (GstSodTensor) first = NULL, again = NULL, elsewhere = NULL;

  fixture_init (&fixture);
  stream = open_plan ((GstSodBackend *) backend, &fixture.request);
  run_batch (stream, 1);
  first = read_value (stream, fixture.graph->output);
  run_batch (stream, 2);
  run_batch (stream, 1);
  again = read_value (stream, fixture.graph->output);
  assert_close (first, again, 0);

  fixture.request.share = stream->executable;
  other = open_plan ((GstSodBackend *) backend, &fixture.request);
  run_batch (other, 1);
  elsewhere = read_value (other, fixture.graph->output);
  assert_close (first, elsewhere, 0);
}

static void
test_plan_describes_itself (gconstpointer backend)
{
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodStream) stream = NULL;
  g_auto (GStrv) lines = NULL;
  const GstSodExecutable *executable;
  GstSodShape map = gst_sod_shape_nchw (2, 1, HEIGHT, WIDTH);

  fixture_init (&fixture);
  stream = open_plan ((GstSodBackend *) backend, &fixture.request);
  executable = stream->executable;
  g_assert_true (
      gst_sod_shape_equal (&executable->input, &fixture.request.input));
  g_assert_true (gst_sod_shape_equal (&executable->output, &map));
  g_assert_cmpint (executable->precision, ==, GST_SOD_PRECISION_F32);
  g_assert_cmpuint (executable->arena_size, >, 0);
  g_assert_cmpuint (executable->weights_size, >, 0);
  lines = executable->klass->describe (stream->executable);
  g_assert_cmpuint (g_strv_length (lines), >, 0);
  for (guint i = 0; lines[i] != NULL; i++)
    g_assert_nonnull (strchr (lines[i], ' '));
}

static void
test_plan_reuses_memory (gconstpointer backend)
{
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodStream) lean = NULL, greedy = NULL;

  fixture_init (&fixture);
  lean = open_plan ((GstSodBackend *) backend, &fixture.request);
  for (guint i = 0; i < gst_sod_graph_n_values (fixture.graph); i++)
    fixture.last_use[i] = G_MAXUINT;
  greedy = open_plan ((GstSodBackend *) backend, &fixture.request);
  g_assert_cmpuint (
      lean->executable->arena_size, <, greedy->executable->arena_size);
}

/* ---- what is refused ---- */

static void
expect_refusal (const Fixture *fixture, GstSodBackend *backend, gint code,
    const gchar *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_backend_compile (backend, &fixture->request, &error));
  g_assert_error (error, GST_SOD_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, word));
}

static void
test_refuses_weights_that_do_not_fit (gconstpointer user_data)
{
  GstSodBackend *backend = (GstSodBackend *) user_data;
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 0);
  GstSodShape shape = gst_sod_shape_1d (CHANNELS + 1);

  fixture_init (&fixture);
  g_hash_table_insert (
      fixture.weights, g_strdup ("stem.bias"), new_random (&shape, random));
  expect_refusal (&fixture, backend, GST_SOD_ERROR_MISMATCH, "stem.bias");
  g_hash_table_remove (fixture.weights, "stem.bias");
  expect_refusal (&fixture, backend, GST_SOD_ERROR_MISMATCH, "stem.bias");
}

static void
test_refuses_an_input_that_does_not_fit (gconstpointer user_data)
{
  g_auto (Fixture) fixture = { NULL };

  fixture_init (&fixture);
  fixture.request.input = gst_sod_shape_nchw (1, 3, HEIGHT, WIDTH + 1);
  expect_refusal (
      &fixture, (GstSodBackend *) user_data, GST_SOD_ERROR_MISMATCH, "node up");
}

static void
test_ref_refuses_fused_training_and_low_precision (void)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *ref = gst_sod_backend_get ("ref", &error);
  g_auto (Fixture) fixture = { NULL };

  fixture_init (&fixture);
  fixture.request.mode = GST_SOD_MODE_TRAIN;
  expect_refusal (&fixture, ref, GST_SOD_ERROR_UNSUPPORTED, "inference");
  fixture.request.mode = GST_SOD_MODE_INFER;
  fixture.request.precision = GST_SOD_PRECISION_BF16;
  expect_refusal (&fixture, ref, GST_SOD_ERROR_UNSUPPORTED, "precision=f32");
  fixture.request.precision = GST_SOD_PRECISION_INT8;
  expect_refusal (&fixture, ref, GST_SOD_ERROR_UNSUPPORTED, "precision=auto");
}

static void
test_stream_refuses_what_is_not_its_input (gconstpointer backend)
{
  static const GstSodShape shapes[] = {
    { 3, { 3, HEIGHT, WIDTH + 1, 0 } },
    { 3, { 1, HEIGHT, WIDTH, 0 } },
    { 4, { 1, 3, HEIGHT, WIDTH } },
  };
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodStream) stream = NULL;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 0);
  GstSodShape fits = { 3, { 3, HEIGHT, WIDTH, 0 } };
  g_autoptr (GstSodTensor) good = new_random (&fits, random);
  g_autoptr (GstSodTensor) wide = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  stream = open_plan ((GstSodBackend *) backend, &fixture.request);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_autoptr (GstSodTensor) tensor = new_random (&shapes[i], random);

    g_assert_false (stream->klass->write_tensor (stream, 0, 0, tensor, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
    g_clear_error (&error);
  }
  wide = gst_sod_tensor_convert (good, GST_SOD_DTYPE_F64, &error);
  g_assert_false (stream->klass->write_tensor (stream, 0, 0, wide, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_clear_error (&error);
  g_assert_false (stream->klass->write_tensor (stream, 2, 0, good, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (stream->klass->write_tensor (stream, 0, 1, good, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

static void
test_stream_refuses_a_value_that_is_not_kept (gconstpointer backend)
{
  g_auto (Fixture) fixture = { NULL };
  g_autoptr (GstSodStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  fixture_init (&fixture);
  stream = open_plan ((GstSodBackend *) backend, &fixture.request);
  run_batch (stream, 1);
  g_assert_null (stream->klass->read_value (stream, fixture.stem + 1, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

static void
add_for (GstSodBackend *backend, const gchar *sentence, GTestDataFunc func)
{
  g_autofree gchar *path =
      g_strdup_printf ("/plan/%s/%s", backend->klass->name, sentence);

  g_test_add_data_func (path, backend, func);
}

int
main (int argc, char *argv[])
{
  GstSodBackend *const *backends = gst_sod_backend_list ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/ref/refuses-fused-training-and-low-precision",
      test_ref_refuses_fused_training_and_low_precision);
  for (guint i = 0; backends[i] != NULL; i++) {
    GstSodBackend *b = backends[i];

    add_for (b, "agrees-with-ref-in-f32", test_agrees_with_ref_in_f32);
    add_for (b, "agrees-with-ref-in-bf16-or-says-why-not",
        test_agrees_with_ref_in_bf16_or_says_why_not);
    add_for (b, "runs-again-with-the-same-result",
        test_a_stream_runs_again_with_the_same_result);
    add_for (b, "describes-itself", test_plan_describes_itself);
    add_for (b, "reuses-memory", test_plan_reuses_memory);
    add_for (b, "refuses-weights-that-do-not-fit",
        test_refuses_weights_that_do_not_fit);
    add_for (b, "refuses-an-input-that-does-not-fit",
        test_refuses_an_input_that_does_not_fit);
    add_for (b, "refuses-what-is-not-its-input",
        test_stream_refuses_what_is_not_its_input);
    add_for (b, "refuses-a-value-that-is-not-kept",
        test_stream_refuses_a_value_that_is_not_kept);
  }
  return g_test_run ();
}
