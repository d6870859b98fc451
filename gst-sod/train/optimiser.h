/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/types.h>

G_BEGIN_DECLS

/**
 * GstSodOptimiser:
 * @GST_SOD_OPTIMISER_SGD: stochastic gradient descent with momentum, what the
 *   paper prescribes (III.E)
 * @GST_SOD_OPTIMISER_ADAMW: Adam with decoupled weight decay (Loshchilov and
 *   Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2);
 *   moments decay by 0.9 and 0.999
 *
 * What makes a step of a gradient.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_OPTIMISER_SGD,
  GST_SOD_OPTIMISER_ADAMW
} GstSodOptimiser;

G_END_DECLS
