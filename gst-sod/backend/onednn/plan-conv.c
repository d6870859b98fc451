/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a plan: which layout, which of oneDNN's implementations, and
 * the ways round its slow ones. */
#include <gst-sod/backend/onednn/plan-private.h>

/* One convolution being made into steps. */
typedef struct
{
  GstSodOnednnBuilder *builder;
  const GstSodNode *node;
  GstSodShape in, out;
  DnnlDesc weights, bias; /* bias may be NULL */
  CompatWindow window;    /* its descriptors are borrowed */
  dnnl_primitive_attr_t attr;
} Conv;

static void
conv_clear (Conv *self)
{
  compat_desc_free (self->weights);
  compat_desc_free (self->bias);
  if (self->attr != NULL)
    dnnl_primitive_attr_destroy (self->attr);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Conv, conv_clear)

/* Zeros after the last sample, so that the output has the shape's size. */
static gint64
padding_after (const GstSodOpAttrs *attrs, gint64 in, gint64 out)
{
  gint64 span = (gint64) attrs->dilation * (attrs->kernel - 1) + 1;

  return (out - 1) * attrs->stride + span - in - attrs->padding;
}

static gboolean
conv_init (Conv *self, GstSodOnednnBuilder *builder, const GstSodNode *node,
    GError **error)
{
  const GstSodOpAttrs *attrs = &node->attrs;
  GstSodOnednnPlan *plan = builder->plan;
  gint64 weights[] = { attrs->channels, plan->shapes[node->inputs[0]].dims[1],
    attrs->kernel, attrs->kernel };
  gint64 bias[] = { attrs->channels };

  self->builder = builder;
  self->node = node;
  self->in = plan->shapes[node->inputs[0]];
  self->out = plan->shapes[node->output];
  self->window = (CompatWindow){
    .alg = dnnl_convolution_direct,
    .strides = { attrs->stride, attrs->stride },
    .dilates = { attrs->dilation - 1, attrs->dilation - 1 },
    .padding_l = { attrs->padding, attrs->padding },
    .padding_r = { padding_after (attrs, self->in.dims[2], self->out.dims[2]),
        padding_after (attrs, self->in.dims[3], self->out.dims[3]) },
  };
  if (!GST_SOD_ONEDNN_CHECK (compat_desc_new (&self->weights, 4, weights,
                                 plan->type, dnnl_format_tag_any),
          error)
      || (attrs->bias
          && !GST_SOD_ONEDNN_CHECK (
              compat_desc_new (&self->bias, 1, bias, dnnl_f32, dnnl_x), error))
      || !gst_sod_onednn_make_attr (&self->attr, FALSE, attrs->relu, error))
    return FALSE;
  self->window.weights = self->weights;
  self->window.bias = self->bias;
  return TRUE;
}

/* The first implementation for these layouts; NULL where there is none. */
static dnnl_primitive_desc_t
try_layouts (Conv *self, DnnlConstDesc src, DnnlConstDesc dst)
{
  dnnl_primitive_desc_t pd = NULL;

  self->window.src = src;
  self->window.dst = dst;
  if (compat_conv_forward (&pd, self->builder->plan->engine,
          dnnl_forward_inference, &self->window, self->attr)
      != dnnl_success)
    return NULL;
  return pd;
}

static DnnlDesc
new_desc (
    const GstSodShape *shape, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  DnnlDesc desc = NULL;

  if (compat_desc_new (&desc, 4, shape->dims, type, tag) == dnnl_success)
    return desc;
  compat_desc_free (desc);
  return NULL;
}

/* ---- the plan's layout ---- */

static gboolean
is_layout (DnnlConstDesc desc, const GstSodShape *shape, dnnl_data_type_t type,
    GstSodOnednnLayout layout)
{
  DnnlDesc plain = new_desc (shape, type, gst_sod_onednn_tag (layout));
  gboolean equal = plain != NULL && dnnl_memory_desc_equal (desc, plain);

  compat_desc_free (plain);
  return equal;
}

/* Adds the node's FLOPs to the layout that `any` gives it. */
static gboolean
vote (GstSodOnednnBuilder *self, const GstSodNode *node, guint64 *flops,
    GError **error)
{
  g_auto (Conv) conv = { NULL };
  GstSodOnednnPlan *plan = self->plan;
  DnnlDesc src, dst;
  dnnl_primitive_desc_t pd;

  if (!conv_init (&conv, self, node, error))
    return FALSE;
  src = new_desc (&conv.in, plan->type, dnnl_format_tag_any);
  dst = new_desc (&conv.out, plan->type, dnnl_format_tag_any);
  pd = try_layouts (&conv, src, dst);
  for (guint i = 0; pd != NULL && i < GST_SOD_ONEDNN_N_LAYOUTS; i++) {
    if (!gst_sod_onednn_is_slow (pd)
        && is_layout (dnnl_primitive_desc_query_md (pd, dnnl_query_dst_md, 0),
            &conv.out, plan->type, i)) {
      flops[i] += gst_sod_op_get (node->kind)
                      ->flops (&node->attrs, &conv.in, 1, &conv.out);
      break;
    }
  }
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  compat_desc_free (src);
  compat_desc_free (dst);
  return TRUE;
}

