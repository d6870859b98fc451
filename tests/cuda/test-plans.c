/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole networks by the CUDA back end's plans, on its twin on the host; that
 * they agree with ref, on the first GPU where there is one. */

#include <gst-sod/backend/cuda/host/host-private.h>
#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/run/packed-private.h>
#include <gst-sod/run/passes-private.h>

#include "../run/evaluate.h"
#include "../run/networks.h"

#include <math.h>
#include <string.h>

#define HEIGHT 48
#define WIDTH 80

static const GstSodInputRule rule = { .std = { 1, 1, 1 } };

/* A preset with random weights, prepared for inference. */
typedef struct
{
  GstSodArchitecture *architecture;
  GstSodProgram program;
  guint *last_use;
  GstSodValue keep[64];
  GstSodCompileRequest request;
} Model;

/* @keep: every value that has a label. */
static Model
model_new (const gchar *preset, guint frames, guint batch, gboolean keep)
{
  Model self = { gst_sod_architecture_new_preset (preset, frames, NULL) };
  g_autoptr (GstSodGraph) graph =
      gst_sod_architecture_build (self.architecture);
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) weights = NULL;
  GstSodShape input = gst_sod_shape_nchw (batch,
      gst_sod_architecture_get_input_channels (self.architecture), HEIGHT,
      WIDTH);
  guint n = 0;

  weights = test_random_weights (graph, &input, 5);
  g_assert_true (
      gst_sod_prepare_inference (graph, weights, &self.program, &error));
  for (guint i = 0; keep && i < gst_sod_graph_n_values (self.program.graph);
       i++) {
    if (g_ptr_array_index (self.program.graph->labels, i) != NULL
        && n < G_N_ELEMENTS (self.keep))
      self.keep[n++] = i;
  }
  self.last_use = gst_sod_graph_last_uses (self.program.graph, self.keep, n);
  self.request = (GstSodCompileRequest){ .graph = self.program.graph,
    .weights = self.program.weights,
    .rule = &rule,
    .mode = GST_SOD_MODE_INFER,
    .precision = GST_SOD_PRECISION_F32,
    .input = input,
    .threads = 1,
    .n_keep = n,
    .last_use = self.last_use };
  return self;
}

static void
model_clear (Model *self)
{
  g_free (self->last_use);
  gst_sod_program_clear (&self->program);
  gst_sod_architecture_unref (self->architecture);
}

static GstSodStream *
open_model (Model *self, GstSodBackend *backend, GstSodPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodStream *stream;

  self->request.keep = self->keep;
  self->request.precision = precision;
  executable = gst_sod_backend_compile (backend, &self->request, &error);
  g_assert_no_error (error);
  stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  return stream;
}

static void
run (GstSodStream *stream, guint64 seed)
{
  const gint64 *dims = stream->executable->input.dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < dims[0]; i++) {
    g_autoptr (GstSodTensor) tensor = test_random_tensor (&shape, seed + i);

    stream->klass->write_tensor (stream, i, 0, tensor, &error);
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

/* ---- agreement ---- */

typedef struct
{
  const gchar *preset;
  guint frames, batch;
} Case;

/* Largest difference of values, as a share of the largest value, that each
 * precision's roundings make through all layers; measured: f32 1.6e-6, tf32
 * 1.1e-3, f16 1.2e-3, bf16 9.1e-3. */
static const struct
{
  GstSodPrecision precision;
  gdouble tolerance;
} precisions[] = {
  { GST_SOD_PRECISION_F32, 1e-5 },
  { GST_SOD_PRECISION_TF32, 4e-3 },
  { GST_SOD_PRECISION_F16, 4e-3 },
  { GST_SOD_PRECISION_BF16, 3e-2 },
};

static void
compare (const Model *model, GstSodStream *found, GstSodStream *expected,
    gdouble tolerance)
{
  for (guint i = 0; i <= model->request.n_keep; i++) {
    GstSodValue value = i < model->request.n_keep
                            ? model->keep[i]
                            : model->program.graph->output;
    g_autoptr (GstSodTensor) a = read_value (found, value);
    g_autoptr (GstSodTensor) b = read_value (expected, value);
    gdouble difference = test_max_difference (a, b) / test_max_abs (b);
    const gchar *label =
        g_ptr_array_index (model->program.graph->labels, value);

    g_test_message ("%s: %.2g", label, difference);
    g_assert_cmpfloat (difference, <=, tolerance);
  }
}

static GstSodBackend *
get_gpu_or_twin (void)
{
  GstSodBackend *const *list = gst_sod_backend_list ();

  for (guint i = 0; list[i] != NULL; i++) {
    if (g_str_equal (list[i]->klass->device, "cuda"))
      return list[i];
  }
  return gst_sod_cuda_host_backend ();
}

static void
test_agrees (gconstpointer data)
{
  const Case *test = data;
  GstSodBackend *backend = get_gpu_or_twin ();
  Model model = model_new (test->preset, test->frames, test->batch, TRUE);
  g_autoptr (GstSodStream) ref = open_model (
      &model, gst_sod_backend_get ("ref", NULL), GST_SOD_PRECISION_F32);

  run (ref, 1);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    g_autoptr (GstSodStream) stream =
        open_model (&model, backend, precisions[i].precision);

    g_test_message ("%s on %s",
        gst_sod_precision_name (precisions[i].precision), backend->klass->name);
    run (stream, 1);
    compare (&model, stream, ref, precisions[i].tolerance);
  }
  model_clear (&model);
}

