/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>
#include <gst-sod/run/instance.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_RECONSTRUCTOR (gst_sod_reconstructor_get_type ())

/**
 * GstSodReconstructor:
 *
 * Inference with a reverse network: saliency map in, the image that the network
 * imagines out; and how far that is from the frame that the map is of. One
 * reconstructor, one thread at a time; the network runs on the instance's
 * executor.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodReconstructor, gst_sod_reconstructor, GST_SOD, RECONSTRUCTOR, GObject)

GST_SOD_API
GstSodReconstructor *gst_sod_reconstructor_new (
    GstSodInstance *instance, GError **error);

GST_SOD_API
gboolean gst_sod_reconstructor_imagine (GstSodReconstructor *self,
    const GstSodImage *map, GstSodImage *image, GCancellable *cancellable,
    GError **error);

GST_SOD_API
gboolean gst_sod_reconstructor_measure (GstSodReconstructor *self,
    const GstSodImage *map, const GstSodImage *frame, gdouble *difference,
    GCancellable *cancellable, GError **error);

GST_SOD_API
GstSodNetwork *gst_sod_reconstructor_get_network (GstSodReconstructor *self);

GST_SOD_API
void gst_sod_reconstructor_get_image_size (
    GstSodReconstructor *self, gint *width, gint *height);

G_END_DECLS
