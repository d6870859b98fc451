/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures and masks of every kind, whole and damaged. */
#include "support.h"

#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  gchar *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = scratch_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  scratch_remove (fixture->folder);
}

static GstSodImage *
read_good_mask (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  GstSodImage *mask = gst_sod_picture_read_mask (path, &error);

  g_assert_no_error (error);
  return mask;
}

static void
test_jpeg_is_rgb (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "a b\nü.jpg");
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GBytes) pixels = NULL;
  g_autoptr (GError) error = NULL;
  gint width = 0, height = 0;

  write_jpeg (path, 37, 21, 3);
  image = gst_sod_picture_read_rgb (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 37);
  g_assert_cmpint (gst_sod_image_get_height (image), ==, 21);
  pixels = gst_sod_image_get_rgb (image);
  g_assert_cmpuint (g_bytes_get_size (pixels), ==, 37 * 21 * 3);
  g_assert_true (gst_sod_picture_read_size (path, &width, &height, &error));
  g_assert_no_error (error);
  g_assert_cmpint (width, ==, 37);
  g_assert_cmpint (height, ==, 21);
}

static void
test_rgb_round_trip (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "x.png");
  guint8 samples[5 * 3 * 3];
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) read = NULL;
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) again = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < sizeof (samples); i++)
    samples[i] = (guint8) (i * 37);
  bytes = g_bytes_new (samples, sizeof (samples));
  image = gst_sod_image_new_rgb (5, 3, bytes, &error);
  g_assert_no_error (error);
  g_assert_true (gst_sod_picture_write_png (image, path, &error));
  g_assert_no_error (error);
  again = gst_sod_picture_read_rgb (path, &error);
  g_assert_no_error (error);
  read = gst_sod_image_get_rgb (again);
  g_assert_true (g_bytes_equal (read, bytes));
}

static void
test_mask_is_more_than_128 (Fixture *fixture, gconstpointer data)
{
  static const guint8 samples[] = { 0, 127, 128, 129, 254, 255 };
  Png png = { PNG_COLOR_TYPE_GRAY, 8, 6, 1, samples };
  g_autofree gchar *path = scratch_path (fixture->folder, "m.png");
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GstSodImage) gray = NULL;
  g_autoptr (GError) error = NULL;

  write_png (path, &png);
  mask = read_good_mask (path);
  g_assert_cmpuint (count_foreground (mask), ==, 3);
  g_assert_cmpuint (gray_at (mask, 2, 0), ==, 0);
  g_assert_cmpuint (gray_at (mask, 3, 0), ==, 255);
  gray = gst_sod_picture_read_gray (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gray_at (gray, 1, 0), ==, 127);
}

