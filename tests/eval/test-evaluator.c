/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets: order, threads, memory, schools, undefined values, errors. */
#include "pictures.h"

#include <json-glib/json-glib.h>
#include <malloc.h>
#include <math.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void
assert_near (gdouble got, gdouble expected)
{
  if (!(fabs (got - expected) <= 1e-12))
    g_error ("%.17g is not %.17g", got, expected);
}

/* Frame @i of a blob on its way, with or without its picture. */
static GstSodPair *
new_pair (gint width, gint height, gint i, gboolean with_picture)
{
  g_autoptr (GstSodImage) map =
      new_blob (width, height, 20 + 3 * i % width, 20, 12, 60, i);
  g_autoptr (GstSodImage) truth =
      new_blob (width, height, 22 + 3 * i % width, 18, 12, 0, i);
  g_autoptr (GstSodImage) picture =
      new_blob (width, height, 22 + 3 * i % width, 18, 30, 40, 7);

  return gst_sod_pair_new (map, truth, with_picture ? picture : NULL);
}

/* A map whose mean absolute error is @mae: the truth is empty on the left and
 * full on the right, and the map differs in @mae of the pixels. */
static GstSodPair *
new_pair_of_mae (gdouble mae)
{
  g_autoptr (GstSodImage) truth =
      draw_box (new_constant (20, 20, 0), 10, 0, 20, 20, 255);
  g_autoptr (GstSodImage) map =
      draw_box (new_constant (20, 20, 0), 10, 0, 20, 20, 255);

  draw_box (map, 0, 0, (gint) rint (20 * mae), 20, 255);
  return gst_sod_pair_new (map, truth, NULL);
}

/* S is undefined: the centroid lies in the last column. */
static GstSodPair *
new_undefined_pair (void)
{
  g_autoptr (GstSodImage) truth =
      draw_box (new_constant (20, 20, 0), 19, 5, 20, 15, 255);

  return gst_sod_pair_new (truth, truth, NULL);
}

static void
add (GstSodEvaluator *evaluator, const gchar *sequence, const gchar *name,
    GstSodPair *pair)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (
      gst_sod_evaluator_add (evaluator, sequence, name, pair, &error));
  g_assert_no_error (error);
  gst_sod_pair_unref (pair);
}

static GstSodEvaluation *
finish (GstSodEvaluator *evaluator)
{
  g_autoptr (GError) error = NULL;
  GstSodEvaluation *evaluation = gst_sod_evaluator_finish (evaluator, &error);

  g_assert_no_error (error);
  return evaluation;
}

static gdouble
get_of_set (const GstSodEvaluation *evaluation, GstSodMeasure measure_id)
{
  g_autoptr (GstSodMeasures) set = gst_sod_evaluation_get_set (evaluation);

  return gst_sod_measures_get (set, measure_id);
}

static gchar *
evaluate_with_threads (GstSodSchool school, guint threads)
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (school, threads);
  g_autoptr (GstSodEvaluation) evaluation = NULL;

  gst_sod_evaluator_set_keep_images (evaluator, TRUE);
  gst_sod_evaluator_set_nan_policy (evaluator, GST_SOD_NAN_POLICY_SKIP);
  for (gint i = 0; i < 40; i++) {
    g_autofree gchar *name = g_strdup_printf ("%05d", i % 10);
    gchar sequence[2] = { (gchar) ('a' + i / 10), 0 };

    /* Sizes differ so that jobs end out of order. */
    add (evaluator, sequence, name,
        new_pair (40 + 60 * (i % 3), 40 + 20 * (i % 2), i, i >= 20));
  }
  evaluation = finish (evaluator);
  return gst_sod_evaluation_to_json (evaluation);
}

