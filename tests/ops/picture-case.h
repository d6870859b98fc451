/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>

typedef enum
{
  PICTURE_PLANAR,
  PICTURE_SEMI_PLANAR, /* chroma interleaved in a plane of its own */
  PICTURE_PACKED       /* all components interleaved in one plane */
} PictureLayout;

typedef struct
{
  const gchar *name;
  gint width, height;
  guint n_components;
  PictureLayout layout;
  guint sample_size, depth, shift;
  gint chroma_x, chroma_y; /* subsampling of components 1 and 2 */
  gboolean cosited;        /* chroma in the column of an even luma sample */
  gboolean yuv;
  gboolean bottom_field; /* every second line, from the second one */
} PictureFormat;

/* All that are tried; the last one has no name. */
extern const PictureFormat picture_formats[];

/* BT.709, limited range, of codes of @depth bits. */
void picture_set_yuv_matrix (GstSodImage *image, guint depth);

/* A soft scene with noise that owns its samples. */
GstSodImage *picture_new (const PictureFormat *format);
