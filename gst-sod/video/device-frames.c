/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/device-frames-private.h>

#include <gst-sod/backend/module-private.h>
#include <gst-sod/video/frame-memory-private.h>
#include <gst-sod/video/layout-private.h>

#include <string.h>

struct _GstSodDeviceFrames
{
  GObject parent_instance;
  const GstSodFrameMemory *memory;
  guint device;
  GstCaps *caps;
  GstObject *context; /* from open() on */
};

/* A context that a back end was made for. Both stay for good; where pipelines
 * bring no context of their own, they get one of these. */
typedef struct
{
  guint device;
  GstObject *context;
} Kept;

static GMutex kept_lock;
static GArray *kept;

G_DEFINE_FINAL_TYPE (GstSodDeviceFrames, gst_sod_device_frames, G_TYPE_OBJECT)

static void
gst_sod_device_frames_finalize (GObject *object)
{
  GstSodDeviceFrames *self = GST_SOD_DEVICE_FRAMES (object);

  gst_clear_caps (&self->caps);
  gst_clear_object (&self->context);
  G_OBJECT_CLASS (gst_sod_device_frames_parent_class)->finalize (object);
}

static void
gst_sod_device_frames_class_init (GstSodDeviceFramesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_device_frames_finalize;
}

static void
gst_sod_device_frames_init (GstSodDeviceFrames *self)
{
}

/* Whether frames of @format can be looked at where they lie. */
static gboolean
is_readable (GstVideoFormat format)
{
  GstSodLayout layout;
  GstVideoInfo info;

  return gst_video_info_set_format (&info, format, 16, 16)
         && gst_sod_layout_init (&layout, &info);
}

static GstCaps *
make_caps (const GstSodFrameMemory *memory)
{
  g_autoptr (GArray) formats =
      g_array_new (FALSE, FALSE, sizeof (GstVideoFormat));

  for (const GstVideoFormat *format = memory->formats;
       *format != GST_VIDEO_FORMAT_UNKNOWN; format++) {
    if (is_readable (*format))
      g_array_append_val (formats, *format);
  }
  return gst_video_make_raw_caps_with_features (
      (const GstVideoFormat *) formats->data, formats->len,
      gst_caps_features_new (memory->feature, NULL));
}

/* NULL where @device is no GPU or its module has no video. @index: of it. */
static const GstSodFrameMemory *
find_memory (const gchar *device, guint *index, GError **error)
{
  g_autofree gchar *resolved = NULL;
  const GstSodModule *module = NULL;

  if (gst_sod_backend_for_device (device, &resolved, error) == NULL)
    return NULL;
  if (!g_str_equal (resolved, "cpu"))
    module = gst_sod_module_get (error);
  if (module != NULL && module->frames != NULL) {
    *index = (guint) g_ascii_strtoull (strchr (resolved, ':') + 1, NULL, 10);
    return module->frames;
  }
  if (error != NULL && *error == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "frames cannot be read in the memory of device \"%s\"%s; bring them to "
        "system memory (cudadownload)",
        device,
        module != NULL ? ": the CUDA back end was built without GStreamer's "
                         "CUDA library"
                       : "");
  return NULL;
}

/**
 * gst_sod_device_frames_list_caps:
 * @device: (nullable): "auto", "cpu", "cuda" or "cuda:N"; %NULL means "auto"
 *
 * Lists the formats of frames in the memory of a device that can be read where
 * they lie, of any size: none for the CPU, for a GPU that is not there, and
 * where the CUDA back end was built without GStreamer's CUDA library. GRAY8 is
 * among them where maps can be written there. The first call looks for GPUs.
 * Thread-safe.
 *
 * Returns: (transfer full): the caps, empty where there are none
 *
 * Since: 0.1
 */
GstCaps *
gst_sod_device_frames_list_caps (const gchar *device)
{
  guint index;
  const GstSodFrameMemory *memory =
      find_memory (device != NULL ? device : "auto", &index, NULL);

  return memory != NULL ? make_caps (memory) : gst_caps_new_empty ();
}

