/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compilation of a graph for inference: one layout for all activations, chosen
 * by asking oneDNN; then one step or more a node; then a place for each buffer.
 */
#include <gst-sod/backend/onednn/plan-private.h>

#include <gst-sod/backend/onednn/profile-private.h>
#include <gst-sod/backend/onednn/threads-private.h>
#include <gst-sod/backend/onednn/train-private.h>
#include <gst-sod/backend/op-plan-private.h>

static void
free_step (gpointer data)
{
  GstSodOnednnStep *self = data;

  g_free (self->name);
  g_free (self->impl);
  if (self->primitive != NULL)
    dnnl_primitive_destroy (self->primitive);
  g_array_unref (self->args);
  g_free (self);
}

static void
free_plan (GstSodExecutable *executable)
{
  GstSodOnednnPlan *self = (GstSodOnednnPlan *) executable;
  guint n_values = gst_sod_graph_n_values (self->graph);

  g_ptr_array_unref (self->steps);
  for (guint i = 0; self->values != NULL && i < n_values; i++)
    compat_desc_free (self->values[i].desc);
  g_free (self->values);
  g_free (self->shapes);
  g_array_unref (self->buffers);
  gst_sod_onednn_store_unref (self->store);
  gst_sod_graph_unref (self->graph);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodOnednnPlan *self = (GstSodOnednnPlan *) executable;
  gchar **lines = g_new0 (gchar *, self->steps->len + 1);

  for (guint i = 0; i < self->steps->len; i++) {
    const GstSodOnednnStep *step = g_ptr_array_index (self->steps, i);

    lines[i] = g_strdup_printf ("%s %s", step->name, step->impl);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_onednn_open,
  .describe = describe,
};

/* ---- helpers of the files that add steps ---- */

dnnl_format_tag_t
gst_sod_onednn_tag (GstSodOnednnLayout layout)
{
  static const dnnl_format_tag_t tags[GST_SOD_ONEDNN_N_LAYOUTS] = {
    [GST_SOD_ONEDNN_NHWC] = dnnl_nhwc,
    [GST_SOD_ONEDNN_NCHW] = dnnl_nchw,
    [GST_SOD_ONEDNN_NCHW16C] = dnnl_nChw16c,
    [GST_SOD_ONEDNN_NCHW8C] = dnnl_nChw8c,
  };

  return tags[layout];
}

gboolean
gst_sod_onednn_is_slow (const_dnnl_primitive_desc_t pd)
{
  const gchar *impl = gst_sod_onednn_impl (pd);

  return g_str_has_prefix (impl, "ref") || strstr (impl, "gemm") != NULL;
}

gboolean
gst_sod_onednn_make_attr (
    dnnl_primitive_attr_t *attr, gboolean sum, gboolean relu, GError **error)
{
  *attr = NULL;
  if (gst_sod_onednn_fuse (attr, sum, relu, error)
      && GST_SOD_ONEDNN_CHECK (dnnl_primitive_attr_set_scratchpad_mode (
                                   *attr, dnnl_scratchpad_mode_user),
          error))
    return TRUE;
  if (*attr != NULL)
    dnnl_primitive_attr_destroy (g_steal_pointer (attr));
  return FALSE;
}

guint
gst_sod_onednn_add_buffer (GstSodOnednnBuilder *self, gsize size, gboolean keep)
{
  GstSodArenaBuffer buffer = {
    .size = size,
    .first_use = keep ? 0 : self->index,
    .last_use = keep ? G_MAXUINT : self->index,
    .alias_of = GST_SOD_ARENA_OWN,
  };

  g_array_append_val (self->plan->buffers, buffer);
  return self->plan->buffers->len - 1;
}

static GstSodOnednnStep *
add_step (GstSodOnednnBuilder *self, const gchar *impl)
{
  GstSodOnednnStep *step = g_new0 (GstSodOnednnStep, 1);

  step->name = g_strdup (self->node->name);
  step->impl = g_strdup (impl);
  step->args = g_array_new (FALSE, TRUE, sizeof (GstSodOnednnArg));
  g_ptr_array_add (self->plan->steps, step);
  return step;
}

GstSodOnednnStep *
gst_sod_onednn_add_primitive (
    GstSodOnednnBuilder *self, const_dnnl_primitive_desc_t pd, GError **error)
{
  GstSodOnednnStep *step = add_step (self, gst_sod_onednn_impl (pd));
  DnnlConstDesc scratch;
  gsize size;

  if (!GST_SOD_ONEDNN_CHECK (
          dnnl_primitive_create (&step->primitive, pd), error)) {
    g_prefix_error (error, "node %s: ", self->node->name);
    return NULL;
  }
  scratch = dnnl_primitive_desc_query_md (pd, dnnl_query_scratchpad_md, 0);
  size = dnnl_memory_desc_get_size (scratch);
  if (size > 0)
    gst_sod_onednn_step_add_buffer (step, DNNL_ARG_SCRATCHPAD,
        dnnl_query_scratchpad_md, 0, GST_SOD_ONEDNN_SCRATCH);
  self->plan->base.workspace_size = MAX (self->plan->base.workspace_size, size);
  return step;
}

GstSodOnednnStep *
gst_sod_onednn_add_kernel (
    GstSodOnednnBuilder *self, const gchar *impl, GstSodOnednnKernel kernel)
{
  GstSodOnednnStep *step = add_step (self, impl);

  step->kernel = kernel;
  return step;
}

/* Descriptors are those of the primitive, so that they live as long. */
static DnnlConstDesc
query_desc (const GstSodOnednnStep *self, dnnl_query_t query, gint index)
{
  const_dnnl_primitive_desc_t pd = NULL;

  if (self->primitive == NULL
      || dnnl_primitive_get_primitive_desc (self->primitive, &pd)
             != dnnl_success)
    return NULL;
  return dnnl_primitive_desc_query_md (pd, query, index);
}

void
gst_sod_onednn_step_add_buffer (GstSodOnednnStep *self, gint arg,
    dnnl_query_t query, gint query_index, guint buffer)
{
  GstSodOnednnArg value = {
    .arg = arg,
    .desc = query_desc (self, query, query_index),
    .buffer = buffer,
  };

  g_array_append_val (self->args, value);
}

void
gst_sod_onednn_step_add_constant (
    GstSodOnednnStep *self, gint arg, dnnl_query_t query, gpointer constant)
{
  GstSodOnednnArg value = {
    .arg = arg,
    .desc = query_desc (
        self, query, query == dnnl_query_weights_md && arg == DNNL_ARG_BIAS),
    .constant = constant,
  };

  g_array_append_val (self->args, value);
}

void
gst_sod_onednn_step_set_source (GstSodOnednnStep *self,
    const GstSodShape *shape, const GstSodOnednnValue *value)
{
  self->n = shape->dims[0];
  self->c = shape->dims[1];
  self->h = shape->dims[2];
  self->w = shape->dims[3];
  self->layout = value->layout;
  self->type = value->type;
}

gboolean
gst_sod_onednn_add_reorder (GstSodOnednnBuilder *self, DnnlConstDesc from,
    guint source, DnnlConstDesc to, guint target, GError **error)
{
  dnnl_engine_t engine = self->plan->engine;
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  GstSodOnednnStep *step = NULL;

  if (gst_sod_onednn_make_attr (&attr, FALSE, FALSE, error)
      && GST_SOD_ONEDNN_CHECK (dnnl_reorder_primitive_desc_create (
                                   &pd, from, engine, to, engine, attr),
          error))
    step = gst_sod_onednn_add_primitive (self, pd, error);
  if (step != NULL) {
    gst_sod_onednn_step_add_buffer (
        step, DNNL_ARG_FROM, dnnl_query_src_md, 0, source);
    gst_sod_onednn_step_add_buffer (
        step, DNNL_ARG_TO, dnnl_query_dst_md, 0, target);
  }
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  if (attr != NULL)
    dnnl_primitive_attr_destroy (attr);
  return step != NULL;
}

/* ---- compilation ---- */

static gboolean
is_elementwise (const GstSodNode *node)
{
  return node->kind == GST_SOD_OP_SIGMOID || node->kind == GST_SOD_OP_TANH
         || (node->kind == GST_SOD_OP_UPSAMPLE && !node->attrs.sum);
}

/* From the output backwards, as far as there are only elementwise ops and
 * enlarging, each of one reader. */
static void
mark_tail (GstSodOnednnBuilder *self)
{
  const GstSodGraph *graph = self->request->graph;
  GstSodValue value = graph->output;

  self->plan->values[value].tail = value != graph->input;
  for (guint i = graph->nodes->len; i-- > 0;) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    if (node->output != value)
      continue;
    if (!is_elementwise (node) || node->inputs[0] == graph->input
        || self->n_readers[node->inputs[0]] != 1)
      return;
    value = node->inputs[0];
    self->plan->values[value].tail = TRUE;
  }
}

