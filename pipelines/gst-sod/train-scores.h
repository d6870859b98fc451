/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Scores of held-out frames, as lines. */
typedef struct _SodTrainScores SodTrainScores;

/* @measure: that says which is better, as score.measure does */
SodTrainScores *sod_train_scores_new (const gchar *measure);
void sod_train_scores_free (SodTrainScores *self);

/* A row of a table, for somebody who looks on; its header above the first, and
 * a mark where it is the best of @node so far. @measures: what
 * GstSodTraining::scored said. (transfer full) */
gchar *sod_train_scores_add (
    SodTrainScores *self, const gchar *node, const gchar *measures);

/* A line that says all of itself, for a program. (transfer full) */
gchar *sod_train_scores_describe (const gchar *node, const gchar *measures);

G_END_DECLS
