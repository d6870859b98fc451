/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>
#include <gst-sod/train/params-private.h>
#include <gst-sod/train/trainer.h>

G_BEGIN_DECLS

/* What the properties hold. */
typedef struct
{
  GstSodLoss loss;
  GstSodOptimiser optimiser;
  gdouble learning_rate, momentum, weight_decay;
  guint64 warm_up, n_steps;
  gdouble clip_norm, average_decay;
} GstSodTrainerSettings;

/* As gst_sod_trainer_new(), on a back end of the caller's choice. */
GstSodTrainer *gst_sod_trainer_new_on (GstSodNetwork *network,
    GstSodBackend *backend, guint threads, GError **error);

/* For checkpoints and tests; owned by the trainer. */
GstSodParams *gst_sod_trainer_get_params (GstSodTrainer *self);

G_END_DECLS
