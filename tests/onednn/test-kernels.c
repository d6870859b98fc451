/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The back end's own kernels, which only plans call, against ref: pictures of
 * odd sizes through small graphs that have the form of a map's tail. */
#include <gst-sod/backend/backend-private.h>
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/core/random.h>

#include <math.h>
#include <string.h>

typedef struct
{
  gint batch, height, width;
  gint channels;         /* of the convolution before the last */
  gint kernel, dilation; /* of the last one */
  gint scale;            /* of the enlargement */
  gboolean pool;
} Case;

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
    values[i] = (gfloat) gst_sod_random_normal (random) / 2;
  return tensor;
}

static GstSodGraph *
new_graph (const Case *test)
{
  const GstSodOpAttrs first = { .channels = test->channels,
    .kernel = 3,
    .stride = 1,
    .dilation = 1,
    .padding = 1,
    .bias = TRUE };
  const GstSodOpAttrs last = { .channels = 1,
    .kernel = test->kernel,
    .stride = 1,
    .dilation = test->dilation,
    .padding = test->dilation * (test->kernel - 1) / 2,
    .bias = TRUE };
  const GstSodOpAttrs pool = { .kernel = 2, .stride = 2 };
  const GstSodOpAttrs up = { .scale = test->scale };
  GstSodGraph *graph = gst_sod_graph_new ();
  GstSodValue x = graph->input;

  x = gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, "first", &first, &x, 1);
  if (test->pool)
    x = gst_sod_graph_add (graph, GST_SOD_OP_MAX_POOL, "pool", &pool, &x, 1);
  x = gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, "last", &last, &x, 1);
  x = gst_sod_graph_add (graph, GST_SOD_OP_UPSAMPLE, "up", &up, &x, 1);
  gst_sod_graph_add (graph, GST_SOD_OP_SIGMOID, "sigmoid", NULL, &x, 1);
  return graph;
}

static GHashTable *
new_weights (const Case *test, GstSodRandom *random)
{
  GHashTable *weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify) gst_sod_tensor_unref);
  GstSodShape first = gst_sod_shape_nchw (test->channels, 3, 3, 3);
  GstSodShape first_bias = gst_sod_shape_1d (test->channels);
  GstSodShape last =
      gst_sod_shape_nchw (1, test->channels, test->kernel, test->kernel);
  GstSodShape last_bias = gst_sod_shape_1d (1);

  g_hash_table_insert (
      weights, (gpointer) "first.weight", new_random (&first, random));
  g_hash_table_insert (
      weights, (gpointer) "first.bias", new_random (&first_bias, random));
  g_hash_table_insert (
      weights, (gpointer) "last.weight", new_random (&last, random));
  g_hash_table_insert (
      weights, (gpointer) "last.bias", new_random (&last_bias, random));
  return weights;
}

/* The output; @steps gets describe()'s lines. */
static GstSodTensor *
evaluate (const gchar *name, GstSodPrecision precision, const Case *test,
    GstSodGraph *graph, GHashTable *weights, guint threads, gchar ***steps)
{
  static const GstSodInputRule rule = { { 0 }, { 1, 1, 1 }, 0 };
  static const guint last_use[] = { 0, 1, 2, 3, 4, 5 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (3, 0);
  g_autofree guint *uses = g_memdup2 (last_use, sizeof (last_use));
  GstSodShape picture = { 3, { 3, test->height, test->width, 0 } };
  GstSodCompileRequest request = {
    .graph = graph,
    .weights = weights,
    .rule = &rule,
    .precision = precision,
    .threads = threads,
    .input = gst_sod_shape_nchw (test->batch, 3, test->height, test->width),
    .last_use = uses,
  };
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodStream *stream;
  GstSodTensor *output;

  uses[graph->output] = G_MAXUINT;
  executable = gst_sod_backend_compile (
      gst_sod_backend_get (name, NULL), &request, &error);
  g_assert_no_error (error);
  if (steps != NULL)
    *steps = executable->klass->describe (executable);
  stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  for (gint i = 0; i < test->batch; i++) {
    g_autoptr (GstSodTensor) input = new_random (&picture, random);

    stream->klass->write_tensor (stream, (guint) i, 0, input, &error);
    g_assert_no_error (error);
  }
  stream->klass->execute (stream, &error);
  g_assert_no_error (error);
  output = stream->klass->read_value (stream, graph->output, &error);
  g_assert_no_error (error);
  gst_sod_stream_free (stream);
  return output;
}

static gdouble
get_distance (const GstSodTensor *a, const GstSodTensor *b)
{
  const gfloat *x = gst_sod_tensor_peek_data (a);
  const gfloat *y = gst_sod_tensor_peek_data (b);
  gdouble worst = 0;

  g_assert_true (gst_sod_shape_equal (
      gst_sod_tensor_get_shape (a), gst_sod_tensor_get_shape (b)));
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++) {
    if (!(fabs (x[i] - y[i]) <= worst))
      worst = fabs (x[i] - y[i]);
  }
  return worst;
}

