/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/executor.h>
#include <gst-sod/nn/network.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_INSTANCE (gst_sod_instance_get_type ())

/**
 * GstSodInstance:
 *
 * A network at work on a device: an executor, and the packed network that its
 * sessions run. Another network can be loaded at any time; every session takes
 * it up between two frames, and the one before stays until then. Users who name
 * the same instance share its weights, its executor and its batches.
 *
 * Thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodInstance, gst_sod_instance, GST_SOD, INSTANCE, GObject)

GST_SOD_API
GstSodInstance *gst_sod_instance_get (const gchar *id, const gchar *device,
    GstSodPrecision precision, guint threads, const gchar *cpu_affinity,
    guint batch_size, GError **error);

GST_SOD_API
GstSodInstance *gst_sod_instance_get_in_context (const gchar *id,
    const gchar *device, gpointer context, GstSodPrecision precision,
    guint threads, const gchar *cpu_affinity, guint batch_size, GError **error);

GST_SOD_API
GstSodInstance *gst_sod_instance_new_reverse (const gchar *device,
    GstSodPrecision precision, guint threads, const gchar *cpu_affinity,
    GError **error);

GST_SOD_API
void gst_sod_instance_set_workspace_limit (GstSodInstance *self, guint64 limit);

GST_SOD_API
gboolean gst_sod_instance_load (
    GstSodInstance *self, GstSodNetwork *network, GError **error);

GST_SOD_API
gboolean gst_sod_instance_ensure (
    GstSodInstance *self, const gchar *path, GError **error);

GST_SOD_API
GstSodNetwork *gst_sod_instance_get_network (GstSodInstance *self);

GST_SOD_API
GstSodPrecision gst_sod_instance_get_precision (GstSodInstance *self);

GST_SOD_API
const gchar *gst_sod_instance_get_device (GstSodInstance *self);

GST_SOD_API
const gchar *gst_sod_instance_get_backend (GstSodInstance *self);

G_END_DECLS
