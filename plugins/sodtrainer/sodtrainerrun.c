/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a training begins, what becomes of its networks, and when the stream has
 * come to its end. */
#include "sodtrainer.h"

#include <math.h>

#include "sodtrainerfiles.h"
#include <plugins/common/soderror.h>

GST_DEBUG_CATEGORY_EXTERN (sod_trainer_debug);
#define GST_CAT_DEFAULT sod_trainer_debug

void
sod_trainer_fail (GstSodTrainerElement *self, const GError *error)
{
  gboolean quiet;

  g_mutex_lock (&self->lock);
  quiet = self->failed || self->stopping;
  self->failed |= !self->stopping;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  if (!quiet)
    sod_element_error (GST_ELEMENT (self), error);
}

/* ---- networks ---- */

/* With the lock. Each name once. (transfer full) */
static GStrv
list_nodes (GstSodTrainerElement *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < self->nodes->len; i++) {
    g_autofree gchar *name =
        sod_trainer_node_get_name (g_ptr_array_index (self->nodes, i));

    if (!g_hash_table_contains (known, name)) {
      g_strv_builder_add (builder, name);
      g_hash_table_add (known, g_steal_pointer (&name));
    }
  }
  return g_strv_builder_end (builder);
}

static gboolean
is_alone (GstSodTrainerElement *self, const gchar *node)
{
  g_auto (GStrv) nodes = NULL;

  g_mutex_lock (&self->lock);
  nodes = list_nodes (self);
  g_mutex_unlock (&self->lock);
  return g_strcmp0 (node, "reverse") != 0 && g_strv_length (nodes) == 1;
}

static const gchar *
get_pattern (GstSodTrainerElement *self)
{
  return sod_trainer_settings_get_string (
      &self->asked, SOD_TRAINER_PROP_MODEL_SAVE_PATH);
}

static void
tell_published (GstSodTrainerElement *self, const gchar *node,
    GstSodNetwork *network, const gchar *path, gdouble score, gboolean forced)
{
  g_autofree gchar *place = sod_trainer_lines_quote (path);
  g_autofree gchar *json = g_strdup_printf (
      "{\"node\":\"%s\",\"path\":%s,\"version\":\"%s\",\"forced\":%s}", node,
      place, gst_sod_network_get_version (network), forced ? "true" : "false");

  g_mutex_lock (&self->lock);
  self->n_published++;
  g_mutex_unlock (&self->lock);
  GST_INFO_OBJECT (self, "%s: published as %s", node, path);
  sod_trainer_tell (
      self, gst_structure_new ("sod-trainer-published", "node", G_TYPE_STRING,
                node, "path", G_TYPE_STRING, path, "id", G_TYPE_STRING,
                gst_sod_network_get_id (network), "version", G_TYPE_STRING,
                gst_sod_network_get_version (network), "score", G_TYPE_DOUBLE,
                score, "forced", G_TYPE_BOOLEAN, forced, NULL));
  sod_trainer_tell_line (self, "published", json);
}

/* FALSE where it cannot be written, which is told. */
static gboolean
publish (GstSodTrainerElement *self, const gchar *node, GstSodNetwork *network,
    gdouble score, gboolean forced)
{
  g_autofree gchar *path =
      sod_model_path (get_pattern (self), node, is_alone (self, node));
  g_autoptr (GError) error = NULL;

  if (gst_sod_network_save (network, path, &error)) {
    tell_published (self, node, network, path, score, forced);
    return TRUE;
  }
  sod_element_warning (
      GST_ELEMENT (self), error, "the model published before stays");
  return FALSE;
}

static void
refuse (GstSodTrainerElement *self, const gchar *node, gdouble score)
{
  g_mutex_lock (&self->lock);
  self->n_refused++;
  g_mutex_unlock (&self->lock);
  sod_trainer_tell (
      self, gst_structure_new ("sod-trainer-refused", "node", G_TYPE_STRING,
                node, "score", G_TYPE_DOUBLE, score, NULL));
}

static gboolean
on_network (const gchar *node, GstSodNetwork *network, gdouble score,
    gboolean better, gpointer user_data)
{
  GstSodTrainerElement *self = user_data;
  gboolean forced =
      g_value_get_boolean (&self->asked.values[SOD_TRAINER_PROP_FORCE_PUBLISH]);

  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->networks, g_strdup (node), g_object_ref (network));
  if (g_strcmp0 (node, "reverse") != 0)
    self->score = score;
  g_mutex_unlock (&self->lock);
  if (get_pattern (self) == NULL)
    return FALSE;
  if (better || forced)
    return publish (self, node, network, score, !better);
  refuse (self, node, score);
  return FALSE;
}