static void
test_bits_are_spread (Fixture *fixture, gconstpointer data)
{
  static const guint8 one[] = { 0xa0 }; /* 1 0 1 */
  static const guint8 sixteen[] = { 0x80, 0x00, 0x81, 0x80, 0xff, 0xff };
  static const guint8 with_alpha[] = { 200, 0, 10, 255, 255, 9 };
  const Png pngs[] = {
    { PNG_COLOR_TYPE_GRAY, 1, 3, 1, one },
    { PNG_COLOR_TYPE_GRAY, 16, 3, 1, sixteen },
    { PNG_COLOR_TYPE_GRAY_ALPHA, 8, 3, 1, with_alpha },
  };
  static const gboolean expected[][3] = { { 1, 0, 1 }, { 0, 1, 1 },
    { 1, 0, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (pngs); i++) {
    g_autofree gchar *path = scratch_path (fixture->folder, "m.png");
    g_autoptr (GstSodImage) mask = NULL;

    write_png (path, &pngs[i]);
    mask = read_good_mask (path);
    for (gint x = 0; x < 3; x++)
      g_assert_cmpuint (gray_at (mask, x, 0), ==, expected[i][x] ? 255 : 0);
  }
}

static void
test_palettes (Fixture *fixture, gconstpointer data)
{
  static const guint8 samples[] = { 0, 1, 2, 1 };
  static const guint8 objects[] = { 0, 0, 0, 128, 0, 0, 0, 128, 0 };
  static const guint8 grays[] = { 255, 255, 255, 0, 0, 0, 200, 200, 200 };
  static const guint8 colours[] = { 200, 0, 0, 0, 200, 0, 0, 0, 200 };
  Png png = { PNG_COLOR_TYPE_PALETTE, 8, 4, 1, samples, objects, 3 };
  g_autofree gchar *path = scratch_path (fixture->folder, "m.png");
  g_autoptr (GstSodImage) indexed = NULL;
  g_autoptr (GstSodImage) gray = NULL;
  g_autoptr (GError) error = NULL;

  write_png (path, &png);
  indexed = read_good_mask (path);
  g_assert_cmpuint (count_foreground (indexed), ==, 3);
  g_assert_cmpuint (gray_at (indexed, 0, 0), ==, 0);
  g_assert_null (gst_sod_picture_read_gray (path, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, path, "convert", NULL);
  g_clear_error (&error);

  png.palette = grays;
  write_png (path, &png);
  gray = read_good_mask (path);
  g_assert_cmpuint (count_foreground (gray), ==, 2);
  g_assert_cmpuint (gray_at (gray, 0, 0), ==, 255);

  png.palette = colours;
  write_png (path, &png);
  g_assert_null (gst_sod_picture_read_mask (path, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, path, "background", NULL);
}

static void
test_rgb_masks (Fixture *fixture, gconstpointer data)
{
  static const guint8 gray[] = { 255, 255, 255, 3, 3, 3 };
  static const guint8 red[] = { 255, 255, 255, 255, 0, 0 };
  Png png = { PNG_COLOR_TYPE_RGB, 8, 2, 1, gray };
  g_autofree gchar *path = scratch_path (fixture->folder, "m.png");
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GError) error = NULL;

  write_png (path, &png);
  mask = read_good_mask (path);
  g_assert_cmpuint (count_foreground (mask), ==, 1);
  png.samples = red;
  write_png (path, &png);
  g_assert_null (gst_sod_picture_read_mask (path, &error));
  assert_error (
      error, GST_SOD_ERROR_MISMATCH, path, "column 1", "one channel", NULL);
}

static void
test_pnm (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "m.pgm");
  g_autoptr (GstSodImage) text = NULL;
  g_autoptr (GstSodImage) rgb = NULL;
  g_autoptr (GBytes) pixels = NULL;
  g_autoptr (GError) error = NULL;
  static const gchar *const broken[] = { "P5 3 1 255\nab", "P2 2 1 100 7 101",
    "P5 0 1 255\n", "P5 99999999999 1 255\n", "P6 2 1 0\nabcdef", "P5\n# x",
    "P5 65536 65536 255\nabc" };

  write_text (path, "P2\n# said\n3 1\n100\n0 51 100\n");
  text = gst_sod_picture_read_gray (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gray_at (text, 1, 0), ==, 130);
  g_assert_cmpuint (gray_at (text, 2, 0), ==, 255);
  write_text (path, "P6 1 1 255\nabc");
  rgb = gst_sod_picture_read_rgb (path, &error);
  g_assert_no_error (error);
  pixels = gst_sod_image_get_rgb (rgb);
  g_assert_cmpmem (g_bytes_get_data (pixels, NULL), 3, "abc", 3);
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    write_text (path, broken[i]);
    g_test_message ("%s", broken[i]);
    g_assert_null (gst_sod_picture_read_gray (path, &error));
    g_assert_nonnull (strstr (error->message, path));
    g_clear_error (&error);
  }
}

/* Every cut, and every hundredth byte turned over: an error or a picture,
 * never a picture of a file that was cut. */
static void
check_damage (Fixture *fixture, const gchar *name)
{
  g_autofree gchar *path = scratch_path (fixture->folder, name);
  g_autofree gchar *damaged = scratch_path (fixture->folder, "damaged");
  g_autofree gchar *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  for (gsize cut = 1; cut < size - 2; cut += 1 + size / 200) {
    write_bytes (damaged, bytes, cut);
    g_assert_null (gst_sod_picture_read_rgb (damaged, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, damaged));
    g_clear_error (&error);
  }
  for (gsize at = 0; at < size; at += 1 + size / 100) {
    g_autoptr (GstSodImage) image = NULL;

    bytes[at] = (gchar) ~bytes[at];
    write_bytes (damaged, bytes, size);
    image = gst_sod_picture_read_rgb (damaged, &error);
    g_assert_true ((image == NULL) == (error != NULL));
    g_clear_error (&error);
    bytes[at] = (gchar) ~bytes[at];
  }
}

