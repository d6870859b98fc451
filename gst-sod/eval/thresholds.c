/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures that cut the map at thresholds: precision, recall, F (Achanta et
 * al., "Frequency-tuned Salient Region Detection", 2009), E (Fan et al.,
 * "Enhanced-alignment Measure for Binary Foreground Map Evaluation", 2018),
 * intersection over union; and the mean absolute error. */
#include <gst-sod/eval/sample-private.h>

#include <math.h>

/* Pixels of the map at or above a threshold. */
typedef struct
{
  guint64 inside; /* of the truth */
  guint64 outside;
} Hits;

static gdouble
get_f (GstSodSchool school, gdouble precision, gdouble recall)
{
  if (school == GST_SOD_SCHOOL_PAPER_F)
    return 0.6 * precision + 0.4 * recall;
  if (precision * recall == 0)
    return 0;
  return 1.3 * precision * recall / (0.3 * precision + recall);
}

static gdouble
get_alignment (gdouble map, gdouble truth)
{
  gdouble phi =
      2 * (map * truth) / (map * map + truth * truth + GST_SOD_MEASURE_EPS);

  return (phi + 1) * (phi + 1) / 4;
}

/* Pixels of one kind have one value, so that the mean over all pixels is one
 * over four kinds. Dividing by N - 1, as the reference does, a perfect map
 * gets N / (N - 1). */
static gdouble
get_e (const GstSodSample *self, Hits hits)
{
  guint64 hit = hits.inside + hits.outside;
  guint64 missed = self->n_foreground - hits.inside;
  gdouble map = (gdouble) hit / self->n;
  gdouble truth = (gdouble) self->n_foreground / self->n;
  gdouble sum;

  if (self->n_foreground == 0)
    sum = self->n - hit;
  else if (self->n_foreground == self->n)
    sum = hit;
  else
    sum = get_alignment (1 - map, 1 - truth) * hits.inside
          + get_alignment (1 - map, 0 - truth) * hits.outside
          + get_alignment (0 - map, 1 - truth) * missed
          + get_alignment (0 - map, 0 - truth) * (self->n - hit - missed);
  return sum / (self->n - 1 + GST_SOD_MEASURE_EPS);
}

static void
fill_curves (const GstSodSample *self, GstSodMeasures *measures)
{
  guint64 inside[256] = { 0 }, outside[256] = { 0 };
  Hits hits = { 0, 0 };

  for (gint i = 0; i < 256; i++) {
    outside[self->q[i]] += self->counts[0][i];
    inside[self->q[i]] += self->counts[1][i];
  }
  for (gint i = 255; i >= 0; i--) {
    gdouble precision, recall;

    hits.inside += inside[i];
    hits.outside += outside[i];
    precision = (gdouble) hits.inside / MAX (hits.inside + hits.outside, 1);
    recall = (gdouble) hits.inside / MAX (self->n_foreground, 1);
    measures->curves[GST_SOD_CURVE_PRECISION][i] = precision;
    measures->curves[GST_SOD_CURVE_RECALL][i] = recall;
    measures->curves[GST_SOD_CURVE_F][i] =
        get_f (measures->school, precision, recall);
    measures->curves[GST_SOD_CURVE_E][i] = get_e (self, hits);
  }
}

static Hits
get_hits (const GstSodSample *self, gdouble threshold)
{
  Hits hits = { 0, 0 };

  for (gint i = 0; i < 256; i++) {
    if (self->p[i] >= threshold) {
      hits.outside += self->counts[0][i];
      hits.inside += self->counts[1][i];
    }
  }
  return hits;
}

/* Twice the mean, at most 1. Where a value of the map lies this close to it,
 * the order of the mean's sum decides whether it is reached. */
static gdouble
get_adaptive_threshold (const GstSodSample *self)
{
  gdouble threshold = 2 * self->mean;

  for (gint i = 0; i < 256; i++) {
    if (self->p[i] > 0 && fabs (self->p[i] - threshold) < 1e-9) {
      threshold = 2 * gst_sod_sample_get_numpy_mean (self);
      break;
    }
  }
  return MIN (threshold, 1);
}

static gdouble
get_iou (const GstSodSample *self, GstSodSchool school, Hits hits)
{
  guint64 all = hits.outside + self->n_foreground;

  if (all == 0)
    return school == GST_SOD_SCHOOL_DAVIS ? 1 : 0;
  return (gdouble) hits.inside / all;
}

static gdouble
get_mae (const GstSodSample *self)
{
  gdouble sum = 0;

  for (gint i = 0; i < 256; i++)
    sum +=
        self->counts[0][i] * self->p[i] + self->counts[1][i] * (1 - self->p[i]);
  return sum / self->n;
}

void
gst_sod_sample_measure_thresholds (
    const GstSodSample *self, GstSodMeasures *measures)
{
  gdouble *values = measures->values;
  Hits hits = get_hits (self, get_adaptive_threshold (self));
  gdouble f = 0;

  fill_curves (self, measures);
  if (hits.inside > 0)
    f = get_f (measures->school,
        (gdouble) hits.inside / (hits.inside + hits.outside),
        (gdouble) hits.inside / self->n_foreground);
  values[GST_SOD_MEASURE_ADAPTIVE_F] = f;
  values[GST_SOD_MEASURE_ADAPTIVE_E] = get_e (self, hits);
  values[GST_SOD_MEASURE_ADAPTIVE_IOU] = get_iou (self, measures->school, hits);
  values[GST_SOD_MEASURE_IOU] =
      get_iou (self, measures->school, get_hits (self, 0.5));
  values[GST_SOD_MEASURE_MAE] = get_mae (self);
}
