/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernels are written in: CUDA, or C++ that does the same on the host.
 *
 * nvcc compiles a kernel for the GPU; the host's compiler makes a function of
 * it that GST_SOD_LAUNCH calls for every thread of the grid, one after the
 * other. A kernel whose threads work together is launched with
 * GST_SOD_LAUNCH_BLOCKS: everything in it is within GST_SOD_EACH_THREAD, and
 * GST_SOD_TOGETHER between two of these is where the block's threads wait for
 * each other. On the host it is called once a block, and loops there: sums are
 * made in the same order in both worlds.
 *
 * Types are no templates: a thread loads eight channels of a pixel at a time,
 * 16 or 32 bytes where they are aligned, and asks once what type they are,
 * which is the same for the whole grid. Arithmetic is f32. */
#include <gst-sod/backend/cuda/kernels-private.h>

#include <math.h>
#include <string.h>

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define GST_SOD_DEVICE static __device__ __forceinline__
#define GST_SOD_KERNEL(threads)                                                \
  static __global__ void __launch_bounds__ (threads, 2)
#define GST_SOD_SHARED __shared__
#define GST_SOD_UNROLL _Pragma ("unroll")
#define GST_SOD_EACH_THREAD(name)                                              \
  for (int name = threadIdx.y * blockDim.x + threadIdx.x, name##_done = 0;     \
       !name##_done; name##_done = 1)
#define GST_SOD_TOGETHER() __syncthreads ()
#define GST_SOD_LAUNCH(kernel, grid, block, stream, ...)                       \
  kernel<<<(grid), (block), 0, (cudaStream_t) (stream)>>> (__VA_ARGS__)
#define GST_SOD_LAUNCH_BLOCKS GST_SOD_LAUNCH

#else

#define GST_SOD_DEVICE static inline
#define GST_SOD_KERNEL(threads) static void
#define GST_SOD_SHARED static thread_local
#define GST_SOD_UNROLL
#define GST_SOD_EACH_THREAD(name)                                              \
  for (int name = 0; name < (int) (blockDim.x * blockDim.y); name++)
#define GST_SOD_TOGETHER()

struct dim3
{
  unsigned x, y, z;
  constexpr dim3 (unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1)
      : x (x_), y (y_), z (z_)
  {
  }
};

/* Of the thread that the launch is at. */
static thread_local dim3 gridDim, blockDim, blockIdx, threadIdx;

#define GST_SOD_EACH(index, size)                                              \
  for (index.z = 0; index.z < size.z; index.z++)                               \
    for (index.y = 0; index.y < size.y; index.y++)                             \
      for (index.x = 0; index.x < size.x; index.x++)
#define GST_SOD_LAUNCH(kernel, grid, block, stream, ...)                       \
  do {                                                                         \
    (void) (stream);                                                           \
    gridDim = (grid);                                                          \
    blockDim = (block);                                                        \
    GST_SOD_EACH (blockIdx, gridDim)                                           \
      GST_SOD_EACH (threadIdx, blockDim)                                       \
        kernel (__VA_ARGS__);                                                  \
  } while (0)
#define GST_SOD_LAUNCH_BLOCKS(kernel, grid, block, stream, ...)                \
  do {                                                                         \
    (void) (stream);                                                           \
    gridDim = (grid);                                                          \
    blockDim = (block);                                                        \
    threadIdx = dim3 (0, 0, 0);                                                \
    GST_SOD_EACH (blockIdx, gridDim)                                           \
      kernel (__VA_ARGS__);                                                    \
  } while (0)

#endif

/* ---- 16-bit types ---- */

GST_SOD_DEVICE float
gst_sod_bits_to_float (uint32_t bits)
{
  float value;

  memcpy (&value, &bits, sizeof (value));
  return value;
}

GST_SOD_DEVICE uint32_t
gst_sod_float_to_bits (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof (bits));
  return bits;
}

GST_SOD_DEVICE float
gst_sod_read_bf16 (uint16_t bits)
{
  return gst_sod_bits_to_float ((uint32_t) bits << 16);
}

