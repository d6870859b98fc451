/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/engine-private.h>

#include <math.h>

#include <gst-sod/run/passes-private.h>
#include <gst-sod/train/loss-private.h>

/* Small and full size, and the shorter batch at the end of each. */
#define MAX_STREAMS 4
/* So that a few plans never take much more than the one in use. */
#define MAX_KEPT ((gsize) 1 << 30)

static void
free_stream (gpointer stream)
{
  gst_sod_stream_free (stream);
}

void
gst_sod_engine_init (GstSodEngine *self, GstSodNetwork *network,
    GstSodBackend *backend, guint threads)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  const GstSodGraph *graph = gst_sod_network_get_graph (network);
  GstSodNetworkKind kind = gst_sod_architecture_get_kind (architecture);

  self->backend = backend;
  self->threads = threads;
  self->precision = GST_SOD_PRECISION_F32;
  self->streams = g_ptr_array_new_with_free_func (free_stream);
  self->max_kept = MAX_KEPT;
  self->graph = gst_sod_graph_cut (
      graph, gst_sod_graph_find (
                 graph, kind == GST_SOD_NETWORK_BASE ? "logits" : "image"));
}

void
gst_sod_engine_clear (GstSodEngine *self)
{
  g_clear_pointer (&self->streams, g_ptr_array_unref);
  g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_clear_pointer (&self->reason, g_free);
}

void
gst_sod_engine_set_precision (GstSodEngine *self, GstSodPrecision precision)
{
  if (precision == self->precision)
    return;
  self->precision = precision;
  self->used = GST_SOD_PRECISION_AUTO;
  g_clear_pointer (&self->reason, g_free);
  if (self->streams != NULL)
    g_ptr_array_set_size (self->streams, 0);
}

void
gst_sod_engine_set_deterministic (GstSodEngine *self, gboolean deterministic)
{
  if (deterministic == self->deterministic)
    return;
  self->deterministic = deterministic;
  if (self->streams != NULL)
    g_ptr_array_set_size (self->streams, 0);
}

/* ---- plans ---- */

/* Drops plans that were not used for longest, until there is room for one to
 * come. */
static void
trim (GstSodEngine *self)
{
  gsize kept = 0;
  guint n = 0;

  for (; n < self->streams->len && n < MAX_STREAMS - 1; n++) {
    const GstSodStream *stream = g_ptr_array_index (self->streams, n);

    kept += stream->executable->arena_size + stream->executable->workspace_size;
    if (kept > self->max_kept)
      break;
  }
  g_ptr_array_set_size (self->streams, (gint) n);
}

/* Where memory is short, no plan is kept but this one. */
static GstSodStream *
open_stream (GstSodEngine *self, GstSodExecutable *executable, GError **error)
{
  g_autoptr (GError) refused = NULL;
  GstSodStream *stream = gst_sod_executable_open (executable, &refused);

  if (stream == NULL && self->streams->len > 0
      && g_error_matches (refused, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY)) {
    g_ptr_array_set_size (self->streams, 0);
    g_clear_error (&refused);
    stream = gst_sod_executable_open (executable, &refused);
  }
  if (stream == NULL)
    g_propagate_error (error, g_steal_pointer (&refused));
  return stream;
}

static GstSodStream *
compile (GstSodEngine *self, const GstSodShape *input, GHashTable *weights,
    GstSodPrecision precision, GError **error)
{
  g_autoptr (GstSodExecutable) executable = NULL;
  GstSodCompileRequest request = {
    .graph = self->graph,
    .weights = weights,
    .mode = GST_SOD_MODE_TRAIN,
    .precision = precision,
    .dtype = GST_SOD_DTYPE_F32,
    .input = *input,
    .threads = self->threads,
    .deterministic = self->deterministic,
  };

  executable = gst_sod_backend_compile (self->backend, &request, error);
  if (executable == NULL)
    return NULL;
  trim (self);
  return open_stream (self, executable, error);
}

static GstSodPrecision
find_best_precision (const GstSodEngine *self)
{
  const GstSodBackendClass *klass = self->backend->klass;

  return klass->best_training_precision != NULL
             ? klass->best_training_precision (self->backend)
             : klass->best_precision (self->backend);
}

