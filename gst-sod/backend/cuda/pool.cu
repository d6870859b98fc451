/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pools without padding. All results are written (=); a gradient begins with
 * @sum's value where there is one, and is rounded once. A thread makes eight
 * channels of one pixel of the result (see kernel.cuh): of d_x too, which looks
 * for the windows that it lies in, so that nobody adds to another's sum. */
#include <gst-sod/backend/cuda/kernel.cuh>

typedef struct
{
  int size, stride;
  int h, w;         /* of x */
  int h_out, w_out; /* of y */
} Pool;

static Pool
get_pool (
    const GstSodCudaView *x, const GstSodCudaView *y, int size, int stride)
{
  Pool pool = { size, stride, x->h, x->w, y->h, y->w };

  return pool;
}

/* Pixel of x where the window of pixel @at of y begins. */
GST_SOD_DEVICE int64_t
find_window (const Pool &pool, int64_t n, int y, int x)
{
  return (n * pool.h + (int64_t) y * pool.stride) * pool.w
         + (int64_t) x * pool.stride;
}

/* ---- the greatest ---- */

typedef struct
{
  GstSodEight value;
  int at[GST_SOD_LANES]; /* number in the window, in rows */
} Greatest;

/* Of eight channels of a window: the first in reading order where several are
 * equal; a NaN wins. */
GST_SOD_DEVICE Greatest
find_greatest (const GstSodPixels &x, const Pool &pool, int64_t window,
    int channel, int count)
{
  Greatest best;

  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    best.value.at[i] = -INFINITY;
    best.at[i] = 0;
  }
  for (int k = 0; k < pool.size * pool.size; k++) {
    int row = k / pool.size;
    GstSodEight v = gst_sod_load_eight (
        x, window + row * (int64_t) (pool.w - pool.size) + k, channel, count);

    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      if (v.at[i] > best.value.at[i] || v.at[i] != v.at[i] || k == 0) {
        best.value.at[i] = v.at[i];
        best.at[i] = k;
      }
    }
  }
  return best;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
max_pool (GstSodPixels x, Pool pool, GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, pool.h_out, pool.w_out);

  if (at.count == 0)
    return;
  gst_sod_store_eight (y, at.pixel, at.channel, at.count,
      find_greatest (
          x, pool, find_window (pool, to.n, to.y, to.x), at.channel, at.count)
          .value);
}

void
gst_sod_cuda_kernel_max_pool (void *stream, const GstSodCudaView *x, int size,
    int stride, const GstSodCudaView *y)
{
  GST_SOD_LAUNCH_PIXELS (max_pool, stream, gst_sod_n_pixels (y), y->c,
      gst_sod_pixels (x), get_pool (x, y, size, stride), gst_sod_pixels (y));
}

/* Where windows do not meet, a thread takes one, or what is left at the right
 * and lower edges. Cells of a window and the gap after it are stride x stride
 * pixels. */
GST_SOD_KERNEL (GST_SOD_THREADS)
max_pool_backward_apart (GstSodPixels x, GstSodPixels d_y, Pool pool, int rows,
    int columns, GstSodPixels sum, GstSodPixels d_x, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition cell = gst_sod_position (at.pixel, rows, columns);
  bool whole = cell.y < pool.h_out && cell.x < pool.w_out;
  int64_t window = find_window (pool, cell.n, cell.y, cell.x);
  int right = gst_sod_min (pool.stride, pool.w - cell.x * pool.stride);
  int below = gst_sod_min (pool.stride, pool.h - cell.y * pool.stride);
  GstSodEight d = { { 0 } };
  Greatest best;

  if (at.count == 0)
    return;
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++)
    best.at[i] = -1;
  if (whole) {
    best = find_greatest (x, pool, window, at.channel, at.count);
    d = gst_sod_load_eight (d_y,
        (cell.n * pool.h_out + cell.y) * (int64_t) pool.w_out + cell.x,
        at.channel, at.count);
  }
  for (int i = 0; i < below; i++) {
    for (int j = 0; j < right; j++) {
      int64_t to = window + (int64_t) i * pool.w + j;
      int k = i < pool.size && j < pool.size ? i * pool.size + j : -2;
      GstSodEight v = { { 0 } };

      if (sum.data != NULL)
        v = gst_sod_load_eight (sum, to, at.channel, at.count);
      GST_SOD_UNROLL
      for (int l = 0; l < GST_SOD_LANES; l++)
        v.at[l] += best.at[l] == k ? d.at[l] : 0;
      gst_sod_store_eight (d_x, to, at.channel, at.count, v);
    }
  }
}

/* Windows [first, end) of a row or column that position @at lies in. */
GST_SOD_DEVICE int
first_window (const Pool &pool, int at)
{
  return at < pool.size ? 0 : (at - pool.size) / pool.stride + 1;
}

GST_SOD_DEVICE int
end_window (const Pool &pool, int at, int n_windows)
{
  return gst_sod_min (at / pool.stride + 1, n_windows);
}

/* Bit i: channel i of number @k of a window, whose values are @own, is its
 * greatest, in the sense of find_greatest(). */
GST_SOD_DEVICE unsigned
compare (const GstSodPixels &x, const Pool &pool, int64_t window, int k,
    const GstSodEight &own, int channel, int count)
{
  unsigned greatest = (1u << GST_SOD_LANES) - 1;

  for (int other = 0; other < pool.size * pool.size; other++) {
    int row = other / pool.size;
    GstSodEight v = gst_sod_load_eight (x,
        window + row * (int64_t) (pool.w - pool.size) + other, channel, count);

    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      bool lost = other < k ? v.at[i] >= own.at[i] : v.at[i] > own.at[i];

      if (v.at[i] != v.at[i])
        lost = other > k || own.at[i] == own.at[i];
      if (lost && other != k)
        greatest &= ~(1u << i);
    }
  }
  return greatest;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
