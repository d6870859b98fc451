/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hot loops are plain C that compilers vectorise. Where they can, they build
 * each function so marked for several instruction sets and pick one when the
 * program starts; the plain build is the twin that every other CPU runs. Not
 * under sanitizers, which run before the choice can be made. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)             \
    && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)                   \
    && !defined(__SANITIZE_THREAD__)
#define GST_SOD_HOT                                                            \
  __attribute__ ((                                                             \
      target_clones ("default", "arch=x86-64-v3", "arch=x86-64-v4")))
/* Permutations of vectors by variable indices, which pay from AVX2 on. */
#define GST_SOD_HOT_CAN_PERMUTE __builtin_cpu_supports ("avx2")
#else
#define GST_SOD_HOT
#define GST_SOD_HOT_CAN_PERMUTE FALSE
#endif

/* Helpers of hot functions are compiled into each of their builds. */
#define GST_SOD_HOT_INLINE static inline __attribute__ ((always_inline))

G_END_DECLS
