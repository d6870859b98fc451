/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodcaps.h"

/* Fields that say how the samples of a frame are to be read; a map has its
 * own. */
static const gchar *const picture_fields[] = { "format", "width", "height",
  "pixel-aspect-ratio", "colorimetry", "chroma-site", "interlace-mode",
  "field-order" };

static const gchar *const color_fields[] = { "format", "colorimetry",
  "chroma-site" };

static void
remove_fields (GstStructure *structure, const gchar *const *fields, guint n)
{
  for (guint i = 0; i < n; i++)
    gst_structure_remove_field (structure, fields[i]);
}

static void
to_output (SodOutput output, GstStructure *structure)
{
  if (output == SOD_OUTPUT_MAP) {
    remove_fields (structure, picture_fields, G_N_ELEMENTS (picture_fields));
    gst_structure_set (structure, "format", G_TYPE_STRING, "GRAY8", "width",
        GST_TYPE_INT_RANGE, 1, G_MAXINT, "height", GST_TYPE_INT_RANGE, 1,
        G_MAXINT, "pixel-aspect-ratio", GST_TYPE_FRACTION_RANGE, 1, G_MAXINT,
        G_MAXINT, 1, NULL);
  } else {
    remove_fields (structure, color_fields, G_N_ELEMENTS (color_fields));
    gst_structure_set (structure, "format", G_TYPE_STRING, "RGBA", NULL);
  }
}

static void
to_input (SodOutput output, GstStructure *structure)
{
  if (output == SOD_OUTPUT_MAP)
    remove_fields (structure, picture_fields, G_N_ELEMENTS (picture_fields));
  else
    remove_fields (structure, color_fields, G_N_ELEMENTS (color_fields));
}

/* Every memory that @supported has gray frames in besides the system's: maps
 * can be sent there. (transfer full) */
static GstCaps *
list_device_maps (GstCaps *supported)
{
  g_autoptr (GstCaps) gray = gst_caps_new_simple (
      "video/x-raw", "format", G_TYPE_STRING, "GRAY8", NULL);
  GstCaps *maps = gst_caps_new_empty ();

  gst_caps_set_features (gray, 0, gst_caps_features_new_any ());
  for (guint i = 0; i < gst_caps_get_size (supported); i++) {
    GstCapsFeatures *features = gst_caps_get_features (supported, i);
    g_autoptr (GstCaps) one = gst_caps_copy_nth (supported, i);

    if (!gst_caps_features_is_equal (
            features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY)
        && gst_caps_can_intersect (one, gray))
      gst_caps_append_structure_full (maps,
          gst_structure_new_empty ("video/x-raw"),
          gst_caps_features_copy (features));
  }
  return maps;
}

/* What is sent for frames of @frames, which @supported holds: in system memory
 * first, since regions are found there. Takes @frames; (transfer full). */
static GstCaps *
to_outputs (SodOutput output, GstCaps *frames, GstCaps *supported)
{
  g_autoptr (GstCaps) device = NULL;
  GstCaps *others = gst_caps_make_writable (frames);
  guint n = gst_caps_get_size (others);

  for (guint i = 0; i < n; i++) {
    to_output (output, gst_caps_get_structure (others, i));
    gst_caps_set_features (others, i, NULL);
  }
  others = gst_caps_simplify (others);
  if (output != SOD_OUTPUT_MAP)
    return others;
  device = list_device_maps (supported);
  n = gst_caps_get_size (others);
  for (guint k = 0; k < gst_caps_get_size (device); k++) {
    for (guint i = 0; i < n; i++)
      gst_caps_append_structure_full (others,
          gst_structure_copy (gst_caps_get_structure (others, i)),
          gst_caps_features_copy (gst_caps_get_features (device, k)));
  }
  return others;
}

GstCaps *
sod_caps_transform (SodOutput output, GstPadDirection direction, GstCaps *caps,
    GstCaps *supported)
{
  g_autoptr (GstCaps) others = NULL;

  if (output == SOD_OUTPUT_FRAME)
    return gst_caps_intersect_full (caps, supported, GST_CAPS_INTERSECT_FIRST);
  if (direction == GST_PAD_SINK)
    return to_outputs (output,
        gst_caps_intersect_full (caps, supported, GST_CAPS_INTERSECT_FIRST),
        supported);

  /* Whatever memory the output is asked for in, frames may lie in any. */
  others = gst_caps_copy (caps);
  for (guint i = 0; i < gst_caps_get_size (others); i++) {
    to_input (output, gst_caps_get_structure (others, i));
    gst_caps_set_features (others, i, gst_caps_features_new_any ());
  }
  others = gst_caps_simplify (g_steal_pointer (&others));
  return gst_caps_intersect_full (others, supported, GST_CAPS_INTERSECT_FIRST);
}

/* The pixel aspect that shows a picture of @from with @width x @height. */
static void
fixate_pixel_aspect (const GstVideoInfo *from, GstStructure *to)
{
  gint width, height, n, d;

  if (!gst_structure_get_int (to, "width", &width)
      || !gst_structure_get_int (to, "height", &height)
      || !gst_structure_has_field (to, "pixel-aspect-ratio"))
    return;
  if (!gst_util_fraction_multiply (
          from->width, from->height, from->par_n, from->par_d, &n, &d)
      || !gst_util_fraction_multiply (n, d, height, width, &n, &d))
    n = d = 1;
  gst_structure_fixate_field_nearest_fraction (to, "pixel-aspect-ratio", n, d);
}

GstCaps *
sod_caps_fixate (SodOutput output, GstCaps *caps, GstCaps *othercaps)
{
  GstStructure *structure;
  GstVideoInfo info;

  othercaps = gst_caps_make_writable (gst_caps_truncate (othercaps));
  if (output != SOD_OUTPUT_FRAME && !gst_caps_is_empty (othercaps)
      && gst_video_info_from_caps (&info, caps)) {
    structure = gst_caps_get_structure (othercaps, 0);
    gst_structure_fixate_field_nearest_int (structure, "width", info.width);
    gst_structure_fixate_field_nearest_int (structure, "height", info.height);
    fixate_pixel_aspect (&info, structure);
  }
  return gst_caps_fixate (othercaps);
}

GstCaps *
sod_caps_make_source_template (GstCaps *readable)
{
  GstCaps *template = gst_caps_copy (readable);

  gst_caps_append (
      template, gst_caps_from_string ("video/x-raw(memory:CUDAMemory)"));
  return template;
}
