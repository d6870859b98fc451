/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of a training plan: its memory, what is bound to its steps, and both
 * passes. */
#include <gst-sod/backend/cuda/train-stream-private.h>

#include <math.h>
#include <string.h>

#define ALIGNMENT 256 /* of planes, bytes */

/* Where gradients that come from the host are put for f16: the greatest at
 * 2^-6, so that sums over a picture stay below its largest number. */
#define GREATEST 0.015625f

static void
free_stream (GstSodStream *stream)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  GstSodCudaDevice *device = self->plan->device;

  gst_sod_cuda_train_clear_ahead (self);
  g_clear_pointer (&self->graph, gst_sod_cuda_graph_free);
  g_clear_pointer (&self->own, gst_sod_cuda_masters_free);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  if (self->arena != NULL)
    gst_sod_cuda_free (device, self->arena);
  if (self->workspace != NULL)
    gst_sod_cuda_free (device, self->workspace);
  if (self->memory != NULL)
    gst_sod_cuda_free (device, self->memory);
  if (self->pinned != NULL)
    gst_sod_cuda_free_pinned (device, self->pinned);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  g_free (self->offsets);
  g_free (self->is_unsent);
  g_free (self);
}

/* ---- the caller's memory ---- */

gboolean
gst_sod_cuda_train_check (const GstSodTensor *tensor, const GstSodShape *shape,
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

/* Of @n values; queued, while the next one is written. */
static gboolean
send_sample (GstSodCudaTrainStream *self, guint sample, gsize n, GError **error)
{
  self->is_unsent[sample] = FALSE;
  return gst_sod_cuda_upload (gst_sod_cuda_train_get_queue (self),
      self->there.input + sample * n, self->here.input + sample * n,
      n * sizeof (gfloat), error);
}

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  const gint64 *dims = self->plan->base.input.dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  gsize n = gst_sod_tensor_get_n_elements (tensor);

  if (!gst_sod_cuda_train_check (
          tensor, &shape, "a sample of the input", error))
    return FALSE;
  if (sample >= dims[0] || frame != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the plan's input has %" G_GINT64_FORMAT
        " samples, each written whole; sample %u, frame %u is none of them",
        dims[0], sample, frame);
    return FALSE;
  }
  memcpy (self->here.input + sample * n, gst_sod_tensor_peek_data (tensor),
      n * sizeof (gfloat));
  self->is_unsent[sample] = TRUE;
  return self->masters == NULL || send_sample (self, sample, n, error);
}

