/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/packed-private.h>

#define MAX_PLANS 8 /* batches of 1, 2, 4 ... 64, and one between */

typedef struct
{
  guint batch;
  GstSodExecutable *executable;
  GstSodStream *stream;
} Plan;

struct _GstSodPacked
{
  gatomicrefcount ref_count;
  GstSodNetwork *network;
  GstSodPrecision precision;
  GstSodValue output;
  guint n_plans;
  Plan plans[MAX_PLANS]; /* by rising batch */
};

static gboolean
add_plan (GstSodPacked *self, GstSodBackend *backend,
    GstSodCompileRequest *request, guint batch, GError **error)
{
  Plan *plan = &self->plans[self->n_plans];

  request->input.dims[0] = batch;
  request->share = self->n_plans > 0 ? self->plans[0].executable : NULL;
  plan->batch = batch;
  plan->executable = gst_sod_backend_compile (backend, request, error);
  if (plan->executable == NULL)
    return FALSE;
  self->n_plans++;
  plan->stream = gst_sod_executable_open (plan->executable, error);
  return plan->stream != NULL;
}

static gboolean
compile_plans (GstSodPacked *self, GstSodBackend *backend,
    const GstSodPackedLimits *limits, GError **error)
{
  GstSodArchitecture *architecture =
      gst_sod_network_get_architecture (self->network);
  GstSodProgram program = { NULL, NULL };
  g_autofree guint *last_use = NULL;
  GstSodCompileRequest request = {
    .rule = gst_sod_network_get_input_rule (self->network),
    .mode = GST_SOD_MODE_INFER,
    .precision = self->precision,
    .threads = limits->threads,
    .workspace_limit = limits->workspace,
  };
  gboolean ok = TRUE;

  if (!gst_sod_prepare_inference (gst_sod_network_get_graph (self->network),
          gst_sod_network_get_weights (self->network), &program, error))
    return FALSE;
  last_use = gst_sod_graph_last_uses (program.graph, NULL, 0);
  self->output = program.graph->output;
  request.graph = program.graph;
  request.weights = program.weights;
  request.last_use = last_use;
  request.input = gst_sod_shape_nchw (1,
      gst_sod_architecture_get_input_channels (architecture),
      gst_sod_architecture_get_input_height (architecture),
      gst_sod_architecture_get_input_width (architecture));
  for (guint batch = 1; ok && batch < limits->batch; batch *= 2)
    ok = add_plan (self, backend, &request, batch, error);
  if (ok)
    ok = add_plan (self, backend, &request, limits->batch, error);
  gst_sod_program_clear (&program);
  return ok;
}

GstSodPacked *
gst_sod_packed_new (GstSodNetwork *network, GstSodBackend *backend,
    GstSodPrecision precision, const GstSodPackedLimits *limits, GError **error)
{
  g_autoptr (GstSodPacked) self = NULL;

  g_return_val_if_fail (
      limits->batch >= 1 && limits->batch <= GST_SOD_PACKED_MAX_BATCH, NULL);

  self = g_new0 (GstSodPacked, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->network = g_object_ref (network);
  self->precision = precision == GST_SOD_PRECISION_AUTO
                        ? backend->klass->best_precision (backend)
                        : precision;
  if (!compile_plans (self, backend, limits, error))
    return NULL;
  return g_steal_pointer (&self);
}

GstSodPacked *
gst_sod_packed_ref (GstSodPacked *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_sod_packed_unref (GstSodPacked *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_plans; i++) {
    g_clear_pointer (&self->plans[i].stream, gst_sod_stream_free);
    gst_sod_executable_unref (self->plans[i].executable);
  }
  g_object_unref (self->network);
  g_free (self);
}

GstSodNetwork *
gst_sod_packed_get_network (GstSodPacked *self)
{
  return self->network;
}

GstSodPrecision
gst_sod_packed_get_precision (GstSodPacked *self)
{
  return self->precision;
}

guint
gst_sod_packed_get_max_batch (GstSodPacked *self)
{
  return self->plans[self->n_plans - 1].batch;
}

GstSodStream *
gst_sod_packed_get_stream (GstSodPacked *self, guint n)
{
  guint i = 0;

  while (i + 1 < self->n_plans && self->plans[i].batch < n)
    i++;
  return self->plans[i].stream;
}

GstSodExecutable *
gst_sod_packed_get_executable (GstSodPacked *self)
{
  return self->plans[0].executable;
}

GstSodValue
gst_sod_packed_get_output (GstSodPacked *self)
{
  return self->output;
}
