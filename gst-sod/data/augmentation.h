/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_AUGMENTATION (gst_sod_augmentation_get_type ())

/**
 * GstSodAugmentation:
 *
 * How frames are varied before a network learns from them: named numbers, see
 * gst_sod_augmentation_set(). Pictures, masks and weights move together.
 * Not thread-safe while it is changed.
 *
 * Since: 0.1
 */
typedef struct _GstSodAugmentation GstSodAugmentation;

GST_SOD_API
GType gst_sod_augmentation_get_type (void);

GST_SOD_API
GstSodAugmentation *gst_sod_augmentation_new (
    const gchar *preset, GError **error);

GST_SOD_API
GstSodAugmentation *gst_sod_augmentation_copy (const GstSodAugmentation *self);

GST_SOD_API
void gst_sod_augmentation_free (GstSodAugmentation *self);

GST_SOD_API
gboolean gst_sod_augmentation_set (
    GstSodAugmentation *self, const gchar *name, gdouble value, GError **error);

GST_SOD_API
gboolean gst_sod_augmentation_set_from_string (
    GstSodAugmentation *self, const gchar *changes, GError **error);

GST_SOD_API
gdouble gst_sod_augmentation_get (
    const GstSodAugmentation *self, const gchar *name);

GST_SOD_API
gchar *gst_sod_augmentation_to_string (const GstSodAugmentation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodAugmentation, gst_sod_augmentation_free)

G_END_DECLS