/**
 * gst_sod_device_frames_new:
 * @device: "cuda" or "cuda:N"
 * @error: return location for an error
 *
 * Makes one for a GPU, without a context yet.
 *
 * Errors: %GST_SOD_ERROR_DEVICE where the GPU is not there,
 * %GST_SOD_ERROR_UNSUPPORTED where frames cannot be read in its memory,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is no device's.
 *
 * Returns: (transfer full): the new object, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDeviceFrames *
gst_sod_device_frames_new (const gchar *device, GError **error)
{
  g_autoptr (GError) reason = NULL;
  const GstSodFrameMemory *memory;
  GstSodDeviceFrames *self;
  guint index = 0;

  g_return_val_if_fail (device != NULL, NULL);

  memory = find_memory (device, &index, &reason);
  if (memory == NULL) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_DEVICE_FRAMES, NULL);
  self->memory = memory;
  self->device = index;
  self->caps = make_caps (memory);
  return self;
}

/* Keeps the context that @self has. */
static void
keep_context (GstSodDeviceFrames *self)
{
  Kept entry = { self->device, self->context };

  g_mutex_lock (&kept_lock);
  if (kept == NULL)
    kept = g_array_new (FALSE, FALSE, sizeof (Kept));
  for (guint i = 0; i < kept->len; i++) {
    if (g_array_index (kept, Kept, i).context == self->context)
      entry.context = NULL;
  }
  if (entry.context != NULL) {
    gst_object_ref (entry.context);
    GST_OBJECT_FLAG_SET (entry.context, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    g_array_append_val (kept, entry);
  }
  g_mutex_unlock (&kept_lock);
}

/* (transfer full) */
static GstObject *
find_kept_context (GstSodDeviceFrames *self)
{
  GstObject *context = NULL;

  g_mutex_lock (&kept_lock);
  for (guint i = 0; kept != NULL && context == NULL && i < kept->len; i++) {
    const Kept *entry = &g_array_index (kept, Kept, i);

    if (entry->device == self->device)
      context = gst_object_ref (entry->context);
  }
  g_mutex_unlock (&kept_lock);
  return context;
}

/* Asks what is linked to @pad, as far as the pipeline goes. */
static gboolean
ask_peer (GstElement *element, GstPad *pad, gpointer query)
{
  return !gst_pad_peer_query (pad, query);
}

/* Looks for a context around @element, as GstContext's documentation says:
 * neighbours first, then the application. */
static void
find_context (GstSodDeviceFrames *self, GstElement *element)
{
  const gchar *type = self->memory->context_type;
  GstQuery *query = gst_query_new_context (type);
  GstContext *found = NULL;

  if (!gst_element_foreach_src_pad (element, ask_peer, query)
      || !gst_element_foreach_sink_pad (element, ask_peer, query))
    gst_query_parse_context (query, &found);
  if (found != NULL)
    gst_element_set_context (element, found);
  gst_query_unref (query);
  if (self->context == NULL)
    gst_element_post_message (
        element, gst_message_new_need_context (GST_OBJECT (element), type));
}

/* Makes the context, or takes one that is there, and offers it. */
static gboolean
make_context (GstSodDeviceFrames *self, GstElement *element, GError **error)
{
  GstObject *made = find_kept_context (self);
  GstContext *offer;

  if (made == NULL)
    made = self->memory->new_context (self->device, error);
  if (made == NULL)
    return FALSE;
  self->context = made;
  offer = self->memory->wrap (made);
  gst_element_set_context (element, offer);
  gst_element_post_message (
      element, gst_message_new_have_context (GST_OBJECT (element), offer));
  return TRUE;
}

/**
 * gst_sod_device_frames_open:
 * @self: one without a context
 * @element: the element that frames pass
 * @error: return location for an error
 *
 * Takes the context that the pipeline of @element has for the device, or one
 * that another pipeline of the program used, or makes one, and offers it to the
 * pipeline. @element has to forward the contexts it is given to
 * gst_sod_device_frames_set_context() by now. A context that was taken stays
 * until the program ends, like what networks keep in it.
 *
 * Errors: %GST_SOD_ERROR_DEVICE.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_device_frames_open (
    GstSodDeviceFrames *self, GstElement *element, GError **error)
{
  g_autoptr (GstContext) given = NULL;

  g_return_val_if_fail (GST_SOD_IS_DEVICE_FRAMES (self), FALSE);
  g_return_val_if_fail (GST_IS_ELEMENT (element), FALSE);

  /* One that came before this object did. */
  given = gst_element_get_context (element, self->memory->context_type);
  if (given != NULL)
    gst_sod_device_frames_set_context (self, element, given);
  if (self->context == NULL)
    find_context (self, element);
  if (self->context == NULL && !make_context (self, element, error))
    return FALSE;
  keep_context (self);
  return TRUE;
}

