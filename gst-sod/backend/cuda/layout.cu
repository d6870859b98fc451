/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From one layout or type to another; all results are written (=) and rounded
 * once. Between planes and pixels, x of a block is pixels and y eight channels
 * each: a warp reads or writes 32 neighbours of a plane. copy() has the mapping
 * of kernel.cuh, and weights a thread for each value of the result. */
#include <gst-sod/backend/cuda/kernel.cuh>

/* ---- activations ---- */

#define TILE 32 /* pixels */

GST_SOD_DEVICE GstSodPlace
find_in_tile (int64_t n_pixels, int c)
{
  GstSodPlace place;
  int left;

  place.pixel = (int64_t) blockIdx.x * TILE + threadIdx.x;
  place.channel = (int) (blockIdx.y * blockDim.y + threadIdx.y) * GST_SOD_LANES;
  left = place.pixel < n_pixels ? c - place.channel : 0;
  place.count = left < 0 ? 0 : left < GST_SOD_LANES ? left : GST_SOD_LANES;
  return place;
}

static inline dim3
get_tile (int c)
{
  unsigned eights = (unsigned) (c + GST_SOD_LANES - 1) / GST_SOD_LANES;
  unsigned y = 1;

  while (y < eights && y < GST_SOD_THREADS / TILE)
    y *= 2;
  return dim3 (TILE, y);
}

static inline dim3
get_tiles (int64_t n_pixels, int c)
{
  unsigned eights = (unsigned) (c + GST_SOD_LANES - 1) / GST_SOD_LANES;
  unsigned y = get_tile (c).y;

  return dim3 ((unsigned) ((n_pixels + TILE - 1) / TILE), (eights + y - 1) / y);
}

/* Of planes (n, planes_c, plane), the value of plane 0 beneath @pixel. */
GST_SOD_DEVICE int64_t
find_plane (int64_t pixel, int64_t plane, int planes_c)
{
  int64_t n = pixel <= UINT32_MAX && plane <= UINT32_MAX
                  ? (uint32_t) pixel / (uint32_t) plane
                  : pixel / plane;

  return (n * planes_c - n) * plane + pixel;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
from_planes (const float *planes, int planes_c, int64_t plane, GstSodPixels y,
    int64_t n_pixels, int c)
{
  GstSodPlace at = find_in_tile (n_pixels, c);
  const float *from;
  GstSodEight v;

  if (at.count == 0)
    return;
  from = planes + find_plane (at.pixel, plane, planes_c);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++)
    v.at[i] = at.channel + i < planes_c ? from[(at.channel + i) * plane] : 0;
  gst_sod_store_eight (y, at.pixel, at.channel, at.count, v);
}

