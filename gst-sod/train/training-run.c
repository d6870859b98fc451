/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk along the plan of a training. */
#include <gst-sod/train/stage-private.h>
#include <gst-sod/train/training-state-private.h>

static gint64
get_integer (GstSodTraining *self, const gchar *key)
{
  return gst_sod_training_settings_get_integer (self->settings, key);
}

/* ---- before it runs ---- */

static GstSodNetwork *
make_network (GstSodTraining *self, const gchar *key, guint frames,
    guint64 number, GError **error)
{
  guint64 seed = (guint64) get_integer (self, "run.seed");
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_training_make_architecture (self, key, frames, error);

  return architecture != NULL ? gst_sod_network_new_random (
             architecture, seed + number * 1000003, error)
                              : NULL;
}

static GstSodSecondInput
get_second_input (GstSodTraining *self)
{
  return g_str_equal (gst_sod_training_settings_peek (
                          self->settings, "base.second-input"),
             "frame")
             ? GST_SOD_SECOND_INPUT_FRAME
             : GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE;
}

/* ns */
static gint64
get_frame_distance (GstSodTraining *self)
{
  return get_integer (self, "base.frame-distance") * 1000000;
}

/* From random weights. */
static GstSodNetwork *
make_base (GstSodTraining *self, guint frames, guint64 number, GError **error)
{
  g_autoptr (GstSodNetwork) network =
      make_network (self, "base.architecture", frames, number, error);

  if (network == NULL
      || gst_sod_architecture_get_input_frames (
             gst_sod_network_get_architecture (network))
             == 1)
    return g_steal_pointer (&network);
  return gst_sod_network_new_with_second_input (
      network, get_second_input (self), get_frame_distance (self), error);
}

/* A start that sees one frame where two are wanted. */
static gboolean
widen_start (GstSodTraining *self, GstSodTrainingNode *node, guint frames,
    GError **error)
{
  GstSodArchitecture *architecture =
      gst_sod_network_get_architecture (node->network);
  g_autoptr (GstSodNetwork) wide = NULL;

  if (gst_sod_architecture_get_input_frames (architecture) >= frames)
    return TRUE;
  wide = gst_sod_network_new_two_frames (
      node->network, get_second_input (self), get_frame_distance (self), error);
  if (wide == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  g_set_object (&node->network, wide);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gboolean
prepare_node (GstSodTraining *self, guint k, GError **error)
{
  GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);
  guint frames = (guint) get_integer (self, "base.input-frames");

  if (node->network == NULL)
    node->network = make_base (self, frames, k + 1, error);
  else if (!widen_start (self, node, frames, error))
    return FALSE;
  return node->network != NULL;
}

/* A step may take longer than a caller waits for. */
static gboolean
is_cancelled (gpointer training)
{
  return g_cancellable_is_cancelled (GST_SOD_TRAINING (training)->cancellable);
}

/* As the stages of the reverse network score it: by one that takes no step. */
static gboolean
score_reverse (GstSodTraining *self, GstSodScores *scores, GError **error)
{
  GstSodStagePlan plan = { .klass = &gst_sod_stage_initialise_reverse,
    .phase = 1,
    .node = self->reverse };
  g_autoptr (GstSodStage) stage = gst_sod_stage_new (self, &plan, error);

  if (stage == NULL)
    return FALSE;
  gst_sod_trainer_set_stop (stage->learner, is_cancelled, self);
  if (plan.klass->score (stage, self->reverse->network, scores, error))
    return TRUE;
  g_prefix_error (error, "the reverse network to start from: ");
  return FALSE;
}

static void
note_start (
    GstSodTraining *self, GstSodTrainingNode *node, const GstSodScores *scores)
{
  JsonObject *object = gst_sod_scores_to_json (scores);

  node->score = gst_sod_scores_get_rank (scores, self->settings);
  node->best_score = node->score;
  g_set_object (&node->best, node->network);
  json_object_set_int_member (object, "phase", 0);
  json_object_set_string_member (object, "node", node->name);
  gst_sod_training_tell_scores (self, node, object);
  gst_sod_run_record_add (self->record, "starts", object);
}

/* Whether a stage is to come that offers a reverse network. */
static gboolean
teaches_reverse (GstSodTraining *self)
{
  g_autoptr (GArray) stages = gst_sod_training_list_stages (self);

  for (guint i = 0; i < stages->len; i++) {
    if (g_array_index (stages, GstSodStagePlan, i).node == self->reverse)
      return TRUE;
  }
  return FALSE;
}

/* Networks that are given to start from are what runs now: nothing is better
 * that scores less. */
static gboolean
judge_starts (GstSodTraining *self, GError **error)
{
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);
    GstSodScores scores = { 0 };

    /* A run that was stopped here goes on with those that are left. */
    if (!node->knows || node->held_out == NULL || node->best != NULL)
      continue;
    if (!gst_sod_training_score (self, node, node->network, &scores, error))
      return FALSE;
    note_start (self, node, &scores);
  }
  if (self->reverse->knows && teaches_reverse (self)
      && gst_sod_training_get_all_held_out (self) != NULL) {
    GstSodScores scores = { 0 };

    if (!score_reverse (self, &scores, error))
      return FALSE;
    note_start (self, self->reverse, &scores);
  }
  return TRUE;
}

