/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phase 2 (the paper, III.C): "The base classification networks first predicts
 * the salient object maps from the observed images, then the reverse augmented
 * network regenerate the images from predicted salient object maps. [...] the
 * function is solved based on reconstruction loss [...] the reverse augmented
 * network acts as a teacher". For each node k in turn:
 *
 *   image -> base k -> map -> degradation -> reverse -> image
 *
 * with the gradient of the reconstruction all the way back into base k. What
 * the paper does not have, each by a setting: the reverse network frozen, the
 * supervised loss beside, the margin, the degradation and the monitor. */
#include <gst-sod/train/degrade-private.h>
#include <gst-sod/train/stage-private.h>

#include <math.h>

/* What a step goes through; tensors are owned. */
typedef struct
{
  GstSodTensor *input;   /* (n, c, h, w) */
  GstSodTensor *truth;   /* (n, 1, h, w), 0..1 */
  GstSodTensor *weights; /* (n, 1, h, w): 0 where nothing is known; or NULL */
  GstSodTensor *images;  /* (n, 3, h / 2, w / 2), -1..1 */
  GstSodTensor *map;     /* (n, 1, h, w): what base k says */
  gboolean *labelled;    /* n: whether the truth of a frame is known */
  gint64 n;
  GstSodDegradation degradation;
  guint64 noise; /* a random stream of this step */
} Step;

static void
clear_step (Step *self)
{
  g_clear_pointer (&self->input, gst_sod_tensor_unref);
  g_clear_pointer (&self->truth, gst_sod_tensor_unref);
  g_clear_pointer (&self->weights, gst_sod_tensor_unref);
  g_clear_pointer (&self->images, gst_sod_tensor_unref);
  g_clear_pointer (&self->map, gst_sod_tensor_unref);
  g_clear_pointer (&self->labelled, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Step, clear_step)

static gdouble
get_number (const GstSodStage *self, const gchar *key)
{
  return gst_sod_training_settings_get_number (self->training->settings, key);
}

static gboolean
get_flag (const GstSodStage *self, const gchar *key)
{
  return gst_sod_training_settings_get_flag (self->training->settings, key);
}

static gboolean
is_supervised (const GstSodStage *self)
{
  return gst_sod_training_settings_is (self->training->settings,
      "augmented.phase2-loss", "supervised+reconstruction");
}

/* ---- begin ---- */

static guint
count_frames (const GstSodTraining *training, const GstSodTrainingNode *node)
{
  return gst_sod_training_settings_get_flag (
             training->settings, "augmented.unlabelled")
             ? gst_sod_samples_get_n_samples (node->samples)
             : node->n_labelled;
}

static gboolean
begin (GstSodStage *self, GError **error)
{
  GstSodTrainingNode *node = self->plan.node;
  GstSodNetwork *reverse = self->training->reverse->network;
  g_autoptr (GstSodSamples) samples =
      get_flag (self, "augmented.unlabelled")
          ? g_object_ref (node->samples)
          : gst_sod_samples_new_labelled (node->samples);
  guint64 warm_up = (guint64) get_number (self, "augmented.warm-up");
  gdouble rate = get_number (self, "augmented.learning-rate");

  self->patience = "augmented.patience";
  if (!gst_sod_stage_set_batches (self, samples, node->network, error))
    return FALSE;
  g_object_set (self->batches, "target", GST_SOD_BATCH_TARGET_BOTH, NULL);
  self->learner = gst_sod_stage_make_trainer (
      self, node->network, "base", rate, warm_up, error);
  if (self->learner == NULL)
    return FALSE;
  self->partner = gst_sod_stage_make_trainer (
      self, reverse, "reverse", rate, warm_up, error);
  if (self->partner == NULL)
    return FALSE;
  self->partner_learns = !get_flag (self, "augmented.freeze-reverse");
  gst_sod_trainer_set_frozen (self->partner, !self->partner_learns);
  return TRUE;
}

/* ---- the way of a batch ---- */

/* A frame without a label has no pixel that weighs anything. */
static void
find_labelled (Step *step)
{
  gsize n_pixels =
      gst_sod_tensor_get_n_elements (step->truth) / (gsize) step->n;
  const gfloat *weights =
      step->weights != NULL ? gst_sod_tensor_peek_data (step->weights) : NULL;

  step->labelled = g_new0 (gboolean, step->n);
  for (gint64 i = 0; i < step->n; i++) {
    step->labelled[i] = weights == NULL;
    for (gsize j = 0; weights != NULL && j < n_pixels; j++)
      step->labelled[i] |= weights[(gsize) i * n_pixels + j] > 0;
  }
}

static gboolean
read_batch (GstSodStage *self, guint64 pass, Step *step, GError **error)
{
  guint64 seed = gst_sod_stage_seed (self, 1);
  g_autoptr (GstSodRandom) random =
      gst_sod_random_new (seed, self->state.step * self->accumulate + pass);

  if (!gst_sod_batches_next_with_images (self->batches, &step->input,
          &step->truth, &step->weights, &step->images, error))
    return FALSE;
  step->n = gst_sod_tensor_get_dim (step->input, 0);
  find_labelled (step);
  step->degradation = (GstSodDegradation){
    .noise = get_number (self, "augmented.noise"),
    .pool = get_flag (self, "augmented.pool"),
    .binarise = gst_sod_random_uniform (random)
                < get_number (self, "augmented.binarise"),
  };
  step->noise = gst_sod_random_next (random);
  return TRUE;
}

/* The same noise for every map of a step, so that their reconstructions can
 * be compared. */
static GstSodTensor *
degrade (const Step *step, const GstSodTensor *map, GError **error)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (step->noise, 2);

  return gst_sod_degrade (&step->degradation, map, random, error);
}

