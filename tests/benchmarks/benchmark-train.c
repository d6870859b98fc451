/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A training step: milliseconds an image of the whole trainer, batch in, loss
 * out, weights updated; on a GPU also of steps that bring the next batch
 * meanwhile, and of steps from a batch that is there; and on the CPU of both
 * passes, beside the sum of the plan's steps, each timed alone, and of the bare
 * primitives of oneDNN: convolutions, their gradients and batch norms. It
 * reports and never fails on a time. */
#if HAS_PROFILE
#include <gst-sod/backend/onednn/profile-private.h>
#endif
#include <gst-sod/run/passes-private.h>
#include <gst-sod/train/trainer-private.h>

#include <json-glib/json-glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#define WARM_UP 3

#define N_PRECISIONS 4

static gchar *preset;
static gchar *device_name;
static gchar *precision_name;
static gchar *size;
static gint batch = 8;
static gint frames = 1;
static gint threads = 2;
static gint rounds = 3;
static gint iterations = 10; /* a round */
static gboolean as_json;
static gboolean steps_too;

static const GOptionEntry entries[] = {
  { "preset", 0, 0, G_OPTION_ARG_STRING, &preset, "architecture (base)",
      "NAME" },
  { "device", 'd', 0, G_OPTION_ARG_STRING, &device_name,
      "cpu, cuda or cuda:N (cpu)", "NAME" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision_name,
      "f32 or bf16, on a GPU f16 or tf32 too (all that there are)", "NAME" },
  { "size", 0, 0, G_OPTION_ARG_STRING, &size,
      "of the input (the architecture's)", "WxH" },
  { "batch", 'b', 0, G_OPTION_ARG_INT, &batch, "images a step (8)", "N" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &frames, "of the input (1)", "N" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &threads, "threads (2)", "N" },
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &rounds,
      "times that each precision has its turn (3)", "N" },
  { "iterations", 'i', 0, G_OPTION_ARG_INT, &iterations, "steps of a turn (10)",
      "N" },
  { "steps", 's', 0, G_OPTION_ARG_NONE, &steps_too,
      "also list the steps of the plan", NULL },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "print JSON", NULL },
  { NULL },
};

/* Training in one precision. */
typedef struct
{
  GstSodPrecision precision;
  GstSodExecutable *executable;
  GstSodStream *stream;
  GHashTable *weights, *gradients;
  GstSodTensor *d_output;
  GstSodTrainer *trainer;
  GstSodTensor *input, *target;
  /* Milliseconds, the shortest. */
  gdouble forward, backward, whole, ahead, resident;
  GArray *wholes, *aheads, *residents; /* of gdouble: each */
  gdouble memory;                      /* MiB of activations and scratch */
  guint n_steps;
  gchar **steps;
  gint64 *step_times;  /* nanoseconds, the shortest */
  gint64 *place_times; /* likewise, of each in its place */
  gint64 *bare_times;  /* likewise, of the bare arithmetic of others */
} Subject;

/* Only oneDNN's plans tell the time of their steps. */
static gboolean is_profiled;

static gboolean
is_convolution (const gchar *step)
{
  return strstr (step, "kernel:conv") != NULL
         || (strstr (step, "kernel:") == NULL && strstr (step, "uni") == NULL
             && strstr (step, "simple") == NULL);
}

/* Of the steps in their places; milliseconds. */
static gdouble
get_sum_in_place (const Subject *self)
{
  gdouble sum = 0;

  for (guint i = 0; i < self->n_steps; i++)
    sum += (gdouble) self->place_times[i] / 1e6;
  return sum;
}

/* What the time of a step is held against. */
typedef enum
{
  STEPS, /* itself, alone */
  BARE,  /* oneDNN's primitive */
  BEST   /* the faster of oneDNN's convolution and our own */
} Measure;

/* Nanoseconds. A convolution that makes its source itself counts as the one
 * alone, but for no more than it takes. */
static gint64
get_time (const Subject *self, guint index, Measure measure)
{
  gint64 own = self->step_times[index], bare = self->bare_times[index];

  if (measure == STEPS)
    return own;
  if (strstr (self->steps[index], "to-one") != NULL)
    return MIN (bare, own);
  if (!is_convolution (self->steps[index]))
    return bare;
  /* A convolution that is oneDNN's own stands for itself. */
  if (bare == 0)
    return own;
  return measure == BEST ? MIN (bare, own) : bare;
}

/* Milliseconds. */
static gdouble
get_sum (const Subject *self, Measure measure)
{
  gdouble sum = 0;

  for (guint i = 0; i < self->n_steps; i++)
    sum += (gdouble) get_time (self, i, measure) / 1e6;
  return sum;
}

