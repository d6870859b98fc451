/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans whose steps are all kernels of our own. They take nothing from the
 * heap, which oneDNN does at each call of a primitive. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

/* What the kernel is to do. */
static void
describe_conv (const GstSodOnednnBuilder *self, const GstSodNode *node,
    GstSodOnednnStep *step)
{
  const GstSodOpAttrs *attrs = &node->attrs;
  const GstSodShape *in = &self->plan->shapes[node->inputs[0]];
  const GstSodShape *out = &self->plan->shapes[node->output];
  const GstSodOnednnValue value = { .layout = GST_SOD_ONEDNN_NHWC,
    .type = self->plan->type };

  gst_sod_onednn_step_set_source (step, in, &value);
  step->size = attrs->kernel;
  step->stride = attrs->stride;
  step->dilation = attrs->dilation;
  step->padding = attrs->padding;
  step->relu = attrs->relu;
  step->channels = attrs->channels;
  step->out_h = out->dims[2];
  step->out_w = out->dims[3];
}

/* The map's last convolution has a kernel on any CPU. */
static gboolean
has_kernel (const GstSodOnednnBuilder *self, const GstSodNode *node)
{
  GstSodOnednnStep step = { NULL };

  describe_conv (self, node, &step);
  return node->attrs.bias
         && (self->plan->values[node->output].tail
                 ? node->attrs.channels == 1
                 : gst_sod_onednn_kernel_conv_fits (&step));
}

/* Measured with AVX2 (docs/performance.md): with AVX-512 and AMX oneDNN's are
 * the quicker ones. */
gboolean
gst_sod_onednn_prefers_kernels (const GstSodOnednnBuilder *self)
{
  const GstSodGraph *graph = self->plan->graph;

  if (self->plan->type != dnnl_f32 || !compat_is_avx2 ()
      || !GST_SOD_ONEDNN_CAN_PERMUTE)
    return FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->kind == GST_SOD_OP_CONV2D && !has_kernel (self, node))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_onednn_add_kernel_conv (GstSodOnednnBuilder *self, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  const GstSodOpAttrs *attrs = &self->node->attrs;
  gint64 dims[] = { attrs->channels,
    plan->shapes[self->node->inputs[0]].dims[1], attrs->kernel, attrs->kernel };
  gint64 bias_dims[] = { attrs->channels };
  DnnlDesc desc = NULL, bias_desc = NULL;
  gpointer weights = NULL, bias = NULL;
  GstSodOnednnStep *step;

  if (GST_SOD_ONEDNN_CHECK (
          compat_desc_new (&desc, 4, dims, dnnl_f32, dnnl_Ohwi16o), error)
      && GST_SOD_ONEDNN_CHECK (
          compat_desc_new (&bias_desc, 1, bias_dims, dnnl_f32, dnnl_x), error))
    weights = gst_sod_onednn_get_weight (self, "weight", desc, error);
  if (weights != NULL)
    bias = gst_sod_onednn_get_weight (self, "bias", bias_desc, error);
  compat_desc_free (desc);
  compat_desc_free (bias_desc);
  if (bias == NULL)
    return FALSE;
  step = gst_sod_onednn_add_kernel (
      self, "kernel:conv", gst_sod_onednn_kernel_conv);
  describe_conv (self, self->node, step);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_undef, 0, self->node->inputs[0]);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_WEIGHTS, dnnl_query_undef, weights);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_BIAS, dnnl_query_undef, bias);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, self->node->output);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SCRATCHPAD, dnnl_query_undef, 0, GST_SOD_ONEDNN_SCRATCH);
  plan->base.workspace_size = MAX (plan->base.workspace_size,
      gst_sod_onednn_kernel_conv_scratch (step, plan->threads));
  return TRUE;
}

gboolean
gst_sod_onednn_add_kernel_up (GstSodOnednnBuilder *self)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  GstSodValue input = self->node->inputs[0], output = self->node->output;
  const GstSodOnednnPlan *plan = self->plan;
  GstSodOnednnStep *step;

  if (!plan->kernels || !attrs->sum || attrs->relu || attrs->scale != 2
      || input == plan->graph->input
      || self->node->inputs[1] == plan->graph->input
      || plan->values[output].layout != GST_SOD_ONEDNN_NHWC
      || plan->shapes[output].dims[1] % GST_SOD_ONEDNN_LANES != 0)
    return FALSE;
  gst_sod_onednn_take_skip (self);
  step = gst_sod_onednn_add_kernel (
      self, "kernel:up2-add", gst_sod_onednn_kernel_up2_add);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC_0, dnnl_query_undef, 0, input);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC_1, dnnl_query_undef, 0, self->node->inputs[1]);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, output);
  gst_sod_onednn_step_set_source (
      step, &plan->shapes[input], &plan->values[input]);
  return TRUE;
}
