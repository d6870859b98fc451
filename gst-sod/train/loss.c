/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/loss-private.h>

#include <math.h>

#include <gst-sod/core/parallel-private.h>

typedef struct
{
  gdouble (*of_batch) (const GstSodLossBatch *batch); /* f64 */
  gdouble (*of_plane) (const GstSodLossPlane *plane); /* f32 */
} Loss;

static const Loss losses[] = {
  [GST_SOD_LOSS_BCE] = { gst_sod_loss_bce, gst_sod_loss_bce_plane },
  [GST_SOD_LOSS_STRUCTURE] = { gst_sod_loss_structure,
      gst_sod_loss_structure_plane },
  [GST_SOD_LOSS_L1_GRADIENT] = { gst_sod_loss_l1_gradient,
      gst_sod_loss_l1_gradient_plane },
  [GST_SOD_LOSS_L1] = { gst_sod_loss_l1, gst_sod_loss_l1_plane },
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

static gboolean
check_all (const GstSodTensor *output, const GstSodTensor *target,
    const GstSodTensor *weights, const GstSodTensor *d_output, GError **error)
{
  return check_tensors (output, target, error)
         && (weights == NULL || check_weights (output, weights, error))
         && (d_output == NULL || check_tensors (output, d_output, error));
}

/* ---- f64 ---- */

static gdouble
compute_wide (const GstSodLossForm *form, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output)
{
  const gint64 *dims = gst_sod_tensor_get_shape (output)->dims;
  GstSodLossBatch batch = {
    .options = &form->options,
    .n = dims[0],
    .c = dims[1],
    .height = dims[2],
    .width = dims[3],
    .output = gst_sod_tensor_peek_data (output),
    .target = gst_sod_tensor_peek_data (target),
    .weights = weights != NULL ? gst_sod_tensor_peek_data (weights) : NULL,
    .d_output = gst_sod_tensor_get_data (d_output),
  };

  return losses[form->loss].of_batch (&batch);
}

/* ---- f32 ---- */

typedef struct
{
  gdouble (*of_plane) (const GstSodLossPlane *plane);
  GstSodLossPlane first; /* plane of the batch */
  gint64 c;
  gdouble *values; /* one a plane */
} Planes;

static void
compute_plane (gpointer data, guint index)
{
  const Planes *planes = data;
  GstSodLossPlane plane = planes->first;
  gint64 area = plane.height * plane.width;

  plane.output += index * area;
  plane.target += index * area;
  plane.d_output += index * area;
  if (plane.weights != NULL)
    plane.weights += index / planes->c * area;
  planes->values[index] = planes->of_plane (&plane);
}

/* Summed up in one order, whoever came first. */
static gdouble
compute_planes (const GstSodLossForm *form, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, guint threads)
{
  const gint64 *dims = gst_sod_tensor_get_shape (output)->dims;
  guint n = (guint) (dims[0] * dims[1]);
  g_autofree gdouble *values = g_new (gdouble, n);
  Planes planes = {
    .of_plane = losses[form->loss].of_plane,
    .first = {
        .options = &form->options,
        .n_planes = n,
        .height = dims[2],
        .width = dims[3],
        .output = gst_sod_tensor_peek_data (output),
        .target = gst_sod_tensor_peek_data (target),
        .weights = weights != NULL ? gst_sod_tensor_peek_data (weights) : NULL,
        .d_output = gst_sod_tensor_get_data (d_output),
    },
    .c = dims[1],
    .values = values,
  };
  gdouble sum = 0;

  gst_sod_run_pieces (compute_plane, &planes, n,
      gst_sod_tensor_get_n_elements (output), threads);
  for (guint i = 0; i < n; i++)
    sum += values[i];
  return sum;
}

gdouble
gst_sod_loss_compute_threaded (const GstSodLossForm *form,
    const GstSodTensor *output, const GstSodTensor *target,
    const GstSodTensor *weights, GstSodTensor *d_output, guint threads,
    GError **error)
{
  GstSodDType dtype = gst_sod_tensor_get_dtype (output);
  g_autoptr (GstSodTensor) room = NULL;

  if (!check_all (output, target, weights, d_output, error))
    return NAN;
  if (d_output == NULL) {
    room = gst_sod_tensor_new_shaped (
        dtype, gst_sod_tensor_get_shape (output), error);
    if (room == NULL)
      return NAN;
    d_output = room;
  }
  if (dtype == GST_SOD_DTYPE_F64)
    return compute_wide (form, output, target, weights, d_output);
  return compute_planes (form, output, target, weights, d_output, threads);
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
 * Computes a loss and its gradient, in the tensors' type with sums in f64. The
 * order of summation is fixed: equal tensors give equal losses. The numbers in
 * the losses are the defaults of #GstSodTrainer:edge-weight,
 * #GstSodTrainer:edge-window and #GstSodTrainer:gradient-weight. Thread-safe.
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
  GstSodLossForm form = { loss, GST_SOD_LOSS_OPTIONS };

  g_return_val_if_fail (output != NULL && target != NULL, NAN);
  g_return_val_if_fail ((guint) loss < G_N_ELEMENTS (losses), NAN);

  return gst_sod_loss_compute_threaded (
      &form, output, target, weights, d_output, 1, error);
}
