/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/train-simd-private.h>

G_BEGIN_DECLS

/* Tiles of bf16: the source's have ROWS lines of STEP pixels, a target's the
 * pairs of STEP pixels, COLUMNS channels in each, and their products are ROWS
 * by COLUMNS sums. */
#define GST_SOD_TRAIN_TILE_ROWS 16
#define GST_SOD_TRAIN_TILE_COLUMNS 16
#define GST_SOD_TRAIN_TILE_STEP 32
#define GST_SOD_TRAIN_TILE_SUMS                                                \
  (GST_SOD_TRAIN_TILE_ROWS * GST_SOD_TRAIN_TILE_COLUMNS)
#define GST_SOD_TRAIN_TILE_PAIRS                                               \
  (GST_SOD_TRAIN_TILE_STEP * GST_SOD_TRAIN_TILE_COLUMNS)

/* One or two tiles of the source by one or two of the target. */
typedef struct
{
  const guint16 *lines;         /* (n_sources, n_rows, length) */
  const guint16 *pairs;         /* (n_targets, ..., n_steps, TILE_PAIRS) */
  gfloat *sums;                 /* (n_sources, ..., n_targets, TILE_SUMS) */
  gint64 length;                /* of a line: an odd multiple of TILE_STEP */
  gint64 next_pairs, next_sums; /* from tile to tile */
  gint64 n_steps;
  gint n_rows; /* of a tile of the source */
  gint n_sources, n_targets;
} GstSodTrainTiles;

/* Where every @period-th value lies: line @l has in its place i value
 * at[l][i] of that vector of STEP whose mask masks[l] has bit i. */
typedef struct
{
  gint period; /* at most STEP */
  guint16 at[GST_SOD_TRAIN_TILE_STEP][GST_SOD_TRAIN_TILE_STEP];
  guint32 masks[GST_SOD_TRAIN_TILE_STEP][GST_SOD_TRAIN_TILE_STEP];
} GstSodTrainSplit;

/* What the instruction set decides. */
typedef struct
{
  /* Before and after a thread's products, of tiles of @n_rows rows. */
  void (*begin) (gint n_rows);
  void (*end) (void);
  /* Adds @n_steps of products. */
  void (*multiply) (const GstSodTrainTiles *tiles);
  /* Eight channels of @n pixels, which lie @pixel apart, into as many lines of
   * @length; zeros behind them up to @n_columns, and to a whole step. */
  void (*transpose) (const guint16 *from, gint64 pixel, gint64 n,
      gint64 n_columns, guint16 *to, gint64 length);
  /* @n_channels, at most two tiles' columns, of @n pixels, as pairs; zeros
   * behind them up to @n_columns. Columns of two tiles are in the order that
   * gst_sod_train_tile_channel() tells. */
  void (*pair) (const guint16 *from, gint64 pixel, gint64 n, gint64 n_columns,
      gint n_channels, guint16 *to, gint64 next);
  /* Every @split->period-th value of @from, from each of the first on, into
   * lines of @length, @n in each and up to a whole step. */
  void (*split) (const guint16 *from, const GstSodTrainSplit *split, gint64 n,
      guint16 *to, gint64 length);
} GstSodTrainTileFuncs;

/* fast: NULL where the CPU has no tiles. */
const GstSodTrainTileFuncs *gst_sod_train_tiles_get_fast (void);
const GstSodTrainTileFuncs *gst_sod_train_tiles_get_plain (void);

/* Of column @column of tile @tile, of those that hold @n_channels. */
static inline gint64
gst_sod_train_tile_channel (gint64 n_channels, gint64 tile, gint64 column)
{
  gint64 first = tile / 2 * 2 * GST_SOD_TRAIN_TILE_COLUMNS;

  if (n_channels - first <= GST_SOD_TRAIN_TILE_COLUMNS)
    return first + column;
  return first + column / 4 * 8 + tile % 2 * 4 + column % 4;
}

/* Gradients of the weights of a convolution with bf16, by @funcs. args: source,
 * d_target, scratch, d_weights. fits: whether that is for them. */
gboolean gst_sod_train_tiles_fit (const GstSodTrainStep *step);
gsize gst_sod_train_tiles_scratch (const GstSodTrainStep *step, gint threads);
void gst_sod_train_tiles_run (const GstSodTrainTileFuncs *funcs,
    const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run);

G_END_DECLS
