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

static void
fill_groups (GstSodOnednnTaps *self)
{
  const gint group = GST_SOD_ONEDNN_GROUP;

  self->span = GST_SOD_ONEDNN_CAN_PERMUTE ? 0 : G_MAXINT;
  for (gint out = 0; out < self->n_out / group * group; out++) {
    gint first = out / group * group;
    gint distance = self->starts[out] - self->starts[first];

    self->distances[out] = distance;
    self->span = MAX (self->span, distance);
    for (gint i = 0; i < self->count; i++)
      self->group_weights[((gsize) first * self->count) + i * group + out
                          - first] =
          self->weights[(gsize) out * self->count + i];
  }
}

void
gst_sod_onednn_taps_clear (GstSodOnednnTaps *self)
{
  g_clear_pointer (&self->starts, g_free);
  g_clear_pointer (&self->weights, g_free);
  g_clear_pointer (&self->distances, g_free);
  g_clear_pointer (&self->group_weights, g_free);
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
  self->distances = g_try_new (gint32, n_out);
  self->group_weights = g_try_new (gfloat, (gsize) n_out * self->count);
  if (self->starts != NULL && self->weights != NULL && self->distances != NULL
      && self->group_weights != NULL) {
    fill (self);
    fill_groups (self);
    return TRUE;
  }
  gst_sod_onednn_taps_clear (self);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory to scale %d samples to %d; use smaller frames", n_in, n_out);
  return FALSE;
}

/* Two samples an output: enlarging. Outputs from @x on. */
GST_SOD_ONEDNN_INLINE void
filter_pairs (const GstSodOnednnTaps *taps, const gfloat *restrict row,
    gint stride, gint x, gfloat *restrict out)
{
  const gint *starts = taps->starts;
  const gfloat *weights = taps->weights;

  for (; x < taps->n_out; x++) {
    const gfloat *at = row + starts[x] * stride;

    out[x] = weights[2 * x] * at[0] + weights[2 * x + 1] * at[stride];
  }
}

GST_SOD_ONEDNN_INLINE void
filter_many (const GstSodOnednnTaps *taps, const gfloat *restrict row,
    gint stride, gint x, gfloat *restrict out)
{
  for (; x < taps->n_out; x++) {
    const gfloat *weights = taps->weights + (gsize) x * taps->count;
    const gfloat *at = row + (gssize) taps->starts[x] * stride;
    gfloat sums[UNIT] = { 0 };

    for (gint i = 0; i < taps->count; i += UNIT) {
      for (gint j = 0; j < UNIT; j++)
        sums[j] += weights[i + j] * at[(i + j) * stride];
    }
    out[x] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

#if defined(__GNUC__) && !defined(__clang__)
#define GROUP GST_SOD_ONEDNN_GROUP

typedef gfloat Lanes __attribute__ ((vector_size (GROUP * sizeof (gfloat))));
typedef gint32 Indices __attribute__ ((vector_size (GROUP * sizeof (gint32))));

/* A group's samples of one tap lie within two vectors: picking them there is
 * far quicker than from memory, one by one. Returns the first output that is
 * left over. */
GST_SOD_ONEDNN_INLINE gint
filter_groups (const GstSodOnednnTaps *taps, const gfloat *restrict row,
    gint stride, gfloat *restrict out)
{
  const gfloat *weights = taps->group_weights;
  gint x = 0;

  for (; x + GROUP <= taps->n_out; x += GROUP) {
    const gfloat *at = row + (gssize) taps->starts[x] * stride;
    Indices indices;
    Lanes sum = { 0 };

    memcpy (&indices, taps->distances + x, sizeof (indices));
    indices *= stride;
    for (gint i = 0; i < taps->count; i++) {
      Lanes low, high, weight;

      memcpy (&low, at + i * stride, sizeof (low));
      memcpy (&high, at + i * stride + GROUP, sizeof (high));
      memcpy (&weight, weights, sizeof (weight));
      sum += weight * __builtin_shuffle (low, high, indices);
      weights += GROUP;
    }
    memcpy (out + x, &sum, sizeof (sum));
  }
  return x;
}
#else
#define filter_groups(taps, row, stride, out) 0
#endif

GST_SOD_ONEDNN_HOT void
gst_sod_onednn_filter_row (
    const GstSodOnednnTaps *taps, const gfloat *row, gint stride, gfloat *out)
{
  gint x = 0;

  if ((gint64) taps->span * stride < 2 * GST_SOD_ONEDNN_GROUP)
    x = filter_groups (taps, row, stride, out);
  /* Strides that are known are a third of the time. */
  if (taps->count == 2)
    filter_pairs (taps, row, stride, x, out);
  else if (stride == 1)
    filter_many (taps, row, 1, x, out);
  else if (stride == 2)
    filter_many (taps, row, 2, x, out);
  else if (stride == 3)
    filter_many (taps, row, 3, x, out);
  else
    filter_many (taps, row, stride, x, out);
}
