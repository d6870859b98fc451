/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tile of a convolution, in registers while it gathers all its products.
 * Built once for each instruction set and kind of sample: who includes this
 * defines first
 *   TILE_NAME      the function's name
 *   TILE_TARGET    its attributes
 *   TILE_MULTIPLY  inline function (Lanes *sum, const Lanes *factors, const
 *                  Lanes *samples): adds the products of words
 *   TILE_STORE     inline function (const Lanes *values, guint8 *to)
 *   TILE_SIZE      bytes of a stored sample
 */

#define TILE_PASTE(a, b) a##b
#define TILE_HELPER(name, helper) TILE_PASTE (name, helper)
#define sum_tile TILE_HELPER (TILE_NAME, _sum)
#define store_lanes TILE_HELPER (TILE_NAME, _store)
#define store_tile TILE_HELPER (TILE_NAME, _store_tile)
#define add_inside TILE_HELPER (TILE_NAME, _add_inside)
#define add_clipped TILE_HELPER (TILE_NAME, _add_clipped)
#define fetch_target TILE_HELPER (TILE_NAME, _fetch_target)
#define add_tap TILE_HELPER (TILE_NAME, _add_tap)

/* The first @n channels of a vector. */
TILE_TARGET GST_SOD_ONEDNN_INLINE void
store_lanes (Lanes *value, gboolean relu, gint n, guint8 *to)
{
  guint8 whole[GST_SOD_WIDE_LANES * TILE_SIZE];

  if (relu)
    rectify (value);
  if (n >= GST_SOD_WIDE_LANES) {
    TILE_STORE (value, to);
  } else if (n > 0) {
    TILE_STORE (value, whole);
    memcpy (to, whole, (gsize) (n * TILE_SIZE));
  }
}

/* Products of pixels [@first, @last) with a tap's @n words. */
TILE_TARGET GST_SOD_ONEDNN_INLINE void
add_tap (const guint8 *const *windows, const guint8 *weights, gint64 n,
    const gint first, const gint last, const gint vectors, Lanes (*sums)[2])
{
  for (gint64 i = 0; i < n; i++) {
    Lanes factors[2];

#pragma GCC unroll 2
    for (gint k = 0; k < vectors; k++)
      memcpy (&factors[k], weights + k * (gint) sizeof (Lanes), sizeof (Lanes));
    weights += vectors * (gint) sizeof (Lanes);
#pragma GCC unroll 12
    for (gint p = first; p < last; p++) {
      gfloat s;
      Lanes samples;

      memcpy (&s, windows[p] + i * GST_SOD_WIDE_WORD, sizeof (s));
      samples = (Lanes){ s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s };
#pragma GCC unroll 2
      for (gint k = 0; k < vectors; k++)
        TILE_MULTIPLY (&sums[p][k], &factors[k], &samples);
    }
  }
}

/* A tap some of whose pixels may lie outside, which add nothing. They read
 * zeros; to leave out two of them, or four, is worth it. */
TILE_TARGET GST_SOD_ONEDNN_INLINE void
add_clipped (const GstSodWideTile *tile, const guint8 *at, gint64 column,
    const guint8 *weights, const gint pixels, const gint vectors,
    Lanes (*sums)[2])
{
  const gint64 n = tile->n_words, stride = tile->stride, w = tile->w;
  const guint8 *windows[GST_SOD_WIDE_PIXELS];

#pragma GCC unroll 12
  for (gint p = 0; p < pixels; p++)
    windows[p] = choose (
        at + p * tile->pixel_pitch, column + p * stride, w, tile->zeros);
  if (column + 3 * stride < 0)
    add_tap (windows, weights, n, 4, pixels, vectors, sums);
  else if (column + stride < 0)
    add_tap (windows, weights, n, 2, pixels, vectors, sums);
  else if (column + (pixels - 4) * stride >= w)
    add_tap (windows, weights, n, 0, pixels - 4, vectors, sums);
  else if (column + (pixels - 2) * stride >= w)
    add_tap (windows, weights, n, 0, pixels - 2, vectors, sums);
  else
    add_tap (windows, weights, n, 0, pixels, vectors, sums);
}

