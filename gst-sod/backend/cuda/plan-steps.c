/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan does for each node of the graph, and how it is launched. */
#include <gst-sod/backend/cuda/plan-private.h>

void
gst_sod_cuda_step_free (gpointer step)
{
  GstSodCudaStep *self = step;

  g_free (self->name);
  g_free (self->impl);
  g_clear_pointer (&self->conv, gst_sod_cuda_conv_free);
  g_free (self);
}

/* ---- making steps ---- */

static GstSodCudaStep *
add_step (GstSodCudaPlan *self, const GstSodNode *node, const gchar *impl)
{
  GstSodCudaStep *step = g_new0 (GstSodCudaStep, 1);

  step->name = g_strdup (node->name);
  step->impl = g_strdup_printf ("%s:%s", gst_sod_cuda_layer_name (), impl);
  step->kind = node->kind;
  step->n_inputs = MIN (node->n_inputs, G_N_ELEMENTS (step->inputs));
  for (guint i = 0; i < step->n_inputs; i++)
    step->inputs[i] = node->inputs[i];
  step->output = node->output;
  step->size = node->attrs.kernel;
  step->stride = node->attrs.stride;
  step->scale = node->attrs.scale;
  g_ptr_array_add (self->steps, step);
  return step;
}

static GstSodCudaConvDesc
describe_conv (const GstSodCudaPlan *self, const GstSodNode *node,
    const GstSodCompileRequest *request)
{
  const GstSodCudaValue *x = &self->values[node->inputs[0]];
  const GstSodCudaValue *y = &self->values[node->output];

  return (GstSodCudaConvDesc){
    .pass = GST_SOD_CUDA_CONV_FORWARD,
    .type = self->type,
    .tf32 = self->base.precision == GST_SOD_PRECISION_TF32,
    .n = x->n,
    .c = x->filled,
    .h = x->h,
    .w = x->w,
    .k = y->filled,
    .kernel = node->attrs.kernel,
    .stride = node->attrs.stride,
    .dilation = node->attrs.dilation,
    .padding = node->attrs.padding,
    .x_stride = x->stride,
    .y_stride = y->stride,
    .bias = node->attrs.bias,
    .relu = node->attrs.relu,
    .workspace_limit = request->workspace_limit,
  };
}

static gpointer
find_weight (GstSodCudaPlan *self, const GstSodNode *node, const gchar *suffix,
    const GstSodCudaConvDesc *desc, const GstSodCompileRequest *request,
    GError **error)
{
  g_autofree gchar *name = g_strconcat (node->name, ".", suffix, NULL);

  return gst_sod_cuda_store_get (self->store, name,
      g_hash_table_lookup (request->weights, name), desc->type, desc->k,
      desc->c, error);
}

static gboolean
add_conv (GstSodCudaPlan *self, const GstSodNode *node,
    const GstSodCompileRequest *request, GError **error)
{
  GstSodCudaConvDesc desc = describe_conv (self, node, request);
  GstSodCudaConv *conv = gst_sod_cuda_conv_new (self->device, &desc, error);
  GstSodCudaStep *step;

  if (conv == NULL)
    return FALSE;
  step = add_step (self, node, gst_sod_cuda_conv_get_name (conv));
  step->conv = conv;
  self->base.workspace_size =
      MAX (self->base.workspace_size, gst_sod_cuda_conv_get_workspace (conv));
  step->weights = find_weight (self, node, "weight", &desc, request, error);
  if (step->weights != NULL && desc.bias)
    step->bias = find_weight (self, node, "bias", &desc, request, error);
  return step->weights != NULL && (!desc.bias || step->bias != NULL);
}

static const GstSodNode *
find_maker (const GstSodGraph *graph, GstSodValue value)
{
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->output == value)
      return node;
  }
  g_assert_not_reached ();
}

static void
add_sigmoid (GstSodCudaPlan *self, const GstSodNode *node)
{
  const GstSodNode *upsample;
  GstSodCudaStep *step;

  if (!self->values[node->inputs[0]].fused) {
    add_step (self, node, "sigmoid");
    return;
  }
  upsample = find_maker (self->graph, node->inputs[0]);
  step = add_step (self, upsample, "upsample+sigmoid");
  step->output = node->output;
  step->activation = GST_SOD_CUDA_SIGMOID;
}

static void
add_upsample (GstSodCudaPlan *self, const GstSodNode *node)
{
  const gboolean sum = node->attrs.sum, relu = node->attrs.relu;
  GstSodCudaStep *step;

  if (self->values[node->output].fused)
    return;
  step = add_step (self, node,
      sum ? (relu ? "upsample+sum+relu" : "upsample+sum")
          : (relu ? "upsample+relu" : "upsample"));
  step->activation = relu ? GST_SOD_CUDA_RELU : GST_SOD_CUDA_LINEAR;
}

