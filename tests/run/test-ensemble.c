/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/image-private.h>
#include <gst-sod/core/random.h>
#include <gst-sod/run/ensemble.h>

#include <math.h>
#include <string.h>

#define MAX_MAPS GST_SOD_ENSEMBLE_MAX_MAPS

static void
assert_near (gdouble found, gdouble expected, gdouble tolerance)
{
  if (!(fabs (found - expected) <= tolerance))
    g_error (
        "%.9g was expected, within %g; found %.9g", expected, tolerance, found);
}

/* ---- values worked out by hand ---- */

/* Three maps of four pixels. */
static const gfloat first[] = { 0, 1, 0.5f, 0.2f };
static const gfloat second[] = { 1, 1, 0.5f, 0.4f };
static const gfloat third[] = { 1, 1, 0.5f, 0.9f };
static const gfloat *const three[] = { first, second, third };

static void
assert_pixels (const gfloat *found, const gdouble *expected)
{
  for (guint i = 0; i < 4; i++)
    assert_near (found[i], expected[i], 2e-6);
}

/* The standard deviations are sqrt (2) / 3, 0, 0 and sqrt (0.26 / 3). */
static void
test_average (void)
{
  const gdouble weights[] = { 7, 1, 1 };
  gfloat map[4], confidence[4];
  gdouble disagreement;

  gst_sod_ensemble_combine (GST_SOD_ENSEMBLE_AVERAGE, three, weights, 3, 4, map,
      confidence, &disagreement);
  assert_pixels (map, (gdouble[]){ 2.0 / 3, 1, 0.5, 0.5 });
  assert_pixels (
      confidence, (gdouble[]){ (1 - 2 * sqrt (2) / 3) / 3, 1, 0, 0 });
  assert_near (disagreement, (sqrt (2) / 3 + sqrt (0.26 / 3)) / 2, 1e-6);
}

/* Weights 2, 1, 1: the first pixel has mean 0.5 and deviation 0.5. */
static void
test_weighted (void)
{
  const gdouble weights[] = { 0.5, 0.25, 0.25 };
  const gdouble none[] = { 0, 0, 0 };
  gfloat map[4], same[4], confidence[4];
  gdouble disagreement;

  gst_sod_ensemble_combine (GST_SOD_ENSEMBLE_WEIGHTED, three, weights, 3, 4,
      map, confidence, &disagreement);
  assert_pixels (map, (gdouble[]){ 0.5, 1, 0.5, 0.425 });
  assert_pixels (
      confidence, (gdouble[]){ 0, 1, 0, 0.15 * (1 - 2 * sqrt (0.081875)) });
  assert_near (disagreement, (0.5 + sqrt (0.081875)) / 2, 1e-6);

  gst_sod_ensemble_combine (
      GST_SOD_ENSEMBLE_CONFIDENT, three, weights, 3, 4, same, NULL, NULL);
  g_assert_cmpmem (map, sizeof (map), same, sizeof (same));
  gst_sod_ensemble_combine (
      GST_SOD_ENSEMBLE_WEIGHTED, three, none, 3, 4, map, NULL, NULL);
  gst_sod_ensemble_combine (
      GST_SOD_ENSEMBLE_AVERAGE, three, NULL, 3, 4, same, NULL, NULL);
  g_assert_cmpmem (map, sizeof (map), same, sizeof (same));
}

static void
test_median (void)
{
  gfloat map[4];

  gst_sod_ensemble_combine (
      GST_SOD_ENSEMBLE_MEDIAN, three, NULL, 3, 4, map, NULL, NULL);
  assert_pixels (map, (gdouble[]){ 1, 1, 0.5, 0.4 });
  gst_sod_ensemble_combine (
      GST_SOD_ENSEMBLE_MEDIAN, three, NULL, 2, 4, map, NULL, NULL);
  assert_pixels (map, (gdouble[]){ 0.5, 1, 0.5, 0.3 });
}

