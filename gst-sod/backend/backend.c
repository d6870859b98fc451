/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/backend-private.h>

#include <gst-sod/backend/module-private.h>

#include <gst-sod/config.h>

/* ---- registry ---- */

/* Those that are part of the library, all for the CPU. */
static GstSodBackend *const *
list_built_in (void)
{
  static GstSodBackend *list[3];
  static gsize initialised = 0;

  if (g_once_init_enter (&initialised)) {
    guint n = 0;

#if HAVE_ONEDNN
    list[n++] = gst_sod_onednn_backend ();
#endif
    list[n++] = gst_sod_ref_backend ();
    list[n] = NULL;
    g_once_init_leave (&initialised, 1);
  }
  return list;
}

/* The first GPU's, asked for once. */
typedef struct
{
  GstSodBackend *backend;
  gchar *reason; /* why there is none */
} FirstGpu;

static const FirstGpu *
get_first_gpu (void)
{
  static FirstGpu gpu;
  static gsize initialised = 0;

  if (g_once_init_enter (&initialised)) {
    g_autoptr (GError) error = NULL;
    const GstSodModule *module = gst_sod_module_get (&error);

    if (module != NULL && module->count (&error) > 0)
      gpu.backend = module->get (0, &error);
    if (gpu.backend == NULL)
      gpu.reason = g_strdup (error->message);
    g_once_init_leave (&initialised, 1);
  }
  return &gpu;
}

GstSodBackend *const *
gst_sod_backend_list (void)
{
  static GstSodBackend *list[4];
  static gsize initialised = 0;

  if (g_once_init_enter (&initialised)) {
    GstSodBackend *const *built_in = list_built_in ();
    guint n = 0;

    if (get_first_gpu ()->backend != NULL)
      list[n++] = get_first_gpu ()->backend;
    for (guint i = 0; built_in[i] != NULL; i++)
      list[n++] = built_in[i];
    list[n] = NULL;
    g_once_init_leave (&initialised, 1);
  }
  return list;
}

static GstSodBackend *
find_by_name (GstSodBackend *const *list, const gchar *name)
{
  for (guint i = 0; list[i] != NULL; i++) {
    if (g_str_equal (list[i]->klass->name, name))
      return list[i];
  }
  return NULL;
}

GstSodBackend *
gst_sod_backend_get (const gchar *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  GstSodBackend *const *list;
  GstSodBackend *found;

  g_return_val_if_fail (name != NULL, NULL);

  /* Those of the CPU need not ask for a GPU. */
  found = find_by_name (list_built_in (), name);
  if (found == NULL)
    found = find_by_name (gst_sod_backend_list (), name);
  if (found != NULL)
    return found;
  list = gst_sod_backend_list ();
  for (guint i = 0; list[i] != NULL; i++)
    g_string_append_printf (
        names, "%s%s", i > 0 ? ", " : "", list[i]->klass->name);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "there is no back end \"%s\" on this machine; it has: %s", name,
      names->str);
  return NULL;
}

/* Whether @device is "cuda" or "cuda:N", N in plain decimal. */
static gboolean
parse_cuda (const gchar *device, guint64 *index)
{
  *index = 0;
  if (g_str_equal (device, "cuda"))
    return TRUE;
  return g_str_has_prefix (device, "cuda:")
         && g_ascii_string_to_unsigned (
             device + strlen ("cuda:"), 10, 0, G_MAXINT, index, NULL);
}

static GstSodBackend *
find_gpu (const gchar *device, guint index, gpointer context, GError **error)
{
  g_autoptr (GError) reason = NULL;
  const GstSodModule *module = gst_sod_module_get (&reason);
  guint n = module != NULL ? module->count (&reason) : 0;

  if (n > 0 && index < n) {
    GstSodBackend *backend = context == NULL
                                 ? module->get (index, &reason)
                                 : module->get_in (index, context, &reason);

    if (backend != NULL)
      return backend;
  }
  if (reason != NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "device \"%s\" was asked for, but %s; or use device=auto or "
        "device=cpu",
        device, reason->message);
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "device \"%s\" was asked for, but there %s %u GPU%s, from cuda:0; use "
        "one of them, device=auto or device=cpu",
        device, n == 1 ? "is" : "are", n, n == 1 ? "" : "s");
  return NULL;
}

static void
set_error_no_device (const gchar *device, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "\"%s\" is no device; use \"auto\", \"cpu\", \"cuda\" or \"cuda:N\", N "
      "being the number of a GPU from 0",
      device);
}

GstSodBackend *
gst_sod_backend_for_context (
    const gchar *device, gpointer context, gchar **resolved, GError **error)
{
  GstSodBackend *backend;
  guint64 index;

  g_return_val_if_fail (device != NULL, NULL);

  if (!parse_cuda (device, &index)) {
    set_error_no_device (device, error);
    return NULL;
  }
  backend = find_gpu (device, (guint) index, context, error);
  if (backend != NULL && resolved != NULL)
    *resolved = g_strdup_printf ("cuda:%" G_GUINT64_FORMAT, index);
  return backend;
}

