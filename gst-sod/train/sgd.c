/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

/* v = momentum * v + (gradient + decay * weight); weight -= rate * v. */
void
gst_sod_update_sgd (GstSodParam *param, const GstSodUpdate *update)
{
  gfloat *restrict weight = gst_sod_tensor_get_data (param->weight);
  const gfloat *restrict gradient = gst_sod_tensor_peek_data (param->gradient);
  gfloat *restrict velocity = param->moments[0];
  gfloat rate = (gfloat) update->learning_rate;
  gfloat momentum = (gfloat) update->momentum;
  gfloat decay = param->decays ? (gfloat) update->weight_decay : 0;

  for (gsize i = 0; i < param->n; i++) {
    velocity[i] = momentum * velocity[i] + gradient[i] + decay * weight[i];
    weight[i] -= rate * velocity[i];
  }
}
