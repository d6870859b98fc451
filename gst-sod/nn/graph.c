/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/graph-private.h>

static void
free_node (gpointer data)
{
  GstSodNode *node = data;

  g_free (node->name);
  g_free (node);
}

GstSodGraph *
gst_sod_graph_new (void)
{
  GstSodGraph *self = g_new0 (GstSodGraph, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->nodes = g_ptr_array_new_with_free_func (free_node);
  self->labels = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->labels, NULL);
  return self;
}

GstSodGraph *
gst_sod_graph_ref (GstSodGraph *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_sod_graph_unref (GstSodGraph *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->labels);
  g_free (self);
}

GstSodValue
gst_sod_graph_add (GstSodGraph *self, GstSodOpKind kind, const gchar *name,
    const GstSodOpAttrs *attrs, const GstSodValue *inputs, guint n_inputs)
{
  static const GstSodOpAttrs no_attrs = { 0 };
  GstSodNode *node = g_new0 (GstSodNode, 1);

  g_assert (n_inputs <= GST_SOD_MAX_INPUTS);
  node->kind = kind;
  node->attrs = attrs != NULL ? *attrs : no_attrs;
  node->name = g_strdup (name);
  node->n_inputs = n_inputs;
  for (guint i = 0; i < n_inputs; i++) {
    g_assert (inputs[i] < self->labels->len);
    node->inputs[i] = inputs[i];
  }
  node->output = self->labels->len;
  g_ptr_array_add (self->labels, NULL);
  g_ptr_array_add (self->nodes, node);
  self->output = node->output;
  return node->output;
}

void
gst_sod_graph_set_label (
    GstSodGraph *self, GstSodValue value, const gchar *label)
{
  gpointer *slot = &g_ptr_array_index (self->labels, value);

  g_free (*slot);
  *slot = g_strdup (label);
}

GstSodValue
gst_sod_graph_find (const GstSodGraph *self, const gchar *label)
{
  for (guint i = 0; i < self->labels->len; i++) {
    if (g_strcmp0 (g_ptr_array_index (self->labels, i), label) == 0)
      return i;
  }
  return GST_SOD_NO_VALUE;
}

/* The shapes of @node's inputs, out of those of all values. */
static void
gather_inputs (
    const GstSodNode *node, const GstSodShape *shapes, GstSodShape *inputs)
{
  for (guint i = 0; i < node->n_inputs; i++)
    inputs[i] = shapes[node->inputs[i]];
}

GstSodShape *
gst_sod_graph_infer_shapes (
    const GstSodGraph *self, const GstSodShape *input, GError **error)
{
  g_autofree GstSodShape *shapes =
      g_new0 (GstSodShape, gst_sod_graph_n_values (self));
  GstSodShape inputs[GST_SOD_MAX_INPUTS];

  shapes[self->input] = *input;
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self, i);

    gather_inputs (node, shapes, inputs);
    if (!gst_sod_op_infer (node->kind, &node->attrs, inputs, node->n_inputs,
            &shapes[node->output], error)) {
      g_prefix_error (error, "node %s: ", node->name);
      return NULL;
    }
  }
  return g_steal_pointer (&shapes);
}

void
gst_sod_graph_foreach_param (const GstSodGraph *self, const GstSodShape *shapes,
    GstSodGraphParamFunc func, gpointer data)
{
  GstSodShape inputs[GST_SOD_MAX_INPUTS];
  GstSodOpParam params[GST_SOD_MAX_PARAMS];

  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self, i);
    const GstSodOp *op = gst_sod_op_get (node->kind);
    guint n_params = op->params (&node->attrs, params);

    gather_inputs (node, shapes, inputs);
    for (guint j = 0; j < n_params; j++) {
      g_autofree gchar *full_name =
          g_strdup_printf ("%s.%s", node->name, params[j].suffix);
      GstSodShape shape = op->param_shape (&node->attrs, inputs, j);

      func (node, j, &params[j], full_name, &shape, data);
    }
  }
}

guint64
gst_sod_graph_flops (const GstSodGraph *self, const GstSodShape *shapes)
{
  GstSodShape inputs[GST_SOD_MAX_INPUTS];
  guint64 flops = 0;

  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self, i);

    gather_inputs (node, shapes, inputs);
    flops += gst_sod_op_get (node->kind)
                 ->flops (&node->attrs, inputs, node->n_inputs,
                     &shapes[node->output]);
  }
  return flops;
}
