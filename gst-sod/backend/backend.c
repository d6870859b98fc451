/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/backend-private.h>

#include <gst-sod/config.h>

/* ---- registry ---- */

GstSodBackend *const *
gst_sod_backend_list (void)
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

GstSodBackend *
gst_sod_backend_get (const gchar *name, GError **error)
{
  GstSodBackend *const *list = gst_sod_backend_list ();
  g_autoptr (GString) names = g_string_new (NULL);

  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; list[i] != NULL; i++) {
    if (g_str_equal (list[i]->klass->name, name))
      return list[i];
    g_string_append_printf (
        names, "%s%s", i > 0 ? ", " : "", list[i]->klass->name);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "there is no back end \"%s\" in this build; it has: %s", name,
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
find_for_kind (const gchar *kind)
{
  GstSodBackend *const *list = gst_sod_backend_list ();

  for (guint i = 0; list[i] != NULL; i++) {
    if (g_str_equal (list[i]->klass->device, kind))
      return list[i];
  }
  return NULL;
}

GstSodBackend *
gst_sod_backend_for_device (
    const gchar *device, gchar **resolved, GError **error)
{
  GstSodBackend *backend;
  guint64 index;
  gboolean is_cuda;

  g_return_val_if_fail (device != NULL, NULL);

  is_cuda = parse_cuda (device, &index);
  if (!is_cuda && !g_str_equal (device, "auto")
      && !g_str_equal (device, "cpu")) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" is no device; use \"auto\", \"cpu\", \"cuda\" or \"cuda:N\", "
        "N being the number of a GPU from 0",
        device);
    return NULL;
  }
  if (!is_cuda) {
    if (resolved != NULL)
      *resolved = g_strdup ("cpu");
    return find_for_kind ("cpu");
  }
  backend = find_for_kind ("cuda");
  if (backend == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "device \"%s\" was asked for, but this build has no CUDA back end; "
        "use device=auto or device=cpu",
        device);
    return NULL;
  }
  if (resolved != NULL)
    *resolved = g_strdup_printf ("cuda:%" G_GUINT64_FORMAT, index);
  return backend;
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
