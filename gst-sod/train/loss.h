/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor.h>

G_BEGIN_DECLS

/**
 * GstSodLoss:
 * @GST_SOD_LOSS_BCE: binary cross-entropy of logits, mean over pixels
 * @GST_SOD_LOSS_STRUCTURE: binary cross-entropy of logits weighted pixel by
 *   pixel, plus weighted intersection over union (Wei et al., "F3Net", 2020,
 *   section 3.3); edges and small things weigh up to
 *   1 + #GstSodTrainer:edge-weight times
 * @GST_SOD_LOSS_L1_GRADIENT: mean absolute difference plus
 *   #GstSodTrainer:gradient-weight times that of the first differences along
 *   rows and columns (after the gradient difference loss of Mathieu et al.,
 *   "Deep multi-scale video prediction beyond mean square error", 2016,
 *   section 3.3)
 * @GST_SOD_LOSS_L1: mean absolute difference
 *
 * How far a network's output is from what it should be. The first two are for
 * base networks: logits against maps in 0..1; the others are for reverse
 * networks: images against images in -1..1.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_LOSS_BCE,
  GST_SOD_LOSS_STRUCTURE,
  GST_SOD_LOSS_L1_GRADIENT,
  GST_SOD_LOSS_L1
} GstSodLoss;

GST_SOD_API
gdouble gst_sod_loss_compute (GstSodLoss loss, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, GError **error);

G_END_DECLS
