/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod detect: files and folders in; maps, masks, overlays, cutouts and
 * lines out. */
#include "detect.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gst-sod/gstsod.h>
#include <signal.h>

#include "detect-summary.h"
#include "progress.h"

#define MOST_JOBS 8
#define TICK 200 /* ms */

typedef struct
{
  gchar *places[SOD_N_KINDS];
  gint every;
  gchar *model;
  gdouble threshold;
  gchar *device;
  gchar *precision;
  gint jobs;
  gchar *summary;
  gboolean overwrite;
  gboolean quiet;
} Options;

typedef struct
{
  SodInput *input;
  gboolean needs[SOD_N_KINDS];
  gboolean is_settled;
  SodJob *job; /* at work on it, or done and not yet freed */
  gboolean has_ended;
  gchar *reason; /* why it failed */
} Task;

typedef struct
{
  const Options *options;
  SodLook look;
  GstSodInstance *instance;
  GPtrArray *inputs; /* SodInput */
  SodStore *stores[SOD_N_KINDS];
  Task *tasks;       /* one an input */
  GPtrArray *active; /* those with a job */
  guint n_jobs;
  guint next;      /* task to start */
  guint next_line; /* task whose lines come next in the one file of them */
  guint64 bytes, bytes_done;
  guint advance; /* idle source */
  GMainLoop *loop;
  SodProgress *progress;
  SodSummary summary;
} Detect;

/* ---- one input after the other ---- */

static void
fail_task (Detect *self, Task *task, const gchar *reason)
{
  g_autofree gchar *name = sod_quote_path (task->input->path);
  g_autofree gchar *line = g_strdup_printf ("%s: %s", name, reason);

  task->reason = g_strdup (reason);
  sod_summary_add_failure (&self->summary, task->input->path, reason);
  sod_progress_say (self->progress, line);
}

/* All but the lines that go into one file: those wait for their turn. */
static gboolean
commit (Detect *self, Task *task, GError **error)
{
  guint number = (guint) (task - self->tasks);

  for (guint i = 0; i < SOD_N_KINDS; i++)
    if (task->needs[i] && !sod_store_is_file (self->stores[i])
        && !sod_store_commit (self->stores[i], task->input, number, error))
      return FALSE;
  return TRUE;
}

/* Lines stand in the order of the inputs, whichever was done first. */
static void
commit_lines (Detect *self)
{
  SodStore *store = self->stores[SOD_KIND_LINES];

  if (store == NULL || !sod_store_is_file (store))
    return;
  for (; self->next_line < self->inputs->len; self->next_line++) {
    Task *task = &self->tasks[self->next_line];
    g_autoptr (GError) error = NULL;

    if (!task->is_settled)
      return;
    if (task->needs[SOD_KIND_LINES] && task->reason == NULL
        && !sod_store_commit (store, task->input, self->next_line, &error)) {
      fail_task (self, task, error->message);
      self->summary.n_done--;
    }
  }
}

static void
settle (Detect *self, Task *task)
{
  g_autoptr (GError) error = NULL;
  const gchar *warning = sod_job_get_warning (task->job);

  if (task->reason == NULL && !commit (self, task, &error))
    fail_task (self, task, error->message);
  if (task->reason == NULL) {
    self->summary.n_done++;
    if (warning != NULL) {
      g_autofree gchar *name = sod_quote_path (task->input->path);
      g_autofree gchar *line =
          g_strdup_printf ("%s: done, but: %s", name, warning);

      sod_progress_say (self->progress, line);
    }
  }
  self->summary.n_frames += sod_job_count_frames (task->job);
  g_clear_pointer (&task->job, sod_job_free);
  self->bytes_done += task->input->size;
  task->is_settled = TRUE;
}

static gboolean advance (gpointer data);

static void
wake (Detect *self)
{
  if (self->advance == 0)
    self->advance = g_idle_add (advance, self);
}

static void
take_end (SodJob *job, const gchar *reason, gpointer data)
{
  Detect *self = data;

  for (guint i = 0; i < self->active->len; i++) {
    Task *task = g_ptr_array_index (self->active, i);

    if (task->job != job)
      continue;
    task->has_ended = TRUE;
    if (reason != NULL)
      fail_task (self, task, reason);
  }
  wake (self);
}