static void
test_threads (void)
{
  for (gint school = 0; school <= GST_SOD_SCHOOL_DAVIS; school++) {
    g_autofree gchar *one = evaluate_with_threads (school, 1);
    g_autofree gchar *two = evaluate_with_threads (school, 2);
    g_autofree gchar *seven = evaluate_with_threads (school, 7);

    g_assert_cmpstr (one, ==, two);
    g_assert_cmpstr (one, ==, seven);
  }
}

static GstSodPair *
load_pair (gpointer user_data, GError **error)
{
  return new_pair (64, 48, GPOINTER_TO_INT (user_data), FALSE);
}

static gsize
get_heap (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static void
add_many (GstSodEvaluator *evaluator, gint n)
{
  for (gint i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("frame-%05d", i);
    gboolean added = gst_sod_evaluator_add_loader (
        evaluator, "s", name, load_pair, GINT_TO_POINTER (i), NULL, NULL);

    g_assert_true (added);
  }
}

/* What 1,800 images more leave on the heap is less than six of them: as many
 * as may be on their way. Kept values, for comparison, are seen. */
static void
test_memory (void)
{
  gsize grown[2];

  if (SANITIZED) {
    g_test_skip ("sanitizers have a heap of their own");
    return;
  }
  for (gint keep = 0; keep < 2; keep++) {
    g_autoptr (GstSodEvaluator) evaluator =
        gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
    g_autoptr (GstSodEvaluation) evaluation = NULL;
    gsize before;

    gst_sod_evaluator_set_keep_images (evaluator, keep);
    add_many (evaluator, 200);
    before = get_heap ();
    add_many (evaluator, 1800);
    grown[keep] = MAX (get_heap (), before) - before;
    evaluation = finish (evaluator);
    g_assert_cmpuint (gst_sod_evaluation_get_n_images (evaluation), ==, 2000);
    g_assert_cmpuint (
        gst_sod_evaluation_get_n_kept (evaluation), ==, keep ? 2000 : 0);
  }
  g_test_message ("%" G_GSIZE_FORMAT " bytes more, %" G_GSIZE_FORMAT
                  " with kept values",
      grown[0], grown[1]);
  g_assert_cmpuint (grown[0], <, 6 * (2 * 64 * 48 + 17000));
  g_assert_cmpuint (grown[1], >, 1500 * 100);
}

/* Sequence a: 0.5 (first), 0.1, 0.2, 0.3, 0.5 (last); b: 0.5, 0.4, 0.5. */
static void
add_sequences (GstSodEvaluator *evaluator)
{
  static const gdouble a[] = { 0.5, 0.1, 0.2, 0.3, 0.5 };
  static const gdouble b[] = { 0.5, 0.4, 0.5 };

  for (guint i = 0; i < G_N_ELEMENTS (a); i++)
    add (evaluator, "a", "frame", new_pair_of_mae (a[i]));
  for (guint i = 0; i < G_N_ELEMENTS (b); i++)
    add (evaluator, "b", "frame", new_pair_of_mae (b[i]));
}

static void
test_means (void)
{
  g_autoptr (GstSodEvaluator) pysod =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
  g_autoptr (GstSodEvaluator) davsod =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_DAVSOD, 2);
  g_autoptr (GstSodEvaluation) by_image = NULL;
  g_autoptr (GstSodEvaluation) by_sequence = NULL;
  g_autoptr (GstSodMeasures) a = NULL;

  add_sequences (pysod);
  by_image = finish (pysod);
  assert_near (get_of_set (by_image, GST_SOD_MEASURE_MAE),
      (0.5 + 0.1 + 0.2 + 0.3 + 0.5 + 0.5 + 0.4 + 0.5) / 8);
  g_assert_cmpuint (gst_sod_evaluation_get_n_skipped (by_image), ==, 0);

  /* A sequence of two frames has none left. */
  add_sequences (davsod);
  add (davsod, "c", "frame", new_pair_of_mae (0.5));
  add (davsod, "c", "frame", new_pair_of_mae (0.5));
  by_sequence = finish (davsod);
  assert_near (get_of_set (by_sequence, GST_SOD_MEASURE_MAE), (0.2 + 0.4) / 2);
  g_assert_cmpuint (gst_sod_evaluation_get_n_images (by_sequence), ==, 4);
  g_assert_cmpuint (gst_sod_evaluation_get_n_skipped (by_sequence), ==, 6);
  g_assert_cmpuint (gst_sod_evaluation_get_n_sequences (by_sequence), ==, 3);
  g_assert_cmpstr (
      gst_sod_evaluation_get_sequence_name (by_sequence, 1), ==, "b");
  g_assert_cmpuint (
      gst_sod_evaluation_get_sequence_n_images (by_sequence, 0), ==, 3);
  a = gst_sod_evaluation_get_sequence (by_sequence, 0);
  assert_near (gst_sod_measures_get (a, GST_SOD_MEASURE_MAE), 0.2);
}

