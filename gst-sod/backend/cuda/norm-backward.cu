/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gradients of batch norm and of a bias. All results are written (=).
 * Sums are those of sums.cuh. */
#include <gst-sod/backend/cuda/sums.cuh>

/* Where the sums themselves go, (2, c): after those of the blocks. */
static float *
find_totals (void *scratch, int64_t n_pixels, int c)
{
  return (float *) scratch
         + (int64_t) gst_sod_sums_count_blocks (n_pixels, c) * 2 * c;
}

/* What gradients are made of. */
typedef struct
{
  GstSodPixels x, y, d_y; /* x or y may be none */
  const float *saved;     /* (2, c), where x is there */
} Gradients;

/* Eight channels of d_y, of what relu let through, and of x. */
GST_SOD_DEVICE void
load_gradient (const Gradients &g, const GstSodPlace &at, bool with_x,
    GstSodEight *d, GstSodEight *x)
{
  GstSodRaw raw_d, raw_y = { { 0 } }, raw_x = { { 0 } };

  raw_d = gst_sod_fetch_eight (g.d_y, at.pixel, at.channel, at.count);
  if (g.y.data != NULL)
    raw_y = gst_sod_fetch_eight (g.y, at.pixel, at.channel, at.count);
  if (with_x)
    raw_x = gst_sod_fetch_eight (g.x, at.pixel, at.channel, at.count);
  *d = gst_sod_unpack (g.d_y, raw_d);
  *x = gst_sod_unpack (g.x, raw_x);
  if (g.y.data != NULL) {
    GstSodEight y = gst_sod_unpack (g.y, raw_y);

    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++)
      d->at[i] = y.at[i] > 0 ? d->at[i] : 0;
  }
}

/* a: sum of d_y, b: sum of d_y * normalised x, of a thread's pixels. */
GST_SOD_DEVICE void
add_pixels (
    const Gradients &g, int thread, int64_t n_pixels, int c, GstSodSums *sums)
{
  GstSodPlace at = gst_sod_sums_place (thread, 0, n_pixels, c);
  GstSodEight sum = { { 0 } }, product = { { 0 } };
  GstSodEight mean = { { 0 } }, inverse = { { 0 } };

  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    if (g.x.data != NULL && i < at.count) {
      mean.at[i] = g.saved[at.channel + i];
      inverse.at[i] = g.saved[c + at.channel + i];
    }
  }
  for (int n = 1; at.count > 0; n++) {
    GstSodEight d, v;

    load_gradient (g, at, g.x.data != NULL, &d, &v);
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      sum.at[i] += d.at[i];
      product.at[i] += d.at[i] * (v.at[i] - mean.at[i]);
    }
    at = gst_sod_sums_place (thread, n, n_pixels, c);
  }
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    sums->a[i][thread] = sum.at[i];
    sums->b[i][thread] = product.at[i] * inverse.at[i];
  }
}

GST_SOD_KERNEL (GST_SOD_THREADS)
add_up (Gradients g, float *partial, int64_t n_pixels, int c)
{
  GST_SOD_SHARED GstSodSums sums;

  GST_SOD_EACH_THREAD (thread)
  {
    add_pixels (g, thread, n_pixels, c, &sums);
  }
  for (int half = GST_SOD_THREADS / 2; half >= (int) blockDim.x; half /= 2) {
    GST_SOD_TOGETHER ();
    GST_SOD_EACH_THREAD (thread)
    {
      for (int i = 0; thread < half && i < GST_SOD_LANES; i++) {
        sums.a[i][thread] += sums.a[i][thread + half];
        sums.b[i][thread] += sums.b[i][thread + half];
      }
    }
  }
  GST_SOD_TOGETHER ();
  GST_SOD_EACH_THREAD (thread)
  {
    gst_sod_sums_write (sums, thread, c, partial);
  }
}

/* Where the sums go; each may be NULL. */
typedef struct
{
  float *totals; /* (2, c): the sums themselves */
  float *d_weight, *d_bias;
  float scale; /* of these two */
} Targets;

