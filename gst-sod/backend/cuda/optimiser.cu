/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One update of all weights by all gradients, in place: gst-sod/train/adamw.c,
 * sgd.c and the averages of optimiser.c. A value's arithmetic is f32, sums of
 * squares are f64 in one order: a thread's values, gridDim.x * GST_SOD_THREADS
 * apart, a block's threads, halves upon halves, then the blocks, which every
 * block of the second launch adds up anew. A thread of that has one value at a
 * time, neighbours beside each other. */
#include <gst-sod/backend/cuda/kernel.cuh>

#define BETA_1 0.9
#define BETA_2 0.999
#define EPSILON 1e-8f

#define MAX_SUMS 1024 /* blocks of the first launch */
#define VALUES 8      /* of a thread, at least */

static unsigned
count_blocks (size_t n, size_t limit)
{
  size_t blocks =
      (n + VALUES * GST_SOD_THREADS - 1) / (VALUES * GST_SOD_THREADS);

  return (unsigned) (blocks < 1 ? 1 : blocks < limit ? blocks : limit);
}

size_t
gst_sod_cuda_kernel_update_scratch (const GstSodCudaParams *params)
{
  return count_blocks (params->n_trained, MAX_SUMS) * sizeof (double);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
add_squares (const float *gradients, float scale, size_t n, double *partial)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    size_t step = (size_t) gridDim.x * GST_SOD_THREADS;
    double sum = 0;

    for (size_t i = (size_t) blockIdx.x * GST_SOD_THREADS + (size_t) thread;
         i < n; i += step) {
      double g = (double) (gradients[i] * scale);

      sum += g * g;
    }
    sums[thread] = sum;
  }
  GST_SOD_SUM_UP (sums, GST_SOD_THREADS);
  GST_SOD_EACH_THREAD (thread)
  {
    if (thread == 0)
      partial[blockIdx.x] = sums[0];
  }
}

typedef struct
{
  int adamw;
  float rate;     /* AdamW: times what unbiases the mean */
  float unbias;   /* AdamW: of the root of the mean square */
  float momentum; /* SGD */
  float decay;    /* SGD: times the weight, is added to the gradient */
  float keep;     /* AdamW: what remains of a weight that decays */
  float gradient_scale, clip_norm, average_share;
} Rule;

GST_SOD_DEVICE float
update_adamw (
    const GstSodCudaParams &p, const Rule &rule, size_t i, float gradient)
{
  float m = p.moments[0][i], s = p.moments[1][i];
  float keep = p.decays[i] ? rule.keep : 1;

  m += (float) (1 - BETA_1) * (gradient - m);
  s += (float) (1 - BETA_2) * (gradient * gradient - s);
  p.moments[0][i] = m;
  p.moments[1][i] = s;
  return p.weights[i] * keep
         - rule.rate * m / (sqrtf (s) * rule.unbias + EPSILON);
}

GST_SOD_DEVICE float
update_sgd (
    const GstSodCudaParams &p, const Rule &rule, size_t i, float gradient)
{
  float weight = p.weights[i];
  float v = rule.momentum * p.moments[0][i] + gradient
            + (p.decays[i] ? rule.decay : 0) * weight;

  p.moments[0][i] = v;
  return weight - rule.rate * v;
}

GST_SOD_DEVICE void
update_value (
    const GstSodCudaParams &p, const Rule &rule, size_t i, float scale)
{
  float weight;

  if (i >= p.n_trained)
    weight = p.weights[i];
  else if (rule.adamw)
    weight = update_adamw (p, rule, i, scale * p.gradients[i]);
  else
    weight = update_sgd (p, rule, i, scale * p.gradients[i]);
  if (i < p.n_trained)
    p.weights[i] = weight;
  if (rule.average_share > 0)
    p.averages[i] += rule.average_share * (weight - p.averages[i]);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
update_all (GstSodCudaParams p, Rule rule, const double *partial, int n_partial,
    double *norm)
{
  GST_SOD_SHARED double sums[GST_SOD_THREADS];

  GST_SOD_EACH_THREAD (thread)
  {
    double sum = 0;

    for (int i = thread; i < n_partial; i += GST_SOD_THREADS)
      sum += partial[i];
    sums[thread] = sum;
  }
  GST_SOD_SUM_UP (sums, GST_SOD_THREADS);
  GST_SOD_EACH_THREAD (thread)
  {
    size_t step = (size_t) gridDim.x * GST_SOD_THREADS;
    double length = sqrt (sums[0]);
    double clip = rule.clip_norm > 0 && length > (double) rule.clip_norm
                      ? (double) rule.clip_norm / length
                      : 1;
    float scale = (float) ((double) rule.gradient_scale * clip);

    if (blockIdx.x == 0 && thread == 0)
      *norm = length;
    if (!(length < (double) INFINITY))
      continue; /* not finite: everything stays */
    for (size_t i = (size_t) blockIdx.x * GST_SOD_THREADS + (size_t) thread;
         i < p.n; i += step)
      update_value (p, rule, i, scale);
  }
}

static Rule
get_rule (const GstSodCudaUpdate *update)
{
  double t = (double) update->step + 1;
  double rate = (double) update->learning_rate;
  Rule rule = {};

  rule.adamw = update->adamw;
  rule.rate = (float) (update->adamw ? rate / (1 - pow (BETA_1, t)) : rate);
  rule.unbias = (float) (1 / sqrt (1 - pow (BETA_2, t)));
  rule.momentum = update->momentum;
  rule.decay = update->weight_decay;
  rule.keep = (float) (1 - rate * (double) update->weight_decay);
  rule.gradient_scale = update->gradient_scale;
  rule.clip_norm = update->clip_norm;
  rule.average_share = update->average_share;
  return rule;
}

void
gst_sod_cuda_kernel_update (void *stream, const GstSodCudaParams *params,
    const GstSodCudaUpdate *update, double *norm, void *scratch)
{
  unsigned n_sums = count_blocks (params->n_trained, MAX_SUMS);
  double *partial = (double *) scratch;

  GST_SOD_LAUNCH_BLOCKS (add_squares, n_sums, GST_SOD_THREADS, stream,
      (const float *) params->gradients, update->gradient_scale,
      params->n_trained, partial);
  GST_SOD_LAUNCH_BLOCKS (update_all, count_blocks (params->n, 65535),
      GST_SOD_THREADS, stream, *params, get_rule (update),
      (const double *) partial, (int) n_sums, norm);
}
