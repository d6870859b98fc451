/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>
#include <gst-sod/eval/school.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_MEASURES (gst_sod_measures_get_type ())

/**
 * GstSodMeasures:
 *
 * How good one map is, or the maps of one sequence or set on average: values
 * of one school. Immutable and reference counted; may be shared between
 * threads.
 *
 * Since: 0.1
 */
typedef struct _GstSodMeasures GstSodMeasures;

GST_SOD_API
GType gst_sod_measures_get_type (void);

GST_SOD_API
GstSodMeasures *gst_sod_measures_new (GstSodSchool school,
    const GstSodImage *prediction, const GstSodImage *truth, GError **error);

GST_SOD_API
GstSodMeasures *gst_sod_measures_ref (GstSodMeasures *self);

GST_SOD_API
void gst_sod_measures_unref (GstSodMeasures *self);

GST_SOD_API
GstSodSchool gst_sod_measures_get_school (const GstSodMeasures *self);

GST_SOD_API
gboolean gst_sod_measures_has (
    const GstSodMeasures *self, GstSodMeasure measure);

GST_SOD_API
gdouble gst_sod_measures_get (
    const GstSodMeasures *self, GstSodMeasure measure);

GST_SOD_API
const gdouble *gst_sod_measures_get_curve (
    const GstSodMeasures *self, GstSodCurve curve, gsize *n_thresholds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodMeasures, gst_sod_measures_unref)

G_END_DECLS
