/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/params-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/core/parallel-private.h>
#include <gst-sod/nn/weights-private.h>
#include <gst-sod/train/lanes-private.h>

/* Values in a piece: 16 KiB of each kind. */
#define PIECE ((gsize) 4096)

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

static void
cut_into_pieces (GstSodParams *self)
{
  self->pieces = g_array_new (FALSE, FALSE, sizeof (GstSodParamPiece));
  for (guint i = 0; i < self->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->list, i);

    self->n_values += param->n;
    for (gsize begin = 0; begin < param->n; begin += PIECE) {
      GstSodParamPiece piece = { param, begin, MIN (PIECE, param->n - begin),
        0 };

      g_array_append_val (self->pieces, piece);
    }
  }
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
  cut_into_pieces (self);
  return g_steal_pointer (&self);
}

void
gst_sod_params_free (GstSodParams *self)
{
  if (self->masters != NULL)
    self->masters->klass->free (self->masters);
  g_clear_pointer (&self->statistics, g_array_unref);
  g_clear_pointer (&self->pieces, g_array_unref);
  g_clear_pointer (&self->averages, g_hash_table_unref);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  g_free (self);
}

GST_SOD_HOT static gdouble
sum_squares (const gfloat *values, gsize n)
{
  GstSodSum sum = { 0 };

  for (gsize i = 0; i < n; i += GST_SOD_LANES)
    gst_sod_sum_add_squares (
        &sum, gst_sod_lanes_load (values + i, (gint64) (n - i)));
  return gst_sod_sum_total (&sum);
}

static void
square_piece (gpointer data, guint index)
{
  GstSodParams *self = data;
  GstSodParamPiece *piece =
      &g_array_index (self->pieces, GstSodParamPiece, index);
  const gfloat *gradient;

  if (piece->param->gradient == NULL)
    return;
  gradient = gst_sod_tensor_peek_data (piece->param->gradient);
  piece->squares = sum_squares (gradient + piece->begin, piece->n);
}

gdouble
gst_sod_params_gradient_norm (GstSodParams *self, guint threads)
{
  gdouble sum = 0;

  gst_sod_run_pieces (
      square_piece, self, self->pieces->len, self->n_values, threads);
  for (guint i = 0; i < self->pieces->len; i++)
    sum += g_array_index (self->pieces, GstSodParamPiece, i).squares;
  return sqrt (sum);
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
