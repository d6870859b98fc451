/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-support.h"

#include <gst-sod/core/half-private.h>
#include <gst-sod/core/random.h>
#include <math.h>
#include <string.h>

#define UNTOUCHED 0x5a

gchar *
test_device_find_reason (void)
{
  g_autoptr (GError) error = NULL;

  if (gst_sod_cuda_device_count (&error) > 0)
    return NULL;
  return g_strdup (error != NULL ? error->message : "there is no device");
}

void
test_device_init (TestDevice *self)
{
  g_autoptr (GError) error = NULL;

  self->device = gst_sod_cuda_device_get (0, NULL, &error);
  g_assert_no_error (error);
  self->queue = gst_sod_cuda_queue_new (self->device, &error);
  g_assert_no_error (error);
  self->memory = g_hash_table_new (NULL, NULL);
}

void
test_device_clear (TestDevice *self)
{
  GHashTableIter iter;
  gpointer memory;

  g_clear_pointer (&self->queue, gst_sod_cuda_queue_free);
  g_hash_table_iter_init (&iter, self->memory);
  while (g_hash_table_iter_next (&iter, &memory, NULL))
    gst_sod_cuda_free (self->device, memory);
  g_clear_pointer (&self->memory, g_hash_table_unref);
}

gpointer
test_device_get_stream (TestDevice *self)
{
  return gst_sod_cuda_queue_get_stream (self->queue);
}

void
test_device_check (TestDevice *self, const gchar *what)
{
  g_autoptr (GError) error = NULL;

  gst_sod_cuda_check (self->queue, what, &error);
  g_assert_no_error (error);
  gst_sod_cuda_wait (self->queue, &error);
  g_assert_no_error (error);
}

/* ---- memory ---- */

gpointer
test_device_put (TestDevice *self, gconstpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;
  gpointer memory = gst_sod_cuda_alloc (self->device, size, &error);

  g_assert_no_error (error);
  g_hash_table_insert (self->memory, memory, GSIZE_TO_POINTER (size));
  gst_sod_cuda_upload (self->queue, memory, data, size, &error);
  g_assert_no_error (error);
  gst_sod_cuda_wait (self->queue, &error);
  g_assert_no_error (error);
  return memory;
}

gpointer
test_device_alloc (TestDevice *self, gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size);

  memset (bytes, UNTOUCHED, size);
  return test_device_put (self, bytes, size);
}

void
test_device_get (
    TestDevice *self, gconstpointer from, gpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;

  gst_sod_cuda_download (self->queue, data, from, size, &error);
  g_assert_no_error (error);
  gst_sod_cuda_wait (self->queue, &error);
  g_assert_no_error (error);
}

/* ---- values ---- */

gfloat
test_round (GstSodCudaType type, gfloat value)
{
  if (type == GST_SOD_CUDA_F16)
    return gst_sod_f16_to_f32 (gst_sod_f32_to_f16 (value));
  if (type == GST_SOD_CUDA_BF16)
    return gst_sod_bf16_to_f32 (gst_sod_f32_to_bf16 (value));
  return value;
}

static gfloat
load (GstSodCudaType type, const guint8 *from)
{
  guint16 half;
  gfloat value;

  if (type == GST_SOD_CUDA_F32) {
    memcpy (&value, from, 4);
    return value;
  }
  memcpy (&half, from, 2);
  return type == GST_SOD_CUDA_F16 ? gst_sod_f16_to_f32 (half)
                                  : gst_sod_bf16_to_f32 (half);
}

static void
store (GstSodCudaType type, guint8 *to, gfloat value)
{
  guint16 half = type == GST_SOD_CUDA_F16 ? gst_sod_f32_to_f16 (value)
                                          : gst_sod_f32_to_bf16 (value);

  if (type == GST_SOD_CUDA_F32)
    memcpy (to, &value, 4);
  else
    memcpy (to, &half, 2);
}

gfloat *
test_random (gsize n, guint64 seed, gdouble mean, gdouble deviation)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 5);
  gfloat *values = g_new (gfloat, n);

  for (gsize i = 0; i < n; i++)
    values[i] = (gfloat) (mean + deviation * gst_sod_random_normal (random));
  return values;
}

