/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/types.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_IMAGE (gst_sod_image_get_type ())

/**
 * GstSodImage:
 *
 * The samples of one picture: up to three components anywhere in memory, each
 * with its own strides and subsampling, and how their codes become full-range
 * RGB. Networks read pictures through it without a copy. Reference counted;
 * read-only pictures may be shared between threads.
 *
 * Since: 0.1
 */
typedef struct _GstSodImage GstSodImage;

GST_SOD_API
GType gst_sod_image_get_type (void);

GST_SOD_API
GstSodImage *gst_sod_image_new_rgb (
    gint width, gint height, GBytes *pixels, GError **error);

GST_SOD_API
GstSodImage *gst_sod_image_new_gray (gint width, gint height, GError **error);

GST_SOD_API
GstSodImage *gst_sod_image_new_gray_from_bytes (
    gint width, gint height, GBytes *pixels, GError **error);

GST_SOD_API
GstSodImage *gst_sod_image_ref (GstSodImage *self);

GST_SOD_API
void gst_sod_image_unref (GstSodImage *self);

GST_SOD_API
gint gst_sod_image_get_width (const GstSodImage *self);

GST_SOD_API
gint gst_sod_image_get_height (const GstSodImage *self);

GST_SOD_API
GBytes *gst_sod_image_get_gray (const GstSodImage *self);

GST_SOD_API
GBytes *gst_sod_image_get_rgb (GstSodImage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodImage, gst_sod_image_unref)

G_END_DECLS