static void
test_damaged_jpeg (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "x.jpg");

  write_jpeg (path, 64, 48, 1);
  check_damage (fixture, "x.jpg");
}

static void
test_damaged_png (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "x.png");

  write_mask (path, 64, 48, 2);
  check_damage (fixture, "x.png");
}

static void
expect (const gchar *path, gint code, const gchar *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_picture_read_rgb (path, &error));
  assert_error (error, code, text, NULL);
}

static void
test_bad_files (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *empty = scratch_path (fixture->folder, "empty.jpg");
  g_autofree gchar *gif = scratch_path (fixture->folder, "x.jpg");
  g_autofree gchar *through = scratch_path (fixture->folder, "missing.png");
  g_autofree gchar *file_as_folder = g_build_filename (gif, "x.png", NULL);
  g_autofree gchar *loop = scratch_path (fixture->folder, "loop.png");

  write_bytes (empty, "", 0);
  expect (empty, GST_SOD_ERROR_FORMAT, "empty.jpg: is empty (0 bytes)");
  write_text (gif, "GIF89a");
  expect (gif, GST_SOD_ERROR_FORMAT, "47 49 46 38");
  expect (through, GST_SOD_ERROR_NOT_FOUND, "missing.png");
  expect (file_as_folder, GST_SOD_ERROR_NOT_FOUND, "is a file");
  expect (fixture->folder, GST_SOD_ERROR_IO, "is a folder");
  g_assert_cmpint (symlink ("loop.png", loop), ==, 0);
  expect (loop, GST_SOD_ERROR_IO, "symbolic links");
}

/* A picture of 60000 x 60000 pixels in a few bytes. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (fixture->folder, "x.png");
  g_autofree gchar *bytes = NULL;
  g_autoptr (GError) error = NULL;
  static const guint8 side[] = { 0, 0, 0xea, 0x60 };
  gsize size;
  guint32 checksum;

  write_mask (path, 8, 8, 1);
  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  memcpy (bytes + 16, side, 4);
  memcpy (bytes + 20, side, 4);
  checksum = 0xffffffff;
  for (gsize i = 12; i < 29; i++) {
    checksum ^= (guint8) bytes[i];
    for (guint bit = 0; bit < 8; bit++)
      checksum = checksum >> 1 ^ (checksum & 1 ? 0xedb88320 : 0);
  }
  checksum = GUINT32_TO_BE (~checksum);
  memcpy (bytes + 29, &checksum, 4);
  write_bytes (path, bytes, size);
  g_assert_null (gst_sod_picture_read_rgb (path, &error));
  assert_error (error, GST_SOD_ERROR_UNSUPPORTED, path, "60000x60000", NULL);
}

static void
test_writes_nothing_in_place (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path =
      g_build_filename (fixture->folder, "no", "such", "x.png", NULL);
  g_autoptr (GstSodImage) image = gst_sod_image_new_gray (4, 4, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_picture_write_png (image, path, &error));
  assert_error (error, GST_SOD_ERROR_IO, path, NULL);
}

#define ADD(name, function)                                                    \
  g_test_add ("/picture/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("jpeg/is-read-as-rgb-whatever-its-name", test_jpeg_is_rgb);
  ADD ("png/rgb-is-read-as-it-was-written", test_rgb_round_trip);
  ADD ("mask/foreground-is-more-than-128", test_mask_is_more_than_128);
  ADD ("mask/other-depths-become-eight-bits", test_bits_are_spread);
  ADD ("mask/palettes-are-indices-grays-or-refused", test_palettes);
  ADD ("mask/colours-are-refused-and-gray-rgb-is-taken", test_rgb_masks);
  ADD ("pnm/is-read-or-refused", test_pnm);
  ADD ("jpeg/cut-off-or-damaged-is-an-error", test_damaged_jpeg);
  ADD ("png/cut-off-or-damaged-is-an-error", test_damaged_png);
  ADD ("bad-files-are-named-with-a-remedy", test_bad_files);
  ADD ("a-bomb-is-refused-by-its-size", test_too_large);
  ADD (
      "png/a-folder-that-is-missing-is-an-error", test_writes_nothing_in_place);
  return g_test_run ();
}
