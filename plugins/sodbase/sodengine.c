/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodengine.h"

#include <plugins/common/soddevice.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodloader.h>

GST_DEBUG_CATEGORY_STATIC (sod_engine_debug);
#define GST_CAT_DEFAULT sod_engine_debug

struct _SodEngine
{
  GstElement *element; /* which owns the engine */
  SodSettings settings;
  GstSodSession *session;
  GstSodDeviceFrames *frames; /* of the device, NULL: none or the CPU */
  SodLoader *loader;

  GMutex lock; /* of what follows */
  GstSodInstance *instance;
  gchar *path; /* of the model in use */
  guint64 n_updates;
};

/* The name under which a shared instance is shared on @device in @context:
 * those that fall back meet again there, apart from those that the device still
 * serves, and memory of one context is not seen from another. */
static gchar *
make_instance_id (
    const SodSettings *settings, const gchar *device, gpointer context)
{
  const gchar *id = settings->model_instance_id;

  if (id == NULL || *id == '\0')
    return NULL;
  if (context != NULL)
    return g_strdup_printf ("%s on %s in %p", id, device, context);
  return g_strdup_printf ("%s on %s", id, device);
}

static gchar *
dup_path (SodEngine *self)
{
  gchar *path;

  g_mutex_lock (&self->lock);
  path = g_strdup (self->path);
  g_mutex_unlock (&self->lock);
  return path;
}

/* On failure the instance and session before stay. */
static gboolean
open_device (SodEngine *self, const gchar *device, GstSodDeviceFrames *frames,
    GError **error)
{
  const SodSettings *settings = &self->settings;
  gpointer context =
      frames != NULL ? gst_sod_device_frames_get_context (frames) : NULL;
  g_autofree gchar *id = make_instance_id (settings, device, context);
  g_autofree gchar *path = dup_path (self);
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodSession) session = NULL;

  instance = gst_sod_instance_get_in_context (id, device, context,
      settings->precision, settings->threads, settings->cpu_affinity,
      settings->batch_size, error);
  if (instance == NULL)
    return FALSE;
  gst_sod_instance_set_workspace_limit (instance, settings->workspace_limit);
  if (!gst_sod_instance_ensure (instance, path, error))
    return FALSE;
  session = gst_sod_session_new (instance, error);
  if (session == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  g_set_object (&self->instance, instance);
  g_mutex_unlock (&self->lock);
  g_set_object (&self->session, session);
  g_set_object (&self->frames, frames);
  return TRUE;
}

gboolean
sod_engine_fall_back (SodEngine *self, GError *cause, GError **error)
{
  g_autoptr (GError) reason = cause;

  if (!sod_device_may_fall_back (
          self->settings.on_device_error, self->instance, reason)) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  if (!open_device (self, "cpu", NULL, error))
    return FALSE;
  sod_device_tell_fall_back (
      self->element, self->settings.device, self->instance, reason);
  return TRUE;
}

