/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/augment-private.h>
#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

/* Reads samples, keeps decoded ones up to a limit, and remembers which cannot
 * be read. Thread-safe. */
typedef struct _GstSodBatchReader GstSodBatchReader;

GstSodBatchReader *gst_sod_batch_reader_new (GstSodSamples *samples);
void gst_sod_batch_reader_free (GstSodBatchReader *self);

GstSodSamples *gst_sod_batch_reader_get_samples (GstSodBatchReader *self);

/* Bytes of decoded pictures; more than that is let go at once. What came first
 * stays: every epoch asks for everything once, in an order of its own, so that
 * throwing out the oldest would throw out what is needed soonest. */
void gst_sod_batch_reader_set_limit (GstSodBatchReader *self, gsize limit);

/* Frames more than half as large again as this are made as large as this before
 * they are kept; 0: they stay as they are. */
void gst_sod_batch_reader_set_size (
    GstSodBatchReader *self, gint width, gint height);

/* A sample with its mask and weights, and the frame @distance ms before it
 * (0: none is asked for). What is in @source is to be cleared. */
gboolean gst_sod_batch_reader_read (GstSodBatchReader *self, guint sample,
    gint distance, GstSodAugmentSource *source, GstSodWarpScratch *scratch,
    GError **error);
void gst_sod_augment_source_clear (GstSodAugmentSource *source);

gboolean gst_sod_batch_reader_is_unreadable (
    GstSodBatchReader *self, guint sample);
void gst_sod_batch_reader_set_unreadable (
    GstSodBatchReader *self, guint sample, const GError *error);
guint gst_sod_batch_reader_get_n_unreadable (GstSodBatchReader *self);

/* A message for each sample that was found unreadable since the last call, or
 * NULL. (transfer full) */
GPtrArray *gst_sod_batch_reader_take_warnings (GstSodBatchReader *self);

G_END_DECLS
