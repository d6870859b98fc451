/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trivial predictors. */
#include <gst-sod/core/image-private.h>
#include <gst-sod/eval/floor.h>

#include <math.h>

#define WIDTH 40
#define HEIGHT 20

/* The truth of frame i: columns 0 to i are foreground. */
static GstSodImage *
read_truth (guint frame, gpointer data, GError **error)
{
  GstSodImage *truth = gst_sod_image_new_gray (WIDTH, HEIGHT, error);
  guint *n_read = data;

  g_atomic_int_inc (n_read);
  for (gint y = 0; y < HEIGHT; y++) {
    for (guint x = 0; x <= MIN (frame, WIDTH - 1); x++)
      gst_sod_image_gray_row (truth, y)[x] = 255;
  }
  return truth;
}

static GstSodFloor *
make (const gchar *name, guint n_frames, guint *n_read)
{
  g_autoptr (GError) error = NULL;
  GstSodFloor *floor =
      gst_sod_floor_new (name, n_frames, read_truth, n_read, NULL, &error);

  g_assert_no_error (error);
  *n_read = 0;
  return floor;
}

static GstSodImage *
predict (GstSodFloor *floor, guint frame)
{
  g_autoptr (GError) error = NULL;
  GstSodImage *map = gst_sod_floor_predict (floor, frame, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (map), ==, WIDTH);
  g_assert_cmpint (gst_sod_image_get_height (map), ==, HEIGHT);
  return map;
}

/* Which truth a map is a copy of. */
static gint
find_source (GstSodFloor *floor, guint frame)
{
  g_autoptr (GstSodImage) map = predict (floor, frame);
  const guint8 *row = gst_sod_image_gray_row (map, HEIGHT / 2);
  gint last = -1;

  for (gint x = 0; x < WIDTH; x++)
    last = row[x] == 255 ? x : last;
  return last;
}

static void
test_nearest_copies_the_nearest_known_truth_ties_to_the_earlier (void)
{
  static const gint expected[] = { 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8 };
  guint n_read;
  g_autoptr (GstSodFloor) floor =
      make ("nearest:0.25", G_N_ELEMENTS (expected), &n_read);

  /* Frame 10 is nearer to 12, which is not there. */
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (find_source (floor, i), ==, expected[i]);
}

static void
test_nearest_of_everything_is_the_truth (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("nearest:1", 10, &n_read);

  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (find_source (floor, i), ==, i);
}

static void
test_first_copies_the_first_truth (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("first", 10, &n_read);

  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (find_source (floor, i), ==, 0);
}

static void
test_zero_is_empty (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("zero", 3, &n_read);

  g_assert_cmpint (find_source (floor, 2), ==, -1);
}

static void
test_mean_counts_exactly_and_once (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("mean", 7, &n_read);
  g_autoptr (GstSodImage) map = predict (floor, 3);
  g_autoptr (GstSodImage) again = predict (floor, 4);
  const guint8 *row = gst_sod_image_gray_row (map, 5);

  /* Column x is foreground in 7 - x frames. */
  for (gint x = 0; x < WIDTH; x++)
    g_assert_cmpint (row[x], ==, MAX (0, 7 - x) * (255 / 7));
  g_assert_cmpuint (n_read, ==, 8);
}

static void
test_mean_of_more_frames_than_codes_is_rounded (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("mean", 300, &n_read);
  g_autoptr (GstSodImage) map = predict (floor, 0);
  const guint8 *row = gst_sod_image_gray_row (map, 0);

  g_assert_cmpint (row[0], ==, 255);
  g_assert_cmpint (row[WIDTH - 1], ==, (gint) (255.0 * 261 / 300 + 0.5));
}

static void
test_centre_is_a_gaussian_of_a_quarter (void)
{
  guint n_read;
  g_autoptr (GstSodFloor) floor = make ("centre", 1, &n_read);
  g_autoptr (GstSodImage) map = predict (floor, 0);

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gdouble dx = (x - 19.5) / 10, dy = (y - 9.5) / 5;

      g_assert_cmpint (gst_sod_image_gray_row (map, y)[x], ==,
          (gint) (255 * exp (-0.5 * (dx * dx + dy * dy)) + 0.5));
    }
  }
}

static void
test_unknown_names_are_refused (void)
{
  static const gchar *const names[] = { "", "nearest", "nearest:", "nearest:0",
    "nearest:1.5", "nearest:-0.1", "nearest:nan", "nearest:0.1x", "Zero",
    "centre " };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (gst_sod_floor_check (names[i], FALSE, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  }
}

static void
test_stills_have_no_floor_along_a_sequence (void)
{
  static const gchar *const names[] = { "first", "mean", "nearest:0.1" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_true (gst_sod_floor_check (names[i], FALSE, NULL));
    g_assert_false (gst_sod_floor_check (names[i], TRUE, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  }
  g_assert_true (gst_sod_floor_check ("zero", TRUE, NULL));
  g_assert_true (gst_sod_floor_check ("centre", TRUE, NULL));
}

static GstSodImage *
read_other_size (guint frame, gpointer data, GError **error)
{
  return gst_sod_image_new_gray (WIDTH + (gint) frame, HEIGHT, error);
}

static void
test_mean_of_different_sizes_is_an_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodFloor) floor =
      gst_sod_floor_new ("mean", 2, read_other_size, NULL, NULL, &error);

  g_assert_null (gst_sod_floor_predict (floor, 0, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

static GstSodImage *
fail_to_read (guint frame, gpointer data, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO, "frame %u", frame);
  return NULL;
}

static void
test_what_cannot_be_read_is_an_error (void)
{
  static const gchar *const names[] = { "zero", "centre", "first", "mean",
    "nearest:0.5" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodFloor) floor =
        gst_sod_floor_new (names[i], 2, fail_to_read, NULL, NULL, NULL);

    g_assert_null (gst_sod_floor_predict (floor, 1, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func (
      "/floor/nearest/copies-the-nearest-known-truth-ties-to-the-earlier",
      test_nearest_copies_the_nearest_known_truth_ties_to_the_earlier);
  g_test_add_func ("/floor/nearest/of-everything-is-the-truth",
      test_nearest_of_everything_is_the_truth);
  g_test_add_func (
      "/floor/first-copies-the-first-truth", test_first_copies_the_first_truth);
  g_test_add_func ("/floor/zero-is-empty", test_zero_is_empty);
  g_test_add_func (
      "/floor/mean/counts-exactly-and-once", test_mean_counts_exactly_and_once);
  g_test_add_func ("/floor/mean/of-more-frames-than-codes-is-rounded",
      test_mean_of_more_frames_than_codes_is_rounded);
  g_test_add_func ("/floor/mean/of-different-sizes-is-an-error",
      test_mean_of_different_sizes_is_an_error);
  g_test_add_func ("/floor/centre-is-a-gaussian-of-a-quarter",
      test_centre_is_a_gaussian_of_a_quarter);
  g_test_add_func (
      "/floor/unknown-names-are-refused", test_unknown_names_are_refused);
  g_test_add_func ("/floor/stills-have-no-floor-along-a-sequence",
      test_stills_have_no_floor_along_a_sequence);
  g_test_add_func ("/floor/what-cannot-be-read-is-an-error",
      test_what_cannot_be_read_is_an_error);
  return g_test_run ();
}
