/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sums over the pixels of a batch, channel by channel, in one order,
 * which depends on sizes alone: first each thread's pixels, in f32; then the
 * rows of a block, halves upon halves; then a second launch adds up the blocks
 * in f64. A thread of the first has eight channels of every gridDim.x *
 * blockDim.y'th pixel; of the second, a channel of every GST_SOD_SUMS_ROWS'th
 * block. What follows has the mapping of kernel.cuh, a few pixels a thread. */
#include <gst-sod/backend/cuda/kernel.cuh>

#define GST_SOD_SUMS_PIXELS 8 /* of a thread, at least */
#define GST_SOD_SUMS_MAX_BLOCKS 1024

/* Blocks that pixels are shared among. */
static int
gst_sod_sums_count_blocks (int64_t n_pixels, int c)
{
  int64_t pixels = (int64_t) gst_sod_pixel_block (c).y * GST_SOD_SUMS_PIXELS;
  int64_t n = (n_pixels + pixels - 1) / pixels;

  return (int) (n < GST_SOD_SUMS_MAX_BLOCKS ? n : GST_SOD_SUMS_MAX_BLOCKS);
}

/* Of a block's threads, eight channels each. */
typedef struct
{
  float a[GST_SOD_LANES][GST_SOD_THREADS];
  float b[GST_SOD_LANES][GST_SOD_THREADS];
  float n[GST_SOD_THREADS]; /* pixels */
} GstSodSums;

/* Row 0's sums are written, channel by channel. */
GST_SOD_DEVICE void
gst_sod_sums_write (const GstSodSums &sums, int thread, int c, float *partial)
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
gst_sod_sums_place (int thread, int64_t step, int64_t n_pixels, int c)
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

/* The second launch: a block adds up GST_SOD_SUMS_COLUMNS channels of all
 * blocks. */
#define GST_SOD_SUMS_COLUMNS 8
#define GST_SOD_SUMS_ROWS (GST_SOD_THREADS / GST_SOD_SUMS_COLUMNS)

static inline dim3
gst_sod_sums_columns (int c)
{
  return dim3 (
      (unsigned) (c + GST_SOD_SUMS_COLUMNS - 1) / GST_SOD_SUMS_COLUMNS);
}

/* Adds up the rows of each column into row 0. */
#define GST_SOD_SUM_UP_ROWS(sums)                                              \
  do {                                                                         \
    for (int half = GST_SOD_THREADS / 2; half >= GST_SOD_SUMS_COLUMNS;         \
         half /= 2) {                                                          \
      GST_SOD_TOGETHER ();                                                     \
      GST_SOD_EACH_THREAD (thread)                                             \
      {                                                                        \
        if (thread < half)                                                     \
          (sums)[thread] += (sums)[thread + half];                             \
      }                                                                        \
    }                                                                          \
    GST_SOD_TOGETHER ();                                                       \
  } while (0)

/* Results are made a few pixels a thread: what belongs to its channels is
 * loaded once. */
#define GST_SOD_RESULTS_A_THREAD 4

#define GST_SOD_LAUNCH_RESULTS(kernel, stream, n_pixels, c, ...)               \
  GST_SOD_LAUNCH (kernel,                                                      \
      gst_sod_pixel_grid (((n_pixels) + GST_SOD_RESULTS_A_THREAD - 1)          \
                              / GST_SOD_RESULTS_A_THREAD,                      \
          c),                                                                  \
      gst_sod_pixel_block (c), stream, __VA_ARGS__, n_pixels, c)
