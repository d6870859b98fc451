/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/image-private.h>

static void
test_rgb (void)
{
  const guint8 pixels[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
  g_autoptr (GBytes) bytes = g_bytes_new (pixels, sizeof (pixels));
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodImage) image = gst_sod_image_new_rgb (2, 2, bytes, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 2);
  g_assert_cmpint (gst_sod_image_get_height (image), ==, 2);
  for (gint i = 0; i < 12; i++)
    g_assert_cmpuint (
        gst_sod_component_code (&image->components[i % 3], i / 6, i / 3 % 2),
        ==, pixels[i]);
  g_assert_cmpfloat_with_epsilon (image->matrix[1][1] * 255, 1, 1e-6);
  g_assert_cmpfloat (image->matrix[1][0], ==, 0);
  g_assert_null (gst_sod_image_get_gray (image));
}

static void
test_rgb_rejects_wrong_length (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("12345", 5);
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_image_new_rgb (2, 2, bytes, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

static void
test_rejects_sizes (void)
{
  const gint sizes[][2] = { { 0, 1 }, { 1, -1 }, { 65537, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_image_new_gray (sizes[i][0], sizes[i][1], &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  }
}

static void
test_gray_rows (void)
{
  g_autoptr (GstSodImage) image = gst_sod_image_new_gray (3, 2, NULL);
  g_autoptr (GBytes) bytes = NULL;

  gst_sod_image_gray_row (image, 1)[2] = 77;
  bytes = gst_sod_image_get_gray (image);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 6);
  g_assert_cmpuint (
      ((const guint8 *) g_bytes_get_data (bytes, NULL))[5], ==, 77);
}

static void
test_gray_from_bytes (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("abcdef", 6);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodImage) image =
      gst_sod_image_new_gray_from_bytes (3, 2, bytes, &error);
  g_autoptr (GBytes) copy = NULL;

  g_assert_no_error (error);
  copy = gst_sod_image_get_gray (image);
  g_assert_true (g_bytes_equal (copy, bytes));
  g_assert_null (gst_sod_image_new_gray_from_bytes (2, 2, bytes, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

static void
test_sixteen_bit_codes (void)
{
  /* P010: ten bits in the upper part of sixteen. */
  const guint8 sample[] = { 0xc0, 0xff };
  GstSodComponent component = {
    .data = sample, .sample_size = 2, .depth = 10, .shift = 6
  };

  g_assert_cmpuint (gst_sod_component_code (&component, 0, 0), ==, 1023);
  component.shift = 0;
  g_assert_cmpuint (gst_sod_component_code (&component, 0, 0), ==, 0x3c0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/rgb/holds-the-pixels", test_rgb);
  g_test_add_func (
      "/image/rgb/rejects-wrong-length", test_rgb_rejects_wrong_length);
  g_test_add_func ("/image/rejects-sizes-out-of-range", test_rejects_sizes);
  g_test_add_func ("/image/gray/rows-and-copy", test_gray_rows);
  g_test_add_func ("/image/gray/takes-bytes", test_gray_from_bytes);
  g_test_add_func ("/image/component/ten-bit-codes", test_sixteen_bit_codes);
  return g_test_run ();
}
