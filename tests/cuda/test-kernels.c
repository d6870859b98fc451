/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Kernels on views of every layout and size, where the op tests know dense and
 * small ones only. */
#include "device-support.h"

#include <gst-sod/core/half-private.h>
#include <math.h>
#include <string.h>

static const GstSodCudaType types[] = { GST_SOD_CUDA_F32, GST_SOD_CUDA_F16,
  GST_SOD_CUDA_BF16 };

/* ---- rounding ---- */

/* The device's own conversions are the library's, bit for bit: all halves, what
 * lies half way between two of them, and a little to each side. */
static void
test_halves_round_as_on_the_host (void)
{
  enum
  {
    N = 0x7c00 * 6
  };
  g_auto (TestDevice) device = { NULL };
  g_autofree gfloat *values = g_new (gfloat, N);
  GstSodCudaView from, to;

  test_device_init (&device);
  for (guint i = 0; i < 0x7c00; i++) {
    gfloat low = gst_sod_f16_to_f32 ((guint16) i);
    gfloat high = i < 0x7bff ? gst_sod_f16_to_f32 ((guint16) (i + 1)) : 65536;
    gfloat middle = (low + high) / 2;
    gfloat *six = values + 6 * i;

    six[0] = low;
    six[1] = middle;
    six[2] = nextafterf (middle, 0);
    six[3] = -nextafterf (middle, INFINITY);
    six[4] = gst_sod_bf16_to_f32 ((guint16) i) * 1.00390625f;
    six[5] = (gfloat) i * 2.3e34f; /* beyond all of them */
  }
  from = test_device_view (&device, GST_SOD_CUDA_F32, 1, 1, N / 8, 8, 8, 0);
  test_device_put_view (&device, &from, values);
  for (guint i = 1; i < G_N_ELEMENTS (types); i++) {
    g_autofree gfloat *found = NULL;

    to = test_device_view (&device, types[i], 1, 1, N / 8, 8, 8, 0);
    gst_sod_cuda_kernel_copy (test_device_get_stream (&device), &from, &to);
    test_device_check (&device, "copy");
    found = test_device_get_view (&device, &to);
    for (gsize j = 0; j < N; j++)
      g_assert_cmpfloat (found[j], ==, test_round (types[i], values[j]));
  }
}

static void
test_what_is_no_number_stays_none (void)
{
  static const gfloat values[] = { NAN, -NAN, INFINITY, -INFINITY, 0, -0.0f, 1,
    -2 };
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    GstSodCudaView x =
        test_device_view (&device, GST_SOD_CUDA_F32, 1, 1, 1, 8, 8, 0);
    GstSodCudaView half =
        test_device_view (&device, types[i], 1, 1, 1, 8, 8, 0);
    GstSodCudaView y =
        test_device_view (&device, GST_SOD_CUDA_F32, 1, 1, 1, 8, 8, 0);
    g_autofree gfloat *found = NULL;

    test_device_put_view (&device, &x, values);
    gst_sod_cuda_kernel_copy (test_device_get_stream (&device), &x, &half);
    gst_sod_cuda_kernel_copy (test_device_get_stream (&device), &half, &y);
    test_device_check (&device, "copy");
    found = test_device_get_view (&device, &y);
    g_assert_true (isnan (found[0]) && isnan (found[1]));
    for (guint j = 2; j < 8; j++)
      g_assert_cmpfloat (found[j], ==, values[j]);
    g_assert_true (signbit (found[5]));
  }
}

/* ---- layouts ---- */

typedef struct
{
  gint n, h, w, c;
} Size;

/* Few channels and many, of whole eights and not; pixels for more than a block
 * of threads. */
static const Size sizes[] = { { 1, 1, 1, 1 }, { 2, 3, 5, 3 }, { 1, 9, 13, 8 },
  { 3, 7, 11, 17 }, { 1, 2, 3, 300 }, { 2, 40, 50, 1 }, { 1, 16, 20, 64 } };

