/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/kernels-private.h>
#include <gst-sod/core/image-private.h>
#include <gst-sod/nn/network-private.h>

G_BEGIN_DECLS

/* The bytes of the host's memory that a picture's samples lie in: components
 * that are interleaved share a span. A copy of all spans lies one after the
 * other, each from a multiple of 256 on. */
typedef struct
{
  guint n;
  struct
  {
    const guint8 *first;
    gsize size;
    gsize offset; /* in the copy */
  } spans[3];
  gsize size; /* of the copy */
} GstSodCudaSpans;

/* GST_SOD_ERROR_INVALID_ARGUMENT for a picture without samples. */
gboolean gst_sod_cuda_picture_find_spans (
    const GstSodImage *image, GstSodCudaSpans *spans, GError **error);
void gst_sod_cuda_spans_copy (const GstSodCudaSpans *self, guint8 *to);

/* @image as the kernels read it, to become @channels channels by @rule, or one
 * gray one. Its samples stay where @image has them, which is right where that
 * is memory of the device. GST_SOD_ERROR_MISMATCH for colour where a gray
 * picture is wanted. */
gboolean gst_sod_cuda_picture_init (GstSodCudaPicture *self,
    const GstSodImage *image, const GstSodInputRule *rule, gint channels,
    GError **error);

/* Its samples are in a copy of @spans, at @copy. */
void gst_sod_cuda_picture_move (GstSodCudaPicture *self,
    const GstSodImage *image, const GstSodCudaSpans *spans, const guint8 *copy);

G_END_DECLS