/* Names and networks, in turn. (transfer full) */
static GPtrArray *
copy_networks (GstSodTrainerElement *self)
{
  GPtrArray *copy = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer node, network;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->networks);
  while (g_hash_table_iter_next (&iter, &node, &network)) {
    g_ptr_array_add (copy, g_strdup (node));
    g_ptr_array_add (copy, g_object_ref (network));
  }
  g_mutex_unlock (&self->lock);
  return copy;
}

guint
sod_trainer_publish_all (GstSodTrainerElement *self)
{
  g_autoptr (GPtrArray) networks = copy_networks (self);
  guint n = 0;

  for (guint i = 0; i < networks->len; i += 2) {
    g_autofree gchar *node = g_ptr_array_index (networks, i);
    g_autoptr (GstSodNetwork) network = g_ptr_array_index (networks, i + 1);

    if (get_pattern (self) != NULL)
      n += publish (self, node, network, NAN, TRUE);
  }
  return n;
}

/* ---- what the training tells ---- */

static void
on_progress (const gchar *json, gpointer user_data)
{
  GstSodTrainerElement *self = user_data;
  g_autoptr (GstSodTrainingProgress) progress =
      gst_sod_training_progress_new_from_json (json, NULL);

  if (progress == NULL)
    return;
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->progress, gst_sod_training_progress_free);
  self->progress = gst_sod_training_progress_copy (progress);
  g_mutex_unlock (&self->lock);
  sod_trainer_tell_progress (self, GST_PROGRESS_TYPE_CONTINUE, progress, NULL);
  sod_trainer_tell_line (self, "progress", json);
}

static void
on_scored (const gchar *node, const gchar *json, gpointer user_data)
{
  GstSodTrainerElement *self = user_data;
  g_autofree gchar *line =
      g_strdup_printf ("{\"node\":\"%s\",%s", node, json + 1);

  sod_trainer_tell (
      self, gst_structure_new ("sod-trainer-scored", "node", G_TYPE_STRING,
                node, "measures", G_TYPE_STRING, json, NULL));
  sod_trainer_tell_line (self, "scored", line);
}

static void
on_warning (const GError *warning, gpointer user_data)
{
  GstSodTrainerElement *self = user_data;
  g_autofree gchar *text = sod_trainer_lines_quote (warning->message);
  g_autofree gchar *line = g_strdup_printf ("{\"text\":%s}", text);

  sod_element_warning (GST_ELEMENT (self), warning, "the training goes on");
  sod_trainer_tell_line (self, "warning", line);
}

/* ---- the end ---- */

/* With the lock, which it lets go; once an end. */
static void
tell_end (GstSodTrainerElement *self)
{
  GstMessage *message;
  guint32 seqnum = self->seqnum;

  if (!self->finishing || self->running || self->told || self->failed
      || self->stopping || !self->playing)
    return;
  self->told = TRUE;
  g_mutex_unlock (&self->lock);
  sod_trainer_lines_end (self->lines);
  message = gst_message_new_eos (GST_OBJECT (self));
  if (seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, seqnum);
  gst_element_post_message (GST_ELEMENT (self), message);
  g_mutex_lock (&self->lock);
}

static void
tell_done (GstSodTrainerElement *self, const GError *error, gboolean stopped,
    const gchar *record)
{
  const gchar *result =
      error == NULL ? "finished" : (stopped ? "stopped" : "failed");

  sod_trainer_tell_progress (self,
      error == NULL
          ? GST_PROGRESS_TYPE_COMPLETE
          : (stopped ? GST_PROGRESS_TYPE_CANCELED : GST_PROGRESS_TYPE_ERROR),
      NULL, error == NULL ? "the training is over" : error->message);
  sod_trainer_tell (
      self, gst_structure_new ("sod-trainer-done", "result", G_TYPE_STRING,
                result, "record", G_TYPE_STRING, record, NULL));
  if (record != NULL)
    sod_trainer_tell_line (self, result, record);
}