/* Each type into each, from and to slices at even and odd places. */
static void
test_slices_are_copied_and_nothing_else (void)
{
  static const gint firsts[] = { 0, 1, 8 };
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (guint i = 0; i < G_N_ELEMENTS (sizes) * 27; i++) {
    const Size *s = &sizes[i / 27];
    GstSodCudaType from = types[i / 9 % 3], to = types[i / 3 % 3];
    gint first = firsts[i % 3];
    GstSodCudaView x = test_device_view (
        &device, from, s->n, s->h, s->w, s->c, s->c + first + 5, first);
    GstSodCudaView y = test_device_view (&device, to, s->n, s->h, s->w, s->c,
        (s->c + 15) / 8 * 8 + first, first);
    gsize n = test_view_n_elements (&x);
    g_autofree gfloat *values = test_random (n, i, 0, 1);
    g_autofree gfloat *found = NULL;

    test_device_put_view (&device, &x, values);
    gst_sod_cuda_kernel_copy (test_device_get_stream (&device), &x, &y);
    test_device_check (&device, "copy");
    found = test_device_get_view (&device, &y);
    for (gsize j = 0; j < n; j++)
      g_assert_cmpfloat (
          found[j], ==, test_round (to, test_round (from, values[j])));
  }
}

static void
test_planes_become_pixels_and_planes_again (void)
{
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const Size *s = &sizes[i];
    gint c = (s->c + 7) / 8 * 8;
    gsize plane = (gsize) s->h * s->w, n = s->n * plane * s->c;
    GstSodCudaView view = test_device_view (
        &device, GST_SOD_CUDA_F32, s->n, s->h, s->w, c, c + 8, 8);
    g_autofree gfloat *values = test_random (n, i, 0, 1);
    g_autofree gfloat *back = g_new (gfloat, n);
    g_autofree gfloat *pixels = NULL;
    gpointer planes = test_device_put (&device, values, n * sizeof (gfloat));
    gpointer target = test_device_alloc (&device, n * sizeof (gfloat));
    gpointer stream = test_device_get_stream (&device);

    gst_sod_cuda_kernel_from_planes (stream, planes, s->c, &view);
    gst_sod_cuda_kernel_to_planes (stream, &view, target, s->c);
    test_device_check (&device, "from_planes and to_planes");
    test_device_get (&device, target, back, n * sizeof (gfloat));
    g_assert_cmpmem (back, n * sizeof (gfloat), values, n * sizeof (gfloat));
    pixels = test_device_get_view (&device, &view);
    for (gsize j = 0; j < test_view_n_elements (&view); j++) {
      gsize pixel = j / c, channel = j % c;
      gsize from = (pixel / plane * s->c + channel) * plane + pixel % plane;

      g_assert_cmpfloat (
          pixels[j], ==, channel < (gsize) s->c ? values[from] : 0);
    }
  }
}

