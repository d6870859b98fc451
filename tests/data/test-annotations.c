/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people label with: COCO, CVAT and LabelMe. */
#include "support.h"

#include <string.h>

typedef struct
{
  gchar *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const names[] = { "images/a.jpg", "images/b.jpg",
    "images/c.jpg", "images/clip/d.jpg" };

  fixture->folder = scratch_new ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = scratch_path (fixture->folder, names[i]);

    write_jpeg (path, 32, 24, i);
  }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  scratch_remove (fixture->folder);
}

/* Opens and reads every mask. */
static GstSodDataset *
try_open (Fixture *fixture, GstSodDatasetLayout layout, const gchar *name,
    const gchar *content, GError **error)
{
  g_autofree gchar *path = scratch_path (fixture->folder, name);
  g_autoptr (GstSodDataset) dataset = NULL;

  write_text (path, content);
  dataset = gst_sod_dataset_open (layout,
      layout == GST_SOD_DATASET_LAYOUT_LABELME ? fixture->folder : path, NULL,
      GST_SOD_DATASET_FLAG_NONE, error);
  for (guint i = 0;
       dataset != NULL && i < gst_sod_dataset_get_n_items (dataset); i++) {
    g_autoptr (GstSodImage) truth = NULL;

    if (!gst_sod_dataset_read (dataset, i, NULL, &truth, error))
      g_clear_object (&dataset);
  }
  return g_steal_pointer (&dataset);
}

static guint
count (GstSodDataset *dataset, guint item)
{
  g_autoptr (GstSodImage) truth = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_dataset_read (dataset, item, NULL, &truth, &error);
  g_assert_no_error (error);
  g_assert_nonnull (truth);
  return count_foreground (truth);
}

#define COCO(annotations)                                                      \
  "{\"images\":[{\"id\":7,\"file_name\":\"a.jpg\"},"                           \
  "{\"id\":8,\"file_name\":\"b.jpg\"},{\"id\":9,\"file_name\":\"c.jpg\"},"     \
  "{\"id\":10,\"file_name\":\"clip/d.jpg\"}],\"annotations\":[" annotations    \
  "]}"

static void
test_coco (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) dataset =
      try_open (fixture, GST_SOD_DATASET_LAYOUT_COCO, "all.json",
          COCO ("{\"image_id\":7,\"segmentation\":[[4,2,12,2,12,6,4,6],"
                "[10,4,14.0,4,14,6,10,6]]},"
                "{\"image_id\":7,\"segmentation\":[[0,0,1,0,1,1,0,1]]},"
                "{\"image_id\":8,\"iscrowd\":1,\"segmentation\":"
                "{\"size\":[24,32],\"counts\":[96,48,624]}},"
                "{\"image_id\":10,\"segmentation\":"
                "{\"size\":[24,32],\"counts\":\"P3`1T3XO`<\"}}"),
          &error);
  g_autoptr (GstSodImage) truth = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 4);
  g_assert_cmpuint (count (dataset, 0), ==, 8 * 4 + 2 * 2 + 1);
  g_assert_cmpuint (count (dataset, 1), ==, 48);
  gst_sod_dataset_read (dataset, 1, NULL, &truth, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gray_at (truth, 3, 23), ==, 0);
  g_assert_cmpuint (gray_at (truth, 4, 0), ==, 255);
  g_assert_cmpuint (gray_at (truth, 5, 23), ==, 255);
  g_assert_cmpuint (gray_at (truth, 6, 0), ==, 0);
  g_assert_false (gst_sod_dataset_is_labelled (dataset, 2));
  g_assert_cmpuint (count (dataset, 3), ==, 48 + 24);
  g_assert_cmpstr (gst_sod_dataset_get_sequence_name (dataset, 1), ==, "clip");
}

