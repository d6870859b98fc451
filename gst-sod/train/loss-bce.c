/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/loss-private.h>

#include <math.h>

gdouble
gst_sod_loss_logit_entropy (gdouble logit, gdouble target)
{
  return fmax (logit, 0) - logit * target + log1p (exp (-fabs (logit)));
}

gdouble
gst_sod_loss_sigmoid (gdouble logit)
{
  gdouble small = exp (-fabs (logit));

  return (logit >= 0 ? 1 : small) / (1 + small);
}

/* Mean over all pixels. */
gdouble
gst_sod_loss_bce (const GstSodLossBatch *batch)
{
  gint64 area = batch->height * batch->width;
  gint64 n = batch->n * batch->c * area;
  gdouble sum = 0;

  for (gint64 i = 0; i < n; i++) {
    const gdouble *weights = gst_sod_loss_plane_weights (batch, i / area);
    gdouble weight = weights == NULL ? 1 : weights[i % area];
    gdouble x = batch->output[i], t = batch->target[i];

    sum += weight * gst_sod_loss_logit_entropy (x, t);
    batch->d_output[i] = weight * (gst_sod_loss_sigmoid (x) - t) / (gdouble) n;
  }
  return sum / (gdouble) n;
}
