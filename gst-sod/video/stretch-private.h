/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/canvas-private.h>
#include <gst-sod/video/map-private.h>

G_BEGIN_DECLS

/* Which two of @from samples the sample of another axis lies between: sample j
 * is a[index[j]] + weight[j] / 256 * (a[index[j] + 1] - a[index[j]]), with
 * a[from] = a[from - 1]. Kept while the geometry stays. */
typedef struct
{
  gint from, count;
  gdouble first, step;
  gint *index;
  guint16 *weight;
} GstSodStretchAxis;

void gst_sod_stretch_axis_set (GstSodStretchAxis *self, gint from, gint count,
    gdouble first, gdouble step);

void gst_sod_stretch_axis_clear (GstSodStretchAxis *self);

/* The two samples, of @from, around @position (0 and 1 = outer edges). */
void gst_sod_stretch_find (
    gdouble position, gint from, gint *index, guint16 *weight);

/* A map as large as a component: bilinear, codes in 1/256. */
typedef struct
{
  const guint8 *data; /* NULL: nothing is salient */
  gint stride, width, height;
  gdouble x, y, rectangle_width, rectangle_height; /* of the canvas */
  GstSodStretchAxis axes[3];
  guint16 *row; /* width + 1 codes between two rows of the map */
  gint row_size;
} GstSodStretch;

/* Takes up the map that the next calls stretch, or %NULL for an empty one, and
 * the canvas that it is stretched over. */
void gst_sod_stretch_set (GstSodStretch *self, const GstSodMap *map,
    const GstSodMapView *view, const GstSodCanvas *canvas);

/* Writes the codes of row @y of component @index, 0 to 65280, to @codes, and
 * between which columns any is not 0. */
void gst_sod_stretch_row (GstSodStretch *self, const GstSodCanvas *canvas,
    guint index, gint y, guint16 *codes, gint *first, gint *end);

/* The map's own row nearest to row @y of component @index, or NULL where there
 * is no map. */
const guint8 *gst_sod_stretch_get_row (
    const GstSodStretch *self, const GstSodCanvas *canvas, guint index, gint y);

void gst_sod_stretch_clear (GstSodStretch *self);

G_END_DECLS
