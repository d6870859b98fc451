/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/dataset-layout.h>

#include <string.h>

static const gchar *const names[] = {
  [GST_SOD_DATASET_LAYOUT_DAVIS] = "davis",
  [GST_SOD_DATASET_LAYOUT_VOS] = "vos",
  [GST_SOD_DATASET_LAYOUT_FBMS] = "fbms",
  [GST_SOD_DATASET_LAYOUT_DAVSOD] = "davsod",
  [GST_SOD_DATASET_LAYOUT_DUTS] = "duts",
  [GST_SOD_DATASET_LAYOUT_UCSD] = "ucsd",
  [GST_SOD_DATASET_LAYOUT_PAIRS] = "pairs",
  [GST_SOD_DATASET_LAYOUT_COCO] = "coco",
  [GST_SOD_DATASET_LAYOUT_CVAT] = "cvat",
  [GST_SOD_DATASET_LAYOUT_LABELME] = "labelme",
};

/**
 * gst_sod_dataset_layout_get_name:
 * @layout: a layout
 *
 * Returns: its name in options and files: "davis"
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_layout_get_name (GstSodDatasetLayout layout)
{
  g_return_val_if_fail ((guint) layout < G_N_ELEMENTS (names), NULL);

  return names[layout];
}

/**
 * gst_sod_dataset_layout_from_name:
 * @name: a name as gst_sod_dataset_layout_get_name() gives it
 * @layout: (out): the layout
 * @error: return location for an error
 *
 * Looks a layout up.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT, with the names that there are.
 *
 * Returns: whether there is one of this name
 *
 * Since: 0.1
 */
gboolean
gst_sod_dataset_layout_from_name (
    const gchar *name, GstSodDatasetLayout *layout, GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  g_return_val_if_fail (name != NULL && layout != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strcmp (name, names[i]) == 0) {
      *layout = (GstSodDatasetLayout) i;
      return TRUE;
    }
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "there is no layout \"%s\"; the layouts are %s", name, known->str);
  return FALSE;
}
