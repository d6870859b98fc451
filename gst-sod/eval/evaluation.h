/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/measures.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_EVALUATION (gst_sod_evaluation_get_type ())

/**
 * GstSodEvaluation:
 *
 * What a #GstSodEvaluator found: the measures of the set, of each sequence
 * and, where they were kept, of each image. Immutable and reference counted;
 * may be shared between threads.
 *
 * Since: 0.1
 */
typedef struct _GstSodEvaluation GstSodEvaluation;

GST_SOD_API
GType gst_sod_evaluation_get_type (void);

GST_SOD_API
GstSodEvaluation *gst_sod_evaluation_ref (GstSodEvaluation *self);

GST_SOD_API
void gst_sod_evaluation_unref (GstSodEvaluation *self);

GST_SOD_API
GstSodSchool gst_sod_evaluation_get_school (const GstSodEvaluation *self);

GST_SOD_API
GstSodMeasures *gst_sod_evaluation_get_set (const GstSodEvaluation *self);

GST_SOD_API
guint64 gst_sod_evaluation_get_n_images (const GstSodEvaluation *self);

GST_SOD_API
guint64 gst_sod_evaluation_get_n_skipped (const GstSodEvaluation *self);

GST_SOD_API
guint64 gst_sod_evaluation_get_n_undefined (
    const GstSodEvaluation *self, GstSodMeasure measure);

GST_SOD_API
guint gst_sod_evaluation_get_n_sequences (const GstSodEvaluation *self);

GST_SOD_API
const gchar *gst_sod_evaluation_get_sequence_name (
    const GstSodEvaluation *self, guint sequence);

GST_SOD_API
guint64 gst_sod_evaluation_get_sequence_n_images (
    const GstSodEvaluation *self, guint sequence);

GST_SOD_API
GstSodMeasures *gst_sod_evaluation_get_sequence (
    const GstSodEvaluation *self, guint sequence);

GST_SOD_API
guint gst_sod_evaluation_get_n_kept (const GstSodEvaluation *self);

GST_SOD_API
const gchar *gst_sod_evaluation_get_image_name (
    const GstSodEvaluation *self, guint image);

GST_SOD_API
guint gst_sod_evaluation_get_image_sequence (
    const GstSodEvaluation *self, guint image);

GST_SOD_API
GstSodMeasures *gst_sod_evaluation_get_image (
    const GstSodEvaluation *self, guint image);

GST_SOD_API
gchar *gst_sod_evaluation_to_json (const GstSodEvaluation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodEvaluation, gst_sod_evaluation_unref)

G_END_DECLS
