/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compilation of a graph for training. */
#include <gst-sod/backend/cuda/train-private.h>

static void
free_step (gpointer data)
{
  GstSodCudaTrainStep *self = data;

  g_free (self->name);
  g_clear_pointer (&self->conv, gst_sod_cuda_conv_free);
  g_free (self);
}

static void
free_plan (GstSodExecutable *executable)
{
  GstSodCudaTrainPlan *self = (GstSodCudaTrainPlan *) executable;

  g_ptr_array_unref (self->steps);
  g_array_unref (self->buffers);
  g_free (self->shapes);
  gst_sod_graph_unref (self->graph);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodCudaTrainPlan *self = (GstSodCudaTrainPlan *) executable;
  gchar **lines = g_new0 (gchar *, self->steps->len + 1);

  for (guint i = 0; i < self->steps->len; i++) {
    const GstSodCudaTrainStep *step = g_ptr_array_index (self->steps, i);

    lines[i] =
        g_strdup_printf ("%s%s %s", step->name, i < self->n_forward ? "" : "'",
            step->conv != NULL ? gst_sod_cuda_conv_get_name (step->conv)
                               : step->impl);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_cuda_train_open,
  .describe = describe,
};

/* ---- buffers ---- */

guint
gst_sod_cuda_train_add_buffer (GstSodCudaTrainBuilder *self, gsize size)
{
  GstSodArenaBuffer buffer = {
    .size = size,
    .first_use = G_MAXUINT,
    .alias_of = GST_SOD_ARENA_OWN,
  };

  g_array_append_val (self->plan->buffers, buffer);
  return self->plan->buffers->len - 1;
}

GstSodCudaTrainView
gst_sod_cuda_train_add_view (GstSodCudaTrainBuilder *self,
    const GstSodShape *shape, GstSodCudaType type, gint pitch)
{
  const gint pad = GST_SOD_CUDA_TRAIN_PAD;
  GstSodCudaTrainView view = {
    .there = TRUE,
    .n = (gint) shape->dims[0],
    .h = (gint) shape->dims[2],
    .w = (gint) shape->dims[3],
    .c = (gint) shape->dims[1],
    .pitch = pitch > 0 ? pitch : ((gint) shape->dims[1] + pad - 1) / pad * pad,
    .type = type,
  };

  view.buffer = gst_sod_cuda_train_add_buffer (
      self, (gsize) view.n * (gsize) view.h * (gsize) view.w
                * (gsize) view.pitch * gst_sod_cuda_type_size (type));
  return view;
}

GstSodCudaTrainView
gst_sod_cuda_train_slice (const GstSodCudaTrainView *view, gint first, gint c)
{
  GstSodCudaTrainView slice = *view;

  slice.first += first;
  slice.c = c;
  return slice;
}

gboolean
gst_sod_cuda_train_is_aligned (const GstSodCudaTrainView *view)
{
  gsize size = gst_sod_cuda_type_size (view->type);

  return (gsize) view->first * size % GST_SOD_CUDA_CONV_ALIGNMENT == 0
         && (gsize) view->pitch * size % GST_SOD_CUDA_CONV_ALIGNMENT == 0;
}

static void
use_buffer (GstSodCudaTrainBuilder *self, guint index)
{
  GstSodArenaBuffer *buffer =
      &g_array_index (self->plan->buffers, GstSodArenaBuffer, index);

  buffer->first_use = MIN (buffer->first_use, self->time);
  buffer->last_use = MAX (buffer->last_use, self->time);
}

/* ---- steps ---- */

GstSodCudaTrainStep *
gst_sod_cuda_train_add_step (GstSodCudaTrainBuilder *self, const gchar *impl,
    GstSodCudaTrainStepFunc run)
{
  GstSodCudaTrainStep *step = g_new0 (GstSodCudaTrainStep, 1);

  step->name = g_strdup (self->node->node->name);
  step->impl = impl;
  step->run = run;
  step->buffer = GST_SOD_CUDA_TRAIN_NO_BUFFER;
  self->time = self->plan->steps->len;
  g_ptr_array_add (self->plan->steps, step);
  return step;
}

void
gst_sod_cuda_train_set_view (GstSodCudaTrainBuilder *self,
    GstSodCudaTrainStep *step, guint index, const GstSodCudaTrainView *view)
{
  g_assert (index < GST_SOD_CUDA_TRAIN_VIEWS);
  if (view == NULL || !view->there)
    return;
  step->views[index] = *view;
  use_buffer (self, view->buffer);
}

void
gst_sod_cuda_train_set_buffer (
    GstSodCudaTrainBuilder *self, GstSodCudaTrainStep *step, guint buffer)
{
  step->buffer = buffer;
  use_buffer (self, buffer);
}

void
gst_sod_cuda_train_need_workspace (GstSodCudaTrainBuilder *self, gsize size)
{
  self->plan->base.workspace_size = MAX (self->plan->base.workspace_size, size);
}

GstSodCudaView
gst_sod_cuda_train_get_view (
    const GstSodCudaTrainRun *run, const GstSodCudaTrainView *view)
{
  if (!view->there)
    return (GstSodCudaView){ NULL };
  return (GstSodCudaView){
    .data = (guint8 *) gst_sod_cuda_train_get_buffer (run, view->buffer)
            + (gsize) view->first * gst_sod_cuda_type_size (view->type),
    .type = view->type,
    .n = view->n,
    .h = view->h,
    .w = view->w,
    .c = view->c,
    .stride = view->pitch,
  };
}

static gboolean
run_copy (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView from = gst_sod_cuda_train_get_view (run, &step->views[0]);
  GstSodCudaView to = gst_sod_cuda_train_get_view (run, &step->views[1]);

  gst_sod_cuda_kernel_copy (run->stream, &from, &to);
  return TRUE;
}

void
gst_sod_cuda_train_add_copy (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *from, const GstSodCudaTrainView *to)
{
  GstSodCudaTrainStep *step =
      gst_sod_cuda_train_add_step (self, "copy", run_copy);

  gst_sod_cuda_train_set_view (self, step, 0, from);
  gst_sod_cuda_train_set_view (self, step, 1, to);
}

/* ---- the input and the output ---- */

static gboolean
run_read (const GstSodCudaTrainStep *step, const GstSodCudaTrainRun *run,
    GError **error)
{
  GstSodCudaView to = gst_sod_cuda_train_get_view (run, &step->views[0]);

  gst_sod_cuda_kernel_from_planes (run->stream, run->input, step->c_in, &to);
  return TRUE;
}

/* Channels up to the pitch are zeros. */
static void
add_input (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainView view = self->views[self->plan->graph->input];
  GstSodCudaTrainStep *step;

  self->node = gst_sod_train_nodes_get (self->nodes, 0);
  step = gst_sod_cuda_train_add_step (self, "from-planes", run_read);
  step->c_in = view.c;
  view.c = view.pitch;
  gst_sod_cuda_train_set_view (self, step, 0, &view);
}

/* The output where the loss reads it: at least from the last forward step to
 * the first backward one, as its gradient. */
static void
add_output (GstSodCudaTrainBuilder *self)
{
  GstSodCudaTrainPlan *plan = self->plan;
  GstSodValue output = plan->graph->output;
  const GstSodCudaTrainView *view = &self->views[output];
  gint c = view->c;

  plan->output = *view;
  if (view->type != GST_SOD_CUDA_F32 || view->pitch != c || view->first != 0) {
    plan->output = gst_sod_cuda_train_add_view (
        self, &plan->shapes[output], GST_SOD_CUDA_F32, c);
    gst_sod_cuda_train_add_copy (self, view, &plan->output);
  }
  plan->d_output = gst_sod_cuda_train_add_view (
      self, &plan->shapes[output], GST_SOD_CUDA_F32, c);
  self->time = plan->steps->len;
  use_buffer (self, plan->output.buffer);
  use_buffer (self, plan->d_output.buffer);
  self->gradients[output] = plan->d_output;
}

/* ---- compilation ---- */

static gboolean
place_buffers (GstSodCudaTrainBuilder *self, GError **error)
{
  GstSodCudaTrainPlan *plan = self->plan;
  GstSodArenaBuffer *buffers = (GstSodArenaBuffer *) plan->buffers->data;

  for (guint i = 0; i < plan->buffers->len; i++) {
    if (buffers[i].first_use == G_MAXUINT)
      buffers[i].size = buffers[i].first_use = buffers[i].last_use = 0;
    /* Each begins where the device's memory likes it. */
    buffers[i].size = (buffers[i].size + 255) / 256 * 256;
  }
  return gst_sod_arena_plan (
      buffers, plan->buffers->len, &plan->base.arena_size, error);
}

static gboolean
add_steps (GstSodCudaTrainBuilder *self, GError **error)
{
  GstSodCudaTrainPlan *plan = self->plan;
  GArray *nodes = self->nodes;

  add_input (self);
  for (guint i = 0; i < nodes->len; i++) {
    self->node = gst_sod_train_nodes_get (nodes, i);
    if (self->node->kind != GST_SOD_TRAIN_DEAD
        && !gst_sod_cuda_train_add_forward (self, error))
      return FALSE;
  }
  add_output (self);
  plan->n_forward = plan->steps->len;
  for (guint i = nodes->len; i-- > 0;) {
    self->node = gst_sod_train_nodes_get (nodes, i);
    if (self->node->kind != GST_SOD_TRAIN_DEAD
        && !gst_sod_cuda_train_add_backward (self, error))
      return FALSE;
  }
  return place_buffers (self, error);
}

/* Sizes are ints to the device, and each activation has fewer than 2^31
 * elements. */
static gboolean
check_sizes (const GstSodCudaTrainPlan *self, GError **error)
{
  for (guint i = 0; i < gst_sod_graph_n_values (self->graph); i++) {
    g_autofree gchar *text = NULL;
    gsize count = 0;

    if (gst_sod_shape_count (&self->shapes[i], &count)
        && count <= G_MAXINT / GST_SOD_CUDA_TRAIN_PAD)
      continue;
    text = gst_sod_shape_to_string (&self->shapes[i]);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "a value of shape %s is larger than the CUDA back end trains on; use a "
        "smaller input or batch",
        text);
    return FALSE;
  }
  return TRUE;
}

