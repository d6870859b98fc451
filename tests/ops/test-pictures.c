/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pictures to tensors and maps back, by every back end: ref against values
 * worked out by hand, the others against ref. */

#include "picture-case.h"

#include <gst-sod/backend/backend-private.h>

#include <math.h>

/* Greatest difference from ref: of a tensor, in 8-bit codes before the
 * division by std, what f32 loses; of a map, in its codes, since values near
 * the middle between two round either way. */
#define TENSOR_CODES 0.01
#define MAP_CODES 1

static const GstSodInputRule imagenet = {
  .mean = { 0.485f, 0.456f, 0.406f },
  .std = { 0.229f, 0.224f, 0.225f },
};

/* ---- plans whose pictures are looked at ---- */

/* An input of @channels x @height x @width that becomes a map of its size: the
 * mean of the channels, by one convolution. */
static GstSodStream *
open_stream (
    GstSodBackend *backend, gint64 channels, gint64 height, gint64 width)
{
  const GstSodOpAttrs attrs = {
    .channels = 1, .kernel = 1, .stride = 1, .dilation = 1
  };
  GstSodShape shape = gst_sod_shape_nchw (1, channels, 1, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  g_autoptr (GHashTable) weights = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GstSodTensor) weight =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, &error);
  g_autoptr (GstSodExecutable) executable = NULL;
  const guint last_use[2] = { 0, G_MAXUINT };
  GstSodValue input = graph->input;
  GstSodCompileRequest request = {
    .graph = graph,
    .weights = weights,
    .rule = &imagenet,
    .mode = GST_SOD_MODE_INFER,
    .precision = GST_SOD_PRECISION_F32,
    .input = gst_sod_shape_nchw (1, channels, height, width),
    .threads = 1,
    .last_use = last_use,
  };
  GstSodStream *stream;

  g_assert_no_error (error);
  for (gint64 i = 0; i < channels; i++)
    ((gfloat *) gst_sod_tensor_get_data (weight))[i] = 1.0f / channels;
  g_hash_table_insert (weights, (gpointer) "mean.weight", weight);
  gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, "mean", &attrs, &input, 1);
  executable = gst_sod_backend_compile (backend, &request, &error);
  g_assert_no_error (error);
  stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  return stream;
}

static GstSodBackend *
get_ref (void)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *ref = gst_sod_backend_get ("ref", &error);

  g_assert_no_error (error);
  return ref;
}

/* ---- preprocess ---- */

static GstSodTensor *
preprocess (GstSodStream *stream, const GstSodImage *image, gint64 channels,
    gint64 height, gint64 width)
{
  GstSodShape shape = { 3, { channels, height, width, 0 } };
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, &error);

  g_assert_no_error (error);
  stream->klass->preprocess (stream, image, tensor, &error);
  g_assert_no_error (error);
  return tensor;
}

typedef struct
{
  GstSodBackend *backend;
  const PictureFormat *format;
} Trial;

static void
check_codes (const GstSodTensor *found, const GstSodTensor *expected,
    gboolean normalised)
{
  const gfloat *a = gst_sod_tensor_peek_data (found);
  const gfloat *b = gst_sod_tensor_peek_data (expected);
  gsize n = gst_sod_tensor_get_n_elements (found);
  gdouble worst = 0;

  for (gsize i = 0; i < n; i++) {
    gdouble std = normalised ? imagenet.std[i / (n / 3)] : 1;
    gdouble codes = fabs (a[i] - b[i]) * std * 255;

    if (!(codes <= worst))
      worst = codes;
  }
  g_test_message ("worst: %.3g codes", worst);
  g_assert_cmpfloat (worst, <=, TENSOR_CODES);
}

/* Both inputs of the design: the network's, and one that is larger than most
 * pictures here; the channel of the reverse network where the picture is
 * gray. */
