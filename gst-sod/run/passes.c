/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/passes-private.h>

void
gst_sod_program_clear (GstSodProgram *self)
{
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
}

gboolean
gst_sod_prepare_inference (const GstSodGraph *graph, GHashTable *weights,
    GstSodProgram *program, GError **error)
{
  /* Sums before rectifiers: an upsampling that already rectifies takes no
   * sum. Merging comes last: it wants bias and rectifier in place. */
  static gboolean (*const passes[]) (GstSodProgram *, GError **) = {
    gst_sod_pass_fold_batch_norm,
    gst_sod_pass_fuse_sum,
    gst_sod_pass_fuse_relu,
    gst_sod_pass_merge_parallel,
  };

  program->graph = gst_sod_graph_ref ((GstSodGraph *) graph);
  program->weights = g_hash_table_ref (weights);
  for (guint i = 0; i < G_N_ELEMENTS (passes); i++) {
    if (!passes[i](program, error)) {
      gst_sod_program_clear (program);
      return FALSE;
    }
  }
  return TRUE;
}

guint *
gst_sod_graph_last_uses (
    const GstSodGraph *graph, const GstSodValue *keep, guint n_keep)
{
  guint *last_use = g_new0 (guint, gst_sod_graph_n_values (graph));

  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    last_use[node->output] = i;
    for (guint j = 0; j < node->n_inputs; j++)
      last_use[node->inputs[j]] = i;
  }
  last_use[graph->output] = G_MAXUINT;
  for (guint i = 0; i < n_keep; i++)
    last_use[keep[i]] = G_MAXUINT;
  return last_use;
}
