/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of one format: checked, unpacked and described.
 *
 * What depends on the format is decided once; a frame then costs a few
 * additions per component. Sizes are checked here, plane by plane, since
 * gst_video_frame_map() believes what a GstVideoMeta says. */
#include <gst-sod/video/frame-format-private.h>

#include <string.h>

/* Bytes that GstVideo 1.22 goes over the end of a frame at most, besides a row
 * (measured over odd sizes of every format: 1017). */
#define ROOM 4096

/* The bytes of a plane that a frame takes, from the plane's first. */
typedef struct
{
  gint64 first, end;
} Extent;

/* Whether GstVideo can unpack @format, which all of its conversions start
 * with. */
gboolean
gst_sod_frame_format_can_unpack (const GstVideoFormatInfo *format)
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

static gsize
get_plane_size (const GstVideoInfo *info, guint plane)
{
  gsize end = plane + 1 < GST_VIDEO_INFO_N_PLANES (info)
                  ? info->offset[plane + 1]
                  : info->size;

  return end - info->offset[plane];
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
 * odd pixel; planes of tiles in one go. */
static void
copy_frame (const GstSodFrameFormat *self, const GstVideoFrame *to,
    const GstVideoFrame *from)
{
  gboolean tiled = GST_VIDEO_FORMAT_INFO_IS_TILED (self->info.finfo);

  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (&self->usual); i++) {
    gsize size = get_plane_size (&self->usual, i);
    gsize row = tiled ? size : (gsize) self->usual.stride[i];

    for (gsize y = 0; y < size / row; y++)
      memcpy ((guint8 *) to->data[i] + y * GST_VIDEO_FRAME_PLANE_STRIDE (to, i),
          (const guint8 *) from->data[i]
              + y * GST_VIDEO_FRAME_PLANE_STRIDE (from, i),
          row);
  }
}

/* How far GstVideo may go over the end of a frame: rows of bit-packed formats
 * whose last odd pixel has no chroma, tiles, and chroma rows of interlaced
 * frames of odd heights. */
static gsize
get_room (const GstSodFrameFormat *self)
{
  const GstVideoFormatInfo *format = self->info.finfo;
  gboolean tiled = GST_VIDEO_FORMAT_INFO_IS_TILED (format);
  gsize room = ROOM;

  if (!tiled && !GST_VIDEO_INFO_IS_INTERLACED (&self->info)
      && (!GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format)
          || self->info.width % 2 == 0))
    return 0;
  for (guint i = 0; i < format->n_planes && !tiled; i++)
    room = MAX (room, ROOM + (gsize) self->usual.stride[i]);
  return room;
}

/* Chroma is left as it is where frames are drawn on, so that what is not drawn
 * on comes back unchanged. */
static GstVideoConverter *
new_converter (const GstVideoInfo *from, const GstVideoInfo *to, gboolean exact)
{
  return gst_video_converter_new (from, to,
      gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE,
          GST_VIDEO_CONVERTER_OPT_CHROMA_MODE, GST_TYPE_VIDEO_CHROMA_MODE,
          exact ? GST_VIDEO_CHROMA_MODE_NONE : GST_VIDEO_CHROMA_MODE_FULL,
          NULL));
}

static gboolean
start_unpacking (GstSodFrameFormat *self, gboolean writable, GError **error)
{
  const GstVideoFormatInfo *format = self->info.finfo;
  GstVideoInfo *plain = &self->plain;

  if (!gst_video_info_set_interlaced_format (plain,
          get_unpacked_format (format),
          GST_VIDEO_INFO_INTERLACE_MODE (&self->info), self->info.width,
          self->info.height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "%s frames of %dx%d pixels are too large to unpack; scale them down "
        "with videoscale",
        format->name, self->info.width, self->info.height);
    return FALSE;
  }
  plain->colorimetry = self->info.colorimetry;
  plain->chroma_site = self->info.chroma_site;
  plain->fps_n = self->info.fps_n;
  plain->fps_d = self->info.fps_d;
  if (gst_sod_layout_init (&self->layout, plain)) {
    self->unpacker = new_converter (&self->info, plain, writable);
    if (writable && format->pack_func != NULL)
      self->packer = new_converter (plain, &self->info, TRUE);
  }
  if (self->unpacker == NULL || (writable && self->packer == NULL)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "GstVideo cannot %s %s; put videoconvert before this element",
        self->unpacker == NULL ? "unpack" : "pack", format->name);
    return FALSE;
  }
  return take_frame (&self->unpacked, plain, 0, error)
         && (get_room (self) == 0
             || take_frame (
                 &self->roomy, &self->usual, get_room (self), error));
}