/* The largest F of a set is that of the mean curve, not the mean of largest
 * values. */
static void
test_max_of_the_mean_curve (void)
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  gdouble mean[256] = { 0 }, max = 0, mean_of_max = 0;
  gsize n;

  for (gint i = 0; i < 2; i++) {
    GstSodPair *pair = new_pair (80, 60, 5 * i, FALSE);
    g_autoptr (GstSodMeasures) measures = gst_sod_measures_new (
        GST_SOD_SCHOOL_PYSOD, gst_sod_pair_get_prediction (pair),
        gst_sod_pair_get_truth (pair), NULL);
    const gdouble *curve =
        gst_sod_measures_get_curve (measures, GST_SOD_CURVE_F, &n);

    for (gsize j = 0; j < n; j++)
      mean[j] += curve[j] / 2;
    mean_of_max += gst_sod_measures_get (measures, GST_SOD_MEASURE_MAX_F) / 2;
    add (evaluator, NULL, NULL, pair);
  }
  for (gint j = 0; j < 256; j++)
    max = MAX (max, mean[j]);
  evaluation = finish (evaluator);
  assert_near (get_of_set (evaluation, GST_SOD_MEASURE_MAX_F), max);
  g_assert_cmpfloat (max, <, mean_of_max);
}

static void
test_undefined_values (void)
{
  for (gint policy = 0; policy < 2; policy++) {
    g_autoptr (GstSodEvaluator) evaluator =
        gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
    g_autoptr (GstSodEvaluation) evaluation = NULL;
    gdouble s;

    gst_sod_evaluator_set_nan_policy (evaluator, policy);
    add (evaluator, NULL, NULL, new_pair_of_mae (0));
    add (evaluator, NULL, NULL, new_undefined_pair ());
    evaluation = finish (evaluator);
    s = get_of_set (evaluation, GST_SOD_MEASURE_S_MEASURE);
    if (policy == GST_SOD_NAN_POLICY_MATCH)
      g_assert_true (isnan (s));
    else
      g_assert_cmpfloat_with_epsilon (s, 1, 1e-9);
    g_assert_cmpuint (gst_sod_evaluation_get_n_undefined (
                          evaluation, GST_SOD_MEASURE_S_MEASURE),
        ==, 1);
    g_assert_cmpuint (
        gst_sod_evaluation_get_n_undefined (evaluation, GST_SOD_MEASURE_MAE),
        ==, 0);
    g_assert_cmpuint (gst_sod_evaluation_get_n_images (evaluation), ==, 2);
  }
}

