/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Latency of a frame, or of a batch of them: the network, on the CPU beside
 * the sum of its bare steps, each timed alone, and what comes before and after
 * it; and what one of many costs that are queued one behind the other. It
 * reports and never fails on a time. */
#include "tests/allocations.h"

#if HAS_PROFILE
#include <gst-sod/backend/onednn/profile-private.h>
#endif
#include <gst-sod/run/passes-private.h>

#include <json-glib/json-glib.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_PRECISIONS 4
#define WARM_UP 20
#define QUEUES 10 /* a round */

static gchar *model;
static gchar *preset;
static gchar *precision_name;
static gchar *frame_size;
static gchar *device;
static gint batch = 1;
static gint threads = 2;
static gint rounds = 5;
static gint iterations = 100; /* a round */
static gboolean as_json;
static gboolean steps_too;
static gboolean bare_too;

static const GOptionEntry entries[] = {
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model,
      "model file (the default one)", "FILE" },
  { "preset", 0, 0, G_OPTION_ARG_STRING, &preset,
      "random weights of this architecture instead of a model", "NAME" },
  { "device", 'd', 0, G_OPTION_ARG_STRING, &device, "cpu, cuda or cuda:N (cpu)",
      "NAME" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision_name,
      "f32, tf32, f16 or bf16 (all that the device has)", "NAME" },
  { "batch", 'b', 0, G_OPTION_ARG_INT, &batch, "frames at once (1)", "N" },
  { "frame", 'f', 0, G_OPTION_ARG_STRING, &frame_size,
      "size of the NV12 frames and of the maps (640x360)", "WxH" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &threads, "threads (2)", "N" },
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &rounds,
      "times that each precision has its turn (5)", "N" },
  { "iterations", 'i', 0, G_OPTION_ARG_INT, &iterations,
      "frames of a turn (100)", "N" },
  { "steps", 's', 0, G_OPTION_ARG_NONE, &steps_too,
      "also list the steps of the plan", NULL },
  { "bare", 0, 0, G_OPTION_ARG_NONE, &bare_too,
      "on the CPU also with oneDNN's convolutions instead of our own", NULL },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "print JSON", NULL },
  { NULL },
};

enum
{
  READ,
  NETWORK,
  WRITE,
  INFERENCE, /* network and postprocess: until the map can be read */
  QUEUED,    /* the network, one of many behind each other */
  N_SERIES
};

static const gchar *const series_names[N_SERIES] = { "preprocess", "network",
  "postprocess", "inference", "queued" };

/* The network in one precision. */
typedef struct
{
  GstSodPrecision precision;
  gboolean bare; /* convolutions are oneDNN's */
  GstSodExecutable *executable;
  GstSodStream *stream;
  GArray *series[N_SERIES]; /* of gdouble: microseconds */
  guint n_steps;
  gchar **steps;
  gint64 *alone, *in_place; /* nanoseconds of a step, the shortest */
  Allocations allocations;
  gint n_counted; /* frames */
} Subject;

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

/* Whether the back end told its steps' times. */
static gboolean
is_profiled (const Subject *self)
{
  return self->n_steps > 0 && self->alone[0] != G_MAXINT64;
}

/* Of the steps' times, microseconds; NAN where they are not known. */
static gdouble
get_sum (const Subject *self, const gint64 *times)
{
  gdouble sum = is_profiled (self) ? 0 : NAN;

  for (guint i = 0; i < self->n_steps; i++)
    sum += (gdouble) times[i] / 1000;
  return sum;
}

/* Activations, scratch and weights; MiB. */
static gdouble
get_memory (const Subject *self)
{
  const GstSodExecutable *executable = self->executable;

  return (gdouble) (executable->arena_size + executable->workspace_size
                    + executable->weights_size)
         / 1048576;
}

/* ---- the network ---- */

