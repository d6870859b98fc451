/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/onednn-private.h>

G_BEGIN_DECLS

/* One call of a single op: primitives made, run once and freed. Tensors are
 * dense (n, c, h, w); where a primitive wants another layout, they are copied.
 * Errors are kept: after the first every call does nothing. */
typedef struct
{
  const GstSodOpCall *call;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  GPtrArray *descs;  /* of DnnlDesc, owned */
  GPtrArray *pds;    /* of dnnl_primitive_desc_t, owned */
  GPtrArray *memory; /* of gpointer, owned: copies, workspaces */
  gint threads;      /* what the calling thread had */
  GError *error;
} GstSodOnednnOp;

#define GST_SOD_ONEDNN_OP_ARGS 40

/* A primitive's arguments; tensors are copied in before it runs and out
 * afterwards where the layouts differ. */
typedef struct
{
  gint n;
  dnnl_exec_arg_t args[GST_SOD_ONEDNN_OP_ARGS];
  gint n_out;
  struct
  {
    DnnlConstDesc from, to;
    gconstpointer source;
    gpointer target;
  } out[4];
} GstSodOnednnArgs;

/* FALSE where the back end has no engine or the dtype is not f32 or bf16. */
gboolean gst_sod_onednn_op_init (
    GstSodOnednnOp *self, const GstSodOpCall *call, GError **error);

/* Frees all; FALSE and @error where something failed. */
gboolean gst_sod_onednn_op_finish (GstSodOnednnOp *self, GError **error);

/* TRUE as long as nothing failed. */
gboolean gst_sod_onednn_op_check (
    GstSodOnednnOp *self, dnnl_status_t status, const gchar *name);

/* Descriptors and primitive descriptors live until the op ends. */
DnnlConstDesc gst_sod_onednn_op_desc (
    GstSodOnednnOp *self, const GstSodTensor *tensor, dnnl_format_tag_t tag);

/* Dense, as the tensor lies in memory. */
DnnlConstDesc gst_sod_onednn_op_dense (
    GstSodOnednnOp *self, const GstSodTensor *tensor);
void gst_sod_onednn_op_take (GstSodOnednnOp *self, dnnl_primitive_desc_t pd);

/* @desc: as the primitive wants it. A NULL tensor is no argument. */
void gst_sod_onednn_op_in (GstSodOnednnOp *self, GstSodOnednnArgs *args,
    gint arg, const GstSodTensor *tensor, DnnlConstDesc desc);
void gst_sod_onednn_op_out (GstSodOnednnOp *self, GstSodOnednnArgs *args,
    gint arg, GstSodTensor *tensor, DnnlConstDesc desc);

/* Memory of the op's own, zero: a workspace, or a gradient that nobody wants.
 * Returns where it lies. */
gpointer gst_sod_onednn_op_own (
    GstSodOnednnOp *self, GstSodOnednnArgs *args, gint arg, DnnlConstDesc desc);

/* As it is, without a copy. */
void gst_sod_onednn_op_raw (GstSodOnednnOp *self, GstSodOnednnArgs *args,
    gint arg, DnnlConstDesc desc, gconstpointer memory);

/* Runs @pd's primitive, copies results out and empties @args. */
void gst_sod_onednn_op_run (GstSodOnednnOp *self,
    const_dnnl_primitive_desc_t pd, GstSodOnednnArgs *args);

/* FALSE and GST_SOD_ERROR_UNSUPPORTED where attributes that only inference
 * sets would have to be differentiated. */
gboolean gst_sod_onednn_op_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error);

/* Forward and backward of the ops that are pointwise functions, and of pools.
 */
gboolean gst_sod_onednn_eltwise_forward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error);
gboolean gst_sod_onednn_eltwise_backward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error);
gboolean gst_sod_onednn_pool_forward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error);
gboolean gst_sod_onednn_pool_backward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error);

/* TRUE where the call succeeded. */
#define GST_SOD_ONEDNN_OP(op, call)                                            \
  gst_sod_onednn_op_check (                                                    \
      (op), (op)->error == NULL ? (call) : dnnl_success, #call)

G_END_DECLS
