/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole trainer beside its bare step, in one run and in turns of a quarter
 * of a second, so that a machine that changes its speed changes it for both:
 * what reading, augmenting, loss, update and logging add to the passes of the
 * plan. `base` on pictures of a data set, all of them in the cache. It reports
 * and never fails on a time.
 *
 * Usage: benchmark-training [LAYOUT ROOT], by default DUTS-TR below $SOD_DATA.
 */
#include <gst-sod/gstsod.h>

#include <gst-sod/core/random.h>
#include <gst-sod/core/tensor-private.h>
#include <gst-sod/run/passes-private.h>

#define WARM_UP 3 /* steps, and turns, that do not count */
#define TURN 6    /* bare steps of a turn */

static gint batch = 8, threads = 2;
static gint samples = 512, epochs = 3;
static gchar *precision_name;

static const GOptionEntry entries[] = {
  { "batch", 'b', 0, G_OPTION_ARG_INT, &batch, "images a step (8)", "N" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &threads, "threads (2)", "N" },
  { "samples", 's', 0, G_OPTION_ARG_INT, &samples,
      "of an epoch, at whose end the network is judged (512)", "N" },
  { "epochs", 'e', 0, G_OPTION_ARG_INT, &epochs,
      "in all; the first one fills the cache (3)", "N" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision_name, "f32 or bf16",
      "NAME" },
  { NULL },
};

typedef struct
{
  GstSodSamples *samples;
  GstSodExecutable *executable;
  GstSodStream *stream;
  GstSodTensor *d_output;
  GArray *bare, *whole; /* of gdouble: milliseconds an image */
  GArray *ratios;       /* of gdouble: of a turn of both */
  gint64 time;          /* when the trainer was heard last, and at */
  guint64 step;         /* which step */
  guint n_turns;
  GError *error;
} Bench;

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

static gdouble
get_quantile (GArray *times, gdouble share)
{
  g_array_sort (times, compare);
  return g_array_index (times, gdouble, (guint) (share * (times->len - 1)));
}

/* ---- the bare step ---- */

static GHashTable *
copy_table (GHashTable *table)
{
  GHashTable *copy = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_hash_table_insert (copy, g_strdup (name),
        gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL));
  return copy;
}

/* Noise: of zeros, which nothing has to be switched for, a processor at the
 * limit of its power makes a step in a tenth less time. */
static void
fill (GstSodTensor *tensor, GstSodRandom *random, gdouble scale)
{
  gfloat *values = gst_sod_tensor_get_data (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);

  for (gsize i = 0; i < n; i++)
    values[i] = (gfloat) (scale * gst_sod_random_normal (random));
}

/* (transfer full): the output's gradient. */
static GstSodTensor *
fill_stream (GstSodStream *stream, GError **error)
{
  const GstSodExecutable *executable = stream->executable;
  const gint64 *dims = executable->input.dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 1);
  g_autoptr (GstSodTensor) sample =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
  g_autoptr (GstSodTensor) d_output =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &executable->output, error);

  if (sample == NULL || d_output == NULL)
    return NULL;
  for (guint i = 0; i < (guint) dims[0]; i++) {
    fill (sample, random, 1);
    if (!stream->klass->write_tensor (stream, i, 0, sample, error))
      return NULL;
  }
  fill (d_output, random,
      1.0 / (gdouble) gst_sod_tensor_get_n_elements (d_output));
  return g_steal_pointer (&d_output);
}

/* Milliseconds an image, the median. */
static gboolean
time_steps (Bench *self, guint n, gdouble *median, GError **error)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gdouble));

  for (guint i = 0; i < n; i++) {
    gint64 start = g_get_monotonic_time ();
    gdouble time;

    if (!self->stream->klass->execute (self->stream, error)
        || !self->stream->klass->backward (
            self->stream, self->d_output, NULL, error))
      return FALSE;
    time = (gdouble) (g_get_monotonic_time () - start) / 1000 / batch;
    g_array_append_val (times, time);
  }
  *median = get_quantile (times, 0.5);
  return TRUE;
}

static gboolean
open_bare (Bench *self, GstSodPrecision precision, GHashTable *weights,
    GHashTable *gradients, GstSodNetwork *network, GError **error)
{
  GstSodBackend *backend = gst_sod_backend_for_device ("cpu", NULL, error);
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  const GstSodGraph *whole = gst_sod_network_get_graph (network);
  g_autoptr (GstSodGraph) graph =
      gst_sod_graph_cut (whole, gst_sod_graph_find (whole, "logits"));
  GstSodCompileRequest request = {
    .graph = graph,
    .mode = GST_SOD_MODE_TRAIN,
    .precision = precision,
    .dtype = GST_SOD_DTYPE_F32,
    .input = gst_sod_shape_nchw (batch, 3,
        gst_sod_architecture_get_input_height (architecture),
        gst_sod_architecture_get_input_width (architecture)),
    .threads = (guint) threads,
    .weights = weights,
  };
  gdouble ignored;

  self->executable = gst_sod_backend_compile (backend, &request, error);
  if (self->executable == NULL)
    return FALSE;
  self->stream = gst_sod_executable_open (self->executable, error);
  if (self->stream == NULL)
    return FALSE;
  self->d_output = fill_stream (self->stream, error);
  return self->d_output != NULL
         && self->stream->klass->bind (self->stream, weights, gradients, error)
         && time_steps (self, WARM_UP, &ignored, error);
}

/* ---- the trainer ---- */

/* A turn of the trainer is over, @whole milliseconds an image: now one of the
 * bare step, whose first steps find other things in the caches. */
