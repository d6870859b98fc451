/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>
#include <gst-sod/train/loss.h>

G_BEGIN_DECLS

/* One batch: all arrays (n, c, height, width), f64, but for the weights. */
typedef struct
{
  gint64 n, c, height, width;
  const gdouble *output, *target;
  const gdouble *weights; /* (n, 1, height, width), 0 or more; or NULL */
  gdouble *d_output;      /* written (=) */
} GstSodLossBatch;

/* Each loss, in a file of its own: returns the loss and writes its
 * gradient. */
gdouble gst_sod_loss_bce (const GstSodLossBatch *batch);
gdouble gst_sod_loss_structure (const GstSodLossBatch *batch);
gdouble gst_sod_loss_l1_gradient (const GstSodLossBatch *batch);

/* The weights of the pixels of plane @plane, (height, width), or NULL. */
static inline const gdouble *
gst_sod_loss_plane_weights (const GstSodLossBatch *batch, gint64 plane)
{
  return batch->weights == NULL
             ? NULL
             : batch->weights + plane / batch->c * batch->height * batch->width;
}

/* -log of the probability that a logit gives to @target in 0..1, in the form
 * that neither overflows nor cancels. */
gdouble gst_sod_loss_logit_entropy (gdouble logit, gdouble target);
gdouble gst_sod_loss_sigmoid (gdouble logit);

G_END_DECLS