/* A 3x3 and a 5x5 kernel in one of 5x5: the small one is centred in zeros. */
static void
test_kernels_are_joined_and_split (void)
{
  enum
  {
    C = 3,
    BIG = 5,
    PAD = 8,
    K = 2
  };
  g_auto (TestDevice) device = { NULL };
  g_autofree gfloat *small = test_random (K * C * 9, 1, 0, 1);
  g_autofree gfloat *large = test_random (C * 25, 2, 0, 1);
  gsize n = (gsize) (K + 1) * BIG * BIG * PAD;
  g_autofree gfloat *joined = g_new (gfloat, n);
  g_autofree gfloat *back = g_new (gfloat, K * C * 9);
  gpointer stream, target, a, b;

  test_device_init (&device);
  stream = test_device_get_stream (&device);
  target = test_device_alloc (&device, n * sizeof (gfloat));
  a = test_device_put (&device, small, K * C * 9 * sizeof (gfloat));
  b = test_device_put (&device, large, C * 25 * sizeof (gfloat));
  gst_sod_cuda_kernel_join_weights (
      stream, a, K, C, 3, target, GST_SOD_CUDA_F32, 1, BIG, PAD);
  gst_sod_cuda_kernel_join_weights (
      stream, b, 1, C, 5, target, GST_SOD_CUDA_F32, 0, BIG, PAD);
  test_device_check (&device, "join_weights");
  test_device_get (&device, target, joined, n * sizeof (gfloat));
  for (gsize i = 0; i < n; i++) {
    gint c = (gint) (i % PAD), x = (gint) (i / PAD % BIG);
    gint y = (gint) (i / PAD / BIG % BIG), k = (gint) (i / PAD / BIG / BIG);
    gfloat expected = 0;

    if (c < C && k == 0)
      expected = large[(c * BIG + y) * BIG + x];
    else if (c < C && x >= 1 && x <= 3 && y >= 1 && y <= 3)
      expected = small[(((k - 1) * C + c) * 3 + y - 1) * 3 + x - 1];
    g_assert_cmpfloat (joined[i], ==, expected);
  }
  gst_sod_cuda_kernel_split_weights (
      stream, target, GST_SOD_CUDA_F32, 1, BIG, PAD, a, K, C, 3, 0.5f);
  test_device_check (&device, "split_weights");
  test_device_get (&device, a, back, K * C * 9 * sizeof (gfloat));
  for (gsize i = 0; i < K * C * 9; i++)
    g_assert_cmpfloat (back[i], ==, small[i] / 2);
}

/* ---- elementwise, in place and of mixed types ---- */

static void
test_views_of_a_call_may_differ (void)
{
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (guint i = 0; i < 27; i++) {
    const Size *s = &sizes[i % G_N_ELEMENTS (sizes)];
    GstSodCudaView views[3];
    g_autofree gfloat *a = NULL, *b = NULL, *found = NULL;
    gsize n;

    for (guint j = 0; j < 3; j++)
      views[j] = test_device_view (&device,
          types[j == 0   ? i % 3
                : j == 1 ? i / 3 % 3
                         : i / 9],
          s->n, s->h, s->w, s->c, s->c + (gint) (i * j % 5), 0);
    n = test_view_n_elements (&views[0]);
    a = test_random (n, i, 0, 1);
    b = test_random (n, i + 100, 0, 1);
    test_device_put_view (&device, &views[0], a);
    test_device_put_view (&device, &views[1], b);
    gst_sod_cuda_kernel_add (
        test_device_get_stream (&device), &views[0], &views[1], &views[2]);
    test_device_check (&device, "add");
    found = test_device_get_view (&device, &views[2]);
    for (gsize j = 0; j < n; j++)
      g_assert_cmpfloat (found[j], ==,
          test_round (views[2].type, test_round (views[0].type, a[j])
                                         + test_round (views[1].type, b[j])));
  }
}

/* Dense tensors of few channels are taken as one row, whose end may fill no
 * eight. */
