/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

#define BLOCK 16 /* channels that oneDNN takes side by side with AVX-512 */
#define TILE 32  /* channels of bf16 in a row of an AMX tile */

enum
{
  WEIGHT,
  BIAS
};

typedef struct
{
  CompatWindow window;
  dnnl_primitive_attr_t attr;
  dnnl_primitive_desc_t forward;
} Conv;

/* Zeros after the last sample, so that the output has its size. */
static gint64
padding_after (const GstSodOpCall *call, guint dim)
{
  const GstSodOpAttrs *attrs = call->attrs;
  gint64 span = (gint64) attrs->dilation * (attrs->kernel - 1) + 1;

  return (gst_sod_tensor_get_dim (call->output, dim) - 1) * attrs->stride + span
         - gst_sod_tensor_get_dim (call->inputs[0], dim) - attrs->padding;
}

/* In the layouts that oneDNN likes; tensors are copied to and from them. */
static gboolean
conv_init (Conv *self, GstSodOnednnOp *op, dnnl_prop_kind_t prop)
{
  const GstSodOpCall *call = op->call;
  const GstSodOpAttrs *attrs = call->attrs;

  *self = (Conv){ .window = {
                      .alg = dnnl_convolution_direct,
                      .src = gst_sod_onednn_op_desc (
                          op, call->inputs[0], dnnl_format_tag_any),
                      .weights = gst_sod_onednn_op_desc (
                          op, call->params[WEIGHT], dnnl_format_tag_any),
                      .bias = attrs->bias ? gst_sod_onednn_op_dense (
                                  op, call->params[BIAS])
                                          : NULL,
                      .dst = gst_sod_onednn_op_desc (
                          op, call->output, dnnl_format_tag_any),
                      .strides = { attrs->stride, attrs->stride },
                      .dilates = { attrs->dilation - 1, attrs->dilation - 1 },
                      .padding_l = { attrs->padding, attrs->padding },
                      .padding_r = { padding_after (call, 2),
                          padding_after (call, 3) },
                  } };
  if (op->error == NULL
      && gst_sod_onednn_fuse (&self->attr, FALSE, attrs->relu, &op->error))
    GST_SOD_ONEDNN_OP (op, compat_conv_forward (&self->forward, op->engine,
                               prop, &self->window, self->attr));
  gst_sod_onednn_op_take (op, self->forward);
  if (self->attr != NULL)
    dnnl_primitive_attr_destroy (self->attr);
  return op->error == NULL;
}

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  GstSodOnednnArgs args = { 0 };
  Conv conv;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (conv_init (&conv, &op, dnnl_forward_inference)) {
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_SRC, call->inputs[0],
        dnnl_primitive_desc_query_md (conv.forward, dnnl_query_src_md, 0));
    gst_sod_onednn_op_in (&op, &args, DNNL_ARG_WEIGHTS, call->params[WEIGHT],
        dnnl_primitive_desc_query_md (conv.forward, dnnl_query_weights_md, 0));
    if (call->attrs->bias)
      gst_sod_onednn_op_in (
          &op, &args, DNNL_ARG_BIAS, call->params[BIAS], conv.window.bias);
    gst_sod_onednn_op_out (&op, &args, DNNL_ARG_DST, call->output,
        dnnl_primitive_desc_query_md (conv.forward, dnnl_query_dst_md, 0));
    gst_sod_onednn_op_run (&op, conv.forward, &args);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

static void
find_d_input (GstSodOnednnOp *op, const Conv *conv)
{
  const GstSodOpCall *call = op->call;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;

  if (!GST_SOD_ONEDNN_OP (op, compat_conv_backward_data (&pd, op->engine,
                                  &conv->window, conv->forward, NULL)))
    return;
  gst_sod_onednn_op_take (op, pd);
  gst_sod_onednn_op_in (op, &args, DNNL_ARG_WEIGHTS, call->params[WEIGHT],
      dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 0));
  gst_sod_onednn_op_in (op, &args, DNNL_ARG_DIFF_DST, call->d_output,
      dnnl_primitive_desc_query_md (pd, dnnl_query_diff_dst_md, 0));
  gst_sod_onednn_op_out (op, &args, DNNL_ARG_DIFF_SRC, call->d_inputs[0],
      dnnl_primitive_desc_query_md (pd, dnnl_query_diff_src_md, 0));
  gst_sod_onednn_op_run (op, pd, &args);
}

/* oneDNN 2.6 gets gradients of weights wrong where the channels leave a tail:
 * in AMX tiles, and without AMX where the kernel is dilated, too. */
static const gchar *
avoid_impl (const GstSodOpCall *call)
{
  gint64 in = gst_sod_tensor_get_dim (call->inputs[0], 1);
  gint64 out = call->attrs->channels;

  if (call->attrs->dilation > 1 && (in % BLOCK != 0 || out % BLOCK != 0))
    return "bf16";
  return in % TILE != 0 || out % TILE != 0 ? "amx" : NULL;
}

static void
find_d_params (GstSodOnednnOp *op, const Conv *conv)
{
  const GstSodOpCall *call = op->call;
  GstSodOnednnArgs args = { 0 };
  dnnl_primitive_desc_t pd = NULL;

  if (!GST_SOD_ONEDNN_OP (
          op, compat_conv_backward_weights (&pd, op->engine, &conv->window,
                  conv->forward, NULL, avoid_impl (call))))
    return;
  gst_sod_onednn_op_take (op, pd);
  gst_sod_onednn_op_in (op, &args, DNNL_ARG_SRC, call->inputs[0],
      dnnl_primitive_desc_query_md (pd, dnnl_query_src_md, 0));
  gst_sod_onednn_op_in (op, &args, DNNL_ARG_DIFF_DST, call->d_output,
      dnnl_primitive_desc_query_md (pd, dnnl_query_diff_dst_md, 0));
  gst_sod_onednn_op_out (op, &args, DNNL_ARG_DIFF_WEIGHTS,
      call->d_params[WEIGHT],
      dnnl_primitive_desc_query_md (pd, dnnl_query_diff_weights_md, 0));
  if (call->attrs->bias)
    gst_sod_onednn_op_out (op, &args, DNNL_ARG_DIFF_BIAS, call->d_params[BIAS],
        dnnl_primitive_desc_query_md (pd, dnnl_query_diff_weights_md, 1));
  gst_sod_onednn_op_run (op, pd, &args);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  Conv conv;

  if (!gst_sod_onednn_op_check_unfused (call, "conv2d", error)
      || !gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (conv_init (&conv, &op, dnnl_forward_training)) {
    if (call->d_inputs[0] != NULL)
      find_d_input (&op, &conv);
    if (call->d_params[WEIGHT] != NULL
        || (call->attrs->bias && call->d_params[BIAS] != NULL))
      find_d_params (&op, &conv);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_onednn_conv2d = { forward, backward };
