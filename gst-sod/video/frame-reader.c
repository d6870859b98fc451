/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/frame-reader.h>
#include <gst-sod/video/device-frames-private.h>
#include <gst-sod/video/frame-format-private.h>

#include <math.h>

struct _GstSodFrameReader
{
  GObject parent_instance;
  GstSodFrameFormat format;
  GstSodImage *image;
  GstVideoFrame frame;
  gboolean mapped;
  GstSodDeviceFrames *device; /* NULL: frames are read by the host */

  /* Reads whole frames where the caps say what a crop shows of them. */
  GstSodFrameReader *whole;
};

G_DEFINE_FINAL_TYPE (GstSodFrameReader, gst_sod_frame_reader, G_TYPE_OBJECT)

static void
gst_sod_frame_reader_finalize (GObject *object)
{
  GstSodFrameReader *self = GST_SOD_FRAME_READER (object);

  gst_sod_frame_reader_unmap (self);
  gst_sod_frame_format_clear (&self->format);
  g_clear_pointer (&self->image, gst_sod_image_unref);
  g_clear_object (&self->whole);
  g_clear_object (&self->device);
  G_OBJECT_CLASS (gst_sod_frame_reader_parent_class)->finalize (object);
}

static void
gst_sod_frame_reader_class_init (GstSodFrameReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_frame_reader_finalize;
}

static void
gst_sod_frame_reader_init (GstSodFrameReader *self)
{
  self->image = gst_sod_image_new_borrowed ();
}

/* Parity of the rows of the first field, or -1 for a progressive frame. */
static gint
get_first_field (GstSodFrameReader *self, GstBuffer *buffer)
{
  GstVideoInterlaceMode mode =
      GST_VIDEO_INFO_INTERLACE_MODE (&self->format.info);
  gboolean top = GST_BUFFER_FLAG_IS_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF);

  if (mode == GST_VIDEO_INTERLACE_MODE_PROGRESSIVE
      || (mode == GST_VIDEO_INTERLACE_MODE_MIXED
          && !GST_BUFFER_FLAG_IS_SET (
              buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED)))
    return -1;
  if (GST_VIDEO_INFO_FIELD_ORDER (&self->format.info)
      == GST_VIDEO_FIELD_ORDER_TOP_FIELD_FIRST)
    top = TRUE;
  return top ? 0 : 1;
}

/**
 * gst_sod_frame_reader_get_caps:
 *
 * Lists every raw format in system memory that a reader can look at, of any
 * size: what the sink pad template of an element that reads frames says.
 * Thread-safe.
 *
 * Returns: (transfer full): the caps
 *
 * Since: 0.1
 */
GstCaps *
gst_sod_frame_reader_get_caps (void)
{
  g_autoptr (GArray) formats =
      g_array_new (FALSE, FALSE, sizeof (GstVideoFormat));
  guint n_raw;
  const GstVideoFormat *raw = gst_video_formats_raw (&n_raw);

  for (guint i = 0; i < n_raw; i++) {
    if (gst_sod_frame_format_can_unpack (gst_video_format_get_info (raw[i])))
      g_array_append_val (formats, raw[i]);
  }
  return gst_video_make_raw_caps (
      (const GstVideoFormat *) formats->data, formats->len);
}

/**
 * gst_sod_frame_reader_new:
 * @info: format, size, colorimetry, chroma siting and interlacing of the
 *   buffers, as gst_video_info_from_caps() finds them
 * @error: return location for an error
 *
 * Makes a reader for buffers of one format. Everything that depends on the
 * format is decided here, and memory to unpack it is taken here.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @info has no size,
 * %GST_SOD_ERROR_UNSUPPORTED for a format that GstVideo cannot unpack and for
 * the two fields of a frame in buffers of their own (interlace-mode=alternate
 * or fields), %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the reader, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodFrameReader *
gst_sod_frame_reader_new (const GstVideoInfo *info, GError **error)
{
  g_autoptr (GstSodFrameReader) self = NULL;

  g_return_val_if_fail (info != NULL, NULL);

  self = g_object_new (GST_SOD_TYPE_FRAME_READER, NULL);
  if (!gst_sod_frame_format_init (&self->format, info, FALSE, error))
    return NULL;
  self->image->n_components = self->format.layout.n_components;
  gst_sod_layout_get_matrix (&self->format.plain, self->image->matrix);
  return g_steal_pointer (&self);
}

/**
 * gst_sod_frame_reader_new_on:
 * @info: as for gst_sod_frame_reader_new()
 * @frames: (nullable): the memory of the device that the frames lie in; %NULL
 *   for the host's
 * @error: return location for an error
 *
 * As gst_sod_frame_reader_new(), for frames that are looked at where they lie
 * in the memory of a device: its pictures are for sessions in the same
 * context.
 *
 * Errors: as gst_sod_frame_reader_new(), %GST_SOD_ERROR_UNSUPPORTED for formats
 * that the device cannot read as they are.
 *
 * Returns: (transfer full): the reader, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodFrameReader *
gst_sod_frame_reader_new_on (
    const GstVideoInfo *info, GstSodDeviceFrames *frames, GError **error)
{
  g_autoptr (GstSodFrameReader) self = gst_sod_frame_reader_new (info, error);

  if (self == NULL || frames == NULL)
    return g_steal_pointer (&self);
  if (self->format.unpacker != NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "%s frames are packed in a way that only the CPU unpacks; put "
        "cudadownload, or cudaconvert and other caps, before this element",
        info->finfo->name);
    return NULL;
  }
  self->device = g_object_ref (frames);
  gst_sod_device_frames_place (frames, self->image);
  return g_steal_pointer (&self);
}

/* Whether the frame is larger than its caps say since a crop makes up for it:
 * the caps then have the size of the crop. */
