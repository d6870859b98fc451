/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/video/layout-private.h>

G_BEGIN_DECLS

/* Pixels of a frame. */
typedef struct
{
  gint x, y, width, height;
} GstSodRectangle;

/* How frames of one format are looked at or drawn on: where they lie, or
 * unpacked by GstVideo into memory that is kept for it. */
typedef struct
{
  GstVideoInfo info;
  GstVideoInfo usual;          /* strides as GstVideo would choose them */
  GstVideoInfo plain;          /* of the frames that @layout describes */
  GstSodLayout layout;         /* of a frame, or of the unpacked one */
  GstVideoConverter *unpacker; /* NULL where frames are looked at directly */
  GstVideoConverter *packer;   /* of what was drawn on, else NULL */
  GstVideoFrame unpacked;      /* has no buffer where there is no unpacker */

  /* A copy with room behind it for formats that GstVideo reads and writes
   * over the end of; has no buffer where it is not needed. */
  GstVideoFrame roomy;
} GstSodFrameFormat;

/* Whether GstVideo can unpack @format. */
gboolean gst_sod_frame_format_can_unpack (const GstVideoFormatInfo *format);

/* Makes @self, which is all zero, ready for frames of @info, to be drawn on if
 * @writable. On failure it is cleared by the caller all the same. */
gboolean gst_sod_frame_format_init (GstSodFrameFormat *self,
    const GstVideoInfo *info, gboolean writable, GError **error);

void gst_sod_frame_format_clear (GstSodFrameFormat *self);

/* Whether @buffer is what its caps and metas say, before it is mapped. */
gboolean gst_sod_frame_format_check_buffer (
    GstSodFrameFormat *self, GstBuffer *buffer, GError **error);

/* The same for the planes of a mapped frame. */
gboolean gst_sod_frame_format_check_frame (
    GstSodFrameFormat *self, const GstVideoFrame *frame, GError **error);

/* What is to be seen of a frame: its GstVideoCropMeta, or all of it. */
gboolean gst_sod_frame_format_get_rectangle (GstSodFrameFormat *self,
    GstBuffer *buffer, GstSodRectangle *rectangle, GError **error);

/* The frame that the layout describes: @frame, or what it unpacks to. */
const GstVideoFrame *gst_sod_frame_format_unpack (
    GstSodFrameFormat *self, const GstVideoFrame *frame);

/* Writes what was drawn on the unpacked frame back. */
void gst_sod_frame_format_pack (GstSodFrameFormat *self, GstVideoFrame *frame);

/* The components of what gst_sod_frame_format_unpack() returned: all rows, or
 * those of parity @parity where it is 0 or 1. */
void gst_sod_frame_format_describe (const GstSodFrameFormat *self,
    const GstVideoFrame *frame, const GstSodRectangle *rectangle, gint parity,
    GstSodComponent components[3]);

G_END_DECLS
