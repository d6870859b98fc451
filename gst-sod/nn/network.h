/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor.h>
#include <gst-sod/nn/architecture.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_NETWORK (gst_sod_network_get_type ())

/**
 * GstSodNetwork:
 *
 * An immutable snapshot of a network: its architecture, its named weights and
 * what its model file says of it. Share it freely between threads.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodNetwork, gst_sod_network, GST_SOD, NETWORK, GObject)

GST_SOD_API
GstSodNetwork *gst_sod_network_new_random (
    GstSodArchitecture *architecture, guint64 seed, GError **error);

GST_SOD_API
GstSodNetwork *gst_sod_network_new_two_frames (GstSodNetwork *network,
    GstSodSecondInput second_input, gint64 frame_distance, GError **error);

GST_SOD_API
GstSodNetwork *gst_sod_network_new_from_file (
    const gchar *path, GError **error);

GST_SOD_API
gboolean gst_sod_network_save (
    GstSodNetwork *self, const gchar *path, GError **error);

GST_SOD_API
gchar *gst_sod_network_find (const gchar *name, GError **error);

GST_SOD_API
gchar *gst_sod_network_find_default (GError **error);

GST_SOD_API
gchar *gst_sod_network_find_default_reverse (GError **error);

GST_SOD_API
GstSodArchitecture *gst_sod_network_get_architecture (GstSodNetwork *self);

GST_SOD_API
const gchar *gst_sod_network_get_id (GstSodNetwork *self);

GST_SOD_API
const gchar *gst_sod_network_get_version (GstSodNetwork *self);

GST_SOD_API
gdouble gst_sod_network_get_threshold (GstSodNetwork *self);

GST_SOD_API
gint64 gst_sod_network_get_frame_distance (GstSodNetwork *self);

GST_SOD_API
GstSodSecondInput gst_sod_network_get_second_input (GstSodNetwork *self);

GST_SOD_API
gchar **gst_sod_network_list_tensors (GstSodNetwork *self);

GST_SOD_API
GstSodTensor *gst_sod_network_get_tensor (
    GstSodNetwork *self, const gchar *name);

GST_SOD_API
const gchar *gst_sod_network_get_metadata (
    GstSodNetwork *self, const gchar *key);

GST_SOD_API
guint64 gst_sod_network_get_flops (GstSodNetwork *self);

GST_SOD_API
guint64 gst_sod_network_get_n_weights (GstSodNetwork *self);

G_END_DECLS