/* Without values that are kept, memory is shared out: nothing changes. */
static void
test_reuse (gconstpointer data)
{
  const Case *test = data;
  Model kept = model_new (test->preset, test->frames, test->batch, TRUE);
  Model lean = model_new (test->preset, test->frames, test->batch, FALSE);
  g_autoptr (GstSodStream) a =
      open_model (&kept, gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F16);
  g_autoptr (GstSodStream) b =
      open_model (&lean, gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F16);
  g_autoptr (GstSodTensor) expected = NULL;

  run (a, 1);
  expected = read_value (a, kept.program.graph->output);
  for (guint i = 0; i < 4; i++) { /* the last ones as a graph, on a GPU */
    g_autoptr (GstSodTensor) found = NULL;

    run (b, 7);
    run (b, 1);
    found = read_value (b, lean.program.graph->output);
    g_assert_cmpfloat (test_max_difference (found, expected), ==, 0);
  }
  g_assert_cmpuint (b->executable->arena_size, <, a->executable->arena_size);
  model_clear (&kept);
  model_clear (&lean);
}

/* ---- what a plan is made of ---- */

static gchar *
describe (Model *model, GstSodPrecision precision)
{
  g_autoptr (GstSodStream) stream =
      open_model (model, gst_sod_cuda_host_backend (), precision);
  g_auto (GStrv) lines =
      stream->executable->klass->describe (stream->executable);

  return g_strjoinv ("\n", lines);
}

/* Dense blocks and the stem cost no copy, the logits' enlarging and the
 * logistic function are one launch. */
static void
test_nothing_is_copied (void)
{
  Model reverse = model_new ("reverse", 1, 1, FALSE);
  Model base = model_new ("base", 1, 1, FALSE);
  g_autofree gchar *dense = describe (&reverse, GST_SOD_PRECISION_F16);
  g_autofree gchar *whole = describe (&base, GST_SOD_PRECISION_F16);

  g_test_message ("%s", whole);
  g_assert_null (strstr (dense, "copy"));
  g_assert_null (strstr (whole, "copy"));
  g_assert_nonnull (strstr (whole, "stem cuda-host:host:f32"));
  g_assert_nonnull (strstr (whole, "upsample+sum"));
  g_assert_nonnull (strstr (whole, "out.up cuda-host:upsample+sigmoid"));
  g_assert_null (strstr (whole, "out.sigmoid"));
  model_clear (&reverse);
  model_clear (&base);
}

/* A kept value is one that can be read: then nothing is fused with it. */
static void
test_kept_logits_are_there (void)
{
  Model model = model_new ("base", 1, 1, TRUE);
  g_autofree gchar *steps = describe (&model, GST_SOD_PRECISION_F16);

  g_assert_nonnull (strstr (steps, "out.sigmoid cuda-host:sigmoid"));
  model_clear (&model);
}