static void
test_agrees (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 2);
  g_autoptr (GstSodGraph) graph = new_graph (test);
  g_autoptr (GHashTable) weights = new_weights (test, random);
  g_autoptr (GstSodTensor) expected =
      evaluate ("ref", GST_SOD_PRECISION_F32, test, graph, weights, 1, NULL);
  GstSodBackend *backend = gst_sod_backend_get ("onednn", NULL);

  for (guint threads = 1; threads <= 3; threads++) {
    g_auto (GStrv) steps = NULL;
    g_autoptr (GstSodTensor) found = evaluate (
        "onednn", GST_SOD_PRECISION_F32, test, graph, weights, threads, &steps);

    /* Logits up to 20 are sums of some hundred products in f32. */
    g_assert_cmpfloat (get_distance (found, expected), <=, 4e-6);
    g_assert_true (g_strv_contains (
        (const gchar *const *) steps, "last kernel:conv-to-one"));
    g_assert_true (g_strv_contains (
        (const gchar *const *) steps, "up kernel:upsample-sigmoid"));
    g_assert_true (!test->pool
                   || g_strv_contains (
                       (const gchar *const *) steps, "pool kernel:max-pool"));
  }
  if (backend->klass->check_precision (backend, GST_SOD_PRECISION_BF16, NULL)) {
    g_autoptr (GstSodTensor) found = evaluate (
        "onednn", GST_SOD_PRECISION_BF16, test, graph, weights, 2, NULL);

    /* Input, weights and one activation rounded to 8 bits, then up to 1,500
     * products. */
    g_assert_cmpfloat (get_distance (found, expected), <=, 0.05);
  }
}

/* ---- convolution ---- */

typedef struct
{
  gint n, h, w, c, channels;
  gint size, stride, dilation, padding;
  gboolean relu;
} Window;

/* As it is defined: (n, h, w, c) and (channels, size, size, c). */
static gfloat
convolve_one (const Window *test, const gfloat *source, const gfloat *weights,
    gfloat bias, gint y, gint x)
{
  gdouble sum = bias;

  for (gint v = 0; v < test->size; v++) {
    for (gint u = 0; u < test->size; u++) {
      gint row = y * test->stride - test->padding + v * test->dilation;
      gint column = x * test->stride - test->padding + u * test->dilation;

      for (gint i = 0; i < test->c && row >= 0 && row < test->h && column >= 0
                       && column < test->w;
           i++)
        sum += (gdouble) source[(row * test->w + column) * test->c + i]
               * weights[(v * test->size + u) * test->c + i];
    }
  }
  return (gfloat) (test->relu && sum < 0 ? 0 : sum);
}

static gfloat *
new_values (GstSodRandom *random, gsize n)
{
  gfloat *values = gst_sod_aligned_alloc (MAX (n, 1) * sizeof (gfloat), NULL);

  for (gsize i = 0; i < n; i++)
    values[i] = (gfloat) gst_sod_random_normal (random) / 2;
  return values;
}

/* (channels / 16, size, size, c, 16). */
static gfloat *
pack_weights (const Window *test, const gfloat *weights)
{
  const gint block = GST_SOD_ONEDNN_CONV_BLOCK;
  gint n = test->size * test->size * test->c;
  gfloat *packed = gst_sod_aligned_alloc (
      (gsize) (test->channels * n) * sizeof (gfloat), NULL);

  for (gint o = 0; o < test->channels; o++) {
    for (gint i = 0; i < n; i++)
      packed[(o / block * n + i) * block + o % block] = weights[o * n + i];
  }
  return packed;
}

