/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/params-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/nn/weights-private.h>

static void
free_param (gpointer data)
{
  GstSodParam *self = data;

  g_free (self->name);
  g_clear_pointer (&self->weight, gst_sod_tensor_unref);
  g_clear_pointer (&self->gradient, gst_sod_tensor_unref);
  for (guint i = 0; i < GST_SOD_PARAM_MOMENTS; i++)
    g_free (self->moments[i]);
  g_free (self->average);
  g_free (self->sum);
  g_free (self);
}

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
}

static void
put (GHashTable *table, const gchar *name, GstSodTensor *tensor)
{
  g_hash_table_insert (table, g_strdup (name), gst_sod_tensor_ref (tensor));
}

static gboolean
append_param (GstSodParams *self, const GstSodWeightSpec *spec,
    const GstSodTensor *weight, GError **error)
{
  GstSodParam *param = g_new0 (GstSodParam, 1);

  g_ptr_array_add (self->list, param);
  param->name = g_strdup (spec->name);
  param->n = gst_sod_tensor_get_n_elements (weight);
  param->decays =
      spec->kind == GST_SOD_OP_CONV2D && g_str_equal (spec->suffix, "weight");
  param->weight = gst_sod_tensor_convert (weight, GST_SOD_DTYPE_F32, error);
  if (param->weight == NULL)
    return FALSE;
  put (self->weights, param->name, param->weight);
  param->average =
      g_memdup2 (gst_sod_tensor_peek_data (weight), param->n * sizeof (gfloat));
  g_hash_table_insert (self->averages, g_strdup (param->name),
      gst_sod_tensor_new_borrowed (
          GST_SOD_DTYPE_F32, &spec->shape, param->average));
  if (!spec->trainable)
    return TRUE;
  param->gradient =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &spec->shape, error);
  if (param->gradient == NULL)
    return FALSE;
  put (self->gradients, param->name, param->gradient);
  for (guint i = 0; i < GST_SOD_PARAM_MOMENTS; i++)
    param->moments[i] = g_new0 (gfloat, param->n);
  return TRUE;
}

GstSodParams *
gst_sod_params_new (GstSodNetwork *network, GError **error)
{
  g_autoptr (GstSodParams) self = g_new0 (GstSodParams, 1);
  g_autoptr (GPtrArray) specs =
      gst_sod_weights_list (gst_sod_network_get_architecture (network), error);

  if (specs == NULL)
    return NULL;
  self->list = g_ptr_array_new_with_free_func (free_param);
  self->weights = new_table ();
  self->gradients = new_table ();
  self->averages = new_table ();
  for (guint i = 0; i < specs->len; i++) {
    const GstSodWeightSpec *spec = g_ptr_array_index (specs, i);

    if (!append_param (self, spec,
            gst_sod_network_get_tensor (network, spec->name), error))
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
gst_sod_params_free (GstSodParams *self)
{
  g_clear_pointer (&self->averages, g_hash_table_unref);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  g_free (self);
}

gdouble
gst_sod_params_gradient_norm (const GstSodParams *self)
{
  gdouble sum = 0;

  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->list, i);
    const gfloat *gradient;

    if (param->gradient == NULL)
      continue;
    gradient = gst_sod_tensor_peek_data (param->gradient);
    for (gsize j = 0; j < param->n; j++)
      sum += (gdouble) gradient[j] * gradient[j];
  }
  return sqrt (sum);
}

void
gst_sod_params_scale_gradients (GstSodParams *self, gdouble factor)
{
  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->list, i);
    gfloat *gradient;

    if (param->gradient == NULL)
      continue;
    gradient = gst_sod_tensor_get_data (param->gradient);
    for (gsize j = 0; j < param->n; j++)
      gradient[j] *= (gfloat) factor;
  }
}

void
gst_sod_params_put_gradients_by (GstSodParams *self)
{
  for (guint i = 0; i < self->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->list, i);
    const gfloat *restrict gradient;
    gfloat *restrict sum;

    if (param->gradient == NULL)
      continue;
    if (param->sum == NULL)
      param->sum = g_new0 (gfloat, param->n);
    gradient = gst_sod_tensor_peek_data (param->gradient);
    sum = param->sum;
    for (gsize j = 0; j < param->n; j++)
      sum[j] += gradient[j];
  }
}

void
gst_sod_params_take_mean (GstSodParams *self, guint n_passes)
{
  gfloat share = 1.0f / (gfloat) n_passes;

  for (guint i = 0; i < self->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->list, i);
    gfloat *restrict gradient;
    gfloat *restrict sum = param->sum;

    if (param->gradient == NULL || sum == NULL)
      continue;
    gradient = gst_sod_tensor_get_data (param->gradient);
    for (gsize j = 0; j < param->n; j++) {
      gradient[j] = share * (sum[j] + gradient[j]);
      sum[j] = 0;
    }
  }
}

void
gst_sod_params_drop_gradients (GstSodParams *self)
{
  for (guint i = 0; i < self->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->list, i);

    if (param->sum != NULL)
      memset (param->sum, 0, param->n * sizeof (gfloat));
  }
}

void
gst_sod_params_average (GstSodParams *self, gdouble decay)
{
  gfloat share = (gfloat) (1 - decay);

  for (guint i = 0; i < self->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->list, i);
    const gfloat *restrict weight = gst_sod_tensor_peek_data (param->weight);
    gfloat *restrict average = param->average;

    for (gsize j = 0; j < param->n; j++)
      average[j] += share * (weight[j] - average[j]);
  }
}

GHashTable *
gst_sod_params_copy (const GstSodParams *self, gboolean average, GError **error)
{
  g_autoptr (GHashTable) copy = new_table ();

  for (guint i = 0; i < self->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->list, i);
    GstSodTensor *tensor =
        gst_sod_tensor_convert (param->weight, GST_SOD_DTYPE_F32, error);

    if (tensor == NULL)
      return NULL;
    if (average)
      memcpy (gst_sod_tensor_get_data (tensor), param->average,
          param->n * sizeof (gfloat));
    g_hash_table_insert (copy, g_strdup (param->name), tensor);
  }
  return g_steal_pointer (&copy);
}