/* ---- the plan ---- */

static void
free_tensor (gpointer tensor)
{
  gst_sod_tensor_unref (tensor);
}

static GHashTable *
copy_table (GHashTable *table)
{
  GHashTable *copy =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_tensor);
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_hash_table_insert (copy, g_strdup (name),
        gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL));
  return copy;
}

static GstSodTensor *
new_noise (const GstSodShape *shape, GError **error)
{
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, error);
  gfloat *values;
  guint32 state = 1;

  if (tensor == NULL)
    return NULL;
  values = gst_sod_tensor_get_data (tensor);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++) {
    state = state * 1664525 + 1013904223;
    values[i] = (gfloat) (state >> 8) / (1 << 23) - 1;
  }
  return tensor;
}

static gboolean
write_input (Subject *self, const GstSodShape *input, GError **error)
{
  GstSodShape sample = { 3,
    { input->dims[1], input->dims[2], input->dims[3] } };
  g_autoptr (GstSodTensor) noise = new_noise (&sample, error);

  for (gint64 i = 0; noise != NULL && i < input->dims[0]; i++) {
    if (!self->stream->klass->write_tensor (
            self->stream, (guint) i, 0, noise, error))
      return FALSE;
  }
  return noise != NULL;
}

static GstSodGraph *
cut (const GstSodGraph *graph)
{
  GstSodValue logits = gst_sod_graph_find (graph, "logits");

  return gst_sod_graph_cut (graph, logits != GST_SOD_NO_VALUE
                                       ? logits
                                       : gst_sod_graph_find (graph, "image"));
}

/* ---- the trainer ---- */

static gboolean
init_trainer (Subject *self, GstSodNetwork *network, GstSodBackend *backend,
    const GstSodShape *input, GError **error)
{
  g_autoptr (GstSodGraph) graph = cut (gst_sod_network_get_graph (network));
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (graph, input, error);
  gfloat *values;

  if (shapes == NULL)
    return FALSE;
  self->trainer =
      gst_sod_trainer_new_on (network, backend, (guint) threads, error);
  self->input = new_noise (input, error);
  self->target = new_noise (&shapes[graph->output], error);
  if (self->trainer == NULL || self->input == NULL || self->target == NULL)
    return FALSE;
  g_object_set (self->trainer, "precision", self->precision, NULL);
  values = gst_sod_tensor_get_data (self->target);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (self->target); i++)
    values[i] = values[i] > 0;
  return TRUE;
}

/* What the precision fell back to, if it did, is not what was asked for. */
static gboolean
check_trainer (Subject *self, GError **error)
{
  const GstSodExecutable *executable =
      ((GstSodStream *) g_ptr_array_index (self->trainer->engine.streams, 0))
          ->executable;
  const gchar *reason = NULL;

  gst_sod_trainer_get_precision (self->trainer, &reason);
  if (reason != NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "precision %s: %s", gst_sod_precision_name (self->precision), reason);
    return FALSE;
  }
  self->memory =
      (gdouble) (executable->arena_size + executable->workspace_size) / 1048576;
  return TRUE;
}

/* As gst_sod_trainer_step (), the next batch coming to the device meanwhile. */
static gboolean
take_step_ahead (Subject *self, GError **error)
{
  GstSodLearnBatch both = { self->input, self->target, NULL };
  gdouble loss;

  return gst_sod_trainer_learn_batch (self->trainer, &both, &both, &loss, error)
         && gst_sod_trainer_update (self->trainer, error);
}

/* From the batch that lies on the device. */
static gboolean
take_resident_step (Subject *self, GError **error)
{
  GstSodStream *stream = g_ptr_array_index (self->trainer->engine.streams, 0);
  GstSodLearnCall call = {
    .loss = self->trainer->settings.loss.loss == GST_SOD_LOSS_L1_GRADIENT
                ? GST_SOD_LEARN_L1_GRADIENT
                : GST_SOD_LEARN_STRUCTURE,
    .options = self->trainer->settings.loss.options,
  };
  gdouble loss;

  if (!stream->klass->learn (stream, &call, &loss, error))
    return FALSE;
  self->trainer->n_passes++;
  return gst_sod_trainer_update (self->trainer, error);
}

