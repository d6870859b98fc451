/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backends.h"
#include "evaluate.h"
#include "golden.h"

#include <math.h>

#include <gst-sod/run/passes-private.h>

/* f32 against another framework's f32. */
#define TOLERANCE 1e-4

/* bf16 keeps 8 bits of every value between layers; measured on the golden
 * frames with oneDNN 2.6: mean 0.0005, largest 0.022. */
#define BF16_MEAN 0.0015
#define BF16_MAX 0.06

/* f16 keeps 11 bits, and so do the products of tf32; measured on the twin of a
 * GPU: mean 0.00007, largest 0.0022. */
#define F16_MEAN 0.0002
#define F16_MAX 0.008

/* One code of 8 bits: the golden picture was rounded to whole codes after each
 * of its two passes, 0.5 each time at most; and its filter's weights had 22
 * bits behind the point, which adds 255 * 2^-23 for each of up to 4 taps a
 * pass. */
#define INPUT_CODES (1 + 8 * 255.0 / (1 << 23))

static const GstSodInputRule imagenet = {
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
  .frame_distance = 42000000,
};

/* @preset with @weights, compiled for @input, with every labelled value
 * readable if asked for. */
typedef struct
{
  GstSodArchitecture *architecture;
  GstSodProgram program;
  GstSodStream *stream;
} Model;

static void
model_clear (Model *self)
{
  gst_sod_stream_free (self->stream);
  gst_sod_program_clear (&self->program);
  gst_sod_architecture_unref (self->architecture);
}

static Model
model_open (GstSodBackend *backend, const gchar *preset, GHashTable *weights,
    GstSodPrecision precision, GstSodShape input, gboolean keep)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodGraph) graph = NULL;
  g_autoptr (GstSodExecutable) executable = NULL;
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (GstSodValue));
  g_autofree guint *last_use = NULL;
  Model self = { gst_sod_architecture_new_preset (preset, 1, NULL) };
  GstSodCompileRequest request = { .rule = &imagenet,
    .mode = GST_SOD_MODE_INFER,
    .precision = precision,
    .threads = 2 };

  graph = gst_sod_architecture_build (self.architecture);
  g_assert_true (
      gst_sod_prepare_inference (graph, weights, &self.program, &error));
  for (guint i = 0; keep && i < gst_sod_graph_n_values (self.program.graph);
       i++) {
    if (g_ptr_array_index (self.program.graph->labels, i) != NULL)
      g_array_append_val (values, i);
  }
  last_use = gst_sod_graph_last_uses (
      self.program.graph, (GstSodValue *) values->data, values->len);
  request.graph = self.program.graph;
  request.weights = self.program.weights;
  request.keep = (GstSodValue *) values->data;
  request.n_keep = values->len;
  request.last_use = last_use;
  request.input = input;
  executable = gst_sod_backend_compile (backend, &request, &error);
  g_assert_no_error (error);
  self.stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  return self;
}

static void
model_run (Model *self, const GstSodTensor *input)
{
  g_autoptr (GError) error = NULL;

  for (gint64 i = 0; i < gst_sod_tensor_get_dim (input, 0); i++) {
    g_autoptr (GstSodTensor) sample = golden_sample (input, i);

    self->stream->klass->write_tensor (
        self->stream, (guint) i, 0, sample, &error);
    g_assert_no_error (error);
  }
  self->stream->klass->execute (self->stream, &error);
  g_assert_no_error (error);
}

static GstSodTensor *
model_read (Model *self, const gchar *label)
{
  g_autoptr (GError) error = NULL;
  GstSodValue value = gst_sod_graph_find (self->program.graph, label);
  GstSodTensor *tensor;

  g_assert_cmpuint (value, !=, GST_SOD_NO_VALUE);
  tensor = self->stream->klass->read_value (self->stream, value, &error);
  g_assert_no_error (error);
  return tensor;
}

static void
assert_near (
    const gchar *name, const GstSodTensor *found, const GstSodTensor *expected)
{
  gdouble difference = test_max_difference (found, expected);

  g_test_message ("%s: largest difference %.2g of values to %.3g", name,
      difference, test_max_abs (expected));
  g_assert_cmpfloat (difference, <=, TOLERANCE);
}

/* The map that the executor's users see: rounded to 8 bits. */
static void
assert_read_map (Model *model, const GstSodTensor *map)
{
  gint64 h = gst_sod_tensor_get_dim (map, 2),
         w = gst_sod_tensor_get_dim (map, 3);
  const gfloat *expected = gst_sod_tensor_peek_data (map);

  for (gint64 i = 0; i < gst_sod_tensor_get_dim (map, 0); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodImage) image =
        gst_sod_image_new_gray ((gint) w, (gint) h, NULL);

    model->stream->klass->read_map (model->stream, (guint) i, image, &error);
    g_assert_no_error (error);
    for (gint y = 0; y < h; y++) {
      const guint8 *row = gst_sod_image_gray_row (image, y);

      for (gint x = 0; x < w; x++)
        g_assert_cmpfloat (
            fabs (row[x] / 255.0 - expected[(i * h + y) * w + x]), <=,
            0.5 / 255 + TOLERANCE);
    }
  }
}

