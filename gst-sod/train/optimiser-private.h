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

/* The learning rate over the course of a training. */
typedef struct
{
  gdouble peak;
  guint64 warm_up; /* steps */
  guint64 n_steps; /* 0: it stays at the peak */
  gdouble power;   /* of the way down */
} GstSodSchedule;

/* That of step @step: rises to the peak over the warm-up in a straight line,
 * then falls as peak * (1 - progress)^power (poly) to 0 at the end. */
gdouble gst_sod_schedule_get_rate (const GstSodSchedule *self, guint64 step);

G_END_DECLS