static void
test_one_map (void)
{
  for (guint method = 0; method <= GST_SOD_ENSEMBLE_CONFIDENT; method++) {
    gfloat map[4], confidence[4];
    gdouble disagreement = 1;

    gst_sod_ensemble_combine (
        method, &three[2], NULL, 1, 4, map, confidence, &disagreement);
    g_assert_cmpmem (map, sizeof (map), third, sizeof (third));
    assert_pixels (confidence, (gdouble[]){ 1, 1, 0, 0.8 });
    assert_near (disagreement, 0, 0);
  }
}

/* ---- against a plain reference ---- */

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  const gdouble *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

/* One pixel: the map, and the standard deviation. */
static gdouble
combine_plainly (GstSodEnsembleMethod method, const gdouble *values,
    const gdouble *weights, guint n, gdouble *deviation)
{
  gdouble sorted[MAX_MAPS], total = 0, mean = 0, variance = 0;
  gboolean weighted = method == GST_SOD_ENSEMBLE_WEIGHTED
                      || method == GST_SOD_ENSEMBLE_CONFIDENT;

  for (guint i = 0; i < n; i++) {
    total += weighted ? weights[i] : 1;
    mean += (weighted ? weights[i] : 1) * values[i];
    sorted[i] = values[i];
  }
  mean /= total;
  for (guint i = 0; i < n; i++)
    variance += (weighted ? weights[i] : 1) * (values[i] - mean)
                * (values[i] - mean) / total;
  *deviation = sqrt (variance);
  if (method != GST_SOD_ENSEMBLE_MEDIAN)
    return mean;
  qsort (sorted, n, sizeof (gdouble), compare_doubles);
  return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

static void
compare_with_plain (GstSodEnsembleMethod method, guint n_maps, gsize n_pixels)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (n_maps, 0);
  g_autofree gfloat *values = g_new (gfloat, n_maps * n_pixels);
  g_autofree gfloat *map = g_new (gfloat, n_pixels);
  g_autofree gfloat *confidence = g_new (gfloat, n_pixels);
  const gfloat *maps[MAX_MAPS];
  gdouble weights[MAX_MAPS], disagreement, sum = 0;

  for (guint i = 0; i < n_maps; i++) {
    maps[i] = values + i * n_pixels;
    weights[i] = gst_sod_random_uniform (random);
  }
  for (gsize i = 0; i < n_maps * n_pixels; i++)
    values[i] = (gfloat) gst_sod_random_uniform (random);
  gst_sod_ensemble_combine (
      method, maps, weights, n_maps, n_pixels, map, confidence, &disagreement);
  for (gsize x = 0; x < n_pixels; x++) {
    gdouble pixel[MAX_MAPS], deviation, expected;

    for (guint i = 0; i < n_maps; i++)
      pixel[i] = maps[i][x];
    expected = combine_plainly (method, pixel, weights, n_maps, &deviation);
    assert_near (map[x], expected, 2e-6);
    assert_near (
        confidence[x], fabs (2 * expected - 1) * (1 - 2 * deviation), 5e-6);
    sum += 2 * deviation;
  }
  assert_near (disagreement, sum / (gdouble) n_pixels, 1e-6);
}

static void
test_agrees_with_plain (void)
{
  static const guint counts[] = { 1, 2, 3, 4, 5, 8, 28, MAX_MAPS };
  static const gsize sizes[] = { 1, 63, 64, 65, 1001 };

  for (guint method = 0; method <= GST_SOD_ENSEMBLE_CONFIDENT; method++) {
    for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        compare_with_plain (method, counts[i], sizes[j]);
    }
  }
}

/* ---- pictures ---- */

static GstSodImage *
new_gray (gint width, gint height, guint seed)
{
  GstSodImage *image = gst_sod_image_new_gray (width, height, NULL);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);

  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++)
      gst_sod_image_gray_row (image, y)[x] =
          (guint8) gst_sod_random_below (random, 256);
  }
  return image;
}