/* Blocks of channels only where every activation fills them. */
static gboolean
fits (const GstSodOnednnPlan *plan, GstSodOnednnLayout layout)
{
  gint64 block = layout == GST_SOD_ONEDNN_NCHW16C  ? 16
                 : layout == GST_SOD_ONEDNN_NCHW8C ? 8
                                                   : 1;

  for (guint i = 0; i < gst_sod_graph_n_values (plan->graph); i++) {
    if (i != plan->graph->input && !plan->values[i].tail
        && plan->shapes[i].dims[1] % block != 0)
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_onednn_choose_layout (
    GstSodOnednnBuilder *self, GstSodOnednnLayout *layout, GError **error)
{
  guint64 flops[GST_SOD_ONEDNN_N_LAYOUTS] = { 0 };
  const GstSodGraph *graph = self->plan->graph;

  *layout = GST_SOD_ONEDNN_NHWC;
  if (self->plan->kernels)
    return TRUE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->kind == GST_SOD_OP_CONV2D && !vote (self, node, flops, error))
      return FALSE;
  }
  for (guint i = 0; i < GST_SOD_ONEDNN_N_LAYOUTS; i++) {
    if (flops[i] > flops[*layout] && fits (self->plan, i))
      *layout = i;
  }
  return TRUE;
}

/* ---- steps ---- */

GstSodTensor *
gst_sod_onednn_find_weight (
    GstSodOnednnBuilder *self, const gchar *suffix, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%s.%s", self->node->name, suffix);
  GstSodTensor *tensor = g_hash_table_lookup (self->request->weights, name);

  if (tensor == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the graph takes a weight \"%s\", the weights hold none; use the "
        "weights that belong to it",
        name);
  return tensor;
}

gpointer
gst_sod_onednn_get_weight (GstSodOnednnBuilder *self, const gchar *suffix,
    DnnlConstDesc desc, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  g_autofree gchar *name = g_strdup_printf ("%s.%s", self->node->name, suffix);
  GstSodTensor *tensor = gst_sod_onednn_find_weight (self, suffix, error);

  if (tensor == NULL)
    return NULL;
  return gst_sod_onednn_store_get (
      plan->store, plan->engine, name, tensor, desc, error);
}

/* The convolution itself. */
static gboolean
add_step (Conv *self, const_dnnl_primitive_desc_t pd, guint source,
    guint target, GError **error)
{
  GstSodOnednnStep *step;
  gpointer weights, bias = NULL;

  weights = gst_sod_onednn_get_weight (self->builder, "weight",
      dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 0), error);
  if (weights == NULL)
    return FALSE;
  if (self->bias != NULL) {
    bias = gst_sod_onednn_get_weight (self->builder, "bias", self->bias, error);
    if (bias == NULL)
      return FALSE;
  }
  step = gst_sod_onednn_add_primitive (self->builder, pd, error);
  if (step == NULL)
    return FALSE;
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_src_md, 0, source);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, weights);
  if (bias != NULL)
    gst_sod_onednn_step_add_constant (
        step, DNNL_ARG_BIAS, dnnl_query_weights_md, bias);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_dst_md, 0, target);
  return TRUE;
}

/* As @pd wants it, with copies where its layouts are not the values'. */
static gboolean
add_with_copies (Conv *self, const_dnnl_primitive_desc_t pd, GError **error)
{
  GstSodOnednnBuilder *builder = self->builder;
  GstSodValue input = self->node->inputs[0], output = self->node->output;
  DnnlConstDesc src = dnnl_primitive_desc_query_md (pd, dnnl_query_src_md, 0);
  DnnlConstDesc dst = dnnl_primitive_desc_query_md (pd, dnnl_query_dst_md, 0);
  DnnlConstDesc given = builder->plan->values[input].desc;
  DnnlConstDesc wanted = builder->plan->values[output].desc;
  guint source = input, target = output;

  if (!dnnl_memory_desc_equal (src, given)) {
    source = gst_sod_onednn_add_buffer (
        builder, dnnl_memory_desc_get_size (src), FALSE);
    if (!gst_sod_onednn_add_reorder (builder, given, input, src, source, error))
      return FALSE;
  }
  if (dnnl_memory_desc_equal (dst, wanted))
    return add_step (self, pd, source, target, error);
  target = gst_sod_onednn_add_buffer (
      builder, dnnl_memory_desc_get_size (dst), FALSE);
  return add_step (self, pd, source, target, error)
         && gst_sod_onednn_add_reorder (
             builder, dst, target, wanted, output, error);
}

