/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/optimiser.h>
#include <gst-sod/train/params-private.h>

G_BEGIN_DECLS

/* One update of the weights by the gradients that lie beside them. */
typedef struct
{
  GstSodOptimiser optimiser;
  gdouble learning_rate;
  gdouble momentum;     /* SGD */
  gdouble weight_decay; /* of convolution weights only */
  guint64 step;         /* from 0: of all updates so far */
} GstSodUpdate;

void gst_sod_params_update (GstSodParams *params, const GstSodUpdate *update);

/* sgd.c and adamw.c: of one weight. */
void gst_sod_update_sgd (GstSodParam *param, const GstSodUpdate *update);
void gst_sod_update_adamw (GstSodParam *param, const GstSodUpdate *update);

/* The learning rate of step @step of @n_steps: rises to @peak over @warm_up
 * steps in a straight line, then falls as @peak * (1 - progress)^0.9 (poly) to
 * 0 at the end; stays at @peak where @n_steps is 0. */
gdouble gst_sod_schedule (
    gdouble peak, guint64 step, guint64 warm_up, guint64 n_steps);

G_END_DECLS
