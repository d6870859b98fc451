/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/history-private.h>

#define DISTANCE 42000000
#define MS 1000000

/* Gives the history a frame that holds @id and returns the id of the frame it
 * is to be compared with, -1 where there is none. */
static gint
give (GstSodHistory *history, gint64 time, gint id)
{
  const GstSodTensor *previous;
  GstSodTensor *current =
      gst_sod_history_begin (history, time, DISTANCE, &previous);
  gint found = -1;

  if (previous != NULL)
    found = (gint) * (const gfloat *) gst_sod_tensor_peek_data (previous);
  g_assert_true (previous != current);
  *(gfloat *) gst_sod_tensor_get_data (current) = id;
  gst_sod_history_commit (history);
  return found;
}

static GstSodHistory *
new_history (void)
{
  g_autoptr (GError) error = NULL;
  GstSodHistory *history = gst_sod_history_new (2, 3, &error);

  g_assert_no_error (error);
  return history;
}

static void
test_nearest (void)
{
  g_autoptr (GstSodHistory) history = new_history ();

  g_assert_cmpint (give (history, 0, 0), ==, -1);
  g_assert_cmpint (give (history, 17 * MS, 1), ==, 0);
  g_assert_cmpint (give (history, 33 * MS, 2), ==, 0);
  g_assert_cmpint (give (history, 50 * MS, 3), ==, 0);
  g_assert_cmpint (give (history, 67 * MS, 4), ==, 1); /* a tie: 17, 33 */
  g_assert_cmpint (give (history, 83 * MS, 5), ==, 2);
  g_assert_cmpint (give (history, 300 * MS, 6), ==, 5);
}

static void
test_never_itself (void)
{
  g_autoptr (GstSodHistory) history = new_history ();

  g_assert_cmpint (give (history, 5 * MS, 0), ==, -1);
  g_assert_cmpint (give (history, 5 * MS, 1), ==, -1);
  g_assert_cmpint (give (history, 45 * MS, 2), ==, 1);
  g_assert_cmpint (give (history, 45 * MS, 3), ==, 1);
}

static void
test_going_back (void)
{
  g_autoptr (GstSodHistory) history = new_history ();

  give (history, 100 * MS, 0);
  give (history, 140 * MS, 1);
  g_assert_cmpint (give (history, 139 * MS, 2), ==, -1);
  g_assert_cmpint (give (history, 180 * MS, 3), ==, 2);
}

static void
test_gap (void)
{
  g_autoptr (GstSodHistory) history = new_history ();

  give (history, 0, 0);
  g_assert_cmpint (give (history, 8 * DISTANCE, 1), ==, 0);
  g_assert_cmpint (give (history, 17 * (gint64) DISTANCE, 2), ==, -1);
  g_assert_cmpint (give (history, 18 * (gint64) DISTANCE, 3), ==, 2);
  gst_sod_history_clear (history);
  g_assert_cmpint (give (history, 19 * (gint64) DISTANCE, 4), ==, -1);
}

static void
test_untimed (void)
{
  g_autoptr (GstSodHistory) history = new_history ();

  g_assert_cmpint (give (history, -1, 0), ==, -1);
  for (gint i = 1; i < 100; i++)
    g_assert_cmpint (give (history, -1, i), ==, i - 1);
}

static void
test_not_committed (void)
{
  g_autoptr (GstSodHistory) history = new_history ();
  const GstSodTensor *previous;

  give (history, 0, 0);
  gst_sod_history_begin (history, 40 * MS, DISTANCE, &previous);
  g_assert_nonnull (previous);
  g_assert_cmpint (give (history, 50 * MS, 2), ==, 0);
}

/* Exact where the frames of a distance fit, near where they do not. */
static void
test_rate (gconstpointer data)
{
  g_autoptr (GstSodHistory) history = new_history ();
  gint rate = GPOINTER_TO_INT (data);
  gdouble interval = 1e9 / rate, worst = 0;

  for (gint i = 0; i < 5 * rate; i++) {
    gint64 time = (gint64) (i * interval);
    gint found = give (history, time, i);
    gdouble error;

    if (time < DISTANCE)
      continue;
    g_assert_cmpint (found, >=, 0);
    error = ABS (time - DISTANCE - (gint64) (found * interval));
    worst = MAX (worst, error);
  }
  if (rate <= 240)
    g_assert_cmpfloat (worst, <=, interval / 2 + 1);
  else
    g_assert_cmpfloat (worst, <=, DISTANCE / 12.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/history/previous-is-nearest-to-the-distance", test_nearest);
  g_test_add_func (
      "/history/a-frame-is-never-its-own-previous", test_never_itself);
  g_test_add_func ("/history/time-going-back-starts-anew", test_going_back);
  g_test_add_func ("/history/a-long-gap-starts-anew", test_gap);
  g_test_add_func ("/history/without-time-previous-is-the-last", test_untimed);
  g_test_add_func (
      "/history/a-failed-frame-leaves-no-trace", test_not_committed);
  for (gint rate = 15; rate <= 4000; rate *= 2) {
    g_autofree gchar *path =
        g_strdup_printf ("/history/previous-is-near/at-%d-fps", rate);

    g_test_add_data_func (path, GINT_TO_POINTER (rate), test_rate);
  }
  return g_test_run ();
}
