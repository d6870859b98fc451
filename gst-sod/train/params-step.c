/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The passes of a step and the update that they end in: of the parameters that
 * lie here, or of the masters on the device that these mirror. */
#include <gst-sod/train/optimiser-private.h>

#include <math.h>
#include <string.h>

/* ---- masters ---- */

static GstSodParam *
get_param (const GstSodParams *self, guint index)
{
  return g_ptr_array_index (self->list, index);
}

/* Values of @param, or NULL where it has none such. */
static gfloat *
get_part (GstSodParam *param, GstSodMastersPart part)
{
  switch (part) {
    case GST_SOD_MASTERS_WEIGHTS:
      return gst_sod_tensor_get_data (param->weight);
    case GST_SOD_MASTERS_AVERAGES:
      return param->average;
    case GST_SOD_MASTERS_MOMENTS_1:
    case GST_SOD_MASTERS_MOMENTS_2:
      return param->moments[part - GST_SOD_MASTERS_MOMENTS_1];
    default:
      return param->gradient != NULL ? gst_sod_tensor_get_data (param->gradient)
                                     : NULL;
  }
}

gboolean
gst_sod_params_open_masters (
    GstSodParams *self, GstSodBackend *backend, GError **error)
{
  g_autofree GstSodMastersSpec *specs =
      g_new0 (GstSodMastersSpec, self->list->len);

  if (backend->klass->open_masters == NULL)
    return TRUE;
  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = get_param (self, i);

    specs[i] = (GstSodMastersSpec){ param->name, param->n,
      param->gradient != NULL, param->decays };
  }
  self->masters =
      backend->klass->open_masters (backend, specs, self->list->len, error);
  return self->masters != NULL && gst_sod_params_store (self, error);
}

gboolean
gst_sod_params_store (GstSodParams *self, GError **error)
{
  for (guint i = 0; self->masters != NULL && i < self->list->len; i++) {
    for (guint part = 0; part < GST_SOD_MASTERS_GRADIENTS; part++) {
      const gfloat *values = get_part (get_param (self, i), part);

      if (values != NULL
          && !self->masters->klass->store (
              self->masters, part, i, values, error))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
gst_sod_params_fetch (GstSodParams *self, GError **error)
{
  for (guint i = 0; self->masters != NULL && i < self->list->len; i++) {
    for (guint part = 0; part < GST_SOD_MASTERS_N_PARTS; part++) {
      gfloat *values = get_part (get_param (self, i), part);

      if (values != NULL
          && !self->masters->klass->fetch (
              self->masters, part, i, values, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* ---- running statistics: a refused step puts them back ---- */

/* One after the other, before the first pass changes them. */
static void
keep_statistics (GstSodParams *self)
{
  if (self->statistics != NULL)
    return;
  self->statistics = g_array_new (FALSE, FALSE, sizeof (gfloat));
  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = get_param (self, i);

    if (param->gradient == NULL)
      g_array_append_vals (self->statistics,
          gst_sod_tensor_peek_data (param->weight), (guint) param->n);
  }
}

static void
restore_statistics (GstSodParams *self)
{
  const gfloat *from = (const gfloat *) (gconstpointer) self->statistics->data;

  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = get_param (self, i);

    if (param->gradient != NULL)
      continue;
    memcpy (gst_sod_tensor_get_data (param->weight), from,
        param->n * sizeof (gfloat));
    from += param->n;
  }
}

/* ---- a step ---- */

void
gst_sod_params_begin_pass (GstSodParams *self)
{
  if (self->masters == NULL)
    keep_statistics (self);
}

void
gst_sod_params_begin_backward (GstSodParams *self)
{
  if (self->masters != NULL)
    return;
  if (self->n_passes > 0)
    gst_sod_params_put_gradients_by (self);
  self->n_passes++;
}

static void
begin_anew (GstSodParams *self)
{
  self->n_passes = 0;
  g_clear_pointer (&self->statistics, g_array_unref);
}

void
gst_sod_params_discard (GstSodParams *self)
{
  /* A device that is lost says so to whoever comes next. */
  if (self->masters != NULL)
    self->masters->klass->discard (self->masters, NULL);
  if (self->statistics != NULL)
    restore_statistics (self);
  gst_sod_params_drop_gradients (self);
  begin_anew (self);
}

/* Of the masters. */
static gboolean
step_away (GstSodParams *self, const GstSodUpdate *update, gdouble clip_norm,
    GstSodMastersResult *result, GError **error)
{
  GstSodMastersUpdate step = {
    .adamw = update->optimiser == GST_SOD_OPTIMISER_ADAMW,
    .learning_rate = update->learning_rate,
    .momentum = update->momentum,
    .weight_decay = update->weight_decay,
    .clip_norm = clip_norm,
    .step = update->step,
    .average_share = update->average_share,
  };

  return self->masters->klass->update (self->masters, &step, result, error);
}

gboolean
gst_sod_params_step (GstSodParams *self, const GstSodUpdate *update,
    gdouble clip_norm, guint threads, GstSodMastersResult *result,
    GError **error)
{
  GstSodUpdate clipped = *update;

  if (self->masters != NULL)
    return step_away (self, update, clip_norm, result, error);
  if (self->n_passes > 1)
    gst_sod_params_take_mean (self, self->n_passes);
  result->norm = gst_sod_params_gradient_norm (self, threads);
  if (!isfinite (result->norm)) {
    gst_sod_params_discard (self);
    return TRUE;
  }
  clipped.scale =
      clip_norm > 0 && result->norm > clip_norm ? clip_norm / result->norm : 1;
  gst_sod_params_update (self, &clipped, threads);
  begin_anew (self);
  return TRUE;
}
