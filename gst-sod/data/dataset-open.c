/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/dataset.h>

#include <string.h>

#include <gst-sod/data/dataset-private.h>

static const GstSodListFunc list_functions[] = {
  [GST_SOD_DATASET_LAYOUT_DAVIS] = gst_sod_list_davis,
  [GST_SOD_DATASET_LAYOUT_VOS] = gst_sod_list_vos,
  [GST_SOD_DATASET_LAYOUT_FBMS] = gst_sod_list_fbms,
  [GST_SOD_DATASET_LAYOUT_DAVSOD] = gst_sod_list_davsod,
  [GST_SOD_DATASET_LAYOUT_DUTS] = gst_sod_list_duts,
  [GST_SOD_DATASET_LAYOUT_UCSD] = gst_sod_list_ucsd,
  [GST_SOD_DATASET_LAYOUT_PAIRS] = gst_sod_list_pairs,
  [GST_SOD_DATASET_LAYOUT_COCO] = gst_sod_list_coco,
  [GST_SOD_DATASET_LAYOUT_CVAT] = gst_sod_list_cvat,
  [GST_SOD_DATASET_LAYOUT_LABELME] = gst_sod_list_labelme,
};

/* The list file that a set's name stands for, or the file itself.
 * (transfer full) (nullable) */
static gchar *
find_list (const GstSodListing *listing)
{
  static const gchar *const folders[] = { "ImageSets/480p", "ImageSets/2016",
    "ImageSets/2017", "ImageSets", "." };
  g_autofree gchar *name = g_strconcat (listing->set, ".txt", NULL);
  g_autofree gchar *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_clear_pointer (&path, g_free);
    path = g_build_filename (listing->root, folders[i], name, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  if (listing->list_folder != NULL) {
    g_clear_pointer (&path, g_free);
    path = g_build_filename (listing->list_folder, name, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  return g_file_test (listing->set, G_FILE_TEST_EXISTS)
                 && !g_file_test (listing->set, G_FILE_TEST_IS_DIR)
             ? g_strdup (listing->set)
             : NULL;
}

static gboolean
apply_set (GstSodListing *listing, GError **error)
{
  g_autofree gchar *path = find_list (listing);
  GPtrArray *chosen;

  if (path == NULL) {
    g_autofree gchar *shown = g_filename_display_name (listing->root);
    g_autofree gchar *set = g_filename_display_name (listing->set);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: there is no set \"%s\": neither a list %s.txt (in ImageSets/480p, "
        "ImageSets or the root) nor a file of this name; name a list or leave "
        "the set out for everything",
        shown, set, set);
    return FALSE;
  }
  chosen =
      gst_sod_list_file_select (listing->items, listing->root, path, error);
  if (chosen == NULL)
    return FALSE;
  g_ptr_array_unref (listing->items);
  listing->items = chosen;
  return TRUE;
}

static gboolean
check_unique (GPtrArray *items, GError **error)
{
  for (guint i = 1; i < items->len; i++) {
    const GstSodItem *a = g_ptr_array_index (items, i - 1);
    const GstSodItem *b = g_ptr_array_index (items, i);
    g_autofree gchar *shown = NULL;
    g_autofree gchar *other = NULL;

    if (strcmp (a->sequence, b->sequence) != 0
        || strcmp (a->name, b->name) != 0)
      continue;
    shown = g_filename_display_name (a->image);
    other = g_filename_display_name (b->image);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s and %s are one frame by their sequence and name; open one set at a "
        "time",
        shown, other);
    return FALSE;
  }
  return TRUE;
}

static GstSodDataset *
open_listing (
    GstSodDatasetLayout layout, GstSodListing *listing, GError **error)
{
  GstSodDataset *self = NULL;

  listing->items = gst_sod_items_new ();
  if (list_functions[layout](listing, error)) {
    g_ptr_array_sort (listing->items, gst_sod_item_compare);
    if (check_unique (listing->items, error)
        && (listing->set == NULL || listing->set_is_taken
            || apply_set (listing, error)))
      self = gst_sod_dataset_new_take (layout, listing->root, listing->set,
          g_steal_pointer (&listing->items), NULL);
  }
  g_clear_pointer (&listing->items, g_ptr_array_unref);
  g_free (listing->list_folder);
  return self;
}

/**
 * gst_sod_dataset_open:
 * @layout: how the files lie
 * @root: (type filename): folder of the data set; for
 *   %GST_SOD_DATASET_LAYOUT_COCO and %GST_SOD_DATASET_LAYOUT_CVAT the
 * annotation file or the folder that holds it
 * @set: (nullable) (type filename): name of a set (`dev`: the list
 *   `ImageSets/480p/dev.txt` or `DUTS-TR/dev.txt`, or a folder where the
 *   layout has one a set), or a list file; %NULL for everything
 * @flags: how strictly to read it
 * @error: return location for an error
 *
 * Lists a data set, without reading its pictures.
 *
 * A line of a list file is the name of a sequence, a frame
 * (`SEQUENCE/FRAME`, or the name of a still), a picture's path below @root, or
 * as in DAVIS the paths of a picture and its mask.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for folders, masks or list entries that are
 * missing, %GST_SOD_ERROR_IO for what cannot be read (symbolic links in a
 * circle), %GST_SOD_ERROR_MISMATCH for two files that are one frame by their
 * names, %GST_SOD_ERROR_FORMAT for damaged lists and annotations.
 *
 * Returns: (transfer full): the data set, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_open (GstSodDatasetLayout layout, const gchar *root,
    const gchar *set, GstSodDatasetFlags flags, GError **error)
{
  GstSodListing listing = { .root = root,
    .set = set,
    .sparse = (flags & GST_SOD_DATASET_FLAG_SPARSE) != 0 };

  g_return_val_if_fail ((guint) layout < G_N_ELEMENTS (list_functions), NULL);
  g_return_val_if_fail (root != NULL, NULL);

  return open_listing (layout, &listing, error);
}

/**
 * gst_sod_dataset_open_pairs:
 * @images: (type filename): folder of pictures
 * @masks: (type filename): folder of masks of the same names, whatever their
 *   extensions
 * @set: (nullable) (type filename): a list file, or the name of one in @images
 *   without `.txt`; %NULL for everything
 * @flags: how strictly to read it
 * @error: return location for an error
 *
 * Lists a data set of %GST_SOD_DATASET_LAYOUT_PAIRS. Folders in @images are
 * sequences and lie in @masks under the same name.
 *
 * Errors: as gst_sod_dataset_open().
 *
 * Returns: (transfer full): the data set, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_open_pairs (const gchar *images, const gchar *masks,
    const gchar *set, GstSodDatasetFlags flags, GError **error)
{
  GstSodListing listing = { .root = images,
    .images = images,
    .masks = masks,
    .set = set,
    .sparse = (flags & GST_SOD_DATASET_FLAG_SPARSE) != 0 };

  g_return_val_if_fail (images != NULL && masks != NULL, NULL);

  return open_listing (GST_SOD_DATASET_LAYOUT_PAIRS, &listing, error);
}
