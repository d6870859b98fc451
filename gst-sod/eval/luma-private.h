/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/sample-private.h>

G_BEGIN_DECLS

/* The lightness of any picture at @width x @height; slots hold it at its own
 * and, where that differs, at the new size. */
gboolean gst_sod_plane_init_luma (GstSodPlane *self, const GstSodImage *image,
    gint width, gint height, const GstSodScratchSlot slots[2],
    GstSodScratch *scratch, GError **error);

G_END_DECLS
