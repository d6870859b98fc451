/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One input through one pipeline:
 *
 *   filesrc ! decodebin ! sodbase [! sodpublish] ! tee -> overlays, cutouts
 *                            |
 *                            +-> the maps of its frames, by appsrc: maps, masks
 *
 * One inference serves all outputs. With output=cutout or map the map that
 * rides on a buffer has the frame's size, so maps are taken from there. */
#include "detect.h"

#include <glib/gstdio.h>
#include <gst-sod/gstsod.h>
#include <gst/app/app.h>
#include <string.h>

/* Nothing has come of an input for so long: it is given up. */
#define PATIENCE (180 * G_USEC_PER_SEC)

/* Writes the pictures of one kind. */
typedef struct
{
  SodJob *job;
  gchar *path; /* a folder or a file */
  gboolean is_folder;
  guint n_written;
} Writer;

struct _SodJob
{
  const SodInput *input;
  const SodLook *look;
  gboolean wants[SOD_N_KINDS];
  SodJobDone done;
  gpointer data;

  GstElement *pipeline;
  GstElement *base;
  GstAppSrc *feeds[2]; /* of maps and masks, NULL where not wanted */
  GstCaps *caps;       /* of the feeds */
  guint watch;
  Writer writers[SOD_N_KINDS];
  gchar *warning;
  guint seen; /* frames when it was last looked at */
  gint64 seen_at;
  gint64 duration; /* ns; 0 while unknown */

  GMutex lock;     /* of what follows */
  guint n_in;      /* frames that sodbase sent */
  GArray *numbers; /* guint: place in the video of each frame that is kept */
  gint64 position; /* ns */
};

/* ---- writing pictures ---- */

static gboolean
write_picture (Writer *self, GstBuffer *buffer, GError **error)
{
  GstMapInfo map;
  g_autofree gchar *path = NULL;
  gboolean written;
  guint number;

  g_mutex_lock (&self->job->lock);
  number = self->n_written < self->job->numbers->len
               ? g_array_index (self->job->numbers, guint, self->n_written)
               : self->n_written;
  g_mutex_unlock (&self->job->lock);
  path = self->is_folder ? g_strdup_printf ("%s/%06u.png", self->path, number)
                         : g_strdup (self->path);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
        "a picture's memory cannot be read");
    return FALSE;
  }
  written = g_file_set_contents_full (path, (const gchar *) map.data,
      (gssize) map.size, G_FILE_SET_CONTENTS_NONE, 0666, error);
  gst_buffer_unmap (buffer, &map);
  self->n_written++;
  return written;
}

static GstFlowReturn
take_sample (GstAppSink *sink, gpointer data)
{
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  g_autoptr (GError) error = NULL;

  if (sample == NULL)
    return GST_FLOW_EOS;
  if (write_picture (data, gst_sample_get_buffer (sample), &error))
    return GST_FLOW_OK;
  GST_ELEMENT_ERROR (sink, RESOURCE, WRITE, ("%s", error->message), (NULL));
  return GST_FLOW_ERROR;
}

/* ---- maps and masks ---- */

static void
push (SodJob *self, SodKind kind, GstBuffer *pixels, GstClockTime time)
{
  GstBuffer *buffer = gst_buffer_copy (pixels);

  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer (self->feeds[kind], buffer);
}

static void
set_feed_caps (SodJob *self, const GstSodMap *map)
{
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      "GRAY8", "width", G_TYPE_INT, gst_sod_map_get_width (map), "height",
      G_TYPE_INT, gst_sod_map_get_height (map), "framerate", GST_TYPE_FRACTION,
      0, 1, NULL);

  if (self->caps == NULL || !gst_caps_is_equal (caps, self->caps)) {
    gst_caps_replace (&self->caps, caps);
    for (guint i = 0; i < G_N_ELEMENTS (self->feeds); i++)
      if (self->feeds[i] != NULL)
        gst_app_src_set_caps (self->feeds[i], caps);
  }
  gst_caps_unref (caps);
}

static void
feed (SodJob *self, const GstSodMap *map, GstClockTime time)
{
  set_feed_caps (self, map);
  if (self->feeds[SOD_KIND_MAPS] != NULL)
    push (self, SOD_KIND_MAPS, gst_sod_map_get_pixels (map), time);
  if (self->feeds[SOD_KIND_MASKS] != NULL) {
    g_autoptr (GstBuffer) mask =
        gst_sod_map_make_mask (map, self->look->threshold);

    if (mask != NULL)
      push (self, SOD_KIND_MASKS, mask, time);
  }
}

