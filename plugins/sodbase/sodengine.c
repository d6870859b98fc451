/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodengine.h"

#include <plugins/common/soderror.h>
#include <plugins/common/sodloader.h>

GST_DEBUG_CATEGORY_STATIC (sod_engine_debug);
#define GST_CAT_DEFAULT sod_engine_debug

struct _SodEngine
{
  GstElement *element; /* which owns the engine */
  SodSettings settings;
  GstSodSession *session;
  SodLoader *loader;

  GMutex lock; /* of what follows */
  GstSodInstance *instance;
  gchar *path; /* of the model in use */
  guint64 n_updates;
};

/* The file that @path stands for. (transfer full) */
static gchar *
resolve (const gchar *path, GError **error)
{
  if (path != NULL && *path != '\0')
    return g_strdup (path);
  return gst_sod_network_find_default (error);
}

/* The name under which a shared instance is shared on @device: those that fall
 * back meet again there, apart from those that the device still serves. */
static gchar *
make_instance_id (const SodSettings *settings, const gchar *device)
{
  const gchar *id = settings->model_instance_id;

  if (id == NULL || *id == '\0' || g_strcmp0 (device, settings->device) == 0)
    return g_strdup (id);
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

static void
log_choice (SodEngine *self, const gchar *path)
{
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  GstSodPrecision precision = gst_sod_instance_get_precision (self->instance);

  GST_INFO_OBJECT (self->element, "device=%s: %s on %s with back end %s in %s",
      self->settings.device, path, gst_sod_instance_get_device (self->instance),
      gst_sod_instance_get_backend (self->instance),
      g_enum_get_value (precisions, precision)->value_nick);
}

/* On failure the instance and session before stay. */
static gboolean
open_device (SodEngine *self, const gchar *device, GError **error)
{
  const SodSettings *settings = &self->settings;
  g_autofree gchar *id = make_instance_id (settings, device);
  g_autofree gchar *path = dup_path (self);
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodSession) session = NULL;

  instance = gst_sod_instance_get (id, device, settings->precision,
      settings->threads, settings->cpu_affinity, settings->batch_size, error);
  if (instance == NULL || !gst_sod_instance_ensure (instance, path, error))
    return FALSE;
  session = gst_sod_session_new (instance, error);
  if (session == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  g_set_object (&self->instance, instance);
  g_mutex_unlock (&self->lock);
  g_set_object (&self->session, session);
  log_choice (self, path);
  return TRUE;
}

/* Whether @error, met on @device, is one that the CPU would not have. */
static gboolean
may_fall_back (SodEngine *self, const gchar *device, const GError *error)
{
  return self->settings.on_device_error == SOD_ON_DEVICE_ERROR_FALLBACK
         && g_strcmp0 (device, "cpu") != 0
         && (g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE)
             || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND));
}

/* Goes on with the CPU after @cause, which it takes. */
static gboolean
fall_back (SodEngine *self, GError *cause, GError **error)
{
  g_autoptr (GError) reason = cause;

  if (!open_device (self, "cpu", error))
    return FALSE;
  sod_element_warning (self->element, reason,
      "going on with the CPU (on-device-error=fallback)");
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
  g_autofree gchar *file = resolve (path, &error);
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
sod_engine_new (
    GstElement *element, const SodSettings *settings, GError **error)
{
  g_autoptr (SodEngine) self = g_new0 (SodEngine, 1);
  GError *cause = NULL;

  self->element = element;
  GST_DEBUG_CATEGORY_INIT (
      sod_engine_debug, "sodengine", 0, "models at work in sodbase");
  g_mutex_init (&self->lock);
  self->loader = sod_loader_new (update, self);
  sod_settings_copy (settings, &self->settings);
  self->path = resolve (settings->model_file, error);
  if (self->path == NULL)
    return NULL;
  if (settings->model_reload)
    sod_loader_watch (self->loader, self->path);
  if (!open_device (self, settings->device, &cause)) {
    if (!may_fall_back (self, settings->device, cause)) {
      g_propagate_error (error, cause);
      return NULL;
    }
    if (!fall_back (self, cause, error))
      return NULL;
  }
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

gboolean
sod_engine_infer (SodEngine *self, const GstSodImage *frame, GstClockTime time,
    GstSodImage *map, GCancellable *cancellable, GError **error)
{
  gint64 at = session_time (time);
  GError *cause = NULL;

  if (gst_sod_session_infer (
          self->session, frame, at, map, cancellable, &cause))
    return TRUE;
  if (!may_fall_back (
          self, gst_sod_instance_get_device (self->instance), cause)) {
    g_propagate_error (error, cause);
    return FALSE;
  }
  return fall_back (self, cause, error)
         && gst_sod_session_infer (
             self->session, frame, at, map, cancellable, error);
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
