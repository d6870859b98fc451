/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/annotation-writer.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include <gst-sod/data/contours-private.h>
#include <gst-sod/data/picture-private.h>

/* What every shape is called. */
#define LABEL "salient"

#define JPEG_QUALITY 95

enum
{
  PROP_THRESHOLD = 1,
  PROP_TOLERANCE,
  PROP_MIN_AREA,
  N_PROPS
};

struct _GstSodAnnotationWriter
{
  GObject parent;

  GstSodDatasetLayout layout;
  gchar *folder;
  gchar *pictures; /* the folder of pictures */
  GstSodContourRule rule;
  GString *images, *annotations; /* of COCO; CVAT has images only */
  guint n_images, n_annotations;
};

G_DEFINE_FINAL_TYPE (
    GstSodAnnotationWriter, gst_sod_annotation_writer, G_TYPE_OBJECT)

static void
gst_sod_annotation_writer_init (GstSodAnnotationWriter *self)
{
  self->images = g_string_new (NULL);
  self->annotations = g_string_new (NULL);
}

static void
gst_sod_annotation_writer_finalize (GObject *object)
{
  GstSodAnnotationWriter *self = GST_SOD_ANNOTATION_WRITER (object);

  g_string_free (self->images, TRUE);
  g_string_free (self->annotations, TRUE);
  g_free (self->folder);
  g_free (self->pictures);
  G_OBJECT_CLASS (gst_sod_annotation_writer_parent_class)->finalize (object);
}

