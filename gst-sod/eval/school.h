/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>

G_BEGIN_DECLS

/**
 * GstSodSchool:
 * @GST_SOD_SCHOOL_PYSOD: every image counts the same, as PySODMetrics does
 * @GST_SOD_SCHOOL_DAVSOD: the mean over a sequence, then over sequences, the
 *   first and the last frame of each left out, as the DAVSOD benchmark does
 * @GST_SOD_SCHOOL_PAPER_F: as @GST_SOD_SCHOOL_PYSOD with 0.6 P + 0.4 R in the
 *   place of the F-measure, as some papers print it
 * @GST_SOD_SCHOOL_DAVIS: region similarity J and boundary F over sequences, as
 *   the DAVIS benchmark of unsupervised methods does
 *
 * Ways of measuring that published tables follow. Figures of different schools
 * differ by up to four points and are never compared. docs/measures.md holds
 * the definitions.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_SCHOOL_PYSOD,
  GST_SOD_SCHOOL_DAVSOD,
  GST_SOD_SCHOOL_PAPER_F,
  GST_SOD_SCHOOL_DAVIS
} GstSodSchool;

/**
 * GstSodMeasure:
 * @GST_SOD_MEASURE_MAX_F: largest F-measure of 256 thresholds
 * @GST_SOD_MEASURE_MEAN_F: mean F-measure of 256 thresholds
 * @GST_SOD_MEASURE_ADAPTIVE_F: F-measure at twice the map's mean
 * @GST_SOD_MEASURE_S_MEASURE: structure measure
 * @GST_SOD_MEASURE_MAX_E: largest enhanced-alignment measure of 256 thresholds
 * @GST_SOD_MEASURE_MEAN_E: mean enhanced-alignment measure of 256 thresholds
 * @GST_SOD_MEASURE_ADAPTIVE_E: enhanced-alignment measure at twice the map's
 *   mean
 * @GST_SOD_MEASURE_WEIGHTED_F: weighted F-measure
 * @GST_SOD_MEASURE_MAE: mean absolute error, 0 is best
 * @GST_SOD_MEASURE_IOU: intersection over union at one half; J of DAVIS
 * @GST_SOD_MEASURE_ADAPTIVE_IOU: intersection over union at twice the map's
 *   mean
 * @GST_SOD_MEASURE_BOUNDARY_F: F-measure of the contours; F of DAVIS
 * @GST_SOD_MEASURE_WARPING_ERROR: change of the map along the motion, 0 is
 *   best; needs pictures
 *
 * What is measured. 1 is best but where said otherwise.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_MEASURE_MAX_F,
  GST_SOD_MEASURE_MEAN_F,
  GST_SOD_MEASURE_ADAPTIVE_F,
  GST_SOD_MEASURE_S_MEASURE,
  GST_SOD_MEASURE_MAX_E,
  GST_SOD_MEASURE_MEAN_E,
  GST_SOD_MEASURE_ADAPTIVE_E,
  GST_SOD_MEASURE_WEIGHTED_F,
  GST_SOD_MEASURE_MAE,
  GST_SOD_MEASURE_IOU,
  GST_SOD_MEASURE_ADAPTIVE_IOU,
  GST_SOD_MEASURE_BOUNDARY_F,
  GST_SOD_MEASURE_WARPING_ERROR
} GstSodMeasure;

/**
 * GstSodCurve:
 * @GST_SOD_CURVE_PRECISION: precision
 * @GST_SOD_CURVE_RECALL: recall
 * @GST_SOD_CURVE_F: F-measure
 * @GST_SOD_CURVE_E: enhanced-alignment measure
 *
 * What is known at each of 256 thresholds.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_CURVE_PRECISION,
  GST_SOD_CURVE_RECALL,
  GST_SOD_CURVE_F,
  GST_SOD_CURVE_E
} GstSodCurve;

/**
 * GstSodNanPolicy:
 * @GST_SOD_NAN_POLICY_MATCH: a mean with an undefined value is undefined, as
 *   the reference has it
 * @GST_SOD_NAN_POLICY_SKIP: undefined values are left out of the mean
 *
 * What becomes of images whose S-measure is undefined (the centroid of the
 * truth lies in the last row or column). They are counted in both cases.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_NAN_POLICY_MATCH,
  GST_SOD_NAN_POLICY_SKIP
} GstSodNanPolicy;

GST_SOD_API
const gchar *gst_sod_school_get_name (GstSodSchool school);

GST_SOD_API
gboolean gst_sod_school_from_name (
    const gchar *name, GstSodSchool *school, GError **error);

GST_SOD_API
gboolean gst_sod_school_has (GstSodSchool school, GstSodMeasure measure);

GST_SOD_API
gboolean gst_sod_school_has_curve (GstSodSchool school, GstSodCurve curve);

GST_SOD_API
const gchar *gst_sod_measure_get_key (GstSodMeasure measure);

GST_SOD_API
gboolean gst_sod_measure_from_key (
    const gchar *key, GstSodMeasure *measure, GError **error);

GST_SOD_API
const gchar *gst_sod_curve_get_key (GstSodCurve curve);

G_END_DECLS