GST_SOD_DEVICE uint16_t
gst_sod_write_bf16 (float value)
{
#ifdef __CUDACC__
  return __bfloat16_as_ushort (__float2bfloat16_rn (value));
#else
  uint32_t bits = gst_sod_float_to_bits (value);

  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return (uint16_t) (bits >> 16 | 0x40u); /* a quiet NaN stays one */
  return (uint16_t) ((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
#endif
}

GST_SOD_DEVICE float
gst_sod_read_f16 (uint16_t bits)
{
#ifdef __CUDACC__
  return __half2float (__ushort_as_half (bits));
#else
  uint32_t sign = (uint32_t) (bits & 0x8000u) << 16;
  uint32_t rest = bits & 0x7fffu;
  float value;

  if (rest >= 0x7c00u) /* infinity and NaN */
    return gst_sod_bits_to_float (sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  if (rest < 0x400u) { /* multiples of 2^-24 */
    value = (float) rest * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return gst_sod_bits_to_float (sign | ((rest << 13) + 0x38000000u));
#endif
}

/* To nearest, ties to even; beyond 65504 by half a step or more, infinity. */
GST_SOD_DEVICE uint16_t
gst_sod_write_f16 (float value)
{
#ifdef __CUDACC__
  return __half_as_ushort (__float2half_rn (value));
#else
  uint32_t bits = gst_sod_float_to_bits (value);
  uint32_t sign = bits >> 16 & 0x8000u;
  uint32_t rest = bits & 0x7fffffffu;

  if (rest > 0x7f800000u)
    return (uint16_t) (sign | 0x7e00u);
  if (rest >= 0x477ff000u)
    return (uint16_t) (sign | 0x7c00u);
  if (rest < 0x38800000u) { /* the sum's last bit is 2^-24 */
    float sum = gst_sod_bits_to_float (rest) + 0.5f;

    return (uint16_t) (sign | (gst_sod_float_to_bits (sum) - 0x3f000000u));
  }
  rest += 0xfffu + (rest >> 13 & 1u);
  return (uint16_t) (sign | (rest - 0x38000000u) >> 13);
#endif
}

/* ---- eight channels of a pixel ---- */

#define GST_SOD_LANES 8
#define GST_SOD_THREADS 256 /* of a block */

/* A view as a kernel reads it: pixels as one row of n * h * w. */
typedef struct
{
  char *data; /* NULL: there is none */
  int64_t stride;
  int type;
  int aligned; /* eight channels lie at a multiple of 16 bytes */
} GstSodPixels;

typedef struct
{
  float at[GST_SOD_LANES];
} GstSodEight;

static inline GstSodPixels
gst_sod_pixels (const GstSodCudaView *view)
{
  GstSodPixels pixels = { NULL, 0, 0, 0 };

  if (view == NULL)
    return pixels;
  pixels.data = (char *) view->data;
  pixels.stride = view->stride;
  pixels.type = view->type;
  pixels.aligned =
      (uintptr_t) view->data % 16 == 0
      && (size_t) view->stride * gst_sod_cuda_type_size (view->type) % 16 == 0;
  return pixels;
}

typedef struct
{
  uint32_t word[4];
} __attribute__ ((aligned (16))) GstSodQuad;

GST_SOD_DEVICE float
gst_sod_load (const GstSodPixels &from, int64_t at)
{
  if (from.type == GST_SOD_CUDA_F32)
    return ((const float *) from.data)[at];
  if (from.type == GST_SOD_CUDA_F16)
    return gst_sod_read_f16 (((const uint16_t *) from.data)[at]);
  return gst_sod_read_bf16 (((const uint16_t *) from.data)[at]);
}

GST_SOD_DEVICE void
gst_sod_store (const GstSodPixels &to, int64_t at, float value)
{
  if (to.type == GST_SOD_CUDA_F32)
    ((float *) to.data)[at] = value;
  else if (to.type == GST_SOD_CUDA_F16)
    ((uint16_t *) to.data)[at] = gst_sod_write_f16 (value);
  else
    ((uint16_t *) to.data)[at] = gst_sod_write_bf16 (value);
}

/* Eight values as they lie in memory, 16-bit ones in the first four words. What
 * several of them go into is faster where all are fetched before the first is
 * unpacked, which waits for it. */
typedef struct
{
  uint32_t word[GST_SOD_LANES];
} GstSodRaw;

GST_SOD_DEVICE void
gst_sod_fetch_quad (const char *from, uint32_t *word)
{
  GstSodQuad quad = *(const GstSodQuad *) from;

  GST_SOD_UNROLL
  for (int i = 0; i < 4; i++)
    word[i] = quad.word[i];
}

/* Channels [channel, channel + count) of @pixel, zeros after them. */
GST_SOD_DEVICE GstSodRaw
gst_sod_fetch_eight (
    const GstSodPixels &from, int64_t pixel, int channel, int count)
{
  int64_t at = pixel * from.stride + channel;
  GstSodRaw raw = { { 0 } };

  if (count == GST_SOD_LANES && from.aligned) {
    if (from.type == GST_SOD_CUDA_F32) {
      gst_sod_fetch_quad (from.data + at * 4, raw.word);
      gst_sod_fetch_quad (from.data + at * 4 + 16, raw.word + 4);
    } else {
      gst_sod_fetch_quad (from.data + at * 2, raw.word);
    }
  } else if (from.type == GST_SOD_CUDA_F32) {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      if (i < count)
        raw.word[i] = ((const uint32_t *) from.data)[at + i];
    }
  } else {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      if (i < count)
        raw.word[i / 2] |= (uint32_t) ((const uint16_t *) from.data)[at + i]
                           << i % 2 * 16;
    }
  }
  return raw;
}

GST_SOD_DEVICE GstSodEight
gst_sod_unpack (const GstSodPixels &from, const GstSodRaw &raw)
{
  GstSodEight to;

  if (from.type == GST_SOD_CUDA_F32) {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++)
      to.at[i] = gst_sod_bits_to_float (raw.word[i]);
  } else if (from.type == GST_SOD_CUDA_F16) {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++)
      to.at[i] = gst_sod_read_f16 ((uint16_t) (raw.word[i / 2] >> i % 2 * 16));
  } else {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++)
      to.at[i] = gst_sod_read_bf16 ((uint16_t) (raw.word[i / 2] >> i % 2 * 16));
  }
  return to;
}

