/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FBMS-59 (Ochs, Malik and Brox, "Segmentation of moving objects by long term
 * video analysis", 2014).
 *
 * Original: SEQUENCE/NAME_0001.jpg, and for some frames a picture of regions in
 * SEQUENCE/GroundTruth: NAME_0001_gt.ppm (coloured objects on white; a .pgm and
 * a PROB.ppm beside it are renderings of it) or NAME_0001.pgm (bright objects
 * on dark). Repacked: binary PNG in their place, or JPEGImages and Annotations
 * as in VOS. */
#include <gst-sod/data/folder-private.h>

#include <stdlib.h>
#include <string.h>

/* Of 255: a channel of white paper, and the brightest that is background in a
 * gray picture of regions. */
#define WHITE 252
#define DARK 25

typedef enum
{
  TRUTH_NONE,
  TRUTH_GRAY,
  TRUTH_COLOUR,
  TRUTH_BINARY
} Truth;

/* What becomes of gray regions in two sequences whose levels are others. */
static guint
darkest_object (const gchar *sequence)
{
  const gchar *name = strrchr (sequence, '/');

  name = name != NULL ? name + 1 : sequence;
  if (strcmp (name, "marple7") == 0)
    return 13;
  if (strcmp (name, "marple2") == 0)
    return 103;
  return DARK + 1;
}

/* Coloured objects on white. */
static gboolean
read_colour (const GstSodItem *item, gint width, gint height,
    GstSodRaster *raster, GError **error)
{
  gsize n;

  if (!gst_sod_raster_read (item->mask, GST_SOD_PIXELS_RGB, raster, error))
    return FALSE;
  n = (gsize) raster->width * raster->height;
  for (gsize i = 0; i < n; i++) {
    const guint8 *rgb = raster->pixels + 3 * i;

    raster->pixels[i] = MIN (MIN (rgb[0], rgb[1]), rgb[2]) < WHITE ? 255 : 0;
  }
  return TRUE;
}

/* Bright objects on dark. */
static gboolean
read_gray (const GstSodItem *item, gint width, gint height,
    GstSodRaster *raster, GError **error)
{
  guint darkest = darkest_object (item->sequence);
  gsize n;

  if (!gst_sod_raster_read (item->mask, GST_SOD_PIXELS_GRAY, raster, error))
    return FALSE;
  n = (gsize) raster->width * raster->height;
  for (gsize i = 0; i < n; i++)
    raster->pixels[i] = raster->pixels[i] >= darkest ? 255 : 0;
  return TRUE;
}

static Truth
truth_of (const gchar *name)
{
  if (strstr (name, "PROB") != NULL)
    return TRUTH_NONE;
  if (g_str_has_suffix (name, ".ppm"))
    return TRUTH_COLOUR;
  if (g_str_has_suffix (name, ".pgm"))
    return TRUTH_GRAY;
  return g_str_has_suffix (name, ".png") ? TRUTH_BINARY : TRUTH_NONE;
}

/* The last run of digits of a name, "_gt" left out; -1 where there is none. */
static gint64
number_of (const gchar *name)
{
  g_autofree gchar *stem = gst_sod_name_stem (name);
  gchar *end;

  if (g_str_has_suffix (stem, "_gt"))
    stem[strlen (stem) - 3] = '\0';
  end = stem + strlen (stem);
  while (end > stem && !g_ascii_isdigit (end[-1]))
    end--;
  *end = '\0';
  while (end > stem && g_ascii_isdigit (end[-1]))
    end--;
  return *end != '\0' ? g_ascii_strtoll (end, NULL, 10) : -1;
}

/* The best truth of each number: number -> name. */
static GHashTable *
index_truth (const GstSodFolder *folder)
{
  GHashTable *best =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < folder->pictures->len; i++) {
    const gchar *name = g_ptr_array_index (folder->pictures, i);
    gint64 number = number_of (name);
    const gchar *other = g_hash_table_lookup (best, &number);

    if (truth_of (name) == TRUTH_NONE || number < 0
        || (other != NULL && truth_of (other) >= truth_of (name)))
      continue;
    g_hash_table_replace (
        best, g_memdup2 (&number, sizeof (number)), (gpointer) name);
  }
  return best;
}

