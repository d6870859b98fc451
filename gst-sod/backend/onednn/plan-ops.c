/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of a plan that are no convolutions: everything in the plan's one
 * layout. */
#include <gst-sod/backend/onednn/plan-private.h>

static GstSodOnednnValue *
get_output (GstSodOnednnBuilder *self)
{
  return &self->plan->values[self->node->output];
}

/* Descriptor of input @index in the layout and type of @like. */
static gboolean
describe_like (GstSodOnednnBuilder *self, guint index,
    const GstSodOnednnValue *like, DnnlDesc *desc, GError **error)
{
  return GST_SOD_ONEDNN_CHECK (
      compat_desc_new (desc, 4,
          self->plan->shapes[self->node->inputs[index]].dims, like->type,
          gst_sod_onednn_tag (like->layout)),
      error);
}

/* The buffer that holds input @index as @desc says: its own, or a copy of the
 * graph's input, which has a layout of its own. */
static gboolean
get_source (GstSodOnednnBuilder *self, guint index, DnnlConstDesc desc,
    guint *buffer, GError **error)
{
  GstSodValue value = self->node->inputs[index];
  DnnlConstDesc given = self->plan->values[value].desc;

  *buffer = value;
  if (dnnl_memory_desc_equal (given, desc))
    return TRUE;
  *buffer =
      gst_sod_onednn_add_buffer (self, dnnl_memory_desc_get_size (desc), FALSE);
  return gst_sod_onednn_add_reorder (self, given, value, desc, *buffer, error);
}

/* A primitive of one source and the node's output. */
static gboolean
add_unary (GstSodOnednnBuilder *self, const_dnnl_primitive_desc_t pd,
    guint source, GError **error)
{
  GstSodOnednnStep *step = gst_sod_onednn_add_primitive (self, pd, error);

  if (step == NULL)
    return FALSE;
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_src_md, 0, source);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_dst_md, 0, self->node->output);
  return TRUE;
}

static gboolean
is_max_pool2 (GstSodOnednnBuilder *self)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  const GstSodOnednnValue *input = &self->plan->values[self->node->inputs[0]];

  return self->node->kind == GST_SOD_OP_MAX_POOL && attrs->kernel == 2
         && attrs->stride == 2 && input->layout == get_output (self)->layout
         && input->type == get_output (self)->type
         && input->layout != GST_SOD_ONEDNN_NCHW;
}

static void
add_max_pool2 (GstSodOnednnBuilder *self)
{
  GstSodValue input = self->node->inputs[0];
  GstSodOnednnStep *step = gst_sod_onednn_add_kernel (
      self, "kernel:max-pool", gst_sod_onednn_kernel_max_pool2);

  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_undef, 0, input);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, self->node->output);
  gst_sod_onednn_step_set_source (
      step, &self->plan->shapes[input], &self->plan->values[input]);
}

gboolean
gst_sod_onednn_add_pool (GstSodOnednnBuilder *self, GError **error)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  GstSodOnednnValue *output = get_output (self);
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  DnnlDesc src = NULL;
  CompatWindow window = {
    .alg = self->node->kind == GST_SOD_OP_MAX_POOL
               ? dnnl_pooling_max
               : dnnl_pooling_avg_exclude_padding,
    .dst = output->desc,
    .kernel = { attrs->kernel, attrs->kernel },
    .strides = { attrs->stride, attrs->stride },
  };
  guint source;
  gboolean ok;

  if (is_max_pool2 (self)) {
    add_max_pool2 (self);
    return TRUE;
  }
  ok = describe_like (self, 0, output, &src, error)
       && get_source (self, 0, src, &source, error)
       && gst_sod_onednn_make_attr (&attr, FALSE, FALSE, error);
  window.src = src;
  ok = ok
       && GST_SOD_ONEDNN_CHECK (compat_pool_forward (&pd, self->plan->engine,
                                    dnnl_forward_inference, &window, attr),
           error)
       && add_unary (self, pd, source, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  compat_desc_free (src);
  return ok;
}