static GstSodNetwork *
open_network (GError **error)
{
  g_autofree gchar *path = NULL;
  GstSodArchitecture *architecture;
  GstSodNetwork *network;

  if (preset == NULL) {
    path =
        model != NULL ? g_strdup (model) : gst_sod_network_find_default (error);
    return path != NULL ? gst_sod_network_new_from_file (path, error) : NULL;
  }
  architecture = gst_sod_architecture_new_preset (preset, 1, error);
  if (architecture == NULL)
    return NULL;
  network = gst_sod_network_new_random (architecture, 1, error);
  gst_sod_architecture_unref (architecture);
  return network;
}

/* Whether there are plans with oneDNN's convolutions and others. */
static gboolean
has_bare (GstSodBackend *backend)
{
  return HAS_PROFILE && g_str_equal (backend->klass->name, "onednn");
}

static GstSodExecutable *
compile (GstSodBackend *backend, const GstSodCompileRequest *request,
    gboolean bare, GError **error)
{
#if HAS_PROFILE
  if (bare)
    return gst_sod_onednn_compile_bare (backend, request, error);
#endif
  return gst_sod_backend_compile (backend, request, error);
}

static gboolean
subject_init (Subject *self, GstSodNetwork *network, GstSodBackend *backend,
    GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  g_autofree guint *last_use = NULL;
  GstSodProgram program = { NULL, NULL };
  GstSodCompileRequest request = {
    .rule = gst_sod_network_get_input_rule (network),
    .precision = self->precision,
    .threads = (guint) threads,
    .input = gst_sod_shape_nchw (batch,
        gst_sod_architecture_get_input_channels (architecture),
        gst_sod_architecture_get_input_height (architecture),
        gst_sod_architecture_get_input_width (architecture)),
  };

  if (!gst_sod_prepare_inference (gst_sod_network_get_graph (network),
          gst_sod_network_get_weights (network), &program, error))
    return FALSE;
  last_use = gst_sod_graph_last_uses (program.graph, NULL, 0);
  request.graph = program.graph;
  request.weights = program.weights;
  request.last_use = last_use;
  self->executable = compile (backend, &request, self->bare, error);
  gst_sod_program_clear (&program);
  if (self->executable == NULL)
    return FALSE;
  self->stream = gst_sod_executable_open (self->executable, error);
  if (self->stream == NULL)
    return FALSE;
  self->steps = self->executable->klass->describe (self->executable);
  self->n_steps = g_strv_length (self->steps);
  self->alone = g_new0 (gint64, self->n_steps);
  self->in_place = g_new0 (gint64, self->n_steps);
  for (guint i = 0; i < self->n_steps; i++)
    self->alone[i] = self->in_place[i] = G_MAXINT64;
  for (guint i = 0; i < N_SERIES; i++)
    self->series[i] = g_array_new (FALSE, FALSE, sizeof (gdouble));
  return TRUE;
}

static void
subject_clear (Subject *self)
{
  for (guint i = 0; i < N_SERIES; i++)
    g_clear_pointer (&self->series[i], g_array_unref);
  g_strfreev (self->steps);
  g_free (self->alone);
  g_free (self->in_place);
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  g_clear_pointer (&self->executable, gst_sod_executable_unref);
}

/* ---- frames ---- */

/* NV12 of noise, BT.709 limited range. */
static GstSodImage *
new_frame (gint width, gint height)
{
  static const gfloat matrix[3][4] = {
    { 1.164384f / 255, 0, 1.792741f / 255, -0.972945f },
    { 1.164384f / 255, -0.213249f / 255, -0.532909f / 255, 0.301483f },
    { 1.164384f / 255, 2.112402f / 255, 0, -1.133402f },
  };
  GstSodImage *self = gst_sod_image_new_borrowed ();
  gsize luma = (gsize) width * height;
  gint half_w = (width + 1) / 2, half_h = (height + 1) / 2;
  guint32 state = 1;

  self->pixels = g_malloc (luma + 2 * (gsize) half_w * half_h);
  for (gsize i = 0; i < luma + 2 * (gsize) half_w * half_h; i++) {
    state = state * 1664525 + 1013904223;
    self->pixels[i] = (guint8) (state >> 24);
  }
  self->width = width;
  self->height = height;
  self->n_components = 3;
  gst_sod_image_set_component (self, 0, self->pixels, width, 1, width, height);
  for (guint i = 0; i < 2; i++)
    gst_sod_image_set_component (
        self, 1 + i, self->pixels + luma + i, 2 * half_w, 2, half_w, half_h);
  memcpy (self->matrix, matrix, sizeof (matrix));
  return self;
}

