/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps and regions drawn on frames.
 *
 * Drawing goes component by component at each one's own resolution and depth.
 * gst_video_blend() would unpack every line of a picture as large as the frame
 * (eight times as long for a heat map of 1080p NV12, measured) and knows one
 * matrix for all colorimetries. Formats that pack bits are unpacked and packed
 * again by GstVideo.
 */
#include <gst-sod/video/overlay-private.h>

struct _GstSodOverlay
{
  GObject parent_instance;
  GstSodFrameFormat format;
  GstSodOverlayStyle style;
  GstSodColormap colormap;
  gdouble alpha, threshold;

  GstSodDrawing drawing;
  GstSodPalette palette;
  gboolean has_palette;
  GstSodBlur blur;
};

G_DEFINE_FINAL_TYPE (GstSodOverlay, gst_sod_overlay, G_TYPE_OBJECT)

static void
gst_sod_overlay_finalize (GObject *object)
{
  GstSodOverlay *self = GST_SOD_OVERLAY (object);

  gst_sod_frame_format_clear (&self->format);
  gst_sod_canvas_clear (&self->drawing.canvas);
  gst_sod_stretch_clear (&self->drawing.stretch);
  for (guint i = 0; i < 3; i++)
    g_free (self->drawing.rows[i]);
  gst_sod_blur_clear (&self->blur);
  G_OBJECT_CLASS (gst_sod_overlay_parent_class)->finalize (object);
}

static void
gst_sod_overlay_class_init (GstSodOverlayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_overlay_finalize;
}

static void
gst_sod_overlay_init (GstSodOverlay *self)
{
  self->style = GST_SOD_OVERLAY_STYLE_HEATMAP;
  self->colormap = GST_SOD_COLORMAP_TURBO;
  self->alpha = 0.6;
  self->threshold = 0.5;
}

/**
 * gst_sod_overlay_new:
 * @info: format, size and colorimetry of the frames
 * @error: return location for an error
 *
 * Makes an overlay for frames of one format: a heat map of
 * %GST_SOD_COLORMAP_TURBO, alpha 0.6 and threshold 0.5, until it is told
 * otherwise.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @info has no size,
 * %GST_SOD_ERROR_UNSUPPORTED for a format that GstVideo cannot unpack and pack
 * again (the message names videoconvert) and for fields in buffers of their
 * own, %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the overlay, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodOverlay *
gst_sod_overlay_new (const GstVideoInfo *info, GError **error)
{
  g_autoptr (GstSodOverlay) self = NULL;

  g_return_val_if_fail (info != NULL, NULL);

  self = g_object_new (GST_SOD_TYPE_OVERLAY, NULL);
  if (!gst_sod_frame_format_init (&self->format, info, TRUE, error))
    return NULL;
  gst_sod_canvas_init (&self->drawing.canvas, &self->format);
  for (guint i = 0; i < 3; i++)
    self->drawing.rows[i] = g_new (guint16, info->width);
  return g_steal_pointer (&self);
}

/**
 * gst_sod_overlay_set_style:
 * @self: an overlay
 * @style: what is drawn; they are drawn in the order blur, heat map, contour,
 *   boxes
 *
 * Sets what is drawn.
 *
 * Since: 0.1
 */
void
gst_sod_overlay_set_style (GstSodOverlay *self, GstSodOverlayStyle style)
{
  g_return_if_fail (GST_SOD_IS_OVERLAY (self));

  self->style = style;
}

/**
 * gst_sod_overlay_set_colormap:
 * @self: an overlay
 * @colormap: colours of the heat map
 *
 * Sets the colours of the heat map.
 *
 * Since: 0.1
 */
void
gst_sod_overlay_set_colormap (GstSodOverlay *self, GstSodColormap colormap)
{
  g_return_if_fail (GST_SOD_IS_OVERLAY (self));

  if (self->colormap != colormap)
    self->has_palette = FALSE;
  self->colormap = colormap;
}

/**
 * gst_sod_overlay_set_alpha:
 * @self: an overlay
 * @alpha: 0 to 1
 *
 * Sets how much the heat map covers the frame where the map is 255; elsewhere
 * it is as much less as the map is.
 *
 * Since: 0.1
 */
