/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/training.h>
#include <json-glib/json-glib.h>

#include "scenes.h"

G_BEGIN_DECLS

/* Trainings on generated scenes with tiny networks, of seconds. @more: "key",
 * "value", ..., NULL beside what they all have; or NULL. */
GstSodTrainingSettings *training_case_settings (const gchar *const *more);

/* With nodes "a", "b", "c": each of 16 frames, half of them labelled. */
GstSodTraining *training_case_new (
    const gchar *const *more, guint n_nodes, gboolean held_out);

void training_case_run (GstSodTraining *training);

JsonNode *training_case_record (GstSodTraining *training);
JsonObject *training_case_stage (JsonNode *record, guint stage);

/* Mean of the first, or last, quarter of a stage's loss curve. */
gdouble training_case_loss (JsonNode *record, guint stage, gboolean last);

/* Their networks must have the same bytes. */
void training_case_assert_same (GstSodTraining *one, GstSodTraining *other);

/* Runs one in one piece, and another that is stopped when its @n_networks-th
 * network is offered and resumed from a file: both must give the same bytes. */
void training_case_check_resume (
    const gchar *const *more, guint n_nodes, guint n_networks);

G_END_DECLS
