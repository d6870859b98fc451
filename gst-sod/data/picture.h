/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>

G_BEGIN_DECLS

GST_SOD_API
GstSodImage *gst_sod_picture_read_rgb (const gchar *path, GError **error);

GST_SOD_API
GstSodImage *gst_sod_picture_read_gray (const gchar *path, GError **error);

GST_SOD_API
GstSodImage *gst_sod_picture_read_mask (const gchar *path, GError **error);

GST_SOD_API
gboolean gst_sod_picture_read_size (
    const gchar *path, gint *width, gint *height, GError **error);

GST_SOD_API
gboolean gst_sod_picture_write_png (
    const GstSodImage *image, const gchar *path, GError **error);

G_END_DECLS
