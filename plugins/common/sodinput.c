/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodinput.h"

#include <gst/video/video.h>

GstSodFrameReader *
sod_input_make_gray_reader (GstCaps *caps, GError **error)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps)) {
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "maps and masks are GRAY8 video, not %s; put videoconvert before this "
        "element",
        text);
    return NULL;
  }
  /* Both fields of a map or a mask count. */
  GST_VIDEO_INFO_INTERLACE_MODE (&info) = GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  return gst_sod_frame_reader_new (&info, error);
}

gboolean
sod_input_read_gray (GstSodFrameReader *reader, GstBuffer *buffer,
    GstSodImage **image, GError **error)
{
  *image = NULL;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    return TRUE;
  *image = gst_sod_frame_reader_read_gray (reader, buffer, error);
  return *image != NULL;
}

gboolean
sod_input_get_time (GstPad *pad, const GstSegment *segment, GstBuffer *buffer,
    GstClockTime *time, GError **error)
{
  if (!GST_BUFFER_PTS_IS_VALID (buffer)) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "a frame on the pad %s has no time, so that it cannot be put to its "
        "partner; put videorate before it, or mend the element that makes it",
        GST_PAD_NAME (pad));
    return FALSE;
  }
  *time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  return TRUE;
}
