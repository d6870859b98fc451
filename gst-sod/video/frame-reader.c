/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Video buffers as pictures.
 *
 * A reader decides once, from the format, whether samples are looked at where
 * they lie or are unpacked by GstVideo first; a frame then costs a few
 * additions per component. Sizes are checked here, plane by plane, since
 * gst_video_frame_map() believes what a GstVideoMeta says. */
#include <gst-sod/video/frame-reader.h>
#include <gst-sod/video/layout-private.h>
#include <gst-sod/core/image-private.h>

#include <string.h>

/* The bytes of a plane that a frame takes, from the plane's first. */
typedef struct
{
  gint64 first, end;
} Extent;

typedef struct
{
  gint x, y, width, height; /* pixels */
} Rectangle;

/* Bytes that the unpackers of 1.22 read over the end at most. */
#define ROOM 64

struct _GstSodFrameReader
{
  GObject parent_instance;
  GstVideoInfo info;
  GstVideoInfo usual;  /* strides as GstVideo would choose them */
  GstSodLayout layout; /* of what is looked at: frame or unpacked */
  GstSodImage *image;
  GstVideoFrame frame;
  gboolean mapped;

  /* Where the format has to be unpacked, else NULL. */
  GstVideoConverter *converter;
  GstVideoFrame unpacked;

  /* A copy with room behind it for formats that GstVideo reads over the end
   * of, else without a buffer. */
  GstVideoFrame roomy;
};

G_DEFINE_FINAL_TYPE (GstSodFrameReader, gst_sod_frame_reader, G_TYPE_OBJECT)

static void
gst_sod_frame_reader_finalize (GObject *object)
{
  GstSodFrameReader *self = GST_SOD_FRAME_READER (object);

  gst_sod_frame_reader_unmap (self);
  if (self->unpacked.buffer != NULL)
    gst_video_frame_unmap (&self->unpacked);
  if (self->roomy.buffer != NULL)
    gst_video_frame_unmap (&self->roomy);
  g_clear_pointer (&self->converter, gst_video_converter_free);
  g_clear_pointer (&self->image, gst_sod_image_unref);
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

/* Whether GstVideo can unpack @format, which all of its conversions start
 * with. */
static gboolean
can_unpack (const GstVideoFormatInfo *format)
{
  return GST_VIDEO_FORMAT_INFO_IS_VALID_RAW (format)
         && format->unpack_func != NULL;
}

/* The plain format that @format unpacks to without loss. */
static GstVideoFormat
get_unpacked_format (const GstVideoFormatInfo *format)
{
  const GstVideoFormatInfo *unpacked =
      gst_video_format_get_info (format->unpack_format);
  gboolean deep = unpacked->depth[0] > 8;

  if (GST_VIDEO_FORMAT_INFO_IS_GRAY (format))
    return deep ? GST_VIDEO_FORMAT_GRAY16_LE : GST_VIDEO_FORMAT_GRAY8;
  if (deep && GST_VIDEO_FORMAT_INFO_IS_RGB (unpacked))
    return GST_VIDEO_FORMAT_ARGB64_LE;
  return format->unpack_format;
}

/* A frame of @info in memory of its own, with @room bytes behind it. */
static gboolean
take_frame (
    GstVideoFrame *frame, const GstVideoInfo *info, gsize room, GError **error)
{
  g_autoptr (GstBuffer) buffer =
      gst_buffer_new_allocate (NULL, info->size + room, NULL);

  if (buffer != NULL) {
    gst_buffer_memset (buffer, 0, 0, info->size + room);
    if (gst_video_frame_map (frame, info, buffer, GST_MAP_READWRITE))
      return TRUE;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory to unpack frames of %dx%d pixels; scale them down with "
      "videoscale",
      info->width, info->height);
  return FALSE;
}

/* Row by row, since gst_video_frame_copy() leaves out what follows the last
 * odd pixel. */
static void
copy_frame (GstVideoFrame *to, const GstVideoFrame *from)
{
  const GstVideoInfo *info = &to->info;

  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    gsize end = i + 1 < GST_VIDEO_INFO_N_PLANES (info) ? info->offset[i + 1]
                                                       : info->size;
    gsize rows = (end - info->offset[i]) / info->stride[i];

    for (gsize y = 0; y < rows; y++)
      memcpy ((guint8 *) to->data[i] + y * info->stride[i],
          (const guint8 *) from->data[i]
              + y * GST_VIDEO_FRAME_PLANE_STRIDE (from, i),
          info->stride[i]);
  }
}

