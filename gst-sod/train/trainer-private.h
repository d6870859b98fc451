/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/checkpoint-private.h>
#include <gst-sod/train/engine-private.h>
#include <gst-sod/train/params-private.h>
#include <gst-sod/train/trainer.h>

G_BEGIN_DECLS

/* What the properties hold. */
typedef struct
{
  GstSodLossForm loss;
  GstSodOptimiser optimiser;
  gdouble learning_rate, momentum, weight_decay;
  guint64 warm_up, n_steps;
  gdouble decay_power;
  gdouble clip_norm, average_decay;
  GstSodPrecision precision;
  guint accumulate;
  gboolean deterministic;
} GstSodTrainerSettings;

struct _GstSodTrainer
{
  GObject parent;
  GstSodTrainerSettings settings;
  GstSodNetwork *network; /* where the weights come from */
  GstSodParams *params;
  GstSodEngine engine;
  guint64 n_steps;    /* updates so far */
  guint64 position;   /* in the schedule: as many, unless it was moved */
  gdouble rate_scale; /* of the schedule's rate */
  gboolean frozen;
  gboolean awaits_backward; /* forward() has run, and nothing since */
  guint n_passes;           /* there and back, since the last update */
};

/* As gst_sod_trainer_new(), on a back end of the caller's choice. */
GstSodTrainer *gst_sod_trainer_new_on (GstSodNetwork *network,
    GstSodBackend *backend, guint threads, GError **error);

/* For tests; owned by the trainer. As they are now, wherever they are trained;
 * NULL where a device refuses to tell. */
GstSodParams *gst_sod_trainer_get_params (GstSodTrainer *self);

/* @is_stopped is asked all through a pass, which fails with
 * GST_SOD_ERROR_CANCELLED once it says so; the caller discards the step. NULL:
 * nobody stops it. */
void gst_sod_trainer_set_stop (
    GstSodTrainer *self, GstSodStopFunc is_stopped, gpointer user_data);

/* ---- a step taken apart, for the phases ---- */

/* Runs a batch forward in training mode: with batch statistics, or frozen with
 * the running ones. backward() goes back through the last one only. Returns
 * logits or image, (transfer full). */
GstSodTensor *gst_sod_trainer_forward (
    GstSodTrainer *self, const GstSodTensor *input, GError **error);

/* Adds the gradients that come of @d_output to those since the last update.
 * @d_input: as the input, written (=), or NULL where it is not wanted. */
gboolean gst_sod_trainer_backward (GstSodTrainer *self,
    const GstSodTensor *d_output, GstSodTensor *d_input, GError **error);

/* forward(), the loss that the property names, and backward() of one batch, at
 * one go where the back end has that: a step is learnt or taken apart, not
 * both. @weights: of the pixels, (n, 1, h, w), or NULL; @loss: written.
 * GST_SOD_ERROR_DIVERGED where that is not finite: then discard(). */
gboolean gst_sod_trainer_learn (GstSodTrainer *self, const GstSodTensor *input,
    const GstSodTensor *target, const GstSodTensor *weights, gdouble *loss,
    GError **error);

/* As learn(), @next being the batch of the call to come, or NULL: where
 * looks_ahead(), it comes to the device while @batch is learnt. */
gboolean gst_sod_trainer_learn_batch (GstSodTrainer *self,
    const GstSodLearnBatch *batch, const GstSodLearnBatch *next, gdouble *loss,
    GError **error);
gboolean gst_sod_trainer_looks_ahead (const GstSodTrainer *self);

/* A step by the mean of the gradients since the last one.
 * GST_SOD_ERROR_DIVERGED where they are not finite; weights, statistics and
 * the optimiser's state are then as they were after the last update, and the
 * gradients are dropped. */
gboolean gst_sod_trainer_update (GstSodTrainer *self, GError **error);

/* Drops the gradients since the last update, and what the passes did to the
 * running statistics. */
void gst_sod_trainer_discard (GstSodTrainer *self);

/* A frozen network runs on its running statistics and keeps all its weights;
 * backward() gives d_input alone. Not between forward() and backward(). */
void gst_sod_trainer_set_frozen (GstSodTrainer *self, gboolean frozen);

/* Logits or image with running statistics; @average: of the weights' moving
 * average. Not between forward() and backward(). (transfer full) */
GstSodTensor *gst_sod_trainer_predict (GstSodTrainer *self,
    const GstSodTensor *input, gboolean average, GError **error);

/* The schedule goes on as if @step updates had been made; the optimiser's
 * moments and the averages know how many it were. */
void gst_sod_trainer_set_n_steps (GstSodTrainer *self, guint64 step);

/* Multiplies the schedule's rate from now on; 1 at first. */
void gst_sod_trainer_set_rate_scale (GstSodTrainer *self, gdouble scale);

/* Everything that the next steps depend on but the properties, under names
 * that begin with "@section/". Not between forward() and update(). */
gboolean gst_sod_trainer_write_state (GstSodTrainer *self,
    GstSodCheckpoint *checkpoint, const gchar *section, GError **error);

/* GST_SOD_ERROR_MISMATCH where the checkpoint is of another network; the
 * trainer is then as it was. */
gboolean gst_sod_trainer_read_state (GstSodTrainer *self,
    const GstSodCheckpoint *checkpoint, const gchar *section, GError **error);

G_END_DECLS
