/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* For frames of @caps, which are GRAY8. (transfer full) */
GstSodFrameReader *sod_input_make_gray_reader (GstCaps *caps, GError **error);

/* The picture of @buffer, NULL in @image for a gap. */
gboolean sod_input_read_gray (GstSodFrameReader *reader, GstBuffer *buffer,
    GstSodImage **image, GError **error);

/* The running time of @buffer, GST_CLOCK_TIME_NONE where it lies outside of
 * @segment. */
gboolean sod_input_get_time (GstPad *pad, const GstSegment *segment,
    GstBuffer *buffer, GstClockTime *time, GError **error);

G_END_DECLS