static void
test_forward (gconstpointer backend)
{
  static const gchar *const labels[] = { "enc.0", "enc.2", "dec.0", "dec.2",
    "out" };
  g_autoptr (GHashTable) golden = golden_read ("golden_forward.safetensors");
  g_autoptr (GHashTable) weights = golden_read ("base.safetensors");
  g_autoptr (GstSodTensor) logits = NULL, map = NULL, stem = NULL, k7 = NULL;
  Model model;

  if (golden == NULL)
    return;
  model = model_open ((GstSodBackend *) backend, "base", weights,
      GST_SOD_PRECISION_F32, gst_sod_shape_nchw (4, 3, 192, 320), TRUE);
  model_run (&model, g_hash_table_lookup (golden, "input"));
  logits = model_read (&model, "logits");
  map = model_read (&model, "map");
  stem = model_read (&model, "stem");
  k7 = golden_channels (stem, 24, 8);
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    g_autoptr (GstSodTensor) found = model_read (&model, labels[i]);
    g_autofree gchar *name = g_strconcat ("act.", labels[i], NULL);

    assert_near (name, found, g_hash_table_lookup (golden, name));
  }
  assert_near ("act.stem.k7", k7, g_hash_table_lookup (golden, "act.stem.k7"));
  assert_near ("logits", logits, g_hash_table_lookup (golden, "logits"));
  assert_near ("map", map, g_hash_table_lookup (golden, "map"));
  assert_read_map (&model, g_hash_table_lookup (golden, "map"));
  model_clear (&model);
}

static void
test_reverse (gconstpointer backend)
{
  g_autoptr (GHashTable) golden = golden_read ("golden_reverse.safetensors");
  g_autoptr (GHashTable) weights = golden_read ("reverse_init.safetensors");
  g_autoptr (GstSodTensor) image = NULL;
  const GstSodTensor *map;
  Model model;

  if (golden == NULL || weights == NULL)
    return;
  map = g_hash_table_lookup (golden, "map");
  model = model_open ((GstSodBackend *) backend, "reverse", weights,
      GST_SOD_PRECISION_F32, *gst_sod_tensor_get_shape (map), FALSE);
  model_run (&model, map);
  image = model_read (&model, "image");
  assert_near (
      "output_eval", image, g_hash_table_lookup (golden, "output_eval"));
  model_clear (&model);
}

static void
check_near (GstSodBackend *backend, GstSodPrecision precision, gdouble mean,
    gdouble largest)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) golden = NULL, weights = NULL;
  g_autoptr (GstSodTensor) map = NULL;
  const gfloat *found, *expected;
  gdouble sum = 0, max = 0;
  gsize n;
  Model model;

  if (!backend->klass->check_precision (backend, precision, &error)) {
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "precision=auto"));
    g_test_skip (error->message);
    return;
  }
  golden = golden_read ("golden_forward.safetensors");
  weights = golden_read ("base.safetensors");
  if (golden == NULL)
    return;
  model = model_open (backend, "base", weights, precision,
      gst_sod_shape_nchw (4, 3, 192, 320), FALSE);
  model_run (&model, g_hash_table_lookup (golden, "input"));
  map = model_read (&model, "map");
  found = gst_sod_tensor_peek_data (map);
  expected = gst_sod_tensor_peek_data (g_hash_table_lookup (golden, "map"));
  n = gst_sod_tensor_get_n_elements (map);
  for (gsize i = 0; i < n; i++) {
    sum += fabs (found[i] - expected[i]);
    max = fmax (max, fabs (found[i] - expected[i]));
  }
  g_test_message ("map in %s: mean difference %.2g, largest %.2g",
      gst_sod_precision_name (precision), sum / n, max);
  g_assert_cmpfloat (sum / n, <=, mean);
  g_assert_cmpfloat (max, <=, largest);
  model_clear (&model);
}

static void
test_bf16 (gconstpointer backend)
{
  check_near (
      (GstSodBackend *) backend, GST_SOD_PRECISION_BF16, BF16_MEAN, BF16_MAX);
}

static void
test_f16 (gconstpointer backend)
{
  check_near (
      (GstSodBackend *) backend, GST_SOD_PRECISION_F16, F16_MEAN, F16_MAX);
}

static void
test_tf32 (gconstpointer backend)
{
  check_near (
      (GstSodBackend *) backend, GST_SOD_PRECISION_TF32, F16_MEAN, F16_MAX);
}

static void
test_input (gconstpointer backend)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) golden = golden_read ("golden_input.safetensors");
  g_autoptr (GHashTable) weights = golden_read ("base.safetensors");
  g_autoptr (GstSodImage) picture = golden_picture ("golden_input.png");
  g_autoptr (GstSodTensor) found = NULL, expected = NULL;
  const gfloat *a, *b;
  Model model;

  if (golden == NULL || picture == NULL)
    return;
  expected = golden_sample (g_hash_table_lookup (golden, "input"), 0);
  found = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (expected), NULL);
  model = model_open ((GstSodBackend *) backend, "base", weights,
      GST_SOD_PRECISION_F32, gst_sod_shape_nchw (1, 3, 192, 320), FALSE);
  model.stream->klass->preprocess (model.stream, picture, found, &error);
  g_assert_no_error (error);
  a = gst_sod_tensor_peek_data (found);
  b = gst_sod_tensor_peek_data (expected);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (found); i++) {
    gsize channel = i / (gst_sod_tensor_get_n_elements (found) / 3);

    g_assert_cmpfloat (
        fabs (a[i] - b[i]), <=, INPUT_CODES / (255 * imagenet.std[channel]));
  }
  g_test_message (
      "input: largest difference %.3g", test_max_difference (found, expected));
  model_clear (&model);
}

int
main (int argc, char **argv)
{
  static const BackendTest tests[] = {
    { "base-agrees-layer-by-layer", test_forward },
    { "base-in-bf16-is-near", test_bf16 },
    { "base-in-f16-is-near", test_f16 },
    { "base-in-tf32-is-near", test_tf32 },
    { "reverse-agrees", test_reverse },
    { "input-agrees", test_input },
  };

  g_test_init (&argc, &argv, NULL);
  test_add_for_backends ("golden", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
