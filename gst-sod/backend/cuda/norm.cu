/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Batch norm, forward. All results are written (=). Sums are those of
 * sums.cuh: a thread's mean and squares by Welford's update, so that a variance
 * far below the mean's square does not cancel, merged as Chan et al. (1979) do.
 */
#include <gst-sod/backend/cuda/sums.cuh>

/* What the first launch leaves: two sums a block and channel, (blocks, 2, c);
 * and (2, c) that norm-backward.cu's second makes of them. */
size_t
gst_sod_cuda_kernel_norm_scratch (const GstSodCudaView *x)
{
  return ((size_t) gst_sod_sums_count_blocks (gst_sod_n_pixels (x), x->c) + 1)
         * 2 * (size_t) x->c * sizeof (float);
}

/* ---- mean and variance ---- */

/* Means are those of x less the channel's first value: what is far from 0 and
 * close together would leave f32 no bits for its differences. */
GST_SOD_DEVICE void
measure_one (const GstSodEight &v, const GstSodEight &first, float share,
    GstSodEight *mean, GstSodEight *squares)
{
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    float moved = v.at[i] - first.at[i];
    float d = moved - mean->at[i];

    mean->at[i] += d * share;
    squares->at[i] += d * (moved - mean->at[i]);
  }
}

/* a: mean, b: sum of squared differences from it, of a thread's pixels, two at
 * a time. */
GST_SOD_DEVICE void
measure_pixels (const GstSodPixels &x, int thread, int64_t n_pixels, int c,
    GstSodSums *sums)
{
  GstSodPlace at = gst_sod_sums_place (thread, 0, n_pixels, c);
  GstSodEight mean = { { 0 } }, squares = { { 0 } }, first = { { 0 } };
  int n = 0;

  if (at.count > 0)
    first = gst_sod_load_eight (x, 0, at.channel, at.count);
  while (at.count > 0) {
    GstSodPlace next = gst_sod_sums_place (thread, n + 1, n_pixels, c);
    GstSodRaw one, two;

    one = gst_sod_fetch_eight (x, at.pixel, at.channel, at.count);
    two = gst_sod_fetch_eight (
        x, next.count > 0 ? next.pixel : at.pixel, at.channel, at.count);
    n++;
    measure_one (
        gst_sod_unpack (x, one), first, 1 / (float) n, &mean, &squares);
    if (next.count == 0)
      break;
    n++;
    measure_one (
        gst_sod_unpack (x, two), first, 1 / (float) n, &mean, &squares);
    at = gst_sod_sums_place (thread, n, n_pixels, c);
  }
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    sums->a[i][thread] = mean.at[i];
    sums->b[i][thread] = squares.at[i];
  }
  sums->n[thread] = (float) n;
}

/* Thread @thread takes over what @other measured. */
GST_SOD_DEVICE void
merge (GstSodSums *sums, int thread, int other)
{
  float n = sums->n[thread], more = sums->n[other];
  float share = more / (n + more);

  if (more == 0)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    float d = sums->a[i][other] - sums->a[i][thread];

    sums->a[i][thread] += d * share;
    sums->b[i][thread] += sums->b[i][other] + d * d * n * share;
  }
  sums->n[thread] = n + more;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
measure (GstSodPixels x, float *partial, int64_t n_pixels, int c)
{
  GST_SOD_SHARED GstSodSums sums;

  GST_SOD_EACH_THREAD (thread)
  {
    measure_pixels (x, thread, n_pixels, c, &sums);
  }
  for (int half = GST_SOD_THREADS / 2; half >= (int) blockDim.x; half /= 2) {
    GST_SOD_TOGETHER ();
    GST_SOD_EACH_THREAD (thread)
    {
      if (thread < half)
        merge (&sums, thread, thread + half);
    }
  }
  GST_SOD_TOGETHER ();
  GST_SOD_EACH_THREAD (thread)
  {
    gst_sod_sums_write (sums, thread, c, partial);
  }
}

typedef struct
{
  GstSodPixels x;
  const float *partial; /* (n_blocks, 2, c): means, squares */
  int64_t n_pixels;
  int c, n_blocks, rows; /* pixels of a block at each of its steps */
  float epsilon, momentum;
  float *running_mean, *running_var; /* (c) or NULL */
  float *saved;                      /* (2, c) */
} Statistics;

/* Pixels that block @block measured. */
GST_SOD_DEVICE double
count_pixels (const Statistics &s, int block)
{
  int64_t all = (int64_t) s.n_blocks * s.rows;
  int64_t rest = s.n_pixels % all - (int64_t) block * s.rows;

  return (double) (s.n_pixels / all * s.rows
                   + (rest < 0         ? 0
                       : rest < s.rows ? rest
                                       : s.rows));
}

/* A thread's share of the sum over blocks of n * mean; or, with @mean, of their
 * squares about it. */
GST_SOD_DEVICE double
add_blocks (const Statistics &s, int thread, const double *mean)
{
  int channel =
      (int) blockIdx.x * GST_SOD_SUMS_COLUMNS + thread % GST_SOD_SUMS_COLUMNS;
  double sum = 0;

  for (int i = thread / GST_SOD_SUMS_COLUMNS; channel < s.c && i < s.n_blocks;
       i += GST_SOD_SUMS_ROWS) {
    const float *from = s.partial + (int64_t) i * 2 * s.c + channel;
    double n = count_pixels (s, i);
    double d = (double) from[0] - (mean != NULL ? *mean : 0);

    sum += mean != NULL ? (double) from[s.c] + n * d * d : n * d;
  }
  return sum;
}

