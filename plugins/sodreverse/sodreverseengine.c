/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodreverseengine.h"

#include <plugins/common/soddevice.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodloader.h>

struct _SodReverseEngine
{
  GstElement *element; /* which owns the engine */
  GstSodInstance *instance;
  GstSodReconstructor *reconstructor;
  SodLoader *loader;
  gint n_updates; /* atomic */
};

/* The file that @path stands for. (transfer full) */
static gchar *
resolve (const gchar *path, GError **error)
{
  if (path != NULL && *path != '\0')
    return g_strdup (path);
  return gst_sod_network_find_default_reverse (error);
}

static void
announce (SodReverseEngine *self, GstStructure *structure)
{
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element), structure));
}

/* The loader's thread. */
static void
update (const gchar *path, gpointer user_data)
{
  SodReverseEngine *self = user_data;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *file = resolve (path, &error);

  if (file != NULL)
    network = gst_sod_network_new_from_file (file, &error);
  if (network == NULL
      || !gst_sod_instance_load (self->instance, network, &error)) {
    announce (
        self, gst_structure_new ("sod-model-failed", "path", G_TYPE_STRING,
                  file, "error", G_TYPE_ERROR, error, NULL));
    sod_element_warning (self->element, error, "the model before stays in use");
    return;
  }
  g_atomic_int_inc (&self->n_updates);
  announce (self,
      gst_structure_new ("sod-model-updated", "path", G_TYPE_STRING, file, "id",
          G_TYPE_STRING, gst_sod_network_get_id (network), "version",
          G_TYPE_STRING, gst_sod_network_get_version (network), NULL));
}

void
sod_reverse_engine_request (SodReverseEngine *self, const gchar *path)
{
  sod_loader_request (self->loader, path);
}

static gboolean
open_device (SodReverseEngine *self, const SodReverseSettings *settings,
    const gchar *device, const gchar *path, GError **error)
{
  g_autoptr (GstSodInstance) instance = gst_sod_instance_new_reverse (device,
      settings->precision, settings->threads, settings->cpu_affinity, error);
  GstSodReconstructor *reconstructor;

  if (instance == NULL || !gst_sod_instance_ensure (instance, path, error))
    return FALSE;
  reconstructor = gst_sod_reconstructor_new (instance, error);
  if (reconstructor == NULL)
    return FALSE;
  self->instance = g_steal_pointer (&instance);
  self->reconstructor = reconstructor;
  return TRUE;
}

/* A device that the user named has to be there, one of ours need not. */
static gboolean
open_first (SodReverseEngine *self, const SodReverseSettings *settings,
    const gchar *path, GError **error)
{
  g_autofree gchar *reason = NULL;
  g_autofree gchar *device =
      gst_sod_device_resolve (settings->device, &reason, error);
  g_autoptr (GError) cause = NULL;

  if (device == NULL)
    return FALSE;
  if (!open_device (self, settings, device, path, &cause)) {
    if (!sod_device_is_auto (settings->device) || g_str_equal (device, "cpu")
        || !sod_device_is_to_blame (cause)
        || !open_device (self, settings, "cpu", path, NULL)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    g_free (reason);
    reason = g_strdup (cause->message);
  }
  sod_device_announce (self->element, settings->device, self->instance, reason);
  return TRUE;
}

SodReverseEngine *
sod_reverse_engine_new (
    GstElement *element, const SodReverseSettings *settings, GError **error)
{
  g_autoptr (SodReverseEngine) self = g_new0 (SodReverseEngine, 1);
  g_autofree gchar *path = NULL;

  self->element = element;
  self->loader = sod_loader_new (update, self);
  path = resolve (settings->model_file, error);
  if (path == NULL || !open_first (self, settings, path, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
sod_reverse_engine_free (SodReverseEngine *self)
{
  sod_loader_free (self->loader);
  g_clear_object (&self->reconstructor);
  g_clear_object (&self->instance);
  g_free (self);
}

GstSodReconstructor *
sod_reverse_engine_get_reconstructor (SodReverseEngine *self)
{
  return self->reconstructor;
}

void
sod_reverse_engine_describe (SodReverseEngine *self, GstStructure *stats)
{
  g_autoptr (GstSodNetwork) network =
      gst_sod_instance_get_network (self->instance);

  gst_structure_set (stats, "model-id", G_TYPE_STRING,
      gst_sod_network_get_id (network), "model-version", G_TYPE_STRING,
      gst_sod_network_get_version (network), "model-updates", G_TYPE_UINT64,
      (guint64) g_atomic_int_get (&self->n_updates), "device", G_TYPE_STRING,
      gst_sod_instance_get_device (self->instance), "backend", G_TYPE_STRING,
      gst_sod_instance_get_backend (self->instance), "precision",
      GST_SOD_TYPE_PRECISION, gst_sod_instance_get_precision (self->instance),
      NULL);
}
