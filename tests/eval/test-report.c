/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as JSON and as a page. */
#include <gst-sod/core/image-private.h>
#include <gst-sod/eval/evaluator.h>
#include <gst-sod/eval/report.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 32
#define HEIGHT 18
#define N_FRAMES 6

/* @left columns are white. */
static GstSodImage *
make_mask (gint left)
{
  GstSodImage *image = gst_sod_image_new_gray (WIDTH, HEIGHT, NULL);

  for (gint y = 0; y < HEIGHT; y++)
    memset (gst_sod_image_gray_row (image, y), 255, (gsize) left);
  return image;
}

static GstSodPair *
make_pair (gint map, gboolean with_picture)
{
  g_autofree guint8 *pixels = g_malloc0 (WIDTH * HEIGHT * 3);
  g_autoptr (GBytes) bytes = g_bytes_new (pixels, WIDTH * HEIGHT * 3);
  g_autoptr (GstSodImage) prediction = make_mask (map);
  g_autoptr (GstSodImage) truth = make_mask (10);
  g_autoptr (GstSodImage) picture = NULL;

  if (with_picture)
    picture = gst_sod_image_new_rgb (WIDTH, HEIGHT, bytes, NULL);
  return gst_sod_pair_new (prediction, truth, picture);
}

static GstSodEvaluation *
evaluate (GstSodSchool school, const gchar *sequence)
{
  g_autoptr (GstSodEvaluator) evaluator = gst_sod_evaluator_new (school, 1);
  g_autoptr (GError) error = NULL;
  GstSodEvaluation *evaluation;

  gst_sod_evaluator_set_keep_images (evaluator, TRUE);
  for (gint i = 0; i < N_FRAMES; i++) {
    g_autofree gchar *name = g_strdup_printf ("%05d", i);
    g_autoptr (GstSodPair) pair = make_pair (4 + 2 * i, FALSE);

    gst_sod_evaluator_add (evaluator, sequence, name, pair, &error);
    g_assert_no_error (error);
  }
  evaluation = gst_sod_evaluator_finish (evaluator, &error);
  g_assert_no_error (error);
  return evaluation;
}

static GstSodReport *
make_report (GstSodSchool school, const gchar *title)
{
  g_autoptr (GstSodEvaluation) evaluation = evaluate (school, "boat");
  g_autoptr (GstSodEvaluation) floor = evaluate (school, "boat");
  GstSodReport *report = gst_sod_report_new (title, evaluation);

  gst_sod_report_add_fact (report, "split", "dev");
  gst_sod_report_add_count (report, "seed", 7);
  gst_sod_report_add_floor (report, "zero", floor);
  return report;
}

static gchar *
to_html (GstSodReport *report)
{
  g_autoptr (GError) error = NULL;
  gchar *html = gst_sod_report_to_html (report, &error);

  g_assert_no_error (error);
  g_assert_true (g_utf8_validate (html, -1, NULL));
  return html;
}

static guint
count (const gchar *text, const gchar *what)
{
  guint n = 0;

  for (text = strstr (text, what); text != NULL; text = strstr (text + 1, what))
    n++;
  return n;
}

static GstSodPair *
read_pair (
    const gchar *sequence, const gchar *name, gpointer data, GError **error)
{
  g_assert_cmpstr (sequence, ==, "boat");
  ++*(guint *) data;
  return make_pair (4 + 2 * atoi (name), TRUE);
}

static void
test_json_holds_measures_facts_and_floors (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autofree gchar *json = gst_sod_report_to_json (report);
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  static const gchar *const keys[] = { "max_f", "mean_f", "adaptive_f",
    "s_measure", "max_e", "mean_e", "adaptive_e", "weighted_f", "mae", "iou" };
  JsonObject *object = json_node_get_object (root), *floor;
  g_autoptr (GstSodMeasures) set =
      gst_sod_evaluation_get_set (gst_sod_report_get_evaluation (report));

  floor = json_object_get_object_member (
      json_object_get_object_member (object, "floors"), "zero");
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    GstSodMeasure measure;

    g_assert_true (gst_sod_measure_from_key (keys[i], &measure, NULL));
    g_assert_cmpfloat (json_object_get_double_member (object, keys[i]), ==,
        gst_sod_measures_get (set, measure));
    g_assert_cmpfloat (json_object_get_double_member (floor, keys[i]), ==,
        gst_sod_measures_get (set, measure));
  }
  g_assert_cmpstr (
      json_object_get_string_member (object, "school"), ==, "pysod");
  g_assert_cmpstr (json_object_get_string_member (object, "split"), ==, "dev");
  g_assert_cmpint (json_object_get_int_member (object, "seed"), ==, 7);
  g_assert_cmpint (json_object_get_int_member (object, "images"), ==, N_FRAMES);
  g_assert_true (g_str_has_suffix (json, "}\n"));
}

static void
test_page_asks_for_nothing_from_elsewhere (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autofree gchar *html = NULL;
  guint n_read = 0;

  gst_sod_report_set_pair_func (report, read_pair, &n_read, NULL);
  html = to_html (report);
  g_assert_cmpuint (n_read, >, 0);
  g_assert_cmpuint (count (html, "<script"), ==, 0);
  g_assert_cmpuint (count (html, "url(http"), ==, 0);
  /* Names of namespaces are no addresses. */
  g_assert_cmpuint (
      count (html, "http"), ==, count (html, "=\"http://www.w3.org/"));
  g_assert_cmpuint (
      count (html, "<img "), ==, count (html, "src=\"data:image/png;base64,"));
  g_assert_cmpuint (count (html, "<img "), >, 3);
}

