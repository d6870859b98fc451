/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/shapes-private.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum
{
  POLYGON,
  ELLIPSE,
  RUNS
} Kind;

typedef struct
{
  Kind kind;
  GArray *values; /* of gdouble (points; x, y, radii) or guint32 (runs) */
  gint left, top, width, height;
  gboolean by_columns;
} Shape;

struct _GstSodShapes
{
  GArray *shapes;
};

static void
clear_shape (gpointer data)
{
  g_array_unref (((Shape *) data)->values);
}

GstSodShapes *
gst_sod_shapes_new (void)
{
  GstSodShapes *self = g_new0 (GstSodShapes, 1);

  self->shapes = g_array_new (FALSE, FALSE, sizeof (Shape));
  g_array_set_clear_func (self->shapes, clear_shape);
  return self;
}

void
gst_sod_shapes_free (GstSodShapes *self)
{
  g_array_unref (self->shapes);
  g_free (self);
}

static void
add (GstSodShapes *self, Kind kind, const gdouble *values, gsize n)
{
  Shape shape = { .kind = kind };

  shape.values = g_array_sized_new (FALSE, FALSE, sizeof (gdouble), (guint) n);
  g_array_append_vals (shape.values, values, (guint) n);
  g_array_append_val (self->shapes, shape);
}

void
gst_sod_shapes_add_polygon (
    GstSodShapes *self, const gdouble *points, gsize n_points)
{
  add (self, POLYGON, points, 2 * n_points);
}

void
gst_sod_shapes_add_box (GstSodShapes *self, gdouble left, gdouble top,
    gdouble right, gdouble bottom)
{
  const gdouble points[] = { left, top, right, top, right, bottom, left,
    bottom };

  add (self, POLYGON, points, G_N_ELEMENTS (points));
}

void
gst_sod_shapes_add_ellipse (GstSodShapes *self, gdouble x, gdouble y,
    gdouble x_radius, gdouble y_radius)
{
  const gdouble values[] = { x, y, x_radius, y_radius };

  add (self, ELLIPSE, values, G_N_ELEMENTS (values));
}

void
gst_sod_shapes_add_runs (GstSodShapes *self, GArray *counts, gint left,
    gint top, gint width, gint height, gboolean by_columns)
{
  Shape shape = { RUNS, counts, left, top, width, height, by_columns };

  g_array_append_val (self->shapes, shape);
}

/* ---- drawing ---- */

/* The pixels of row @y whose centres lie between two edges. */
static void
fill_span (GstSodRaster *raster, gint y, gdouble left, gdouble right)
{
  gdouble first = ceil (CLAMP (left, -1.0, raster->width) - 0.5);
  gdouble end = ceil (CLAMP (right, -1.0, raster->width) - 0.5);
  gint from = MAX (0, (gint) first), to = MIN (raster->width, (gint) end);

  if (to > from)
    memset (raster->pixels + (gsize) y * raster->width + from, 255,
        (gsize) (to - from));
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble left = *(const gdouble *) a, right = *(const gdouble *) b;

  return left < right ? -1 : left > right;
}

static void
draw_polygon (const Shape *shape, GstSodRaster *raster)
{
  const gdouble *points = (const gdouble *) (gpointer) shape->values->data;
  guint n = shape->values->len / 2;
  g_autofree gdouble *crossings = g_new (gdouble, n + 1);

  for (gint row = 0; row < raster->height; row++) {
    gdouble y = row + 0.5;
    guint n_crossings = 0;

    for (guint i = 0; i < n; i++) {
      const gdouble *a = points + 2 * i;
      const gdouble *b = points + 2 * ((i + 1) % n);

      if ((a[1] <= y) != (b[1] <= y))
        crossings[n_crossings++] =
            a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]);
    }
    qsort (crossings, n_crossings, sizeof (gdouble), compare);
    for (guint i = 0; i + 1 < n_crossings; i += 2)
      fill_span (raster, row, crossings[i], crossings[i + 1]);
  }
}

static void
draw_ellipse (const Shape *shape, GstSodRaster *raster)
{
  const gdouble *v = (const gdouble *) (gpointer) shape->values->data;

  for (gint row = 0; row < raster->height; row++) {
    gdouble y = (row + 0.5 - v[1]) / v[3];
    gdouble half = fabs (y) < 1 ? v[2] * sqrt (1 - y * y) : 0;

    if (half > 0)
      fill_span (raster, row, v[0] - half, v[0] + half);
  }
}

/* The pixel at @position of the run's rectangle. */
static void
set_pixel (const Shape *shape, GstSodRaster *raster, guint64 position)
{
  guint64 x = shape->by_columns ? position / (guint64) shape->height
                                : position % (guint64) shape->width;
  guint64 y = shape->by_columns ? position % (guint64) shape->height
                                : position / (guint64) shape->width;

  raster->pixels[(y + (guint64) shape->top) * (guint64) raster->width + x
                 + (guint64) shape->left] = 255;
}

static gboolean
draw_runs (const Shape *shape, GstSodRaster *raster, GError **error)
{
  guint64 total = (guint64) shape->width * (guint64) shape->height;
  guint64 position = 0;

  if (shape->left < 0 || shape->top < 0 || shape->width < 1 || shape->height < 1
      || shape->width > raster->width - shape->left
      || shape->height > raster->height - shape->top) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "its run lengths are of %dx%d pixels at (%d, %d), where the picture "
        "has %dx%d",
        shape->width, shape->height, shape->left, shape->top, raster->width,
        raster->height);
    return FALSE;
  }
  for (guint i = 0; i < shape->values->len; i++) {
    guint64 n = g_array_index (shape->values, guint32, i);

    if (n > total - position) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "its run lengths are more than its %dx%d pixels", shape->width,
          shape->height);
      return FALSE;
    }
    for (guint64 j = 0; i % 2 == 1 && j < n; j++)
      set_pixel (shape, raster, position + j);
    position += n;
  }
  return TRUE;
}

static gboolean
draw (const GstSodItem *item, gint width, gint height, GstSodRaster *raster,
    GError **error)
{
  const GstSodShapes *self = item->truth;

  if (!gst_sod_raster_allocate (
          raster, (guint) width, (guint) height, GST_SOD_PIXELS_GRAY, error))
    return FALSE;
  memset (raster->pixels, 0, (gsize) width * height);
  for (guint i = 0; i < self->shapes->len; i++) {
    const Shape *shape = &g_array_index (self->shapes, Shape, i);

    if (shape->kind == POLYGON) {
      draw_polygon (shape, raster);
    } else if (shape->kind == ELLIPSE) {
      draw_ellipse (shape, raster);
    } else if (!draw_runs (shape, raster, error)) {
      g_autofree gchar *shown = g_filename_display_name (item->image);

      g_prefix_error (
          error, "%s: the mask in the annotations is wrong: ", shown);
      g_clear_pointer (&raster->pixels, g_free);
      return FALSE;
    }
  }
  return TRUE;
}

void
gst_sod_item_take_shapes (GstSodItem *item, GstSodShapes *self)
{
  item->read_mask = draw;
  item->truth = self;
  item->free_truth = (GDestroyNotify) gst_sod_shapes_free;
}
