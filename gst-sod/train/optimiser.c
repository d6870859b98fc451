/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/optimiser-private.h>

#include <math.h>

#define POLY_POWER 0.9

void
gst_sod_params_update (GstSodParams *params, const GstSodUpdate *update)
{
  static void (*const updates[]) (GstSodParam *, const GstSodUpdate *) = {
    [GST_SOD_OPTIMISER_SGD] = gst_sod_update_sgd,
    [GST_SOD_OPTIMISER_ADAMW] = gst_sod_update_adamw,
  };

  for (guint i = 0; i < params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (params->list, i);

    if (param->gradient != NULL)
      updates[update->optimiser](param, update);
  }
}

gdouble
gst_sod_schedule (gdouble peak, guint64 step, guint64 warm_up, guint64 n_steps)
{
  gdouble progress;

  if (step < warm_up)
    return peak * (gdouble) (step + 1) / (gdouble) warm_up;
  if (n_steps == 0)
    return peak;
  if (step >= n_steps)
    return 0;
  progress = (gdouble) (step - warm_up) / (gdouble) (n_steps - warm_up);
  return peak * pow (1 - progress, POLY_POWER);
}