/* The first device: the user's choice has to be there, one of ours need not. */
static gboolean
open_first (SodEngine *self, const gchar *device, const gchar *reason,
    GstSodDeviceFrames *frames, GError **error)
{
  const gchar *asked = self->settings.device;
  g_autoptr (GError) cause = NULL;

  if (!open_device (self, device, frames, &cause)) {
    if (!sod_device_is_auto (asked) || g_str_equal (device, "cpu")
        || !sod_device_is_to_blame (cause)
        || !open_device (self, "cpu", NULL, NULL)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    reason = cause->message;
  }
  sod_device_announce (self->element, asked, self->instance, reason);
  return TRUE;
}

/* ---- another model ---- */

static GstSodInstance *
ref_instance (SodEngine *self)
{
  GstSodInstance *instance;

  g_mutex_lock (&self->lock);
  instance = g_object_ref (self->instance);
  g_mutex_unlock (&self->lock);
  return instance;
}

/* (transfer full) */
static GstSodNetwork *
load (SodEngine *self, const gchar *file, GError **error)
{
  g_autoptr (GstSodInstance) instance = ref_instance (self);
  g_autoptr (GstSodNetwork) network = NULL;

  network = gst_sod_network_new_from_file (file, error);
  if (network == NULL || !gst_sod_instance_load (instance, network, error))
    return NULL;

  g_mutex_lock (&self->lock);
  g_free (self->path);
  self->path = g_strdup (file);
  self->n_updates++;
  g_mutex_unlock (&self->lock);
  return g_steal_pointer (&network);
}

static void
announce (SodEngine *self, GstStructure *structure)
{
  gst_element_post_message (self->element,
      gst_message_new_element (GST_OBJECT (self->element), structure));
}

/* The loader's thread. */
static void
update (const gchar *path, gpointer user_data)
{
  SodEngine *self = user_data;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *file = gst_sod_network_find (path, &error);
  const gchar *id, *version;

  if (file != NULL)
    network = load (self, file, &error);
  if (network == NULL) {
    announce (
        self, gst_structure_new ("sod-model-failed", "path", G_TYPE_STRING,
                  file, "error", G_TYPE_ERROR, error, NULL));
    sod_element_warning (self->element, error, "the model before stays in use");
    return;
  }
  id = gst_sod_network_get_id (network);
  version = gst_sod_network_get_version (network);
  GST_INFO_OBJECT (
      self->element, "%s: model %s, version %s", file, id, version);
  announce (self,
      gst_structure_new ("sod-model-updated", "path", G_TYPE_STRING, file, "id",
          G_TYPE_STRING, id, "version", G_TYPE_STRING, version, NULL));
  g_signal_emit_by_name (self->element, "model-updated", version, file);
}

void
sod_engine_request (SodEngine *self, const gchar *path)
{
  sod_loader_request (self->loader, path);
}

/* ---- life ---- */

SodEngine *
sod_engine_new (GstElement *element, const SodSettings *settings,
    const gchar *device, const gchar *reason, GstSodDeviceFrames *frames,
    GError **error)
{
  g_autoptr (SodEngine) self = g_new0 (SodEngine, 1);

  self->element = element;
  GST_DEBUG_CATEGORY_INIT (
      sod_engine_debug, "sodengine", 0, "models at work in sodbase");
  g_mutex_init (&self->lock);
  self->loader = sod_loader_new (update, self);
  sod_settings_copy (settings, &self->settings);
  self->path = gst_sod_network_find (settings->model_file, error);
  if (self->path == NULL)
    return NULL;
  if (settings->model_reload)
    sod_loader_watch (self->loader, self->path);
  if (!open_first (self, device, reason, frames, error))
    return NULL;
  if (settings->model_reload)
    sod_loader_start (self->loader);
  return g_steal_pointer (&self);
}

void
sod_engine_free (SodEngine *self)
{
  sod_loader_free (self->loader);
  g_clear_object (&self->session);
  g_clear_object (&self->instance);
  g_clear_object (&self->frames);
  sod_settings_clear (&self->settings);
  g_free (self->path);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gint64
session_time (GstClockTime time)
{
  return GST_CLOCK_TIME_IS_VALID (time) ? (gint64) time : -1;
}

GstSodDeviceFrames *
sod_engine_get_frames (SodEngine *self)
{
  return self->frames;
}

gboolean
sod_engine_infer (SodEngine *self, const GstSodImage *frame, GstClockTime time,
    GstSodImage *map, GCancellable *cancellable, GError **error)
{
  return gst_sod_session_infer (
      self->session, frame, session_time (time), map, cancellable, error);
}

gboolean
sod_engine_observe (SodEngine *self, const GstSodImage *frame,
    GstClockTime time, GCancellable *cancellable, GError **error)
{
  return gst_sod_session_observe (
      self->session, frame, session_time (time), cancellable, error);
}

gboolean
sod_engine_looks_back (SodEngine *self)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (
      gst_sod_session_get_network (self->session));

  return gst_sod_architecture_get_input_frames (architecture) > 1;
}

GstSodSession *
sod_engine_get_session (SodEngine *self)
{
  return self->session;
}

void
sod_engine_describe (SodEngine *self, GstStructure *stats)
{
  g_autoptr (GstSodInstance) instance = ref_instance (self);
  g_autoptr (GstSodNetwork) network = gst_sod_instance_get_network (instance);
  guint64 n_updates;

  g_mutex_lock (&self->lock);
  n_updates = self->n_updates;
  g_mutex_unlock (&self->lock);
  gst_structure_set (stats, "model-id", G_TYPE_STRING,
      gst_sod_network_get_id (network), "model-version", G_TYPE_STRING,
      gst_sod_network_get_version (network), "model-updates", G_TYPE_UINT64,
      n_updates, "device", G_TYPE_STRING,
      gst_sod_instance_get_device (instance), "backend", G_TYPE_STRING,
      gst_sod_instance_get_backend (instance), "precision",
      GST_SOD_TYPE_PRECISION, gst_sod_instance_get_precision (instance), NULL);
}
