/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a stage tells while it runs, how it is judged, and what it leaves. */
#include <gst-sod/train/stage-private.h>

#include <math.h>

/* Progress is told this often, us. */
#define TELL_INTERVAL (G_USEC_PER_SEC / 4)

/* Points of a stage's loss curve in the record. */
#define CURVE_POINTS 200

static GstSodTrainingSettings *
settings_of (const GstSodStage *self)
{
  return self->training->settings;
}

/* ---- what is told ---- */

static gdouble
frames_per_second (const GstSodStage *self)
{
  guint batch_size;

  g_object_get (self->batches, "batch-size", &batch_size, NULL);
  return self->step_seconds > 0
             ? (gdouble) batch_size * (gdouble) self->accumulate
                   / self->step_seconds
             : 0;
}

/* What a step at full size costs, in small ones: as many as it has pixels. */
static gdouble
get_full_cost (const GstSodStage *self)
{
  GstSodTrainingSettings *settings = settings_of (self);
  gdouble pixels = (gdouble) self->width * self->height;
  gdouble small_pixels = (gdouble) gst_sod_training_settings_get_integer (
                             settings, "data.small-width")
                         * (gdouble) gst_sod_training_settings_get_integer (
                             settings, "data.small-height");

  return MAX (1, pixels / small_pixels);
}

gdouble
gst_sod_stage_get_share (const GstSodStage *self)
{
  gdouble small = gst_sod_training_settings_get_number (
      settings_of (self), "data.small-share");
  gdouble full = get_full_cost (self);
  gdouble at = self->n_steps > 0
                   ? (gdouble) self->state.step / (gdouble) self->n_steps
                   : 1;

  return (MIN (at, small) + MAX (0, at - small) * full)
         / (small + (1 - small) * full);
}

/* Seconds: by the clock, or by the pace so far, where full-size steps are still
 * to come. */
static gdouble
guess_time_left (const GstSodStage *self)
{
  gdouble share = gst_sod_training_settings_get_number (
      settings_of (self), "data.small-share");
  gdouble n_left =
      (gdouble) (self->n_steps - MIN (self->n_steps, self->state.step));
  gdouble n_full = MIN (n_left, (1 - share) * (gdouble) self->n_steps);
  gdouble left;

  if (self->small)
    left =
        self->step_seconds * (n_left - n_full + n_full * get_full_cost (self));
  else
    left = self->step_seconds * n_left;
  if (self->seconds <= 0)
    return left;
  return CLAMP (self->seconds - self->state.seconds, 0, left);
}

void
gst_sod_stage_tell (GstSodStage *self, gboolean last)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (JsonObject) object = NULL;
  gint width, height;

  if (!last && now - self->emitted < TELL_INTERVAL)
    return;
  self->emitted = now;
  object = json_object_new ();
  json_object_set_int_member (object, "phase", self->plan.phase);
  json_object_set_int_member (object, "round", self->plan.round);
  json_object_set_string_member (object, "stage", self->plan.klass->name);
  json_object_set_string_member (object, "node", self->plan.node->name);
  json_object_set_int_member (object, "step", (gint64) self->state.step);
  json_object_set_int_member (object, "n-steps", (gint64) self->n_steps);
  json_object_set_double_member (object, "epoch",
      (gdouble) self->state.step / (gdouble) self->n_per_epoch);
  json_object_set_double_member (object, "loss", self->last_loss);
  json_object_set_double_member (
      object, "rate", gst_sod_trainer_get_rate (self->learner));
  g_object_get (self->batches, "width", &width, "height", &height, NULL);
  json_object_set_int_member (object, "width", width);
  json_object_set_int_member (object, "height", height);
  json_object_set_double_member (
      object, "frames-per-second", frames_per_second (self));
  json_object_set_double_member (object, "time-left", guess_time_left (self));
  gst_sod_training_tell_progress (self->training, object);
}

/* The record's curve: means over stretches of equal length. */
void
gst_sod_stage_note_loss (GstSodStage *self, gdouble loss)
{
  GstSodStageState *state = &self->state;
  guint64 stretch = MAX (1, self->n_steps / CURVE_POINTS);

  self->last_loss = loss;
  state->loss_sum += loss;
  state->n_losses++;
  if (state->n_losses < stretch)
    return;
  gst_sod_run_record_add_loss (self->training->record, state->step,
      state->loss_sum / (gdouble) state->n_losses);
  state->loss_sum = 0;
  state->n_losses = 0;
}

/* ---- scores ---- */

