/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Batch norm and gradients of biases over batches that take more than a block
 * of threads, against sums in f64. */
#include "device-support.h"

#include <math.h>
#include <string.h>

#define EPSILON 1e-5f
#define MOMENTUM 0.1f

typedef struct
{
  gint n, h, w, c;
  gdouble mean, deviation;
} Batch;

/* The third's variance is 1e-10 of the square of its mean. */
static const Batch batches[] = { { 2, 60, 80, 3, 0.25, 1 },
  { 1, 1, 1, 1, 0.25, 1 }, { 3, 70, 90, 17, 1000, 0.01 },
  { 2, 50, 30, 300, -0.5, 2 }, { 1, 300, 400, 1, 5, 0.5 },
  { 1, 2, 3, 40, 0, 1 } };

/* A batch on the device, with all that belongs to its norm. */
typedef struct
{
  TestDevice device;
  const Batch *batch;
  GstSodCudaView x, y;
  gfloat *values, *weight, *bias, *running; /* on the host; (2, c) */
  gpointer d_weight, d_bias;                /* of the device: what follows */
  gpointer weight_there, bias_there, running_there, saved, scratch;
} Norm;

static gpointer
put_floats (TestDevice *device, const gfloat *values, gsize n)
{
  return test_device_put (device, values, n * sizeof (gfloat));
}

static gfloat *
get_floats (TestDevice *device, gconstpointer from, gsize n)
{
  gfloat *values = g_new (gfloat, n);

  test_device_get (device, from, values, n * sizeof (gfloat));
  return values;
}

static void
norm_init (Norm *self, const Batch *batch, GstSodCudaType type)
{
  gsize c = (gsize) batch->c, n;

  *self = (Norm){ .batch = batch };
  test_device_init (&self->device);
  self->x = test_device_view (&self->device, type, batch->n, batch->h, batch->w,
      batch->c, batch->c + 8, 0);
  self->y = test_device_view (&self->device, type, batch->n, batch->h, batch->w,
      batch->c, batch->c + 3, 1);
  n = test_view_n_elements (&self->x);
  self->values = test_random (n, 1, batch->mean, batch->deviation);
  for (gsize i = 0; i < n; i++)
    self->values[i] = test_round (type, self->values[i]);
  test_device_put_view (&self->device, &self->x, self->values);
  self->weight = test_random (c, 2, 1, 0.5);
  self->bias = test_random (c, 3, 0, 0.5);
  self->running = test_random (2 * c, 4, 3, 0.5);
  self->weight_there = put_floats (&self->device, self->weight, c);
  self->bias_there = put_floats (&self->device, self->bias, c);
  self->running_there = put_floats (&self->device, self->running, 2 * c);
  self->saved = test_device_alloc (&self->device, 2 * c * sizeof (gfloat));
  self->d_weight = test_device_alloc (&self->device, c * sizeof (gfloat));
  self->d_bias = test_device_alloc (&self->device, c * sizeof (gfloat));
  self->scratch = test_device_alloc (
      &self->device, gst_sod_cuda_kernel_norm_scratch (&self->x));
}

static void
norm_clear (Norm *self)
{
  test_device_clear (&self->device);
  g_free (self->values);
  g_free (self->weight);
  g_free (self->bias);
  g_free (self->running);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Norm, norm_clear)

static void
run_forward (Norm *self, gboolean relu)
{
  gfloat *running = self->running_there;

  gst_sod_cuda_kernel_norm_forward (test_device_get_stream (&self->device),
      &self->x, self->weight_there, self->bias_there, EPSILON, MOMENTUM,
      running, running + self->batch->c, relu, self->saved, self->scratch,
      &self->y);
  test_device_check (&self->device, "norm_forward");
}

/* Mean and sum of squared differences from it of channel @channel. */
static void
measure (const Norm *self, gint channel, gdouble *mean, gdouble *squares)
{
  gsize n = test_view_n_elements (&self->x), c = (gsize) self->batch->c;

  *mean = *squares = 0;
  for (gsize i = (gsize) channel; i < n; i += c)
    *mean += self->values[i];
  *mean /= (gdouble) (n / c);
  for (gsize i = (gsize) channel; i < n; i += c)
    *squares += (self->values[i] - *mean) * (self->values[i] - *mean);
}

