/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of a training plan: its memory, the caller's tables bound to its
 * steps, and both passes. */
#include <gst-sod/backend/onednn/train-private.h>
#include <gst-sod/backend/stream-checks-private.h>
#include <gst-sod/core/tensor-private.h>

#include <gst-sod/backend/onednn/profile-private.h>
#include <gst-sod/backend/onednn/threads-private.h>

#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* A step with its memory. */
typedef struct
{
  const GstSodTrainStep *step;
  dnnl_exec_arg_t *args; /* of a primitive */
  gpointer *memory;
} Call;

typedef struct
{
  GstSodStream base;
  GstSodTrainPlan *plan;
  dnnl_stream_t stream;
  guint8 *arena, *scratch;
  Call *calls; /* one a step */

  GHashTable *weights, *gradients; /* name -> GstSodTensor; bound */
  gpointer *params, *d_params; /* GST_SOD_MAX_PARAMS a node, of the tables */
  GstSodTensor *output;        /* the last one given away; NULL: none yet */
  gboolean executed;
} TrainStream;

static void
call_clear (Call *self)
{
  for (guint i = 0; self->args != NULL && i < self->step->args->len; i++) {
    if (self->args[i].memory != NULL)
      dnnl_memory_destroy (self->args[i].memory);
  }
  g_free (self->args);
  g_free (self->memory);
}

static void
free_stream (GstSodStream *stream)
{
  TrainStream *self = (TrainStream *) stream;

  for (guint i = 0; self->calls != NULL && i < self->plan->steps->len; i++)
    call_clear (&self->calls[i]);
  g_free (self->calls);
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  gst_sod_aligned_free (self->arena);
  gst_sod_aligned_free (self->scratch);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  g_free (self->params);
  g_free (self->d_params);
  g_clear_pointer (&self->output, gst_sod_tensor_unref);
  g_free (self);
}

static guint8 *
get_buffer (const TrainStream *self, guint buffer)
{
  return self->arena
         + g_array_index (self->plan->buffers, GstSodArenaBuffer, buffer)
               .offset;
}

/* ---- the caller's memory ---- */

/* FALSE and GST_SOD_ERROR_MISMATCH unless @tensor is f32 and of @shape. */
static gboolean
check_tensor (const GstSodTensor *tensor, const GstSodShape *shape,
    const gchar *what, GError **error)
{
  g_autofree gchar *expected = NULL, *found = NULL;

  if (gst_sod_tensor_get_dtype (tensor) == GST_SOD_DTYPE_F32
      && gst_sod_shape_equal (gst_sod_tensor_get_shape (tensor), shape))
    return TRUE;
  expected = gst_sod_shape_to_string (shape);
  found = gst_sod_shape_to_string (gst_sod_tensor_get_shape (tensor));
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s of a training plan is f32 of shape %s, a %s one of shape %s was "
      "given",
      what, expected, gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)),
      found);
  return FALSE;
}

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  TrainStream *self = (TrainStream *) stream;
  const GstSodTrainPlan *plan = self->plan;
  const gint64 *dims = plan->base.input.dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  gsize n = gst_sod_tensor_get_n_elements (tensor);

  if (!check_tensor (tensor, &shape, "a sample of the input", error))
    return FALSE;
  if (sample >= dims[0] || frame != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the plan's input has %" G_GINT64_FORMAT
        " samples, each written whole; sample %u, frame %u is none of them",
        dims[0], sample, frame);
    return FALSE;
  }
  gst_sod_train_write_sample (gst_sod_tensor_peek_data (tensor), dims[1],
      dims[2] * dims[3],
      get_buffer (self, plan->input)
          + sample * n * dnnl_data_type_size (plan->input_type),
      plan->input_type, plan->threads);
  return TRUE;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  TrainStream *self = (TrainStream *) stream;
  const GstSodTrainPlan *plan = self->plan;
  const gint64 *dims = plan->base.output.dims;

  if (value != plan->graph->output) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "value %u of the plan is not kept; name it when the plan is compiled",
        value);
    return NULL;
  }
  /* The one before is filled again once nobody holds it: new memory is paged in
   * anew. */
  if (self->output == NULL || !gst_sod_tensor_is_mine (self->output)) {
    g_clear_pointer (&self->output, gst_sod_tensor_unref);
    self->output = gst_sod_tensor_new_shaped (
        GST_SOD_DTYPE_F32, &plan->base.output, error);
    if (self->output == NULL)
      return NULL;
  }
  gst_sod_train_read_planes (get_buffer (self, plan->output), plan->output_type,
      dims[0], dims[1], dims[2] * dims[3],
      gst_sod_tensor_get_data (self->output), plan->threads);
  return gst_sod_tensor_ref (self->output);
}

/* ---- weights and gradients ---- */

typedef struct
{
  TrainStream *stream;
  guint node; /* index of the node of the param before this one */
} Binder;