/* Where streams go on, so does the element: there will be other trainings. */
static void
on_done (const GError *error, const gchar *record, gpointer user_data)
{
  GstSodTrainerElement *self = user_data;
  gboolean stopped =
      g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  gboolean finishing;

  g_mutex_lock (&self->lock);
  finishing = self->finishing;
  self->running = FALSE;
  g_clear_pointer (&self->progress, gst_sod_training_progress_free);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  tell_done (self, error, stopped, record);
  if (error != NULL && !stopped && finishing)
    sod_trainer_fail (self, error);
  else if (error != NULL && !stopped)
    sod_element_warning (GST_ELEMENT (self), error,
        "nothing was learnt; frames are gathered as before");
  g_mutex_lock (&self->lock);
  tell_end (self);
  g_mutex_unlock (&self->lock);
}

/* ---- the beginning ---- */

gboolean
sod_trainer_begin (GstSodTrainerElement *self)
{
  static const SodTrainerJobFuncs funcs = { on_progress, on_scored, on_warning,
    on_network, on_done };
  g_auto (GStrv) nodes = NULL;
  SodTrainerJob *before;

  if (!self->started || self->stopping || self->failed || self->running)
    return FALSE;
  before = g_steal_pointer (&self->job);
  self->running = TRUE;
  self->cancelled = FALSE;
  self->n_since = 0;
  self->n_trainings++;
  self->last_begun = g_get_monotonic_time ();
  self->resumed |= sod_frames_exist (sod_trainer_settings_get_string (
      &self->asked, SOD_TRAINER_PROP_CHECKPOINT_PATH));
  nodes = list_nodes (self);
  g_mutex_unlock (&self->lock);
  if (before != NULL) {
    sod_trainer_job_join (before);
    sod_trainer_job_unref (before);
  }
  sod_trainer_tell_progress (
      self, GST_PROGRESS_TYPE_START, NULL, "a training begins");
  g_mutex_lock (&self->lock);
  self->job = sod_trainer_job_new (
      &self->asked, self->store, (const gchar *const *) nodes, &funcs, self);
  if (self->stopping || self->cancelled)
    sod_trainer_job_cancel (self->job);
  g_cond_broadcast (&self->cond);
  return TRUE;
}

void
sod_trainer_cancel (GstSodTrainerElement *self)
{
  self->cancelled = TRUE;
  if (self->job != NULL && self->running)
    sod_trainer_job_cancel (self->job);
}

static SodTrigger
get_trigger (GstSodTrainerElement *self)
{
  return (SodTrigger) g_value_get_enum (
      &self->asked.values[SOD_TRAINER_PROP_TRIGGER]);
}

void
sod_trainer_check_trigger (GstSodTrainerElement *self)
{
  SodTrigger trigger = get_trigger (self);
  guint64 n =
      g_value_get_uint64 (&self->asked.values[SOD_TRAINER_PROP_TRIGGER_FRAMES]);
  gint64 interval =
      g_value_get_uint (&self->asked.values[SOD_TRAINER_PROP_TRIGGER_INTERVAL]);

  if ((trigger == SOD_TRIGGER_FRAMES && self->n_since >= n)
      || (trigger == SOD_TRIGGER_INTERVAL
          && g_get_monotonic_time () - self->last_begun
                 >= interval * G_TIME_SPAN_SECOND))
    sod_trainer_begin (self);
}

/* A pad that nothing is linked to gives nothing that could be waited for. */
static gboolean
has_ended (GstSodTrainerElement *self)
{
  guint n = 0;

  for (guint i = 0; i < self->pads->len; i++) {
    SodTrainerPad *pad = g_ptr_array_index (self->pads, i);

    if (!pad->ended && !pad->gone && gst_pad_is_linked (GST_PAD (pad)))
      return FALSE;
    n += pad->ended;
  }
  return n > 0;
}

void
sod_trainer_check_end (GstSodTrainerElement *self)
{
  if (!self->started || self->stopping || self->failed || self->finishing
      || !has_ended (self))
    return;
  self->finishing = TRUE;
  if (get_trigger (self) == SOD_TRIGGER_EOS && !self->resumed)
    sod_trainer_begin (self);
  tell_end (self);
}

void
sod_trainer_set_playing (GstSodTrainerElement *self, gboolean playing)
{
  g_mutex_lock (&self->lock);
  self->playing = playing;
  if (playing && !self->resumed && !self->running && !self->finishing
      && sod_frames_exist (sod_trainer_settings_get_string (
          &self->asked, SOD_TRAINER_PROP_CHECKPOINT_PATH)))
    sod_trainer_begin (self);
  if (playing)
    tell_end (self);
  g_mutex_unlock (&self->lock);
}
