/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Losses and their gradients, both written (=). The formulas are those of
 * gst-sod/train/loss-*.c; a pixel's terms are f32. Sums are f64, in one order:
 * a thread's pixels, a block's threads, halves upon halves, then a block for
 * each sample adds up the blocks. A block has one plane of one sample, a thread
 * PIXELS of its pixels, GST_SOD_THREADS apart. */
#include <gst-sod/backend/cuda/kernel.cuh>

#define PIXELS 8
#define N_SUMS 5 /* of a plane in the structure loss */

typedef struct
{
  GstSodPixels output, d_output;
  const float *target; /* (n, c, h, w) */
  const float *counts; /* (n, h, w): what pixels weigh, or NULL */
  int n, c, h, w;
  int chunks; /* blocks that have one plane */
  float scale;
  double *partial; /* (n, c, chunks) or (N_SUMS, n, c, chunks) */
  double *losses;  /* (n) */
} Batch;

/* A thread's plane. */
typedef struct
{
  int64_t n, index; /* of n * c */
  int channel, chunk;
  int64_t area;
  const float *target, *counts; /* (h, w) */
} Plane;

GST_SOD_DEVICE Plane
find_plane (const Batch &b)
{
  Plane p;

  p.index = blockIdx.x / (unsigned) b.chunks;
  p.chunk = (int) (blockIdx.x % (unsigned) b.chunks);
  p.n = p.index / b.c;
  p.channel = (int) (p.index % b.c);
  p.area = (int64_t) b.h * b.w;
  p.target = b.target + p.index * p.area;
  p.counts = b.counts != NULL ? b.counts + p.n * p.area : NULL;
  return p;
}

/* The thread's @i'th pixel, p.area or more where there is none. */
GST_SOD_DEVICE int64_t
find_pixel (const Plane &p, int thread, int i)
{
  return ((int64_t) p.chunk * PIXELS + i) * GST_SOD_THREADS + thread;
}

GST_SOD_DEVICE int64_t
find_element (const Plane &p, const GstSodPixels &pixels, int64_t at)
{
  return (p.n * p.area + at) * pixels.stride + p.channel;
}

GST_SOD_DEVICE float
count_pixel (const Plane &p, int64_t at)
{
  return p.counts != NULL ? p.counts[at] : 1;
}

/* Cross-entropy of logit @x, in the form that neither overflows nor cancels;
 * its probability. */
GST_SOD_DEVICE float
judge (float x, float t, float *probability)
{
  float small = expf (-fabsf (x));

  *probability = (x >= 0 ? 1 : small) / (1 + small);
  return fmaxf (x, 0) - x * t + log1pf (small);
}

GST_SOD_DEVICE float
sign (float value)
{
  return (value > 0 ? 1.0f : 0.0f) - (value < 0 ? 1.0f : 0.0f);
}

/* ---- losses of pixels and their neighbours ---- */

/* What a term of each kind weighs: of the pixel itself, and of the difference
 * from the next one in its row and in its column. */
typedef struct
{
  float here, across, down;
} Shares;

GST_SOD_DEVICE float
find_error (const Batch &b, const Plane &p, int64_t at)
{
  return gst_sod_load (b.output, find_element (p, b.output, at)) - p.target[at];
}

/* Gradient, at pixel @at, of share * weight * |e[at] - e[other]|; @sum: gets
 * the value, NULL where the other pixel counts it. */
GST_SOD_DEVICE float
differ (const Batch &b, const Plane &p, int64_t at, int64_t other, float share,
    float *sum)
{
  float error = find_error (b, p, at) - find_error (b, p, other);
  float weight = fminf (count_pixel (p, at), count_pixel (p, other));

  if (sum != NULL)
    *sum += share * weight * fabsf (error);
  return share * weight * sign (error);
}