static void
test_polygons_out_of_the_picture (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) dataset =
      try_open (fixture, GST_SOD_DATASET_LAYOUT_COCO, "all.json",
          COCO ("{\"image_id\":7,\"segmentation\":"
                "[[-1e9,-1e9,1e9,-1e9,1e9,1e9,-1e9,1e9]]},"
                "{\"image_id\":8,\"segmentation\":[[40,40,50,40,50,50]]},"
                "{\"image_id\":9,\"segmentation\":"
                "[[0,0,32,0,32,24,0,24,0,0,16,0,16,24,0,24]]}"),
          &error);

  g_assert_no_error (error);
  g_assert_cmpuint (count (dataset, 0), ==, 32 * 24);
  g_assert_cmpuint (count (dataset, 1), ==, 0);
  g_assert_cmpuint (count (dataset, 2), ==, 16 * 24);
}

static void
test_labelme (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *empty = scratch_path (fixture->folder, "images/b.json");
  g_autofree gchar *round =
      scratch_path (fixture->folder, "images/clip/d.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autofree gchar *folder = g_build_filename (fixture->folder, "images", NULL);
  g_autofree gchar *some = scratch_path (fixture->folder, "images/a.json");

  write_text (some, "{\"version\":\"5.0\",\"shapes\":["
                    "{\"shape_type\":\"rectangle\",\"points\":[[20,8],[16,4]]},"
                    "{\"points\":[[0,0],[4,0],[4,4],[0,4]]},"
                    "{\"shape_type\":\"point\",\"points\":[[9,9]]}]}");
  write_text (empty, "{\"shapes\":[]}");
  write_text (round, "{\"shapes\":[{\"shape_type\":\"circle\","
                     "\"points\":[[16,12],[16,17]]}]}");
  dataset = gst_sod_dataset_open (GST_SOD_DATASET_LAYOUT_LABELME, folder, NULL,
      GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 4);
  g_assert_cmpuint (count (dataset, 0), ==, 32);
  g_assert_cmpuint (count (dataset, 1), ==, 0);
  g_assert_false (gst_sod_dataset_is_labelled (dataset, 2));
  /* pi * 25 = 78.5 */
  g_assert_cmpuint (count (dataset, 3), >=, 76);
  g_assert_cmpuint (count (dataset, 3), <=, 81);
}

#define CVAT(shapes)                                                           \
  "<?xml version=\"1.0\"?><annotations><version>1.1</version>"                 \
  "<image id=\"0\" name=\"a.jpg\" width=\"32\" height=\"24\">" shapes          \
  "</image><image id=\"1\" name=\"b.jpg\"/></annotations>"

static void
test_cvat (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodDataset) dataset =
      try_open (fixture, GST_SOD_DATASET_LAYOUT_CVAT, "annotations.xml",
          CVAT ("<polygon label=\"x\" points=\"0,0;4,0;4,4;0,4\"/>"
                "<box label=\"x\" xtl=\"10\" ytl=\"10\" xbr=\"12\" ybr=\"12\"/>"
                "<ellipse cx=\"20\" cy=\"5\" rx=\"1.1\" ry=\"1.1\"/>"
                "<mask rle=\"1, 2, 1\" left=\"28\" top=\"20\" width=\"2\" "
                "height=\"2\"/>"),
          &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_dataset_get_n_items (dataset), ==, 2);
  g_assert_cmpuint (count (dataset, 0), ==, 16 + 4 + 4 + 2);
  g_assert_false (gst_sod_dataset_is_labelled (dataset, 1));
}

typedef struct
{
  GstSodDatasetLayout layout;
  const gchar *content, *text;
} Bad;