static void
fill (GstSodImage *image, guint8 code)
{
  for (gint y = 0; y < image->height; y++)
    memset (gst_sod_image_gray_row (image, y), code, image->width);
}

static guint8
code_at (const GstSodImage *image, gint x, gint y)
{
  return (guint8) gst_sod_component_code (&image->components[0], y, x);
}

static void
combine (GstSodEnsemble *ensemble, GstSodImage *const *maps,
    const gdouble *weights, guint n, GstSodImage *map,
    GstSodImage *disagreement)
{
  g_autoptr (GError) error = NULL;

  gst_sod_ensemble_combine_images (ensemble, (const GstSodImage *const *) maps,
      weights, n, map, disagreement, &error);
  g_assert_no_error (error);
}

static guint8
round_code (gdouble code)
{
  return (guint8) floor (code + 0.5);
}

/* Every pixel of odd sizes, and of even numbers of maps, whose averages end in
 * halves. */
static void
compare_pictures (GstSodEnsembleMethod method, guint n)
{
  g_autoptr (GstSodEnsemble) ensemble = gst_sod_ensemble_new (method);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (131, 17, NULL);
  g_autoptr (GstSodImage) spread = gst_sod_image_new_gray (131, 17, NULL);
  GstSodImage *maps[8];
  const gdouble weights[8] = { 1, 2, 3, 1, 4, 1, 2, 2 };
  gdouble sum = 0, sure = 0;

  for (guint i = 0; i < n; i++)
    maps[i] = new_gray (131, 17, 10 * n + i);
  combine (ensemble, maps, weights, n, map, spread);
  for (gint y = 0; y < 17; y++) {
    for (gint x = 0; x < 131; x++) {
      gdouble codes[8], deviation, value, confidence;

      for (guint i = 0; i < n; i++)
        codes[i] = code_at (maps[i], x, y);
      value = combine_plainly (method, codes, weights, n, &deviation);
      confidence = fabs (2 * value / 255 - 1) * (1 - 2 * deviation / 255);
      sum += 2 * deviation / 255;
      sure += confidence;
      if (method == GST_SOD_ENSEMBLE_CONFIDENT)
        value = 127.5 + (value - 127.5) * confidence;
      if (method == GST_SOD_ENSEMBLE_AVERAGE
          || method == GST_SOD_ENSEMBLE_MEDIAN)
        g_assert_cmpuint (code_at (map, x, y), ==, round_code (value));
      else
        assert_near (code_at (map, x, y), value, 0.501);
      assert_near (code_at (spread, x, y), 2 * deviation, 0.501);
    }
  }
  assert_near (
      gst_sod_ensemble_get_disagreement (ensemble), sum / (131 * 17), 1e-5);
  assert_near (
      gst_sod_ensemble_get_confidence (ensemble), sure / (131 * 17), 1e-5);
  for (guint i = 0; i < n; i++)
    gst_sod_image_unref (maps[i]);
}

static void
test_pictures (void)
{
  for (guint method = 0; method <= GST_SOD_ENSEMBLE_CONFIDENT; method++) {
    for (guint n = 1; n <= 8; n++)
      compare_pictures (method, n);
  }
}

