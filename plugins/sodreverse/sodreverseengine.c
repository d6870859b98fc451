/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodreverseengine.h"

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

SodReverseEngine *
sod_reverse_engine_new (
    GstElement *element, const SodReverseSettings *settings, GError **error)
{
  g_autoptr (SodReverseEngine) self = g_new0 (SodReverseEngine, 1);
  g_autofree gchar *path = NULL;

  self->element = element;
  self->loader = sod_loader_new (update, self);
  path = resolve (settings->model_file, error);
  if (path == NULL)
    return NULL;
  self->instance = gst_sod_instance_new_reverse (settings->device,
      settings->precision, settings->threads, settings->cpu_affinity, error);
  if (self->instance == NULL
      || !gst_sod_instance_ensure (self->instance, path, error))
    return NULL;
  self->reconstructor = gst_sod_reconstructor_new (self->instance, error);
  return self->reconstructor != NULL ? g_steal_pointer (&self) : NULL;
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
