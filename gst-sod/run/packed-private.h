/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/executor-private.h>
#include <gst-sod/run/passes-private.h>

G_BEGIN_DECLS

/* Network x back end x precision: the network's weights in the back end's
 * layout, compiled for batches of 1, 2, 4 ... max_batch, with one stream for
 * each. Immutable but for the streams, which only the executor's thread
 * touches; shared by all sessions of an instance. */
typedef struct _GstSodPacked GstSodPacked;

#define GST_SOD_PACKED_MAX_BATCH 64

typedef struct
{
  guint threads;
  guint batch;     /* the most samples at a time, 1 .. MAX_BATCH */
  gsize workspace; /* bytes, 0 = the back end's choice */
} GstSodPackedLimits;

/* @precision may be AUTO. Takes its time (it compiles); any thread. */
GstSodPacked *gst_sod_packed_new (GstSodNetwork *network,
    GstSodBackend *backend, GstSodPrecision precision,
    const GstSodPackedLimits *limits, GError **error);
GstSodPacked *gst_sod_packed_ref (GstSodPacked *self);
void gst_sod_packed_unref (GstSodPacked *self);

GstSodNetwork *gst_sod_packed_get_network (GstSodPacked *self);
GstSodPrecision gst_sod_packed_get_precision (GstSodPacked *self);
guint gst_sod_packed_get_max_batch (GstSodPacked *self);

/* The executor's thread only: the stream of the smallest compiled batch that
 * holds @n samples. */
GstSodStream *gst_sod_packed_get_stream (GstSodPacked *self, guint n);

/* The executable of batch 1. */
GstSodExecutable *gst_sod_packed_get_executable (GstSodPacked *self);

/* The value that holds the network's output, to be read from a stream. */
GstSodValue gst_sod_packed_get_output (GstSodPacked *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodPacked, gst_sod_packed_unref)

G_END_DECLS
