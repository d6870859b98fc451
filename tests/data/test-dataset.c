/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every layout in miniature, and what is wrong with data sets. */
#include "support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  gchar *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = scratch_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  scratch_remove (fixture->folder);
}

static GstSodDataset *
open_good (GstSodDatasetLayout layout, const gchar *root, const gchar *set)
{
  g_autoptr (GError) error = NULL;
  GstSodDataset *dataset = gst_sod_dataset_open (
      layout, root, set, GST_SOD_DATASET_FLAG_NONE, &error);

  g_assert_no_error (error);
  return dataset;
}

static GError *
open_bad (GstSodDatasetLayout layout, const gchar *root, const gchar *set)
{
  GError *error = NULL;

  g_assert_null (gst_sod_dataset_open (
      layout, root, set, GST_SOD_DATASET_FLAG_NONE, &error));
  g_assert_nonnull (error);
  return error;
}

static void
picture (Fixture *fixture, const gchar *name, guint seed)
{
  g_autofree gchar *path = scratch_path (fixture->folder, name);

  write_jpeg (path, 32, 24, seed);
}

static void
mask (Fixture *fixture, const gchar *name, gint share)
{
  g_autofree gchar *path = scratch_path (fixture->folder, name);

  write_mask (path, 32, 24, share);
}

static void
text (Fixture *fixture, const gchar *name, const gchar *content)
{
  g_autofree gchar *path = scratch_path (fixture->folder, name);

  write_text (path, content);
}

static void
assert_frame (GstSodDataset *dataset, guint item, const gchar *sequence,
    const gchar *name, gint n_foreground)
{
  guint index = gst_sod_dataset_get_item_sequence (dataset, item);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) truth = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (
      gst_sod_dataset_get_sequence_name (dataset, index), ==, sequence);
  g_assert_cmpstr (gst_sod_dataset_get_item_name (dataset, item), ==, name);
  gst_sod_dataset_read (dataset, item, &image, &truth, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 32);
  g_assert_true (
      gst_sod_dataset_is_labelled (dataset, item) == (n_foreground >= 0));
  if (n_foreground >= 0)
    g_assert_cmpuint (count_foreground (truth), ==, (guint) n_foreground);
  else
    g_assert_null (truth);
}

static void
test_davis (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) all = NULL;
  g_autoptr (GstSodDataset) some = NULL;
  g_autoptr (GstSodDataset) by_name = NULL;
  g_autofree gchar *list = scratch_path (fixture->folder, "mine.txt");
  g_autofree gchar *hash = NULL;
  g_autofree gchar *other_hash = NULL;
  guint first = 0;

  write_davis (fixture->folder, 3, 4);
  all = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (all), ==, 12);
  g_assert_cmpuint (gst_sod_dataset_get_n_labelled (all), ==, 12);
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (all), ==, 3);
  g_assert_cmpuint (gst_sod_dataset_get_sequence_range (all, 1, &first), ==, 4);
  g_assert_cmpuint (first, ==, 4);
  assert_frame (all, 0, "a", "00000", 0); /* an empty mask is a label */
  assert_frame (all, 5, "b", "00001", 24 * 8);

  write_text (list, "# two kinds of lines\nc\n\n/JPEGImages/480p/a/00002.jpg "
                    "/Annotations/480p/a/00002.png\r\nb/00003\n");
  some = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, list);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (some), ==, 6);
  assert_frame (some, 0, "a", "00002", 24 * 16);
  assert_frame (some, 1, "b", "00003", 24 * 24);
  assert_frame (some, 2, "c", "00000", 0);
  by_name = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, "train");
  hash = gst_sod_dataset_get_hash (all);
  other_hash = gst_sod_dataset_get_hash (by_name);
  g_assert_cmpstr (hash, ==, other_hash);
  g_clear_pointer (&other_hash, g_free);
  other_hash = gst_sod_dataset_get_hash (some);
  g_assert_cmpstr (hash, !=, other_hash);
}

static void
test_vos (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) dataset = NULL;

  for (guint i = 0; i < 12; i++) {
    g_autofree gchar *name = g_strdup_printf ("JPEGImages/s/frame%u.jpg", i);

    picture (fixture, name, i);
  }
  mask (fixture, "Annotations/s/frame10.png", 1);
  dataset = open_good (GST_SOD_DATASET_LAYOUT_VOS, fixture->folder, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 12);
  g_assert_cmpuint (gst_sod_dataset_get_n_labelled (dataset), ==, 1);
  assert_frame (dataset, 2, "s", "frame2", -1);
  assert_frame (dataset, 10, "s", "frame10", 24 * 8);
}

