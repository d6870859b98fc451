/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast a data set is read, beside the bare decoders on the same files:
 * those have the files in memory and decode all of them into one buffer, ours
 * opens, reads, checks and makes a picture of each. One thread; passes by
 * turns, the fastest of each kind counts.
 *
 * Usage: benchmark-reading [LAYOUT ROOT [PASSES]], by default DAVIS below
 * $SOD_DATA. */
#include <gst-sod/gstsod.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <jpeglib.h>
#include <png.h>

typedef struct
{
  GstSodDataset *dataset;
  guint n;
  GBytes **images, **masks;
  guint8 *pixels; /* of the largest picture */
} Bench;

/* Of this thread: other programs do not count. */
static gdouble
processor_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gdouble) now.tv_sec + (gdouble) now.tv_nsec * 1e-9;
}

static GBytes *
load (const gchar *path)
{
  gchar *bytes = NULL;
  gsize size = 0;

  g_file_get_contents (path, &bytes, &size, NULL);
  return g_bytes_new_take (bytes, size);
}

static void
decode_jpeg (Bench *self, GBytes *bytes)
{
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr manager;
  gsize stride;

  info.err = jpeg_std_error (&manager);
  jpeg_create_decompress (&info);
  jpeg_mem_src (
      &info, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  jpeg_read_header (&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress (&info);
  stride = (gsize) info.output_width * 3;
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = self->pixels + info.output_scanline * stride;

    jpeg_read_scanlines (&info, &row, 1);
  }
  jpeg_finish_decompress (&info);
  jpeg_destroy_decompress (&info);
}

typedef struct
{
  const guint8 *at;
} Cursor;

static void
read_cursor (png_structp png, png_bytep out, size_t size)
{
  Cursor *cursor = png_get_io_ptr (png);

  memcpy (out, cursor->at, size);
  cursor->at += size;
}

static void
decode_png (Bench *self, GBytes *bytes)
{
  png_structp png =
      png_create_read_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  Cursor cursor = { g_bytes_get_data (bytes, NULL) };
  guint height;
  gsize stride;

  png_set_read_fn (png, &cursor, read_cursor);
  png_read_info (png, info);
  png_set_expand_gray_1_2_4_to_8 (png);
  png_read_update_info (png, info);
  height = png_get_image_height (png, info);
  stride = png_get_rowbytes (png, info);
  for (guint y = 0; y < height; y++)
    png_read_row (png, self->pixels + y * stride, NULL);
  png_read_end (png, NULL);
  png_destroy_read_struct (&png, &info, NULL);
}

static gdouble
run_bare (Bench *self, gboolean masks)
{
  gdouble start = processor_time ();

  for (guint i = 0; i < self->n; i++) {
    decode_jpeg (self, self->images[i]);
    if (masks)
      decode_png (self, self->masks[i]);
  }
  return processor_time () - start;
}

static gdouble
run_ours (Bench *self, gboolean masks)
{
  gdouble start = processor_time ();

  for (guint i = 0; i < self->n; i++) {
    g_autoptr (GstSodImage) image = NULL;
    g_autoptr (GstSodImage) mask = NULL;

    gst_sod_dataset_read (self->dataset, i, &image, masks ? &mask : NULL, NULL);
  }
  return processor_time () - start;
}

static void
compare (Bench *self, gboolean masks, guint passes)
{
  gdouble bare = G_MAXDOUBLE, ours = G_MAXDOUBLE;

  for (guint i = 0; i < passes; i++) {
    bare = MIN (bare, run_bare (self, masks));
    ours = MIN (ours, run_ours (self, masks));
  }
  g_print ("%-18s bare %7.1f frames/s, gst-sod %7.1f frames/s: %5.1f %%\n",
      masks ? "pictures and masks" : "pictures", self->n / bare, self->n / ours,
      100 * bare / ours);
}

static gboolean
load_all (Bench *self)
{
  gsize largest = 0;

  self->n = gst_sod_dataset_get_n_items (self->dataset);
  self->images = g_new0 (GBytes *, self->n);
  self->masks = g_new0 (GBytes *, self->n);
  for (guint i = 0; i < self->n; i++) {
    const gchar *image = gst_sod_dataset_get_image_path (self->dataset, i);
    const gchar *mask = gst_sod_dataset_get_mask_path (self->dataset, i);
    gint width, height;

    if (mask == NULL || !g_str_has_suffix (image, ".jpg")
        || !gst_sod_picture_read_size (image, &width, &height, NULL))
      return FALSE;
    self->images[i] = load (image);
    self->masks[i] = load (mask);
    largest = MAX (largest, (gsize) width * height * 3);
  }
  self->pixels = g_malloc (largest);
  return TRUE;
}

int
main (int argc, char **argv)
{
  const gchar *data = g_getenv ("SOD_DATA");
  const gchar *source = g_getenv ("SOD_SOURCE_DIR");
  g_autofree gchar *beside = g_build_filename (
      source != NULL ? source : ".", "..", "shared", "data", NULL);
  g_autofree gchar *root =
      argc > 2
          ? g_strdup (argv[2])
          : g_build_filename (data != NULL ? data : beside, "davis2016", NULL);
  GstSodDatasetLayout layout = GST_SOD_DATASET_LAYOUT_DAVIS;
  g_autoptr (GError) error = NULL;
  Bench bench = { NULL };
  guint passes = argc > 3 ? (guint) g_ascii_strtoull (argv[3], NULL, 10) : 5;

  if (argc > 2 && !gst_sod_dataset_layout_from_name (argv[1], &layout, &error))
    g_printerr ("%s\n", error->message);
  else
    bench.dataset = gst_sod_dataset_open (
        layout, root, NULL, GST_SOD_DATASET_FLAG_NONE, &error);
  if (bench.dataset == NULL) {
    g_printerr ("no footage: %s\n", error->message);
    return 77;
  }
  if (!load_all (&bench)) {
    g_printerr ("%s: not all of it is JPEG with PNG masks\n", root);
    return 1;
  }
  compare (&bench, FALSE, passes);
  compare (&bench, TRUE, passes);
  for (guint i = 0; i < bench.n; i++) {
    g_bytes_unref (bench.images[i]);
    g_bytes_unref (bench.masks[i]);
  }
  g_free (bench.images);
  g_free (bench.masks);
  g_free (bench.pixels);
  g_object_unref (bench.dataset);
  return 0;
}
