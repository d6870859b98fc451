/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plans of the shipped architectures are made of. The program runs
 * once for each instruction set that ONEDNN_MAX_CPU_ISA can limit oneDNN to. */
#include <gst-sod/run/passes-private.h>

#include <string.h>

typedef struct
{
  const gchar *preset;
  guint frames;
  GstSodPrecision precision;
  gint batch;
} Case;

static GstSodNetwork *
new_network (const gchar *preset, guint frames)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (preset, frames, &error);
  GstSodNetwork *network;

  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, 1, &error);
  g_assert_no_error (error);
  return network;
}

static GstSodBackend *
get_backend (void)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *backend = gst_sod_backend_get ("onednn", &error);

  g_assert_no_error (error);
  return backend;
}

/* @share: as in GstSodCompileRequest. */
static GstSodExecutable *
compile (GstSodNetwork *network, GstSodMode mode, GstSodPrecision precision,
    gint batch, GstSodExecutable *share, GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  g_autofree guint *last_use = NULL;
  GstSodProgram program = { NULL, NULL };
  GstSodExecutable *executable;
  GstSodCompileRequest request = {
    .rule = gst_sod_network_get_input_rule (network),
    .mode = mode,
    .precision = precision,
    .threads = 2,
    .share = share,
    .input = gst_sod_shape_nchw (batch,
        gst_sod_architecture_get_input_channels (architecture),
        gst_sod_architecture_get_input_height (architecture),
        gst_sod_architecture_get_input_width (architecture)),
  };

  if (!gst_sod_prepare_inference (gst_sod_network_get_graph (network),
          gst_sod_network_get_weights (network), &program, error))
    return NULL;
  last_use = gst_sod_graph_last_uses (program.graph, NULL, 0);
  request.graph = program.graph;
  request.weights = program.weights;
  request.last_use = last_use;
  executable = gst_sod_backend_compile (get_backend (), &request, error);
  gst_sod_program_clear (&program);
  return executable;
}

static gboolean
has_precision (GstSodPrecision precision)
{
  GstSodBackend *backend = get_backend ();

  return backend->klass->check_precision (backend, precision, NULL);
}

/* The steps of a plan that infers. */
static GStrv
describe (const Case *test)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = new_network (test->preset, test->frames);
  g_autoptr (GstSodExecutable) executable = compile (
      network, GST_SOD_MODE_INFER, test->precision, test->batch, NULL, &error);

  g_assert_no_error (error);
  return executable->klass->describe (executable);
}

/* ---- the tests ---- */

static void
test_no_slow_steps (gconstpointer data)
{
  const Case *test = data;
  g_auto (GStrv) steps = NULL;

  if (!has_precision (test->precision)) {
    g_test_skip ("no bf16 in hardware, or ONEDNN_MAX_CPU_ISA forbids it");
    return;
  }
  steps = describe (test);
  g_assert_cmpuint (g_strv_length (steps), >, 10);
  for (guint i = 0; steps[i] != NULL; i++) {
    const gchar *impl = strchr (steps[i], ' ') + 1;

    if (g_str_has_prefix (impl, "ref"))
      g_test_message ("%s", steps[i]);
    g_assert_false (g_str_has_prefix (impl, "ref"));
  }
}

/* With AVX-512, and for the widths that it has tiles for with AVX2, all steps
 * are kernels of our own; for bf16 only without AMX. */
static gboolean
expects_kernels (const Case *test)
{
#if defined(__x86_64__) && !defined(__clang__)                                 \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const gchar *isa = g_getenv ("ONEDNN_MAX_CPU_ISA");
  gboolean limited = isa != NULL && !g_str_equal (isa, "DEFAULT");
  gboolean wide = __builtin_cpu_supports ("avx512bw")
                  && !(limited && g_str_equal (isa, "AVX2"));

  if (g_str_equal (test->preset, "reverse") || !__builtin_cpu_supports ("avx2"))
    return FALSE;
  if (test->precision == GST_SOD_PRECISION_BF16)
    return limited || !__builtin_cpu_supports ("amx-bf16");
  return wide || !g_str_equal (test->preset, "small");
#else
  return FALSE;
#endif
}

static void
test_all_steps_are_kernels (gconstpointer data)
{
  const Case *test = data;
  g_auto (GStrv) steps = NULL;

  if (!has_precision (test->precision) || !expects_kernels (test)) {
    g_test_skip (
        "on this CPU, or by this compiler, convolutions of this network in "
        "this precision are oneDNN's");
    return;
  }
  steps = describe (test);
  for (guint i = 0; steps[i] != NULL; i++) {
    g_test_message ("%s", steps[i]);
    g_assert_true (g_str_has_prefix (strchr (steps[i], ' ') + 1, "kernel:"));
  }
}

