/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/devices.h>

#include <gst-sod/backend/module-private.h>

/**
 * gst_sod_device_resolve:
 * @device: (nullable): "auto", "cpu", "cuda" or "cuda:N"; %NULL means "auto"
 * @reason: (out) (optional) (nullable) (transfer full): why "auto" takes the
 *   CPU, with the way out; %NULL where it takes a GPU or @device was named
 * @error: return location for an error
 *
 * Tells which device a setting means on this machine: "auto" is the first GPU
 * that can be used, else the CPU. The first call looks for GPUs, which can take
 * some tenths of a second. Thread-safe.
 *
 * Errors: %GST_SOD_ERROR_DEVICE where the device is not there, saying why,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is none of these.
 *
 * Returns: (transfer full): "cpu" or "cuda:N", or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_device_resolve (const gchar *device, gchar **reason, GError **error)
{
  gchar *resolved = NULL;

  if (device == NULL)
    device = "auto";
  if (reason != NULL)
    *reason = NULL;
  if (gst_sod_backend_for_device (device, &resolved, error) == NULL)
    return NULL;
  if (reason != NULL && g_str_equal (device, "auto"))
    *reason = g_strdup (gst_sod_backend_get_auto_reason ());
  return resolved;
}

/* ---- what there is ---- */

static GVariant *
list_precisions (GstSodBackend *backend)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = GST_SOD_PRECISION_F32; i <= GST_SOD_PRECISION_TF32; i++) {
    if (backend->klass->check_precision (backend, i, NULL))
      g_variant_builder_add (&builder, "s", gst_sod_precision_name (i));
  }
  return g_variant_builder_end (&builder);
}

/* Opens a dictionary that is one back end on one device. */
static void
open_backend (
    GVariantBuilder *builder, const gchar *device, GstSodBackend *backend)
{
  const GstSodBackendClass *klass = backend->klass;
  g_autofree gchar *libraries =
      klass->describe_libraries != NULL ? klass->describe_libraries () : NULL;

  g_variant_builder_open (builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
      builder, "{sv}", "device", g_variant_new_string (device));
  g_variant_builder_add (
      builder, "{sv}", "backend", g_variant_new_string (klass->name));
  g_variant_builder_add (builder, "{sv}", "precision",
      g_variant_new_string (
          gst_sod_precision_name (klass->best_precision (backend))));
  g_variant_builder_add (
      builder, "{sv}", "precisions", list_precisions (backend));
  if (libraries != NULL)
    g_variant_builder_add (
        builder, "{sv}", "libraries", g_variant_new_string (libraries));
}

static void
add_gpu (GVariantBuilder *builder, const GstSodModule *module, guint index)
{
  GstSodBackend *backend = module->get (index, NULL);
  g_autofree gchar *device = g_strdup_printf ("%s:%u", module->device, index);
  g_autofree gchar *capability = NULL;
  GstSodModuleDevice gpu;

  if (backend == NULL || !module->describe (index, &gpu, NULL))
    return;
  capability = g_strdup_printf ("%d.%d", gpu.major, gpu.minor);
  open_backend (builder, device, backend);
  g_variant_builder_add (
      builder, "{sv}", "name", g_variant_new_string (gpu.name));
  g_variant_builder_add (
      builder, "{sv}", "memory", g_variant_new_uint64 (gpu.memory));
  g_variant_builder_add (
      builder, "{sv}", "compute-capability", g_variant_new_string (capability));
  g_variant_builder_close (builder);
}

static GVariant *
list_backends (void)
{
  const GstSodModule *module = gst_sod_module_get (NULL);
  guint n = module != NULL ? module->count (NULL) : 0;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < n; i++)
    add_gpu (&builder, module, i);
  for (GstSodBackend *const *backend = gst_sod_backend_list ();
       *backend != NULL; backend++) {
    if (!g_str_equal ((*backend)->klass->device, "cpu"))
      continue;
    open_backend (&builder, "cpu", *backend);
    g_variant_builder_close (&builder);
  }
  return g_variant_builder_end (&builder);
}

/**
 * gst_sod_devices_describe:
 *
 * Tells what networks can run on here, best first: a dictionary of `auto`, the
 * device that "auto" takes, `auto-reason`, why that is not a GPU (missing where
 * it is one), and `backends`, an array of dictionaries, one for each back end
 * on each device: `device`, `backend`, `precision` (what "auto" means there),
 * `precisions` (all that it has), `libraries` (with versions; missing where
 * there is none), and of a GPU `name`, `memory` (bytes) and
 * `compute-capability`. Thread-safe.
 *
 * Returns: (transfer full): a dictionary of type `a{sv}`
 *
 * Since: 0.1
 */
GVariant *
gst_sod_devices_describe (void)
{
  g_autofree gchar *reason = NULL;
  g_autofree gchar *device = gst_sod_device_resolve ("auto", &reason, NULL);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
      &builder, "{sv}", "auto", g_variant_new_string (device));
  if (reason != NULL)
    g_variant_builder_add (
        &builder, "{sv}", "auto-reason", g_variant_new_string (reason));
  g_variant_builder_add (&builder, "{sv}", "backends", list_backends ());
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
