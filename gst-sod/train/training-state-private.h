/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/checkpoint-private.h>
#include <gst-sod/train/training-private.h>

G_BEGIN_DECLS

/* All of it, between two steps. */
GstSodCheckpoint *gst_sod_training_capture (
    GstSodTraining *self, GError **error);

/* Networks, plan and record as the checkpoint has them; without a stage at
 * work. GST_SOD_ERROR_MISMATCH where it is of another training. */
gboolean gst_sod_training_restore (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint, GError **error);

/* Whether @checkpoint was made in the stage that is next. */
gboolean gst_sod_training_is_in_stage (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint);

/* The stage at work as the checkpoint, which was made in it, has it. */
gboolean gst_sod_training_restore_stage (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint, GError **error);

G_END_DECLS