static void
test_dense_tensors_of_any_channels (void)
{
  static const Size dense[] = { { 2, 8, 5, 3 }, { 1, 3, 3, 3 },
    { 1, 64, 50, 1 }, { 2, 4, 9, 12 }, { 1, 4, 5, 24 } };
  g_auto (TestDevice) device = { NULL };
  gpointer stream;

  test_device_init (&device);
  stream = test_device_get_stream (&device);
  for (guint i = 0; i < 3 * G_N_ELEMENTS (dense); i++) {
    const Size *s = &dense[i / 3];
    GstSodCudaType type = types[i % 3];
    g_autofree gfloat *a = NULL, *b = NULL, *y_found = NULL, *d_found = NULL;
    GstSodCudaView x =
        test_device_random_view (&device, type, s->n, s->h, s->w, s->c, i, &a);
    GstSodCudaView d_y = test_device_random_view (
        &device, type, s->n, s->h, s->w, s->c, i + 100, &b);
    GstSodCudaView y = test_device_view (
        &device, GST_SOD_CUDA_F32, s->n, s->h, s->w, s->c, s->c, 0);
    GstSodCudaView d_x = test_device_view (
        &device, GST_SOD_CUDA_F32, s->n, s->h, s->w, s->c, s->c, 0);
    gsize n = test_view_n_elements (&x);
    g_autofree gdouble *sigmoid = g_new (gdouble, n);
    g_autofree gdouble *gradient = g_new (gdouble, n);

    gst_sod_cuda_kernel_sigmoid (stream, &x, &y);
    gst_sod_cuda_kernel_sigmoid_backward (stream, &y, &d_y, &d_x);
    test_device_check (&device, "sigmoid");
    y_found = test_device_get_view (&device, &y);
    d_found = test_device_get_view (&device, &d_x);
    for (gsize j = 0; j < n; j++) {
      sigmoid[j] = 1 / (1 + exp (-(gdouble) a[j]));
      gradient[j] = b[j] * sigmoid[j] * (1 - sigmoid[j]);
    }
    test_assert_close ("sigmoid", y_found, sigmoid, n, 5e-7);
    test_assert_close ("gradient", d_found, gradient, n, 1e-6);
  }
}

static void
test_bias_is_added_in_place (void)
{
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++) {
    const Size *s = &sizes[i / 2];
    g_autofree gfloat *values = NULL, *found = NULL;
    g_autofree gfloat *bias = test_random (s->c, 7, 0, 1);
    GstSodCudaView x = test_device_random_view (
        &device, types[i % 3], s->n, s->h, s->w, s->c, i, &values);
    gpointer b = test_device_put (&device, bias, s->c * sizeof (gfloat));

    gst_sod_cuda_kernel_bias (
        test_device_get_stream (&device), &x, b, i % 2, &x);
    test_device_check (&device, "bias");
    found = test_device_get_view (&device, &x);
    for (gsize j = 0; j < test_view_n_elements (&x); j++) {
      gfloat sum = values[j] + bias[j % s->c];

      g_assert_cmpfloat (
          found[j], ==, test_round (x.type, i % 2 ? MAX (sum, 0) : sum));
    }
  }
}

/* ---- gradients that are added to others ---- */

/* The gradient with @sum is @sum and the gradient without, in place too. */
static void
test_pools_add_to_a_sum (void)
{
  static const gint windows[][2] = { { 2, 2 }, { 3, 2 }, { 3, 1 }, { 2, 3 },
    { 1, 1 } };
  g_auto (TestDevice) device = { NULL };
  gpointer stream;

  test_device_init (&device);
  stream = test_device_get_stream (&device);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (windows); i++) {
    gint size = windows[i / 2][0], stride = windows[i / 2][1];
    g_autofree gfloat *values = NULL, *d_values = NULL, *sums = NULL;
    g_autofree gfloat *alone = NULL, *found = NULL;
    GstSodCudaView x = test_device_random_view (
        &device, GST_SOD_CUDA_F32, 2, 9, 12, 19, i, &values);
    GstSodCudaView d_y = test_device_random_view (&device, GST_SOD_CUDA_F32, 2,
        (9 - size) / stride + 1, (12 - size) / stride + 1, 19, i, &d_values);
    GstSodCudaView sum = test_device_random_view (
        &device, GST_SOD_CUDA_F32, 2, 9, 12, 19, i + 50, &sums);
    GstSodCudaView d_x =
        test_device_view (&device, GST_SOD_CUDA_F32, 2, 9, 12, 19, 19, 0);
    gsize n = test_view_n_elements (&x);
    g_autofree gdouble *expected = g_new (gdouble, n);

    for (guint with = 0; with < 2; with++) {
      const GstSodCudaView *to = with ? &sum : &d_x;

      if (i % 2 == 0)
        gst_sod_cuda_kernel_max_pool_backward (
            stream, &x, &d_y, size, stride, with ? &sum : NULL, to);
      else
        gst_sod_cuda_kernel_avg_pool_backward (
            stream, &d_y, size, stride, with ? &sum : NULL, to);
      test_device_check (&device, "pool_backward");
    }
    alone = test_device_get_view (&device, &d_x);
    found = test_device_get_view (&device, &sum);
    for (gsize j = 0; j < n; j++)
      expected[j] = (gdouble) sums[j] + alone[j];
    test_assert_close ("sum", found, expected, n, 5e-7);
  }
}