static void
note (gdouble *shortest, GArray *times, gint64 start)
{
  gdouble time = (gdouble) (g_get_monotonic_time () - start) / 1000;

  *shortest = MIN (*shortest, time);
  g_array_append_val (times, time);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

static gdouble
get_median (GArray *times)
{
  g_array_sort (times, compare);
  return g_array_index (times, gdouble, times->len / 2);
}

/* @shortest: milliseconds; @times: each. */
static gboolean
time_steps (Subject *self, gboolean (*step) (Subject *, GError **),
    gdouble *shortest, GArray *times, GError **error)
{
  for (gint i = 0; i < WARM_UP + iterations; i++) {
    gint64 start = g_get_monotonic_time ();

    if (!step (self, error))
      return FALSE;
    if (i >= WARM_UP)
      note (shortest, times, start);
  }
  return TRUE;
}

static gboolean
take_step (Subject *self, GError **error)
{
  return gst_sod_trainer_step (
      self->trainer, self->input, self->target, NULL, error);
}

static gboolean
run_trainer (Subject *self, GError **error)
{
  if (!time_steps (self, take_step, &self->whole, self->wholes, error)
      || !check_trainer (self, error))
    return FALSE;
  return !gst_sod_trainer_looks_ahead (self->trainer)
         || (time_steps (
                 self, take_step_ahead, &self->ahead, self->aheads, error)
             && time_steps (self, take_resident_step, &self->resident,
                 self->residents, error));
}

/* ---- both passes ---- */

static gboolean
init_passes (Subject *self, GstSodNetwork *network, GstSodBackend *backend,
    GstSodPrecision precision, const GstSodShape *input, GError **error)
{
  g_autoptr (GstSodGraph) graph = cut (gst_sod_network_get_graph (network));
  GstSodCompileRequest request = {
    .graph = graph,
    .mode = GST_SOD_MODE_TRAIN,
    .precision = precision,
    .dtype = GST_SOD_DTYPE_F32,
    .input = *input,
    .threads = (guint) threads,
  };

  self->weights = copy_table (gst_sod_network_get_weights (network));
  self->gradients = copy_table (self->weights);
  request.weights = self->weights;
  self->executable = gst_sod_backend_compile (backend, &request, error);
  if (self->executable == NULL)
    return FALSE;
  self->stream = gst_sod_executable_open (self->executable, error);
  if (self->stream == NULL)
    return FALSE;
  self->steps = self->executable->klass->describe (self->executable);
  self->n_steps = g_strv_length (self->steps);
  self->step_times = g_new0 (gint64, self->n_steps);
  self->place_times = g_new0 (gint64, self->n_steps);
  self->bare_times = g_new0 (gint64, self->n_steps);
  for (guint i = 0; i < self->n_steps; i++)
    self->step_times[i] = self->place_times[i] = self->bare_times[i] =
        G_MAXINT64;
  self->d_output = new_noise (&self->executable->output, error);
  return self->d_output != NULL
         && self->stream->klass->bind (
             self->stream, self->weights, self->gradients, error)
         && write_input (self, input, error);
}

static gboolean
subject_init (Subject *self, GstSodNetwork *network, GstSodBackend *backend,
    GstSodPrecision precision, const GstSodShape *input, GError **error)
{
  self->precision = precision;
  self->forward = self->backward = G_MAXDOUBLE;
  self->whole = self->ahead = self->resident = G_MAXDOUBLE;
  self->wholes = g_array_new (FALSE, FALSE, sizeof (gdouble));
  self->aheads = g_array_new (FALSE, FALSE, sizeof (gdouble));
  self->residents = g_array_new (FALSE, FALSE, sizeof (gdouble));
  return init_trainer (self, network, backend, input, error)
         && (!is_profiled
             || init_passes (self, network, backend, precision, input, error));
}

static void
subject_clear (Subject *self)
{
  g_clear_object (&self->trainer);
  g_clear_pointer (&self->wholes, g_array_unref);
  g_clear_pointer (&self->aheads, g_array_unref);
  g_clear_pointer (&self->residents, g_array_unref);
  g_clear_pointer (&self->input, gst_sod_tensor_unref);
  g_clear_pointer (&self->target, gst_sod_tensor_unref);
  g_strfreev (self->steps);
  g_free (self->step_times);
  g_free (self->place_times);
  g_free (self->bare_times);
  g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  g_clear_pointer (&self->executable, gst_sod_executable_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
}

static gboolean
run_step (Subject *self, gboolean note, GError **error)
{
  const GstSodStreamClass *klass = self->stream->klass;
  gint64 start = g_get_monotonic_time (), middle, end;

  if (!klass->execute (self->stream, error))
    return FALSE;
  middle = g_get_monotonic_time ();
  if (!klass->backward (self->stream, self->d_output, NULL, error))
    return FALSE;
  end = g_get_monotonic_time ();
  if (!note)
    return TRUE;
  self->forward = MIN (self->forward, (gdouble) (middle - start) / 1000);
  self->backward = MIN (self->backward, (gdouble) (end - middle) / 1000);
  return TRUE;
}

/* The steps of the plan, each alone and in its place. */
static gboolean
profile (const Subject *self, gint64 *step_times, gint64 *place_times,
    gint64 *bare_times, GError **error)
{
#if HAS_PROFILE
  return gst_sod_onednn_train_profile (
             self->stream, (guint) iterations, step_times, place_times, error)
         && gst_sod_onednn_train_profile_bare (
             self->executable, (guint) iterations, bare_times, error);
#else
  g_assert_not_reached ();
#endif
}

static gboolean
run_round (Subject *self, GError **error)
{
  g_autofree gint64 *step_times = g_new0 (gint64, self->n_steps);
  g_autofree gint64 *place_times = g_new0 (gint64, self->n_steps);
  g_autofree gint64 *bare_times = g_new0 (gint64, self->n_steps);

  if (!run_trainer (self, error))
    return FALSE;
  for (gint i = 0; is_profiled && i < WARM_UP + iterations; i++) {
    if (!run_step (self, i >= WARM_UP, error))
      return FALSE;
  }
  if (!is_profiled)
    return TRUE;
  if (!profile (self, step_times, place_times, bare_times, error))
    return FALSE;
  for (guint i = 0; i < self->n_steps; i++) {
    self->step_times[i] = MIN (self->step_times[i], step_times[i]);
    self->place_times[i] = MIN (self->place_times[i], place_times[i]);
    self->bare_times[i] = MIN (self->bare_times[i], bare_times[i]);
  }
  return TRUE;
}

/* ---- report ---- */

static void
print_passes (const Subject *self)
{
  gdouble whole = self->forward + self->backward;

  g_print (" %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f %7.3f %9.3f %7.3f",
      whole / batch, self->forward / batch, self->backward / batch,
      get_sum_in_place (self) / batch, get_sum (self, STEPS) / batch,
      get_sum (self, BARE) / batch, whole / get_sum (self, BARE),
      get_sum (self, BEST) / batch, whole / get_sum (self, BEST));
}

static void
print_step (const Subject *self, guint index)
{
  g_print ("  %8.3f", (gdouble) self->step_times[index] / 1e6 / batch);
  if (is_profiled)
    g_print (" %8.3f %8.3f", (gdouble) self->place_times[index] / 1e6 / batch,
        (gdouble) self->bare_times[index] / 1e6 / batch);
  g_print ("  %s\n", self->steps[index]);
}

static void
print_table (Subject *subjects, guint n)
{
  g_print ("%-10s %9s %9s %9s", "precision", "trainer", "images/s", "MiB");
  if (is_profiled)
    g_print (" %9s %9s %9s %9s %9s %9s %7s %9s %7s", "step", "forward",
        "backward", "in place", "steps", "bare", "ratio", "best", "ratio");
  else
    g_print (" %9s %9s", "ahead", "resident");
  g_print ("\n");
  for (guint i = 0; i < n; i++) {
    Subject *self = &subjects[i];

    g_print ("%-10s %9.3f %9.1f %9.1f",
        gst_sod_precision_name (self->precision), self->whole / batch,
        1000 * batch / self->whole, self->memory);
    if (is_profiled)
      print_passes (self);
    else if (self->resident < G_MAXDOUBLE)
      g_print (" %9.3f %9.3f", self->ahead / batch, self->resident / batch);
    g_print ("\n");
    for (guint j = 0; steps_too && j < self->n_steps; j++)
      print_step (self, j);
  }
  g_print ("(milliseconds an image, the shortest; trainer: batch in, loss out, "
           "weights\n updated; ahead: likewise, the next batch coming to the "
           "device meanwhile;\n resident: from a batch that is there; MiB: "
           "activations and scratch of the batch)\n");
  if (is_profiled)
    g_print ("(step: both passes; in place: the sum of the plan's steps, each "
             "timed in its\n place; steps: likewise, each timed alone; bare: "
             "the sum of oneDNN's convolutions,\n gradients and batch norms; "
             "best: likewise, of our own convolutions where they are\n "
             "faster; ratio: step over that; of a step: alone, in place, and "
             "oneDNN's in the\n place of a kernel of our own)\n");
}

static void
add_number (JsonBuilder *builder, const gchar *name, gdouble value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

static void
build_subject (JsonBuilder *builder, Subject *self)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "precision");
  json_builder_add_string_value (
      builder, gst_sod_precision_name (self->precision));
  json_builder_set_member_name (builder, "device");
  json_builder_add_string_value (builder, device_name);
  add_number (builder, "batch", batch);
  add_number (builder, "trainer-ms", self->whole / batch);
  add_number (builder, "images-per-second", 1000 * batch / self->whole);
  add_number (builder, "memory-mib", self->memory);
  add_number (builder, "trainer-median-ms", get_median (self->wholes) / batch);
  if (self->resident < G_MAXDOUBLE) {
    add_number (builder, "ahead-ms", self->ahead / batch);
    add_number (builder, "ahead-median-ms", get_median (self->aheads) / batch);
    add_number (builder, "resident-ms", self->resident / batch);
    add_number (
        builder, "resident-median-ms", get_median (self->residents) / batch);
  }
  if (is_profiled) {
    add_number (builder, "forward-ms", self->forward / batch);
    add_number (builder, "backward-ms", self->backward / batch);
    add_number (builder, "in-place-ms", get_sum_in_place (self) / batch);
    add_number (builder, "steps-ms", get_sum (self, STEPS) / batch);
    add_number (builder, "bare-ms", get_sum (self, BARE) / batch);
    add_number (builder, "best-ms", get_sum (self, BEST) / batch);
  }
  json_builder_end_object (builder);
}

static void
print_json (Subject *subjects, guint n)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;

  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++)
    build_subject (builder, &subjects[i]);
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  g_print ("%s\n", text);
}

