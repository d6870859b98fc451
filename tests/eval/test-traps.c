/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where implementations of the measures part: each with arrays small enough to
 * be worked out by hand. */
#include "pictures.h"

#include <gst-sod/eval/sample-private.h>
#include <math.h>

#define F 255 /* foreground */

static void
assert_near (gdouble got, gdouble expected)
{
  if (!(fabs (got - expected) <= 1e-12))
    g_error ("%.17g is not %.17g", got, expected);
}

static GstSodMeasures *
measure_all (GstSodImage *prediction, GstSodImage *truth)
{
  g_autoptr (GError) error = NULL;
  GstSodMeasures *measures =
      gst_sod_measures_new (GST_SOD_SCHOOL_PYSOD, prediction, truth, &error);

  g_assert_no_error (error);
  return measures;
}

/* A division by 255, the stretch, a multiplication by 255, cut off. At full
 * range every code comes back; multiplying by 1 / 255 would lower 24 of them.
 * Stretched from 35..205, 73 codes come out one below the exact quotient. */
static void
test_truncation_order (void)
{
  static const struct
  {
    gint code, threshold;
  } stretched[] = { { 37, 2 }, { 39, 5 }, { 41, 8 }, { 95, 89 }, { 125, 134 },
    { 127, 138 }, { 129, 140 }, { 163, 191 }, { 203, 251 }, { 205, 255 } };
  g_autoptr (GstSodImage) truth = new_constant (16, 16, F);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (16, 16, NULL);
  g_autoptr (GstSodScratch) scratch = gst_sod_scratch_new ();
  GstSodSample sample;
  gint lower = 0;

  for (gint i = 0; i < 256; i++)
    gst_sod_image_gray_row (map, i / 16)[i % 16] = (guint8) i;
  g_assert_true (
      gst_sod_sample_init (&sample, map, truth, FALSE, scratch, NULL));
  for (gint i = 0; i < 256; i++)
    g_assert_cmpint (sample.q[i], ==, i);

  for (gint i = 0; i < 256; i++)
    gst_sod_image_gray_row (map, i / 16)[i % 16] = (guint8) CLAMP (i, 35, 205);
  g_assert_true (
      gst_sod_sample_init (&sample, map, truth, FALSE, scratch, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (stretched); i++)
    g_assert_cmpint (sample.q[stretched[i].code], ==, stretched[i].threshold);
  for (gint i = 35; i <= 205; i++)
    lower += sample.q[i] != (i - 35) * 255 / 170;
  g_assert_cmpint (lower, ==, 73);
}

static gdouble
get_weighted_f (gint width, gint height, const guint8 *map, const guint8 *truth)
{
  g_autoptr (GstSodImage) prediction = new_gray (width, height, map);
  g_autoptr (GstSodImage) mask = new_gray (width, height, truth);

  return measure (
      GST_SOD_SCHOOL_PYSOD, prediction, mask, GST_SOD_MEASURE_WEIGHTED_F);
}

/* A background pixel that is as near to two foreground pixels takes the error
 * of the one in the smaller column, then of the one in the smaller row: values
 * of PySODMetrics. */
static void
test_tie_rule (void)
{
  static const guint8 truth[] = { F, 0, F, F };
  static const guint8 first[] = { 153, 0, 0, F };
  static const guint8 second[] = { 0, 0, 153, F };
  static const guint8 cross[] = { 0, F, 0, F, 0, F, 0, F, 0 };
  static const guint8 top[] = { 0, F, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 left[] = { 0, 0, 0, F, 0, 0, 0, 0, 0 };
  static const guint8 right[] = { 0, 0, 0, 0, 0, F, 0, 0, 0 };
  static const guint8 bottom[] = { 0, 0, 0, 0, 0, 0, 0, F, 0 };

  assert_near (get_weighted_f (4, 1, first, truth), 0.9859956526790428);
  assert_near (get_weighted_f (4, 1, second, truth), 0.9811682252849366);
  assert_near (get_weighted_f (1, 4, first, truth), 0.9859956526790428);
  assert_near (get_weighted_f (1, 4, second, truth), 0.9811682252849366);

  /* The left pixel serves the middle and two corners, the right one nobody. */
  assert_near (get_weighted_f (3, 3, top, cross), 0.9361279412431466);
  assert_near (get_weighted_f (3, 3, left, cross), 0.9551076918806244);
  assert_near (get_weighted_f (3, 3, right, cross), 0.9266358840190669);
  assert_near (get_weighted_f (3, 3, bottom, cross), 0.9361279412431466);
}

/* The centroid's quadrant keeps its own row and column, so that nothing is
 * left below the last row or right of the last column. */
static void
test_undefined_s (void)
{
  static const guint8 last_column[] = { 0, 0, F, 0, 0, F, 0, 0, 0 };
  static const guint8 last_row[] = { 0, 0, 0, 0, 0, 0, F, F, 0 };
  static const guint8 inner[] = { 0, 0, 0, 0, F, 0, 0, 0, 0 };
  static const guint8 map[] = { 10, 200, 30, 40, 250, 60, 70, 80, 90 };
  g_autoptr (GstSodImage) prediction = new_gray (3, 3, map);

  {
    g_autoptr (GstSodImage) truth = new_gray (3, 3, last_column);

    g_assert_true (isnan (measure (
        GST_SOD_SCHOOL_PYSOD, prediction, truth, GST_SOD_MEASURE_S_MEASURE)));
  }
  {
    g_autoptr (GstSodImage) truth = new_gray (3, 3, last_row);

    g_assert_true (isnan (measure (
        GST_SOD_SCHOOL_PYSOD, prediction, truth, GST_SOD_MEASURE_S_MEASURE)));
  }
  {
    g_autoptr (GstSodImage) truth = new_gray (3, 3, inner);

    g_assert_false (isnan (measure (
        GST_SOD_SCHOOL_PYSOD, prediction, truth, GST_SOD_MEASURE_S_MEASURE)));
  }
}

/* Halves round to even: a centroid at column 0.5 goes to 0, at 1.5 to 2. */
static void
test_centroid_rounding (void)
{
  static const guint8 at_half[] = { F, F, 0, 0, F, F, 0, 0, 0, 0, 0, 0 };
  static const guint8 at_one_and_half[] = { 0, F, F, 0, 0, F, F, 0, 0, 0, 0,
    0 };
  g_autoptr (GstSodScratch) scratch = gst_sod_scratch_new ();
  g_autoptr (GstSodImage) first = new_gray (4, 3, at_half);
  g_autoptr (GstSodImage) second = new_gray (4, 3, at_one_and_half);
  GstSodSample sample;

  g_assert_true (
      gst_sod_sample_init (&sample, first, first, FALSE, scratch, NULL));
  g_assert_cmpint (sample.cx, ==, 1);
  g_assert_cmpint (sample.cy, ==, 1);
  g_assert_true (
      gst_sod_sample_init (&sample, second, second, FALSE, scratch, NULL));
  g_assert_cmpint (sample.cx, ==, 3);
  g_assert_cmpint (sample.cy, ==, 1);
}

/* N / (N - 1) */
static void
test_e_of_a_perfect_map (void)
{
  static const guint8 codes[] = { F, 0, 0, 0, F, 0, 0, 0, 0 };
  g_autoptr (GstSodImage) truth = new_gray (3, 3, codes);
  g_autoptr (GstSodMeasures) measures = measure_all (truth, truth);

  assert_near (gst_sod_measures_get (measures, GST_SOD_MEASURE_MAX_E), 9 / 8.0);
  assert_near (
      gst_sod_measures_get (measures, GST_SOD_MEASURE_ADAPTIVE_E), 9 / 8.0);
}

/* A constant map is not stretched, and twice its mean is above it. */
static void
test_constant_map (void)
{
  g_autoptr (GstSodImage) truth =
      draw_box (new_constant (8, 8, 0), 2, 2, 5, 6, F);
  static const guint8 codes[] = { 1, 100, 127, 128, 254 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autoptr (GstSodImage) map = new_constant (8, 8, codes[i]);
    g_autoptr (GstSodMeasures) measures = measure_all (map, truth);

    g_assert_cmpfloat (
        gst_sod_measures_get (measures, GST_SOD_MEASURE_ADAPTIVE_F), ==, 0);
    g_assert_cmpfloat (
        gst_sod_measures_get (measures, GST_SOD_MEASURE_MAX_F), >, 0);
    assert_near (gst_sod_measures_get (measures, GST_SOD_MEASURE_IOU),
        codes[i] >= 128 ? 12 / 64.0 : 0);
  }
  /* All 0 and all 255 reach their own threshold. */
  for (gint code = 0; code <= 255; code += 255) {
    g_autoptr (GstSodImage) map = new_constant (8, 8, (guint8) code);
    gdouble precision = 12 / 64.0;

    assert_near (
        measure (GST_SOD_SCHOOL_PYSOD, map, truth, GST_SOD_MEASURE_ADAPTIVE_F),
        1.3 * precision / (0.3 * precision + 1));
  }
}

/* Every F is 0 where there is nothing to find, even for an empty map; S and E
 * are not. */
static void
test_empty_truth (void)
{
  static const GstSodMeasure zero[] = { GST_SOD_MEASURE_MAX_F,
    GST_SOD_MEASURE_MEAN_F, GST_SOD_MEASURE_ADAPTIVE_F,
    GST_SOD_MEASURE_WEIGHTED_F, GST_SOD_MEASURE_IOU,
    GST_SOD_MEASURE_ADAPTIVE_IOU, GST_SOD_MEASURE_MAE };
  g_autoptr (GstSodImage) empty = new_constant (8, 8, 0);
  g_autoptr (GstSodMeasures) measures = measure_all (empty, empty);

  for (guint i = 0; i < G_N_ELEMENTS (zero); i++)
    g_assert_cmpfloat (gst_sod_measures_get (measures, zero[i]), ==, 0);
  g_assert_cmpfloat (
      gst_sod_measures_get (measures, GST_SOD_MEASURE_S_MEASURE), ==, 1);
  /* An empty map is empty at every threshold but 0. */
  assert_near (
      gst_sod_measures_get (measures, GST_SOD_MEASURE_MAX_E), 64 / 63.0);
  assert_near (gst_sod_measures_get (measures, GST_SOD_MEASURE_MEAN_E),
      255 / 256.0 * 64 / 63);
  g_assert_cmpfloat (
      gst_sod_measures_get (measures, GST_SOD_MEASURE_ADAPTIVE_E), ==, 0);
}

/* With a truth that is empty or full, E counts the pixels that are right. */
static void
test_e_of_empty_and_full_truth (void)
{
  g_autoptr (GstSodImage) empty = new_constant (8, 8, 0);
  g_autoptr (GstSodImage) full = new_constant (8, 8, F);
  g_autoptr (GstSodImage) map =
      draw_box (new_constant (8, 8, 0), 0, 0, 8, 1, F);

  assert_near (
      measure (GST_SOD_SCHOOL_PYSOD, map, empty, GST_SOD_MEASURE_ADAPTIVE_E),
      56 / 63.0);
  assert_near (
      measure (GST_SOD_SCHOOL_PYSOD, map, full, GST_SOD_MEASURE_ADAPTIVE_E),
      8 / 63.0);
  assert_near (
      measure (GST_SOD_SCHOOL_PYSOD, map, full, GST_SOD_MEASURE_S_MEASURE),
      1 / 8.0);
}

/* Code 128 is background, 129 is foreground. */
static void
test_truth_level (void)
{
  static const guint8 codes[] = { 128, 129, 128, 129 };
  static const guint8 map[] = { 0, F, 0, F };
  g_autoptr (GstSodImage) truth = new_gray (4, 1, codes);
  g_autoptr (GstSodImage) prediction = new_gray (4, 1, map);

  g_assert_cmpfloat (
      measure (GST_SOD_SCHOOL_PYSOD, prediction, truth, GST_SOD_MEASURE_IOU),
      ==, 1);
  g_assert_cmpfloat (
      measure (GST_SOD_SCHOOL_PYSOD, prediction, truth, GST_SOD_MEASURE_MAE),
      ==, 0);
}

/* Twice the mean, and what equals it is hit. */
static void
test_adaptive_threshold (void)
{
  /* p = 0, 0, 0, 1, 0.6, 0.6, 0, 0: the mean is 0.275, the threshold 0.55. */
  static const guint8 map[] = { 0, 0, 0, F, 153, 153, 0, 0 };
  static const guint8 codes[] = { 0, 0, 0, F, F, 0, 0, 0 };
  g_autoptr (GstSodImage) prediction = new_gray (8, 1, map);
  g_autoptr (GstSodImage) truth = new_gray (8, 1, codes);

  assert_near (measure (GST_SOD_SCHOOL_PYSOD, prediction, truth,
                   GST_SOD_MEASURE_ADAPTIVE_IOU),
      2 / 3.0);
  assert_near (measure (GST_SOD_SCHOOL_PYSOD, prediction, truth,
                   GST_SOD_MEASURE_ADAPTIVE_F),
      1.3 * (2 / 3.0) / (0.3 * (2 / 3.0) + 1));
  assert_near (measure (GST_SOD_SCHOOL_PAPER_F, prediction, truth,
                   GST_SOD_MEASURE_ADAPTIVE_F),
      0.6 * (2 / 3.0) + 0.4);
}

/* A quadrant of one code need not be constant to the reference: the mean of
 * so many 100 / 255 is not 100 / 255. Means that numpy 1.24 finds. */
static void
test_numpy_order (void)
{
  g_assert_cmpfloat (
      gst_sod_numpy_sum_constant (0.1, 15, 8192) / 15, ==, 0.10000000000000003);
  g_assert_cmpfloat (
      gst_sod_numpy_sum_constant (100 / 255.0, 13500, 8192) / 13500, ==,
      0.3921568627450981);
  g_assert_cmpfloat (gst_sod_numpy_sum_constant (0.3, 8000, 8000) / 8000, ==,
      0.2999999999999999);
}

/* 216 pixels of code 30 and three of 255 among 483: twice the mean is 30 / 255
 * but for the last bit, and numpy's order of summation puts it above. */
static void
test_threshold_on_a_value (void)
{
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (23, 21, NULL);
  g_autoptr (GstSodImage) truth = new_constant (23, 21, F);
  g_autoptr (GstSodScratch) scratch = gst_sod_scratch_new ();
  GstSodSample sample;

  for (gint i = 0; i < 23 * 21; i++)
    gst_sod_image_gray_row (map, i / 23)[i % 23] =
        i < 216 ? 30 : (i >= 480 ? 255 : 0);
  g_assert_true (
      gst_sod_sample_init (&sample, map, truth, FALSE, scratch, NULL));
  g_assert_cmpfloat (
      gst_sod_sample_get_numpy_mean (&sample), ==, 0.05882352941176471);
  assert_near (
      measure (GST_SOD_SCHOOL_PYSOD, map, truth, GST_SOD_MEASURE_ADAPTIVE_IOU),
      3 / 483.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add_func ("/eval/traps/" name, test)
  ADD (
      "thresholds-are-cut-off-in-the-reference's-order", test_truncation_order);
  ADD ("nearest-foreground-ties-go-to-the-smallest-column-then-row",
      test_tie_rule);
  ADD ("s-is-undefined-with-the-centroid-in-the-last-row-or-column",
      test_undefined_s);
  ADD ("the-centroid-rounds-half-to-even", test_centroid_rounding);
  ADD ("e-of-a-perfect-map-exceeds-one", test_e_of_a_perfect_map);
  ADD ("a-constant-map-has-no-adaptive-f", test_constant_map);
  ADD ("every-f-of-an-empty-truth-is-zero", test_empty_truth);
  ADD ("e-of-empty-and-full-truth-counts-pixels",
      test_e_of_empty_and_full_truth);
  ADD ("truth-is-above-128", test_truth_level);
  ADD ("the-adaptive-threshold-is-reached-on-doubles", test_adaptive_threshold);
  ADD ("sums-of-constants-go-in-numpy's-order", test_numpy_order);
  ADD ("a-value-on-the-adaptive-threshold", test_threshold_on_a_value);
#undef ADD
  return g_test_run ();
}
