/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>
#include <gst-sod/backend/onednn/train-private.h>

#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

G_BEGIN_DECLS

/* LANES channels of a pixel as f32, whatever they are stored as. By address:
 * vectors passed by value depend on the instruction set. */
#define LANES GST_SOD_TRAIN_LANES

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
typedef gint32 Masks __attribute__ ((vector_size (LANES * sizeof (gint32))));
typedef guint32 Words __attribute__ ((vector_size (LANES * sizeof (guint32))));
typedef guint16 Halves __attribute__ ((vector_size (LANES * sizeof (guint16))));

/* @at: in elements. */
GST_SOD_ONEDNN_INLINE void
lanes_load (Lanes *lanes, gconstpointer data, gint64 at, gboolean bf16)
{
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&halves, (const guint16 *) data + at, sizeof (halves));
    words = __builtin_convertvector(halves, Words) << 16;
    memcpy (lanes, &words, sizeof (*lanes));
  } else {
    memcpy (lanes, (const gfloat *) data + at, sizeof (*lanes));
  }
}

/* Rounds to nearest even. What is no number stays none as long as it was made
 * by arithmetic. */
GST_SOD_ONEDNN_INLINE void
lanes_store (const Lanes *lanes, gpointer data, gint64 at, gboolean bf16)
{
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&words, lanes, sizeof (words));
    words += 0x7fff + (words >> 16 & 1);
    halves = __builtin_convertvector(words >> 16, Halves);
    memcpy ((guint16 *) data + at, &halves, sizeof (halves));
  } else {
    memcpy ((gfloat *) data + at, lanes, sizeof (*lanes));
  }
}

/* Zero where @condition is not over zero. */
GST_SOD_ONEDNN_INLINE void
lanes_gate (Lanes *lanes, const Lanes *condition)
{
  Masks mask = *condition > 0, bits;

  memcpy (&bits, lanes, sizeof (bits));
  bits &= mask;
  memcpy (lanes, &bits, sizeof (bits));
}

/* The larger of both; @lanes of equals. */
GST_SOD_ONEDNN_INLINE void
lanes_max (Lanes *lanes, const Lanes *other)
{
  Masks mask = *other > *lanes, mine, theirs;

  memcpy (&mine, lanes, sizeof (mine));
  memcpy (&theirs, other, sizeof (theirs));
  mine = (mine & ~mask) | (theirs & mask);
  memcpy (lanes, &mine, sizeof (mine));
}

/* ---- spans ---- */

/* So many channels of a pixel, as two vectors. Of bf16 the even channels are
 * the one and the odd ones the other: 32 bits hold one of each, and none has to
 * change its lane. Values that are the same for all pixels are brought into
 * that order by span_read() and out of it by span_write(). @wide: how many of
 * the channels there are: all, or 16 or 8, which then are the first vector in
 * their order, zeros behind them. */
#define SPAN 32
#define SPAN_LANES (SPAN / 2)

typedef gfloat SpanLanes
    __attribute__ ((vector_size (SPAN_LANES * sizeof (gfloat))));
typedef gint32 SpanMasks
    __attribute__ ((vector_size (SPAN_LANES * sizeof (gint32))));
typedef guint32 SpanWords
    __attribute__ ((vector_size (SPAN_LANES * sizeof (guint32))));
typedef guint16 SpanHalves
    __attribute__ ((vector_size (SPAN_LANES * sizeof (guint16))));

typedef struct
{
  SpanLanes v[2];
} Span;

#define SPAN_VECTORS(wide) ((wide) == SPAN ? 2 : 1)

/* Runs what follows for each span of @n channels, none over @most; @at is its
 * first channel and `wide` a constant. */
#define SPAN_EACH(n, at, most, ...)                                            \
  for (gint64 at = 0; at < (n);) {                                             \
    if ((most) == SPAN && (n) -at >= SPAN) {                                   \
      const gint wide = SPAN;                                                  \
                                                                               \
      __VA_ARGS__;                                                             \
      at += wide;                                                              \
    } else if ((n) -at >= SPAN / 2) {                                          \
      const gint wide = SPAN / 2;                                              \
                                                                               \
      __VA_ARGS__;                                                             \
      at += wide;                                                              \
    } else {                                                                   \
      const gint wide = LANES;                                                 \
                                                                               \
      __VA_ARGS__;                                                             \
      at += wide;                                                              \
    }                                                                          \
  }

