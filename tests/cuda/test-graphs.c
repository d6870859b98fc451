/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs that no architecture has, drawn at random: where values are slices of
 * others, shared, kept or copied, a plan computes what ref does. */

#include <gst-sod/backend/cuda/host/host-private.h>
#include <gst-sod/core/random.h>
#include <gst-sod/run/passes-private.h>

#include "../run/evaluate.h"

#include <math.h>

#define N_GRAPHS 150
#define N_NODES 16
#define CHANNELS 3
#define HEIGHT 12
#define WIDTH 16

/* A graph that is drawn, and what is known of its values. */
typedef struct
{
  GstSodRandom *random;
  GstSodGraph *graph;
  GstSodShape shapes[N_NODES + 1];
  guint n; /* values */
  GString *text;
} Drawing;

static guint
draw (Drawing *self, guint n)
{
  return (guint) (gst_sod_random_uniform (self->random) * n) % n;
}

/* Values of the shape of @value, but for its channels if @any_channels. */
static guint
list_alike (const Drawing *self, GstSodValue value, gboolean any_channels,
    GstSodValue *list)
{
  guint n = 0;

  for (guint i = 0; i < self->n; i++) {
    GstSodShape shape = self->shapes[i];

    if (any_channels)
      shape.dims[1] = self->shapes[value].dims[1];
    if (gst_sod_shape_equal (&shape, &self->shapes[value]))
      list[n++] = i;
  }
  return n;
}

static void
add (Drawing *self, GstSodOpKind kind, const GstSodOpAttrs *attrs,
    const GstSodValue *inputs, guint n_inputs)
{
  GstSodShape shapes[GST_SOD_MAX_INPUTS];
  g_autofree gchar *name = g_strdup_printf ("node%u", self->n);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n_inputs; i++)
    shapes[i] = self->shapes[inputs[i]];
  if (!gst_sod_op_infer (
          kind, attrs, shapes, n_inputs, &self->shapes[self->n], &error))
    return;
  gst_sod_graph_add (self->graph, kind, name, attrs, inputs, n_inputs);
  g_string_append_printf (
      self->text, "%u = %s (", self->n, gst_sod_op_get (kind)->name);
  for (guint i = 0; i < n_inputs; i++)
    g_string_append_printf (self->text, "%s%u", i > 0 ? ", " : "", inputs[i]);
  g_string_append (self->text, "); ");
  self->n++;
}

static void
add_conv (Drawing *self, GstSodValue x)
{
  static const gint channels[] = { 1, 3, 5, 8, 8, 16, 24 };
  gint kernel = 1 + 2 * (gint) draw (self, 2);
  gint dilation = 1 + (gint) draw (self, 2);
  GstSodOpAttrs attrs = {
    .channels = channels[draw (self, G_N_ELEMENTS (channels))],
    .kernel = kernel,
    .stride = 1,
    .dilation = dilation,
    .padding = dilation * (kernel - 1) / 2,
    .bias = draw (self, 2) != 0,
    .relu = draw (self, 2) != 0,
  };

  add (self, GST_SOD_OP_CONV2D, &attrs, &x, 1);
}

static void
add_concat (Drawing *self, GstSodValue x)
{
  GstSodValue alike[N_NODES + 1], inputs[4];
  guint n = list_alike (self, x, TRUE, alike), n_inputs = 2 + draw (self, 3);

  for (guint i = 0; i < n_inputs; i++)
    inputs[i] = alike[draw (self, n)];
  add (self, GST_SOD_OP_CONCAT, NULL, inputs, n_inputs);
}

/* As in a dense block: the last concatenation's inputs and one more, at their
 * end or among them. */
