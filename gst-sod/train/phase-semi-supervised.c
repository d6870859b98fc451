/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase 3 (the paper, III.D): "we use a decision function to obtain
 * peseudo-labels from a given unlabeled images. Then, we train the reverse
 * augmented network with both pseudo-labels and real labels [...] The decision
 * function in our method is implemented by commonly used average approach."
 *
 * What the paper does not have: confident labels instead of average ones, and
 * base networks that learn from them too. */
#include <gst-sod/train/pseudo-teacher-private.h>
#include <gst-sod/train/stage-private.h>

#include <math.h>

/* How often each real label is there, in the proportion that is set. */
static gdouble
find_repeat (const GstSodTraining *training, guint n_real, guint n_pseudo)
{
  gdouble share = gst_sod_training_settings_get_number (
      training->settings, "semi-supervised.real-share");

  return share > 0 && share < 1 && n_real > 0 && n_pseudo > 0
             ? share / (1 - share) * n_pseudo / n_real
             : 1;
}

static guint
count_mixed (const GstSodTraining *training, guint n_real)
{
  return training->n_pseudo
         + (guint) floor (
             n_real * find_repeat (training, n_real, training->n_pseudo) + 0.5);
}

/* Real labels @labelled with the pseudo-labels of the round, in the proportion
 * that is set. */
static GstSodSamples *
mix (GstSodStage *self, GstSodSamples *labelled, GError **error)
{
  GstSodSamples *pseudo = gst_sod_training_get_pseudo_labels (
      self->training, self->plan.round, error);
  GstSodSamples *parts[2] = { labelled, pseudo };
  gdouble repeats[2] = { 1, 1 };

  if (pseudo == NULL)
    return NULL;
  repeats[0] =
      find_repeat (self->training, gst_sod_samples_get_n_samples (labelled),
          gst_sod_samples_get_n_samples (pseudo));
  return gst_sod_samples_new_mixture (parts, repeats, 2);
}

/* ---- the reverse network, from real and pseudo-labels ---- */

static guint
count_all (const GstSodTraining *training, const GstSodTrainingNode *node)
{
  return count_mixed (training, training->n_labelled);
}

static gboolean
begin_teach (GstSodStage *self, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  g_autoptr (GstSodSamples) samples =
      mix (self, gst_sod_training_get_all_labelled (self->training), error);

  GstSodReverseCourse course = {
    .samples = samples,
    .rate = gst_sod_training_settings_get_number (
        settings, "semi-supervised.learning-rate"),
    .warm_up = (guint64) gst_sod_training_settings_get_integer (
        settings, "semi-supervised.warm-up"),
  };

  self->patience = "semi-supervised.patience";
  return samples != NULL && gst_sod_stage_begin_reverse (self, &course, error);
}

const GstSodStageClass gst_sod_stage_teach_reverse = {
  .name = "teach",
  .epochs = "semi-supervised.epochs",
  .steps = "semi-supervised.steps",
  .count_frames = count_all,
  .begin = begin_teach,
  .step = gst_sod_stage_step_reverse,
  .score = gst_sod_stage_score_reverse,
};

/* ---- a base network, from its own labels and pseudo-labels ---- */

static guint
count_own (const GstSodTraining *training, const GstSodTrainingNode *node)
{
  return count_mixed (training, node->n_labelled);
}

static gboolean
begin_distill (GstSodStage *self, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  GstSodTrainingNode *node = self->plan.node;
  g_autoptr (GstSodSamples) labelled =
      gst_sod_samples_new_labelled (node->samples);
  g_autoptr (GstSodSamples) samples = mix (self, labelled, error);

  self->patience = "semi-supervised.patience";
  /* Nor label of its own nor pseudo-label that was accepted. */
  if (samples != NULL && gst_sod_samples_get_n_samples (samples) == 0)
    return TRUE;
  if (samples == NULL
      || !gst_sod_stage_set_batches (self, samples, node->network, error))
    return FALSE;
  self->learner = gst_sod_stage_make_trainer (self, node->network, "base",
      gst_sod_training_settings_get_number (
          settings, "semi-supervised.distill-learning-rate"),
      (guint64) gst_sod_training_settings_get_integer (
          settings, "semi-supervised.warm-up"),
      error);
  return self->learner != NULL;
}

const GstSodStageClass gst_sod_stage_distill = {
  .name = "distill",
  .epochs = "semi-supervised.distill-epochs",
  .steps = "semi-supervised.distill-steps",
  .count_frames = count_own,
  .begin = begin_distill,
  .step = gst_sod_stage_step_learner,
  .score = gst_sod_stage_score_base,
};
