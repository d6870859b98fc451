/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/dataset-private.h>

G_BEGIN_DECLS

/* What was drawn onto a picture; their union is its mask. A pixel belongs to a
 * polygon or ellipse where its centre does; of a polygon that crosses itself,
 * what an odd number of its lines lies around. */
typedef struct _GstSodShapes GstSodShapes;

GstSodShapes *gst_sod_shapes_new (void);
void gst_sod_shapes_free (GstSodShapes *self);

/* @points: x0, y0, x1, y1, ... in pixels, 0 = left or top edge. */
void gst_sod_shapes_add_polygon (
    GstSodShapes *self, const gdouble *points, gsize n_points);
void gst_sod_shapes_add_box (GstSodShapes *self, gdouble left, gdouble top,
    gdouble right, gdouble bottom);
void gst_sod_shapes_add_ellipse (GstSodShapes *self, gdouble x, gdouble y,
    gdouble x_radius, gdouble y_radius);

/* Lengths of runs, first of background, then by turns, of the rectangle at
 * @left, @top; along its columns where @by_columns, else its rows. Takes
 * @counts. A run length that the rectangle has no room for is found out when
 * the mask is drawn. */
void gst_sod_shapes_add_runs (GstSodShapes *self, GArray *counts, gint left,
    gint top, gint width, gint height, gboolean by_columns);

/* Makes them the truth of an item. Takes @self. */
void gst_sod_item_take_shapes (GstSodItem *item, GstSodShapes *self);

G_END_DECLS