GST_SOD_DEVICE void
write_statistics (
    const Statistics &s, int channel, double moved, double squares)
{
  double mean = moved + (double) gst_sod_load (s.x, channel);
  double n = (double) s.n_pixels;

  s.saved[channel] = (float) mean;
  s.saved[s.c + channel] =
      (float) (1 / sqrt (squares / n + (double) s.epsilon));
  if (s.running_mean != NULL)
    s.running_mean[channel] +=
        s.momentum * ((float) mean - s.running_mean[channel]);
  if (s.running_var != NULL)
    s.running_var[channel] +=
        s.momentum
        * ((float) (squares / (n > 1 ? n - 1 : 1)) - s.running_var[channel]);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
finish_statistics (Statistics s)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS], means[GST_SOD_SUMS_COLUMNS];

  GST_SOD_EACH_THREAD (thread)
  {
    sums[thread] = add_blocks (s, thread, NULL);
  }
  GST_SOD_SUM_UP_ROWS (sums);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread < GST_SOD_SUMS_COLUMNS)
      means[thread] = sums[thread] / (double) s.n_pixels;
  }
  GST_SOD_TOGETHER ();
  GST_SOD_EACH_THREAD (thread)
  {
    sums[thread] =
        add_blocks (s, thread, &means[thread % GST_SOD_SUMS_COLUMNS]);
  }
  GST_SOD_SUM_UP_ROWS (sums);
  GST_SOD_EACH_THREAD (thread)
  {
    int channel = (int) blockIdx.x * GST_SOD_SUMS_COLUMNS + thread;

    if (thread < GST_SOD_SUMS_COLUMNS && channel < s.c)
      write_statistics (s, channel, means[thread], sums[thread]);
  }
}

/* ---- forward ---- */

/* What is normalised with. */
typedef struct
{
  const float *weight, *bias, *saved; /* (c), (c), (2, c) */
  int relu;
} Norm;

GST_SOD_KERNEL (GST_SOD_THREADS)
normalise (GstSodPixels x, Norm norm, GstSodPixels y, int64_t n_pixels, int c)
{
  int thread = (int) (threadIdx.y * blockDim.x + threadIdx.x);
  GstSodPlace at = gst_sod_sums_place (thread, 0, n_pixels, c);
  GstSodEight mean, scale, bias;

  if (at.count == 0)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    int channel = at.channel + (i < at.count ? i : 0);

    mean.at[i] = norm.saved[channel];
    scale.at[i] = norm.saved[c + channel] * norm.weight[channel];
    bias.at[i] = norm.bias[channel];
  }
  for (int step = 1; at.count > 0; step++) {
    GstSodEight v = gst_sod_load_eight (x, at.pixel, at.channel, at.count);

    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      v.at[i] = (v.at[i] - mean.at[i]) * scale.at[i] + bias.at[i];
      v.at[i] = norm.relu && !(v.at[i] > 0) ? 0 : v.at[i];
    }
    gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
    at = gst_sod_sums_place (thread, step, n_pixels, c);
  }
}

void
gst_sod_cuda_kernel_norm_forward (void *stream, const GstSodCudaView *x,
    const float *weight, const float *bias, float epsilon, float momentum,
    float *running_mean, float *running_var, int relu, float *saved,
    void *scratch, const GstSodCudaView *y)
{
  int64_t n_pixels = gst_sod_n_pixels (x);
  dim3 block = gst_sod_pixel_block (x->c), grid = gst_sod_pixel_grid (1, x->c);
  Statistics statistics = { gst_sod_pixels (x), (const float *) scratch,
    n_pixels, x->c, gst_sod_sums_count_blocks (n_pixels, x->c), (int) block.y,
    epsilon, momentum, running_mean, running_var, saved };
  Norm norm = { weight, bias, saved, relu };

  if (n_pixels == 0)
    return;
  grid.x = (unsigned) statistics.n_blocks;
  GST_SOD_LAUNCH_BLOCKS (measure, grid, block, stream, gst_sod_pixels (x),
      (float *) scratch, n_pixels, x->c);
  GST_SOD_LAUNCH_BLOCKS (finish_statistics, gst_sod_sums_columns (x->c),
      GST_SOD_THREADS, stream, statistics);
  GST_SOD_LAUNCH_RESULTS (normalise, stream, n_pixels, x->c, gst_sod_pixels (x),
      norm, gst_sod_pixels (y));
}

GST_SOD_KERNEL (GST_SOD_THREADS)
save_running (const float *running_mean, const float *running_var,
    float epsilon, float *saved, int c)
{
  int channel = (int) (blockIdx.x * blockDim.x + threadIdx.x);

  if (channel >= c)
    return;
  saved[channel] = running_mean[channel];
  saved[c + channel] =
      (float) (1 / sqrt ((double) running_var[channel] + (double) epsilon));
}

void
gst_sod_cuda_kernel_norm_frozen (void *stream, const GstSodCudaView *x,
    const float *weight, const float *bias, float epsilon,
    const float *running_mean, const float *running_var, int relu, float *saved,
    const GstSodCudaView *y)
{
  int64_t n_pixels = gst_sod_n_pixels (x);
  Norm norm = { weight, bias, saved, relu };

  if (n_pixels == 0)
    return;
  GST_SOD_LAUNCH (save_running, gst_sod_blocks (x->c), GST_SOD_THREADS, stream,
      running_mean, running_var, epsilon, saved, x->c);
  GST_SOD_LAUNCH_RESULTS (normalise, stream, n_pixels, x->c, gst_sod_pixels (x),
      norm, gst_sod_pixels (y));
}
