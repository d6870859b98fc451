/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod eval: how good maps are, or a model on a data set, or a floor. */
#include <gio/gio.h>
#include <glib-unix.h>
#include <gst-sod/gstsod.h>
#include <math.h>
#include <signal.h>

#include "command.h"
#include "eval-source.h"
#include "progress.h"

#define TICK 200 /* ms */

typedef struct
{
  gchar *pred, *gt;
  gboolean resize;
  gchar *model;
  gchar *layout;
  gchar *root;
  gchar *images, *masks;
  gchar *set;
  gchar *floor;
  gchar *school;
  gchar *nan;
  gchar *report;
  gchar *device;
  gchar *precision;
  gint threads;
  gboolean json;
  gboolean quiet;
} Options;

/* What is done, on a thread of its own beside the main loop. */
typedef struct
{
  const Options *options;
  GstSodSchool school;
  GstSodNanPolicy nan;
  gchar *title;
  gchar *model_path, *model_hash; /* NULL without a model */
  GstSodNetwork *network;
  SodEvalSource *source;

  GMainLoop *loop;
  GCancellable *cancellable;
  SodProgress *progress;
  SodExit interrupted; /* what to exit with after a signal, else 0 */
  gint n_done;         /* atomic: images that are through, floors' too */
  guint n_images;      /* of all that is measured */

  GstSodReport *result;
  GError *error;
} Eval;

static const gchar *const report_floors[] = { "zero", "centre", "first", "mean",
  "nearest:0.05", "nearest:0.1", "nearest:0.2" };

/* ---- what is asked for ---- */

static gboolean
refuse (GError **error, const gchar *problem)
{
  g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
  return FALSE;
}

static const gchar *
find_problem (const Options *options)
{
  gboolean folders = options->pred != NULL || options->gt != NULL;
  gboolean files = options->images != NULL || options->masks != NULL;

  if (folders && options->gt == NULL)
    return "--pred needs --gt, the folder of the truths";
  if (folders && options->pred == NULL && options->floor == NULL)
    return "--gt needs --pred, the folder of the maps";
  if (folders && (options->model != NULL || options->layout != NULL))
    return "--pred and --gt are two folders; --model and --layout are for a "
           "data set: give one or the other";
  if (!folders && options->layout == NULL)
    return "what is to be measured? Give --pred and --gt, or --layout and "
           "--root of a data set";
  if (options->pred != NULL && options->floor != NULL)
    return "--floor takes the place of the maps: leave --pred away";
  if (options->model != NULL && options->floor != NULL)
    return "--floor takes the place of the model: leave --model away";
  if (!folders && files && (options->images == NULL || options->masks == NULL))
    return "--images and --masks are two folders: give both";
  if (!folders && !files && options->root == NULL)
    return "--layout needs --root, the folder of the data set";
  if (files && g_strcmp0 (options->layout, "pairs") != 0)
    return "--images and --masks are for --layout=pairs";
  if (options->threads < 0 || options->threads > 256)
    return "--threads is 0 (one a processor) to 256";
  return NULL;
}

static gboolean
parse_options (Eval *self, GError **error)
{
  const Options *options = self->options;
  const gchar *problem = find_problem (options);

  if (problem != NULL)
    return refuse (error, problem);
  if (options->nan != NULL && !g_str_equal (options->nan, "match")
      && !g_str_equal (options->nan, "skip"))
    return refuse (error, "--nan is match or skip");
  self->nan = g_strcmp0 (options->nan, "skip") == 0 ? GST_SOD_NAN_POLICY_SKIP
                                                    : GST_SOD_NAN_POLICY_MATCH;
  self->school = GST_SOD_SCHOOL_PYSOD;
  return options->school == NULL
         || gst_sod_school_from_name (options->school, &self->school, error);
}

/* ---- where images come from ---- */

static gboolean
hash_model (Eval *self, GError **error)
{
  g_autofree gchar *data = NULL;
  gsize length;

  if (!g_file_get_contents (self->model_path, &data, &length, error))
    return FALSE;
  self->model_hash = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) data, length);
  return TRUE;
}

