/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_RANDOM (gst_sod_random_get_type ())

/**
 * GstSodRandom:
 *
 * A seeded stream of random numbers: PCG32 (O'Neill, "PCG: A Family of Simple
 * Fast Space-Efficient Statistically Good Algorithms for Random Number
 * Generation", 2014). The same seed and stream give the same numbers on every
 * machine, and the whole state is two integers that a checkpoint can hold. Not
 * thread-safe: one a thread, told apart by their stream.
 *
 * Since: 0.1
 */
typedef struct _GstSodRandom GstSodRandom;

GST_SOD_API
GType gst_sod_random_get_type (void);

GST_SOD_API
GstSodRandom *gst_sod_random_new (guint64 seed, guint64 stream);

GST_SOD_API
GstSodRandom *gst_sod_random_copy (const GstSodRandom *self);

GST_SOD_API
void gst_sod_random_free (GstSodRandom *self);

GST_SOD_API
guint32 gst_sod_random_next (GstSodRandom *self);

GST_SOD_API
guint32 gst_sod_random_below (GstSodRandom *self, guint32 bound);

GST_SOD_API
gdouble gst_sod_random_uniform (GstSodRandom *self);

GST_SOD_API
gdouble gst_sod_random_normal (GstSodRandom *self);

GST_SOD_API
void gst_sod_random_get_state (
    const GstSodRandom *self, guint64 *state, guint64 *increment);

GST_SOD_API
void gst_sod_random_set_state (
    GstSodRandom *self, guint64 state, guint64 increment);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodRandom, gst_sod_random_free)

G_END_DECLS