static gboolean
make_partials (
    Detect *self, Task *task, gchar **paths /* of kinds */, GError **error)
{
  guint number = (guint) (task - self->tasks);

  for (guint i = 0; i < SOD_N_KINDS; i++) {
    if (!task->needs[i])
      continue;
    paths[i] = sod_store_get_partial (self->stores[i], number);
    if (sod_input_fills_folder (task->input, i)
        && g_mkdir (paths[i], 0777) != 0) {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
          "cannot make the folder %s", paths[i]);
      return FALSE;
    }
  }
  return TRUE;
}

static void
start (Detect *self, Task *task)
{
  gchar *paths[SOD_N_KINDS] = { NULL };
  g_autoptr (GError) error = NULL;

  if (task->input->is_picture && sod_input_is_cut (task->input))
    g_set_error (&error, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE,
        "the end of the JPEG is missing");
  else if (make_partials (self, task, paths, &error))
    task->job =
        sod_job_new (task->input, &self->look, paths, take_end, self, &error);
  if (task->job != NULL) {
    g_ptr_array_add (self->active, task);
  } else {
    fail_task (self, task, error->message);
    task->is_settled = TRUE;
  }
  for (guint i = 0; i < SOD_N_KINDS; i++)
    g_free (paths[i]);
}

/* Settles what has ended, starts what there is room for. */
static gboolean
advance (gpointer data)
{
  Detect *self = data;

  self->advance = 0;
  for (guint i = self->active->len; i-- > 0;) {
    Task *task = g_ptr_array_index (self->active, i);

    if (task->has_ended) {
      g_ptr_array_remove_index (self->active, i);
      settle (self, task);
    }
  }
  while (self->active->len < self->n_jobs && self->next < self->inputs->len) {
    Task *task = &self->tasks[self->next++];

    if (!task->is_settled)
      start (self, task);
  }
  commit_lines (self);
  if (self->active->len == 0 && self->next == self->inputs->len)
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
tick (gpointer data)
{
  Detect *self = data;
  guint64 frames = self->summary.n_frames;
  gdouble bytes = (gdouble) self->bytes_done;
  g_autofree gchar *text = NULL;
  guint failed = sod_summary_count_failures (&self->summary);
  guint settled = self->summary.n_done + failed;
  guint n = self->inputs->len - self->summary.n_before;

  for (guint i = 0; i < self->active->len; i++) {
    Task *task = g_ptr_array_index (self->active, i);

    if (task->has_ended)
      continue;
    frames += sod_job_count_frames (task->job);
    bytes += sod_job_get_fraction (task->job) * (gdouble) task->input->size;
    sod_job_check_patience (task->job);
  }
  if (self->options->quiet)
    return G_SOURCE_CONTINUE;
  text = failed > 0 ? g_strdup_printf (
             "%u of %u inputs, %u failed", settled, n, failed)
                    : g_strdup_printf ("%u of %u inputs", settled, n);
  sod_progress_show (self->progress,
      self->bytes > 0 ? bytes / (gdouble) self->bytes : 0.0, frames, text);
  return G_SOURCE_CONTINUE;
}

/* ---- before the first ---- */

static gchar *
hash_model (const gchar *path, GError **error)
{
  g_autofree gchar *data = NULL, *hash = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, error))
    return NULL;
  hash = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) data, length);
  return g_strndup (hash, 12);
}

/* What decides about the values of a kind's outputs. */
static gchar *
describe_settings (Detect *self, SodKind kind, const gchar *hash)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "model %s, precision %s, every %u", hash,
      self->look.precision, self->look.every);
  if (kind != SOD_KIND_MAPS && kind != SOD_KIND_CUTOUTS) {
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf (text, ", threshold %s",
        g_ascii_formatd (number, sizeof number, "%g", self->look.threshold));
  }
  return g_string_free (text, FALSE);
}

static gboolean
load_model (Detect *self, GError **error)
{
  const Options *options = self->options;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  GEnumValue *precision =
      g_enum_get_value_by_nick (precisions, self->look.precision);

  if (precision == NULL) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "--precision=%s: expected auto, f32, bf16, f16 or int8",
        self->look.precision);
    return FALSE;
  }
  self->instance = gst_sod_instance_get (
      SOD_INSTANCE_ID, self->look.device, precision->value, 0, NULL, 1, error);
  if (self->instance == NULL
      || !gst_sod_instance_ensure (self->instance, self->look.model, error))
    return FALSE;
  network = gst_sod_instance_get_network (self->instance);
  self->look.threshold = options->threshold >= 0.0
                             ? options->threshold
                             : gst_sod_network_get_threshold (network);
  self->summary.model_id = g_strdup (gst_sod_network_get_id (network));
  self->summary.model_version =
      g_strdup (gst_sod_network_get_version (network));
  return TRUE;
}

