/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/rewrite-private.h>

#include <math.h>

/* y = weight * (x - mean) / sqrt (var + eps) + bias is, for each channel, a
 * scale and a shift of the convolution's result, so both go into its weights
 * (Ioffe & Szegedy 2015, 3.1: at inference the statistics are constants). */
typedef struct
{
  const gfloat *weight, *bias, *mean, *var; /* (c) */
} Statistics;

static guint
match (const GstSodRewrite *self, const GstSodNode *node, GstSodValue *gone)
{
  const GstSodNode *conv;

  if (node->kind != GST_SOD_OP_BATCH_NORM)
    return 0;
  conv = gst_sod_rewrite_sole_maker (self, node->inputs[0], GST_SOD_OP_CONV2D);
  if (conv == NULL || conv->attrs.relu)
    return 0;
  gone[0] = conv->output;
  return 1;
}

static gboolean
read_channel (const GstSodRewrite *self, const gchar *node, const gchar *suffix,
    gsize channels, const gfloat **data, GError **error)
{
  const GstSodTensor *tensor =
      gst_sod_rewrite_get_weight (self, node, suffix, error);

  if (tensor == NULL)
    return FALSE;
  if (gst_sod_tensor_get_n_elements (tensor) != channels) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the tensor \"%s.%s\" has %" G_GSIZE_FORMAT
        " elements; its convolution has %" G_GSIZE_FORMAT " channels",
        node, suffix, gst_sod_tensor_get_n_elements (tensor), channels);
    return FALSE;
  }
  *data = gst_sod_tensor_peek_data (tensor);
  return TRUE;
}

static gboolean
read_statistics (const GstSodRewrite *self, const gchar *node, gsize channels,
    Statistics *s, GError **error)
{
  return read_channel (self, node, "weight", channels, &s->weight, error)
         && read_channel (self, node, "bias", channels, &s->bias, error)
         && read_channel (self, node, "running_mean", channels, &s->mean, error)
         && read_channel (self, node, "running_var", channels, &s->var, error);
}

/* @weight: (c_out, k), @bias: (c_out), or NULL for zeros; in f64 until the
 * very end. */
static void
fold (const gfloat *weight, const gfloat *bias, const Statistics *s,
    gdouble epsilon, gsize c_out, gsize k, gfloat *folded_weight,
    gfloat *folded_bias)
{
  for (gsize c = 0; c < c_out; c++) {
    gdouble scale = s->weight[c] / sqrt (s->var[c] + epsilon);
    gdouble before = bias != NULL ? bias[c] : 0;

    for (gsize i = 0; i < k; i++)
      folded_weight[c * k + i] = (gfloat) (weight[c * k + i] * scale);
    folded_bias[c] = (gfloat) ((before - s->mean[c]) * scale + s->bias[c]);
  }
}

static gboolean
emit (GstSodRewrite *self, const GstSodNode *node, GError **error)
{
  static const gchar *const suffixes[] = { "weight", "bias", "running_mean",
    "running_var" };
  const GstSodNode *conv = self->makers[node->inputs[0]];
  gsize c_out = (gsize) conv->attrs.channels;
  GstSodShape bias_shape = gst_sod_shape_1d (conv->attrs.channels);
  g_autoptr (GstSodTensor) folded = NULL, folded_bias = NULL;
  GstSodOpAttrs attrs = conv->attrs;
  const gfloat *bias = NULL;
  const GstSodTensor *weight;
  Statistics statistics;

  weight = gst_sod_rewrite_get_weight (self, conv->name, "weight", error);
  if (weight == NULL)
    return FALSE;
  if (attrs.bias
      && !read_channel (self, conv->name, "bias", c_out, &bias, error))
    return FALSE;
  if (!read_statistics (self, node->name, c_out, &statistics, error))
    return FALSE;
  folded = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (weight), error);
  if (folded == NULL)
    return FALSE;
  folded_bias =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &bias_shape, error);
  if (folded_bias == NULL)
    return FALSE;
  fold (gst_sod_tensor_peek_data (weight), bias, &statistics,
      node->attrs.epsilon, c_out,
      gst_sod_tensor_get_n_elements (weight) / c_out,
      gst_sod_tensor_get_data (folded), gst_sod_tensor_get_data (folded_bias));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gst_sod_rewrite_drop_weight (self, node->name, suffixes[i]);
  gst_sod_rewrite_set_weight (
      self, conv->name, "weight", g_steal_pointer (&folded));
  gst_sod_rewrite_set_weight (
      self, conv->name, "bias", g_steal_pointer (&folded_bias));
  attrs.bias = TRUE;
  gst_sod_rewrite_add (self, GST_SOD_OP_CONV2D, conv->name, &attrs,
      conv->inputs, conv->n_inputs, node->output);
  return TRUE;
}

gboolean
gst_sod_pass_fold_batch_norm (GstSodProgram *program, GError **error)
{
  static const GstSodRewriteRule rule = { match, emit };

  return gst_sod_program_rewrite (program, &rule, error);
}