static void
gst_sod_annotation_writer_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodAnnotationWriter *self = GST_SOD_ANNOTATION_WRITER (object);

  switch (id) {
    case PROP_THRESHOLD:
      self->rule.threshold = g_value_get_uint (value);
      break;
    case PROP_TOLERANCE:
      self->rule.tolerance = g_value_get_double (value);
      break;
    case PROP_MIN_AREA:
      self->rule.min_area = g_value_get_double (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_sod_annotation_writer_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodAnnotationWriter *self = GST_SOD_ANNOTATION_WRITER (object);

  switch (id) {
    case PROP_THRESHOLD:
      g_value_set_uint (value, self->rule.threshold);
      break;
    case PROP_TOLERANCE:
      g_value_set_double (value, self->rule.tolerance);
      break;
    case PROP_MIN_AREA:
      g_value_set_double (value, self->rule.min_area);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_sod_annotation_writer_class_init (GstSodAnnotationWriterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;

  object_class->set_property = gst_sod_annotation_writer_set_property;
  object_class->get_property = gst_sod_annotation_writer_get_property;
  object_class->finalize = gst_sod_annotation_writer_finalize;
  /**
   * GstSodAnnotationWriter:threshold:
   *
   * What is brighter is foreground.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      g_param_spec_uint ("threshold", "Threshold",
          "What is brighter is foreground", 0, 254, 128, flags));
  /**
   * GstSodAnnotationWriter:tolerance:
   *
   * Pixels that a polygon may lie beside the mask's edge; 0 = it is the very
   * edge, with a corner wherever a pixel has one.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_TOLERANCE,
      g_param_spec_double ("tolerance", "Tolerance",
          "Pixels that a polygon may lie beside the edge", 0, 100, 1, flags));
  /**
   * GstSodAnnotationWriter:min-area:
   *
   * Pixels; smaller regions, and smaller holes, are left out.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_MIN_AREA,
      g_param_spec_double ("min-area", "Minimum area",
          "Pixels under which a region is left out", 0, G_MAXDOUBLE, 16,
          flags));
}

/* ---- files ---- */

static gboolean
write_file (const gchar *path, const gchar *text, gsize size, GError **error)
{
  g_autofree gchar *name = g_filename_display_name (path);
  g_autoptr (GError) cause = NULL;

  if (g_file_set_contents (path, text, (gssize) size, &cause))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR,
      g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOSPC)
          ? GST_SOD_ERROR_NO_SPACE
          : GST_SOD_ERROR_IO,
      "%s: cannot be written: %s", name, cause->message);
  return FALSE;
}

static gboolean
make_folder (const gchar *path, GError **error)
{
  gint code;

  if (g_mkdir_with_parents (path, 0777) == 0)
    return TRUE;
  code = errno;
  gst_sod_file_error (path, "cannot be made", code, error);
  return FALSE;
}

static gboolean
write_picture (GstSodAnnotationWriter *self, const gchar *file,
    const GstSodImage *picture, GError **error)
{
  g_autofree gchar *path = g_build_filename (self->pictures, file, NULL);
  g_autoptr (GByteArray) bytes = NULL;
  GstSodRaster rgb;
  gboolean owned;

  if (!gst_sod_raster_view_rgb (picture, &rgb, &owned, error))
    return FALSE;
  bytes = gst_sod_jpeg_encode (&rgb, JPEG_QUALITY, error);
  if (owned)
    g_free (rgb.pixels);
  return bytes != NULL
         && write_file (path, (const gchar *) bytes->data, bytes->len, error);
}

/* ---- polygons ---- */

/* A number with one digit behind the point, whatever the locale: corners lie on
 * halves of pixels. */
static void
add_number (GString *text, gdouble value)
{
  gchar buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (
      text, g_ascii_formatd (buffer, sizeof (buffer), "%.1f", value));
}

/* "x,y" with @between in the place of the comma and @behind after each point,
 * but for the last. */
static void
add_points (GString *text, const GArray *polygon, const gchar *before,
    const gchar *between, const gchar *behind)
{
  for (guint i = 0; i + 1 < polygon->len; i += 2) {
    g_string_append (text, i > 0 ? behind : "");
    g_string_append (text, before);
    add_number (text, g_array_index (polygon, gdouble, i));
    g_string_append (text, between);
    add_number (text, g_array_index (polygon, gdouble, i + 1));
  }
}

static void
add_coco_annotation (GstSodAnnotationWriter *self, const GArray *polygon)
{
  gdouble left = G_MAXDOUBLE, top = G_MAXDOUBLE, right = 0, bottom = 0;
  gdouble area = 0;
  guint n = polygon->len;

  for (guint i = 0; i + 1 < n; i += 2) {
    gdouble x = g_array_index (polygon, gdouble, i);
    gdouble y = g_array_index (polygon, gdouble, i + 1);

    area += x * g_array_index (polygon, gdouble, (i + 3) % n)
            - g_array_index (polygon, gdouble, (i + 2) % n) * y;
    left = MIN (left, x);
    top = MIN (top, y);
    right = MAX (right, x);
    bottom = MAX (bottom, y);
  }
  self->n_annotations++;
  g_string_append_printf (self->annotations,
      "%s\n{\"id\": %u, \"image_id\": %u, \"category_id\": 1, \"iscrowd\": 0, "
      "\"area\": %.0f, \"bbox\": [%.0f, %.0f, %.0f, %.0f], "
      "\"segmentation\": [[",
      self->n_annotations > 1 ? "," : "", self->n_annotations, self->n_images,
      floor (fabs (area) / 2), floor (left), floor (top),
      ceil (right) - floor (left), ceil (bottom) - floor (top));
  add_points (self->annotations, polygon, "", ", ", ", ");
  g_string_append (self->annotations, "]]}");
}

static void
add_coco (GstSodAnnotationWriter *self, const gchar *file,
    const GstSodImage *picture, GPtrArray *polygons)
{
  g_string_append_printf (self->images,
      "%s\n{\"id\": %u, \"file_name\": \"%s\", \"width\": %d, \"height\": %d}",
      self->n_images > 1 ? "," : "", self->n_images, file, picture->width,
      picture->height);
  for (guint i = 0; polygons != NULL && i < polygons->len; i++)
    add_coco_annotation (self, g_ptr_array_index (polygons, i));
}

static void
add_cvat (GstSodAnnotationWriter *self, const gchar *file,
    const GstSodImage *picture, GPtrArray *polygons)
{
  g_string_append_printf (self->images,
      "  <image id=\"%u\" name=\"%s\" width=\"%d\" height=\"%d\">\n",
      self->n_images - 1, file, picture->width, picture->height);
  for (guint i = 0; polygons != NULL && i < polygons->len; i++) {
    g_string_append (self->images,
        "    <polygon label=\"" LABEL "\" source=\"auto\" occluded=\"0\" "
        "z_order=\"0\" points=\"");
    add_points (self->images, g_ptr_array_index (polygons, i), "", ",", ";");
    g_string_append (self->images, "\"></polygon>\n");
  }
  g_string_append (self->images, "  </image>\n");
}

/* A picture without a mask gets no file: it is unlabelled. */
static gboolean
write_labelme (GstSodAnnotationWriter *self, const gchar *name,
    const gchar *file, const GstSodImage *picture, GPtrArray *polygons,
    GError **error)
{
  g_autofree gchar *base = g_build_filename (self->folder, name, NULL);
  g_autofree gchar *path = g_strconcat (base, ".json", NULL);
  g_autoptr (GString) text =
      g_string_new ("{\"version\": \"5.0.1\", \"flags\": {}, \"shapes\": [");

  if (polygons == NULL)
    return TRUE;
  for (guint i = 0; i < polygons->len; i++) {
    g_string_append_printf (text,
        "%s\n{\"label\": \"" LABEL "\", \"shape_type\": \"polygon\", "
        "\"group_id\": null, \"flags\": {}, \"points\": [",
        i > 0 ? "," : "");
    add_points (text, g_ptr_array_index (polygons, i), "[", ", ", "], ");
    g_string_append (text, "]]}");
  }
  g_string_append_printf (text,
      "],\n\"imagePath\": \"%s\", \"imageData\": null, \"imageHeight\": %d, "
      "\"imageWidth\": %d}\n",
      file, picture->height, picture->width);
  return write_file (path, text->str, text->len, error);
}

/* ---- in public ---- */

/**
 * gst_sod_annotation_writer_new:
 * @layout: %GST_SOD_DATASET_LAYOUT_COCO, %GST_SOD_DATASET_LAYOUT_CVAT ("CVAT
 *   for images 1.1") or %GST_SOD_DATASET_LAYOUT_LABELME
 * @folder: (type filename): where to write: a new or an empty folder
 * @error: return location for an error
 *
 * Begins a folder of pictures and polygons. COCO and CVAT have a file of
 * annotations and a folder `images`, LabelMe a file beside each picture.
 *
 * Errors: %GST_SOD_ERROR_UNSUPPORTED for another layout,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for a folder that is not empty,
 * %GST_SOD_ERROR_IO.
 *
 * Returns: (transfer full): a writer, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodAnnotationWriter *
gst_sod_annotation_writer_new (
    GstSodDatasetLayout layout, const gchar *folder, GError **error)
{
  g_autoptr (GstSodAnnotationWriter) self = NULL;
  g_autoptr (GDir) dir = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  if (layout != GST_SOD_DATASET_LAYOUT_COCO
      && layout != GST_SOD_DATASET_LAYOUT_CVAT
      && layout != GST_SOD_DATASET_LAYOUT_LABELME) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "no polygons are written in the layout %s; use coco, cvat or labelme",
        gst_sod_dataset_layout_get_name (layout));
    return NULL;
  }
  dir = g_dir_open (folder, 0, NULL);
  if (dir != NULL && g_dir_read_name (dir) != NULL) {
    g_autofree gchar *name = g_filename_display_name (folder);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "%s: is not empty; name a new folder", name);
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_ANNOTATION_WRITER, NULL);
  self->layout = layout;
  self->folder = g_strdup (folder);
  self->pictures = layout == GST_SOD_DATASET_LAYOUT_LABELME
                       ? g_strdup (folder)
                       : g_build_filename (folder, "images", NULL);
  if (!make_folder (self->pictures, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
check_name (const gchar *name, GError **error)
{
  gsize length = strlen (name);

  if (length >= 1 && length <= 200 && name[0] != '.'
      && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == length)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a picture cannot be called \"%s\": 1 to 200 of A-Z a-z 0-9 . _ - are "
      "allowed, the first no dot",
      name);
  return FALSE;
}

/**
 * gst_sod_annotation_writer_add:
 * @self: a writer
 * @name: what the picture's file is called, without extension: A-Z a-z 0-9 . _
 *   -, the first no dot
 * @picture: any picture; it is written as a JPEG file
 * @mask: (nullable): its mask or map, 8-bit gray of the same size; %NULL:
 *   nothing is known of it
 * @error: return location for an error
 *
 * Writes a picture, and polygons around what is in its mask. Of an empty mask
 * only LabelMe's files can tell that it is one; elsewhere the picture is
 * unlabelled.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is not allowed,
 * %GST_SOD_ERROR_MISMATCH for a mask of another size or kind,
 * %GST_SOD_ERROR_IO, %GST_SOD_ERROR_NO_SPACE.
 *
 * Returns: whether it was written; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_annotation_writer_add (GstSodAnnotationWriter *self, const gchar *name,
    GstSodImage *picture, const GstSodImage *mask, GError **error)
{
  g_autofree gchar *file = NULL;
  g_autoptr (GPtrArray) polygons = NULL;

  g_return_val_if_fail (GST_SOD_IS_ANNOTATION_WRITER (self), FALSE);
  g_return_val_if_fail (name != NULL && picture != NULL, FALSE);

  if (!check_name (name, error))
    return FALSE;
  if (mask != NULL
      && (mask->width != picture->width || mask->height != picture->height
          || mask->n_components != 1 || mask->components[0].sample_size != 1)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s: the mask is of %dx%d pixels, where 8-bit gray of %dx%d was "
        "expected",
        name, mask->width, mask->height, picture->width, picture->height);
    return FALSE;
  }
  file = g_strconcat (name, ".jpg", NULL);
  if (!write_picture (self, file, picture, error))
    return FALSE;
  if (mask != NULL)
    polygons = gst_sod_contours_find (mask, &self->rule);
  self->n_images++;
  if (self->layout == GST_SOD_DATASET_LAYOUT_LABELME)
    return write_labelme (self, name, file, picture, polygons, error);
  if (self->layout == GST_SOD_DATASET_LAYOUT_COCO)
    add_coco (self, file, picture, polygons);
  else
    add_cvat (self, file, picture, polygons);
  return TRUE;
}

/**
 * gst_sod_annotation_writer_finish:
 * @self: a writer
 * @error: return location for an error
 *
 * Writes the file of annotations, if the layout has one: nothing can be added
 * after it.
 *
 * Errors: %GST_SOD_ERROR_IO, %GST_SOD_ERROR_NO_SPACE.
 *
 * Returns: whether it was written; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_annotation_writer_finish (GstSodAnnotationWriter *self, GError **error)
{
  const gboolean is_coco = self->layout == GST_SOD_DATASET_LAYOUT_COCO;
  g_autofree gchar *path = NULL;
  g_autofree gchar *text = NULL;

  g_return_val_if_fail (GST_SOD_IS_ANNOTATION_WRITER (self), FALSE);

  if (self->layout == GST_SOD_DATASET_LAYOUT_LABELME)
    return TRUE;
  path = g_build_filename (
      self->folder, is_coco ? "annotations.json" : "annotations.xml", NULL);
  if (is_coco)
    text = g_strdup_printf (
        "{\"info\": {\"description\": \"written by gst-sod\"},\n"
        "\"licenses\": [],\n"
        "\"categories\": [{\"id\": 1, \"name\": \"" LABEL "\"}],\n"
        "\"images\": [%s],\n\"annotations\": [%s]}\n",
        self->images->str, self->annotations->str);
  else
    text = g_strdup_printf ("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                            "<annotations>\n  <version>1.1</version>\n%s"
                            "</annotations>\n",
        self->images->str);
  return write_file (path, text, strlen (text), error);
}
