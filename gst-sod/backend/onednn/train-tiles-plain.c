/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain twins of what train-tiles-fast.c does by AMX and AVX-512: for tests on
 * any CPU. */
#include <gst-sod/backend/onednn/train-tiles-private.h>

#include <gst-sod/core/tensor-private.h>

#define STEP GST_SOD_TRAIN_TILE_STEP
#define COLUMNS GST_SOD_TRAIN_TILE_COLUMNS

static void
begin (gint n_rows)
{
}

static void
end (void)
{
}

static void
multiply_tile (const GstSodTrainTiles *self, const guint16 *lines,
    const guint16 *pairs, gfloat *sums)
{
  for (gint64 k = 0; k < self->n_steps * STEP; k++) {
    for (gint row = 0; row < self->n_rows; row++) {
      gfloat value = gst_sod_bf16_to_f32 (lines[row * self->length + k]);

      for (gint column = 0; column < COLUMNS; column++)
        sums[row * COLUMNS + column] +=
            value
            * gst_sod_bf16_to_f32 (
                pairs[(k / 2 * COLUMNS + column) * 2 + k % 2]);
    }
  }
}

static void
multiply (const GstSodTrainTiles *self)
{
  for (gint source = 0; source < self->n_sources; source++) {
    for (gint target = 0; target < self->n_targets; target++)
      multiply_tile (self, self->lines + source * self->n_rows * self->length,
          self->pairs + target * self->next_pairs,
          self->sums + source * self->next_sums
              + target * GST_SOD_TRAIN_TILE_SUMS);
  }
}

static void
transpose (const guint16 *from, gint64 pixel, gint64 n, gint64 n_columns,
    guint16 *to, gint64 length)
{
  const gint64 end = (n_columns + STEP - 1) / STEP * STEP;

  for (gint64 channel = 0; channel < 8; channel++) {
    for (gint64 x = 0; x < end; x++)
      to[channel * length + x] = x < n ? from[x * pixel + channel] : 0;
  }
}

static void
pair (const guint16 *from, gint64 pixel, gint64 n, gint64 n_columns,
    gint n_channels, guint16 *to, gint64 next)
{
  const gint n_tiles = n_channels > COLUMNS ? 2 : 1;

  for (gint64 x = 0; x < n_columns; x++) {
    for (gint at = 0; at < n_tiles * COLUMNS; at++) {
      gint64 channel =
          gst_sod_train_tile_channel (n_channels, at / COLUMNS, at % COLUMNS);

      to[at / COLUMNS * next + (x / 2 * COLUMNS + at % COLUMNS) * 2 + x % 2] =
          x < n && channel < n_channels ? from[x * pixel + channel] : 0;
    }
  }
}

static void
split_lines (const guint16 *from, const GstSodTrainSplit *split, gint64 n,
    guint16 *to, gint64 length)
{
  const gint period = split->period;
  const gint64 end = (n + STEP - 1) / STEP * STEP;

  for (gint line = 0; line < period; line++) {
    for (gint64 x = 0; x < end; x++)
      to[line * length + x] = from[x * period + line];
  }
}

const GstSodTrainTileFuncs *
gst_sod_train_tiles_get_plain (void)
{
  static const GstSodTrainTileFuncs funcs = { begin, end, multiply, transpose,
    pair, split_lines };

  return &funcs;
}