/* Reconstruction error of each frame into @errors (n); their gradients, as if
 * each were alone, into @d_images where it is not NULL. */
static gboolean
measure (GstSodStage *self, const Step *step, const GstSodTensor *images,
    gdouble *errors, GstSodTensor *d_images, GError **error)
{
  GstSodShape shape = *gst_sod_tensor_get_shape (images);
  gsize size = gst_sod_tensor_get_n_elements (images) / (gsize) step->n;
  gfloat *found = gst_sod_tensor_get_data ((GstSodTensor *) images);
  gfloat *wanted = gst_sod_tensor_get_data (step->images);
  gfloat *d = d_images != NULL ? gst_sod_tensor_get_data (d_images) : NULL;

  shape.dims[0] = 1;
  for (gint64 i = 0; i < step->n; i++) {
    gsize at = (gsize) i * size;
    g_autoptr (GstSodTensor) a =
        gst_sod_tensor_new_borrowed (GST_SOD_DTYPE_F32, &shape, found + at);
    g_autoptr (GstSodTensor) b =
        gst_sod_tensor_new_borrowed (GST_SOD_DTYPE_F32, &shape, wanted + at);
    g_autoptr (GstSodTensor) d_a = d != NULL ? gst_sod_tensor_new_borrowed (
                                       GST_SOD_DTYPE_F32, &shape, d + at)
                                             : NULL;

    if (!gst_sod_stage_compute_loss (
            self, self->partner, a, b, NULL, d_a, &errors[i], error))
      return FALSE;
  }
  return TRUE;
}

/* What the truth reconstructs, degraded as the map is: errors (n). */
static gboolean
measure_truth (
    GstSodStage *self, const Step *step, gdouble *errors, GError **error)
{
  g_autoptr (GstSodTensor) degraded = degrade (step, step->truth, error);
  g_autoptr (GstSodTensor) images = NULL;

  if (degraded == NULL)
    return FALSE;
  images = gst_sod_trainer_predict (self->partner, degraded, FALSE, error);
  return images != NULL && measure (self, step, images, errors, NULL, error);
}

/* d_map (n, 1, h, w) of the reconstruction, and its loss. On labelled frames
 * with a margin: max (0, rec (B (x)) - rec (y)), so that a map is never
 * rewarded for beating the truth. */
static gboolean
reconstruct (GstSodStage *self, const Step *step, const gdouble *truth_errors,
    GstSodTensor **d_map, gdouble *loss, gdouble *errors, GError **error)
{
  gboolean margin = get_flag (self, "augmented.margin");
  g_autoptr (GstSodTensor) degraded = degrade (step, step->map, error);
  g_autoptr (GstSodTensor) images = NULL;
  g_autoptr (GstSodTensor) d_images = NULL;
  g_autoptr (GstSodTensor) d = NULL;
  gsize size;
  gfloat *values;

  if (degraded == NULL)
    return FALSE;
  images = gst_sod_trainer_forward (self->partner, degraded, error);
  if (images == NULL)
    return FALSE;
  d_images = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (images), error);
  d = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (step->map), error);
  if (d_images == NULL || d == NULL
      || !measure (self, step, images, errors, d_images, error))
    return FALSE;
  *loss = 0;
  size = gst_sod_tensor_get_n_elements (images) / (gsize) step->n;
  values = gst_sod_tensor_get_data (d_images);
  for (gint64 i = 0; i < step->n; i++) {
    gdouble over =
        margin && step->labelled[i] ? errors[i] - truth_errors[i] : errors[i];
    gfloat share = over > 0 ? 1 / (gfloat) step->n : 0;

    *loss += MAX (0, over) / (gdouble) step->n;
    for (gsize j = 0; j < size; j++)
      values[(gsize) i * size + j] *= share;
  }
  if (!gst_sod_trainer_backward (self->partner, d_images, d, error))
    return FALSE;
  gst_sod_degrade_backward (&step->degradation, d);
  *d_map = g_steal_pointer (&d);
  return TRUE;
}