/* Equal values: the first in reading order takes the gradient, whether windows
 * meet or not. */
static void
test_the_first_of_equals_takes_the_gradient (void)
{
  g_auto (TestDevice) device = { NULL };

  test_device_init (&device);
  for (gint stride = 1; stride <= 2; stride++) {
    g_autofree gfloat *ones = NULL, *found = NULL;
    GstSodCudaView x =
        test_device_view (&device, GST_SOD_CUDA_F16, 1, 2, 4, 8, 8, 0);
    GstSodCudaView d_y = test_device_view (
        &device, GST_SOD_CUDA_F16, 1, 1, 2 / stride + 1, 8, 8, 0);
    GstSodCudaView d_x =
        test_device_view (&device, GST_SOD_CUDA_F16, 1, 2, 4, 8, 8, 0);

    ones = g_new (gfloat, 64);
    for (guint i = 0; i < 64; i++)
      ones[i] = 1;
    test_device_put_view (&device, &x, ones);
    test_device_put_view (&device, &d_y, ones);
    gst_sod_cuda_kernel_max_pool_backward (
        test_device_get_stream (&device), &x, &d_y, 2, stride, NULL, &d_x);
    test_device_check (&device, "max_pool_backward");
    found = test_device_get_view (&device, &d_x);
    for (guint i = 0; i < 64; i++) {
      guint column = i / 8;

      g_assert_cmpfloat (
          found[i], ==, column < 3 && column % stride == 0 ? 1 : 0);
    }
  }
}

/* ---- enlarging ---- */

/* The backward pass is the forward pass transposed: <up (x), d> is
 * <x, up' (d)>, at every factor and with edges that are the whole picture. */
static void
test_upsample_backward_is_its_transpose (void)
{
  static const gint extents[][2] = { { 1, 1 }, { 1, 7 }, { 5, 2 }, { 9, 11 } };
  g_auto (TestDevice) device = { NULL };
  gpointer stream;

  test_device_init (&device);
  stream = test_device_get_stream (&device);
  for (guint i = 0; i < 7 * G_N_ELEMENTS (extents); i++) {
    gint scale = (gint) i % 7 + 1, h = extents[i / 7][0], w = extents[i / 7][1];
    g_autofree gfloat *a = NULL, *b = NULL, *up = NULL, *down = NULL;
    GstSodCudaView x =
        test_device_random_view (&device, GST_SOD_CUDA_F32, 2, h, w, 9, i, &a);
    GstSodCudaView d_y = test_device_random_view (
        &device, GST_SOD_CUDA_F32, 2, h * scale, w * scale, 9, i + 90, &b);
    GstSodCudaView y = test_device_view (
        &device, GST_SOD_CUDA_F32, 2, h * scale, w * scale, 9, 16, 3);
    GstSodCudaView d_x =
        test_device_view (&device, GST_SOD_CUDA_F32, 2, h, w, 9, 16, 3);
    gdouble left = 0, right = 0, size = 0;

    gst_sod_cuda_kernel_upsample (
        stream, &x, scale, NULL, GST_SOD_CUDA_LINEAR, &y);
    gst_sod_cuda_kernel_upsample_backward (stream, &d_y, scale, &d_x);
    test_device_check (&device, "upsample");
    up = test_device_get_view (&device, &y);
    down = test_device_get_view (&device, &d_x);
    for (gsize j = 0; j < test_view_n_elements (&y); j++) {
      left += (gdouble) up[j] * b[j];
      size += fabs ((gdouble) up[j] * b[j]);
    }
    for (gsize j = 0; j < test_view_n_elements (&x); j++)
      right += (gdouble) down[j] * a[j];
    g_assert_cmpfloat_with_epsilon (left, right, 1e-6 * size);
  }
}

