/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sums over the pixels of a batch, channel by channel: of batch norm and of a
 * bias's gradient. All results are written (=).
 *
 * Sums are made in one order, which depends on sizes alone: first each thread's
 * pixels, in f32 (mean and squares by Welford's update, so that a variance far
 * below the mean's square does not cancel); then the rows of a block, halves
 * upon halves (mean and squares as Chan et al., 1979, merge them); then a
 * second launch adds up the blocks in f64. A thread of the first has eight
 * channels of every gridDim.x * blockDim.y'th pixel; of the second, a channel
 * of every ROWS'th block. What follows has the mapping of kernel.cuh. */
#include <gst-sod/backend/cuda/kernel.cuh>

#define PIXELS_A_THREAD 32
#define MAX_BLOCKS 1024

/* Blocks that pixels are shared among. */
static int
count_blocks (int64_t n_pixels, int c)
{
  int64_t pixels = (int64_t) gst_sod_pixel_block (c).y * PIXELS_A_THREAD;
  int64_t n = (n_pixels + pixels - 1) / pixels;

  return (int) (n < MAX_BLOCKS ? n : MAX_BLOCKS);
}

/* What the first launch leaves: two sums a block and channel, (blocks, 2, c),
 * then (2, c) that the second makes of them. */
static float *
find_totals (void *scratch, int64_t n_pixels, int c)
{
  return (float *) scratch + (int64_t) count_blocks (n_pixels, c) * 2 * c;
}

size_t
gst_sod_cuda_kernel_norm_scratch (const GstSodCudaView *x)
{
  return ((size_t) count_blocks (gst_sod_n_pixels (x), x->c) + 1) * 2
         * (size_t) x->c * sizeof (float);
}

/* Of a block's threads, eight channels each. */
typedef struct
{
  float a[GST_SOD_LANES][GST_SOD_THREADS];
  float b[GST_SOD_LANES][GST_SOD_THREADS];
  float n[GST_SOD_THREADS]; /* pixels */
} Sums;

/* Row 0's sums are written, channel by channel. */
GST_SOD_DEVICE void
write_sums (const Sums &sums, int thread, int c, float *partial)
{
  int channel = (int) (blockIdx.y * blockDim.x + thread) * GST_SOD_LANES;
  float *to = partial + (int64_t) blockIdx.x * 2 * c;

  if (thread >= (int) blockDim.x)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    if (channel + i < c) {
      to[channel + i] = sums.a[i][thread];
      to[c + channel + i] = sums.b[i][thread];
    }
  }
}

/* A thread's place at its @step'th pixel. */
GST_SOD_DEVICE GstSodPlace
find_place (int thread, int64_t step, int64_t n_pixels, int c)
{
  int row = thread / (int) blockDim.x, column = thread % (int) blockDim.x;
  GstSodPlace place;
  int left;

  place.pixel = (step * gridDim.x + blockIdx.x) * blockDim.y + row;
  place.channel = (int) (blockIdx.y * blockDim.x + column) * GST_SOD_LANES;
  left = place.pixel < n_pixels ? c - place.channel : 0;
  place.count = left < 0 ? 0 : left < GST_SOD_LANES ? left : GST_SOD_LANES;
  return place;
}

/* The second launch: a block adds up COLUMNS channels of all blocks. */
#define COLUMNS 8
#define ROWS (GST_SOD_THREADS / COLUMNS)

static inline dim3
count_columns (int c)
{
  return dim3 ((unsigned) (c + COLUMNS - 1) / COLUMNS);
}

