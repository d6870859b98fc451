/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "networks.h"

#include <gst-sod/run/reconstruct.h>

#include <math.h>
#include <string.h>

#define WIDTH 32
#define HEIGHT 16

static GstSodArchitecture *
new_architecture (const gchar *input_size, const gchar *blocks)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json =
      g_strdup_printf ("{\"kind\":\"reverse\",\"preset\":\"test\","
                       "\"input-size\":[%s],\"stem-width\":32,\"growth\":16,"
                       "\"blocks\":[%s]}",
          input_size, blocks);
  GstSodArchitecture *architecture =
      gst_sod_architecture_new_from_json (json, &error);

  g_assert_no_error (error);
  return architecture;
}

static GstSodNetwork *
new_random (guint64 seed)
{
  g_autoptr (GstSodArchitecture) architecture =
      new_architecture ("32,16", "1,1,1,1,1,1,1,1");
  g_autoptr (GError) error = NULL;
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

/* It imagines one colour, whatever it sees. */
static GstSodNetwork *
new_constant (const gdouble *rgb)
{
  g_autoptr (GstSodNetwork) random = new_random (1);
  GHashTable *weights =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_tensor);
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer name, tensor;
  GstSodNetwork *network;

  g_hash_table_iter_init (&iter, gst_sod_network_get_weights (random));
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    GstSodTensor *copy =
        gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL);
    gfloat *values = gst_sod_tensor_get_data (copy);

    if (g_str_equal (name, "out.weight"))
      memset (values, 0, gst_sod_tensor_get_size (copy));
    if (g_str_equal (name, "out.bias")) {
      for (guint i = 0; i < 3; i++)
        values[i] = (gfloat) atanh (rgb[i]);
    }
    g_hash_table_insert (weights, g_strdup (name), copy);
  }
  network = gst_sod_network_new_from_weights (
      gst_sod_network_get_architecture (random), weights, NULL, &error);
  g_assert_no_error (error);
  return network;
}

static GstSodReconstructor *
new_reconstructor (gconstpointer backend, GstSodNetwork *network)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodInstance) instance = gst_sod_instance_new_on (
      (GstSodBackend *) backend, GST_SOD_PRECISION_F32, 1, 1, &error);
  GstSodReconstructor *reconstructor;

  g_assert_no_error (error);
  gst_sod_instance_set_kind (instance, GST_SOD_NETWORK_REVERSE);
  gst_sod_instance_load (instance, network, &error);
  g_assert_no_error (error);
  reconstructor = gst_sod_reconstructor_new (instance, &error);
  g_assert_no_error (error);
  return reconstructor;
}

static GstSodImage *
new_rgb (gint width, gint height)
{
  return test_picture_gray (width, height, 0);
}

static void
imagine (GstSodReconstructor *self, const GstSodImage *map, GstSodImage *image)
{
  g_autoptr (GError) error = NULL;

  gst_sod_reconstructor_imagine (self, map, image, NULL, &error);
  g_assert_no_error (error);
}

static gdouble
measure (
    GstSodReconstructor *self, const GstSodImage *map, const GstSodImage *frame)
{
  g_autoptr (GError) error = NULL;
  gdouble difference = -1;

  gst_sod_reconstructor_measure (self, map, frame, &difference, NULL, &error);
  g_assert_no_error (error);
  return difference;
}

static guint
sample (const GstSodImage *image, guint component, gint x, gint y)
{
  return gst_sod_component_code (&image->components[component], y, x);
}

static void
test_constant (gconstpointer backend)
{
  static const gdouble rgb[] = { -0.5, 0, 0.75 };
  static const guint codes[] = { 64, 128, 223 };
  static const gint sizes[][2] = { { 1, 1 }, { 16, 8 }, { 37, 91 } };
  g_autoptr (GstSodNetwork) network = new_constant (rgb);
  g_autoptr (GstSodReconstructor) self = new_reconstructor (backend, network);
  gint width, height;

  gst_sod_reconstructor_get_image_size (self, &width, &height);
  g_assert_cmpint (width, ==, WIDTH / 2);
  g_assert_cmpint (height, ==, HEIGHT / 2);
  g_assert_true (gst_sod_reconstructor_get_network (self) == network);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GstSodImage) map = test_map (sizes[i][1], sizes[i][0]);
    g_autoptr (GstSodImage) image = new_rgb (sizes[i][0], sizes[i][1]);

    imagine (self, map, image);
    for (gint y = 0; y < sizes[i][1]; y++) {
      for (gint x = 0; x < sizes[i][0]; x++) {
        for (guint c = 0; c < 3; c++)
          g_assert_cmpuint (sample (image, c, x, y), ==, codes[c]);
      }
    }
  }
}

