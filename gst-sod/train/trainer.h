/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/network.h>
#include <gst-sod/train/loss.h>
#include <gst-sod/train/optimiser.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_TRAINER (gst_sod_trainer_get_type ())

/**
 * GstSodTrainer:
 *
 * Trains one network: owns the master weights (f32) and the optimiser's state,
 * takes batches, emits networks. A step is forward with batch statistics,
 * loss, backward, clipping, update, moving average. Batches may change their
 * size from step to step.
 *
 * Nothing in it is random: the same network, properties and batches give the
 * same bytes on the same machine and number of threads.
 *
 * One thread at a time; the arithmetic runs on the caller's thread and on
 * those of the back end.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodTrainer, gst_sod_trainer, GST_SOD, TRAINER, GObject)

GST_SOD_API
GstSodTrainer *gst_sod_trainer_new (
    GstSodNetwork *network, const gchar *device, guint threads, GError **error);

GST_SOD_API
gboolean gst_sod_trainer_step (GstSodTrainer *self, const GstSodTensor *input,
    const GstSodTensor *target, gdouble *loss, GError **error);

GST_SOD_API
GstSodNetwork *gst_sod_trainer_snapshot (GstSodTrainer *self, GError **error);

GST_SOD_API
guint64 gst_sod_trainer_get_n_steps (GstSodTrainer *self);

GST_SOD_API
gdouble gst_sod_trainer_get_rate (GstSodTrainer *self);

GST_SOD_API
GstSodPrecision gst_sod_trainer_get_precision (
    GstSodTrainer *self, const gchar **reason);

G_END_DECLS
