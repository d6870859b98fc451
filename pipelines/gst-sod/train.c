/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod train: folders, a file or a store in, models out. */
#include "train.h"

#include <glib/gstdio.h>

#include "progress.h"
#include "train-scores.h"
#include "work.h"

/* What is done, on a thread of its own beside the main loop. */
typedef struct
{
  const SodTrainOptions *options;
  GstSodTrainingSettings *settings;
  GstSodTraining *training;
  SodTrainData *data;
  GKeyFile *data_file;

  GCancellable *cancellable;
  SodProgress *bar;
  SodTrainScores *scores;
  SodExit interrupted; /* what to exit with after a signal, else 0 */

  GMutex lock;                      /* of what follows */
  GstSodTrainingProgress *progress; /* the last; NULL before the first */
  GPtrArray *lines;                 /* to be said */

  gboolean done;
  GError *error;
} Train;

/* ---- what is told, on the thread of the work ---- */

static void
on_progress (GstSodTraining *training, const gchar *json, Train *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->progress, gst_sod_training_progress_free);
  self->progress = gst_sod_training_progress_new_from_json (json, NULL);
  g_mutex_unlock (&self->lock);
}

static void
say (Train *self, gchar *line)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->lines, line);
  g_mutex_unlock (&self->lock);
}

static void
on_scored (GstSodTraining *training, const gchar *node, const gchar *measures,
    Train *self)
{
  say (self, sod_progress_is_bar (self->bar)
                 ? sod_train_scores_add (self->scores, node, measures)
                 : sod_train_scores_describe (node, measures));
}

static void
on_warning (GstSodTraining *training, const gchar *text, Train *self)
{
  say (self, g_strdup_printf ("warning: %s", text));
}

/* ---- what to learn from ---- */

static gboolean
add_options_data (Train *self, GError **error)
{
  const SodTrainOptions *options = self->options;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodDataset) held_out = NULL;

  if (options->data.root == NULL && options->data.images == NULL)
    return TRUE;
  dataset = sod_data_open (&options->data, FALSE, error);
  if (dataset == NULL)
    return FALSE;
  sod_train_data_add (self->data, "base", GST_SOD_SAMPLES (dataset), 1);
  if (options->held_out == NULL)
    return TRUE;
  held_out = sod_data_open_set (&options->data, options->held_out, error);
  if (held_out == NULL) {
    g_prefix_error (error, "--held-out: ");
    return FALSE;
  }
  sod_train_data_add_held_out (self->data, "base", GST_SOD_SAMPLES (held_out));
  return TRUE;
}

static gboolean
open_data (Train *self, gchar **words, GError **error)
{
  self->data = sod_train_data_new ();
  if (self->data_file != NULL
      && !sod_train_data_add_file (
          self->data, self->data_file, words[0], error))
    return FALSE;
  if (!add_options_data (self, error)
      || (self->options->store != NULL
          && !sod_train_data_add_store (
              self->data, self->options->store, error)))
    return FALSE;
  if (sod_train_data_get_n_nodes (self->data) > 0)
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "there is nothing to learn from: no group [data NAME] in %s", words[0]);
  return FALSE;
}

static gboolean
load_model (const gchar *path, GstSodNetwork **network, GError **error)
{
  g_autofree gchar *file = NULL;

  if (path == NULL)
    return TRUE;
  file = gst_sod_network_find (path, error);
  if (file != NULL)
    *network = gst_sod_network_new_from_file (file, error);
  return *network != NULL;
}

/* --start is a model, or a folder as --out becomes one. (transfer full)
 * (nullable) */
static gchar *
find_start (const Train *self, const gchar *node)
{
  const gchar *start = self->options->start;
  g_autofree gchar *file = g_strconcat (node, ".safetensors", NULL);

  if (start == NULL || !g_file_test (start, G_FILE_TEST_IS_DIR))
    return g_strdup (start);
  return g_build_filename (start, file, NULL);
}

/* --reverse, or what the folder of --start has. (transfer full) (nullable) */
static gchar *
find_reverse (const Train *self)
{
  const gchar *start = self->options->start;
  g_autofree gchar *path = NULL;

  if (self->options->reverse != NULL || start == NULL
      || !g_file_test (start, G_FILE_TEST_IS_DIR))
    return g_strdup (self->options->reverse);
  path = find_start (self, "reverse");
  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path)
                                                : NULL;
}

