/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/overlay-private.h>

/* Colours at even steps of 0..1, linear in between. Control points are our
 * own: they follow the names' course of hue and lightness, not their tables.
 * Turbo's dark end is left out: it would hide what is most salient. */
static const GstSodColour turbo[] = {
  { 0.18f, 0.07f, 0.24f },
  { 0.26f, 0.42f, 0.90f },
  { 0.14f, 0.74f, 0.88f },
  { 0.38f, 0.97f, 0.42f },
  { 0.78f, 0.92f, 0.20f },
  { 0.98f, 0.62f, 0.18f },
  { 0.85f, 0.22f, 0.06f },
};

static const GstSodColour inferno[] = {
  { 0.00f, 0.00f, 0.02f },
  { 0.20f, 0.04f, 0.38f },
  { 0.47f, 0.11f, 0.43f },
  { 0.74f, 0.21f, 0.33f },
  { 0.93f, 0.41f, 0.15f },
  { 0.98f, 0.71f, 0.10f },
  { 0.99f, 1.00f, 0.64f },
};

static GstSodColour
mix_colours (const GstSodColour *points, guint n_points, gdouble value)
{
  gdouble position = value * (n_points - 1);
  guint index = MIN ((guint) position, n_points - 2);
  gfloat weight = (gfloat) (position - index);
  const GstSodColour *a = &points[index], *b = &points[index + 1];

  return (GstSodColour){ a->r + weight * (b->r - a->r),
    a->g + weight * (b->g - a->g), a->b + weight * (b->b - a->b) };
}

GstSodColour
gst_sod_colormap_get (GstSodColormap colormap, gdouble value)
{
  switch (colormap) {
    case GST_SOD_COLORMAP_TURBO:
      return mix_colours (turbo, G_N_ELEMENTS (turbo), value);
    case GST_SOD_COLORMAP_INFERNO:
      return mix_colours (inferno, G_N_ELEMENTS (inferno), value);
    case GST_SOD_COLORMAP_GREEN:
      return (GstSodColour){ 0.1f, 0.9f, 0.2f };
    case GST_SOD_COLORMAP_GRAY:
    default:
      return (GstSodColour){ (gfloat) value, (gfloat) value, (gfloat) value };
  }
}

void
gst_sod_palette_set (GstSodPalette *self, const GstSodCanvas *canvas,
    GstSodColormap colormap, gdouble alpha)
{
  for (guint code = 0; code < 256; code++) {
    GstSodColour colour = gst_sod_colormap_get (colormap, code / 255.0);

    for (guint i = 0; i < canvas->n_components; i++)
      self->codes[i][code] = gst_sod_canvas_get_code (canvas, i, &colour);
    self->alpha[code] = (guint8) (alpha * code + 0.5);
  }
}

static void
colour_row (GstSodCanvas *canvas, const GstSodPalette *palette, guint index,
    gint y, const guint16 *row, gint first, gint end)
{
  for (gint x = first; x < end; x++)
    canvas->codes[x] = palette->codes[index][(row[x] + 128u) >> 8];
  gst_sod_canvas_blend (canvas, index, y, first, end);
}

void
gst_sod_draw_heatmap (GstSodDrawing *drawing, const GstSodPalette *palette)
{
  GstSodCanvas *canvas = &drawing->canvas;
  guint16 *row = drawing->rows[0];
  guint group_end;

  for (guint i = 0; i < canvas->n_components; i = group_end) {
    group_end = gst_sod_canvas_get_group_end (canvas, i);
    for (gint y = 0; y < canvas->components[i].height; y++) {
      gint first, end;

      gst_sod_stretch_row (&drawing->stretch, canvas, i, y, row, &first, &end);
      for (gint x = first; x < end; x++)
        canvas->alpha[x] = palette->alpha[(row[x] + 128u) >> 8];
      for (guint k = i; k < group_end; k++)
        colour_row (canvas, palette, k, y, row, first, end);
    }
  }
}
