/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Where the samples of a component lie in its plane. */
typedef struct
{
  guint plane;
  gint offset;        /* bytes from the plane's first */
  gint pixel_stride;  /* bytes */
  gint width, height; /* samples */
  guint w_sub, h_sub; /* log2 of pixels to a sample */
  guint8 sample_size; /* bytes: 1 or 2 */
  guint8 depth, shift;
} GstSodComponentLayout;

/* Where the samples of a format lie: R G B, Y Cb Cr or gray. */
typedef struct
{
  guint n_components; /* 1 or 3 */
  GstSodComponentLayout components[3];
} GstSodLayout;

/* Describes frames of @info. Returns FALSE where bytes or 16-bit words do not
 * hold one sample each: such formats have to be unpacked first. */
gboolean gst_sod_layout_init (GstSodLayout *self, const GstVideoInfo *info);

/* Codes of a frame of @info -> full-range RGB by its colorimetry, as
 * GstSodImage wants it. */
void gst_sod_layout_get_matrix (const GstVideoInfo *info, gfloat matrix[3][4]);

G_END_DECLS
