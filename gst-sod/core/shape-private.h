/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/types.h>

G_BEGIN_DECLS

#define GST_SOD_MAX_DIMS 4

/* Sizes of a tensor, outermost first: activations are (n, c, h, w),
 * convolution weights (c_out, c_in, k_h, k_w), per-channel values (c). */
typedef struct
{
  guint n_dims;
  gint64 dims[GST_SOD_MAX_DIMS];
} GstSodShape;

static inline GstSodShape
gst_sod_shape_nchw (gint64 n, gint64 c, gint64 h, gint64 w)
{
  return (GstSodShape){ 4, { n, c, h, w } };
}

static inline GstSodShape
gst_sod_shape_1d (gint64 c)
{
  return (GstSodShape){ 1, { c, 0, 0, 0 } };
}

gboolean gst_sod_shape_equal (const GstSodShape *a, const GstSodShape *b);

/* Number of elements of @shape; FALSE where a size is negative or the number
 * times 8 bytes does not fit into half of the address space. */
gboolean gst_sod_shape_count (const GstSodShape *shape, gsize *count);

/* "32x3x3x3" for messages; (transfer full). */
gchar *gst_sod_shape_to_string (const GstSodShape *shape);

gsize gst_sod_dtype_size (GstSodDType dtype);
const gchar *gst_sod_dtype_name (GstSodDType dtype);
const gchar *gst_sod_precision_name (GstSodPrecision precision);

G_END_DECLS
