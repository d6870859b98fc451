/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/cutout.h>
#include <gst-sod/video/map-private.h>

#include <string.h>

struct _GstSodCutout
{
  GObject parent_instance;

  GstVideoInfo in, out;
  GstVideoConverter *converter; /* of frames with this rectangle and size: */
  GstVideoRectangle rectangle;
  gint full_width, full_height;
};

G_DEFINE_FINAL_TYPE (GstSodCutout, gst_sod_cutout, G_TYPE_OBJECT)

static void
gst_sod_cutout_finalize (GObject *object)
{
  GstSodCutout *self = GST_SOD_CUTOUT (object);

  g_clear_pointer (&self->converter, gst_video_converter_free);
  G_OBJECT_CLASS (gst_sod_cutout_parent_class)->finalize (object);
}

static void
gst_sod_cutout_class_init (GstSodCutoutClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_cutout_finalize;
}

static void
gst_sod_cutout_init (GstSodCutout *self)
{
}

/**
 * gst_sod_cutout_new:
 * @in: format of the frames
 * @out: format of the cutouts: RGBA of the same size
 * @error: return location for an error
 *
 * Makes a cutter for frames of one format.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @out is not RGBA of the size of
 * @in.
 *
 * Returns: (transfer full): the cutter, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodCutout *
gst_sod_cutout_new (
    const GstVideoInfo *in, const GstVideoInfo *out, GError **error)
{
  GstSodCutout *self;

  g_return_val_if_fail (in != NULL, NULL);
  g_return_val_if_fail (out != NULL, NULL);

  if (GST_VIDEO_INFO_FORMAT (out) != GST_VIDEO_FORMAT_RGBA
      || out->width != in->width || out->height != in->height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a cutout of %dx%d frames is RGBA of that size, %s of %dx%d was asked "
        "for",
        in->width, in->height, GST_VIDEO_INFO_NAME (out), out->width,
        out->height);
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_CUTOUT, NULL);
  self->in = *in;
  self->out = *out;
  return self;
}

/* Makes the converter one from @rectangle of frames like @frame. */
static gboolean
follow_rectangle (GstSodCutout *self, const GstVideoFrame *frame,
    const GstVideoRectangle *rectangle, GError **error)
{
  GstVideoInfo in = frame->info;
  GstStructure *config;

  if (self->converter != NULL && self->full_width == in.width
      && self->full_height == in.height
      && memcmp (&self->rectangle, rectangle, sizeof *rectangle) == 0)
    return TRUE;

  g_clear_pointer (&self->converter, gst_video_converter_free);
  self->full_width = in.width;
  self->full_height = in.height;
  self->rectangle = *rectangle;
  config = gst_structure_new ("cutout", GST_VIDEO_CONVERTER_OPT_SRC_X,
      G_TYPE_INT, rectangle->x, GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT,
      rectangle->y, GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, rectangle->w,
      GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, rectangle->h, NULL);
  self->converter = gst_video_converter_new (&in, &self->out, config);
  if (self->converter != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "GstVideo has no conversion of %s to RGBA for the cutout; put "
      "\"videoconvert\" before it",
      GST_VIDEO_INFO_NAME (&in));
  return FALSE;
}

static void
copy_row (guint8 *restrict rgba, const guint8 *restrict map, gint width)
{
  for (gint x = 0; x < width; x++)
    rgba[4 * x + 3] = map[x];
}

static gboolean
write_alpha (GstVideoFrame *out, const GstSodMap *map, GError **error)
{
  guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (out, 0);
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (out, 0);
  GstSodMapView view;

  if (!gst_sod_map_view_open (&view, map)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "the map of a cutout cannot be mapped for reading");
    return FALSE;
  }
  for (gint y = 0; y < out->info.height; y++)
    copy_row (data + (gssize) y * stride, view.data + (gssize) y * view.stride,
        out->info.width);
  gst_sod_map_view_close (&view);
  return TRUE;
}

