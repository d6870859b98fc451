/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that PySODMetrics computed, to 1e-9. */
#include "pictures.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <png.h>

#define TOLERANCE 1e-9

static const struct
{
  const gchar *key;
  GstSodMeasure measure;
} keys[] = {
  { "adpF", GST_SOD_MEASURE_ADAPTIVE_F },
  { "meanF", GST_SOD_MEASURE_MEAN_F },
  { "maxF", GST_SOD_MEASURE_MAX_F },
  { "S", GST_SOD_MEASURE_S_MEASURE },
  { "adpE", GST_SOD_MEASURE_ADAPTIVE_E },
  { "meanE", GST_SOD_MEASURE_MEAN_E },
  { "maxE", GST_SOD_MEASURE_MAX_E },
  { "MAE", GST_SOD_MEASURE_MAE },
  { "wF", GST_SOD_MEASURE_WEIGHTED_F },
};

static gchar *
get_folder (void)
{
  const gchar *data = g_getenv ("SOD_DATA");

  if (data != NULL)
    return g_build_filename (data, "..", "metrics-golden", NULL);
  return g_build_filename (
      g_getenv ("SOD_SOURCE_DIR"), "..", "shared", "metrics-golden", NULL);
}

static GstSodImage *
read_png (const gchar *folder, const gchar *kind, const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, ".png", NULL);
  g_autofree gchar *path = g_build_filename (folder, kind, file, NULL);
  png_image png = { .version = PNG_IMAGE_VERSION };
  GstSodImage *image;

  g_assert_true (png_image_begin_read_from_file (&png, path));
  png.format = PNG_FORMAT_GRAY;
  image = gst_sod_image_new_gray (png.width, png.height, NULL);
  g_assert_nonnull (image);
  g_assert_true (png_image_finish_read (
      &png, NULL, gst_sod_image_gray_row (image, 0), 0, NULL));
  return image;
}

static void
assert_close (const gchar *what, gdouble got, gdouble expected)
{
  if (isnan (expected) ? isnan (got) : fabs (got - expected) <= TOLERANCE)
    return;
  g_error ("%s is %.17g, PySODMetrics has %.17g", what, got, expected);
}

static gdouble
get_number (JsonObject *object, const gchar *key)
{
  g_assert_true (json_object_has_member (object, key));
  if (json_object_get_null_member (object, key))
    return NAN;
  return json_object_get_double_member (object, key);
}

/* One case: every value, and precision and recall at threshold 128. */
static void
check_case (const gchar *folder, const gchar *name, JsonObject *expected)
{
  g_autoptr (GstSodImage) prediction = read_png (folder, "pred", name);
  g_autoptr (GstSodImage) truth = read_png (folder, "gt", name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodMeasures) measures =
      gst_sod_measures_new (GST_SOD_SCHOOL_PYSOD, prediction, truth, &error);
  const gdouble *precision, *recall;
  gsize n;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree gchar *what = g_strdup_printf ("%s of %s", keys[i].key, name);

    assert_close (what, gst_sod_measures_get (measures, keys[i].measure),
        get_number (expected, keys[i].key));
  }
  precision =
      gst_sod_measures_get_curve (measures, GST_SOD_CURVE_PRECISION, &n);
  g_assert_cmpuint (n, ==, 256);
  recall = gst_sod_measures_get_curve (measures, GST_SOD_CURVE_RECALL, &n);
  assert_close (name, precision[128], get_number (expected, "p_at_128"));
  assert_close (name, recall[128], get_number (expected, "r_at_128"));
}

static JsonNode *
load_expected (gchar **folder)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  *folder = get_folder ();
  path = g_build_filename (*folder, "expected.json", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_autofree gchar *reason = g_strdup_printf (
        "no golden values: %s does not exist (SOD_DATA names the data)", path);

    g_test_skip (reason);
    return NULL;
  }
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

static void
test_every_case (void)
{
  g_autofree gchar *folder = NULL;
  g_autoptr (JsonNode) root = load_expected (&folder);
  g_autoptr (GList) names = NULL;
  JsonObject *cases;

  if (root == NULL)
    return;
  cases = json_object_get_object_member (json_node_get_object (root), "cases");
  names = json_object_get_members (cases);
  g_assert_cmpuint (g_list_length (names), ==, 23);
  for (GList *link = names; link != NULL; link = link->next)
    check_case (
        folder, link->data, json_object_get_object_member (cases, link->data));
}

/* The mean over the cases called real_*, through the evaluator. */
static void
test_mean (void)
{
  g_autofree gchar *folder = NULL;
  g_autoptr (JsonNode) root = load_expected (&folder);
  g_autoptr (GstSodEvaluator) evaluator = NULL;
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GstSodMeasures) set = NULL;
  g_autoptr (GList) names = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  if (root == NULL)
    return;
  evaluator = gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
  object = json_node_get_object (root);
  names =
      json_object_get_members (json_object_get_object_member (object, "cases"));
  for (GList *link = names; link != NULL; link = link->next) {
    g_autoptr (GstSodImage) prediction = read_png (folder, "pred", link->data);
    g_autoptr (GstSodImage) truth = read_png (folder, "gt", link->data);
    g_autoptr (GstSodPair) pair = gst_sod_pair_new (prediction, truth, NULL);

    if (!g_str_has_prefix (link->data, "real_"))
      continue;
    g_assert_true (
        gst_sod_evaluator_add (evaluator, NULL, link->data, pair, &error));
    g_assert_no_error (error);
  }
  evaluation = gst_sod_evaluator_finish (evaluator, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_evaluation_get_n_images (evaluation), ==, 8);
  set = gst_sod_evaluation_get_set (evaluation);
  object = json_object_get_object_member (object, "dataset_mean_over_real");
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    assert_close (keys[i].key, gst_sod_measures_get (set, keys[i].measure),
        get_number (object, keys[i].key));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eval/golden/every-value-of-every-case", test_every_case);
  g_test_add_func ("/eval/golden/the-mean-of-a-set", test_mean);
  return g_test_run ();
}
