/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/map-writer.h>
#include <gst-sod/video/device-frames-private.h>
#include <gst-sod/video/map-private.h>
#include <gst-sod/core/image-private.h>

struct _GstSodMapWriter
{
  GObject parent_instance;
  GstVideoInfo info;
  GstVideoFrame frame;
  gboolean mapped;
  GstSodDeviceFrames *device; /* NULL: maps are written by the host */
  GstSodImage *image;
};

G_DEFINE_FINAL_TYPE (GstSodMapWriter, gst_sod_map_writer, G_TYPE_OBJECT)

static void
gst_sod_map_writer_finalize (GObject *object)
{
  GstSodMapWriter *self = GST_SOD_MAP_WRITER (object);

  gst_sod_map_writer_unmap (self);
  g_clear_pointer (&self->image, gst_sod_image_unref);
  g_clear_object (&self->device);
  G_OBJECT_CLASS (gst_sod_map_writer_parent_class)->finalize (object);
}

static void
gst_sod_map_writer_class_init (GstSodMapWriterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_map_writer_finalize;
}

static void
gst_sod_map_writer_init (GstSodMapWriter *self)
{
  self->image = gst_sod_image_new_borrowed ();
}

/**
 * gst_sod_map_writer_new:
 * @width: columns of the maps, 1 or more
 * @height: rows of the maps, 1 or more
 * @error: return location for an error
 *
 * Makes a writer for GRAY8 buffers of one size.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size out of range.
 *
 * Returns: (transfer full): the writer, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodMapWriter *
gst_sod_map_writer_new (gint width, gint height, GError **error)
{
  GstSodMapWriter *self;
  GstVideoInfo info;

  if (width < 1 || height < 1
      || !gst_video_info_set_format (
          &info, GST_VIDEO_FORMAT_GRAY8, width, height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a map of %dx%d pixels was asked for; maps need a width and a height "
        "of 1 or more that fit into memory",
        width, height);
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_MAP_WRITER, NULL);
  self->info = info;
  return self;
}

/**
 * gst_sod_map_writer_new_on:
 * @width: columns of the maps, 1 or more
 * @height: rows of the maps, 1 or more
 * @frames: (nullable): the memory of the device that the maps are to lie in;
 *   %NULL for the host's
 * @error: return location for an error
 *
 * As gst_sod_map_writer_new(), for buffers in the memory of a device: its
 * pictures are for sessions in the same context.
 *
 * Errors: as gst_sod_map_writer_new().
 *
 * Returns: (transfer full): the writer, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodMapWriter *
gst_sod_map_writer_new_on (
    gint width, gint height, GstSodDeviceFrames *frames, GError **error)
{
  GstSodMapWriter *self = gst_sod_map_writer_new (width, height, error);

  if (self != NULL && frames != NULL)
    self->device = g_object_ref (frames);
  return self;
}

/**
 * gst_sod_map_writer_get_size:
 * @self: a writer
 *
 * Returns: bytes of a buffer without GstVideoMeta that holds a map
 *
 * Since: 0.1
 */
gsize
gst_sod_map_writer_get_size (GstSodMapWriter *self)
{
  g_return_val_if_fail (GST_SOD_IS_MAP_WRITER (self), 0);

  return self->info.size;
}

/**
 * gst_sod_map_writer_map:
 * @self: a writer with no buffer mapped
 * @buffer: a writable buffer of gst_sod_map_writer_get_size() bytes, or of
 *   what its GstVideoMeta says; a reference is held until
 *   gst_sod_map_writer_unmap()
 * @error: return location for an error
 *
 * Shows @buffer as a picture to be written: what gst_sod_session_infer() takes
 * as its map.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where @buffer is too small or is described as
 * something else, %GST_SOD_ERROR_FAILED for memory that cannot be mapped.
 *
 * Returns: (transfer none): the picture, which is valid until
 *   gst_sod_map_writer_unmap(), or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_map_writer_map (
    GstSodMapWriter *self, GstBuffer *buffer, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_MAP_WRITER (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (!self->mapped, NULL);

  if (!gst_sod_map_check_pixels (buffer, &self->info, error))
    return NULL;
  if (self->device != NULL) {
    if (!gst_sod_device_frames_map (self->device, &self->frame, &self->info,
            buffer, GST_MAP_READWRITE, error))
      return NULL;
  } else if (!gst_video_frame_map (
                 &self->frame, &self->info, buffer, GST_MAP_READWRITE)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "a map of %dx%d pixels cannot be mapped for writing", self->info.width,
        self->info.height);
    return NULL;
  }
  self->mapped = TRUE;
  gst_sod_image_set_gray (self->image,
      GST_VIDEO_FRAME_PLANE_DATA (&self->frame, 0),
      GST_VIDEO_FRAME_PLANE_STRIDE (&self->frame, 0), self->info.width,
      self->info.height);
  gst_sod_device_frames_place (self->device, self->image);
  return self->image;
}

/**
 * gst_sod_map_writer_unmap:
 * @self: a writer
 *
 * Lets go of the buffer that was mapped last; nothing happens where there is
 * none. The picture of gst_sod_map_writer_map() is not valid after this.
 *
 * Since: 0.1
 */
void
gst_sod_map_writer_unmap (GstSodMapWriter *self)
{
  g_return_if_fail (GST_SOD_IS_MAP_WRITER (self));

  if (!self->mapped)
    return;
  gst_video_frame_unmap (&self->frame);
  self->mapped = FALSE;
}
