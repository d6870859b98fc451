/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/progress.h>

#include <gst-sod/core/json-check-private.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

struct _GstSodTrainingProgress
{
  gatomicrefcount ref_count;
  guint phase, round;
  gchar *stage, *node;
  guint64 step, n_steps;
  guint stage_number, n_stages;
  gdouble loss, rate, frames_per_second, time_left, done;
};

G_DEFINE_BOXED_TYPE (GstSodTrainingProgress, gst_sod_training_progress,
    gst_sod_training_progress_copy, gst_sod_training_progress_free)

/* NaN where there is no such number. */
static gdouble
get_number (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                   ? json_node_get_value_type (node)
                   : G_TYPE_INVALID;

  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE
             ? json_node_get_double (node)
             : NAN;
}

/* 0 where there is no such number, or it is none to count with. */
static guint64
get_count (JsonObject *object, const gchar *name)
{
  gdouble number = get_number (object, name);

  return number >= 0 && number < 1e15 ? (guint64) number : 0;
}

static gchar *
get_text (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return g_strdup (node != NULL && JSON_NODE_HOLDS_VALUE (node)
                           && json_node_get_value_type (node) == G_TYPE_STRING
                       ? json_node_get_string (node)
                       : "");
}

/**
 * gst_sod_training_progress_new_from_json:
 * @json: what #GstSodTraining::progress said
 * @error: return location for an error
 *
 * Members that are missing are 0, empty or NaN.
 *
 * Errors: %GST_SOD_ERROR_FORMAT where @json is not a JSON object.
 *
 * Returns: (transfer full): where the training is, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTrainingProgress *
gst_sod_training_progress_new_from_json (const gchar *json, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  GstSodTrainingProgress *self;
  JsonObject *object;

  g_return_val_if_fail (json != NULL, NULL);

  if (!gst_sod_json_check (json, strlen (json), error))
    return NULL;
  node = json_from_string (json, error);
  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "progress of a training is a JSON object, something else was given");
    return NULL;
  }
  object = json_node_get_object (node);
  self = g_new0 (GstSodTrainingProgress, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->phase = (guint) get_count (object, "phase");
  self->round = (guint) get_count (object, "round");
  self->stage = get_text (object, "stage");
  self->node = get_text (object, "node");
  self->step = get_count (object, "step");
  self->n_steps = get_count (object, "n-steps");
  self->loss = get_number (object, "loss");
  self->rate = get_number (object, "rate");
  self->frames_per_second = get_number (object, "frames-per-second");
  self->time_left = get_number (object, "time-left");
  self->stage_number = (guint) get_count (object, "stage-number");
  self->n_stages = (guint) get_count (object, "n-stages");
  self->done = get_number (object, "done");
  return self;
}

/**
 * gst_sod_training_progress_copy: (skip)
 * @self: progress
 *
 * Returns: (transfer full): the same
 *
 * Since: 0.1
 */
GstSodTrainingProgress *
gst_sod_training_progress_copy (const GstSodTrainingProgress *self)
{
  GstSodTrainingProgress *same = (GstSodTrainingProgress *) self;

  g_atomic_ref_count_inc (&same->ref_count);
  return same;
}

/**
 * gst_sod_training_progress_free: (skip)
 * @self: (transfer full): progress
 *
 * Gives it back.
 *
 * Since: 0.1
 */
void
gst_sod_training_progress_free (GstSodTrainingProgress *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->stage);
  g_free (self->node);
  g_free (self);
}

/**
 * gst_sod_training_progress_get_phase:
 * @self: progress
 *
 * Returns: phase of the paper, 1 to 3
 *
 * Since: 0.1
 */
guint
gst_sod_training_progress_get_phase (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->phase;
}

/**
 * gst_sod_training_progress_get_round:
 * @self: progress
 *
 * Returns: round of phases 2 and 3, from 1; 0 in phase 1
 *
 * Since: 0.1
 */
guint
gst_sod_training_progress_get_round (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->round;
}

/**
 * gst_sod_training_progress_get_stage:
 * @self: progress
 *
 * Returns: (transfer none): what is learnt: the name of a stage of
 * docs/training.md
 *
 * Since: 0.1
 */
const gchar *
gst_sod_training_progress_get_stage (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->stage;
}

/**
 * gst_sod_training_progress_get_node:
 * @self: progress
 *
 * Returns: (transfer none): whose network learns; "reverse" for the reverse
 * network
 *
 * Since: 0.1
 */
const gchar *
gst_sod_training_progress_get_node (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->node;
}

/**
 * gst_sod_training_progress_get_step:
 * @self: progress
 *
 * Returns: steps of this stage that are taken
 *
 * Since: 0.1
 */
guint64
gst_sod_training_progress_get_step (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->step;
}

/**
 * gst_sod_training_progress_get_n_steps:
 * @self: progress
 *
 * Returns: steps of this stage in all
 *
 * Since: 0.1
 */
guint64
gst_sod_training_progress_get_n_steps (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_steps;
}

/**
 * gst_sod_training_progress_get_loss:
 * @self: progress
 *
 * Returns: loss of the last step; NaN where there was none
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_progress_get_loss (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NAN);

  return self->loss;
}

/**
 * gst_sod_training_progress_get_rate:
 * @self: progress
 *
 * Returns: learning rate of the next step
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_progress_get_rate (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NAN);

  return self->rate;
}

/**
 * gst_sod_training_progress_get_frames_per_second:
 * @self: progress
 *
 * Returns: frames learnt from in a second
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_progress_get_frames_per_second (
    const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NAN);

  return self->frames_per_second;
}

/**
 * gst_sod_training_progress_get_time_left:
 * @self: progress
 *
 * Returns: seconds that this stage still takes, as far as is known
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_progress_get_time_left (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NAN);

  return self->time_left;
}

/**
 * gst_sod_training_progress_get_stage_number:
 * @self: progress
 *
 * Returns: which stage of the plan this is, from 1; 0 where it is not known
 *
 * Since: 0.1
 */
guint
gst_sod_training_progress_get_stage_number (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->stage_number;
}

/**
 * gst_sod_training_progress_get_n_stages:
 * @self: progress
 *
 * Returns: how many stages the plan has; 0 where it is not known
 *
 * Since: 0.1
 */
guint
gst_sod_training_progress_get_n_stages (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_stages;
}

/**
 * gst_sod_training_progress_get_done:
 * @self: progress
 *
 * Returns: how much of all stages is done, 0..1, by what their steps are
 *   reckoned to cost, or by the clock where that is further on; NaN where it is
 *   not known
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_progress_get_done (const GstSodTrainingProgress *self)
{
  g_return_val_if_fail (self != NULL, NAN);

  return self->done;
}

/**
 * gst_sod_training_scores_get:
 * @measures: what #GstSodTraining::scored said
 * @measure: name of a measure, such as "max_f"
 *
 * Returns: its value; NaN where there is no such number
 *
 * Since: 0.1
 */
gdouble
gst_sod_training_scores_get (const gchar *measures, const gchar *measure)
{
  g_autoptr (JsonNode) node = NULL;

  g_return_val_if_fail (measures != NULL && measure != NULL, NAN);

  if (gst_sod_json_check (measures, strlen (measures), NULL))
    node = json_from_string (measures, NULL);
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? get_number (json_node_get_object (node), measure)
             : NAN;
}
