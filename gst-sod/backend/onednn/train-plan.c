/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compilation of a graph for training. */
#include <gst-sod/backend/onednn/train-private.h>

#include <gst-sod/backend/onednn/threads-private.h>

static void
free_step (gpointer data)
{
  GstSodTrainStep *self = data;

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
  GstSodTrainPlan *self = (GstSodTrainPlan *) executable;

  g_ptr_array_unref (self->steps);
  g_array_unref (self->buffers);
  g_free (self->shapes);
  gst_sod_graph_unref (self->graph);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodTrainPlan *self = (GstSodTrainPlan *) executable;
  gchar **lines = g_new0 (gchar *, self->steps->len + 1);

  for (guint i = 0; i < self->steps->len; i++) {
    const GstSodTrainStep *step = g_ptr_array_index (self->steps, i);

    lines[i] = g_strdup_printf (
        "%s%s %s", step->name, i < self->n_forward ? "" : "'", step->impl);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_train_open,
  .describe = describe,
};

/* ---- buffers ---- */

guint
gst_sod_train_add_buffer (GstSodTrainBuilder *self, gsize size)
{
  GstSodArenaBuffer buffer = {
    .size = size,
    .first_use = G_MAXUINT,
    .alias_of = GST_SOD_ARENA_OWN,
  };
  guint none = 0;

  g_array_append_val (self->plan->buffers, buffer);
  g_array_append_val (self->n_pending, none);
  return self->plan->buffers->len - 1;
}

GstSodTrainView
gst_sod_train_add_view (
    GstSodTrainBuilder *self, const GstSodShape *shape, dnnl_data_type_t type)
{
  gsize count = 0;

  /* Lowering has seen that it can be counted. */
  gst_sod_shape_count (shape, &count);
  return (GstSodTrainView){
    .buffer =
        gst_sod_train_add_buffer (self, count * dnnl_data_type_size (type)),
    .pitch = shape->dims[1],
    .type = type,
  };
}

static void
use_buffer (GstSodTrainBuilder *self, guint index)
{
  GstSodArenaBuffer *buffer =
      &g_array_index (self->plan->buffers, GstSodArenaBuffer, index);

  buffer->first_use = MIN (buffer->first_use, self->time);
  buffer->last_use = MAX (buffer->last_use, self->time);
}

/* ---- steps ---- */

static GstSodTrainStep *
add_step (GstSodTrainBuilder *self, const gchar *impl)
{
  GstSodTrainStep *step = g_new0 (GstSodTrainStep, 1);

  step->name = g_strdup (self->node->node->name);
  step->impl = g_strdup (impl);
  step->args = g_array_new (FALSE, TRUE, sizeof (GstSodTrainArg));
  self->time = self->plan->steps->len;
  g_ptr_array_add (self->plan->steps, step);
  return step;
}

GstSodTrainStep *
gst_sod_train_add_kernel (GstSodTrainBuilder *self, const gchar *impl,
    GstSodTrainKernel kernel, const GstSodShape *shape)
{
  GstSodTrainStep *step = add_step (self, impl);

  step->kernel = kernel;
  step->n = shape->dims[0];
  step->c = shape->dims[1];
  step->h = shape->dims[2];
  step->w = shape->dims[3];
  return step;
}

GstSodTrainStep *
gst_sod_train_add_primitive (
    GstSodTrainBuilder *self, const_dnnl_primitive_desc_t pd, GError **error)
{
  GstSodTrainStep *step = add_step (self, gst_sod_onednn_impl (pd));
  gsize size;

  if (!GST_SOD_ONEDNN_CHECK (
          dnnl_primitive_create (&step->primitive, pd), error)) {
    g_prefix_error (error, "node %s: ", step->name);
    return NULL;
  }
  size = dnnl_memory_desc_get_size (
      dnnl_primitive_desc_query_md (pd, dnnl_query_scratchpad_md, 0));
  if (size > 0)
    gst_sod_train_add_arg_desc (self, step, DNNL_ARG_SCRATCHPAD,
        dnnl_query_scratchpad_md, 0, GST_SOD_TRAIN_SCRATCH, 0);
  self->plan->base.workspace_size = MAX (self->plan->base.workspace_size, size);
  return step;
}

void
gst_sod_train_add_arg_view (GstSodTrainBuilder *self, GstSodTrainStep *step,
    const GstSodTrainView *view)
{
  GstSodTrainArg arg = { .source = GST_SOD_TRAIN_NONE };

  if (view != NULL && view->type != dnnl_data_type_undef) {
    arg = (GstSodTrainArg){
      .source = GST_SOD_TRAIN_BUFFER,
      .index = view->buffer,
      .offset = view->first * (gint64) dnnl_data_type_size (view->type),
      .pitch = view->pitch,
      .type = view->type,
    };
    use_buffer (self, view->buffer);
  }
  g_array_append_val (step->args, arg);
}

void
gst_sod_train_add_arg (GstSodTrainBuilder *self, GstSodTrainStep *step,
    GstSodTrainSource source, guint index)
{
  GstSodTrainArg arg = { .source = source, .index = index };

  if (source == GST_SOD_TRAIN_BUFFER)
    use_buffer (self, index);
  g_array_append_val (step->args, arg);
}

void
gst_sod_train_add_scratch (
    GstSodTrainBuilder *self, GstSodTrainStep *step, gsize size)
{
  self->plan->base.workspace_size = MAX (self->plan->base.workspace_size, size);
  gst_sod_train_add_arg (self, step, GST_SOD_TRAIN_SCRATCH, 0);
}

void
gst_sod_train_add_arg_desc (GstSodTrainBuilder *self, GstSodTrainStep *step,
    gint arg, dnnl_query_t query, gint query_index, GstSodTrainSource source,
    guint index)
{
  GstSodTrainArg value = { .arg = arg, .source = source, .index = index };
  const_dnnl_primitive_desc_t pd = NULL;

  /* Descriptors are those of the primitive, so that they live as long. */
  if (dnnl_primitive_get_primitive_desc (step->primitive, &pd) == dnnl_success)
    value.desc = dnnl_primitive_desc_query_md (pd, query, query_index);
  if (source == GST_SOD_TRAIN_BUFFER)
    use_buffer (self, index);
  g_array_append_val (step->args, value);
}

/* ---- compilation ---- */

/* The input is written before the first step, the output read after any. */
static gboolean
place_buffers (GstSodTrainBuilder *self, GError **error)
{
  GstSodTrainPlan *plan = self->plan;
  GstSodArenaBuffer *buffers = (GstSodArenaBuffer *) plan->buffers->data;

  for (guint i = 0; i < plan->buffers->len; i++) {
    if (buffers[i].first_use == G_MAXUINT)
      buffers[i].size = buffers[i].first_use = buffers[i].last_use = 0;
  }
  buffers[plan->input].first_use = 0;
  buffers[plan->input].last_use = G_MAXUINT;
  buffers[plan->output].last_use = G_MAXUINT;
  return gst_sod_arena_plan (
      buffers, plan->buffers->len, &plan->base.arena_size, error);
}

static gboolean
add_steps (GstSodTrainBuilder *self, GError **error)
{
  GstSodTrainPlan *plan = self->plan;
  GArray *nodes = self->nodes;

  for (guint i = 0; i < nodes->len; i++) {
    self->node = &g_array_index (nodes, GstSodTrainNode, i);
    if (self->node->kind != GST_SOD_TRAIN_DEAD
        && !gst_sod_train_add_forward (self, error))
      return FALSE;
  }
  plan->n_forward = plan->steps->len;
  for (guint i = nodes->len; i-- > 0;) {
    self->node = &g_array_index (nodes, GstSodTrainNode, i);
    if (self->node->kind != GST_SOD_TRAIN_DEAD
        && !gst_sod_train_add_backward (self, error))
      return FALSE;
  }
  plan->input = self->views[plan->graph->input].buffer;
  plan->input_type = self->views[plan->graph->input].type;
  plan->output = self->views[plan->graph->output].buffer;
  plan->output_type = self->views[plan->graph->output].type;
  return place_buffers (self, error);
}

static GstSodTrainPlan *
new_plan (GstSodBackend *backend, const GstSodCompileRequest *request)
{
  GstSodTrainPlan *self = g_new0 (GstSodTrainPlan, 1);

  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->engine = ((GstSodOnednn *) backend)->engine;
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->buffers = g_array_new (FALSE, TRUE, sizeof (GstSodArenaBuffer));
  self->steps = g_ptr_array_new_with_free_func (free_step);
  return self;
}

/* @known: whether the graph is one that these plans know. */
static gboolean
build (GstSodTrainBuilder *self, gboolean *known, GError **error)
{
  GstSodTrainPlan *plan = self->plan;
  guint n = gst_sod_graph_n_values (plan->graph);
  g_autofree guint *n_readers = g_new0 (guint, n);
  g_autofree GstSodTrainView *views = g_new0 (GstSodTrainView, n);
  g_autofree GstSodTrainView *gradients = g_new0 (GstSodTrainView, n);
  g_autofree GstSodTrainView *raws = g_new0 (GstSodTrainView, n);
  g_autofree guint *norms = g_new0 (guint, n);
  g_autofree GstSodTrainView *pooled = g_new0 (GstSodTrainView, n);

  plan->shapes =
      gst_sod_graph_infer_shapes (plan->graph, &self->request->input, error);
  if (plan->shapes == NULL)
    return FALSE;
  plan->base.output = plan->shapes[plan->graph->output];
  self->n_readers = n_readers;
  self->views = views;
  self->gradients = gradients;
  self->raws = raws;
  self->norms = norms;
  self->pooled = pooled;
  *known = gst_sod_train_lower (self);
  return *known && add_steps (self, error);
}

GstSodExecutable *
gst_sod_train_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  g_autoptr (GstSodExecutable) executable = &new_plan (backend, request)->base;
  GstSodTrainBuilder builder = {
    .plan = (GstSodTrainPlan *) executable,
    .request = request,
    .type = request->precision == GST_SOD_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32,
    .n_pending = g_array_new (FALSE, TRUE, sizeof (guint)),
  };
  gint threads = gst_sod_onednn_set_threads ((gint) request->threads);
  gboolean known = TRUE, ok;

  builder.plan->threads = omp_get_max_threads ();
  ok = build (&builder, &known, error);
  gst_sod_onednn_set_threads (threads);
  g_clear_pointer (&builder.nodes, g_array_unref);
  g_array_unref (builder.n_pending);
  return ok ? g_steal_pointer (&executable) : NULL;
}
