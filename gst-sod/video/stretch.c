/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bilinear enlargement, row by row: first between two rows of the small
 * picture, then along the row by positions that are worked out once. */
#include <gst-sod/video/stretch-private.h>

#include <math.h>
#include <string.h>

void
gst_sod_stretch_find (gdouble position, gint from, gint *index, guint16 *weight)
{
  gdouble sample = CLAMP (position * from - 0.5, 0, from - 1);

  *index = (gint) sample;
  *weight = (guint16) ((sample - *index) * 256);
}

void
gst_sod_stretch_axis_set (
    GstSodStretchAxis *self, gint from, gint count, gdouble first, gdouble step)
{
  if (self->from == from && self->count == count && self->first == first
      && self->step == step)
    return;
  self->index = g_renew (gint, self->index, count);
  self->weight = g_renew (guint16, self->weight, count);
  self->from = from;
  self->count = count;
  self->first = first;
  self->step = step;
  for (gint j = 0; j < count; j++)
    gst_sod_stretch_find (
        first + j * step, from, &self->index[j], &self->weight[j]);
}

void
gst_sod_stretch_axis_clear (GstSodStretchAxis *self)
{
  g_clear_pointer (&self->index, g_free);
  g_clear_pointer (&self->weight, g_free);
}

void
gst_sod_stretch_set (GstSodStretch *self, const GstSodMap *map,
    const GstSodMapView *view, const GstSodCanvas *canvas)
{
  if (map == NULL) {
    self->data = NULL;
    return;
  }
  self->data = view->data;
  self->stride = view->stride;
  self->width = gst_sod_map_get_width (map);
  self->height = gst_sod_map_get_height (map);
  gst_sod_map_get_rectangle (
      map, &self->x, &self->y, &self->rectangle_width, &self->rectangle_height);
  if (self->row_size < self->width + 1) {
    self->row_size = self->width + 1;
    self->row = g_renew (guint16, self->row, self->row_size);
  }
  for (guint i = 0; i < canvas->n_components; i++) {
    const GstSodComponent *to = &canvas->components[i];

    gst_sod_stretch_axis_set (&self->axes[i], self->width, to->width,
        (to->x_first - self->x) / self->rectangle_width,
        to->x_step / self->rectangle_width);
  }
}

/* Row @y of component @index as a fraction of the map's height. */
static gdouble
get_position (
    const GstSodStretch *self, const GstSodCanvas *canvas, guint index, gint y)
{
  const GstSodComponent *to = &canvas->components[index];

  return ((gdouble) to->y_first + y * (gdouble) to->y_step - self->y)
         / self->rectangle_height;
}

/* Goes between two rows; tells between which columns any code is not 0. */
static void
mix_rows (GstSodStretch *self, gdouble position, gint *first, gint *end)
{
  guint16 *restrict row = self->row;
  const guint8 *a, *b;
  gint index;
  guint16 weight;

  gst_sod_stretch_find (position, self->height, &index, &weight);
  a = self->data + (gssize) index * self->stride;
  b = index + 1 < self->height ? a + self->stride : a;
  for (gint i = 0; i < self->width; i++)
    row[i] = (guint16) (a[i] * (256 - weight) + b[i] * weight);
  row[self->width] = row[self->width - 1];
  for (*first = 0; *first < self->width && row[*first] == 0; (*first)++)
    ;
  for (*end = self->width; *end > *first && row[*end - 1] == 0; (*end)--)
    ;
}

/* First sample that lies between column @column and the next, or later. */
static gint
find_sample (const GstSodStretchAxis *axis, gint column)
{
  gint low = 0, high = axis->count;

  while (low < high) {
    gint middle = low + (high - low) / 2;

    if (axis->index[middle] < column)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void
gst_sod_stretch_row (GstSodStretch *self, const GstSodCanvas *canvas,
    guint index, gint y, guint16 *codes, gint *first, gint *end)
{
  const GstSodComponent *to = &canvas->components[index];
  const GstSodStretchAxis *axis = &self->axes[index];
  const guint16 *restrict row = self->row;
  gint first_column, end_column;

  *first = *end = 0;
  if (self->data != NULL) {
    mix_rows (self, get_position (self, canvas, index, y), &first_column,
        &end_column);
    if (first_column < end_column) {
      *first = find_sample (axis, first_column - 1);
      *end = find_sample (axis, end_column);
    }
  }
  memset (codes, 0, *first * sizeof (*codes));
  memset (codes + *end, 0, (to->width - *end) * sizeof (*codes));
  for (gint x = *first; x < *end; x++) {
    const guint16 *pair = row + axis->index[x];
    guint weight = axis->weight[x];

    codes[x] = (guint16) ((pair[0] * (256 - weight) + pair[1] * weight) >> 8);
  }
}

const guint8 *
gst_sod_stretch_get_row (
    const GstSodStretch *self, const GstSodCanvas *canvas, guint index, gint y)
{
  gint row;
  guint16 weight;

  if (self->data == NULL)
    return NULL;
  gst_sod_stretch_find (
      get_position (self, canvas, index, y), self->height, &row, &weight);
  return self->data + (gssize) row * self->stride;
}

void
gst_sod_stretch_clear (GstSodStretch *self)
{
  for (guint i = 0; i < 3; i++)
    gst_sod_stretch_axis_clear (&self->axes[i]);
  g_clear_pointer (&self->row, g_free);
}
