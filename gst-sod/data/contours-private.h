/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>

G_BEGIN_DECLS

/* How masks become polygons. */
typedef struct
{
  guint threshold;   /* codes over it are foreground */
  gdouble tolerance; /* pixels that a line may lie beside the contour; 0 =
                        drawn again, the polygons give the very mask */
  gdouble min_area;  /* pixels; smaller regions and holes are left out */
} GstSodContourRule;

/* Polygons around the regions of an 8-bit gray picture: GArrays of gdouble x0,
 * y0, x1, y1, ... in pixels, 0 = left or top edge. A hole is joined to a
 * region by a line that is walked there and back, so that a point is inside a
 * polygon where an odd number of lines lies to one side of it.
 * (transfer full) */
GPtrArray *gst_sod_contours_find (
    const GstSodImage *mask, const GstSodContourRule *rule);

G_END_DECLS
