/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/run/reconstruct.h>

G_BEGIN_DECLS

/* Codes of one row, one array a component, as full-range R, G and B in 0..1:
 * rgb[i] is (width). */
void gst_sod_codes_to_rgb (const GstSodImage *image, const gfloat *const *codes,
    gint width, gfloat *const *rgb);

/* Sum over a row of abs (values - target), where the target is the mean of 2x2
 * of the pixels of two rows in 0..1, scaled to -1..1; @values is (width), the
 * rows are (2 * width). */
gdouble gst_sod_sum_difference (
    const gfloat *values, const gfloat *upper, const gfloat *lower, gint width);

/* Values of -1..1 to every @pixel_stride-th byte. */
void gst_sod_codes_from_signed (
    const gfloat *values, gint width, guint8 *codes, gint pixel_stride);

G_END_DECLS