/* Adds up the rows of each column into row 0. */
#define SUM_UP_ROWS(sums)                                                      \
  do {                                                                         \
    for (int half = GST_SOD_THREADS / 2; half >= COLUMNS; half /= 2) {         \
      GST_SOD_TOGETHER ();                                                     \
      GST_SOD_EACH_THREAD (thread)                                             \
      {                                                                        \
        if (thread < half)                                                     \
          (sums)[thread] += (sums)[thread + half];                             \
      }                                                                        \
    }                                                                          \
    GST_SOD_TOGETHER ();                                                       \
  } while (0)

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
measure_pixels (
    const GstSodPixels &x, int thread, int64_t n_pixels, int c, Sums *sums)
{
  GstSodPlace at = find_place (thread, 0, n_pixels, c);
  GstSodEight mean = { { 0 } }, squares = { { 0 } }, first = { { 0 } };
  int n = 0;

  if (at.count > 0)
    first = gst_sod_load_eight (x, 0, at.channel, at.count);
  while (at.count > 0) {
    GstSodPlace next = find_place (thread, n + 1, n_pixels, c);
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
    at = find_place (thread, n, n_pixels, c);
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
merge (Sums *sums, int thread, int other)
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
  GST_SOD_SHARED Sums sums;

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
    write_sums (sums, thread, c, partial);
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
  int channel = (int) blockIdx.x * COLUMNS + thread % COLUMNS;
  double sum = 0;

  for (int i = thread / COLUMNS; channel < s.c && i < s.n_blocks; i += ROWS) {
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
  GST_SOD_SHARED double sums[GST_SOD_THREADS], means[COLUMNS];

  GST_SOD_EACH_THREAD (thread)
  {
    sums[thread] = add_blocks (s, thread, NULL);
  }
  SUM_UP_ROWS (sums);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread < COLUMNS)
      means[thread] = sums[thread] / (double) s.n_pixels;
  }
  GST_SOD_TOGETHER ();
  GST_SOD_EACH_THREAD (thread)
  {
    sums[thread] = add_blocks (s, thread, &means[thread % COLUMNS]);
  }
  SUM_UP_ROWS (sums);
  GST_SOD_EACH_THREAD (thread)
  {
    int channel = (int) blockIdx.x * COLUMNS + thread;

    if (thread < COLUMNS && channel < s.c)
      write_statistics (s, channel, means[thread], sums[thread]);
  }
}

/* ---- forward ---- */

/* Results are made a few pixels a thread: what belongs to its channels is
 * loaded once. */
#define RESULTS_A_THREAD 4

#define LAUNCH_RESULTS(kernel, stream, n_pixels, c, ...)                       \
  GST_SOD_LAUNCH (kernel,                                                      \
      gst_sod_pixel_grid (                                                     \
          ((n_pixels) + RESULTS_A_THREAD - 1) / RESULTS_A_THREAD, c),          \
      gst_sod_pixel_block (c), stream, __VA_ARGS__, n_pixels, c)

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
  GstSodPlace at = find_place (thread, 0, n_pixels, c);
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
    at = find_place (thread, step, n_pixels, c);
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
    n_pixels, x->c, count_blocks (n_pixels, x->c), (int) block.y, epsilon,
    momentum, running_mean, running_var, saved };
  Norm norm = { weight, bias, saved, relu };

  if (n_pixels == 0)
    return;
  grid.x = (unsigned) statistics.n_blocks;
  GST_SOD_LAUNCH_BLOCKS (measure, grid, block, stream, gst_sod_pixels (x),
      (float *) scratch, n_pixels, x->c);
  GST_SOD_LAUNCH_BLOCKS (finish_statistics, count_columns (x->c),
      GST_SOD_THREADS, stream, statistics);
  LAUNCH_RESULTS (normalise, stream, n_pixels, x->c, gst_sod_pixels (x), norm,
      gst_sod_pixels (y));
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
  LAUNCH_RESULTS (normalise, stream, n_pixels, x->c, gst_sod_pixels (x), norm,
      gst_sod_pixels (y));
}

/* ---- backward ---- */

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
add_pixels (const Gradients &g, int thread, int64_t n_pixels, int c, Sums *sums)
{
  GstSodPlace at = find_place (thread, 0, n_pixels, c);
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
    at = find_place (thread, n, n_pixels, c);
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
  GST_SOD_SHARED Sums sums;

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
    write_sums (sums, thread, c, partial);
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
  int channel = (int) blockIdx.x * COLUMNS + thread % COLUMNS;
  double sum = 0;

  for (int i = thread / COLUMNS; channel < c && i < n_blocks; i += ROWS)
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
  SUM_UP_ROWS (sums);
  SUM_UP_ROWS (products);
  GST_SOD_EACH_THREAD (thread)
  {
    int channel = (int) blockIdx.x * COLUMNS + thread;

    if (thread >= COLUMNS || channel >= c)
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
  GstSodPlace at = find_place (thread, 0, n_pixels, c);
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
    at = find_place (thread, step, n_pixels, c);
  }
}

static void
launch_sums (void *stream, const Gradients *g, int64_t n_pixels, int c,
    void *scratch, const Targets *to)
{
  dim3 block = gst_sod_pixel_block (c), grid = gst_sod_pixel_grid (1, c);

  grid.x = (unsigned) count_blocks (n_pixels, c);
  GST_SOD_LAUNCH_BLOCKS (
      add_up, grid, block, stream, *g, (float *) scratch, n_pixels, c);
  GST_SOD_LAUNCH_BLOCKS (finish_sums, count_columns (c), GST_SOD_THREADS,
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
  LAUNCH_RESULTS (differentiate, stream, n_pixels, d_y->c, g, weight,
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