gboolean
gst_sod_cuda_train_write_batch (
    GstSodCudaTrainStream *self, const GstSodTensor *input, GError **error)
{
  const gfloat *values = gst_sod_tensor_peek_data (input); /* (n, c, h, w) */
  guint n_samples = (guint) self->plan->base.input.dims[0];
  gsize n = gst_sod_tensor_get_n_elements (input) / n_samples;

  for (guint i = 0; i < n_samples; i++) {
    memcpy (self->here.input + i * n, values + i * n, n * sizeof (gfloat));
    if (!send_sample (self, i, n, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_cuda_train_send_input (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodShape *shape = &self->plan->base.input;
  guint n_samples = (guint) shape->dims[0];
  gsize n = gst_sod_cuda_train_count (shape) / n_samples;

  for (guint i = 0; i < n_samples; i++) {
    if (self->is_unsent[i] && !send_sample (self, i, n, error))
      return FALSE;
  }
  return TRUE;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  const GstSodCudaTrainPlan *plan = self->plan;
  g_autoptr (GstSodTensor) tensor = NULL;
  GstSodCudaQueue *queue;
  GstSodCudaView view;

  g_return_val_if_fail (self->masters != NULL, NULL);

  if (value != plan->graph->output) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "value %u of the plan is not kept; name it when the plan is compiled",
        value);
    return NULL;
  }
  tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &plan->base.output, error);
  if (tensor == NULL)
    return NULL;
  queue = gst_sod_cuda_train_get_queue (self);
  view = gst_sod_cuda_train_stream_view (self, &plan->output);
  gst_sod_cuda_kernel_to_planes (
      gst_sod_cuda_queue_get_stream (queue), &view, self->there.output, view.c);
  if (!gst_sod_cuda_check (queue, "to-planes", error)
      || !gst_sod_cuda_download (queue, gst_sod_tensor_get_data (tensor),
          self->there.output, gst_sod_tensor_get_size (tensor), error)
      || !gst_sod_cuda_wait (queue, error))
    return NULL;
  return g_steal_pointer (&tensor);
}

/* ---- weights and gradients ---- */

typedef struct
{
  GstSodCudaTrainStream *stream;
  guint node; /* index of the node of the param before this one */
  GArray *specs;
  GError *error;
} Binder;

static void
list_param (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Binder *binder = data;
  GstSodMastersSpec spec = { .n = gst_sod_cuda_train_count (shape),
    .trained = param->trainable };

  g_ptr_array_add (binder->stream->names, g_strdup (full_name));
  g_array_append_val (binder->specs, spec);
}

/* Masters of the params of the graph. */
static gboolean
ensure_own (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  Binder binder = { self, 0,
    g_array_new (FALSE, TRUE, sizeof (GstSodMastersSpec)), NULL };

  if (self->own == NULL) {
    self->names = g_ptr_array_new_with_free_func (g_free);
    gst_sod_graph_foreach_param (
        plan->graph, plan->shapes, list_param, &binder);
    for (guint i = 0; i < binder.specs->len; i++)
      g_array_index (binder.specs, GstSodMastersSpec, i).name =
          g_ptr_array_index (self->names, i);
    self->own = (GstSodCudaMasters *) gst_sod_cuda_open_masters (
        plan->base.backend, (const GstSodMastersSpec *) binder.specs->data,
        binder.specs->len, error);
  }
  g_array_unref (binder.specs);
  return self->own != NULL;
}

static void
find_param (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Binder *binder = data;
  GstSodCudaTrainStream *self = binder->stream;
  gsize n = gst_sod_cuda_train_count (shape), offset;

  while (gst_sod_graph_node (self->plan->graph, binder->node) != node)
    binder->node++;
  offset = gst_sod_cuda_masters_find (self->masters, full_name, n);
  self->offsets[binder->node * GST_SOD_MAX_PARAMS + index] = offset;
  if (offset == G_MAXSIZE && binder->error == NULL)
    g_set_error (&binder->error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the graph takes a weight \"%s\" of %" G_GSIZE_FORMAT
        " values, the masters hold none; use the masters that belong to it",
        full_name, n);
}

static gboolean
bind (GstSodCudaTrainStream *self, GstSodCudaMasters *masters,
    GstSodMastersPart part, gboolean frozen, GError **error)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  Binder binder = { self, 0, NULL, NULL };

  self->executed = FALSE;
  self->part = part;
  self->frozen = frozen;
  if (self->masters == masters)
    return TRUE;
  self->masters = masters;
  /* Another queue: what was sent on the one before may be on its way. */
  for (gint64 i = 0; i < plan->base.input.dims[0]; i++)
    self->is_unsent[i] = TRUE;
  gst_sod_graph_foreach_param (plan->graph, plan->shapes, find_param, &binder);
  if (binder.error == NULL)
    return TRUE;
  self->masters = NULL;
  g_propagate_error (error, binder.error);
  return FALSE;
}

static void
set_tables (
    GstSodCudaTrainStream *self, GHashTable *weights, GHashTable *gradients)
{
  if (weights != NULL)
    g_hash_table_ref (weights);
  if (gradients != NULL)
    g_hash_table_ref (gradients);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  self->weights = weights;
  self->gradients = gradients;
}

