/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/stage-private.h>

#include <math.h>

#include <gst-sod/core/random.h>
#include <gst-sod/train/network-batches.h>

/* Progress is told this often, us. */
#define TELL_INTERVAL (G_USEC_PER_SEC / 4)

/* Points of a stage's loss curve in the record. */
#define CURVE_POINTS 200

static GstSodTrainingSettings *
settings_of (const GstSodStage *self)
{
  return self->training->settings;
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
  self->last_loss = self->last_score = NAN;
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

/* ---- what begin() is made of ---- */

static void
set_number (GstSodStage *self, GObject *object, const gchar *property,
    const gchar *section)
{
  g_autofree gchar *key = g_strconcat (section, ".", property, NULL);

  g_object_set (object, property,
      gst_sod_training_settings_get_number (settings_of (self), key), NULL);
}

/* Sets a property that is an enumeration by the nick @word. */
static void
set_word (GObject *object, const gchar *property, const gchar *word)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (object), property);
  GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;
  GEnumValue *value = g_enum_get_value_by_nick (klass, word);

  g_assert (value != NULL);
  g_object_set (object, property, value->value, NULL);
}

static void
set_choice (GstSodStage *self, GObject *object, const gchar *property,
    const gchar *section)
{
  g_autofree gchar *key = g_strconcat (section, ".", property, NULL);

  set_word (object, property,
      gst_sod_training_settings_peek (settings_of (self), key));
}