/* Channels that are no multiple of eight, and a concatenation of them. */
static void
test_odd_channels (void)
{
  GstSodOpAttrs five = { .channels = 5,
    .kernel = 3,
    .stride = 1,
    .dilation = 1,
    .padding = 1,
    .relu = TRUE };
  GstSodOpAttrs eleven = {
    .channels = 11, .kernel = 1, .stride = 1, .dilation = 1, .bias = TRUE
  };
  GstSodOpAttrs three = { .channels = 3,
    .kernel = 3,
    .stride = 2,
    .dilation = 1,
    .padding = 1,
    .bias = TRUE };
  GstSodOpAttrs pool = { .kernel = 3, .stride = 2 };
  Model model = model_new ("base", 1, 2, FALSE);
  GstSodGraph *graph = gst_sod_graph_new ();
  GstSodValue a, b, joined, v;
  g_autoptr (GstSodStream) ref = NULL;

  a = gst_sod_graph_add (
      graph, GST_SOD_OP_CONV2D, "a", &five, &(guint){ 0 }, 1);
  b = gst_sod_graph_add (
      graph, GST_SOD_OP_CONV2D, "b", &eleven, &(guint){ 0 }, 1);
  joined = gst_sod_graph_add (
      graph, GST_SOD_OP_CONCAT, "joined", NULL, (GstSodValue[]){ a, b, a }, 3);
  v = gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, "c", &three, &joined, 1);
  v = gst_sod_graph_add (graph, GST_SOD_OP_AVG_POOL, "pool", &pool, &v, 1);
  v = gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, "d", &eleven, &v, 1);
  v = gst_sod_graph_add (graph, GST_SOD_OP_TANH, "tanh", NULL, &v, 1);
  gst_sod_graph_set_label (graph, joined, "joined");
  gst_sod_graph_set_label (graph, v, "tanh");
  gst_sod_program_clear (&model.program);
  g_free (model.last_use);
  model.program.graph = graph;
  model.program.weights = test_random_weights (graph, &model.request.input, 2);
  model.request.graph = graph;
  model.request.weights = model.program.weights;
  model.last_use = gst_sod_graph_last_uses (graph, NULL, 0);
  model.request.last_use = model.last_use;
  ref = open_model (
      &model, gst_sod_backend_get ("ref", NULL), GST_SOD_PRECISION_F32);
  run (ref, 3);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    g_autoptr (GstSodStream) stream = open_model (
        &model, gst_sod_cuda_host_backend (), precisions[i].precision);

    for (guint j = 0; j < 2; j++) {
      run (stream, 4);
      run (stream, 3);
      compare (&model, stream, ref, precisions[i].tolerance);
    }
  }
  model_clear (&model);
}

static GstSodImage *
read_map (GstSodStream *stream, guint sample, gint width, gint height)
{
  GstSodImage *map = test_map (width, height);
  g_autoptr (GError) error = NULL;

  stream->klass->read_map (stream, sample, map, &error);
  g_assert_no_error (error);
  return map;
}

/* The first map of a batch brings the others along, if they are of its size:
 * what is read is the same in whatever order, and after the next pass it is
 * that one's. */
static void
test_maps_of_a_batch (void)
{
  static const gint widths[] = { 80, 33, 80 };
  static const guint orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 2, 1, 0 } };
  Model model = model_new ("base", 1, 3, FALSE);
  g_autoptr (GstSodStream) stream =
      open_model (&model, gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F32);

  for (guint seed = 1; seed < 3; seed++) {
    g_autoptr (GstSodTensor) values = NULL;

    run (stream, seed * 10);
    values = read_value (stream, model.program.graph->output);
    for (guint i = 0; i < G_N_ELEMENTS (orders); i++) {
      for (guint j = 0; j < 3; j++) {
        guint sample = orders[i][j];
        g_autoptr (GstSodImage) map =
            read_map (stream, sample, widths[sample], HEIGHT);
        const gfloat *expected =
            (const gfloat *) gst_sod_tensor_peek_data (values)
            + sample * HEIGHT * WIDTH;

        if (widths[sample] != WIDTH)
          continue;
        for (gint at = 0; at < HEIGHT * WIDTH; at++)
          g_assert_cmpfloat (
              fabs (gst_sod_image_gray_row (map, at / WIDTH)[at % WIDTH]
                    - 255 * expected[at]),
              <=, 0.501);
      }
    }
  }
  model_clear (&model);
}