/* abs (2 * code / 255 - 1 - o), the mean over three colours, at any size. */
static void
test_difference (gconstpointer backend)
{
  static const gdouble rgb[] = { -0.5, 0, 0.75 };
  static const guint codes[] = { 0, 77, 255 };
  g_autoptr (GstSodNetwork) network = new_constant (rgb);
  g_autoptr (GstSodReconstructor) self = new_reconstructor (backend, network);
  g_autoptr (GstSodImage) map = test_map (9, 5);

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autoptr (GstSodImage) frame = test_picture_gray (21, 43, codes[i]);
    gdouble expected = 0;

    for (guint c = 0; c < 3; c++)
      expected += fabs (2 * codes[i] / 255.0 - 1 - rgb[c]) / 3;
    g_assert_cmpfloat_with_epsilon (measure (self, map, frame), expected, 1e-5);
  }
}

/* A frame of the network's own size against its 2x2 means, worked out here;
 * and as gray, and in another order of bytes. */
static void
test_half_size (gconstpointer backend)
{
  static const gdouble rgb[] = { 0.25, -0.25, 0.5 };
  g_autoptr (GstSodNetwork) network = new_constant (rgb);
  g_autoptr (GstSodReconstructor) self = new_reconstructor (backend, network);
  g_autoptr (GstSodImage) map = test_map (WIDTH, HEIGHT);
  g_autoptr (GstSodImage) frame = test_picture_scene (WIDTH, HEIGHT, 3);
  gdouble expected = 0;

  for (guint c = 0; c < 3; c++) {
    for (gint y = 0; y < HEIGHT; y += 2) {
      for (gint x = 0; x < WIDTH; x += 2) {
        guint sum = sample (frame, c, x, y) + sample (frame, c, x + 1, y)
                    + sample (frame, c, x, y + 1)
                    + sample (frame, c, x + 1, y + 1);

        expected += fabs (sum / 510.0 - 1 - rgb[c]);
      }
    }
  }
  expected /= 3 * (WIDTH / 2) * (HEIGHT / 2);
  g_assert_cmpfloat_with_epsilon (measure (self, map, frame), expected, 1e-5);
}

/* Every back end imagines what the plain one does, and the map matters. */
static void
test_agrees_with_ref (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) network = new_random (4);
  g_autoptr (GstSodReconstructor) a =
      new_reconstructor (gst_sod_backend_get ("ref", NULL), network);
  g_autoptr (GstSodReconstructor) b = new_reconstructor (backend, network);
  g_autoptr (GstSodImage) map = test_map (WIDTH, HEIGHT);
  g_autoptr (GstSodImage) frame = test_picture_scene (50, 40, 1);
  g_autoptr (GstSodImage) image_a = new_rgb (51, 37);
  g_autoptr (GstSodImage) image_b = new_rgb (51, 37);
  gdouble empty = measure (b, map, frame);

  for (gint y = 4; y < 12; y++)
    memset (gst_sod_image_gray_row (map, y) + 8, 255, 12);
  imagine (a, map, image_a);
  imagine (b, map, image_b);
  for (gint y = 0; y < 37; y++) {
    for (gint x = 0; x < 51; x++) {
      for (guint c = 0; c < 3; c++)
        g_assert_cmpint (ABS ((gint) sample (image_a, c, x, y)
                              - (gint) sample (image_b, c, x, y)),
            <=, 1);
    }
  }
  g_assert_cmpfloat_with_epsilon (
      measure (a, map, frame), measure (b, map, frame), 1e-4);
  g_assert_cmpfloat (fabs (measure (b, map, frame) - empty), >, 1e-5);
}

/* ---- golden values ---- */

/* Channels of sample @index of an (n, c, h, w) tensor of @low to 1 as 16-bit
 * codes, each @scale x @scale pixels of a picture. */
static GstSodImage *
to_picture (const GstSodTensor *tensor, gint64 index, gdouble low, gint scale,
    guint16 *codes)
{
  gint c = (gint) gst_sod_tensor_get_dim (tensor, 1);
  gint h = (gint) gst_sod_tensor_get_dim (tensor, 2);
  gint w = (gint) gst_sod_tensor_get_dim (tensor, 3);
  const gfloat *values =
      (const gfloat *) gst_sod_tensor_peek_data (tensor) + index * c * h * w;
  GstSodImage *image = gst_sod_image_new_borrowed ();

  image->width = w * scale;
  image->height = h * scale;
  image->n_components = (guint) c;
  for (gint i = 0; i < c; i++) {
    guint16 *plane = codes + (gsize) i * image->width * image->height;

    for (gint y = 0; y < image->height; y++) {
      for (gint x = 0; x < image->width; x++) {
        gdouble value = values[((gsize) i * h + y / scale) * w + x / scale];

        plane[(gsize) y * image->width + x] = GUINT16_TO_LE (
            (guint16) lround ((value - low) / (1 - low) * 65535));
      }
    }
    gst_sod_image_set_component (image, (guint) i, (const guint8 *) plane,
        image->width * 2, 2, image->width, image->height);
    image->components[i].sample_size = 2;
    image->components[i].depth = 16;
  }
  gst_sod_image_set_full_range (image, 16);
  return image;
}

