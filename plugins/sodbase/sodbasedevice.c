/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodbase.h"

#include <plugins/common/sodbuffers.h>

GST_DEBUG_CATEGORY_EXTERN (sod_base_debug);
#define GST_CAT_DEFAULT sod_base_debug

/* (transfer full) (nullable) */
static GstSodDeviceFrames *
ref_frames (GstSodBase *self)
{
  GstSodDeviceFrames *frames;

  GST_OBJECT_LOCK (self);
  frames = self->frames != NULL ? g_object_ref (self->frames) : NULL;
  GST_OBJECT_UNLOCK (self);
  return frames;
}

static void
set_frames (GstSodBase *self, GstSodDeviceFrames *frames)
{
  GstSodDeviceFrames *before;

  GST_OBJECT_LOCK (self);
  before = self->frames;
  self->frames = frames != NULL ? g_object_ref (frames) : NULL;
  GST_OBJECT_UNLOCK (self);
  g_clear_object (&before);
}

/* Video in the memory of @device: without it frames are copied there, which
 * takes longer and gives the same maps. The context is asked of the pipeline
 * here, so the element has to know whom to give it to. */
static void
open_frames (GstSodBase *self, const gchar *device)
{
  g_autoptr (GstSodDeviceFrames) frames = NULL;
  g_autoptr (GError) error = NULL;

  frames = gst_sod_device_frames_new (device, &error);
  set_frames (self, frames);
  if (frames != NULL
      && gst_sod_device_frames_open (frames, GST_ELEMENT (self), &error))
    return;
  GST_INFO_OBJECT (
      self, "frames pass through system memory: %s", error->message);
  set_frames (self, NULL);
}

/* A cut-out is drawn by the CPU. (transfer full) */
static GstCaps *
list_supported (GstSodBase *self, const gchar *device, SodOutput output)
{
  g_autoptr (GstCaps) caps = NULL;

  if (output == SOD_OUTPUT_CUTOUT || g_strcmp0 (device, "cpu") == 0)
    return gst_caps_ref (self->readable);
  caps = gst_sod_device_frames_list_caps (device);
  return gst_caps_merge (
      g_steal_pointer (&caps), gst_caps_ref (self->readable));
}

SodEngine *
gst_sod_base_open_device (GstSodBase *self, GError **error)
{
  g_autofree gchar *reason = NULL;
  g_autofree gchar *device =
      gst_sod_device_resolve (self->now.device, &reason, error);
  SodEngine *engine;
  GstCaps *supported;

  if (device == NULL)
    return NULL;
  if (!g_str_equal (device, "cpu"))
    open_frames (self, device);
  engine = sod_engine_new (
      GST_ELEMENT (self), &self->now, device, reason, self->frames, error);
  if (engine == NULL || sod_engine_get_frames (engine) == NULL)
    set_frames (self, NULL);
  supported = list_supported (
      self, self->frames != NULL ? device : "cpu", self->now.output);
  GST_OBJECT_LOCK (self);
  gst_caps_take (&self->supported, supported);
  GST_OBJECT_UNLOCK (self);
  return engine;
}

void
gst_sod_base_close_device (GstSodBase *self)
{
  set_frames (self, NULL);
  GST_OBJECT_LOCK (self);
  gst_clear_caps (&self->supported);
  GST_OBJECT_UNLOCK (self);
}

GstCaps *
gst_sod_base_get_supported (GstSodBase *self)
{
  g_autofree gchar *device = NULL;
  GstCaps *supported = NULL;
  SodOutput output;

  GST_OBJECT_LOCK (self);
  if (self->supported != NULL)
    supported = gst_caps_ref (self->supported);
  device = g_strdup (self->settings.device);
  output = self->settings.output;
  GST_OBJECT_UNLOCK (self);
  return supported != NULL ? supported : list_supported (self, device, output);
}

void
gst_sod_base_set_context (GstElement *element, GstContext *context)
{
  g_autoptr (GstSodDeviceFrames) frames = ref_frames (GST_SOD_BASE (element));

  if (frames != NULL)
    gst_sod_device_frames_set_context (frames, element, context);
}

gboolean
gst_sod_base_answer_context (GstSodBase *self, GstQuery *query)
{
  g_autoptr (GstSodDeviceFrames) frames = ref_frames (self);

  return frames != NULL
         && gst_sod_device_frames_answer_query (
             frames, GST_ELEMENT (self), query);
}

gboolean
gst_sod_base_is_on_device (GstSodBase *self, const GstCaps *caps)
{
  return self->frames != NULL
         && gst_sod_device_frames_has_caps (self->frames, caps);
}

static gboolean
add_pool (GstSodBase *self, GstQuery *query, GstCaps *caps)
{
  g_autoptr (GstBufferPool) pool = NULL;
  g_autoptr (GError) error = NULL;
  GstStructure *config;
  guint size = 0;

  pool = gst_sod_device_frames_new_pool (self->frames, caps, &error);
  if (pool == NULL) {
    GST_WARNING_OBJECT (self, "%s", error->message);
    return FALSE;
  }
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_get_params (config, NULL, &size, NULL, NULL);
  gst_structure_free (config);
  gst_query_add_allocation_pool (query, pool, size, 0, 0);
  return TRUE;
}

/* Upstream writes into memory of the device that the network reads. */
gboolean
gst_sod_base_propose_pool (GstSodBase *self, GstQuery *query)
{
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  return caps == NULL || !gst_sod_base_is_on_device (self, caps)
         || add_pool (self, query, caps);
}

gboolean
gst_sod_base_decide_pool (GstSodBase *self, GstQuery *query)
{
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (caps == NULL || !gst_sod_base_is_on_device (self, caps))
    return sod_buffer_propose_pool (query, &self->out_info);
  return gst_query_get_n_allocation_pools (query) > 0
         || add_pool (self, query, caps);
}
