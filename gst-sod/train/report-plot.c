/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Curves over steps as SVG. The colours are of middle brightness, so that one
 * drawing reads on a light and on a dark page. */
#include <gst-sod/train/report-private.h>

#include <gst-sod/eval/report-private.h>
#include <math.h>

#define WIDTH 640
#define HEIGHT 300
#define LEFT 58
#define RIGHT 14
#define TOP 12
#define BOTTOM 40
#define TICKS 5

typedef struct
{
  gdouble x0, x1, y0, y1;
} Frame;

const gchar *
gst_sod_training_plot_color (guint index)
{
  return gst_sod_plot_get_color (index);
}

static gboolean
find_frame (GPtrArray *lines, Frame *frame)
{
  gboolean drawable = FALSE;

  *frame = (Frame){ G_MAXDOUBLE, -G_MAXDOUBLE, G_MAXDOUBLE, -G_MAXDOUBLE };
  for (guint i = 0; i < lines->len; i++) {
    const GstSodTrainingLine *line = g_ptr_array_index (lines, i);

    drawable |= line->points->len >= 4;
    for (guint at = 0; at < line->points->len; at += 2) {
      gdouble x = g_array_index (line->points, gdouble, at);
      gdouble y = g_array_index (line->points, gdouble, at + 1);

      frame->x0 = MIN (frame->x0, x);
      frame->x1 = MAX (frame->x1, x);
      frame->y0 = MIN (frame->y0, y);
      frame->y1 = MAX (frame->y1, y);
    }
  }
  if (!drawable)
    return FALSE;
  if (frame->x1 <= frame->x0)
    frame->x1 = frame->x0 + 1;
  if (frame->y1 <= frame->y0) {
    frame->y1 += 0.5;
    frame->y0 -= 0.5;
  }
  return TRUE;
}

/* The smallest 1, 2 or 5 times a power of ten that is not under @value. */
static gdouble
round_up (gdouble value)
{
  gdouble power = pow (10, floor (log10 (value)));
  gdouble lead = value / power;

  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

static gdouble
map_x (const Frame *frame, gdouble x)
{
  return LEFT
         + (x - frame->x0) / (frame->x1 - frame->x0) * (WIDTH - LEFT - RIGHT);
}

static gdouble
map_y (const Frame *frame, gdouble y)
{
  return HEIGHT - BOTTOM
         - (y - frame->y0) / (frame->y1 - frame->y0) * (HEIGHT - TOP - BOTTOM);
}

static void
add_number (GString *svg, const gchar *format, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (svg, g_ascii_formatd (text, sizeof (text), format, value));
}

static void
add_attribute (GString *svg, const gchar *name, gdouble value)
{
  g_string_append_printf (svg, " %s=\"", name);
  add_number (svg, "%.1f", value);
  g_string_append_c (svg, '"');
}

static void
add_rule (GString *svg, gdouble x1, gdouble y1, gdouble x2, gdouble y2)
{
  g_string_append (svg, "<line stroke=\"#868e96\" stroke-opacity=\".4\"");
  add_attribute (svg, "x1", x1);
  add_attribute (svg, "y1", y1);
  add_attribute (svg, "x2", x2);
  add_attribute (svg, "y2", y2);
  g_string_append (svg, "/>");
}

static void
add_label (
    GString *svg, gdouble x, gdouble y, const gchar *anchor, gdouble value)
{
  g_string_append_printf (svg, "<text text-anchor=\"%s\"", anchor);
  add_attribute (svg, "x", x);
  add_attribute (svg, "y", y);
  g_string_append_c (svg, '>');
  add_number (svg, "%.6g", value);
  g_string_append (svg, "</text>");
}

static void
add_axes (GString *svg, const Frame *frame, const gchar *x_label)
{
  gdouble dx = round_up ((frame->x1 - frame->x0) / TICKS);
  gdouble dy = round_up ((frame->y1 - frame->y0) / TICKS);

  for (gdouble y = ceil (frame->y0 / dy) * dy; y <= frame->y1; y += dy) {
    add_rule (svg, LEFT, map_y (frame, y), WIDTH - RIGHT, map_y (frame, y));
    /* Zero may have come out as 1e-17. */
    add_label (svg, LEFT - 6, map_y (frame, y) + 4, "end",
        fabs (y) < dy / 1e6 ? 0 : y);
  }
  for (gdouble x = ceil (frame->x0 / dx) * dx; x <= frame->x1; x += dx) {
    add_rule (svg, map_x (frame, x), TOP, map_x (frame, x), HEIGHT - BOTTOM);
    add_label (svg, map_x (frame, x), HEIGHT - BOTTOM + 17, "middle", x);
  }
  g_string_append (svg, "<text text-anchor=\"end\"");
  add_attribute (svg, "x", WIDTH - RIGHT);
  add_attribute (svg, "y", HEIGHT - 5);
  g_string_append_printf (svg, ">%s</text>", x_label);
}

static void
add_line (GString *svg, const Frame *frame, const GstSodTrainingLine *line,
    guint index)
{
  g_string_append_printf (svg,
      "<polyline fill=\"none\" stroke-width=\"1.8\" stroke-linejoin=\"round\" "
      "stroke=\"%s\" points=\"",
      gst_sod_training_plot_color (index));
  for (guint at = 0; at < line->points->len; at += 2) {
    gdouble x = g_array_index (line->points, gdouble, at);
    gdouble y = g_array_index (line->points, gdouble, at + 1);

    g_string_append_c (svg, at > 0 ? ' ' : '\n');
    add_number (svg, "%.1f", map_x (frame, x));
    g_string_append_c (svg, ',');
    add_number (svg, "%.1f", map_y (frame, y));
  }
  g_string_append (svg, "\"/>");
}

gchar *
gst_sod_training_plot (GPtrArray *lines, const gchar *x_label)
{
  GString *svg;
  Frame frame;

  if (!find_frame (lines, &frame))
    return NULL;
  svg = g_string_new (NULL);
  g_string_append_printf (svg,
      "<svg viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
      "font-size=\"12\" fill=\"#868e96\" "
      "xmlns=\"http://www.w3.org/2000/svg\">",
      WIDTH, HEIGHT);
  add_axes (svg, &frame, x_label);
  for (guint i = 0; i < lines->len; i++)
    add_line (svg, &frame, g_ptr_array_index (lines, i), i);
  g_string_append (svg, "</svg>");
  return g_string_free (svg, FALSE);
}
