/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/shape-private.h>
#include <gst-sod/core/tensor.h>

G_BEGIN_DECLS

/* Alignment of every tensor's memory, bytes: a cache line, and what AVX-512
 * loads like best. */
#define GST_SOD_ALIGNMENT 64

/* As gst_sod_tensor_new(), from a shape; the elements are zero. */
GstSodTensor *gst_sod_tensor_new_shaped (
    GstSodDType dtype, const GstSodShape *shape, GError **error);

/* A tensor over @data, which the caller keeps alive and frees: a place in a
 * plan's arena. */
GstSodTensor *gst_sod_tensor_new_borrowed (
    GstSodDType dtype, const GstSodShape *shape, gpointer data);

const GstSodShape *gst_sod_tensor_get_shape (const GstSodTensor *self);
gpointer gst_sod_tensor_get_data (GstSodTensor *self);
gconstpointer gst_sod_tensor_peek_data (const GstSodTensor *self);
gsize gst_sod_tensor_get_size (const GstSodTensor *self); /* bytes */

/* Whether the caller's reference is the only one: nobody else can read it. */
gboolean gst_sod_tensor_is_mine (const GstSodTensor *self);

/* A new tensor of @dtype with the same values, rounded to nearest even;
 * among F32, F64, F16 and BF16. */
GstSodTensor *gst_sod_tensor_convert (
    const GstSodTensor *self, GstSodDType dtype, GError **error);

/* @size bytes, aligned to GST_SOD_ALIGNMENT, not cleared; NULL and
 * GST_SOD_ERROR_NO_MEMORY where there is no memory; freed with
 * gst_sod_aligned_free(). */
gpointer gst_sod_aligned_alloc (gsize size, GError **error);
void gst_sod_aligned_free (gpointer memory);

static inline gfloat
gst_sod_bf16_to_f32 (guint16 value)
{
  union
  {
    guint32 u;
    gfloat f;
  } bits = { .u = (guint32) value << 16 };

  return bits.f;
}

static inline guint16
gst_sod_f32_to_bf16 (gfloat value)
{
  union
  {
    gfloat f;
    guint32 u;
  } bits = { .f = value };

  if ((bits.u & 0x7fffffffu) > 0x7f800000u)
    return (guint16) (bits.u >> 16 | 0x40u); /* a quiet NaN stays one */
  return (guint16) ((bits.u + 0x7fffu + (bits.u >> 16 & 1u)) >> 16);
}

G_END_DECLS
