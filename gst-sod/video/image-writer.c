/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/image-writer.h>
#include <gst-sod/core/image-private.h>

struct _GstSodImageWriter
{
  GObject parent_instance;
  GstVideoInfo info;
  GstVideoFrame frame;
  gboolean mapped;
  GstSodImage *image;
};

G_DEFINE_FINAL_TYPE (GstSodImageWriter, gst_sod_image_writer, G_TYPE_OBJECT)

static void
gst_sod_image_writer_finalize (GObject *object)
{
  GstSodImageWriter *self = GST_SOD_IMAGE_WRITER (object);

  gst_sod_image_writer_unmap (self);
  g_clear_pointer (&self->image, gst_sod_image_unref);
  G_OBJECT_CLASS (gst_sod_image_writer_parent_class)->finalize (object);
}

static void
gst_sod_image_writer_class_init (GstSodImageWriterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_image_writer_finalize;
}

static void
gst_sod_image_writer_init (GstSodImageWriter *self)
{
  self->image = gst_sod_image_new_borrowed ();
}

/**
 * gst_sod_image_writer_new:
 * @width: columns of the images, 1 or more
 * @height: rows of the images, 1 or more
 * @error: return location for an error
 *
 * Makes a writer for RGB buffers of one size.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size out of range.
 *
 * Returns: (transfer full): the writer, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImageWriter *
gst_sod_image_writer_new (gint width, gint height, GError **error)
{
  GstSodImageWriter *self;
  GstVideoInfo info;

  if (width < 1 || height < 1
      || !gst_video_info_set_format (
          &info, GST_VIDEO_FORMAT_RGB, width, height)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "an image of %dx%d pixels was asked for; images need a width and a "
        "height of 1 or more that fit into memory",
        width, height);
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_IMAGE_WRITER, NULL);
  self->info = info;
  return self;
}

/* Whether @buffer holds what its GstVideoMeta or else @info says. */
static gboolean
check_buffer (GstBuffer *buffer, const GstVideoInfo *info, GError **error)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  gint64 size = gst_buffer_get_size (buffer), end = info->size;
  gboolean fits = TRUE;

  if (meta != NULL) {
    fits = meta->format == GST_VIDEO_FORMAT_RGB
           && (gint) meta->width == info->width
           && (gint) meta->height == info->height
           && meta->offset[0] <= (gsize) size
           && meta->stride[0] >= 3 * info->width;
    if (fits)
      end = (gint64) meta->offset[0]
            + (gint64) (info->height - 1) * meta->stride[0] + 3 * info->width;
  }
  if (fits && end <= size)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "an RGB image of %dx%d pixels does not fit into the buffer of "
      "%" G_GINT64_FORMAT " bytes, or its GstVideoMeta describes another",
      info->width, info->height, size);
  return FALSE;
}

/**
 * gst_sod_image_writer_map:
 * @self: a writer with no buffer mapped
 * @buffer: a writable RGB buffer of the writer's size, with the strides of its
 *   GstVideoMeta or those that GstVideoInfo gives; a reference is held until
 *   gst_sod_image_writer_unmap()
 * @error: return location for an error
 *
 * Shows @buffer as a picture to be written: what
 * gst_sod_reconstructor_imagine() takes as its image.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where @buffer is too small or is described as
 * something else, %GST_SOD_ERROR_FAILED for memory that cannot be mapped.
 *
 * Returns: (transfer none): the picture, which is valid until
 *   gst_sod_image_writer_unmap(), or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_image_writer_map (
    GstSodImageWriter *self, GstBuffer *buffer, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_IMAGE_WRITER (self), NULL);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (!self->mapped, NULL);

  if (!check_buffer (buffer, &self->info, error))
    return NULL;
  if (!gst_video_frame_map (
          &self->frame, &self->info, buffer, GST_MAP_READWRITE)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "an image of %dx%d pixels cannot be mapped for writing",
        self->info.width, self->info.height);
    return NULL;
  }
  self->mapped = TRUE;
  self->image->width = self->info.width;
  self->image->height = self->info.height;
  self->image->n_components = 3;
  for (guint i = 0; i < 3; i++)
    gst_sod_image_set_component (self->image, i,
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&self->frame, 0) + i,
        GST_VIDEO_FRAME_PLANE_STRIDE (&self->frame, 0), 3, self->info.width,
        self->info.height);
  gst_sod_image_set_full_range (self->image, 8);
  return self->image;
}

/**
 * gst_sod_image_writer_unmap:
 * @self: a writer
 *
 * Lets go of the buffer that was mapped last; nothing happens where there is
 * none. The picture of gst_sod_image_writer_map() is not valid after this.
 *
 * Since: 0.1
 */
void
gst_sod_image_writer_unmap (GstSodImageWriter *self)
{
  g_return_if_fail (GST_SOD_IS_IMAGE_WRITER (self));

  if (!self->mapped)
    return;
  gst_video_frame_unmap (&self->frame);
  self->mapped = FALSE;
}
