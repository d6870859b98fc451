/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/measures.h>

G_BEGIN_DECLS

#define GST_SOD_N_MEASURES (GST_SOD_MEASURE_WARPING_ERROR + 1)
#define GST_SOD_N_CURVES (GST_SOD_CURVE_E + 1)
#define GST_SOD_N_THRESHOLDS 256

/* numpy.spacing (1) */
#define GST_SOD_MEASURE_EPS 0x1p-52

struct _GstSodMeasures
{
  gatomicrefcount ref_count;
  GstSodSchool school;
  gdouble values[GST_SOD_N_MEASURES];      /* NaN: undefined or not measured */
  gdouble (*curves)[GST_SOD_N_THRESHOLDS]; /* by GstSodCurve, or NULL */
};

/* All NaN; its curves, where @with_curves, are zero. */
GstSodMeasures *gst_sod_measures_new_empty (
    GstSodSchool school, gboolean with_curves);

/* The values without the curves. */
GstSodMeasures *gst_sod_measures_copy_values (const GstSodMeasures *self);

/* Sets the largest and the mean value of the F and the E curve. */
void gst_sod_measures_sum_up_curves (GstSodMeasures *self);

/* "max_f mean_f ..."; (transfer full). */
gchar *gst_sod_measure_list_keys (void);

/* Sums of measures in the order in which they were added. */
typedef struct
{
  guint64 n;
  guint64 n_defined[GST_SOD_N_MEASURES];
  gdouble values[GST_SOD_N_MEASURES]; /* of the defined ones */
  gdouble curves[GST_SOD_N_CURVES][GST_SOD_N_THRESHOLDS];
} GstSodSums;

void gst_sod_sums_add (GstSodSums *self, const GstSodMeasures *measures);

/* The means; those of F and E are taken over curves before their maximum. */
GstSodMeasures *gst_sod_sums_get_mean (
    const GstSodSums *self, GstSodSchool school, GstSodNanPolicy policy);

G_END_DECLS