static void
test_preprocess_agrees_with_ref (gconstpointer user_data)
{
  static const gint64 sizes[][2] = { { 32, 48 }, { 96, 160 }, { 1, 1 } };
  const Trial *trial = user_data;
  g_autoptr (GstSodImage) image = picture_new (trial->format);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (gint64 channels = trial->format->n_components == 1 ? 1 : 3;
         channels <= 3; channels += 2) {
      gint64 h = sizes[i][0], w = sizes[i][1];
      g_autoptr (GstSodStream) stream =
          open_stream (trial->backend, channels, h, w);
      g_autoptr (GstSodStream) ref = open_stream (get_ref (), channels, h, w);
      g_autoptr (GstSodTensor) found =
          preprocess (stream, image, channels, h, w);
      g_autoptr (GstSodTensor) expected =
          preprocess (ref, image, channels, h, w);

      check_codes (found, expected, channels == 3);
    }
  }
}

/* A picture written into the input is what preprocess() makes of it: the map
 * of both, after the same convolution, is the same. */
static void
test_write_image_is_preprocess (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GstSodImage) image = picture_new (trial->format);
  g_autoptr (GstSodStream) direct = open_stream (trial->backend, 6, 32, 48);
  g_autoptr (GstSodStream) twice = open_stream (trial->backend, 6, 32, 48);
  g_autoptr (GstSodTensor) tensor = preprocess (twice, image, 3, 32, 48);
  g_autoptr (GstSodTensor) a = NULL, b = NULL;
  g_autoptr (GError) error = NULL;
  const gfloat *x, *y;

  for (guint frame = 0; frame < 2; frame++) {
    direct->klass->write_image (direct, 0, frame, image, &error);
    g_assert_no_error (error);
    twice->klass->write_tensor (twice, 0, frame, tensor, &error);
    g_assert_no_error (error);
  }
  direct->klass->execute (direct, &error);
  g_assert_no_error (error);
  twice->klass->execute (twice, &error);
  g_assert_no_error (error);
  a = direct->klass->read_value (direct, 1, &error);
  g_assert_no_error (error);
  b = twice->klass->read_value (twice, 1, &error);
  g_assert_no_error (error);
  x = gst_sod_tensor_peek_data (a);
  y = gst_sod_tensor_peek_data (b);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++)
    g_assert_cmpfloat (fabs (x[i] - y[i]), <=, 1e-5);
}

/* ---- postprocess ---- */

static const gint map_sizes[][2] = { { 48, 32 }, { 639, 361 }, { 1, 1 },
  { 16, 16 }, { 47, 33 }, { 1, 200 }, { 1000, 3 }, { 96, 64 }, { 24, 16 } };

/* Values from under 0 to over 1 become a map of 48x32. */
static void
fill_map (GstSodStream *stream)
{
  GstSodShape shape = { 3, { 1, 32, 48, 0 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, &error);
  gfloat *values = gst_sod_tensor_get_data (tensor);

  g_assert_no_error (error);
  for (gint i = 0; i < 32 * 48; i++)
    values[i] = (gfloat) (0.5 + 0.6 * sin (0.4 * (i % 48) + 0.7 * (i / 48)));
  stream->klass->write_tensor (stream, 0, 0, tensor, &error);
  g_assert_no_error (error);
  stream->klass->execute (stream, &error);
  g_assert_no_error (error);
}

static GstSodImage *
read_map (GstSodStream *stream, gint width, gint height)
{
  g_autoptr (GError) error = NULL;
  GstSodImage *map = gst_sod_image_new_gray (width, height, &error);

  g_assert_no_error (error);
  memset (gst_sod_image_gray_row (map, 0), 0x55, (gsize) width * height);
  stream->klass->read_map (stream, 0, map, &error);
  g_assert_no_error (error);
  return map;
}

static void
test_map_agrees_with_ref (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GstSodStream) stream = open_stream (trial->backend, 1, 32, 48);
  g_autoptr (GstSodStream) ref = open_stream (get_ref (), 1, 32, 48);

  fill_map (stream);
  fill_map (ref);
  for (guint i = 0; i < G_N_ELEMENTS (map_sizes); i++) {
    gint width = map_sizes[i][0], height = map_sizes[i][1];
    g_autoptr (GstSodImage) found = read_map (stream, width, height);
    g_autoptr (GstSodImage) expected = read_map (ref, width, height);
    gint worst = 0;

    for (gint j = 0; j < width * height; j++)
      worst = MAX (worst, ABS (gst_sod_image_gray_row (found, 0)[j]
                               - gst_sod_image_gray_row (expected, 0)[j]));
    g_test_message ("%dx%d: worst %d codes", width, height, worst);
    g_assert_cmpint (worst, <=, MAP_CODES);
  }
}