static gboolean
check_info (const GstVideoInfo *info, GError **error)
{
  GstVideoInterlaceMode mode = GST_VIDEO_INFO_INTERLACE_MODE (info);

  if (!gst_sod_frame_format_can_unpack (info->finfo)) {
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
get_extent (const GstSodFrameFormat *self, guint plane, gint stride)
{
  Extent extent = { G_MAXINT64, 0 };
  gint64 rows;

  if (self->unpacker != NULL) {
    const GstVideoInfo *usual = &self->usual;
    gsize size = get_plane_size (usual, plane);

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
    GstSodFrameFormat *self, gint64 needed, gint64 found, GError **error)
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
check_meta (GstSodFrameFormat *self, const GstVideoMeta *meta, GError **error)
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
  for (guint i = 0; i < meta->n_planes && self->unpacker != NULL; i++) {
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
check_size (GstSodFrameFormat *self, GstBuffer *buffer,
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

gboolean
gst_sod_frame_format_check_buffer (
    GstSodFrameFormat *self, GstBuffer *buffer, GError **error)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);

  return (meta == NULL || check_meta (self, meta, error))
         && check_size (self, buffer, meta, error);
}

gboolean
gst_sod_frame_format_check_frame (
    GstSodFrameFormat *self, const GstVideoFrame *frame, GError **error)
{
  const GstVideoInfo *info = &self->info;

  if (frame->info.finfo != info->finfo || frame->info.width < info->width
      || frame->info.height < info->height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a %s frame of %dx%d pixels was expected, this is %s of %dx%d",
        info->finfo->name, info->width, info->height, frame->info.finfo->name,
        frame->info.width, frame->info.height);
    return FALSE;
  }
  if (frame->meta != NULL && !check_meta (self, frame->meta, error))
    return FALSE;
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame); i++) {
    /* Memory may be shorter than the buffer that it is a part of. */
    const GstMapInfo *map = &frame->map[frame->meta != NULL ? i : 0];
    Extent extent =
        get_extent (self, i, GST_VIDEO_FRAME_PLANE_STRIDE (frame, i));
    gint64 offset = (const guint8 *) frame->data[i] - map->data;

    if (offset + extent.first < 0 || offset + extent.end > (gint64) map->size)
      return set_mismatch (self, offset + extent.end, map->size, error);
  }
  return TRUE;
}

gboolean
gst_sod_frame_format_get_rectangle (GstSodFrameFormat *self, GstBuffer *buffer,
    GstSodRectangle *rectangle, GError **error)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  guint width = self->info.width, height = self->info.height;

  *rectangle = (GstSodRectangle){ 0, 0, width, height };
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
  *rectangle = (GstSodRectangle){ crop->x, crop->y, crop->width, crop->height };
  return TRUE;
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

void
gst_sod_frame_format_describe (const GstSodFrameFormat *self,
    const GstVideoFrame *frame, const GstSodRectangle *rectangle, gint parity,
    GstSodComponent components[3])
{
  GstVideoChromaSite site = self->info.chroma_site;

  for (guint i = 0; i < self->layout.n_components; i++) {
    const GstSodComponentLayout *from = &self->layout.components[i];
    gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, from->plane);
    const guint8 *plane = GST_VIDEO_FRAME_PLANE_DATA (frame, from->plane);
    Axis x = describe_axis (rectangle->x, rectangle->width, from->w_sub,
        (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0, -1);
    Axis y = describe_axis (rectangle->y, rectangle->height, from->h_sub,
        (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0, parity);

    components[i] = (GstSodComponent){
      .data = plane + from->offset + (gssize) y.first * stride
              + (gssize) x.first * from->pixel_stride,
      /* The stride of a single row may be anything. */
      .stride = y.count == 1 ? stride : stride * y.step,
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

const GstVideoFrame *
gst_sod_frame_format_unpack (
    GstSodFrameFormat *self, const GstVideoFrame *frame)
{
  if (self->unpacker == NULL)
    return frame;
  if (self->roomy.buffer != NULL) {
    copy_frame (self, &self->roomy, frame);
    frame = &self->roomy;
  }
  gst_video_converter_frame (self->unpacker, frame, &self->unpacked);
  return &self->unpacked;
}

void
gst_sod_frame_format_pack (GstSodFrameFormat *self, GstVideoFrame *frame)
{
  if (self->packer == NULL)
    return;
  if (self->roomy.buffer == NULL) {
    gst_video_converter_frame (self->packer, &self->unpacked, frame);
    return;
  }
  gst_video_converter_frame (self->packer, &self->unpacked, &self->roomy);
  copy_frame (self, frame, &self->roomy);
}

gboolean
gst_sod_frame_format_init (GstSodFrameFormat *self, const GstVideoInfo *info,
    gboolean writable, GError **error)
{
  if (!check_info (info, error))
    return FALSE;
  self->info = self->plain = *info;
  if (!gst_video_info_set_interlaced_format (&self->usual, info->finfo->format,
          GST_VIDEO_INFO_INTERLACE_MODE (info), info->width, info->height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "frames of %dx%d pixels cannot be addressed", info->width,
        info->height);
    return FALSE;
  }
  return gst_sod_layout_init (&self->layout, info)
         || start_unpacking (self, writable, error);
}

void
gst_sod_frame_format_clear (GstSodFrameFormat *self)
{
  if (self->unpacked.buffer != NULL)
    gst_video_frame_unmap (&self->unpacked);
  if (self->roomy.buffer != NULL)
    gst_video_frame_unmap (&self->roomy);
  g_clear_pointer (&self->unpacker, gst_video_converter_free);
  g_clear_pointer (&self->packer, gst_video_converter_free);
}
