/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a training plan and their gradients. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/train-private.h>

#define TILE 32 /* channels of bf16 in a row of an AMX tile */
#define LANES GST_SOD_TRAIN_LANES
#define BLOCK 16 /* channels that oneDNN takes side by side with AVX-512 */

typedef struct
{
  GstSodTrainBuilder *builder;
  const GstSodTrainNode *node;
  gint64 weight_dims[4];
  DnnlDesc src, dst, weights, d_weights, dense, bias; /* bias may be NULL */
  CompatWindow window; /* its descriptors are borrowed */
  dnnl_primitive_attr_t attr;
  dnnl_primitive_desc_t forward;
} Conv;

static void
conv_clear (Conv *self)
{
  compat_desc_free (self->src);
  compat_desc_free (self->dst);
  compat_desc_free (self->weights);
  compat_desc_free (self->d_weights);
  compat_desc_free (self->dense);
  compat_desc_free (self->bias);
  if (self->attr != NULL)
    dnnl_primitive_attr_destroy (self->attr);
  if (self->forward != NULL)
    dnnl_primitive_desc_destroy (self->forward);
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
describe (Conv *self, const GstSodShape *in, const GstSodShape *out,
    dnnl_data_type_t out_type, GError **error)
{
  const dnnl_data_type_t type = self->builder->type;
  const gint64 *weights = self->weight_dims;

  return GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->src, 4, in->dims, type, dnnl_nhwc), error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->dst, 4, out->dims, out_type, dnnl_nhwc),
             error)
         && GST_SOD_ONEDNN_CHECK (compat_desc_new (&self->weights, 4, weights,
                                      type, dnnl_format_tag_any),
             error)
         && GST_SOD_ONEDNN_CHECK (compat_desc_new (&self->d_weights, 4, weights,
                                      dnnl_f32, dnnl_format_tag_any),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->dense, 4, weights, dnnl_f32, dnnl_oihw),
             error)
         && (!self->node->conv.bias
             || GST_SOD_ONEDNN_CHECK (
                 compat_desc_new (&self->bias, 1, weights, dnnl_f32, dnnl_x),
                 error));
}

static gboolean
conv_init (Conv *self, GstSodTrainBuilder *builder, dnnl_data_type_t out_type,
    GError **error)
{
  const GstSodOpAttrs *attrs = &builder->node->conv;
  const GstSodShape *shapes = builder->plan->shapes;
  const GstSodShape *in = &shapes[builder->node->inputs[0]];
  const GstSodShape *out = &shapes[builder->node->output];

  self->builder = builder;
  self->node = builder->node;
  self->weight_dims[0] = out->dims[1];
  self->weight_dims[1] = in->dims[1];
  self->weight_dims[2] = self->weight_dims[3] = attrs->kernel;
  if (!describe (self, in, out, out_type, error)
      || !gst_sod_onednn_make_attr (&self->attr, FALSE, FALSE, error))
    return FALSE;
  self->window = (CompatWindow){
    .alg = dnnl_convolution_direct,
    .src = self->src,
    .weights = self->weights,
    .bias = self->bias,
    .dst = self->dst,
    .strides = { attrs->stride, attrs->stride },
    .dilates = { attrs->dilation - 1, attrs->dilation - 1 },
    .padding_l = { attrs->padding, attrs->padding },
    .padding_r = { padding_after (attrs, in->dims[2], out->dims[2]),
        padding_after (attrs, in->dims[3], out->dims[3]) },
  };
  if (GST_SOD_ONEDNN_CHECK (
          compat_conv_forward (&self->forward, builder->plan->engine,
              dnnl_forward_training, &self->window, self->attr),
          error))
    return TRUE;
  g_prefix_error (error, "node %s: ", self->node->node->name);
  return FALSE;
}

static guint
get_param (const GstSodTrainNode *node, guint part, guint index)
{
  return node->parts[part].conv * GST_SOD_MAX_PARAMS + index;
}

guint
gst_sod_train_add_parts (GstSodTrainBuilder *self, gboolean split, guint whole)
{
  const GstSodTrainNode *node = self->node;
  GstSodShape shape = { 4, { 0 } };
  GstSodTrainStep *step = gst_sod_train_add_kernel (self,
      split ? "kernel:split" : "kernel:join",
      split ? gst_sod_train_kernel_split : gst_sod_train_kernel_join, &shape);

  step->c_in = self->plan->shapes[node->inputs[0]].dims[1];
  step->size = node->conv.kernel;
  step->n_parts = node->n_parts;
  step->trained_only = split;
  for (guint i = 0; i < node->n_parts; i++) {
    step->parts[i] = node->parts[i].channels;
    step->sizes[i] = node->parts[i].size;
    gst_sod_train_add_arg (self, step,
        split ? GST_SOD_TRAIN_GRADIENT : GST_SOD_TRAIN_WEIGHT,
        get_param (node, i, 0));
  }
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_BUFFER, whole);
  return whole;
}