/* Value and gradient of pixel @at. */
GST_SOD_DEVICE float
compute_pixel (const Batch &b, const Plane &p, int loss, const Shares &shares,
    int64_t at, float *gradient)
{
  float weight = shares.here * count_pixel (p, at), sum, error, d, chance;
  int y = (int) (at / b.w), x = (int) (at % b.w);

  if (loss == GST_SOD_CUDA_LOSS_BCE) {
    sum = weight
          * judge (gst_sod_load (b.output, find_element (p, b.output, at)),
              p.target[at], &chance);
    *gradient = weight * (chance - p.target[at]);
    return sum;
  }
  error = find_error (b, p, at);
  sum = weight * fabsf (error);
  d = weight * sign (error);
  if (loss == GST_SOD_CUDA_LOSS_L1_GRADIENT) {
    if (x > 0)
      d += differ (b, p, at, at - 1, shares.across, NULL);
    if (x + 1 < b.w)
      d += differ (b, p, at, at + 1, shares.across, &sum);
    if (y > 0)
      d += differ (b, p, at, at - b.w, shares.down, NULL);
    if (y + 1 < b.h)
      d += differ (b, p, at, at + b.w, shares.down, &sum);
  }
  *gradient = d;
  return sum;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
compute_pixels (Batch b, int loss, Shares shares)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    Plane p = find_plane (b);
    double sum = 0;

    for (int i = 0; i < PIXELS; i++) {
      int64_t at = find_pixel (p, thread, i);
      float gradient;

      if (at >= p.area)
        break;
      sum += (double) compute_pixel (b, p, loss, shares, at, &gradient);
      gst_sod_store (
          b.d_output, find_element (p, b.d_output, at), gradient * b.scale);
    }
    sums[thread] = sum;
  }
  GST_SOD_SUM_UP (sums, GST_SOD_THREADS);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread == 0)
      b.partial[blockIdx.x] = sums[0];
  }
}

/* A block is a sample, whose c * chunks sums it adds up. */
GST_SOD_KERNEL (GST_SOD_THREADS)
finish_pixels (Batch b)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    int n = b.c * b.chunks;
    double sum = 0;

    for (int i = thread; i < n; i += GST_SOD_THREADS)
      sum += b.partial[(int64_t) blockIdx.x * n + i];
    sums[thread] = sum;
  }
  GST_SOD_SUM_UP (sums, GST_SOD_THREADS);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread == 0)
      b.losses[blockIdx.x] = sums[0];
  }
}

/* ---- the structure loss ---- */

typedef struct
{
  int radius;     /* half the side of a pixel's neighbourhood */
  float edge;     /* how much more an edge weighs */
  float *rows;    /* (n, c, h, w): sums of the target along rows */
  float *weights; /* (n, c, h, w) */
  float *factors; /* (n, c, 3): of the gradient's three terms */
} Structure;

GST_SOD_KERNEL (GST_SOD_THREADS)
add_rows (Batch b, Structure s)
{
  Plane p = find_plane (b);

  for (int i = 0; i < PIXELS; i++) {
    int64_t at = find_pixel (p, (int) threadIdx.x, i);
    int x = (int) (at % b.w);
    float sum = 0;

    if (at >= p.area)
      return;
    for (int j = gst_sod_max (-s.radius, -x);
         j <= gst_sod_min (s.radius, b.w - 1 - x); j++)
      sum += p.target[at + j];
    s.rows[p.index * p.area + at] = sum;
  }
}

/* 1 + edge |mean of the target around - target|, zeros being beyond the edges.
 */
GST_SOD_DEVICE float
weigh (const Batch &b, const Structure &s, const Plane &p, int64_t at)
{
  const float *rows = s.rows + p.index * p.area + at;
  int y = (int) (at / b.w), side = 2 * s.radius + 1;
  float sum = 0;

  for (int i = gst_sod_max (-s.radius, -y);
       i <= gst_sod_min (s.radius, b.h - 1 - y); i++)
    sum += rows[(int64_t) i * b.w];
  return 1
         + s.edge * fabsf (sum / ((float) side * (float) side) - p.target[at]);
}