/* Vector by vector: what is copied as a whole is kept in memory. */
GST_SOD_ONEDNN_INLINE void
span_copy_in (Span *span, const gfloat *from, const gint wide)
{
  if (wide < SPAN_LANES)
    span->v[0] = (SpanLanes){ 0 };
  memcpy (&span->v[0], from, MIN (wide, SPAN_LANES) * sizeof (gfloat));
  if (wide == SPAN) {
    SpanLanes second;

    memcpy (&second, from + SPAN_LANES, sizeof (second));
    span->v[1] = second;
  }
}

GST_SOD_ONEDNN_INLINE void
span_copy_out (const Span *span, gfloat *to, const gint wide)
{
  memcpy (to, &span->v[0], MIN (wide, SPAN_LANES) * sizeof (gfloat));
  if (wide == SPAN)
    memcpy (to + SPAN_LANES, &span->v[1], sizeof (span->v[1]));
}

/* @at: in elements. */
GST_SOD_ONEDNN_INLINE void
span_load (
    Span *span, gconstpointer data, gint64 at, const gint wide, gboolean bf16)
{
  const guint16 *halves = (const guint16 *) data + at;
  SpanWords words, low, high;
  SpanHalves some = { 0 };

  if (!bf16) {
    span_copy_in (span, (const gfloat *) data + at, wide);
  } else if (wide == SPAN) {
    memcpy (&words, halves, sizeof (words));
    low = words << 16;
    high = words & 0xffff0000;
    memcpy (&span->v[0], &low, sizeof (low));
    memcpy (&span->v[1], &high, sizeof (high));
  } else {
    memcpy (&some, halves, (gsize) wide * sizeof (*halves));
    words = __builtin_convertvector(some, SpanWords) << 16;
    memcpy (&span->v[0], &words, sizeof (words));
  }
}

/* The upper halves of @lanes, rounded to nearest even; below them anything. */
GST_SOD_ONEDNN_INLINE void
span_round (const SpanLanes *lanes, SpanWords *words)
{
  memcpy (words, lanes, sizeof (*words));
  *words += 0x7fff + (*words >> 16 & 1);
}

GST_SOD_ONEDNN_INLINE void
span_store (
    const Span *span, gpointer data, gint64 at, const gint wide, gboolean bf16)
{
  guint16 *halves = (guint16 *) data + at;
  SpanWords low, high;
  SpanHalves some;

  if (!bf16) {
    span_copy_out (span, (gfloat *) data + at, wide);
    return;
  }
  span_round (&span->v[0], &low);
  if (wide == SPAN) {
    span_round (&span->v[1], &high);
    low = low >> 16 | (high & 0xffff0000);
    memcpy (halves, &low, sizeof (low));
  } else {
    some = __builtin_convertvector(low >> 16, SpanHalves);
    memcpy (halves, &some, (gsize) wide * sizeof (*halves));
  }
}

/* As span_store(), past the caches: for what is read long after. Before
 * another thread does, span_drain(). */
GST_SOD_ONEDNN_INLINE void
span_stream (
    const Span *span, gpointer data, gint64 at, const gint wide, gboolean bf16)
{
#ifdef __SSE2__
  const gsize size = bf16 ? sizeof (guint16) : sizeof (gfloat);
  gfloat whole[SPAN];

  span_store (span, whole, 0, wide, bf16);
  for (gsize i = 0; i < (gsize) wide * size / 16; i++) {
    __m128 part;

    memcpy (&part, whole + 4 * i, sizeof (part));
    _mm_stream_ps (
        (gfloat *) ((guint8 *) data + (gsize) at * size) + 4 * i, part);
  }
#else
  span_store (span, data, at, wide, bf16);
#endif
}

static inline void
span_drain (void)
{
#ifdef __SSE2__
  _mm_sfence ();
#endif
}