/* ---- views ---- */

static gsize
n_pixels (const GstSodCudaView *view)
{
  return (gsize) view->n * view->h * view->w;
}

gsize
test_view_n_elements (const GstSodCudaView *view)
{
  return n_pixels (view) * view->c;
}

/* Bytes from the first element to the last one's end. */
static gsize
get_extent (const GstSodCudaView *view)
{
  return ((n_pixels (view) - 1) * view->stride + view->c)
         * gst_sod_cuda_type_size (view->type);
}

GstSodCudaView
test_device_view (TestDevice *self, GstSodCudaType type, gint n, gint h, gint w,
    gint c, gint stride, gint first)
{
  GstSodCudaView view = {
    .type = type, .n = n, .h = h, .w = w, .c = c, .stride = stride
  };
  gsize size = n_pixels (&view) * stride * gst_sod_cuda_type_size (type);

  g_assert_cmpint (first + c, <=, stride);
  view.data = (guint8 *) test_device_alloc (self, size)
              + first * gst_sod_cuda_type_size (type);
  return view;
}

void
test_device_put_view (
    TestDevice *self, const GstSodCudaView *view, const gfloat *values)
{
  gsize element = gst_sod_cuda_type_size (view->type);
  gsize size = get_extent (view);
  g_autofree guint8 *bytes = g_malloc (size);
  g_autoptr (GError) error = NULL;

  test_device_get (self, view->data, bytes, size);
  for (gsize i = 0; i < n_pixels (view); i++) {
    for (gint j = 0; j < view->c; j++)
      store (view->type, bytes + (i * view->stride + j) * element,
          values[i * view->c + j]);
  }
  gst_sod_cuda_upload (self->queue, view->data, bytes, size, &error);
  g_assert_no_error (error);
  gst_sod_cuda_wait (self->queue, &error);
  g_assert_no_error (error);
}

gfloat *
test_device_get_view (TestDevice *self, const GstSodCudaView *view)
{
  gsize element = gst_sod_cuda_type_size (view->type);
  gsize size = get_extent (view);
  gfloat *values = g_new (gfloat, test_view_n_elements (view));
  g_autofree guint8 *bytes = g_malloc (size);

  test_device_get (self, view->data, bytes, size);
  for (gsize i = 0; i < n_pixels (view); i++) {
    gsize end =
        i + 1 < n_pixels (view) ? (gsize) view->stride : (gsize) view->c;

    for (gsize j = 0; j < end; j++) {
      const guint8 *at = bytes + (i * view->stride + j) * element;

      if (j < (gsize) view->c)
        values[i * view->c + j] = load (view->type, at);
      for (gsize k = 0; j >= (gsize) view->c && k < element; k++)
        g_assert_cmphex (at[k], ==, UNTOUCHED);
    }
  }
  return values;
}

GstSodCudaView
test_device_random_view (TestDevice *self, GstSodCudaType type, gint n, gint h,
    gint w, gint c, guint64 seed, gfloat **values)
{
  GstSodCudaView view = test_device_view (self, type, n, h, w, c, c, 0);

  *values = test_random (test_view_n_elements (&view), seed, 0.25, 1);
  for (gsize i = 0; i < test_view_n_elements (&view); i++)
    (*values)[i] = test_round (type, (*values)[i]);
  test_device_put_view (self, &view, *values);
  return view;
}

void
test_assert_close (const gchar *what, const gfloat *found,
    const gdouble *expected, gsize n, gdouble tolerance)
{
  gdouble greatest = 0, worst = 0;

  for (gsize i = 0; i < n; i++) {
    greatest = MAX (greatest, fabs (expected[i]));
    if (!(fabs (found[i] - expected[i]) <= worst))
      worst = fabs (found[i] - expected[i]);
  }
  if (!(worst <= tolerance * greatest))
    g_test_message ("%s: the worst error is %g of a greatest value of %g, %g "
                    "is allowed",
        what, worst, greatest, tolerance * greatest);
  g_assert_true (worst <= tolerance * greatest);
}
