/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pictures to tensors and maps back on the device, against the rule as the
 * reference back end has it. */
#include "../ops/picture-case.h"
#include "device-support.h"

#include <gst-sod/backend/ref/picture-private.h>

#include <math.h>
#include <string.h>

/* Greatest difference from ref, in 8-bit codes before the division by std: of
 * f32, what sums lose; of halves, their rounding of up to 2.7, and of a map
 * near the middle between two codes, which is rounded either way. */
static const gdouble tolerances[] = { 0.01, 0.08, 0.6 };
#define MAP_CODES 1

static const GstSodInputRule imagenet = {
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
};

/* ---- preprocess ---- */

/* @image with its samples on the device. */
static GstSodCudaPicture
put_picture (TestDevice *device, const GstSodImage *image, gint channels)
{
  GstSodCudaPicture picture = { .n_components = (gint) image->n_components,
    .gray = channels == 1 };

  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *from = &image->components[i];
    gsize size = (gsize) (from->height - 1) * (gsize) from->stride
                 + (gsize) (from->width - 1) * (gsize) from->pixel_stride
                 + from->sample_size;

    picture.components[i] = (GstSodCudaComponent){
      .data = test_device_put (device, from->data, size),
      .stride = from->stride,
      .pixel_stride = from->pixel_stride,
      .width = from->width,
      .height = from->height,
      .sample_size = from->sample_size,
      .depth = from->depth,
      .shift = from->shift,
      .x_first = from->x_first,
      .x_step = from->x_step,
      .y_first = from->y_first,
      .y_step = from->y_step,
    };
  }
  for (guint i = 0; i < 3; i++) {
    memcpy (picture.matrix[i], image->matrix[i], sizeof (picture.matrix[i]));
    picture.mean[i] = imagenet.mean[i];
    picture.std[i] = imagenet.std[i];
  }
  return picture;
}

/* (channels, h, w) */
static gdouble *
work_out (const GstSodImage *image, gint channels, gint h, gint w)
{
  g_autoptr (GError) error = NULL;
  g_autofree gdouble *row = g_new (gdouble, 4096);
  gdouble *planes = g_new (gdouble, 3 * (gsize) h * (gsize) w);
  GstSodRefPicture picture = {
    .image = image,
    .rule = &imagenet,
    .channels = channels,
    .height = h,
    .width = w,
    .row = row,
  };

  gst_sod_ref_preprocess (&picture, planes, &error);
  g_assert_no_error (error);
  return planes;
}

/* Into channels 3 to 5 of a wider tensor, as the second frame of two. */
static void
check_preprocess (
    const GstSodImage *image, gint channels, gint h, gint w, guint type)
{
  g_auto (TestDevice) device = { NULL };
  g_autofree gdouble *expected = work_out (image, channels, h, w);
  g_autofree gfloat *found = NULL;
  gdouble worst = 0;
  GstSodCudaPicture picture;
  GstSodCudaView view;

  test_device_init (&device);
  picture = put_picture (&device, image, channels);
  view = test_device_view (
      &device, (GstSodCudaType) type, 1, h, w, channels, 8, 3);
  gst_sod_cuda_kernel_preprocess (
      test_device_get_stream (&device), &picture, &view);
  test_device_check (&device, "preprocess");
  found = test_device_get_view (&device, &view);
  for (gint i = 0; i < h * w * channels; i++) {
    gint channel = i % channels, pixel = i / channels;
    gdouble codes = 255 * fabs (found[i] - expected[channel * h * w + pixel]);

    if (channels == 3)
      codes *= imagenet.std[channel];
    if (!(codes <= worst))
      worst = codes;
  }
  if (!(worst <= tolerances[type]))
    g_test_message ("%dx%d, type %u: worst %g codes", w, h, type, worst);
  g_assert_true (worst <= tolerances[type]);
}

static void
test_preprocess_agrees_with_ref (gconstpointer data)
{
  static const gint sizes[][2] = { { 32, 48 }, { 96, 160 }, { 1, 1 } };
  const PictureFormat *format = data;
  g_autoptr (GstSodImage) image = picture_new (format);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (guint type = 0; type < GST_SOD_CUDA_N_TYPES; type++) {
      check_preprocess (image, 3, sizes[i][0], sizes[i][1], type);
      if (format->n_components == 1)
        check_preprocess (image, 1, sizes[i][0], sizes[i][1], type);
    }
  }
}