static gboolean
start_unpacking (GstSodFrameReader *self, GError **error)
{
  const GstVideoFormatInfo *format = self->info.finfo;
  GstVideoInfo to;

  if (!gst_video_info_set_interlaced_format (&to, get_unpacked_format (format),
          GST_VIDEO_INFO_INTERLACE_MODE (&self->info), self->info.width,
          self->info.height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "%s frames of %dx%d pixels are too large to unpack; scale them down "
        "with videoscale",
        format->name, self->info.width, self->info.height);
    return FALSE;
  }
  to.colorimetry = self->info.colorimetry;
  to.chroma_site = self->info.chroma_site;
  to.fps_n = self->info.fps_n;
  to.fps_d = self->info.fps_d;
  if (gst_sod_layout_init (&self->layout, &to))
    self->converter = gst_video_converter_new (&self->info, &to,
        gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
            GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));
  if (self->converter == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "GstVideo cannot unpack %s; put videoconvert before this element",
        format->name);
    return FALSE;
  }
  if (!take_frame (&self->unpacked, &to, 0, error))
    return FALSE;
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format)
      && !GST_VIDEO_FORMAT_INFO_IS_TILED (format) && self->info.width % 2 != 0
      && !take_frame (&self->roomy, &self->usual, ROOM, error))
    return FALSE;
  gst_sod_layout_get_matrix (&to, self->image->matrix);
  return TRUE;
}

static gboolean
check_info (const GstVideoInfo *info, GError **error)
{
  GstVideoInterlaceMode mode = GST_VIDEO_INFO_INTERLACE_MODE (info);

  if (!can_unpack (info->finfo)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "%s is not a raw format that GstVideo can unpack; put videoconvert "
        "(or a decoder) before this element",
        info->finfo != NULL ? info->finfo->name : "no format");
    return FALSE;
  }
  if (info->width < 1 || info->height < 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "caps say %dx%d pixels; frames need a width and a height of 1 or "
        "more: set them in the caps",
        info->width, info->height);
    return FALSE;
  }
  if (mode == GST_VIDEO_INTERLACE_MODE_ALTERNATE
      || mode == GST_VIDEO_INTERLACE_MODE_FIELDS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "interlace-mode=%s carries the two fields of a frame apart; put "
        "deinterlace before this element",
        gst_video_interlace_mode_to_string (mode));
    return FALSE;
  }
  return TRUE;
}

/* The bytes of plane @plane that are read when a row takes @stride bytes. */
static Extent
get_extent (const GstSodFrameReader *self, guint plane, gint stride)
{
  Extent extent = { G_MAXINT64, 0 };
  gint64 rows;

  if (self->converter != NULL) {
    const GstVideoInfo *usual = &self->usual;
    gsize end = plane + 1 < GST_VIDEO_INFO_N_PLANES (usual)
                    ? usual->offset[plane + 1]
                    : usual->size;
    gsize size = end - usual->offset[plane];

    if (stride == usual->stride[plane])
      return (Extent){ 0, size };
    rows = size / usual->stride[plane];
    return (Extent){ 0, (rows - 1) * stride + usual->stride[plane] };
  }
  for (guint i = 0; i < self->layout.n_components; i++) {
    const GstSodComponentLayout *component = &self->layout.components[i];
    gint64 last = (gint64) (component->height - 1) * stride;

    if (component->plane != plane)
      continue;
    extent.first = MIN (extent.first, component->offset + MIN (last, 0));
    extent.end = MAX (extent.end,
        component->offset + MAX (last, 0)
            + (gint64) (component->width - 1) * component->pixel_stride
            + component->sample_size);
  }
  return extent.end == 0 ? (Extent){ 0, 0 } : extent;
}

static gboolean
set_mismatch (
    GstSodFrameReader *self, gint64 needed, gint64 found, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "a %s frame of %dx%d pixels takes %" G_GINT64_FORMAT
      " bytes, this buffer holds %" G_GINT64_FORMAT
      "; the element upstream sends buffers that differ from its caps",
      self->info.finfo->name, self->info.width, self->info.height, needed,
      found);
  return FALSE;
}