static GstSodOnednnStep
new_step (const Window *test)
{
  gint lost = test->dilation * (test->size - 1) - 2 * test->padding;

  return (GstSodOnednnStep){
    .n = test->n,
    .c = test->c,
    .h = test->h,
    .w = test->w,
    .size = test->size,
    .stride = test->stride,
    .dilation = test->dilation,
    .padding = test->padding,
    .channels = test->channels,
    .out_h = (test->h - lost - 1) / test->stride + 1,
    .out_w = (test->w - lost - 1) / test->stride + 1,
    .relu = test->relu,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = dnnl_f32,
  };
}

static void
check_convolution (const Window *test, const GstSodOnednnStep *step,
    gpointer const *memory, const gfloat *weights)
{
  const gfloat *source = memory[0], *bias = memory[2], *found = memory[3];

  for (gint64 i = 0; i < step->n * step->out_h * step->out_w; i++) {
    gint64 n = i / (step->out_h * step->out_w);
    gint y = (gint) (i / step->out_w % step->out_h);

    for (gint o = 0; o < test->channels; o++)
      g_assert_cmpfloat_with_epsilon (found[i * test->channels + o],
          convolve_one (test, source + n * test->h * test->w * test->c,
              weights + o * test->size * test->size * test->c, bias[o], y,
              (gint) (i % step->out_w)),
          1e-5);
  }
}

static void
test_convolves (gconstpointer data)
{
  const Window *test = data;
  const GstSodOnednnStep step = new_step (test);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (5, 0);
  gsize taps = (gsize) (test->size * test->size * test->c);
  gsize n_out = (gsize) (step.n * step.out_h * step.out_w * test->channels);
  gfloat *weights = new_values (random, taps * (gsize) test->channels);
  gpointer memory[] = {
    new_values (random, (gsize) (test->n * test->h * test->w * test->c)),
    pack_weights (test, weights),
    new_values (random, (gsize) test->channels),
    new_values (random, n_out),
    NULL,
  };

  g_assert_true (gst_sod_onednn_kernel_conv_fits (&step));
  for (gint threads = 1; threads <= 3; threads++) {
    for (gsize i = 0; i < n_out; i++)
      ((gfloat *) memory[3])[i] = NAN;
    memory[4] = gst_sod_aligned_alloc (
        gst_sod_onednn_kernel_conv_scratch (&step, threads), NULL);
    gst_sod_onednn_kernel_conv (&step, memory, threads);
    gst_sod_aligned_free (memory[4]);
    check_convolution (test, &step, memory, weights);
  }
  for (guint i = 0; i < 4; i++)
    gst_sod_aligned_free (memory[i]);
  gst_sod_aligned_free (weights);
}

static void
test_refuses (void)
{
  static const Window misfits[] = {
    { 1, 9, 9, 8, 24, 3, 1, 1, 1, FALSE },   /* no whole blocks */
    { 1, 9, 9, 3, 16, 3, 1, 1, 1, FALSE },   /* nine samples a row */
    { 1, 9, 9, 12, 16, 3, 1, 2, 2, FALSE },  /* twelve */
    { 1, 40, 40, 8, 16, 3, 1, 7, 7, FALSE }, /* over more than a tile */
  };
  GstSodOnednnStep blocked =
      new_step (&(Window){ 1, 9, 9, 8, 16, 3, 1, 1, 1, FALSE });

  g_assert_true (gst_sod_onednn_kernel_conv_fits (&blocked));
  blocked.layout = GST_SOD_ONEDNN_NCHW8C;
  g_assert_false (gst_sod_onednn_kernel_conv_fits (&blocked));
  for (guint i = 0; i < G_N_ELEMENTS (misfits); i++) {
    GstSodOnednnStep step = new_step (&misfits[i]);

    g_assert_false (gst_sod_onednn_kernel_conv_fits (&step));
  }
}