/* What the rounding of the mean to f32 and x's own type leave of x - mean. */
static gdouble
get_tolerance (const Norm *self)
{
  gdouble rounding = self->x.type == GST_SOD_CUDA_F32   ? 6e-8
                     : self->x.type == GST_SOD_CUDA_F16 ? 5e-4
                                                        : 4e-3;

  return 2e-6 + rounding
         + 1.2e-7 * fabs (self->batch->mean) / self->batch->deviation;
}

/* ---- forward ---- */

static void
check_statistics (Norm *self)
{
  gint c = self->batch->c;
  gdouble n = (gdouble) test_view_n_elements (&self->x) / c;
  g_autofree gfloat *saved =
      get_floats (&self->device, self->saved, 2 * (gsize) c);
  g_autofree gfloat *running =
      get_floats (&self->device, self->running_there, 2 * (gsize) c);

  for (gint i = 0; i < c; i++) {
    gdouble mean, squares, expected;

    measure (self, i, &mean, &squares);
    expected = 1 / sqrt (squares / n + (gdouble) EPSILON);
    g_assert_cmpfloat_with_epsilon (
        saved[i], mean, 1e-7 * fabs (mean) + 5e-7 * self->batch->deviation);
    g_assert_cmpfloat_with_epsilon (saved[c + i], expected, 2e-5 * expected);
    expected = self->running[i] + 0.1 * (mean - self->running[i]);
    g_assert_cmpfloat_with_epsilon (
        running[i], expected, 3e-7 * (1 + fabs (mean)));
    expected = self->running[c + i]
               + 0.1 * (squares / MAX (n - 1, 1) - self->running[c + i]);
    g_assert_cmpfloat_with_epsilon (
        running[c + i], expected, 2e-6 * fabs (expected));
  }
}

/* y and, where @d is there, d_x by the gradient @d; both (n, h, w, c). */
static gdouble *
work_out (const Norm *self, gboolean relu, const gfloat *d)
{
  gsize n = test_view_n_elements (&self->x), c = (gsize) self->batch->c;
  gdouble *result = g_new (gdouble, n), count = (gdouble) (n / c);

  for (gsize i = 0; i < c; i++) {
    gdouble mean, squares, inverse, sum = 0, product = 0;

    measure (self, (gint) i, &mean, &squares);
    inverse = 1 / sqrt (squares / count + (gdouble) EPSILON);
    for (gsize j = i; j < n; j += c) {
      gdouble hat = (self->values[j] - mean) * inverse;
      gdouble y = hat * self->weight[i] + self->bias[i];
      gboolean stops = relu && !(y > 0);

      result[j] = stops ? 0 : y;
      if (d == NULL)
        continue;
      result[j] = stops ? 0 : d[j];
      sum += result[j];
      product += result[j] * hat;
    }
    for (gsize j = i; d != NULL && j < n; j += c)
      result[j] = self->weight[i] * inverse
                  * (result[j] - sum / count
                      - (self->values[j] - mean) * inverse * product / count);
  }
  return result;
}

static void
test_forward (gconstpointer data)
{
  const Batch *batch = data;

  for (guint i = 0; i < 2 * GST_SOD_CUDA_N_TYPES; i++) {
    g_auto (Norm) norm = { { NULL } };
    g_autofree gfloat *found = NULL;
    g_autofree gdouble *expected = NULL;

    norm_init (&norm, batch, (GstSodCudaType) (i / 2));
    run_forward (&norm, i % 2);
    check_statistics (&norm);
    found = test_device_get_view (&norm.device, &norm.y);
    expected = work_out (&norm, i % 2, NULL);
    test_assert_close ("output", found, expected,
        test_view_n_elements (&norm.y), get_tolerance (&norm));
  }
}

