/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each op of the network takes on a device, forward, at the network's own
 * shapes: a plan of it alone, queued many times; with the operations and the
 * bytes that it cannot do without, from which gpu-roofline.py works out how
 * long it had to take. Exit status 77 without the device. */
#include <gst-sod/run/passes-private.h>

#include <json-glib/json-glib.h>
#include <string.h>

#define PASSES 20
#define TURNS 9

static gchar *device;
static gchar *preset;
static gchar *output;
static gint batch = 16;

static const GOptionEntry entries[] = {
  { "device", 'd', 0, G_OPTION_ARG_STRING, &device, "cpu, cuda or cuda:N (cpu)",
      "NAME" },
  { "preset", 0, 0, G_OPTION_ARG_STRING, &preset, "architecture (base)",
      "NAME" },
  { "batch", 'b', 0, G_OPTION_ARG_INT, &batch, "samples at once (16)", "N" },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
      "where the rows go as JSON", "FILE" },
  { NULL },
};

/* A node of the network by itself. */
typedef struct
{
  GstSodGraph *graph;
  GstSodShape input, output;
  guint64 flops;
  gsize n_weights;
} Subject;

static void
subject_clear (Subject *self)
{
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Subject, subject_clear)

static void
count_weights (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  gsize *n = data, product = 1;

  for (guint i = 0; i < shape->n_dims; i++)
    product *= (gsize) shape->dims[i];
  *n += product;
}

/* What adds to something of another shape leaves that out: a plan has one
 * input. FALSE for what cannot do without. */
static gboolean
subject_init (Subject *self, const GstSodNode *node, const GstSodShape *shapes,
    GError **error)
{
  GstSodValue inputs[GST_SOD_MAX_INPUTS] = { 0 };
  GstSodOpAttrs attrs = node->attrs;
  guint n = node->n_inputs;
  g_autofree GstSodShape *inferred = NULL;

  if (attrs.sum) {
    attrs.sum = FALSE;
    n = 1;
  }
  for (guint i = 1; i < n; i++) {
    if (!gst_sod_shape_equal (
            &shapes[node->inputs[i]], &shapes[node->inputs[0]]))
      return FALSE;
  }
  self->graph = gst_sod_graph_new ();
  gst_sod_graph_add (self->graph, node->kind, node->name, &attrs, inputs, n);
  self->input = shapes[node->inputs[0]];
  inferred = gst_sod_graph_infer_shapes (self->graph, &self->input, error);
  if (inferred == NULL)
    return FALSE;
  self->output = inferred[self->graph->output];
  self->flops = gst_sod_graph_flops (self->graph, inferred);
  gst_sod_graph_foreach_param (
      self->graph, inferred, count_weights, &self->n_weights);
  return TRUE;
}

/* What makes two nodes the same to a benchmark. */
static gchar *
describe (const Subject *self)
{
  const GstSodNode *node = gst_sod_graph_node (self->graph, 0);
  g_autofree gchar *input = gst_sod_shape_to_string (&self->input);
  g_autoptr (GString) text = g_string_new (gst_sod_op_get (node->kind)->name);

  g_string_append_printf (text, " %s", input);
  if (node->attrs.channels > 0)
    g_string_append_printf (text, " to %d", node->attrs.channels);
  if (node->attrs.kernel > 0)
    g_string_append_printf (
        text, ", kernel %d, stride %d", node->attrs.kernel, node->attrs.stride);
  if (node->attrs.dilation > 1)
    g_string_append_printf (text, ", dilation %d", node->attrs.dilation);
  if (node->attrs.scale > 0)
    g_string_append_printf (text, ", times %d", node->attrs.scale);
  if (node->attrs.relu)
    g_string_append (text, ", relu");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* ---- time ---- */

static gboolean
write_noise (GstSodStream *stream, const GstSodShape *input, GError **error)
{
  GstSodShape sample = { 3,
    { input->dims[1], input->dims[2], input->dims[3] } };
  g_autoptr (GstSodTensor) noise =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &sample, error);
  gfloat *values;
  guint32 state = 1;

  if (noise == NULL)
    return FALSE;
  values = gst_sod_tensor_get_data (noise);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (noise); i++) {
    state = state * 1664525 + 1013904223;
    values[i] = (gfloat) (state >> 8) / (1 << 23) - 1;
  }
  for (gint i = 0; i < batch; i++) {
    if (!stream->klass->write_tensor (stream, (guint) i, 0, noise, error))
      return FALSE;
  }
  return TRUE;
}

static GstSodStream *
open_stream (const Subject *self, GHashTable *weights, GstSodNetwork *network,
    GstSodBackend *backend, GstSodPrecision precision, GError **error)
{
  g_autofree guint *last_use = gst_sod_graph_last_uses (self->graph, NULL, 0);
  GstSodCompileRequest request = {
    .graph = self->graph,
    .weights = weights,
    .rule = gst_sod_network_get_input_rule (network),
    .precision = precision,
    .threads = 1,
    .input = self->input,
    .last_use = last_use,
  };
  g_autoptr (GstSodExecutable) executable =
      gst_sod_backend_compile (backend, &request, error);
  g_autoptr (GstSodStream) stream =
      executable != NULL ? gst_sod_executable_open (executable, error) : NULL;

  if (stream == NULL || !write_noise (stream, &self->input, error))
    return NULL;
  return g_steal_pointer (&stream);
}

/* Until @n passes are done and the result can be read. */
static gboolean
run_queue (const Subject *self, GstSodStream *stream, guint n, gint64 *time,
    GError **error)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GstSodTensor) result = NULL;

  for (guint i = 0; i < n; i++) {
    if (!stream->klass->execute (stream, error))
      return FALSE;
  }
  result = stream->klass->read_value (stream, self->graph->output, error);
  *time = g_get_monotonic_time () - start;
  return result != NULL;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* Microseconds of a pass, the median: what each of many adds to one, so that
 * waiting and reading at the end count for nothing. */
