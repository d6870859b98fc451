/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of one image, sequence or set, and means of them. */
#include <gst-sod/eval/measures-private.h>

#include <gst-sod/eval/sample-private.h>
#include <gst-sod/eval/scratch-private.h>
#include <math.h>
#include <string.h>

G_DEFINE_BOXED_TYPE (GstSodMeasures, gst_sod_measures, gst_sod_measures_ref,
    gst_sod_measures_unref)

GstSodMeasures *
gst_sod_measures_new_empty (GstSodSchool school, gboolean with_curves)
{
  GstSodMeasures *self = g_new0 (GstSodMeasures, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->school = school;
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++)
    self->values[i] = NAN;
  if (with_curves)
    self->curves = g_malloc0 (sizeof (*self->curves) * GST_SOD_N_CURVES);
  return self;
}

GstSodMeasures *
gst_sod_measures_copy_values (const GstSodMeasures *self)
{
  GstSodMeasures *copy = gst_sod_measures_new_empty (self->school, FALSE);

  memcpy (copy->values, self->values, sizeof (copy->values));
  return copy;
}

static void
get_max_and_mean (const gdouble *curve, gdouble *max, gdouble *mean)
{
  gdouble sum = 0;

  *max = curve[0];
  for (guint i = 0; i < GST_SOD_N_THRESHOLDS; i++) {
    *max = MAX (*max, curve[i]);
    sum += curve[i];
  }
  *mean = sum / GST_SOD_N_THRESHOLDS;
}

void
gst_sod_measures_sum_up_curves (GstSodMeasures *self)
{
  if (gst_sod_school_has_curve (self->school, GST_SOD_CURVE_F))
    get_max_and_mean (self->curves[GST_SOD_CURVE_F],
        &self->values[GST_SOD_MEASURE_MAX_F],
        &self->values[GST_SOD_MEASURE_MEAN_F]);
  if (gst_sod_school_has_curve (self->school, GST_SOD_CURVE_E))
    get_max_and_mean (self->curves[GST_SOD_CURVE_E],
        &self->values[GST_SOD_MEASURE_MAX_E],
        &self->values[GST_SOD_MEASURE_MEAN_E]);
}

void
gst_sod_sums_add (GstSodSums *self, const GstSodMeasures *measures)
{
  self->n++;
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (isnan (measures->values[i]))
      continue;
    self->n_defined[i]++;
    self->values[i] += measures->values[i];
  }
  for (guint i = 0; i < GST_SOD_N_CURVES; i++) {
    for (guint j = 0; j < GST_SOD_N_THRESHOLDS; j++)
      self->curves[i][j] += measures->curves[i][j];
  }
}

GstSodMeasures *
gst_sod_sums_get_mean (
    const GstSodSums *self, GstSodSchool school, GstSodNanPolicy policy)
{
  GstSodMeasures *mean = gst_sod_measures_new_empty (school, TRUE);

  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    /* Frames without a frame before them have no change. */
    gboolean skip =
        policy == GST_SOD_NAN_POLICY_SKIP || i == GST_SOD_MEASURE_WARPING_ERROR;

    if (self->n_defined[i] > 0 && (skip || self->n_defined[i] == self->n))
      mean->values[i] = self->values[i] / self->n_defined[i];
  }
  if (self->n == 0)
    return mean;
  for (guint i = 0; i < GST_SOD_N_CURVES; i++) {
    for (guint j = 0; j < GST_SOD_N_THRESHOLDS; j++)
      mean->curves[i][j] = self->curves[i][j] / self->n;
  }
  gst_sod_measures_sum_up_curves (mean);
  return mean;
}

/**
 * gst_sod_measures_new:
 * @school: how to measure
 * @prediction: a map, 8-bit gray
 * @truth: its truth, 8-bit gray of the same size; codes above 128 are
 *   foreground
 * @error: return location for an error
 *
 * Measures one map. For many, #GstSodEvaluator uses all cores.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where the sizes differ,
 * %GST_SOD_ERROR_UNSUPPORTED for pictures that are not 8-bit gray,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the measures, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodMeasures *
gst_sod_measures_new (GstSodSchool school, const GstSodImage *prediction,
    const GstSodImage *truth, GError **error)
{
  g_autoptr (GstSodScratch) scratch = NULL;
  GstSodSample sample;

  g_return_val_if_fail (school <= GST_SOD_SCHOOL_DAVIS, NULL);
  g_return_val_if_fail (prediction != NULL && truth != NULL, NULL);

  scratch = gst_sod_scratch_new ();
  if (!gst_sod_sample_init (&sample, prediction, truth, FALSE, scratch, error))
    return NULL;
  return gst_sod_sample_measure (&sample, school, scratch, error);
}

/**
 * gst_sod_measures_ref:
 * @self: measures
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodMeasures *
gst_sod_measures_ref (GstSodMeasures *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_measures_unref:
 * @self: (transfer full): measures
 *
 * Gives a reference back. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_measures_unref (GstSodMeasures *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->curves);
  g_free (self);
}

/**
 * gst_sod_measures_get_school:
 * @self: measures
 *
 * Returns: the school that the values belong to
 *
 * Since: 0.1
 */
GstSodSchool
gst_sod_measures_get_school (const GstSodMeasures *self)
{
  g_return_val_if_fail (self != NULL, GST_SOD_SCHOOL_PYSOD);

  return self->school;
}

/**
 * gst_sod_measures_has:
 * @self: measures
 * @measure: which
 *
 * Returns: whether the school of @self knows @measure
 *
 * Since: 0.1
 */
gboolean
gst_sod_measures_has (const GstSodMeasures *self, GstSodMeasure measure)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (measure < GST_SOD_N_MEASURES, FALSE);

  return gst_sod_school_has (self->school, measure);
}

/**
 * gst_sod_measures_get:
 * @self: measures
 * @measure: which
 *
 * Returns: the value, in 0..1 (the enhanced-alignment measure may exceed 1 by
 *   1 / (N - 1) of N pixels); NaN where it is undefined or where the school
 *   doesn't know @measure
 *
 * Since: 0.1
 */
gdouble
gst_sod_measures_get (const GstSodMeasures *self, GstSodMeasure measure)
{
  g_return_val_if_fail (self != NULL, NAN);
  g_return_val_if_fail (measure < GST_SOD_N_MEASURES, NAN);

  return self->values[measure];
}

/**
 * gst_sod_measures_get_curve:
 * @self: measures
 * @curve: which
 * @n_thresholds: (out): 256, or 0
 *
 * Returns: (array length=n_thresholds) (transfer none) (nullable): the value
 *   at each threshold, from 0 to 255; %NULL where the school doesn't know
 *   @curve, and for the kept images of an evaluation, which come without
 *
 * Since: 0.1
 */
const gdouble *
gst_sod_measures_get_curve (
    const GstSodMeasures *self, GstSodCurve curve, gsize *n_thresholds)
{
  g_return_val_if_fail (self != NULL && n_thresholds != NULL, NULL);
  g_return_val_if_fail (curve < GST_SOD_N_CURVES, NULL);

  *n_thresholds = 0;
  if (self->curves == NULL || !gst_sod_school_has_curve (self->school, curve))
    return NULL;
  *n_thresholds = GST_SOD_N_THRESHOLDS;
  return self->curves[curve];
}