/* Whether the frame is one of those that are asked for; counts it. */
static gboolean
keep (SodJob *self, const GstSodMap *map, GstClockTime time)
{
  gboolean kept;

  g_mutex_lock (&self->lock);
  kept = map == NULL
         || (gst_sod_map_get_flags (map) & GST_SOD_MAP_FLAG_REUSED) == 0;
  if (self->input->is_picture && self->n_in > 0)
    kept = FALSE;
  if (kept)
    g_array_append_val (self->numbers, self->n_in);
  self->n_in++;
  if (GST_CLOCK_TIME_IS_VALID (time))
    self->position = (gint64) time;
  g_mutex_unlock (&self->lock);
  return kept;
}

/* H.264 of the players' kind halves colour: its sizes are even. */
static void
set_even_size (SodJob *self, GstEvent *event)
{
  g_autoptr (GstElement) even =
      gst_bin_get_by_name (GST_BIN (self->pipeline), "even");
  g_autoptr (GstCaps) wanted = NULL;
  GstCaps *caps;
  gint width, height;

  gst_event_parse_caps (event, &caps);
  if (even == NULL
      || !gst_structure_get (gst_caps_get_structure (caps, 0), "width",
          G_TYPE_INT, &width, "height", G_TYPE_INT, &height, NULL))
    return;
  wanted = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420",
      "width", G_TYPE_INT, (width + 1) / 2 * 2, "height", G_TYPE_INT,
      (height + 1) / 2 * 2, NULL);
  g_object_set (even, "caps", wanted, NULL);
}

static void
look_at_event (SodJob *self, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS)
    set_even_size (self, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    for (guint i = 0; i < G_N_ELEMENTS (self->feeds); i++)
      if (self->feeds[i] != NULL)
        gst_app_src_end_of_stream (self->feeds[i]);
}

static GstPadProbeReturn
look_at_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  SodJob *self = data;
  GstBuffer *buffer;
  GstSodMap *map;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    look_at_event (self, GST_PAD_PROBE_INFO_EVENT (info));
    return GST_PAD_PROBE_OK;
  }
  buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  map = gst_sod_buffer_get_map (buffer);
  if (!keep (self, map, GST_BUFFER_PTS (buffer)))
    return GST_PAD_PROBE_DROP;
  if (map != NULL)
    feed (self, map, GST_BUFFER_PTS (buffer));
  return GST_PAD_PROBE_OK;
}

/* ---- building ---- */

/* Both carry maps of the frame's size, so that an input's lines and boxes are
 * the same whatever else is made of it. */
static const gchar *
choose_output (SodJob *self)
{
  return self->wants[SOD_KIND_CUTOUTS] || self->wants[SOD_KIND_OVERLAYS]
             ? "cutout"
             : "map";
}

#define PNG "pngenc compression-level=5 ! appsink sync=false async=false "
#define VIDEO "videoconvert ! videoscale ! capsfilter name=even ! "

static void
append_branches (SodJob *self, GString *line)
{
  gboolean h264 = gst_registry_check_feature_version (
      gst_registry_get (), "x264enc", 1, 0, 0);

  if (self->wants[SOD_KIND_CUTOUTS])
    g_string_append (line, "tee. ! queue ! " PNG "name=cutouts ");
  if (self->wants[SOD_KIND_OVERLAYS] && self->input->is_picture)
    g_string_append (line,
        "tee. ! queue ! sodoverlay name=overlay ! videoconvert ! "
        "video/x-raw,format=RGB ! " PNG "name=overlays ");
  else if (self->wants[SOD_KIND_OVERLAYS])
    g_string_append_printf (line,
        "tee. ! queue ! sodoverlay name=overlay ! " VIDEO "%s ! "
        "mp4mux ! filesink sync=false async=false name=overlays ",
        h264 ? "x264enc speed-preset=veryfast pass=quant quantizer=21 "
               "key-int-max=50 ! video/x-h264,profile=high"
             : "openh264enc bitrate=8000000 ! h264parse");
  for (guint i = 0; i < G_N_ELEMENTS (self->feeds); i++)
    if (self->wants[i])
      g_string_append_printf (line,
          "appsrc name=feed-%u format=time block=true max-buffers=4 max-bytes=0"
          " ! " PNG "name=%s ",
          i, sod_kind_name (i));
}

/* (transfer full) */
static gchar *
make_line (SodJob *self)
{
  GString *line = g_string_new ("filesrc name=source ! decodebin name=decoder "
                                "caps=video/x-raw(ANY) "
                                "expose-all-streams=false ");

  g_string_append_printf (line,
      "queue name=entry max-size-bytes=0 max-size-time=0 max-size-buffers=3 ! "
      "sodbase name=base model-instance-id=" SOD_INSTANCE_ID
      " batch-size=1 on-device-error=error output=%s ",
      choose_output (self));
  if (self->wants[SOD_KIND_LINES])
    g_string_append (line, "! sodpublish name=publish wall-clock=false ");
  g_string_append (line, "! tee name=tee tee. ! queue ! fakesink sync=false "
                         "async=false ");
  append_branches (self, line);
  return g_string_free (line, FALSE);
}