/* The part of @buffer that is shown. */
static gboolean
find_rectangle (GstSodCutout *self, const GstVideoFrame *frame,
    GstVideoRectangle *rectangle, GError **error)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (frame->buffer);
  gint width = frame->info.width, height = frame->info.height;

  *rectangle = (GstVideoRectangle){ 0, 0, self->in.width, self->in.height };
  if (crop == NULL)
    return TRUE;
  if (crop->x > (guint) width || crop->width > (guint) width - crop->x
      || crop->y > (guint) height || crop->height > (guint) height - crop->y
      || crop->width == 0 || crop->height == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a GstVideoCropMeta of %ux%u at %u,%u lies outside its frame of %dx%d",
        crop->width, crop->height, crop->x, crop->y, width, height);
    return FALSE;
  }
  *rectangle = (GstVideoRectangle){ (gint) crop->x, (gint) crop->y,
    (gint) crop->width, (gint) crop->height };
  return TRUE;
}

static gboolean
draw_frame (GstSodCutout *self, GstVideoFrame *in, const GstSodMap *map,
    GstBuffer *buffer, GError **error)
{
  GstVideoRectangle rectangle;
  GstVideoFrame out;
  gboolean done;

  if (!find_rectangle (self, in, &rectangle, error)
      || !follow_rectangle (self, in, &rectangle, error))
    return FALSE;
  if (!gst_video_frame_map (&out, &self->out, buffer,
          GST_MAP_READWRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a cutout of %dx%d pixels takes %" G_GSIZE_FORMAT
        " bytes, the buffer holds %" G_GSIZE_FORMAT,
        self->out.width, self->out.height, self->out.size,
        gst_buffer_get_size (buffer));
    return FALSE;
  }
  gst_video_converter_frame (self->converter, in, &out);
  done = write_alpha (&out, map, error);
  gst_video_frame_unmap (&out);
  return done;
}

/* GStreamer aborts in debug runs where a meta says less than the caps. */
static gboolean
is_described (const GstVideoInfo *info, GstBuffer *buffer)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);

  return meta == NULL
         || (meta->format == GST_VIDEO_INFO_FORMAT (info)
             && meta->n_planes == GST_VIDEO_INFO_N_PLANES (info)
             && meta->width >= (guint) info->width
             && meta->height >= (guint) info->height);
}

/**
 * gst_sod_cutout_draw:
 * @self: a cutter
 * @in: a frame of the format that @self was made for; of a frame with
 *   GstVideoCropMeta, its rectangle stretched to the size of @out
 * @map: its map, of the size of @out
 * @out: a writable RGBA frame
 * @error: return location for an error
 *
 * Writes the picture of @in and the alpha of @map to @out.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where a buffer is smaller than its format
 * says or the map has another size, %GST_SOD_ERROR_UNSUPPORTED where GstVideo
 * does not convert the format.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_cutout_draw (GstSodCutout *self, GstBuffer *in, const GstSodMap *map,
    GstBuffer *out, GError **error)
{
  GstVideoFrame frame;
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_CUTOUT (self), FALSE);
  g_return_val_if_fail (GST_IS_BUFFER (in), FALSE);
  g_return_val_if_fail (map != NULL, FALSE);
  g_return_val_if_fail (GST_IS_BUFFER (out), FALSE);

  if (gst_sod_map_get_width (map) != self->out.width
      || gst_sod_map_get_height (map) != self->out.height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the map of a cutout of %dx%d pixels has that size, this one has %dx%d",
        self->out.width, self->out.height, gst_sod_map_get_width (map),
        gst_sod_map_get_height (map));
    return FALSE;
  }
  if (!is_described (&self->in, in)
      || !gst_video_frame_map (&frame, &self->in, in,
          GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a %s frame of %dx%d pixels takes %" G_GSIZE_FORMAT
        " bytes, the buffer holds %" G_GSIZE_FORMAT,
        GST_VIDEO_INFO_NAME (&self->in), self->in.width, self->in.height,
        self->in.size, gst_buffer_get_size (in));
    return FALSE;
  }
  done = draw_frame (self, &frame, map, out, error);
  gst_video_frame_unmap (&frame);
  return done;
}
