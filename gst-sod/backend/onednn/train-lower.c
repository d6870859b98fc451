/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph of a training plan in larger pieces. */
#include <gst-sod/backend/onednn/train-private.h>

typedef struct
{
  GstSodTrainBuilder *builder;
  const GstSodGraph *graph;
  guint *n_readers; /* one a value, of the graph's nodes */
  guint *readers;   /* one a value: the last of them */
  guint *makers;    /* one a value: its lowered node */
  gboolean *done;   /* one a node: part of a unit */
} Lowering;

static GstSodTrainNode *
lowered (const Lowering *self, guint index)
{
  return &g_array_index (self->builder->nodes, GstSodTrainNode, index);
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
  const GstSodCompileRequest *request = self->builder->request;
  gsize count;

  for (guint i = 0; i < gst_sod_graph_n_values (self->graph); i++) {
    if ((self->n_readers[i] == 0) != (i == self->graph->output)
        || !gst_sod_shape_count (&self->builder->plan->shapes[i], &count))
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
  return self->builder->plan->shapes[value].dims[1];
}

static void
append (Lowering *self, const GstSodTrainNode *node)
{
  self->makers[node->output] = self->builder->nodes->len;
  g_array_append_vals (self->builder->nodes, node, 1);
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
  for (guint i = self->builder->nodes->len; i-- > 0;) {
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

/* ---- values ---- */

/* What a convolution without a norm gives, and what follows it, is f32: the
 * network's output. */
static dnnl_data_type_t
get_type (const GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  if (node->kind == GST_SOD_TRAIN_CONV)
    return dnnl_f32;
  if (node->kind == GST_SOD_TRAIN_UNIT)
    return self->type;
  return self->views[node->inputs[0]].type;
}

/* Kernels take whole lanes, convolutions read dense values, and only units
 * read the input. */
static gboolean
check_node (GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  const GstSodTrainPlan *plan = self->plan;
  gint64 channels = plan->shapes[node->output].dims[1];
  gboolean is_tail = get_type (self, node) != self->type;
  gboolean has_weights =
      node->kind == GST_SOD_TRAIN_UNIT || node->kind == GST_SOD_TRAIN_CONV;
  /* Those that take any number of channels, of either type. */
  gboolean has_few = node->kind == GST_SOD_TRAIN_CONV
                     || node->kind == GST_SOD_TRAIN_TANH
                     || (node->kind == GST_SOD_TRAIN_UP && node->n_inputs == 1);

  for (guint i = 0; i < node->n_inputs; i++) {
    GstSodValue input = node->inputs[i];

    if (node->kind != GST_SOD_TRAIN_UNIT && input == plan->graph->input)
      return FALSE;
    if (self->views[input].type
        != (has_weights ? self->type : self->views[node->inputs[0]].type))
      return FALSE;
    if (node->kind == GST_SOD_TRAIN_CONCAT
        && plan->shapes[input].dims[1] % GST_SOD_TRAIN_LANES != 0)
      return FALSE;
    for (guint j = 0; j < i; j++) {
      if (node->inputs[j] == input)
        return FALSE;
    }
  }
  if (is_tail && !has_few)
    return FALSE;
  return channels % GST_SOD_TRAIN_LANES == 0 || has_few;
}

/* Values that nothing but one concatenation reads lie in it. */
static void
place_in_concat (Lowering *self, const GstSodTrainNode *concat)
{
  GstSodTrainBuilder *builder = self->builder;
  gint64 first = 0;

  for (guint i = 0; i < concat->n_inputs; i++) {
    GstSodValue input = concat->inputs[i];

    if (builder->n_readers[input] == 1
        && lowered (self, self->makers[input])->kind == GST_SOD_TRAIN_UNIT) {
      builder->views[input] = builder->views[concat->output];
      builder->views[input].first = first;
    }
    first += get_channels (self, input);
  }
}

static gboolean
place_values (Lowering *self)
{
  GstSodTrainBuilder *builder = self->builder;
  const GstSodTrainPlan *plan = builder->plan;
  GstSodValue input = plan->graph->input;

  for (guint i = 0; i < builder->nodes->len; i++) {
    const GstSodTrainNode *node = lowered (self, i);

    if (node->kind == GST_SOD_TRAIN_DEAD)
      continue;
    for (guint j = 0; j < node->n_inputs; j++)
      builder->n_readers[node->inputs[j]]++;
  }
  builder->views[input] =
      gst_sod_train_add_view (builder, &plan->shapes[input], builder->type);
  for (guint i = 0; i < builder->nodes->len; i++) {
    const GstSodTrainNode *node = lowered (self, i);

    if (node->kind == GST_SOD_TRAIN_DEAD)
      continue;
    builder->views[node->output] = gst_sod_train_add_view (
        builder, &plan->shapes[node->output], get_type (builder, node));
    if (!check_node (builder, node))
      return FALSE;
    if (node->kind == GST_SOD_TRAIN_CONCAT)
      place_in_concat (self, node);
  }
  return TRUE;
}

gboolean
gst_sod_train_lower (GstSodTrainBuilder *builder)
{
  const GstSodGraph *graph = builder->plan->graph;
  guint n = gst_sod_graph_n_values (graph);
  g_autofree guint *counts = g_new0 (guint, n);
  g_autofree guint *readers = g_new0 (guint, n);
  g_autofree guint *makers = g_new0 (guint, n);
  g_autofree gboolean *done = g_new0 (gboolean, graph->nodes->len);
  Lowering self = { builder, graph, counts, readers, makers, done };

  count_readers (&self);
  if (!is_whole (&self))
    return FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    if (!done[i] && !lower_node (&self, i))
      return FALSE;
  }
  return place_values (&self);
}
