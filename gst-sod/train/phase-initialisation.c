/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase 1 (the paper, III.B): "each base classification network is trained with
 * the sub-dataset collected from the corresponding edge node. The reverse
 * augmented network is trained with whole labeled data." */
#include <gst-sod/train/degrade-private.h>
#include <gst-sod/train/network-batches.h>
#include <gst-sod/train/stage-private.h>

/* Of the reverse network's score. */
#define HELD_OUT_BATCH 8
#define HELD_OUT_FRAMES 256

/* ---- a base network: image -> map ---- */

static guint
count_own (const GstSodTraining *training, const GstSodTrainingNode *node)
{
  return node->n_labelled;
}

static gboolean
begin_base (GstSodStage *self, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  GstSodNetwork *network = self->plan.node->network;
  g_autoptr (GstSodSamples) labelled =
      gst_sod_samples_new_labelled (self->plan.node->samples);

  self->patience = "base.patience";
  if (!gst_sod_stage_set_batches (self, labelled, network, error))
    return FALSE;
  self->learner = gst_sod_stage_make_trainer (self, network, "base",
      gst_sod_training_settings_get_number (settings, "base.learning-rate"),
      (guint64) gst_sod_training_settings_get_integer (
          settings, "base.warm-up"),
      error);
  return self->learner != NULL;
}

const GstSodStageClass gst_sod_stage_initialise_base = {
  .name = "initialise",
  .epochs = "base.epochs",
  .steps = "base.steps",
  .count_frames = count_own,
  .begin = begin_base,
  .step = gst_sod_stage_step_learner,
  .score = gst_sod_stage_score_base,
};

/* ---- the reverse network: map -> image ---- */

gboolean
gst_sod_stage_begin_reverse (
    GstSodStage *self, const GstSodReverseCourse *course, GError **error)
{
  GstSodNetwork *network = self->plan.node->network;

  if (!gst_sod_stage_set_batches (self, course->samples, network, error))
    return FALSE;
  g_object_set (self->batches, "target", GST_SOD_BATCH_TARGET_IMAGE, NULL);
  self->learner = gst_sod_stage_make_trainer (
      self, network, "reverse", course->rate, course->warm_up, error);
  return self->learner != NULL;
}

static guint
count_all (const GstSodTraining *training, const GstSodTrainingNode *node)
{
  return training->n_labelled;
}

static gboolean
begin_reverse (GstSodStage *self, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  GstSodReverseCourse course = {
    .samples = gst_sod_training_get_all_labelled (self->training),
    .rate = gst_sod_training_settings_get_number (
        settings, "reverse.learning-rate"),
    .warm_up = (guint64) gst_sod_training_settings_get_integer (
        settings, "reverse.warm-up"),
  };

  self->patience = "reverse.patience";
  return gst_sod_stage_begin_reverse (self, &course, error);
}

/* Maps as the augmented phase will show them, so that it does not meet them
 * there for the first time. */
static GstSodTensor *
degrade_input (
    GstSodStage *self, const GstSodTensor *input, guint64 pass, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  g_autoptr (GstSodRandom) random = gst_sod_random_new (
      gst_sod_stage_seed (self, 1), self->state.step * self->accumulate + pass);
  GstSodDegradation degradation = {
    .noise = gst_sod_training_settings_get_number (settings, "augmented.noise"),
    .pool = gst_sod_training_settings_get_flag (settings, "augmented.pool"),
    .binarise =
        gst_sod_random_uniform (random)
        < gst_sod_training_settings_get_number (settings, "augmented.binarise"),
  };

  return gst_sod_degrade (&degradation, input, random, error);
}

