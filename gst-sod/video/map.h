/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/image.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_MAP (gst_sod_map_get_type ())

/**
 * GstSodMapFlags:
 * @GST_SOD_MAP_FLAG_NONE: a map of this very frame
 * @GST_SOD_MAP_FLAG_WARM_UP: a two-frame network had no earlier frame and saw
 *   this one twice
 * @GST_SOD_MAP_FLAG_REUSED: the map of an earlier frame; see
 *   gst_sod_map_get_age()
 *
 * What to know before trusting a map.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/
{
  GST_SOD_MAP_FLAG_NONE = 0,
  GST_SOD_MAP_FLAG_WARM_UP = 1 << 0,
  GST_SOD_MAP_FLAG_REUSED = 1 << 1
} GstSodMapFlags;

/**
 * GstSodMap:
 *
 * The saliency map of a frame: 8-bit gray, 0 = background, 255 = salient, its
 * place in the frame in fractions (so that scaling the frame keeps it valid)
 * and which source and model it comes from. Immutable, reference counted,
 * carried by buffers: gst_sod_buffer_add_map().
 *
 * Since: 0.1
 */
typedef struct _GstSodMap GstSodMap;

GST_SOD_API
GType gst_sod_map_get_type (void);

GST_SOD_API
GstSodMap *gst_sod_map_new (GstBuffer *pixels, gint width, gint height,
    const gchar *source_id, const gchar *model_id, const gchar *model_version,
    GstSodMapFlags flags, GstClockTime age);

GST_SOD_API
GstSodMap *gst_sod_map_new_reused (const GstSodMap *map, GstClockTime age);

GST_SOD_API
GstSodMap *gst_sod_map_ref (GstSodMap *self);

GST_SOD_API
void gst_sod_map_unref (GstSodMap *self);

GST_SOD_API
GstBuffer *gst_sod_map_get_pixels (const GstSodMap *self);

GST_SOD_API
gint gst_sod_map_get_width (const GstSodMap *self);

GST_SOD_API
gint gst_sod_map_get_height (const GstSodMap *self);

GST_SOD_API
void gst_sod_map_get_rectangle (const GstSodMap *self, gdouble *x, gdouble *y,
    gdouble *width, gdouble *height);

GST_SOD_API
gdouble gst_sod_map_get_score (const GstSodMap *self);

GST_SOD_API
const gchar *gst_sod_map_get_source_id (const GstSodMap *self);

GST_SOD_API
const gchar *gst_sod_map_get_model_id (const GstSodMap *self);

GST_SOD_API
const gchar *gst_sod_map_get_model_version (const GstSodMap *self);

GST_SOD_API
GstClockTime gst_sod_map_get_age (const GstSodMap *self);

GST_SOD_API
GstSodMapFlags gst_sod_map_get_flags (const GstSodMap *self);

GST_SOD_API
GstBuffer *gst_sod_map_make_mask (const GstSodMap *self, gdouble threshold);

GST_SOD_API
void gst_sod_buffer_add_map (GstBuffer *buffer, GstSodMap *map);

GST_SOD_API
GstSodMap *gst_sod_buffer_get_map (GstBuffer *buffer);

GST_SOD_API
void gst_sod_buffer_set_reconstruction_error (GstBuffer *buffer, gdouble error);

GST_SOD_API
gboolean gst_sod_buffer_get_reconstruction_error (
    GstBuffer *buffer, gdouble *error);

GST_SOD_API
void gst_sod_buffer_set_disagreement (GstBuffer *buffer, gdouble disagreement);

GST_SOD_API
gboolean gst_sod_buffer_get_disagreement (
    GstBuffer *buffer, gdouble *disagreement);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodMap, gst_sod_map_unref)

G_END_DECLS