/* map = 1 / (1 + exp (-logit)) */
static GstSodTensor *
to_map (const GstSodTensor *logits, GError **error)
{
  GstSodTensor *map = gst_sod_tensor_convert (logits, GST_SOD_DTYPE_F32, error);
  gsize n = gst_sod_tensor_get_n_elements (logits);
  gfloat *values;

  if (map == NULL)
    return NULL;
  values = gst_sod_tensor_get_data (map);
  for (gsize i = 0; i < n; i++)
    values[i] = 1 / (1 + expf (-values[i]));
  return map;
}

/* d_logits += lambda * d_map * map * (1 - map) */
static void
add_through_sigmoid (const GstSodTensor *d_map, const GstSodTensor *map,
    gdouble lambda, GstSodTensor *d_logits)
{
  const gfloat *d = gst_sod_tensor_peek_data (d_map);
  const gfloat *p = gst_sod_tensor_peek_data (map);
  gfloat *to = gst_sod_tensor_get_data (d_logits);
  gsize n = gst_sod_tensor_get_n_elements (map);

  for (gsize i = 0; i < n; i++)
    to[i] += (gfloat) lambda * d[i] * p[i] * (1 - p[i]);
}

/* The weight of the reconstruction rises from 0: at first its gradient says
 * little. */
static gdouble
get_lambda (const GstSodStage *self)
{
  gdouble ramp = get_number (self, "augmented.ramp") * (gdouble) self->n_steps;
  gdouble risen =
      ramp > 0 ? MIN (1, (gdouble) (self->state.step + 1) / ramp) : 1;

  return risen * get_number (self, "augmented.lambda");
}

/* ---- the monitor ---- */

static GstSodTensor *
binarise (const GstSodTensor *map, GError **error)
{
  GstSodDegradation degradation = { .binarise = TRUE };

  return gst_sod_degrade (&degradation, map, NULL, error);
}

/* Mean reconstruction error of all frames from @map as it is. */
static gboolean
probe (GstSodStage *self, const Step *step, const GstSodTensor *map,
    gdouble *mean, GError **error)
{
  g_autofree gdouble *errors = g_new (gdouble, step->n);
  g_autoptr (GstSodTensor) images =
      gst_sod_trainer_predict (self->partner, map, FALSE, error);

  if (images == NULL || !measure (self, step, images, errors, NULL, error))
    return FALSE;
  *mean = 0;
  for (gint64 i = 0; i < step->n; i++)
    *mean += errors[i] / (gdouble) step->n;
  return TRUE;
}

static gboolean
probe_shades (GstSodStage *self, const Step *step, GError **error)
{
  g_autoptr (GstSodTensor) bits = binarise (step->map, error);
  gdouble soft, bit;

  if (bits == NULL || !probe (self, step, step->map, &soft, error)
      || !probe (self, step, bits, &bit, error))
    return FALSE;
  gst_sod_monitor_add_shades (&self->state.monitor, soft, bit);
  return TRUE;
}

static void
note_verdict (GstSodStage *self, GstSodMonitorVerdict verdict)
{
  const GstSodMonitor *monitor = &self->state.monitor;
  JsonObject *object = json_object_new ();
  gdouble truth = gst_sod_monitor_get_truth_ratio (monitor);
  gdouble shades = gst_sod_monitor_get_shades_ratio (monitor);

  json_object_set_int_member (object, "stage", self->training->stage);
  json_object_set_string_member (object, "node", self->plan.node->name);
  json_object_set_int_member (object, "step", (gint64) self->state.step);
  if (isfinite (truth))
    json_object_set_double_member (object, "map-to-truth", truth);
  if (isfinite (shades))
    json_object_set_double_member (object, "soft-to-bit", shades);
  json_object_set_boolean_member (
      object, "suspicious", verdict != GST_SOD_MONITOR_CLEAN);
  gst_sod_run_record_add (self->training->record, "monitor", object);
}

/* The end of a window. */
static void
judge (GstSodStage *self)
{
  GstSodTrainingSettings *settings = self->training->settings;
  GstSodStageState *state = &self->state;
  gdouble gain = get_number (self, "augmented.monitor-gain");
  guint64 patience = (guint64) get_number (self, "augmented.monitor-patience");
  GstSodMonitorVerdict verdict = gst_sod_monitor_judge (&state->monitor, gain);
  gboolean stop;

  note_verdict (self, verdict);
  state->n_suspicions =
      verdict != GST_SOD_MONITOR_CLEAN ? state->n_suspicions + 1 : 0;
  stop =
      state->n_suspicions >= patience
      && gst_sod_training_settings_is (settings, "augmented.monitor", "stop");
  if (verdict != GST_SOD_MONITOR_CLEAN) {
    g_autofree gchar *text = gst_sod_monitor_describe (&state->monitor, gain);

    gst_sod_training_warn (self->training,
        "phase 2, %s, step %" G_GUINT64_FORMAT
        ": information may be hidden in maps: %s%s",
        self->plan.node->name, state->step, text,
        stop ? "; the phase is stopped for this node, which keeps the network "
               "from before"
             : "");
  }
  if (stop)
    self->end = GST_SOD_STAGE_STOPPED;
  state->monitor = (GstSodMonitor){ 0 };
}

