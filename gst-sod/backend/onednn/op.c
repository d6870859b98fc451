/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>
#include <gst-sod/backend/onednn/threads-private.h>

#include <string.h>

static void
free_desc (gpointer desc)
{
  compat_desc_free (desc);
}

static void
free_pd (gpointer pd)
{
  dnnl_primitive_desc_destroy (pd);
}

gboolean
gst_sod_onednn_op_init (
    GstSodOnednnOp *self, const GstSodOpCall *call, GError **error)
{
  GstSodDType dtype = gst_sod_tensor_get_dtype (call->output);
  GstSodOnednn *backend = (GstSodOnednn *) gst_sod_onednn_backend ();

  *self = (GstSodOnednnOp){ .call = call, .engine = backend->engine };
  if (gst_sod_onednn_type (dtype) == dnnl_data_type_undef) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "back end \"onednn\" computes in f32 and bf16, not in %s; use the back "
        "end \"ref\"",
        gst_sod_dtype_name (dtype));
    return FALSE;
  }
  if (!GST_SOD_ONEDNN_CHECK (dnnl_stream_create (&self->stream, self->engine,
                                 dnnl_stream_default_flags),
          error))
    return FALSE;
  self->descs = g_ptr_array_new_with_free_func (free_desc);
  self->pds = g_ptr_array_new_with_free_func (free_pd);
  self->memory = g_ptr_array_new_with_free_func (gst_sod_aligned_free);
  self->threads = gst_sod_onednn_set_threads ((gint) call->threads);
  return TRUE;
}

gboolean
gst_sod_onednn_op_finish (GstSodOnednnOp *self, GError **error)
{
  gst_sod_onednn_set_threads (self->threads);
  g_ptr_array_unref (self->memory);
  g_ptr_array_unref (self->pds);
  g_ptr_array_unref (self->descs);
  dnnl_stream_destroy (self->stream);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, self->error);
  return FALSE;
}

gboolean
gst_sod_onednn_op_check (
    GstSodOnednnOp *self, dnnl_status_t status, const gchar *name)
{
  return self->error == NULL
         && gst_sod_onednn_check (status, name, &self->error);
}

DnnlConstDesc
gst_sod_onednn_op_desc (
    GstSodOnednnOp *self, const GstSodTensor *tensor, dnnl_format_tag_t tag)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  DnnlDesc desc = NULL;

  if (!GST_SOD_ONEDNN_OP (self,
          compat_desc_new (&desc, (int) shape->n_dims, shape->dims,
              gst_sod_onednn_type (gst_sod_tensor_get_dtype (tensor)), tag))) {
    compat_desc_free (desc);
    return NULL;
  }
  g_ptr_array_add (self->descs, desc);
  return desc;
}

DnnlConstDesc
gst_sod_onednn_op_dense (GstSodOnednnOp *self, const GstSodTensor *tensor)
{
  /* One order of dimensions serves activations and weights. */
  return gst_sod_onednn_op_desc (self, tensor,
      gst_sod_tensor_get_n_dims (tensor) == 1 ? dnnl_a : dnnl_abcd);
}

void
gst_sod_onednn_op_take (GstSodOnednnOp *self, dnnl_primitive_desc_t pd)
{
  if (pd != NULL)
    g_ptr_array_add (self->pds, pd);
}

/* ---- arguments ---- */

void
gst_sod_onednn_op_raw (GstSodOnednnOp *self, GstSodOnednnArgs *args, gint arg,
    DnnlConstDesc desc, gconstpointer memory)
{
  dnnl_memory_t handle = NULL;

  g_assert (args->n < GST_SOD_ONEDNN_OP_ARGS);
  if (!GST_SOD_ONEDNN_OP (self,
          dnnl_memory_create (&handle, desc, self->engine, (void *) memory)))
    return;
  args->args[args->n++] = (dnnl_exec_arg_t){ arg, handle };
}

gpointer
gst_sod_onednn_op_own (
    GstSodOnednnOp *self, GstSodOnednnArgs *args, gint arg, DnnlConstDesc desc)
{
  gpointer memory;

  if (self->error != NULL)
    return NULL;
  memory = gst_sod_aligned_alloc (
      MAX (dnnl_memory_desc_get_size (desc), 1), &self->error);
  if (memory == NULL)
    return NULL;
  memset (memory, 0, dnnl_memory_desc_get_size (desc));
  g_ptr_array_add (self->memory, memory);
  gst_sod_onednn_op_raw (self, args, arg, desc, memory);
  return memory;
}

