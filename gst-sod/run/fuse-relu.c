/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/rewrite-private.h>

static const GstSodNode *
find_maker (const GstSodRewrite *self, const GstSodNode *relu)
{
  const GstSodNode *conv =
      gst_sod_rewrite_sole_maker (self, relu->inputs[0], GST_SOD_OP_CONV2D);

  if (conv != NULL)
    return conv;
  return gst_sod_rewrite_sole_maker (
      self, relu->inputs[0], GST_SOD_OP_UPSAMPLE);
}

static guint
match (const GstSodRewrite *self, const GstSodNode *node, GstSodValue *gone)
{
  const GstSodNode *maker;

  if (node->kind != GST_SOD_OP_RELU)
    return 0;
  maker = find_maker (self, node);
  if (maker == NULL)
    return 0;
  gone[0] = maker->output;
  return 1;
}

static gboolean
emit (GstSodRewrite *self, const GstSodNode *node, GError **error)
{
  const GstSodNode *maker = find_maker (self, node);
  GstSodOpAttrs attrs = maker->attrs;

  attrs.relu = TRUE;
  gst_sod_rewrite_add (self, maker->kind, maker->name, &attrs, maker->inputs,
      maker->n_inputs, node->output);
  return TRUE;
}

gboolean
gst_sod_pass_fuse_relu (GstSodProgram *program, GError **error)
{
  static const GstSodRewriteRule rule = { match, emit };

  return gst_sod_program_rewrite (program, &rule, error);
}
