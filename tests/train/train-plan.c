/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/core/random.h>

const gchar *
train_find_gpu (void)
{
  GstSodBackend *const *list = gst_sod_backend_list ();

  for (guint i = 0; list[i] != NULL; i++) {
    if (g_str_equal (list[i]->klass->device, "cuda"))
      return list[i]->klass->name;
  }
  return NULL;
}

GstSodNetwork *
train_network_new_tiny (GstSodNetworkKind kind, guint64 seed)
{
  static const gchar *const json[] = {
    [GST_SOD_NETWORK_BASE] =
        "{\"kind\":\"base\",\"preset\":\"custom\",\"input-size\":[48,32],"
        "\"input-frames\":1,\"widths\":[16,16,16,16],"
        "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
        "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
    [GST_SOD_NETWORK_REVERSE] =
        "{\"kind\":\"reverse\",\"preset\":\"custom\",\"input-size\":[48,32],"
        "\"stem-width\":16,\"growth\":16,\"blocks\":[1,2,1,1,2,1,1,1]}",
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_from_json (json[kind], &error);
  GstSodNetwork *network;

  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, seed, &error);
  g_assert_no_error (error);
  return network;
}

static void
free_tensor (gpointer tensor)
{
  gst_sod_tensor_unref (tensor);
}

GHashTable *
train_table_convert (GHashTable *table, GstSodDType dtype)
{
  GHashTable *copy =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_tensor);
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, &tensor))
    g_hash_table_insert (
        copy, g_strdup (name), gst_sod_tensor_convert (tensor, dtype, NULL));
  return copy;
}

void
train_plan_init_by (TrainPlan *self, GstSodNetwork *network, const gchar *label,
    const gchar *backend, TrainCompile compile, GstSodCompileRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodExecutable) executable = NULL;
  const GstSodGraph *graph = gst_sod_network_get_graph (network);

  self->graph = gst_sod_graph_cut (graph, gst_sod_graph_find (graph, label));
  self->weights = train_table_convert (
      gst_sod_network_get_weights (network), request->dtype);
  /* The running statistics among them are asked for by nobody. */
  self->gradients = train_table_convert (self->weights, request->dtype);
  request->mode = GST_SOD_MODE_TRAIN;
  request->graph = self->graph;
  request->weights = self->weights;
  executable = compile (gst_sod_backend_get (backend, NULL), request, &error);
  g_assert_no_error (error);
  self->stream = gst_sod_executable_open (executable, &error);
  g_assert_no_error (error);
  self->stream->klass->bind (
      self->stream, self->weights, self->gradients, &error);
  g_assert_no_error (error);
}

void
train_plan_init (TrainPlan *self, GstSodNetwork *network, const gchar *label,
    const gchar *backend, GstSodDType dtype, const GstSodShape *input)
{
  GstSodCompileRequest request = {
    .precision = GST_SOD_PRECISION_F32,
    .dtype = dtype,
    .input = *input,
    .threads = 1,
  };

  train_plan_init_by (
      self, network, label, backend, gst_sod_backend_compile, &request);
}

void
train_plan_clear (TrainPlan *self)
{
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
}

GstSodTensor *
train_plan_forward (TrainPlan *self, const GstSodTensor *input)
{
  g_autoptr (GError) error = NULL;
  const gint64 *dims = gst_sod_tensor_get_shape (input)->dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  gsize size = gst_sod_tensor_get_size (input) / (gsize) dims[0];
  guint8 *values = (guint8 *) gst_sod_tensor_peek_data (input);
  GstSodTensor *output;

  for (gint64 i = 0; i < dims[0]; i++) {
    g_autoptr (GstSodTensor) sample = gst_sod_tensor_new_borrowed (
        gst_sod_tensor_get_dtype (input), &shape, values + i * size);

    self->stream->klass->write_tensor (
        self->stream, (guint) i, 0, sample, &error);
    g_assert_no_error (error);
  }
  self->stream->klass->execute (self->stream, &error);
  g_assert_no_error (error);
  output = self->stream->klass->read_value (
      self->stream, self->graph->output, &error);
  g_assert_no_error (error);
  return output;
}

void
train_plan_backward (
    TrainPlan *self, const GstSodTensor *d_output, GstSodTensor *d_input)
{
  g_autoptr (GError) error = NULL;

  self->stream->klass->backward (self->stream, d_output, d_input, &error);
  g_assert_no_error (error);
}

GstSodTensor *
train_tensor_new_random (
    GstSodDType dtype, const GstSodShape *shape, guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);
  GstSodTensor *tensor = gst_sod_tensor_new_shaped (dtype, shape, NULL);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++) {
    gdouble value = gst_sod_random_normal (random);

    if (dtype == GST_SOD_DTYPE_F32)
      ((gfloat *) gst_sod_tensor_get_data (tensor))[i] = (gfloat) value;
    else
      ((gdouble *) gst_sod_tensor_get_data (tensor))[i] = value;
  }
  return tensor;
}

gdouble
train_tensor_get (const GstSodTensor *tensor, gsize index)
{
  if (gst_sod_tensor_get_dtype (tensor) == GST_SOD_DTYPE_F32)
    return ((const gfloat *) gst_sod_tensor_peek_data (tensor))[index];
  g_assert (gst_sod_tensor_get_dtype (tensor) == GST_SOD_DTYPE_F64);
  return ((const gdouble *) gst_sod_tensor_peek_data (tensor))[index];
}

gdouble
train_tensor_dot (const GstSodTensor *a, const GstSodTensor *b)
{
  gdouble sum = 0;

  g_assert_cmpuint (
      gst_sod_tensor_get_n_elements (a), ==, gst_sod_tensor_get_n_elements (b));
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++)
    sum += train_tensor_get (a, i) * train_tensor_get (b, i);
  return sum;
}

gdouble
train_tensor_error (const GstSodTensor *a, const GstSodTensor *b)
{
  gdouble distance = 0;

  g_assert_true (gst_sod_shape_equal (
      gst_sod_tensor_get_shape (a), gst_sod_tensor_get_shape (b)));
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (a); i++) {
    gdouble d = train_tensor_get (a, i) - train_tensor_get (b, i);

    distance += d * d;
  }
  return sqrt (distance / MAX (train_tensor_dot (b, b), 1e-300));
}

/* Far from where they start, so that nothing is hidden by a 0 or a 1. */
void
train_weights_unsettle (GHashTable *weights)
{
  GHashTableIter iter;
  gpointer name, tensor;

  g_hash_table_iter_init (&iter, weights);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    gboolean wide = gst_sod_tensor_get_dtype (tensor) == GST_SOD_DTYPE_F64;
    gpointer data = gst_sod_tensor_get_data (tensor);

    if (strstr (name, ".bn.") == NULL)
      continue;
    for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++) {
      gdouble value = 0.75 + 0.5 * (gdouble) ((i * 7 + 3) % 11) / 11;

      if (g_str_has_suffix (name, "bias") || g_str_has_suffix (name, "mean"))
        value -= 0.9;
      if (wide)
        ((gdouble *) data)[i] = value;
      else
        ((gfloat *) data)[i] = (gfloat) value;
    }
  }
}