static void
bind_param (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Binder *binder = data;
  TrainStream *self = binder->stream;
  guint at;

  while (gst_sod_graph_node (self->plan->graph, binder->node) != node)
    binder->node++;
  at = binder->node * GST_SOD_MAX_PARAMS + index;
  self->params[at] =
      gst_sod_tensor_get_data (g_hash_table_lookup (self->weights, full_name));
  self->d_params[at] = self->gradients != NULL && param->trainable
                           ? gst_sod_tensor_get_data (
                               g_hash_table_lookup (self->gradients, full_name))
                           : NULL;
}

static gboolean
set_memory (Call *call, guint index, gpointer memory, GError **error)
{
  call->memory[index] = memory;
  return call->args == NULL || call->args[index].memory == NULL
         || GST_SOD_ONEDNN_CHECK (
             dnnl_memory_set_data_handle (call->args[index].memory, memory),
             error);
}

/* Gives the steps what a source's arguments point at: param's memory in
 * @table, or @memory. */
static gboolean
set_source (TrainStream *self, GstSodTrainSource source, gpointer const *table,
    gpointer memory, GError **error)
{
  for (guint i = 0; i < self->plan->steps->len; i++) {
    Call *call = &self->calls[i];

    for (guint j = 0; j < call->step->args->len; j++) {
      const GstSodTrainArg *arg = gst_sod_train_step_arg (call->step, j);

      if (arg->source == source
          && !set_memory (
              call, j, table != NULL ? table[arg->index] : memory, error))
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean
bind_tables (GstSodStream *stream, GHashTable *weights, GHashTable *gradients,
    GError **error)
{
  TrainStream *self = (TrainStream *) stream;
  GstSodTrainPlan *plan = self->plan;
  Binder binder = { self, 0 };

  self->executed = FALSE;
  /* As they are: a trainer binds before each step. */
  if (weights == self->weights && gradients == self->gradients)
    return TRUE;
  if (!gst_sod_graph_check_weights (
          plan->graph, plan->shapes, weights, GST_SOD_DTYPE_F32, FALSE, error))
    return FALSE;
  if (gradients != NULL
      && !gst_sod_graph_check_weights (
          plan->graph, plan->shapes, gradients, GST_SOD_DTYPE_F32, TRUE, error))
    return FALSE;
  g_hash_table_ref (weights);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  self->weights = weights;
  if (gradients != NULL)
    g_hash_table_ref (gradients);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  self->gradients = gradients;
  gst_sod_graph_foreach_param (plan->graph, plan->shapes, bind_param, &binder);
  return set_source (self, GST_SOD_TRAIN_WEIGHT, self->params, NULL, error)
         && set_source (
             self, GST_SOD_TRAIN_GRADIENT, self->d_params, NULL, error);
}

/* ---- the passes ---- */

static GstSodTrainRun
begin_run (const TrainStream *self)
{
  return (GstSodTrainRun){ self->plan->threads, self->gradients == NULL };
}

static gboolean
run_call (const TrainStream *self, const Call *call, const GstSodTrainRun *run,
    GError **error)
{
  const GstSodTrainStep *step = call->step;

  if (step->kernel != NULL) {
    step->kernel (step, call->memory, run);
    return TRUE;
  }
  if (GST_SOD_ONEDNN_CHECK (
          dnnl_primitive_execute (
              step->primitive, self->stream, (int) step->args->len, call->args),
          error))
    return TRUE;
  g_prefix_error (error, "node %s: ", step->name);
  return FALSE;
}

static gboolean
run_steps (TrainStream *self, guint first, guint last, gboolean want_d_input,
    GError **error)
{
  GstSodTrainRun run = begin_run (self);
  gint threads = gst_sod_onednn_set_threads (self->plan->threads);
  gboolean ok = TRUE;

  for (guint i = first; ok && i < last; i++) {
    const GstSodTrainStep *step = self->calls[i].step;

    if ((step->trained_only && run.frozen)
        || (step->input_only && !want_d_input))
      continue;
    ok = gst_sod_stream_goes_on (&self->base, error)
         && run_call (self, &self->calls[i], &run, error);
  }
  ok = ok && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (self->stream), error);
  gst_sod_onednn_set_threads (threads);
  return ok;
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  TrainStream *self = (TrainStream *) stream;

  g_return_val_if_fail (self->weights != NULL, FALSE);

  self->executed = run_steps (self, 0, self->plan->n_forward, FALSE, error);
  return self->executed;
}

static gboolean
backward (GstSodStream *stream, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  TrainStream *self = (TrainStream *) stream;
  GstSodTrainPlan *plan = self->plan;

  g_return_val_if_fail (self->executed, FALSE);

  if (!check_tensor (d_output, &plan->base.output, "d_output", error)
      || (d_input != NULL
          && !check_tensor (d_input, &plan->base.input, "d_input", error)))
    return FALSE;
  /* Gradients take the place of values that are done with. */
  self->executed = FALSE;
  return set_source (self, GST_SOD_TRAIN_D_OUTPUT, NULL,
             (gpointer) gst_sod_tensor_peek_data (d_output), error)
         && set_source (self, GST_SOD_TRAIN_D_INPUT, NULL,
             d_input != NULL ? gst_sod_tensor_get_data (d_input) : NULL, error)
         && run_steps (
             self, plan->n_forward, plan->steps->len, d_input != NULL, error);
}

/* ---- opening ---- */

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_tensor = write_tensor,
  .execute = execute,
  .read_value = read_value,
  .bind = bind_tables,
  .backward = backward,
};

static gboolean
call_init (Call *self, const TrainStream *stream, const GstSodTrainStep *step,
    GError **error)
{
  self->step = step;
  self->memory = g_new0 (gpointer, step->args->len);
  if (step->primitive != NULL)
    self->args = g_new0 (dnnl_exec_arg_t, step->args->len);
  for (guint i = 0; i < step->args->len; i++) {
    const GstSodTrainArg *arg = gst_sod_train_step_arg (step, i);

    if (arg->source == GST_SOD_TRAIN_BUFFER)
      self->memory[i] = get_buffer (stream, arg->index) + arg->offset;
    else if (arg->source == GST_SOD_TRAIN_SCRATCH)
      self->memory[i] = stream->scratch;
    if (step->primitive == NULL)
      continue;
    self->args[i].arg = arg->arg;
    if (!GST_SOD_ONEDNN_CHECK (
            dnnl_memory_create (&self->args[i].memory, arg->desc,
                stream->plan->engine, self->memory[i]),
            error))
      return FALSE;
  }
  return TRUE;
}

/* Large pages where the system has them: activations of a batch are more than
 * the processor's tables of small ones span. */
static void
advise (gpointer memory, gsize size)
{
#ifdef MADV_HUGEPAGE
  gsize page = 4096, skip = -(gsize) memory % page;

  if (size > skip)
    madvise (
        (guint8 *) memory + skip, (size - skip) / page * page, MADV_HUGEPAGE);
#endif
}

static gboolean
take_memory (TrainStream *self, GError **error)
{
  const GstSodExecutable *executable = &self->plan->base;

  self->arena = gst_sod_aligned_alloc (MAX (executable->arena_size, 1), error);
  if (self->arena == NULL)
    return FALSE;
  advise (self->arena, executable->arena_size);
  /* The input is zero until it is written. */
  memset (self->arena, 0, executable->arena_size);
  self->scratch =
      gst_sod_aligned_alloc (MAX (executable->workspace_size, 1), error);
  return self->scratch != NULL;
}

GstSodStream *
gst_sod_train_open (GstSodExecutable *executable, GError **error)
{
  GstSodTrainPlan *plan = (GstSodTrainPlan *) executable;
  gsize n_params = (gsize) plan->graph->nodes->len * GST_SOD_MAX_PARAMS;
  TrainStream *self = g_new0 (TrainStream, 1);
  gboolean ok;

  self->base.klass = &stream_class;
  self->plan = plan;
  self->params = g_new0 (gpointer, n_params);
  self->d_params = g_new0 (gpointer, n_params);
  ok = take_memory (self, error)
       && GST_SOD_ONEDNN_CHECK (dnnl_stream_create (&self->stream, plan->engine,
                                    dnnl_stream_default_flags),
           error);
  self->calls = g_new0 (Call, plan->steps->len);
  for (guint i = 0; i < plan->steps->len; i++)
    self->calls[i].step = g_ptr_array_index (plan->steps, i);
  for (guint i = 0; ok && i < plan->steps->len; i++)
    ok = call_init (&self->calls[i], self, self->calls[i].step, error);
  if (ok)
    return &self->base;
  free_stream (&self->base);
  return NULL;
}

/* ---- for benchmarks ---- */

static gint64
get_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* Runs a step and notes its time, if it is the shortest. */
static gboolean
time_call (TrainStream *self, guint index, const GstSodTrainRun *run,
    gint64 *shortest, GError **error)
{
  gint64 start = get_nanoseconds ();
  gboolean ok =
      run_call (self, &self->calls[index], run, error)
      && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (self->stream), error);

  shortest[index] = MIN (shortest[index], get_nanoseconds () - start);
  return ok;
}

gboolean
gst_sod_onednn_train_profile (GstSodStream *stream, guint n_rounds,
    gint64 *alone, gint64 *in_place, GError **error)
{
  TrainStream *self = (TrainStream *) stream;
  GstSodTrainRun run = begin_run (self);
  gint threads = gst_sod_onednn_set_threads (self->plan->threads);
  const guint n = self->plan->steps->len;
  gboolean ok = TRUE;

  for (guint i = 0; i < n; i++)
    alone[i] = in_place[i] = self->calls[i].step->input_only ? 0 : G_MAXINT64;
  for (guint i = 0; ok && i < n * n_rounds; i++) {
    if (!self->calls[i / n_rounds].step->input_only)
      ok = time_call (self, i / n_rounds, &run, alone, error);
  }
  for (guint i = 0; ok && i < n * n_rounds; i++) {
    if (!self->calls[i % n].step->input_only)
      ok = time_call (self, i % n, &run, in_place, error);
  }
  gst_sod_onednn_set_threads (threads);
  return ok;
}
