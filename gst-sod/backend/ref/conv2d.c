/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <string.h>

/* Sizes of one call. */
typedef struct
{
  gint64 n, c_in, h_in, w_in;
  gint64 c_out, h_out, w_out;
  gint64 kernel, stride, dilation, padding;
} Geometry;

static Geometry
get_geometry (const GstSodOpCall *call)
{
  const gint64 *x = gst_sod_tensor_get_shape (call->inputs[0])->dims;
  const gint64 *y = gst_sod_tensor_get_shape (call->output)->dims;

  return (Geometry){
    .n = x[0],
    .c_in = x[1],
    .h_in = x[2],
    .w_in = x[3],
    .c_out = y[1],
    .h_out = y[2],
    .w_out = y[3],
    .kernel = call->attrs->kernel,
    .stride = call->attrs->stride,
    .dilation = call->attrs->dilation,
    .padding = call->attrs->padding,
  };
}

/* Input position that tap @k of output position @out reads is
 * out * stride + k * dilation - padding. Outputs [*first, *end) of tap @k read
 * inside [0, size_in); the others read the zeros around it. */
static void
find_inside (const Geometry *g, gint64 k, gint64 size_in, gint64 size_out,
    gint64 *first, gint64 *end)
{
  gint64 at = k * g->dilation - g->padding; /* read by output 0 */
  gint64 last = size_in - 1 - at;           /* least stride * out beyond */

  *first = at >= 0 ? 0 : (-at + g->stride - 1) / g->stride;
  *end = last < 0 ? 0 : MIN (size_out, last / g->stride + 1);
  *end = MAX (*end, *first);
}

/* One row of one output channel: y[j] += w[k] * x[j * stride + k * dilation -
 * padding] over the taps k of a kernel's row. */
static void
add_row (const Geometry *g, const gdouble *restrict x,
    const gdouble *restrict w, gdouble *restrict y)
{
  for (gint64 k = 0; k < g->kernel; k++) {
    gint64 shift = k * g->dilation - g->padding;
    gint64 first, end;

    find_inside (g, k, g->w_in, g->w_out, &first, &end);
    if (g->stride == 1) {
      for (gint64 j = first; j < end; j++)
        y[j] += w[k] * x[j + shift];
    } else {
      for (gint64 j = first; j < end; j++)
        y[j] += w[k] * x[j * g->stride + shift];
    }
  }
}

/* One output channel of one sample. */
static void
forward_plane (const Geometry *g, const gdouble *x /* (c_in, h_in, w_in) */,
    const gdouble *w /* (c_in, kernel, kernel) */, gdouble bias, gboolean relu,
    gdouble *y /* (h_out, w_out) */)
{
  for (gint64 i = 0; i < g->h_out; i++) {
    gdouble *row = y + i * g->w_out;

    for (gint64 j = 0; j < g->w_out; j++)
      row[j] = bias;
    for (gint64 c = 0; c < g->c_in; c++) {
      for (gint64 k = 0; k < g->kernel; k++) {
        gint64 i_in = i * g->stride + k * g->dilation - g->padding;

        if (i_in >= 0 && i_in < g->h_in)
          add_row (g, x + (c * g->h_in + i_in) * g->w_in,
              w + (c * g->kernel + k) * g->kernel, row);
      }
    }
    for (gint64 j = 0; relu && j < g->w_out; j++)
      row[j] = MAX (row[j], 0);
  }
}

/* y[o] = bias[o] + sum over c of w[o][c] * x[c] */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  Geometry g = get_geometry (call);
  const gdouble *x = gst_sod_ref_read (call->inputs[0]);
  const gdouble *w = gst_sod_ref_read (call->params[0]);
  const gdouble *bias =
      call->attrs->bias ? gst_sod_ref_read (call->params[1]) : NULL;
  gdouble *y = gst_sod_ref_write (call->output);

  for (gint64 n = 0; n < g.n; n++) {
    for (gint64 o = 0; o < g.c_out; o++)
      forward_plane (&g, x + n * g.c_in * g.h_in * g.w_in,
          w + o * g.c_in * g.kernel * g.kernel, bias != NULL ? bias[o] : 0,
          call->attrs->relu, y + (n * g.c_out + o) * g.h_out * g.w_out);
  }
  return TRUE;
}

/* A kernel's tap (k_y, k_x) between one input and one output plane: adds
 * w * d_y to d_x and returns sum (d_y * x). */
static gdouble
backward_tap (const Geometry *g, gint64 k_y, gint64 k_x, gdouble w,
    const gdouble *x /* (h_in, w_in) */,
    const gdouble *d_y /* (h_out, w_out) */,
    gdouble *d_x /* (h_in, w_in) or NULL */)
{
  gint64 top, bottom, left, right;
  gdouble sum = 0;

  find_inside (g, k_y, g->h_in, g->h_out, &top, &bottom);
  find_inside (g, k_x, g->w_in, g->w_out, &left, &right);
  for (gint64 i = top; i < bottom; i++) {
    gint64 row = (i * g->stride + k_y * g->dilation - g->padding) * g->w_in;

    for (gint64 j = left; j < right; j++) {
      gint64 at = row + j * g->stride + k_x * g->dilation - g->padding;
      gdouble d = d_y[i * g->w_out + j];

      sum += d * x[at];
      if (d_x != NULL)
        d_x[at] += w * d;
    }
  }
  return sum;
}

static gdouble
sum_plane (const gdouble *plane, gint64 size)
{
  gdouble sum = 0;

  for (gint64 i = 0; i < size; i++)
    sum += plane[i];
  return sum;
}

/* Sample @n: adds to the gradients that are not NULL. */
static void
backward_sample (const Geometry *g, gint64 n, const GstSodOpCall *call,
    gdouble *d_x, gdouble *d_w, gdouble *d_bias)
{
  const gdouble *x = gst_sod_ref_read (call->inputs[0]);
  const gdouble *w = gst_sod_ref_read (call->params[0]);
  const gdouble *d_y = gst_sod_ref_read (call->d_output);
  gint64 in = g->h_in * g->w_in, out = g->h_out * g->w_out;

  for (gint64 o = 0; o < g->c_out; o++) {
    const gdouble *d_plane = d_y + (n * g->c_out + o) * out;

    if (d_bias != NULL)
      d_bias[o] += sum_plane (d_plane, out);
    for (gint64 c = 0; c < g->c_in; c++) {
      gint64 at = (n * g->c_in + c) * in;

      for (gint64 k = 0; k < g->kernel * g->kernel; k++) {
        gint64 tap = (o * g->c_in + c) * g->kernel * g->kernel + k;
        gdouble sum = backward_tap (g, k / g->kernel, k % g->kernel, w[tap],
            x + at, d_plane, d_x != NULL ? d_x + at : NULL);

        if (d_w != NULL)
          d_w[tap] += sum;
      }
    }
  }
}

/* d_bias = sum d_y; d_w[k] = sum d_y * x at the tap; d_x = sum of w * d_y over
 * the taps that read it. Accumulates from zero: gradients are written (=). */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  Geometry g = get_geometry (call);
  gdouble *d_x, *d_w, *d_bias;

  if (!gst_sod_ref_check_unfused (call, "conv2d", error))
    return FALSE;
  d_x = gst_sod_ref_clear (call->d_inputs[0]);
  d_w = gst_sod_ref_clear (call->d_params[0]);
  d_bias = call->attrs->bias ? gst_sod_ref_clear (call->d_params[1]) : NULL;
  for (gint64 n = 0; n < g.n; n++)
    backward_sample (&g, n, call, d_x, d_w, d_bias);
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (conv2d)