/* The first plan decides on the precision: bf16 where the machine has it, and
 * f32 with the reason where what was asked for cannot be had. */
static GstSodStream *
compile_first (GstSodEngine *self, const GstSodShape *input,
    GHashTable *weights, GError **error)
{
  GstSodPrecision wanted = self->precision != GST_SOD_PRECISION_AUTO
                               ? self->precision
                               : find_best_precision (self);
  g_autoptr (GError) refused = NULL;
  GstSodStream *stream = compile (self, input, weights, wanted, &refused);

  self->used = wanted;
  if (stream == NULL && wanted != GST_SOD_PRECISION_F32
      && g_error_matches (refused, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED)) {
    self->used = GST_SOD_PRECISION_F32;
    self->reason = g_strdup_printf ("training in f32: %s", refused->message);
    g_clear_error (&refused);
    stream = compile (self, input, weights, self->used, &refused);
  }
  if (stream == NULL) {
    self->used = GST_SOD_PRECISION_AUTO;
    g_clear_pointer (&self->reason, g_free);
    g_propagate_error (error, g_steal_pointer (&refused));
  }
  return stream;
}

/* Puts the plan for @input first. */
static GstSodStream *
ensure_stream (GstSodEngine *self, const GstSodShape *input,
    GHashTable *weights, GError **error)
{
  GstSodStream *stream = NULL;

  for (guint i = 0; i < self->streams->len; i++) {
    stream = g_ptr_array_index (self->streams, i);
    if (!gst_sod_shape_equal (&stream->executable->input, input))
      continue;
    if (i > 0) {
      g_ptr_array_steal_index (self->streams, i);
      g_ptr_array_insert (self->streams, 0, stream);
    }
    return stream;
  }
  stream = self->used == GST_SOD_PRECISION_AUTO
               ? compile_first (self, input, weights, error)
               : compile (self, input, weights, self->used, error);
  if (stream != NULL)
    g_ptr_array_insert (self->streams, 0, stream);
  return stream;
}

/* ---- passes ---- */

