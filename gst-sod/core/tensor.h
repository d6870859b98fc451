/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/types.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_TENSOR (gst_sod_tensor_get_type ())

/**
 * GstSodTensor:
 *
 * A dense array of up to four dimensions in the memory of the host, outermost
 * dimension first: (n, c, h, w). Reference counted; sharing it between threads
 * is safe as long as nobody writes.
 *
 * Since: 0.1
 */
typedef struct _GstSodTensor GstSodTensor;

GST_SOD_API
GType gst_sod_tensor_get_type (void);

GST_SOD_API
GstSodTensor *gst_sod_tensor_new (
    GstSodDType dtype, const gint64 *dims, guint n_dims, GError **error);

GST_SOD_API
GstSodTensor *gst_sod_tensor_new_from_bytes (GstSodDType dtype,
    const gint64 *dims, guint n_dims, GBytes *bytes, GError **error);

GST_SOD_API
GstSodTensor *gst_sod_tensor_ref (GstSodTensor *self);

GST_SOD_API
void gst_sod_tensor_unref (GstSodTensor *self);

GST_SOD_API
GstSodDType gst_sod_tensor_get_dtype (const GstSodTensor *self);

GST_SOD_API
guint gst_sod_tensor_get_n_dims (const GstSodTensor *self);

GST_SOD_API
gint64 gst_sod_tensor_get_dim (const GstSodTensor *self, guint index);

GST_SOD_API
gsize gst_sod_tensor_get_n_elements (const GstSodTensor *self);

GST_SOD_API
GBytes *gst_sod_tensor_get_bytes (const GstSodTensor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodTensor, gst_sod_tensor_unref)

G_END_DECLS
