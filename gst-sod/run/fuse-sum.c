/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/rewrite-private.h>

/* Index of the input of @add that can become one node with it, or -1. */
static gint
find_upsample (const GstSodRewrite *self, const GstSodNode *add)
{
  for (guint i = 0; i < add->n_inputs; i++) {
    const GstSodNode *upsample =
        gst_sod_rewrite_sole_maker (self, add->inputs[i], GST_SOD_OP_UPSAMPLE);

    if (upsample != NULL && !upsample->attrs.sum && !upsample->attrs.relu)
      return (gint) i;
  }
  return -1;
}

static guint
match (const GstSodRewrite *self, const GstSodNode *node, GstSodValue *gone)
{
  gint index;

  if (node->kind != GST_SOD_OP_ADD || node->n_inputs != 2)
    return 0;
  index = find_upsample (self, node);
  if (index < 0)
    return 0;
  gone[0] = node->inputs[index];
  return 1;
}

static gboolean
emit (GstSodRewrite *self, const GstSodNode *node, GError **error)
{
  gint index = find_upsample (self, node);
  const GstSodNode *upsample = self->makers[node->inputs[index]];
  GstSodValue inputs[2] = { upsample->inputs[0], node->inputs[1 - index] };
  GstSodOpAttrs attrs = upsample->attrs;

  attrs.sum = TRUE;
  gst_sod_rewrite_add (self, GST_SOD_OP_UPSAMPLE, upsample->name, &attrs,
      inputs, G_N_ELEMENTS (inputs), node->output);
  return TRUE;
}

gboolean
gst_sod_pass_fuse_sum (GstSodProgram *program, GError **error)
{
  static const GstSodRewriteRule rule = { match, emit };

  return gst_sod_program_rewrite (program, &rule, error);
}
