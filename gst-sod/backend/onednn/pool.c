/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both pools are made of. */
#include <gst-sod/backend/onednn/op-private.h>

typedef struct
{
  CompatWindow window;
  dnnl_primitive_desc_t forward;
} Pool;

static gboolean
pool_init (
    Pool *self, GstSodOnednnOp *op, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg)
{
  const GstSodOpAttrs *attrs = op->call->attrs;

  *self = (Pool){ .window = {
                      .alg = alg,
                      .src = gst_sod_onednn_op_dense (op, op->call->inputs[0]),
                      .dst = gst_sod_onednn_op_dense (op, op->call->output),
                      .kernel = { attrs->kernel, attrs->kernel },
                      .strides = { attrs->stride, attrs->stride },
                  } };
  GST_SOD_ONEDNN_OP (op, compat_pool_forward (&self->forward, op->engine, prop,
                             &self->window, NULL));
  gst_sod_onednn_op_take (op, self->forward);
  return op->error == NULL;
}

gboolean
gst_sod_onednn_pool_forward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  Pool pool;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (pool_init (&pool, &op, dnnl_forward_inference, alg)) {
    gst_sod_onednn_op_in (
        &op, &args, DNNL_ARG_SRC, call->inputs[0], pool.window.src);
    gst_sod_onednn_op_out (
        &op, &args, DNNL_ARG_DST, call->output, pool.window.dst);
    gst_sod_onednn_op_run (&op, pool.forward, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

/* Where the greatest values are is found by running forward again: a call
 * carries nothing from forward to backward but the output. */
static gpointer
find_workspace (GstSodOnednnOp *op, const Pool *pool, DnnlConstDesc desc)
{
  GstSodOnednnArgs args = { 0 };
  gpointer workspace;

  gst_sod_onednn_op_in (
      op, &args, DNNL_ARG_SRC, op->call->inputs[0], pool->window.src);
  gst_sod_onednn_op_own (op, &args, DNNL_ARG_DST, pool->window.dst);
  workspace = gst_sod_onednn_op_own (op, &args, DNNL_ARG_WORKSPACE, desc);
  gst_sod_onednn_op_run (op, pool->forward, &args);
  return workspace;
}

gboolean
gst_sod_onednn_pool_backward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;
  Pool pool;

  if (call->d_inputs[0] == NULL)
    return TRUE;
  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (pool_init (&pool, &op, dnnl_forward_training, alg)
      && GST_SOD_ONEDNN_OP (&op,
          compat_pool_backward (&pd, op.engine, &pool.window, pool.forward))) {
    gst_sod_onednn_op_take (&op, pd);
    if (alg == dnnl_pooling_max) {
      DnnlConstDesc desc = dnnl_primitive_desc_query_md (
          pool.forward, dnnl_query_workspace_md, 0);
      gpointer workspace = find_workspace (&op, &pool, desc);

      gst_sod_onednn_op_raw (&op, &args, DNNL_ARG_WORKSPACE, desc, workspace);
    }
    gst_sod_onednn_op_in (
        &op, &args, DNNL_ARG_DIFF_DST, call->d_output, pool.window.dst);
    gst_sod_onednn_op_out (
        &op, &args, DNNL_ARG_DIFF_SRC, call->d_inputs[0], pool.window.src);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}
