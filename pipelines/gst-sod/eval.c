/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod eval: how good maps are, or a model on a data set, or a floor. */
#include <gio/gio.h>
#include <gst-sod/gstsod.h>
#include <math.h>

#include "command.h"
#include "eval-options.h"
#include "eval-source.h"
#include "progress.h"
#include "work.h"

/* What is done, on a thread of its own beside the main loop. */
typedef struct
{
  const SodEvalOptions *options;
  GstSodSchool school;
  GstSodNanPolicy nan;
  gchar *title;
  gchar *model_path, *model_hash; /* NULL without a model */
  GstSodNetwork *network;
  GstSodSplit *split; /* NULL where none was asked for */
  SodEvalSource *source;

  GCancellable *cancellable;
  SodProgress *progress;
  SodExit interrupted; /* what to exit with after a signal, else 0 */
  gint n_done;         /* atomic: images that are through, floors' too */
  gint n_images;       /* atomic: of all that is measured; 0: not known yet */

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

static gboolean
parse_options (Eval *self, GError **error)
{
  const SodEvalOptions *options = self->options;
  const gchar *problem = sod_eval_options_find_problem (options);

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
  const SodEvalOptions *options = self->options;
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  const gchar *name = options->precision != NULL ? options->precision : "f32";
  GEnumValue *precision = g_enum_get_value_by_nick (precisions, name);
  g_autoptr (GstSodInstance) instance = NULL;

  if (precision == NULL) {
    refuse (error, "--precision is auto, f32, bf16, f16 or int8");
    return NULL;
  }
  self->model_path = gst_sod_network_find (options->model, error);
  if (self->model_path == NULL) {
    g_prefix_error (
        error, options->model != NULL ? "--model: " : "no --model was given: ");
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
open_set (const SodEvalOptions *options, const gchar *set, GError **error)
{
  GstSodDatasetLayout layout;

  if (!gst_sod_dataset_layout_from_name (options->layout, &layout, error))
    return NULL;
  if (options->images != NULL)
    return gst_sod_dataset_open_pairs (
        options->images, options->masks, set, GST_SOD_DATASET_FLAG_NONE, error);
  return gst_sod_dataset_open (
      layout, options->root, set, GST_SOD_DATASET_FLAG_NONE, error);
}

/* What is measured; where a split was asked for its test, checked for
 * leaks. */
static GstSodDataset *
open_dataset (Eval *self, GError **error)
{
  const SodEvalOptions *options = self->options;
  g_autoptr (GstSodDataset) dataset = open_set (options, options->set, error);
  g_autoptr (GstSodDataset) train = NULL;

  if (dataset == NULL)
    return NULL;
  if (options->fraction > 0) {
    self->split = gst_sod_split_new_sequences (
        dataset, options->fraction, (guint64) options->seed, error);
    if (self->split == NULL)
      return NULL;
  } else if (options->train != NULL) {
    train = open_set (options, options->train, error);
    if (train == NULL) {
      g_prefix_error (error, "--train: ");
      return NULL;
    }
    self->split = gst_sod_split_new (train, dataset);
  } else {
    return g_steal_pointer (&dataset);
  }
  if (!gst_sod_split_check (
          self->split, GST_SOD_SPLIT_DISTANCE, options->force, error)) {
    g_prefix_error (error,
        "the split leaks (--force measures all the same and marks the "
        "result): ");
    return NULL;
  }
  return g_object_ref (gst_sod_split_get_test (self->split));
}

/* "base 1a2b3c on davis dev" (transfer full) */
static gchar *
make_title (const Eval *self)
{
  const SodEvalOptions *options = self->options;
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
  const SodEvalOptions *options = self->options;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodInstance) instance = NULL;

  if (options->gt != NULL) {
    const gchar *maps = options->pred != NULL ? options->pred : options->gt;

    self->source =
        sod_eval_source_new_maps (maps, options->gt, self->cancellable, error);
    return self->source != NULL;
  }
  dataset = open_dataset (self, error);
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

/* How the split was drawn, and against what it was checked. */
static void
add_draw (Eval *self, GstSodReport *report)
{
  const SodEvalOptions *options = self->options;
  g_autofree gchar *hash =
      gst_sod_dataset_get_hash (gst_sod_split_get_train (self->split));

  if (options->fraction > 0) {
    gchar text[G_ASCII_DTOSTR_BUF_SIZE];

    gst_sod_report_add_fact (report, "train_fraction",
        g_ascii_dtostr (text, sizeof (text), options->fraction));
    gst_sod_report_add_count (report, "seed", (guint64) options->seed);
  }
  add_path (report, "train", options->train);
  gst_sod_report_add_fact (report, "train_hash", hash);
  gst_sod_report_add_fact (
      report, "leaking", gst_sod_split_is_leaking (self->split) ? "yes" : "no");
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
  if (self->split != NULL)
    add_draw (self, report);
  gst_sod_report_add_count (report, "unlabelled", n - n_labelled);
}

static void
add_facts (Eval *self, GstSodReport *report)
{
  const SodEvalOptions *options = self->options;

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
  const SodEvalOptions *options = self->options;
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

static void
work (gpointer data)
{
  Eval *self = data;

  if (open_source (self, &self->error)) {
    self->title = make_title (self);
    g_atomic_int_set (
        &self->n_images, (gint) (sod_eval_source_get_n_images (self->source)
                                 * (1 + count_floors (self))));
    measure (self, &self->error);
  }
}

/* ---- beside it ---- */

static void
tick (gpointer data)
{
  Eval *self = data;
  gint n = g_atomic_int_get (&self->n_done);
  gint n_images = g_atomic_int_get (&self->n_images);
  g_autofree gchar *text = NULL;

  if (self->options->quiet || n_images == 0)
    return;
  text = n < n_images ? g_strdup_printf ("%d of %d images", n, n_images)
                      : g_strdup ("drawing the report");
  sod_progress_show (self->progress, (gdouble) n / n_images, (guint64) n, text);
}

/* Waits for the work, with the bar and signals on the main loop. */
static void
wait_for_work (Eval *self)
{
  self->progress = sod_progress_new ("images");
  self->interrupted = sod_work_run (work, tick, self, self->cancellable);
  g_clear_pointer (&self->progress, sod_progress_free);
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
  if (self->split != NULL && gst_sod_split_is_leaking (self->split))
    g_print ("LEAKING: the model may have learnt from these frames\n");
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
  if (parse_options (&self, error)) {
    wait_for_work (&self);
    status = tell (&self, error);
  }
  g_clear_object (&self.result);
  g_clear_error (&self.error);
  g_clear_pointer (&self.source, sod_eval_source_free);
  g_clear_object (&self.network);
  g_clear_object (&self.split);
  g_clear_object (&self.cancellable);
  g_free (self.title);
  g_free (self.model_path);
  g_free (self.model_hash);
  return status;
}

const SodCommand sod_command_eval = {
  .name = "eval",
  .summary = "Measures how good saliency maps or a model are",
  .parameters = "",
  .description = sod_eval_description,
  .options = sod_eval_options,
  .size = sizeof (SodEvalOptions),
  .run = run,
};
