/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

/* Index of the greatest value of the window at @from of x (.., w_in), the
 * first in reading order where several are equal; a NaN wins. */
static gint64
find_max (const gdouble *x, gint64 from, gint64 w_in, gint64 kernel)
{
  gint64 best = from;

  for (gint64 i = 0; i < kernel; i++) {
    for (gint64 j = 0; j < kernel; j++) {
      gint64 at = from + i * w_in + j;

      if (x[at] > x[best] || x[at] != x[at])
        best = at;
    }
  }
  return best;
}

/* y = max of the window */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  gdouble *y = gst_sod_ref_write (call->output); /* (n, c, h_out, w_out) */
  gint64 stride = call->attrs->stride;

  for (gint64 p = 0; p < in[0] * in[1]; p++) {
    for (gint64 i = 0; i < out[2]; i++) {
      gint64 row = (p * in[2] + i * stride) * in[3];

      for (gint64 j = 0; j < out[3]; j++)
        *y++ = x[find_max (x, row + j * stride, in[3], call->attrs->kernel)];
    }
  }
  return TRUE;
}

/* d_y goes to the element that was the greatest. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  const gdouble *d_y =
      gst_sod_ref_read (call->d_output); /* (n, c, h_out, w_out) */
  gdouble *d_x = gst_sod_ref_clear (call->d_inputs[0]); /* (n, c, h, w) */
  gint64 stride = call->attrs->stride;

  if (d_x == NULL)
    return TRUE;
  for (gint64 p = 0; p < in[0] * in[1]; p++) {
    for (gint64 i = 0; i < out[2]; i++) {
      gint64 row = (p * in[2] + i * stride) * in[3];

      for (gint64 j = 0; j < out[3]; j++)
        d_x[find_max (x, row + j * stride, in[3], call->attrs->kernel)] +=
            *d_y++;
    }
  }
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (max_pool)