/* GStreamer aborts in debug runs, or reads outside, where these differ. */
static gboolean
check_meta (GstSodFrameReader *self, const GstVideoMeta *meta, GError **error)
{
  const GstVideoInfo *info = &self->info;

  if (meta->format != info->finfo->format
      || meta->n_planes != info->finfo->n_planes
      || (gint) meta->width < info->width
      || (gint) meta->height < info->height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "caps say %s frames of %dx%d pixels, the buffer's GstVideoMeta "
        "describes %s of %ux%u with %u planes; the element upstream sends "
        "buffers that differ from its caps",
        info->finfo->name, info->width, info->height,
        gst_video_format_to_string (meta->format), meta->width, meta->height,
        meta->n_planes);
    return FALSE;
  }
  for (guint i = 0; i < meta->n_planes && self->converter != NULL; i++) {
    gint usual = self->usual.stride[i];
    gboolean tiled = GST_VIDEO_FORMAT_INFO_IS_TILED (info->finfo);

    if (tiled ? meta->stride[i] == usual : meta->stride[i] >= usual)
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "plane %u of a %s frame of %dx%d pixels has a stride of %d, GstVideo "
        "unpacks %d%s; put videoconvert before this element",
        i, info->finfo->name, info->width, info->height, meta->stride[i], usual,
        tiled ? "" : " or more");
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_size (GstSodFrameReader *self, GstBuffer *buffer,
    const GstVideoMeta *meta, GError **error)
{
  gint64 size = gst_buffer_get_size (buffer);

  if (meta == NULL)
    return size >= (gint64) self->info.size
           || set_mismatch (self, self->info.size, size, error);
  for (guint i = 0; i < meta->n_planes; i++) {
    Extent extent = get_extent (self, i, meta->stride[i]);
    gint64 offset = (gint64) MIN (meta->offset[i], G_MAXINT64 / 2);

    if (offset + extent.first < 0 || offset + extent.end > size)
      return set_mismatch (self, offset + extent.end, size, error);
  }
  return TRUE;
}

/* The same for each mapped plane: its memory may be shorter than the buffer. */
static gboolean
check_planes (GstSodFrameReader *self, const GstVideoMeta *meta, GError **error)
{
  const GstVideoFrame *frame = &self->frame;

  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame); i++) {
    const GstMapInfo *map = &frame->map[meta != NULL ? i : 0];
    Extent extent =
        get_extent (self, i, GST_VIDEO_FRAME_PLANE_STRIDE (frame, i));
    gint64 offset = (const guint8 *) frame->data[i] - map->data;

    if (offset + extent.first < 0 || offset + extent.end > (gint64) map->size)
      return set_mismatch (self, offset + extent.end, map->size, error);
  }
  return TRUE;
}

static gboolean
get_rectangle (GstSodFrameReader *self, GstBuffer *buffer, Rectangle *rectangle,
    GError **error)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  guint width = self->info.width, height = self->info.height;

  *rectangle = (Rectangle){ 0, 0, width, height };
  if (crop == NULL)
    return TRUE;
  if (crop->width < 1 || crop->height < 1 || crop->x >= width
      || crop->y >= height || crop->width > width - crop->x
      || crop->height > height - crop->y) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the buffer's GstVideoCropMeta shows %ux%u pixels at %u,%u of a frame "
        "of %ux%u; the element upstream sends a crop that lies outside",
        crop->width, crop->height, crop->x, crop->y, width, height);
    return FALSE;
  }
  *rectangle = (Rectangle){ crop->x, crop->y, crop->width, crop->height };
  return TRUE;
}

/* Parity of the rows of the first field, or -1 for a progressive frame. */
static gint
get_first_field (GstSodFrameReader *self, GstBuffer *buffer)
{
  GstVideoInterlaceMode mode = GST_VIDEO_INFO_INTERLACE_MODE (&self->info);
  gboolean top = GST_BUFFER_FLAG_IS_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF);

  if (mode == GST_VIDEO_INTERLACE_MODE_PROGRESSIVE
      || (mode == GST_VIDEO_INTERLACE_MODE_MIXED
          && !GST_BUFFER_FLAG_IS_SET (
              buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED)))
    return -1;
  if (GST_VIDEO_INFO_FIELD_ORDER (&self->info)
      == GST_VIDEO_FIELD_ORDER_TOP_FIELD_FIRST)
    top = TRUE;
  return top ? 0 : 1;
}

/* Samples @first to @last, every @step of them, of one axis whose sample k
 * sits at pixel k * 2^sub + @centre. */
typedef struct
{
  gint first, count, step;
  gfloat position, distance; /* fractions of the rectangle */
} Axis;