static void
test_fbms (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) all = NULL;
  g_autoptr (GstSodDataset) test = NULL;
  g_autoptr (GString) colour = g_string_new ("P3 32 24 255\n");
  g_autoptr (GString) gray = g_string_new ("P2 32 24 255\n");

  for (guint i = 0; i < 32 * 24; i++) {
    g_string_append (colour, i < 40 ? "255 0 0 " : "255 255 255 ");
    g_string_append (gray, i < 50 ? "80 " : "10 ");
  }
  picture (fixture, "Testset/camel01/camel01_0001.jpg", 1);
  picture (fixture, "Testset/camel01/camel01_0002.jpg", 2);
  text (
      fixture, "Testset/camel01/GroundTruth/camel01_0002_gt.ppm", colour->str);
  text (fixture, "Testset/camel01/GroundTruth/camel01_0002_gt.pgm", gray->str);
  text (fixture, "Testset/camel01/GroundTruth/camel01_0002_gt_PROB.ppm",
      gray->str);
  text (fixture, "Testset/camel01/GroundTruth/camel01Def.dat", "x");
  picture (fixture, "Testset/cars1/cars1_01.jpg", 3);
  text (fixture, "Testset/cars1/GroundTruth/cars1_01.pgm", gray->str);
  picture (fixture, "Trainingset/bear01/bear01_0001.jpg", 4);
  mask (fixture, "Trainingset/bear01/GroundTruth/bear01_0001.png", 2);
  all = open_good (GST_SOD_DATASET_LAYOUT_FBMS, fixture->folder, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (all), ==, 4);
  assert_frame (all, 0, "bear01", "bear01_0001", 24 * 16);
  assert_frame (all, 1, "camel01", "camel01_0001", -1);
  assert_frame (all, 2, "camel01", "camel01_0002", 40);
  assert_frame (all, 3, "cars1", "cars1_01", 50);
  test = open_good (GST_SOD_DATASET_LAYOUT_FBMS, fixture->folder, "Testset");
  g_assert_cmpuint (gst_sod_dataset_get_n_items (test), ==, 3);
}

static void
test_davsod (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) all = NULL;
  g_autoptr (GstSodDataset) set = NULL;

  picture (fixture, "Validation/select_0173/Imgs/0001.jpg", 1);
  mask (fixture, "Validation/select_0173/ground-truth/0001.png", 1);
  picture (fixture, "Easy-35/select_0001/Imgs/0001.jpg", 1);
  mask (fixture, "Easy-35/select_0001/ground-truth/0001.png", 2);
  all = open_good (GST_SOD_DATASET_LAYOUT_DAVSOD, fixture->folder, NULL);
  assert_frame (all, 0, "Easy-35/select_0001", "0001", 24 * 16);
  assert_frame (all, 1, "Validation/select_0173", "0001", 24 * 8);
  set =
      open_good (GST_SOD_DATASET_LAYOUT_DAVSOD, fixture->folder, "Validation");
  g_assert_cmpuint (gst_sod_dataset_get_n_items (set), ==, 1);
  assert_frame (set, 0, "select_0173", "0001", 24 * 8);
}

static void
test_duts (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *inner = g_build_filename (fixture->folder, "DUTS-TR", NULL);
  const gchar *roots[2] = { fixture->folder, inner };

  picture (fixture, "DUTS-TR/DUTS-TR-Image/x_1.jpg", 1);
  mask (fixture, "DUTS-TR/DUTS-TR-Mask/x_1.png", 1);
  picture (fixture, "DUTS-TR/DUTS-TR-Image/x_2.jpg", 1);
  mask (fixture, "DUTS-TR/DUTS-TR-Mask/x_2.png", 3);
  text (fixture, "DUTS-TR/dev.txt", "x_2\n");
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++) {
    g_autoptr (GstSodDataset) all =
        open_good (GST_SOD_DATASET_LAYOUT_DUTS, roots[i], NULL);
    g_autoptr (GstSodDataset) set =
        open_good (GST_SOD_DATASET_LAYOUT_DUTS, roots[i], "TR");
    g_autoptr (GstSodDataset) dev =
        open_good (GST_SOD_DATASET_LAYOUT_DUTS, roots[i], "dev");

    g_assert_cmpuint (gst_sod_dataset_get_n_items (all), ==, 2);
    g_assert_cmpuint (gst_sod_dataset_get_n_items (set), ==, 2);
    g_assert_cmpuint (gst_sod_dataset_get_n_items (dev), ==, 1);
    assert_frame (dev, 0, "", "x_2", 24 * 24);
  }
}

