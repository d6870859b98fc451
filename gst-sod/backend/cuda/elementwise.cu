/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions of single values. All results are written (=), each from values
 * rounded once to f32 and rounded once more to their type. A thread makes eight
 * channels of one pixel, see kernel.cuh. (bias_backward() is a sum, and is in
 * norm-backward.cu.) */
#include <gst-sod/backend/cuda/kernel.cuh>

/* ---- of one value ---- */

typedef enum
{
  RELU,
  SIGMOID,
  TANH
} Function;

GST_SOD_DEVICE float
apply (int function, float x)
{
  float e;

  if (function == RELU)
    return x > 0 ? x : 0;
  if (function == TANH)
    return tanhf (x);
  e = expf (-fabsf (x)); /* never overflows */
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* f' by f's own value. */
GST_SOD_DEVICE float
differentiate (int function, float y)
{
  if (function == RELU)
    return y > 0 ? 1.0f : 0.0f;
  if (function == TANH)
    return 1 - y * y;
  return y * (1 - y);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
forward (int function, GstSodPixels x, GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodEight v;

  if (at.count == 0)
    return;
  v = gst_sod_load_eight (x, at.pixel, at.channel, at.count);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++)
    v.at[i] = apply (function, v.at[i]);
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
backward (int function, GstSodPixels y, GstSodPixels d_y, GstSodPixels d_x,
    int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodRaw raw_v, raw_d;
  GstSodEight v, d;

  if (at.count == 0)
    return;
  raw_v = gst_sod_fetch_eight (y, at.pixel, at.channel, at.count);
  raw_d = gst_sod_fetch_eight (d_y, at.pixel, at.channel, at.count);
  v = gst_sod_unpack (y, raw_v);
  d = gst_sod_unpack (d_y, raw_d);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    if (function == RELU)
      d.at[i] = v.at[i] > 0 ? d.at[i] : 0;
    else
      d.at[i] *= differentiate (function, v.at[i]);
  }
  gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, d);
}

static void
launch_forward (void *stream, Function function, const GstSodCudaView *x,
    const GstSodCudaView *y)
{
  GstSodPixels from = gst_sod_pixels (x), to = gst_sod_pixels (y);
  GstSodPixels *const views[] = { &from, &to };
  int64_t n_pixels = gst_sod_n_pixels (y);
  int c = y->c;

  gst_sod_flatten (views, 2, &n_pixels, &c);
  GST_SOD_LAUNCH_PIXELS (forward, stream, n_pixels, c, function, from, to);
}

static void
launch_backward (void *stream, Function function, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x)
{
  GstSodPixels value = gst_sod_pixels (y), from = gst_sod_pixels (d_y);
  GstSodPixels to = gst_sod_pixels (d_x);
  GstSodPixels *const views[] = { &value, &from, &to };
  int64_t n_pixels = gst_sod_n_pixels (y);
  int c = y->c;

  gst_sod_flatten (views, 3, &n_pixels, &c);
  GST_SOD_LAUNCH_PIXELS (
      backward, stream, n_pixels, c, function, value, from, to);
}

void
gst_sod_cuda_kernel_relu (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y)
{
  launch_forward (stream, RELU, x, y);
}

void
gst_sod_cuda_kernel_sigmoid (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y)
{
  launch_forward (stream, SIGMOID, x, y);
}

void
gst_sod_cuda_kernel_tanh (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y)
{
  launch_forward (stream, TANH, x, y);
}

void
gst_sod_cuda_kernel_relu_backward (void *stream, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x)
{
  launch_backward (stream, RELU, y, d_y, d_x);
}

void
gst_sod_cuda_kernel_sigmoid_backward (void *stream, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x)
{
  launch_backward (stream, SIGMOID, y, d_y, d_x);
}

void
gst_sod_cuda_kernel_tanh_backward (void *stream, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x)
{
  launch_backward (stream, TANH, y, d_y, d_x);
}

/* ---- of two ---- */

GST_SOD_KERNEL (GST_SOD_THREADS)
add (GstSodPixels a, GstSodPixels b, GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodRaw raw_v, raw_w;
  GstSodEight v, w;

  if (at.count == 0)
    return;
  raw_v = gst_sod_fetch_eight (a, at.pixel, at.channel, at.count);
  raw_w = gst_sod_fetch_eight (b, at.pixel, at.channel, at.count);
  v = gst_sod_unpack (a, raw_v);
  w = gst_sod_unpack (b, raw_w);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++)
    v.at[i] += w.at[i];
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_add (void *stream, const GstSodCudaView *a,
    const GstSodCudaView *b, const GstSodCudaView *y)
{
  GstSodPixels one = gst_sod_pixels (a), other = gst_sod_pixels (b);
  GstSodPixels to = gst_sod_pixels (y);
  GstSodPixels *const views[] = { &one, &other, &to };
  int64_t n_pixels = gst_sod_n_pixels (y);
  int c = y->c;

  gst_sod_flatten (views, 3, &n_pixels, &c);
  GST_SOD_LAUNCH_PIXELS (add, stream, n_pixels, c, one, other, to);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
add_bias (GstSodPixels x, const float *bias, int relu, GstSodPixels y,
    int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodEight v;

  if (at.count == 0)
    return;
  v = gst_sod_load_eight (x, at.pixel, at.channel, at.count);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    float sum = i < at.count ? v.at[i] + bias[at.channel + i] : 0;

    v.at[i] = relu ? apply (RELU, sum) : sum;
  }
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_bias (void *stream, const GstSodCudaView *x,
    const float *bias, int relu, const GstSodCudaView *y)
{
  GST_SOD_LAUNCH_PIXELS (add_bias, stream, gst_sod_n_pixels (y), y->c,
      gst_sod_pixels (x), bias, relu, gst_sod_pixels (y));
}