static GstSodBackend *
find_best (gchar **resolved)
{
  const FirstGpu *gpu = get_first_gpu ();

  if (resolved != NULL)
    *resolved = g_strdup (gpu->backend != NULL ? "cuda:0" : "cpu");
  return gpu->backend != NULL ? gpu->backend : list_built_in ()[0];
}

GstSodBackend *
gst_sod_backend_for_device (
    const gchar *device, gchar **resolved, GError **error)
{
  g_return_val_if_fail (device != NULL, NULL);

  if (g_str_equal (device, "auto"))
    return find_best (resolved);
  if (g_str_equal (device, "cpu")) {
    if (resolved != NULL)
      *resolved = g_strdup ("cpu");
    return list_built_in ()[0];
  }
  return gst_sod_backend_for_context (device, NULL, resolved, error);
}

const gchar *
gst_sod_backend_get_auto_reason (void)
{
  return get_first_gpu ()->reason;
}

/* ---- calling through the seam ---- */

/* A table of weights and the first that does not fit. */
typedef struct
{
  GHashTable *weights;
  GstSodDType dtype;
  gboolean trained; /* only params that are trained are looked at */
  GError *error;
} WeightCheck;

static void
check_weight (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  WeightCheck *check = data;
  const GstSodTensor *tensor = g_hash_table_lookup (check->weights, full_name);
  g_autofree gchar *expected = NULL, *found = NULL;

  if (check->error != NULL || (check->trained && !param->trainable)
      || (tensor != NULL && gst_sod_tensor_get_dtype (tensor) == check->dtype
          && gst_sod_shape_equal (gst_sod_tensor_get_shape (tensor), shape)))
    return;
  expected = gst_sod_shape_to_string (shape);
  if (tensor != NULL)
    found = gst_sod_shape_to_string (gst_sod_tensor_get_shape (tensor));
  g_set_error (&check->error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the graph takes a weight \"%s\" of %s and shape %s, the weights hold "
      "%s%s%s; use the weights that belong to it",
      full_name, gst_sod_dtype_name (check->dtype), expected,
      tensor != NULL ? gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor))
                     : "none",
      tensor != NULL ? " of shape " : "", tensor != NULL ? found : "");
}

gboolean
gst_sod_graph_check_weights (const GstSodGraph *graph,
    const GstSodShape *shapes, GHashTable *weights, GstSodDType dtype,
    gboolean trained, GError **error)
{
  WeightCheck check = { weights, dtype, trained, NULL };

  gst_sod_graph_foreach_param (graph, shapes, check_weight, &check);
  if (check.error == NULL)
    return TRUE;
  g_propagate_error (error, check.error);
  return FALSE;
}

/* What holds for every back end: shapes fit, and each weight is there. */
static gboolean
check_graph (const GstSodCompileRequest *request, GError **error)
{
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (request->graph, &request->input, error);

  return shapes != NULL
         && gst_sod_graph_check_weights (request->graph, shapes,
             request->weights, request->dtype, FALSE, error);
}

GstSodExecutable *
gst_sod_backend_compile (
    GstSodBackend *self, const GstSodCompileRequest *request, GError **error)
{
  g_return_val_if_fail (request->precision != GST_SOD_PRECISION_AUTO, NULL);
  g_return_val_if_fail (request->input.n_dims == 4, NULL);
  g_return_val_if_fail (request->dtype == GST_SOD_DTYPE_F32
                            || (request->dtype == GST_SOD_DTYPE_F64
                                && request->mode == GST_SOD_MODE_TRAIN),
      NULL);

  if (!self->klass->check_precision (self, request->precision, error)
      || !check_graph (request, error))
    return NULL;
  return self->klass->compile (self, request, error);
}

void
gst_sod_executable_init (GstSodExecutable *self,
    const GstSodExecutableClass *klass, GstSodBackend *backend,
    const GstSodCompileRequest *request)
{
  self->klass = klass;
  g_atomic_ref_count_init (&self->ref_count);
  self->backend = backend;
  self->precision = request->precision;
  self->input = request->input;
}

GstSodExecutable *
gst_sod_executable_ref (GstSodExecutable *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_sod_executable_unref (GstSodExecutable *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    self->klass->free (self);
}

GstSodStream *
gst_sod_executable_open (GstSodExecutable *self, GError **error)
{
  GstSodStream *stream = self->klass->open (self, error);

  if (stream != NULL)
    stream->executable = gst_sod_executable_ref (self);
  return stream;
}

void
gst_sod_stream_free (GstSodStream *self)
{
  GstSodExecutable *executable = self->executable;

  self->klass->free (self);
  gst_sod_executable_unref (executable);
}
