/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/op-plan-private.h>

static void
free_plan (GstSodExecutable *executable)
{
  GstSodOpPlan *self = (GstSodOpPlan *) executable;

  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_free (self->shapes);
  g_free (self->buffers);
  g_free (self->buffer_values);
  g_free (self->terms);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodOpPlan *self = (GstSodOpPlan *) executable;
  guint n = self->graph->nodes->len;
  gchar **lines = g_new0 (gchar *, n + 1);

  for (guint i = 0; i < n; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    lines[i] = g_strdup_printf ("%s %s:%s", node->name,
        self->base.backend->klass->name, gst_sod_op_get (node->kind)->name);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_op_plan_open,
  .describe = describe,
};

static gboolean
check_request (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  if (request->precision != GST_SOD_PRECISION_F32) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "back end \"%s\" trains in f32, not in %s; use precision=f32",
        backend->klass->name, gst_sod_precision_name (request->precision));
    return FALSE;
  }
  for (guint i = 0; i < request->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (request->graph, i);

    if (node->attrs.relu || node->attrs.sum) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "node %s is fused, which is for inference only; train on the graph "
          "before the fusing passes",
          node->name);
      return FALSE;
    }
    if (backend->klass->op (backend, node->kind) != NULL)
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "node %s: back end \"%s\" has no op %s; use the back end \"ref\"",
        node->name, backend->klass->name, gst_sod_op_get (node->kind)->name);
    return FALSE;
  }
  return TRUE;
}

/* Value -> the last node that reads it; GST_SOD_ERROR_UNSUPPORTED unless that
 * is none for the output, and for the output alone: then every gradient is
 * defined, and the output's is the one that is given. */
static gboolean
find_last_readers (const GstSodGraph *graph, guint *readers, GError **error)
{
  guint n = gst_sod_graph_n_values (graph);

  for (guint i = 0; i < n; i++)
    readers[i] = G_MAXUINT;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    for (guint j = 0; j < node->n_inputs; j++)
      readers[node->inputs[j]] = i;
  }
  for (guint i = 0; i < n; i++) {
    if ((readers[i] == G_MAXUINT) == (i == graph->output))
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "value %u of the graph is %s its output, value %u; a training plan "
        "needs the graph cut at its output",
        i, i == graph->output ? "read, but is" : "read by no node, but is not",
        graph->output);
    return FALSE;
  }
  return TRUE;
}

static gboolean
append_buffer (GstSodOpPlan *self, GstSodValue value, guint first_use,
    guint last_use, GError **error)
{
  g_autofree gchar *text = NULL;
  gsize count;

  if (gst_sod_shape_count (&self->shapes[value], &count)) {
    self->buffers[self->n_buffers] = (GstSodArenaBuffer){
      .size = count * gst_sod_dtype_size (self->dtype),
      .first_use = first_use,
      .last_use = last_use,
      .alias_of = GST_SOD_ARENA_OWN,
    };
    self->buffer_values[self->n_buffers++] = value;
    return TRUE;
  }
  text = gst_sod_shape_to_string (&self->shapes[value]);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "a value of shape %s cannot be addressed; use a smaller input or batch",
      text);
  return FALSE;
}

static guint
backward_step (const GstSodOpPlan *self, guint node)
{
  return 2 * self->graph->nodes->len - 1 - node;
}

/* The values and their gradients; @makers: value -> its node. */
static gboolean
append_values (GstSodOpPlan *self, const GstSodCompileRequest *request,
    const guint *makers, const guint *readers, GError **error)
{
  guint n = gst_sod_graph_n_values (self->graph);

  for (guint i = 0; i < n; i++) {
    gboolean stays = i == self->graph->input || i == self->graph->output;

    for (guint j = 0; j < request->n_keep; j++)
      stays = stays || request->keep[j] == i;
    if (!append_buffer (self, i, makers[i],
            stays ? G_MAXUINT : backward_step (self, makers[i]), error))
      return FALSE;
  }
  for (guint i = 0; i < n; i++) {
    guint first = i == self->graph->output ? self->graph->nodes->len
                                           : backward_step (self, readers[i]);
    guint last =
        i == self->graph->input ? G_MAXUINT : backward_step (self, makers[i]);

    if (!append_buffer (self, i, first, last, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_terms (GstSodOpPlan *self, const guint *readers, GError **error)
{
  for (guint i = 0; i < self->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    for (guint j = 0; j < node->n_inputs; j++) {
      guint *term = &self->terms[i * GST_SOD_MAX_INPUTS + j];
      gboolean first = readers[node->inputs[j]] == i;

      for (guint k = 0; k < j; k++)
        first = first && node->inputs[k] != node->inputs[j];
      *term = first ? GST_SOD_OP_PLAN_DIRECT : self->n_buffers;
      if (!first
          && !append_buffer (self, node->inputs[j], backward_step (self, i),
              backward_step (self, i), error))
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean
place_buffers (GstSodOpPlan *self, const GstSodCompileRequest *request,
    const guint *readers, GError **error)
{
  guint n_nodes = self->graph->nodes->len;
  guint n_values = gst_sod_graph_n_values (self->graph);
  g_autofree guint *makers = g_new0 (guint, n_values);
  guint n = 2 * n_values;

  for (guint i = 0; i < n_nodes; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    makers[node->output] = i;
    n += node->n_inputs;
  }
  self->buffers = g_new0 (GstSodArenaBuffer, n);
  self->buffer_values = g_new0 (GstSodValue, n);
  self->terms = g_new0 (guint, (gsize) n_nodes * GST_SOD_MAX_INPUTS);
  return append_values (self, request, makers, readers, error)
         && append_terms (self, readers, error)
         && gst_sod_arena_plan (
             self->buffers, self->n_buffers, &self->base.arena_size, error);
}

GstSodExecutable *
gst_sod_op_plan_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  g_autoptr (GstSodExecutable) executable = NULL;
  g_autofree guint *readers = NULL;
  GstSodOpPlan *self;

  readers = g_new0 (guint, gst_sod_graph_n_values (request->graph));
  if (!check_request (backend, request, error)
      || !find_last_readers (request->graph, readers, error))
    return NULL;
  self = g_new0 (GstSodOpPlan, 1);
  executable = &self->base;
  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->dtype = request->dtype;
  self->threads = request->threads;
  self->shapes =
      gst_sod_graph_infer_shapes (self->graph, &request->input, error);
  if (self->shapes == NULL || !place_buffers (self, request, readers, error))
    return NULL;
  self->base.output = self->shapes[self->graph->output];
  return g_steal_pointer (&executable);
}