/* (transfer full) */
static GstElement *
get (SodJob *self, const gchar *name)
{
  return gst_bin_get_by_name (GST_BIN (self->pipeline), name);
}

static void
set_up_base (SodJob *self)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (self->base, "src");

  g_object_set (self->base, "model-file", self->look->model, "device",
      self->look->device, "inference-interval", self->look->every, "threshold",
      self->look->threshold, "source-id", self->input->name, NULL);
  gst_util_set_object_arg (
      G_OBJECT (self->base), "precision", self->look->precision);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      look_at_frame, self, NULL);
}

static void
set_up_outputs (SodJob *self, gchar *const *paths)
{
  GstAppSinkCallbacks callbacks = { .new_sample = take_sample };

  for (guint i = 0; i < SOD_N_KINDS; i++) {
    g_autoptr (GstElement) sink = self->wants[i] && i != SOD_KIND_LINES
                                      ? get (self, sod_kind_name (i))
                                      : NULL;

    if (sink == NULL)
      continue;
    self->writers[i] = (Writer){ self, g_strdup (paths[i]),
      sod_input_fills_folder (self->input, i), 0 };
    if (GST_IS_APP_SINK (sink))
      gst_app_sink_set_callbacks (
          GST_APP_SINK (sink), &callbacks, &self->writers[i], NULL);
    else
      g_object_set (sink, "location", paths[i], NULL);
  }
  if (self->wants[SOD_KIND_LINES]) {
    g_autoptr (GstElement) publish = get (self, "publish");

    g_object_set (publish, "location", paths[SOD_KIND_LINES], NULL);
  }
  if (self->wants[SOD_KIND_OVERLAYS]) {
    g_autoptr (GstElement) overlay = get (self, "overlay");

    g_object_set (overlay, "threshold", self->look->threshold, NULL);
  }
}

/* ---- the decoder's pads ---- */

/* Of several streams the first is taken; the others have to go somewhere. */
static void
take_pad (GstElement *decoder, GstPad *pad, gpointer data)
{
  SodJob *self = data;
  g_autoptr (GstElement) entry = get (self, "entry");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (entry, "sink");

  if (gst_pad_is_linked (sink)) {
    GstElement *other = gst_element_factory_make ("fakesink", NULL);

    g_object_set (other, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add (GST_BIN (self->pipeline), other);
    gst_element_sync_state_with_parent (other);
    g_clear_object (&sink);
    sink = gst_element_get_static_pad (other, "sink");
  }
  gst_pad_link (pad, sink);
}

/* libav's decoders of pictures want each in one buffer, which nothing before
 * them does for BMP and TIFF; gdkpixbufdec decodes those too. */
static gint
choose_decoder (GstElement *decoder, GstPad *pad, GstCaps *caps,
    GstElementFactory *factory, gpointer data)
{
  enum
  {
    TRY = 0,
    SKIP = 2 /* as decodebin numbers them, in no header */
  };
  SodJob *self = data;

  return self->input->is_picture
                 && g_str_has_prefix (GST_OBJECT_NAME (factory), "avdec_")
             ? SKIP
             : TRY;
}

static void
check_pads (GstElement *decoder, gpointer data)
{
  SodJob *self = data;
  g_autoptr (GstElement) entry = get (self, "entry");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (entry, "sink");

  if (!gst_pad_is_linked (sink))
    GST_ELEMENT_ERROR (decoder, STREAM, WRONG_TYPE,
        ("there is no video and no picture in it"), (NULL));
}

/* ---- its end ---- */

/* Whether the frames ended long before the time that the file says. */
static gboolean
ends_early (SodJob *self)
{
  gint64 duration;

  return !self->input->is_picture
         && gst_element_query_duration (
             self->pipeline, GST_FORMAT_TIME, &duration)
         && self->position + GST_SECOND < duration * 9 / 10;
}

/* Tells what became of the input, once. */
static void
finish (SodJob *self, const gchar *reason)
{
  if (self->watch == 0)
    return;
  g_clear_handle_id (&self->watch, g_source_remove);
  if (reason == NULL && self->warning == NULL && ends_early (self))
    self->warning = g_strdup ("it ends long before the time that it tells");
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  if (reason == NULL && self->numbers->len == 0)
    reason = "no frame of it could be decoded";
  /* A decoder that complains about the one picture there is has no other to
   * make good for it. */
  else if (reason == NULL && self->input->is_picture)
    reason = self->warning;
  self->done (self, reason, self->data);
}

static void
take_warning (SodJob *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;

  gst_message_parse_warning (message, &error, NULL);
  if (self->warning == NULL)
    self->warning = g_strdup (error->message);
}

/* The message, and what stands in the last line of the element's own words.
 * (transfer full) */
static gchar *
explain (GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  const gchar *last;

  gst_message_parse_error (message, &error, &debug);
  if (g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    return g_strdup ("no plug-in decodes a video or a picture in it");
  last = debug != NULL ? strrchr (debug, '\n') : NULL;
  if (last == NULL || last[1] == '\0' || strstr (error->message, last + 1))
    return g_strdup (error->message);
  return g_strdup_printf ("%s (%s)", error->message, last + 1);
}

static gboolean
take_message (GstBus *bus, GstMessage *message, gpointer data)
{
  SodJob *self = data;
  g_autofree gchar *reason = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_EOS:
      finish (self, NULL);
      return G_SOURCE_CONTINUE;
    case GST_MESSAGE_ERROR:
      reason = explain (message);
      finish (self, reason);
      return G_SOURCE_CONTINUE;
    case GST_MESSAGE_WARNING:
      take_warning (self, message);
      return G_SOURCE_CONTINUE;
    default:
      return G_SOURCE_CONTINUE;
  }
}

/* ---- life ---- */

void
sod_job_prepare_decoders (void)
{
  g_autoptr (GstPluginFeature) feature =
      gst_registry_lookup_feature (gst_registry_get (), "gdkpixbufdec");

  if (feature != NULL && gst_plugin_feature_get_rank (feature) == GST_RANK_NONE)
    gst_plugin_feature_set_rank (feature, GST_RANK_MARGINAL);
}

static void
set_up_source (SodJob *self)
{
  g_autoptr (GstElement) source = get (self, "source");
  g_autoptr (GstElement) decoder = get (self, "decoder");
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);

  g_object_set (source, "location", self->input->path, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (take_pad), self);
  g_signal_connect (
      decoder, "autoplug-select", G_CALLBACK (choose_decoder), self);
  g_signal_connect (decoder, "no-more-pads", G_CALLBACK (check_pads), self);
  self->watch = gst_bus_add_watch (bus, take_message, self);
}

