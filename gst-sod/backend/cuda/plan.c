/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compilation of a graph for inference: channels innermost, a place for each
 * value, one launch or none a node. */
#include <gst-sod/backend/cuda/plan-private.h>

static void
free_plan (GstSodExecutable *executable)
{
  GstSodCudaPlan *self = (GstSodCudaPlan *) executable;

  g_ptr_array_unref (self->steps);
  g_free (self->shapes);
  g_free (self->values);
  g_free (self->places);
  gst_sod_cuda_store_unref (self->store);
  gst_sod_graph_unref (self->graph);
  g_free (self);
}

static gchar **
describe (GstSodExecutable *executable)
{
  GstSodCudaPlan *self = (GstSodCudaPlan *) executable;
  gchar **lines = g_new0 (gchar *, self->steps->len + 1);

  for (guint i = 0; i < self->steps->len; i++) {
    const GstSodCudaStep *step = g_ptr_array_index (self->steps, i);

    lines[i] = g_strdup_printf ("%s %s", step->name, step->impl);
  }
  return lines;
}

static const GstSodExecutableClass plan_class = {
  .free = free_plan,
  .open = gst_sod_cuda_plan_open,
  .describe = describe,
};

static GstSodCudaPlan *
new_plan (GstSodBackend *backend, const GstSodCompileRequest *request)
{
  GstSodCudaPlan *self = g_new0 (GstSodCudaPlan, 1);

  gst_sod_executable_init (&self->base, &plan_class, backend, request);
  self->device = gst_sod_cuda_backend_get_device (backend);
  self->graph = gst_sod_graph_ref ((GstSodGraph *) request->graph);
  self->rule = *request->rule;
  self->type = gst_sod_cuda_type_of (request->precision);
  self->steps = g_ptr_array_new_with_free_func (gst_sod_cuda_step_free);
  self->store = request->share != NULL ? gst_sod_cuda_store_ref (
                    ((GstSodCudaPlan *) request->share)->store)
                                       : gst_sod_cuda_store_new (self->device);
  return self;
}

GstSodExecutable *
gst_sod_cuda_plan_compile (
    GstSodBackend *backend, const GstSodCompileRequest *request, GError **error)
{
  GstSodCudaPlan *self = new_plan (backend, request);
  g_autoptr (GstSodExecutable) executable = &self->base;
  guint n_values = gst_sod_graph_n_values (self->graph);
  g_autofree guint *last_use =
      g_memdup2 (request->last_use, n_values * sizeof *last_use);

  self->shapes =
      gst_sod_graph_infer_shapes (self->graph, &request->input, error);
  if (self->shapes == NULL || !gst_sod_cuda_plan_place (self, last_use, error))
    return NULL;
  for (guint i = 0; i < self->graph->nodes->len; i++) {
    if (!gst_sod_cuda_plan_add_node (self, i, request, error))
      return NULL;
  }
  self->base.output = self->shapes[self->graph->output];
  self->base.weights_size = gst_sod_cuda_store_get_size (self->store);
  return g_steal_pointer (&executable);
}