static gboolean
measure (
    const Subject *self, GstSodStream *stream, gdouble *time, GError **error)
{
  gdouble times[TURNS];
  gint64 one, many;

  for (guint i = 0; i < TURNS + 1; i++) {
    if (!run_queue (self, stream, 1, &one, error)
        || !run_queue (self, stream, 1 + PASSES, &many, error))
      return FALSE;
    if (i > 0)
      times[i - 1] = (gdouble) (many - one) / PASSES;
  }
  qsort (times, TURNS, sizeof *times, compare);
  *time = times[TURNS / 2];
  return TRUE;
}

/* ---- report ---- */

/* Bytes that must be read and written, each once. */
static gsize
count_bytes (const Subject *self, GstSodPrecision precision)
{
  gsize n_input = 0, n_output = 0;
  gboolean half =
      precision == GST_SOD_PRECISION_F16 || precision == GST_SOD_PRECISION_BF16;

  gst_sod_shape_count (&self->input, &n_input);
  gst_sod_shape_count (&self->output, &n_output);
  return (n_input + n_output + self->n_weights) * (half ? 2 : 4);
}

static void
add_row (JsonBuilder *builder, const Subject *self, GstSodPrecision precision,
    gdouble time)
{
  g_autofree gchar *text = describe (self);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "op");
  json_builder_add_string_value (builder, text);
  json_builder_set_member_name (builder, "precision");
  json_builder_add_string_value (builder, gst_sod_precision_name (precision));
  json_builder_set_member_name (builder, "microseconds");
  json_builder_add_double_value (builder, time);
  json_builder_set_member_name (builder, "flops");
  json_builder_add_int_value (builder, (gint64) self->flops);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, (gint64) count_bytes (self, precision));
  json_builder_end_object (builder);
  g_print ("%9.2f us %8.1f GB/s %8.2f TFLOP/s  %-5s %s\n", time,
      (gdouble) count_bytes (self, precision) / time / 1e3,
      (gdouble) self->flops / time / 1e6, gst_sod_precision_name (precision),
      text);
}

static gboolean
write_rows (JsonBuilder *builder, GError **error)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree gchar *text = json_to_string (root, TRUE);

  return output == NULL || g_file_set_contents (output, text, -1, error);
}

/* ---- the whole ---- */

static gboolean
benchmark_subject (const Subject *self, GHashTable *weights,
    GstSodNetwork *network, GstSodBackend *backend, JsonBuilder *builder,
    GError **error)
{
  static const GstSodPrecision precisions[] = { GST_SOD_PRECISION_F32,
    GST_SOD_PRECISION_TF32, GST_SOD_PRECISION_F16, GST_SOD_PRECISION_BF16 };

  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    g_autoptr (GstSodStream) stream = NULL;
    gdouble time;

    if (!backend->klass->check_precision (backend, precisions[i], NULL))
      continue;
    stream =
        open_stream (self, weights, network, backend, precisions[i], error);
    if (stream == NULL || !measure (self, stream, &time, error))
      return FALSE;
    add_row (builder, self, precisions[i], time);
  }
  return TRUE;
}

/* Each different node of the network once. */
static gboolean
benchmark (GstSodNetwork *network, GstSodBackend *backend, JsonBuilder *builder,
    GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  GstSodShape input = gst_sod_shape_nchw (batch,
      gst_sod_architecture_get_input_channels (architecture),
      gst_sod_architecture_get_input_height (architecture),
      gst_sod_architecture_get_input_width (architecture));
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree GstSodShape *shapes = NULL;
  GstSodProgram program = { NULL, NULL };
  gboolean ok = gst_sod_prepare_inference (gst_sod_network_get_graph (network),
      gst_sod_network_get_weights (network), &program, error);

  shapes =
      ok ? gst_sod_graph_infer_shapes (program.graph, &input, error) : NULL;
  ok = shapes != NULL;
  for (guint i = 0; ok && i < program.graph->nodes->len; i++) {
    g_auto (Subject) subject = { NULL };
    gchar *text;

    if (!subject_init (
            &subject, gst_sod_graph_node (program.graph, i), shapes, error)) {
      ok = error == NULL || *error == NULL;
      continue;
    }
    text = describe (&subject);
    if (g_hash_table_add (seen, text))
      ok = benchmark_subject (
          &subject, program.weights, network, backend, builder, error);
  }
  gst_sod_program_clear (&program);
  return ok;
}

static gboolean
run (GstSodBackend *backend, GError **error)
{
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (
          preset != NULL ? preset : "base", 1, error);
  g_autoptr (GstSodNetwork) network =
      architecture != NULL ? gst_sod_network_new_random (architecture, 1, error)
                           : NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean ok;

  json_builder_begin_array (builder);
  ok = network != NULL && benchmark (network, backend, builder, error);
  json_builder_end_array (builder);
  return ok && write_rows (builder, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- time of each op of the network");
  g_autoptr (GError) error = NULL;
  GstSodBackend *backend;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || batch < 1) {
    g_printerr ("benchmark-ops: %s\n",
        error != NULL ? error->message : "--batch takes 1 or more");
    return 1;
  }
  backend = gst_sod_backend_for_device (
      device != NULL ? device : "cpu", NULL, &error);
  if (backend != NULL && run (backend, &error))
    return 0;
  g_printerr ("benchmark-ops: %s\n", error->message);
  return backend == NULL ? 77 : 1;
}