/* The kernels for AVX2 take no padding that is wider than their tile, as a
 * large dilation has it: then the source goes into a buffer whose rows carry
 * the zeros. FALSE with no error where that does not help. */
static gboolean
add_padded (Conv *self, gboolean *done, GError **error)
{
  GstSodOnednnBuilder *builder = self->builder;
  GstSodOnednnPlan *plan = builder->plan;
  GstSodOnednnValue *input = &plan->values[self->node->inputs[0]];
  gint64 before = self->window.padding_l[1], after = self->window.padding_r[1];
  gint64 offsets[] = { 0, 0, 0, before };
  GstSodShape padded = self->in;
  DnnlDesc whole, part = NULL;
  dnnl_primitive_desc_t pd;
  gboolean ok = TRUE;

  padded.dims[3] += before + after;
  whole = new_desc (&padded, input->type, gst_sod_onednn_tag (input->layout));
  self->window.padding_l[1] = self->window.padding_r[1] = 0;
  pd = try_layouts (self, whole, plan->values[self->node->output].desc);
  *done = pd != NULL && !gst_sod_onednn_is_slow (pd);
  if (*done) {
    guint buffer = gst_sod_onednn_add_buffer (
        builder, dnnl_memory_desc_get_size (whole), TRUE);

    ok = GST_SOD_ONEDNN_CHECK (
             compat_desc_new_part (&part, whole, self->in.dims, offsets), error)
         && gst_sod_onednn_add_reorder (
             builder, input->desc, self->node->inputs[0], part, buffer, error)
         && add_step (self, pd, buffer, self->node->output, error);
  }
  self->window.padding_l[1] = before;
  self->window.padding_r[1] = after;
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  compat_desc_free (whole);
  compat_desc_free (part);
  return ok;
}

/* What oneDNN likes best for this one alone, copies before and after. */
static gboolean
add_any (Conv *self, GError **error)
{
  GstSodOnednnPlan *plan = self->builder->plan;
  DnnlDesc src = new_desc (
      &self->in, plan->values[self->node->inputs[0]].type, dnnl_format_tag_any);
  DnnlDesc dst = new_desc (
      &self->out, plan->values[self->node->output].type, dnnl_format_tag_any);
  dnnl_primitive_desc_t pd = try_layouts (self, src, dst);
  gboolean ok;

  if (pd != NULL) {
    ok = add_with_copies (self, pd, error);
    dnnl_primitive_desc_destroy (pd);
  } else {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "oneDNN has no convolution like that of node %s here (instruction set "
        "%s); use precision=f32 or the back end \"ref\"",
        self->node->name, dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()));
    ok = FALSE;
  }
  compat_desc_free (src);
  compat_desc_free (dst);
  return ok;
}

static gboolean
add_best (Conv *self, GError **error)
{
  GstSodOnednnValue *values = self->builder->plan->values;
  dnnl_primitive_desc_t pd = try_layouts (self,
      values[self->node->inputs[0]].desc, values[self->node->output].desc);
  gboolean done = pd != NULL && !gst_sod_onednn_is_slow (pd);
  gboolean ok = TRUE;

  if (done)
    ok = add_step (self, pd, self->node->inputs[0], self->node->output, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (!done)
    ok = add_padded (self, &done, error);
  if (ok && !done)
    ok = add_any (self, error);
  return ok;
}

/* ---- the input's layout ---- */

/* A picture has too few channels for the plan's own layout: it lies interleaved
 * or in planes, as the convolution that reads it likes. */
static gboolean
try_input (Conv *self)
{
  GstSodOnednnPlan *plan = self->builder->plan;
  GstSodOnednnValue *input = &plan->values[plan->graph->input];
  dnnl_primitive_desc_t pd =
      try_layouts (self, input->desc, plan->values[self->node->output].desc);
  gboolean good = pd != NULL && !gst_sod_onednn_is_slow (pd);

  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  return good;
}

static gboolean
describe_input (
    GstSodOnednnPlan *plan, GstSodOnednnLayout layout, GError **error)
{
  GstSodOnednnValue *input = &plan->values[plan->graph->input];
  const gint64 *dims = plan->base.input.dims;
  gint64 c = dims[1], h = dims[2], w = dims[3];
  gboolean last = layout == GST_SOD_ONEDNN_NHWC;

  compat_desc_free (g_steal_pointer (&input->desc));
  input->type = plan->type;
  input->layout = layout;
  plan->input = (GstSodOnednnInput){
    .type = plan->type,
    .sample = c * h * w,
    .channel = last ? 1 : h * w,
    .row = last ? c * w : w,
    .pixel = last ? c : 1,
  };
  return GST_SOD_ONEDNN_CHECK (compat_desc_new (&input->desc, 4, dims,
                                   plan->type, gst_sod_onednn_tag (layout)),
      error);
}

static const GstSodNode *
find_reader (const GstSodGraph *graph)
{
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->kind == GST_SOD_OP_CONV2D && node->inputs[0] == graph->input)
      return node;
  }
  return NULL;
}

