/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/loss-private.h>

#include <math.h>

static gdouble (*const losses[]) (const GstSodLossBatch *batch) = {
  [GST_SOD_LOSS_BCE] = gst_sod_loss_bce,
  [GST_SOD_LOSS_STRUCTURE] = gst_sod_loss_structure,
  [GST_SOD_LOSS_L1_GRADIENT] = gst_sod_loss_l1_gradient,
};

static gboolean
check_tensors (
    const GstSodTensor *output, const GstSodTensor *target, GError **error)
{
  GstSodDType dtype = gst_sod_tensor_get_dtype (output);
  g_autofree gchar *expected = NULL, *found = NULL;

  if (gst_sod_tensor_get_n_dims (output) == 4
      && (dtype == GST_SOD_DTYPE_F32 || dtype == GST_SOD_DTYPE_F64)
      && dtype == gst_sod_tensor_get_dtype (target)
      && gst_sod_shape_equal (
          gst_sod_tensor_get_shape (output), gst_sod_tensor_get_shape (target)))
    return TRUE;
  expected = gst_sod_shape_to_string (gst_sod_tensor_get_shape (output));
  found = gst_sod_shape_to_string (gst_sod_tensor_get_shape (target));
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "a loss is of two (n, c, h, w) tensors of one shape and of f32 or f64: "
      "the output is %s of %s, the target %s of %s",
      gst_sod_dtype_name (dtype), expected,
      gst_sod_dtype_name (gst_sod_tensor_get_dtype (target)), found);
  return FALSE;
}

static gboolean
check_weights (
    const GstSodTensor *output, const GstSodTensor *weights, GError **error)
{
  GstSodShape shape = *gst_sod_tensor_get_shape (output);
  g_autofree gchar *expected = NULL, *found = NULL;

  shape.dims[1] = 1;
  if (gst_sod_tensor_get_dtype (weights) == gst_sod_tensor_get_dtype (output)
      && gst_sod_shape_equal (gst_sod_tensor_get_shape (weights), &shape))
    return TRUE;
  expected = gst_sod_shape_to_string (&shape);
  found = gst_sod_shape_to_string (gst_sod_tensor_get_shape (weights));
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the weights of a loss are one a pixel, %s of %s; %s of %s was given",
      gst_sod_dtype_name (gst_sod_tensor_get_dtype (output)), expected,
      gst_sod_dtype_name (gst_sod_tensor_get_dtype (weights)), found);
  return FALSE;
}

/* Rounds @from into @to, of f32 or f64. */
static void
write_back (const gdouble *from, GstSodTensor *to)
{
  gsize n = gst_sod_tensor_get_n_elements (to);
  gpointer data = gst_sod_tensor_get_data (to);

  for (gsize i = 0; i < n; i++) {
    if (gst_sod_tensor_get_dtype (to) == GST_SOD_DTYPE_F32)
      ((gfloat *) data)[i] = (gfloat) from[i];
    else
      ((gdouble *) data)[i] = from[i];
  }
}

/**
 * gst_sod_loss_compute:
 * @loss: which one
 * @output: what the network says, of shape (n, c, h, w) and type f32 or f64;
 *   logits for %GST_SOD_LOSS_BCE and %GST_SOD_LOSS_STRUCTURE
 * @target: what it should say, of the same shape and type
 * @weights: (nullable): how much each pixel counts, 0 or more, of shape
 *   (n, 1, h, w) and the same type; %NULL: all of them 1. Weights that are all
 *   0.5 halve the loss
 * @d_output: (nullable): of the same shape and type; gets the gradient of the
 *   loss with respect to @output
 * @error: return location for an error
 *
 * Computes a loss and its gradient, in f64 whatever the tensors' type. The
 * order of summation is fixed: equal tensors give equal losses. Thread-safe.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where the tensors do not fit each other,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: the loss, 0 or more; NaN with @error set
 *
 * Since: 0.1
 */
gdouble
gst_sod_loss_compute (GstSodLoss loss, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, GError **error)
{
  g_autoptr (GstSodTensor) wide = NULL, wide_target = NULL, gradient = NULL;
  g_autoptr (GstSodTensor) wide_weights = NULL;
  GstSodLossBatch batch;
  const GstSodShape *shape;
  gdouble value;

  g_return_val_if_fail (output != NULL && target != NULL, NAN);
  g_return_val_if_fail ((guint) loss < G_N_ELEMENTS (losses), NAN);

  if (!check_tensors (output, target, error)
      || (weights != NULL && !check_weights (output, weights, error))
      || (d_output != NULL && !check_tensors (output, d_output, error)))
    return NAN;
  if (weights != NULL) {
    wide_weights = gst_sod_tensor_convert (weights, GST_SOD_DTYPE_F64, error);
    if (wide_weights == NULL)
      return NAN;
  }
  wide = gst_sod_tensor_convert (output, GST_SOD_DTYPE_F64, error);
  if (wide != NULL)
    wide_target = gst_sod_tensor_convert (target, GST_SOD_DTYPE_F64, error);
  shape = gst_sod_tensor_get_shape (output);
  if (wide_target != NULL)
    gradient = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, shape, error);
  if (gradient == NULL)
    return NAN;
  batch = (GstSodLossBatch){
    .n = shape->dims[0],
    .c = shape->dims[1],
    .height = shape->dims[2],
    .width = shape->dims[3],
    .output = gst_sod_tensor_peek_data (wide),
    .target = gst_sod_tensor_peek_data (wide_target),
    .weights =
        wide_weights != NULL ? gst_sod_tensor_peek_data (wide_weights) : NULL,
    .d_output = gst_sod_tensor_get_data (gradient),
  };
  value = losses[loss](&batch);
  if (d_output != NULL)
    write_back (batch.d_output, d_output);
  return value;
}
