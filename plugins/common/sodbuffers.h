/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Whether @buffer was never asked about before: a pool gives the same buffers
 * again and again. */
gboolean sod_buffer_is_new (GstBuffer *buffer);

/* A buffer of the memory of @frame: what something that @frame carries can
 * keep, so that the two do not hold each other. (transfer full) */
GstBuffer *sod_buffer_share_memory (GstBuffer *frame);

/* A running pool of buffers of @size; NULL where it cannot be had.
 * (transfer full) */
GstBufferPool *sod_buffer_pool_new (gsize size);

/* Makes an allocation query that no pool answers propose one for frames of
 * @info. */
gboolean sod_buffer_propose_pool (GstQuery *query, const GstVideoInfo *info);

/* Takes @meta of a frame of @in_info along to @out, another frame of @out_info:
 * scaled where it says where in the picture something is. TRUE where it can be
 * copied as it is. */
gboolean sod_buffer_take_meta (GstBuffer *out, const GstVideoInfo *out_info,
    GstMeta *meta, GstBuffer *in, const GstVideoInfo *in_info);

G_END_DECLS
