/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

#include <gst-sod/core/hot-private.h>
#include <gst-sod/core/parallel-private.h>
#include <math.h>

typedef struct
{
  GstSodParams *params;
  const GstSodUpdate *update;
} Work;

GST_SOD_HOT static void
follow (gfloat *restrict average, const gfloat *restrict weight, gsize n,
    gfloat share)
{
  for (gsize i = 0; i < n; i++)
    average[i] += share * (weight[i] - average[i]);
}

static void
update_piece (gpointer data, guint index)
{
  static void (*const updates[]) (
      const GstSodUpdateSpan *, const GstSodUpdate *) = {
    [GST_SOD_OPTIMISER_SGD] = gst_sod_update_sgd,
    [GST_SOD_OPTIMISER_ADAMW] = gst_sod_update_adamw,
  };
  const Work *work = data;
  const GstSodParamPiece *piece =
      &g_array_index (work->params->pieces, GstSodParamPiece, index);
  GstSodParam *param = piece->param;
  gfloat *weight = gst_sod_tensor_get_data (param->weight);
  GstSodUpdateSpan span = {
    .n = piece->n,
    .weight = weight + piece->begin,
    .decays = param->decays,
  };

  if (param->gradient != NULL) {
    const gfloat *gradient = gst_sod_tensor_peek_data (param->gradient);

    span.gradient = gradient + piece->begin;
    for (guint i = 0; i < GST_SOD_PARAM_MOMENTS; i++)
      span.moments[i] = param->moments[i] + piece->begin;
    updates[work->update->optimiser](&span, work->update);
  }
  if (work->update->average_share > 0)
    follow (param->average + piece->begin, span.weight, span.n,
        (gfloat) work->update->average_share);
}

void
gst_sod_params_update (
    GstSodParams *params, const GstSodUpdate *update, guint threads)
{
  Work work = { params, update };

  gst_sod_run_pieces (
      update_piece, &work, params->pieces->len, params->n_values, threads);
}

gdouble
gst_sod_schedule_get_rate (const GstSodSchedule *self, guint64 step)
{
  guint64 warm_up = self->warm_up;
  gdouble progress;

  if (step < warm_up)
    return self->peak * (gdouble) (step + 1) / (gdouble) warm_up;
  if (self->n_steps == 0)
    return self->peak;
  if (step >= self->n_steps)
    return 0;
  progress = (gdouble) (step - warm_up) / (gdouble) (self->n_steps - warm_up);
  return self->peak * pow (1 - progress, self->power);
}
