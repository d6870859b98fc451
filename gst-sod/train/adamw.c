/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

#include <math.h>

#define BETA_1 0.9
#define BETA_2 0.999
#define EPSILON 1e-8f

/* Loshchilov and Hutter (2019), algorithm 2, with the learning rate as the
 * schedule multiplier: the decay acts on the weight and not through the
 * moments. */
void
gst_sod_update_adamw (GstSodParam *param, const GstSodUpdate *update)
{
  gfloat *restrict weight = gst_sod_tensor_get_data (param->weight);
  const gfloat *restrict gradient = gst_sod_tensor_peek_data (param->gradient);
  gfloat *restrict mean = param->moments[0];
  gfloat *restrict square = param->moments[1];
  gdouble t = (gdouble) update->step + 1;
  gfloat rate = (gfloat) (update->learning_rate / (1 - pow (BETA_1, t)));
  gfloat unbias = (gfloat) (1 / sqrt (1 - pow (BETA_2, t)));
  gfloat keep = param->decays ? (
                    gfloat) (1 - update->learning_rate * update->weight_decay)
                              : 1;

  for (gsize i = 0; i < param->n; i++) {
    gfloat g = gradient[i];

    mean[i] += (gfloat) (1 - BETA_1) * (g - mean[i]);
    square[i] += (gfloat) (1 - BETA_2) * (g * g - square[i]);
    weight[i] = weight[i] * keep
                - rate * mean[i] / (sqrtf (square[i]) * unbias + EPSILON);
  }
}
