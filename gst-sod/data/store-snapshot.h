/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_STORE_SNAPSHOT (gst_sod_store_snapshot_get_type ())

/**
 * GstSodStoreSnapshot:
 *
 * What a store held at one moment, as #GstSodSamples: frames of one node or of
 * all, by node and number. It stays as it is while the store grows, and while
 * old frames are given up.
 *
 * Immutable; share it freely between threads.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodStoreSnapshot, gst_sod_store_snapshot, GST_SOD,
    STORE_SNAPSHOT, GObject)

GST_SOD_API
GstSodSamples *gst_sod_store_snapshot_get_first (
    GstSodStoreSnapshot *self, guint n_samples);

GST_SOD_API
const gchar *gst_sod_store_snapshot_get_node (
    GstSodStoreSnapshot *self, guint sample);

GST_SOD_API
gint64 gst_sod_store_snapshot_get_wall_time (
    GstSodStoreSnapshot *self, guint sample);

GST_SOD_API
gint64 gst_sod_store_snapshot_get_stream_time (
    GstSodStoreSnapshot *self, guint sample);

GST_SOD_API
guint gst_sod_store_snapshot_get_node_sequence (
    GstSodStoreSnapshot *self, guint sample);

GST_SOD_API
void gst_sod_store_snapshot_get_size (
    GstSodStoreSnapshot *self, guint sample, gint *width, gint *height);

GST_SOD_API
guint64 gst_sod_store_snapshot_get_n_bytes (
    GstSodStoreSnapshot *self, guint sample);

GST_SOD_API
guint gst_sod_store_snapshot_get_distance (
    GstSodStoreSnapshot *self, guint sample, guint other);

GST_SOD_API
guint *gst_sod_store_snapshot_pick (GstSodStoreSnapshot *self,
    const gdouble *scores, gsize n_scores, guint distance, guint n_wanted,
    gsize *n_picked);

GST_SOD_API
gdouble gst_sod_store_measure_uncertainty (const GstSodImage *map);

G_END_DECLS
