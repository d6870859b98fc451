/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_STORE_FRAME (gst_sod_store_frame_get_type ())

/**
 * GstSodStoreFrame:
 *
 * A frame on its way into a store: its picture, perhaps a label, when and where
 * it comes from. Reference counted; not to be changed while it is appended.
 *
 * Since: 0.1
 */
typedef struct _GstSodStoreFrame GstSodStoreFrame;

GST_SOD_API
GType gst_sod_store_frame_get_type (void);

GST_SOD_API
GstSodStoreFrame *gst_sod_store_frame_new (
    const gchar *node, GstSodImage *picture);

GST_SOD_API
GstSodStoreFrame *gst_sod_store_frame_ref (GstSodStoreFrame *self);

GST_SOD_API
void gst_sod_store_frame_unref (GstSodStoreFrame *self);

GST_SOD_API
void gst_sod_store_frame_set_label (GstSodStoreFrame *self, GstSodImage *label);

GST_SOD_API
void gst_sod_store_frame_set_wall_time (GstSodStoreFrame *self, gint64 time);

GST_SOD_API
void gst_sod_store_frame_set_stream_time (GstSodStoreFrame *self, gint64 time);

GST_SOD_API
void gst_sod_store_frame_set_discontinuity (
    GstSodStoreFrame *self, gboolean discontinuity);

GST_SOD_API
void gst_sod_store_frame_set_source (
    GstSodStoreFrame *self, const gchar *source);

GST_SOD_API
const gchar *gst_sod_store_frame_get_id (GstSodStoreFrame *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodStoreFrame, gst_sod_store_frame_unref)

G_END_DECLS