/* 0 and 255 stay, 200 of weights that agree goes towards 127.5. */
static void
test_confident_picture (void)
{
  g_autoptr (GstSodEnsemble) ensemble =
      gst_sod_ensemble_new (GST_SOD_ENSEMBLE_AVERAGE);
  g_autoptr (GstSodImage) a = gst_sod_image_new_gray (3, 1, NULL);
  g_autoptr (GstSodImage) b = gst_sod_image_new_gray (3, 1, NULL);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (3, 1, NULL);
  GstSodImage *maps[] = { a, b };

  memcpy (gst_sod_image_gray_row (a, 0), "\x00\xff\xc8", 3);
  memcpy (gst_sod_image_gray_row (b, 0), "\x00\xff\xc8", 3);
  gst_sod_ensemble_set_method (ensemble, GST_SOD_ENSEMBLE_CONFIDENT);
  combine (ensemble, maps, NULL, 2, map, NULL);
  g_assert_cmpuint (code_at (map, 0, 0), ==, 0);
  g_assert_cmpuint (code_at (map, 1, 0), ==, 255);
  g_assert_cmpuint (
      code_at (map, 2, 0), ==, round_code (127.5 + 72.5 * 72.5 / 127.5));
}

/* Uniform maps stay what they are at any size; a ramp stays a ramp. */
static void
test_sizes (void)
{
  g_autoptr (GstSodEnsemble) ensemble =
      gst_sod_ensemble_new (GST_SOD_ENSEMBLE_AVERAGE);
  g_autoptr (GstSodImage) small = gst_sod_image_new_gray (1, 1, NULL);
  g_autoptr (GstSodImage) large = gst_sod_image_new_gray (641, 359, NULL);
  g_autoptr (GstSodImage) ramp = gst_sod_image_new_gray (128, 2, NULL);
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (63, 47, NULL);
  g_autoptr (GstSodImage) half = gst_sod_image_new_gray (64, 2, NULL);
  GstSodImage *maps[] = { small, large };

  fill (small, 10);
  fill (large, 250);
  combine (ensemble, maps, NULL, 2, map, NULL);
  for (gint y = 0; y < 47; y++) {
    for (gint x = 0; x < 63; x++)
      g_assert_cmpuint (code_at (map, x, y), ==, 130);
  }
  for (gint x = 0; x < 128; x++)
    gst_sod_image_gray_row (ramp, 0)[x] = gst_sod_image_gray_row (ramp, 1)[x] =
        (guint8) (2 * x);
  maps[0] = ramp;
  combine (ensemble, maps, NULL, 1, half, NULL);
  for (gint x = 1; x < 63; x++)
    g_assert_cmpuint (code_at (half, x, 0), ==, 4 * x + 1);
}

static void
test_wrong_pictures (void)
{
  g_autoptr (GstSodEnsemble) ensemble =
      gst_sod_ensemble_new (GST_SOD_ENSEMBLE_AVERAGE);
  g_autoptr (GstSodImage) gray = gst_sod_image_new_gray (4, 4, NULL);
  g_autoptr (GstSodImage) other = gst_sod_image_new_gray (4, 5, NULL);
  g_autoptr (GBytes) pixels = g_bytes_new_take (g_malloc0 (48), 48);
  g_autoptr (GstSodImage) rgb = gst_sod_image_new_rgb (4, 4, pixels, NULL);
  const GstSodImage *maps[] = { gray, rgb };
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_ensemble_combine_images (
      ensemble, maps, NULL, 2, other, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gst_sod_ensemble_combine_images (
      ensemble, maps, NULL, 1, gray, other, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ensemble/average/is-the-mean", test_average);
  g_test_add_func ("/ensemble/weighted/weighs-each-map", test_weighted);
  g_test_add_func ("/ensemble/median/is-the-middle-one", test_median);
  g_test_add_func ("/ensemble/one-map-stays-itself", test_one_map);
  g_test_add_func (
      "/ensemble/agrees-with-a-plain-reference", test_agrees_with_plain);
  g_test_add_func (
      "/ensemble/pictures/agree-with-a-plain-reference", test_pictures);
  g_test_add_func ("/ensemble/pictures/confident-keeps-what-is-certain",
      test_confident_picture);
  g_test_add_func ("/ensemble/pictures/of-other-sizes-are-resized", test_sizes);
  g_test_add_func (
      "/ensemble/pictures/of-other-kinds-are-refused", test_wrong_pictures);

  return g_test_run ();
}