static GstSodTrainStep *
add_reorder (Conv *self, DnnlConstDesc from, DnnlConstDesc to, GError **error)
{
  dnnl_engine_t engine = self->builder->plan->engine;
  dnnl_primitive_desc_t pd = NULL;
  GstSodTrainStep *step;

  if (!GST_SOD_ONEDNN_CHECK (dnnl_reorder_primitive_desc_create (
                                 &pd, from, engine, to, engine, self->attr),
          error))
    return NULL;
  step = gst_sod_train_add_primitive (self->builder, pd, error);
  dnnl_primitive_desc_destroy (pd);
  return step;
}

/* The caller's weights as a primitive wants them. */
static gboolean
add_weights (Conv *self, DnnlConstDesc desc, guint *packed, GError **error)
{
  GstSodTrainBuilder *builder = self->builder;
  guint whole = 0;
  GstSodTrainStep *step;

  if (self->node->n_parts > 1)
    whole = gst_sod_train_add_parts (builder, FALSE,
        gst_sod_train_add_buffer (
            builder, dnnl_memory_desc_get_size (self->dense)));
  *packed =
      gst_sod_train_add_buffer (builder, dnnl_memory_desc_get_size (desc));
  step = add_reorder (self, self->dense, desc, error);
  if (step == NULL)
    return FALSE;
  if (self->node->n_parts > 1)
    gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_FROM, dnnl_query_src_md,
        0, GST_SOD_TRAIN_BUFFER, whole);
  else
    gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_FROM, dnnl_query_src_md,
        0, GST_SOD_TRAIN_WEIGHT, get_param (self->node, 0, 0));
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_TO, dnnl_query_dst_md, 0,
      GST_SOD_TRAIN_BUFFER, *packed);
  return TRUE;
}

/* ---- to one channel ---- */

static gboolean
is_to_one (const GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  const GstSodOpAttrs *attrs = &node->conv;
  gint64 channels = self->plan->shapes[node->inputs[0]].dims[1];

  return node->kind == GST_SOD_TRAIN_CONV && attrs->channels == 1
         && attrs->kernel == 3 && attrs->stride == 1
         && attrs->padding == attrs->dilation
         && channels % GST_SOD_TRAIN_LANES == 0;
}

/* With AMX the other channels cost nothing. */
static gboolean
has_amx (const GstSodTrainBuilder *self)
{
  return self->type == dnnl_bf16 && compat_has_amx ();
}

/* The enlargement whose rows convolution @node makes itself, or NULL. */
static const GstSodTrainNode *
find_up (GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  if (!is_to_one (self, node) || node->conv.dilation != 1 || has_amx (self)
      || self->n_readers[node->inputs[0]] != 1)
    return NULL;
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodTrainNode *up = gst_sod_train_nodes_get (self->nodes, i);

    if (up->kind == GST_SOD_TRAIN_UP && up->output == node->inputs[0])
      return up;
  }
  return NULL;
}

gboolean
gst_sod_train_leaves_up (GstSodTrainBuilder *self, const GstSodTrainNode *up)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    if (find_up (self, gst_sod_train_nodes_get (self->nodes, i)) == up)
      return TRUE;
  }
  return FALSE;
}

/* @of_up: likewise, of an enlargement. */
static GstSodTrainStep *
add_to_one (GstSodTrainBuilder *self, const gchar *impl,
    GstSodTrainKernel kernel, const gchar *of_up_impl, GstSodTrainKernel of_up)
{
  GstSodValue input = self->node->inputs[0];
  const GstSodTrainNode *up = find_up (self, self->node);
  GstSodTrainStep *step =
      gst_sod_train_add_kernel (self, up != NULL ? of_up_impl : impl,
          up != NULL ? of_up : kernel, &self->plan->shapes[input]);

  step->dilation = self->node->conv.dilation;
  if (up == NULL) {
    gst_sod_train_add_arg_view (self, step, &self->views[input]);
    return step;
  }
  gst_sod_train_add_arg_view (self, step, &self->views[up->inputs[0]]);
  gst_sod_train_add_arg_view (
      self, step, up->n_inputs > 1 ? &self->views[up->inputs[1]] : NULL);
  return step;
}

