/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/train-nodes-private.h>

typedef struct
{
  const GstSodCompileRequest *request;
  const GstSodGraph *graph;
  const GstSodShape *shapes; /* one a value */
  GArray *nodes;             /* of GstSodTrainNode */
  guint *n_readers;          /* one a value, of the graph's nodes */
  guint *readers;            /* one a value: the last of them */
  guint *makers;             /* one a value: its lowered node */
  gboolean *done;            /* one a node: part of a unit */
} Lowering;

static GstSodTrainNode *
lowered (const Lowering *self, guint index)
{
  return gst_sod_train_nodes_get (self->nodes, index);
}

static void
count_readers (Lowering *self)
{
  for (guint i = 0; i < self->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    for (guint j = 0; j < node->n_inputs; j++) {
      self->n_readers[node->inputs[j]]++;
      self->readers[node->inputs[j]] = i;
    }
  }
}

/* Each value can be addressed, and is read but for the output; none has to be
 * kept but it. */
static gboolean
is_whole (const Lowering *self)
{
  const GstSodCompileRequest *request = self->request;
  gsize count;

  for (guint i = 0; i < gst_sod_graph_n_values (self->graph); i++) {
    if ((self->n_readers[i] == 0) != (i == self->graph->output)
        || !gst_sod_shape_count (&self->shapes[i], &count))
      return FALSE;
  }
  for (guint i = 0; i < request->n_keep; i++) {
    if (request->keep[i] != self->graph->output)
      return FALSE;
  }
  return TRUE;
}

/* The node that alone reads what @node makes, if it is of @kind. */
static const GstSodNode *
find_next (const Lowering *self, const GstSodNode *node, GstSodOpKind kind,
    guint *index)
{
  const GstSodNode *next;

  if (node == NULL || self->n_readers[node->output] != 1)
    return NULL;
  *index = self->readers[node->output];
  next = gst_sod_graph_node (self->graph, *index);
  return next->kind == kind ? next : NULL;
}

static gint64
get_channels (const Lowering *self, GstSodValue value)
{
  return self->shapes[value].dims[1];
}

static void
append (Lowering *self, const GstSodTrainNode *node)
{
  self->makers[node->output] = self->nodes->len;
  g_array_append_vals (self->nodes, node, 1);
}

static GstSodTrainNode
begin_node (const GstSodNode *node, GstSodTrainKind kind)
{
  GstSodTrainNode lower = {
    .kind = kind,
    .node = node,
    .n_inputs = node->n_inputs,
    .output = node->output,
  };

  for (guint i = 0; i < node->n_inputs; i++)
    lower.inputs[i] = node->inputs[i];
  return lower;
}

/* A convolution alone, or with the norm and ReLU that follow. */
static gboolean
lower_conv (Lowering *self, guint index)
{
  const GstSodNode *node = gst_sod_graph_node (self->graph, index);
  GstSodTrainNode lower = begin_node (node, GST_SOD_TRAIN_CONV);
  guint norm_index = 0, relu_index = 0;
  const GstSodNode *norm =
      find_next (self, node, GST_SOD_OP_BATCH_NORM, &norm_index);
  const GstSodNode *relu = find_next (self, norm, GST_SOD_OP_RELU, &relu_index);

  lower.conv = node->attrs;
  lower.n_parts = 1;
  lower.parts[0] = (GstSodTrainPart){
    .conv = index,
    .norm = norm_index,
    .channels = node->attrs.channels,
    .size = node->attrs.kernel,
  };
  if (relu != NULL) {
    if (node->attrs.bias)
      return FALSE;
    lower.kind = GST_SOD_TRAIN_UNIT;
    lower.output = relu->output;
    self->done[norm_index] = self->done[relu_index] = TRUE;
  }
  append (self, &lower);
  return TRUE;
}

/* Units that read one value, with kernels of one centre. */
static gboolean
is_parallel (const Lowering *self, const GstSodTrainNode *concat)
{
  const GstSodTrainNode *first = NULL;

  if (concat->n_inputs > GST_SOD_TRAIN_PARTS)
    return FALSE;
  for (guint i = 0; i < concat->n_inputs; i++) {
    GstSodValue value = concat->inputs[i];
    const GstSodTrainNode *unit;

    if (value == self->graph->input || self->n_readers[value] != 1)
      return FALSE;
    unit = lowered (self, self->makers[value]);
    if (i == 0)
      first = unit;
    if (unit->kind != GST_SOD_TRAIN_UNIT || unit->n_parts != 1
        || unit->inputs[0] != first->inputs[0] || unit->conv.dilation != 1
        || unit->conv.stride != first->conv.stride
        || 2 * unit->conv.padding != unit->conv.kernel - 1)
      return FALSE;
  }
  return TRUE;
}