GstSodTrainer *
gst_sod_stage_make_trainer (GstSodStage *self, GstSodNetwork *network,
    const gchar *section, gdouble rate, guint64 warm_up, GError **error)
{
  static const gchar *const numbers[] = { "momentum", "weight-decay",
    "clip-norm", "average-decay" };
  GstSodTrainingSettings *settings = settings_of (self);
  g_autofree gchar *decay = g_strconcat (section, ".decay", NULL);
  GstSodTrainer *trainer = gst_sod_trainer_new (network,
      gst_sod_training_settings_peek (settings, "run.device"),
      (guint) gst_sod_training_settings_get_integer (settings, "run.threads"),
      error);

  if (trainer == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    set_number (self, G_OBJECT (trainer), numbers[i], section);
  set_choice (self, G_OBJECT (trainer), "loss", section);
  set_choice (self, G_OBJECT (trainer), "optimiser", section);
  set_word (G_OBJECT (trainer), "precision",
      gst_sod_training_settings_peek (settings, "run.precision"));
  g_object_set (trainer, "learning-rate", rate, "warm-up", warm_up, NULL);
  if (gst_sod_training_settings_is (settings, decay, "poly"))
    g_object_set (trainer, "steps", self->n_steps, NULL);
  return trainer;
}

static void
on_warning (GstSodBatches *batches, const gchar *text, gpointer user_data)
{
  GstSodStage *self = user_data;

  gst_sod_training_warn (self->training, "%s: %s", self->plan.node->name, text);
}

static void
choose_size (GstSodStage *self, GstSodNetwork *network)
{
  GstSodTrainingSettings *settings = settings_of (self);
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  gint width =
      (gint) gst_sod_training_settings_get_integer (settings, "data.width");
  gint height =
      (gint) gst_sod_training_settings_get_integer (settings, "data.height");

  self->width =
      width > 0 ? width : gst_sod_architecture_get_input_width (architecture);
  self->height = height > 0
                     ? height
                     : gst_sod_architecture_get_input_height (architecture);
}

static guint64
count_steps (GstSodStage *self, const gchar *epochs, const gchar *steps)
{
  GstSodTrainingSettings *settings = settings_of (self);
  guint64 n = (guint64) gst_sod_training_settings_get_integer (settings, steps);

  if (n > 0)
    return n;
  return MAX (
      1, (guint64) ceil (gst_sod_training_settings_get_number (settings, epochs)
                         * (gdouble) self->n_per_epoch));
}

gboolean
gst_sod_stage_set_batches (GstSodStage *self, GstSodSamples *samples,
    GstSodNetwork *network, const gchar *epochs, const gchar *steps,
    GError **error)
{
  GstSodTrainingSettings *settings = settings_of (self);
  g_autoptr (GstSodAugmentation) augmentation = gst_sod_augmentation_new (
      gst_sod_training_settings_peek (settings, "data.augmentation"), error);

  if (augmentation == NULL)
    return FALSE;
  self->batches = gst_sod_batches_new (samples, network, error);
  if (self->batches == NULL)
    return FALSE;
  g_object_set (self->batches, "batch-size",
      (guint) gst_sod_training_settings_get_integer (
          settings, "data.batch-size"),
      "augmentation", augmentation, "threads",
      (guint) gst_sod_training_settings_get_integer (
          settings, "data.reading-threads"),
      "cache-size",
      (guint64) gst_sod_training_settings_get_integer (
          settings, "data.cache-size")
          << 20,
      "seed", gst_sod_stage_seed (self, 0), "labelled-only", FALSE,
      "cancellable", self->training->cancellable, NULL);
  g_signal_connect (self->batches, "warning", G_CALLBACK (on_warning), self);
  choose_size (self, network);
  self->accumulate = (guint64) gst_sod_training_settings_get_integer (
      settings, "data.accumulate");
  self->n_per_epoch = MAX (
      1, gst_sod_batches_get_n_per_epoch (self->batches) / self->accumulate);
  self->n_steps = count_steps (self, epochs, steps);
  return TRUE;
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

/* Seconds: by the clock, or by the pace so far, where full-size steps to come
 * cost as many times more as they have pixels. */
static gdouble
guess_time_left (const GstSodStage *self)
{
  GstSodTrainingSettings *settings = settings_of (self);
  gdouble share =
      gst_sod_training_settings_get_number (settings, "data.small-share");
  gdouble pixels = (gdouble) self->width * self->height;
  gdouble small_pixels = (gdouble) gst_sod_training_settings_get_integer (
                             settings, "data.small-width")
                         * (gdouble) gst_sod_training_settings_get_integer (
                             settings, "data.small-height");
  gdouble n_left =
      (gdouble) (self->n_steps - MIN (self->n_steps, self->state.step));
  gdouble n_full = MIN (n_left, (1 - share) * (gdouble) self->n_steps);
  gdouble left;

  if (self->small)
    left = self->step_seconds
           * (n_left - n_full + n_full * MAX (1, pixels / small_pixels));
  else
    left = self->step_seconds * n_left;
  return self->seconds > 0 ? MIN (left, self->seconds - self->state.seconds)
                           : left;
}

static void
tell_progress (GstSodStage *self, gboolean last)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (JsonObject) object = NULL;

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
  json_object_set_boolean_member (object, "small", self->small);
  json_object_set_double_member (
      object, "frames-per-second", frames_per_second (self));
  json_object_set_double_member (object, "time-left", guess_time_left (self));
  gst_sod_training_tell_progress (self->training, object);
}

/* The record's curve: means over stretches of equal length. */
static void
note_loss (GstSodStage *self, gdouble loss)
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
has_converged (GstSodStage *self, GstSodNetwork *network, gdouble rank)
{
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
take_snapshot (GstSodStage *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSodNetwork *network = gst_sod_trainer_snapshot (self->learner, &failure);

  if (g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT))
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "training diverged: %s", failure->message);
  else if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return network;
}

/* What is learnt so far is judged, told and offered. */
static gboolean
score (GstSodStage *self, GError **error)
{
  g_autoptr (GstSodNetwork) network = take_snapshot (self, error);
  JsonObject *scores = NULL;
  gdouble rank = NAN;

  if (network == NULL
      || !self->plan.klass->score (self, network, &scores, &rank, error))
    return FALSE;
  if (scores != NULL) {
    json_object_set_int_member (scores, "phase", self->plan.phase);
    json_object_set_int_member (scores, "round", self->plan.round);
    json_object_set_int_member (scores, "step", (gint64) self->state.step);
    gst_sod_training_tell_scores (self->training, self->plan.node, scores);
    gst_sod_run_record_add_score (self->training->record, scores);
  }
  self->last_score = rank;
  gst_sod_training_offer (self->training, self->plan.node, network, rank);
  if (has_converged (self, network, rank))
    self->end = GST_SOD_STAGE_CONVERGED;
  return TRUE;
}

