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
  gdouble scale;        /* what gradients are multiplied with first */
  /* average += share * (weight - average), of all weights and statistics once
   * they are updated; 0: the averages stay. */
  gdouble average_share;
} GstSodUpdate;

/* Each value is read and written once, piece by piece on @threads threads (0:
 * as many as OpenMP likes); the same bytes whatever their number. */
void gst_sod_params_update (
    GstSodParams *params, const GstSodUpdate *update, guint threads);

/* A step by the mean of the gradients of the passes since the last one, which
 * is scaled down to the norm @clip_norm where that is over 0 and less;
 * @update's scale is not read. @result: as GstSodMastersClass.update() says.
 * Without masters it cannot fail. */
gboolean gst_sod_params_step (GstSodParams *params, const GstSodUpdate *update,
    gdouble clip_norm, guint threads, GstSodMastersResult *result,
    GError **error);

/* Values of one parameter, one behind the other. */
typedef struct
{
  gsize n;
  gfloat *weight;
  const gfloat *gradient;
  gfloat *moments[GST_SOD_PARAM_MOMENTS];
  gboolean decays;
} GstSodUpdateSpan;

/* sgd.c and adamw.c. */
void gst_sod_update_sgd (
    const GstSodUpdateSpan *span, const GstSodUpdate *update);
void gst_sod_update_adamw (
    const GstSodUpdateSpan *span, const GstSodUpdate *update);

/* The learning rate of step @step of @n_steps: rises to @peak over @warm_up
 * steps in a straight line, then falls as @peak * (1 - progress)^0.9 (poly) to
 * 0 at the end; stays at @peak where @n_steps is 0. */
gdouble gst_sod_schedule (
    gdouble peak, guint64 step, guint64 warm_up, guint64 n_steps);

G_END_DECLS