/* ---- memory ---- */

static void
test_weights_are_shared (void)
{
  g_autoptr (GstSodNetwork) network = test_network_random (64, 32, 1, 1);
  g_autoptr (GError) error = NULL;
  gsize before = gst_sod_cuda_host_get_used (), one, many;
  GstSodPackedLimits limits = { .threads = 1, .batch = 1 };
  GstSodPacked *packed = gst_sod_packed_new (network,
      gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F16, &limits, &error);

  g_assert_no_error (error);
  one = gst_sod_packed_get_executable (packed)->weights_size;
  gst_sod_packed_unref (packed);
  limits.batch = 8;
  packed = gst_sod_packed_new (network, gst_sod_cuda_host_backend (),
      GST_SOD_PRECISION_F16, &limits, &error);
  g_assert_no_error (error);
  many = gst_sod_packed_get_executable (packed)->weights_size;
  gst_sod_packed_unref (packed);
  g_assert_cmpuint (one, >, 0);
  g_assert_cmpuint (one, ==, many);
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, before);
}

/* Every allocation in turn is refused: an error each time, and all that was
 * had is given back. */
static void
test_refused_memory (void)
{
  g_autoptr (GstSodNetwork) network = test_network_random (64, 32, 1, 1);
  GstSodPackedLimits limits = { .threads = 1, .batch = 4 };
  gsize before = gst_sod_cuda_host_get_used ();
  guint n_refused = 0;

  for (gsize limit = 1; limit < (gsize) 1 << 30; limit += limit / 3 + 1) {
    g_autoptr (GError) error = NULL;
    GstSodPacked *packed;

    gst_sod_cuda_host_set_memory (limit);
    packed = gst_sod_packed_new (network, gst_sod_cuda_host_backend (),
        GST_SOD_PRECISION_F16, &limits, &error);
    if (packed != NULL) {
      gst_sod_packed_unref (packed);
      break;
    }
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
    g_assert_nonnull (strstr (error->message, "device=cpu"));
    g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, before);
    n_refused++;
  }
  gst_sod_cuda_host_set_memory (0);
  g_test_message ("refused %u times", n_refused);
  g_assert_cmpuint (n_refused, >, 20);
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, before);
}

/* A frame that the device has no room for is an error, and the next one that
 * fits is not. */