GST_SOD_DEVICE GstSodEight
gst_sod_load_eight (
    const GstSodPixels &from, int64_t pixel, int channel, int count)
{
  return gst_sod_unpack (
      from, gst_sod_fetch_eight (from, pixel, channel, count));
}

GST_SOD_DEVICE void
gst_sod_store_eight (const GstSodPixels &to, int64_t pixel, int channel,
    int count, const GstSodEight &from)
{
  int64_t at = pixel * to.stride + channel;

  if (count < GST_SOD_LANES || !to.aligned) {
    GST_SOD_UNROLL
    for (int i = 0; i < GST_SOD_LANES; i++) {
      if (i < count)
        gst_sod_store (to, at + i, from.at[i]);
    }
  } else if (to.type == GST_SOD_CUDA_F32) {
    GstSodQuad *quads = (GstSodQuad *) (to.data + at * 4);
    GstSodQuad low, high;

    GST_SOD_UNROLL
    for (int i = 0; i < 4; i++) {
      low.word[i] = gst_sod_float_to_bits (from.at[i]);
      high.word[i] = gst_sod_float_to_bits (from.at[i + 4]);
    }
    quads[0] = low;
    quads[1] = high;
  } else {
    GstSodQuad quad;
    bool half = to.type == GST_SOD_CUDA_F16;

    GST_SOD_UNROLL
    for (int i = 0; i < 4; i++) {
      float a = from.at[2 * i], b = from.at[2 * i + 1];

      if (half)
        quad.word[i] =
            gst_sod_write_f16 (a) | (uint32_t) gst_sod_write_f16 (b) << 16;
      else
        quad.word[i] =
            gst_sod_write_bf16 (a) | (uint32_t) gst_sod_write_bf16 (b) << 16;
    }
    *(GstSodQuad *) (to.data + at * 2) = quad;
  }
}

/* ---- threads ---- */

/* The usual mapping: x of a block is eight channels each, as many as there are
 * up to 32; y is pixels. Neighbours in a warp read neighbours in memory. */
static inline dim3
gst_sod_pixel_block (int c)
{
  unsigned eights = (unsigned) (c + GST_SOD_LANES - 1) / GST_SOD_LANES;
  unsigned x = 1;

  while (x < eights && x < 32)
    x *= 2;
  return dim3 (x, GST_SOD_THREADS / x);
}