/**
 * gst_sod_device_frames_set_context:
 * @self: one
 * @element: the element that frames pass
 * @context: what its set_context() was given
 *
 * Takes @context where it is one for the device and none was there.
 * Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_device_frames_set_context (
    GstSodDeviceFrames *self, GstElement *element, GstContext *context)
{
  g_return_if_fail (GST_SOD_IS_DEVICE_FRAMES (self));

  if (context != NULL && self->context == NULL
      && gst_context_has_context_type (context, self->memory->context_type))
    self->memory->set_context (element, context, self->device, &self->context);
}

/**
 * gst_sod_device_frames_answer_query:
 * @self: one that is open
 * @element: the element that frames pass
 * @query: a query of type %GST_QUERY_CONTEXT
 *
 * Answers a neighbour that asks for the context. Thread-safe.
 *
 * Returns: whether @query was answered
 *
 * Since: 0.1
 */
gboolean
gst_sod_device_frames_answer_query (
    GstSodDeviceFrames *self, GstElement *element, GstQuery *query)
{
  g_return_val_if_fail (GST_SOD_IS_DEVICE_FRAMES (self), FALSE);

  return self->context != NULL
         && self->memory->answer_query (element, query, self->context);
}

/**
 * gst_sod_device_frames_get_context: (skip)
 * @self: one that is open
 *
 * Returns: (nullable) (transfer none): the driver's context (a `CUcontext`),
 *   for gst_sod_instance_get_in_context()
 *
 * Since: 0.1
 */
gpointer
gst_sod_device_frames_get_context (GstSodDeviceFrames *self)
{
  g_return_val_if_fail (GST_SOD_IS_DEVICE_FRAMES (self), NULL);

  return self->context != NULL ? self->memory->get_handle (self->context)
                               : NULL;
}

/**
 * gst_sod_device_frames_has_caps:
 * @self: one
 * @caps: fixed caps
 *
 * Returns: whether frames of @caps lie in the memory of the device
 *
 * Since: 0.1
 */
gboolean
gst_sod_device_frames_has_caps (GstSodDeviceFrames *self, const GstCaps *caps)
{
  g_return_val_if_fail (GST_SOD_IS_DEVICE_FRAMES (self), FALSE);

  return gst_caps_is_subset (caps, self->caps);
}

/**
 * gst_sod_device_frames_new_pool:
 * @self: one that is open
 * @caps: of frames in the memory of the device
 * @error: return location for an error
 *
 * Makes a pool of such frames, to be proposed to a neighbour or used for
 * output; its size of buffers is in its configuration.
 *
 * Errors: %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the pool, configured and not active, or %NULL with
 *   @error set
 *
 * Since: 0.1
 */
GstBufferPool *
gst_sod_device_frames_new_pool (
    GstSodDeviceFrames *self, GstCaps *caps, GError **error)
{
  g_autoptr (GstBufferPool) pool = NULL;
  g_autofree gchar *text = NULL;
  GstStructure *config;
  GstVideoInfo info;

  g_return_val_if_fail (GST_SOD_IS_DEVICE_FRAMES (self), NULL);
  g_return_val_if_fail (self->context != NULL, NULL);

  if (gst_video_info_from_caps (&info, caps)) {
    pool = self->memory->new_pool (self->context);
    config = gst_buffer_pool_get_config (pool);
    gst_buffer_pool_config_set_params (config, caps, (guint) info.size, 0, 0);
    gst_buffer_pool_config_add_option (
        config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    if (gst_buffer_pool_set_config (pool, config))
      return g_steal_pointer (&pool);
  }
  text = gst_caps_to_string (caps);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no pool of frames of %s can be had on the GPU; bring frames to system "
      "memory (cudadownload)",
      text);
  return NULL;
}

/* ---- for readers and writers ---- */

gboolean
gst_sod_device_frames_map (GstSodDeviceFrames *self, GstVideoFrame *frame,
    const GstVideoInfo *info, GstBuffer *buffer, GstMapFlags flags,
    GError **error)
{
  for (guint i = 0; i < gst_buffer_n_memory (buffer); i++) {
    if (!self->memory->check (
            gst_buffer_peek_memory (buffer, i), self->context, error))
      return FALSE;
  }
  if (gst_video_frame_map (
          frame, info, buffer, flags | self->memory->map_flags))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
      "a %s frame of %dx%d pixels cannot be mapped on the GPU; bring it to "
      "system memory before this element (cudadownload)",
      info->finfo->name, info->width, info->height);
  return FALSE;
}

void
gst_sod_device_frames_place (GstSodDeviceFrames *self, GstSodImage *image)
{
  image->memory = self != NULL ? GST_SOD_IMAGE_DEVICE : GST_SOD_IMAGE_HOST;
  image->device = self != NULL ? self->device : 0;
  image->context =
      self != NULL ? gst_sod_device_frames_get_context (self) : NULL;
}