void
gst_sod_onednn_op_in (GstSodOnednnOp *self, GstSodOnednnArgs *args, gint arg,
    const GstSodTensor *tensor, DnnlConstDesc desc)
{
  DnnlConstDesc dense;
  gpointer copy;

  if (tensor == NULL || self->error != NULL)
    return;
  dense = gst_sod_onednn_op_dense (self, tensor);
  if (dense == NULL)
    return;
  if (dnnl_memory_desc_equal (dense, desc)) {
    gst_sod_onednn_op_raw (
        self, args, arg, desc, gst_sod_tensor_peek_data (tensor));
    return;
  }
  copy = gst_sod_onednn_op_own (self, args, arg, desc);
  if (copy != NULL)
    gst_sod_onednn_reorder (self->engine, dense,
        gst_sod_tensor_peek_data (tensor), desc, copy, &self->error);
}

void
gst_sod_onednn_op_out (GstSodOnednnOp *self, GstSodOnednnArgs *args, gint arg,
    GstSodTensor *tensor, DnnlConstDesc desc)
{
  DnnlConstDesc dense;
  gpointer copy;

  if (self->error != NULL)
    return;
  if (tensor == NULL) {
    gst_sod_onednn_op_own (self, args, arg, desc);
    return;
  }
  dense = gst_sod_onednn_op_dense (self, tensor);
  if (dense == NULL)
    return;
  if (dnnl_memory_desc_equal (dense, desc)) {
    gst_sod_onednn_op_raw (
        self, args, arg, desc, gst_sod_tensor_get_data (tensor));
    return;
  }
  copy = gst_sod_onednn_op_own (self, args, arg, desc);
  g_assert (args->n_out < (gint) G_N_ELEMENTS (args->out));
  args->out[args->n_out].from = desc;
  args->out[args->n_out].to = dense;
  args->out[args->n_out].source = copy;
  args->out[args->n_out].target = gst_sod_tensor_get_data (tensor);
  args->n_out++;
}

void
gst_sod_onednn_op_run (GstSodOnednnOp *self, const_dnnl_primitive_desc_t pd,
    GstSodOnednnArgs *args)
{
  dnnl_primitive_t primitive = NULL;

  if (GST_SOD_ONEDNN_OP (self, dnnl_primitive_create (&primitive, pd))) {
    GST_SOD_ONEDNN_OP (self,
        dnnl_primitive_execute (primitive, self->stream, args->n, args->args));
    GST_SOD_ONEDNN_OP (self, dnnl_stream_wait (self->stream));
    dnnl_primitive_destroy (primitive);
  }
  for (gint i = 0; i < args->n; i++)
    dnnl_memory_destroy (args->args[i].memory);
  for (gint i = 0; self->error == NULL && i < args->n_out; i++)
    gst_sod_onednn_reorder (self->engine, args->out[i].from,
        args->out[i].source, args->out[i].to, args->out[i].target,
        &self->error);
  args->n = args->n_out = 0;
}

gboolean
gst_sod_onednn_op_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error)
{
  if (!call->attrs->relu && !call->attrs->sum)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"onednn\" has no gradient of %s with a fused %s, which is for "
      "inference; train on the graph before the fusing passes",
      op, call->attrs->relu ? "relu" : "sum");
  return FALSE;
}

/* ---- pointwise functions ---- */

gboolean
gst_sod_onednn_eltwise_forward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;
  DnnlConstDesc dense;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  dense = gst_sod_onednn_op_dense (&op, call->output);
  if (GST_SOD_ONEDNN_OP (&op, compat_eltwise_forward (&pd, op.engine,
                                  dnnl_forward_inference, alg, dense, NULL))) {
    gst_sod_onednn_op_take (&op, pd);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_SRC, call->inputs[0], dense);
    gst_sod_onednn_op_out (&op, &args, DNNL_ARG_DST, call->output, dense);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

/* @alg works from the output. */
gboolean
gst_sod_onednn_eltwise_backward (
    const GstSodOpCall *call, dnnl_alg_kind_t alg, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t hint = NULL, pd = NULL;
  DnnlConstDesc dense;

  if (call->d_inputs[0] == NULL)
    return TRUE;
  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  dense = gst_sod_onednn_op_dense (&op, call->output);
  GST_SOD_ONEDNN_OP (&op, compat_eltwise_forward (&hint, op.engine,
                              dnnl_forward_training, alg, dense, NULL));
  gst_sod_onednn_op_take (&op, hint);
  if (GST_SOD_ONEDNN_OP (
          &op, compat_eltwise_backward (&pd, op.engine, alg, dense, hint))) {
    gst_sod_onednn_op_take (&op, pd);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_DST, call->output, dense);
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_DIFF_DST, call->d_output, dense);
    gst_sod_onednn_op_out (
        &op, &args, DNNL_ARG_DIFF_SRC, call->d_inputs[0], dense);
    gst_sod_onednn_op_run (&op, pd, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}