/* A picture whose rows lie bottom up has a negative stride. */
static void
test_rows_may_lie_bottom_up (void)
{
  g_auto (TestDevice) device = { NULL };
  guint8 pixels[6 * 4];
  GstSodCudaPicture picture;
  GstSodCudaView view;
  g_autoptr (GstSodImage) image = gst_sod_image_new_borrowed ();
  g_autofree gfloat *found = NULL;

  test_device_init (&device);
  for (guint i = 0; i < sizeof (pixels); i++)
    pixels[i] = (guint8) (10 * i);
  gst_sod_image_set_gray (image, pixels, 4, 4, 6);
  picture = put_picture (&device, image, 1);
  picture.components[0].data += 5 * 4;
  picture.components[0].stride = -4;
  view = test_device_view (&device, GST_SOD_CUDA_F32, 1, 6, 4, 1, 1, 0);
  gst_sod_cuda_kernel_preprocess (
      test_device_get_stream (&device), &picture, &view);
  test_device_check (&device, "preprocess");
  found = test_device_get_view (&device, &view);
  for (guint i = 0; i < sizeof (pixels); i++)
    g_assert_cmpfloat_with_epsilon (
        found[i] * 255, pixels[(5 - i / 4) * 4 + i % 4], 1e-4);
}

/* ---- postprocess ---- */

/* Maps with values from under 0 to over 1, alone in their tensor and beside
 * other channels. */
static void
check_postprocess (gint width, gint height, guint type, gint stride)
{
  enum
  {
    W = 48,
    H = 32
  };
  g_auto (TestDevice) device = { NULL };
  g_autofree gdouble *values = g_new (gdouble, W * H);
  g_autofree gdouble *row = g_new (gdouble, W);
  g_autofree gfloat *floats = g_new (gfloat, W * H);
  g_autofree guint8 *found = g_malloc ((gsize) (width + 3) * height);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (width, height, &error);
  GstSodCudaView view;
  guint8 *gray;

  g_assert_no_error (error);
  test_device_init (&device);
  view = test_device_view (
      &device, (GstSodCudaType) type, 1, H, W, 1, stride, stride - 1);
  for (gint i = 0; i < W * H; i++) {
    floats[i] = test_round (
        view.type, (gfloat) (0.5 + 0.6 * sin (0.4 * (i % W) + 0.7 * (i / W))));
    values[i] = floats[i];
  }
  test_device_put_view (&device, &view, floats);
  gray = test_device_alloc (&device, (gsize) (width + 3) * height);
  gst_sod_cuda_kernel_postprocess (
      test_device_get_stream (&device), &view, gray, width + 3, width, height);
  test_device_check (&device, "postprocess");
  test_device_get (&device, gray, found, (gsize) (width + 3) * height);
  gst_sod_ref_postprocess (values, H, W, row, map);
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++)
      g_assert_cmpint (
          ABS (found[y * (width + 3) + x] - gst_sod_image_gray_row (map, y)[x]),
          <=, MAP_CODES);
    for (gint x = width; x < width + 3; x++)
      g_assert_cmphex (found[y * (width + 3) + x], ==, 0x5a);
  }
}

static void
test_postprocess_agrees_with_ref (void)
{
  static const gint sizes[][2] = { { 48, 32 }, { 639, 361 }, { 1, 1 },
    { 16, 16 }, { 47, 33 }, { 1, 200 }, { 1000, 3 }, { 96, 64 }, { 24, 16 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (guint type = 0; type < GST_SOD_CUDA_N_TYPES; type++)
      check_postprocess (sizes[i][0], sizes[i][1], type, 1 + (gint) (i % 4));
  }
}

int
main (int argc, char *argv[])
{
  g_autofree gchar *reason = test_device_find_reason ();

  g_test_init (&argc, &argv, NULL);
  if (reason != NULL) {
    g_print ("1..0 # SKIP %s\n", reason);
    return 0;
  }
  for (guint i = 0; picture_formats[i].name != NULL; i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/pictures/%s/agrees-with-ref", picture_formats[i].name);

    g_test_add_data_func (
        path, &picture_formats[i], test_preprocess_agrees_with_ref);
  }
  g_test_add_func (
      "/pictures/rows-may-lie-bottom-up", test_rows_may_lie_bottom_up);
  g_test_add_func (
      "/pictures/maps-agree-with-ref", test_postprocess_agrees_with_ref);
  return g_test_run ();
}
