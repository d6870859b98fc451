/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-support.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

void
use_memory (void)
{
  if (access ("/dev/shm", W_OK | X_OK) == 0)
    g_setenv ("TMPDIR", "/dev/shm", TRUE);
}

GstSodStore *
open_store (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  GstSodStore *store =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_CREATE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (store);
  return store;
}

GstSodImage *
make_frame (gint width, gint height, guint seed)
{
  g_autofree guint8 *pixels = g_malloc ((gsize) width * height * 3);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GBytes) bytes = NULL;
  gdouble waves[3][3];

  for (guint i = 0; i < 9; i++)
    waves[i / 3][i % 3] = g_rand_double_range (random, 0.5, 6);
  for (gint i = 0; i < width * height * 3; i++) {
    gdouble x = (gdouble) (i / 3 % width) / width;
    gdouble y = (gdouble) (i / 3 / width) / height;
    const gdouble *w = waves[i % 3];

    pixels[i] = (guint8) (127.5 + 60 * sin (w[0] * x * 6 + w[2])
                          + 60 * cos (w[1] * y * 6 + w[0] * x));
  }
  bytes = g_bytes_new (pixels, (gsize) width * height * 3);
  return gst_sod_image_new_rgb (width, height, bytes, NULL);
}

GstSodImage *
make_label (gint width, gint height, gint columns)
{
  g_autofree guint8 *pixels = g_malloc0 ((gsize) width * height);
  g_autoptr (GBytes) bytes = NULL;

  for (gint y = 0; y < height; y++)
    memset (pixels + y * width, 255, (gsize) columns);
  bytes = g_bytes_new (pixels, (gsize) width * height);
  return gst_sod_image_new_gray_from_bytes (width, height, bytes, NULL);
}

gchar *
append (GstSodStore *store, const gchar *node, GstSodImage *frame,
    GstSodImage *label, gint64 time)
{
  g_autoptr (GError) error = NULL;
  gchar *id = NULL;
  gboolean done =
      gst_sod_store_append (store, node, frame, label, time, &id, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  return id;
}

void
assert_near (GstSodImage *found, GstSodImage *wanted, guint tolerance)
{
  g_autoptr (GBytes) left = gst_sod_image_get_rgb (wanted);
  g_autoptr (GBytes) right = gst_sod_image_get_rgb (found);
  const guint8 *a, *b;
  gsize size;
  guint64 off = 0;

  a = g_bytes_get_data (left, &size);
  g_assert_cmpuint (g_bytes_get_size (right), ==, size);
  b = g_bytes_get_data (right, NULL);
  for (gsize i = 0; i < size; i++)
    off += (guint64) ABS (a[i] - b[i]);
  g_assert_cmpuint (off, <=, tolerance * size);
}

void
assert_sample (GstSodSamples *samples, guint sample, GstSodImage *frame,
    GstSodImage *label, guint tolerance)
{
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_samples_read (samples, sample, &image, &mask, &error);
  g_assert_no_error (error);
  assert_near (image, frame, tolerance);
  g_assert_true ((label == NULL) == (mask == NULL));
  if (label != NULL) {
    g_autoptr (GBytes) drawn = gst_sod_image_get_gray (label);
    g_autoptr (GBytes) read = gst_sod_image_get_gray (mask);

    g_assert_true (g_bytes_equal (drawn, read));
  }
}

gint64
statistic (GstSodStore *store, const gchar *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = gst_sod_store_get_statistics (store, &error);
  g_autoptr (JsonNode) root = NULL;

  g_assert_no_error (error);
  root = json_from_string (text, NULL);
  g_assert_true (json_object_has_member (json_node_get_object (root), name));
  return json_object_get_int_member (json_node_get_object (root), name);
}

guint
count_readable (GstSodSamples *samples)
{
  guint n = 0;

  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++) {
    g_autoptr (GstSodImage) image = NULL;
    g_autoptr (GstSodImage) mask = NULL;
    g_autoptr (GError) error = NULL;

    if (gst_sod_samples_read (samples, i, &image, &mask, &error))
      n++;
    else
      g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
  }
  return n;
}

gchar *
segment_path (const gchar *store, const gchar *node, guint index)
{
  return g_strdup_printf ("%s/%s/%08u.sod", store, node, index);
}

void
write_store (const gchar *path, guint n)
{
  g_autoptr (GstSodStore) store = open_store (path);

  g_object_set (
      store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
  for (guint i = 1; i <= n; i++) {
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autofree gchar *id = append (store, "door", frame, NULL, i * 40000);
  }
}
