/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/video/frame-format-private.h>

G_BEGIN_DECLS

/* 0..1, full range */
typedef struct
{
  gfloat r, g, b;
} GstSodColour;

/* A frame to be drawn on, component by component at each one's own
 * resolution: chroma is never unpacked, deep formats keep their depth, and
 * colours are right for the frame's colorimetry. */
typedef struct
{
  guint n_components;
  GstSodComponent components[3]; /* writable */
  gint width, height;            /* pixels of what is drawn on */
  gdouble inverse[3][4];         /* RGB -> codes */

  /* Rows of the widest component, for whoever draws. */
  guint8 *alpha;
  guint16 *codes;
} GstSodCanvas;

/* Makes @self, which is all zero, ready for frames of @format. */
void gst_sod_canvas_init (GstSodCanvas *self, const GstSodFrameFormat *format);

void gst_sod_canvas_clear (GstSodCanvas *self);

/* Takes up the components that the next calls draw on. */
void gst_sod_canvas_set_frame (GstSodCanvas *self,
    const GstSodFrameFormat *format, const GstVideoFrame *frame,
    const GstSodRectangle *rectangle);

/* The code of component @index that shows @colour. */
guint16 gst_sod_canvas_get_code (
    const GstSodCanvas *self, guint index, const GstSodColour *colour);

/* Blends columns @first to @end - 1 of row @y of component @index with
 * self->codes by self->alpha (0 = keep, 255 = replace), both at their own
 * columns. */
void gst_sod_canvas_blend (
    GstSodCanvas *self, guint index, gint y, gint first, gint end);

/* The same with one code all over. */
void gst_sod_canvas_blend_code (GstSodCanvas *self, guint index, gint y,
    gint first, gint end, guint16 code);

/* The component after the last that has its samples where component @first
 * has them: what is worked out for one holds for all of R, G and B, and for
 * both of Cb and Cr. */
guint gst_sod_canvas_get_group_end (const GstSodCanvas *self, guint first);

/* Fills a rectangle whose edges are pixels of the canvas, with soft edges
 * where they do not fall on samples. */
void gst_sod_canvas_fill (GstSodCanvas *self, gdouble left, gdouble top,
    gdouble right, gdouble bottom, const GstSodColour *colour, gdouble alpha);

G_END_DECLS
