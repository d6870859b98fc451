/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/training.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_TRAINING_PLAN (gst_sod_training_plan_get_type ())

/**
 * GstSodTrainingPlan:
 *
 * The stages that a training goes through, in their order, and how long each
 * is. Immutable.
 *
 * Since: 0.1
 */
typedef struct _GstSodTrainingPlan GstSodTrainingPlan;

GST_SOD_API
GType gst_sod_training_plan_get_type (void);

GST_SOD_API
GstSodTrainingPlan *gst_sod_training_plan_new (
    GstSodTraining *training, GError **error);

GST_SOD_API
GstSodTrainingPlan *gst_sod_training_plan_copy (const GstSodTrainingPlan *self);

GST_SOD_API
void gst_sod_training_plan_free (GstSodTrainingPlan *self);

GST_SOD_API
guint gst_sod_training_plan_get_n_stages (const GstSodTrainingPlan *self);

GST_SOD_API
const gchar *gst_sod_training_plan_get_name (
    const GstSodTrainingPlan *self, guint stage);

GST_SOD_API
const gchar *gst_sod_training_plan_get_node (
    const GstSodTrainingPlan *self, guint stage);

GST_SOD_API
guint gst_sod_training_plan_get_phase (
    const GstSodTrainingPlan *self, guint stage);

GST_SOD_API
guint gst_sod_training_plan_get_round (
    const GstSodTrainingPlan *self, guint stage);

GST_SOD_API
guint64 gst_sod_training_plan_get_n_steps (
    const GstSodTrainingPlan *self, guint stage);

GST_SOD_API
gsize gst_sod_training_plan_get_pseudo_label_size (
    const GstSodTrainingPlan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodTrainingPlan, gst_sod_training_plan_free)

G_END_DECLS