static void
take_turn (Bench *self, gdouble whole)
{
  gdouble bare, ratio;

  if (self->error != NULL || !time_steps (self, TURN / 3, &bare, &self->error)
      || !time_steps (self, TURN, &bare, &self->error))
    return;
  if (self->n_turns++ < WARM_UP)
    return;
  ratio = whole / bare;
  g_array_append_val (self->whole, whole);
  g_array_append_val (self->bare, bare);
  g_array_append_val (self->ratios, ratio);
}

/* Steps of the first epoch read their pictures from the disk. */
static void
note_progress (GstSodTraining *training, const gchar *line, gpointer data)
{
  Bench *self = data;
  g_autoptr (GstSodTrainingProgress) progress =
      gst_sod_training_progress_new_from_json (line, NULL);
  guint64 first = (guint64) (samples / batch);
  guint64 step = gst_sod_training_progress_get_step (progress);

  if (self->step >= first && step > self->step)
    take_turn (self, (gdouble) (g_get_monotonic_time () - self->time) / 1000
                         / batch / (gdouble) (step - self->step));
  self->step = step;
  self->time = g_get_monotonic_time ();
}

static gboolean
run_training (Bench *self, GError **error)
{
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new ("effective", error);
  g_autofree gchar *text =
      g_strdup_printf ("[run]\nlast-phase=1\nthreads=%d\nprecision=%s\n"
                       "[data]\nbatch-size=%d\nsmall-share=0\ncache-size=4096\n"
                       "[base]\narchitecture=base\nepochs=%d\n",
          threads, precision_name, batch, epochs);
  g_autoptr (GstSodTraining) training = NULL;

  if (!gst_sod_training_settings_load_string (
          settings, "benchmark", text, error))
    return FALSE;
  training = gst_sod_training_new (settings, error);
  if (training == NULL
      || !gst_sod_training_add_node (
          training, "node", self->samples, NULL, NULL, error))
    return FALSE;
  self->step = 0;
  g_signal_connect (training, "progress", G_CALLBACK (note_progress), self);
  return gst_sod_training_run (training, NULL, error);
}

/* ---- the whole ---- */

static GstSodSamples *
open_samples (int argc, char **argv, GError **error)
{
  const gchar *data = g_getenv ("SOD_DATA");
  GstSodDatasetLayout layout = GST_SOD_DATASET_LAYOUT_DUTS;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autofree guint *chosen = NULL;
  guint n;

  if (argc > 2 && !gst_sod_dataset_layout_from_name (argv[1], &layout, error))
    return NULL;
  dataset = gst_sod_dataset_open (layout,
      argc > 2       ? argv[2]
      : data != NULL ? data
                     : "../shared/data",
      NULL, GST_SOD_DATASET_FLAG_NONE, error);
  if (dataset == NULL)
    return NULL;
  n = gst_sod_dataset_get_n_items (dataset);
  samples = MIN (samples, (gint) n);
  chosen = g_new (guint, samples);
  for (guint i = 0; i < (guint) samples; i++)
    chosen[i] = (guint) ((guint64) i * n / (guint64) samples);
  return gst_sod_samples_new_selection (
      GST_SOD_SAMPLES (dataset), chosen, (guint) samples);
}

static void
report (Bench *self)
{
  if (self->ratios->len == 0) {
    g_print ("the trainer was not heard often enough; use more --epochs\n");
    return;
  }
  g_print (
      "%s, batch %d, %d threads, %u turns, ms an image, median (shortest)\n"
      "bare step %.3f (%.3f), whole trainer %.3f (%.3f)\n"
      "ratio of a turn: median %.3f, quartiles %.3f and %.3f\n",
      precision_name, batch, threads, self->ratios->len,
      get_quantile (self->bare, 0.5), get_quantile (self->bare, 0),
      get_quantile (self->whole, 0.5), get_quantile (self->whole, 0),
      get_quantile (self->ratios, 0.5), get_quantile (self->ratios, 0.25),
      get_quantile (self->ratios, 0.75));
}

static gboolean
benchmark (Bench *self, GError **error)
{
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset ("base", 1, error);
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_random (architecture, 1, error);
  g_autoptr (GHashTable) weights =
      copy_table (gst_sod_network_get_weights (network));
  g_autoptr (GHashTable) gradients = copy_table (weights);
  GstSodPrecision precision = g_str_equal (precision_name, "bf16")
                                  ? GST_SOD_PRECISION_BF16
                                  : GST_SOD_PRECISION_F32;
  gboolean ok = open_bare (self, precision, weights, gradients, network, error)
                && run_training (self, error);

  if (ok && self->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    ok = FALSE;
  }
  if (ok)
    report (self);
  g_clear_error (&self->error);
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  g_clear_pointer (&self->executable, gst_sod_executable_unref);
  g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- the trainer beside its bare step");
  g_autoptr (GError) error = NULL;
  Bench bench = { NULL };
  gboolean ok;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("benchmark-training: %s\n", error->message);
    return 1;
  }
  if (precision_name == NULL)
    precision_name = g_strdup ("f32");
  bench.samples = open_samples (argc, argv, &error);
  if (bench.samples == NULL) {
    g_printerr ("no footage: %s\n", error->message);
    return 77;
  }
  bench.bare = g_array_new (FALSE, FALSE, sizeof (gdouble));
  bench.whole = g_array_new (FALSE, FALSE, sizeof (gdouble));
  bench.ratios = g_array_new (FALSE, FALSE, sizeof (gdouble));
  ok = benchmark (&bench, &error);
  if (!ok)
    g_printerr ("benchmark-training: %s\n", error->message);
  g_array_unref (bench.bare);
  g_array_unref (bench.whole);
  g_array_unref (bench.ratios);
  g_object_unref (bench.samples);
  return ok ? 0 : 1;
}