/* Whether held-out frames say that nothing is gained any more. */
static gboolean
has_converged (GstSodStage *self, GstSodNetwork *network)
{
  gdouble rank = gst_sod_scores_get_rank (&self->scores, settings_of (self));
  GstSodTrainingSettings *settings = settings_of (self);
  guint64 patience = 0;

  if (self->patience != NULL)
    patience = (guint64) gst_sod_training_settings_get_integer (
        settings, self->patience);
  if (isnan (rank))
    return FALSE;
  if (isnan (self->state.best_score) || rank > self->state.best_score) {
    self->state.best_score = rank;
    self->state.n_without_gain = 0;
    g_set_object (&self->best, network);
    return FALSE;
  }
  self->state.n_without_gain++;
  return patience > 0 && self->state.n_without_gain >= patience;
}

/* A network may have left the numbers before its loss does: its statistics
 * then make no model. */
static GstSodNetwork *
take_snapshot (GstSodTrainer *trainer, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSodNetwork *network = gst_sod_trainer_snapshot (trainer, &failure);

  if (g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT))
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "training diverged: %s", failure->message);
  else if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return network;
}

static void
tell_scores (GstSodStage *self, const GstSodScores *scores)
{
  JsonObject *object = gst_sod_scores_to_json (scores);

  json_object_set_int_member (object, "phase", self->plan.phase);
  json_object_set_int_member (object, "round", self->plan.round);
  json_object_set_int_member (object, "step", (gint64) self->state.step);
  gst_sod_training_tell_scores (self->training, self->plan.node, object);
  gst_sod_run_record_add_score (self->training->record, object);
}

gboolean
gst_sod_stage_judge (GstSodStage *self, GError **error)
{
  g_autoptr (GstSodNetwork) network = take_snapshot (self->learner, error);
  g_autoptr (GstSodNetwork) judged = NULL;
  GstSodScores scores = { 0 };

  if (network == NULL
      || !self->plan.klass->score (self, network, &scores, error))
    return FALSE;
  judged = gst_sod_training_sign (
      self->training, &self->plan, network, &scores, error);
  if (judged == NULL)
    return FALSE;
  if (scores.n_frames > 0)
    tell_scores (self, &scores);
  self->scores = scores;
  gst_sod_training_offer (self->training, self->plan.node, judged,
      gst_sod_scores_get_rank (&scores, settings_of (self)));
  if (has_converged (self, judged))
    self->end = GST_SOD_STAGE_CONVERGED;
  return TRUE;
}

gboolean
gst_sod_stage_score_base (GstSodStage *self, GstSodNetwork *network,
    GstSodScores *scores, GError **error)
{
  return self->plan.node->held_out == NULL
         || gst_sod_training_score (
             self->training, self->plan.node, network, scores, error);
}

/* ---- its end ---- */

static void
give (GstSodStage *self, GstSodTrainingNode *node, GstSodNetwork *network)
{
  g_mutex_lock (&self->training->lock);
  g_set_object (&node->network, network);
  g_mutex_unlock (&self->training->lock);
  node->knows = TRUE;
}

/* A reverse network that learnt beside a base network. */
static gboolean
leave_partner (GstSodStage *self, GError **error)
{
  GstSodTraining *training = self->training;
  GstSodStagePlan plan = self->plan;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GstSodNetwork) signed_one = NULL;

  if (!self->partner_learns)
    return TRUE;
  plan.node = training->reverse;
  network = take_snapshot (self->partner, error);
  if (network != NULL)
    signed_one = gst_sod_training_sign (training, &plan, network, NULL, error);
  if (signed_one == NULL)
    return FALSE;
  give (self, training->reverse, signed_one);
  training->reverse->score = NAN; /* this one was not judged */
  return TRUE;
}

/* What a stage leaves: the weights that were learnt last, or the best by the
 * held-out score. */
static gboolean
leave_network (GstSodStage *self, GError **error)
{
  GstSodTrainingNode *node = self->plan.node;
  gboolean best =
      gst_sod_training_settings_is (settings_of (self), "run.keep", "best")
      && self->best != NULL;
  g_autoptr (GstSodNetwork) last = take_snapshot (self->learner, error);
  g_autoptr (GstSodNetwork) network = NULL;

  if (last == NULL)
    return FALSE;
  network = best ? g_object_ref (self->best)
                 : gst_sod_training_sign (
                     self->training, &self->plan, last, &self->scores, error);
  if (network == NULL)
    return FALSE;
  give (self, node, network);
  node->score =
      best ? self->state.best_score
           : gst_sod_scores_get_rank (&self->scores, settings_of (self));
  return leave_partner (self, error);
}

gboolean
gst_sod_stage_finish (GstSodStage *self, GError **error)
{
  static const gchar *const ends[] = { "going on", "complete", "converged",
    "nothing to learn from", "stopped by the monitor" };

  gst_sod_run_record_end_stage (self->training->record, self->state.step,
      self->state.seconds, ends[self->end]);
  return self->end >= GST_SOD_STAGE_EMPTY || leave_network (self, error);
}