static void
count_readers (GstSodOnednnBuilder *self)
{
  const GstSodGraph *graph = self->request->graph;

  for (guint i = 0; i < graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (graph, i);

    for (guint j = 0; j < node->n_inputs; j++)
      self->n_readers[node->inputs[j]]++;
  }
}

/* Value @value's layout; the input's is another matter. */
static gboolean
describe_value (GstSodOnednnBuilder *self, GstSodValue value, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  GstSodOnednnValue *to = &plan->values[value];

  to->layout = to->tail ? GST_SOD_ONEDNN_NHWC : plan->layout;
  to->type = to->tail ? dnnl_f32 : plan->type;
  return GST_SOD_ONEDNN_CHECK (
      compat_desc_new (&to->desc, 4, plan->shapes[value].dims, to->type,
          gst_sod_onednn_tag (to->layout)),
      error);
}

static gboolean
describe_values (GstSodOnednnBuilder *self, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  const GstSodGraph *graph = plan->graph;

  for (guint i = 0; i < gst_sod_graph_n_values (graph); i++) {
    if (i != graph->input && !describe_value (self, i, error))
      return FALSE;
  }
  if (!gst_sod_onednn_choose_input (self, error))
    return FALSE;
  for (guint i = 0; i < gst_sod_graph_n_values (graph); i++) {
    /* The input is kept: a stream may run again on it. */
    GstSodArenaBuffer buffer = {
      .size = dnnl_memory_desc_get_size (plan->values[i].desc),
      .last_use = i == graph->input ? G_MAXUINT : self->request->last_use[i],
      .alias_of = GST_SOD_ARENA_OWN,
    };

    g_array_append_val (plan->buffers, buffer);
  }
  for (guint i = 0; i < graph->nodes->len; i++) {
    GstSodValue output = gst_sod_graph_node (graph, i)->output;

    g_array_index (plan->buffers, GstSodArenaBuffer, output).first_use = i;
  }
  return TRUE;
}