static gboolean
open_stores (Detect *self, GError **error)
{
  gchar *const *places = self->options->places;
  g_autofree gchar *hash = hash_model (self->look.model, error);

  if (hash == NULL)
    return FALSE;
  for (guint i = 0; i < SOD_N_KINDS; i++) {
    g_autofree gchar *settings = NULL;
    gboolean is_file;

    if (places[i] == NULL)
      continue;
    settings = describe_settings (self, i, hash);
    is_file = i == SOD_KIND_LINES && !g_str_has_suffix (places[i], "/")
              && !g_file_test (places[i], G_FILE_TEST_IS_DIR);
    self->stores[i] = sod_store_open (
        i, places[i], is_file, settings, self->options->overwrite, error);
    if (self->stores[i] == NULL)
      return FALSE;
    for (guint k = 0; k < self->inputs->len; k++)
      if (sod_store_is_foreign (
              self->stores[i], g_ptr_array_index (self->inputs, k), error))
        return FALSE;
  }
  return TRUE;
}

/* Tells apart what is done, what cannot be and what is to do. */
static void
make_tasks (Detect *self)
{
  self->tasks = g_new0 (Task, self->inputs->len);
  for (guint i = 0; i < self->inputs->len; i++) {
    Task *task = &self->tasks[i];
    gboolean any = FALSE;

    task->input = g_ptr_array_index (self->inputs, i);
    if (task->input->reason != NULL) {
      fail_task (self, task, task->input->reason);
      task->is_settled = TRUE;
      continue;
    }
    for (guint k = 0; k < SOD_N_KINDS; k++) {
      task->needs[k] = self->stores[k] != NULL
                       && !sod_store_has (self->stores[k], task->input);
      any |= task->needs[k];
    }
    task->is_settled = !any;
    if (any)
      self->bytes += task->input->size;
    else
      self->summary.n_before++;
  }
}

/* Plugins that are missing are found here, not in every input. */
static gboolean
check_elements (Detect *self, GError **error)
{
  static const gchar *const needed[] = { "decodebin", "sodbase", "sodpublish",
    "sodoverlay", "appsrc", "appsink", "pngenc", "videoconvert", "videoscale",
    "mp4mux" };
  GstRegistry *registry = gst_registry_get ();

  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    if (!gst_registry_check_feature_version (registry, needed[i], 0, 0, 0)) {
      g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
          "the element %s is not there: install the GStreamer plugins (base, "
          "good) and gst-sod's, or set GST_PLUGIN_PATH to where it is",
          needed[i]);
      return FALSE;
    }
  if (self->options->places[SOD_KIND_OVERLAYS] != NULL
      && !gst_registry_check_feature_version (registry, "x264enc", 1, 0, 0)
      && !gst_registry_check_feature_version (
          registry, "openh264enc", 1, 0, 0)) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "no H.264 encoder for overlays of videos: install "
        "gstreamer1.0-plugins-ugly (x264enc)");
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_options (const Options *options, gchar **words, GError **error)
{
  gboolean any = FALSE;
  const gchar *problem = NULL;

  for (guint i = 0; i < SOD_N_KINDS; i++)
    any |= options->places[i] != NULL;
  if (*words == NULL)
    problem = "which files, folders or patterns?";
  else if (!any)
    problem = "what is to be made? Give --maps, --masks, --overlays, --cutouts "
              "or --json";
  else if (options->every < 1)
    problem = "--every: expected 1 or more";
  else if (options->jobs < 0)
    problem = "--jobs: expected 1 or more, or 0 for as many as there are "
              "processors";
  else if (options->threshold != -1.0
           && !(options->threshold >= 0.0 && options->threshold <= 1.0))
    problem = "--threshold: expected 0 to 1, or -1 for the model's own";
  if (problem == NULL)
    return TRUE;
  g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
  return FALSE;
}

