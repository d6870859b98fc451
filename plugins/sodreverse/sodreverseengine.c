/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodreverseengine.h"

#include <plugins/common/soddevice.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodloader.h>

struct _SodReverseEngine
{
  GstElement *element; /* which owns the engine */
  SodReverseSettings settings;
  GstSodReconstructor *reconstructor;
  SodLoader *loader;
  gint n_updates; /* atomic */

  GMutex lock; /* of what follows */
  GstSodInstance *instance;
  gchar *path; /* of the model in use */
};

/* The file that @path stands for. (transfer full) */
static gchar *
resolve (const gchar *path, GError **error)
{
  if (path != NULL && *path != '\0')
    return gst_sod_network_find (path, error);
  return gst_sod_network_find_default_reverse (error);
}

static void
announce (SodReverseEngine *self, GstStructure *structure)
{
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element), structure));
}

static GstSodInstance *
ref_instance (SodReverseEngine *self)
{
  GstSodInstance *instance;

  g_mutex_lock (&self->lock);
  instance = g_object_ref (self->instance);
  g_mutex_unlock (&self->lock);
  return instance;
}

static void
set_path (SodReverseEngine *self, const gchar *path)
{
  g_mutex_lock (&self->lock);
  g_free (self->path);
  self->path = g_strdup (path);
  g_mutex_unlock (&self->lock);
}

/* The loader's thread. */
static void
update (const gchar *path, gpointer user_data)
{
  SodReverseEngine *self = user_data;
  g_autoptr (GstSodInstance) instance = ref_instance (self);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *file = resolve (path, &error);

  if (file != NULL)
    network = gst_sod_network_new_from_file (file, &error);
  if (network == NULL || !gst_sod_instance_load (instance, network, &error)) {
    announce (
        self, gst_structure_new ("sod-model-failed", "path", G_TYPE_STRING,
                  file, "error", G_TYPE_ERROR, error, NULL));
    sod_element_warning (self->element, error, "the model before stays in use");
    return;
  }
  set_path (self, file);
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

/* On failure the instance and reconstructor before stay. */
static gboolean
open_device (SodReverseEngine *self, const gchar *device, GError **error)
{
  const SodReverseSettings *settings = &self->settings;
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodReconstructor) reconstructor = NULL;
  g_autofree gchar *path = NULL;

  g_mutex_lock (&self->lock);
  path = g_strdup (self->path);
  g_mutex_unlock (&self->lock);
  instance = gst_sod_instance_new_reverse (device, settings->precision,
      settings->threads, settings->cpu_affinity, error);
  if (instance == NULL || !gst_sod_instance_ensure (instance, path, error))
    return FALSE;
  reconstructor = gst_sod_reconstructor_new (instance, error);
  if (reconstructor == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  g_set_object (&self->instance, instance);
  g_mutex_unlock (&self->lock);
  g_set_object (&self->reconstructor, reconstructor);
  return TRUE;
}

/* A device that the user named has to be there, one of ours need not. */
static gboolean
open_first (SodReverseEngine *self, GError **error)
{
  const gchar *asked = self->settings.device;
  g_autofree gchar *reason = NULL;
  g_autofree gchar *device = gst_sod_device_resolve (asked, &reason, error);
  g_autoptr (GError) cause = NULL;

  if (device == NULL)
    return FALSE;
  if (!open_device (self, device, &cause)) {
    if (!sod_device_is_auto (asked) || g_str_equal (device, "cpu")
        || !sod_device_is_to_blame (cause)
        || !open_device (self, "cpu", NULL)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    g_free (reason);
    reason = g_strdup (cause->message);
  }
  sod_device_announce (self->element, asked, self->instance, reason);
  return TRUE;
}

/* Goes on with the CPU after @cause, which it takes. */
static gboolean
fall_back (SodReverseEngine *self, GError *cause, GError **error)
{
  g_autoptr (GError) reason = cause;

  if (!sod_device_may_fall_back (
          self->settings.on_device_error, self->instance, reason)) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  if (!open_device (self, "cpu", error))
    return FALSE;
  sod_device_tell_fall_back (
      self->element, self->settings.device, self->instance, reason);
  return TRUE;
}

gboolean
sod_reverse_engine_imagine (SodReverseEngine *self, const GstSodImage *map,
    GstSodImage *image, GCancellable *cancellable, GError **error)
{
  GError *cause = NULL;

  return gst_sod_reconstructor_imagine (
             self->reconstructor, map, image, cancellable, &cause)
         || (fall_back (self, cause, error)
             && gst_sod_reconstructor_imagine (
                 self->reconstructor, map, image, cancellable, error));
}

gboolean
sod_reverse_engine_measure (SodReverseEngine *self, const GstSodImage *map,
    const GstSodImage *frame, gdouble *difference, GCancellable *cancellable,
    GError **error)
{
  GError *cause = NULL;

  return gst_sod_reconstructor_measure (
             self->reconstructor, map, frame, difference, cancellable, &cause)
         || (fall_back (self, cause, error)
             && gst_sod_reconstructor_measure (self->reconstructor, map, frame,
                 difference, cancellable, error));
}

SodReverseEngine *
sod_reverse_engine_new (
    GstElement *element, const SodReverseSettings *settings, GError **error)
{
  g_autoptr (SodReverseEngine) self = g_new0 (SodReverseEngine, 1);

  self->element = element;
  g_mutex_init (&self->lock);
  self->loader = sod_loader_new (update, self);
  sod_reverse_settings_copy (settings, &self->settings);
  self->path = resolve (settings->model_file, error);
  if (self->path == NULL || !open_first (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
sod_reverse_engine_free (SodReverseEngine *self)
{
  sod_loader_free (self->loader);
  g_clear_object (&self->reconstructor);
  g_clear_object (&self->instance);
  sod_reverse_settings_clear (&self->settings);
  g_free (self->path);
  g_mutex_clear (&self->lock);
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
  g_autoptr (GstSodInstance) instance = ref_instance (self);
  g_autoptr (GstSodNetwork) network = gst_sod_instance_get_network (instance);

  gst_structure_set (stats, "model-id", G_TYPE_STRING,
      gst_sod_network_get_id (network), "model-version", G_TYPE_STRING,
      gst_sod_network_get_version (network), "model-updates", G_TYPE_UINT64,
      (guint64) g_atomic_int_get (&self->n_updates), "device", G_TYPE_STRING,
      gst_sod_instance_get_device (instance), "backend", G_TYPE_STRING,
      gst_sod_instance_get_backend (instance), "precision",
      GST_SOD_TYPE_PRECISION, gst_sod_instance_get_precision (instance), NULL);
}