static void
test_frozen_uses_running_statistics (gconstpointer data)
{
  g_auto (Norm) norm = { { NULL } };
  g_autofree gfloat *found = NULL, *running = NULL;
  g_autofree gdouble *expected = NULL;
  gsize n, c;

  norm_init (&norm, data, GST_SOD_CUDA_F32);
  c = (gsize) norm.batch->c;
  n = test_view_n_elements (&norm.x);
  gst_sod_cuda_kernel_norm_frozen (test_device_get_stream (&norm.device),
      &norm.x, norm.weight_there, norm.bias_there, EPSILON, norm.running_there,
      (gfloat *) norm.running_there + c, TRUE, norm.saved, &norm.y);
  test_device_check (&norm.device, "norm_frozen");
  found = test_device_get_view (&norm.device, &norm.y);
  running = get_floats (&norm.device, norm.running_there, 2 * c);
  g_assert_cmpmem (
      running, 2 * c * sizeof (gfloat), norm.running, 2 * c * sizeof (gfloat));
  expected = g_new (gdouble, n);
  for (gsize i = 0; i < n; i++) {
    gdouble y = (norm.values[i] - running[i % c])
                    / sqrt (running[c + i % c] + (gdouble) EPSILON)
                    * norm.weight[i % c]
                + norm.bias[i % c];

    expected[i] = MAX (y, 0);
  }
  test_assert_close ("output", found, expected, n, 1e-6);
}

/* ---- backward ---- */

/* Sums of what relu let through of d, and of that times normalised x, half of
 * each: the gradient's scale. */
static void
check_sums (Norm *self, const gfloat *d)
{
  gsize n = test_view_n_elements (&self->x), c = (gsize) self->batch->c;
  gdouble count = (gdouble) (n / c);
  g_autofree gfloat *d_weight = get_floats (&self->device, self->d_weight, c);
  g_autofree gfloat *d_bias = get_floats (&self->device, self->d_bias, c);
  g_autofree gdouble *y = work_out (self, TRUE, NULL);

  for (gsize i = 0; i < c; i++) {
    gdouble mean, squares, inverse, sum = 0, product = 0, size = 1e-6;

    measure (self, (gint) i, &mean, &squares);
    inverse = 1 / sqrt (squares / count + (gdouble) EPSILON);
    for (gsize j = i; j < n; j += c) {
      gdouble passed = y[j] > 0 ? d[j] : 0;

      sum += passed;
      product += passed * (self->values[j] - mean) * inverse;
      size += fabs (passed);
    }
    g_assert_cmpfloat_with_epsilon (d_bias[i], sum / 2, 1e-6 * size);
    g_assert_cmpfloat_with_epsilon (
        d_weight[i], product / 2, 2 * get_tolerance (self) * size);
  }
}

static void
test_backward (gconstpointer data)
{
  const Batch *batch = data;
  g_auto (Norm) norm = { { NULL } };
  g_autofree gfloat *d = NULL, *found = NULL;
  g_autofree gdouble *expected = NULL;
  GstSodCudaView d_y;

  norm_init (&norm, batch, GST_SOD_CUDA_F32);
  run_forward (&norm, TRUE);
  d_y = test_device_random_view (&norm.device, GST_SOD_CUDA_F32, batch->n,
      batch->h, batch->w, batch->c, 9, &d);
  gst_sod_cuda_kernel_norm_backward (test_device_get_stream (&norm.device),
      &norm.x, &norm.y, &d_y, norm.weight_there, norm.saved, 0.5f,
      norm.d_weight, norm.d_bias, norm.scratch, &d_y);
  test_device_check (&norm.device, "norm_backward");
  check_sums (&norm, d);
  found = test_device_get_view (&norm.device, &d_y);
  expected = work_out (&norm, TRUE, d);
  test_assert_close (
      "gradient", found, expected, test_view_n_elements (&d_y), 4e-6);
}

