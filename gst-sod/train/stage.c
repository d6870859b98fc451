/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/stage-private.h>

#include <math.h>

#include <gst-sod/core/random.h>

static GstSodTrainingSettings *
settings_of (const GstSodStage *self)
{
  return self->training->settings;
}

/* The network from before stays where nothing that is learnt here is better. */
static void
remember_start (GstSodStage *self)
{
  const GstSodTrainingNode *node = self->plan.node;

  if (!gst_sod_training_settings_is (settings_of (self), "run.keep", "best")
      || isnan (node->score))
    return;
  self->state.best_score = node->score;
  g_set_object (&self->best, node->network);
}

GstSodStage *
gst_sod_stage_new (
    GstSodTraining *training, const GstSodStagePlan *plan, GError **error)
{
  g_autoptr (GstSodStage) self = g_new0 (GstSodStage, 1);

  self->training = training;
  self->plan = *plan;
  self->state.rate_scale = 1;
  self->state.best_score = NAN;
  self->last_loss = NAN;
  remember_start (self);
  if (!plan->klass->begin (self, error)) {
    g_prefix_error (error, "phase %u, %s of %s: ", plan->phase,
        plan->klass->name, plan->node->name);
    return NULL;
  }
  if (self->learner == NULL)
    self->end = GST_SOD_STAGE_EMPTY;
  else
    gst_sod_stage_seek (self);
  return g_steal_pointer (&self);
}

void
gst_sod_stage_free (GstSodStage *self)
{
  g_clear_object (&self->learner);
  g_clear_object (&self->partner);
  gst_sod_stage_drop_ahead (self);
  g_clear_object (&self->batches);
  g_clear_object (&self->best);
  g_free (self);
}

guint64
gst_sod_stage_seed (const GstSodStage *self, guint64 purpose)
{
  guint64 seed = (guint64) gst_sod_training_settings_get_integer (
      settings_of (self), "run.seed");
  g_autoptr (GstSodRandom) random = gst_sod_random_new (
      seed, (guint64) self->training->stage * 256 + purpose);

  return (guint64) gst_sod_random_next (random) << 20
         ^ gst_sod_random_next (random);
}

/* ---- the course ---- */

/* The step of the schedule: with a limit of time, where the clock stands if
 * that is further on. */
static guint64
get_position (const GstSodStage *self)
{
  gdouble share = self->seconds > 0 ? self->state.seconds / self->seconds : 0;
  guint64 by_time = (guint64) (MIN (share, 1) * (gdouble) self->n_steps);

  return MAX (self->state.step, by_time);
}

/* Small pictures first: features are cheaper to learn there. The schedule of
 * the rate goes on as one. */
static void
choose_small (GstSodStage *self)
{
  GstSodTrainingSettings *settings = settings_of (self);
  gdouble share =
      gst_sod_training_settings_get_number (settings, "data.small-share");
  gint width = (gint) gst_sod_training_settings_get_integer (
      settings, "data.small-width");
  gint height = (gint) gst_sod_training_settings_get_integer (
      settings, "data.small-height");
  gboolean small =
      width < self->width
      && (gdouble) get_position (self) < share * (gdouble) self->n_steps;
  gint now_width;

  g_object_get (self->batches, "width", &now_width, NULL);
  self->small = small;
  if (now_width == (small ? width : self->width))
    return;
  self->n_paced = 0;
  g_object_set (self->batches, "width", small ? width : self->width, "height",
      small ? height : self->height, NULL);
  gst_sod_stage_drop_ahead (self);
  gst_sod_batches_seek (self->batches, self->state.step * self->accumulate);
}

static void
place (GstSodStage *self, GstSodTrainer *trainer)
{
  if (trainer == NULL)
    return;
  gst_sod_trainer_set_rate_scale (trainer, self->state.rate_scale);
  gst_sod_trainer_set_n_steps (trainer, get_position (self));
}

static void
place_all (GstSodStage *self)
{
  place (self, self->learner);
  place (self, self->partner);
}

void
gst_sod_stage_seek (GstSodStage *self)
{
  choose_small (self);
  gst_sod_stage_drop_ahead (self);
  gst_sod_batches_seek (self->batches, self->state.step * self->accumulate);
  place_all (self);
  self->clock = g_get_monotonic_time ();
  if (get_position (self) >= self->n_steps && !self->state.owes_score)
    self->end = GST_SOD_STAGE_COMPLETE;
}

static void
count_time (GstSodStage *self)
{
  gint64 now = g_get_monotonic_time ();

  self->state.seconds += (gdouble) (now - self->clock) / G_USEC_PER_SEC;
  self->clock = now;
}

/* ---- a step ---- */

static gboolean
is_over (const GstSodStage *self)
{
  return get_position (self) >= self->n_steps;
}

static gboolean
is_score_due (const GstSodStage *self)
{
  guint64 interval = self->n_per_epoch
                     * (guint64) gst_sod_training_settings_get_integer (
                         settings_of (self), "score.interval");

  return self->end != GST_SOD_STAGE_STOPPED
         && (self->state.step % interval == 0 || is_over (self));
}

/* Smoothed, but for the first step of a size, which compiles its plan. */
static void
note_pace (GstSodStage *self, gdouble seconds)
{
  gdouble *pace = &self->step_seconds;

  if (self->n_paced++ < 2)
    *pace = seconds;
  else
    *pace += 0.1 * (seconds - *pace);
}

static void
discard (GstSodStage *self)
{
  gst_sod_trainer_discard (self->learner);
  if (self->partner != NULL)
    gst_sod_trainer_discard (self->partner);
}

static gboolean
take_step (GstSodStage *self, GError **error)
{
  const GstSodStageState before = self->state;
  gint64 start = g_get_monotonic_time ();
  gdouble loss;

  choose_small (self);
  if (self->seconds > 0)
    place_all (self);
  if (!self->plan.klass->step (self, &loss, error)) {
    self->state = before;
    discard (self);
    return FALSE;
  }
  self->state.step++;
  note_pace (
      self, (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  gst_sod_stage_note_loss (self, loss);
  count_time (self);
  self->state.owes_score = is_score_due (self);
  gst_sod_stage_tell (self, is_over (self));
  return TRUE;
}

gboolean
gst_sod_stage_advance (GstSodStage *self, GError **error)
{
  /* A score that was interrupted is made up for, not another step taken. */
  if (!self->state.owes_score && !take_step (self, error))
    return FALSE;
  if (self->state.owes_score && !gst_sod_stage_judge (self, error))
    return FALSE;
  self->state.owes_score = FALSE;
  count_time (self);
  if (self->end == GST_SOD_STAGE_GOES_ON && is_over (self))
    self->end = GST_SOD_STAGE_COMPLETE;
  return TRUE;
}
