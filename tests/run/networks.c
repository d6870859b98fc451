/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "networks.h"

#include <math.h>
#include <string.h>

#define RED_MEAN 0.485
#define RED_STD 0.229

static GstSodArchitecture *
new_architecture (gint width, gint height, guint input_frames)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json = g_strdup_printf (
      "{\"kind\":\"base\",\"preset\":\"custom\",\"input-size\":[%d,%d],"
      "\"input-frames\":%u,\"widths\":[16,16,16,16],"
      "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
      width, height, input_frames);
  GstSodArchitecture *architecture =
      gst_sod_architecture_new_from_json (json, &error);

  g_assert_no_error (error);
  return architecture;
}

GstSodNetwork *
test_network_random (gint width, gint height, guint input_frames, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      new_architecture (width, height, input_frames);
  GstSodNetwork *network =
      gst_sod_network_new_random (architecture, seed, &error);

  g_assert_no_error (error);
  return network;
}

static void
free_tensor (gpointer tensor)
{
  gst_sod_tensor_unref (tensor);
}

/* Copies of the weights of @network, those of @zeroed replaced by zeros. */
static GHashTable *
copy_weights (GstSodNetwork *network, const gchar *zeroed)
{
  GHashTable *copy =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_tensor);
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, gst_sod_network_get_weights (network));
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    GstSodTensor *own =
        gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL);

    if (g_str_has_suffix (name, zeroed))
      memset (gst_sod_tensor_get_data (own), 0, gst_sod_tensor_get_size (own));
    g_hash_table_insert (copy, g_strdup (name), own);
  }
  return copy;
}

static gfloat *
weight (GHashTable *weights, const gchar *name)
{
  return gst_sod_tensor_get_data (g_hash_table_lookup (weights, name));
}

static GstSodNetwork *
rebuild (GstSodNetwork *network, GHashTable *weights, gchar *name)
{
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  GstSodNetwork *rebuilt;

  g_hash_table_insert (metadata, g_strdup ("name"), name);
  rebuilt = gst_sod_network_new_from_weights (
      gst_sod_network_get_architecture (network), weights, metadata, &error);

  g_assert_no_error (error);
  return rebuilt;
}

GstSodNetwork *
test_network_constant (gint width, gint height, guint input_frames, guint level)
{
  g_autoptr (GstSodNetwork) network =
      test_network_random (width, height, input_frames, level);
  GHashTable *weights = copy_weights (network, "out.weight");

  weight (weights, "out.bias")[0] =
      (gfloat) log (level / 255.0 / (1 - level / 255.0));
  return rebuild (network, weights, g_strdup_printf ("%u", level));
}

/* Of all convolutions only two weights are left: the middle of the stem's
 * first kernel for the red of the frame before, and the middle of the last
 * layer's for that channel, which reaches it by the skip. */
GstSodNetwork *
test_network_previous (gint width, gint height)
{
  g_autoptr (GstSodNetwork) network = test_network_random (width, height, 2, 1);
  GHashTable *weights = copy_weights (network, ".weight");
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    gfloat *values = gst_sod_tensor_get_data (tensor);

    if (!g_str_has_suffix (name, ".bn.weight"))
      continue;
    for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
      values[i] = 1;
  }
  weight (weights, "stem.k3.conv.weight")[3 * 9 + 4] = 1; /* (8, 6, 3, 3) */
  weight (weights, "out.weight")[4] = 1;                  /* (1, 16, 3, 3) */
  return rebuild (network, weights, g_strdup ("previous"));
}

guint
test_previous_level (guint code)
{
  gdouble red = (code / 255.0 - RED_MEAN) / RED_STD;

  return (guint) lround (255 / (1 + exp (-fmax (red, 0))));
}

GstSodImage *
test_picture_gray (gint width, gint height, guint code)
{
  gsize size = (gsize) width * height * 3;
  guint8 *pixels = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;

  memset (pixels, (gint) code, size);
  bytes = g_bytes_new_take (pixels, size);
  return gst_sod_image_new_rgb (width, height, bytes, NULL);
}

GstSodImage *
test_picture_scene (gint width, gint height, guint seed)
{
  guint8 *pixels = g_malloc ((gsize) width * height * 3), *pixel = pixels;
  gdouble centre_x = width * (0.2 + 0.13 * (seed % 5));
  gdouble centre_y = height * (0.2 + 0.11 * (seed % 6));
  g_autoptr (GBytes) bytes = NULL;

  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++, pixel += 3) {
      gboolean inside = hypot (x - centre_x, y - centre_y) < height / 5.0;

      pixel[0] = (guint8) (inside ? 240 : 255 * x / width);
      pixel[1] =
          (guint8) (inside ? 40 + 20 * (gint) (seed % 9) : 255 * y / height);
      pixel[2] = (guint8) (inside ? 60 : 128);
    }
  }
  bytes = g_bytes_new_take (pixels, (gsize) width * height * 3);
  return gst_sod_image_new_rgb (width, height, bytes, NULL);
}

GstSodImage *
test_map (gint width, gint height)
{
  GstSodImage *map = gst_sod_image_new_gray (width, height, NULL);

  g_assert_nonnull (map);
  return map;
}

guint
test_map_level (const GstSodImage *map)
{
  g_autoptr (GBytes) bytes = gst_sod_image_get_gray (map);
  gsize size;
  const guint8 *pixels = g_bytes_get_data (bytes, &size);

  for (gsize i = 1; i < size; i++)
    g_assert_cmpuint (pixels[i], ==, pixels[0]);
  return pixels[0];
}

guint
test_map_difference (const GstSodImage *a, const GstSodImage *b)
{
  g_autoptr (GBytes) bytes_a = gst_sod_image_get_gray (a);
  g_autoptr (GBytes) bytes_b = gst_sod_image_get_gray (b);
  const guint8 *x = g_bytes_get_data (bytes_a, NULL);
  const guint8 *y = g_bytes_get_data (bytes_b, NULL);
  guint max = 0;

  g_assert_cmpuint (g_bytes_get_size (bytes_a), ==, g_bytes_get_size (bytes_b));
  for (gsize i = 0; i < g_bytes_get_size (bytes_a); i++)
    max = MAX (max, (guint) ABS (x[i] - y[i]));
  return max;
}

GstSodInstance *
test_instance (GstSodBackend *backend, GstSodNetwork *network, guint batch_size)
{
  g_autoptr (GError) error = NULL;
  GstSodInstance *instance = gst_sod_instance_new_on (
      backend, GST_SOD_PRECISION_F32, 1, batch_size, &error);

  g_assert_no_error (error);
  gst_sod_instance_load (instance, network, &error);
  g_assert_no_error (error);
  return instance;
}

GstSodSession *
test_session (GstSodInstance *instance)
{
  g_autoptr (GError) error = NULL;
  GstSodSession *session = gst_sod_session_new (instance, &error);

  g_assert_no_error (error);
  return session;
}