static void
note (Subject *self, guint series, gint64 start, gint64 end)
{
  gdouble time = (gdouble) (end - start);

  g_array_append_val (self->series[series], time);
}

static gboolean
read_maps (Subject *self, GstSodImage *map, GError **error)
{
  for (gint i = 0; i < batch; i++) {
    if (!self->stream->klass->read_map (self->stream, (guint) i, map, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run_frame (Subject *self, const GstSodImage *frame, GstSodImage *map,
    gboolean noted, GError **error)
{
  const GstSodStreamClass *klass = self->stream->klass;
  gint64 begin = g_get_monotonic_time (), written, executed, end;

  for (gint i = 0; i < batch; i++) {
    if (!klass->write_image (self->stream, (guint) i, 0, frame, error))
      return FALSE;
  }
  written = g_get_monotonic_time ();
  if (!klass->execute (self->stream, error))
    return FALSE;
  executed = g_get_monotonic_time ();
  if (!read_maps (self, map, error))
    return FALSE;
  end = g_get_monotonic_time ();
  if (noted) {
    note (self, READ, begin, written);
    note (self, NETWORK, written, executed);
    note (self, WRITE, executed, end);
    note (self, INFERENCE, written, end);
  }
  return TRUE;
}

/* Microseconds until @n passes are done and the maps can be read. */
static gboolean
run_queue (
    Subject *self, gint n, GstSodImage *map, gint64 *time, GError **error)
{
  gint64 start = g_get_monotonic_time ();

  for (gint i = 0; i < n; i++) {
    if (!self->stream->klass->execute (self->stream, error))
      return FALSE;
  }
  if (!read_maps (self, map, error))
    return FALSE;
  *time = g_get_monotonic_time () - start;
  return TRUE;
}

/* What each of the passes adds that come after the first: the wait and the
 * maps at the end cost both queues the same. */
static gboolean
measure_queue (Subject *self, GstSodImage *map, GError **error)
{
  for (gint i = 0; i < QUEUES; i++) {
    gint64 one, many;
    gdouble each;

    if (!run_queue (self, 1, map, &one, error)
        || !run_queue (self, 1 + iterations / QUEUES, map, &many, error))
      return FALSE;
    each = (gdouble) (many - one) / (iterations / QUEUES);
    g_array_append_val (self->series[QUEUED], each);
  }
  return TRUE;
}

/* The steps of the plan, each alone and each in its place; only oneDNN's plans
 * tell their times. */
static gboolean
profile (Subject *self, GError **error)
{
#if HAS_PROFILE
  g_autofree gint64 *alone = g_new0 (gint64, self->n_steps);
  g_autofree gint64 *in_place = g_new0 (gint64, self->n_steps);

  if (!g_str_equal (self->executable->backend->klass->name, "onednn"))
    return TRUE;
  if (!gst_sod_onednn_stream_profile (
          self->stream, (guint) iterations, alone, in_place, error))
    return FALSE;
  for (guint i = 0; i < self->n_steps; i++) {
    self->alone[i] = MIN (self->alone[i], alone[i]);
    self->in_place[i] = MIN (self->in_place[i], in_place[i]);
  }
#endif
  return TRUE;
}

static gboolean
run_round (
    Subject *self, const GstSodImage *frame, GstSodImage *map, GError **error)
{
  Allocations allocations;

  for (gint i = 0; i < WARM_UP; i++) {
    if (!run_frame (self, frame, map, FALSE, error))
      return FALSE;
  }
  for (gint i = 0; i < iterations; i++) {
    if (!run_frame (self, frame, map, TRUE, error))
      return FALSE;
  }
  if (!measure_queue (self, map, error))
    return FALSE;
  allocations_start ();
  for (gint i = 0; i < WARM_UP; i++) {
    if (!run_frame (self, frame, map, FALSE, error))
      return FALSE;
  }
  allocations = allocations_stop ();
  self->allocations.own += allocations.own;
  self->allocations.vendor += allocations.vendor;
  self->n_counted += WARM_UP;
  return profile (self, error);
}

/* ---- report ---- */

static const gchar *
get_name (const Subject *self)
{
  if (!self->bare)
    return gst_sod_precision_name (self->precision);
  return self->precision == GST_SOD_PRECISION_F32 ? "bare f32" : "bare bf16";
}

static void
print_table (Subject *subjects, guint n)
{
  g_print ("%-9s %9s %9s %8s %6s %8s %6s %8s %8s %9s %9s %11s\n", "precision",
      "min ms", "median ms", "alone ms", "ratio", "in place", "ratio", "pre ms",
      "post ms", "infer ms", "queued ms", "allocations");
  for (guint i = 0; i < n; i++) {
    Subject *self = &subjects[i];
    gdouble shortest = get_quantile (self->series[NETWORK], 0);

    gdouble alone = get_sum (self, self->alone);
    gdouble in_place = get_sum (self, self->in_place);

    g_print ("%-9s %9.3f %9.3f %8.3f %6.3f %8.3f %6.3f %8.3f %8.3f %9.3f %9.3f "
             "%7d+%d\n",
        get_name (self), shortest / 1000,
        get_quantile (self->series[NETWORK], 0.5) / 1000, alone / 1000,
        shortest / alone, in_place / 1000, shortest / in_place,
        get_quantile (self->series[READ], 0) / 1000,
        get_quantile (self->series[WRITE], 0) / 1000,
        get_quantile (self->series[INFERENCE], 0.5) / 1000,
        get_quantile (self->series[QUEUED], 0.5) / 1000,
        self->allocations.own / self->n_counted,
        self->allocations.vendor / self->n_counted);
    for (guint j = 0; steps_too && j < self->n_steps; j++)
      g_print ("  %8.3f %8.3f  %s\n",
          is_profiled (self) ? (gdouble) self->alone[j] / 1e6 : NAN,
          is_profiled (self) ? (gdouble) self->in_place[j] / 1e6 : NAN,
          self->steps[j]);
  }
  g_print (
      "(%d frames at once; alone, in place: the sums of the plan's steps, "
      "each timed\n alone, with all that it needs in the cache, and in its "
      "place in the chain;\n ratio: min over the sum; infer: median until "
      "the maps can be read; queued:\n median of a pass with others before "
      "and behind it; allocations of a frame:\n ours + those inside "
      "oneDNN)\n",
      batch);
}

static void
build_subject (JsonBuilder *builder, Subject *self)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "device");
  json_builder_add_string_value (
      builder, self->executable->backend->klass->device);
  json_builder_set_member_name (builder, "batch");
  json_builder_add_int_value (builder, batch);
  json_builder_set_member_name (builder, "precision");
  json_builder_add_string_value (
      builder, gst_sod_precision_name (self->precision));
  json_builder_set_member_name (builder, "bare");
  json_builder_add_boolean_value (builder, self->bare);
  for (guint i = 0; i < N_SERIES; i++) {
    json_builder_set_member_name (builder, series_names[i]);
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "min-ms");
    json_builder_add_double_value (
        builder, get_quantile (self->series[i], 0) / 1000);
    json_builder_set_member_name (builder, "median-ms");
    json_builder_add_double_value (
        builder, get_quantile (self->series[i], 0.5) / 1000);
    json_builder_end_object (builder);
  }
  if (is_profiled (self)) {
    json_builder_set_member_name (builder, "steps-ms");
    json_builder_add_double_value (builder, get_sum (self, self->alone) / 1000);
    json_builder_set_member_name (builder, "steps-in-place-ms");
    json_builder_add_double_value (
        builder, get_sum (self, self->in_place) / 1000);
  }
  json_builder_set_member_name (builder, "memory-mib");
  json_builder_add_double_value (builder, get_memory (self));
  json_builder_set_member_name (builder, "allocations");
  json_builder_add_int_value (builder, self->allocations.own / self->n_counted);
  json_builder_set_member_name (builder, "vendor-allocations");
  json_builder_add_int_value (
      builder, self->allocations.vendor / self->n_counted);
  json_builder_set_member_name (builder, "steps");
  json_builder_begin_object (builder);
  for (guint i = 0; i < self->n_steps; i++) {
    json_builder_set_member_name (builder, self->steps[i]);
    if (is_profiled (self))
      json_builder_add_double_value (builder, (gdouble) self->alone[i] / 1e6);
    else
      json_builder_add_null_value (builder);
  }
  json_builder_end_object (builder);
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
list_subjects (GstSodBackend *backend, Subject *subjects, GError **error)
{
  static const GstSodPrecision all[MAX_PRECISIONS] = { GST_SOD_PRECISION_F32,
    GST_SOD_PRECISION_TF32, GST_SOD_PRECISION_F16, GST_SOD_PRECISION_BF16 };
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    const gchar *name = gst_sod_precision_name (all[i]);

    if (precision_name != NULL && !g_str_equal (name, precision_name))
      continue;
    if (backend->klass->check_precision (
            backend, all[i], precision_name != NULL ? error : NULL)) {
      subjects[n++].precision = all[i];
      if (bare_too && has_bare (backend))
        subjects[n++] = (Subject){ .precision = all[i], .bare = TRUE };
    } else if (precision_name != NULL) {
      return 0;
    }
  }
  if (n == 0)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" is no precision of this benchmark; use f32, tf32, f16 or bf16",
        precision_name);
  return n;
}