/* From f32 in the channels' order. */
GST_SOD_ONEDNN_INLINE void
span_read (Span *span, const gfloat *from, const gint wide, gboolean bf16)
{
  Span plain;

  if (!bf16 || wide < SPAN) {
    span_copy_in (span, from, wide);
    return;
  }
  span_copy_in (&plain, from, wide);
  span->v[0] = __builtin_shufflevector (plain.v[0], plain.v[1], 0, 2, 4, 6, 8,
      10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  span->v[1] = __builtin_shufflevector (plain.v[0], plain.v[1], 1, 3, 5, 7, 9,
      11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

GST_SOD_ONEDNN_INLINE void
span_write (const Span *span, gfloat *to, const gint wide, gboolean bf16)
{
  Span plain;

  if (!bf16 || wide < SPAN) {
    span_copy_out (span, to, wide);
    return;
  }
  plain.v[0] = __builtin_shufflevector (span->v[0], span->v[1], 0, 16, 1, 17, 2,
      18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  plain.v[1] = __builtin_shufflevector (span->v[0], span->v[1], 8, 24, 9, 25,
      10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  span_copy_out (&plain, to, wide);
}

/* As lanes_gate(). */
GST_SOD_ONEDNN_INLINE void
span_gate (SpanLanes *lanes, const SpanLanes *condition)
{
  SpanMasks mask = *condition > 0, bits;

  memcpy (&bits, lanes, sizeof (bits));
  bits &= mask;
  memcpy (lanes, &bits, sizeof (bits));
}

/* As lanes_max(). */
GST_SOD_ONEDNN_INLINE void
span_max (SpanLanes *lanes, const SpanLanes *other)
{
  SpanMasks mask = *other > *lanes, mine, theirs;

  memcpy (&mine, lanes, sizeof (mine));
  memcpy (&theirs, other, sizeof (theirs));
  mine = (mine & ~mask) | (theirs & mask);
  memcpy (lanes, &mine, sizeof (mine));
}

/* The largest of four, the first of equals. */
GST_SOD_ONEDNN_INLINE void
span_largest (const Span v[4], const gint k, SpanLanes *best)
{
  *best = v[0].v[k];
  for (gint i = 1; i < 4; i++)
    span_max (best, &v[i].v[k]);
}

/* Shares of the four in the gradient @g: all of it is the first's that is the
 * largest bit by bit. (Compilers make wide vectors of comparisons one by one.)
 */
GST_SOD_ONEDNN_INLINE void
span_share (
    const Span v[4], const gint k, const SpanLanes *g, SpanLanes shares[4])
{
  SpanMasks left, largest;
  SpanLanes best;

  span_largest (v, k, &best);
  memcpy (&largest, &best, sizeof (largest));
  memcpy (&left, g, sizeof (left));
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    SpanMasks other, mine;
    SpanWords bits;

    memcpy (&bits, &v[i].v[k], sizeof (bits));
    bits ^= (SpanWords) largest;
    bits |= -bits; /* the highest is set where it differs */
    other = (SpanMasks) bits >> 31;
    mine = left & ~other;
    left &= other;
    memcpy (&shares[i], &mine, sizeof (mine));
  }
}

GST_SOD_ONEDNN_INLINE gfloat
element_load (gconstpointer data, gint64 at, gboolean bf16)
{
  return bf16 ? gst_sod_bf16_to_f32 (((const guint16 *) data)[at])
              : ((const gfloat *) data)[at];
}

GST_SOD_ONEDNN_INLINE void
element_store (gfloat value, gpointer data, gint64 at, gboolean bf16)
{
  if (bf16)
    ((guint16 *) data)[at] = gst_sod_f32_to_bf16 (value);
  else
    ((gfloat *) data)[at] = value;
}

/* Pixels of an argument. */
typedef struct
{
  gpointer data; /* NULL where there is none */
  gint64 pitch;
  gboolean bf16;
} Pixels;

static inline Pixels
pixels_get (const GstSodTrainStep *step, gpointer const *memory, guint index)
{
  const GstSodTrainArg *arg = gst_sod_train_step_arg (step, index);

  return (Pixels){ memory[index], arg->pitch, arg->type == dnnl_bf16 };
}

/* Builds @name twice, of the inline function @of, whose last parameter tells
 * the type. */
#define GST_SOD_TRAIN_DEFINE_HOT(name, of, Type)                               \
  GST_SOD_ONEDNN_HOT static void name##_f32 (                                  \
      const Type *self, gint64 first, gint64 last)                             \
  {                                                                            \
    of (self, first, last, FALSE);                                             \
  }                                                                            \
  GST_SOD_ONEDNN_HOT static void name##_bf16 (                                 \
      const Type *self, gint64 first, gint64 last)                             \
  {                                                                            \
    of (self, first, last, TRUE);                                              \
  }                                                                            \
  static void name (gconstpointer data, gint64 first, gint64 last)             \
  {                                                                            \
    const Type *self = data;                                                   \
                                                                               \
    if (self->bf16)                                                            \
      name##_bf16 (self, first, last);                                         \
    else                                                                       \
      name##_f32 (self, first, last);                                          \
  }

G_END_DECLS