/* Sample by sample, (c, h, w). */
static gboolean
write_input (GstSodStream *stream, const GstSodTensor *input, GError **error)
{
  const gint64 *dims = gst_sod_tensor_get_shape (input)->dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  const gfloat *values = gst_sod_tensor_peek_data (input);
  gsize n = (gsize) (dims[1] * dims[2] * dims[3]);

  for (gint64 i = 0; i < dims[0]; i++) {
    /* Only read from; a borrowed tensor just does not say so. */
    g_autoptr (GstSodTensor) sample = gst_sod_tensor_new_borrowed (
        GST_SOD_DTYPE_F32, &shape, (gfloat *) values + i * n);

    if (!stream->klass->write_tensor (stream, (guint) i, 0, sample, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
bind (GstSodStream *stream, GstSodParams *params, GstSodEngineUse use,
    GError **error)
{
  gboolean average = use == GST_SOD_ENGINE_AVERAGE;

  if (params->masters == NULL)
    return stream->klass->bind (stream,
        average ? params->averages : params->weights,
        use == GST_SOD_ENGINE_LEARNS ? params->gradients : NULL, error);
  if (stream->klass->bind_masters != NULL)
    return stream->klass->bind_masters (stream, params->masters,
        average ? GST_SOD_MASTERS_AVERAGES : GST_SOD_MASTERS_WEIGHTS,
        use != GST_SOD_ENGINE_LEARNS, error);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"%s\" cannot train this network; use device=cpu",
      stream->executable->backend->klass->name);
  return FALSE;
}

/* The plan for @input, bound. */
static GstSodStream *
begin (GstSodEngine *self, const GstSodTensor *input, GstSodParams *params,
    GstSodEngineUse use, GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (input);
  GstSodStream *stream;

  if (gst_sod_tensor_get_dtype (input) != GST_SOD_DTYPE_F32
      || shape->n_dims != 4) {
    g_autofree gchar *found = gst_sod_shape_to_string (shape);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a batch is f32 of shape (n, c, h, w), %s of shape %s was given",
        gst_sod_dtype_name (gst_sod_tensor_get_dtype (input)), found);
    return NULL;
  }
  stream = ensure_stream (self, shape, params->weights, error);
  if (stream == NULL || !bind (stream, params, use, error))
    return NULL;
  stream->is_stopped = self->is_stopped;
  stream->stop_data = self->stop_data;
  if (use == GST_SOD_ENGINE_LEARNS)
    gst_sod_params_begin_pass (params);
  return stream;
}

static GstSodTensor *
run (GstSodEngine *self, GstSodStream *stream, const GstSodTensor *input,
    GError **error)
{
  if (!write_input (stream, input, error)
      || !stream->klass->execute (stream, error))
    return NULL;
  return stream->klass->read_value (stream, self->graph->output, error);
}

GstSodTensor *
gst_sod_engine_forward (GstSodEngine *self, const GstSodTensor *input,
    GstSodParams *params, GstSodEngineUse use, GError **error)
{
  GstSodStream *stream = begin (self, input, params, use, error);

  return stream != NULL ? run (self, stream, input, error) : NULL;
}

gboolean
gst_sod_engine_backward (GstSodEngine *self, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  GstSodStream *stream = g_ptr_array_index (self->streams, 0);

  return stream->klass->backward (stream, d_output, d_input, error);
}

/* ---- a pass there and back ---- */

static gdouble
learn_in_one (GstSodStream *stream, const GstSodLossForm *loss,
    const GstSodLearnBatch *batch, const GstSodLearnBatch *next, GError **error)
{
  static const GstSodLearnLoss losses[] = {
    [GST_SOD_LOSS_BCE] = GST_SOD_LEARN_BCE,
    [GST_SOD_LOSS_STRUCTURE] = GST_SOD_LEARN_STRUCTURE,
    [GST_SOD_LOSS_L1_GRADIENT] = GST_SOD_LEARN_L1_GRADIENT,
    [GST_SOD_LOSS_L1] = GST_SOD_LEARN_L1,
  };
  GstSodLearnCall call = {
    .loss = losses[loss->loss], .options = loss->options, .batch = *batch
  };
  gdouble value = NAN;

  if (next != NULL)
    call.next = *next;
  return stream->klass->learn (stream, &call, &value, error) ? value : NAN;
}

/* Room for the gradient of an output of @shape; what is in it is to be
 * written. */
static GstSodTensor *
take_d_output (GstSodEngine *self, const GstSodShape *shape, GError **error)
{
  if (self->d_output == NULL
      || !gst_sod_shape_equal (
          gst_sod_tensor_get_shape (self->d_output), shape)) {
    g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
    self->d_output =
        gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, error);
  }
  return self->d_output;
}

static gdouble
learn_by_parts (GstSodEngine *self, GstSodStream *stream,
    const GstSodLossForm *loss, const GstSodLearnBatch *batch,
    GstSodParams *params, GError **error)
{
  g_autoptr (GstSodTensor) output = run (self, stream, batch->input, error);
  g_autoptr (GError) failure = NULL;
  GstSodTensor *d_output = NULL;
  gdouble value;

  if (output != NULL)
    d_output = take_d_output (self, gst_sod_tensor_get_shape (output), error);
  if (d_output == NULL)
    return NAN;
  value = gst_sod_loss_compute_threaded (loss, output, batch->target,
      batch->weights, d_output, self->threads, &failure);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NAN;
  }
  if (!isfinite (value))
    return value;
  gst_sod_params_begin_backward (params);
  return stream->klass->backward (stream, d_output, NULL, error) ? value : NAN;
}

gdouble
gst_sod_engine_learn (GstSodEngine *self, const GstSodLossForm *loss,
    const GstSodLearnBatch *batch, const GstSodLearnBatch *next,
    GstSodParams *params, GError **error)
{
  GstSodStream *stream =
      begin (self, batch->input, params, GST_SOD_ENGINE_LEARNS, error);

  if (stream == NULL)
    return NAN;
  if (params->masters != NULL)
    return learn_in_one (stream, loss, batch, next, error);
  return learn_by_parts (self, stream, loss, batch, params, error);
}
