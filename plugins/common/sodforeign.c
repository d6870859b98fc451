/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodforeign.h"

/* The element that brings frames of a memory feature into system memory. */
static const gchar *
find_downloader (const GstCapsFeatures *features)
{
  static const struct
  {
    const gchar *feature, *elements;
  } downloaders[] = {
    { "memory:CUDAMemory", "\"cudadownload\"" },
    { "memory:GLMemory", "\"gldownload\"" },
    { "memory:VAMemory", "\"vapostproc\"" },
    { "memory:VASurface", "\"vaapipostproc\"" },
    { "memory:DMABuf", "\"vapostproc\" or \"glupload ! gldownload\"" },
    { "memory:VulkanImage", "\"vulkandownload\"" },
    { "memory:NVMM", "\"nvvideoconvert\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (downloaders); i++) {
    if (gst_caps_features_contains (features, downloaders[i].feature))
      return downloaders[i].elements;
  }
  return "an element that downloads it";
}

static gboolean
check_complete (const GstCaps *caps, GError **error)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  static const gchar *const fields[] = { "format", "width", "height" };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!gst_structure_has_field (structure, fields[i])) {
      g_autofree gchar *text = gst_caps_to_string (caps);

      g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
          "the caps of the frames do not say their %s: %s; set format, width "
          "and height where the frames come from",
          fields[i], text);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
sod_caps_check (const GstCaps *caps, GstCaps *supported, GError **error)
{
  const GstCapsFeatures *features = gst_caps_get_features (caps, 0);
  g_autofree gchar *text = NULL;

  if (!check_complete (caps, error))
    return FALSE;
  if (gst_caps_is_subset (caps, supported))
    return TRUE;

  text = gst_caps_to_string (caps);
  if (gst_caps_features_contains (features, "format:Interlaced"))
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
        "frames of which each buffer is one field (interlace-mode=alternate) "
        "cannot be read; put \"deinterlace\" before this element; the caps "
        "are %s",
        text);
  else if (!gst_caps_features_is_equal (
               features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY)) {
    g_autofree gchar *has = gst_caps_features_to_string (features);

    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
        "frames in %s cannot be read, only those in system memory; put %s "
        "before this element; the caps are %s",
        has, find_downloader (features), text);
  } else {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
        "frames of this format cannot be read; put \"videoconvert\" before "
        "this element; the caps are %s",
        text);
  }
  return FALSE;
}

gboolean
sod_caps_is_foreign (const GstCaps *caps)
{
  const GstCapsFeatures *features;

  if (gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return FALSE;
  features = gst_caps_get_features (caps, 0);
  for (guint i = 0; i < gst_caps_features_get_size (features); i++) {
    const gchar *feature = gst_caps_features_get_nth (features, i);

    if (g_str_equal (feature, "format:Interlaced")
        || (g_str_has_prefix (feature, "memory:")
            && !g_str_equal (feature, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY)))
      return TRUE;
  }
  return FALSE;
}

void
sod_caps_widen_answer (GstQuery *query, GstCaps *readable, GstCaps *template)
{
  GstCaps *filter, *answer;
  g_autoptr (GstCaps) wider = NULL;

  gst_query_parse_caps (query, &filter);
  gst_query_parse_caps_result (query, &answer);
  if (filter == NULL)
    wider = gst_caps_merge (gst_caps_ref (answer), gst_caps_ref (template));
  else if (!gst_caps_can_intersect (filter, readable))
    wider =
        gst_caps_intersect_full (filter, template, GST_CAPS_INTERSECT_FIRST);
  if (wider != NULL)
    gst_query_set_caps_result (query, wider);
}

GstCaps *
sod_caps_make_template (GstCaps *readable)
{
  GstCaps *template = gst_caps_copy (readable);

  for (guint i = 0; i < gst_caps_get_size (template); i++)
    gst_caps_set_features (template, i, gst_caps_features_new_any ());
  return template;
}