void
gst_sod_overlay_set_alpha (GstSodOverlay *self, gdouble alpha)
{
  g_return_if_fail (GST_SOD_IS_OVERLAY (self));
  g_return_if_fail (alpha >= 0 && alpha <= 1);

  if (self->alpha != alpha)
    self->has_palette = FALSE;
  self->alpha = alpha;
}

/**
 * gst_sod_overlay_set_threshold:
 * @self: an overlay
 * @threshold: 0 to 1, share of 255
 *
 * Sets where the contour runs: around the pixels at or over @threshold.
 *
 * Since: 0.1
 */
void
gst_sod_overlay_set_threshold (GstSodOverlay *self, gdouble threshold)
{
  g_return_if_fail (GST_SOD_IS_OVERLAY (self));
  g_return_if_fail (threshold >= 0 && threshold <= 1);

  self->threshold = threshold;
}

static void
draw_styles (GstSodOverlay *self, GPtrArray *regions)
{
  GstSodDrawing *drawing = &self->drawing;

  if ((self->style & GST_SOD_OVERLAY_STYLE_BLUR) != 0)
    gst_sod_draw_blur (drawing, &self->blur);
  if ((self->style & GST_SOD_OVERLAY_STYLE_HEATMAP) != 0) {
    if (!self->has_palette)
      gst_sod_palette_set (
          &self->palette, &drawing->canvas, self->colormap, self->alpha);
    self->has_palette = TRUE;
    gst_sod_draw_heatmap (drawing, &self->palette);
  }
  if ((self->style & GST_SOD_OVERLAY_STYLE_CONTOUR) != 0)
    gst_sod_draw_contour (drawing, self->threshold);
  if ((self->style & GST_SOD_OVERLAY_STYLE_BOXES) != 0 && regions != NULL)
    gst_sod_draw_boxes (drawing, regions);
}

/**
 * gst_sod_overlay_check_buffer:
 * @self: an overlay
 * @buffer: a buffer that is said to be of the overlay's format
 * @error: return location for an error
 *
 * Whether @buffer holds the frame that its caps and its GstVideoMeta describe:
 * gst_video_frame_map() believes them.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where it does not,
 * %GST_SOD_ERROR_UNSUPPORTED for strides that GstVideo cannot unpack.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_overlay_check_buffer (
    GstSodOverlay *self, GstBuffer *buffer, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_OVERLAY (self), FALSE);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), FALSE);

  return gst_sod_frame_format_check_buffer (&self->format, buffer, error);
}

/**
 * gst_sod_overlay_draw:
 * @self: an overlay
 * @frame: a frame of the overlay's format, mapped for reading and writing
 * @map: (nullable): its map; %NULL: nothing is salient, so that there is no
 *   heat map and no contour, and a blur covers all of the frame
 * @regions: (nullable) (element-type GstSodRegion): its regions, for boxes
 * @error: return location for an error
 *
 * Draws on @frame, or on the rectangle of its buffer's GstVideoCropMeta.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where @frame is of another format or size or
 * smaller than it says, %GST_SOD_ERROR_FAILED for a map that cannot be mapped.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_overlay_draw (GstSodOverlay *self, GstVideoFrame *frame,
    const GstSodMap *map, GPtrArray *regions, GError **error)
{
  GstSodDrawing *drawing;
  GstSodRectangle rectangle;
  GstSodMapView view;

  g_return_val_if_fail (GST_SOD_IS_OVERLAY (self), FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);

  drawing = &self->drawing;
  if (!gst_sod_frame_format_check_frame (&self->format, frame, error)
      || !gst_sod_frame_format_get_rectangle (
          &self->format, frame->buffer, &rectangle, error))
    return FALSE;
  if (map != NULL && !gst_sod_map_view_open (&view, map)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "the pixels of a map cannot be mapped for reading");
    return FALSE;
  }
  gst_sod_canvas_set_frame (&drawing->canvas, &self->format,
      gst_sod_frame_format_unpack (&self->format, frame), &rectangle);
  gst_sod_stretch_set (
      &drawing->stretch, map, map == NULL ? NULL : &view, &drawing->canvas);
  draw_styles (self, regions);
  gst_sod_frame_format_pack (&self->format, frame);
  if (map != NULL)
    gst_sod_map_view_close (&view);
  return TRUE;
}