static gboolean
add_node (GstSodOnednnBuilder *self, GError **error)
{
  switch (self->node->kind) {
    case GST_SOD_OP_CONV2D:
      return gst_sod_onednn_add_conv (self, error);
    case GST_SOD_OP_MAX_POOL:
    case GST_SOD_OP_AVG_POOL:
      return gst_sod_onednn_add_pool (self, error);
    case GST_SOD_OP_UPSAMPLE:
      return gst_sod_onednn_add_upsample (self, error);
    case GST_SOD_OP_CONCAT:
      return gst_sod_onednn_add_concat (self, error);
    case GST_SOD_OP_ADD:
      return gst_sod_onednn_add_sum (self, error);
    case GST_SOD_OP_RELU:
    case GST_SOD_OP_SIGMOID:
    case GST_SOD_OP_TANH:
      return gst_sod_onednn_add_eltwise (self, error);
    case GST_SOD_OP_BATCH_NORM:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"onednn\" compiles graphs whose batch norms are folded; "
          "%s is not: prepare the graph for inference first",
          self->node->name);
      return FALSE;
    default:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"onednn\" has no step for the op %s of node %s; use the "
          "back end \"ref\"",
          gst_sod_op_get (self->node->kind)->name, self->node->name);
      return FALSE;
  }
}

