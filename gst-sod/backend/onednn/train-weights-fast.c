/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of weights by the products of bf16 that AVX-512 has.
 * train-weights.c has their plain twin. */
#include <gst-sod/backend/onednn/train-weights-private.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define TARGET_BF16                                                            \
  __attribute__ ((target ("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

TARGET_BF16 GST_SOD_ONEDNN_INLINE void
multiply (SpanLanes *sum, const SpanLanes *a, const SpanLanes *b)
{
  *sum = (SpanLanes) _mm512_dpbf16_ps (
      (__m512) *sum, (__m512bh) *a, (__m512bh) *b);
}

GST_SOD_TRAIN_DEFINE_ADD (add_pairs, TARGET_BF16, TARGET_BF16 static, multiply)

GstSodTrainAdd
gst_sod_train_get_add_pairs_fast (void)
{
  return __builtin_cpu_supports ("avx512bw")
                 && __builtin_cpu_supports ("avx512vl")
                 && __builtin_cpu_supports ("avx512dq")
                 && __builtin_cpu_supports ("avx512bf16")
             ? add_pairs
             : NULL;
}

#else

GstSodTrainAdd
gst_sod_train_get_add_pairs_fast (void)
{
  return NULL;
}

#endif
