/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 2x2 pools of a training plan. Which of four was the largest is found again
 * on the way back: cheaper than to note and read it. Of equals it is the first
 * in rows, as elsewhere. */
#include <gst-sod/backend/onednn/train-simd-private.h>

typedef struct
{
  Pixels source, small, sum, big; /* what is read or written of them */
  gint64 c, h, w, big_h, big_w;
  gboolean bf16, is_max;
} Pool;

static Pool
begin (const GstSodTrainStep *step)
{
  return (Pool){
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .big_h = step->big_h,
    .big_w = step->big_w,
  };
}

/* First element of the four pixels of (row, @x), @row counting through the
 * samples. */
GST_SOD_ONEDNN_INLINE void
locate (const Pool *self, const Pixels *big, gint64 row, gint64 x, gint64 at[4])
{
  gint64 y = row / self->h * self->big_h + 2 * (row % self->h);

  at[0] = (y * self->big_w + 2 * x) * big->pitch;
  at[1] = at[0] + big->pitch;
  at[2] = at[0] + self->big_w * big->pitch;
  at[3] = at[2] + big->pitch;
}

GST_SOD_ONEDNN_INLINE void
pool_span (const Pool *self, const gint64 at[4], gint64 out, gint64 c,
    const gint wide, gboolean bf16)
{
  Span v[4], best;

  for (gint i = 0; i < 4; i++)
    span_load (&v[i], self->source.data, at[i] + c, wide, bf16);
  for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
    if (self->is_max)
      span_largest (v, k, &best.v[k]);
    else
      best.v[k] = ((v[0].v[k] + v[1].v[k]) + (v[2].v[k] + v[3].v[k])) * 0.25f;
  }
  span_store (&best, self->small.data, out + c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
pool_rows_of (const Pool *pool, gint64 first, gint64 last, gboolean bf16)
{
  const Pool copy = *pool, *self = &copy;

  for (gint64 row = first; row < last; row++) {
    for (gint64 x = 0; x < self->w; x++) {
      gint64 out = (row * self->w + x) * self->small.pitch;
      gint64 at[4];

      locate (self, &self->source, row, x, at);
      SPAN_EACH (self->c, c, SPAN, pool_span (self, at, out, c, wide, bf16));
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (pool_rows, pool_rows_of, Pool)

/* First elements of what a pixel of the small one meets. */
typedef struct
{
  gint64 in, from[4], sums[4], to[4];
} Places;

GST_SOD_ONEDNN_INLINE void
add_shares (const Pool *self, const Span v[4], const gint k, const Span *g,
    Span sums[4])
{
  SpanLanes shares[4];

  if (self->is_max)
    span_share (v, k, &g->v[k], shares);
  else
    shares[0] = shares[1] = shares[2] = shares[3] = g->v[k] * 0.25f;
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    sums[i].v[k] += shares[i];
}

GST_SOD_ONEDNN_INLINE void
share_span (const Pool *self, const Places *places, gint64 c, const gint wide,
    gboolean bf16)
{
  Span g, v[4] = { { { { 0 } } } }, sums[4] = { { { { 0 } } } };

  span_load (&g, self->small.data, places->in + c, wide, bf16);
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    if (self->is_max)
      span_load (&v[i], self->source.data, places->from[i] + c, wide, bf16);
    if (self->sum.data != NULL)
      span_load (&sums[i], self->sum.data, places->sums[i] + c, wide, bf16);
  }
  add_shares (self, v, 0, &g, sums);
  if (SPAN_VECTORS (wide) > 1)
    add_shares (self, v, 1, &g, sums);
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    span_store (&sums[i], self->big.data, places->to[i] + c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
share_pixel (const Pool *self, gint64 row, gint64 x, gboolean bf16)
{
  Places places = { (row * self->w + x) * self->small.pitch };

  locate (self, &self->big, row, x, places.to);
  if (self->is_max)
    locate (self, &self->source, row, x, places.from);
  if (self->sum.data != NULL)
    locate (self, &self->sum, row, x, places.sums);
  SPAN_EACH (self->c, c, SPAN, share_span (self, &places, c, wide, bf16));
}

/* Pixel @at of the big one belongs to no window. */
GST_SOD_ONEDNN_INLINE void
share_none (const Pool *self, gint64 at, gboolean bf16)
{
  for (gint64 c = 0; c < self->c; c += LANES) {
    Lanes sum = { 0 };

    if (self->sum.data != NULL)
      lanes_load (&sum, self->sum.data, at * self->sum.pitch + c, bf16);
    lanes_store (&sum, self->big.data, at * self->big.pitch + c, bf16);
  }
}

/* Rows of the big one from @y on that belong to no window. */
GST_SOD_ONEDNN_INLINE void
share_left_over (const Pool *self, gint64 row, gboolean bf16)
{
  gint64 y = row / self->h * self->big_h + 2 * (row % self->h);
  gint64 end = row % self->h == self->h - 1 ? self->big_h - 2 * self->h : 0;

  if (2 * self->w < self->big_w) {
    share_none (self, (y + 1) * self->big_w - 1, bf16);
    share_none (self, (y + 2) * self->big_w - 1, bf16);
  }
  for (gint64 i = 0; i < end; i++) {
    for (gint64 x = 0; x < self->big_w; x++)
      share_none (self, (y + 2 + i) * self->big_w + x, bf16);
  }
}

GST_SOD_ONEDNN_INLINE void
share_rows_of (const Pool *pool, gint64 first, gint64 last, gboolean bf16)
{
  const Pool copy = *pool, *self = &copy;

  for (gint64 row = first; row < last; row++) {
    for (gint64 x = 0; x < self->w; x++)
      share_pixel (self, row, x, bf16);
    share_left_over (self, row, bf16);
  }
}

GST_SOD_TRAIN_DEFINE_HOT (share_rows, share_rows_of, Pool)

static void
pool (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run, gboolean is_max)
{
  Pool self = begin (step);

  self.source = pixels_get (step, memory, 0);
  self.small = pixels_get (step, memory, 1);
  self.bf16 = self.source.bf16;
  self.is_max = is_max;
  gst_sod_onednn_run_rows (pool_rows, &self, step->n * step->h, run->threads);
}

void
gst_sod_train_kernel_max_pool (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  pool (step, memory, run, TRUE);
}

void
gst_sod_train_kernel_avg_pool (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  pool (step, memory, run, FALSE);
}

static void
share (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run, gboolean is_max)
{
  Pool self = begin (step);
  guint first = is_max ? 1 : 0;

  if (is_max)
    self.source = pixels_get (step, memory, 0);
  self.small = pixels_get (step, memory, first);
  self.sum = pixels_get (step, memory, first + 1);
  self.big = pixels_get (step, memory, first + 2);
  self.bf16 = self.small.bf16;
  self.is_max = is_max;
  gst_sod_onednn_run_rows (share_rows, &self, step->n * step->h, run->threads);
}

void
gst_sod_train_kernel_max_pool_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  share (step, memory, run, TRUE);
}

void
gst_sod_train_kernel_avg_pool_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  share (step, memory, run, FALSE);
}
