/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/types.h>

G_BEGIN_DECLS

/**
 * GstSodNetworkKind:
 * @GST_SOD_NETWORK_BASE: base network, image to saliency map (the paper, III.B
 *   and III.E); one an edge node
 * @GST_SOD_NETWORK_REVERSE: reverse augmented network, saliency map to image
 *   (the paper, III.C and III.E); one in the cloud
 *
 * What a network is for.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_NETWORK_BASE,
  GST_SOD_NETWORK_REVERSE
} GstSodNetworkKind;

#define GST_SOD_TYPE_ARCHITECTURE (gst_sod_architecture_get_type ())

/**
 * GstSodArchitecture:
 *
 * Everything that decides the shape of a network: kind, input, widths,
 * dilations, skips, dense blocks. Immutable, reference counted.
 *
 * Since: 0.1
 */
typedef struct _GstSodArchitecture GstSodArchitecture;

GST_SOD_API
GType gst_sod_architecture_get_type (void);

GST_SOD_API
GstSodArchitecture *gst_sod_architecture_new_preset (
    const gchar *preset, guint input_frames, GError **error);

GST_SOD_API
GstSodArchitecture *gst_sod_architecture_new_from_json (
    const gchar *json, GError **error);

GST_SOD_API
gchar *gst_sod_architecture_to_json (const GstSodArchitecture *self);

GST_SOD_API
GstSodArchitecture *gst_sod_architecture_ref (GstSodArchitecture *self);

GST_SOD_API
void gst_sod_architecture_unref (GstSodArchitecture *self);

GST_SOD_API
GstSodNetworkKind gst_sod_architecture_get_kind (
    const GstSodArchitecture *self);

GST_SOD_API
gint gst_sod_architecture_get_input_width (const GstSodArchitecture *self);

GST_SOD_API
gint gst_sod_architecture_get_input_height (const GstSodArchitecture *self);

GST_SOD_API
guint gst_sod_architecture_get_input_frames (const GstSodArchitecture *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodArchitecture, gst_sod_architecture_unref)

G_END_DECLS
