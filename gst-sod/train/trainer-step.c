/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A step, and the parts of it that the phases put together otherwise. */
#include <gst-sod/train/trainer-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/train/loss-private.h>
#include <gst-sod/train/optimiser-private.h>

/* ---- running statistics: a refused step puts them back ---- */

/* One after the other, before the first pass changes them. */
static void
keep_statistics (GstSodTrainer *self)
{
  if (self->statistics != NULL)
    return;
  self->statistics = g_array_new (FALSE, FALSE, sizeof (gfloat));
  for (guint i = 0; i < self->params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->params->list, i);

    if (param->gradient == NULL)
      g_array_append_vals (self->statistics,
          gst_sod_tensor_peek_data (param->weight), (guint) param->n);
  }
}

static void
restore_statistics (GstSodTrainer *self)
{
  const gfloat *from = (const gfloat *) (gconstpointer) self->statistics->data;

  for (guint i = 0; i < self->params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->params->list, i);

    if (param->gradient != NULL)
      continue;
    memcpy (gst_sod_tensor_get_data (param->weight), from,
        param->n * sizeof (gfloat));
    from += param->n;
  }
}

/* ---- the parts ---- */

GstSodTensor *
gst_sod_trainer_forward (
    GstSodTrainer *self, const GstSodTensor *input, GError **error)
{
  GstSodTensor *output;

  if (!self->frozen)
    keep_statistics (self);
  output = gst_sod_engine_forward (&self->engine, input, self->params->weights,
      self->frozen ? NULL : self->params->gradients, error);
  self->awaits_backward = output != NULL;
  return output;
}

gboolean
gst_sod_trainer_backward (GstSodTrainer *self, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  g_return_val_if_fail (self->awaits_backward, FALSE);

  self->awaits_backward = FALSE;
  if (!self->frozen && self->n_passes > 0)
    gst_sod_params_put_gradients_by (self->params);
  if (!gst_sod_engine_backward (&self->engine, d_output, d_input, error))
    return FALSE;
  if (!self->frozen)
    self->n_passes++;
  return TRUE;
}

static void
begin_anew (GstSodTrainer *self)
{
  self->n_passes = 0;
  self->awaits_backward = FALSE;
  g_clear_pointer (&self->statistics, g_array_unref);
}

void
gst_sod_trainer_discard (GstSodTrainer *self)
{
  if (self->statistics != NULL)
    restore_statistics (self);
  gst_sod_params_drop_gradients (self->params);
  begin_anew (self);
}

/* What the gradients are multiplied with, so that they are no longer than the
 * limit; NaN with @error set where they are not finite. */
static gdouble
find_scale (GstSodTrainer *self, GError **error)
{
  gdouble norm =
      gst_sod_params_gradient_norm (self->params, self->engine.threads);
  gdouble limit = self->settings.clip_norm;

  if (!isfinite (norm)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "training diverged: the gradient of step %" G_GUINT64_FORMAT
        " is not finite; go on from an earlier network with a smaller "
        "learning-rate",
        self->n_steps);
    return NAN;
  }
  return limit > 0 && norm > limit ? limit / norm : 1;
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

  g_return_val_if_fail (self->n_passes > 0, FALSE);

  if (self->n_passes > 1)
    gst_sod_params_take_mean (self->params, self->n_passes);
  step.scale = find_scale (self, error);
  if (isnan (step.scale)) {
    gst_sod_trainer_discard (self);
    return FALSE;
  }
  gst_sod_params_update (self->params, &step, self->engine.threads);
  self->n_steps++;
  self->position++;
  begin_anew (self);
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
  return gst_sod_engine_forward (&self->engine, input,
      average ? self->params->averages : self->params->weights, NULL, error);
}

gdouble
gst_sod_trainer_compute_loss (GstSodTrainer *self, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, GError **error)
{
  return gst_sod_loss_compute_threaded (self->settings.loss, output, target,
      weights, d_output, self->engine.threads, error);
}

/* ---- all of them ---- */

/* Leaves the gradients of the batch's loss beside the weights; NaN and @error
 * on failure. */
static gdouble
differentiate (GstSodTrainer *self, const GstSodTensor *input,
    const GstSodTensor *target, GError **error)
{
  g_autoptr (GstSodTensor) output =
      gst_sod_trainer_forward (self, input, error);
  g_autoptr (GstSodTensor) d_output = NULL;
  GError *failure = NULL;
  gdouble loss;

  if (output != NULL)
    d_output = gst_sod_tensor_new_shaped (
        GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), error);
  if (d_output == NULL)
    return NAN;
  loss = gst_sod_trainer_compute_loss (
      self, output, target, NULL, d_output, &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return NAN;
  }
  if (!isfinite (loss)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "training diverged: the loss of step %" G_GUINT64_FORMAT
        " is %g; go on from an earlier network with a smaller learning-rate",
        self->n_steps, loss);
    return NAN;
  }
  return gst_sod_trainer_backward (self, d_output, NULL, error) ? loss : NAN;
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

  value = differentiate (self, input, target, error);
  if (isnan (value)) {
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