TILE_TARGET GST_SOD_ONEDNN_INLINE void
add_inside (const GstSodWideTile *tile, const guint8 *at, const guint8 *weights,
    const gint pixels, const gint vectors, Lanes (*sums)[2])
{
  const guint8 *windows[GST_SOD_WIDE_PIXELS];

#pragma GCC unroll 12
  for (gint p = 0; p < pixels; p++)
    windows[p] = at + p * tile->pixel_pitch;
  add_tap (windows, weights, tile->n_words, 0, pixels, vectors, sums);
}

TILE_TARGET GST_SOD_ONEDNN_INLINE void
store_tile (const GstSodWideTile *tile, const gint pixels, const gint vectors,
    Lanes (*sums)[2])
{
  const gint n_pixels = tile->n_pixels, n_channels = tile->n_channels;
  const gboolean whole = n_channels == vectors * GST_SOD_WIDE_LANES;
  const gboolean relu = tile->relu;
  const gint64 pitch = tile->target_pitch;
  guint8 *target = tile->target;

#pragma GCC unroll 12
  for (gint p = 0; p < pixels && p < n_pixels; p++) {
#pragma GCC unroll 2
    for (gint k = 0; k < vectors; k++)
      store_lanes (&sums[p][k], relu,
          whole ? GST_SOD_WIDE_LANES : n_channels - k * GST_SOD_WIDE_LANES,
          target + k * GST_SOD_WIDE_LANES * TILE_SIZE);
    target += pitch;
  }
}

/* Lines of the target are fetched for writing while the sums are made: where
 * another core has had them, on another die perhaps, each takes as long as some
 * hundred products. The processor sees to pixels that lie side by side. */
TILE_TARGET GST_SOD_ONEDNN_INLINE void
fetch_target (const GstSodWideTile *tile)
{
  const gint64 n = tile->n_channels * TILE_SIZE;

  for (gint p = 0; n < tile->target_pitch && p < tile->n_pixels; p++) {
    const guint8 *target = tile->target + p * tile->target_pitch;

    for (gint64 at = 0; at < n; at += 64)
      __builtin_prefetch (target + at, 1);
  }
}

TILE_TARGET GST_SOD_ONEDNN_INLINE void
sum_tile (const GstSodWideTile *tile, const gint pixels, const gint vectors)
{
  const gint64 tap = vectors * (gint) sizeof (Lanes) * tile->n_words;
  const guint8 *weights = tile->weights + tile->first * tile->n_taps * tap;
  Lanes sums[GST_SOD_WIDE_PIXELS][2];

  fetch_target (tile);
#pragma GCC unroll 12
  for (gint p = 0; p < pixels; p++) {
#pragma GCC unroll 2
    for (gint k = 0; k < vectors; k++)
      memcpy (&sums[p][k], tile->bias + k * GST_SOD_WIDE_LANES, sizeof (Lanes));
  }
  for (gint v = tile->first; v < tile->last; v++) {
    const guint8 *at = tile->window + v * tile->row_pitch;

    for (gint u = 0; u < tile->n_taps; u++) {
      if (tile->inside)
        add_inside (tile, at, weights, pixels, vectors, sums);
      else
        add_clipped (tile, at, tile->column + u * tile->dilation, weights,
            pixels, vectors, sums);
      weights += tap;
      at += tile->tap_pitch;
    }
  }
  store_tile (tile, pixels, vectors, sums);
}

TILE_TARGET static void
TILE_NAME (const GstSodWideTile *tile)
{
  gboolean two = tile->n_channels > GST_SOD_WIDE_LANES;

  if (tile->form == 10 && two)
    sum_tile (tile, 10, 2);
  else if (tile->form == 10)
    sum_tile (tile, 10, 1);
  else if (two)
    sum_tile (tile, 8, 2);
  else
    sum_tile (tile, 8, 1);
}

#undef sum_tile
#undef store_lanes
#undef store_tile
#undef add_inside
#undef add_clipped
#undef fetch_target
#undef add_tap
#undef TILE_HELPER
#undef TILE_PASTE
#undef TILE_NAME
#undef TILE_TARGET
#undef TILE_MULTIPLY
#undef TILE_STORE
#undef TILE_SIZE
