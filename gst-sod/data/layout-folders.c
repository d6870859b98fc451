/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts whose pictures and masks lie in folders beside one another. */
#include <gst-sod/data/folder-private.h>

#include <string.h>
#include <sys/stat.h>

static gboolean
check_root (const gchar *root, GError **error)
{
  g_autoptr (GstSodFolder) folder = gst_sod_folder_open (root, error);

  return folder != NULL;
}

/* ---- JPEGImages and Annotations ---- */

/* The folder of one resolution, or JPEGImages itself. */
static const gchar *
find_resolution (const gchar *images)
{
  static const gchar *const names[] = { "480p", "Full-Resolution", "1080p" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (gst_sod_is_folder (images, names[i]))
      return names[i];
  }
  return ".";
}

static gchar *
join (const gchar *folder, const gchar *name)
{
  return strcmp (name, ".") == 0 ? g_strdup (folder)
                                 : g_build_filename (folder, name, NULL);
}

static gboolean
list_jpeg_images (GstSodListing *listing, gboolean sparse, GError **error)
{
  g_autofree gchar *images =
      g_build_filename (listing->root, "JPEGImages", NULL);
  g_autofree gchar *masks =
      g_build_filename (listing->root, "Annotations", NULL);
  const gchar *resolution = find_resolution (images);
  g_autofree gchar *image_top = join (images, resolution);
  g_autofree gchar *mask_top = join (masks, resolution);
  g_autoptr (GstSodFolder) top = NULL;

  if (!check_root (listing->root, error))
    return FALSE;
  if (!gst_sod_is_folder (listing->root, "JPEGImages"))
    return gst_sod_folder_lacks (listing->root, "folder JPEGImages", error);
  top = gst_sod_folder_open (image_top, error);
  if (top == NULL)
    return FALSE;
  if (top->folders->len == 0)
    return gst_sod_folder_lacks (
        image_top, "sequences (folders of pictures)", error);
  for (guint i = 0; i < top->folders->len; i++) {
    const gchar *sequence = g_ptr_array_index (top->folders, i);
    g_autofree gchar *image_folder =
        g_build_filename (image_top, sequence, NULL);
    g_autofree gchar *mask_folder = g_build_filename (mask_top, sequence, NULL);

    if (!gst_sod_folder_pair (
            listing->items, sequence, image_folder, mask_folder, sparse, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_list_davis (GstSodListing *listing, GError **error)
{
  return list_jpeg_images (listing, listing->sparse, error);
}

gboolean
gst_sod_list_vos (GstSodListing *listing, GError **error)
{
  return list_jpeg_images (listing, TRUE, error);
}

gboolean
gst_sod_list_ucsd (GstSodListing *listing, GError **error)
{
  return list_jpeg_images (listing, listing->sparse, error);
}

/* ---- DAVSOD: SET/SEQUENCE/Imgs ---- */

static const gchar *
find_truth (const gchar *sequence)
{
  static const gchar *const names[] = { "ground-truth", "GT_object_level",
    "GT" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (gst_sod_is_folder (sequence, names[i]))
      return names[i];
  }
  return names[0];
}

/* The sequences in @folder, named behind @prefix. */
static gboolean
list_davsod_set (GstSodListing *listing, const gchar *path, const gchar *prefix,
    GError **error)
{
  g_autoptr (GstSodFolder) folder = gst_sod_folder_open (path, error);

  if (folder == NULL)
    return FALSE;
  for (guint i = 0; i < folder->folders->len; i++) {
    const gchar *name = g_ptr_array_index (folder->folders, i);
    g_autofree gchar *sequence = g_build_filename (path, name, NULL);
    g_autofree gchar *shown = g_strconcat (prefix, name, NULL);
    g_autofree gchar *images = g_build_filename (sequence, "Imgs", NULL);
    g_autofree gchar *masks =
        g_build_filename (sequence, find_truth (sequence), NULL);

    if (gst_sod_is_folder (sequence, "Imgs")
        && !gst_sod_folder_pair (
            listing->items, shown, images, masks, listing->sparse, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_list_davsod (GstSodListing *listing, GError **error)
{
  g_autoptr (GstSodFolder) root = gst_sod_folder_open (listing->root, error);

  if (root == NULL)
    return FALSE;
  if (listing->set != NULL && gst_sod_is_folder (listing->root, listing->set)) {
    g_autofree gchar *path =
        g_build_filename (listing->root, listing->set, NULL);

    listing->set_is_taken = TRUE;
    return list_davsod_set (listing, path, "", error);
  }
  if (!list_davsod_set (listing, listing->root, "", error))
    return FALSE;
  if (listing->items->len > 0)
    return TRUE;
  for (guint i = 0; i < root->folders->len; i++) {
    const gchar *name = g_ptr_array_index (root->folders, i);
    g_autofree gchar *path = g_build_filename (listing->root, name, NULL);
    g_autofree gchar *prefix = g_strconcat (name, "/", NULL);

    if (!list_davsod_set (listing, path, prefix, error))
      return FALSE;
  }
  return listing->items->len > 0
         || gst_sod_folder_lacks (listing->root,
             "sequences (SET/SEQUENCE/Imgs beside ground-truth)", error);
}

/* ---- DUTS: X-Image beside X-Mask ---- */

static gboolean
is_duts_set (const gchar *name, const gchar *set)
{
  return set == NULL || strcmp (name, set) == 0
         || (g_str_has_prefix (name, "DUTS-") && strcmp (name + 5, set) == 0);
}

/* Pairs of folders in @path; @set chooses one of them or is NULL. */
static gboolean
list_duts_folder (
    GstSodListing *listing, const gchar *path, const gchar *set, GError **error)
{
  g_autoptr (GstSodFolder) folder = gst_sod_folder_open (path, error);

  if (folder == NULL)
    return FALSE;
  for (guint i = 0; i < folder->folders->len; i++) {
    const gchar *name = g_ptr_array_index (folder->folders, i);
    g_autofree gchar *images = g_build_filename (path, name, NULL);
    g_autofree gchar *stem = NULL;
    g_autofree gchar *mask_name = NULL;
    g_autofree gchar *masks = NULL;

    if (!g_str_has_suffix (name, "-Image"))
      continue;
    stem = g_strndup (name, strlen (name) - strlen ("-Image"));
    if (!is_duts_set (stem, set))
      continue;
    mask_name = g_strconcat (stem, "-Mask", NULL);
    masks = g_build_filename (path, mask_name, NULL);
    if (!gst_sod_folder_pair (
            listing->items, "", images, masks, listing->sparse, error))
      return FALSE;
    if (listing->list_folder == NULL)
      listing->list_folder = g_strdup (path);
  }
  return TRUE;
}

static gboolean
list_duts (GstSodListing *listing, const gchar *set, GError **error)
{
  g_autoptr (GstSodFolder) root = gst_sod_folder_open (listing->root, error);

  if (root == NULL || !list_duts_folder (listing, listing->root, set, error))
    return FALSE;
  for (guint i = 0; i < root->folders->len; i++) {
    const gchar *name = g_ptr_array_index (root->folders, i);
    g_autofree gchar *path = g_build_filename (listing->root, name, NULL);

    if (g_str_has_suffix (name, "-Image") || g_str_has_suffix (name, "-Mask"))
      continue;
    if (!list_duts_folder (listing, path, set, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_list_duts (GstSodListing *listing, GError **error)
{
  if (listing->set != NULL) {
    if (!list_duts (listing, listing->set, error))
      return FALSE;
    listing->set_is_taken = listing->items->len > 0;
    if (listing->set_is_taken)
      return TRUE;
  }
  return list_duts (listing, NULL, error)
         && (listing->items->len > 0
             || gst_sod_folder_lacks (listing->root,
                 "folders DUTS-TR-Image and DUTS-TR-Mask", error));
}

/* ---- pairs ---- */

/* Folders that are open above this one, to tell links that lead back. */
typedef struct _Visit
{
  const struct _Visit *above;
  dev_t device;
  ino_t inode;
} Visit;

static gboolean
enter (Visit *visit, const gchar *path, GError **error)
{
  g_autofree gchar *shown = NULL;
  struct stat status;

  if (stat (path, &status) != 0)
    return TRUE; /* said better by who opens it */
  visit->device = status.st_dev;
  visit->inode = status.st_ino;
  for (const Visit *v = visit->above; v != NULL; v = v->above) {
    if (v->device != visit->device || v->inode != visit->inode)
      continue;
    shown = g_filename_display_name (path);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: is a symbolic link to a folder that it lies in; remove it", shown);
    return FALSE;
  }
  return TRUE;
}

static gboolean
list_pairs (GstSodListing *listing, const gchar *sequence, const gchar *images,
    const gchar *masks, const Visit *above, GError **error)
{
  g_autoptr (GstSodFolder) folder = NULL;
  Visit visit = { .above = above };

  if (!enter (&visit, images, error))
    return FALSE;
  folder = gst_sod_folder_open (images, error);
  if (folder == NULL)
    return FALSE;
  if ((folder->pictures->len > 0 || folder->folders->len == 0)
      && !gst_sod_folder_pair (
          listing->items, sequence, images, masks, listing->sparse, error))
    return FALSE;
  for (guint i = 0; i < folder->folders->len; i++) {
    const gchar *name = g_ptr_array_index (folder->folders, i);
    g_autofree gchar *image_folder = g_build_filename (images, name, NULL);
    g_autofree gchar *mask_folder = g_build_filename (masks, name, NULL);
    g_autofree gchar *inner = sequence[0] == '\0'
                                  ? g_strdup (name)
                                  : g_strconcat (sequence, "/", name, NULL);

    if (!list_pairs (listing, inner, image_folder, mask_folder, &visit, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
find_pair (
    GstSodListing *listing, gchar **images, gchar **masks, GError **error)
{
  static const gchar *const names[][2] = { { "Image", "Mask" },
    { "Images", "Masks" }, { "image", "mask" }, { "images", "masks" },
    { "Imgs", "GT" }, { "img", "gt" }, { "images", "gt" }, { "Images", "GT" },
    { "frames", "masks" }, { "JPEGImages", "Annotations" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (gst_sod_is_folder (listing->root, names[i][0])
        && gst_sod_is_folder (listing->root, names[i][1])) {
      *images = g_build_filename (listing->root, names[i][0], NULL);
      *masks = g_build_filename (listing->root, names[i][1], NULL);
      return TRUE;
    }
  }
  return check_root (listing->root, error)
         && gst_sod_folder_lacks (listing->root,
             "folders \"images\" and \"masks\" (or Image and Mask, Imgs and "
             "GT): name the two",
             error);
}

gboolean
gst_sod_list_pairs (GstSodListing *listing, GError **error)
{
  g_autofree gchar *images = g_strdup (listing->images);
  g_autofree gchar *masks = g_strdup (listing->masks);

  if (images == NULL && !find_pair (listing, &images, &masks, error))
    return FALSE;
  return list_pairs (listing, "", images, masks, NULL, error);
}