static void
test_pairs (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodDataset) listed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *images =
      g_build_filename (fixture->folder, "im ages", NULL);
  g_autofree gchar *masks = g_build_filename (fixture->folder, "ma\nsks", NULL);
  g_autofree gchar *list = scratch_path (fixture->folder, "list");

  picture (fixture, "im ages/a b.jpg", 1);
  picture (fixture, "im ages/c\nd.jpeg", 2);
  picture (fixture, "im ages/clip ü/1.jpg", 3);
  mask (fixture, "ma\nsks/a b.png", 1);
  mask (fixture, "ma\nsks/c\nd.PNG", 2);
  mask (fixture, "ma\nsks/clip ü/1.png", 3);
  dataset = gst_sod_dataset_open_pairs (
      images, masks, NULL, GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 3);
  assert_frame (dataset, 0, "", "a b", 24 * 8);
  assert_frame (dataset, 1, "", "c\nd", 24 * 16);
  assert_frame (dataset, 2, "clip ü", "1", 24 * 24);
  write_text (list, "a b\nclip ü\n");
  listed = gst_sod_dataset_select_list (dataset, list, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (listed), ==, 2);
}

static void
test_scenarios (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GstSodDataset) plain = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodDataset) sport = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = scratch_path (fixture->folder, "scenarios.csv");

  write_davis (fixture->folder, 3, 2);
  write_text (path, "sequence,scenario\na,sport\nc,sport\nz,none\n");
  plain = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, NULL);
  g_assert_null (gst_sod_dataset_get_scenario (plain, 0));
  dataset = gst_sod_dataset_add_scenarios (plain, path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gst_sod_dataset_get_scenario (dataset, 0), ==, "sport");
  g_assert_null (gst_sod_dataset_get_scenario (dataset, 1));
  sport = gst_sod_dataset_select_scenario (dataset, "sport", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (sport), ==, 2);
  g_assert_cmpstr (gst_sod_dataset_get_scenario (sport, 1), ==, "sport");
  g_assert_null (gst_sod_dataset_select_scenario (dataset, "war", &error));
  assert_error (error, GST_SOD_ERROR_NOT_FOUND, "war", NULL);
  g_clear_error (&error);
  write_text (path, "sequence,scenario\na;sport\n");
  g_assert_null (gst_sod_dataset_add_scenarios (plain, path, &error));
  assert_error (error, GST_SOD_ERROR_FORMAT, path, "line 2", NULL);
}

static void
test_missing_mask (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *gone =
      scratch_path (fixture->folder, "Annotations/480p/a/00001.png");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) sparse = NULL;

  write_davis (fixture->folder, 1, 3);
  g_remove (gone);
  error = open_bad (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, NULL);
  assert_error (
      error, GST_SOD_ERROR_NOT_FOUND, "a/00001.jpg", gone, "sparse", NULL);
  g_clear_error (&error);
  sparse = gst_sod_dataset_open (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder,
      NULL, GST_SOD_DATASET_FLAG_SPARSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_labelled (sparse), ==, 2);
}

static void
test_stray_mask (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *gone =
      scratch_path (fixture->folder, "JPEGImages/480p/a/00001.jpg");
  g_autoptr (GError) error = NULL;

  write_davis (fixture->folder, 1, 3);
  g_remove (gone);
  error = open_bad (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, NULL);
  assert_error (
      error, GST_SOD_ERROR_NOT_FOUND, "Annotations/480p/a/00001.png", NULL);
}

static void
test_mask_of_another_size (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path =
      scratch_path (fixture->folder, "Annotations/480p/a/00001.png");
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) truth = NULL;

  write_davis (fixture->folder, 1, 3);
  write_mask (path, 31, 24, 1);
  dataset = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, NULL);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (gst_sod_dataset_read (
        dataset, 1, i == 0 ? &image : NULL, &truth, &error));
    g_assert_null (image);
    g_assert_null (truth);
    assert_error (error, GST_SOD_ERROR_MISMATCH, path, "31x24", "32x24", NULL);
  }
}

