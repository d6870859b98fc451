/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_TRAINING_PROGRESS (gst_sod_training_progress_get_type ())

/**
 * GstSodTrainingProgress:
 *
 * Where a training is: what #GstSodTraining::progress says, for those who do
 * not read JSON. Immutable.
 *
 * Since: 0.1
 */
typedef struct _GstSodTrainingProgress GstSodTrainingProgress;

GST_SOD_API
GType gst_sod_training_progress_get_type (void);

GST_SOD_API
GstSodTrainingProgress *gst_sod_training_progress_new_from_json (
    const gchar *json, GError **error);

GST_SOD_API
GstSodTrainingProgress *gst_sod_training_progress_copy (
    const GstSodTrainingProgress *self);

GST_SOD_API
void gst_sod_training_progress_free (GstSodTrainingProgress *self);

GST_SOD_API
guint gst_sod_training_progress_get_phase (const GstSodTrainingProgress *self);

GST_SOD_API
guint gst_sod_training_progress_get_round (const GstSodTrainingProgress *self);

GST_SOD_API
const gchar *gst_sod_training_progress_get_stage (
    const GstSodTrainingProgress *self);

GST_SOD_API
const gchar *gst_sod_training_progress_get_node (
    const GstSodTrainingProgress *self);

GST_SOD_API
guint64 gst_sod_training_progress_get_step (const GstSodTrainingProgress *self);

GST_SOD_API
guint64 gst_sod_training_progress_get_n_steps (
    const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_progress_get_loss (const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_progress_get_rate (const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_progress_get_frames_per_second (
    const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_progress_get_time_left (
    const GstSodTrainingProgress *self);

GST_SOD_API
guint gst_sod_training_progress_get_stage_number (
    const GstSodTrainingProgress *self);

GST_SOD_API
guint gst_sod_training_progress_get_n_stages (
    const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_progress_get_done (const GstSodTrainingProgress *self);

GST_SOD_API
gdouble gst_sod_training_scores_get (
    const gchar *measures, const gchar *measure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstSodTrainingProgress, gst_sod_training_progress_free)

G_END_DECLS
