/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evaluate.h"

#include <math.h>
#include <string.h>

#include <gst-sod/core/random.h>

static void
add_weight (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  GHashTable *weights = ((gpointer *) data)[0];
  GstSodRandom *random = ((gpointer *) data)[1];
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  gfloat *values = gst_sod_tensor_get_data (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gdouble fan_in = n / (gdouble) shape->dims[0];

  for (gsize i = 0; i < n; i++) {
    if (g_str_equal (param->suffix, "running_var")
        || node->kind == GST_SOD_OP_BATCH_NORM)
      values[i] = (gfloat) (0.5 + gst_sod_random_uniform (random));
    else
      values[i] = (gfloat) (gst_sod_random_normal (random) / sqrt (fan_in));
  }
  g_hash_table_insert (weights, g_strdup (full_name), tensor);
}

GHashTable *
test_random_weights (
    const GstSodGraph *graph, const GstSodShape *shape, guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);
  GHashTable *weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (graph, shape, NULL);
  gpointer data[] = { weights, random };

  g_assert_nonnull (shapes);
  gst_sod_graph_foreach_param (graph, shapes, add_weight, data);
  return weights;
}

GstSodTensor *
test_random_tensor (const GstSodShape *shape, guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 1);
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  gfloat *values = gst_sod_tensor_get_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] = (gfloat) gst_sod_random_normal (random);
  return tensor;
}

static GstSodTensor *
to_f64 (const GstSodTensor *tensor)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *converted =
      gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F64, &error);

  g_assert_no_error (error);
  return converted;
}

static void
run_node (const GstSodNode *node, GHashTable *weights, GPtrArray *values,
    const GstSodShape *output)
{
  g_autoptr (GError) error = NULL;
  GstSodBackend *ref = gst_sod_backend_get ("ref", NULL);
  const GstSodTensor *inputs[GST_SOD_MAX_INPUTS];
  GstSodTensor *params[GST_SOD_MAX_PARAMS];
  GstSodOpParam names[GST_SOD_MAX_PARAMS];
  GstSodOpCall call = { .attrs = &node->attrs,
    .mode = GST_SOD_MODE_INFER,
    .inputs = inputs,
    .n_inputs = node->n_inputs,
    .params = params,
    .threads = 1 };

  call.n_params = gst_sod_op_get (node->kind)->params (&node->attrs, names);
  for (guint i = 0; i < node->n_inputs; i++)
    inputs[i] = g_ptr_array_index (values, node->inputs[i]);
  for (guint i = 0; i < call.n_params; i++) {
    g_autofree gchar *name =
        g_strdup_printf ("%s.%s", node->name, names[i].suffix);
    const GstSodTensor *weight = g_hash_table_lookup (weights, name);

    g_assert_nonnull (weight);
    params[i] = to_f64 (weight);
  }
  call.output = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, output, NULL);
  ref->klass->op (ref, node->kind)->forward (&call, &error);
  g_assert_no_error (error);
  g_ptr_array_index (values, node->output) = call.output;
  for (guint i = 0; i < call.n_params; i++)
    gst_sod_tensor_unref (params[i]);
}

GPtrArray *
test_evaluate (
    const GstSodGraph *graph, GHashTable *weights, const GstSodTensor *input)
{
  g_autoptr (GError) error = NULL;
  g_autofree GstSodShape *shapes = gst_sod_graph_infer_shapes (
      graph, gst_sod_tensor_get_shape (input), &error);
  GPtrArray *values =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_tensor_unref);

  g_assert_no_error (error);
  g_ptr_array_set_size (values, (gint) gst_sod_graph_n_values (graph));
  g_ptr_array_index (values, graph->input) = to_f64 (input);
  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    run_node (node, weights, values, &shapes[node->output]);
  }
  return values;
}

gdouble
test_max_difference (const GstSodTensor *a, const GstSodTensor *b)
{
  g_autoptr (GstSodTensor) a64 = to_f64 (a), b64 = to_f64 (b);
  const gdouble *x = gst_sod_tensor_peek_data (a64);
  const gdouble *y = gst_sod_tensor_peek_data (b64);
  gdouble max = 0;

  g_assert_true (gst_sod_shape_equal (
      gst_sod_tensor_get_shape (a), gst_sod_tensor_get_shape (b)));
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++) {
    g_assert_true (isfinite (x[i]) && isfinite (y[i]));
    max = MAX (max, fabs (x[i] - y[i]));
  }
  return max;
}

gdouble
test_max_abs (const GstSodTensor *tensor)
{
  g_autoptr (GstSodTensor) values = to_f64 (tensor);
  const gdouble *x = gst_sod_tensor_peek_data (values);
  gdouble max = 0;

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (values); i++)
    max = MAX (max, fabs (x[i]));
  return max;
}
