/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/onednn-private.h>

#include <string.h>

gboolean
gst_sod_onednn_check (dnnl_status_t status, const gchar *call, GError **error)
{
  GstSodError code = GST_SOD_ERROR_BACKEND;
  gsize length = strcspn (call, " ("); /* its name, without the arguments */

  if (status == dnnl_success)
    return TRUE;
  if (status == dnnl_out_of_memory)
    code = GST_SOD_ERROR_NO_MEMORY;
  else if (status == dnnl_unimplemented)
    code = GST_SOD_ERROR_UNSUPPORTED;
  g_set_error (error, GST_SOD_ERROR, code,
      "oneDNN %d.%d: %.*s answered \"%s\" (instruction set %s)",
      dnnl_version ()->major, dnnl_version ()->minor, (int) length, call,
      dnnl_status2str (status),
      dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()));
  return FALSE;
}

dnnl_data_type_t
gst_sod_onednn_type (GstSodDType dtype)
{
  switch (dtype) {
    case GST_SOD_DTYPE_F32:
      return dnnl_f32;
    case GST_SOD_DTYPE_BF16:
      return dnnl_bf16;
    default:
      return dnnl_data_type_undef;
  }
}

const gchar *
gst_sod_onednn_impl (const_dnnl_primitive_desc_t pd)
{
  const char *name = NULL;

  dnnl_primitive_desc_query (pd, dnnl_query_impl_info_str, 0, (void *) &name);
  return name != NULL ? name : "unknown";
}

gboolean
gst_sod_onednn_fuse (
    dnnl_primitive_attr_t *attr, gboolean sum, gboolean relu, GError **error)
{
  dnnl_post_ops_t ops = NULL;
  gboolean ok;

  *attr = NULL;
  ok = GST_SOD_ONEDNN_CHECK (dnnl_primitive_attr_create (attr), error)
       && GST_SOD_ONEDNN_CHECK (dnnl_post_ops_create (&ops), error)
       && (!sum || GST_SOD_ONEDNN_CHECK (compat_append_sum (ops), error))
       && (!relu
           || GST_SOD_ONEDNN_CHECK (
               compat_append_eltwise (ops, dnnl_eltwise_relu), error))
       && GST_SOD_ONEDNN_CHECK (
           dnnl_primitive_attr_set_post_ops (*attr, ops), error);
  if (ops != NULL)
    dnnl_post_ops_destroy (ops);
  if (!ok && *attr != NULL)
    dnnl_primitive_attr_destroy (g_steal_pointer (attr));
  return ok;
}

static gboolean
run_reorder (dnnl_engine_t engine, dnnl_primitive_t reorder, dnnl_memory_t from,
    dnnl_memory_t to, GError **error)
{
  dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
  dnnl_stream_t stream = NULL;
  gboolean ok;

  if (!GST_SOD_ONEDNN_CHECK (
          dnnl_stream_create (&stream, engine, dnnl_stream_default_flags),
          error))
    return FALSE;
  ok = GST_SOD_ONEDNN_CHECK (
           dnnl_primitive_execute (reorder, stream, G_N_ELEMENTS (args), args),
           error)
       && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (stream), error);
  dnnl_stream_destroy (stream);
  return ok;
}

gboolean
gst_sod_onednn_reorder (dnnl_engine_t engine, DnnlConstDesc from,
    gconstpointer source, DnnlConstDesc to, gpointer target, GError **error)
{
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_memory_t memory[2] = { NULL, NULL };
  gboolean ok;

  ok =
      GST_SOD_ONEDNN_CHECK (dnnl_reorder_primitive_desc_create (
                                &pd, from, engine, to, engine, NULL),
          error)
      && GST_SOD_ONEDNN_CHECK (dnnl_primitive_create (&reorder, pd), error)
      && GST_SOD_ONEDNN_CHECK (
          dnnl_memory_create (&memory[0], from, engine, (void *) source), error)
      && GST_SOD_ONEDNN_CHECK (
          dnnl_memory_create (&memory[1], to, engine, target), error)
      && run_reorder (engine, reorder, memory[0], memory[1], error);
  for (guint i = 0; i < G_N_ELEMENTS (memory); i++) {
    if (memory[i] != NULL)
      dnnl_memory_destroy (memory[i]);
  }
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  if (pd != NULL)
    dnnl_primitive_desc_destroy (pd);
  return ok;
}

/* ---- the back end ---- */

static GstSodPrecision
best_precision (GstSodBackend *self)
{
  return compat_has_bf16 () ? GST_SOD_PRECISION_BF16 : GST_SOD_PRECISION_F32;
}

static gboolean
check_precision (GstSodBackend *self, GstSodPrecision precision, GError **error)
{
  switch (precision) {
    case GST_SOD_PRECISION_AUTO:
    case GST_SOD_PRECISION_F32:
      return TRUE;
    case GST_SOD_PRECISION_BF16:
      if (compat_has_bf16 ())
        return TRUE;
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "precision bf16 needs a CPU with avx512_core_bf16 or AMX; oneDNN "
          "found %s (or ONEDNN_MAX_CPU_ISA limits it); use precision=auto or "
          "precision=f32",
          dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()));
      return FALSE;
    default:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"onednn\" has no precision %s on this CPU; use "
          "precision=auto, f32 or bf16",
          gst_sod_precision_name (precision));
      return FALSE;
  }
}

static const GstSodOpKernel *
get_op (GstSodBackend *self, GstSodOpKind kind)
{
  static const GstSodOpKernel *const kernels[GST_SOD_N_OPS] = {
    [GST_SOD_OP_CONV2D] = &gst_sod_onednn_conv2d,
    [GST_SOD_OP_BATCH_NORM] = &gst_sod_onednn_batch_norm,
    [GST_SOD_OP_RELU] = &gst_sod_onednn_relu,
    [GST_SOD_OP_SIGMOID] = &gst_sod_onednn_sigmoid,
    [GST_SOD_OP_TANH] = &gst_sod_onednn_tanh,
    [GST_SOD_OP_MAX_POOL] = &gst_sod_onednn_max_pool,
    [GST_SOD_OP_AVG_POOL] = &gst_sod_onednn_avg_pool,
    [GST_SOD_OP_UPSAMPLE] = &gst_sod_onednn_upsample,
    [GST_SOD_OP_CONCAT] = &gst_sod_onednn_concat,
    [GST_SOD_OP_ADD] = &gst_sod_onednn_add,
  };

  return kernels[kind];
}

static gchar *
describe_libraries (void)
{
  const dnnl_version_t *version = dnnl_version ();

  return g_strdup_printf ("oneDNN %d.%d.%d (%s)", version->major,
      version->minor, version->patch,
      dnnl_cpu_isa2str (dnnl_get_effective_cpu_isa ()));
}

static const GstSodBackendClass onednn_class = {
  .name = "onednn",
  .device = "cpu",
  .describe_libraries = describe_libraries,
  .best_precision = best_precision,
  .check_precision = check_precision,
  .op = get_op,
  .compile = gst_sod_onednn_compile,
};

GstSodBackend *
gst_sod_onednn_backend (void)
{
  static GstSodOnednn backend = { { &onednn_class }, NULL };
  static gsize initialised = 0;

  if (g_once_init_enter (&initialised)) {
    if (dnnl_engine_create (&backend.engine, dnnl_cpu, 0) != dnnl_success)
      backend.engine = NULL;
    g_once_init_leave (&initialised, 1);
  }
  return &backend.base;
}
