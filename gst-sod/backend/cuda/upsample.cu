/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bilinear enlargement by an integer factor, half-pixel centres, the edge
 * repeated outside. Results are written (=) and rounded once. A thread makes
 * eight channels of one pixel of the result (see kernel.cuh): of d_x too, from
 * the pixels of d_y that it has a share in, so that nobody adds to another's
 * sum. */
#include <gst-sod/backend/cuda/kernel.cuh>

typedef struct
{
  int scale;
  int h, w;         /* of x */
  int h_out, w_out; /* of y */
} Scaling;

/* The two samples that an output lies between. */
typedef struct
{
  int low, high;
  float weight; /* of high; low has the rest */
} Between;

static Scaling
get_scaling (const GstSodCudaView *x, const GstSodCudaView *y, int scale)
{
  Scaling scaling = { scale, x->h, x->w, y->h, y->w };

  return scaling;
}

/* Output @out lies at (out + 1/2) / scale - 1/2, in 2 * scale parts of a
 * sample: whole numbers. */
GST_SOD_DEVICE Between
find_between (int out, int scale, int size)
{
  int parts = 2 * out + 1 - scale;
  int low = parts < 0 ? -1 : parts / (2 * scale);
  Between between;

  between.low = gst_sod_max (low, 0);
  between.high = gst_sod_min (low + 1, size - 1);
  between.weight = (float) (parts - low * 2 * scale) / (float) (2 * scale);
  return between;
}

/* Share that sample @at has in output @out. */
GST_SOD_DEVICE float
find_share (int at, int out, int scale, int size)
{
  Between between = find_between (out, scale, size);

  return (between.low == at ? 1 - between.weight : 0)
         + (between.high == at ? between.weight : 0);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
upsample (GstSodPixels x, Scaling s, GstSodPixels skip, int activation,
    GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, s.h_out, s.w_out);
  Between v = find_between (to.y, s.scale, s.h);
  Between u = find_between (to.x, s.scale, s.w);
  int64_t low = (to.n * s.h + v.low) * (int64_t) s.w;
  int64_t high = (to.n * s.h + v.high) * (int64_t) s.w;
  GstSodRaw raw[4], raw_sum = { { 0 } };
  GstSodEight a, b, d, e, sum;

  if (at.count == 0)
    return;
  raw[0] = gst_sod_fetch_eight (x, low + u.low, at.channel, at.count);
  raw[1] = gst_sod_fetch_eight (x, low + u.high, at.channel, at.count);
  raw[2] = gst_sod_fetch_eight (x, high + u.low, at.channel, at.count);
  raw[3] = gst_sod_fetch_eight (x, high + u.high, at.channel, at.count);
  if (skip.data != NULL)
    raw_sum = gst_sod_fetch_eight (skip, at.pixel, at.channel, at.count);
  a = gst_sod_unpack (x, raw[0]);
  b = gst_sod_unpack (x, raw[1]);
  d = gst_sod_unpack (x, raw[2]);
  e = gst_sod_unpack (x, raw[3]);
  sum = gst_sod_unpack (skip, raw_sum);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    float top = a.at[i] * (1 - u.weight) + b.at[i] * u.weight;
    float bottom = d.at[i] * (1 - u.weight) + e.at[i] * u.weight;
    float value = top * (1 - v.weight) + bottom * v.weight + sum.at[i];

    if (activation == GST_SOD_CUDA_RELU) {
      value = value > 0 ? value : 0;
    } else if (activation == GST_SOD_CUDA_SIGMOID) {
      float power = expf (-fabsf (value));

      value = value >= 0 ? 1 / (1 + power) : power / (1 + power);
    }
    sum.at[i] = value;
  }
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, sum);
}

void
gst_sod_cuda_kernel_upsample (void *stream, const GstSodCudaView *x, int scale,
    const GstSodCudaView *skip, GstSodCudaActivation activation,
    const GstSodCudaView *y)
{
  GST_SOD_LAUNCH_PIXELS (upsample, stream, gst_sod_n_pixels (y), y->c,
      gst_sod_pixels (x), get_scaling (x, y, scale), gst_sod_pixels (skip),
      (int) activation, gst_sod_pixels (y));
}

/* Outputs [first, end) that lie less than a sample from @at; those beyond the
 * outermost samples are theirs, and no others are there. */
GST_SOD_DEVICE int
first_output (int at, int scale)
{
  return gst_sod_max (scale * (at - 1) + (scale - 1) / 2 + 1, 0);
}

GST_SOD_DEVICE int
end_output (int at, int scale, int size_out)
{
  return gst_sod_min (scale * (at + 1) + scale / 2, size_out);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
upsample_backward (
    GstSodPixels d_y, Scaling s, GstSodPixels d_x, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, s.h, s.w);
  int left = first_output (to.x, s.scale);
  int right = end_output (to.x, s.scale, s.w_out);
  int below = end_output (to.y, s.scale, s.h_out);
  GstSodEight sum = { { 0 } };

  if (at.count == 0)
    return;
  for (int i = first_output (to.y, s.scale); i < below; i++) {
    float row = find_share (to.y, i, s.scale, s.h);

    for (int j = left; j < right; j++) {
      float share = row * find_share (to.x, j, s.scale, s.w);
      GstSodEight d = gst_sod_load_eight (d_y,
          (to.n * s.h_out + i) * (int64_t) s.w_out + j, at.channel, at.count);

      GST_SOD_UNROLL
      for (int l = 0; l < GST_SOD_LANES; l++)
        sum.at[l] += share * d.at[l];
    }
  }
  gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, sum);
}

void
gst_sod_cuda_kernel_upsample_backward (void *stream, const GstSodCudaView *d_y,
    int scale, const GstSodCudaView *d_x)
{
  GST_SOD_LAUNCH_PIXELS (upsample_backward, stream, gst_sod_n_pixels (d_x),
      d_x->c, gst_sod_pixels (d_y), get_scaling (d_x, d_y, scale),
      gst_sod_pixels (d_x));
}