static gboolean
take_reverse_pass (
    GstSodStage *self, guint64 pass, gdouble *loss, GError **error)
{
  g_autoptr (GstSodTensor) map = NULL;
  g_autoptr (GstSodTensor) images = NULL;
  g_autoptr (GstSodTensor) degraded = NULL;

  if (!gst_sod_batches_next (self->batches, &map, &images, NULL, error))
    return FALSE;
  if (!gst_sod_training_settings_get_flag (
          self->training->settings, "reverse.degrade"))
    return gst_sod_trainer_learn (
        self->learner, map, images, NULL, loss, error);
  degraded = degrade_input (self, map, pass, error);
  return degraded != NULL
         && gst_sod_trainer_learn (
             self->learner, degraded, images, NULL, loss, error);
}

gboolean
gst_sod_stage_step_reverse (GstSodStage *self, gdouble *loss, GError **error)
{
  *loss = 0;
  for (guint64 i = 0; i < self->accumulate; i++) {
    gdouble value;

    if (!take_reverse_pass (self, i, &value, error))
      return FALSE;
    *loss += value / (gdouble) self->accumulate;
  }
  return gst_sod_trainer_update (self->learner, error);
}

/* Held-out frames of all nodes, as they are. */
static GstSodBatches *
make_held_out (GstSodStage *self, GstSodNetwork *network, GError **error)
{
  GstSodSamples *held_out = gst_sod_training_get_all_held_out (self->training);
  g_autoptr (GstSodAugmentation) none = NULL;
  GstSodBatches *batches;

  if (held_out == NULL)
    return NULL;
  none = gst_sod_augmentation_new ("none", error);
  batches =
      none != NULL ? gst_sod_batches_new (held_out, network, error) : NULL;
  if (batches != NULL)
    g_object_set (batches, "augmentation", none, "target",
        GST_SOD_BATCH_TARGET_IMAGE, "width", self->width, "height",
        self->height, "batch-size", HELD_OUT_BATCH, "cache-size", (guint64) 0,
        "cancellable", self->training->cancellable, NULL);
  return batches;
}

/* Mean reconstruction error of at most HELD_OUT_FRAMES. */
static gboolean
measure_held_out (GstSodStage *self, GstSodBatches *batches,
    GstSodScores *scores, GError **error)
{
  guint64 n = MIN (gst_sod_batches_get_n_per_epoch (batches),
      HELD_OUT_FRAMES / HELD_OUT_BATCH);
  gboolean average;
  gdouble decay, sum = 0;

  g_object_get (self->learner, "average-decay", &decay, NULL);
  average = decay > 0;
  for (guint64 i = 0; i < n; i++) {
    g_autoptr (GstSodTensor) map = NULL;
    g_autoptr (GstSodTensor) images = NULL;
    g_autoptr (GstSodTensor) found = NULL;
    gdouble loss;

    if (!gst_sod_batches_next (batches, &map, &images, NULL, error))
      return FALSE;
    found = gst_sod_trainer_predict (self->learner, map, average, error);
    if (found == NULL
        || !gst_sod_stage_compute_loss (
            self, self->learner, found, images, NULL, NULL, &loss, error))
      return FALSE;
    sum += loss;
  }
  scores->reconstruction = sum / (gdouble) n;
  scores->n_frames = n * HELD_OUT_BATCH;
  return TRUE;
}

gboolean
gst_sod_stage_score_reverse (GstSodStage *self, GstSodNetwork *network,
    GstSodScores *scores, GError **error)
{
  GError *failure = NULL;
  g_autoptr (GstSodBatches) batches = make_held_out (self, network, &failure);

  if (batches == NULL) {
    if (failure != NULL)
      g_propagate_error (error, failure);
    return failure == NULL;
  }
  return measure_held_out (self, batches, scores, error);
}

const GstSodStageClass gst_sod_stage_initialise_reverse = {
  .name = "initialise",
  .epochs = "reverse.epochs",
  .steps = "reverse.steps",
  .count_frames = count_all,
  .begin = begin_reverse,
  .step = gst_sod_stage_step_reverse,
  .score = gst_sod_stage_score_reverse,
};
