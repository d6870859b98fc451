/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/picture-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <math.h>
#include <string.h>

/* Samples are taken four at a time. */
#define UNIT 4

/* One output's triangle: centre and half base, in samples. */
typedef struct
{
  gdouble position, width;
  gint first, last;
} Triangle;

static Triangle
get_triangle (const GstSodOnednnTaps *self, gint out)
{
  Triangle t = {
    .position = ((out + 0.5) / self->n_out - self->first) / self->step,
    .width = MAX (1 / (self->n_out * (gdouble) self->step), 1),
  };

  /* Beyond the outermost samples the edge is repeated; a triangle of several
   * samples only has to reach one. */
  if (t.width == 1)
    t.position = CLAMP (t.position, 0, self->n_in - 1);
  t.position = CLAMP (t.position, -0.5, self->n_in - 0.5);
  t.first = MAX ((gint) ceil (t.position - t.width), 0);
  t.last = MIN ((gint) floor (t.position + t.width), self->n_in - 1);
  return t;
}

static gdouble
get_height (const Triangle *t, gint sample)
{
  return MAX (1 - fabs (sample - t->position) / t->width, 0);
}

static void
fill (GstSodOnednnTaps *self)
{
  memset (self->weights, 0,
      (gsize) self->n_out * self->count * sizeof (*self->weights));
  for (gint out = 0; out < self->n_out; out++) {
    Triangle t = get_triangle (self, out);
    gfloat *weights = self->weights + (gsize) out * self->count;
    gdouble total = 0;

    for (gint i = t.first; i <= t.last; i++)
      total += get_height (&t, i);
    for (gint i = t.first; i <= t.last; i++)
      weights[i - t.first] = (gfloat) (get_height (&t, i) / total);
    self->starts[out] = t.first;
  }
}

void
gst_sod_onednn_taps_clear (GstSodOnednnTaps *self)
{
  g_clear_pointer (&self->starts, g_free);
  g_clear_pointer (&self->weights, g_free);
  self->n_out = 0;
}

gboolean
gst_sod_onednn_taps_set (GstSodOnednnTaps *self, gint n_out, gint n_in,
    gfloat first, gfloat step, GError **error)
{
  gint count = 1;

  if (self->n_out == n_out && self->n_in == n_in && self->first == first
      && self->step == step)
    return TRUE;
  gst_sod_onednn_taps_clear (self);
  self->n_out = n_out;
  self->n_in = n_in;
  self->first = first;
  self->step = step;
  for (gint out = 0; out < n_out; out++) {
    Triangle t = get_triangle (self, out);

    count = MAX (count, t.last - t.first + 1);
  }
  self->count = count == 2 ? 2 : (count + UNIT - 1) / UNIT * UNIT;
  self->starts = g_try_new (gint, n_out);
  self->weights = g_try_new (gfloat, (gsize) n_out * self->count);
  if (self->starts != NULL && self->weights != NULL) {
    fill (self);
    return TRUE;
  }
  gst_sod_onednn_taps_clear (self);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory to scale %d samples to %d; use smaller frames", n_in, n_out);
  return FALSE;
}

/* Two samples an output: enlarging. */
GST_SOD_ONEDNN_INLINE void
filter_pairs (const GstSodOnednnTaps *taps, const gfloat *restrict row,
    gint stride, gfloat *restrict out)
{
  const gint *starts = taps->starts;
  const gfloat *weights = taps->weights;

  for (gint x = 0; x < taps->n_out; x++) {
    const gfloat *at = row + starts[x] * stride;

    out[x] = weights[2 * x] * at[0] + weights[2 * x + 1] * at[stride];
  }
}

GST_SOD_ONEDNN_INLINE void
filter_many (const GstSodOnednnTaps *taps, const gfloat *restrict row,
    gint stride, gfloat *restrict out)
{
  const gfloat *weights = taps->weights;

  for (gint x = 0; x < taps->n_out; x++) {
    const gfloat *at = row + (gssize) taps->starts[x] * stride;
    gfloat sums[UNIT] = { 0 };

    for (gint i = 0; i < taps->count; i += UNIT) {
      for (gint j = 0; j < UNIT; j++)
        sums[j] += weights[i + j] * at[(i + j) * stride];
    }
    out[x] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    weights += taps->count;
  }
}

GST_SOD_ONEDNN_HOT void
gst_sod_onednn_filter_row (
    const GstSodOnednnTaps *taps, const gfloat *row, gint stride, gfloat *out)
{
  /* A stride that is known is a third of the time. */
  if (taps->count == 2) {
    switch (stride) {
      case 1:
        filter_pairs (taps, row, 1, out);
        break;
      case 2:
        filter_pairs (taps, row, 2, out);
        break;
      default:
        filter_pairs (taps, row, stride, out);
    }
    return;
  }
  switch (stride) {
    case 1:
      filter_many (taps, row, 1, out);
      break;
    case 2:
      filter_many (taps, row, 2, out);
      break;
    case 3:
      filter_many (taps, row, 3, out);
      break;
    default:
      filter_many (taps, row, stride, out);
  }
}