/* (transfer full): with the model loaded. */
static GstSodInstance *
open_model (Eval *self, GError **error)
{
  const Options *options = self->options;
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  const gchar *name = options->precision != NULL ? options->precision : "f32";
  GEnumValue *precision = g_enum_get_value_by_nick (precisions, name);
  g_autoptr (GstSodInstance) instance = NULL;

  if (precision == NULL) {
    refuse (error, "--precision is auto, f32, bf16, f16 or int8");
    return NULL;
  }
  self->model_path = options->model != NULL
                         ? g_strdup (options->model)
                         : gst_sod_network_find_default (error);
  if (self->model_path == NULL) {
    g_prefix_error (error, "no --model was given: ");
    return NULL;
  }
  instance = gst_sod_instance_get (NULL, options->device, precision->value,
      (guint) options->threads, NULL, 1, error);
  if (instance == NULL
      || !gst_sod_instance_ensure (instance, self->model_path, error)
      || !hash_model (self, error))
    return NULL;
  self->network = gst_sod_instance_get_network (instance);
  return g_steal_pointer (&instance);
}

static GstSodDataset *
open_dataset (const Options *options, GError **error)
{
  GstSodDatasetLayout layout;

  if (!gst_sod_dataset_layout_from_name (options->layout, &layout, error))
    return NULL;
  if (options->images != NULL)
    return gst_sod_dataset_open_pairs (options->images, options->masks,
        options->set, GST_SOD_DATASET_FLAG_NONE, error);
  return gst_sod_dataset_open (
      layout, options->root, options->set, GST_SOD_DATASET_FLAG_NONE, error);
}

/* "base 1a2b3c on davis dev" (transfer full) */
static gchar *
make_title (const Eval *self)
{
  const Options *options = self->options;
  g_autoptr (GString) title = g_string_new (NULL);
  g_autofree gchar *set = NULL;

  if (options->floor != NULL)
    g_string_append_printf (title, "floor %s", options->floor);
  else if (self->network != NULL)
    g_string_append_printf (title, "%s %s",
        gst_sod_network_get_id (self->network),
        gst_sod_network_get_version (self->network));
  else
    return g_filename_display_name (options->pred);
  if (options->layout != NULL) {
    set = options->set != NULL ? g_filename_display_basename (options->set)
                               : g_strdup ("(all)");
    g_string_append_printf (title, " on %s %s", options->layout, set);
  }
  return g_string_free (g_steal_pointer (&title), FALSE);
}

static gboolean
open_source (Eval *self, GError **error)
{
  const Options *options = self->options;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodInstance) instance = NULL;

  if (options->gt != NULL) {
    const gchar *maps = options->pred != NULL ? options->pred : options->gt;

    self->source =
        sod_eval_source_new_maps (maps, options->gt, self->cancellable, error);
    return self->source != NULL;
  }
  dataset = open_dataset (options, error);
  if (dataset == NULL)
    return FALSE;
  if (options->floor == NULL) {
    instance = open_model (self, error);
    if (instance == NULL)
      return FALSE;
  }
  self->source =
      sod_eval_source_new_model (dataset, instance, self->cancellable);
  return TRUE;
}

/* ---- what is known ---- */

static void
add_path (GstSodReport *report, const gchar *key, const gchar *path)
{
  g_autofree gchar *shown = NULL;

  if (path == NULL)
    return;
  shown = g_filename_display_name (path);
  gst_sod_report_add_fact (report, key, shown);
}

static void
add_split (Eval *self, GstSodReport *report)
{
  GstSodDataset *dataset = sod_eval_source_get_dataset (self->source);
  g_autofree gchar *hash = gst_sod_dataset_get_hash (dataset);
  const gchar *set = self->options->set;
  guint n = gst_sod_dataset_get_n_items (dataset);
  guint n_labelled = gst_sod_dataset_get_n_labelled (dataset);

  if (self->options->layout != NULL)
    gst_sod_report_add_fact (report, "layout", self->options->layout);
  add_path (report, "split", set != NULL ? set : "everything");
  gst_sod_report_add_fact (report, "split_hash", hash);
  gst_sod_report_add_count (report, "unlabelled", n - n_labelled);
}

