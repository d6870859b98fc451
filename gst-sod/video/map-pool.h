/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/map.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_MAP_POOL (gst_sod_map_pool_get_type ())

/**
 * GstSodMapPool:
 *
 * Makes the maps of a stream and takes them back when nobody holds them any
 * more: once as many are there as are out at a time, a map costs no memory.
 * One thread makes maps; they come back on any, also after the last reference
 * to the pool is gone.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodMapPool, gst_sod_map_pool, GST_SOD, MAP_POOL, GObject)

GST_SOD_API
GstSodMapPool *gst_sod_map_pool_new (void);

GST_SOD_API
void gst_sod_map_pool_set_origin (GstSodMapPool *self, const gchar *source_id,
    const gchar *model_id, const gchar *model_version);

GST_SOD_API
GstSodMap *gst_sod_map_pool_make (GstSodMapPool *self, GstBuffer *pixels,
    gint width, gint height, GstSodMapFlags flags);

GST_SOD_API
GstSodMap *gst_sod_map_pool_make_sharing (GstSodMapPool *self, GstBuffer *frame,
    gint width, gint height, GstSodMapFlags flags);

GST_SOD_API
GstSodMap *gst_sod_map_pool_make_reused (
    GstSodMapPool *self, const GstSodMap *map, GstClockTime age);

G_END_DECLS
