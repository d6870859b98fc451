/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The structure measure (Fan et al., "Structure-measure: A New Way to Evaluate
 * Foreground Maps", 2017) with alpha 0.5, as PySODMetrics computes it. */
#include <gst-sod/eval/sample-private.h>

#include <math.h>

/* numpy adds elements of a slice that is not contiguous in such pieces. */
#define NUMPY_BUFFER 8192

/* How alike the values inside (or outside) of the truth are, and how close to
 * 1 (or 0). */
static gdouble
get_object_score (const GstSodSample *self, gboolean inside)
{
  const guint64 *counts = self->counts[inside];
  guint64 n = inside ? self->n_foreground : self->n - self->n_foreground;
  gdouble mean = 0, deviation = 0;

  for (gint i = 0; i < 256; i++)
    mean += counts[i] * (inside ? self->p[i] : 1 - self->p[i]);
  mean /= n;
  for (gint i = 0; i < 256; i++) {
    gdouble difference = (inside ? self->p[i] : 1 - self->p[i]) - mean;

    deviation += counts[i] * (difference * difference);
  }
  deviation = n > 1 ? sqrt (deviation / (n - 1)) : 0;
  return 2 * mean / (mean * mean + 1 + deviation + GST_SOD_MEASURE_EPS);
}

/* The mean of @width x @height pixels of one value: rounding may set it apart
 * from the value, and then the quadrant is not constant any more to the
 * reference. */
static gdouble
get_constant_mean (
    const GstSodSample *self, gdouble value, gint width, gint height)
{
  guint64 n = (guint64) width * height;
  gboolean contiguous = width == self->map.width || width == 1 || height == 1;

  return gst_sod_numpy_sum_constant (value, n, contiguous ? n : NUMPY_BUFFER)
         / n;
}

/* Structural similarity of one quadrant, @width x @height pixels. */
static gdouble
get_similarity (
    const GstSodSample *self, guint64 (*counts)[256], gint width, gint height)
{
  guint64 n = (guint64) width * height, inside = 0;
  gdouble x = 0, y, xx = 0, xy = 0, yy, alpha, beta, scale;
  gint n_codes = 0, code = 0;

  if (n == 0)
    return NAN;
  for (gint i = 0; i < 256; i++) {
    guint64 both = counts[0][i] + counts[1][i];

    if (both == 0)
      continue;
    n_codes++;
    code = i;
    inside += counts[1][i];
    x += both * self->p[i];
  }
  x = n_codes > 1 ? x / n
                  : get_constant_mean (self, self->p[code], width, height);
  y = (gdouble) inside / n;
  for (gint i = 0; i < 256; i++) {
    gdouble difference = self->p[i] - x;

    xx += (counts[0][i] + counts[1][i]) * (difference * difference);
    xy += counts[0][i] * (difference * (0 - y))
          + counts[1][i] * (difference * (1 - y));
  }
  yy = (n - inside) * (y * y) + inside * ((1 - y) * (1 - y));
  scale = n - 1 + GST_SOD_MEASURE_EPS;
  alpha = 4 * x * y * (xy / scale);
  beta = (x * x + y * y) * (xx / scale + yy / scale);
  if (alpha != 0)
    return alpha / (beta + GST_SOD_MEASURE_EPS);
  return beta == 0 ? 1 : 0;
}

static gdouble
get_region_score (const GstSodSample *self)
{
  gint widths[2] = { self->cx, self->map.width - self->cx };
  gint heights[2] = { self->cy, self->map.height - self->cy };
  gdouble score = 0, rest = 1;

  for (gint i = 0; i < 4; i++) {
    gint width = widths[i & 1], height = heights[i >> 1];
    gdouble weight = (gdouble) ((guint64) width * height) / self->n;

    if (i == 3)
      weight = rest;
    rest -= weight;
    score += get_similarity (
                 self, (guint64 (*)[256]) self->quadrants[i], width, height)
             * weight;
  }
  return score;
}

gdouble
gst_sod_sample_get_s_measure (const GstSodSample *self)
{
  gdouble share = (gdouble) self->n_foreground / self->n, object, region;

  if (self->n_foreground == 0)
    return 1 - self->mean;
  if (self->n_foreground == self->n)
    return self->mean;
  object = get_object_score (self, TRUE) * share
           + get_object_score (self, FALSE) * (1 - share);
  region = get_region_score (self);
  if (isnan (region))
    return NAN;
  return MAX (0, 0.5 * object + 0.5 * region);
}