max_pool_backward (GstSodPixels x, GstSodPixels d_y, Pool pool,
    GstSodPixels sum, GstSodPixels d_x, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, pool.h, pool.w);
  GstSodEight own, v = { { 0 } };

  if (at.count == 0)
    return;
  own = gst_sod_load_eight (x, at.pixel, at.channel, at.count);
  if (sum.data != NULL)
    v = gst_sod_load_eight (sum, at.pixel, at.channel, at.count);
  for (int i = first_window (pool, to.y);
       i < end_window (pool, to.y, pool.h_out); i++) {
    for (int j = first_window (pool, to.x);
         j < end_window (pool, to.x, pool.w_out); j++) {
      int k = (to.y - i * pool.stride) * pool.size + to.x - j * pool.stride;
      unsigned greatest = compare (x, pool, find_window (pool, to.n, i, j), k,
          own, at.channel, at.count);
      GstSodEight d = gst_sod_load_eight (d_y,
          (to.n * pool.h_out + i) * (int64_t) pool.w_out + j, at.channel,
          at.count);

      GST_SOD_UNROLL
      for (int l = 0; l < GST_SOD_LANES; l++)
        v.at[l] += greatest >> l & 1 ? d.at[l] : 0;
    }
  }
  gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_max_pool_backward (void *stream, const GstSodCudaView *x,
    const GstSodCudaView *d_y, int size, int stride, const GstSodCudaView *sum,
    const GstSodCudaView *d_x)
{
  Pool pool = get_pool (x, d_y, size, stride);
  int rows = (x->h + stride - 1) / stride;
  int columns = (x->w + stride - 1) / stride;

  if (size <= stride)
    GST_SOD_LAUNCH_PIXELS (max_pool_backward_apart, stream,
        (int64_t) x->n * rows * columns, x->c, gst_sod_pixels (x),
        gst_sod_pixels (d_y), pool, rows, columns, gst_sod_pixels (sum),
        gst_sod_pixels (d_x));
  else
    GST_SOD_LAUNCH_PIXELS (max_pool_backward, stream, gst_sod_n_pixels (x),
        x->c, gst_sod_pixels (x), gst_sod_pixels (d_y), pool,
        gst_sod_pixels (sum), gst_sod_pixels (d_x));
}

/* ---- the mean ---- */

GST_SOD_KERNEL (GST_SOD_THREADS)
avg_pool (GstSodPixels x, Pool pool, GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, pool.h_out, pool.w_out);
  int64_t window = find_window (pool, to.n, to.y, to.x);
  GstSodEight v = { { 0 } };

  if (at.count == 0)
    return;
  for (int i = 0; i < pool.size; i++) {
    for (int j = 0; j < pool.size; j++) {
      GstSodEight one = gst_sod_load_eight (
          x, window + (int64_t) i * pool.w + j, at.channel, at.count);

      GST_SOD_UNROLL
      for (int l = 0; l < GST_SOD_LANES; l++)
        v.at[l] += one.at[l];
    }
  }
  GST_SOD_UNROLL
  for (int l = 0; l < GST_SOD_LANES; l++)
    v.at[l] /= (float) (pool.size * pool.size);
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_avg_pool (void *stream, const GstSodCudaView *x, int size,
    int stride, const GstSodCudaView *y)
{
  GST_SOD_LAUNCH_PIXELS (avg_pool, stream, gst_sod_n_pixels (y), y->c,
      gst_sod_pixels (x), get_pool (x, y, size, stride), gst_sod_pixels (y));
}

GST_SOD_KERNEL (GST_SOD_THREADS)
avg_pool_backward (GstSodPixels d_y, Pool pool, GstSodPixels sum,
    GstSodPixels d_x, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);
  GstSodPosition to = gst_sod_position (at.pixel, pool.h, pool.w);
  GstSodEight v = { { 0 } }, old = { { 0 } };

  if (at.count == 0)
    return;
  for (int i = first_window (pool, to.y);
       i < end_window (pool, to.y, pool.h_out); i++) {
    for (int j = first_window (pool, to.x);
         j < end_window (pool, to.x, pool.w_out); j++) {
      GstSodEight d = gst_sod_load_eight (d_y,
          (to.n * pool.h_out + i) * (int64_t) pool.w_out + j, at.channel,
          at.count);

      GST_SOD_UNROLL
      for (int l = 0; l < GST_SOD_LANES; l++)
        v.at[l] += d.at[l];
    }
  }
  if (sum.data != NULL)
    old = gst_sod_load_eight (sum, at.pixel, at.channel, at.count);
  GST_SOD_UNROLL
  for (int l = 0; l < GST_SOD_LANES; l++)
    v.at[l] = old.at[l] + v.at[l] / (float) (pool.size * pool.size);
  gst_sod_store_eight (d_x, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_avg_pool_backward (void *stream, const GstSodCudaView *d_y,
    int size, int stride, const GstSodCudaView *sum, const GstSodCudaView *d_x)
{
  GST_SOD_LAUNCH_PIXELS (avg_pool_backward, stream, gst_sod_n_pixels (d_x),
      d_x->c, gst_sod_pixels (d_y), get_pool (d_x, d_y, size, stride),
      gst_sod_pixels (sum), gst_sod_pixels (d_x));
}
