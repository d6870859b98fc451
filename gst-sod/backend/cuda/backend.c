/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/masters-private.h>
#include <gst-sod/backend/cuda/op-private.h>
#include <gst-sod/backend/cuda/plan-private.h>
#include <gst-sod/backend/cuda/train-private.h>
#include <gst-sod/backend/op-plan-private.h>

GstSodCudaType
gst_sod_cuda_type_of (GstSodPrecision precision)
{
  switch (precision) {
    case GST_SOD_PRECISION_F16:
      return GST_SOD_CUDA_F16;
    case GST_SOD_PRECISION_BF16:
      return GST_SOD_CUDA_BF16;
    default:
      return GST_SOD_CUDA_F32;
  }
}

gboolean
gst_sod_cuda_archs_run (const gchar *archs, gint major, gint minor)
{
  g_auto (GStrv) list = g_strsplit (archs, ";", -1);
  guint64 newest = 0;

  for (guint i = 0; list[i] != NULL; i++) {
    guint64 arch = g_ascii_strtoull (list[i], NULL, 10);

    /* Machine code runs on later minor revisions of its own generation. */
    if (arch / 10 == (guint64) major && arch % 10 <= (guint64) minor)
      return TRUE;
    newest = arch;
  }
  return newest > 0 && newest <= (guint64) (major * 10 + minor);
}

/* ---- the back end ---- */

static GstSodPrecision
best_precision (GstSodBackend *self)
{
  return GST_SOD_PRECISION_F16;
}

static gboolean
check_precision (GstSodBackend *self, GstSodPrecision precision, GError **error)
{
  const GstSodCudaInfo *info =
      gst_sod_cuda_device_get_info (gst_sod_cuda_backend_get_device (self));

  switch (precision) {
    case GST_SOD_PRECISION_AUTO:
    case GST_SOD_PRECISION_F32:
    case GST_SOD_PRECISION_F16:
      return TRUE;
    case GST_SOD_PRECISION_BF16:
    case GST_SOD_PRECISION_TF32:
      if (info->major >= 8)
        return TRUE;
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "precision %s needs a GPU of compute capability 8.0, %s has %d.%d; "
          "use precision=auto, f16 or f32",
          gst_sod_precision_name (precision), info->name, info->major,
          info->minor);
      return FALSE;
    default:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"%s\" has no precision %s; use precision=auto, f16, bf16, "
          "tf32 or f32",
          self->klass->name, gst_sod_precision_name (precision));
      return FALSE;
  }
}

static const GstSodOpKernel *
get_op (GstSodBackend *self, GstSodOpKind kind)
{
  return gst_sod_cuda_ops[kind];
}

/* bf16 has f32's range: nothing has to be scaled. */
static GstSodPrecision
best_training_precision (GstSodBackend *self)
{
  return GST_SOD_PRECISION_BF16;
}

/* Graphs that the training plans do not know are run by the single ops. */
static GstSodExecutable *
compile_training (
    GstSodBackend *self, const GstSodCompileRequest *request, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSodExecutable *executable;

  if (request->dtype != GST_SOD_DTYPE_F32) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "back end \"%s\" trains weights of f32, not of %s; use the back end "
        "\"ref\"",
        self->klass->name, gst_sod_dtype_name (request->dtype));
    return NULL;
  }
  executable = gst_sod_cuda_train_compile (self, request, &failure);
  if (executable != NULL)
    return executable;
  if (failure == NULL)
    return gst_sod_op_plan_compile (self, request, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static GstSodExecutable *
compile (
    GstSodBackend *self, const GstSodCompileRequest *request, GError **error)
{
  return request->mode == GST_SOD_MODE_INFER
             ? gst_sod_cuda_plan_compile (self, request, error)
             : compile_training (self, request, error);
}

static const GstSodBackendClass cuda_class = {
  .device = "cuda",
  .describe_libraries = gst_sod_cuda_describe_libraries,
  .best_precision = best_precision,
  .best_training_precision = best_training_precision,
  .check_precision = check_precision,
  .op = get_op,
  .compile = compile,
  .open_masters = gst_sod_cuda_open_masters,
};

GstSodBackend *
gst_sod_cuda_backend_get (const gchar *name, GstSodCudaDevice *device)
{
  static GMutex lock;
  static GHashTable *backends; /* device -> GstSodCudaBackend */
  GstSodCudaBackend *self;

  g_mutex_lock (&lock);
  if (backends == NULL)
    backends = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (backends, device);
  if (self == NULL) {
    self = g_new0 (GstSodCudaBackend, 1);
    self->klass = cuda_class;
    self->klass.name = name;
    self->base.klass = &self->klass;
    self->device = device;
    g_hash_table_insert (backends, device, self);
  }
  g_mutex_unlock (&lock);
  return &self->base;
}
