/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>
#include <gst-sod/backend/onednn/compat-private.h>

G_BEGIN_DECLS

/* The CPU back end on oneDNN. Its threads are those of OpenMP: the count is a
 * property of the calling thread, set around every compilation and execution
 * (threads-private.h). */
typedef struct
{
  GstSodBackend base;
  dnnl_engine_t engine; /* NULL where oneDNN does not run on this CPU */
} GstSodOnednn;

/* The one place where a status of oneDNN becomes an error. */
gboolean gst_sod_onednn_check (
    dnnl_status_t status, const gchar *call, GError **error);

/* TRUE where @call succeeded. */
#define GST_SOD_ONEDNN_CHECK(call, error)                                      \
  gst_sod_onednn_check ((call), #call, (error))

dnnl_data_type_t gst_sod_onednn_type (GstSodDType dtype);

/* Name of the implementation that oneDNN chose, such as
 * "brgconv:avx512_core"; owned by @pd. */
const gchar *gst_sod_onednn_impl (const_dnnl_primitive_desc_t pd);

/* Attributes of a primitive that adds its result to the destination, and
 * rectifies it. */
gboolean gst_sod_onednn_fuse (
    dnnl_primitive_attr_t *attr, gboolean sum, gboolean relu, GError **error);

/* Copies between layouts and types; blocks. */
gboolean gst_sod_onednn_reorder (dnnl_engine_t engine, DnnlConstDesc from,
    gconstpointer source, DnnlConstDesc to, gpointer target, GError **error);

extern const GstSodOpKernel gst_sod_onednn_conv2d;
extern const GstSodOpKernel gst_sod_onednn_batch_norm;
extern const GstSodOpKernel gst_sod_onednn_relu;
extern const GstSodOpKernel gst_sod_onednn_sigmoid;
extern const GstSodOpKernel gst_sod_onednn_tanh;
extern const GstSodOpKernel gst_sod_onednn_max_pool;
extern const GstSodOpKernel gst_sod_onednn_avg_pool;
extern const GstSodOpKernel gst_sod_onednn_upsample;
extern const GstSodOpKernel gst_sod_onednn_concat;
extern const GstSodOpKernel gst_sod_onednn_add;

GstSodExecutable *gst_sod_onednn_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);

G_END_DECLS