/* Sums of w, w u, w u entropy, w u p t and w u (p + t - p t), u being what the
 * pixel counts. */
GST_SOD_DEVICE void
add_structure (const Batch &b, const Structure &s, int thread,
    double sums[N_SUMS][GST_SOD_THREADS])
{
  Plane p = find_plane (b);
  double mine[N_SUMS] = { 0 };

  for (int i = 0; i < PIXELS; i++) {
    int64_t at = find_pixel (p, thread, i);
    float weight, chance, entropy, t;

    if (at >= p.area)
      break;
    weight = weigh (b, s, p, at);
    t = p.target[at];
    mine[0] += (double) weight;
    weight *= count_pixel (p, at);
    entropy = judge (
        gst_sod_load (b.output, find_element (p, b.output, at)), t, &chance);
    mine[1] += (double) weight;
    mine[2] += (double) (weight * entropy);
    mine[3] += (double) (weight * chance * t);
    mine[4] += (double) (weight * (chance + t - chance * t));
    s.weights[p.index * p.area + at] = weight;
  }
  for (int i = 0; i < N_SUMS; i++)
    sums[i][thread] = mine[i];
}

GST_SOD_KERNEL (GST_SOD_THREADS)
weigh_pixels (Batch b, Structure s)
{
  GST_SOD_SHARED double sums[N_SUMS][GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    add_structure (b, s, thread, sums);
  }
  for (int i = 0; i < N_SUMS; i++)
    GST_SOD_SUM_UP (sums[i], GST_SOD_THREADS);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread < N_SUMS)
      b.partial[(int64_t) thread * gridDim.x + blockIdx.x] = sums[thread][0];
  }
}

/* From the sums of plane @index: its part of the loss, and what the gradient's
 * terms p - t, and p (1 - p) of d (-both / either) by p t and by p (1 - t), are
 * multiplied with. */
GST_SOD_DEVICE double
judge_plane (const Batch &b, const Structure &s, int64_t index,
    double sums[N_SUMS][GST_SOD_THREADS])
{
  double n_planes = (double) b.n * b.c;
  double weight = sums[0][0], both = sums[3][0] + 1, either = sums[4][0] + 1;
  double share = sums[1][0] / weight;
  float *factors = s.factors + index * 3;

  factors[0] = (float) (1 / (weight * n_planes));
  factors[1] = (float) (-share / (either * n_planes));
  factors[2] = (float) (share * both / (either * either * n_planes));
  return (sums[2][0] / weight + share * (1 - both / either)) / n_planes;
}

/* A block is a sample, whose planes it takes one after the other. */
GST_SOD_KERNEL (GST_SOD_THREADS)
finish_structure (Batch b, Structure s)
{
  GST_SOD_SHARED double sums[N_SUMS][GST_SOD_THREADS], loss;

  GST_SOD_EACH_THREAD (thread)
  {
    if (thread == 0)
      loss = 0;
  }
  for (int channel = 0; channel < b.c; channel++) {
    int64_t index = (int64_t) blockIdx.x * b.c + channel;

    GST_SOD_TOGETHER ();
    GST_SOD_EACH_THREAD (thread)
    {
      for (int i = 0; i < N_SUMS; i++) {
        const double *from =
            b.partial + ((int64_t) i * b.n * b.c + index) * b.chunks;
        double sum = 0;

        for (int j = thread; j < b.chunks; j += GST_SOD_THREADS)
          sum += from[j];
        sums[i][thread] = sum;
      }
    }
    for (int i = 0; i < N_SUMS; i++)
      GST_SOD_SUM_UP (sums[i], GST_SOD_THREADS);
    GST_SOD_EACH_THREAD (thread)
    {
      if (thread == 0)
        loss += judge_plane (b, s, index, sums);
    }
  }
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread == 0)
      b.losses[blockIdx.x] = loss;
  }
}

