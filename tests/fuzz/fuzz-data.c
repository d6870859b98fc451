/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures and files of annotations. The first byte of an input says what the
 * rest is. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>

#include <gst-sod/data/dataset.h>
#include <gst-sod/data/picture-private.h>
#include <gst-sod/data/picture.h>

typedef enum
{
  INPUT_RGB,
  INPUT_GRAY,
  INPUT_MASK,
  INPUT_SKETCH,
  INPUT_COCO,
  INPUT_LABELME,
  INPUT_CVAT,
  INPUT_LIST,
  N_INPUTS
} InputKind;

/* More would only test how much memory there is. */
#define MAX_PIXELS (1u << 18)

static void
check (gboolean good, const GError *error)
{
  g_assert_true (good == (error == NULL));
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

static void
decode (const uint8_t *data, gsize size, GstSodPixels wanted)
{
  g_autoptr (GError) error = NULL;
  GstSodRaster raster;
  gboolean good =
      gst_sod_picture_decode (data, size, GST_SOD_PIXELS_SIZE, &raster, &error);

  check (good, error);
  if (!good || (gsize) raster.width * raster.height > MAX_PIXELS)
    return;
  good = gst_sod_picture_decode (data, size, wanted, &raster, &error);
  check (good, error);
  g_assert_true (good == (raster.pixels != NULL));
  g_free (raster.pixels);
}

/* A folder with one picture, a.pgm, made once and kept for the process. */
static const gchar *
scratch (void)
{
  static gchar *folder;
  g_autofree gchar *path = NULL;

  if (folder != NULL)
    return folder;
  folder = g_dir_make_tmp ("gst-sod-fuzz-XXXXXX", NULL);
  path = g_build_filename (folder, "a.pgm", NULL);
  g_assert_true (
      g_file_set_contents (path, "P5 4 3 255\nabcdefghijkl", -1, NULL));
  return folder;
}

static void
list (const uint8_t *data, gsize size, GstSodDatasetLayout layout,
    const gchar *name)
{
  g_autofree gchar *path = g_build_filename (scratch (), name, NULL);
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean is_pairs = layout == GST_SOD_DATASET_LAYOUT_PAIRS;
  const gboolean is_file = layout == GST_SOD_DATASET_LAYOUT_COCO
                           || layout == GST_SOD_DATASET_LAYOUT_CVAT;

  g_file_set_contents_full (path, (const gchar *) data, (gssize) size,
      G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
  if (is_pairs)
    dataset = gst_sod_dataset_open_pairs (
        scratch (), scratch (), path, GST_SOD_DATASET_FLAG_NONE, &error);
  else
    dataset = gst_sod_dataset_open (layout, is_file ? path : scratch (), NULL,
        GST_SOD_DATASET_FLAG_NONE, &error);
  check (dataset != NULL, error);
  for (guint i = 0;
       dataset != NULL && i < gst_sod_dataset_get_n_items (dataset); i++) {
    g_autoptr (GstSodImage) image = NULL;
    g_autoptr (GstSodImage) mask = NULL;
    gboolean good = gst_sod_dataset_read (dataset, i, &image, &mask, &error);

    check (good, error);
    g_clear_error (&error);
  }
  g_remove (path);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const GstSodPixels kinds[] = { GST_SOD_PIXELS_RGB, GST_SOD_PIXELS_GRAY,
    GST_SOD_PIXELS_MASK, GST_SOD_PIXELS_SKETCH };
  guint kind;

  if (size < 2)
    return 0;
  kind = data[0] % N_INPUTS;
  data++;
  size--;
  if (kind < G_N_ELEMENTS (kinds))
    decode (data, size, kinds[kind]);
  else if (kind == INPUT_COCO)
    list (data, size, GST_SOD_DATASET_LAYOUT_COCO, "coco");
  else if (kind == INPUT_LABELME)
    list (data, size, GST_SOD_DATASET_LAYOUT_LABELME, "a.json");
  else if (kind == INPUT_CVAT)
    list (data, size, GST_SOD_DATASET_LAYOUT_CVAT, "cvat");
  else
    list (data, size, GST_SOD_DATASET_LAYOUT_PAIRS, "list");
  return 0;
}

static void
add_seed (FuzzSeedFunc add, gpointer user_data, InputKind kind,
    gconstpointer content, gsize size)
{
  g_autoptr (GByteArray) seed = g_byte_array_new ();
  guint8 first = (guint8) kind;

  g_byte_array_append (seed, &first, 1);
  g_byte_array_append (seed, content, (guint) size);
  add (seed->data, seed->len, user_data);
}

static void
add_text (
    FuzzSeedFunc add, gpointer user_data, InputKind kind, const gchar *content)
{
  add_seed (add, user_data, kind, content, strlen (content));
}

static void
add_jpeg (FuzzSeedFunc add, gpointer user_data, gboolean progressive)
{
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr manager;
  guint8 row[40 * 3];
  JSAMPROW rows = row;
  guint8 *data = NULL;
  unsigned long size = 0;

  info.err = jpeg_std_error (&manager);
  jpeg_create_compress (&info);
  jpeg_mem_dest (&info, &data, &size);
  info.image_width = 40;
  info.image_height = 40;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults (&info);
  if (progressive)
    jpeg_simple_progression (&info);
  jpeg_start_compress (&info, TRUE);
  for (guint y = 0; y < 40; y++) {
    for (guint i = 0; i < sizeof (row); i++)
      row[i] = (guint8) (i * 2 + y * 5);
    jpeg_write_scanlines (&info, &rows, 1);
  }
  jpeg_finish_compress (&info);
  jpeg_destroy_compress (&info);
  add_seed (add, user_data, INPUT_RGB, data, size);
  add_seed (add, user_data, INPUT_SKETCH, data, size);
  free (data);
}

static void
add_png (FuzzSeedFunc add, gpointer user_data)
{
  g_autofree gchar *path = g_build_filename (scratch (), "x.png", NULL);
  g_autoptr (GstSodImage) image = gst_sod_image_new_gray (9, 7, NULL);
  g_autofree gchar *bytes = NULL;
  gsize size;

  g_assert_true (gst_sod_picture_write_png (image, path, NULL));
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_remove (path);
  add_seed (add, user_data, INPUT_GRAY, bytes, size);
  add_seed (add, user_data, INPUT_RGB, bytes, size);
}

void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  add_jpeg (add, user_data, FALSE);
  add_jpeg (add, user_data, TRUE);
  add_png (add, user_data);
  add_text (add, user_data, INPUT_MASK, "P5 3 2 255\nabcdef");
  add_text (add, user_data, INPUT_RGB, "P3 1 2 15\n1 2 3 4 5 6\n");
  add_text (add, user_data, INPUT_COCO,
      "{\"images\":[{\"id\":1,\"file_name\":\"a.pgm\"}],\"annotations\":["
      "{\"image_id\":1,\"segmentation\":[[0,0,3,0,3,2]]},"
      "{\"image_id\":1,\"segmentation\":{\"size\":[3,4],\"counts\":[2,3]}},"
      "{\"image_id\":1,\"segmentation\":{\"size\":[3,4],\"counts\":\"134\"}}]"
      "}");
  add_text (add, user_data, INPUT_LABELME,
      "{\"shapes\":[{\"points\":[[0,0],[3,0],[3,2]]},"
      "{\"shape_type\":\"circle\",\"points\":[[1,1],[2,2]]},"
      "{\"shape_type\":\"rectangle\",\"points\":[[0,0],[1,2]]}]}");
  add_text (add, user_data, INPUT_CVAT,
      "<annotations><image name=\"a.pgm\"><polygon points=\"0,0;3,0;3,2\"/>"
      "<box xtl=\"0\" ytl=\"0\" xbr=\"2\" ybr=\"2\"/>"
      "<ellipse cx=\"1\" cy=\"1\" rx=\"1\" ry=\"1\"/>"
      "<mask rle=\"1,2\" left=\"0\" top=\"0\" width=\"2\" height=\"2\"/>"
      "</image></annotations>");
  add_text (add, user_data, INPUT_LIST, "# all\na\n/a.pgm /a.pgm\n");
}
