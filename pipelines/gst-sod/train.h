/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "train-data.h"
#include "train-options.h"

G_BEGIN_DECLS

/* Prints frames, steps, time and memory that the training would take, from a
 * few steps of each network on made-up batches. */
gboolean sod_train_estimate (const SodTrainOptions *options,
    GstSodTrainingSettings *settings, const SodTrainData *data, GError **error);

/* Writes a page of the runs @words side by side into --out. */
gboolean sod_train_compare (
    const SodTrainOptions *options, gchar **words, GError **error);

G_END_DECLS