GST_SOD_KERNEL (GST_SOD_THREADS)
differentiate_structure (Batch b, Structure s)
{
  Plane p = find_plane (b);
  const float *factors = s.factors + p.index * 3;

  for (int i = 0; i < PIXELS; i++) {
    int64_t at = find_pixel (p, (int) threadIdx.x, i);
    float chance, t, d;

    if (at >= p.area)
      return;
    t = p.target[at];
    judge (gst_sod_load (b.output, find_element (p, b.output, at)), t, &chance);
    d = factors[0] * (chance - t)
        + (factors[1] * t + factors[2] * (1 - t)) * chance * (1 - chance);
    gst_sod_store (b.d_output, find_element (p, b.d_output, at),
        s.weights[p.index * p.area + at] * d * b.scale);
  }
}

/* ---- launches ---- */

static int
count_chunks (const GstSodCudaView *output)
{
  return (int) (((int64_t) output->h * output->w + PIXELS * GST_SOD_THREADS - 1)
                / (PIXELS * GST_SOD_THREADS));
}

size_t
gst_sod_cuda_kernel_loss_scratch (
    GstSodCudaLoss loss, const GstSodCudaView *output)
{
  size_t planes = (size_t) output->n * (size_t) output->c;
  size_t sums = planes * (size_t) count_chunks (output) * sizeof (double);

  if (loss != GST_SOD_CUDA_LOSS_STRUCTURE)
    return sums;
  return N_SUMS * sums
         + planes * ((size_t) output->h * (size_t) output->w * 2 + 3)
               * sizeof (float);
}

static void
launch_structure (void *stream, const Batch *b, unsigned blocks,
    const GstSodCudaLossForm *form)
{
  int64_t planes = (int64_t) b->n * b->c, values = planes * b->h * b->w;
  Structure s;

  s.radius = form->radius;
  s.edge = form->edge_weight;
  s.rows = (float *) (b->partial + N_SUMS * planes * b->chunks);
  s.weights = s.rows + values;
  s.factors = s.weights + values;
  GST_SOD_LAUNCH (add_rows, blocks, GST_SOD_THREADS, stream, *b, s);
  GST_SOD_LAUNCH_BLOCKS (weigh_pixels, blocks, GST_SOD_THREADS, stream, *b, s);
  GST_SOD_LAUNCH_BLOCKS (
      finish_structure, (unsigned) b->n, GST_SOD_THREADS, stream, *b, s);
  GST_SOD_LAUNCH (
      differentiate_structure, blocks, GST_SOD_THREADS, stream, *b, s);
}

void
gst_sod_cuda_kernel_loss (void *stream, const GstSodCudaLossForm *form,
    const GstSodCudaView *output, const float *target, const float *weights,
    float scale, double *losses, void *scratch, const GstSodCudaView *d_output)
{
  Batch b = { gst_sod_pixels (output), gst_sod_pixels (d_output), target,
    weights, output->n, output->c, output->h, output->w, count_chunks (output),
    scale, (double *) scratch, losses };
  double planes = (double) b.n * b.c;
  unsigned blocks = (unsigned) (b.n * b.c * b.chunks);
  Shares shares = { 0, 0, 0 };

  if (blocks == 0)
    return;
  if (form->loss == GST_SOD_CUDA_LOSS_STRUCTURE) {
    launch_structure (stream, &b, blocks, form);
    return;
  }
  shares.here = (float) (1 / (planes * b.h * b.w));
  if (b.w > 1)
    shares.across =
        (float) (form->gradient_weight / (planes * b.h * (b.w - 1)));
  if (b.h > 1)
    shares.down = (float) (form->gradient_weight / (planes * (b.h - 1) * b.w));
  GST_SOD_LAUNCH_BLOCKS (compute_pixels, blocks, GST_SOD_THREADS, stream, b,
      (int) form->loss, shares);
  GST_SOD_LAUNCH_BLOCKS (
      finish_pixels, (unsigned) b.n, GST_SOD_THREADS, stream, b);
}
