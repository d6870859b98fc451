/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "CVAT for images 1.1": one XML file with the shapes of every picture.
 * Everything that is annotated is foreground; a picture without shapes is
 * unlabelled. */
#include <gst-sod/data/annotation-private.h>

#include <math.h>
#include <string.h>

#define MAX_FILE ((gsize) 1 << 30)

typedef struct
{
  GstSodListing *listing;
  const gchar *path;
  GstSodItem *item; /* whose element is open, or NULL */
} Reader;

static const gchar *
find (const gchar **names, const gchar **values, const gchar *name)
{
  for (guint i = 0; names[i] != NULL; i++) {
    if (strcmp (names[i], name) == 0)
      return values[i];
  }
  return NULL;
}

static gboolean
find_number (const gchar **names, const gchar **values, const gchar *name,
    gdouble *value)
{
  const gchar *text = find (names, values, name);
  gchar *end;

  if (text == NULL)
    return FALSE;
  *value = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*value);
}

/* "x,y;x,y;x,y" */
static gboolean
add_polygon (GstSodShapes *shapes, const gchar *text)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (gdouble));

  while (text != NULL && *text != '\0') {
    gdouble xy[2];
    gchar *end;

    for (guint i = 0; i < 2; i++) {
      xy[i] = g_ascii_strtod (text, &end);
      if (end == text || !isfinite (xy[i])
          || (i == 0 ? *end != ',' : *end != ';' && *end != '\0'))
        return FALSE;
      text = *end != '\0' ? end + 1 : end;
    }
    g_array_append_vals (points, xy, 2);
  }
  if (points->len < 6)
    return FALSE;
  gst_sod_shapes_add_polygon (
      shapes, (const gdouble *) (gpointer) points->data, points->len / 2);
  return TRUE;
}

static gboolean
add_box (GstSodShapes *shapes, const gchar **names, const gchar **values)
{
  gdouble left, top, right, bottom;

  if (!find_number (names, values, "xtl", &left)
      || !find_number (names, values, "ytl", &top)
      || !find_number (names, values, "xbr", &right)
      || !find_number (names, values, "ybr", &bottom))
    return FALSE;
  gst_sod_shapes_add_box (shapes, left, top, right, bottom);
  return TRUE;
}

static gboolean
add_ellipse (GstSodShapes *shapes, const gchar **names, const gchar **values)
{
  gdouble x, y, x_radius, y_radius;

  if (!find_number (names, values, "cx", &x)
      || !find_number (names, values, "cy", &y)
      || !find_number (names, values, "rx", &x_radius)
      || !find_number (names, values, "ry", &y_radius))
    return FALSE;
  if (x_radius > 0 && y_radius > 0)
    gst_sod_shapes_add_ellipse (shapes, x, y, x_radius, y_radius);
  return TRUE;
}

/* Run lengths along the rows of a rectangle: "3, 5, 2". */
static gboolean
add_mask (GstSodShapes *shapes, const gchar **names, const gchar **values)
{
  const gchar *text = find (names, values, "rle");
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint32));
  gdouble left, top, width, height;

  if (text == NULL || !find_number (names, values, "left", &left)
      || !find_number (names, values, "top", &top)
      || !find_number (names, values, "width", &width)
      || !find_number (names, values, "height", &height) || fabs (left) > 65536
      || fabs (top) > 65536 || fabs (width) > 65536 || fabs (height) > 65536)
    return FALSE;
  while (*text != '\0') {
    gchar *end;
    guint64 value = g_ascii_strtoull (text, &end, 10);

    if (end == text || *text == '-' || value > G_MAXUINT32
        || (*end != ',' && *end != '\0'))
      return FALSE;
    g_array_append_vals (counts, &(guint32){ (guint32) value }, 1);
    text = *end != '\0' ? end + 1 : end;
    while (*text == ' ')
      text++;
  }
  gst_sod_shapes_add_runs (shapes, g_steal_pointer (&counts), (gint) left,
      (gint) top, (gint) width, (gint) height, FALSE);
  return TRUE;
}

static gboolean
start_image (Reader *self, const gchar *name, GError **error)
{
  g_autofree gchar *image = NULL;

  if (name == NULL)
    return gst_sod_annotation_fail (self->path, "an image has no name", error);
  image = gst_sod_annotation_find_image (self->path, name, error);
  if (image == NULL)
    return FALSE;
  self->item = gst_sod_annotation_new_item (image, name);
  g_ptr_array_add (self->listing->items, self->item);
  return TRUE;
}

static void
start_element (GMarkupParseContext *context, const gchar *element,
    const gchar **names, const gchar **values, gpointer data, GError **error)
{
  static const gchar *const kinds[] = { "polygon", "box", "ellipse", "mask" };
  Reader *self = data;
  GstSodShapes *shapes;
  gboolean done;

  if (strcmp (element, "track") == 0) {
    gst_sod_annotation_fail (self->path,
        "is an export \"CVAT for video\", where \"CVAT for images\" was "
        "expected",
        error);
    return;
  }
  if (strcmp (element, "image") == 0) {
    start_image (self, find (names, values, "name"), error);
    return;
  }
  if (self->item == NULL
      || (strcmp (element, kinds[0]) != 0 && strcmp (element, kinds[1]) != 0
          && strcmp (element, kinds[2]) != 0
          && strcmp (element, kinds[3]) != 0))
    return;
  if (self->item->truth == NULL)
    gst_sod_item_take_shapes (self->item, gst_sod_shapes_new ());
  shapes = self->item->truth;
  if (strcmp (element, "polygon") == 0)
    done = add_polygon (shapes, find (names, values, "points"));
  else if (strcmp (element, "box") == 0)
    done = add_box (shapes, names, values);
  else if (strcmp (element, "ellipse") == 0)
    done = add_ellipse (shapes, names, values);
  else
    done = add_mask (shapes, names, values);
  if (!done) {
    g_autofree gchar *what = g_strdup_printf (
        "a %s of the picture %s is not sound", element, self->item->name);

    gst_sod_annotation_fail (self->path, what, error);
  }
}

static void
end_element (GMarkupParseContext *context, const gchar *element, gpointer data,
    GError **error)
{
  Reader *self = data;

  if (strcmp (element, "image") == 0)
    self->item = NULL;
}

static gboolean
parse (Reader *self, GBytes *bytes, GError **error)
{
  const GMarkupParser parser = { .start_element = start_element,
    .end_element = end_element };
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, 0, self, NULL);
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *what = NULL;

  if (g_markup_parse_context_parse (context, g_bytes_get_data (bytes, NULL),
          (gssize) g_bytes_get_size (bytes), &cause)
      && g_markup_parse_context_end_parse (context, &cause))
    return TRUE;
  if (cause->domain == GST_SOD_ERROR) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  what = g_strdup_printf ("is no XML (%s)", cause->message);
  return gst_sod_annotation_fail (self->path, what, error);
}

gboolean
gst_sod_list_cvat (GstSodListing *listing, GError **error)
{
  g_autofree gchar *path =
      gst_sod_annotation_find_file (listing->root, ".xml", error);
  g_autoptr (GBytes) bytes =
      path != NULL ? gst_sod_file_read (path, MAX_FILE, error) : NULL;
  Reader reader = { listing, path, NULL };

  if (bytes == NULL || !parse (&reader, bytes, error))
    return FALSE;
  return listing->items->len > 0
         || gst_sod_annotation_fail (path, "has no images", error);
}