static void
test_frame_too_large (void)
{
  Model model = model_new ("base", 1, 1, FALSE);
  g_autoptr (GstSodStream) stream =
      open_model (&model, gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F16);
  g_autoptr (GstSodImage) large = test_picture_scene (4000, 3000, 1);
  g_autoptr (GstSodImage) small = test_picture_scene (160, 96, 1);
  g_autoptr (GError) error = NULL;

  gst_sod_cuda_host_set_memory (gst_sod_cuda_host_get_used () + 1000000);
  g_assert_false (stream->klass->write_image (stream, 0, 0, large, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  g_assert_true (stream->klass->write_image (stream, 0, 0, small, &error));
  g_assert_no_error (error);
  gst_sod_cuda_host_set_memory (0);
  model_clear (&model);
}

/* At whatever call the device is lost, that is what the error says, and again
 * afterwards; nothing leaks. */
static void
test_lost_device (void)
{
  Model model = model_new ("small", 1, 1, FALSE);
  g_autoptr (GstSodImage) picture = test_picture_scene (100, 60, 1);
  g_autoptr (GstSodImage) map = test_map (100, 60);
  gsize before = gst_sod_cuda_host_get_used ();
  guint n_lost = 0;
  gboolean ok = FALSE;

  for (guint n = 1; !ok; n++) {
    g_autoptr (GstSodStream) stream = open_model (
        &model, gst_sod_cuda_host_backend (), GST_SOD_PRECISION_F16);
    g_autoptr (GError) error = NULL;

    gst_sod_cuda_host_lose_after (n);
    ok = stream->klass->write_image (stream, 0, 0, picture, &error)
         && stream->klass->execute (stream, &error)
         && stream->klass->read_map (stream, 0, map, &error);
    if (!ok) {
      g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
      g_clear_error (&error);
      g_assert_false (stream->klass->execute (stream, &error));
      g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
      n_lost++;
    }
    gst_sod_cuda_host_lose_after (0);
  }
  g_assert_cmpuint (n_lost, >, 10);
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, before);
  model_clear (&model);
}

/* ---- devices ---- */

static void
test_second_device (void)
{
  g_autoptr (GError) error = NULL;
  GstSodCudaDevice *first = gst_sod_cuda_device_get (0, NULL, &error);
  GstSodCudaDevice *second = gst_sod_cuda_device_get (1, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (first != second);
  g_assert_true (first == gst_sod_cuda_device_get (0, NULL, NULL));
  g_assert_true (first != gst_sod_cuda_device_get (0, &error, NULL));
  g_assert_cmpuint (gst_sod_cuda_device_get_index (second), ==, 1);
  g_assert_null (gst_sod_cuda_device_get (2, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
}

static void
test_precisions (void)
{
  GstSodBackend *backend = gst_sod_cuda_host_backend ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    g_assert_true (backend->klass->check_precision (
        backend, precisions[i].precision, NULL));
  g_assert_false (backend->klass->check_precision (
      backend, GST_SOD_PRECISION_INT8, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "precision=auto"));
  g_assert_cmpint (
      backend->klass->best_precision (backend), ==, GST_SOD_PRECISION_F16);
}

/* Graphs that were not prepared. */
static void
test_batch_norm_is_refused (void)
{
  Model model = model_new ("base", 1, 1, FALSE);
  g_autoptr (GstSodGraph) graph =
      gst_sod_architecture_build (model.architecture);
  g_autoptr (GHashTable) weights =
      test_random_weights (graph, &model.request.input, 1);
  g_autofree guint *last_use = gst_sod_graph_last_uses (graph, NULL, 0);
  g_autoptr (GError) error = NULL;

  model.request.graph = graph;
  model.request.weights = weights;
  model.request.last_use = last_use;
  g_assert_null (gst_sod_backend_compile (
      gst_sod_cuda_host_backend (), &model.request, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "prepare the graph"));
  model_clear (&model);
}

int
main (int argc, char *argv[])
{
  static const Case cases[] = { { "base", 1, 1 }, { "base", 1, 3 },
    { "base", 2, 1 }, { "small", 1, 1 }, { "small", 2, 2 },
    { "reverse", 1, 1 } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *test = &cases[i];
    g_autofree gchar *name = g_strdup_printf (
        "%s-%u-batch-%u", test->preset, test->frames, test->batch);
    g_autofree gchar *agrees =
        g_strdup_printf ("/cuda/plan/agrees-with-ref/%s", name);
    g_autofree gchar *reuse =
        g_strdup_printf ("/cuda/plan/reuses-memory-unseen/%s", name);

    g_test_add_data_func (agrees, test, test_agrees);
    g_test_add_data_func (reuse, test, test_reuse);
  }
  g_test_add_func ("/cuda/plan/nothing-is-copied", test_nothing_is_copied);
  g_test_add_func (
      "/cuda/plan/kept-logits-are-there", test_kept_logits_are_there);
  g_test_add_func ("/cuda/plan/any-number-of-channels", test_odd_channels);
  g_test_add_func ("/cuda/plan/maps-of-a-batch", test_maps_of_a_batch);
  g_test_add_func ("/cuda/plan/weights-are-shared", test_weights_are_shared);
  g_test_add_func ("/cuda/plan/refused-memory", test_refused_memory);
  g_test_add_func ("/cuda/plan/frame-too-large", test_frame_too_large);
  g_test_add_func ("/cuda/plan/lost-device", test_lost_device);
  g_test_add_func (
      "/cuda/plan/batch-norm-is-refused", test_batch_norm_is_refused);
  g_test_add_func ("/cuda/device/there-are-two", test_second_device);
  g_test_add_func ("/cuda/device/precisions", test_precisions);
  return g_test_run ();
}
