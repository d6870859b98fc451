/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

#include <gst-sod/core/hot-private.h>
#include <math.h>

#define BETA_1 0.9
#define BETA_2 0.999
#define EPSILON 1e-8f

/* Loshchilov and Hutter (2019), algorithm 2, with the learning rate as the
 * schedule multiplier: the decay acts on the weight and not through the
 * moments. */
GST_SOD_HOT void
gst_sod_update_adamw (const GstSodUpdateSpan *span, const GstSodUpdate *update)
{
  gfloat *restrict weight = span->weight;
  const gfloat *restrict gradient = span->gradient;
  gfloat *restrict mean = span->moments[0];
  gfloat *restrict square = span->moments[1];
  gdouble t = (gdouble) update->step + 1;
  gfloat rate = (gfloat) (update->learning_rate / (1 - pow (BETA_1, t)));
  gfloat unbias = (gfloat) (1 / sqrt (1 - pow (BETA_2, t)));
  gfloat keep =
      span->decays ? (gfloat) (1 - update->learning_rate * update->weight_decay)
                   : 1;
  gfloat scale = (gfloat) update->scale;

  for (gsize i = 0; i < span->n; i++) {
    gfloat g = scale * gradient[i];
    gfloat m = mean[i] + (gfloat) (1 - BETA_1) * (g - mean[i]);
    gfloat s = square[i] + (gfloat) (1 - BETA_2) * (g * g - square[i]);

    mean[i] = m;
    square[i] = s;
    weight[i] = weight[i] * keep - rate * m / (sqrtf (s) * unbias + EPSILON);
  }
}
