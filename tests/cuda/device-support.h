/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

/* A device's queue, and memory there that is freed with it: the first GPU, or
 * the twin of one. */
typedef struct
{
  GstSodCudaDevice *device;
  GstSodCudaQueue *queue;
  GHashTable *memory; /* device memory -> its size */
} TestDevice;

/* Why there is no device, for a test to skip; NULL where there is one;
 * (transfer full). */
gchar *test_device_find_reason (void);

void test_device_init (TestDevice *self);
void test_device_clear (TestDevice *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestDevice, test_device_clear)

gpointer test_device_get_stream (TestDevice *self);

/* Asserts that the launch @what went well. */
void test_device_check (TestDevice *self, const gchar *what);

/* Memory there: of @size bytes that are all 0x5a; with a copy of @data. */
gpointer test_device_alloc (TestDevice *self, gsize size);
gpointer test_device_put (TestDevice *self, gconstpointer data, gsize size);
void test_device_get (
    TestDevice *self, gconstpointer from, gpointer data, gsize size);

/* A view with @first elements before it and stride - c - @first after each
 * pixel's channels, all of them 0x5a5a. */
GstSodCudaView test_device_view (TestDevice *self, GstSodCudaType type, gint n,
    gint h, gint w, gint c, gint stride, gint first);

/* Its elements, (n, h, w, c), rounded to its type; and back. get() asserts
 * that what lies around them is as view() left it. */
void test_device_put_view (
    TestDevice *self, const GstSodCudaView *view, const gfloat *values);
gfloat *test_device_get_view (TestDevice *self, const GstSodCudaView *view);

/* A dense view of normally distributed values, rounded to @type; @values gets
 * them. */
GstSodCudaView test_device_random_view (TestDevice *self, GstSodCudaType type,
    gint n, gint h, gint w, gint c, guint64 seed, gfloat **values);

/* @n values, normally distributed around @mean. */
gfloat *test_random (gsize n, guint64 seed, gdouble mean, gdouble deviation);

gsize test_view_n_elements (const GstSodCudaView *view);

/* @value as @type holds it. */
gfloat test_round (GstSodCudaType type, gfloat value);

/* Asserts that no @found[i] is further from @expected[i] than @tolerance times
 * the greatest of those. */
void test_assert_close (const gchar *what, const gfloat *found,
    const gdouble *expected, gsize n, gdouble tolerance);
