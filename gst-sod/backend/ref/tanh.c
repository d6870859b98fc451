/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <math.h>

/* y = tanh (x) */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  gsize n = gst_sod_tensor_get_n_elements (call->output);
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  gdouble *y = gst_sod_ref_write (call->output);         /* (n, c, h, w) */

  for (gsize i = 0; i < n; i++)
    y[i] = tanh (x[i]);
  return TRUE;
}

/* d_x = d_y * (1 - y * y) */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  gsize n = gst_sod_tensor_get_n_elements (call->output);
  const gdouble *y = gst_sod_ref_read (call->output);     /* (n, c, h, w) */
  const gdouble *d_y = gst_sod_ref_read (call->d_output); /* (n, c, h, w) */
  gdouble *d_x;                                           /* (n, c, h, w) */

  if (call->d_inputs[0] == NULL)
    return TRUE;
  d_x = gst_sod_ref_write (call->d_inputs[0]);
  for (gsize i = 0; i < n; i++)
    d_x[i] = d_y[i] * (1 - y[i] * y[i]);
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (tanh)