static gdouble
mean_difference (const GstSodTensor *a, const GstSodTensor *b, gint64 index)
{
  gsize n = gst_sod_tensor_get_n_elements (a) / gst_sod_tensor_get_dim (a, 0);
  const gfloat *x = (const gfloat *) gst_sod_tensor_peek_data (a) + index * n;
  const gfloat *y = (const gfloat *) gst_sod_tensor_peek_data (b) + index * n;
  gdouble sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += fabs (x[i] - y[i]);
  return sum / n;
}

/* The difference of another framework's image and target. */
static void
test_golden (gconstpointer backend)
{
  g_autoptr (GHashTable) golden = golden_read ("golden_reverse.safetensors");
  GHashTable *weights = golden_read ("reverse_init.safetensors");
  g_autoptr (GstSodArchitecture) architecture =
      new_architecture ("160,96", "1,4,8,8,8,8,4,1");
  g_autofree guint16 *map_codes = g_new (guint16, 160 * 96);
  g_autofree guint16 *frame_codes = g_new (guint16, 3 * 160 * 96);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GstSodReconstructor) self = NULL;
  g_autoptr (GError) error = NULL;

  if (golden == NULL || weights == NULL)
    return;
  network =
      gst_sod_network_new_from_weights (architecture, weights, NULL, &error);
  g_assert_no_error (error);
  self = new_reconstructor (backend, network);
  for (gint64 i = 0; i < 4; i++) {
    g_autoptr (GstSodImage) map =
        to_picture (g_hash_table_lookup (golden, "map"), i, 0, 1, map_codes);
    g_autoptr (GstSodImage) frame = to_picture (
        g_hash_table_lookup (golden, "target"), i, -1, 2, frame_codes);
    gdouble expected =
        mean_difference (g_hash_table_lookup (golden, "output_eval"),
            g_hash_table_lookup (golden, "target"), i);

    g_assert_cmpfloat_with_epsilon (measure (self, map, frame), expected, 1e-4);
  }
}

/* ---- failures ---- */

static void
test_wrong_pictures (void)
{
  static const gdouble rgb[] = { 0, 0, 0 };
  g_autoptr (GstSodNetwork) network = new_constant (rgb);
  g_autoptr (GstSodReconstructor) self =
      new_reconstructor (gst_sod_backend_get ("ref", NULL), network);
  g_autoptr (GstSodImage) map = test_map (8, 8);
  g_autoptr (GstSodImage) image = new_rgb (8, 8);
  g_autoptr (GError) error = NULL;
  gdouble difference;

  g_assert_false (
      gst_sod_reconstructor_imagine (self, image, image, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gst_sod_reconstructor_imagine (self, map, map, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gst_sod_reconstructor_measure (
      self, image, image, &difference, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

static void
test_kinds (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodInstance) instance = gst_sod_instance_new_reverse (
      "cpu", GST_SOD_PRECISION_F32, 1, NULL, &error);
  g_autoptr (GstSodNetwork) base = test_network_constant (32, 16, 1, 80);
  g_autoptr (GstSodNetwork) reverse = new_random (1);

  g_assert_no_error (error);
  g_assert_null (gst_sod_reconstructor_new (instance, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gst_sod_instance_load (instance, base, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "kind reverse"));
  g_clear_error (&error);
  g_assert_true (gst_sod_instance_load (instance, reverse, &error));
}

static void
test_cancelled (void)
{
  g_autoptr (GstSodNetwork) network = new_random (1);
  g_autoptr (GstSodReconstructor) self =
      new_reconstructor (gst_sod_backend_get ("ref", NULL), network);
  g_autoptr (GstSodImage) map = test_map (8, 8);
  g_autoptr (GstSodImage) image = new_rgb (8, 8);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (
      gst_sod_reconstructor_imagine (self, map, image, cancellable, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const gchar *name;
    void (*test) (gconstpointer);
  } tests[] = {
    { "one-colour-stays-one-at-any-size", test_constant },
    { "difference-is-the-mean-over-colours", test_difference },
    { "frames-are-averaged-to-half-size", test_half_size },
    { "agrees-with-ref", test_agrees_with_ref },
    { "golden-difference-holds", test_golden },
  };

  g_test_init (&argc, &argv, NULL);
  for (GstSodBackend *const *backend = gst_sod_backend_list ();
       *backend != NULL; backend++) {
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree gchar *path = g_strdup_printf (
          "/reconstruct/%s/%s", (*backend)->klass->name, tests[i].name);

      g_test_add_data_func (path, *backend, tests[i].test);
    }
  }
  g_test_add_func (
      "/reconstruct/pictures-of-other-kinds-are-refused", test_wrong_pictures);
  g_test_add_func (
      "/reconstruct/networks-of-other-kinds-are-refused", test_kinds);
  g_test_add_func ("/reconstruct/cancelled-work-says-so", test_cancelled);
  return g_test_run ();
}