static gboolean
is_larger_than_caps (
    GstSodFrameReader *self, GstBuffer *buffer, const GstVideoMeta *meta)
{
  const GstVideoInfo *info = &self->format.info;

  return meta != NULL && gst_buffer_get_video_crop_meta (buffer) != NULL
         && meta->format == GST_VIDEO_INFO_FORMAT (info)
         && (meta->width != (guint) info->width
             || meta->height != (guint) info->height);
}

/* The format of @self with the size that @meta says. */
static gboolean
resize_info (GstSodFrameReader *self, GstBuffer *buffer,
    const GstVideoMeta *meta, GstVideoInfo *info, GError **error)
{
  const GstVideoInfo *caps = &self->format.info;
  gsize size = gst_buffer_get_size (buffer);

  /* No format takes less than a bit a pixel. */
  if (meta->width > G_MAXINT16 || meta->height > G_MAXINT16
      || (guint64) meta->width * meta->height / 8 > size
      || !gst_video_info_set_interlaced_format (info, meta->format,
          GST_VIDEO_INFO_INTERLACE_MODE (caps), meta->width, meta->height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the buffer's GstVideoMeta says %ux%u pixels, more than its "
        "%" G_GSIZE_FORMAT
        " bytes hold; the element upstream sends buffers that "
        "differ from their metas",
        meta->width, meta->height, size);
    return FALSE;
  }
  GST_VIDEO_INFO_FIELD_ORDER (info) = GST_VIDEO_INFO_FIELD_ORDER (caps);
  info->colorimetry = caps->colorimetry;
  info->chroma_site = caps->chroma_site;
  return TRUE;
}

/* Of the reader's format, by the device or the host. */
static gboolean
map_frame (GstSodFrameReader *self, GstBuffer *buffer, GError **error)
{
  const GstVideoInfo *info = &self->format.info;

  if (self->device != NULL)
    return gst_sod_device_frames_map (
        self->device, &self->frame, info, buffer, GST_MAP_READ, error);
  if (gst_video_frame_map (&self->frame, info, buffer, GST_MAP_READ))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
      "a %s frame of %dx%d pixels cannot be mapped for reading; copy it "
      "to system memory before this element",
      info->finfo->name, info->width, info->height);
  return FALSE;
}

static const GstSodImage *
map_whole (GstSodFrameReader *self, GstBuffer *buffer, const GstVideoMeta *meta,
    GError **error)
{
  GstSodFrameReader *whole = self->whole;
  GstVideoInfo info;

  if (whole == NULL || meta->width != (guint) whole->format.info.width
      || meta->height != (guint) whole->format.info.height) {
    if (!resize_info (self, buffer, meta, &info, error))
      return NULL;
    whole = gst_sod_frame_reader_new_on (&info, self->device, error);
    if (whole == NULL)
      return NULL;
    g_clear_object (&self->whole);
    self->whole = whole;
  }
  return gst_sod_frame_reader_map (whole, buffer, error);
}

/**
 * gst_sod_frame_reader_map:
 * @self: a reader with no buffer mapped
 * @buffer: a frame of the reader's format; a reference is held until
 *   gst_sod_frame_reader_unmap()
 * @error: return location for an error
 *
 * Looks at @buffer as a picture: the rectangle of its GstVideoCropMeta, or all
 * of it, with the strides and offsets of its GstVideoMeta. A cropped frame may
 * be larger than its caps say: those are of what the crop shows (videocrop
 * sends such frames). Of an interlaced frame only the rows of the first field
 * are shown, at their places.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where the buffer is smaller than its caps
 * say or its metas contradict them, %GST_SOD_ERROR_UNSUPPORTED for strides
 * that GstVideo cannot unpack, %GST_SOD_ERROR_FAILED for memory that cannot be
 * mapped.
 *
 * Returns: (transfer none): the picture, which is valid until
 *   gst_sod_frame_reader_unmap(), or %NULL with @error set
 *
 * Since: 0.1
 */
