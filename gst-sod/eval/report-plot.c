/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Curves as SVG, drawn with cairo. The colours are of middle brightness, so
 * that one drawing reads on a light and on a dark page. */
#include <gst-sod/eval/report-private.h>

#include <cairo-svg.h>
#include <string.h>

#define WIDTH 440
#define HEIGHT 320
#define LEFT 46
#define RIGHT 12
#define TOP 12
#define BOTTOM 42
#define FONT_SIZE 13

typedef struct
{
  gdouble r, g, b;
} Color;

static const gchar *const colors[] = { "#3b7ddd", "#e0662f", "#2e9e6b",
  "#a066d3", "#c2931b", "#d0497f", "#3a9fb5", "#868e96" };
static const Color ink = { 0.47, 0.49, 0.53 };

const gchar *
gst_sod_plot_get_color (guint index)
{
  return colors[index % G_N_ELEMENTS (colors)];
}

static void
set_color (cairo_t *cr, const gchar *color)
{
  guint64 code = g_ascii_strtoull (color + 1, NULL, 16);

  cairo_set_source_rgb (cr, (code >> 16 & 255) / 255.0,
      (code >> 8 & 255) / 255.0, (code & 255) / 255.0);
}

/* Both axes run from 0 to 1. */
static gdouble
map_x (gdouble x)
{
  return LEFT + x * (WIDTH - LEFT - RIGHT);
}

static gdouble
map_y (gdouble y)
{
  return HEIGHT - BOTTOM - CLAMP (y, 0, 1) * (HEIGHT - TOP - BOTTOM);
}

static void
show_text (cairo_t *cr, const gchar *text, gdouble x, gdouble y, gdouble align)
{
  cairo_text_extents_t extents;

  cairo_text_extents (cr, text, &extents);
  cairo_move_to (cr, x - align * extents.x_advance, y);
  cairo_show_text (cr, text);
}

static void
draw_axes (
    cairo_t *cr, gdouble x_max, const gchar *x_label, const gchar *y_label)
{
  cairo_set_source_rgb (cr, ink.r, ink.g, ink.b);
  cairo_select_font_face (
      cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cr, FONT_SIZE);
  for (guint i = 0; i <= 5; i++) {
    gdouble at = i / 5.0;
    gchar text[G_ASCII_DTOSTR_BUF_SIZE];

    cairo_set_line_width (cr, i == 0 ? 1 : 0.35);
    cairo_move_to (cr, map_x (0), map_y (at));
    cairo_line_to (cr, map_x (1), map_y (at));
    cairo_move_to (cr, map_x (at), map_y (0));
    cairo_line_to (cr, map_x (at), map_y (1));
    cairo_stroke (cr);
    g_ascii_formatd (text, sizeof (text), "%.1f", at);
    show_text (cr, text, map_x (0) - 6, map_y (at) + 4, 1);
    g_ascii_formatd (
        text, sizeof (text), x_max > 1 ? "%.0f" : "%.1f", at * x_max);
    show_text (cr, text, map_x (at), map_y (0) + 17, i == 5 ? 0.75 : 0.5);
  }
  show_text (cr, x_label, map_x (0.5), HEIGHT - 7, 0.5);
  cairo_save (cr);
  cairo_translate (cr, 13, map_y (0.5));
  cairo_rotate (cr, -G_PI_2);
  show_text (cr, y_label, 0, 0, 0.5);
  cairo_restore (cr);
}

/* @xs NULL: thresholds. */
static void
draw_line (
    cairo_t *cr, const gdouble *xs, const gdouble *ys, gsize n, guint index)
{
  cairo_new_path (cr); /* text leaves a point behind */
  for (gsize i = 0; i < n; i++) {
    gdouble x = xs != NULL ? xs[i] : (gdouble) i / (n - 1);

    cairo_line_to (cr, map_x (x), map_y (ys[i]));
  }
  set_color (cr, gst_sod_plot_get_color (index));
  cairo_set_line_width (cr, index == 0 ? 2.6 : 1.4);
  cairo_stroke (cr);
}

/* @x < 0: thresholds. */
static void
draw_entries (cairo_t *cr, const GstSodReport *report, gint x, GstSodCurve y)
{
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  /* The one reported is drawn last, over the floors. */
  for (guint i = report->entries->len; i-- > 0;) {
    const GstSodReportEntry *entry = gst_sod_report_get_entry (report, i);
    g_autoptr (GstSodMeasures) set =
        gst_sod_evaluation_get_set (entry->evaluation);
    const gdouble *xs = NULL, *ys;
    gsize n;

    ys = gst_sod_measures_get_curve (set, y, &n);
    if (x >= 0)
      xs = gst_sod_measures_get_curve (set, (GstSodCurve) x, &n);
    if (ys != NULL && n > 1)
      draw_line (cr, xs, ys, n, i);
  }
}

static cairo_status_t
append (void *closure, const unsigned char *data, unsigned int length)
{
  g_string_append_len (closure, (const gchar *) data, length);
  return CAIRO_STATUS_SUCCESS;
}

/* The <svg> element of a whole file, at home in a page: without the prologue,
 * as wide as its place, and its ids, which cairo numbers from 0 in each file,
 * made the page's own. */
static gchar *
embed (const GString *file, const gchar *prefix)
{
  g_autofree gchar *id = g_strdup_printf ("id=\"%s", prefix);
  g_autofree gchar *link = g_strdup_printf ("xlink:href=\"#%s", prefix);
  g_autofree gchar *url = g_strdup_printf ("url(#%s", prefix);
  g_autoptr (GString) page = NULL;
  const gchar *svg = strstr (file->str, "<svg");

  page = g_string_new (svg != NULL ? svg : "");
  g_string_replace (page, "id=\"", id, 0);
  g_string_replace (page, "xlink:href=\"#", link, 0);
  g_string_replace (page, "url(#", url, 0);
  return g_string_free (g_steal_pointer (&page), FALSE);
}

static gchar *
finish (cairo_surface_t *surface, cairo_t *cr, const GString *file,
    const gchar *prefix, GError **error)
{
  cairo_status_t status = cairo_status (cr);

  cairo_destroy (cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    return embed (file, prefix);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
      "the curves of the report cannot be drawn: cairo says \"%s\"",
      cairo_status_to_string (status));
  return NULL;
}

static gchar *
plot (const GstSodReport *report, gint x, GstSodCurve y, const gchar *x_label,
    const gchar *y_label, const gchar *prefix, GError **error)
{
  g_autoptr (GString) file = g_string_new (NULL);
  cairo_surface_t *surface =
      cairo_svg_surface_create_for_stream (append, file, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create (surface);

  cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
  draw_axes (cr, x < 0 ? 255 : 1, x_label, y_label);
  draw_entries (cr, report, x, y);
  return finish (surface, cr, file, prefix, error);
}

gchar *
gst_sod_plot_precision_recall (
    const GstSodReport *report, const gchar *prefix, GError **error)
{
  return plot (report, GST_SOD_CURVE_RECALL, GST_SOD_CURVE_PRECISION, "Recall",
      "Precision", prefix, error);
}

gchar *
gst_sod_plot_curve (const GstSodReport *report, GstSodCurve curve,
    const gchar *prefix, GError **error)
{
  return plot (report, -1, curve, "Threshold",
      curve == GST_SOD_CURVE_E ? "E-measure" : "F-measure", prefix, error);
}
