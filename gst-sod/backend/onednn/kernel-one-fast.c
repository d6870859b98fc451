/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The map's last convolution, 3x3 to one channel, with AVX-512: pixels side by
 * side, 16 channels of a tap at a time. kernels.c has the plain twin. */
#include <gst-sod/backend/onednn/kernel-one-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define TARGET __attribute__ ((target ("avx512f,avx512bw,avx512vl,avx512dq")))
#define LANES 16
#define SIZE 3
#define PIXELS 8 /* which need SIZE - 1 more columns */

/* Channels from @at on, those of @mask; zeros for the others. */
TARGET GST_SOD_ONEDNN_INLINE __m512
load (const guint8 *at, __mmask16 mask, gboolean bf16)
{
  if (!bf16)
    return _mm512_maskz_loadu_ps (mask, at);
  return _mm512_castsi512_ps (_mm512_slli_epi32 (
      _mm512_cvtepu16_epi32 (_mm256_maskz_loadu_epi16 (mask, at)), 16));
}

/* Adds the products with row @v of the window of 16 channels from @c on: @at is
 * the first column's, which is @column of the row. */
TARGET GST_SOD_ONEDNN_INLINE void
add_channels (const GstSodOneSample *self, const guint8 *at, gint64 column,
    gint v, gint64 c, const gboolean inside, const gboolean bf16, __m512 *sums)
{
  const gint64 sample = bf16 ? sizeof (guint16) : sizeof (gfloat);
  const __mmask16 mask =
      (__mmask16) (0xffff >> (LANES - MIN (LANES, self->c - c)));
  const gfloat *weights = self->weights + v * SIZE * self->c + c;
  __m512 factors[SIZE];

#pragma GCC unroll 3
  for (gint u = 0; u < SIZE; u++)
    factors[u] = _mm512_maskz_loadu_ps (mask, weights + u * self->c);
#pragma GCC unroll 10
  for (gint i = 0; i < PIXELS + SIZE - 1; i++) {
    gboolean lies = inside || (guint64) (column + i) < (guint64) self->w;
    __m512 samples =
        load (at + (i * self->c + c) * sample, lies ? mask : 0, bf16);

#pragma GCC unroll 3
    for (gint u = 0; u < SIZE; u++) {
      if (i - u >= 0 && i - u < PIXELS)
        sums[i - u] = _mm512_fmadd_ps (samples, factors[u], sums[i - u]);
    }
  }
}

/* Outputs of row @y from column @x on, as many as there are. */
TARGET GST_SOD_ONEDNN_INLINE void
convolve (const GstSodOneSample *self, gint64 y, gint64 x,
    const gboolean inside, const gboolean bf16, gfloat *out)
{
  const gint64 sample = bf16 ? sizeof (guint16) : sizeof (gfloat);
  const gint64 column = x - self->padding;
  __m512 sums[PIXELS];

#pragma GCC unroll 8
  for (gint p = 0; p < PIXELS; p++)
    sums[p] = _mm512_setzero_ps ();
  for (gint v = 0; v < SIZE; v++) {
    gint64 row = y - self->padding + v;
    const guint8 *at =
        self->source + (row * self->w + column) * self->c * sample;

    if (row < 0 || row >= self->h)
      continue;
    for (gint64 c = 0; c < self->c; c += LANES)
      add_channels (self, at, column, v, c, inside, bf16, sums);
  }
#pragma GCC unroll 8
  for (gint p = 0; p < PIXELS; p++) {
    if (inside || p < self->out_w - x)
      out[p] = self->bias + _mm512_reduce_add_ps (sums[p]);
  }
}

TARGET GST_SOD_ONEDNN_INLINE void
convolve_row (
    const GstSodOneSample *self, gint64 y, const gboolean bf16, gfloat *out)
{
  for (gint64 x = 0; x < self->out_w; x += PIXELS) {
    gint64 end = x - self->padding + PIXELS + SIZE - 1;

    if (x >= self->padding && x + PIXELS <= self->out_w && end <= self->w)
      convolve (self, y, x, TRUE, bf16, out + x);
    else
      convolve (self, y, x, FALSE, bf16, out + x);
  }
}

TARGET static void
convolve_f32 (const GstSodOneSample *self, gint64 y, gfloat *out)
{
  convolve_row (self, y, FALSE, out);
}

TARGET static void
convolve_bf16 (const GstSodOneSample *self, gint64 y, gfloat *out)
{
  convolve_row (self, y, TRUE, out);
}

GstSodOneFunc
gst_sod_one_get_fast (const GstSodOnednnStep *step)
{
  if (!gst_sod_onednn_kernel_wide_is_fast (dnnl_f32) || step->size != SIZE
      || step->dilation != 1 || step->layout != GST_SOD_ONEDNN_NHWC)
    return NULL;
  return step->type == dnnl_bf16 ? convolve_bf16 : convolve_f32;
}

#else

GstSodOneFunc
gst_sod_one_get_fast (const GstSodOnednnStep *step)
{
  return NULL;
}

#endif
