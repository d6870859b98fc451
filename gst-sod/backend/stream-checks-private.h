/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* What the streams of every back end ask before they touch memory. */

/* Channels that one picture fills: RGB, or the one of a gray picture. */
gint gst_sod_executable_get_picture_channels (const GstSodExecutable *self);

/* Whether the input has @n_channels channels from picture @frame on of sample
 * @sample; GST_SOD_ERROR_INVALID_ARGUMENT. */
gboolean gst_sod_executable_check_place (const GstSodExecutable *self,
    guint sample, guint frame, gint n_channels, GError **error);

/* Whether @tensor is f32 of one picture or, with frame 0, of the whole input
 * (c, h, w); GST_SOD_ERROR_MISMATCH. */
gboolean gst_sod_executable_check_tensor (const GstSodExecutable *self,
    const GstSodTensor *tensor, guint frame, GError **error);

/* Whether sample @sample of the output is a map of one channel;
 * GST_SOD_ERROR_INVALID_ARGUMENT. */
gboolean gst_sod_executable_check_map (
    const GstSodExecutable *self, guint sample, GError **error);

/* Whether the host can read and write the samples of @image: what a back end
 * that works in the host's memory asks of every picture;
 * GST_SOD_ERROR_UNSUPPORTED. */
gboolean gst_sod_executable_check_host (
    const GstSodExecutable *self, const GstSodImage *image, GError **error);

/* Whether @image lies in the host's memory or in that of device @device and
 * @context: what a back end of a device asks; GST_SOD_ERROR_UNSUPPORTED. */
gboolean gst_sod_executable_check_device (const GstSodExecutable *self,
    const GstSodImage *image, guint device, gpointer context, GError **error);

/* Says that @value is none of those that were to be kept;
 * GST_SOD_ERROR_INVALID_ARGUMENT. */
void gst_sod_set_error_not_kept (GstSodValue value, GError **error);

/* FALSE where the pass was stopped; GST_SOD_ERROR_CANCELLED. */
gboolean gst_sod_stream_goes_on (const GstSodStream *self, GError **error);

G_END_DECLS
