/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/polygons-private.h>

#include <math.h>
#include <string.h>

/* A list is typed by hand or comes from a camera's settings. */
#define MAX_CORNERS 4096

typedef struct
{
  gdouble x, y;
} Corner;

struct _GstSodPolygons
{
  GArray *corners; /* of Corner, one polygon after the other */
  GArray *ends;    /* of guint: end of each polygon in corners */
};

void
gst_sod_polygons_free (GstSodPolygons *self)
{
  g_array_unref (self->corners);
  g_array_unref (self->ends);
  g_free (self);
}

guint
gst_sod_polygons_get_count (const GstSodPolygons *self)
{
  return self->ends->len;
}

static void
set_error (GError **error, const gchar *what, const gchar *found,
    const gchar *expected)
{
  /* Long enough to find the place, short enough for a log line. */
  g_autofree gchar *start = g_utf8_make_valid (found, -1);
  g_autofree gchar *excerpt = g_utf8_strlen (start, -1) > 40
                                  ? g_utf8_substring (start, 0, 40)
                                  : g_strdup (start);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "%s: %s expected at \"%s\"; polygons are written in fractions of the "
      "frame, for example \"0.1,0.1 0.9,0.1 0.5,0.8; 0,0 0.2,0 0,0.2\"",
      what, expected, excerpt);
}

static void
skip_spaces (const gchar **text)
{
  while (g_ascii_isspace (**text))
    (*text)++;
}

/* A number of 0..1; g_ascii_strtod() does not depend on the locale. */
static gboolean
read_fraction (
    const gchar **text, const gchar *what, gdouble *value, GError **error)
{
  gchar *end;

  skip_spaces (text);
  *value = g_ascii_strtod (*text, &end);
  if (end == *text || !(*value >= 0 && *value <= 1)) {
    set_error (error, what, *text, "a number of 0 to 1 is");
    return FALSE;
  }
  *text = end;
  return TRUE;
}

static gboolean
read_corner (
    const gchar **text, const gchar *what, Corner *corner, GError **error)
{
  if (!read_fraction (text, what, &corner->x, error))
    return FALSE;
  skip_spaces (text);
  if (**text != ',') {
    set_error (error, what, *text, "a comma and y are");
    return FALSE;
  }
  (*text)++;
  return read_fraction (text, what, &corner->y, error);
}

static gboolean
end_polygon (
    GstSodPolygons *self, const gchar *start, const gchar *what, GError **error)
{
  guint first = self->ends->len == 0
                    ? 0
                    : g_array_index (self->ends, guint, self->ends->len - 1);

  /* Nothing between or after semicolons is no polygon and no mistake. */
  if (self->corners->len == first)
    return TRUE;
  if (self->corners->len - first < 3) {
    set_error (error, what, start, "a polygon of three corners or more is");
    return FALSE;
  }
  g_array_append_val (self->ends, self->corners->len);
  return TRUE;
}

GstSodPolygons *
gst_sod_polygons_parse (const gchar *text, const gchar *what, GError **error)
{
  g_autoptr (GstSodPolygons) self = g_new0 (GstSodPolygons, 1);
  const gchar *start = text;

  self->corners = g_array_new (FALSE, FALSE, sizeof (Corner));
  self->ends = g_array_new (FALSE, FALSE, sizeof (guint));
  for (skip_spaces (&text); *text != '\0'; skip_spaces (&text)) {
    Corner corner;

    if (*text == ';') {
      if (!end_polygon (self, start, what, error))
        return NULL;
      start = ++text;
      continue;
    }
    if (self->corners->len == MAX_CORNERS) {
      set_error (error, what, text, "no more than 4096 corners are");
      return NULL;
    }
    if (!read_corner (&text, what, &corner, error))
      return NULL;
    g_array_append_val (self->corners, corner);
  }
  if (!end_polygon (self, start, what, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

/* Where the edges of a polygon cross the height @y, sorted. */
static void
find_crossings (
    const Corner *corners, guint n_corners, gdouble y, GArray *crossings)
{
  g_array_set_size (crossings, 0);
  for (guint i = 0; i < n_corners; i++) {
    const Corner *a = &corners[i];
    const Corner *b = &corners[(i + 1) % n_corners];
    gdouble x;

    if ((a->y <= y) == (b->y <= y))
      continue;
    x = a->x + (y - a->y) / (b->y - a->y) * (b->x - a->x);
    g_array_append_val (crossings, x);
  }
  g_array_sort (crossings, compare_doubles);
}

/* First column whose centre is not left of @x. */
static gint
get_column (gdouble x, gint width)
{
  return CLAMP ((gint) ceil (x * width - 0.5), 0, width);
}

static void
fill_polygon (const Corner *corners, guint n_corners, guint8 *mask, gint width,
    gint height, guint8 code, GArray *crossings)
{
  for (gint row = 0; row < height; row++) {
    find_crossings (corners, n_corners, (row + 0.5) / height, crossings);
    for (guint k = 0; k + 1 < crossings->len; k += 2) {
      gint first = get_column (g_array_index (crossings, gdouble, k), width);
      gint end = get_column (g_array_index (crossings, gdouble, k + 1), width);

      if (end > first)
        memset (mask + (gssize) row * width + first, code, end - first);
    }
  }
}

void
gst_sod_polygons_fill (const GstSodPolygons *self, guint8 *mask, gint width,
    gint height, guint8 code)
{
  g_autoptr (GArray) crossings = g_array_new (FALSE, FALSE, sizeof (gdouble));
  guint first = 0;

  for (guint i = 0; i < self->ends->len; i++) {
    guint end = g_array_index (self->ends, guint, i);

    fill_polygon (&g_array_index (self->corners, Corner, first), end - first,
        mask, width, height, code, crossings);
    first = end;
  }
}
