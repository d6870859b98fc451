/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* The samples along one direction that make one output pixel: a triangle that
 * is as wide as the output's pixels are apart, at least one sample, cut at the
 * edges. Shrinking, that is the antialiased triangle filter; enlarging, linear
 * interpolation with the edge repeated. */
typedef struct
{
  gint first, count;       /* samples */
  gdouble position, width; /* of the triangle: centre, half base; samples */
  gdouble total;           /* of the weights, to divide by */
} GstSodRefTaps;

/* Of pixel @out of @n_out, from @n_in samples whose centres are at the
 * fractions first + i * step of the picture's side. */
GstSodRefTaps gst_sod_ref_taps (
    gint out, gint n_out, gint n_in, gdouble first, gdouble step);

/* Share of sample @index. */
gdouble gst_sod_ref_tap_weight (const GstSodRefTaps *taps, gint index);

/* A picture that becomes (channels, height, width) values: 3 channels by @rule,
 * or 1: a gray picture in 0..1. */
typedef struct
{
  const GstSodImage *image;
  const GstSodInputRule *rule;
  gint channels, height, width;
  gdouble *row; /* room for a row of the widest component's samples */
} GstSodRefPicture;

/* GST_SOD_ERROR_MISMATCH for a colour picture into one channel. @planes:
 * (channels, height, width). */
gboolean gst_sod_ref_preprocess (
    const GstSodRefPicture *picture, gdouble *planes, GError **error);

/* @values: (height, width), in 0..1; @row: room for @width values. */
void gst_sod_ref_postprocess (const gdouble *values, gint height, gint width,
    gdouble *row, GstSodImage *map);

G_END_DECLS