gboolean
gst_sod_onednn_take_skip (GstSodOnednnBuilder *self)
{
  GstSodValue skip = self->node->inputs[1], output = self->node->output;
  GstSodOnednnValue *values = self->plan->values;

  if (self->request->last_use[skip] != self->index
      || self->node->inputs[0] == skip || skip == self->plan->graph->input
      || !dnnl_memory_desc_equal (values[skip].desc, values[output].desc))
    return FALSE;
  g_array_index (self->plan->buffers, GstSodArenaBuffer, output).alias_of =
      skip;
  return TRUE;
}

/* The skip becomes the destination that the enlarged values are added to: in
 * place where nobody reads it afterwards, else in a copy. */
static gboolean
place_skip (GstSodOnednnBuilder *self, GError **error)
{
  GstSodValue skip = self->node->inputs[1], output = self->node->output;
  GstSodOnednnValue *values = self->plan->values;

  return gst_sod_onednn_take_skip (self)
         || gst_sod_onednn_add_reorder (
             self, values[skip].desc, skip, values[output].desc, output, error);
}

/* A map that a logistic function follows: both in one kernel. */
static gboolean
is_to_map (GstSodOnednnBuilder *self)
{
  const GstSodGraph *graph = self->plan->graph;
  GstSodValue output = self->node->output;
  const GstSodNode *next;

  if (self->index + 1 >= graph->nodes->len || self->node->attrs.sum
      || self->node->attrs.relu || !self->plan->values[output].tail
      || !self->plan->values[self->node->inputs[0]].tail
      || self->plan->shapes[output].dims[1] != 1 || self->n_readers[output] != 1
      || self->request->last_use[output] == G_MAXUINT)
    return FALSE;
  next = gst_sod_graph_node (graph, self->index + 1);
  return next->kind == GST_SOD_OP_SIGMOID && next->inputs[0] == output;
}

static void
add_to_map (GstSodOnednnBuilder *self)
{
  GstSodValue input = self->node->inputs[0];
  const GstSodNode *next =
      gst_sod_graph_node (self->plan->graph, self->index + 1);
  GArray *buffers = self->plan->buffers;
  GstSodArenaBuffer *target =
      &g_array_index (buffers, GstSodArenaBuffer, next->output);
  GstSodOnednnStep *step = gst_sod_onednn_add_kernel (
      self, "kernel:upsample-sigmoid", gst_sod_onednn_kernel_upsample_sigmoid);

  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_SRC, dnnl_query_undef, 0, input);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_undef, 0, next->output);
  gst_sod_onednn_step_set_source (
      step, &self->plan->shapes[input], &self->plan->values[input]);
  step->scale = self->node->attrs.scale;
  target->first_use = self->index;
  g_array_index (buffers, GstSodArenaBuffer, self->node->output).size = 0;
  self->fused[self->node->output] = TRUE;
}

