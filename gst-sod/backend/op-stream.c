/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/op-plan-private.h>
#include <gst-sod/backend/stream-checks-private.h>

#include <string.h>

typedef struct
{
  GstSodStream base;
  GstSodOpPlan *plan;
  guint8 *arena;
  GstSodTensor **tensors; /* one a buffer of the plan, in the arena */

  /* What is bound: GST_SOD_MAX_PARAMS a node, of the tables. */
  GHashTable *weights, *gradients; /* name -> GstSodTensor */
  GstSodTensor **params, **d_params;
  GstSodMode mode; /* INFER where the network is frozen */
  gboolean executed;
} OpStream;

static void
free_stream (GstSodStream *stream)
{
  OpStream *self = (OpStream *) stream;

  for (guint i = 0; i < self->plan->n_buffers; i++)
    g_clear_pointer (&self->tensors[i], gst_sod_tensor_unref);
  g_free (self->tensors);
  gst_sod_aligned_free (self->arena);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  g_free (self->params);
  g_free (self->d_params);
  g_free (self);
}

/* FALSE and GST_SOD_ERROR_MISMATCH unless @tensor is of @dtype and @shape. */
static gboolean
check_tensor (const GstSodTensor *tensor, GstSodDType dtype,
    const GstSodShape *shape, const gchar *what, GError **error)
{
  g_autofree gchar *expected = NULL, *found = NULL;

  if (gst_sod_tensor_get_dtype (tensor) == dtype
      && gst_sod_shape_equal (gst_sod_tensor_get_shape (tensor), shape))
    return TRUE;
  expected = gst_sod_shape_to_string (shape);
  found = gst_sod_shape_to_string (gst_sod_tensor_get_shape (tensor));
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s of a training plan is %s of shape %s, a %s one of shape %s was given",
      what, gst_sod_dtype_name (dtype), expected,
      gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)), found);
  return FALSE;
}

/* ---- in and out ---- */

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  OpStream *self = (OpStream *) stream;
  const gint64 *dims = self->plan->base.input.dims;
  GstSodShape shape = { 3, { dims[1], dims[2], dims[3], 0 } };
  GstSodTensor *input = self->tensors[self->plan->graph->input];
  GstSodDType dtype = gst_sod_tensor_get_dtype (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gsize at = sample * n;

  /* f32, or what the plan computes in. */
  if (dtype != self->plan->dtype)
    dtype = GST_SOD_DTYPE_F32;
  if (!check_tensor (tensor, dtype, &shape, "a sample of the input", error))
    return FALSE;
  if (sample >= dims[0] || frame != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the plan's input has %" G_GINT64_FORMAT
        " samples, each written whole; sample %u, frame %u is none of them",
        dims[0], sample, frame);
    return FALSE;
  }
  if (self->plan->dtype == dtype) {
    gsize size = gst_sod_tensor_get_size (tensor);

    memcpy ((guint8 *) gst_sod_tensor_get_data (input) + sample * size,
        gst_sod_tensor_peek_data (tensor), size);
  } else {
    const gfloat *from = gst_sod_tensor_peek_data (tensor); /* (c, h, w) */
    gdouble *to = (gdouble *) gst_sod_tensor_get_data (input) + at;

    for (gsize i = 0; i < n; i++)
      to[i] = from[i];
  }
  return TRUE;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  OpStream *self = (OpStream *) stream;

  if (value < gst_sod_graph_n_values (self->plan->graph)
      && self->plan->buffers[value].last_use == G_MAXUINT)
    return gst_sod_tensor_convert (
        self->tensors[value], self->plan->dtype, error);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "value %u of the plan is not kept; name it when the plan is compiled",
      value);
  return NULL;
}

/* ---- weights and gradients ---- */

typedef struct
{
  OpStream *stream;
  guint node; /* index of the node of the param before this one */
} Binder;