/* On failure nothing was written. */
static gboolean
prepare (Detect *self, gchar **words, GError **error)
{
  const Options *options = self->options;
  g_autofree gchar *found = NULL;

  if (!check_options (options, words, error)
      || !gst_init_check (NULL, NULL, error) || !check_elements (self, error))
    return FALSE;
  sod_job_prepare_decoders ();
  found = gst_sod_network_find (options->model, error);
  self->look = (SodLook){
    .model = g_intern_string (found),
    .device = options->device != NULL ? options->device : "auto",
    .precision = options->precision != NULL ? options->precision : "auto",
    .every = (guint) options->every,
  };
  if (self->look.model == NULL)
    return FALSE;
  self->inputs = sod_inputs_collect (words, options->places);
  if (self->inputs->len == 0) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "no picture and no video in %s%s", words[0],
        words[1] != NULL ? " and the others" : "");
    return FALSE;
  }
  return sod_inputs_check (self->inputs, options->places, error)
         && load_model (self, error) && open_stores (self, error);
}

/* ---- the run ---- */

static gboolean
interrupt (gpointer data)
{
  Detect *self = data;

  self->summary.status = SOD_EXIT_INTERRUPTED;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate (gpointer data)
{
  interrupt (data);
  ((Detect *) data)->summary.status = SOD_EXIT_TERMINATED;
  return G_SOURCE_CONTINUE;
}

static void
work (Detect *self)
{
  guint ticks = g_timeout_add (TICK, tick, self);
  guint ctrl_c = g_unix_signal_add (SIGINT, interrupt, self);
  guint term = g_unix_signal_add (SIGTERM, terminate, self);

  self->loop = g_main_loop_new (NULL, FALSE);
  self->active = g_ptr_array_new ();
  wake (self);
  tick (self);
  g_main_loop_run (self->loop);
  g_clear_handle_id (&self->advance, g_source_remove);
  for (guint i = 0; i < self->active->len; i++) {
    Task *task = g_ptr_array_index (self->active, i);

    g_clear_pointer (&task->job, sod_job_free);
  }
  g_ptr_array_unref (self->active);
  g_source_remove (ticks);
  g_source_remove (ctrl_c);
  g_source_remove (term);
  g_main_loop_unref (self->loop);
}

static guint
choose_jobs (Detect *self)
{
  guint n = (guint) self->options->jobs;

  return n > 0 ? n : CLAMP (g_get_num_processors (), 1, MOST_JOBS);
}

static void
clear (Detect *self)
{
  for (guint i = 0; i < SOD_N_KINDS; i++)
    g_clear_pointer (&self->stores[i], sod_store_close);
  if (self->tasks != NULL)
    for (guint i = 0; i < self->inputs->len; i++)
      g_free (self->tasks[i].reason);
  g_free (self->tasks);
  g_clear_pointer (&self->inputs, g_ptr_array_unref);
  g_clear_object (&self->instance);
  g_clear_pointer (&self->progress, sod_progress_free);
  sod_summary_clear (&self->summary);
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  Detect self = { .options = data };
  SodExit status = SOD_EXIT_REFUSED;

  sod_summary_init (&self.summary);
  if (prepare (&self, words, error)) {
    self.progress = sod_progress_new ("frames");
    make_tasks (&self);
    self.n_jobs = choose_jobs (&self);
    work (&self);
    self.summary.n_inputs = self.inputs->len;
    self.summary.seconds = sod_progress_get_elapsed (self.progress);
    if (self.summary.status == SOD_EXIT_OK
        && sod_summary_count_failures (&self.summary) > 0)
      self.summary.status = SOD_EXIT_SOME_FAILED;
    status = self.summary.status;
    if (!self.options->quiet)
      sod_summary_print (&self.summary, self.progress);
    if (self.options->summary != NULL
        && !sod_summary_write (&self.summary, self.options->summary, error))
      status = MAX (status, SOD_EXIT_SOME_FAILED);
  }
  clear (&self);
  return status;
}

static void
init (gpointer data)
{
  Options *options = data;

  options->every = 1;
  options->threshold = -1.0;
}

/* ---- as users see it ---- */

#define PLACE(kind)                                                            \
  (G_STRUCT_OFFSET (Options, places) + kind * sizeof (gchar *))

static const SodOption options[] = {
  { "maps", 0, G_OPTION_ARG_FILENAME, PLACE (SOD_KIND_MAPS),
      "Write the saliency map of each frame: 8-bit gray PNG of the frame's "
      "size, 0 = background, 255 = salient",
      "DIR" },
  { "masks", 0, G_OPTION_ARG_FILENAME, PLACE (SOD_KIND_MASKS),
      "Write the map cut at the threshold: PNG of 0 and 255", "DIR" },
  { "overlays", 0, G_OPTION_ARG_FILENAME, PLACE (SOD_KIND_OVERLAYS),
      "Write frames with heat map and boxes: PNG for a picture, MP4 (H.264, "
      "no sound) for a video",
      "DIR" },
  { "cutouts", 0, G_OPTION_ARG_FILENAME, PLACE (SOD_KIND_CUTOUTS),
      "Write what is salient on a transparent background: RGBA PNG, the map "
      "as alpha",
      "DIR" },
  { "json", 0, G_OPTION_ARG_FILENAME, PLACE (SOD_KIND_LINES),
      "Write a line of JSON a frame (docs/json-lines.md): all inputs into one "
      "FILE, or one file an input into a DIR (that is there, or ends in /)",
      "FILE|DIR" },
  { "every", 0, G_OPTION_ARG_INT, G_STRUCT_OFFSET (Options, every),
      "Take every Nth frame of a video (default 1)", "N" },
  { "model", 'm', G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (Options, model),
      "The network: a safetensors file, or the name of one that is installed "
      "(default: base)",
      "FILE|NAME" },
  { "threshold", 't', G_OPTION_ARG_DOUBLE, G_STRUCT_OFFSET (Options, threshold),
      "Saliency from which a pixel belongs to masks and regions, 0 to 1 "
      "(default: the model's own)",
      "X" },
  { "device", 'd', G_OPTION_ARG_STRING, G_STRUCT_OFFSET (Options, device),
      "What the network runs on (default auto)", "auto|cpu|cuda" },
  { "precision", 'p', G_OPTION_ARG_STRING, G_STRUCT_OFFSET (Options, precision),
      "Arithmetic of the network (default auto)", "auto|f32|bf16|f16|int8" },
  { "jobs", 'j', G_OPTION_ARG_INT, G_STRUCT_OFFSET (Options, jobs),
      "How many inputs are read at once (default 0: as many as there are "
      "processors)",
      "N" },
  { "overwrite", 0, G_OPTION_ARG_NONE, G_STRUCT_OFFSET (Options, overwrite),
      "Make everything again, in place of what is there", NULL },
  { "summary", 0, G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (Options, summary),
      "Write what was done and what failed as one JSON object (- = the "
      "standard output)",
      "FILE" },
  { "quiet", 'q', G_OPTION_ARG_NONE, G_STRUCT_OFFSET (Options, quiet),
      "Say nothing but what failed", NULL },
  { NULL },
};

const SodCommand sod_command_detect = {
  .name = "detect",
  .summary = "Finds what stands out in many videos and pictures",
  .parameters = "INPUT...",
  .description =
      "An INPUT is a file, a folder (with all below it) or a pattern in "
      "quotes.\n"
      "Names of outputs mirror those of the inputs, below the folder that was "
      "given or the\nfixed part of the pattern: photos/a/x.jpg of the folder "
      "photos gives a/x.png, and\nthe video clips/y.mp4 of clips gives "
      "y/000000.png and on. Two inputs that would\nwrite one output are "
      "refused before anything is written.\n"
      "\n"
      "The same command goes on where it was cut off, however that happened: "
      "an output\nhas its name only when it is whole. An input that cannot be "
      "read is named with the\nreason, the others go on. Other settings for a "
      "folder that is begun are refused.\n"
      "\n"
      "Examples:\n"
      "  gst-sod detect photos --maps maps\n"
      "  gst-sod detect holiday.mp4 --overlays out --json out/\n"
      "  gst-sod detect 'clips/*.mp4' --masks masks --every 5 --threshold 0.6\n"
      "  gst-sod detect shop/ --cutouts cut --model mine.safetensors --jobs 4\n"
      "  gst-sod detect archive --json all.jsonl --summary - | jq .failed\n"
      "\n"
      "It exits with 0 where all is done, 1 where it was used wrongly or "
      "nothing could\nbegin, 2 where some inputs failed, 130 after Ctrl-C "
      "(143: SIGTERM).\n",
  .options = options,
  .size = sizeof (Options),
  .init = init,
  .run = run,
};