static void
test_upsample_adds_and_activates (void)
{
  g_auto (TestDevice) device = { NULL };
  g_autofree gfloat *a = NULL, *b = NULL, *plain = NULL, *found = NULL;
  GstSodCudaView x, skip, y;

  test_device_init (&device);
  x = test_device_random_view (&device, GST_SOD_CUDA_F32, 1, 4, 5, 11, 1, &a);
  skip =
      test_device_random_view (&device, GST_SOD_CUDA_F32, 1, 8, 10, 11, 2, &b);
  y = test_device_view (&device, GST_SOD_CUDA_F32, 1, 8, 10, 11, 11, 0);
  for (GstSodCudaActivation f = GST_SOD_CUDA_LINEAR; f <= GST_SOD_CUDA_SIGMOID;
       f++) {
    g_autofree gdouble *expected = g_new (gdouble, test_view_n_elements (&y));

    g_free (plain);
    gst_sod_cuda_kernel_upsample (
        test_device_get_stream (&device), &x, 2, NULL, GST_SOD_CUDA_LINEAR, &y);
    plain = test_device_get_view (&device, &y);
    gst_sod_cuda_kernel_upsample (
        test_device_get_stream (&device), &x, 2, &skip, f, &y);
    test_device_check (&device, "upsample");
    g_free (found);
    found = test_device_get_view (&device, &y);
    for (gsize i = 0; i < test_view_n_elements (&y); i++) {
      gdouble sum = (gdouble) plain[i] + b[i];

      expected[i] = f == GST_SOD_CUDA_RELU      ? MAX (sum, 0)
                    : f == GST_SOD_CUDA_SIGMOID ? 1 / (1 + exp (-sum))
                                                : sum;
    }
    test_assert_close (
        "output", found, expected, test_view_n_elements (&y), 1e-6);
  }
}

/* ---- large tensors ---- */

#define FAR (1 << 30)

/* Three pixels, @FAR halves apart: the last one lies beyond what 32 bits count.
 * data is NULL where there is no such memory. */
static GstSodCudaView
put_far_view (TestDevice *device, const gfloat *values)
{
  GstSodCudaView view = {
    .type = GST_SOD_CUDA_F16, .n = 1, .h = 1, .w = 3, .c = 8, .stride = FAR
  };

  view.data = gst_sod_cuda_alloc (
      device->device, (2 * (gsize) FAR + 8) * sizeof (guint16), NULL);
  if (view.data == NULL)
    return view;
  g_hash_table_add (device->memory, view.data);
  for (gsize i = 0; i < 3; i++) {
    GstSodCudaView pixel = { (guint16 *) view.data + i * FAR, GST_SOD_CUDA_F16,
      1, 1, 1, 8, 8 };

    test_device_put_view (device, &pixel, values + 8 * i);
  }
  return view;
}