static gboolean
is_watched (const GstSodStage *self)
{
  return !gst_sod_training_settings_is (
      self->training->settings, "augmented.monitor", "off");
}

static void
watch (GstSodStage *self, const Step *step, const gdouble *errors,
    const gdouble *truth_errors)
{
  for (gint64 i = 0; i < step->n; i++) {
    if (step->labelled[i] && is_watched (self))
      gst_sod_monitor_add_truth (
          &self->state.monitor, errors[i], truth_errors[i]);
  }
}

/* At the end of a window, with what its last batch went through. */
static gboolean
judge_if_due (GstSodStage *self, const Step *step, GError **error)
{
  guint64 interval = (guint64) get_number (self, "augmented.monitor-interval");

  if (!is_watched (self) || (self->state.step + 1) % interval != 0)
    return TRUE;
  if (!probe_shades (self, step, error))
    return FALSE;
  judge (self);
  return TRUE;
}

/* ---- a step ---- */

/* The mean over the labelled frames alone, however few of the batch they are;
 * 0 and no gradient where there is none. */
static gboolean
supervise (GstSodStage *self, const Step *step, const GstSodTensor *logits,
    GstSodTensor *d_logits, gdouble *value, GError **error)
{
  gsize n = gst_sod_tensor_get_n_elements (logits);
  gint64 n_labelled = 0;
  gdouble scale;
  gfloat *d;

  *value = 0;
  for (gint64 i = 0; i < step->n; i++)
    n_labelled += step->labelled[i] ? 1 : 0;
  if (n_labelled == 0 || !is_supervised (self))
    return TRUE;
  if (!gst_sod_stage_compute_loss (self, self->learner, logits, step->truth,
          step->weights, d_logits, value, error))
    return FALSE;
  scale = (gdouble) step->n / (gdouble) n_labelled;
  d = gst_sod_tensor_get_data (d_logits);
  *value *= scale;
  for (gsize i = 0; n_labelled < step->n && i < n; i++)
    d[i] *= (gfloat) scale;
  return TRUE;
}

static gboolean
take_pass (GstSodStage *self, Step *step, gdouble *loss, GError **error)
{
  g_autofree gdouble *errors = g_new0 (gdouble, step->n);
  g_autofree gdouble *truth_errors = g_new0 (gdouble, step->n);
  g_autoptr (GstSodTensor) logits = NULL;
  g_autoptr (GstSodTensor) d_logits = NULL;
  g_autoptr (GstSodTensor) d_map = NULL;
  gdouble supervised, reconstruction, lambda = get_lambda (self);

  logits = gst_sod_trainer_forward (self->learner, step->input, error);
  if (logits == NULL)
    return FALSE;
  step->map = to_map (logits, error);
  d_logits = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (logits), error);
  if (step->map == NULL || d_logits == NULL
      || !supervise (self, step, logits, d_logits, &supervised, error)
      || !measure_truth (self, step, truth_errors, error)
      || !reconstruct (
          self, step, truth_errors, &d_map, &reconstruction, errors, error))
    return FALSE;
  add_through_sigmoid (d_map, step->map, lambda, d_logits);
  *loss = supervised + lambda * reconstruction;
  watch (self, step, errors, truth_errors);
  return gst_sod_trainer_backward (self->learner, d_logits, NULL, error);
}

static gboolean
take_step (GstSodStage *self, gdouble *loss, GError **error)
{
  *loss = 0;
  for (guint64 i = 0; i < self->accumulate; i++) {
    g_auto (Step) step = { NULL };
    gdouble value;

    if (!read_batch (self, i, &step, error)
        || !take_pass (self, &step, &value, error)
        || (i == self->accumulate - 1 && !judge_if_due (self, &step, error)))
      return FALSE;
    *loss += value / (gdouble) self->accumulate;
  }
  if (!gst_sod_trainer_update (self->learner, error))
    return FALSE;
  return !self->partner_learns || gst_sod_trainer_update (self->partner, error);
}

const GstSodStageClass gst_sod_stage_augment = {
  .name = "augment",
  .epochs = "augmented.epochs",
  .steps = "augmented.steps",
  .count_frames = count_frames,
  .begin = begin,
  .step = take_step,
  .score = gst_sod_stage_score_base,
};
