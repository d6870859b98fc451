/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is exported as polygons must come back through the readers. */
#include <math.h>
#include <string.h>

#include "store-support.h"
#include "support.h"

#define WIDTH 61
#define HEIGHT 47

static const GstSodDatasetLayout layouts[] = { GST_SOD_DATASET_LAYOUT_COCO,
  GST_SOD_DATASET_LAYOUT_CVAT, GST_SOD_DATASET_LAYOUT_LABELME };

typedef guint8 (*PixelFunc) (gint x, gint y);

static GstSodImage *
draw (PixelFunc func)
{
  g_autofree guint8 *pixels = g_malloc (WIDTH * HEIGHT);
  g_autoptr (GBytes) bytes = NULL;

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++)
      pixels[y * WIDTH + x] = func (x, y);
  }
  bytes = g_bytes_new (pixels, WIDTH * HEIGHT);
  return gst_sod_image_new_gray_from_bytes (WIDTH, HEIGHT, bytes, NULL);
}

/* A ring with an island, and a box that touches the edge of the picture. */
static guint8
ring (gint x, gint y)
{
  gdouble r = hypot (x - 30, y - 22);

  return (r < 18 && r > 9) || r < 4 || (x < 6 && y < 9) ? 255 : 0;
}

static guint8
disc (gint x, gint y)
{
  return hypot (x - 30, y - 22) < 17 ? 255 : 0;
}

/* Pixels that touch at corners, single ones, holes of one pixel. */
static guint8
noise (gint x, gint y)
{
  return ((guint) (x * 73 + y * 151) * 2654435761u >> 13) % 3 == 0 ? 255 : 0;
}

static guint8
full (gint x, gint y)
{
  return 255;
}

static guint8
stripe (gint x, gint y)
{
  return y == 20 ? 255 : 0;
}

/* The mask that comes back. (transfer full) (nullable) */
static GstSodImage *
round_trip (GstSodDatasetLayout layout, const GstSodImage *mask,
    gdouble tolerance, gdouble min_area)
{
  gchar *folder = scratch_new ();
  g_autofree gchar *out = scratch_path (folder, "out");
  g_autoptr (GstSodImage) picture = make_frame (WIDTH, HEIGHT, 1);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodAnnotationWriter) writer = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GError) error = NULL;
  GstSodImage *read = NULL;

  writer = gst_sod_annotation_writer_new (layout, out, &error);
  g_assert_no_error (error);
  g_object_set (writer, "tolerance", tolerance, "min-area", min_area, NULL);
  gst_sod_annotation_writer_add (writer, "door_000001", picture, mask, &error);
  g_assert_no_error (error);
  gst_sod_annotation_writer_add (writer, "b", picture, NULL, &error);
  g_assert_no_error (error);
  gst_sod_annotation_writer_finish (writer, &error);
  g_assert_no_error (error);
  dataset = gst_sod_dataset_open (
      layout, out, NULL, GST_SOD_DATASET_FLAG_SPARSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 2);
  for (guint i = 0; i < 2; i++) {
    if (!g_str_equal (gst_sod_dataset_get_item_name (dataset, i), "b")) {
      gst_sod_dataset_read (dataset, i, &image, &read, &error);
      g_assert_no_error (error);
      assert_near (image, picture, 12);
    } else {
      g_assert_false (gst_sod_dataset_is_labelled (dataset, i));
    }
  }
  scratch_remove (folder);
  return read;
}

static gdouble
overlap (const GstSodImage *a, const GstSodImage *b)
{
  guint both = 0, any = 0;

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gboolean left = gray_at (a, x, y) > 128, right = gray_at (b, x, y) > 128;

      both += left && right;
      any += left || right;
    }
  }
  return any > 0 ? (gdouble) both / any : 1;
}

static void
test_exact (void)
{
  static const PixelFunc funcs[] = { ring, disc, noise, full, stripe };

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++) {
    g_autoptr (GstSodImage) mask = draw (funcs[i]);

    for (guint j = 0; j < G_N_ELEMENTS (layouts); j++) {
      g_autoptr (GstSodImage) read = round_trip (layouts[j], mask, 0, 0);

      g_assert_nonnull (read);
      g_assert_cmpfloat (overlap (mask, read), ==, 1);
    }
  }
}

static void
test_near (void)
{
  static const PixelFunc funcs[] = { ring, disc };
  gsize corners[2];

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++) {
    g_autoptr (GstSodImage) mask = draw (funcs[i]);

    for (guint j = 0; j < G_N_ELEMENTS (layouts); j++) {
      g_autoptr (GstSodImage) close = round_trip (layouts[j], mask, 0.5, 4);
      g_autoptr (GstSodImage) rough = round_trip (layouts[j], mask, 1, 4);

      /* Of the ring a third of all pixels lies at an edge. */
      g_assert_cmpfloat (overlap (mask, close), >, 0.95);
      g_assert_cmpfloat (overlap (mask, rough), >, 0.9);
    }
  }
  for (guint i = 0; i < 2; i++) {
    gchar *folder = scratch_new ();
    g_autofree gchar *out = scratch_path (folder, "out");
    g_autofree gchar *path = g_build_filename (out, "a.json", NULL);
    g_autoptr (GstSodImage) picture = make_frame (WIDTH, HEIGHT, 1);
    g_autoptr (GstSodImage) mask = draw (disc);
    g_autoptr (GstSodAnnotationWriter) writer = gst_sod_annotation_writer_new (
        GST_SOD_DATASET_LAYOUT_LABELME, out, NULL);
    g_autofree gchar *text = NULL;

    g_object_set (writer, "tolerance", (gdouble) i, NULL);
    g_assert_true (
        gst_sod_annotation_writer_add (writer, "a", picture, mask, NULL));
    g_assert_true (g_file_get_contents (path, &text, &corners[i], NULL));
    scratch_remove (folder);
  }
  g_assert_cmpuint (corners[1], <, corners[0] * 2 / 3);
}

