/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <string.h>

/* A call's tensors as f64 copies. */
typedef struct
{
  GstSodOpCall call;
  GstSodTensor *inputs[GST_SOD_MAX_INPUTS];
  GstSodTensor *params[GST_SOD_MAX_PARAMS];
  GstSodTensor *output, *d_output;
  GstSodTensor *d_inputs[GST_SOD_MAX_INPUTS];
  GstSodTensor *d_params[GST_SOD_MAX_PARAMS];
} WideCall;

static void
wide_call_clear (WideCall *self)
{
  for (guint i = 0; i < GST_SOD_MAX_INPUTS; i++) {
    g_clear_pointer (&self->inputs[i], gst_sod_tensor_unref);
    g_clear_pointer (&self->d_inputs[i], gst_sod_tensor_unref);
  }
  for (guint i = 0; i < GST_SOD_MAX_PARAMS; i++) {
    g_clear_pointer (&self->params[i], gst_sod_tensor_unref);
    g_clear_pointer (&self->d_params[i], gst_sod_tensor_unref);
  }
  g_clear_pointer (&self->output, gst_sod_tensor_unref);
  g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WideCall, wide_call_clear)

/* TRUE and a NULL copy where there is no tensor. */
static gboolean
widen (const GstSodTensor *tensor, GstSodTensor **copy, GError **error)
{
  if (tensor == NULL)
    return TRUE;
  *copy = gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F64, error);
  return *copy != NULL;
}

static gboolean
wide_call_init (WideCall *self, const GstSodOpCall *call, GError **error)
{
  for (guint i = 0; i < call->n_inputs; i++) {
    if (!widen (call->inputs[i], &self->inputs[i], error))
      return FALSE;
    if (call->d_inputs != NULL
        && !widen (call->d_inputs[i], &self->d_inputs[i], error))
      return FALSE;
  }
  for (guint i = 0; i < call->n_params; i++) {
    if (!widen (call->params[i], &self->params[i], error))
      return FALSE;
    if (call->d_params != NULL
        && !widen (call->d_params[i], &self->d_params[i], error))
      return FALSE;
  }
  if (!widen (call->output, &self->output, error)
      || !widen (call->d_output, &self->d_output, error))
    return FALSE;
  self->call = *call;
  self->call.inputs = (const GstSodTensor *const *) self->inputs;
  self->call.params = self->params;
  self->call.output = self->output;
  self->call.d_output = self->d_output;
  self->call.d_inputs = call->d_inputs != NULL ? self->d_inputs : NULL;
  self->call.d_params = call->d_params != NULL ? self->d_params : NULL;
  return TRUE;
}

static void
narrow (GstSodTensor *tensor, const GstSodTensor *copy)
{
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gfloat *to = gst_sod_tensor_get_data (tensor);
  const gdouble *from = gst_sod_ref_read (copy);

  for (gsize i = 0; i < n; i++)
    to[i] = (gfloat) from[i];
}

static gboolean
check_dtype (const GstSodOpCall *call, GError **error)
{
  GstSodDType dtype = gst_sod_tensor_get_dtype (call->output);

  if (dtype == GST_SOD_DTYPE_F32 || dtype == GST_SOD_DTYPE_F64)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"ref\" computes in f32 and f64, not in %s",
      gst_sod_dtype_name (dtype));
  return FALSE;
}

gboolean
gst_sod_ref_forward (
    const GstSodOpCall *call, GstSodRefFunc func, GError **error)
{
  g_auto (WideCall) wide = { { 0 } };

  if (!check_dtype (call, error))
    return FALSE;
  if (gst_sod_tensor_get_dtype (call->output) == GST_SOD_DTYPE_F64)
    return func (call, error);
  if (!wide_call_init (&wide, call, error) || !func (&wide.call, error))
    return FALSE;
  narrow (call->output, wide.output);
  if (call->mode == GST_SOD_MODE_TRAIN) {
    for (guint i = 0; i < call->n_params; i++)
      narrow (call->params[i], wide.params[i]);
  }
  return TRUE;
}

gboolean
gst_sod_ref_backward (
    const GstSodOpCall *call, GstSodRefFunc func, GError **error)
{
  g_auto (WideCall) wide = { { 0 } };

  if (!check_dtype (call, error))
    return FALSE;
  if (gst_sod_tensor_get_dtype (call->output) == GST_SOD_DTYPE_F64)
    return func (call, error);
  if (!wide_call_init (&wide, call, error) || !func (&wide.call, error))
    return FALSE;
  for (guint i = 0; i < GST_SOD_MAX_INPUTS; i++) {
    if (wide.d_inputs[i] != NULL)
      narrow (call->d_inputs[i], wide.d_inputs[i]);
  }
  for (guint i = 0; i < GST_SOD_MAX_PARAMS; i++) {
    if (wide.d_params[i] != NULL)
      narrow (call->d_params[i], wide.d_params[i]);
  }
  return TRUE;
}

gboolean
gst_sod_ref_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error)
{
  if (!call->attrs->relu && !call->attrs->sum)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"ref\" has no gradient of %s with a fused %s, which is for "
      "inference; train on the graph before the fusing passes",
      op, call->attrs->relu ? "relu" : "sum");
  return FALSE;
}

gdouble *
gst_sod_ref_clear (GstSodTensor *gradient)
{
  if (gradient == NULL)
    return NULL;
  memset (gst_sod_tensor_get_data (gradient), 0,
      gst_sod_tensor_get_size (gradient));
  return gst_sod_tensor_get_data (gradient);
}