static void
test_names_cannot_break_the_page (void)
{
  g_autoptr (GstSodReport) report =
      make_report (GST_SOD_SCHOOL_PYSOD, "<script>&\"\xff");
  g_autofree gchar *html = NULL;
  g_autofree gchar *json = NULL;
  g_autoptr (JsonNode) root = NULL;

  gst_sod_report_add_fact (report, "pred", "a<b>\n\xfe");
  html = to_html (report);
  g_assert_cmpuint (count (html, "<script"), ==, 0);
  g_assert_nonnull (strstr (html, "&lt;script&gt;&amp;"));
  g_assert_nonnull (strstr (html, "a&lt;b&gt;"));
  json = gst_sod_report_to_json (report);
  g_assert_true (g_utf8_validate (json, -1, NULL));
  root = json_from_string (json, NULL);
  g_assert_nonnull (root);
}

/* cairo numbers what it defines from 0 in each drawing. */
static void
test_drawings_keep_their_own_ids (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autofree gchar *html = to_html (report);
  g_autoptr (GHashTable) ids =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = 0;

  g_assert_cmpuint (count (html, "<svg"), ==, 2);
  for (const gchar *at = strstr (html, " id=\""); at != NULL;
       at = strstr (at + 1, " id=\"")) {
    const gchar *start = at + strlen (" id=\"");

    g_assert_true (g_hash_table_add (
        ids, g_strndup (start, (gsize) (strchr (start, '"') - start))));
    n++;
  }
  g_assert_cmpuint (n, >, 10);
  for (const gchar *at = strstr (html, "href=\"#"); at != NULL;
       at = strstr (at + 1, "href=\"#")) {
    const gchar *start = at + strlen ("href=\"#");
    g_autofree gchar *id =
        g_strndup (start, (gsize) (strchr (start, '"') - start));

    g_assert_true (g_hash_table_contains (ids, id));
  }
}

static void
test_published_figures_stand_beside_their_own_school_only (void)
{
  g_autoptr (GstSodReport) pysod = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autoptr (GstSodReport) davsod = make_report (GST_SOD_SCHOOL_DAVSOD, "net");
  g_autoptr (GstSodReport) other = make_report (GST_SOD_SCHOOL_DAVSOD, "net");
  g_autofree gchar *without = NULL;
  g_autofree gchar *with = NULL;
  g_autofree gchar *none = NULL;

  gst_sod_report_set_published (pysod, "davis");
  gst_sod_report_set_published (davsod, "davis");
  gst_sod_report_set_published (other, "duts");
  without = to_html (pysod);
  with = to_html (davsod);
  none = to_html (other);
  g_assert_null (strstr (without, "SSAV"));
  g_assert_nonnull (strstr (without, "--school davsod"));
  g_assert_nonnull (strstr (with, "SSAV (2019)</td><td>0.861</td><td>0.893"
                                  "</td><td>0.028"));
  g_assert_nonnull (strstr (with, "As others published them"));
  g_assert_null (strstr (none, "SSAV"));
}

static void
test_schools_without_curves_have_a_page_too (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_DAVIS, "net");
  g_autofree gchar *html = to_html (report);

  g_assert_null (strstr (html, "<svg"));
  g_assert_nonnull (strstr (html, "boundary F"));
}

static GstSodPair *
fail_to_read (
    const gchar *sequence, const gchar *name, gpointer data, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO, "%s is gone", name);
  return NULL;
}

static void
test_frames_that_are_gone_are_an_error (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autoptr (GError) error = NULL;

  gst_sod_report_set_pair_func (report, fail_to_read, NULL, NULL);
  g_assert_null (gst_sod_report_to_html (report, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
}

static void
test_write_makes_the_folder_and_both_files (void)
{
  g_autoptr (GstSodReport) report = make_report (GST_SOD_SCHOOL_PYSOD, "net");
  g_autofree gchar *top = g_dir_make_tmp ("sod-report-XXXXXX", NULL);
  g_autofree gchar *folder = g_build_filename (top, "a", NULL);
  g_autofree gchar *page = g_build_filename (folder, "index.html", NULL);
  g_autofree gchar *json = g_build_filename (folder, "measures.json", NULL);
  g_autofree gchar *through = g_build_filename (page, "b", NULL);
  g_autoptr (GError) error = NULL;

  gst_sod_report_write (report, folder, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (page, G_FILE_TEST_IS_REGULAR));
  g_assert_true (g_file_test (json, G_FILE_TEST_IS_REGULAR));
  g_assert_false (gst_sod_report_write (report, through, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_assert_nonnull (strstr (error->message, through));
  g_remove (page);
  g_remove (json);
  g_rmdir (folder);
  g_rmdir (top);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/report/json-holds-measures-facts-and-floors",
      test_json_holds_measures_facts_and_floors);
  g_test_add_func ("/report/page-asks-for-nothing-from-elsewhere",
      test_page_asks_for_nothing_from_elsewhere);
  g_test_add_func (
      "/report/names-cannot-break-the-page", test_names_cannot_break_the_page);
  g_test_add_func (
      "/report/drawings-keep-their-own-ids", test_drawings_keep_their_own_ids);
  g_test_add_func (
      "/report/published-figures-stand-beside-their-own-school-only",
      test_published_figures_stand_beside_their_own_school_only);
  g_test_add_func ("/report/schools-without-curves-have-a-page-too",
      test_schools_without_curves_have_a_page_too);
  g_test_add_func ("/report/frames-that-are-gone-are-an-error",
      test_frames_that_are_gone_are_an_error);
  g_test_add_func ("/report/write-makes-the-folder-and-both-files",
      test_write_makes_the_folder_and_both_files);
  return g_test_run ();
}