/* Statistics that are constants have no gradient. */
static void
test_frozen_backward (gconstpointer data)
{
  const Batch *batch = data;
  g_auto (Norm) norm = { { NULL } };
  g_autofree gfloat *d = NULL, *found = NULL, *saved = NULL, *y = NULL;
  g_autofree gdouble *expected = NULL;
  GstSodCudaView d_y;
  gsize n;

  norm_init (&norm, batch, GST_SOD_CUDA_F32);
  run_forward (&norm, TRUE);
  n = test_view_n_elements (&norm.x);
  d_y = test_device_random_view (&norm.device, GST_SOD_CUDA_F32, batch->n,
      batch->h, batch->w, batch->c, 9, &d);
  gst_sod_cuda_kernel_norm_backward (test_device_get_stream (&norm.device),
      &norm.x, &norm.y, &d_y, norm.weight_there, norm.saved, 1, NULL, NULL,
      norm.scratch, &d_y);
  test_device_check (&norm.device, "norm_backward");
  found = test_device_get_view (&norm.device, &d_y);
  y = test_device_get_view (&norm.device, &norm.y);
  saved = get_floats (&norm.device, norm.saved, 2 * (gsize) batch->c);
  expected = g_new (gdouble, n);
  for (gsize i = 0; i < n; i++) {
    gsize channel = i % (gsize) batch->c;

    expected[i] = y[i] > 0 ? (gdouble) d[i] * norm.weight[channel]
                                 * saved[(gsize) batch->c + channel]
                           : 0;
  }
  test_assert_close ("gradient", found, expected, n, 1e-6);
}

static void
test_bias_backward (gconstpointer data)
{
  const Batch *batch = data;
  gsize c = (gsize) batch->c;
  g_auto (Norm) norm = { { NULL } };
  g_autofree gfloat *found = NULL;
  gsize n;

  norm_init (&norm, batch, GST_SOD_CUDA_F16);
  n = test_view_n_elements (&norm.x);
  gst_sod_cuda_kernel_bias_backward (test_device_get_stream (&norm.device),
      &norm.x, 0.25f, norm.d_bias, norm.scratch);
  test_device_check (&norm.device, "bias_backward");
  found = get_floats (&norm.device, norm.d_bias, c);
  for (gsize i = 0; i < c; i++) {
    gdouble sum = 0, size = 1e-6;

    for (gsize j = i; j < n; j += c) {
      sum += norm.values[j];
      size += fabs (norm.values[j]);
    }
    g_assert_cmpfloat_with_epsilon (found[i], sum / 4, 1e-6 * size);
  }
}

/* ---- both ---- */

/* The same bytes every time, whatever lay in scratch. */
static void
test_sums_repeat (gconstpointer data)
{
  g_auto (Norm) norm = { { NULL } };
  gsize c, size;
  g_autofree guint8 *first = NULL, *second = NULL;

  norm_init (&norm, data, GST_SOD_CUDA_BF16);
  c = (gsize) norm.batch->c;
  size = c * sizeof (gfloat);
  first = g_malloc (4 * size);
  second = g_malloc (4 * size);
  for (guint i = 0; i < 2; i++) {
    guint8 *to = i == 0 ? first : second;

    run_forward (&norm, FALSE);
    gst_sod_cuda_kernel_norm_backward (test_device_get_stream (&norm.device),
        &norm.x, NULL, &norm.x, norm.weight_there, norm.saved, 1, norm.d_weight,
        norm.d_bias, norm.scratch, &norm.y);
    test_device_check (&norm.device, "norm_backward");
    test_device_get (&norm.device, norm.saved, to, 2 * size);
    test_device_get (&norm.device, norm.d_weight, to + 2 * size, size);
    test_device_get (&norm.device, norm.d_bias, to + 3 * size, size);
  }
  g_assert_cmpmem (first, 4 * size, second, 4 * size);
}

static void
add_test (const gchar *sentence, const Batch *batch, GTestDataFunc func)
{
  g_autofree gchar *path = g_strdup_printf (
      "/sums/%dx%dx%dx%d/%s", batch->n, batch->h, batch->w, batch->c, sentence);

  g_test_add_data_func (path, batch, func);
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
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++) {
    add_test ("norm-forward-in-every-type", &batches[i], test_forward);
    add_test ("frozen-norm-uses-running-statistics", &batches[i],
        test_frozen_uses_running_statistics);
    /* Not where more of y than its last bits is rounding: relu would let
     * through what f64 stops. */
    if (batches[i].mean < 1000)
      add_test ("norm-backward-through-relu", &batches[i], test_backward);
    add_test ("frozen-norm-backward", &batches[i], test_frozen_backward);
    add_test ("bias-backward", &batches[i], test_bias_backward);
    add_test ("the-same-bytes-every-time", &batches[i], test_sums_repeat);
  }
  return g_test_run ();
}
