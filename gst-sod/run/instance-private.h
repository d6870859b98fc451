/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/run/instance.h>
#include <gst-sod/run/packed-private.h>

G_BEGIN_DECLS

/* An instance of the caller's own on this very back end, be it the best of its
 * device or not; @batch_size is 1 to GST_SOD_PACKED_MAX_BATCH. */
GstSodInstance *gst_sod_instance_new_on (GstSodBackend *backend,
    GstSodPrecision precision, guint threads, guint batch_size, GError **error);

/* What is loaded now; (transfer full), NULL before the first load. */
GstSodPacked *gst_sod_instance_ref_packed (GstSodInstance *self);

GstSodExecutor *gst_sod_instance_get_executor (GstSodInstance *self);

/* Of the networks that it takes: base, unless another is set before the first
 * load. */
GstSodNetworkKind gst_sod_instance_get_kind (GstSodInstance *self);
void gst_sod_instance_set_kind (GstSodInstance *self, GstSodNetworkKind kind);

G_END_DECLS