/* A thread's share of the sum over blocks of sum @index. */
GST_SOD_DEVICE double
add_partial (
    const float *partial, int n_blocks, int c, int thread, int64_t index)
{
  int channel =
      (int) blockIdx.x * GST_SOD_SUMS_COLUMNS + thread % GST_SOD_SUMS_COLUMNS;
  double sum = 0;

  for (int i = thread / GST_SOD_SUMS_COLUMNS; channel < c && i < n_blocks;
       i += GST_SOD_SUMS_ROWS)
    sum += (double) partial[(i * (int64_t) 2 + index) * c + channel];
  return sum;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
finish_sums (const float *partial, int n_blocks, int c, Targets to)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS], products[GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    sums[thread] = add_partial (partial, n_blocks, c, thread, 0);
    products[thread] = add_partial (partial, n_blocks, c, thread, 1);
  }
  GST_SOD_SUM_UP_ROWS (sums);
  GST_SOD_SUM_UP_ROWS (products);
  GST_SOD_EACH_THREAD (thread)
  {
    int channel = (int) blockIdx.x * GST_SOD_SUMS_COLUMNS + thread;

    if (thread >= GST_SOD_SUMS_COLUMNS || channel >= c)
      continue;
    if (to.totals != NULL) {
      to.totals[channel] = (float) sums[thread];
      to.totals[c + channel] = (float) products[thread];
    }
    if (to.d_weight != NULL)
      to.d_weight[channel] = (float) (products[thread] * (double) to.scale);
    if (to.d_bias != NULL)
      to.d_bias[channel] = (float) (sums[thread] * (double) to.scale);
  }
}

/* d_x = weight * rstd * (d_y - mean (d_y) - x^ * mean (d_y * x^)), without both
 * means where the statistics are constants (@totals NULL). */
GST_SOD_KERNEL (GST_SOD_THREADS)
differentiate (Gradients g, const float *weight, const float *totals,
    GstSodPixels d_x, int64_t n_pixels, int c)
{
  int thread = (int) (threadIdx.y * blockDim.x + threadIdx.x);
  GstSodPlace at = gst_sod_sums_place (thread, 0, n_pixels, c);
  float share = 1 / (float) n_pixels;
  GstSodEight scale, mean, of_all = { { 0 } }, of_x = { { 0 } };

  if (at.count == 0)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    int channel = at.channel + (i < at.count ? i : 0);
    float inverse = g.saved[c + channel];

    mean.at[i] = g.saved[channel];
    scale.at[i] = weight[channel] * inverse;
    if (totals != NULL) {
      of_all.at[i] = share * totals[channel];
      of_x.at[i] = share * totals[c + channel] * inverse;
    }
  }
  for (int step = 1; at.count > 0; step++) {
    GstSodEight d, v;

    load_gradient (g, at, totals != NULL, &d, &v);
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      if (totals != NULL)
        d.at[i] -= of_all.at[i] + (v.at[i] - mean.at[i]) * of_x.at[i];
      d.at[i] *= scale.at[i];
    }
    gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, d);
    at = gst_sod_sums_place (thread, step, n_pixels, c);
  }
}

static void
launch_sums (void *stream, const Gradients *g, int64_t n_pixels, int c,
    void *scratch, const Targets *to)
{
  dim3 block = gst_sod_pixel_block (c), grid = gst_sod_pixel_grid (1, c);

  grid.x = (unsigned) gst_sod_sums_count_blocks (n_pixels, c);
  GST_SOD_LAUNCH_BLOCKS (
      add_up, grid, block, stream, *g, (float *) scratch, n_pixels, c);
  GST_SOD_LAUNCH_BLOCKS (finish_sums, gst_sod_sums_columns (c), GST_SOD_THREADS,
      stream, (const float *) scratch, (int) grid.x, c, *to);
}

void
gst_sod_cuda_kernel_norm_backward (void *stream, const GstSodCudaView *x,
    const GstSodCudaView *y, const GstSodCudaView *d_y, const float *weight,
    const float *saved, float scale, float *d_weight, float *d_bias,
    void *scratch, const GstSodCudaView *d_x)
{
  int64_t n_pixels = gst_sod_n_pixels (d_y);
  Gradients g = { gst_sod_pixels (x), gst_sod_pixels (y), gst_sod_pixels (d_y),
    saved };
  Targets to = { NULL, d_weight, d_bias, scale };

  if (n_pixels == 0)
    return;
  if (d_weight != NULL || d_bias != NULL) {
    to.totals = find_totals (scratch, n_pixels, d_y->c);
    launch_sums (stream, &g, n_pixels, d_y->c, scratch, &to);
  }
  GST_SOD_LAUNCH_RESULTS (differentiate, stream, n_pixels, d_y->c, g, weight,
      (const float *) to.totals, gst_sod_pixels (d_x));
}

void
gst_sod_cuda_kernel_bias_backward (void *stream, const GstSodCudaView *d_y,
    float scale, float *d_bias, void *scratch)
{
  int64_t n_pixels = gst_sod_n_pixels (d_y);
  Gradients g = { gst_sod_pixels (NULL), gst_sod_pixels (NULL),
    gst_sod_pixels (d_y), NULL };
  Targets to = { NULL, NULL, d_bias, scale };

  if (n_pixels > 0)
    launch_sums (stream, &g, n_pixels, d_y->c, scratch, &to);
}