static void
test_weights_are_shared (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = new_network ("small", 1);
  g_autoptr (GstSodExecutable) one = compile (
      network, GST_SOD_MODE_INFER, GST_SOD_PRECISION_F32, 1, NULL, &error);
  g_autoptr (GstSodExecutable) two = NULL;

  g_assert_no_error (error);
  two = compile (
      network, GST_SOD_MODE_INFER, GST_SOD_PRECISION_F32, 2, one, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (one->weights_size, >, 0);
  g_assert_cmpuint (two->weights_size, <, one->weights_size * 3 / 2);
  g_assert_cmpuint (two->arena_size, >, one->arena_size);
}

static void
test_refuses_to_train_what_is_fused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = new_network ("small", 1);

  g_assert_null (compile (
      network, GST_SOD_MODE_TRAIN, GST_SOD_PRECISION_F32, 1, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
}

static void
test_names_what_is_missing (void)
{
  static const GstSodPrecision precisions[] = { GST_SOD_PRECISION_BF16,
    GST_SOD_PRECISION_F16, GST_SOD_PRECISION_INT8 };
  GstSodBackend *backend = get_backend ();

  g_assert_true (has_precision (backend->klass->best_precision (backend)));
  g_assert_true (has_precision (GST_SOD_PRECISION_F32));
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    g_autoptr (GError) error = NULL;

    if (backend->klass->check_precision (backend, precisions[i], &error)) {
      g_assert_cmpint (precisions[i], ==, GST_SOD_PRECISION_BF16);
      continue;
    }
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "precision=auto"));
    if (precisions[i] == GST_SOD_PRECISION_BF16)
      g_assert_nonnull (strstr (error->message, "avx512_core_bf16"));
  }
}

static void
test_streams_are_independent (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = new_network ("small", 1);
  g_autoptr (GstSodExecutable) executable = compile (
      network, GST_SOD_MODE_INFER, GST_SOD_PRECISION_F32, 1, NULL, &error);
  g_autoptr (GstSodImage) picture = gst_sod_image_new_gray (40, 30, NULL);
  g_autoptr (GstSodImage) first = gst_sod_image_new_gray (32, 20, NULL);
  g_autoptr (GstSodImage) again = gst_sod_image_new_gray (32, 20, NULL);
  GstSodStream *streams[2];

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    streams[i] = gst_sod_executable_open (executable, NULL);
  for (guint i = 0; i < 40 * 30; i++)
    picture->pixels[i] = (guint8) (i * 7);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    const GstSodStreamClass *klass = streams[i]->klass;

    klass->write_image (streams[i], 0, 0, picture, &error);
    g_assert_no_error (error);
    memset (picture->pixels, 0, 40 * 30);
  }
  for (guint i = 2; i-- > 0;)
    streams[i]->klass->execute (streams[i], &error);
  streams[0]->klass->read_map (streams[0], 0, first, &error);
  streams[0]->klass->execute (streams[0], &error);
  streams[0]->klass->read_map (streams[0], 0, again, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (first->pixels, 32 * 20, again->pixels, 32 * 20);
  streams[1]->klass->read_map (streams[1], 0, again, &error);
  g_assert_no_error (error);
  g_assert_cmpint (memcmp (first->pixels, again->pixels, 32 * 20), !=, 0);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    gst_sod_stream_free (streams[i]);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "base", 1, GST_SOD_PRECISION_F32, 1 },
    { "base", 1, GST_SOD_PRECISION_BF16, 1 },
    { "base", 1, GST_SOD_PRECISION_F32, 3 },
    { "base", 2, GST_SOD_PRECISION_F32, 1 },
    { "base", 2, GST_SOD_PRECISION_BF16, 1 },
    { "small", 1, GST_SOD_PRECISION_F32, 1 },
    { "small", 1, GST_SOD_PRECISION_BF16, 1 },
    { "paper", 1, GST_SOD_PRECISION_F32, 1 },
    { "paper", 1, GST_SOD_PRECISION_BF16, 1 },
    { "reverse", 1, GST_SOD_PRECISION_F32, 1 },
    { "reverse", 1, GST_SOD_PRECISION_BF16, 1 },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *test = &cases[i];
    g_autofree gchar *path = g_strdup_printf (
        "/plans/%s-%u-frames-%s-batch-%d/no-step-is-ref", test->preset,
        test->frames, gst_sod_precision_name (test->precision), test->batch);

    g_autofree gchar *kernels = g_strdup_printf (
        "/plans/%s-%u-frames-%s-batch-%d/all-steps-are-kernels", test->preset,
        test->frames, gst_sod_precision_name (test->precision), test->batch);

    g_test_add_data_func (path, test, test_no_slow_steps);
    g_test_add_data_func (kernels, test, test_all_steps_are_kernels);
  }
  g_test_add_func ("/plans/weights-are-shared", test_weights_are_shared);
  g_test_add_func ("/plans/training-of-what-is-fused-is-refused",
      test_refuses_to_train_what_is_fused);
  g_test_add_func (
      "/plans/a-missing-precision-is-named", test_names_what_is_missing);
  g_test_add_func (
      "/plans/streams-are-independent", test_streams_are_independent);
  return g_test_run ();
}
