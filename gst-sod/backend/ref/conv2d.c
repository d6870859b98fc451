/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

/* Sizes of one call. */
typedef struct
{
  gint64 n, c_in, h_in, w_in;
  gint64 c_out, h_out, w_out;
  gint64 kernel, stride, dilation, padding;
} Geometry;

/* Positions [first, end). */
typedef struct
{
  gint64 first, end;
} Range;

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
 * out * stride + k * dilation - padding. The outputs whose tap @k reads inside
 * [0, size_in); the others read the zeros around it. */
static Range
find_inside (const Geometry *g, gint64 k, gint64 size_in, gint64 size_out)
{
  gint64 at = k * g->dilation - g->padding; /* read by output 0 */
  gint64 last = size_in - 1 - at;           /* greatest out * stride inside */
  Range inside;

  inside.first = at >= 0 ? 0 : (-at + g->stride - 1) / g->stride;
  inside.end = last < 0 ? 0 : MIN (size_out, last / g->stride + 1);
  inside.end = MAX (inside.end, inside.first);
  return inside;
}

/* y[j] += weight * x[j * stride] */
static void
add_scaled (const gdouble *restrict x, gdouble weight, gsize stride,
    gdouble *restrict y, gsize n)
{
  if (stride == 1) {
    for (gsize j = 0; j < n; j++)
      y[j] += weight * x[j];
  } else {
    for (gsize j = 0; j < n; j++)
      y[j] += weight * x[j * stride];
  }
}

/* One row of one output channel: y[j] += w[k] * x[j * stride + k * dilation -
 * padding] over the taps k of a kernel's row. */
static void
add_row (const Geometry *g, const gdouble *x, const gdouble *w, gdouble *y)
{
  for (gint64 k = 0; k < g->kernel; k++) {
    Range inside = find_inside (g, k, g->w_in, g->w_out);

    if (inside.first < inside.end)
      add_scaled (x + inside.first * g->stride + k * g->dilation - g->padding,
          w[k], (gsize) g->stride, y + inside.first,
          (gsize) (inside.end - inside.first));
  }
}

/* Adds to one output channel of one sample what its inputs bring. */
static void
forward_plane (const Geometry *g, const gdouble *x /* (c_in, h_in, w_in) */,
    const gdouble *w /* (c_in, kernel, kernel) */,
    gdouble *y /* (h_out, w_out) */)
{
  for (gint64 i = 0; i < g->h_out; i++) {
    for (gint64 c = 0; c < g->c_in; c++) {
      for (gint64 k = 0; k < g->kernel; k++) {
        gint64 i_in = i * g->stride + k * g->dilation - g->padding;

        if (i_in >= 0 && i_in < g->h_in)
          add_row (g, x + (c * g->h_in + i_in) * g->w_in,
              w + (c * g->kernel + k) * g->kernel, y + i * g->w_out);
      }
    }
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
  gint64 size = g.h_out * g.w_out;

  for (gint64 p = 0; p < g.n * g.c_out; p++, y += size) {
    gint64 n = p / g.c_out, o = p % g.c_out;

    for (gint64 i = 0; i < size; i++)
      y[i] = bias != NULL ? bias[o] : 0;
    forward_plane (&g, x + n * g.c_in * g.h_in * g.w_in,
        w + o * g.c_in * g.kernel * g.kernel, y);
    for (gint64 i = 0; call->attrs->relu && i < size; i++)
      y[i] = MAX (y[i], 0);
  }
  return TRUE;
}

/* One input plane and one output plane. */
typedef struct
{
  const gdouble *x;   /* (h_in, w_in) */
  const gdouble *d_y; /* (h_out, w_out) */
  gdouble *d_x;       /* (h_in, w_in), or NULL */
} Planes;

/* Tap @k of the kernel between two planes: adds @weight * d_y to d_x and
 * returns sum (d_y * x). */
static gdouble
backward_tap (const Geometry *g, const Planes *planes, gint64 k, gdouble weight)
{
  gint64 k_y = k / g->kernel, k_x = k % g->kernel;
  Range rows = find_inside (g, k_y, g->h_in, g->h_out);
  Range columns = find_inside (g, k_x, g->w_in, g->w_out);
  gdouble sum = 0;

  for (gint64 i = rows.first; i < rows.end; i++) {
    gint64 row = (i * g->stride + k_y * g->dilation - g->padding) * g->w_in;

    for (gint64 j = columns.first; j < columns.end; j++) {
      gint64 at = row + j * g->stride + k_x * g->dilation - g->padding;
      gdouble d = planes->d_y[i * g->w_out + j];

      sum += d * planes->x[at];
      if (planes->d_x != NULL)
        planes->d_x[at] += weight * d;
    }
  }
  return sum;
}

/* Between one input and one output plane: adds to d_x and to @d_w, which may
 * be NULL. */
static void
backward_kernel (const Geometry *g, const Planes *planes,
    const gdouble *w /* (kernel, kernel) */,
    gdouble *d_w /* (kernel, kernel) */)
{
  for (gint64 k = 0; k < g->kernel * g->kernel; k++) {
    gdouble sum = backward_tap (g, planes, k, w[k]);

    if (d_w != NULL)
      d_w[k] += sum;
  }
}

static gdouble
sum_plane (const gdouble *plane, gint64 size)
{
  gdouble sum = 0;

  for (gint64 i = 0; i < size; i++)
    sum += plane[i];
  return sum;
}

/* d_bias = sum d_y; d_w[k] = sum d_y * x at the tap; d_x = sum of w * d_y over
 * the taps that read it. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  Geometry g = get_geometry (call);
  const gdouble *x = gst_sod_ref_read (call->inputs[0]);
  const gdouble *w = gst_sod_ref_read (call->params[0]);
  const gdouble *d_y = gst_sod_ref_read (call->d_output);
  gint64 in = g.h_in * g.w_in, out = g.h_out * g.w_out;
  gint64 taps = g.kernel * g.kernel;
  gdouble *d_x, *d_w, *d_bias;

  if (!gst_sod_ref_check_unfused (call, "conv2d", error))
    return FALSE;
  d_x = gst_sod_ref_clear (call->d_inputs[0]);
  d_w = gst_sod_ref_clear (call->d_params[0]);
  d_bias = call->attrs->bias ? gst_sod_ref_clear (call->d_params[1]) : NULL;
  for (gint64 p = 0; p < g.n * g.c_out; p++, d_y += out) {
    gint64 n = p / g.c_out, o = p % g.c_out;

    if (d_bias != NULL)
      d_bias[o] += sum_plane (d_y, out);
    for (gint64 c = 0; c < g.c_in; c++) {
      gint64 at = (n * g.c_in + c) * in, kernel = (o * g.c_in + c) * taps;
      Planes planes = { x + at, d_y, d_x != NULL ? d_x + at : NULL };

      backward_kernel (
          &g, &planes, w + kernel, d_w != NULL ? d_w + kernel : NULL);
    }
  }
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (conv2d)
