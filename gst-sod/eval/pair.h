/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_PAIR (gst_sod_pair_get_type ())

/**
 * GstSodPair:
 *
 * A map, the truth that it is held against and, where the change along the
 * motion is asked for, the picture that it is a map of. Immutable and
 * reference counted; the pictures in it must not be written any more.
 *
 * Since: 0.1
 */
typedef struct _GstSodPair GstSodPair;

GST_SOD_API
GType gst_sod_pair_get_type (void);

GST_SOD_API
GstSodPair *gst_sod_pair_new (
    GstSodImage *prediction, GstSodImage *truth, GstSodImage *picture);

GST_SOD_API
GstSodPair *gst_sod_pair_ref (GstSodPair *self);

GST_SOD_API
void gst_sod_pair_unref (GstSodPair *self);

GST_SOD_API
GstSodImage *gst_sod_pair_get_prediction (GstSodPair *self);

GST_SOD_API
GstSodImage *gst_sod_pair_get_truth (GstSodPair *self);

GST_SOD_API
GstSodImage *gst_sod_pair_get_picture (GstSodPair *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodPair, gst_sod_pair_unref)

G_END_DECLS