static void
add_facts (Eval *self, GstSodReport *report)
{
  const Options *options = self->options;

  gst_sod_report_add_fact (report, "predictor",
      options->floor != NULL  ? "floor"
      : self->network != NULL ? "model"
                              : "maps");
  if (options->floor != NULL)
    gst_sod_report_add_fact (report, "floor", options->floor);
  if (self->network != NULL) {
    add_path (report, "model", self->model_path);
    gst_sod_report_add_fact (report, "model_hash", self->model_hash);
    gst_sod_report_add_fact (report, "precision",
        options->precision != NULL ? options->precision : "f32");
  }
  add_split (self, report);
  add_path (report, "pred", options->pred);
  add_path (report, "gt", options->gt);
  gst_sod_report_add_fact (report, "resize",
      options->resize || self->network != NULL ? "prediction" : "none");
  gst_sod_report_add_fact (report, "version", "gst-sod " SOD_VERSION);
}

/* ---- at work ---- */

static GstSodEvaluation *
evaluate (Eval *self, gboolean keep, GError **error)
{
  const Options *options = self->options;
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (self->school, (guint) options->threads);

  gst_sod_evaluator_set_nan_policy (evaluator, self->nan);
  gst_sod_evaluator_set_resize (
      evaluator, options->resize || self->network != NULL);
  gst_sod_evaluator_set_keep_images (evaluator, keep);
  return sod_eval_source_evaluate (
      self->source, evaluator, &self->n_done, error);
}

/* Floors of the report: those that make sense on these images. */
static guint
count_floors (const Eval *self)
{
  if (self->options->report == NULL || self->options->floor != NULL)
    return 0;
  return sod_eval_source_has_stills (self->source)
             ? 2
             : G_N_ELEMENTS (report_floors);
}

static gboolean
add_floors (Eval *self, GstSodReport *report, GError **error)
{
  for (guint i = 0; i < count_floors (self); i++) {
    g_autoptr (GstSodEvaluation) floor = NULL;

    if (!sod_eval_source_set_floor (self->source, report_floors[i], error))
      return FALSE;
    floor = evaluate (self, FALSE, error);
    if (floor == NULL)
      return FALSE;
    gst_sod_report_add_floor (report, report_floors[i], floor);
  }
  return sod_eval_source_set_floor (self->source, self->options->floor, error);
}

static gboolean
write_report (Eval *self, GstSodReport *report, GError **error)
{
  if (self->options->report == NULL)
    return TRUE;
  if (!add_floors (self, report, error))
    return FALSE;
  gst_sod_report_set_published (report, self->options->layout);
  gst_sod_report_set_pair_func (
      report, sod_eval_source_read_pair, self->source, NULL);
  return gst_sod_report_write (report, self->options->report, error);
}

static gboolean
measure (Eval *self, GError **error)
{
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GstSodReport) report = NULL;

  if (!sod_eval_source_set_floor (self->source, self->options->floor, error))
    return FALSE;
  evaluation = evaluate (self, self->options->report != NULL, error);
  if (evaluation == NULL)
    return FALSE;
  report = gst_sod_report_new (self->title, evaluation);
  add_facts (self, report);
  if (!write_report (self, report, error))
    return FALSE;
  self->result = g_steal_pointer (&report);
  return TRUE;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (((Eval *) data)->loop);
  return G_SOURCE_REMOVE;
}

static gpointer
work (gpointer data)
{
  Eval *self = data;

  measure (self, &self->error);
  g_idle_add (quit, self);
  return NULL;
}

/* ---- beside it ---- */