static GstSodValue
find_place (const GstSodCudaPlan *self, GstSodValue value, gint *first)
{
  while (self->values[value].home != GST_SOD_ARENA_OWN) {
    *first += self->values[value].first;
    value = self->values[value].home;
  }
  return value;
}

/* Copies of what was not written in its place. */
static void
add_concat (GstSodCudaPlan *self, const GstSodNode *node)
{
  gint to = 0, first = 0;
  GstSodValue home = find_place (self, node->output, &to);

  for (guint i = 0; i < node->n_inputs; i++) {
    gint from = 0;

    if (find_place (self, node->inputs[i], &from) != home
        || from != to + first) {
      GstSodCudaStep *step = add_step (self, node, "copy");

      step->n_inputs = 1;
      step->inputs[0] = node->inputs[i];
      step->first = first;
    }
    first += self->values[node->inputs[i]].c;
  }
}

gboolean
gst_sod_cuda_plan_add_node (GstSodCudaPlan *self, guint index,
    const GstSodCompileRequest *request, GError **error)
{
  const GstSodNode *node = gst_sod_graph_node (self->graph, index);

  switch (node->kind) {
    case GST_SOD_OP_CONV2D:
      if (add_conv (self, node, request, error))
        return TRUE;
      g_prefix_error (error, "node %s: ", node->name);
      return FALSE;
    case GST_SOD_OP_CONCAT:
      add_concat (self, node);
      return TRUE;
    case GST_SOD_OP_UPSAMPLE:
      add_upsample (self, node);
      return TRUE;
    case GST_SOD_OP_SIGMOID:
      add_sigmoid (self, node);
      return TRUE;
    case GST_SOD_OP_RELU:
    case GST_SOD_OP_TANH:
    case GST_SOD_OP_ADD:
    case GST_SOD_OP_MAX_POOL:
    case GST_SOD_OP_AVG_POOL:
      add_step (self, node, gst_sod_op_get (node->kind)->name);
      return TRUE;
    default:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"%s\" compiles graphs whose batch norms are folded; node "
          "%s (%s) is not: prepare the graph for inference first",
          self->base.backend->klass->name, node->name,
          gst_sod_op_get (node->kind)->name);
      return FALSE;
  }
}

/* ---- launching them ---- */

static void
launch (const GstSodCudaStep *self, gpointer stream, const GstSodCudaView *x,
    const GstSodCudaView *b, const GstSodCudaView *y)
{
  GstSodCudaView slice = *y;

  switch (self->kind) {
    case GST_SOD_OP_RELU:
      gst_sod_cuda_kernel_relu (stream, x, y);
      break;
    case GST_SOD_OP_SIGMOID:
      gst_sod_cuda_kernel_sigmoid (stream, x, y);
      break;
    case GST_SOD_OP_TANH:
      gst_sod_cuda_kernel_tanh (stream, x, y);
      break;
    case GST_SOD_OP_ADD:
      gst_sod_cuda_kernel_add (stream, x, b, y);
      break;
    case GST_SOD_OP_MAX_POOL:
      gst_sod_cuda_kernel_max_pool (stream, x, self->size, self->stride, y);
      break;
    case GST_SOD_OP_AVG_POOL:
      gst_sod_cuda_kernel_avg_pool (stream, x, self->size, self->stride, y);
      break;
    case GST_SOD_OP_UPSAMPLE:
      gst_sod_cuda_kernel_upsample (
          stream, x, self->scale, b, self->activation, y);
      break;
    case GST_SOD_OP_CONCAT:
      slice.data = (guint8 *) slice.data
                   + self->first * gst_sod_cuda_type_size (slice.type);
      slice.c = x->c;
      gst_sod_cuda_kernel_copy (stream, x, &slice);
      break;
    default:
      g_assert_not_reached ();
  }
}

gboolean
gst_sod_cuda_step_run (const GstSodCudaStep *self, GstSodCudaQueue *queue,
    const GstSodCudaView *views, gpointer workspace, GError **error)
{
  const GstSodCudaView *x = &views[self->inputs[0]];
  const GstSodCudaView *b = self->n_inputs > 1 ? &views[self->inputs[1]] : NULL;
  const GstSodCudaView *y = &views[self->output];

  if (self->conv != NULL)
    return gst_sod_cuda_conv_run (self->conv, queue, x->data, self->weights,
        self->bias, y->data, workspace, error);
  launch (self, gst_sod_cuda_queue_get_stream (queue), x, b, y);
  return gst_sod_cuda_check (queue, self->impl, error);
}
