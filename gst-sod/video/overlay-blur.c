/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is not salient, out of focus: the frame is taken down to a
 * few cells a side, smoothed and enlarged again. What is salient weighs
 * nothing in the means, so that it leaves no halo around itself. */
#include <gst-sod/video/overlay-private.h>

#include <string.h>

/* Cells of the shorter side: no face and no number plate survives that. */
#define CELLS 24

void
gst_sod_blur_clear (GstSodBlur *self)
{
  for (guint i = 0; i < 3; i++) {
    g_clear_pointer (&self->cells[i], g_free);
    gst_sod_stretch_axis_clear (&self->axes[i]);
  }
  g_clear_pointer (&self->weights, g_free);
  g_clear_pointer (&self->row, g_free);
}

/* Samples of a cell, given those of the shorter side of the canvas. */
static gint
get_cell_size (gint side, gfloat scale)
{
  gint pixels = MAX (4, side / CELLS);

  return MAX (1, (gint) (pixels / scale + 0.5f));
}

static void
lay_cells (GstSodBlur *self, const GstSodCanvas *canvas, guint index)
{
  const GstSodComponent *from = &canvas->components[index];
  gint side = MIN (canvas->width, canvas->height);
  gsize size;

  self->cell_width = get_cell_size (side, from->x_step * canvas->width);
  self->cell_height = get_cell_size (side, from->y_step * canvas->height);
  self->columns = (from->width + self->cell_width - 1) / self->cell_width;
  self->rows = (from->height + self->cell_height - 1) / self->cell_height;
  size = (gsize) (self->columns + 1) * self->rows;
  if (size > self->size) {
    for (guint i = 0; i < 3; i++)
      self->cells[i] = g_renew (gfloat, self->cells[i], size);
    self->weights = g_renew (gfloat, self->weights, size);
    self->row = g_renew (gfloat, self->row, size);
    self->size = size;
  }
  gst_sod_stretch_axis_set (&self->axes[index], self->columns, from->width,
      0.5 / (self->columns * self->cell_width),
      1.0 / (self->columns * self->cell_width));
}

/* Adds one row of samples to the sums of its cells: every fourth sample, which
 * is enough for a mean, but others in each row, so that stripes of any
 * direction have their mean too. @map: the map's row, which @columns looks up,
 * or NULL. */
static void
add_row (const GstSodBlur *self, const GstSodComponent *from, gint y,
    const guint8 *map, const gint *columns, gfloat *sums, gfloat *weights)
{
  gint step = self->cell_width >= 8 ? 4 : 1;

  for (gint column = 0; column < self->columns; column++) {
    gint first = column * self->cell_width;
    gint end = MIN (first + self->cell_width, from->width);
    guint64 sum = 0;
    guint total = 0;

    for (gint x = first + y % step; x < end; x += step) {
      /* At least 1, so that a cell that is all salient has a mean too. */
      guint weight = map == NULL ? 256 : 256 - map[columns[x]];

      sum += (guint64) weight * gst_sod_component_code (from, y, x);
      total += weight;
    }
    sums[column] += (gfloat) sum;
    weights[column] += (gfloat) total;
  }
}

static void
measure_cells (GstSodBlur *self, GstSodDrawing *drawing, guint index)
{
  const GstSodComponent *from = &drawing->canvas.components[index];
  const gint *columns = drawing->stretch.axes[index].index;
  gfloat *cells = self->cells[index];
  gint pitch = self->columns + 1;

  for (gsize k = 0; k < (gsize) pitch * self->rows; k++)
    cells[k] = self->weights[k] = 0;
  for (gint y = 0; y < from->height; y++) {
    gsize row = (gsize) (y / self->cell_height) * pitch;

    add_row (self, from, y,
        gst_sod_stretch_get_row (&drawing->stretch, &drawing->canvas, index, y),
        columns, cells + row, self->weights + row);
  }
}