static void
add_windows (void)
{
  static const Window windows[] = {
    { 1, 1, 1, 8, 16, 3, 1, 1, 1, FALSE },
    { 1, 2, 3, 16, 32, 3, 1, 2, 2, TRUE },
    { 2, 3, 5, 8, 16, 3, 1, 1, 1, TRUE },
    { 1, 4, 6, 8, 32, 3, 1, 4, 4, FALSE },
    { 1, 5, 7, 24, 16, 3, 1, 1, 1, TRUE },
    { 1, 6, 10, 16, 48, 3, 1, 2, 2, TRUE },
    { 3, 5, 12, 8, 16, 3, 1, 4, 4, FALSE },
    { 1, 12, 20, 32, 48, 3, 1, 4, 4, TRUE },
    { 2, 7, 29, 16, 32, 3, 1, 6, 6, FALSE },
    { 1, 4, 40, 32, 64, 3, 1, 2, 2, TRUE },
    { 1, 9, 23, 8, 16, 5, 1, 2, 4, FALSE },
    { 1, 8, 13, 16, 16, 1, 1, 1, 0, TRUE },
    { 1, 8, 26, 16, 16, 3, 1, 1, 0, FALSE },
    { 1, 16, 14, 3, 16, 7, 2, 1, 3, TRUE },
    { 2, 17, 63, 3, 32, 7, 2, 1, 3, FALSE },
    { 1, 16, 32, 6, 16, 7, 2, 1, 3, TRUE },
    { 1, 9, 9, 1, 16, 7, 1, 1, 3, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    const Window *test = &windows[i];
    g_autofree gchar *path = g_strdup_printf (
        "/kernels/conv/%dx%dx%dx%d-to-%d-kernel-%d-stride-%d-dilation-%d-"
        "padding-%d/is-the-sum",
        test->n, test->h, test->w, test->c, test->channels, test->size,
        test->stride, test->dilation, test->padding);

    g_test_add_data_func (path, test, test_convolves);
  }
  g_test_add_func ("/kernels/conv/refuses-what-it-cannot-do", test_refuses);
}

/* Weights may be finite and their map not. */
static void
test_map_of_no_numbers (void)
{
  static const Case test = { 1, 12, 20, 8, 3, 1, 2, FALSE };
  static const GstSodInputRule rule = { { 0 }, { 1, 1, 1 }, 0 };
  static const guint last_use[] = { 0, 1, 2, 3, G_MAXUINT };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 2);
  g_autoptr (GstSodGraph) graph = new_graph (&test);
  g_autoptr (GHashTable) weights = new_weights (&test, random);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (33, 21, NULL);
  g_autoptr (GstSodImage) picture = gst_sod_image_new_gray (21, 13, NULL);
  g_autoptr (GstSodTensor) before = NULL, after = NULL;
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodStream *stream;
  GstSodShape shape = { 3, { 3, 12, 20, 0 } };
  GstSodCompileRequest request = {
    .graph = graph,
    .weights = weights,
    .rule = &rule,
    .precision = GST_SOD_PRECISION_F32,
    .threads = 1,
    .input = gst_sod_shape_nchw (1, 3, 12, 20),
    .last_use = last_use,
  };
  gfloat *bias =
      gst_sod_tensor_get_data (g_hash_table_lookup (weights, "last.bias"));

  bias[0] = NAN;
  before = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  after = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  executable = gst_sod_backend_compile (
      gst_sod_backend_get ("onednn", NULL), &request, &error);
  g_assert_no_error (error);
  stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  stream->klass->preprocess (stream, picture, before, &error);
  stream->klass->execute (stream, &error);
  stream->klass->read_map (stream, 0, map, &error);
  stream->klass->preprocess (stream, picture, after, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 33 * 21; i++)
    g_assert_cmpuint (map->pixels[i], ==, 0);
  g_assert_cmpfloat (get_distance (before, after), ==, 0);
  gst_sod_stream_free (stream);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { 1, 1, 1, 8, 1, 1, 1, FALSE },
    { 2, 3, 5, 16, 3, 1, 2, FALSE },
    { 1, 9, 7, 24, 3, 1, 2, FALSE },
    { 3, 7, 8, 32, 3, 1, 3, FALSE },
    { 1, 11, 17, 32, 3, 2, 4, FALSE },
    { 1, 13, 19, 16, 5, 1, 1, FALSE },
    { 2, 8, 30, 8, 7, 1, 2, FALSE },
    { 1, 2, 70, 8, 3, 1, 2, FALSE },
    { 2, 7, 19, 16, 3, 1, 2, TRUE },
    { 1, 12, 40, 32, 3, 1, 2, TRUE },
    { 1, 2, 3, 24, 1, 1, 2, TRUE },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *test = &cases[i];
    g_autofree gchar *path = g_strdup_printf (
        "/kernels/%dx%dx%dx%d-kernel-%d-dilation-%d-scale-%d%s/agrees-with-ref",
        test->batch, test->channels, test->height, test->width, test->kernel,
        test->dilation, test->scale, test->pool ? "-pool" : "");

    g_test_add_data_func (path, test, test_agrees);
  }
  g_test_add_func ("/kernels/a-map-of-no-numbers-is-black-and-does-no-harm",
      test_map_of_no_numbers);
  add_windows ();
  return g_test_run ();
}
