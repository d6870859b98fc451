/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "train-data.h"
#include "train-options.h"

G_BEGIN_DECLS

/* Prints the stages that @training of @data would go through, with their steps,
 * and the time and memory that they would take, from a few steps of each
 * network on made-up batches. */
gboolean sod_train_estimate (GstSodTrainingSettings *settings,
    const SodTrainData *data, GstSodTraining *training, GError **error);

/* Writes a page of the runs @words side by side into --out. */
gboolean sod_train_compare (
    const SodTrainOptions *options, gchar **words, GError **error);

G_END_DECLS
