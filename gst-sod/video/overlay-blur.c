/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that is not salient, out of focus: the frame is taken down to a
 * few cells a side, smoothed and enlarged again. What is salient weighs
 * nothing in the means, so that it leaves no halo around itself. */
#include <gst-sod/video/overlay-private.h>

/* Cells of the shorter side: no face and no number plate survives that. */
#define CELLS 24

void
gst_sod_blur_clear (GstSodBlur *self)
{
  g_clear_pointer (&self->cells, g_free);
  g_clear_pointer (&self->scratch, g_free);
  g_clear_pointer (&self->row, g_free);
  for (guint i = 0; i < 3; i++)
    gst_sod_stretch_axis_clear (&self->axes[i]);
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
    self->cells = g_renew (gfloat, self->cells, size);
    self->scratch = g_renew (gfloat, self->scratch, size);
    self->size = size;
  }
  if (self->columns + 1 > self->row_size) {
    self->row_size = self->columns + 1;
    self->row = g_renew (gfloat, self->row, self->row_size);
  }
  gst_sod_stretch_axis_set (&self->axes[index], self->columns, from->width,
      0.5 / (self->columns * self->cell_width),
      1.0 / (self->columns * self->cell_width));
}

/* Adds one row of samples to the sums of its cells: every fourth sample, which
 * is enough for a mean, but others in each row, so that stripes of any
 * direction have their mean too. */
static void
add_row (const GstSodBlur *self, const GstSodComponent *from, gint y,
    const guint16 *map, gfloat *sums, gfloat *weights)
{
  gint step = self->cell_width >= 8 ? 4 : 1;

  for (gint column = 0; column < self->columns; column++) {
    gint first = column * self->cell_width;
    gint end = MIN (first + self->cell_width, from->width);
    guint64 sum = 0;
    guint total = 0;

    for (gint x = first + y % step; x < end; x += step) {
      /* At least 1, so that a cell that is all salient has a mean too. */
      guint weight = 256 - (map[x] >> 8);

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
  gint pitch = self->columns + 1;

  for (gsize k = 0; k < (gsize) pitch * self->rows; k++)
    self->cells[k] = self->scratch[k] = 0;
  for (gint y = 0; y < from->height; y++) {
    gsize row = (gsize) (y / self->cell_height) * pitch;
    gint first, end;

    gst_sod_stretch_row (&drawing->stretch, &drawing->canvas, index, y,
        drawing->rows[0], &first, &end);
    add_row (self, from, y, drawing->rows[0], self->cells + row,
        self->scratch + row);
  }
}

/* (sums, weights) -> means, smoothed by 1 2 1 along both axes. The sums are
 * smoothed rather than the means, so that cells that are all salient take
 * theirs from their neighbours. */
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

static void
smooth_cells (GstSodBlur *self)
{
  gint pitch = self->columns + 1;
  gfloat *planes[2] = { self->cells, self->scratch };

  for (guint k = 0; k < 2; k++) {
    for (gint y = 0; y < self->rows; y++)
      smooth_axis (planes[k] + (gssize) y * pitch, self->columns, 1);
    for (gint x = 0; x < self->columns; x++)
      smooth_axis (planes[k] + x, self->rows, pitch);
  }
  for (gint y = 0; y < self->rows; y++) {
    gfloat *cells = self->cells + (gssize) y * pitch;
    const gfloat *weights = self->scratch + (gssize) y * pitch;

    for (gint x = 0; x < self->columns; x++)
      cells[x] /= weights[x];
    cells[self->columns] = cells[self->columns - 1];
  }
}

static void
mix_cells (GstSodBlur *self, gdouble position)
{
  gint pitch = self->columns + 1, index;
  const gfloat *a, *b;
  guint16 weight;

  gst_sod_stretch_find (position, self->rows, &index, &weight);
  a = self->cells + (gssize) index * pitch;
  b = index + 1 < self->rows ? a + pitch : a;
  for (gint k = 0; k < pitch; k++)
    self->row[k] = a[k] + (b[k] - a[k]) * (weight / 256.0f);
}

static void
draw_component (GstSodDrawing *drawing, GstSodBlur *self, guint index)
{
  GstSodCanvas *canvas = &drawing->canvas;
  const GstSodComponent *to = &canvas->components[index];
  const GstSodStretchAxis *axis = &self->axes[index];
  const guint16 *map = drawing->rows[0];

  for (gint y = 0; y < to->height; y++) {
    gint first, end;

    gst_sod_stretch_row (
        &drawing->stretch, canvas, index, y, drawing->rows[0], &first, &end);
    mix_cells (self, (y + 0.5) / (self->rows * self->cell_height));
    for (gint x = 0; x < to->width; x++) {
      const gfloat *pair = self->row + axis->index[x];
      gfloat weight = axis->weight[x] * (1.0f / 256);

      canvas->codes[x] =
          (guint16) (pair[0] + (pair[1] - pair[0]) * weight + 0.5f);
      canvas->alpha[x] = 255 - ((map[x] + 128u) >> 8);
    }
    gst_sod_canvas_blend (canvas, index, y, 0, to->width);
  }
}

void
gst_sod_draw_blur (GstSodDrawing *drawing, GstSodBlur *blur)
{
  for (guint i = 0; i < drawing->canvas.n_components; i++) {
    lay_cells (blur, &drawing->canvas, i);
    measure_cells (blur, drawing, i);
    smooth_cells (blur);
    draw_component (drawing, blur, i);
  }
}
