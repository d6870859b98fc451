/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions as plain sums, for what the library has no algorithm for.
 * Results are written (=), sums are f32 in a fixed order. A thread makes eight
 * channels of one pixel (see kernel.cuh): of y forward, of d_x backward; and
 * eight input channels of one place of one filter for d_w. */
#include <gst-sod/backend/cuda/kernel.cuh>

/* Where an output's window lies in the input. */
typedef struct
{
  int kernel, stride, dilation, padding;
  int h, w, c;             /* of x */
  int h_out, w_out, k;     /* of y */
} Geometry;

static Geometry
get_geometry (const GstSodCudaView *x, const GstSodCudaWindow *window,
    const GstSodCudaView *y)
{
  Geometry geometry = { window->kernel, window->stride, window->dilation,
    window->padding, x->h, x->w, x->c, y->h, y->w, y->c };

  return geometry;
}

/* Filters (k, kernel, kernel, c): a row of pixels of c channels. */
static GstSodPixels
get_filters (void *weights, GstSodCudaType type, int c)
{
  GstSodCudaView view = { weights, type, 1, 1, 1, c, c };

  return gst_sod_pixels (&view);
}

/* Pixel of x under place (@ky, @kx) of the window of output (@y, @x), or -1
 * in the padding. */
GST_SOD_DEVICE int64_t
find_under (const Geometry &g, int64_t n, int y, int x, int ky, int kx)
{
  int row = y * g.stride - g.padding + ky * g.dilation;
  int column = x * g.stride - g.padding + kx * g.dilation;

  if (row < 0 || row >= g.h || column < 0 || column >= g.w)
    return -1;
  return (n * g.h + row) * g.w + column;
}

/* Output whose window has pixel (@y, @x) of the input under place (@ky, @kx),
 * or -1. */
GST_SOD_DEVICE int64_t
find_over (const Geometry &g, int64_t n, int y, int x, int ky, int kx)
{
  int row = y + g.padding - ky * g.dilation;
  int column = x + g.padding - kx * g.dilation;

  if (row < 0 || column < 0 || row % g.stride != 0 || column % g.stride != 0)
    return -1;
  row /= g.stride;
  column /= g.stride;
  if (row >= g.h_out || column >= g.w_out)
    return -1;
  return (n * g.h_out + row) * g.w_out + column;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
conv_forward (GstSodPixels x, GstSodPixels w, Geometry g, const float *bias,
    int relu, GstSodPixels y, int64_t n_pixels, int k)
{
  GstSodPlace at = gst_sod_place (n_pixels, k);
  GstSodPosition to = gst_sod_position (at.pixel, g.h_out, g.w_out);
  int area = g.kernel * g.kernel;
  GstSodEight sum = { { 0 } };

  if (at.count == 0)
    return;
  for (int tap = 0; tap < area; tap++) {
    int64_t pixel = find_under (
        g, to.n, to.y, to.x, tap / g.kernel, tap % g.kernel);

    for (int c = 0; pixel >= 0 && c < g.c; c += GST_SOD_LANES) {
      int count = gst_sod_min (g.c - c, GST_SOD_LANES);
      GstSodEight from = gst_sod_load_eight (x, pixel, c, count);

      for (int i = 0; i < at.count; i++) {
        GstSodEight filter = gst_sod_load_eight (
            w, (int64_t) (at.channel + i) * area + tap, c, count);

        GST_SOD_UNROLL
        for (int j = 0; j < GST_SOD_LANES; j++)
          sum.at[i] += from.at[j] * filter.at[j];
      }
    }
  }
  for (int i = 0; i < at.count; i++) {
    if (bias != NULL)
      sum.at[i] += bias[at.channel + i];
    if (relu && sum.at[i] < 0) /* what is no number stays so */
      sum.at[i] = 0;
  }
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, sum);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
conv_data (GstSodPixels d_y, GstSodPixels w, Geometry g, GstSodPixels d_x,
    int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition from = gst_sod_position (at.pixel, g.h, g.w);
  int area = g.kernel * g.kernel;
  GstSodEight sum = { { 0 } };

  if (at.count == 0)
    return;
  for (int tap = 0; tap < area; tap++) {
    int64_t pixel = find_over (
        g, from.n, from.y, from.x, tap / g.kernel, tap % g.kernel);

    for (int k = 0; pixel >= 0 && k < g.k; k++) {
      float gradient = gst_sod_load (d_y, pixel * d_y.stride + k);
      GstSodEight filter = gst_sod_load_eight (
          w, (int64_t) k * area + tap, at.channel, at.count);

      GST_SOD_UNROLL
      for (int j = 0; j < GST_SOD_LANES; j++)
        sum.at[j] += gradient * filter.at[j];
    }
  }
  gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, sum);
}

/* "Pixels" are the places of all filters, k * kernel * kernel of them. */
GST_SOD_KERNEL (GST_SOD_THREADS)
conv_weights (GstSodPixels x, GstSodPixels d_y, Geometry g, int64_t n,
    GstSodPixels d_w, int64_t n_places, int c)
{
  GstSodPlace at = gst_sod_place (n_places, c);
  int area = g.kernel * g.kernel;
  int k = (int) (at.pixel / area), tap = (int) (at.pixel % area);
  GstSodEight sum = { { 0 } };

  if (at.count == 0)
    return;
  for (int64_t row = 0; row < n * g.h_out; row++) {
    for (int column = 0; column < g.w_out; column++) {
      int64_t pixel = find_under (g, row / g.h_out, (int) (row % g.h_out),
          column, tap / g.kernel, tap % g.kernel);
      GstSodEight from;
      float gradient;

      if (pixel < 0)
        continue;
      gradient = gst_sod_load (d_y, (row * g.w_out + column) * d_y.stride + k);
      from = gst_sod_load_eight (x, pixel, at.channel, at.count);
      GST_SOD_UNROLL
      for (int j = 0; j < GST_SOD_LANES; j++)
        sum.at[j] += gradient * from.at[j];
    }
  }
  gst_sod_store_eight (d_w, at.pixel, at.channel, at.count, sum);
}

void
gst_sod_cuda_kernel_conv_forward (void *stream, const GstSodCudaView *x,
    const void *weights, const float *bias, int relu,
    const GstSodCudaWindow *window, const GstSodCudaView *y)
{
  GST_SOD_LAUNCH_PIXELS (conv_forward, stream, gst_sod_n_pixels (y), y->c,
      gst_sod_pixels (x), get_filters ((void *) weights, x->type, x->c),
      get_geometry (x, window, y), bias, relu, gst_sod_pixels (y));
}

void
gst_sod_cuda_kernel_conv_data (void *stream, const GstSodCudaView *d_y,
    const void *weights, const GstSodCudaWindow *window,
    const GstSodCudaView *d_x)
{
  GST_SOD_LAUNCH_PIXELS (conv_data, stream, gst_sod_n_pixels (d_x), d_x->c,
      gst_sod_pixels (d_y), get_filters ((void *) weights, d_y->type, d_x->c),
      get_geometry (d_x, window, d_y), gst_sod_pixels (d_x));
}

void
gst_sod_cuda_kernel_conv_weights (void *stream, const GstSodCudaView *x,
    const GstSodCudaView *d_y, const GstSodCudaWindow *window, void *d_weights)
{
  int64_t n_places = (int64_t) d_y->c * window->kernel * window->kernel;

  GST_SOD_LAUNCH_PIXELS (conv_weights, stream, n_places, x->c,
      gst_sod_pixels (x), gst_sod_pixels (d_y), get_geometry (x, window, d_y),
      (int64_t) d_y->n, get_filters (d_weights, x->type, x->c));
}
