/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures at another size, as numbers. Loops over pixels, built for speed. */
#include <gst-sod/run/resample-private.h>

#include <math.h>
#include <string.h>

static void
clear_axis (GstSodResampleAxis *self)
{
  g_free (self->firsts);
  g_free (self->counts);
  g_free (self->weights);
  *self = (GstSodResampleAxis){ 0 };
}

void
gst_sod_resampler_clear (GstSodResampler *self)
{
  clear_axis (&self->x);
  clear_axis (&self->y);
  g_clear_pointer (&self->row, g_free);
}

/* The taps of output @i. Beyond the outermost samples the edge is repeated; a
 * triangle of several samples only has to reach one. */
static void
fill_taps (GstSodResampleAxis *self, gint i, gdouble width)
{
  gfloat *weights = self->weights + (gsize) i * self->max;
  gdouble position = ((i + 0.5) / self->to - self->first) / self->step;
  gdouble total = 0;
  gint first, last;

  position = width == 1 ? CLAMP (position, 0, self->from - 1)
                        : CLAMP (position, -0.5, self->from - 0.5);
  first = MAX ((gint) ceil (position - width), 0);
  last = MIN ((gint) floor (position + width), self->from - 1);
  for (gint j = first; j <= last; j++)
    total += MAX (1 - fabs (j - position) / width, 0);
  for (gint j = first; j <= last; j++)
    weights[j - first] =
        (gfloat) (MAX (1 - fabs (j - position) / width, 0) / total);
  self->firsts[i] = first;
  self->counts[i] = last - first + 1;
}

static gboolean
set_axis (GstSodResampleAxis *self, gint from, gint to, gfloat first,
    gfloat step, GError **error)
{
  gdouble width = MAX (1 / ((gdouble) to * step), 1);

  if (self->from == from && self->to == to && self->first == first
      && self->step == step)
    return TRUE;
  clear_axis (self);
  self->max = 2 * (gint) ceil (width) + 1;
  self->firsts = g_try_new (gint, to);
  self->counts = g_try_new (gint, to);
  self->weights = g_try_new (gfloat, (gsize) to * self->max);
  if (self->firsts == NULL || self->counts == NULL || self->weights == NULL) {
    clear_axis (self);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory to resize %d samples to %d", from, to);
    return FALSE;
  }
  self->from = from;
  self->to = to;
  self->first = first;
  self->step = step;
  for (gint i = 0; i < to; i++)
    fill_taps (self, i, width);
  return TRUE;
}

static gboolean
ensure_row (GstSodResampler *self, gint from, GError **error)
{
  if (self->row != NULL && self->x.from == from)
    return TRUE;
  g_free (self->row);
  self->row = g_try_new (gfloat, from);
  if (self->row != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory for a row of %d samples", from);
  return FALSE;
}

gboolean
gst_sod_resampler_prepare (GstSodResampler *self,
    const GstSodComponent *component, gint width, gint height, GError **error)
{
  return ensure_row (self, component->width, error)
         && set_axis (&self->x, component->width, width, component->x_first,
             component->x_step, error)
         && set_axis (&self->y, component->height, height, component->y_first,
             component->y_step, error);
}

gboolean
gst_sod_resampler_prepare_plane (GstSodResampler *self, gint from_width,
    gint from_height, gint width, gint height, GError **error)
{
  return ensure_row (self, from_width, error)
         && set_axis (&self->x, from_width, width, 0.5f / from_width,
             1.0f / from_width, error)
         && set_axis (&self->y, from_height, height, 0.5f / from_height,
             1.0f / from_height, error);
}

static void
add_bytes (gfloat *restrict row, const guint8 *restrict bytes, gint n,
    gint pixel_stride, gfloat weight)
{
  if (pixel_stride == 1) {
    for (gint x = 0; x < n; x++)
      row[x] += weight * bytes[x];
    return;
  }
  for (gint x = 0; x < n; x++)
    row[x] += weight * bytes[(gssize) x * pixel_stride];
}

static void
add_codes (gfloat *row, const GstSodComponent *component, gint y, gfloat weight)
{
  if (component->sample_size == 1) {
    add_bytes (row, component->data + (gssize) y * component->stride,
        component->width, component->pixel_stride, weight);
    return;
  }
  for (gint x = 0; x < component->width; x++)
    row[x] += weight * gst_sod_component_code (component, y, x);
}

static void
filter_row (const GstSodResampleAxis *x, const gfloat *row, gfloat *restrict to)
{
  for (gint i = 0; i < x->to; i++) {
    const gfloat *weights = x->weights + (gsize) i * x->max;
    const gfloat *from = row + x->firsts[i];
    gfloat sum = 0;

    for (gint j = 0; j < x->counts[i]; j++)
      sum += weights[j] * from[j];
    to[i] = sum;
  }
}

/* Whether the samples come out as they are. */
static gboolean
is_identity (const GstSodResampleAxis *self)
{
  return self->from == self->to && self->first == 0.5f / self->from
         && self->step == 1.0f / self->from;
}

static void
finish_row (GstSodResampler *self, gfloat *to)
{
  if (is_identity (&self->x))
    memcpy (to, self->row, self->x.to * sizeof (gfloat));
  else
    filter_row (&self->x, self->row, to);
}

void
gst_sod_resampler_read_row (GstSodResampler *self,
    const GstSodComponent *component, gint y, gfloat *codes)
{
  const gfloat *weights = self->y.weights + (gsize) y * self->y.max;
  gint first = self->y.firsts[y];

  memset (self->row, 0, self->x.from * sizeof (gfloat));
  if (is_identity (&self->y))
    add_codes (self->row, component, y, 1);
  else
    for (gint i = 0; i < self->y.counts[y]; i++)
      add_codes (self->row, component, first + i, weights[i]);
  finish_row (self, codes);
}

void
gst_sod_resampler_read_plane_row (
    GstSodResampler *self, const gfloat *plane, gint y, gfloat *values)
{
  const gfloat *weights = self->y.weights + (gsize) y * self->y.max;
  const gfloat *from = plane + (gsize) self->y.firsts[y] * self->x.from;
  gint n = self->x.from;
  gfloat *restrict row = self->row;

  memset (row, 0, n * sizeof (gfloat));
  for (gint i = 0; i < self->y.counts[y]; i++, from += n) {
    for (gint x = 0; x < n; x++)
      row[x] += weights[i] * from[x];
  }
  finish_row (self, values);
}
