/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/evaluation.h>
#include <gst-sod/eval/pair.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_EVALUATOR (gst_sod_evaluator_get_type ())

/**
 * GstSodEvaluator:
 *
 * Measures a set of maps in one pass, on all cores. The results do not depend
 * on the number of threads, and the memory not on the number of images.
 *
 * Set it up first, then add pairs, then finish. Thread-safe; where several
 * threads add, the order of the images is the order in which they came.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodEvaluator, gst_sod_evaluator, GST_SOD, EVALUATOR, GObject)

/**
 * GstSodPairLoadFunc:
 * @user_data: what was given with the function
 * @error: return location for an error
 *
 * Reads one pair. Runs once, on one of the evaluator's threads.
 *
 * Returns: (transfer full): the pair, or %NULL with @error set
 *
 * Since: 0.1
 */
typedef GstSodPair *(*GstSodPairLoadFunc) (gpointer user_data, GError **error);

GST_SOD_API
GstSodEvaluator *gst_sod_evaluator_new (GstSodSchool school, guint threads);

GST_SOD_API
void gst_sod_evaluator_set_nan_policy (
    GstSodEvaluator *self, GstSodNanPolicy policy);

GST_SOD_API
void gst_sod_evaluator_set_resize (GstSodEvaluator *self, gboolean resize);

GST_SOD_API
void gst_sod_evaluator_set_keep_images (GstSodEvaluator *self, gboolean keep);

GST_SOD_API
gboolean gst_sod_evaluator_add (GstSodEvaluator *self, const gchar *sequence,
    const gchar *name, GstSodPair *pair, GError **error);

GST_SOD_API
gboolean gst_sod_evaluator_add_loader (GstSodEvaluator *self,
    const gchar *sequence, const gchar *name, GstSodPairLoadFunc load,
    gpointer user_data, GDestroyNotify destroy, GError **error);

GST_SOD_API
GstSodEvaluation *gst_sod_evaluator_peek (GstSodEvaluator *self);

GST_SOD_API
GstSodEvaluation *gst_sod_evaluator_finish (
    GstSodEvaluator *self, GError **error);

G_END_DECLS