/* A map may lie in rows that are longer than it, as video frames do. */
static void
test_map_leaves_padding_alone (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GstSodStream) stream = open_stream (trial->backend, 1, 32, 48);
  g_autoptr (GstSodImage) map = gst_sod_image_new_borrowed ();
  g_autofree guint8 *memory = g_malloc (64 * 21);
  g_autoptr (GError) error = NULL;

  memset (memory, 0xaa, 64 * 21);
  gst_sod_image_set_gray (map, memory, 64, 33, 20);
  fill_map (stream);
  stream->klass->read_map (stream, 0, map, &error);
  g_assert_no_error (error);
  for (gint i = 0; i < 21; i++) {
    for (gint j = i < 20 ? 33 : 0; j < 64; j++)
      g_assert_cmphex (memory[i * 64 + j], ==, 0xaa);
  }
}

/* ---- worked out by hand ---- */

/* Four gray columns 0, 60, 120, 240 shrunk to two: the triangle of half base 2
 * around position 0.5 weighs columns 0 to 2 with 3/4, 3/4, 1/4; mirrored on
 * the right. Enlarged to eight: position 0.25 lies between columns 0 and 1. */
static void
test_triangle_and_linear_weights_are_right (void)
{
  static const guint8 row[] = { 0, 60, 120, 240 };
  g_autoptr (GstSodImage) image = gst_sod_image_new_borrowed ();
  g_autoptr (GstSodStream) small = open_stream (get_ref (), 1, 1, 2);
  g_autoptr (GstSodStream) large = open_stream (get_ref (), 1, 3, 8);
  g_autoptr (GstSodTensor) shrunk = NULL, enlarged = NULL;
  const gfloat *x;

  gst_sod_image_set_gray (image, (guint8 *) row, 4, 4, 1);
  shrunk = preprocess (small, image, 1, 1, 2);
  x = gst_sod_tensor_peek_data (shrunk);
  g_assert_cmpfloat_with_epsilon (
      x[0] * 255, (60 * 0.75 + 120 * 0.25) / 1.75, 1e-4);
  g_assert_cmpfloat_with_epsilon (
      x[1] * 255, (60 * 0.25 + 120 * 0.75 + 240 * 0.75) / 1.75, 1e-4);
  enlarged = preprocess (large, image, 1, 3, 8);
  for (gint i = 0; i < 3; i++) {
    static const gdouble expected[] = { 0, 15, 45, 75, 105, 150, 210, 240 };

    x = (const gfloat *) gst_sod_tensor_peek_data (enlarged) + 8 * i;
    for (gint j = 0; j < 8; j++)
      g_assert_cmpfloat_with_epsilon (x[j] * 255, expected[j], 1e-4);
  }
}

/* 10-bit 4:2:0 limited-range white, black and beyond white: clamped. */
static void
test_colours_are_converted_and_normalised (void)
{
  static const guint16 luma[] = { 940, 64, 1023, 502 };
  static const guint16 chroma[] = { 512 };
  static const gdouble expected[] = { 1, 0, 1, 0.5 };
  g_autoptr (GstSodImage) image = gst_sod_image_new_borrowed ();
  g_autoptr (GstSodStream) stream = open_stream (get_ref (), 3, 1, 4);
  g_autoptr (GstSodTensor) tensor = NULL;
  const gfloat *x;

  image->width = 4;
  image->height = 1;
  image->n_components = 3;
  gst_sod_image_set_component (
      image, 0, (const guint8 *) luma, sizeof (luma), 2, 4, 1);
  for (guint i = 1; i < 3; i++)
    gst_sod_image_set_component (
        image, i, (const guint8 *) chroma, sizeof (chroma), 2, 1, 1);
  for (guint i = 0; i < 3; i++) {
    image->components[i].sample_size = 2;
    image->components[i].depth = 10;
  }
  picture_set_yuv_matrix (image, 10);
  tensor = preprocess (stream, image, 3, 1, 4);
  x = gst_sod_tensor_peek_data (tensor);
  for (guint i = 0; i < 3; i++) {
    for (guint j = 0; j < 4; j++)
      g_assert_cmpfloat_with_epsilon (x[i * 4 + j],
          (expected[j] - imagenet.mean[i]) / imagenet.std[i], 1e-5);
  }
}