static gboolean
tick (gpointer data)
{
  Eval *self = data;
  guint n = (guint) g_atomic_int_get (&self->n_done);
  g_autofree gchar *text = NULL;

  if (self->options->quiet)
    return G_SOURCE_CONTINUE;
  text = n < self->n_images
             ? g_strdup_printf ("%u of %u images", n, self->n_images)
             : g_strdup ("drawing the report");
  sod_progress_show (self->progress, (gdouble) n / self->n_images, n, text);
  return G_SOURCE_CONTINUE;
}

static gboolean
interrupt (gpointer data)
{
  Eval *self = data;

  self->interrupted = SOD_EXIT_INTERRUPTED;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate (gpointer data)
{
  interrupt (data);
  ((Eval *) data)->interrupted = SOD_EXIT_TERMINATED;
  return G_SOURCE_CONTINUE;
}

/* Waits for the work, with the bar and signals on the main loop. */
static void
wait_for_work (Eval *self)
{
  guint sources[] = { g_timeout_add (TICK, tick, self),
    g_unix_signal_add (SIGINT, interrupt, self),
    g_unix_signal_add (SIGTERM, terminate, self) };
  GThread *thread;

  self->n_images =
      sod_eval_source_get_n_images (self->source) * (1 + count_floors (self));
  self->progress = sod_progress_new ("images");
  thread = g_thread_new ("eval", work, self);
  g_main_loop_run (self->loop);
  g_thread_join (thread);
  g_clear_pointer (&self->progress, sod_progress_free);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

/* ---- what is told ---- */

static void
print_table (Eval *self)
{
  GstSodEvaluation *evaluation = gst_sod_report_get_evaluation (self->result);
  g_autoptr (GstSodMeasures) set = gst_sod_evaluation_get_set (evaluation);

  g_print ("%s\nschool %s, %" G_GUINT64_FORMAT " images\n", self->title,
      gst_sod_school_get_name (self->school),
      gst_sod_evaluation_get_n_images (evaluation));
  for (GstSodMeasure i = 0; i <= GST_SOD_MEASURE_WARPING_ERROR; i++) {
    gchar text[G_ASCII_DTOSTR_BUF_SIZE];
    gdouble value = gst_sod_measures_get (set, i);
    guint64 undefined = gst_sod_evaluation_get_n_undefined (evaluation, i);

    if (!gst_sod_measures_has (set, i)
        || (i == GST_SOD_MEASURE_WARPING_ERROR && isnan (value)))
      continue;
    g_print ("  %-16s %s", gst_sod_measure_get_key (i),
        g_ascii_formatd (text, sizeof (text), "%.4f", value));
    if (undefined > 0 && i != GST_SOD_MEASURE_WARPING_ERROR)
      g_print ("  (undefined for %" G_GUINT64_FORMAT
               " images, --nan=skip leaves them out)",
          undefined);
    g_print ("\n");
  }
  if (self->options->report != NULL)
    g_print ("report: %s/index.html\n", self->options->report);
}

static SodExit
tell (Eval *self, GError **error)
{
  if (self->interrupted != SOD_EXIT_OK && self->result == NULL) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
        "interrupted; nothing was written");
    return self->interrupted;
  }
  if (self->result == NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    return SOD_EXIT_REFUSED;
  }
  if (self->options->json) {
    g_autofree gchar *json = gst_sod_report_to_json (self->result);

    g_print ("%s", json);
  } else {
    print_table (self);
  }
  return SOD_EXIT_OK;
}

static SodExit
run (gpointer options, gchar **words, GError **error)
{
  Eval self = { .options = options };
  SodExit status = SOD_EXIT_REFUSED;

  if (words[0] != NULL) {
    refuse (error, "eval takes options only; folders follow --pred, --gt and "
                   "--root");
    return status;
  }
  self.cancellable = g_cancellable_new ();
  if (parse_options (&self, error) && open_source (&self, error)) {
    self.loop = g_main_loop_new (NULL, FALSE);
    self.title = make_title (&self);
    wait_for_work (&self);
    status = tell (&self, error);
  }
  g_clear_object (&self.result);
  g_clear_error (&self.error);
  g_clear_pointer (&self.source, sod_eval_source_free);
  g_clear_object (&self.network);
  g_clear_object (&self.cancellable);
  g_clear_pointer (&self.loop, g_main_loop_unref);
  g_free (self.title);
  g_free (self.model_path);
  g_free (self.model_hash);
  return status;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (Options, field), text, value \
  }

