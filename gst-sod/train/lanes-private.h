/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/hot-private.h>
#include <string.h>

G_BEGIN_DECLS

/* Sixteen f32 at once, in the compilers' vector types: one register of
 * AVX-512, two of AVX2, four of others. For functions marked GST_SOD_HOT. */
#define GST_SOD_LANES 16
#define GST_SOD_WIDE 8 /* f64 */

typedef gfloat GstSodLanes __attribute__ ((vector_size (64)));
typedef gint32 GstSodMask __attribute__ ((vector_size (64)));
typedef gfloat GstSodHalfLanes __attribute__ ((vector_size (32)));
typedef gdouble GstSodWide __attribute__ ((vector_size (64)));

/* Sums in f64, rounded in one order whatever the instruction set. */
typedef struct
{
  GstSodWide low, high;
} GstSodSum;

/* The first @n of @from, the others 0. */
GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_load (const gfloat *from, gint64 n)
{
  GstSodLanes lanes = { 0 };

  if (G_LIKELY (n >= GST_SOD_LANES))
    memcpy (&lanes, from, sizeof lanes);
  else
    memcpy (&lanes, from, (gsize) n * sizeof (gfloat));
  return lanes;
}

GST_SOD_HOT_INLINE void
gst_sod_lanes_store (gfloat *to, GstSodLanes lanes, gint64 n)
{
  if (G_LIKELY (n >= GST_SOD_LANES))
    memcpy (to, &lanes, sizeof lanes);
  else
    memcpy (to, &lanes, (gsize) n * sizeof (gfloat));
}

GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_fill (gfloat value)
{
  return (GstSodLanes){ 0 } + value;
}

/* @yes where @mask, @no elsewhere. */
GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_select (GstSodMask mask, GstSodLanes yes, GstSodLanes no)
{
  return (GstSodLanes) (((GstSodMask) yes & mask) | ((GstSodMask) no & ~mask));
}

GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_abs (GstSodLanes x)
{
  return (GstSodLanes) ((GstSodMask) x & 0x7fffffff);
}

/* -1, 0 or 1; 0 for NaN. */
GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_sign (GstSodLanes x)
{
  return __builtin_convertvector((x < 0) - (x > 0), GstSodLanes);
}

GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_min (GstSodLanes a, GstSodLanes b)
{
  return gst_sod_lanes_select (a < b, a, b);
}

/* exp (x), x <= 0, to 2e-7 of itself; no less than 1e-38; NaN stays NaN. With
 * n = x / ln 2 rounded: 2^n times the series of what is left, which is less
 * than ln 2 / 2. */
GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_exp (GstSodLanes x)
{
  const gfloat rounder = 12582912; /* 1.5 * 2^23: no places after the point */
  GstSodLanes shifted, n, r, series;
  GstSodMask power;

  x = gst_sod_lanes_select (x < -87, gst_sod_lanes_fill (-87), x);
  shifted = x * 1.44269504f + rounder;
  n = shifted - rounder;
  r = x - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts */
  series = r * (1.0f / 5040) + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1;
  series = series * r + 1;
  power = (GstSodMask) shifted - (GstSodMask) gst_sod_lanes_fill (rounder);
  return series * (GstSodLanes) ((power + 127) << 23);
}

/* log (1 + x) of @s = x / (2 + x), 0 <= x <= 1: 2 artanh (s). */
GST_SOD_HOT_INLINE GstSodLanes
gst_sod_lanes_log1p (GstSodLanes s)
{
  GstSodLanes t = s * s;
  GstSodLanes series = t * (1.0f / 15) + 1.0f / 13;

  series = series * t + 1.0f / 11;
  series = series * t + 1.0f / 9;
  series = series * t + 1.0f / 7;
  series = series * t + 1.0f / 5;
  series = series * t + 1.0f / 3;
  series = series * t + 1;
  return 2 * s * series;
}

/* Each of the eight becomes the sum of @before and of those up to itself, and
 * the last of them is the next @before. Eight at once: one by one each would
 * wait for the sum before it. */
GST_SOD_HOT_INLINE void
gst_sod_wide_add_up (GstSodWide *wide, GstSodWide *before)
{
  const GstSodWide zero = { 0 };
  GstSodWide x = *wide;

  x += __builtin_shufflevector (zero, x, 0, 8, 9, 10, 11, 12, 13, 14);
  x += __builtin_shufflevector (zero, x, 0, 1, 8, 9, 10, 11, 12, 13);
  x += __builtin_shufflevector (zero, x, 0, 1, 2, 3, 8, 9, 10, 11);
  x += *before;
  *wide = x;
  *before = __builtin_shufflevector (x, x, 7, 7, 7, 7, 7, 7, 7, 7);
}

/* Of @half in f64. By its elements: gcc makes of that one instruction, of
 * __builtin_convertvector() four. */
GST_SOD_HOT_INLINE GstSodWide
gst_sod_wide_convert (GstSodHalfLanes half)
{
  return (GstSodWide){ half[0], half[1], half[2], half[3], half[4], half[5],
    half[6], half[7] };
}

GST_SOD_HOT_INLINE void
gst_sod_sum_add (GstSodSum *sum, GstSodLanes lanes)
{
  GstSodHalfLanes halves[2];

  memcpy (halves, &lanes, sizeof halves);
  sum->low += gst_sod_wide_convert (halves[0]);
  sum->high += gst_sod_wide_convert (halves[1]);
}

GST_SOD_HOT_INLINE void
gst_sod_sum_add_squares (GstSodSum *sum, GstSodLanes lanes)
{
  GstSodHalfLanes halves[2];
  GstSodWide low, high;

  memcpy (halves, &lanes, sizeof halves);
  low = gst_sod_wide_convert (halves[0]);
  high = gst_sod_wide_convert (halves[1]);
  sum->low += low * low;
  sum->high += high * high;
}

GST_SOD_HOT_INLINE gdouble
gst_sod_sum_total (const GstSodSum *sum)
{
  GstSodWide lanes = sum->low + sum->high;
  gdouble total = 0;

  for (guint i = 0; i < GST_SOD_LANES / 2; i++)
    total += lanes[i];
  return total;
}

G_END_DECLS