static gboolean
build (SodJob *self, gchar *const *paths, GError **error)
{
  g_autofree gchar *line = make_line (self);

  self->pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (self->pipeline == NULL)
    return FALSE;
  self->base = get (self, "base");
  for (guint i = 0; i < G_N_ELEMENTS (self->feeds); i++)
    if (self->wants[i]) {
      g_autofree gchar *name = g_strdup_printf ("feed-%u", i);

      self->feeds[i] = GST_APP_SRC (get (self, name));
    }
  set_up_base (self);
  set_up_outputs (self, paths);
  set_up_source (self);
  return TRUE;
}

SodJob *
sod_job_new (const SodInput *input, const SodLook *look, gchar *const *paths,
    SodJobDone done, gpointer data, GError **error)
{
  SodJob *self = g_new0 (SodJob, 1);

  self->input = input;
  self->look = look;
  self->done = done;
  self->data = data;
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  self->seen_at = g_get_monotonic_time ();
  g_mutex_init (&self->lock);
  for (guint i = 0; i < SOD_N_KINDS; i++)
    self->wants[i] = paths[i] != NULL;
  if (!build (self, paths, error)) {
    sod_job_free (self);
    return NULL;
  }
  /* What fails here is on the bus as well. */
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  return self;
}

void
sod_job_free (SodJob *self)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  if (self->pipeline != NULL)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->base);
  for (guint i = 0; i < G_N_ELEMENTS (self->feeds); i++)
    gst_clear_object (&self->feeds[i]);
  gst_clear_object (&self->pipeline);
  gst_clear_caps (&self->caps);
  for (guint i = 0; i < SOD_N_KINDS; i++)
    g_free (self->writers[i].path);
  g_array_unref (self->numbers);
  g_mutex_clear (&self->lock);
  g_free (self->warning);
  g_free (self);
}

guint
sod_job_count_frames (SodJob *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->numbers->len;
  g_mutex_unlock (&self->lock);
  return n;
}

gdouble
sod_job_get_fraction (SodJob *self)
{
  gint64 position;

  if (self->duration <= 0
      && !gst_element_query_duration (
          self->pipeline, GST_FORMAT_TIME, &self->duration))
    self->duration = 0;
  g_mutex_lock (&self->lock);
  position = self->position;
  g_mutex_unlock (&self->lock);
  if (self->duration <= 0)
    return 0.0;
  return CLAMP ((gdouble) position / (gdouble) self->duration, 0.0, 1.0);
}

void
sod_job_check_patience (SodJob *self)
{
  gint64 now = g_get_monotonic_time ();
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_in;
  g_mutex_unlock (&self->lock);
  if (n != self->seen) {
    self->seen = n;
    self->seen_at = now;
  } else if (now - self->seen_at > PATIENCE) {
    finish (self, "nothing more came of it for three minutes");
  }
}

const gchar *
sod_job_get_warning (SodJob *self)
{
  return self->warning;
}
