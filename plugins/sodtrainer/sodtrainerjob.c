/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodtrainerjob.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "sodtrainerfiles.h"

/* Of the job's threads: the streams go first. */
#define NICENESS 10

struct _SodTrainerJob
{
  gatomicrefcount ref_count;
  SodTrainerSettings settings;
  GstSodStore *store;
  GStrv nodes;
  SodTrainerJobFuncs funcs;
  gpointer user_data;
  GCancellable *cancellable;
  GThread *thread;
  gboolean any_held_out; /* of any node */
  GHashTable *unjudged;  /* node -> why, where a model runs that goes unseen */
  GHashTable *folders;   /* that models were published in */

  GMutex lock;
  GstSodTraining *training; /* under the lock */
};

/* What a node learns from. */
typedef struct
{
  gchar *name;
  GstSodSamples *samples;
} Part;

static void
part_clear (gpointer data)
{
  Part *part = data;

  g_free (part->name);
  g_clear_object (&part->samples);
}

static const gchar *
get_text (SodTrainerJob *self, guint id)
{
  return sod_trainer_settings_get_string (&self->settings, id);
}

static const gchar *
get_checkpoint (SodTrainerJob *self)
{
  return get_text (self, SOD_TRAINER_PROP_CHECKPOINT_PATH);
}

static void warn (SodTrainerJob *self, GQuark domain, gint code,
    const gchar *format, ...) G_GNUC_PRINTF (4, 5);

static void
warn (SodTrainerJob *self, GQuark domain, gint code, const gchar *format, ...)
{
  g_autoptr (GError) warning = NULL;
  va_list arguments;

  va_start (arguments, format);
  warning = g_error_new_valist (domain, code, format, arguments);
  va_end (arguments);
  self->funcs.warning (warning, self->user_data);
}

/* ---- what is learnt from ---- */

/* The frames of @node that there are, NULL without @error where it sent none.
 */
static GstSodSamples *
take_snapshot (SodTrainerJob *self, const gchar *node, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSodSamples *now = gst_sod_store_snapshot (self->store, node, &failure);

  if (failure != NULL
      && !g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&failure));
  return now;
}

/* Likewise what is learnt from. */
static GstSodSamples *
take_samples (
    SodTrainerJob *self, const gchar *node, gboolean resumes, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GstSodSamples) now = take_snapshot (self, node, &failure);
  GstSodSamples *then = NULL;

  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
  if (resumes) {
    sod_frames_select (get_checkpoint (self), node, now, &then, error);
    return then;
  }
  if (now != NULL && gst_sod_samples_get_n_samples (now) > 0)
    return g_steal_pointer (&now);
  warn (self, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "node %s has sent no frame yet; the training goes without it", node);
  return NULL;
}

/* (transfer full) */
static GArray *
take_parts (SodTrainerJob *self, gboolean resumes, GError **error)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));

  g_array_set_clear_func (parts, part_clear);
  for (guint i = 0; self->nodes[i] != NULL; i++) {
    g_autoptr (GError) failure = NULL;
    Part part = { NULL,
      take_samples (self, self->nodes[i], resumes, &failure) };

    if (failure != NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
    if (part.samples == NULL)
      continue;
    part.name = g_strdup (self->nodes[i]);
    g_array_append_val (parts, part);
  }
  if (parts->len > 0)
    return g_steal_pointer (&parts);
  g_set_error_literal (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "there is nothing to learn from: no frame came on any pad frame_%u");
  return NULL;
}

static gboolean
keep_parts (SodTrainerJob *self, GArray *parts, GError **error)
{
  g_autofree const gchar **nodes = g_new (const gchar *, parts->len);
  g_autofree GstSodSamples **samples = g_new (GstSodSamples *, parts->len);

  if (get_checkpoint (self) == NULL)
    return TRUE;
  for (guint i = 0; i < parts->len; i++) {
    nodes[i] = g_array_index (parts, Part, i).name;
    samples[i] = g_array_index (parts, Part, i).samples;
  }
  return sod_frames_write (
      get_checkpoint (self), nodes, samples, parts->len, error);
}

/* ---- the networks ---- */

/* No frame of @node is held out. Once told, it is known. @why: (transfer full)
 */
static void
note_unjudged (SodTrainerJob *self, const gchar *node, gchar *why)
{
  gboolean forced = g_value_get_boolean (
      &self->settings.values[SOD_TRAINER_PROP_FORCE_PUBLISH]);

  if (forced) /* it was asked for */
    g_free (why);
  else
    g_hash_table_insert (self->unjudged, g_strdup (node), why);
}

/* Why none is held out, and what to do. (transfer full) */
static gchar *
explain_unjudged (GstSodSamples *samples, gdouble share)
{
  guint n = gst_sod_samples_get_n_labelled (samples);

  if (n == 0)
    return g_strdup ("none of its frames has a label; label some");
  if (share <= 0)
    return g_strdup ("validation-share is 0; set it to more");
  return g_strdup_printf (
      "%u labelled %s too few for validation-share=%.2g; label more", n,
      n == 1 ? "frame is" : "frames are", share);
}