/* Each kernel reads the last pixel where it is, and writes there. */
static void
test_elements_may_lie_beyond_32_bits (void)
{
  g_auto (TestDevice) device = { NULL };
  g_autofree gfloat *values = test_random (24, 1, 0, 1);
  g_autofree gfloat *sums = g_new (gfloat, 8);
  GstSodCudaView far, back, near;
  gpointer stream, d_bias, scratch;

  test_device_init (&device);
  stream = test_device_get_stream (&device);
  for (gsize i = 0; i < 24; i++)
    values[i] = test_round (GST_SOD_CUDA_F16, values[i]);
  far = put_far_view (&device, values);
  if (far.data == NULL) {
    g_test_skip ("no 4 GiB of memory for a tensor");
    return;
  }
  near = test_device_view (&device, GST_SOD_CUDA_F16, 1, 1, 3, 8, 8, 0);
  d_bias = test_device_alloc (&device, 8 * sizeof (gfloat));
  scratch =
      test_device_alloc (&device, gst_sod_cuda_kernel_norm_scratch (&far));
  for (guint i = 0; i < 4; i++) {
    g_autofree gfloat *found = NULL;

    if (i == 0)
      gst_sod_cuda_kernel_copy (stream, &far, &near);
    else if (i == 1)
      gst_sod_cuda_kernel_upsample (
          stream, &far, 1, NULL, GST_SOD_CUDA_LINEAR, &near);
    else if (i == 2)
      gst_sod_cuda_kernel_max_pool (stream, &far, 1, 1, &near);
    else
      gst_sod_cuda_kernel_max_pool_backward (
          stream, &near, &far, 1, 1, NULL, &near);
    test_device_check (&device, "a kernel");
    found = test_device_get_view (&device, &near);
    for (gsize j = 0; j < 24; j++)
      g_assert_cmpfloat (found[j], ==, values[j]);
  }
  gst_sod_cuda_kernel_bias_backward (stream, &far, 1, d_bias, scratch);
  gst_sod_cuda_kernel_add (stream, &far, &near, &far);
  test_device_check (&device, "add");
  test_device_get (&device, d_bias, sums, 8 * sizeof (gfloat));
  back = far;
  back.data = (guint16 *) far.data + 2 * (gsize) FAR;
  back.w = 1;
  back.stride = 8;
  g_free (values);
  values = test_device_get_view (&device, &back);
  for (gsize j = 0; j < 8; j++) {
    g_autofree gfloat *last = test_device_get_view (&device, &near);

    g_assert_cmpfloat (
        values[j], ==, test_round (GST_SOD_CUDA_F16, 2 * last[16 + j]));
    g_assert_cmpfloat_with_epsilon (
        sums[j], last[j] + last[8 + j] + last[16 + j], 1e-6);
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
  g_test_add_func (
      "/kernels/halves-round-as-on-the-host", test_halves_round_as_on_the_host);
  g_test_add_func ("/kernels/what-is-no-number-stays-none",
      test_what_is_no_number_stays_none);
  g_test_add_func ("/kernels/slices-are-copied-and-nothing-else",
      test_slices_are_copied_and_nothing_else);
  g_test_add_func ("/kernels/planes-become-pixels-and-planes-again",
      test_planes_become_pixels_and_planes_again);
  g_test_add_func ("/kernels/weights-are-joined-and-split",
      test_kernels_are_joined_and_split);
  g_test_add_func (
      "/kernels/views-of-a-call-may-differ", test_views_of_a_call_may_differ);
  g_test_add_func ("/kernels/dense-tensors-of-any-channels",
      test_dense_tensors_of_any_channels);
  g_test_add_func (
      "/kernels/bias-is-added-in-place", test_bias_is_added_in_place);
  g_test_add_func ("/kernels/pools-add-to-a-sum", test_pools_add_to_a_sum);
  g_test_add_func ("/kernels/the-first-of-equals-takes-the-gradient",
      test_the_first_of_equals_takes_the_gradient);
  g_test_add_func ("/kernels/upsample-backward-is-its-transpose",
      test_upsample_backward_is_its_transpose);
  g_test_add_func (
      "/kernels/upsample-adds-and-activates", test_upsample_adds_and_activates);
  g_test_add_func ("/kernels/elements-may-lie-beyond-32-bits",
      test_elements_may_lie_beyond_32_bits);
  return g_test_run ();
}