/* ---- the whole ---- */

/* The precisions asked for, or all that the back end has here. */
static guint
list_precisions (
    GstSodBackend *backend, GstSodPrecision *precisions, GError **error)
{
  static const GstSodPrecision all[N_PRECISIONS] = { GST_SOD_PRECISION_F32,
    GST_SOD_PRECISION_BF16, GST_SOD_PRECISION_F16, GST_SOD_PRECISION_TF32 };
  gboolean is_gpu = g_str_equal (backend->klass->device, "cuda");
  guint n = 0;

  for (guint i = 0; i < (is_gpu ? N_PRECISIONS : 2); i++) {
    const gchar *name = gst_sod_precision_name (all[i]);

    if (precision_name != NULL && !g_str_equal (name, precision_name))
      continue;
    if (backend->klass->check_precision (
            backend, all[i], precision_name != NULL ? error : NULL))
      precisions[n++] = all[i];
    else if (precision_name != NULL)
      return 0;
  }
  if (n == 0)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" is no precision of this benchmark; use f32 or bf16, on a GPU "
        "also f16 or tf32",
        precision_name);
  return n;
}

static gboolean
find_input (
    GstSodArchitecture *architecture, GstSodShape *input, GError **error)
{
  gint width = gst_sod_architecture_get_input_width (architecture);
  gint height = gst_sod_architecture_get_input_height (architecture);

  if (size != NULL && sscanf (size, "%dx%d", &width, &height) != 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" is no size; use WIDTHxHEIGHT", size);
    return FALSE;
  }
  *input = gst_sod_shape_nchw (batch,
      gst_sod_architecture_get_input_channels (architecture), height, width);
  return TRUE;
}

