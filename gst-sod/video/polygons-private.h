/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>

G_BEGIN_DECLS

/* Polygons in fractions of the frame. */
typedef struct _GstSodPolygons GstSodPolygons;

/* Reads "x,y x,y x,y; x,y ..."; @what names the list in errors. NULL with
 * @error set where a polygon has less than three corners or a coordinate is
 * not a number of 0..1. An empty @text is a list of none. */
GstSodPolygons *gst_sod_polygons_parse (
    const gchar *text, const gchar *what, GError **error);

void gst_sod_polygons_free (GstSodPolygons *self);

guint gst_sod_polygons_get_count (const GstSodPolygons *self);

/* Writes @code to the pixels of @mask (width x height bytes) whose centres lie
 * inside a polygon, by the even-odd rule. */
void gst_sod_polygons_fill (const GstSodPolygons *self, guint8 *mask,
    gint width, gint height, guint8 code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodPolygons, gst_sod_polygons_free)

G_END_DECLS
