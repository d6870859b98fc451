/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/rewrite-private.h>

static GHashTable *
copy_weights (GHashTable *weights)
{
  GHashTable *copy = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_hash_table_insert (copy, g_strdup (name), gst_sod_tensor_ref (tensor));
  return copy;
}

static void
begin (GstSodRewrite *self, const GstSodProgram *program)
{
  guint n_values = gst_sod_graph_n_values (program->graph);

  self->from = program->graph;
  self->to = gst_sod_graph_new ();
  self->weights = copy_weights (program->weights);
  self->values = g_new (GstSodValue, n_values);
  self->readers = g_new0 (guint, n_values);
  self->makers = g_new0 (const GstSodNode *, n_values);
  for (guint i = 0; i < n_values; i++)
    self->values[i] = GST_SOD_NO_VALUE;
  self->values[self->from->input] = self->to->input;
  for (guint i = 0; i < self->from->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->from, i);

    self->makers[node->output] = node;
    for (guint j = 0; j < node->n_inputs; j++)
      self->readers[node->inputs[j]]++;
  }
  self->readers[self->from->output]++;
}

static void
finish (GstSodRewrite *self)
{
  g_clear_pointer (&self->to, gst_sod_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_free (self->values);
  g_free (self->readers);
  g_free (self->makers);
}

static void
carry_labels (GstSodRewrite *self)
{
  for (guint i = 0; i < gst_sod_graph_n_values (self->from); i++) {
    const gchar *label = g_ptr_array_index (self->from->labels, i);

    if (label != NULL && self->values[i] != GST_SOD_NO_VALUE)
      gst_sod_graph_set_label (self->to, self->values[i], label);
  }
}

const GstSodNode *
gst_sod_rewrite_sole_maker (
    const GstSodRewrite *self, GstSodValue value, GstSodOpKind kind)
{
  const GstSodNode *maker = self->makers[value];

  if (maker == NULL || maker->kind != kind || self->readers[value] != 1)
    return NULL;
  return maker;
}

void
gst_sod_rewrite_add (GstSodRewrite *self, GstSodOpKind kind, const gchar *name,
    const GstSodOpAttrs *attrs, const GstSodValue *inputs, guint n_inputs,
    GstSodValue output)
{
  GstSodValue mapped[GST_SOD_MAX_INPUTS];

  for (guint i = 0; i < n_inputs; i++)
    mapped[i] = self->values[inputs[i]];
  self->values[output] =
      gst_sod_graph_add (self->to, kind, name, attrs, mapped, n_inputs);
}

const GstSodTensor *
gst_sod_rewrite_get_weight (const GstSodRewrite *self, const gchar *node,
    const gchar *suffix, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%s.%s", node, suffix);
  const GstSodTensor *tensor = g_hash_table_lookup (self->weights, name);

  if (tensor == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the network's graph asks for the tensor \"%s\", which its weights do "
        "not have",
        name);
  else if (gst_sod_tensor_get_dtype (tensor) != GST_SOD_DTYPE_F32) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the tensor \"%s\" is %s; graph passes take f32", name,
        gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)));
    return NULL;
  }
  return tensor;
}

void
gst_sod_rewrite_set_weight (GstSodRewrite *self, const gchar *node,
    const gchar *suffix, GstSodTensor *tensor)
{
  g_hash_table_replace (
      self->weights, g_strdup_printf ("%s.%s", node, suffix), tensor);
}

void
gst_sod_rewrite_drop_weight (
    GstSodRewrite *self, const gchar *node, const gchar *suffix)
{
  g_autofree gchar *name = g_strdup_printf ("%s.%s", node, suffix);

  g_hash_table_remove (self->weights, name);
}

/* Values that vanish in another node; their makers are not copied. */
static gboolean *
find_gone (const GstSodRewrite *self, const GstSodRewriteRule *rule)
{
  gboolean *gone = g_new0 (gboolean, gst_sod_graph_n_values (self->from));
  GstSodValue values[GST_SOD_MAX_INPUTS];

  for (guint i = 0; i < self->from->nodes->len; i++) {
    guint n = rule->match (self, gst_sod_graph_node (self->from, i), values);

    for (guint j = 0; j < n; j++)
      gone[values[j]] = TRUE;
  }
  return gone;
}

gboolean
gst_sod_program_rewrite (
    GstSodProgram *program, const GstSodRewriteRule *rule, GError **error)
{
  g_autofree gboolean *gone = NULL;
  GstSodValue ignored[GST_SOD_MAX_INPUTS];
  GstSodRewrite self;

  begin (&self, program);
  gone = find_gone (&self, rule);
  for (guint i = 0; i < self.from->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self.from, i);

    if (gone[node->output])
      continue;
    if (rule->match (&self, node, ignored) == 0)
      gst_sod_rewrite_add (&self, node->kind, node->name, &node->attrs,
          node->inputs, node->n_inputs, node->output);
    else if (!rule->emit (&self, node, error)) {
      finish (&self);
      return FALSE;
    }
  }
  carry_labels (&self);
  self.to->output = self.values[self.from->output];
  gst_sod_program_clear (program);
  program->graph = g_steal_pointer (&self.to);
  program->weights = g_steal_pointer (&self.weights);
  finish (&self);
  return TRUE;
}
