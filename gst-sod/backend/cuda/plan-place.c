/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a plan's values lie. Channels are innermost; a concatenation is one
 * value whose inputs are slices of its channels, written there by whoever makes
 * them, so that it costs nothing. In a dense block, whose layers read ever
 * longer concatenations of the same features, the shorter ones are slices of
 * the longest. */
#include <gst-sod/backend/cuda/plan-private.h>

static guint *
count_readers (const GstSodGraph *graph)
{
  guint *n = g_new0 (guint, gst_sod_graph_n_values (graph));

  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    for (guint j = 0; j < node->n_inputs; j++)
      n[node->inputs[j]]++;
  }
  return n;
}

/* ---- types ---- */

static gboolean
is_tail (const GstSodNode *node)
{
  return node->kind == GST_SOD_OP_SIGMOID || node->kind == GST_SOD_OP_TANH
         || (node->kind == GST_SOD_OP_UPSAMPLE && !node->attrs.sum);
}

/* From the output backwards as far as there are only elementwise ops and
 * enlarging: few values, and those that are seen, kept in f32. */
static void
mark_tail (GstSodCudaPlan *self, const guint *n_readers)
{
  const GstSodGraph *graph = self->graph;
  GstSodValue value = graph->output;

  for (guint i = graph->nodes->len; i-- > 0;) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->output != value)
      continue;
    if (!is_tail (node))
      return;
    self->values[value].type = GST_SOD_CUDA_F32;
    value = node->inputs[0];
    if (n_readers[value] != 1)
      return;
  }
}

/* Enlarging and what the logistic function makes of it are one launch. */
static void
mark_fused (GstSodCudaPlan *self, const guint *n_readers, guint *last_use)
{
  const GstSodGraph *graph = self->graph;

  for (guint i = 1; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);
    const GstSodNode *before;

    if (node->kind != GST_SOD_OP_SIGMOID)
      continue;
    for (guint j = 0; j < i; j++) {
      before = gst_sod_graph_node (graph, j);
      if (before->output != node->inputs[0]
          || before->kind != GST_SOD_OP_UPSAMPLE || before->attrs.relu
          || before->attrs.sum || n_readers[before->output] != 1
          || last_use[before->output] == G_MAXUINT)
        continue;
      self->values[before->output].fused = TRUE;
      if (last_use[before->inputs[0]] != G_MAXUINT)
        last_use[before->inputs[0]] = MAX (last_use[before->inputs[0]], i);
    }
  }
}

static void
set_types (GstSodCudaPlan *self, guint *last_use)
{
  g_autofree guint *n_readers = count_readers (self->graph);

  for (guint i = 0; i < gst_sod_graph_n_values (self->graph); i++) {
    const gint64 *dims = self->shapes[i].dims;

    self->values[i] = (GstSodCudaValue){
      .type = self->type,
      .n = (gint) dims[0],
      .c = (gint) dims[1],
      .h = (gint) dims[2],
      .w = (gint) dims[3],
      .filled = (gint) dims[1],
      .home = GST_SOD_ARENA_OWN,
    };
  }
  mark_tail (self, n_readers);
  mark_fused (self, n_readers, last_use);
}

/* ---- channels ---- */

/* What convolutions touch has its channels filled up; where nobody but the
 * convolution does so, the memory is zero from the start and stays so. */
static void
fill_channels (GstSodCudaPlan *self)
{
  const GstSodGraph *graph = self->graph;

  self->values[graph->input].lasting = TRUE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);
    GstSodCudaValue *x = &self->values[node->inputs[0]];
    GstSodCudaValue *y = &self->values[node->output];

    if (node->kind != GST_SOD_OP_CONV2D)
      continue;
    y->filled = gst_sod_cuda_fill (y->type, y->c);
    if (x->filled == x->c) {
      x->filled = gst_sod_cuda_fill (x->type, x->c);
      x->lasting |= x->filled > x->c;
    }
  }
  for (guint i = 0; i < gst_sod_graph_n_values (graph); i++)
    self->values[i].stride = self->values[i].filled;
}

/* ---- slices ---- */

static GstSodValue
find_home (const GstSodCudaPlan *self, GstSodValue value, gint *first)
{
  *first = 0;
  while (self->values[value].home != GST_SOD_ARENA_OWN) {
    *first += self->values[value].first;
    value = self->values[value].home;
  }
  return value;
}

