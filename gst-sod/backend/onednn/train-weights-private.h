/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/train-simd-private.h>

G_BEGIN_DECLS

/* A tile of a gradient's sums, some of a row of the window's channels by SPAN
 * of the target's, and what it gathers. Words are an f32, or a bf16 of two
 * pixels side by side, whose products go into one sum. */
#define GST_SOD_TRAIN_TILE 8

typedef struct
{
  const gfloat *source;   /* words */
  const gfloat *d_target; /* (n_rows, n, SPAN) words */
  gint64 pixel, row;      /* of the source's copy, words */
  gint64 n_rows, n;
  gfloat *sums; /* (tile, SPAN) */
} GstSodTrainProducts;

/* @n rows of sums from @products' on. */
typedef void (*GstSodTrainAdd) (const GstSodTrainProducts *products, gint64 n);

/* Of pairs of bf16. fast: NULL where the CPU has no such products. */
GstSodTrainAdd gst_sod_train_get_add_pairs_fast (void);
void gst_sod_train_add_pairs_plain (
    const GstSodTrainProducts *products, gint64 n);

/* Defines function @name, built for @TARGET and declared as @LINKAGE, whose
 * @MULTIPLY (sum, a, b) adds a product. */
#define GST_SOD_TRAIN_DEFINE_ADD(name, TARGET, LINKAGE, MULTIPLY)              \
  TARGET GST_SOD_ONEDNN_INLINE void name##_tile (                              \
      const GstSodTrainProducts *self, const gint n_sums)                      \
  {                                                                            \
    SpanLanes sums[GST_SOD_TRAIN_TILE][2];                                     \
                                                                               \
    _Pragma ("GCC unroll 8") for (gint k = 0; k < n_sums; k++)                 \
    {                                                                          \
      memcpy (&sums[k][0], self->sums + k * SPAN, sizeof (SpanLanes));         \
      memcpy (&sums[k][1], self->sums + k * SPAN + SPAN_LANES,                 \
          sizeof (SpanLanes));                                                 \
    }                                                                          \
    for (gint64 row = 0; row < self->n_rows; row++) {                          \
      const gfloat *source = self->source + row * self->row;                   \
      const gfloat *d_target = self->d_target + row * self->n * SPAN;          \
                                                                               \
      for (gint64 i = 0; i < self->n; i++) {                                   \
        SpanLanes low, high;                                                   \
                                                                               \
        memcpy (&low, d_target, sizeof (low));                                 \
        memcpy (&high, d_target + SPAN_LANES, sizeof (high));                  \
        _Pragma ("GCC unroll 8") for (gint k = 0; k < n_sums; k++)             \
        {                                                                      \
          gfloat s = source[k];                                                \
          SpanLanes value = { s, s, s, s, s, s, s, s, s, s, s, s, s, s, s,     \
            s };                                                               \
                                                                               \
          MULTIPLY (&sums[k][0], &value, &low);                                \
          MULTIPLY (&sums[k][1], &value, &high);                               \
        }                                                                      \
        source += self->pixel;                                                 \
        d_target += SPAN;                                                      \
      }                                                                        \
    }                                                                          \
    _Pragma ("GCC unroll 8") for (gint k = 0; k < n_sums; k++)                 \
    {                                                                          \
      memcpy (self->sums + k * SPAN, &sums[k][0], sizeof (SpanLanes));         \
      memcpy (self->sums + k * SPAN + SPAN_LANES, &sums[k][1],                 \
          sizeof (SpanLanes));                                                 \
    }                                                                          \
  }                                                                            \
                                                                               \
  LINKAGE void name (const GstSodTrainProducts *products, gint64 n)            \
  {                                                                            \
    GstSodTrainProducts tile = *products;                                      \
    /* 7 x 7 kernels of three channels have 21. */                             \
    const gint most = n % 7 == 0 ? 7 : GST_SOD_TRAIN_TILE;                     \
                                                                               \
    while (n > 0) {                                                            \
      gint n_sums = n >= most ? most : n >= 4 ? 4 : 1;                         \
                                                                               \
      if (n_sums == GST_SOD_TRAIN_TILE)                                        \
        name##_tile (&tile, GST_SOD_TRAIN_TILE);                               \
      else if (n_sums == 7)                                                    \
        name##_tile (&tile, 7);                                                \
      else if (n_sums == 4)                                                    \
        name##_tile (&tile, 4);                                                \
      else                                                                     \
        name##_tile (&tile, 1);                                                \
      tile.source += n_sums;                                                   \
      tile.sums += n_sums * SPAN;                                              \
      n -= n_sums;                                                             \
    }                                                                          \
  }

G_END_DECLS
