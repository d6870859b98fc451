/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

G_BEGIN_DECLS

/* A tile of outputs: pixels side by side by a block of channels, two vectors
 * of them or one. */
#define GST_SOD_WIDE_LANES 16
#define GST_SOD_WIDE_PIXELS 10 /* at most */
#define GST_SOD_WIDE_BLOCK (2 * GST_SOD_WIDE_LANES)

/* Samples and weights are read in words: a sample of f32, a pair of bf16. */
#define GST_SOD_WIDE_WORD 4

/* Distances are in bytes unless said otherwise. */
typedef struct
{
  /* The window of the first pixel: its first row may lie outside the source,
   * and so may its taps' columns. */
  const guint8 *window;
  gint first, last;   /* rows of the window that lie in the source */
  gint64 row_pitch;   /* between rows of the window */
  gint n_taps;        /* of a row */
  gint64 tap_pitch;   /* between them */
  gint64 n_words;     /* of a tap: these lie side by side */
  gint64 pixel_pitch; /* between windows */

  /* Where taps may lie outside: columns, of the source. */
  gboolean inside; /* none does */
  gint64 column;   /* of the first pixel's first tap */
  gint stride, dilation;
  gint64 w;
  const guint8 *zeros; /* (n_words) */

  const gfloat *bias;    /* (block) */
  const guint8 *weights; /* (size, n_taps, n_words, block) words */
  guint8 *target;        /* of the first pixel, the block's first channel */
  gint64 target_pitch;   /* between pixels */
  gint n_channels;       /* of the block */
  gint n_pixels, form;   /* that count; that are summed */
  gboolean relu;
} GstSodWideTile;

/* By address: vectors passed by value depend on the instruction set. */
#define WIDE(type) __attribute__ ((vector_size (16 * sizeof (type))))

typedef gfloat Lanes WIDE (gfloat);
typedef gint32 Masks WIDE (gint32);
typedef guint32 Words WIDE (guint32);
typedef guint16 Halves WIDE (guint16);

GST_SOD_ONEDNN_INLINE void
multiply_f32 (Lanes *sum, const Lanes *factors, const Lanes *samples)
{
  *sum += *factors * *samples;
}

GST_SOD_ONEDNN_INLINE void
store_f32 (const Lanes *values, guint8 *to)
{
  memcpy (to, values, sizeof (*values));
}

/* @at, or zeros where its column lies outside @w of them: without a branch,
 * which nobody could predict. */
GST_SOD_ONEDNN_INLINE const guint8 *
choose (const guint8 *at, gint64 column, gint64 w, const guint8 *zeros)
{
  guintptr mask = -(guintptr) ((guint64) column < (guint64) w);
  guintptr other = (guintptr) zeros;

  return (const guint8 *) (other + (((guintptr) at - other) & mask));
}

/* What is no number becomes zero. */
GST_SOD_ONEDNN_INLINE void
rectify (Lanes *value)
{
  Masks bits, mask = *value > 0;

  memcpy (&bits, value, sizeof (bits));
  bits &= mask;
  memcpy (value, &bits, sizeof (bits));
}

typedef void (*GstSodWideFunc) (const GstSodWideTile *tile);

/* What runs on any CPU. */
GstSodWideFunc gst_sod_wide_get_plain (gboolean bf16);

/* What AVX-512 has for f32, or for bf16; NULL where this CPU does not. */
GstSodWideFunc gst_sod_wide_get_fast (gboolean bf16);

G_END_DECLS