static void
bind_param (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  Binder *binder = data;
  OpStream *self = binder->stream;
  guint at;

  while (gst_sod_graph_node (self->plan->graph, binder->node) != node)
    binder->node++;
  at = binder->node * GST_SOD_MAX_PARAMS + index;
  self->params[at] = g_hash_table_lookup (self->weights, full_name);
  self->d_params[at] = self->gradients != NULL && param->trainable
                           ? g_hash_table_lookup (self->gradients, full_name)
                           : NULL;
}

static gboolean
bind_tables (GstSodStream *stream, GHashTable *weights, GHashTable *gradients,
    GError **error)
{
  OpStream *self = (OpStream *) stream;
  GstSodOpPlan *plan = self->plan;
  Binder binder = { self, 0 };

  if (!gst_sod_graph_check_weights (
          plan->graph, plan->shapes, weights, plan->dtype, FALSE, error))
    return FALSE;
  if (gradients != NULL
      && !gst_sod_graph_check_weights (
          plan->graph, plan->shapes, gradients, plan->dtype, TRUE, error))
    return FALSE;
  g_hash_table_ref (weights);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  self->weights = weights;
  if (gradients != NULL)
    g_hash_table_ref (gradients);
  g_clear_pointer (&self->gradients, g_hash_table_unref);
  self->gradients = gradients;
  self->mode = gradients != NULL ? GST_SOD_MODE_TRAIN : GST_SOD_MODE_INFER;
  self->executed = FALSE;
  gst_sod_graph_foreach_param (plan->graph, plan->shapes, bind_param, &binder);
  return TRUE;
}

/* ---- the passes ---- */

/* What both passes say of node @index; @inputs has room for all of them. */
static GstSodOpCall
begin_call (OpStream *self, guint index, const GstSodTensor **inputs)
{
  const GstSodNode *node = gst_sod_graph_node (self->plan->graph, index);
  GstSodOpParam infos[GST_SOD_MAX_PARAMS];

  for (guint i = 0; i < node->n_inputs; i++)
    inputs[i] = self->tensors[node->inputs[i]];
  return (GstSodOpCall){
    .attrs = &node->attrs,
    .mode = self->mode,
    .n_inputs = node->n_inputs,
    .inputs = inputs,
    .params = self->params + index * GST_SOD_MAX_PARAMS,
    .n_params = gst_sod_op_get (node->kind)->params (&node->attrs, infos),
    .output = self->tensors[node->output],
    .threads = self->plan->threads,
  };
}

static const GstSodOpKernel *
find_kernel (const OpStream *self, const GstSodNode *node)
{
  GstSodBackend *backend = self->plan->base.backend;

  return backend->klass->op (backend, node->kind);
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  OpStream *self = (OpStream *) stream;
  const GstSodTensor *inputs[GST_SOD_MAX_INPUTS];

  g_return_val_if_fail (self->weights != NULL, FALSE);

  self->executed = FALSE;
  for (guint i = 0; i < self->plan->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (self->plan->graph, i);
    GstSodOpCall call = begin_call (self, i, inputs);

    if (!gst_sod_stream_goes_on (stream, error))
      return FALSE;
    if (!find_kernel (self, node)->forward (&call, error)) {
      g_prefix_error (error, "node %s, forward: ", node->name);
      return FALSE;
    }
  }
  self->executed = TRUE;
  return TRUE;
}

/* @sum += @term, both dense and of one dtype. */
static void
add_term (GstSodTensor *sum, const GstSodTensor *term)
{
  gsize n = gst_sod_tensor_get_n_elements (sum);

  if (gst_sod_tensor_get_dtype (sum) == GST_SOD_DTYPE_F32) {
    gfloat *restrict to = gst_sod_tensor_get_data (sum);
    const gfloat *restrict from = gst_sod_tensor_peek_data (term);

    for (gsize i = 0; i < n; i++)
      to[i] += from[i];
  } else {
    gdouble *restrict to = gst_sod_tensor_get_data (sum);
    const gdouble *restrict from = gst_sod_tensor_peek_data (term);

    for (gsize i = 0; i < n; i++)
      to[i] += from[i];
  }
}