static gboolean
add_node (Train *self, const SodTrainNode *node, GError **error)
{
  g_autoptr (GstSodSamples) samples = sod_train_node_get_samples (node);
  g_autoptr (GstSodSamples) held_out = sod_train_node_get_held_out (node);
  g_autofree gchar *path = find_start (self, node->name);
  g_autoptr (GstSodNetwork) start = NULL;

  if (!load_model (path, &start, error))
    return FALSE;
  if (samples != NULL)
    return gst_sod_training_add_node (
        self->training, node->name, samples, held_out, start, error);
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "node %s has frames that are held out, and none to learn from; give it "
      "a group with role=train",
      node->name);
  return FALSE;
}

static gboolean
set_up (Train *self, GError **error)
{
  g_autofree gchar *path = find_reverse (self);
  g_autoptr (GstSodNetwork) reverse = NULL;

  self->training = gst_sod_training_new (self->settings, error);
  if (self->training == NULL || !load_model (path, &reverse, error))
    return FALSE;
  for (guint i = 0; i < sod_train_data_get_n_nodes (self->data); i++) {
    if (!add_node (self, sod_train_data_get_node (self->data, i), error))
      return FALSE;
  }
  if (reverse != NULL
      && !gst_sod_training_set_reverse (self->training, reverse, error))
    return FALSE;
  g_signal_connect (self->training, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect (self->training, "scored", G_CALLBACK (on_scored), self);
  g_signal_connect (self->training, "warning", G_CALLBACK (on_warning), self);
  return TRUE;
}

/* ---- where it goes ---- */

/* A finished or a broken run is not written over by accident. */
static gboolean
prepare_folder (Train *self, GError **error)
{
  const gchar *out = self->options->out;
  g_autofree gchar *shown = g_filename_display_name (out);
  g_autofree gchar *checkpoint = g_build_filename (out, "checkpoint", NULL);
  gboolean exists = gst_sod_training_checkpoint_exists (checkpoint);

  if (g_mkdir_with_parents (out, 0777) != 0) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s: the folder cannot be made; name another with --out", shown);
    return FALSE;
  }
  if (self->options->resume && !exists) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s holds no checkpoint to go on from; leave --resume away", shown);
    return FALSE;
  }
  if (!self->options->resume && exists) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s holds a training that was begun: go on with --resume, or name "
        "another folder with --out",
        shown);
    return FALSE;
  }
  return !self->options->resume
         || gst_sod_training_resume (self->training, checkpoint, error);
}

static gboolean
save (Train *self, GError **error)
{
  const gchar *out = self->options->out;
  g_autofree gchar *record = gst_sod_training_to_json (self->training);
  g_autofree gchar *title = g_filename_display_basename (out);

  return gst_sod_training_save (self->training, out, error)
         && gst_sod_training_report_write (title, record, out, error);
}

/* What was learnt until it was interrupted is saved too. */
static void
work (gpointer data)
{
  Train *self = data;
  g_autoptr (GError) ended = NULL;

  if (!gst_sod_training_run (self->training, self->cancellable, &ended)
      && !g_error_matches (ended, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED)) {
    self->error = g_steal_pointer (&ended);
    save (self, NULL);
  } else {
    self->done = save (self, &self->error) && ended == NULL;
  }
}

/* ---- beside it ---- */

static void
show_progress (Train *self, const GstSodTrainingProgress *progress)
{
  g_autofree gchar *text = NULL;
  gchar loss[G_ASCII_DTOSTR_BUF_SIZE], rate[G_ASCII_DTOSTR_BUF_SIZE];
  guint64 step = gst_sod_training_progress_get_step (progress);
  guint64 n_steps = gst_sod_training_progress_get_n_steps (progress);

  text = g_strdup_printf ("stage %u of %u: %s %s, step %" G_GUINT64_FORMAT
                          "/%" G_GUINT64_FORMAT " loss %s rate %s",
      gst_sod_training_progress_get_stage_number (progress),
      gst_sod_training_progress_get_n_stages (progress),
      gst_sod_training_progress_get_stage (progress),
      gst_sod_training_progress_get_node (progress), step, n_steps,
      g_ascii_formatd (loss, sizeof (loss), "%.4f",
          gst_sod_training_progress_get_loss (progress)),
      g_ascii_formatd (rate, sizeof (rate), "%.2e",
          gst_sod_training_progress_get_rate (progress)));
  sod_progress_show (
      self->bar, gst_sod_training_progress_get_done (progress), step, text);
}