/* Keys of one school only, and undefined values as null. */
static void
test_json (void)
{
  for (gint school = 0; school <= GST_SOD_SCHOOL_DAVIS; school++) {
    g_autoptr (GstSodEvaluator) evaluator = gst_sod_evaluator_new (school, 1);
    g_autoptr (GstSodEvaluation) evaluation = NULL;
    g_autoptr (JsonNode) root = NULL;
    g_autofree gchar *json = NULL;
    JsonObject *object;

    gst_sod_evaluator_set_keep_images (evaluator, TRUE);
    for (gint i = 0; i < 3; i++)
      add (evaluator, "caf\xe9 \"1\"\n", "\xff", new_undefined_pair ());
    evaluation = finish (evaluator);
    json = gst_sod_evaluation_to_json (evaluation);
    root = json_from_string (json, NULL);
    g_assert_nonnull (root);
    object = json_node_get_object (root);
    g_assert_cmpstr (json_object_get_string_member (object, "school"), ==,
        gst_sod_school_get_name (school));
    for (gint i = 0; i <= GST_SOD_MEASURE_BOUNDARY_F; i++)
      g_assert_cmpint (
          json_object_has_member (object, gst_sod_measure_get_key (i)), ==,
          gst_sod_school_has (school, i));
    g_assert_false (json_object_has_member (object, "warping_error"));
    if (gst_sod_school_has (school, GST_SOD_MEASURE_S_MEASURE))
      g_assert_true (json_object_get_null_member (object, "s_measure"));
    g_assert_cmpuint (json_array_get_length (
                          json_object_get_array_member (object, "per_image")),
        ==, school == GST_SOD_SCHOOL_DAVSOD ? 1 : 3);
  }
}

static void
test_peek (void)
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 1);
  g_autoptr (GstSodEvaluation) before = gst_sod_evaluator_peek (evaluator);
  g_autoptr (GstSodEvaluation) last = NULL;
  guint64 n = 0;

  g_assert_cmpuint (gst_sod_evaluation_get_n_images (before), ==, 0);
  g_assert_true (isnan (get_of_set (before, GST_SOD_MEASURE_MAE)));
  for (gint i = 0; i < 2; i++)
    add (evaluator, NULL, NULL, new_pair_of_mae (0.25));
  while (n < 2) {
    g_autoptr (GstSodEvaluation) now = gst_sod_evaluator_peek (evaluator);

    n = gst_sod_evaluation_get_n_images (now);
    if (n > 0)
      assert_near (get_of_set (now, GST_SOD_MEASURE_MAE), 0.25);
    g_usleep (1000);
  }
  last = finish (evaluator);
  assert_near (get_of_set (last, GST_SOD_MEASURE_MAE), 0.25);
}

/* The first image that cannot be measured, whichever is found out first. */
static void
test_mismatched_size (void)
{
  g_autoptr (GstSodImage) small = new_constant (10, 10, 255);
  g_autoptr (GstSodImage) large = new_constant (200, 100, 255);
  g_autoptr (GstSodPair) pair = gst_sod_pair_new (small, large, NULL);

  for (gint resize = 0; resize < 2; resize++) {
    g_autoptr (GstSodEvaluator) evaluator =
        gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 3);
    g_autoptr (GstSodEvaluation) evaluation = NULL;
    g_autoptr (GError) error = NULL;

    gst_sod_evaluator_set_resize (evaluator, resize);
    add (evaluator, "s", "good", new_pair_of_mae (0));
    /* Adding may fail too, as soon as the first one has. */
    gst_sod_evaluator_add (evaluator, "s", "first", pair, NULL);
    gst_sod_evaluator_add (evaluator, "s", "second", pair, NULL);
    evaluation = gst_sod_evaluator_finish (evaluator, &error);
    if (resize) {
      g_assert_no_error (error);
      assert_near (get_of_set (evaluation, GST_SOD_MEASURE_MAE), 0);
      continue;
    }
    g_assert_null (evaluation);
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
    g_assert_nonnull (strstr (error->message, "s/first"));
    g_assert_nonnull (strstr (error->message, "10x10"));
    g_assert_nonnull (strstr (error->message, "200x100"));
  }
}

static GstSodPair *
fail (gpointer user_data, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO, "%s cannot be read",
      (const gchar *) user_data);
  return NULL;
}

static void
count_destroyed (gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
}