static gboolean
benchmark (GError **error)
{
  Subject subjects[2 * MAX_PRECISIONS] = { { 0 } };
  gint width = 640, height = 360;
  GstSodBackend *backend =
      gst_sod_backend_for_device (device != NULL ? device : "cpu", NULL, error);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GstSodImage) frame = NULL, map = NULL;
  gboolean ok;
  guint n;

  if (frame_size != NULL
      && sscanf (frame_size, "%dx%d", &width, &height) != 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" is no size; use WIDTHxHEIGHT", frame_size);
    return FALSE;
  }
  if (batch < 1 || iterations < QUEUES) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "%d frames at once and %d a turn are too few; use 1 and %d or more",
        batch, iterations, QUEUES);
    return FALSE;
  }
  n = backend != NULL ? list_subjects (backend, subjects, error) : 0;
  network = n > 0 ? open_network (error) : NULL;
  map = network != NULL ? gst_sod_image_new_gray (width, height, error) : NULL;
  if (map == NULL)
    return FALSE;
  frame = new_frame (width, height);
  ok = TRUE;
  for (guint i = 0; ok && i < n; i++)
    ok = subject_init (&subjects[i], network, backend, error);
  for (gint round = 0; ok && round < rounds; round++) {
    for (guint i = 0; ok && i < n; i++)
      ok = run_round (&subjects[i], frame, map, error);
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
  g_autoptr (GOptionContext) context = g_option_context_new (
      "- latency of the network and of what is around it");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error)
      && benchmark (&error))
    return 0;
  g_printerr ("benchmark-network: %s\n", error->message);
  return 1;
}
