/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/folder-private.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
is_picture (const gchar *name)
{
  static const gchar *const extensions[] = { ".jpg", ".jpeg", ".png", ".pgm",
    ".ppm" };
  const gchar *dot = strrchr (name, '.');

  if (dot == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++) {
    if (g_ascii_strcasecmp (dot, extensions[i]) == 0)
      return TRUE;
  }
  return FALSE;
}

static gsize
skip_zeros (const gchar *text)
{
  gsize n = 0;

  while (text[n] == '0' && g_ascii_isdigit (text[n + 1]))
    n++;
  return n;
}

static gsize
count_digits (const gchar *text)
{
  gsize n = 0;

  while (g_ascii_isdigit (text[n]))
    n++;
  return n;
}

gint
gst_sod_name_compare (const gchar *a, const gchar *b)
{
  const gchar *left = a, *right = b;

  while (*left != '\0' && *right != '\0') {
    if (g_ascii_isdigit (*left) && g_ascii_isdigit (*right)) {
      gsize n_left, n_right;
      gint order;

      left += skip_zeros (left);
      right += skip_zeros (right);
      n_left = count_digits (left);
      n_right = count_digits (right);
      if (n_left != n_right)
        return n_left < n_right ? -1 : 1;
      order = memcmp (left, right, n_left);
      if (order != 0)
        return order;
      left += n_left;
      right += n_right;
    } else if (*left != *right) {
      return (guchar) *left < (guchar) *right ? -1 : 1;
    } else {
      left++;
      right++;
    }
  }
  if (*left != *right)
    return *left == '\0' ? -1 : 1;
  return strcmp (a, b);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return gst_sod_name_compare (*(gchar *const *) a, *(gchar *const *) b);
}

gchar *
gst_sod_name_stem (const gchar *name)
{
  const gchar *dot = strrchr (name, '.');

  return dot != NULL && dot != name ? g_strndup (name, (gsize) (dot - name))
                                    : g_strdup (name);
}

gboolean
gst_sod_is_folder (const gchar *parent, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (parent, name, NULL);

  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

gboolean
gst_sod_folder_lacks (const gchar *root, const gchar *wanted, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (root);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: holds no %s; check the root folder and the layout", shown, wanted);
  return FALSE;
}

static GDir *
open_dir (const gchar *path, GError **error)
{
  g_autofree gchar *name = NULL;
  struct stat status;
  GDir *dir;

  if (stat (path, &status) != 0) {
    gst_sod_file_error (path, "the folder cannot be opened", errno, error);
    return NULL;
  }
  if (!S_ISDIR (status.st_mode)) {
    name = g_filename_display_name (path);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: is a file, where a folder was expected; check the path", name);
    return NULL;
  }
  dir = g_dir_open (path, 0, NULL);
  if (dir == NULL)
    gst_sod_file_error (path, "the folder cannot be opened", errno, error);
  return dir;
}

/* Whether @name in @path is a folder, through links. A link that leads
 * nowhere or in a circle is an error: something was meant to be there. */
static gboolean
look_at (
    const gchar *path, const gchar *name, gboolean *is_folder, GError **error)
{
  g_autofree gchar *full = g_build_filename (path, name, NULL);
  struct stat status;

  if (stat (full, &status) != 0) {
    gst_sod_file_error (full, "cannot be looked at", errno, error);
    return FALSE;
  }
  *is_folder = S_ISDIR (status.st_mode);
  return TRUE;
}

GstSodFolder *
gst_sod_folder_open (const gchar *path, GError **error)
{
  g_autoptr (GDir) dir = open_dir (path, error);
  g_autoptr (GstSodFolder) folder = NULL;
  const gchar *name;

  if (dir == NULL)
    return NULL;
  folder = g_new0 (GstSodFolder, 1);
  folder->path = g_strdup (path);
  folder->pictures = g_ptr_array_new_with_free_func (g_free);
  folder->folders = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL) {
    gboolean is_folder = FALSE;

    if (name[0] == '.')
      continue;
    if (is_picture (name)) {
      g_ptr_array_add (folder->pictures, g_strdup (name));
      continue;
    }
    if (!look_at (path, name, &is_folder, error))
      return NULL;
    if (is_folder)
      g_ptr_array_add (folder->folders, g_strdup (name));
  }
  g_ptr_array_sort (folder->pictures, compare_names);
  g_ptr_array_sort (folder->folders, compare_names);
  return g_steal_pointer (&folder);
}

void
gst_sod_folder_free (GstSodFolder *folder)
{
  g_free (folder->path);
  g_ptr_array_unref (folder->pictures);
  g_ptr_array_unref (folder->folders);
  g_free (folder);
}

