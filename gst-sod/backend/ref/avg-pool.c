/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

static gdouble
sum_window (const gdouble *x, gint64 w_in, gint64 kernel)
{
  gdouble sum = 0;

  for (gint64 i = 0; i < kernel; i++) {
    for (gint64 j = 0; j < kernel; j++)
      sum += x[i * w_in + j];
  }
  return sum;
}

static void
add_to_window (gdouble *x, gint64 w_in, gint64 kernel, gdouble value)
{
  for (gint64 i = 0; i < kernel; i++) {
    for (gint64 j = 0; j < kernel; j++)
      x[i * w_in + j] += value;
  }
}

/* y = mean of the window */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  gdouble *y = gst_sod_ref_write (call->output); /* (n, c, h_out, w_out) */
  gint64 kernel = call->attrs->kernel, stride = call->attrs->stride;

  for (gint64 p = 0; p < in[0] * in[1]; p++) {
    for (gint64 i = 0; i < out[2]; i++) {
      const gdouble *row = x + (p * in[2] + i * stride) * in[3];

      for (gint64 j = 0; j < out[3]; j++)
        *y++ = sum_window (row + j * stride, in[3], kernel)
               / (gdouble) (kernel * kernel);
    }
  }
  return TRUE;
}

/* d_y goes to every element of the window in equal parts. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *d_y =
      gst_sod_ref_read (call->d_output); /* (n, c, h_out, w_out) */
  gdouble *d_x = gst_sod_ref_clear (call->d_inputs[0]); /* (n, c, h, w) */
  gint64 kernel = call->attrs->kernel, stride = call->attrs->stride;

  if (d_x == NULL)
    return TRUE;
  for (gint64 p = 0; p < in[0] * in[1]; p++) {
    for (gint64 i = 0; i < out[2]; i++) {
      gdouble *row = d_x + (p * in[2] + i * stride) * in[3];

      for (gint64 j = 0; j < out[3]; j++)
        add_to_window (row + j * stride, in[3], kernel,
            *d_y++ / (gdouble) (kernel * kernel));
    }
  }
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (avg_pool)