static void
add_dense (Drawing *self)
{
  for (guint i = self->graph->nodes->len; i-- > 0;) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);
    GstSodValue inputs[GST_SOD_MAX_INPUTS];
    guint at = draw (self, 2) ? node->n_inputs : draw (self, node->n_inputs);

    if (node->kind != GST_SOD_OP_CONCAT || node->n_inputs > 6)
      continue;
    for (guint j = 0; j < node->n_inputs; j++)
      inputs[j < at ? j : j + 1] = node->inputs[j];
    inputs[at] = self->n - 1;
    add (self, GST_SOD_OP_CONCAT, NULL, inputs, node->n_inputs + 1);
    return;
  }
}

static void
add_upsample (Drawing *self, GstSodValue x)
{
  GstSodOpAttrs attrs = { .scale = 2, .relu = draw (self, 2) != 0 };
  GstSodValue inputs[2] = { x, 0 };
  guint n_inputs = 1;

  if (self->shapes[x].dims[2] > HEIGHT)
    return;
  for (guint i = 0; i < self->n; i++) {
    if (self->shapes[i].dims[1] == self->shapes[x].dims[1]
        && self->shapes[i].dims[2] == 2 * self->shapes[x].dims[2]) {
      inputs[1] = i;
      n_inputs = 2;
    }
  }
  attrs.sum = n_inputs == 2;
  add (self, GST_SOD_OP_UPSAMPLE, &attrs, inputs, n_inputs);
}

/* An enlarging and the logistic function of it, which are one launch, with
 * something between them that may want the memory. */
static void
add_late_sigmoid (Drawing *self, GstSodValue x)
{
  GstSodOpAttrs attrs = { .scale = 2 };
  guint n = self->n;
  GstSodValue up = n;

  if (self->shapes[x].dims[2] > HEIGHT || n + 3 > N_NODES)
    return;
  add (self, GST_SOD_OP_UPSAMPLE, &attrs, &x, 1);
  add_conv (self, draw (self, n));
  add (self, GST_SOD_OP_SIGMOID, NULL, &up, 1);
}

static void
add_pool (Drawing *self, GstSodOpKind kind, GstSodValue x)
{
  GstSodOpAttrs attrs = { .kernel = 2, .stride = 2 };

  if (self->shapes[x].dims[2] > 3 && self->shapes[x].dims[3] > 3)
    add (self, kind, &attrs, &x, 1);
}

static void
add_any (Drawing *self)
{
  static const GstSodOpKind eltwise[] = { GST_SOD_OP_RELU, GST_SOD_OP_SIGMOID,
    GST_SOD_OP_TANH };
  /* Mostly of what came last, so that chains get long. */
  GstSodValue x = draw (self, 3) > 0 ? self->n - 1 : draw (self, self->n);
  GstSodValue alike[N_NODES + 1], inputs[2];

  switch (draw (self, 11)) {
    case 0:
      add_pool (self, GST_SOD_OP_MAX_POOL, x);
      break;
    case 1:
      add_pool (self, GST_SOD_OP_AVG_POOL, x);
      break;
    case 2:
      add_upsample (self, x);
      break;
    case 3:
      add (self, eltwise[draw (self, 3)], NULL, &x, 1);
      break;
    case 4:
      inputs[0] = x;
      inputs[1] = alike[draw (self, list_alike (self, x, FALSE, alike))];
      add (self, GST_SOD_OP_ADD, NULL, inputs, 2);
      break;
    case 5:
      add_late_sigmoid (self, x);
      break;
    case 7:
    case 8:
      add_dense (self);
      break;
    case 6:
      add_concat (self, x);
      break;
    default:
      add_conv (self, x);
      break;
  }
}

static Drawing
draw_graph (guint seed, const GstSodShape *input)
{
  Drawing self = { .random = gst_sod_random_new (seed, 0),
    .graph = gst_sod_graph_new (),
    .n = 1,
    .text = g_string_new (NULL) };

  self.shapes[0] = *input;
  while (self.n < N_NODES)
    add_any (&self);
  return self;
}

static void
drawing_clear (Drawing *self)
{
  gst_sod_random_free (self->random);
  gst_sod_graph_unref (self->graph);
  g_string_free (self->text, TRUE);
}

