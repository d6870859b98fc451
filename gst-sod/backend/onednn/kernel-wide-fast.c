/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiles for AVX-512 and its products of bf16. kernel-wide-plain.c has their
 * plain twins. */
#include <gst-sod/backend/onednn/kernel-wide-private.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define TARGET                                                                 \
  __attribute__ ((target ("prfchw,avx512f,avx512bw,avx512vl,avx512dq")))
#define TARGET_BF16                                                            \
  __attribute__ ((                                                             \
      target ("prfchw,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

#define TILE_NAME fast_f32
#define TILE_TARGET TARGET
#define TILE_MULTIPLY multiply_f32
#define TILE_STORE store_f32
#define TILE_SIZE 4
#include <gst-sod/backend/onednn/kernel-wide-tile-private.h>

TARGET_BF16 GST_SOD_ONEDNN_INLINE void
multiply_bf16 (Lanes *sum, const Lanes *factors, const Lanes *samples)
{
  *sum = (Lanes) _mm512_dpbf16_ps (
      (__m512) *sum, (__m512bh) *factors, (__m512bh) *samples);
}

TARGET_BF16 GST_SOD_ONEDNN_INLINE void
store_bf16 (const Lanes *values, guint8 *to)
{
  __m256bh halves = _mm512_cvtneps_pbh ((__m512) *values);

  memcpy (to, &halves, sizeof (halves));
}

#define TILE_NAME fast_bf16
#define TILE_TARGET TARGET_BF16
#define TILE_MULTIPLY multiply_bf16
#define TILE_STORE store_bf16
#define TILE_SIZE 2
#include <gst-sod/backend/onednn/kernel-wide-tile-private.h>

GstSodWideFunc
gst_sod_wide_get_fast (gboolean bf16)
{
  if (!__builtin_cpu_supports ("avx512bw")
      || !__builtin_cpu_supports ("avx512vl")
      || !__builtin_cpu_supports ("avx512dq"))
    return NULL;
  if (!bf16)
    return fast_f32;
  return __builtin_cpu_supports ("avx512bf16") ? fast_bf16 : NULL;
}

#else

GstSodWideFunc
gst_sod_wide_get_fast (gboolean bf16)
{
  return NULL;
}

#endif