/* Whether all that @node joins lies side by side already. */
static gboolean
is_slice (const GstSodCudaPlan *self, const GstSodNode *node)
{
  gint first, next;
  GstSodValue home = find_home (self, node->inputs[0], &first);

  next = first;
  for (guint i = 0; i < node->n_inputs; i++) {
    gint at;

    if (self->values[node->inputs[i]].home == GST_SOD_ARENA_OWN
        || find_home (self, node->inputs[i], &at) != home || at != next)
      return FALSE;
    next += self->values[node->inputs[i]].c;
  }
  return TRUE;
}

static gboolean
can_be_slice (const GstSodCudaPlan *self, GstSodValue value,
    const GstSodCudaValue *of, gint first)
{
  const GstSodCudaValue *it = &self->values[value];
  gint lanes = gst_sod_cuda_lanes (it->type);

  return value != self->graph->input && it->home == GST_SOD_ARENA_OWN
         && !it->fused && !it->lasting && it->type == of->type
         && it->filled == it->c && it->c % lanes == 0 && first % lanes == 0;
}

/* The longer concatenations come later: from the last one on. */
static void
join_slices (GstSodCudaPlan *self)
{
  const GstSodGraph *graph = self->graph;

  for (guint i = graph->nodes->len; i-- > 0;) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);
    GstSodCudaValue *y = &self->values[node->output];
    gint first = 0;

    if (node->kind != GST_SOD_OP_CONCAT)
      continue;
    if (can_be_slice (self, node->output, y, 0) && is_slice (self, node)) {
      y->home = find_home (self, node->inputs[0], &y->first);
      continue;
    }
    for (guint j = 0; j < node->n_inputs; j++) {
      GstSodCudaValue *x = &self->values[node->inputs[j]];

      if (can_be_slice (self, node->inputs[j], y, first)) {
        x->home = node->output;
        x->first = first;
      }
      first += x->c;
    }
  }
  for (guint i = 0; i < gst_sod_graph_n_values (graph); i++) {
    gint first;

    self->values[i].stride = self->values[find_home (self, i, &first)].filled;
  }
}

/* ---- memory ---- */

static gboolean
set_size (GstSodCudaPlan *self, guint index, GError **error)
{
  const GstSodCudaValue *value = &self->values[index];
  gint64 rows = (gint64) value->n * value->h;
  g_autofree gchar *text = NULL;

  if (value->fused)
    return TRUE;
  /* Kernels count pixels and elements in 31 bits. */
  if (rows <= G_MAXINT32 && rows * value->w <= G_MAXINT32
      && rows * value->w * value->stride <= G_MAXINT32) {
    self->places[index].size = (gsize) (rows * value->w * value->stride)
                               * gst_sod_cuda_type_size (value->type);
    return TRUE;
  }
  text = gst_sod_shape_to_string (&self->shapes[index]);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "a value of shape %s has more than 2^31 elements; use a smaller input or "
      "batch",
      text);
  return FALSE;
}

static gboolean
place_values (GstSodCudaPlan *self, const guint *last_use, GError **error)
{
  guint n = gst_sod_graph_n_values (self->graph);

  self->places = g_new0 (GstSodArenaBuffer, n);
  for (guint i = 0; i < n; i++) {
    const GstSodCudaValue *value = &self->values[i];

    self->places[i].last_use = value->lasting ? G_MAXUINT : last_use[i];
    self->places[i].alias_of = value->home;
    self->places[i].alias_offset =
        value->first * gst_sod_cuda_type_size (value->type);
    if (!set_size (self, i, error))
      return FALSE;
  }
  for (guint i = 0; i < self->graph->nodes->len; i++) {
    GstSodValue output = gst_sod_graph_node (self->graph, i)->output;

    if (!self->values[output].lasting)
      self->places[output].first_use = i;
  }
  return gst_sod_arena_plan (self->places, n, &self->base.arena_size, error);
}

gboolean
gst_sod_cuda_plan_place (GstSodCudaPlan *self, guint *last_use, GError **error)
{
  self->values = g_new0 (GstSodCudaValue, gst_sod_graph_n_values (self->graph));
  set_types (self, last_use);
  fill_channels (self);
  join_slices (self);
  return place_values (self, last_use, error);
}
