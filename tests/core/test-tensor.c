/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/half-private.h>
#include <gst-sod/core/tensor-private.h>

#include <float.h>
#include <math.h>
#include <string.h>

static void
test_new_zero (void)
{
  const gint64 dims[] = { 2, 3, 5, 7 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new (GST_SOD_DTYPE_F32, dims, 4, &error);
  const gfloat *data;

  g_assert_no_error (error);
  g_assert_cmpuint (gst_sod_tensor_get_n_dims (tensor), ==, 4);
  g_assert_cmpint (gst_sod_tensor_get_dim (tensor, 3), ==, 7);
  g_assert_cmpuint (gst_sod_tensor_get_n_elements (tensor), ==, 210);
  data = gst_sod_tensor_peek_data (tensor);
  g_assert_cmpuint (GPOINTER_TO_SIZE (data) % GST_SOD_ALIGNMENT, ==, 0);
  for (guint i = 0; i < 210; i++)
    g_assert_cmpfloat (data[i], ==, 0.0f);
}

static void
test_scalar_and_empty (void)
{
  const gint64 dims[] = { 4, 0 };
  g_autoptr (GstSodTensor) scalar =
      gst_sod_tensor_new (GST_SOD_DTYPE_F64, NULL, 0, NULL);
  g_autoptr (GstSodTensor) empty =
      gst_sod_tensor_new (GST_SOD_DTYPE_U8, dims, 2, NULL);

  g_assert_cmpuint (gst_sod_tensor_get_n_elements (scalar), ==, 1);
  g_assert_cmpuint (gst_sod_tensor_get_n_elements (empty), ==, 0);
}

static void
test_rejects_overflow (void)
{
  const gint64 sizes[][4] = {
    { G_MAXINT64, 2, 1, 1 },
    { G_MAXINT32, G_MAXINT32, G_MAXINT32, 1 },
    { -1, 1, 1, 1 },
    { G_MAXINT64 / 4, 1, 1, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_tensor_new (GST_SOD_DTYPE_F32, sizes[i], 4, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  }
}

static void
test_rejects_five_dims (void)
{
  const gint64 dims[] = { 1, 1, 1, 1, 1 };
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_tensor_new (GST_SOD_DTYPE_F32, dims, 5, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "5"));
}

static void
test_refuses_what_memory_cannot_hold (void)
{
  const gint64 dims[] = { G_GINT64_CONSTANT (1) << 58 };
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_tensor_new (GST_SOD_DTYPE_F32, dims, 1, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
}

static void
test_bytes_round_trip (void)
{
  const gint64 dims[] = { 2, 3 };
  const gfloat values[] = { 1, -2, 3.5f, 0, 1e-30f, 7 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) in = g_bytes_new (values, sizeof (values));
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new_from_bytes (GST_SOD_DTYPE_F32, dims, 2, in, &error);
  g_autoptr (GBytes) out = NULL;

  g_assert_no_error (error);
  out = gst_sod_tensor_get_bytes (tensor);
  g_assert_true (g_bytes_equal (in, out));
}

static void
test_bytes_of_wrong_length (void)
{
  const gint64 dims[] = { 2, 3 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new ("1234567", 7);

  g_assert_null (gst_sod_tensor_new_from_bytes (
      GST_SOD_DTYPE_F32, dims, 2, bytes, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "24 bytes, 7"));
}

static void
test_bf16_rounds_to_even (void)
{
  /* 1 + 2^-8 lies half way between two bf16 numbers: even is 1. */
  g_assert_cmpuint (gst_sod_f32_to_bf16 (1.0f), ==, 0x3f80);
  g_assert_cmpuint (gst_sod_f32_to_bf16 (1.00390625f), ==, 0x3f80);
  g_assert_cmpuint (gst_sod_f32_to_bf16 (1.01171875f), ==, 0x3f82);
  g_assert_cmpuint (gst_sod_f32_to_bf16 (-1.005f), ==, 0xbf81);
  g_assert_cmpuint (gst_sod_f32_to_bf16 (INFINITY), ==, 0x7f80);
  g_assert_true (isnan (gst_sod_bf16_to_f32 (gst_sod_f32_to_bf16 (NAN))));
}

/* Between each two neighbours: nearer goes to the nearer, half way to the even
 * one; beyond the last one lies infinity, as if 65536 were there. */
static void
test_f16_rounds_to_even (void)
{
  for (guint i = 0; i < 0x7c00; i++) {
    gfloat low = gst_sod_f16_to_f32 ((guint16) i);
    gfloat high = i < 0x7bff ? gst_sod_f16_to_f32 ((guint16) (i + 1)) : 65536;
    gfloat middle = (low + high) / 2;

    g_assert_cmpfloat (low, <, high);
    g_assert_cmphex (gst_sod_f32_to_f16 (low), ==, i);
    g_assert_cmphex (gst_sod_f32_to_f16 (-low), ==, i | 0x8000);
    g_assert_cmphex (gst_sod_f32_to_f16 (middle), ==, i + i % 2);
    g_assert_cmphex (gst_sod_f32_to_f16 (nextafterf (middle, 0)), ==, i);
    g_assert_cmphex (gst_sod_f32_to_f16 (-nextafterf (middle, INFINITY)), ==,
        (i + 1) | 0x8000);
  }
  g_assert_cmphex (gst_sod_f32_to_f16 (-INFINITY), ==, 0xfc00);
  g_assert_cmphex (gst_sod_f32_to_f16 (FLT_MAX), ==, 0x7c00);
  g_assert_cmpfloat (gst_sod_f16_to_f32 (0x0001), ==, 0x1p-24f);
  g_assert_cmpfloat (gst_sod_f16_to_f32 (0x3c00), ==, 1);
  g_assert_cmpfloat (gst_sod_f16_to_f32 (0xfc00), ==, -INFINITY);
  g_assert_true (isnan (gst_sod_f16_to_f32 (0x7c01)));
  g_assert_true (isnan (gst_sod_f16_to_f32 (gst_sod_f32_to_f16 (-NAN))));
}

/* A little more than half way, less than f32 tells, is no tie. */
static void
test_wide_values_round_once (void)
{
  static const gdouble values[] = { 1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11,
    1 + 3 * 0x1p-11 - 0x1p-40, 0x1p-25 + 0x1p-60, -0x1p-25, 1e300, 1e-300 };
  static const guint16 expected[] = { 0x3c01, 0x3c00, 0x3c01, 0x0001, 0x8000,
    0x7c00, 0 };
  const gint64 dims[] = { G_N_ELEMENTS (values) };
  g_autoptr (GBytes) bytes = g_bytes_new_static (values, sizeof (values));
  g_autoptr (GstSodTensor) f64 =
      gst_sod_tensor_new_from_bytes (GST_SOD_DTYPE_F64, dims, 1, bytes, NULL);
  g_autoptr (GstSodTensor) f16 =
      gst_sod_tensor_convert (f64, GST_SOD_DTYPE_F16, NULL);
  const guint16 *found = gst_sod_tensor_peek_data (f16);

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmphex (found[i], ==, expected[i]);
}

static void
test_convert (void)
{
  const gint64 dims[] = { 3 };
  const gfloat values[] = { 1.5f, -0.333f, 1000.0f };
  g_autoptr (GBytes) bytes = g_bytes_new (values, sizeof (values));
  g_autoptr (GstSodTensor) f32 =
      gst_sod_tensor_new_from_bytes (GST_SOD_DTYPE_F32, dims, 1, bytes, NULL);
  g_autoptr (GstSodTensor) f64 =
      gst_sod_tensor_convert (f32, GST_SOD_DTYPE_F64, NULL);
  g_autoptr (GstSodTensor) bf16 =
      gst_sod_tensor_convert (f32, GST_SOD_DTYPE_BF16, NULL);
  g_autoptr (GstSodTensor) f16 =
      gst_sod_tensor_convert (f32, GST_SOD_DTYPE_F16, NULL);
  g_autoptr (GstSodTensor) widened =
      gst_sod_tensor_convert (f16, GST_SOD_DTYPE_F32, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++) {
    gfloat back = gst_sod_bf16_to_f32 (
        ((const guint16 *) gst_sod_tensor_peek_data (bf16))[i]);

    g_assert_cmpfloat (
        ((const gdouble *) gst_sod_tensor_peek_data (f64))[i], ==, values[i]);
    g_assert_cmpfloat_with_epsilon (back, values[i], fabsf (values[i]) / 256);
    g_assert_cmpfloat_with_epsilon (
        ((const gfloat *) gst_sod_tensor_peek_data (widened))[i], values[i],
        fabsf (values[i]) / 2048);
  }
  g_assert_null (gst_sod_tensor_convert (f32, GST_SOD_DTYPE_U8, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
}

static void
test_shape_text (void)
{
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 192, 320);
  g_autofree gchar *text = gst_sod_shape_to_string (&shape);
  GstSodShape other = shape;

  g_assert_cmpstr (text, ==, "1x3x192x320");
  g_assert_true (gst_sod_shape_equal (&shape, &other));
  other.dims[3] = 319;
  g_assert_false (gst_sod_shape_equal (&shape, &other));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tensor/new/is-zero-and-aligned", test_new_zero);
  g_test_add_func ("/tensor/new/scalar-and-empty", test_scalar_and_empty);
  g_test_add_func ("/tensor/new/rejects-overflow", test_rejects_overflow);
  g_test_add_func ("/tensor/new/rejects-five-dims", test_rejects_five_dims);
  g_test_add_func ("/tensor/new/refuses-what-memory-cannot-hold",
      test_refuses_what_memory_cannot_hold);
  g_test_add_func ("/tensor/bytes/round-trip", test_bytes_round_trip);
  g_test_add_func (
      "/tensor/bytes/rejects-wrong-length", test_bytes_of_wrong_length);
  g_test_add_func ("/tensor/bf16/rounds-to-even", test_bf16_rounds_to_even);
  g_test_add_func ("/tensor/f16/rounds-to-even", test_f16_rounds_to_even);
  g_test_add_func (
      "/tensor/convert/wide-values-round-once", test_wide_values_round_once);
  g_test_add_func ("/tensor/convert/among-floats-only", test_convert);
  g_test_add_func ("/shape/text-and-equality", test_shape_text);
  return g_test_run ();
}