static void
merge_parallel (Lowering *self, GstSodTrainNode *concat)
{
  GstSodTrainNode merged = *concat;

  merged.kind = GST_SOD_TRAIN_UNIT;
  merged.n_inputs = 1;
  merged.conv.kernel = 0;
  for (guint i = 0; i < concat->n_inputs; i++) {
    GstSodTrainNode *unit = lowered (self, self->makers[concat->inputs[i]]);

    merged.inputs[0] = unit->inputs[0];
    merged.parts[merged.n_parts++] = unit->parts[0];
    if (unit->conv.kernel > merged.conv.kernel)
      merged.conv = unit->conv;
    unit->kind = GST_SOD_TRAIN_DEAD;
  }
  merged.conv.channels = (gint) get_channels (self, concat->output);
  append (self, &merged);
}

/* The longest concatenation before that @concat begins with takes the place of
 * its inputs. */
static void
shorten (Lowering *self, GstSodTrainNode *concat)
{
  for (guint i = self->nodes->len; i-- > 0;) {
    const GstSodTrainNode *other = lowered (self, i);
    guint n = 0;
    const GstSodNode *node = other->node;

    if (other->kind != GST_SOD_TRAIN_CONCAT
        || node->n_inputs >= concat->n_inputs)
      continue;
    while (n < node->n_inputs && node->inputs[n] == concat->inputs[n])
      n++;
    if (n < node->n_inputs)
      continue;
    concat->inputs[0] = other->output;
    for (guint j = n; j < concat->n_inputs; j++)
      concat->inputs[j - n + 1] = concat->inputs[j];
    concat->n_inputs -= n - 1;
    return;
  }
}

/* A sum of an enlargement that nothing else reads becomes part of it. */
static void
merge_up (Lowering *self, GstSodTrainNode *sum)
{
  for (guint i = 0; i < 2; i++) {
    GstSodValue enlarged = sum->inputs[i], skip = sum->inputs[1 - i];
    GstSodTrainNode *up;

    if (enlarged == self->graph->input || enlarged == skip
        || self->n_readers[enlarged] != 1)
      continue;
    up = lowered (self, self->makers[enlarged]);
    if (up->kind != GST_SOD_TRAIN_UP || up->n_inputs != 1
        || up->inputs[0] == skip)
      continue;
    sum->kind = GST_SOD_TRAIN_UP;
    sum->inputs[0] = up->inputs[0];
    sum->inputs[1] = skip;
    up->kind = GST_SOD_TRAIN_DEAD;
    return;
  }
}

static gboolean
lower_concat (Lowering *self, const GstSodNode *node)
{
  GstSodTrainNode lower = begin_node (node, GST_SOD_TRAIN_CONCAT);

  if (is_parallel (self, &lower)) {
    merge_parallel (self, &lower);
    return TRUE;
  }
  shorten (self, &lower);
  append (self, &lower);
  return TRUE;
}

static gboolean
lower_node (Lowering *self, guint index)
{
  const GstSodNode *node = gst_sod_graph_node (self->graph, index);
  const GstSodOpAttrs *attrs = &node->attrs;
  GstSodTrainNode lower;

  if (attrs->relu || attrs->sum)
    return FALSE;
  switch (node->kind) {
    case GST_SOD_OP_CONV2D:
      return lower_conv (self, index);
    case GST_SOD_OP_CONCAT:
      return lower_concat (self, node);
    case GST_SOD_OP_MAX_POOL:
      lower = begin_node (node, GST_SOD_TRAIN_MAX_POOL);
      break;
    case GST_SOD_OP_AVG_POOL:
      lower = begin_node (node, GST_SOD_TRAIN_AVG_POOL);
      break;
    case GST_SOD_OP_UPSAMPLE:
      lower = begin_node (node, GST_SOD_TRAIN_UP);
      break;
    case GST_SOD_OP_ADD:
      lower = begin_node (node, GST_SOD_TRAIN_ADD);
      merge_up (self, &lower);
      break;
    case GST_SOD_OP_TANH:
      lower = begin_node (node, GST_SOD_TRAIN_TANH);
      break;
    default:
      return FALSE;
  }
  if ((attrs->kernel != 0 && (attrs->kernel != 2 || attrs->stride != 2))
      || (attrs->scale != 0 && attrs->scale != 2))
    return FALSE;
  append (self, &lower);
  return TRUE;
}

GArray *
gst_sod_train_nodes_new (
    const GstSodCompileRequest *request, const GstSodShape *shapes)
{
  const GstSodGraph *graph = request->graph;
  guint n = gst_sod_graph_n_values (graph);
  g_autofree guint *counts = g_new0 (guint, n);
  g_autofree guint *readers = g_new0 (guint, n);
  g_autofree guint *makers = g_new0 (guint, n);
  g_autofree gboolean *done = g_new0 (gboolean, graph->nodes->len);
  g_autoptr (GArray) nodes =
      g_array_new (FALSE, TRUE, sizeof (GstSodTrainNode));
  Lowering self = { request, graph, shapes, nodes, counts, readers, makers,
    done };

  count_readers (&self);
  if (!is_whole (&self))
    return NULL;
  for (guint i = 0; i < graph->nodes->len; i++) {
    if (!done[i] && !lower_node (&self, i))
      return NULL;
  }
  return g_steal_pointer (&nodes);
}
