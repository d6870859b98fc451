/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/plan-private.h>

#include <gst-sod/backend/op-plan-private.h>

static void
free_plan (GstSodExecutable *executable)
{
  GstSodRefPlan *self = (GstSodRefPlan *) executable;

  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_free (self->shapes);
  g_free (self->buffers);
  g_free (self->params);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodRefPlan *self = (GstSodRefPlan *) executable;
  guint n = self->graph->nodes->len;
  gchar **lines = g_new0 (gchar *, n + 1);

  for (guint i = 0; i < n; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->graph, i);

    lines[i] = g_strdup_printf (
        "%s ref:%s", node->name, gst_sod_op_get (node->kind)->name);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_ref_open,
  .describe = describe,
};

/* Takes the graph's weights over, one by one. */
typedef struct
{
  GstSodRefPlan *plan;
  GHashTable *given; /* f32 */
  guint node;        /* index of the node of the param before this one */
  GError *error;
} Taker;

static GstSodTensor *
take_weight (Taker *taker, const gchar *name)
{
  GstSodTensor *own = g_hash_table_lookup (taker->plan->weights, name);

  if (own != NULL)
    return own;
  own = gst_sod_tensor_convert (g_hash_table_lookup (taker->given, name),
      GST_SOD_DTYPE_F64, &taker->error);
  if (own != NULL)
    g_hash_table_insert (taker->plan->weights, g_strdup (name), own);
  return own;
}

static void
take_param (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Taker *taker = data;

  if (taker->error != NULL)
    return;
  while (gst_sod_graph_node (taker->plan->graph, taker->node) != node)
    taker->node++;
  taker->plan->params[taker->node * GST_SOD_MAX_PARAMS + index] =
      take_weight (taker, full_name);
}

static gsize
sum_sizes (GHashTable *weights)
{
  GHashTableIter iter;
  gpointer tensor;
  gsize size = 0;

  g_hash_table_iter_init (&iter, weights);
  while (g_hash_table_iter_next (&iter, NULL, &tensor))
    size += gst_sod_tensor_get_size (tensor);
  return size;
}

static gboolean
take_weights (
    GstSodRefPlan *self, const GstSodCompileRequest *request, GError **error)
{
  Taker taker = { self, request->weights, 0, NULL };

  if (request->share != NULL)
    self->weights =
        g_hash_table_ref (((GstSodRefPlan *) request->share)->weights);
  else
    self->weights = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  self->params =
      g_new0 (GstSodTensor *, self->graph->nodes->len * GST_SOD_MAX_PARAMS);
  gst_sod_graph_foreach_param (self->graph, self->shapes, take_param, &taker);
  if (taker.error != NULL) {
    g_propagate_error (error, taker.error);
    return FALSE;
  }
  self->base.weights_size = sum_sizes (self->weights);
  return TRUE;
}

/* A value lives from the node that makes it to the last one that reads it. The
 * input stays whole, so that a stream may run again on what it was given. */
static gboolean
place_values (GstSodRefPlan *self, const guint *last_use, GError **error)
{
  guint n = gst_sod_graph_n_values (self->graph);

  self->buffers = g_new0 (GstSodArenaBuffer, n);
  for (guint i = 0; i < n; i++) {
    gsize count;

    if (!gst_sod_shape_count (&self->shapes[i], &count)) {
      g_autofree gchar *text = gst_sod_shape_to_string (&self->shapes[i]);

      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
          "a value of shape %s cannot be addressed; use a smaller input or "
          "batch",
          text);
      return FALSE;
    }
    self->buffers[i] = (GstSodArenaBuffer){
      .size = count * sizeof (gdouble),
      .last_use = i == self->graph->input ? G_MAXUINT : last_use[i],
      .alias_of = GST_SOD_ARENA_OWN,
    };
  }
  for (guint i = 0; i < self->graph->nodes->len; i++)
    self->buffers[gst_sod_graph_node (self->graph, i)->output].first_use = i;
  return gst_sod_arena_plan (self->buffers, n, &self->base.arena_size, error);
}

/* Bytes of one picture as the network reads it. */
static gsize
frame_size (const GstSodShape *input)
{
  gint64 channels = input->dims[1] == 1 ? 1 : 3;

  return (gsize) (channels * input->dims[2] * input->dims[3])
         * sizeof (gdouble);
}

GstSodExecutable *
gst_sod_ref_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodRefPlan *self;

  if (request->mode == GST_SOD_MODE_TRAIN)
    return gst_sod_op_plan_compile (backend, request, error);
  self = g_new0 (GstSodRefPlan, 1);
  executable = &self->base;
  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->rule = *request->rule;
  self->shapes =
      gst_sod_graph_infer_shapes (self->graph, &request->input, error);
  if (self->shapes == NULL || !take_weights (self, request, error)
      || !place_values (self, request->last_use, error))
    return NULL;
  self->base.output = self->shapes[self->graph->output];
  self->base.workspace_size = frame_size (&request->input);
  return g_steal_pointer (&executable);
}