gboolean
gst_sod_onednn_choose_input (GstSodOnednnBuilder *self, GError **error)
{
  static const GstSodOnednnLayout candidates[] = { GST_SOD_ONEDNN_NHWC,
    GST_SOD_ONEDNN_NCHW };
  g_auto (Conv) conv = { NULL };
  const GstSodNode *node = find_reader (self->plan->graph);

  if (node != NULL && !conv_init (&conv, self, node, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++) {
    if (!describe_input (self->plan, candidates[i], error))
      return FALSE;
    if (self->plan->kernels || (node != NULL && try_input (&conv)))
      return TRUE;
  }
  return TRUE;
}

/* ---- one channel ---- */

/* oneDNN computes one output channel at the price of a whole vector of them,
 * so the map's last convolution has a kernel of its own; but AMX does a tile
 * of them in less time yet. */
static gboolean
is_to_one (Conv *self)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  const GstSodOnednnPlan *plan = self->builder->plan;
  const GstSodOnednnValue *input = &plan->values[self->node->inputs[0]];
  const GstSodOnednnValue *output = &plan->values[self->node->output];
  dnnl_primitive_desc_t pd;
  gboolean amx;

  if (attrs->channels != 1 || attrs->stride != 1 || attrs->relu || !attrs->bias
      || !output->tail || input->layout == GST_SOD_ONEDNN_NCHW
      || self->node->inputs[0] == plan->graph->input
      || self->in.dims[1] % GST_SOD_ONEDNN_LANES != 0)
    return FALSE;
  pd = try_layouts (self, input->desc, output->desc);
  amx = pd != NULL && strstr (gst_sod_onednn_impl (pd), "amx") != NULL;
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  return !amx;
}

static gboolean
add_to_one (Conv *self, GError **error)
{
  GstSodOnednnPlan *plan = self->builder->plan;
  const GstSodOnednnValue *input = &plan->values[self->node->inputs[0]];
  const GstSodOpAttrs *attrs = &self->node->attrs;
  gint64 dims[] = { 1, self->in.dims[1], attrs->kernel, attrs->kernel };
  DnnlDesc desc = NULL;
  GstSodOnednnStep *step;
  gpointer weights = NULL, bias = NULL;

  if (GST_SOD_ONEDNN_CHECK (
          compat_desc_new (&desc, 4, dims, dnnl_f32, dnnl_hwio), error))
    weights = gst_sod_onednn_get_weight (self->builder, "weight", desc, error);
  if (weights != NULL)
    bias = gst_sod_onednn_get_weight (self->builder, "bias", self->bias, error);
  compat_desc_free (desc);
  if (bias == NULL)
    return FALSE;
  step = gst_sod_onednn_add_kernel (
      self->builder, "kernel:conv-to-one", gst_sod_onednn_kernel_conv_to_one);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_undef, 0, self->node->inputs[0]);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_WEIGHTS, dnnl_query_undef, weights);
  gst_sod_onednn_step_add_constant (
      step, DNNL_ARG_BIAS, dnnl_query_undef, bias);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, self->node->output);
  gst_sod_onednn_step_set_source (step, &self->in, input);
  step->size = attrs->kernel;
  step->dilation = attrs->dilation;
  step->padding = attrs->padding;
  return TRUE;
}

gboolean
gst_sod_onednn_add_conv (GstSodOnednnBuilder *self, GError **error)
{
  g_auto (Conv) conv = { NULL };

  if (!conv_init (&conv, self, self->node, error))
    return FALSE;
  if (is_to_one (&conv))
    return add_to_one (&conv, error);
  if (self->plan->kernels)
    return gst_sod_onednn_add_kernel_conv (self, error);
  return add_best (&conv, error);
}
