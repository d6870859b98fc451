/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How data sets are split, and that leaks are found. */
#include "support.h"

#include <math.h>
#include <string.h>

#include <gst-sod/data/likeness-private.h>

typedef struct
{
  gchar *folder;
  GstSodDataset *dataset; /* 10 sequences of 5 frames */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = scratch_new ();
  write_davis (fixture->folder, 10, 5);
  fixture->dataset = gst_sod_dataset_open (GST_SOD_DATASET_LAYOUT_DAVIS,
      fixture->folder, NULL, GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->dataset);
  scratch_remove (fixture->folder);
}

static gchar *
train_hash (GstSodDataset *dataset, gdouble fraction, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split =
      gst_sod_split_new_sequences (dataset, fraction, seed, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (
      gst_sod_dataset_get_n_items (gst_sod_split_get_train (split))
          + gst_sod_dataset_get_n_items (gst_sod_split_get_test (split)),
      ==, 50);
  g_assert_cmpuint (
      gst_sod_dataset_get_n_sequences (gst_sod_split_get_train (split)), ==,
      (guint) floor (fraction * 10 + 0.5));
  return gst_sod_dataset_get_hash (gst_sod_split_get_train (split));
}

static void
test_sequences (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *first = train_hash (fixture->dataset, 0.2, 1);
  g_autofree gchar *again = train_hash (fixture->dataset, 0.2, 1);
  g_autofree gchar *other = train_hash (fixture->dataset, 0.2, 2);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, other);
  for (guint percent = 20; percent <= 100; percent += 20)
    g_free (train_hash (fixture->dataset, percent / 100.0, 7));
  g_assert_null (gst_sod_split_new_sequences (fixture->dataset, 0, 1, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "fraction", NULL);
  g_clear_error (&error);
  g_assert_null (gst_sod_split_new_prefix (fixture->dataset, NAN, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "fraction", NULL);
}

static void
test_prefix (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split =
      gst_sod_split_new_prefix (fixture->dataset, 0.4, &error);
  GstSodDataset *train;

  g_assert_no_error (error);
  train = gst_sod_split_get_train (split);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (train), ==, 20);
  g_assert_cmpuint (gst_sod_dataset_get_n_sequences (train), ==, 10);
  g_assert_cmpstr (gst_sod_dataset_get_item_name (train, 1), ==, "00001");
  g_assert_cmpstr (gst_sod_dataset_get_item_name (train, 2), ==, "00000");
}

static void
test_list_and_scenario (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *list = scratch_path (fixture->folder, "train.txt");
  g_autofree gchar *table = scratch_path (fixture->folder, "scenarios.csv");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) by_list = NULL;
  g_autoptr (GstSodSplit) by_scenario = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autofree gchar *json = NULL;

  write_text (list, "a\nc\n");
  by_list = gst_sod_split_new_list (fixture->dataset, list, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      gst_sod_dataset_get_n_items (gst_sod_split_get_test (by_list)), ==, 40);
  write_text (table, "a,one\nb,two\nc,one\n");
  dataset = gst_sod_dataset_add_scenarios (fixture->dataset, table, &error);
  g_assert_no_error (error);
  by_scenario = gst_sod_split_new_scenario (dataset, "one", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      gst_sod_dataset_get_n_items (gst_sod_split_get_train (by_scenario)), ==,
      10);
  json = gst_sod_split_to_json (by_scenario);
  g_test_message ("%s", json);
  g_assert_nonnull (strstr (json, "\"method\":\"scenario\""));
  g_assert_nonnull (strstr (json, "\"sequences\":[\"a\",\"c\"]"));
  g_assert_nonnull (strstr (json, "\"leaking\":null"));
}