/* Those who have no label to learn from are told of before that is an error. */
static gboolean
check_labels (GstSodTraining *self, GError **error)
{
  gst_sod_training_count_frames (self);
  for (guint k = 0; k < self->nodes->len; k++) {
    if (!gst_sod_training_check_labels (
            self, g_ptr_array_index (self->nodes, k), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
prepare (GstSodTraining *self, GError **error)
{
  if (!check_labels (self, error) || !gst_sod_training_settle (self, error))
    return FALSE;
  for (guint k = 0; k < self->nodes->len; k++) {
    if (!prepare_node (self, k, error))
      return FALSE;
  }
  if (self->uses_reverse && self->reverse->network == NULL)
    self->reverse->network =
        make_network (self, "reverse.architecture", 1, 0, error);
  if (self->uses_reverse && self->reverse->network == NULL)
    return FALSE;
  if (gst_sod_training_has_phase (self, 3) && self->n_unlabelled == 0)
    gst_sod_training_warn (self,
        "all frames have labels: there is nothing to do in the "
        "semi-supervised phase");
  if (!self->resumes) {
    if (!judge_starts (self, error))
      return FALSE;
    gst_sod_training_note_nodes (self);
  }
  self->plan = gst_sod_training_list_stages (self);
  return TRUE;
}

/* ---- the walk ---- */

/* What a stage costs beside another, in some unit. */
static gdouble
weigh (GstSodTraining *self, guint stage)
{
  return g_array_index (self->plan, GstSodStagePlan, stage).phase == 2 ? 3 : 1;
}

/* Of the time that is left, a stage gets its share. */
static gdouble
share_time (GstSodTraining *self)
{
  gdouble limit =
      gst_sod_training_settings_get_number (self->settings, "run.max-time");
  gdouble all = 0;

  if (limit <= 0)
    return 0;
  for (guint i = self->stage; i < self->plan->len; i++)
    all += weigh (self, i);
  return MAX (1, limit - self->seconds) * weigh (self, self->stage) / all;
}

static void
set_stop (GstSodTraining *self)
{
  GstSodTrainer *trainers[] = { self->current->learner,
    self->current->partner };

  for (guint i = 0; i < G_N_ELEMENTS (trainers); i++) {
    if (trainers[i] != NULL)
      gst_sod_trainer_set_stop (trainers[i], is_cancelled, self);
  }
}

/* A stage begins anew, or where a checkpoint was made in it. */
static gboolean
begin_stage (GstSodTraining *self, GError **error)
{
  const GstSodStagePlan *plan =
      &g_array_index (self->plan, GstSodStagePlan, self->stage);
  gboolean resumes = self->resumes && self->saved != NULL
                     && gst_sod_training_is_in_stage (self, self->saved);

  /* A stage that is stopped as it begins, while pseudo-labels are made, begins
   * anew from what those before it left; one that was at work does not. */
  self->intact = !resumes;
  self->current = gst_sod_stage_new (self, plan, error);
  if (self->current == NULL)
    return FALSE;
  set_stop (self);
  if (resumes) {
    self->intact = gst_sod_training_restore_stage (self, self->saved, error);
    return self->intact;
  }
  self->current->seconds = share_time (self);
  gst_sod_run_record_begin_stage (self->record, plan->klass->name, plan->phase,
      plan->round, plan->node->name, self->current->n_steps);
  return gst_sod_training_keep_state (self, error);
}

/* One stage to its end. */
static gboolean
run_stage (GstSodTraining *self, GError **error)
{
  while (self->current->end == GST_SOD_STAGE_GOES_ON) {
    g_autoptr (GError) failure = NULL;

    /* Asked again, as a checkpoint takes its time: a stop meanwhile finds it
     * up to date. */
    if (gst_sod_training_is_stopped (self, error)
        || !gst_sod_training_save_if_due (self, error)
        || gst_sod_training_is_stopped (self, error))
      return FALSE;
    self->up_to_date = FALSE;
    if (!gst_sod_stage_advance (self->current, &failure)
        && !gst_sod_training_recover (self, failure, error))
      return FALSE;
  }
  return gst_sod_stage_finish (self->current, error);
}

static gboolean
walk (GstSodTraining *self, GError **error)
{
  while (self->stage < self->plan->len) {
    if (!begin_stage (self, error))
      return FALSE;
    self->resumes = FALSE;
    if (!run_stage (self, error))
      return FALSE;
    self->seconds += self->current->state.seconds;
    g_clear_pointer (&self->current, gst_sod_stage_free);
    self->stage++;
  }
  return TRUE;
}

/* ---- public ---- */

static gboolean
begin_run (GstSodTraining *self, GError **error)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  first = self->runner == NULL;
  if (first)
    self->runner = g_thread_self ();
  g_mutex_unlock (&self->lock);
  if (!first)
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "the training runs already: wait for it or stop it");
  return first;
}

/* Wakes those who wait for a checkpoint, too: none comes any more. */
static void
end_run (GstSodTraining *self)
{
  g_mutex_lock (&self->lock);
  self->runner = NULL;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_sod_training_run:
 * @self: a training with nodes
 * @cancellable: (nullable): stops it within a second, beside what its
 *   checkpoint takes to be written
 * @error: return location for an error
 *
 * Goes through all stages that are left. Blocks; the arithmetic runs on the
 * caller's thread and on those of the back end. Where it is stopped, its state
 * is kept (in "run.checkpoint-path" too, if there is one), and it can be run
 * again.
 *
 * A step whose loss or gradient is not finite is refused: the training goes
 * back to its last checkpoint and on with half the rate; the third time it is
 * an error.
 *
 * Errors: %GST_SOD_ERROR_CANCELLED, %GST_SOD_ERROR_FAILED where it diverged,
 * %GST_SOD_ERROR_INVALID_ARGUMENT where there is no node or no label to learn
 * from, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_DEVICE, %GST_SOD_ERROR_NO_MEMORY, and
 * those of the samples where all of them fail.
 *
 * Returns: %TRUE once all stages are over, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_run (
    GstSodTraining *self, GCancellable *cancellable, GError **error)
{
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);

  if (!begin_run (self, error))
    return FALSE;
  self->cancellable = cancellable;
  done = (self->plan != NULL || prepare (self, error)) && walk (self, error);
  self->intact &= self->plan != NULL;
  gst_sod_training_leave (self);
  /* Of what is stopped before its plan is made nothing was kept. */
  self->resumes = !done && (self->resumes || self->plan != NULL);
  self->cancellable = NULL;
  end_run (self);
  return done;
}
