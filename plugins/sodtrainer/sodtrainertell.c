/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages, lines and statistics. */
#include "sodtrainer.h"

#include <plugins/common/soddevice.h>

#include <math.h>

void
sod_trainer_tell (GstSodTrainerElement *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

void
sod_trainer_tell_line (
    GstSodTrainerElement *self, const gchar *event, const gchar *json)
{
  gchar *line = g_strdup_printf ("{\"event\":\"%s\",%s", event, json + 1);

  /* An object that was printed to be read has its members on lines. */
  sod_trainer_lines_add (self->lines, g_strdelimit (line, "\n", ' '));
}

/* (transfer full) */
static gchar *
describe (const GstSodTrainingProgress *progress)
{
  guint round = gst_sod_training_progress_get_round (progress);
  gdouble loss = gst_sod_training_progress_get_loss (progress);
  gdouble left = gst_sod_training_progress_get_time_left (progress);
  GString *text = g_string_new (NULL);

  g_string_append_printf (
      text, "phase %u", gst_sod_training_progress_get_phase (progress));
  if (round > 0)
    g_string_append_printf (text, " round %u", round);
  g_string_append_printf (text,
      " %s: step %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
      gst_sod_training_progress_get_node (progress),
      gst_sod_training_progress_get_step (progress),
      gst_sod_training_progress_get_n_steps (progress));
  if (isfinite (loss)) /* nothing is learnt while pseudo-labels are made */
    g_string_append_printf (text, ", loss %.4f, rate %.2e", loss,
        gst_sod_training_progress_get_rate (progress));
  if (isfinite (left))
    g_string_append_printf (text, ", %.0f s left", left);
  return g_string_free (text, FALSE);
}

static void
add_progress (GstStructure *structure, const GstSodTrainingProgress *progress)
{
  gst_structure_set (structure, "phase", G_TYPE_UINT,
      gst_sod_training_progress_get_phase (progress), "round", G_TYPE_UINT,
      gst_sod_training_progress_get_round (progress), "stage", G_TYPE_STRING,
      gst_sod_training_progress_get_stage (progress), "node", G_TYPE_STRING,
      gst_sod_training_progress_get_node (progress), "step", G_TYPE_UINT64,
      gst_sod_training_progress_get_step (progress), "n-steps", G_TYPE_UINT64,
      gst_sod_training_progress_get_n_steps (progress), "loss", G_TYPE_DOUBLE,
      gst_sod_training_progress_get_loss (progress), "rate", G_TYPE_DOUBLE,
      gst_sod_training_progress_get_rate (progress), "frames-per-second",
      G_TYPE_DOUBLE, gst_sod_training_progress_get_frames_per_second (progress),
      "time-left", G_TYPE_DOUBLE,
      gst_sod_training_progress_get_time_left (progress), "done", G_TYPE_DOUBLE,
      gst_sod_training_progress_get_done (progress), NULL);
}

/* Of the whole training, as a message of the kind has it; 0 where it is not
 * known. */
static gint
get_percent (const GstSodTrainingProgress *progress)
{
  gdouble done = gst_sod_training_progress_get_done (progress);

  return isfinite (done) ? (gint) (100 * CLAMP (done, 0, 1)) : 0;
}

void
sod_trainer_tell_progress (GstSodTrainerElement *self, GstProgressType type,
    const GstSodTrainingProgress *progress, const gchar *text)
{
  g_autofree gchar *line =
      progress != NULL ? describe (progress) : g_strdup (text);
  GstMessage *message =
      gst_message_new_progress (GST_OBJECT (self), type, "training", line);

  if (progress != NULL) {
    GstStructure *structure = gst_message_writable_structure (message);

    add_progress (structure, progress);
    gst_structure_set (
        structure, "percent", G_TYPE_INT, get_percent (progress), NULL);
  }
  gst_element_post_message (GST_ELEMENT (self), message);
}

static void
add_nodes (GstSodTrainerElement *self, GstStructure *stats)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    SodTrainerNode *node = g_ptr_array_index (self->nodes, i);
    g_autofree gchar *name = sod_trainer_node_get_name (node);
    GstStructure *own = gst_structure_new_empty ("node");

    sod_trainer_node_describe (node, own);
    sod_trainer_node_describe (node, stats);
    gst_structure_set (stats, name, GST_TYPE_STRUCTURE, own, NULL);
    gst_structure_free (own);
  }
}

GstStructure *
sod_trainer_get_stats (GstSodTrainerElement *self)
{
  GstStructure *stats = gst_structure_new_empty ("sod-trainer-stats");

  g_mutex_lock (&self->lock);
  add_nodes (self, stats);
  gst_structure_set (stats, "trainings", G_TYPE_UINT64, self->n_trainings,
      "published", G_TYPE_UINT64, self->n_published, "refused", G_TYPE_UINT64,
      self->n_refused, "labels-added", G_TYPE_UINT64, self->n_added, "training",
      G_TYPE_BOOLEAN, self->running, "score", G_TYPE_DOUBLE, self->score,
      "store", G_TYPE_STRING,
      self->store != NULL ? gst_sod_store_get_path (self->store) : NULL, NULL);
  if (self->progress != NULL)
    add_progress (stats, self->progress);
  g_mutex_unlock (&self->lock);
  return stats;
}

gboolean
sod_trainer_check_device (GstSodTrainerElement *self,
    GstSodTrainingSettings *settings, GError **error)
{
  g_autofree gchar *asked =
      gst_sod_training_settings_get (settings, "run.device", NULL);
  g_autofree gchar *reason = NULL;
  g_autofree gchar *device = gst_sod_device_resolve (asked, &reason, error);

  if (device == NULL)
    return FALSE;
  sod_device_tell (GST_ELEMENT (self), asked, device, reason);
  return TRUE;
}
