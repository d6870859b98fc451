/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <png.h>

gchar *
scratch_new (void)
{
  gchar *folder = g_dir_make_tmp ("sod-data-XXXXXX", NULL);

  g_assert_nonnull (folder);
  return folder;
}

static void
remove_below (const gchar *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR)
      && !g_file_test (path, G_FILE_TEST_IS_SYMLINK)) {
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const gchar *name;

    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree gchar *inner = g_build_filename (path, name, NULL);

      remove_below (inner);
    }
  }
  g_remove (path);
}

void
scratch_remove (gchar *folder)
{
  remove_below (folder);
  g_free (folder);
}

gchar *
scratch_path (const gchar *folder, const gchar *name)
{
  gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *above = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (above, 0755), ==, 0);
  return path;
}

void
write_bytes (const gchar *path, gconstpointer data, gsize size)
{
  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

void
write_text (const gchar *path, const gchar *text)
{
  write_bytes (path, text, strlen (text));
}

void
write_jpeg (const gchar *path, gint width, gint height, guint seed)
{
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr manager;
  g_autofree guint8 *row = g_malloc ((gsize) width * 3);
  guint8 *data = NULL;
  unsigned long size = 0;

  info.err = jpeg_std_error (&manager);
  jpeg_create_compress (&info);
  jpeg_mem_dest (&info, &data, &size);
  info.image_width = (guint) width;
  info.image_height = (guint) height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults (&info);
  jpeg_set_quality (&info, 95, TRUE);
  jpeg_start_compress (&info, TRUE);
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++) {
      guint cell = ((guint) (x * 8 / width) * 2654435761u
                       + (guint) (y * 8 / height) * 40503u + seed * 97u)
                   * 2246822519u;

      row[3 * x] = (guint8) (cell >> 24);
      row[3 * x + 1] = (guint8) (cell >> 16);
      row[3 * x + 2] = (guint8) (cell >> 8);
    }
    jpeg_write_scanlines (&info, &row, 1);
  }
  jpeg_finish_compress (&info);
  jpeg_destroy_compress (&info);
  write_bytes (path, data, size);
  free (data);
}

void
write_png (const gchar *path, const Png *png)
{
  FILE *file = g_fopen (path, "wb");
  png_structp writer =
      png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (writer);
  gsize stride;

  g_assert_nonnull (file);
  png_init_io (writer, file);
  png_set_IHDR (writer, info, (guint) png->width, (guint) png->height,
      png->depth, png->colour_type, PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (png->palette != NULL)
    png_set_PLTE (
        writer, info, (png_const_colorp) png->palette, png->n_colours);
  png_write_info (writer, info);
  stride = png_get_rowbytes (writer, info);
  for (gint y = 0; y < png->height; y++)
    png_write_row (writer, png->samples + (gsize) y * stride);
  png_write_end (writer, info);
  png_destroy_write_struct (&writer, &info);
  fclose (file);
}

void
write_mask (const gchar *path, gint width, gint height, gint share)
{
  g_autofree guint8 *samples = g_malloc0 ((gsize) width * height);
  Png png = { PNG_COLOR_TYPE_GRAY, 8, width, height, samples };

  for (gint y = 0; y < height; y++)
    memset (samples + (gsize) y * width, 255, (gsize) (width * share / 4));
  write_png (path, &png);
}

guint8
gray_at (const GstSodImage *image, gint x, gint y)
{
  g_autoptr (GBytes) bytes = gst_sod_image_get_gray (image);
  const guint8 *pixels = g_bytes_get_data (bytes, NULL);

  return pixels[y * gst_sod_image_get_width (image) + x];
}

guint
count_foreground (const GstSodImage *mask)
{
  g_autoptr (GBytes) bytes = gst_sod_image_get_gray (mask);
  gsize n;
  const guint8 *pixels = g_bytes_get_data (bytes, &n);
  guint count = 0;

  for (gsize i = 0; i < n; i++) {
    g_assert_true (pixels[i] == 0 || pixels[i] == 255);
    count += pixels[i] == 255;
  }
  return count;
}

void
assert_error (GError *error, gint code, ...)
{
  const gchar *text;
  va_list texts;

  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_SOD_ERROR, code);
  va_start (texts, code);
  while ((text = va_arg (texts, const gchar *)) != NULL) {
    if (strstr (error->message, text) == NULL)
      g_error ("\"%s\" does not hold \"%s\"", error->message, text);
  }
  va_end (texts);
}

gchar *
find_data (const gchar *name)
{
  const gchar *folder = g_getenv ("SOD_DATA");
  g_autofree gchar *beside = g_build_filename (
      g_getenv ("SOD_SOURCE_DIR"), "..", "shared", "data", NULL);
  g_autofree gchar *path =
      g_build_filename (folder != NULL ? folder : beside, name, NULL);
  g_autofree gchar *reason = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  reason = g_strdup_printf ("no footage: %s is missing (set SOD_DATA)", path);
  g_test_skip (reason);
  return NULL;
}

void
write_davis (const gchar *root, guint n_sequences, guint n_frames)
{
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree gchar *list_path = scratch_path (root, "ImageSets/480p/train.txt");

  for (guint s = 0; s < n_sequences; s++) {
    for (guint f = 0; f < n_frames; f++) {
      g_autofree gchar *image_name =
          g_strdup_printf ("JPEGImages/480p/%c/%05u.jpg", 'a' + s, f);
      g_autofree gchar *mask_name =
          g_strdup_printf ("Annotations/480p/%c/%05u.png", 'a' + s, f);
      g_autofree gchar *image = scratch_path (root, image_name);
      g_autofree gchar *mask = scratch_path (root, mask_name);

      write_jpeg (image, 32, 24, s * 1000 + f);
      write_mask (mask, 32, 24, (gint) (f % 4));
      g_string_append_printf (list, "/%s /%s\n", image_name, mask_name);
    }
  }
  write_text (list_path, list->str);
}
