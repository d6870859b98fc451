/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/stream-checks-private.h>

gint
gst_sod_executable_get_picture_channels (const GstSodExecutable *self)
{
  return self->input.dims[1] == 1 ? 1 : 3;
}

gboolean
gst_sod_executable_check_place (const GstSodExecutable *self, guint sample,
    guint frame, gint n_channels, GError **error)
{
  const gint64 *dims = self->input.dims;
  gint64 first =
      (gint64) frame * gst_sod_executable_get_picture_channels (self);

  if (sample < dims[0] && first + n_channels <= dims[1])
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "the plan's input has %" G_GINT64_FORMAT " samples of %" G_GINT64_FORMAT
      " channels; sample %u, frame %u is none of them",
      dims[0], dims[1], sample, frame);
  return FALSE;
}

gboolean
gst_sod_executable_check_tensor (const GstSodExecutable *self,
    const GstSodTensor *tensor, guint frame, GError **error)
{
  const gint64 *dims = self->input.dims;
  const GstSodShape *given = gst_sod_tensor_get_shape (tensor);
  gint channels = gst_sod_executable_get_picture_channels (self);
  GstSodShape picture = { 3, { channels, dims[2], dims[3], 0 } };
  GstSodShape whole = { 3, { dims[1], dims[2], dims[3], 0 } };
  g_autofree gchar *expected = NULL, *found = NULL;

  if (gst_sod_tensor_get_dtype (tensor) == GST_SOD_DTYPE_F32
      && (gst_sod_shape_equal (given, &picture)
          || (frame == 0 && gst_sod_shape_equal (given, &whole))))
    return TRUE;
  expected = gst_sod_shape_to_string (&picture);
  found = gst_sod_shape_to_string (given);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the input takes f32 tensors of shape %s, a %s one of shape %s was "
      "given",
      expected, gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)), found);
  return FALSE;
}

gboolean
gst_sod_executable_check_map (
    const GstSodExecutable *self, guint sample, GError **error)
{
  const gint64 *dims = self->output.dims;

  if (dims[1] == 1 && sample < dims[0])
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "the plan's output has %" G_GINT64_FORMAT " samples of %" G_GINT64_FORMAT
      " channels; sample %u is no map of one channel",
      dims[0], dims[1], sample);
  return FALSE;
}

gboolean
gst_sod_executable_check_host (
    const GstSodExecutable *self, const GstSodImage *image, GError **error)
{
  if (image->memory == GST_SOD_IMAGE_HOST)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "the picture lies in the memory of device cuda:%u, back end \"%s\" works "
      "in the host's; run it with device=cuda:%u, or bring the frames to "
      "system memory first (cudadownload)",
      image->device, self->backend->klass->name, image->device);
  return FALSE;
}

gboolean
gst_sod_executable_check_device (const GstSodExecutable *self,
    const GstSodImage *image, guint device, gpointer context, GError **error)
{
  if (image->memory == GST_SOD_IMAGE_HOST
      || (image->device == device && image->context == context))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "the picture lies in the memory of device cuda:%u%s, back end \"%s\" "
      "works on cuda:%u; run it with device=cuda:%u in one pipeline with what "
      "makes the frames, or bring them to system memory first (cudadownload)",
      image->device, image->device == device ? " in another context" : "",
      self->backend->klass->name, device, image->device);
  return FALSE;
}

void
gst_sod_set_error_not_kept (GstSodValue value, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "value %u of the plan is not kept; name it when the plan is compiled",
      value);
}

gboolean
gst_sod_stream_goes_on (const GstSodStream *self, GError **error)
{
  if (self->is_stopped == NULL || !self->is_stopped (self->stop_data))
    return TRUE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
      "the training was stopped");
  return FALSE;
}