static gboolean
bind_tables (GstSodStream *stream, GHashTable *weights, GHashTable *gradients,
    GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  const GstSodCudaTrainPlan *plan = self->plan;

  if (!gst_sod_graph_check_weights (
          plan->graph, plan->shapes, weights, GST_SOD_DTYPE_F32, FALSE, error))
    return FALSE;
  if (gradients != NULL
      && !gst_sod_graph_check_weights (
          plan->graph, plan->shapes, gradients, GST_SOD_DTYPE_F32, TRUE, error))
    return FALSE;
  set_tables (self, weights, gradients);
  return ensure_own (self, error)
         && bind (self, self->own, GST_SOD_MASTERS_WEIGHTS, gradients == NULL,
             error);
}

static gboolean
bind_masters (GstSodStream *stream, GstSodMasters *masters,
    GstSodMastersPart part, gboolean frozen, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;

  g_return_val_if_fail (part == GST_SOD_MASTERS_WEIGHTS
                            || (part == GST_SOD_MASTERS_AVERAGES && frozen),
      FALSE);

  set_tables (self, NULL, NULL);
  return bind (self, (GstSodCudaMasters *) masters, part, frozen, error);
}

/* ---- tables and the masters that mirror them ---- */

static gboolean
is_statistic (const GstSodCudaTrainStream *self, guint index)
{
  return self->own->offsets[index] >= self->own->arrays.n_trained;
}