/* Map codes are the nearest: 0.5 is 127.5 and so 128; outside 0..1 is cut. */
static void
test_map_rounds_to_nearest (void)
{
  static const gfloat values[] = { 0.5f, 0.25f, -3, 2, 1.4f / 255, 1.6f / 255 };
  static const guint8 expected[] = { 128, 64, 0, 255, 1, 2 };
  const gint64 dims[] = { 1, 1, 6 };
  g_autoptr (GstSodStream) stream = open_stream (get_ref (), 1, 1, 6);
  g_autoptr (GBytes) bytes = g_bytes_new_static (values, sizeof (values));
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new_from_bytes (GST_SOD_DTYPE_F32, dims, 3, bytes, &error);
  g_autoptr (GstSodImage) map = NULL;

  g_assert_no_error (error);
  stream->klass->write_tensor (stream, 0, 0, tensor, &error);
  g_assert_no_error (error);
  stream->klass->execute (stream, &error);
  g_assert_no_error (error);
  map = read_map (stream, 6, 1);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (gst_sod_image_gray_row (map, 0)[i], ==, expected[i]);
}

/* ---- what is refused ---- */

static void
test_colour_into_a_gray_input_is_refused (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GstSodStream) stream = open_stream (trial->backend, 1, 32, 48);
  g_autoptr (GstSodImage) image = picture_new (&picture_formats[0]);
  g_autoptr (GError) error = NULL;

  g_assert_false (stream->klass->write_image (stream, 0, 0, image, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

static void
test_a_sample_that_is_not_there_is_refused (gconstpointer user_data)
{
  const Trial *trial = user_data;
  g_autoptr (GstSodStream) stream = open_stream (trial->backend, 1, 32, 48);
  g_autoptr (GstSodImage) image = gst_sod_image_new_gray (9, 9, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (stream->klass->write_image (stream, 1, 0, image, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (stream->klass->write_image (stream, 0, 1, image, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (stream->klass->read_map (stream, 1, image, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

static void
add_trial (GstSodBackend *backend, const PictureFormat *format,
    const gchar *sentence, GTestDataFunc func)
{
  Trial *trial = g_new (Trial, 1);
  g_autofree gchar *path = g_strdup_printf ("/pictures/%s/%s%s%s",
      backend->klass->name, format != NULL ? format->name : "",
      format != NULL ? "-" : "", sentence);

  *trial = (Trial){ backend, format };
  g_test_add_data_func_full (path, trial, func, g_free);
}

int
main (int argc, char *argv[])
{
  GstSodBackend *const *backends = gst_sod_backend_list ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pictures/ref/triangle-and-linear-weights-are-right",
      test_triangle_and_linear_weights_are_right);
  g_test_add_func ("/pictures/ref/colours-are-converted-and-normalised",
      test_colours_are_converted_and_normalised);
  g_test_add_func (
      "/pictures/ref/map-rounds-to-nearest", test_map_rounds_to_nearest);
  for (guint i = 0; backends[i] != NULL; i++) {
    GstSodBackend *b = backends[i];

    for (guint j = 0; picture_formats[j].name != NULL; j++) {
      if (b != get_ref ())
        add_trial (b, &picture_formats[j], "agrees-with-ref",
            test_preprocess_agrees_with_ref);
      add_trial (b, &picture_formats[j], "is-written-as-it-is-preprocessed",
          test_write_image_is_preprocess);
    }
    if (b != get_ref ())
      add_trial (b, NULL, "map-agrees-with-ref", test_map_agrees_with_ref);
    add_trial (
        b, NULL, "map-leaves-padding-alone", test_map_leaves_padding_alone);
    add_trial (b, NULL, "colour-into-a-gray-input-is-refused",
        test_colour_into_a_gray_input_is_refused);
    add_trial (b, NULL, "a-sample-that-is-not-there-is-refused",
        test_a_sample_that_is_not_there_is_refused);
  }
  return g_test_run ();
}
