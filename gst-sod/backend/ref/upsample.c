/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <math.h>

/* The two samples that output @out lies between, half-pixel centres, the edge
 * repeated outside. */
typedef struct
{
  gint64 low, high;
  gdouble weight; /* of high; low has the rest */
} Between;

static Between
find_between (gint64 out, gint scale, gint64 size_in)
{
  gdouble at = (out + 0.5) / scale - 0.5;
  gint64 low = (gint64) floor (at);

  return (Between){
    .low = MAX (low, 0),
    .high = MIN (low + 1, size_in - 1),
    .weight = at - low,
  };
}

static void
forward_plane (const gint64 *in, const gint64 *out, gint scale,
    const gdouble *x /* (h, w) */, gdouble *y /* (h_out, w_out) */)
{
  for (gint64 i = 0; i < out[2]; i++) {
    Between v = find_between (i, scale, in[2]);

    for (gint64 j = 0; j < out[3]; j++) {
      Between u = find_between (j, scale, in[3]);
      gdouble top = x[v.low * in[3] + u.low] * (1 - u.weight)
                    + x[v.low * in[3] + u.high] * u.weight;
      gdouble bottom = x[v.high * in[3] + u.low] * (1 - u.weight)
                       + x[v.high * in[3] + u.high] * u.weight;

      y[i * out[3] + j] = top * (1 - v.weight) + bottom * v.weight;
    }
  }
}

/* Bilinear enlargement by an integer factor; + inputs[1] where attrs.sum. */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  const gdouble *skip                                    /* as y */
      = call->attrs->sum ? gst_sod_ref_read (call->inputs[1]) : NULL;
  gdouble *y = gst_sod_ref_write (call->output); /* (n, c, h_out, w_out) */
  gint64 plane = out[2] * out[3];

  for (gint64 p = 0; p < in[0] * in[1]; p++) {
    gdouble *to = y + p * plane;

    forward_plane (in, out, call->attrs->scale, x + p * in[2] * in[3], to);
    for (gint64 i = 0; skip != NULL && i < plane; i++)
      to[i] += skip[p * plane + i];
    for (gint64 i = 0; call->attrs->relu && i < plane; i++)
      to[i] = MAX (to[i], 0);
  }
  return TRUE;
}

static void
backward_plane (const gint64 *in, const gint64 *out, gint scale,
    const gdouble *d_y /* (h_out, w_out) */, gdouble *d_x /* (h, w) */)
{
  for (gint64 i = 0; i < out[2]; i++) {
    Between v = find_between (i, scale, in[2]);

    for (gint64 j = 0; j < out[3]; j++) {
      Between u = find_between (j, scale, in[3]);
      gdouble top = d_y[i * out[3] + j] * (1 - v.weight);
      gdouble bottom = d_y[i * out[3] + j] * v.weight;

      d_x[v.low * in[3] + u.low] += top * (1 - u.weight);
      d_x[v.low * in[3] + u.high] += top * u.weight;
      d_x[v.high * in[3] + u.low] += bottom * (1 - u.weight);
      d_x[v.high * in[3] + u.high] += bottom * u.weight;
    }
  }
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  const gint64 *in = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *out = gst_sod_tensor_get_shape (call->output)->dims;
  const gdouble *d_y =
      gst_sod_ref_read (call->d_output); /* (n, c, h_out, w_out) */
  gdouble *d_x;                          /* (n, c, h, w) */

  if (!gst_sod_ref_check_unfused (call, "upsample", error))
    return FALSE;
  d_x = gst_sod_ref_clear (call->d_inputs[0]);
  for (gint64 p = 0; d_x != NULL && p < in[0] * in[1]; p++)
    backward_plane (in, out, call->attrs->scale, d_y + p * out[2] * out[3],
        d_x + p * in[2] * in[3]);
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (upsample)