static gboolean
send_weights (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodMastersClass *klass = self->own->base.klass;

  for (guint i = 0; i < self->names->len; i++) {
    const GstSodTensor *tensor =
        g_hash_table_lookup (self->weights, g_ptr_array_index (self->names, i));

    if (!klass->store (&self->own->base, GST_SOD_MASTERS_WEIGHTS, i,
            gst_sod_tensor_peek_data (tensor), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_statistics (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodMastersClass *klass = self->own->base.klass;

  for (guint i = 0; i < self->names->len; i++) {
    GstSodTensor *tensor =
        g_hash_table_lookup (self->weights, g_ptr_array_index (self->names, i));

    if (is_statistic (self, i)
        && !klass->fetch (&self->own->base, GST_SOD_MASTERS_WEIGHTS, i,
            gst_sod_tensor_get_data (tensor), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_gradients (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodMastersClass *klass = self->own->base.klass;

  for (guint i = 0; i < self->names->len; i++) {
    GstSodTensor *tensor = g_hash_table_lookup (
        self->gradients, g_ptr_array_index (self->names, i));

    if (!is_statistic (self, i)
        && !klass->fetch (&self->own->base, GST_SOD_MASTERS_GRADIENTS, i,
            gst_sod_tensor_get_data (tensor), error))
      return FALSE;
  }
  return TRUE;
}

/* ---- the passes ---- */

static GstSodCudaTrainRun
begin_run (GstSodCudaTrainStream *self, gfloat scale)
{
  const GstSodCudaParams *arrays = &self->masters->arrays;
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);

  return (GstSodCudaTrainRun){
    .queue = queue,
    .stream = gst_sod_cuda_queue_get_stream (queue),
    .arena = self->arena,
    .buffers = self->plan->buffers,
    .workspace = self->workspace,
    .weights = self->part == GST_SOD_MASTERS_AVERAGES ? arrays->averages
                                                      : arrays->weights,
    .gradients = arrays->gradients,
    .offsets = self->offsets,
    .frozen = self->frozen,
    .gradient_scale = 1 / scale,
    .input = self->there.input,
    .d_input = self->d_input,
  };
}

GstSodCudaView
gst_sod_cuda_train_stream_view (
    GstSodCudaTrainStream *self, const GstSodCudaTrainView *view)
{
  GstSodCudaTrainRun run = begin_run (self, 1);

  return gst_sod_cuda_train_get_view (&run, view);
}

gboolean
gst_sod_cuda_train_run_steps (GstSodCudaTrainStream *self, guint first,
    guint last, gfloat scale, gboolean want_d_input, GError **error)
{
  GstSodCudaTrainRun run = begin_run (self, scale);

  for (guint i = first; i < last; i++) {
    const GstSodCudaTrainStep *step = g_ptr_array_index (self->plan->steps, i);

    if ((step->trained_only && run.frozen)
        || (step->input_only && !want_d_input))
      continue;
    if (!step->run (step, &run, error)
        || !gst_sod_cuda_check (run.queue, step->impl, error)) {
      g_prefix_error (error, "node %s: ", step->name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  gboolean trains_masters = self->weights == NULL && !self->frozen;

  g_return_val_if_fail (self->masters != NULL, FALSE);

  self->executed =
      (self->weights == NULL || send_weights (self, error))
      && (!trains_masters
          || gst_sod_cuda_masters_begin_pass (self->masters, error))
      && gst_sod_cuda_train_send_input (self, error)
      && gst_sod_cuda_train_run_steps (
          self, 0, self->plan->n_forward, 1, FALSE, error)
      && gst_sod_cuda_wait (gst_sod_cuda_train_get_queue (self), error)
      && (self->weights == NULL || self->frozen
          || take_statistics (self, error));
  return self->executed;
}

/* What f16 multiplies the gradients with on their way back: what the masters
 * that learn have found, else what brings the greatest of @d_output, of @n
 * values, to where it belongs; a power of two. */
static gfloat
find_scale (const GstSodCudaTrainStream *self, const gfloat *d_output, gsize n)
{
  gfloat greatest = 0;

  if (!self->plan->scales_loss)
    return 1;
  if (self->weights == NULL && !self->frozen)
    return self->masters->loss_scale;
  for (gsize i = 0; i < n; i++)
    greatest = fmaxf (greatest, fabsf (d_output[i]));
  if (!(greatest > 0) || !isfinite (greatest))
    return 1;
  return ldexpf (1, ilogbf (GREATEST) - ilogbf (greatest));
}

/* Planes from the host to where the first backward step reads them. */
static gboolean
send_d_output (GstSodCudaTrainStream *self, const gfloat *d_output, gsize n,
    gfloat scale, GError **error)
{
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  GstSodCudaView view =
      gst_sod_cuda_train_stream_view (self, &self->plan->d_output);

  for (gsize i = 0; i < n; i++)
    self->here.output[i] = scale * d_output[i];
  if (!gst_sod_cuda_upload (queue, self->there.output, self->here.output,
          n * sizeof (gfloat), error))
    return FALSE;
  gst_sod_cuda_kernel_from_planes (
      gst_sod_cuda_queue_get_stream (queue), self->there.output, view.c, &view);
  return gst_sod_cuda_check (queue, "from-planes", error);
}

static gboolean
take_d_input (GstSodCudaTrainStream *self, GstSodTensor *d_input, gfloat scale,
    GError **error)
{
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  gfloat *values = gst_sod_tensor_get_data (d_input);
  gsize n = gst_sod_tensor_get_n_elements (d_input);

  if (!gst_sod_cuda_download (
          queue, values, self->d_input, n * sizeof (gfloat), error)
      || !gst_sod_cuda_wait (queue, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    values[i] /= scale;
  return TRUE;
}

static gboolean
backward (GstSodStream *stream, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  GstSodCudaTrainStream *self = (GstSodCudaTrainStream *) stream;
  const GstSodCudaTrainPlan *plan = self->plan;
  const gfloat *values = gst_sod_tensor_peek_data (d_output);
  gsize n = gst_sod_tensor_get_n_elements (d_output);
  gfloat scale;

  g_return_val_if_fail (self->executed, FALSE);

  if (!gst_sod_cuda_train_check (
          d_output, &plan->base.output, "d_output", error)
      || (d_input != NULL
          && !gst_sod_cuda_train_check (
              d_input, &plan->base.input, "d_input", error)))
    return FALSE;
  /* Gradients take the place of values that are done with. */
  self->executed = FALSE;
  scale = find_scale (self, values, n);
  if (self->weights == NULL && !self->frozen
      && !gst_sod_cuda_masters_begin_backward (
          self->masters, plan->scales_loss, error))
    return FALSE;
  return send_d_output (self, values, n, scale, error)
         && gst_sod_cuda_train_run_steps (self, plan->n_forward,
             plan->steps->len, scale, d_input != NULL, error)
         && gst_sod_cuda_wait (gst_sod_cuda_train_get_queue (self), error)
         && (d_input == NULL || take_d_input (self, d_input, scale, error))
         && (self->gradients == NULL || take_gradients (self, error));
}

/* ---- opening ---- */

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_tensor = write_tensor,
  .execute = execute,
  .read_value = read_value,
  .bind = bind_tables,
  .backward = backward,
  .bind_masters = bind_masters,
  .learn = gst_sod_cuda_train_learn,
};

static gpointer
take (guint8 *memory, gsize *total, gsize size)
{
  gsize at = *total;

  *total += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return memory != NULL ? memory + at : NULL;
}

gsize
gst_sod_cuda_train_divide_planes (const GstSodCudaTrainPlan *plan,
    guint8 *memory, GstSodCudaTrainPlanes *planes)
{
  const gint64 *dims = plan->base.output.dims;
  gsize n = (gsize) dims[0], plane = (gsize) (dims[2] * dims[3]);
  gsize total = 0;

  planes->input = take (memory, &total,
      gst_sod_cuda_train_count (&plan->base.input) * sizeof (gfloat));
  planes->output = take (memory, &total,
      gst_sod_cuda_train_count (&plan->base.output) * sizeof (gfloat));
  planes->weights = take (memory, &total, n * plane * sizeof (gfloat));
  planes->losses = take (memory, &total, n * sizeof (gdouble));
  return total;
}

/* The input is zero until it is written. */
static gboolean
take_memory (GstSodCudaTrainStream *self, GError **error)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  GstSodCudaDevice *device = plan->device;
  gsize planes = gst_sod_cuda_train_divide_planes (plan, NULL, &self->there);
  gsize input = 0;

  take (NULL, &input,
      gst_sod_cuda_train_count (&plan->base.input) * sizeof (gfloat));

  self->arena =
      gst_sod_cuda_alloc (device, MAX (plan->base.arena_size, 1), error);
  if (self->arena == NULL)
    return FALSE;
  self->workspace =
      gst_sod_cuda_alloc (device, MAX (plan->base.workspace_size, 1), error);
  if (self->workspace == NULL)
    return FALSE;
  self->memory = gst_sod_cuda_alloc (
      device, planes + input + gst_sod_cuda_train_loss_scratch (plan), error);
  if (self->memory == NULL)
    return FALSE;
  self->pinned = gst_sod_cuda_alloc_pinned (device, planes, error);
  if (self->pinned == NULL)
    return FALSE;
  gst_sod_cuda_train_divide_planes (plan, self->memory, &self->there);
  gst_sod_cuda_train_divide_planes (plan, self->pinned, &self->here);
  self->d_input = (gfloat *) (gpointer) (self->memory + planes);
  self->loss_scratch = self->memory + planes + input;
  memset (self->pinned, 0, planes);
  return TRUE;
}

GstSodStream *
gst_sod_cuda_train_open (GstSodExecutable *executable, GError **error)
{
  GstSodCudaTrainPlan *plan = (GstSodCudaTrainPlan *) executable;
  GstSodCudaTrainStream *self = g_new0 (GstSodCudaTrainStream, 1);

  self->base.klass = &stream_class;
  self->plan = plan;
  self->offsets =
      g_new0 (gsize, (gsize) plan->graph->nodes->len * GST_SOD_MAX_PARAMS);
  self->is_unsent = g_new0 (gboolean, plan->base.input.dims[0]);
  if (take_memory (self, error))
    return &self->base;
  free_stream (&self->base);
  return NULL;
}
