/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <string.h>

/* y = sum of the inputs */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  gsize n = gst_sod_tensor_get_n_elements (call->output);
  gdouble *y = gst_sod_ref_write (call->output); /* (n, c, h, w) */

  for (gsize at = 0; at < n; at++) {
    gdouble sum = 0;

    for (guint i = 0; i < call->n_inputs; i++)
      sum += gst_sod_ref_read (call->inputs[i])[at];
    y[at] = sum;
  }
  return TRUE;
}

/* d_x of each input is d_y. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  const gdouble *d_y = gst_sod_ref_read (call->d_output); /* (n, c, h, w) */

  for (guint i = 0; i < call->n_inputs; i++) {
    if (call->d_inputs[i] != NULL)
      memcpy (gst_sod_ref_write (call->d_inputs[i]), d_y,
          gst_sod_tensor_get_size (call->d_output));
  }
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (add)