/* Names of pictures by their stem. */
static GHashTable *
index_stems (const GstSodFolder *folder, GError **error)
{
  g_autoptr (GHashTable) names =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < folder->pictures->len; i++) {
    const gchar *name = g_ptr_array_index (folder->pictures, i);
    gchar *stem = gst_sod_name_stem (name);
    const gchar *other = g_hash_table_lookup (names, stem);

    if (other != NULL) {
      g_autofree gchar *where = g_filename_display_name (folder->path);
      g_autofree gchar *shown = g_filename_display_name (name);
      g_autofree gchar *shown_other = g_filename_display_name (other);

      g_free (stem);
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
          "%s: holds both %s and %s, which are one frame by their name; remove "
          "one",
          where, shown_other, shown);
      return NULL;
    }
    g_hash_table_insert (names, stem, (gpointer) name);
  }
  return g_steal_pointer (&names);
}

static gboolean
missing_mask (
    const gchar *image, const gchar *masks, const gchar *stem, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (image);
  g_autofree gchar *expected = g_build_filename (masks, stem, NULL);
  g_autofree gchar *shown_expected = g_filename_display_name (expected);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: has no mask (%s.png was expected); add it, take the frame away, or "
      "read the set as sparse, where frames without a mask are unlabelled",
      shown, shown_expected);
  return FALSE;
}

static gboolean
missing_image (
    const gchar *masks, const gchar *name, const gchar *images, GError **error)
{
  g_autofree gchar *mask = g_build_filename (masks, name, NULL);
  g_autofree gchar *shown = g_filename_display_name (mask);
  g_autofree gchar *where = g_filename_display_name (images);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: is a mask without a picture of this name in %s; add the picture or "
      "take the mask away",
      shown, where);
  return FALSE;
}

/* Masks that stayed in the index have no picture: names the first of them. */
static gboolean
check_left_over (const GstSodFolder *masks, GHashTable *left,
    const gchar *images, GError **error)
{
  for (guint i = 0; i < masks->pictures->len && g_hash_table_size (left) > 0;
       i++) {
    const gchar *name = g_ptr_array_index (masks->pictures, i);
    g_autofree gchar *stem = gst_sod_name_stem (name);

    if (g_hash_table_contains (left, stem))
      return missing_image (masks->path, name, images, error);
  }
  return TRUE;
}

static gboolean
add_item (GPtrArray *items, gchar *sequence, const GstSodFolder *images,
    const gchar *name, const gchar *masks, GHashTable *by_stem, gboolean sparse,
    GError **error)
{
  g_autofree gchar *stem = gst_sod_name_stem (name);
  g_autofree gchar *image = g_build_filename (images->path, name, NULL);
  g_autofree gchar *mask = NULL;
  const gchar *mask_name =
      by_stem != NULL ? g_hash_table_lookup (by_stem, stem) : NULL;

  if (mask_name == NULL && !sparse)
    return missing_mask (image, masks, stem, error);
  if (mask_name != NULL) {
    mask = g_build_filename (masks, mask_name, NULL);
    g_hash_table_remove (by_stem, stem);
  }
  g_ptr_array_add (items, gst_sod_item_new (sequence, stem, image, mask));
  return TRUE;
}

gboolean
gst_sod_folder_pair (GPtrArray *items, const gchar *sequence,
    const gchar *images, const gchar *masks, gboolean sparse, GError **error)
{
  g_autoptr (GstSodFolder) image_folder = gst_sod_folder_open (images, error);
  g_autoptr (GstSodFolder) mask_folder = NULL;
  g_autoptr (GHashTable) stems = NULL;
  g_autoptr (GHashTable) by_stem = NULL;
  g_autoptr (GRefString) shared = g_ref_string_new (sequence);

  if (image_folder == NULL)
    return FALSE;
  if (image_folder->pictures->len == 0) {
    g_autofree gchar *shown = g_filename_display_name (images);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: holds no pictures (.jpg, .png, .pgm or .ppm); check the path, or "
        "take the empty folder away",
        shown);
    return FALSE;
  }
  stems = index_stems (image_folder, error);
  if (stems == NULL)
    return FALSE;
  if (!sparse || g_file_test (masks, G_FILE_TEST_EXISTS)) {
    mask_folder = gst_sod_folder_open (masks, error);
    if (mask_folder == NULL)
      return FALSE;
    by_stem = index_stems (mask_folder, error);
    if (by_stem == NULL)
      return FALSE;
  }
  for (guint i = 0; i < image_folder->pictures->len; i++) {
    if (!add_item (items, shared, image_folder,
            g_ptr_array_index (image_folder->pictures, i), masks, by_stem,
            sparse, error))
      return FALSE;
  }
  return mask_folder == NULL
         || check_left_over (mask_folder, by_stem, images, error);
}