static void
test_clean (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split =
      gst_sod_split_new_sequences (fixture->dataset, 0.5, 1, &error);

  g_assert_false (gst_sod_split_is_checked (split));
  gst_sod_split_check (split, GST_SOD_SPLIT_DISTANCE, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (gst_sod_split_is_checked (split));
  g_assert_false (gst_sod_split_is_leaking (split));
}

static void
test_shared_sequence (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split =
      gst_sod_split_new_prefix (fixture->dataset, 0.5, &error);
  g_autofree gchar *json = NULL;

  g_assert_false (gst_sod_split_check (split, 0, FALSE, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, "10 sequences are in both",
      "whole sequences", NULL);
  g_clear_error (&error);
  g_assert_true (gst_sod_split_check (split, 0, TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (gst_sod_split_is_leaking (split));
  json = gst_sod_split_to_json (split);
  g_assert_nonnull (strstr (json, "\"leaking\":true,\"shared_sequences\":10"));
}

static void
test_copy_under_another_name (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path =
      scratch_path (fixture->folder, "JPEGImages/480p/b/00002.jpg");
  g_autofree gchar *list = scratch_path (fixture->folder, "train.txt");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split = NULL;

  write_jpeg (path, 32, 24, 4); /* what a/00004.jpg shows */
  write_text (list, "a\nc\n");
  split = gst_sod_split_new_list (fixture->dataset, list, &error);
  g_assert_no_error (error);
  g_assert_false (
      gst_sod_split_check (split, GST_SOD_SPLIT_DISTANCE, FALSE, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, "1 frames", "a/00004.jpg",
      "b/00002.jpg", NULL);
}

static void
test_unreadable (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path =
      scratch_path (fixture->folder, "JPEGImages/480p/b/00002.jpg");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split =
      gst_sod_split_new_sequences (fixture->dataset, 0.5, 1, &error);

  write_text (path, "no picture");
  g_assert_false (gst_sod_split_check (split, 8, TRUE, &error));
  assert_error (error, GST_SOD_ERROR_FORMAT, path, NULL);
  g_assert_false (gst_sod_split_is_checked (split));
}

static void
test_likeness (void)
{
  enum
  {
    WIDTH = 96,
    HEIGHT = 64
  };
  guint8 wave[WIDTH * HEIGHT], brighter[WIDTH * HEIGHT], other[WIDTH * HEIGHT];
  guint8 half[WIDTH * HEIGHT / 4], plain[WIDTH * HEIGHT];
  GstSodLikeness a, b, c, d, e;

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gdouble value =
          100 + 60 * sin (x * 0.11 + y * 0.05) + 30 * cos (x * 0.03 - y * 0.21);

      wave[y * WIDTH + x] = (guint8) value;
      brighter[y * WIDTH + x] = (guint8) (value + 20 + (x * 7 + y) % 3);
      other[y * WIDTH + x] = (guint8) (100 + 60 * sin (x * 0.02 - y * 0.3));
      plain[y * WIDTH + x] = 17;
      half[y / 2 * (WIDTH / 2) + x / 2] = (guint8) value;
    }
  }
  a = gst_sod_likeness_of_pixels (wave, WIDTH, HEIGHT);
  b = gst_sod_likeness_of_pixels (brighter, WIDTH, HEIGHT);
  c = gst_sod_likeness_of_pixels (half, WIDTH / 2, HEIGHT / 2);
  d = gst_sod_likeness_of_pixels (other, WIDTH, HEIGHT);
  e = gst_sod_likeness_of_pixels (plain, WIDTH, HEIGHT);
  g_assert_cmpuint (gst_sod_likeness_distance (&a, &a), ==, 0);
  g_assert_cmpuint (
      gst_sod_likeness_distance (&a, &b), <=, GST_SOD_SPLIT_DISTANCE);
  g_assert_cmpuint (
      gst_sod_likeness_distance (&a, &c), <=, GST_SOD_SPLIT_DISTANCE);
  g_assert_cmpuint (
      gst_sod_likeness_distance (&a, &d), >, GST_SOD_SPLIT_DISTANCE);
  g_assert_false (e.is_known);
  g_assert_cmpuint (gst_sod_likeness_distance (&e, &e), ==, 65);
}

static GstSodSplit *
split_of_sets (GstSodDatasetLayout layout, const gchar *root)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) fit = gst_sod_dataset_open (
      layout, root, "fit", GST_SOD_DATASET_FLAG_NONE, &error);
  g_autoptr (GstSodDataset) dev = NULL;

  g_assert_no_error (error);
  dev = gst_sod_dataset_open (
      layout, root, "dev", GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
  return gst_sod_split_new (fit, dev);
}

static void
test_real_davis (void)
{
  g_autofree gchar *root = find_data ("davis2016");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSplit) split = NULL;
  gint64 start = g_get_monotonic_time ();

  if (root == NULL)
    return;
  split = split_of_sets (GST_SOD_DATASET_LAYOUT_DAVIS, root);
  gst_sod_split_check (split, GST_SOD_SPLIT_DISTANCE, FALSE, &error);
  g_assert_no_error (error);
  g_test_message ("2079 frames in %.2f s",
      (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

#define ADD(name, function)                                                    \
  g_test_add ("/split/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("sequences/are-drawn-whole-with-a-seed", test_sequences);
  ADD ("prefix/is-the-start-of-each-sequence", test_prefix);
  ADD ("lists-and-scenarios-choose", test_list_and_scenario);
  ADD ("check/a-clean-split-passes", test_clean);
  ADD ("check/a-shared-sequence-is-refused-or-marked", test_shared_sequence);
  ADD (
      "check/a-copy-under-another-name-is-found", test_copy_under_another_name);
  ADD ("check/a-picture-that-cannot-be-read-is-named", test_unreadable);
  g_test_add_func ("/likeness/stays-when-scaled-or-brightened", test_likeness);
  g_test_add_func ("/split/footage/davis-dev-does-not-leak", test_real_davis);
  return g_test_run ();
}