static gboolean
add_resampling (GstSodOnednnBuilder *self, GError **error)
{
  const GstSodOpAttrs *attrs = &self->node->attrs;
  GstSodOnednnValue *output = get_output (self);
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  DnnlDesc src = NULL;
  guint source;
  gboolean ok;

  ok = describe_like (self, 0, output, &src, error)
       && get_source (self, 0, src, &source, error)
       && gst_sod_onednn_make_attr (&attr, attrs->sum, attrs->relu, error)
       && GST_SOD_ONEDNN_CHECK (
           compat_resampling_forward (&pd, self->plan->engine,
               dnnl_forward_inference, src, output->desc, attr),
           error)
       && add_unary (self, pd, source, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  compat_desc_free (src);
  return ok;
}

gboolean
gst_sod_onednn_add_upsample (GstSodOnednnBuilder *self, GError **error)
{
  if (is_to_map (self)) {
    add_to_map (self);
    return TRUE;
  }
  if (gst_sod_onednn_add_kernel_up (self))
    return TRUE;
  if (self->node->attrs.sum && !place_skip (self, error))
    return FALSE;
  return add_resampling (self, error);
}

gboolean
gst_sod_onednn_add_eltwise (GstSodOnednnBuilder *self, GError **error)
{
  static const dnnl_alg_kind_t algs[GST_SOD_N_OPS] = {
    [GST_SOD_OP_RELU] = dnnl_eltwise_relu,
    [GST_SOD_OP_SIGMOID] = dnnl_eltwise_logistic,
    [GST_SOD_OP_TANH] = dnnl_eltwise_tanh,
  };
  GstSodOnednnValue *output = get_output (self);
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  guint source;
  gboolean ok;

  if (self->fused[self->node->inputs[0]])
    return TRUE;
  ok = get_source (self, 0, output->desc, &source, error)
       && gst_sod_onednn_make_attr (&attr, FALSE, FALSE, error)
       && GST_SOD_ONEDNN_CHECK (compat_eltwise_forward (&pd, self->plan->engine,
                                    dnnl_forward_inference,
                                    algs[self->node->kind], output->desc, attr),
           error)
       && add_unary (self, pd, source, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return ok;
}

/* ---- several inputs ---- */

/* One source an input. */
typedef struct
{
  DnnlDesc descs[GST_SOD_MAX_INPUTS];
  guint buffers[GST_SOD_MAX_INPUTS];
} Sources;

static void
sources_clear (Sources *self)
{
  for (guint i = 0; i < GST_SOD_MAX_INPUTS; i++)
    compat_desc_free (self->descs[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sources, sources_clear)

static gboolean
get_sources (GstSodOnednnBuilder *self, Sources *sources, GError **error)
{
  for (guint i = 0; i < self->node->n_inputs; i++) {
    if (!describe_like (self, i, get_output (self), &sources->descs[i], error)
        || !get_source (
            self, i, sources->descs[i], &sources->buffers[i], error))
      return FALSE;
  }
  return TRUE;
}

/* Makes @pd's step, whose inputs are the arguments from @first on. */
static gboolean
add_joining (GstSodOnednnBuilder *self, const Sources *sources,
    const_dnnl_primitive_desc_t pd, gint first, GError **error)
{
  GstSodOnednnStep *step = gst_sod_onednn_add_primitive (self, pd, error);

  if (step == NULL)
    return FALSE;
  for (guint i = 0; i < self->node->n_inputs; i++)
    gst_sod_onednn_step_add_buffer (step, first + (gint) i, dnnl_query_src_md,
        (gint) i, sources->buffers[i]);
  gst_sod_onednn_step_add_buffer (
      step, DNNL_ARG_DST, dnnl_query_dst_md, 0, self->node->output);
  return TRUE;
}

gboolean
gst_sod_onednn_add_concat (GstSodOnednnBuilder *self, GError **error)
{
  g_auto (Sources) sources = { { NULL } };
  DnnlConstDesc descs[GST_SOD_MAX_INPUTS];
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  gboolean ok = get_sources (self, &sources, error)
                && gst_sod_onednn_make_attr (&attr, FALSE, FALSE, error);

  for (guint i = 0; i < self->node->n_inputs; i++)
    descs[i] = sources.descs[i];
  ok = ok
       && GST_SOD_ONEDNN_CHECK (
           compat_concat (&pd, self->plan->engine, (int) self->node->n_inputs,
               descs, get_output (self)->desc, attr),
           error)
       && add_joining (self, &sources, pd, DNNL_ARG_MULTIPLE_SRC, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return ok;
}

gboolean
gst_sod_onednn_add_sum (GstSodOnednnBuilder *self, GError **error)
{
  g_auto (Sources) sources = { { NULL } };
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  gboolean ok = get_sources (self, &sources, error)
                && gst_sod_onednn_make_attr (&attr, FALSE, FALSE, error)
                && GST_SOD_ONEDNN_CHECK (compat_add (&pd, self->plan->engine,
                                             get_output (self)->desc, attr),
                    error)
                && add_joining (self, &sources, pd, DNNL_ARG_SRC_0, error);

  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return ok;
}
