/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/map-private.h>

#include <math.h>

/**
 * gst_sod_map_make_mask:
 * @self: a map
 * @threshold: 0 to 1, share of 255
 *
 * Cuts the map in two: a GRAY8 frame of its size, 255 where the map is at or
 * over @threshold, else 0; the pixels that #GstSodRegionFinder makes regions
 * of. Its rows are padded to four bytes, as GStreamer lays out GRAY8.
 * Thread-safe.
 *
 * Returns: (transfer full) (nullable): the frame, or %NULL where the map's
 *   memory cannot be read
 *
 * Since: 0.1
 */
GstBuffer *
gst_sod_map_make_mask (const GstSodMap *self, gdouble threshold)
{
  const gint width = gst_sod_map_get_width (self);
  const gint height = gst_sod_map_get_height (self);
  guint cutoff;
  g_autoptr (GstBuffer) buffer = NULL;
  GstSodMapView view;
  GstVideoInfo info;
  GstMapInfo out;

  g_return_val_if_fail (threshold >= 0 && threshold <= 1, NULL);

  cutoff = (guint) ceil (threshold * 255 - 1e-6);
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (buffer == NULL || !gst_sod_map_view_open (&view, self))
    return NULL;
  if (!gst_buffer_map (buffer, &out, GST_MAP_WRITE)) {
    gst_sod_map_view_close (&view);
    return NULL;
  }
  for (gint y = 0; y < height; y++) {
    const guint8 *from = view.data + (gssize) y * view.stride;
    guint8 *to = out.data + (gssize) y * info.stride[0];

    for (gint x = 0; x < width; x++)
      to[x] = from[x] >= cutoff ? 255 : 0;
    for (gint x = width; x < info.stride[0]; x++)
      to[x] = 0;
  }
  gst_buffer_unmap (buffer, &out);
  gst_sod_map_view_close (&view);
  return g_steal_pointer (&buffer);
}
