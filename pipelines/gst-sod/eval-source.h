/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst-sod/gstsod.h>

G_BEGIN_DECLS

/* Where maps and truths come from: two folders of files, a model at work on a
 * data set, or a floor. Thread-safe once it is made. */
typedef struct _SodEvalSource SodEvalSource;

/* The maps in @maps, each of the stem of its truth in @truths. */
SodEvalSource *sod_eval_source_new_maps (const gchar *maps, const gchar *truths,
    GCancellable *cancellable, GError **error);

/* @instance is loaded; NULL makes a source that only floors are taken of. */
SodEvalSource *sod_eval_source_new_model (GstSodDataset *dataset,
    GstSodInstance *instance, GCancellable *cancellable);

void sod_eval_source_free (SodEvalSource *self);

GstSodDataset *sod_eval_source_get_dataset (SodEvalSource *self);

/* Whether the images are stills, which have no sequence. */
gboolean sod_eval_source_has_stills (SodEvalSource *self);

/* How many images there are to be measured. */
guint sod_eval_source_get_n_images (SodEvalSource *self);

/* What is measured from now on: a floor in the place of the maps, or where
 * @floor is NULL the maps. Not while anything is measured. */
gboolean sod_eval_source_set_floor (
    SodEvalSource *self, const gchar *floor, GError **error);

/* Measures everything. Waits; adds the images that are through to @n_done. */
GstSodEvaluation *sod_eval_source_evaluate (SodEvalSource *self,
    GstSodEvaluator *evaluator, gint *n_done, GError **error);

/* As GstSodReportPairFunc: an image once more, with its picture where there is
 * one. @source: a SodEvalSource. */
GstSodPair *sod_eval_source_read_pair (
    const gchar *sequence, const gchar *name, gpointer source, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodEvalSource, sod_eval_source_free)

G_END_DECLS
