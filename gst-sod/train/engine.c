/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/engine-private.h>

#include <gst-sod/run/passes-private.h>

void
gst_sod_engine_init (GstSodEngine *self, GstSodNetwork *network,
    GstSodBackend *backend, guint threads)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  const GstSodGraph *graph = gst_sod_network_get_graph (network);
  GstSodNetworkKind kind = gst_sod_architecture_get_kind (architecture);

  self->backend = backend;
  self->threads = threads;
  self->graph = gst_sod_graph_cut (
      graph, gst_sod_graph_find (
                 graph, kind == GST_SOD_NETWORK_BASE ? "logits" : "image"));
}

void
gst_sod_engine_clear (GstSodEngine *self)
{
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
}

static gboolean
compile (GstSodEngine *self, const GstSodShape *input, GHashTable *weights,
    GError **error)
{
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodCompileRequest request = {
    .graph = self->graph,
    .weights = weights,
    .mode = GST_SOD_MODE_TRAIN,
    .precision = GST_SOD_PRECISION_F32,
    .dtype = GST_SOD_DTYPE_F32,
    .input = *input,
    .threads = self->threads,
  };

  /* Two plans' memory is not needed at once. */
  g_clear_pointer (&self->stream, gst_sod_stream_free);
  executable = gst_sod_backend_compile (self->backend, &request, error);
  if (executable == NULL)
    return FALSE;
  self->stream = gst_sod_executable_open (executable, error);
  return self->stream != NULL;
}

/* Sample by sample, (c, h, w). */
static gboolean
write_input (GstSodEngine *self, const GstSodTensor *input, GError **error)
{
  const gint64 *dims = gst_sod_tensor_get_shape (input)->dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  const gfloat *values = gst_sod_tensor_peek_data (input);
  gsize n = (gsize) (dims[1] * dims[2] * dims[3]);

  for (gint64 i = 0; i < dims[0]; i++) {
    /* Only read from; a borrowed tensor just does not say so. */
    g_autoptr (GstSodTensor) sample = gst_sod_tensor_new_borrowed (
        GST_SOD_DTYPE_F32, &shape, (gfloat *) values + i * n);

    if (!self->stream->klass->write_tensor (
            self->stream, (guint) i, 0, sample, error))
      return FALSE;
  }
  return TRUE;
}

GstSodTensor *
gst_sod_engine_forward (GstSodEngine *self, const GstSodTensor *input,
    GHashTable *weights, GHashTable *gradients, GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (input);

  if (gst_sod_tensor_get_dtype (input) != GST_SOD_DTYPE_F32
      || shape->n_dims != 4) {
    g_autofree gchar *found = gst_sod_shape_to_string (shape);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a batch is f32 of shape (n, c, h, w), %s of shape %s was given",
        gst_sod_dtype_name (gst_sod_tensor_get_dtype (input)), found);
    return NULL;
  }
  if (self->stream == NULL
      || !gst_sod_shape_equal (&self->stream->executable->input, shape)) {
    if (!compile (self, shape, weights, error))
      return NULL;
  }
  if (!self->stream->klass->bind (self->stream, weights, gradients, error)
      || !write_input (self, input, error)
      || !self->stream->klass->execute (self->stream, error))
    return NULL;
  return self->stream->klass->read_value (
      self->stream, self->graph->output, error);
}
