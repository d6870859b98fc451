/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/overlay.h>
#include <gst-sod/video/canvas-private.h>
#include <gst-sod/video/regions-private.h>
#include <gst-sod/video/stretch-private.h>

G_BEGIN_DECLS

/* What the styles share while a frame is drawn on. */
typedef struct
{
  GstSodCanvas canvas;
  GstSodStretch stretch;
  guint16 *rows[3]; /* codes of a map as wide as the frame */
} GstSodDrawing;

/* Colours of a map's codes as codes of each component. */
typedef struct
{
  guint16 codes[3][256];
  guint8 alpha[256];
} GstSodPalette;

/* The colour of a map's @value, 0..1. */
GstSodColour gst_sod_colormap_get (GstSodColormap colormap, gdouble value);

void gst_sod_palette_set (GstSodPalette *self, const GstSodCanvas *canvas,
    GstSodColormap colormap, gdouble alpha);

void gst_sod_draw_heatmap (
    GstSodDrawing *drawing, const GstSodPalette *palette);

void gst_sod_draw_contour (GstSodDrawing *drawing, gdouble threshold);

void gst_sod_draw_boxes (GstSodDrawing *drawing, GPtrArray *regions);

/* Means of the frame's cells, kept from frame to frame. */
typedef struct
{
  gint columns, rows;           /* cells */
  gint cell_width, cell_height; /* samples */
  gfloat *cells[3];             /* rows x (columns + 1), of each component */
  gfloat *weights;              /* as large as cells */
  gfloat *row;                  /* columns + 1 */
  gsize size;                   /* floats of each */
  GstSodStretchAxis axes[3];
} GstSodBlur;

void gst_sod_draw_blur (GstSodDrawing *drawing, GstSodBlur *blur);

void gst_sod_blur_clear (GstSodBlur *self);

/* Width of lines, pixels: grows with the frame. */
static inline gint
gst_sod_drawing_get_line_width (const GstSodDrawing *self)
{
  gint side = MIN (self->canvas.width, self->canvas.height);

  return CLAMP ((side + 90) / 180, 2, 32);
}

G_END_DECLS