static gboolean
add_nodes (GstSodOnednnBuilder *self, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;

  for (guint i = 0; i < plan->graph->nodes->len; i++) {
    self->node = gst_sod_graph_node (plan->graph, i);
    self->index = i;
    if (!add_node (self, error))
      return FALSE;
  }
  plan->base.weights_size = gst_sod_onednn_store_get_size (plan->store);
  return gst_sod_arena_plan ((GstSodArenaBuffer *) plan->buffers->data,
      plan->buffers->len, &plan->base.arena_size, error);
}

static gboolean
build (GstSodOnednnBuilder *self, GError **error)
{
  GstSodOnednnPlan *plan = self->plan;
  guint n_values = gst_sod_graph_n_values (plan->graph);

  plan->shapes =
      gst_sod_graph_infer_shapes (plan->graph, &self->request->input, error);
  if (plan->shapes == NULL)
    return FALSE;
  plan->base.output = plan->shapes[plan->graph->output];
  plan->values = g_new0 (GstSodOnednnValue, n_values);
  count_readers (self);
  mark_tail (self);
  plan->kernels = gst_sod_onednn_choose_kernels (self);
  return gst_sod_onednn_choose_layout (self, &plan->layout, error)
         && describe_values (self, error) && add_nodes (self, error);
}

static GstSodOnednnPlan *
new_plan (GstSodBackend *backend, const GstSodCompileRequest *request)
{
  GstSodOnednnPlan *self = g_new0 (GstSodOnednnPlan, 1);

  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->engine = ((GstSodOnednn *) backend)->engine;
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->rule = *request->rule;
  self->type =
      request->precision == GST_SOD_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32;
  self->buffers = g_array_new (FALSE, TRUE, sizeof (GstSodArenaBuffer));
  self->steps = g_ptr_array_new_with_free_func (free_step);
  self->store = request->share != NULL ? gst_sod_onednn_store_ref (
                    ((GstSodOnednnPlan *) request->share)->store)
                                       : gst_sod_onednn_store_new ();
  return self;
}

static GstSodExecutable *
compile_training (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  if (request->dtype == GST_SOD_DTYPE_F32) {
    GError *found = NULL;
    GstSodExecutable *executable =
        gst_sod_train_compile (backend, request, &found);

    if (executable == NULL && found == NULL)
      return gst_sod_op_plan_compile (backend, request, error);
    if (found != NULL)
      g_propagate_error (error, found);
    return executable;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"onednn\" trains in f32, not in %s; use the back end \"ref\"",
      gst_sod_dtype_name (request->dtype));
  return NULL;
}

static GstSodExecutable *
compile_inference (GstSodBackend *backend, const GstSodCompileRequest *request,
    gboolean bare, GError **error)
{
  g_autoptr (GstSodExecutable) executable = &new_plan (backend, request)->base;
  guint n_values = gst_sod_graph_n_values (request->graph);
  g_autofree guint *n_readers = g_new0 (guint, n_values);
  g_autofree gboolean *fused = g_new0 (gboolean, n_values);
  GstSodOnednnBuilder builder = {
    .plan = (GstSodOnednnPlan *) executable,
    .request = request,
    .bare = bare,
    .n_readers = n_readers,
    .fused = fused,
  };
  gint threads = gst_sod_onednn_set_threads ((gint) request->threads);
  gboolean ok;

  builder.plan->threads = omp_get_max_threads ();
  ok = build (&builder, error);
  gst_sod_onednn_set_threads (threads);
  return ok ? g_steal_pointer (&executable) : NULL;
}

static gboolean
check_engine (GstSodBackend *backend, GError **error)
{
  if (((GstSodOnednn *) backend)->engine != NULL)
    return TRUE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND,
      "oneDNN made no engine on this CPU; use the back end \"ref\"");
  return FALSE;
}

GstSodExecutable *
gst_sod_onednn_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  if (!check_engine (backend, error))
    return NULL;
  if (request->mode == GST_SOD_MODE_TRAIN)
    return compile_training (backend, request, error);
  return compile_inference (backend, request, FALSE, error);
}

GstSodExecutable *
gst_sod_onednn_compile_bare (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  if (!check_engine (backend, error))
    return NULL;
  return compile_inference (backend, request, TRUE, error);
}
