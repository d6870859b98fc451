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
is_to_one (const GstSodOnednnBuilder *self, const GstSodNode *node)
{
  const GstSodOpAttrs *attrs = &node->attrs;

  return attrs->channels == 1 && attrs->stride == 1 && !attrs->relu
         && attrs->bias
         && self->plan->shapes[node->inputs[0]].dims[1] % GST_SOD_ONEDNN_LANES
                == 0;
}

static gboolean
has_kernel (
    const GstSodOnednnBuilder *self, const GstSodNode *node, gboolean wide)
{
  GstSodOnednnStep step = { NULL };

  if (self->plan->values[node->output].tail)
    return is_to_one (self, node);
  describe_conv (self, node, &step);
  if (wide)
    return gst_sod_onednn_kernel_wide_fits (&step);
  return node->attrs.bias && gst_sod_onednn_kernel_conv_fits (&step);
}

/* Measured (docs/performance.md). What AMX has for bf16 is several times
 * quicker than any kernel without it: there oneDNN stays, unless
 * ONEDNN_MAX_CPU_ISA keeps it from AMX. */
gboolean
gst_sod_onednn_choose_kernels (GstSodOnednnBuilder *self)
{
  GstSodOnednnPlan *plan = self->plan;
  const GstSodGraph *graph = plan->graph;
  gboolean bf16 = plan->type == dnnl_bf16;

  plan->wide = compat_has_avx512 () && !(bf16 && compat_has_amx ())
               && gst_sod_onednn_kernel_wide_is_fast (plan->type);
  if (self->bare || !GST_SOD_ONEDNN_CAN_PERMUTE
      || (!plan->wide && (bf16 || !compat_is_avx2 ())))
    return FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->kind == GST_SOD_OP_CONV2D && !has_kernel (self, node, plan->wide))
      return FALSE;
  }
  return TRUE;
}

/* ---- with AVX-512 ---- */

typedef struct
{
  const GstSodOnednnStep *step;
  const gfloat *weights, *bias;
} Weights;

static void
pack_weights (gconstpointer data, gpointer memory)
{
  const Weights *self = data;

  gst_sod_onednn_kernel_wide_pack (
      self->step, self->weights, self->bias, memory);
}

static gboolean
add_wide (GstSodOnednnBuilder *self, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  gboolean bf16 = plan->type == dnnl_bf16;
  GstSodOnednnStep *step;
  GstSodTensor *weights, *bias = NULL;
  g_autofree gchar *name = g_strdup_printf (
      "%s kernel:wide-%s", self->node->name, bf16 ? "bf16" : "f32");
  gpointer packed;

  weights = gst_sod_onednn_find_weight (self, "weight", error);
  if (weights != NULL && self->node->attrs.bias)
    bias = gst_sod_onednn_find_weight (self, "bias", error);
  if (weights == NULL || (bias == NULL && self->node->attrs.bias))
    return FALSE;
  step = gst_sod_onednn_add_kernel (
      self, "kernel:conv-wide", gst_sod_onednn_kernel_wide);
  describe_conv (self, self->node, step);
  packed = gst_sod_onednn_store_make (plan->store, name,
      gst_sod_onednn_kernel_wide_packed_size (step), pack_weights,
      &(Weights){ step, gst_sod_tensor_peek_data (weights),
          bias != NULL ? gst_sod_tensor_peek_data (bias) : NULL },
      error);
  if (packed == NULL)
    return FALSE;
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_undef, 0, self->node->inputs[0]);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_WEIGHTS, dnnl_query_undef, packed);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, self->node->output);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SCRATCHPAD, dnnl_query_undef, 0, GST_SOD_ONEDNN_SCRATCH);
  plan->base.workspace_size = MAX (plan->base.workspace_size,
      gst_sod_onednn_kernel_wide_scratch (step, plan->threads));
  return TRUE;
}

/* ---- with AVX2 ---- */

static gboolean
add_narrow (GstSodOnednnBuilder *self, GError **error)
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

/* ---- both ---- */

gboolean
gst_sod_onednn_add_kernel_conv (GstSodOnednnBuilder *self, GError **error)
{
  return self->plan->wide ? add_wide (self, error) : add_narrow (self, error);
}

/* Enlarging, or that and adding the skip. */
static gboolean
fits_up (const GstSodOnednnBuilder *self)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  const GstSodOnednnPlan *plan = self->plan;
  const GstSodOnednnValue *output = &plan->values[self->node->output];

  for (guint i = 0; i < self->node->n_inputs; i++) {
    if (self->node->inputs[i] == plan->graph->input)
      return FALSE;
  }
  return plan->kernels && !attrs->relu && attrs->scale == 2
         && output->layout == GST_SOD_ONEDNN_NHWC && !output->tail
         && plan->shapes[self->node->output].dims[1] % GST_SOD_ONEDNN_LANES
                == 0;
}

gboolean
gst_sod_onednn_add_kernel_up (GstSodOnednnBuilder *self)
{
  GstSodValue input = self->node->inputs[0], output = self->node->output;
  const GstSodOnednnPlan *plan = self->plan;
  gboolean sum = self->node->attrs.sum;
  GstSodOnednnStep *step;

  if (!fits_up (self))
    return FALSE;
  if (sum)
    gst_sod_onednn_take_skip (self);
  step = gst_sod_onednn_add_kernel (self, sum ? "kernel:up2-add" : "kernel:up2",
      sum ? gst_sod_onednn_kernel_up2_add : gst_sod_onednn_kernel_up2);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC_0, dnnl_query_undef, 0, input);
  if (sum)
    gst_sod_onednn_step_add_buffer (
        step, DNNL_ARG_SRC_1, dnnl_query_undef, 0, self->node->inputs[1]);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, output);
  gst_sod_onednn_step_set_source (
      step, &plan->shapes[input], &plan->values[input]);
  return TRUE;
}
