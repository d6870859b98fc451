/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiles in plain C, which any CPU runs: the twins of kernel-wide-fast.c. */
#include <gst-sod/backend/onednn/kernel-wide-private.h>

/* A pair's second sample lies in a word's upper half. */
GST_SOD_ONEDNN_INLINE void
multiply_bf16 (Lanes *sum, const Lanes *factors, const Lanes *samples)
{
  Words a, b, upper_a, upper_b;
  Lanes x, y;

  memcpy (&a, factors, sizeof (a));
  memcpy (&b, samples, sizeof (b));
  upper_a = a & 0xffff0000u;
  upper_b = b & 0xffff0000u;
  a <<= 16;
  b <<= 16;
  memcpy (&x, &upper_a, sizeof (x));
  memcpy (&y, &upper_b, sizeof (y));
  *sum += x * y;
  memcpy (&x, &a, sizeof (x));
  memcpy (&y, &b, sizeof (y));
  *sum += x * y;
}

/* Rounds to nearest even. */
GST_SOD_ONEDNN_INLINE void
store_bf16 (const Lanes *values, guint8 *to)
{
  Halves halves;
  Words words;

  memcpy (&words, values, sizeof (words));
  words += 0x7fff + (words >> 16 & 1);
  halves = __builtin_convertvector(words >> 16, Halves);
  memcpy (to, &halves, sizeof (halves));
}

#define TILE_NAME plain_f32
#define TILE_TARGET
#define TILE_MULTIPLY multiply_f32
#define TILE_STORE store_f32
#define TILE_SIZE 4
#include <gst-sod/backend/onednn/kernel-wide-tile-private.h>

#define TILE_NAME plain_bf16
#define TILE_TARGET
#define TILE_MULTIPLY multiply_bf16
#define TILE_STORE store_bf16
#define TILE_SIZE 2
#include <gst-sod/backend/onednn/kernel-wide-tile-private.h>

GstSodWideFunc
gst_sod_wide_get_plain (gboolean bf16)
{
  return bf16 ? plain_bf16 : plain_f32;
}