static void
test_small_ones_go (void)
{
  g_autoptr (GstSodImage) mask = draw (ring);
  g_autoptr (GstSodImage) read =
      round_trip (GST_SOD_DATASET_LAYOUT_COCO, mask, 0, 60);

  g_assert_cmpuint (gray_at (mask, 30, 22), ==, 255); /* the island */
  g_assert_cmpuint (gray_at (read, 30, 22), ==, 0);
  g_assert_cmpuint (gray_at (read, 30, 15), ==, 0);
  g_assert_cmpuint (gray_at (read, 30, 8), ==, 255);
}

static guint8
nothing (gint x, gint y)
{
  return 0;
}

static void
test_empty (void)
{
  g_autoptr (GstSodImage) mask = draw (nothing);
  g_autoptr (GstSodImage) labelme =
      round_trip (GST_SOD_DATASET_LAYOUT_LABELME, mask, 1, 0);
  g_autoptr (GstSodImage) coco =
      round_trip (GST_SOD_DATASET_LAYOUT_COCO, mask, 1, 0);

  g_assert_nonnull (labelme);
  g_assert_cmpuint (count_foreground (labelme), ==, 0);
  g_assert_null (coco);
}

static void
test_refusals (void)
{
  static const gchar *const names[] = { "", "a/b", "..", "a\"", "a b" };
  gchar *folder = scratch_new ();
  g_autofree gchar *out = scratch_path (folder, "out");
  g_autofree gchar *file = scratch_path (folder, "full/x");
  g_autofree gchar *used = g_build_filename (folder, "full", NULL);
  g_autoptr (GstSodImage) picture = make_frame (WIDTH, HEIGHT, 1);
  g_autoptr (GstSodImage) small = make_label (3, 3, 1);
  g_autoptr (GstSodAnnotationWriter) writer = NULL;
  g_autoptr (GError) error = NULL;

  write_text (file, "x");
  g_assert_null (gst_sod_annotation_writer_new (
      GST_SOD_DATASET_LAYOUT_COCO, used, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "not empty", NULL);
  g_clear_error (&error);
  g_assert_null (gst_sod_annotation_writer_new (
      GST_SOD_DATASET_LAYOUT_COCO, file, &error));
  g_clear_error (&error);
  g_assert_null (gst_sod_annotation_writer_new (
      GST_SOD_DATASET_LAYOUT_DAVIS, out, &error));
  assert_error (error, GST_SOD_ERROR_UNSUPPORTED, "davis", NULL);
  g_clear_error (&error);
  writer =
      gst_sod_annotation_writer_new (GST_SOD_DATASET_LAYOUT_COCO, out, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_assert_false (gst_sod_annotation_writer_add (
        writer, names[i], picture, NULL, &error));
    assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "called", NULL);
    g_clear_error (&error);
  }
  g_assert_false (
      gst_sod_annotation_writer_add (writer, "a", picture, small, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, "3x3", NULL);
  scratch_remove (folder);
}

/* ---- what is worth labelling ---- */

static guint8
certain (gint x, gint y)
{
  return x < 20 ? 255 : 0;
}

static guint8
veiled (gint x, gint y)
{
  return 32;
}

static guint8
doubtful (gint x, gint y)
{
  return x < 20 ? 128 : 0;
}

static void
test_uncertainty (void)
{
  g_autoptr (GstSodImage) sure = draw (certain);
  g_autoptr (GstSodImage) veil = draw (veiled);
  g_autoptr (GstSodImage) doubt = draw (doubtful);

  g_assert_cmpfloat (gst_sod_store_measure_uncertainty (sure), ==, 0);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_store_measure_uncertainty (veil), 64 / 255.0, 1e-9);
  g_assert_cmpfloat (gst_sod_store_measure_uncertainty (doubt), >, 0.7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/annotation-writer/edges-come-back-exactly", test_exact);
  g_test_add_func (
      "/annotation-writer/fewer-corners-come-back-near", test_near);
  g_test_add_func ("/annotation-writer/small-regions-and-holes-are-left-out",
      test_small_ones_go);
  g_test_add_func (
      "/annotation-writer/empty-masks-where-a-file-can-tell", test_empty);
  g_test_add_func ("/annotation-writer/refuses-what-it-cannot", test_refusals);
  g_test_add_func (
      "/store/uncertainty/doubt-counts-for-more-than-a-veil", test_uncertainty);
  return g_test_run ();
}
