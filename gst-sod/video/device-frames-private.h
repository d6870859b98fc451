/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/video/device-frames.h>

G_BEGIN_DECLS

/* Maps @frame for the device; checks that all of its memory lies in the
 * context, which is waited for. GST_SOD_ERROR_UNSUPPORTED, or FAILED. */
gboolean gst_sod_device_frames_map (GstSodDeviceFrames *self,
    GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
    GstMapFlags flags, GError **error);

/* Says where the samples of @image lie: on the device of @self, or the host's
 * where that is NULL. */
void gst_sod_device_frames_place (GstSodDeviceFrames *self, GstSodImage *image);

G_END_DECLS
