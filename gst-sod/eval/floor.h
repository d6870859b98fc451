/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_FLOOR (gst_sod_floor_get_type ())

/**
 * GstSodFloor:
 *
 * A trivial predictor for the frames of one sequence. A model that does not
 * score more has learnt nothing. Thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodFloor, gst_sod_floor, GST_SOD, FLOOR, GObject)

/**
 * GstSodFloorTruthFunc:
 * @frame: index of a frame of the sequence
 * @user_data: what was given with the function
 * @error: return location for an error
 *
 * Reads the truth of a frame; on any thread.
 *
 * Returns: (transfer full): a gray picture, foreground where it is over 128,
 *   or %NULL with @error set
 *
 * Since: 0.1
 */
typedef GstSodImage *(*GstSodFloorTruthFunc) (
    guint frame, gpointer user_data, GError **error);

GST_SOD_API
gboolean gst_sod_floor_check (
    const gchar *name, gboolean stills, GError **error);

GST_SOD_API
GstSodFloor *gst_sod_floor_new (const gchar *name, guint n_frames,
    GstSodFloorTruthFunc read, gpointer user_data, GDestroyNotify destroy,
    GError **error);

GST_SOD_API
GstSodImage *gst_sod_floor_predict (
    GstSodFloor *self, guint frame, GError **error);

G_END_DECLS
