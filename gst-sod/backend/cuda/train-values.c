/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the values of a training plan lie. */
#include <gst-sod/backend/cuda/train-private.h>

/* What a convolution without a norm gives, and what follows it, is f32. */
static GstSodCudaType
find_type (const GstSodCudaTrainBuilder *self, const GstSodTrainNode *node,
    const GstSodCudaType *types)
{
  if (node->kind == GST_SOD_TRAIN_CONV)
    return GST_SOD_CUDA_F32;
  if (node->kind == GST_SOD_TRAIN_UNIT)
    return self->type;
  return types[node->inputs[0]];
}

/* The inputs of @concat lie in it that lie nowhere yet, are of its type and
 * begin where convolutions can read and write: so does a concatenation before,
 * which then is the first of its channels. */
static void
place_inputs (GstSodCudaTrainBuilder *self, const GstSodTrainNode *concat,
    const GstSodCudaType *types)
{
  const GstSodCudaTrainView *target = &self->views[concat->output];
  gint first = 0;

  for (guint i = 0; i < concat->n_inputs; i++) {
    GstSodValue input = concat->inputs[i];
    gint c = (gint) self->plan->shapes[input].dims[1];
    GstSodCudaTrainView slice = gst_sod_cuda_train_slice (target, first, c);

    if (!self->views[input].there && input != self->plan->graph->input
        && types[input] == target->type
        && gst_sod_cuda_train_is_aligned (&slice))
      self->views[input] = slice;
    first += c;
  }
}

/* Convolutions of f32 read and write whole multiples of 16 bytes. */
static gint
find_pitch (const GstSodCudaTrainBuilder *self, const GstSodTrainNode *node)
{
  gint c = (gint) self->plan->shapes[node->output].dims[1];
  gboolean few =
      node->kind == GST_SOD_TRAIN_UP || node->kind == GST_SOD_TRAIN_TANH;

  /* The network's output is dense. */
  return few && node->output == self->plan->graph->output ? c : 0;
}

/* From the last to the first, so that a concatenation has its place before
 * what it reads. */
void
gst_sod_cuda_train_place_values (GstSodCudaTrainBuilder *self)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  g_autofree GstSodCudaType *types =
      g_new0 (GstSodCudaType, gst_sod_graph_n_values (plan->graph));
  GstSodValue input = plan->graph->input;

  types[input] = self->type;
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);

    if (node->kind != GST_SOD_TRAIN_DEAD)
      types[node->output] = find_type (self, node, types);
  }
  for (guint i = self->nodes->len; i-- > 0;) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);
    GstSodValue output = node->output;

    if (node->kind == GST_SOD_TRAIN_DEAD)
      continue;
    if (!self->views[output].there)
      self->views[output] = gst_sod_cuda_train_add_view (
          self, &plan->shapes[output], types[output], find_pitch (self, node));
    if (node->kind == GST_SOD_TRAIN_CONCAT)
      place_inputs (self, node, types);
  }
  self->views[input] =
      gst_sod_cuda_train_add_view (self, &plan->shapes[input], self->type, 0);
}