static void
test_bad (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *deep = g_strnfill (100000, '[');
  const Bad cases[] = {
    { GST_SOD_DATASET_LAYOUT_COCO, "{\"images\":[", "cannot be read" },
    { GST_SOD_DATASET_LAYOUT_COCO, deep, "8 levels" },
    { GST_SOD_DATASET_LAYOUT_COCO, "[]", "no JSON object" },
    { GST_SOD_DATASET_LAYOUT_COCO, "{\"images\":3}", "no images" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        "{\"images\":[{\"id\":1,\"file_name\":\"../x.jpg\"}],"
        "\"annotations\":[]}",
        "../x.jpg" },
    { GST_SOD_DATASET_LAYOUT_COCO, "{\"images\":[7],\"annotations\":[]}",
        "file_name" },
    { GST_SOD_DATASET_LAYOUT_COCO, COCO ("{\"image_id\":1}"),
        "annotation 0 is of a picture" },
    { GST_SOD_DATASET_LAYOUT_COCO, COCO ("{\"segmentation\":[]}"), "image_id" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":[[1,2,3,4]]}"),
        "three points" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":[[1,2,3,4,\"x\",6]]}"),
        "three points" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":{\"size\":[24,32],"
              "\"counts\":[0,769]}}"),
        "more than" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":{\"size\":[25,32],"
              "\"counts\":[0,5]}}"),
        "32x25" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":{\"size\":[24,32],"
              "\"counts\":\"P\"}}"),
        "run lengths" },
    { GST_SOD_DATASET_LAYOUT_COCO,
        COCO ("{\"image_id\":7,\"segmentation\":{\"size\":[24,32],"
              "\"counts\":[-1]}}"),
        "run lengths" },
    { GST_SOD_DATASET_LAYOUT_CVAT, "<annotations><image", "is no XML" },
    { GST_SOD_DATASET_LAYOUT_CVAT, "<annotations></annotations>", "no images" },
    { GST_SOD_DATASET_LAYOUT_CVAT, CVAT ("<polygon points=\"1,2;3,4\"/>"),
        "a polygon of the picture a" },
    { GST_SOD_DATASET_LAYOUT_CVAT, CVAT ("<box xtl=\"1\"/>"), "a box" },
    { GST_SOD_DATASET_LAYOUT_CVAT,
        CVAT ("<mask rle=\"0,9\" left=\"30\" top=\"0\" width=\"3\" "
              "height=\"3\"/>"),
        "3x3 pixels at (30, 0)" },
    { GST_SOD_DATASET_LAYOUT_CVAT,
        "<annotations><track id=\"0\"/></annotations>", "CVAT for video" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (
        try_open (fixture, cases[i].layout, "file", cases[i].content, &error));
    g_test_message ("%s", error->message);
    if (strstr (error->message, cases[i].text) == NULL)
      g_error ("\"%s\" does not hold \"%s\"", error->message, cases[i].text);
  }
}

static void
test_bad_labelme (Fixture *fixture, gconstpointer data)
{
  static const gchar *const cases[][2] = {
    { "{}", "has no shapes" },
    { "{\"shapes\":[{\"points\":[[1,2],[3,4]]}]}", "shape 0" },
    { "{\"shapes\":[{\"points\":[[1],[3,4],[5,6]]}]}", "shape 0" },
    { "{\"shapes\":[{\"shape_type\":\"mask\",\"points\":[[1,2],[3,4]]}]}",
        "shape 0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (try_open (fixture, GST_SOD_DATASET_LAYOUT_LABELME,
        "images/a.json", cases[i][0], &error));
    assert_error (error, GST_SOD_ERROR_FORMAT, "a.json", cases[i][1], NULL);
  }
}

#define ADD(name, function)                                                    \
  g_test_add ("/annotations/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("coco/polygons-and-runs-of-both-kinds", test_coco);
  ADD ("coco/polygons-are-cut-at-the-border", test_polygons_out_of_the_picture);
  ADD ("labelme/files-beside-pictures", test_labelme);
  ADD ("cvat/every-shape", test_cvat);
  ADD ("bad/coco-and-cvat-are-refused", test_bad);
  ADD ("bad/labelme-is-refused", test_bad_labelme);
  return g_test_run ();
}
