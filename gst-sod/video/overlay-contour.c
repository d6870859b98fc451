/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line where the enlarged map crosses the threshold. The distance of a
 * pixel from it is, to first order, |map - threshold| / |gradient of the map|,
 * so the line has an even width and soft edges without being traced. */
#include <gst-sod/video/overlay-private.h>

#include <math.h>

static const GstSodColour line_colour = { 1.0f, 0.85f, 0.1f };

/* Fills the canvas's alpha for one row from the rows above, of and below it;
 * @scale_x, @scale_y: pixels of the canvas to a sample. Returns whether there
 * is any line. */
static gboolean
trace_row (GstSodCanvas *canvas, guint16 *const rows[3], gint count, gint first,
    gint end, gfloat level, gfloat width, gfloat scale_x, gfloat scale_y)
{
  gfloat extent = 0.5f * (scale_x + scale_y);
  gfloat reach = 0.5f * (width + extent);
  gboolean any = FALSE;

  for (gint x = first; x < end; x++) {
    const guint16 *row = rows[1];
    gfloat dx =
        (row[MIN (x + 1, count - 1)] - row[MAX (x - 1, 0)]) / (2 * scale_x);
    gfloat dy = (rows[2][x] - rows[0][x]) / (2 * scale_y);
    gfloat from_level = row[x] - level;
    gfloat slope = dx * dx + dy * dy;
    gfloat distance;

    canvas->alpha[x] = 0;
    if (from_level * from_level >= reach * reach * slope)
      continue;
    distance = fabsf (from_level) / sqrtf (slope);
    canvas->alpha[x] =
        (guint8) (255 * MIN ((reach - distance) / extent, 1) + 0.5f);
    any = TRUE;
  }
  return any;
}

/* A row of the enlarged map, kept while its neighbours are drawn. */
typedef struct
{
  guint16 *codes;
  gint first, end; /* columns that are not 0 lie between these */
} Row;

/* Draws row @y of components @index to @group_end - 1. */
static void
draw_row (GstSodDrawing *drawing, guint index, guint group_end, gint y,
    const Row *above, const Row *row, const Row *below, gint level)
{
  GstSodCanvas *canvas = &drawing->canvas;
  const GstSodComponent *to = &canvas->components[index];
  guint16 *const rows[3] = { above->codes, row->codes, below->codes };
  gint first = to->width, end = 0;

  for (gint k = 0; k < 3; k++) {
    const Row *near = k == 0 ? above : k == 1 ? row : below;

    if (near->first < near->end) {
      first = MIN (first, MAX (near->first - 1, 0));
      end = MAX (end, MIN (near->end + 1, to->width));
    }
  }
  if (first >= end
      || !trace_row (canvas, rows, to->width, first, end, level,
          gst_sod_drawing_get_line_width (drawing), to->x_step * canvas->width,
          to->y_step * canvas->height))
    return;
  for (guint i = index; i < group_end; i++)
    gst_sod_canvas_blend_code (canvas, i, y, first, end,
        gst_sod_canvas_get_code (canvas, i, &line_colour));
}

static void
draw_group (GstSodDrawing *drawing, guint index, guint group_end, gint level)
{
  GstSodCanvas *canvas = &drawing->canvas;
  gint last = canvas->components[index].height - 1;
  Row rows[3];

  for (gint k = 0; k < 3; k++)
    rows[k].codes = drawing->rows[k];
  for (gint y = -1; y <= last; y++) {
    Row *next = &rows[(y + 1) % 3];

    if (y < last)
      gst_sod_stretch_row (&drawing->stretch, canvas, index, y + 1, next->codes,
          &next->first, &next->end);
    if (y >= 0)
      draw_row (drawing, index, group_end, y, &rows[MAX (y - 1, 0) % 3],
          &rows[y % 3], &rows[MIN (y + 1, last) % 3], level);
  }
}

void
gst_sod_draw_contour (GstSodDrawing *drawing, gdouble threshold)
{
  gint level = (gint) (CLAMP (threshold, 1 / 255.0, 1) * 255 * 256) - 128;
  guint group_end;

  for (guint i = 0; i < drawing->canvas.n_components; i = group_end) {
    group_end = gst_sod_canvas_get_group_end (&drawing->canvas, i);
    draw_group (drawing, i, group_end, level);
  }
}