void
gst_sod_cuda_kernel_from_planes (
    void *stream, const float *planes, int planes_c, const GstSodCudaView *view)
{
  int64_t n_pixels = gst_sod_n_pixels (view);

  if (n_pixels > 0 && view->c > 0)
    GST_SOD_LAUNCH (from_planes, get_tiles (n_pixels, view->c),
        get_tile (view->c), stream, planes, planes_c,
        (int64_t) view->h * view->w, gst_sod_pixels (view), n_pixels, view->c);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
to_planes (GstSodPixels x, float *planes, int planes_c, int64_t plane,
    int64_t n_pixels)
{
  GstSodPlace at = find_in_tile (n_pixels, planes_c);
  GstSodEight v;
  float *to;

  if (at.count == 0)
    return;
  v = gst_sod_load_eight (x, at.pixel, at.channel, at.count);
  to = planes + find_plane (at.pixel, plane, planes_c);
  GST_SOD_UNROLL
  for (int i = 0; i < GST_SOD_LANES; i++) {
    if (i < at.count)
      to[(at.channel + i) * plane] = v.at[i];
  }
}

void
gst_sod_cuda_kernel_to_planes (
    void *stream, const GstSodCudaView *view, float *planes, int planes_c)
{
  int64_t n_pixels = gst_sod_n_pixels (view);

  if (n_pixels > 0 && planes_c > 0)
    GST_SOD_LAUNCH (to_planes, get_tiles (n_pixels, planes_c),
        get_tile (planes_c), stream, gst_sod_pixels (view), planes, planes_c,
        (int64_t) view->h * view->w, n_pixels);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
copy (GstSodPixels x, GstSodPixels y, int64_t n_pixels, int c)
{
  GstSodPlace at = gst_sod_place (n_pixels, c);

  if (at.count == 0)
    return;
  gst_sod_store_eight (y, at.pixel, at.channel, at.count,
      gst_sod_load_eight (x, at.pixel, at.channel, at.count));
}

void
gst_sod_cuda_kernel_copy (
    void *stream, const GstSodCudaView *from, const GstSodCudaView *to)
{
  GstSodPixels x = gst_sod_pixels (from), y = gst_sod_pixels (to);
  GstSodPixels *const views[] = { &x, &y };
  int64_t n_pixels = gst_sod_n_pixels (to);
  int c = to->c;

  gst_sod_flatten (views, 2, &n_pixels, &c);
  GST_SOD_LAUNCH_PIXELS (copy, stream, n_pixels, c, x, y);
}

/* ---- weights ---- */

typedef struct
{
  int k, c, size; /* (k, c, size, size) f32 */
  int first_k, big, pad_c;
} Kernels;

/* Value of (k, c, size, size) that @at of (k, big, big, pad_c) holds; -1 for
 * the zeros around it. */
GST_SOD_DEVICE int64_t
find_weight (const Kernels &kernels, int64_t at)
{
  int edge = (kernels.big - kernels.size) / 2;
  int c = (int) (at % kernels.pad_c);
  int x = (int) (at / kernels.pad_c % kernels.big) - edge;
  int64_t row = at / ((int64_t) kernels.pad_c * kernels.big);
  int y = (int) (row % kernels.big) - edge;
  int64_t k = row / kernels.big;

  if (c >= kernels.c || x < 0 || x >= kernels.size || y < 0
      || y >= kernels.size)
    return -1;
  return ((k * kernels.c + c) * kernels.size + y) * kernels.size + x;
}

GST_SOD_KERNEL (GST_SOD_THREADS)
join_weights (
    const float *weights, Kernels kernels, GstSodPixels target, int64_t n)
{
  int64_t at = (int64_t) blockIdx.x * blockDim.x + threadIdx.x, from;

  if (at >= n)
    return;
  from = find_weight (kernels, at);
  gst_sod_store (target, at, from < 0 ? 0 : weights[from]);
}

GST_SOD_KERNEL (GST_SOD_THREADS)
split_weights (GstSodPixels source, Kernels kernels, float *weights,
    float scale, int64_t n)
{
  int64_t at = (int64_t) blockIdx.x * blockDim.x + threadIdx.x, to;

  if (at >= n)
    return;
  to = find_weight (kernels, at);
  if (to >= 0)
    weights[to] = gst_sod_load (source, at) * scale;
}

/* Rows first_k on of (.., big, big, pad_c), and how many values they are. */
static GstSodPixels
find_rows (
    const Kernels *kernels, const void *data, GstSodCudaType type, int64_t *n)
{
  int64_t row = (int64_t) kernels->big * kernels->big * kernels->pad_c;
  GstSodPixels rows = { NULL, 0, 0, 0 };

  rows.data =
      (char *) data
      + kernels->first_k * row * (int64_t) gst_sod_cuda_type_size (type);
  rows.type = type;
  *n = kernels->k * row;
  return rows;
}

void
gst_sod_cuda_kernel_join_weights (void *stream, const float *weights, int k,
    int c, int size, void *target, GstSodCudaType type, int first_k, int big,
    int pad_c)
{
  Kernels kernels = { k, c, size, first_k, big, pad_c };
  int64_t n;
  GstSodPixels rows = find_rows (&kernels, target, type, &n);

  if (n > 0)
    GST_SOD_LAUNCH (join_weights, gst_sod_blocks (n), GST_SOD_THREADS, stream,
        weights, kernels, rows, n);
}

void
gst_sod_cuda_kernel_split_weights (void *stream, const void *source,
    GstSodCudaType type, int first_k, int big, int pad_c, float *weights, int k,
    int c, int size, float scale)
{
  Kernels kernels = { k, c, size, first_k, big, pad_c };
  int64_t n;
  GstSodPixels rows = find_rows (&kernels, source, type, &n);

  if (n > 0)
    GST_SOD_LAUNCH (split_weights, gst_sod_blocks (n), GST_SOD_THREADS, stream,
        rows, kernels, weights, scale, n);
}