static gboolean
backward_node (OpStream *self, guint index, const GstSodTensor *d_output,
    gboolean want_d_input, GError **error)
{
  GstSodOpPlan *plan = self->plan;
  const GstSodNode *node = gst_sod_graph_node (plan->graph, index);
  const guint *terms = plan->terms + index * GST_SOD_MAX_INPUTS;
  const GstSodTensor *inputs[GST_SOD_MAX_INPUTS];
  GstSodTensor *d_inputs[GST_SOD_MAX_INPUTS] = { NULL };
  GstSodOpCall call = begin_call (self, index, inputs);

  call.d_output =
      node->output == plan->graph->output
          ? d_output
          : self->tensors[gst_sod_op_plan_gradient (plan, node->output)];
  call.d_inputs = d_inputs;
  call.d_params = self->d_params + index * GST_SOD_MAX_PARAMS;
  for (guint i = 0; i < node->n_inputs; i++) {
    guint buffer = terms[i] == GST_SOD_OP_PLAN_DIRECT
                       ? gst_sod_op_plan_gradient (plan, node->inputs[i])
                       : terms[i];

    if (node->inputs[i] != plan->graph->input || want_d_input)
      d_inputs[i] = self->tensors[buffer];
  }
  if (!find_kernel (self, node)->backward (&call, error)) {
    g_prefix_error (error, "node %s, backward: ", node->name);
    return FALSE;
  }
  for (guint i = 0; i < node->n_inputs; i++) {
    if (d_inputs[i] != NULL && terms[i] != GST_SOD_OP_PLAN_DIRECT)
      add_term (self->tensors[gst_sod_op_plan_gradient (plan, node->inputs[i])],
          d_inputs[i]);
  }
  return TRUE;
}

static gboolean
backward (GstSodStream *stream, const GstSodTensor *d_output,
    GstSodTensor *d_input, GError **error)
{
  OpStream *self = (OpStream *) stream;
  GstSodOpPlan *plan = self->plan;
  const GstSodTensor *found;

  g_return_val_if_fail (self->executed, FALSE);

  if (!check_tensor (
          d_output, plan->dtype, &plan->base.output, "d_output", error))
    return FALSE;
  if (d_input != NULL
      && !check_tensor (
          d_input, plan->dtype, &plan->base.input, "d_input", error))
    return FALSE;
  /* Gradients take the place of values that are done with. */
  self->executed = FALSE;
  for (guint i = plan->graph->nodes->len; i-- > 0;) {
    if (!gst_sod_stream_goes_on (stream, error)
        || !backward_node (self, i, d_output, d_input != NULL, error))
      return FALSE;
  }
  if (d_input == NULL)
    return TRUE;
  found = self->tensors[gst_sod_op_plan_gradient (plan, plan->graph->input)];
  memcpy (gst_sod_tensor_get_data (d_input), gst_sod_tensor_peek_data (found),
      gst_sod_tensor_get_size (d_input));
  return TRUE;
}

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_tensor = write_tensor,
  .execute = execute,
  .read_value = read_value,
  .bind = bind_tables,
  .backward = backward,
};

GstSodStream *
gst_sod_op_plan_open (GstSodExecutable *executable, GError **error)
{
  GstSodOpPlan *plan = (GstSodOpPlan *) executable;
  gsize n_params = (gsize) plan->graph->nodes->len * GST_SOD_MAX_PARAMS;
  OpStream *self = g_new0 (OpStream, 1);

  self->base.klass = &stream_class;
  self->plan = plan;
  self->tensors = g_new0 (GstSodTensor *, plan->n_buffers);
  self->params = g_new0 (GstSodTensor *, n_params);
  self->d_params = g_new0 (GstSodTensor *, n_params);
  self->arena = gst_sod_aligned_alloc (executable->arena_size, error);
  if (self->arena == NULL) {
    free_stream (&self->base);
    return NULL;
  }
  memset (self->arena, 0, executable->arena_size);
  for (guint i = 0; i < plan->n_buffers; i++)
    self->tensors[i] = gst_sod_tensor_new_borrowed (plan->dtype,
        &plan->shapes[plan->buffer_values[i]],
        self->arena + plan->buffers[i].offset);
  return &self->base;
}
