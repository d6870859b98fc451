/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>
#include <gst-sod/core/image-private.h>

G_BEGIN_DECLS

/* A colour of a generated scene, 0..1. */
typedef struct
{
  gdouble r, g, b;
} SceneColour;

/* Every format that a reader can look at (of GstVideoFormat). */
GArray *scene_list_formats (void);

/* Colour of pixel (@x, @y) of the scene of @width x @height: 4 x 3 patches,
 * or one colour where it is too small for them to show. */
SceneColour scene_colour (gint x, gint y, gint width, gint height);

/* The scene as a frame of @info, rendered by GstVideo. */
GstBuffer *scene_render (const GstVideoInfo *info);

/* @buffer with @padding bytes more a row and a gap before each plane, as its
 * GstVideoMeta says. */
GstBuffer *scene_pad (
    const GstVideoInfo *info, GstBuffer *buffer, gint padding);

/* @size bytes of gray before a page that may not be touched. */
GstBuffer *scene_guard (gsize size);

/* What @image shows at the fractions (@x, @y): its nearest samples. */
SceneColour scene_look (const GstSodImage *image, gdouble x, gdouble y);

/* Sum of every code of @image: touches every sample once. */
guint64 scene_sum (const GstSodImage *image);

G_END_DECLS