static void
tick (gpointer data)
{
  Train *self = data;
  g_autoptr (GPtrArray) lines = NULL;
  g_autoptr (GstSodTrainingProgress) progress = NULL;

  g_mutex_lock (&self->lock);
  lines = self->lines;
  self->lines = g_ptr_array_new_with_free_func (g_free);
  progress = g_steal_pointer (&self->progress);
  g_mutex_unlock (&self->lock);
  if (self->options->data.quiet)
    return;
  for (guint i = 0; i < lines->len; i++)
    sod_progress_say (self->bar, g_ptr_array_index (lines, i));
  if (progress != NULL)
    show_progress (self, progress);
}

static void
wait_for_work (Train *self)
{
  g_autofree gchar *measure =
      gst_sod_training_settings_get (self->settings, "score.measure", NULL);

  self->scores = sod_train_scores_new (measure);
  self->bar = sod_progress_new ("steps");
  self->interrupted = sod_work_run (work, tick, self, self->cancellable);
  tick (self);
  g_clear_pointer (&self->bar, sod_progress_free);
  g_clear_pointer (&self->scores, sod_train_scores_free);
}

/* ---- what came of it ---- */

static SodExit
tell (Train *self, GError **error)
{
  const gchar *out = self->options->out;
  g_autofree gchar *shown = g_filename_display_name (out);
  g_autofree gchar *record = NULL;

  if (self->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    return SOD_EXIT_REFUSED;
  }
  if (!self->done) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
        "interrupted; go on with --resume --out %s", shown);
    return self->interrupted != SOD_EXIT_OK ? self->interrupted
                                            : SOD_EXIT_INTERRUPTED;
  }
  if (self->options->data.json) {
    record = gst_sod_training_to_json (self->training);
    g_print ("%s\n", record);
  } else {
    g_print ("models and report: %s%sindex.html\n", shown, G_DIR_SEPARATOR_S);
  }
  return SOD_EXIT_OK;
}

static void
list_settings (GstSodTrainingSettings *settings)
{
  g_auto (GStrv) keys = gst_sod_training_settings_list_keys ();

  for (guint i = 0; keys[i] != NULL; i++) {
    g_autofree gchar *value =
        gst_sod_training_settings_get (settings, keys[i], NULL);
    g_autofree gchar *text = gst_sod_training_settings_describe (keys[i], NULL);

    g_print ("%s=%s\n    %s\n", keys[i], value, text);
  }
}

static SodExit
train (Train *self, gchar **words, GError **error)
{
  if (!open_data (self, words, error) || !set_up (self, error))
    return SOD_EXIT_REFUSED;
  if (self->options->dry_run)
    return sod_train_estimate (
               self->settings, self->data, self->training, error)
               ? SOD_EXIT_OK
               : SOD_EXIT_REFUSED;
  if (!prepare_folder (self, error))
    return SOD_EXIT_REFUSED;
  self->cancellable = g_cancellable_new ();
  wait_for_work (self);
  return tell (self, error);
}

static void
clear (Train *self)
{
  g_clear_object (&self->training);
  g_clear_object (&self->settings);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->data, sod_train_data_free);
  g_clear_pointer (&self->data_file, g_key_file_unref);
  g_clear_pointer (&self->progress, gst_sod_training_progress_free);
  g_ptr_array_unref (self->lines);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
}

static void
init (gpointer options)
{
  ((SodTrainOptions *) options)->seed = -1;
}

static SodExit
run (gpointer options, gchar **words, GError **error)
{
  Train self = { .options = options };
  const gchar *problem = sod_train_options_find_problem (options, words);
  SodExit status = SOD_EXIT_REFUSED;

  if (problem != NULL) {
    g_set_error_literal (
        error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
    return status;
  }
  if (self.options->compare)
    return sod_train_compare (options, words, error) ? SOD_EXIT_OK : status;
  g_mutex_init (&self.lock);
  self.lines = g_ptr_array_new_with_free_func (g_free);
  self.settings =
      sod_train_options_make_settings (options, words, &self.data_file, error);
  if (self.settings != NULL && self.options->list_settings) {
    list_settings (self.settings);
    status = SOD_EXIT_OK;
  } else if (self.settings != NULL) {
    status = train (&self, words, error);
  }
  clear (&self);
  return status;
}

const SodCommand sod_command_train = {
  .name = "train",
  .summary = "Trains models on data sets or on a frame store",
  .parameters = "[FILE|RUN...]",
  .description = sod_train_description,
  .options = sod_train_options,
  .size = sizeof (SodTrainOptions),
  .init = init,
  .run = run,
};