/* Smoothed by 1 2 1. */
static void
smooth_axis (gfloat *values, gint count, gint step)
{
  gfloat before = values[0];

  for (gint k = 0; k < count; k++) {
    gfloat value = values[(gssize) k * step];
    gfloat after = values[(gssize) MIN (k + 1, count - 1) * step];

    values[(gssize) k * step] = 0.25f * before + 0.5f * value + 0.25f * after;
    before = value;
  }
}

/* Sums and weights -> means. The sums are smoothed rather than the means, so
 * that cells that are all salient take theirs from their neighbours. */
static void
smooth_cells (GstSodBlur *self, gfloat *cells)
{
  gint pitch = self->columns + 1;
  gfloat *planes[2] = { cells, self->weights };

  for (guint k = 0; k < 2; k++) {
    for (gint y = 0; y < self->rows; y++)
      smooth_axis (planes[k] + (gssize) y * pitch, self->columns, 1);
    for (gint x = 0; x < self->columns; x++)
      smooth_axis (planes[k] + x, self->rows, pitch);
  }
  for (gint y = 0; y < self->rows; y++) {
    gfloat *row = cells + (gssize) y * pitch;
    const gfloat *weights = self->weights + (gssize) y * pitch;

    for (gint x = 0; x < self->columns; x++)
      row[x] /= weights[x];
    row[self->columns] = row[self->columns - 1];
  }
}

static void
mix_cells (GstSodBlur *self, const gfloat *cells, gdouble position)
{
  gint pitch = self->columns + 1, index;
  const gfloat *a, *b;
  guint16 weight;

  gst_sod_stretch_find (position, self->rows, &index, &weight);
  a = cells + (gssize) index * pitch;
  b = index + 1 < self->rows ? a + pitch : a;
  for (gint k = 0; k < pitch; k++)
    self->row[k] = a[k] + (b[k] - a[k]) * (weight / 256.0f);
}

static void
draw_row (GstSodBlur *self, GstSodCanvas *canvas, guint index,
    const GstSodStretchAxis *axis, gint y)
{
  mix_cells (
      self, self->cells[index], (y + 0.5) / (self->rows * self->cell_height));
  for (gint x = 0; x < axis->count; x++) {
    const gfloat *pair = self->row + axis->index[x];
    gfloat weight = axis->weight[x] * (1.0f / 256);

    canvas->codes[x] =
        (guint16) (pair[0] + (pair[1] - pair[0]) * weight + 0.5f);
  }
  gst_sod_canvas_blend (canvas, index, y, 0, axis->count);
}

static void
draw_group (
    GstSodDrawing *drawing, GstSodBlur *self, guint index, guint group_end)
{
  GstSodCanvas *canvas = &drawing->canvas;
  const GstSodComponent *to = &canvas->components[index];
  const guint16 *map = drawing->rows[0];

  for (gint y = 0; y < to->height; y++) {
    gint first, end;

    gst_sod_stretch_row (
        &drawing->stretch, canvas, index, y, drawing->rows[0], &first, &end);
    memset (canvas->alpha, 255, to->width);
    for (gint x = first; x < end; x++)
      canvas->alpha[x] = 255 - ((map[x] + 128u) >> 8);
    for (guint i = index; i < group_end; i++)
      draw_row (self, canvas, i, &self->axes[index], y);
  }
}

void
gst_sod_draw_blur (GstSodDrawing *drawing, GstSodBlur *blur)
{
  GstSodCanvas *canvas = &drawing->canvas;
  guint group_end;

  for (guint i = 0; i < canvas->n_components; i = group_end) {
    group_end = gst_sod_canvas_get_group_end (canvas, i);
    lay_cells (blur, canvas, i);
    for (guint k = i; k < group_end; k++) {
      measure_cells (blur, drawing, k);
      smooth_cells (blur, blur->cells[k]);
    }
    draw_group (drawing, blur, i, group_end);
  }
}