const GstSodImage *
gst_sod_frame_reader_map (
    GstSodFrameReader *self, GstBuffer *buffer, GError **error)
{
  GstSodFrameFormat *format;
  const GstVideoFrame *plain;
  const GstVideoMeta *meta;
  GstSodRectangle rectangle;

  g_return_val_if_fail (GST_SOD_IS_FRAME_READER (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (!self->mapped, NULL);

  meta = gst_buffer_get_video_meta (buffer);
  if (is_larger_than_caps (self, buffer, meta))
    return map_whole (self, buffer, meta, error);

  format = &self->format;
  if (!gst_sod_frame_format_check_buffer (format, buffer, error)
      || !gst_sod_frame_format_get_rectangle (format, buffer, &rectangle, error)
      || !map_frame (self, buffer, error))
    return NULL;
  self->mapped = TRUE;
  if (!gst_sod_frame_format_check_frame (format, &self->frame, error)) {
    gst_sod_frame_reader_unmap (self);
    return NULL;
  }
  plain = gst_sod_frame_format_unpack (format, &self->frame);
  self->image->width = rectangle.width;
  self->image->height = rectangle.height;
  gst_sod_frame_format_describe (format, plain, &rectangle,
      get_first_field (self, buffer), self->image->components);
  return self->image;
}

/**
 * gst_sod_frame_reader_unmap:
 * @self: a reader
 *
 * Lets go of the buffer that was mapped last; nothing happens where there is
 * none. The picture that gst_sod_frame_reader_map() returned is not valid
 * after this.
 *
 * Since: 0.1
 */
void
gst_sod_frame_reader_unmap (GstSodFrameReader *self)
{
  g_return_if_fail (GST_SOD_IS_FRAME_READER (self));

  if (self->whole != NULL)
    gst_sod_frame_reader_unmap (self->whole);
  if (!self->mapped)
    return;
  gst_video_frame_unmap (&self->frame);
  self->mapped = FALSE;
}

/* The sample whose centre is nearest to that of pixel @i of @n. */
static gint
find_sample (gint i, gint n, gfloat first, gfloat step, gint n_samples)
{
  gdouble centre = (i + 0.5) / n;

  return CLAMP ((gint) floor ((centre - first) / step + 0.5), 0, n_samples - 1);
}

static void
copy_gray (GstSodImage *to, const GstSodImage *from)
{
  const GstSodComponent *gray = &from->components[0];

  for (gint y = 0; y < from->height; y++) {
    guint8 *row = gst_sod_image_gray_row (to, y);
    gint line = find_sample (
        y, from->height, gray->y_first, gray->y_step, gray->height);
    gint column =
        find_sample (0, from->width, gray->x_first, gray->x_step, gray->width);

    for (gint x = 0; x < from->width; x++)
      row[x] = (guint8) gst_sod_component_code (
          gray, line, MIN (column + x, gray->width - 1));
  }
}

/**
 * gst_sod_frame_reader_read_gray:
 * @self: a reader of GRAY8 frames with no buffer mapped
 * @buffer: a frame of the reader's format
 * @error: return location for an error
 *
 * Copies a gray frame, such as a map or a mask, as
 * gst_sod_frame_reader_map() sees it, into a picture of its own.
 *
 * Errors: as gst_sod_frame_reader_map(), %GST_SOD_ERROR_UNSUPPORTED for frames
 * of another format than GRAY8, or in the memory of a device.
 *
 * Returns: (transfer full): the picture, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_frame_reader_read_gray (
    GstSodFrameReader *self, GstBuffer *buffer, GError **error)
{
  const GstSodImage *frame;
  g_autoptr (GstSodImage) copy = NULL;

  g_return_val_if_fail (GST_SOD_IS_FRAME_READER (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);

  if (GST_VIDEO_INFO_FORMAT (&self->format.info) != GST_VIDEO_FORMAT_GRAY8) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "maps and masks are GRAY8 frames, these are %s; put videoconvert "
        "before this element",
        self->format.info.finfo->name);
    return NULL;
  }
  if (self->device != NULL) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "a frame in the memory of a device cannot be copied out; put "
        "cudadownload before this element");
    return NULL;
  }
  frame = gst_sod_frame_reader_map (self, buffer, error);
  if (frame == NULL)
    return NULL;
  copy = gst_sod_image_new_gray (frame->width, frame->height, error);
  if (copy != NULL)
    copy_gray (copy, frame);
  gst_sod_frame_reader_unmap (self);
  return g_steal_pointer (&copy);
}