static void
warn_of_unjudged (SodTrainerJob *self, const gchar *node)
{
  const gchar *why = g_hash_table_lookup (self->unjudged, node);

  if (why == NULL)
    return;
  warn (self, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "node %s: its network takes the place of the model that ran without "
      "being judged, as nothing is held out to judge it by: %s, or set "
      "force-publish=true where this is meant",
      node, why);
  g_hash_table_remove (self->unjudged, node);
}

/* NULL without @error where @pattern is none, or there is no such file. */
static GstSodNetwork *
load (const gchar *pattern, const gchar *node, gboolean alone, GError **error)
{
  g_autofree gchar *path = NULL;

  if (pattern == NULL)
    return NULL;
  path = sod_model_path (pattern, node, alone);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  return gst_sod_network_new_from_file (path, error);
}

/* Of all nodes the same, unless @pattern tells them apart. */
static GstSodNetwork *
load_start (const gchar *pattern, const gchar *node, GError **error)
{
  g_autofree gchar *path = NULL;

  if (pattern == NULL || strstr (pattern, "%s") != NULL)
    return load (pattern, node, TRUE, error);
  path = gst_sod_network_find (pattern, error);
  return path != NULL ? gst_sod_network_new_from_file (path, error) : NULL;
}

GstSodNetwork *
sod_trainer_find_running (const SodTrainerSettings *settings, const gchar *node,
    gboolean alone, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSodNetwork *network = load (sod_trainer_settings_get_string (settings,
                                     SOD_TRAINER_PROP_MODEL_SAVE_PATH),
      node, alone, &failure);

  if (network == NULL && failure == NULL)
    network = load_start (sod_trainer_settings_get_string (
                              settings, SOD_TRAINER_PROP_MODEL_LOAD_PATH),
        node, &failure);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return network;
}

static gboolean
add_node (SodTrainerJob *self, GstSodTraining *training, const Part *part,
    gboolean alone, GError **error)
{
  gdouble share = g_value_get_double (
      &self->settings.values[SOD_TRAINER_PROP_VALIDATION_SHARE]);
  g_autoptr (GstSodSamples) learnt = NULL;
  g_autoptr (GstSodSamples) held_out = NULL;
  g_autoptr (GstSodNetwork) start = NULL;
  g_autoptr (GError) failure = NULL;

  start =
      sod_trainer_find_running (&self->settings, part->name, alone, &failure);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  gst_sod_samples_divide (part->samples, share, &learnt, &held_out);
  self->any_held_out |= held_out != NULL;
  if (start != NULL && held_out == NULL)
    note_unjudged (self, part->name, explain_unjudged (part->samples, share));
  return gst_sod_training_add_node (
      training, part->name, learnt, held_out, start, error);
}

/* Only where the pattern tells networks apart. After all nodes: it is judged by
 * what is held out of any of them. */
static gboolean
set_reverse (SodTrainerJob *self, GstSodTraining *training, GError **error)
{
  const gchar *pattern = get_text (self, SOD_TRAINER_PROP_MODEL_SAVE_PATH);
  g_autoptr (GstSodNetwork) start = NULL;
  g_autoptr (GError) failure = NULL;

  start = load (pattern, "reverse", FALSE, &failure);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (start == NULL)
    return TRUE;
  if (!self->any_held_out)
    note_unjudged (self, "reverse",
        g_strdup ("no node holds frames out; label more of them, with "
                  "validation-share over 0"));
  return gst_sod_training_set_reverse (training, start, error);
}

/* ---- what it tells ---- */

static void
on_progress (GstSodTraining *training, const gchar *json, SodTrainerJob *self)
{
  self->funcs.progress (json, self->user_data);
}

static void
on_scored (GstSodTraining *training, const gchar *node, const gchar *json,
    SodTrainerJob *self)
{
  self->funcs.scored (node, json, self->user_data);
}

static void
on_warning (GstSodTraining *training, const gchar *text, SodTrainerJob *self)
{
  warn (self, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "%s", text);
}

static void
note_folder (SodTrainerJob *self, const gchar *node)
{
  g_autofree gchar *path = sod_model_path (
      get_text (self, SOD_TRAINER_PROP_MODEL_SAVE_PATH), node, TRUE);

  g_hash_table_add (self->folders, g_path_get_dirname (path));
}

static void
on_network (GstSodTraining *training, const gchar *node, GstSodNetwork *network,
    gdouble score, gboolean better, SodTrainerJob *self)
{
  gboolean published =
      self->funcs.network (node, network, score, better, self->user_data);

  if (!published)
    return;
  note_folder (self, node);
  if (isnan (score))
    warn_of_unjudged (self, node);
}

/* ---- a run ---- */