static gboolean
benchmark (GError **error)
{
  GstSodPrecision precisions[N_PRECISIONS];
  Subject subjects[N_PRECISIONS] = { { 0 } };
  GstSodBackend *backend =
      gst_sod_backend_for_device (device_name, NULL, error);
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset (
          preset != NULL ? preset : "base", (guint) frames, error);
  g_autoptr (GstSodNetwork) network = NULL;
  GstSodShape input;
  gboolean ok;
  guint n;

  if (backend == NULL || architecture == NULL
      || !find_input (architecture, &input, error))
    return FALSE;
  is_profiled = g_str_equal (backend->klass->name, "onednn");
  n = list_precisions (backend, precisions, error);
  network = n > 0 ? gst_sod_network_new_random (architecture, 1, error) : NULL;
  ok = network != NULL;
  for (guint i = 0; ok && i < n; i++)
    ok = subject_init (
        &subjects[i], network, backend, precisions[i], &input, error);
  for (gint round = 0; ok && round < rounds; round++) {
    for (guint i = 0; ok && i < n; i++)
      ok = run_round (&subjects[i], error);
  }
  if (ok && as_json)
    print_json (subjects, n);
  else if (ok)
    print_table (subjects, n);
  for (guint i = 0; i < n; i++)
    subject_clear (&subjects[i]);
  return ok;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- time of a training step");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error)) {
    if (device_name == NULL)
      device_name = g_strdup ("cpu");
    if (benchmark (&error))
      return 0;
  }
  g_printerr ("benchmark-train: %s\n", error->message);
  return 1;
}
