/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_SAMPLES (gst_sod_samples_get_type ())

/**
 * GstSodSamples:
 *
 * Frames, some of them with labels, that training draws from: a data set, what
 * a store held at one moment, or several of these together.
 *
 * Immutable; share it freely between threads.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_INTERFACE (GstSodSamples, gst_sod_samples, GST_SOD, SAMPLES, GObject)

GST_SOD_API
guint gst_sod_samples_get_n_samples (GstSodSamples *self);

GST_SOD_API
gboolean gst_sod_samples_is_labelled (GstSodSamples *self, guint sample);

GST_SOD_API
const gchar *gst_sod_samples_get_name (GstSodSamples *self, guint sample);

GST_SOD_API
gboolean gst_sod_samples_read (GstSodSamples *self, guint sample,
    GstSodImage **image, GstSodImage **mask, GError **error);

GST_SOD_API
gboolean gst_sod_samples_find_neighbour (
    GstSodSamples *self, guint sample, gint distance, guint *neighbour);

GST_SOD_API
gchar *gst_sod_samples_get_hash (GstSodSamples *self);

G_END_DECLS
