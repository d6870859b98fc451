/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A step, and the parts of it that the phases put together otherwise. */
#include <gst-sod/train/trainer-private.h>

#include <math.h>

#include <gst-sod/train/optimiser-private.h>

void
gst_sod_trainer_set_stop (
    GstSodTrainer *self, GstSodStopFunc is_stopped, gpointer user_data)
{
  self->engine.is_stopped = is_stopped;
  self->engine.stop_data = user_data;
}

/* ---- the parts ---- */

GstSodTensor *
gst_sod_trainer_forward (
    GstSodTrainer *self, const GstSodTensor *input, GError **error)
{
  GstSodTensor *output =
      gst_sod_engine_forward (&self->engine, input, self->params,
          self->frozen ? GST_SOD_ENGINE_FROZEN : GST_SOD_ENGINE_LEARNS, error);

  self->awaits_backward = output != NULL;
  return output;
}

gboolean
gst_sod_trainer_backward (GstSodTrainer *self, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  g_return_val_if_fail (self->awaits_backward, FALSE);

  self->awaits_backward = FALSE;
  if (!self->frozen)
    gst_sod_params_begin_backward (self->params);
  if (!gst_sod_engine_backward (&self->engine, d_output, d_input, error))
    return FALSE;
  if (!self->frozen)
    self->n_passes++;
  return TRUE;
}

gboolean
gst_sod_trainer_learn_batch (GstSodTrainer *self, const GstSodLearnBatch *batch,
    const GstSodLearnBatch *next, gdouble *loss, GError **error)
{
  GError *failure = NULL;

  self->awaits_backward = FALSE;
  *loss = gst_sod_engine_learn (
      &self->engine, &self->settings.loss, batch, next, self->params, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (!isfinite (*loss)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "training diverged: the loss of step %" G_GUINT64_FORMAT
        " is %g; go on from an earlier network with a smaller learning-rate",
        self->n_steps, *loss);
    return FALSE;
  }
  self->n_passes++;
  return TRUE;
}

gboolean
gst_sod_trainer_learn (GstSodTrainer *self, const GstSodTensor *input,
    const GstSodTensor *target, const GstSodTensor *weights, gdouble *loss,
    GError **error)
{
  GstSodLearnBatch batch = { input, target, weights };

  return gst_sod_trainer_learn_batch (self, &batch, NULL, loss, error);
}

gboolean
gst_sod_trainer_looks_ahead (const GstSodTrainer *self)
{
  return self->params->masters != NULL;
}

void
gst_sod_trainer_discard (GstSodTrainer *self)
{
  gst_sod_params_discard (self->params);
  self->n_passes = 0;
  self->awaits_backward = FALSE;
}

/* Whether the step was taken; one whose loss was scaled up too much for f16 is
 * left out and no error. */
static gboolean
check_result (const GstSodTrainer *self, const GstSodMastersResult *result,
    gboolean *taken, GError **error)
{
  *taken = isfinite (result->norm);
  if (*taken || result->rescaled)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
      "training diverged: the gradient of step %" G_GUINT64_FORMAT
      " is not finite; go on from an earlier network with a smaller "
      "learning-rate",
      self->n_steps);
  return FALSE;
}

gboolean
gst_sod_trainer_update (GstSodTrainer *self, GError **error)
{
  const GstSodTrainerSettings *settings = &self->settings;
  gdouble early =
      (gdouble) (self->n_steps + 1) / (gdouble) (self->n_steps + 10);
  GstSodUpdate step = {
    .optimiser = settings->optimiser,
    .learning_rate = gst_sod_trainer_get_rate (self),
    .momentum = settings->momentum,
    .weight_decay = settings->weight_decay,
    .step = self->n_steps,
    .average_share = settings->average_decay > 0
                         ? 1 - MIN (settings->average_decay, early)
                         : 0,
  };
  GstSodMastersResult result = { 0 };
  gboolean taken;

  g_return_val_if_fail (self->n_passes > 0, FALSE);

  self->n_passes = 0;
  self->awaits_backward = FALSE;
  if (!gst_sod_params_step (self->params, &step, settings->clip_norm,
          self->engine.threads, &result, error)
      || !check_result (self, &result, &taken, error))
    return FALSE;
  if (taken) {
    self->n_steps++;
    self->position++;
  }
  return TRUE;
}

void
gst_sod_trainer_set_frozen (GstSodTrainer *self, gboolean frozen)
{
  self->awaits_backward = FALSE;
  self->frozen = frozen;
}

GstSodTensor *
gst_sod_trainer_predict (GstSodTrainer *self, const GstSodTensor *input,
    gboolean average, GError **error)
{
  self->awaits_backward = FALSE;
  return gst_sod_engine_forward (&self->engine, input, self->params,
      average ? GST_SOD_ENGINE_AVERAGE : GST_SOD_ENGINE_FROZEN, error);
}

/**
 * gst_sod_trainer_step:
 * @self: a trainer
 * @input: a batch as the network reads it, by its input rule: f32 of shape
 *   (n, c, h, w), h and w any multiples of 16
 * @target: what should come out, f32: maps in 0..1 of shape (n, 1, h, w) for
 *   base networks, images in -1..1 of shape (n, 3, h / 2, w / 2) for reverse
 *   ones
 * @loss: (out) (optional): the loss before the step, of this batch
 * @error: return location for an error
 *
 * Learns from one batch; with #GstSodTrainer:accumulate over 1 the weights
 * change with every Nth. Takes its time; where it fails, weights, running
 * statistics and the optimiser's state are as they were after the last change.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where the tensors do not fit the network or
 * each other, %GST_SOD_ERROR_DIVERGED where loss or gradient are not finite,
 * %GST_SOD_ERROR_UNSUPPORTED, %GST_SOD_ERROR_BACKEND, %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_trainer_step (GstSodTrainer *self, const GstSodTensor *input,
    const GstSodTensor *target, gdouble *loss, GError **error)
{
  gdouble value;

  g_return_val_if_fail (GST_SOD_IS_TRAINER (self), FALSE);
  g_return_val_if_fail (input != NULL && target != NULL, FALSE);

  if (!gst_sod_trainer_learn (self, input, target, NULL, &value, error)) {
    gst_sod_trainer_discard (self);
    return FALSE;
  }
  if (self->n_passes >= self->settings.accumulate
      && !gst_sod_trainer_update (self, error))
    return FALSE;
  if (loss != NULL)
    *loss = value;
  return TRUE;
}