/* One convolution reads the input: its gradient goes to the caller. */
static gboolean
check_input (GArray *nodes, GstSodValue input)
{
  guint n_readers = 0;

  for (guint i = 0; i < nodes->len; i++) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (nodes, i);

    for (guint j = 0; node->kind != GST_SOD_TRAIN_DEAD && j < node->n_inputs;
         j++) {
      if (node->inputs[j] != input)
        continue;
      if (node->kind != GST_SOD_TRAIN_UNIT && node->kind != GST_SOD_TRAIN_CONV)
        return FALSE;
      n_readers++;
    }
  }
  return n_readers == 1;
}

static gboolean
build (GstSodCudaTrainBuilder *self, GError **error)
{
  guint n = gst_sod_graph_n_values (self->plan->graph);
  g_autofree GstSodCudaTrainView *views =
      g_new0 (GstSodCudaTrainView, 4 * (gsize) n);
  g_autofree guint *buffers = g_new0 (guint, 2 * (gsize) n);

  self->views = views;
  self->gradients = views + n;
  self->raws = views + 2 * n;
  self->reads = views + 3 * n;
  self->weights = buffers;
  self->norms = buffers + n;
  gst_sod_cuda_train_place_values (self);
  return add_steps (self, error);
}

static GstSodCudaTrainPlan *
new_plan (GstSodBackend *backend, const GstSodCompileRequest *request)
{
  GstSodCudaTrainPlan *self = g_new0 (GstSodCudaTrainPlan, 1);

  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->device = gst_sod_cuda_backend_get_device (backend);
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->buffers = g_array_new (FALSE, TRUE, sizeof (GstSodArenaBuffer));
  self->steps = g_ptr_array_new_with_free_func (free_step);
  self->scales_loss = request->precision == GST_SOD_PRECISION_F16;
  return self;
}

GstSodExecutable *
gst_sod_cuda_train_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  GstSodCudaTrainPlan *plan = new_plan (backend, request);
  g_autoptr (GstSodExecutable) executable = &plan->base;
  g_autoptr (GArray) nodes = NULL;
  GstSodCudaTrainBuilder builder = {
    .plan = plan,
    .request = request,
    .type = gst_sod_cuda_type_of (request->precision),
  };

  plan->shapes =
      gst_sod_graph_infer_shapes (plan->graph, &request->input, error);
  if (plan->shapes == NULL)
    return NULL;
  plan->base.output = plan->shapes[plan->graph->output];
  nodes = gst_sod_train_nodes_new (request, plan->shapes);
  if (nodes == NULL || !check_input (nodes, plan->graph->input)
      || !check_sizes (plan, error))
    return NULL;
  builder.nodes = nodes;
  return build (&builder, error) ? g_steal_pointer (&executable) : NULL;
}
