/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/rewrite-private.h>

#include <string.h>

/* With an odd kernel k, stride s and padding (k - 1) / 2 the result's size and
 * the place of each window's centre do not depend on k, so a smaller kernel in
 * the middle of a larger one of zeros computes the same. */
static gboolean
is_same_padded (const GstSodOpAttrs *attrs)
{
  return attrs->kernel % 2 == 1 && attrs->dilation == 1
         && attrs->padding == (attrs->kernel - 1) / 2;
}

static guint
match (const GstSodRewrite *self, const GstSodNode *node, GstSodValue *gone)
{
  const GstSodNode *first;

  if (node->kind != GST_SOD_OP_CONCAT || node->n_inputs < 2)
    return 0;
  first = gst_sod_rewrite_sole_maker (self, node->inputs[0], GST_SOD_OP_CONV2D);
  for (guint i = 0; i < node->n_inputs; i++) {
    const GstSodNode *conv =
        gst_sod_rewrite_sole_maker (self, node->inputs[i], GST_SOD_OP_CONV2D);

    if (conv == NULL || first == NULL || conv->inputs[0] != first->inputs[0]
        || conv->attrs.stride != first->attrs.stride
        || conv->attrs.relu != first->attrs.relu
        || conv->attrs.bias != first->attrs.bias
        || !is_same_padded (&conv->attrs))
      return 0;
    gone[i] = node->inputs[i];
  }
  return node->n_inputs;
}

/* @from: (c_out, c_in, k, k) into the middle of @to: (c_out, c_in, side,
 * side), which holds zeros. */
static void
centre_kernels (const gfloat *restrict from, gsize n, gint k,
    gfloat *restrict to, gint side)
{
  gint margin = (side - k) / 2;

  for (gsize i = 0; i < n; i++) {
    for (gint y = 0; y < k; y++)
      memcpy (to + (i * side + margin + y) * side + margin,
          from + (i * k + y) * k, k * sizeof *from);
  }
}

static gboolean
read_conv (const GstSodRewrite *self, const GstSodNode *conv,
    const gchar *suffix, gint64 c_in, const gfloat **data, GError **error)
{
  gint64 k = conv->attrs.kernel, c_out = conv->attrs.channels;
  const GstSodTensor *tensor =
      gst_sod_rewrite_get_weight (self, conv->name, suffix, error);
  gsize expected = (gsize) (c_in > 0 ? c_out * c_in * k * k : c_out);

  if (tensor == NULL)
    return FALSE;
  if (gst_sod_tensor_get_n_elements (tensor) != expected) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the tensor \"%s.%s\" has %" G_GSIZE_FORMAT
        " elements, its convolution asks for %" G_GSIZE_FORMAT,
        conv->name, suffix, gst_sod_tensor_get_n_elements (tensor), expected);
    return FALSE;
  }
  *data = gst_sod_tensor_peek_data (tensor);
  return TRUE;
}

/* Fills the zeroed @weight (c_out, c_in, side, side) and, unless it is NULL,
 * @bias (c_out) from the convolutions that @node concatenates. */
static gboolean
fill_merged (const GstSodRewrite *self, const GstSodNode *node,
    GstSodTensor *weight, GstSodTensor *bias, GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (weight);
  gint64 c_in = shape->dims[1];
  gint side = (gint) shape->dims[2];
  gsize kernel_size = (gsize) (c_in * side * side), c = 0;
  const gfloat *data;

  for (guint i = 0; i < node->n_inputs; i++) {
    const GstSodNode *conv = self->makers[node->inputs[i]];
    gsize c_out = (gsize) conv->attrs.channels;

    if (!read_conv (self, conv, "weight", c_in, &data, error))
      return FALSE;
    centre_kernels (data, c_out * c_in, conv->attrs.kernel,
        (gfloat *) gst_sod_tensor_get_data (weight) + c * kernel_size, side);
    if (bias != NULL) {
      if (!read_conv (self, conv, "bias", 0, &data, error))
        return FALSE;
      memcpy ((gfloat *) gst_sod_tensor_get_data (bias) + c, data,
          c_out * sizeof *data);
    }
    c += c_out;
  }
  return TRUE;
}

/* Attributes of the convolution that stands for those that @node joins. */
static GstSodOpAttrs
merge_attrs (const GstSodRewrite *self, const GstSodNode *node)
{
  GstSodOpAttrs attrs = self->makers[node->inputs[0]]->attrs;

  for (guint i = 1; i < node->n_inputs; i++) {
    const GstSodNode *conv = self->makers[node->inputs[i]];

    attrs.channels += conv->attrs.channels;
    attrs.kernel = MAX (attrs.kernel, conv->attrs.kernel);
  }
  attrs.padding = (attrs.kernel - 1) / 2;
  return attrs;
}

static gboolean
emit (GstSodRewrite *self, const GstSodNode *node, GError **error)
{
  const GstSodNode *first = self->makers[node->inputs[0]];
  GstSodOpAttrs attrs = merge_attrs (self, node);
  GstSodShape shape, bias_shape = gst_sod_shape_1d (attrs.channels);
  g_autoptr (GstSodTensor) weight = NULL, bias = NULL;
  const GstSodTensor *some =
      gst_sod_rewrite_get_weight (self, first->name, "weight", error);

  if (some == NULL)
    return FALSE;
  shape = gst_sod_shape_nchw (attrs.channels,
      gst_sod_tensor_get_shape (some)->dims[1], attrs.kernel, attrs.kernel);
  weight = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
  if (weight == NULL)
    return FALSE;
  if (attrs.bias) {
    bias = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &bias_shape, error);
    if (bias == NULL)
      return FALSE;
  }
  if (!fill_merged (self, node, weight, bias, error))
    return FALSE;
  for (guint i = 0; i < node->n_inputs; i++) {
    const gchar *name = self->makers[node->inputs[i]]->name;

    gst_sod_rewrite_drop_weight (self, name, "weight");
    gst_sod_rewrite_drop_weight (self, name, "bias");
  }
  gst_sod_rewrite_set_weight (
      self, node->name, "weight", g_steal_pointer (&weight));
  if (bias != NULL)
    gst_sod_rewrite_set_weight (
        self, node->name, "bias", g_steal_pointer (&bias));
  gst_sod_rewrite_add (self, GST_SOD_OP_CONV2D, node->name, &attrs,
      first->inputs, 1, node->output);
  return TRUE;
}

gboolean
gst_sod_pass_merge_parallel (GstSodProgram *program, GError **error)
{
  static const GstSodRewriteRule rule = { match, emit };

  return gst_sod_program_rewrite (program, &rule, error);
}