static void
add_to_one_forward (GstSodTrainBuilder *self, const GstSodTrainView *target)
{
  const GstSodShape *shape = &self->plan->shapes[self->node->inputs[0]];
  GstSodTrainStep *step =
      add_to_one (self, "kernel:conv-to-one", gst_sod_train_kernel_conv_to_one,
          "kernel:up-to-one", gst_sod_train_kernel_up_to_one);

  gst_sod_train_add_arg (
      self, step, GST_SOD_TRAIN_WEIGHT, get_param (self->node, 0, 0));
  gst_sod_train_add_arg (self, step,
      self->node->conv.bias ? GST_SOD_TRAIN_WEIGHT : GST_SOD_TRAIN_NONE,
      get_param (self->node, 0, 1));
  gst_sod_train_add_arg_view (self, step, target);
  gst_sod_train_add_scratch (self, step,
      MAX (gst_sod_train_one_scratch (
               shape, step->dilation, self->plan->threads),
          (gsize) (9 * step->c) * sizeof (gfloat)));
}

static void
add_to_one_weights (GstSodTrainBuilder *self, const GstSodTrainView *d_target)
{
  const GstSodShape *shape = &self->plan->shapes[self->node->inputs[0]];
  GstSodTrainStep *step = add_to_one (self, "kernel:conv-to-one-weights",
      gst_sod_train_kernel_conv_to_one_weights, "kernel:up-to-one-weights",
      gst_sod_train_kernel_up_to_one_weights);

  step->trained_only = TRUE;
  gst_sod_train_add_arg_view (self, step, d_target);
  gst_sod_train_add_scratch (self, step,
      gst_sod_train_one_scratch (shape, step->dilation, self->plan->threads));
  gst_sod_train_add_arg (
      self, step, GST_SOD_TRAIN_GRADIENT, get_param (self->node, 0, 0));
  gst_sod_train_add_arg (self, step,
      self->node->conv.bias ? GST_SOD_TRAIN_GRADIENT : GST_SOD_TRAIN_NONE,
      get_param (self->node, 0, 1));
}

/* ---- steps ---- */

gboolean
gst_sod_train_add_conv (
    GstSodTrainBuilder *self, const GstSodTrainView *target, GError **error)
{
  g_auto (Conv) conv = { NULL };
  GstSodTrainStep *step;
  guint packed;

  if (is_to_one (self, self->node) && !has_amx (self)) {
    add_to_one_forward (self, target);
    return TRUE;
  }
  if (gst_sod_train_add_direct (self, target))
    return TRUE;
  if (!conv_init (&conv, self, target->type, error))
    return FALSE;
  if (!add_weights (&conv,
          dnnl_primitive_desc_query_md (conv.forward, dnnl_query_weights_md, 0),
          &packed, error))
    return FALSE;
  step = gst_sod_train_add_primitive (self, conv.forward, error);
  if (step == NULL)
    return FALSE;
  gst_sod_train_add_arg_desc (self, step, DNNL_ARG_SRC, dnnl_query_src_md, 0,
      GST_SOD_TRAIN_BUFFER, self->views[self->node->inputs[0]].buffer);
  gst_sod_train_add_arg_desc (self, step, DNNL_ARG_WEIGHTS,
      dnnl_query_weights_md, 0, GST_SOD_TRAIN_BUFFER, packed);
  if (conv.bias != NULL)
    gst_sod_train_add_arg_desc (self, step, DNNL_ARG_BIAS,
        dnnl_query_weights_md, 1, GST_SOD_TRAIN_WEIGHT,
        get_param (self->node, 0, 1));
  gst_sod_train_add_arg_desc (self, step, DNNL_ARG_DST, dnnl_query_dst_md, 0,
      GST_SOD_TRAIN_BUFFER, target->buffer);
  return TRUE;
}

const gchar *
gst_sod_train_avoid_impl (gint64 out, gint64 in, gint dilation)
{
  if (dilation > 1 && (in % BLOCK != 0 || out % BLOCK != 0))
    return "bf16";
  return in > TILE / 2 && in % LANES != 0 ? "amx" : NULL;
}