static GstSodPair *
load_counted (gpointer user_data, GError **error)
{
  return new_pair (64, 48, 1, TRUE);
}

static void
test_failing_loader (void)
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
  g_autoptr (GError) error = NULL;
  gchar path[] = "some/file.png";
  gint destroyed = 0, added = 0;

  gst_sod_evaluator_add_loader (
      evaluator, "s", "a", load_counted, &destroyed, count_destroyed, NULL);
  gst_sod_evaluator_add_loader (evaluator, "s", "b", fail, path, NULL, NULL);
  while (gst_sod_evaluator_add_loader (
      evaluator, "s", "c", load_counted, &destroyed, count_destroyed, &error))
    added++;
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_assert_cmpstr (error->message, ==, "some/file.png cannot be read");
  g_clear_error (&error);
  g_assert_null (gst_sod_evaluator_finish (evaluator, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_clear_object (&evaluator);
  /* Those that were refused too. */
  g_assert_cmpint (destroyed, ==, added + 2);
}

static void
test_dropped (void)
{
  gint destroyed = 0;

  for (gint i = 0; i < 5; i++) {
    g_autoptr (GstSodEvaluator) evaluator =
        gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);

    for (gint j = 0; j < i; j++)
      gst_sod_evaluator_add_loader (
          evaluator, "s", "i", load_counted, &destroyed, count_destroyed, NULL);
  }
  g_assert_cmpint (destroyed, ==, 0 + 1 + 2 + 3 + 4);
}

static void
test_refusals (void)
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_DAVSOD, 1);
  g_autoptr (GstSodPair) pair = new_pair_of_mae (0);
  g_autoptr (GBytes) pixels = g_bytes_new_take (g_malloc0 (1200), 1200);
  g_autoptr (GstSodImage) colour = gst_sod_image_new_rgb (20, 20, pixels, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gst_sod_evaluator_add (evaluator, NULL, "still", pair, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "davsod"));
  g_clear_error (&error);
  g_assert_null (gst_sod_evaluator_finish (evaluator, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gst_sod_measures_new (
      GST_SOD_SCHOOL_PYSOD, colour, gst_sod_pair_get_truth (pair), &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
}

static void
test_names (void)
{
  g_autoptr (GError) error = NULL;
  GstSodSchool school;
  GstSodMeasure found;

  for (gint i = 0; i <= GST_SOD_SCHOOL_DAVIS; i++) {
    g_assert_true (gst_sod_school_from_name (
        gst_sod_school_get_name (i), &school, &error));
    g_assert_cmpint (school, ==, i);
  }
  for (gint i = 0; i <= GST_SOD_MEASURE_WARPING_ERROR; i++) {
    g_assert_true (
        gst_sod_measure_from_key (gst_sod_measure_get_key (i), &found, &error));
    g_assert_cmpint (found, ==, i);
  }
  g_assert_false (gst_sod_school_from_name ("pysods", &school, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gst_sod_measure_from_key ("maxF", &found, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "max_f"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add_func ("/eval/evaluator/" name, test)
  ADD ("results-do-not-depend-on-threads", test_threads);
  ADD ("memory-does-not-grow-with-images", test_memory);
  ADD ("schools-take-their-own-means", test_means);
  ADD ("the-largest-f-is-that-of-the-mean-curve", test_max_of_the_mean_curve);
  ADD ("undefined-values-match-or-are-skipped", test_undefined_values);
  ADD ("json-holds-one-school", test_json);
  ADD ("peek-tells-what-is-done", test_peek);
  ADD ("a-mismatched-size-is-an-error-unless-resized", test_mismatched_size);
  ADD ("a-failing-loader-fails-the-set", test_failing_loader);
  ADD ("can-be-dropped-unfinished", test_dropped);
  ADD ("refuses-stills-colours-and-nothing", test_refusals);
  ADD ("names-go-both-ways", test_names);
#undef ADD
  return g_test_run ();
}