/* As many blocks as @n_pixels pixels of @c channels take. */
static inline dim3
gst_sod_pixel_grid (int64_t n_pixels, int c)
{
  dim3 block = gst_sod_pixel_block (c);
  unsigned eights = (unsigned) (c + GST_SOD_LANES - 1) / GST_SOD_LANES;

  return dim3 ((unsigned) ((n_pixels + block.y - 1) / block.y),
      (eights + block.x - 1) / block.x);
}

/* Launches @kernel (..., n_pixels, c) with it. */
#define GST_SOD_LAUNCH_PIXELS(kernel, stream, n_pixels, c, ...)                \
  do {                                                                         \
    if ((n_pixels) > 0 && (c) > 0)                                             \
      GST_SOD_LAUNCH (kernel, gst_sod_pixel_grid (n_pixels, c),                \
          gst_sod_pixel_block (c), stream, __VA_ARGS__, n_pixels, c);          \
  } while (0)

/* Views of single values' functions that are dense and of few channels, or of
 * no whole eights, become one row of eights. */
static inline void
gst_sod_flatten (
    GstSodPixels *const *views, int n_views, int64_t *n_pixels, int *c)
{
  int64_t n = *n_pixels * *c;

  if (*c % GST_SOD_LANES == 0 || n % GST_SOD_LANES != 0)
    return;
  for (int i = 0; i < n_views; i++) {
    if (views[i]->stride != *c || (uintptr_t) views[i]->data % 16 != 0)
      return;
  }
  for (int i = 0; i < n_views; i++) {
    views[i]->stride = GST_SOD_LANES;
    views[i]->aligned = 1;
  }
  *n_pixels = n / GST_SOD_LANES;
  *c = GST_SOD_LANES;
}

/* Blocks of as many threads as there are values. */
static inline unsigned
gst_sod_blocks (int64_t n_values)
{
  return (unsigned) ((n_values + GST_SOD_THREADS - 1) / GST_SOD_THREADS);
}

/* A thread's place among pixels. */
typedef struct
{
  int64_t pixel;
  int channel, count; /* of the eight; 0: beyond the end */
} GstSodPlace;

GST_SOD_DEVICE GstSodPlace
gst_sod_place (int64_t n_pixels, int c)
{
  GstSodPlace place;
  int left;

  place.pixel = (int64_t) blockIdx.x * blockDim.y + threadIdx.y;
  place.channel = (int) (blockIdx.y * blockDim.x + threadIdx.x) * GST_SOD_LANES;
  left = place.pixel < n_pixels ? c - place.channel : 0;
  place.count = left < 0 ? 0 : left < GST_SOD_LANES ? left : GST_SOD_LANES;
  return place;
}

/* Row, column and sample of a pixel; 32-bit divisions where they do. */
typedef struct
{
  int64_t n;
  int y, x;
} GstSodPosition;

GST_SOD_DEVICE GstSodPosition
gst_sod_position (int64_t pixel, int h, int w)
{
  GstSodPosition at;

  if (pixel <= UINT32_MAX) {
    uint32_t row = (uint32_t) pixel / (uint32_t) w;

    at.x = (int) ((uint32_t) pixel - row * (uint32_t) w);
    at.n = row / (uint32_t) h;
    at.y = (int) (row - (uint32_t) at.n * (uint32_t) h);
  } else {
    int64_t row = pixel / w;

    at.x = (int) (pixel - row * w);
    at.n = row / h;
    at.y = (int) (row - at.n * h);
  }
  return at;
}

static inline int64_t
gst_sod_n_pixels (const GstSodCudaView *view)
{
  return (int64_t) view->n * view->h * view->w;
}

GST_SOD_DEVICE int
gst_sod_min (int a, int b)
{
  return a < b ? a : b;
}

GST_SOD_DEVICE int
gst_sod_max (int a, int b)
{
  return a > b ? a : b;
}

/* Adds up @sums, one of each of the block's @n threads (a power of two), into
 * sums[0]: halves upon halves, in the same order every time. */
#define GST_SOD_SUM_UP(sums, n)                                                \
  do {                                                                         \
    for (int half_ = (n) / 2; half_ > 0; half_ /= 2) {                         \
      GST_SOD_TOGETHER ();                                                     \
      GST_SOD_EACH_THREAD (thread_)                                            \
      {                                                                        \
        if (thread_ < half_)                                                   \
          (sums)[thread_] += (sums)[thread_ + half_];                          \
      }                                                                        \
    }                                                                          \
    GST_SOD_TOGETHER ();                                                       \
  } while (0)
