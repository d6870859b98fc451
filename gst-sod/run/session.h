/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>
#include <gst-sod/run/instance.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_SESSION (gst_sod_session_get_type ())

/**
 * GstSodSession:
 *
 * Inference for one stream of frames: frame in, saliency map out; it remembers
 * the frames that a two-frame network looks back at. One session, one thread at
 * a time; the arithmetic runs on the instance's executor.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodSession, gst_sod_session, GST_SOD, SESSION, GObject)

GST_SOD_API
GstSodSession *gst_sod_session_new (GstSodInstance *instance, GError **error);

GST_SOD_API
gboolean gst_sod_session_infer (GstSodSession *self, const GstSodImage *frame,
    gint64 time, GstSodImage *map, GCancellable *cancellable, GError **error);

GST_SOD_API
gboolean gst_sod_session_observe (GstSodSession *self, const GstSodImage *frame,
    gint64 time, GCancellable *cancellable, GError **error);

GST_SOD_API
void gst_sod_session_reset (GstSodSession *self);

GST_SOD_API
gboolean gst_sod_session_get_warm_up (GstSodSession *self);

GST_SOD_API
GstSodNetwork *gst_sod_session_get_network (GstSodSession *self);

GST_SOD_API
void gst_sod_session_get_map_size (
    GstSodSession *self, gint *width, gint *height);

GST_SOD_API
void gst_sod_session_get_timings (GstSodSession *self, gint64 *preprocess,
    gint64 *network, gint64 *postprocess);

G_END_DECLS