static void
test_bad_folders (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *file = scratch_path (fixture->folder, "file");
  g_autofree gchar *through = g_build_filename (file, "inner", NULL);
  g_autofree gchar *missing = g_build_filename (fixture->folder, "no", NULL);
  g_autofree gchar *empty =
      scratch_path (fixture->folder, "empty/JPEGImages/480p/a/x");
  g_autofree gchar *empty_sequence = g_path_get_dirname (empty);
  g_autofree gchar *empty_root =
      g_build_filename (fixture->folder, "empty", NULL);
  const struct
  {
    const gchar *root, *text;
  } cases[] = { { file, "is a file" }, { through, "is a file" },
    { missing, "No such file" }, { fixture->folder, "holds no" },
    { empty_root, empty_sequence } };

  write_text (file, "x");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    for (guint layout = 0; layout <= GST_SOD_DATASET_LAYOUT_PAIRS; layout++) {
      g_autoptr (GError) error = NULL;

      if (i == G_N_ELEMENTS (cases) - 1
          && layout != GST_SOD_DATASET_LAYOUT_DAVIS)
        continue;
      error = open_bad ((GstSodDatasetLayout) layout, cases[i].root, NULL);
      assert_error (
          error, GST_SOD_ERROR_NOT_FOUND, cases[i].root, cases[i].text, NULL);
    }
  }
}

static void
test_loops (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *images = g_build_filename (fixture->folder, "images", NULL);
  g_autofree gchar *masks = g_build_filename (fixture->folder, "masks", NULL);
  g_autofree gchar *loop = NULL;
  g_autofree gchar *self = NULL;
  g_autoptr (GError) error = NULL;

  picture (fixture, "images/1.jpg", 1);
  mask (fixture, "masks/1.png", 1);
  loop = g_build_filename (images, "again", NULL);
  g_assert_cmpint (symlink (".", loop), ==, 0);
  self = g_build_filename (masks, "again", NULL);
  g_assert_cmpint (symlink (".", self), ==, 0);
  g_assert_null (gst_sod_dataset_open_pairs (
      images, masks, NULL, GST_SOD_DATASET_FLAG_NONE, &error));
  assert_error (error, GST_SOD_ERROR_IO, loop, "symbolic link", NULL);
  g_clear_error (&error);
  g_remove (loop);
  g_assert_cmpint (symlink ("again", loop), ==, 0);
  g_assert_null (gst_sod_dataset_open_pairs (
      images, masks, NULL, GST_SOD_DATASET_FLAG_NONE, &error));
  assert_error (error, GST_SOD_ERROR_IO, loop, "symbolic links", NULL);
}

static void
test_bad_lists (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *list = scratch_path (fixture->folder, "list");
  static const struct
  {
    const gchar *content, *text;
    gint code;
  } cases[] = {
    { "a\nnothing\n", "line 2 names \"nothing\"", GST_SOD_ERROR_NOT_FOUND },
    { "00000\n", "line 1", GST_SOD_ERROR_NOT_FOUND },
    { "# nobody\n\n", "names nothing", GST_SOD_ERROR_FORMAT },
    { "", "0 bytes", GST_SOD_ERROR_FORMAT },
  };
  GError *error;

  write_davis (fixture->folder, 2, 2);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    write_text (list, cases[i].content);
    error = open_bad (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, list);
    assert_error (error, cases[i].code, list, cases[i].text, NULL);
    g_error_free (error);
  }
  error = open_bad (GST_SOD_DATASET_LAYOUT_DAVIS, fixture->folder, "no-such");
  assert_error (
      error, GST_SOD_ERROR_NOT_FOUND, fixture->folder, "no-such.txt", NULL);
  g_error_free (error);
}

static void
test_same_name_twice (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  picture (fixture, "images/1.jpg", 1);
  mask (fixture, "images/1.png", 1);
  mask (fixture, "masks/1.png", 1);
  error = open_bad (GST_SOD_DATASET_LAYOUT_PAIRS, fixture->folder, NULL);
  assert_error (error, GST_SOD_ERROR_MISMATCH, "1.jpg", "1.png", NULL);
}