gboolean
gst_sod_stage_score_base (GstSodStage *self, GstSodNetwork *network,
    JsonObject **scores, gdouble *rank, GError **error)
{
  GstSodTrainingNode *node = self->plan.node;
  GstSodScores found;

  if (node->held_out == NULL)
    return TRUE;
  if (!gst_sod_training_score (self->training, node, network, &found, error))
    return FALSE;
  *scores = gst_sod_scores_to_json (&found);
  *rank = gst_sod_scores_get_rank (&found, settings_of (self));
  return TRUE;
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
  gint64 start = g_get_monotonic_time ();
  gdouble loss;

  choose_small (self);
  if (self->seconds > 0)
    place_all (self);
  if (!self->plan.klass->step (self, &loss, error)) {
    discard (self);
    return FALSE;
  }
  self->state.step++;
  note_pace (
      self, (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  note_loss (self, loss);
  count_time (self);
  self->state.owes_score = is_score_due (self);
  tell_progress (self, is_over (self));
  return TRUE;
}

gboolean
gst_sod_stage_advance (GstSodStage *self, GError **error)
{
  /* A score that was interrupted is made up for, not another step taken. */
  if (!self->state.owes_score && !take_step (self, error))
    return FALSE;
  if (self->state.owes_score && !score (self, error))
    return FALSE;
  self->state.owes_score = FALSE;
  count_time (self);
  if (self->end == GST_SOD_STAGE_GOES_ON && is_over (self))
    self->end = GST_SOD_STAGE_COMPLETE;
  return TRUE;
}

gboolean
gst_sod_stage_learn (GstSodStage *self, const GstSodTensor *input,
    const GstSodTensor *target, const GstSodTensor *weights, gdouble *loss,
    GError **error)
{
  g_autoptr (GstSodTensor) output =
      gst_sod_trainer_forward (self->learner, input, error);
  g_autoptr (GstSodTensor) d_output = NULL;
  GstSodLoss kind;

  if (output == NULL)
    return FALSE;
  g_object_get (self->learner, "loss", &kind, NULL);
  d_output = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), error);
  if (d_output == NULL
      || !gst_sod_stage_compute_loss (
          kind, output, target, weights, d_output, loss, error))
    return FALSE;
  return gst_sod_trainer_backward (self->learner, d_output, NULL, error);
}

gboolean
gst_sod_stage_step_learner (GstSodStage *self, gdouble *loss, GError **error)
{
  *loss = 0;
  for (guint64 i = 0; i < self->accumulate; i++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;
    g_autoptr (GstSodTensor) weights = NULL;
    gdouble value;

    if (!gst_sod_batches_next (self->batches, &input, &target, &weights, error)
        || !gst_sod_stage_learn (self, input, target, weights, &value, error))
      return FALSE;
    *loss += value / (gdouble) self->accumulate;
  }
  return gst_sod_trainer_update (self->learner, error);
}

/* A loss that is not finite diverges, as a gradient does. */
gboolean
gst_sod_stage_compute_loss (GstSodLoss kind, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, gdouble *loss, GError **error)
{
  GError *failure = NULL;

  *loss =
      gst_sod_loss_compute (kind, output, target, weights, d_output, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (isfinite (*loss))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
      "training diverged: the loss is %g", *loss);
  return FALSE;
}

/* What a stage leaves: the weights that were learnt last, or the best by the
 * held-out score; nothing of what the monitor stopped. */
static gboolean
leave_network (GstSodStage *self, GError **error)
{
  GstSodTrainingNode *node = self->plan.node;
  g_autoptr (GstSodNetwork) network = NULL;

  if (gst_sod_training_settings_is (settings_of (self), "run.keep", "best")
      && self->best != NULL)
    network = g_object_ref (self->best);
  else
    network = take_snapshot (self, error);
  if (network == NULL)
    return FALSE;
  g_mutex_lock (&self->training->lock);
  g_set_object (&node->network, network);
  g_mutex_unlock (&self->training->lock);
  node->knows = TRUE;
  node->score = self->last_score;
  return TRUE;
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