/* (transfer full) */
static GstSodTraining *
make_training (SodTrainerJob *self, GArray *parts, GError **error)
{
  g_autoptr (GstSodTrainingSettings) settings =
      sod_trainer_settings_make (&self->settings, error);
  g_autoptr (GstSodTraining) training = NULL;

  if (settings != NULL)
    training = gst_sod_training_new (settings, error);
  if (training == NULL)
    return NULL;
  self->any_held_out = FALSE;
  g_hash_table_remove_all (self->unjudged);
  for (guint i = 0; i < parts->len; i++) {
    if (!add_node (self, training, &g_array_index (parts, Part, i),
            g_strv_length (self->nodes) == 1, error))
      return NULL;
  }
  if (!set_reverse (self, training, error))
    return NULL;
  g_signal_connect (training, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect (training, "scored", G_CALLBACK (on_scored), self);
  g_signal_connect (training, "warning", G_CALLBACK (on_warning), self);
  g_signal_connect (training, "network", G_CALLBACK (on_network), self);
  return g_steal_pointer (&training);
}

/* The training that was cut short; NULL with @error where it cannot go on. */
static GstSodTraining *
resume (SodTrainerJob *self, GError **error)
{
  g_autoptr (GArray) parts = take_parts (self, TRUE, error);
  g_autoptr (GstSodTraining) training = NULL;

  if (parts != NULL)
    training = make_training (self, parts, error);
  if (training == NULL
      || !gst_sod_training_resume (training, get_checkpoint (self), error))
    return NULL;
  return g_steal_pointer (&training);
}

static GstSodTraining *
begin (SodTrainerJob *self, GError **error)
{
  g_autoptr (GArray) parts = NULL;
  g_autoptr (GstSodTraining) training = NULL;

  if (sod_frames_exist (get_checkpoint (self))) {
    g_autoptr (GError) reason = NULL;

    training = resume (self, &reason);
    if (training != NULL)
      return g_steal_pointer (&training);
    warn (self, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "the training that was cut short cannot go on: %s; another begins",
        reason->message);
    sod_frames_remove (get_checkpoint (self));
  }
  parts = take_parts (self, FALSE, error);
  if (parts == NULL)
    return NULL;
  training = make_training (self, parts, error);
  if (training == NULL || !keep_parts (self, parts, error))
    return NULL;
  return g_steal_pointer (&training);
}

static void
set_training (SodTrainerJob *self, GstSodTraining *training)
{
  g_mutex_lock (&self->lock);
  g_set_object (&self->training, training);
  g_mutex_unlock (&self->lock);
}

/* Beside what was published, by which the record is found; however the training
 * ended. */
static void
write_records (SodTrainerJob *self, GstSodTraining *training)
{
  const gchar *settings = get_text (self, SOD_TRAINER_PROP_SETTINGS);
  GHashTableIter iter;
  gpointer folder;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, &folder, NULL)) {
    g_autoptr (GError) error = NULL;

    if (!sod_record_write (training, folder, settings, &error))
      warn (self, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
          "%s; the models are published all the same", error->message);
  }
}

static gpointer
run (gpointer data)
{
  SodTrainerJob *self = data;
  g_autoptr (GstSodTraining) training = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *record = NULL;

  /* On Linux it is of this thread, and of those that it starts. */
  setpriority (PRIO_PROCESS, 0, NICENESS);
  training = begin (self, &error);
  set_training (self, training);
  if (training != NULL
      && gst_sod_training_run (training, self->cancellable, &error)
      && get_checkpoint (self) != NULL)
    sod_frames_remove (get_checkpoint (self));
  if (training != NULL) {
    write_records (self, training);
    record = gst_sod_training_to_json (training);
  }
  set_training (self, NULL);
  self->funcs.done (error, record, self->user_data);
  return NULL;
}

SodTrainerJob *
sod_trainer_job_new (const SodTrainerSettings *settings, GstSodStore *store,
    const gchar *const *nodes, const SodTrainerJobFuncs *funcs,
    gpointer user_data)
{
  SodTrainerJob *self = g_new0 (SodTrainerJob, 1);

  g_atomic_ref_count_init (&self->ref_count);
  sod_trainer_settings_copy (&self->settings, settings);
  self->store = g_object_ref (store);
  self->nodes = g_strdupv ((gchar **) nodes);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->unjudged =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  self->thread = g_thread_new ("sod-training", run, self);
  return self;
}

void
sod_trainer_job_cancel (SodTrainerJob *self)
{
  g_cancellable_cancel (self->cancellable);
}

gboolean
sod_trainer_job_checkpoint (SodTrainerJob *self, GError **error)
{
  g_autoptr (GstSodTraining) training = NULL;

  g_mutex_lock (&self->lock);
  if (self->training != NULL)
    training = g_object_ref (self->training);
  g_mutex_unlock (&self->lock);
  if (training == NULL || get_checkpoint (self) == NULL) {
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        training == NULL ? "no training runs that could be saved"
                         : "checkpoint-path is not set");
    return FALSE;
  }
  return gst_sod_training_checkpoint (training, get_checkpoint (self), error);
}

void
sod_trainer_job_join (SodTrainerJob *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
}

SodTrainerJob *
sod_trainer_job_ref (SodTrainerJob *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
sod_trainer_job_unref (SodTrainerJob *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  sod_trainer_settings_clear (&self->settings);
  g_object_unref (self->store);
  g_strfreev (self->nodes);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->unjudged);
  g_hash_table_unref (self->folders);
  g_mutex_clear (&self->lock);
  g_free (self);
}