/* ---- plans ---- */

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

static void
run (GstSodStream *stream, guint64 seed)
{
  GstSodShape shape = { 3, { CHANNELS, HEIGHT, WIDTH, 0 } };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < stream->executable->input.dims[0]; i++) {
    g_autoptr (GstSodTensor) tensor = test_random_tensor (&shape, seed + i);

    stream->klass->write_tensor (stream, i, 0, tensor, &error);
    g_assert_no_error (error);
  }
  stream->klass->execute (stream, &error);
  g_assert_no_error (error);
}

static void
compare (GstSodStream *a, GstSodStream *b, GstSodValue value, gdouble tolerance)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) found = a->klass->read_value (a, value, &error);
  g_autoptr (GstSodTensor) expected = b->klass->read_value (b, value, &error);
  gdouble difference;

  g_assert_no_error (error);
  difference = test_max_difference (found, expected);
  g_assert_cmpfloat (difference, <=, tolerance * (1 + test_max_abs (expected)));
}

/* With some values kept and with none but the output, which share memory. */
static void
check_graph (GstSodBackend *backend, guint seed)
{
  static const GstSodInputRule rule = { .std = { 1, 1, 1 } };
  const GstSodShape input = gst_sod_shape_nchw (2, CHANNELS, HEIGHT, WIDTH);
  Drawing drawing = draw_graph (seed, &input);
  g_autoptr (GHashTable) weights =
      test_random_weights (drawing.graph, &input, seed);
  GstSodValue keep[2] = { 1 + draw (&drawing, drawing.n - 1),
    1 + draw (&drawing, drawing.n - 1) };
  g_autofree guint *kept = gst_sod_graph_last_uses (drawing.graph, keep, 2);
  g_autofree guint *lean = gst_sod_graph_last_uses (drawing.graph, NULL, 0);
  GstSodCompileRequest request = { .graph = drawing.graph,
    .weights = weights,
    .rule = &rule,
    .mode = GST_SOD_MODE_INFER,
    .precision = GST_SOD_PRECISION_F32,
    .input = input,
    .threads = 1,
    .keep = keep,
    .n_keep = 2,
    .last_use = kept };
  g_autoptr (GstSodStream) ref = NULL, a = NULL, b = NULL, half = NULL;

  g_test_message ("%u: %s", seed, drawing.text->str);
  ref = open_plan (gst_sod_backend_get ("ref", NULL), &request);
  a = open_plan (backend, &request);
  request.precision = GST_SOD_PRECISION_F16;
  half = open_plan (backend, &request);
  request.precision = GST_SOD_PRECISION_F32;
  request.n_keep = 0;
  request.last_use = lean;
  b = open_plan (backend, &request);
  for (guint64 i = 0; i < 3; i++) {
    run (ref, i * 10);
    run (a, i * 10);
    run (b, i * 10);
    run (half, i * 10);
    compare (a, ref, drawing.graph->output, 1e-5);
    compare (b, ref, drawing.graph->output, 1e-5);
    compare (half, ref, drawing.graph->output, 2e-2);
    compare (a, ref, keep[0], 1e-5);
    compare (a, ref, keep[1], 1e-5);
  }
  drawing_clear (&drawing);
}

static void
test_on_twin (void)
{
  for (guint seed = 0; seed < N_GRAPHS; seed++)
    check_graph (gst_sod_cuda_host_backend (), seed);
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, 0);
}

/* Where the module is there, and a GPU. */
static void
test_on_gpu (void)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *backend = gst_sod_backend_for_device ("cuda", NULL, &error);

  if (backend == NULL) {
    g_test_skip (error->message);
    return;
  }
  for (guint seed = 0; seed < N_GRAPHS; seed++)
    check_graph (backend, seed);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/graphs/agree-with-ref-on-the-twin", test_on_twin);
  g_test_add_func ("/cuda/graphs/agree-with-ref-on-a-gpu", test_on_gpu);
  return g_test_run ();
}