static const SodOption options[] = {
  OPTION ("pred", FILENAME, pred,
      "Folder of maps; those of one stem with "
      "their truth in --gt belong together",
      "DIR"),
  OPTION (
      "gt", FILENAME, gt, "Folder of truths: foreground is over 128", "DIR"),
  OPTION ("resize", NONE, resize,
      "Scale maps of another size to that of their truth, instead of stopping",
      NULL),
  OPTION ("model", FILENAME, model,
      "Model to run on the data set; without it the one installed", "FILE"),
  OPTION ("layout", STRING, layout, "How the data set lies",
      "davis|duts|vos|fbms|davsod|ucsd|pairs|coco|cvat|labelme"),
  OPTION ("root", FILENAME, root, "Folder of the data set", "DIR"),
  OPTION ("images", FILENAME, images, "Folder of pictures, with --layout=pairs",
      "DIR"),
  OPTION (
      "masks", FILENAME, masks, "Folder of truths, with --layout=pairs", "DIR"),
  OPTION ("set", FILENAME, set,
      "Set of the data set, such as dev, or a file that lists sequences or "
      "frames; without it everything",
      "NAME|FILE"),
  OPTION ("floor", STRING, floor,
      "Measure a trivial predictor instead: zero, centre, first, mean, or "
      "nearest:F, which knows a share F of the truths",
      "NAME"),
  OPTION ("school", STRING, school,
      "Way of measuring (pysod); figures of different schools are not "
      "comparable",
      "pysod|davsod|paper-f|davis"),
  OPTION ("nan", STRING, nan,
      "match: a mean with an undefined value is undefined (default); skip: "
      "those images are left out of it",
      "match|skip"),
  OPTION ("report", FILENAME, report,
      "Also write a page with floors, curves and frames into this folder",
      "DIR"),
  OPTION (
      "device", STRING, device, "Where the model runs (auto)", "auto|cpu|cuda"),
  OPTION ("precision", STRING, precision,
      "Arithmetic of the model (f32, so that figures are the same anywhere)",
      "auto|f32|bf16|f16|int8"),
  OPTION ("threads", INT, threads,
      "Threads that read and measure (0: one a "
      "processor); no figure depends on it",
      "N"),
  OPTION ("json", NONE, json, "Print one JSON object instead of a table", NULL),
  OPTION ("quiet", NONE, quiet, "No progress", NULL),
  { .name = NULL },
};

const SodCommand sod_command_eval = {
  .name = "eval",
  .summary = "Measures how good saliency maps or a model are",
  .parameters = "",
  .description =
      "Holds maps against their truth and tells F-, E- and S-measure, weighted "
      "F, MAE and IoU as the field defines them, in the school that is asked "
      "for (docs/measures.md). The maps are files, or made by a model while it "
      "is measured: its 8-bit map is scaled to the size of the truth.\n"
      "\n"
      "  gst-sod eval --pred maps/ --gt masks/\n"
      "  gst-sod eval --layout davis --root DAVIS --set val --json\n"
      "  gst-sod eval --model my.safetensors --layout davis --root DAVIS \\\n"
      "    --set dev --report out/\n"
      "\n"
      "A floor is what can be had without any model; one that does not beat "
      "floors has learnt nothing:\n"
      "\n"
      "  gst-sod eval --floor nearest:0.1 --layout davis --root DAVIS --set "
      "dev\n"
      "\n"
      "Each truth must have its map and each map its truth, of one size; "
      "frames that are unlabelled in the data set are left out and counted.",
  .options = options,
  .size = sizeof (Options),
  .run = run,
};