static void
test_many_entries (Fixture *fixture, gconstpointer data)
{
  enum
  {
    N = 100000
  };
  g_autofree gchar *images = g_build_filename (fixture->folder, "images", NULL);
  g_autofree gchar *masks = g_build_filename (fixture->folder, "masks", NULL);
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;

  picture (fixture, "images/10.jpg", 1);
  mask (fixture, "masks/10.png", 1);
  for (guint i = 0; i < N; i++) {
    g_autofree gchar *image = g_strdup_printf ("%s/%u.jpg", images, i);

    close (open (image, O_CREAT | O_WRONLY, 0644));
  }
  start = g_get_monotonic_time ();
  dataset = gst_sod_dataset_open_pairs (
      images, masks, NULL, GST_SOD_DATASET_FLAG_SPARSE, &error);
  g_assert_no_error (error);
  g_test_message ("%d entries listed in %.2f s", N,
      (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, N);
  assert_frame (dataset, 10, "", "10", 24 * 8);
  g_assert_cmpstr (gst_sod_dataset_get_item_name (dataset, N - 1), ==, "99999");
}

static guint
count_empty (GstSodDataset *dataset)
{
  guint n = 0;

  for (guint i = 0; i < gst_sod_dataset_get_n_items (dataset); i++) {
    g_autoptr (GstSodImage) truth = NULL;
    g_autoptr (GError) error = NULL;

    gst_sod_dataset_read (dataset, i, NULL, &truth, &error);
    g_assert_no_error (error);
    n += count_foreground (truth) == 0;
  }
  return n;
}

static void
test_real_davis (void)
{
  g_autofree gchar *root = find_data ("davis2016");
  g_autoptr (GstSodDataset) all = NULL;
  g_autoptr (GstSodDataset) dev = NULL;
  g_autoptr (GstSodDataset) fit = NULL;

  if (root == NULL)
    return;
  all = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, root, "train");
  g_assert_cmpuint (gst_sod_dataset_get_n_items (all), ==, 2079);
  g_assert_cmpuint (gst_sod_dataset_get_n_labelled (all), ==, 2079);
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (all), ==, 30);
  g_assert_cmpuint (count_empty (all), ==, 15);
  dev = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, root, "dev");
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (dev), ==, 7);
  fit = open_good (GST_SOD_DATASET_LAYOUT_DAVIS, root, "fit");
  g_assert_cmpuint (
      gst_sod_dataset_get_n_items (dev) + gst_sod_dataset_get_n_items (fit), ==,
      2079);
}

static void
test_real_duts (void)
{
  g_autofree gchar *root = find_data ("DUTS-TR");
  g_autoptr (GstSodDataset) all = NULL;
  g_autoptr (GstSodDataset) dev = NULL;

  if (root == NULL)
    return;
  all = open_good (GST_SOD_DATASET_LAYOUT_DUTS, root, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (all), ==, 10552);
  dev = open_good (GST_SOD_DATASET_LAYOUT_DUTS, root, "dev");
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dev), ==, 528);
  g_assert_cmpuint (count_empty (dev), ==, 0);
}

static void
test_real_others (void)
{
  g_autofree gchar *ucsd = find_data ("ucsd-bgs");
  g_autofree gchar *horses = find_data ("weizmann-horse");
  g_autofree gchar *people = find_data ("ccp");
  g_autoptr (GstSodDataset) dataset = NULL;

  if (ucsd == NULL || horses == NULL || people == NULL)
    return;
  dataset = open_good (GST_SOD_DATASET_LAYOUT_UCSD, ucsd, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (dataset), ==, 9);
  count_empty (dataset);
  g_clear_object (&dataset);
  dataset = open_good (GST_SOD_DATASET_LAYOUT_PAIRS, horses, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 327);
  g_clear_object (&dataset);
  dataset = open_good (GST_SOD_DATASET_LAYOUT_PAIRS, people, NULL);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 335);
}

#define ADD(name, function)                                                    \
  g_test_add ("/dataset/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("davis/is-listed-whole-and-by-lists", test_davis);
  ADD ("vos/most-frames-are-unlabelled-and-in-order", test_vos);
  ADD ("fbms/regions-and-binary-truth", test_fbms);
  ADD ("davsod/sets-are-folders", test_davsod);
  ADD ("duts/stills-below-or-in-the-root", test_duts);
  ADD ("pairs/any-name-and-folders-as-sequences", test_pairs);
  ADD ("scenarios/are-given-and-chosen", test_scenarios);
  ADD ("bad/a-missing-mask-is-named", test_missing_mask);
  ADD ("bad/a-mask-without-a-picture-is-named", test_stray_mask);
  ADD ("bad/a-mask-of-another-size-is-named", test_mask_of_another_size);
  ADD ("bad/folders-that-are-none-or-empty", test_bad_folders);
  ADD ("bad/links-in-a-circle", test_loops);
  ADD ("bad/lists", test_bad_lists);
  ADD ("bad/two-files-of-one-frame", test_same_name_twice);
  ADD ("a-hundred-thousand-entries-in-a-folder", test_many_entries);
  g_test_add_func (
      "/dataset/footage/davis-has-15-empty-masks", test_real_davis);
  g_test_add_func ("/dataset/footage/duts-and-its-dev-list", test_real_duts);
  g_test_add_func ("/dataset/footage/ucsd-and-pairs", test_real_others);
  return g_test_run ();
}
