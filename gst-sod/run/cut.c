/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/passes-private.h>

/* Value -> whether the new output depends on it. */
static gboolean *
find_needed (const GstSodGraph *graph, GstSodValue output)
{
  gboolean *needed = g_new0 (gboolean, gst_sod_graph_n_values (graph));

  needed[output] = TRUE;
  for (guint i = graph->nodes->len; i-- > 0;) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    for (guint j = 0; needed[node->output] && j < node->n_inputs; j++)
      needed[node->inputs[j]] = TRUE;
  }
  return needed;
}

GstSodGraph *
gst_sod_graph_cut (const GstSodGraph *graph, GstSodValue output)
{
  g_autofree gboolean *needed = NULL;
  g_autofree GstSodValue *values = NULL; /* old -> new */
  GstSodGraph *cut;

  g_return_val_if_fail (output < gst_sod_graph_n_values (graph), NULL);

  needed = find_needed (graph, output);
  values = g_new0 (GstSodValue, gst_sod_graph_n_values (graph));
  cut = gst_sod_graph_new ();
  values[graph->input] = cut->input;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);
    GstSodValue inputs[GST_SOD_MAX_INPUTS];
    const gchar *label = g_ptr_array_index (graph->labels, node->output);

    if (!needed[node->output])
      continue;
    for (guint j = 0; j < node->n_inputs; j++)
      inputs[j] = values[node->inputs[j]];
    values[node->output] = gst_sod_graph_add (
        cut, node->kind, node->name, &node->attrs, inputs, node->n_inputs);
    if (label != NULL)
      gst_sod_graph_set_label (cut, values[node->output], label);
  }
  cut->output = values[output];
  return cut;
}