static Axis
describe_axis (
    gint start, gint length, guint sub, gboolean cosited, gint parity)
{
  gint first = start >> sub;
  gint last = (start + length - 1) >> sub;
  gint step = parity < 0 ? 1 : 2;
  gdouble centre = cosited ? 0.5 : 0.5 * (1 << sub);

  /* A rectangle of one row may have no row of the first field. */
  if (parity >= 0 && ((first ^ parity) & 1) != 0 && first < last)
    first++;
  return (Axis){
    .first = first,
    .count = (last - first) / step + 1,
    .step = step,
    .position =
        (gfloat) (((gdouble) first * (1 << sub) + centre - start) / length),
    .distance = (gfloat) ((gdouble) step * (1 << sub) / length),
  };
}

static void
describe_frame (GstSodFrameReader *self, const GstVideoFrame *frame,
    const Rectangle *rectangle, gint parity)
{
  GstSodImage *image = self->image;
  GstVideoChromaSite site = self->info.chroma_site;

  image->width = rectangle->width;
  image->height = rectangle->height;
  image->n_components = self->layout.n_components;
  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponentLayout *from = &self->layout.components[i];
    gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, from->plane);
    const guint8 *plane = GST_VIDEO_FRAME_PLANE_DATA (frame, from->plane);
    Axis x = describe_axis (rectangle->x, rectangle->width, from->w_sub,
        (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0, -1);
    Axis y = describe_axis (rectangle->y, rectangle->height, from->h_sub,
        (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0, parity);

    image->components[i] = (GstSodComponent){
      .data = plane + from->offset + (gssize) y.first * stride
              + (gssize) x.first * from->pixel_stride,
      .stride = stride * y.step,
      .pixel_stride = from->pixel_stride,
      .width = x.count,
      .height = y.count,
      .sample_size = from->sample_size,
      .depth = from->depth,
      .shift = from->shift,
      .x_first = x.position,
      .x_step = x.distance,
      .y_first = y.position,
      .y_step = y.distance,
    };
  }
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
    if (can_unpack (gst_video_format_get_info (raw[i])))
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

  if (!check_info (info, error))
    return NULL;
  self = g_object_new (GST_SOD_TYPE_FRAME_READER, NULL);
  self->info = *info;
  if (!gst_video_info_set_interlaced_format (&self->usual, info->finfo->format,
          GST_VIDEO_INFO_INTERLACE_MODE (info), info->width, info->height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "frames of %dx%d pixels cannot be addressed", info->width,
        info->height);
    return NULL;
  }
  if (gst_sod_layout_init (&self->layout, info))
    gst_sod_layout_get_matrix (info, self->image->matrix);
  else if (!start_unpacking (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gst_sod_frame_reader_map:
 * @self: a reader with no buffer mapped
 * @buffer: a frame of the reader's format; a reference is held until
 *   gst_sod_frame_reader_unmap()
 * @error: return location for an error
 *
 * Looks at @buffer as a picture: the rectangle of its GstVideoCropMeta, or all
 * of it, with the strides and offsets of its GstVideoMeta. Of an interlaced
 * frame only the rows of the first field are shown, at their places.
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
  const GstVideoMeta *meta;
  const GstVideoFrame *frame;
  Rectangle rectangle;

  g_return_val_if_fail (GST_SOD_IS_FRAME_READER (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (!self->mapped, NULL);

  meta = gst_buffer_get_video_meta (buffer);
  if ((meta != NULL && !check_meta (self, meta, error))
      || !check_size (self, buffer, meta, error)
      || !get_rectangle (self, buffer, &rectangle, error))
    return NULL;
  if (!gst_video_frame_map (&self->frame, &self->info, buffer, GST_MAP_READ)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "a %s frame of %dx%d pixels cannot be mapped for reading; copy it "
        "to system memory before this element",
        self->info.finfo->name, self->info.width, self->info.height);
    return NULL;
  }
  self->mapped = TRUE;
  if (!check_planes (self, meta, error)) {
    gst_sod_frame_reader_unmap (self);
    return NULL;
  }
  frame = &self->frame;
  if (self->converter != NULL) {
    if (self->roomy.buffer != NULL) {
      copy_frame (&self->roomy, frame);
      frame = &self->roomy;
    }
    gst_video_converter_frame (self->converter, frame, &self->unpacked);
    frame = &self->unpacked;
  }
  describe_frame (self, frame, &rectangle, get_first_field (self, buffer));
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

  if (!self->mapped)
    return;
  gst_video_frame_unmap (&self->frame);
  self->mapped = FALSE;
}