/* From the layout that the primitive wrote to the caller's. */
static gboolean
add_gradients (Conv *self, DnnlConstDesc desc, guint packed, GError **error)
{
  GstSodTrainBuilder *builder = self->builder;
  GstSodTrainStep *step = add_reorder (self, desc, self->dense, error);
  guint whole;

  if (step == NULL)
    return FALSE;
  step->trained_only = TRUE;
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_FROM, dnnl_query_src_md,
      0, GST_SOD_TRAIN_BUFFER, packed);
  if (self->node->n_parts == 1) {
    gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_TO, dnnl_query_dst_md,
        0, GST_SOD_TRAIN_GRADIENT, get_param (self->node, 0, 0));
    return TRUE;
  }
  whole = gst_sod_train_add_buffer (
      builder, dnnl_memory_desc_get_size (self->dense));
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_TO, dnnl_query_dst_md, 0,
      GST_SOD_TRAIN_BUFFER, whole);
  gst_sod_train_add_parts (builder, TRUE, whole);
  return TRUE;
}

static gboolean
add_conv_weights (Conv *self, const GstSodTrainView *d_target,
    const_dnnl_primitive_desc_t pd, GError **error)
{
  GstSodTrainBuilder *builder = self->builder;
  DnnlConstDesc desc =
      dnnl_primitive_desc_query_md (pd, dnnl_query_diff_weights_md, 0);
  guint packed =
      gst_sod_train_add_buffer (builder, dnnl_memory_desc_get_size (desc));
  GstSodTrainStep *step = gst_sod_train_add_primitive (builder, pd, error);

  if (step == NULL)
    return FALSE;
  step->trained_only = TRUE;
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_SRC, dnnl_query_src_md, 0,
      GST_SOD_TRAIN_BUFFER, builder->views[self->node->inputs[0]].buffer);
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_DIFF_DST,
      dnnl_query_diff_dst_md, 0, GST_SOD_TRAIN_BUFFER, d_target->buffer);
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_DIFF_WEIGHTS,
      dnnl_query_diff_weights_md, 0, GST_SOD_TRAIN_BUFFER, packed);
  if (self->bias != NULL)
    gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_DIFF_BIAS,
        dnnl_query_diff_weights_md, 1, GST_SOD_TRAIN_GRADIENT,
        get_param (self->node, 0, 1));
  return add_gradients (self, desc, packed, error);
}

gboolean
gst_sod_train_add_conv_weights (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *wide,
    GError **error)
{
  g_auto (Conv) conv = { NULL };
  dnnl_primitive_desc_t pd = NULL;
  gboolean ok;

  if (is_to_one (self, self->node)) {
    add_to_one_weights (self, wide);
    return TRUE;
  }
  if (gst_sod_train_add_direct_weights (self, d_target))
    return TRUE;
  if (!conv_init (&conv, self, self->type, error))
    return FALSE;
  conv.window.weights = conv.d_weights;
  ok = GST_SOD_ONEDNN_CHECK (
           compat_conv_backward_weights (&pd, self->plan->engine, &conv.window,
               conv.forward, conv.attr,
               gst_sod_train_avoid_impl (conv.weight_dims[0],
                   conv.weight_dims[1], (gint) self->node->conv.dilation)),
           error)
       && add_conv_weights (&conv, d_target, pd, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  return ok;
}

static gboolean
add_conv_data (Conv *self, const GstSodTrainView *d_target,
    const GstSodTrainView *d_source, const_dnnl_primitive_desc_t pd,
    GError **error)
{
  GstSodTrainBuilder *builder = self->builder;
  GstSodTrainStep *step;
  guint packed;

  if (!add_weights (self,
          dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 0), &packed,
          error))
    return FALSE;
  step = gst_sod_train_add_primitive (builder, pd, error);
  if (step == NULL)
    return FALSE;
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_WEIGHTS,
      dnnl_query_weights_md, 0, GST_SOD_TRAIN_BUFFER, packed);
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_DIFF_DST,
      dnnl_query_diff_dst_md, 0, GST_SOD_TRAIN_BUFFER, d_target->buffer);
  gst_sod_train_add_arg_desc (builder, step, DNNL_ARG_DIFF_SRC,
      dnnl_query_diff_src_md, 0, GST_SOD_TRAIN_BUFFER, d_source->buffer);
  return TRUE;
}

gboolean
gst_sod_train_add_conv_data (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *d_source,
    GError **error)
{
  g_auto (Conv) conv = { NULL };
  dnnl_primitive_desc_t pd = NULL;
  gboolean ok;

  if (gst_sod_train_add_direct_data (self, d_target, d_source))
    return TRUE;
  ok = conv_init (&conv, self, self->type, error)
       && GST_SOD_ONEDNN_CHECK (
           compat_conv_backward_data (
               &pd, self->plan->engine, &conv.window, conv.forward, conv.attr),
           error)
       && add_conv_data (&conv, d_target, d_source, pd, error);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  return ok;
}
