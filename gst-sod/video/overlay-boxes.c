/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boxes of regions, each with its identity and score in digits of 3 x 5
 * dots. The colour goes with the identity. */
#include <gst-sod/video/overlay-private.h>

#include <math.h>
#include <string.h>

#define GLYPH_WIDTH 3
#define GLYPH_HEIGHT 5

/* Rows from the top, the left dot in bit 2. */
static const struct
{
  gchar character;
  guint8 rows[GLYPH_HEIGHT];
} glyphs[] = {
  { '0', { 7, 5, 5, 5, 7 } },
  { '1', { 2, 6, 2, 2, 7 } },
  { '2', { 7, 1, 7, 4, 7 } },
  { '3', { 7, 1, 3, 1, 7 } },
  { '4', { 5, 5, 7, 1, 1 } },
  { '5', { 7, 4, 7, 1, 7 } },
  { '6', { 7, 4, 7, 5, 7 } },
  { '7', { 7, 1, 2, 2, 2 } },
  { '8', { 7, 5, 7, 5, 7 } },
  { '9', { 7, 5, 7, 1, 7 } },
  { '.', { 0, 0, 0, 0, 2 } },
};

static const guint8 *
get_glyph (gchar character)
{
  for (guint k = 0; k < G_N_ELEMENTS (glyphs); k++) {
    if (glyphs[k].character == character)
      return glyphs[k].rows;
  }
  return NULL;
}

/* A hue per identity: steps of the golden ratio keep neighbours apart. */
static GstSodColour
get_colour (guint id)
{
  gdouble hue = 6 * fmod (0.3 + id * 0.6180339887498949, 1);

  return (GstSodColour){
    (gfloat) CLAMP (fabs (hue - 3) - 1, 0.1, 1),
    (gfloat) CLAMP (2 - fabs (hue - 2), 0.1, 1),
    (gfloat) CLAMP (2 - fabs (hue - 4), 0.1, 1),
  };
}

typedef struct
{
  gint left, top, right, bottom; /* pixels */
} Edges;

/* A frame of lines inside the edges, as far as they have room. */
static void
draw_frame (GstSodCanvas *canvas, const Edges *box, gint line,
    const GstSodColour *colour)
{
  gint inner_top = MIN (box->top + line, box->bottom);
  gint inner_bottom = MAX (box->bottom - line, inner_top);
  gint inner_left = MIN (box->left + line, box->right);
  gint inner_right = MAX (box->right - line, inner_left);

  gst_sod_canvas_fill (
      canvas, box->left, box->top, box->right, inner_top, colour, 1);
  gst_sod_canvas_fill (
      canvas, box->left, inner_bottom, box->right, box->bottom, colour, 1);
  gst_sod_canvas_fill (
      canvas, box->left, inner_top, inner_left, inner_bottom, colour, 1);
  gst_sod_canvas_fill (
      canvas, inner_right, inner_top, box->right, inner_bottom, colour, 1);
}

static void
draw_text (GstSodCanvas *canvas, gint left, gint top, gint dot,
    const gchar *text, const GstSodColour *colour)
{
  for (; *text != '\0'; text++, left += (GLYPH_WIDTH + 1) * dot) {
    const guint8 *rows = get_glyph (*text);

    for (gint y = 0; rows != NULL && y < GLYPH_HEIGHT; y++) {
      for (gint x = 0; x < GLYPH_WIDTH; x++) {
        if ((rows[y] >> (GLYPH_WIDTH - 1 - x) & 1) != 0)
          gst_sod_canvas_fill (canvas, left + x * dot, top + y * dot,
              left + (x + 1) * dot, top + (y + 1) * dot, colour, 1);
      }
    }
  }
}

/* On a ground of the box's colour: above the box, or inside where there is no
 * room above. */
static void
draw_label (GstSodCanvas *canvas, const Edges *box, const GstSodRegion *region,
    const GstSodColour *colour)
{
  static const GstSodColour black = { 0, 0, 0 };
  gint dot = MAX (1, MIN (canvas->width, canvas->height) / 160);
  gint height = (GLYPH_HEIGHT + 2) * dot;
  gint top = box->top >= height ? box->top - height : box->top;
  gchar text[32], score[G_ASCII_DTOSTR_BUF_SIZE];
  gint width;

  g_ascii_formatd (score, sizeof (score), "%.2f", region->score);
  g_snprintf (text, sizeof (text), "%u %.8s", region->id, score);
  width = ((GLYPH_WIDTH + 1) * (gint) strlen (text) + 1) * dot;
  gst_sod_canvas_fill (
      canvas, box->left, top, box->left + width, top + height, colour, 1);
  draw_text (canvas, box->left + dot, top + dot, dot, text, &black);
}

void
gst_sod_draw_boxes (GstSodDrawing *drawing, GPtrArray *regions)
{
  GstSodCanvas *canvas = &drawing->canvas;
  gint line = gst_sod_drawing_get_line_width (drawing);

  /* The largest last, so that no other box hides its label. */
  for (guint i = regions->len; i > 0; i--) {
    const GstSodRegion *region = g_ptr_array_index (regions, i - 1);
    GstSodColour colour = get_colour (region->id);
    Edges box = {
      (gint) floor (CLAMP (region->box.left, 0, 1) * canvas->width + 0.5),
      (gint) floor (CLAMP (region->box.top, 0, 1) * canvas->height + 0.5),
      (gint) floor (CLAMP (region->box.right, 0, 1) * canvas->width + 0.5),
      (gint) floor (CLAMP (region->box.bottom, 0, 1) * canvas->height + 0.5),
    };

    if (box.right <= box.left || box.bottom <= box.top)
      continue;
    draw_frame (canvas, &box, line, &colour);
    draw_label (canvas, &box, region, &colour);
  }
}
