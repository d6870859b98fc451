/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums in numpy's order, for the few decisions that hang on their last bit:
 * whether a value reaches twice the mean, and whether a constant differs from
 * its own mean. numpy (since 1.9) halves an array until at most 128 elements
 * are left, which it adds in eight columns. */
#include <gst-sod/eval/sample-private.h>

#define BLOCK 128

/* Values @start to @start + @n - 1 of an array. */
typedef void (*FetchFunc) (
    gconstpointer array, guint64 start, gint n, gdouble *values);

static gdouble
sum_block (const gdouble *values, gint n)
{
  gdouble sums[8], sum;
  gint i;

  if (n < 8) {
    sum = 0;
    for (i = 0; i < n; i++)
      sum += values[i];
    return sum;
  }
  for (i = 0; i < 8; i++)
    sums[i] = values[i];
  for (; i + 8 <= n; i += 8) {
    for (gint j = 0; j < 8; j++)
      sums[j] += values[i + j];
  }
  sum = ((sums[0] + sums[1]) + (sums[2] + sums[3]))
        + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < n; i++)
    sum += values[i];
  return sum;
}

static gdouble
sum_pairwise (gconstpointer array, FetchFunc fetch, guint64 start, guint64 n)
{
  guint64 half;

  if (n <= BLOCK) {
    gdouble values[BLOCK];

    fetch (array, start, (gint) n, values);
    return sum_block (values, (gint) n);
  }
  half = n / 2;
  half -= half % 8;
  return sum_pairwise (array, fetch, start, half)
         + sum_pairwise (array, fetch, start + half, n - half);
}

static void
fetch_constant (gconstpointer array, guint64 start, gint n, gdouble *values)
{
  for (gint i = 0; i < n; i++)
    values[i] = *(const gdouble *) array;
}

gdouble
gst_sod_numpy_sum_constant (gdouble value, guint64 n, guint64 piece)
{
  gdouble sum = 0;

  for (; n > piece; n -= piece)
    sum += sum_pairwise (&value, fetch_constant, 0, piece);
  return sum + sum_pairwise (&value, fetch_constant, 0, n);
}

static void
fetch_pixels (gconstpointer array, guint64 start, gint n, gdouble *values)
{
  const GstSodSample *sample = array;
  gint y = (gint) (start / sample->map.width);
  gint x = (gint) (start % sample->map.width);

  for (gint i = 0; i < n; i++) {
    values[i] = sample->p[gst_sod_plane_row (&sample->map, y)[x]];
    if (++x == sample->map.width) {
      x = 0;
      y++;
    }
  }
}

gdouble
gst_sod_sample_get_numpy_mean (const GstSodSample *self)
{
  return sum_pairwise (self, fetch_pixels, 0, self->n) / self->n;
}
