/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loops over pixels, built for speed. */
#include <gst-sod/run/ensemble-private.h>

#include <math.h>
#include <string.h>

#define BLOCK GST_SOD_ENSEMBLE_BLOCK

/* Weighted mean, and weighted standard deviation about it, taken in a second
 * pass: the difference of two sums of squares would lose it in rounding. */
static void
measure (const GstSodEnsembleRule *self, const gfloat *const *maps, gsize first,
    gsize count, gfloat *restrict mean, gfloat *restrict spread)
{
  for (gsize x = 0; x < count; x++)
    mean[x] = spread[x] = 0;
  for (guint i = 0; i < self->n_maps; i++) {
    const gfloat *map = maps[i] + first;
    gfloat weight = self->weights[i];

    for (gsize x = 0; x < count; x++)
      mean[x] += weight * map[x];
  }
  for (gsize x = 0; x < count; x++)
    mean[x] /= self->total;
  for (guint i = 0; i < self->n_maps; i++) {
    const gfloat *map = maps[i] + first;
    gfloat weight = self->weights[i];

    for (gsize x = 0; x < count; x++)
      spread[x] += weight * (map[x] - mean[x]) * (map[x] - mean[x]);
  }
  for (gsize x = 0; x < count; x++)
    spread[x] = sqrtf (spread[x] / self->total);
}

static void
order (gfloat *restrict low, gfloat *restrict high, gsize count)
{
  for (gsize x = 0; x < count; x++) {
    gfloat a = low[x], b = high[x];

    low[x] = MIN (a, b);
    high[x] = MAX (a, b);
  }
}

/* Odd-even transposition: n rounds of neighbours put in order sort n maps, all
 * pixels of the block at once. */
static void
take_median (const gfloat *const *maps, guint n_maps, gsize first, gsize count,
    gfloat *median)
{
  gfloat sorted[GST_SOD_ENSEMBLE_MAX_MAPS][BLOCK];
  guint low = (n_maps - 1) / 2, high = n_maps / 2;

  for (guint i = 0; i < n_maps; i++)
    memcpy (sorted[i], maps[i] + first, count * sizeof (gfloat));
  for (guint round = 0; round < n_maps; round++) {
    for (guint i = round % 2; i + 1 < n_maps; i += 2)
      order (sorted[i], sorted[i + 1], count);
  }
  for (gsize x = 0; x < count; x++)
    median[x] = (sorted[low][x] + sorted[high][x]) / 2;
}

void
gst_sod_ensemble_block (const GstSodEnsembleRule *self,
    const gfloat *const *maps, gsize first, gsize count, gfloat *value,
    gfloat *spread)
{
  measure (self, maps, first, count, value, spread);
  if (self->method == GST_SOD_ENSEMBLE_MEDIAN)
    take_median (maps, self->n_maps, first, count, value);
}

void
gst_sod_ensemble_measure_confidence (const gfloat *value, const gfloat *spread,
    gsize count, gfloat full, gfloat *restrict confidence)
{
  gfloat scale = 2 / full;

  for (gsize x = 0; x < count; x++) {
    gfloat agreement = 1 - scale * spread[x];

    confidence[x] = fabsf (scale * value[x] - 1) * MAX (agreement, 0);
  }
}

void
gst_sod_ensemble_moderate (
    gfloat *restrict value, const gfloat *restrict confidence, gsize count)
{
  for (gsize x = 0; x < count; x++)
    value[x] = 127.5f + (value[x] - 127.5f) * confidence[x];
}

void
gst_sod_codes_to_f32 (
    const guint8 *restrict codes, gsize count, gfloat *restrict values)
{
  for (gsize x = 0; x < count; x++)
    values[x] = codes[x];
}

void
gst_sod_codes_from_f32 (const gfloat *restrict values, gsize count,
    gfloat scale, guint8 *restrict codes)
{
  for (gsize x = 0; x < count; x++) {
    gfloat code = scale * values[x] + 0.5f;

    codes[x] = (guint8) (gint) CLAMP (code, 0, 255);
  }
}

/* In eight sums, so that vectors can hold them. */
gfloat
gst_sod_sum_f32 (const gfloat *values, gsize count)
{
  gfloat sums[8] = { 0 }, sum = 0;
  gsize x = 0;

  for (; x + 8 <= count; x += 8) {
    for (gsize i = 0; i < 8; i++)
      sums[i] += values[x + i];
  }
  for (; x < count; x++)
    sum += values[x];
  for (gsize i = 0; i < 8; i++)
    sum += sums[i];
  return sum;
}
