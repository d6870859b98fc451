/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

#include <gst-sod/core/hot-private.h>

/* v = momentum * v + (gradient + decay * weight); weight -= rate * v. */
GST_SOD_HOT void
gst_sod_update_sgd (const GstSodUpdateSpan *span, const GstSodUpdate *update)
{
  gfloat *restrict weight = span->weight;
  const gfloat *restrict gradient = span->gradient;
  gfloat *restrict velocity = span->moments[0];
  gfloat rate = (gfloat) update->learning_rate;
  gfloat momentum = (gfloat) update->momentum;
  gfloat decay = span->decays ? (gfloat) update->weight_decay : 0;
  gfloat scale = (gfloat) update->scale;

  for (gsize i = 0; i < span->n; i++) {
    velocity[i] =
        momentum * velocity[i] + scale * gradient[i] + decay * weight[i];
    weight[i] -= rate * velocity[i];
  }
}