static gboolean
stray_truth (const GstSodFolder *truth, const gchar *name, GError **error)
{
  g_autofree gchar *where = g_filename_display_name (truth->path);
  g_autofree gchar *shown = g_filename_display_name (name);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: %s has no picture of its number; add the picture or take the truth "
      "away",
      where, shown);
  return FALSE;
}

static gboolean
list_sequence (GstSodListing *listing, const gchar *path, const gchar *sequence,
    GError **error)
{
  g_autofree gchar *truth_path = g_build_filename (path, "GroundTruth", NULL);
  g_autoptr (GstSodFolder) images = gst_sod_folder_open (path, error);
  g_autoptr (GstSodFolder) truth = NULL;
  g_autoptr (GHashTable) best = NULL;
  g_autoptr (GRefString) shared = g_ref_string_new (sequence);
  GHashTableIter left;
  gpointer stray;

  truth = images != NULL ? gst_sod_folder_open (truth_path, error) : NULL;
  if (truth == NULL)
    return FALSE;
  best = index_truth (truth);
  for (guint i = 0; i < images->pictures->len; i++) {
    const gchar *name = g_ptr_array_index (images->pictures, i);
    gint64 number = number_of (name);
    const gchar *found = g_hash_table_lookup (best, &number);
    g_autofree gchar *stem = gst_sod_name_stem (name);
    g_autofree gchar *image = g_build_filename (path, name, NULL);
    g_autofree gchar *mask =
        found != NULL ? g_build_filename (truth_path, found, NULL) : NULL;
    GstSodItem *item = gst_sod_item_new (shared, stem, image, mask);

    if (found != NULL && truth_of (found) == TRUTH_COLOUR)
      item->read_mask = read_colour;
    else if (found != NULL && truth_of (found) == TRUTH_GRAY)
      item->read_mask = read_gray;
    g_ptr_array_add (listing->items, item);
    g_hash_table_remove (best, &number);
  }
  g_hash_table_iter_init (&left, best);
  if (g_hash_table_iter_next (&left, NULL, &stray))
    return stray_truth (truth, stray, error);
  return TRUE;
}

/* The sequences in @path, as many as there are. */
static gboolean
list_set (GstSodListing *listing, const gchar *path, GError **error)
{
  g_autoptr (GstSodFolder) folder = gst_sod_folder_open (path, error);

  if (folder == NULL)
    return FALSE;
  for (guint i = 0; i < folder->folders->len; i++) {
    const gchar *name = g_ptr_array_index (folder->folders, i);
    g_autofree gchar *sequence = g_build_filename (path, name, NULL);

    if (gst_sod_is_folder (sequence, "GroundTruth")
        && !list_sequence (listing, sequence, name, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_list_fbms (GstSodListing *listing, GError **error)
{
  static const gchar *const sets[] = { "Trainingset", "Testset" };
  g_autofree gchar *chosen = NULL;

  if (gst_sod_is_folder (listing->root, "JPEGImages"))
    return gst_sod_list_vos (listing, error);
  if (listing->set != NULL && gst_sod_is_folder (listing->root, listing->set)) {
    chosen = g_build_filename (listing->root, listing->set, NULL);
    listing->set_is_taken = TRUE;
  }
  if (!list_set (listing, chosen != NULL ? chosen : listing->root, error))
    return FALSE;
  for (guint i = 0; chosen == NULL && i < G_N_ELEMENTS (sets); i++) {
    g_autofree gchar *path = g_build_filename (listing->root, sets[i], NULL);

    if (gst_sod_is_folder (listing->root, sets[i])
        && !list_set (listing, path, error))
      return FALSE;
  }
  return listing->items->len > 0
         || gst_sod_folder_lacks (listing->root,
             "sequences (SEQUENCE/GroundTruth beside its pictures)", error);
}
