/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodreverse
 * @title: sodreverse
 * @short_description: shows what a map stands for, or how well it explains its
 *   frame
 * @see_also: sodbase
 *
 * sodreverse runs a reverse network, the one that is trained beside the base
 * networks to go from saliency map to image. Of maps (GRAY8 frames) it makes
 * the image that the network imagines, as RGB of the map's size or of the one
 * that downstream asks for. Frames that carry a map, from `sodbase` before it,
 * it passes on untouched, and measures how well their map explains them: the
 * reconstruction error, mean (abs (imagined - frame)) with the frame at the
 * image's size and colours in -1 to 1. 0 = the map says all, 2 = nothing. A
 * network sees that far only what it was trained on, so that the error rises
 * when maps get worse and when the scene becomes another: what to look at
 * before trusting maps, and a sign that it is time to train again.
 *
 * The error goes along with the buffer as a meta, into the lines of sodpublish,
 * and into the element message `sod-reverse` (`running-time`,
 * `reconstruction-error`, `running-mean`, `baseline`, `drift`), which comes
 * every #GstSodReverse:message-interval and whenever a drift begins or ends.
 * The baseline is the mean of the first #GstSodReverse:baseline-frames errors
 * after a start or another model. The running mean moves by 1 of that number
 * of the way to each new error. A drift begins when it is more than
 * #GstSodReverse:drift-threshold over the baseline, as a share of it, and ends
 * when it is no more than half of that over it.
 *
 * #GstSodReverse:device and #GstSodReverse:on-device-error are as those of
 * sodbase, and message `sod-device` tells of the device in the same way. Frames
 * are read in system memory.
 *
 * Frames without a map pass, and are counted. Cameras that send GRAY8 need
 * `output=frame`.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=20 ! sodbase output=map ! \
 *     sodreverse ! pngenc ! multifilesink location=imagined-%03d.png
 * ]| What the reverse network imagines of maps, as PNG files
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=200 ! sodbase ! \
 *     sodreverse ! fakesink
 * ]| How well maps explain their frames; the messages say it
 *
 * Since: 0.1
 */
#include <plugins/common/sodelements.h>

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include <plugins/common/sodbuffers.h>
#include <plugins/common/soderror.h>
#include "soddrift.h"
#include "sodreverseengine.h"

GST_DEBUG_CATEGORY_STATIC (sod_reverse_debug);
#define GST_CAT_DEFAULT sod_reverse_debug

#define GST_TYPE_SOD_REVERSE (gst_sod_reverse_get_type ())
G_DECLARE_FINAL_TYPE (
    GstSodReverse, gst_sod_reverse, GST, SOD_REVERSE, GstBaseTransform)

struct _GstSodReverse
{
  GstBaseTransform parent;

  GCancellable *cancellable;
  GstCaps *readable; /* frames that can be read */

  /* under the object lock */
  SodReverseSettings settings;
  SodReverseEngine *engine; /* from start to stop */
  guint64 n_frames, n_images, n_without_map;
  gdouble error; /* of the last measured frame */
  SodDrift drift;

  /* of the streaming thread, or of a stopped element */
  SodReverseOutput output; /* when the element started */
  gboolean makes_image;    /* of these caps */
  GstVideoInfo out_info;
  GstSodFrameReader *reader;     /* of the frames */
  GstSodFrameReader *map_reader; /* of maps of this size: */
  gint map_width, map_height;
  GstSodImageWriter *writer;
  GstSodNetwork *network; /* that the baseline is of */
  guint64 n_maps;         /* frames with a map */
  GstClockTime last_message;
};

G_DEFINE_FINAL_TYPE (GstSodReverse, gst_sod_reverse, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    sodreverse, "sodreverse", GST_RANK_NONE, GST_TYPE_SOD_REVERSE)

/* ---- start and stop ---- */

static gboolean
gst_sod_reverse_start (GstBaseTransform *trans)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  SodReverseSettings settings = { 0 };
  g_autoptr (GError) error = NULL;
  SodReverseEngine *engine;

  g_cancellable_reset (self->cancellable);
  GST_OBJECT_LOCK (self);
  sod_reverse_settings_copy (&self->settings, &settings);
  self->n_frames = self->n_images = self->n_without_map = 0;
  self->error = 0;
  sod_drift_reset (
      &self->drift, settings.baseline_frames, settings.drift_threshold);
  GST_OBJECT_UNLOCK (self);
  self->output = settings.output;
  self->n_maps = 0;
  self->last_message = GST_CLOCK_TIME_NONE;

  engine = sod_reverse_engine_new (GST_ELEMENT (self), &settings, &error);
  if (engine == NULL)
    sod_element_error (GST_ELEMENT (self), error);
  GST_OBJECT_LOCK (self);
  self->engine = engine;
  if (engine != NULL
      && g_strcmp0 (settings.model_file, self->settings.model_file) != 0)
    sod_reverse_engine_request (engine, self->settings.model_file);
  GST_OBJECT_UNLOCK (self);
  sod_reverse_settings_clear (&settings);
  return engine != NULL;
}

static gboolean
gst_sod_reverse_stop (GstBaseTransform *trans)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  SodReverseEngine *engine;

  g_clear_object (&self->reader);
  g_clear_object (&self->map_reader);
  g_clear_object (&self->writer);
  g_clear_object (&self->network);
  GST_OBJECT_LOCK (self);
  engine = g_steal_pointer (&self->engine);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&engine, sod_reverse_engine_free);
  return TRUE;
}

static GstStateChangeReturn
gst_sod_reverse_change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    g_cancellable_cancel (GST_SOD_REVERSE (element)->cancellable);
  return GST_ELEMENT_CLASS (gst_sod_reverse_parent_class)
      ->change_state (element, transition);
}

/* ---- caps ---- */

/* Another output counts from the next start on. */
static SodReverseOutput
get_output (GstSodReverse *self)
{
  SodReverseOutput output;

  GST_OBJECT_LOCK (self);
  output = self->engine != NULL ? self->output : self->settings.output;
  GST_OBJECT_UNLOCK (self);
  return output;
}

/* Frames of @format and of any size, with what @from says of their rate. */
static void
append_frames (GstCaps *caps, const GstStructure *from, const gchar *format)
{
  static const gchar *const fields[] = { "colorimetry", "chroma-site",
    "interlace-mode", "field-order" };
  GstStructure *structure = gst_structure_copy (from);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    gst_structure_remove_field (structure, fields[i]);
  gst_structure_set (structure, "format", G_TYPE_STRING, format, "width",
      GST_TYPE_INT_RANGE, 1, G_MAXINT, "height", GST_TYPE_INT_RANGE, 1,
      G_MAXINT, NULL);
  gst_caps_append_structure (caps, structure);
}

/* Whether @structure may be frames of @format. */
static gboolean
has_format (const GstStructure *structure, const gchar *format)
{
  g_auto (GValue) value = G_VALUE_INIT;
  const GValue *formats = gst_structure_get_value (structure, "format");

  if (formats == NULL)
    return TRUE;
  g_value_init (&value, G_TYPE_STRING);
  g_value_set_static_string (&value, format);
  return gst_value_can_intersect (formats, &value);
}

static GstCaps *
remove_gray (GstCaps *caps)
{
  g_autoptr (GstCaps) gray =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("GRAY8"));
  GstCaps *others = gst_caps_subtract (caps, gray);

  gst_caps_unref (caps);
  return others;
}

static GstCaps *
gst_sod_reverse_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  SodReverseOutput output = get_output (self);
  GstCaps *others = gst_caps_new_empty (), *result;
  const gchar *here = direction == GST_PAD_SINK ? "GRAY8" : "RGB";
  const gchar *there = direction == GST_PAD_SINK ? "RGB" : "GRAY8";

  for (guint i = 0;
       output != SOD_REVERSE_OUTPUT_FRAME && i < gst_caps_get_size (caps);
       i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);

    if (has_format (structure, here))
      append_frames (others, structure, there);
  }
  if (output != SOD_REVERSE_OUTPUT_IMAGE) {
    GstCaps *same = gst_caps_intersect_full (
        caps, self->readable, GST_CAPS_INTERSECT_FIRST);

    if (output == SOD_REVERSE_OUTPUT_AUTO)
      same = remove_gray (same);
    others = gst_caps_merge (others, same);
  }
  if (filter == NULL)
    return others;
  result = gst_caps_intersect_full (filter, others, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (others);
  return result;
}

static GstCaps *
gst_sod_reverse_fixate_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *othercaps)
{
  GstStructure *structure;
  GstVideoInfo info;

  othercaps = gst_caps_make_writable (gst_caps_truncate (othercaps));
  if (direction == GST_PAD_SINK && !gst_caps_is_empty (othercaps)
      && gst_video_info_from_caps (&info, caps)) {
    structure = gst_caps_get_structure (othercaps, 0);
    gst_structure_fixate_field_nearest_int (structure, "width", info.width);
    gst_structure_fixate_field_nearest_int (structure, "height", info.height);
  }
  return gst_caps_fixate (othercaps);
}

static gboolean
set_format (GstSodReverse *self, GstCaps *in, GstCaps *out, GError **error)
{
  GstVideoInfo info;

  g_clear_object (&self->reader);
  g_clear_object (&self->writer);
  if (!gst_video_info_from_caps (&info, in)
      || !gst_video_info_from_caps (&self->out_info, out)) {
    g_autofree gchar *text = gst_caps_to_string (in);

    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "the caps describe no video frames: %s", text);
    return FALSE;
  }
  self->makes_image =
      self->output == SOD_REVERSE_OUTPUT_IMAGE
      || (self->output == SOD_REVERSE_OUTPUT_AUTO
          && GST_VIDEO_INFO_FORMAT (&info) == GST_VIDEO_FORMAT_GRAY8);
  self->reader = gst_sod_frame_reader_new (&info, error);
  if (self->reader == NULL || !self->makes_image)
    return self->reader != NULL;
  self->writer = gst_sod_image_writer_new (
      self->out_info.width, self->out_info.height, error);
  return self->writer != NULL;
}

static gboolean
gst_sod_reverse_set_caps (GstBaseTransform *trans, GstCaps *in, GstCaps *out)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  g_autoptr (GError) error = NULL;

  if (!set_format (self, in, out, &error)) {
    sod_element_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  gst_base_transform_set_passthrough (trans, !self->makes_image);
  return TRUE;
}

static gboolean
gst_sod_reverse_transform_size (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, gsize size, GstCaps *othercaps,
    gsize *othersize)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, othercaps))
    return FALSE;
  *othersize = info.size;
  return TRUE;
}

/* Never called, since generate_output is this element's own. That it is there
 * tells the base class that an image needs a buffer of its own. */
static GstFlowReturn
gst_sod_reverse_transform (
    GstBaseTransform *trans, GstBuffer *in, GstBuffer *out)
{
  return GST_FLOW_NOT_SUPPORTED;
}

static gboolean
gst_sod_reverse_propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  if (!GST_BASE_TRANSFORM_CLASS (gst_sod_reverse_parent_class)
           ->propose_allocation (trans, decide_query, query))
    return FALSE;
  if (decide_query != NULL)
    gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

static gboolean
gst_sod_reverse_decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  return sod_buffer_propose_pool (query, &GST_SOD_REVERSE (trans)->out_info)
         && GST_BASE_TRANSFORM_CLASS (gst_sod_reverse_parent_class)
                ->decide_allocation (trans, query);
}

static gboolean
gst_sod_reverse_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean done;

  if (type == GST_EVENT_FLUSH_START)
    g_cancellable_cancel (self->cancellable);
  done = GST_BASE_TRANSFORM_CLASS (gst_sod_reverse_parent_class)
             ->sink_event (trans, event);
  if (type == GST_EVENT_FLUSH_STOP) {
    g_cancellable_reset (self->cancellable);
    self->last_message = GST_CLOCK_TIME_NONE;
  }
  return done;
}

/* ---- one frame ---- */

static GstFlowReturn
make_image (GstSodReverse *self, GstBuffer *in, GstBuffer **out, GError **error)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  const GstSodImage *map;
  GstSodImage *image;
  gboolean done = FALSE;
  GstFlowReturn flow =
      GST_BASE_TRANSFORM_GET_CLASS (self)->prepare_output_buffer (
          trans, in, out);

  if (flow != GST_FLOW_OK)
    return flow;
  map = gst_sod_frame_reader_map (self->reader, in, error);
  if (map == NULL)
    return GST_FLOW_ERROR;
  image = gst_sod_image_writer_map (self->writer, *out, error);
  if (image != NULL)
    done = sod_reverse_engine_imagine (
        self->engine, map, image, self->cancellable, error);
  gst_sod_image_writer_unmap (self->writer);
  gst_sod_frame_reader_unmap (self->reader);
  GST_OBJECT_LOCK (self);
  self->n_images += done;
  GST_OBJECT_UNLOCK (self);
  return done ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* The reader of the pixels of @map. */
static gboolean
follow_map_size (GstSodReverse *self, const GstSodMap *map, GError **error)
{
  gint width = gst_sod_map_get_width (map);
  gint height = gst_sod_map_get_height (map);
  GstVideoInfo info;

  if (self->map_reader != NULL && width == self->map_width
      && height == self->map_height)
    return TRUE;
  g_clear_object (&self->map_reader);
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height);
  self->map_reader = gst_sod_frame_reader_new (&info, error);
  self->map_width = width;
  self->map_height = height;
  return self->map_reader != NULL;
}

static gboolean
measure (GstSodReverse *self, GstBuffer *in, const GstSodMap *map,
    gdouble *difference, GError **error)
{
  const GstSodImage *frame, *pixels;
  gboolean done = FALSE;

  if (!follow_map_size (self, map, error))
    return FALSE;
  frame = gst_sod_frame_reader_map (self->reader, in, error);
  if (frame == NULL)
    return FALSE;
  pixels = gst_sod_frame_reader_map (
      self->map_reader, gst_sod_map_get_pixels (map), error);
  if (pixels != NULL)
    done = sod_reverse_engine_measure (
        self->engine, pixels, frame, difference, self->cancellable, error);
  gst_sod_frame_reader_unmap (self->map_reader);
  gst_sod_frame_reader_unmap (self->reader);
  return done;
}

/* Takes the error in and tells it where it is time to. */
static void
tell (GstSodReverse *self, GstClockTime time, gdouble error)
{
  GstSodNetwork *network = gst_sod_reconstructor_get_network (
      sod_reverse_engine_get_reconstructor (self->engine));
  gboolean turned, due;
  GstClockTime interval;
  SodDrift drift;

  GST_OBJECT_LOCK (self);
  if (network != self->network) /* errors of two networks cannot be compared */
    sod_drift_reset (
        &self->drift, self->drift.n_baseline, self->drift.threshold);
  turned = sod_drift_add (&self->drift, error);
  self->error = error;
  drift = self->drift;
  interval = self->settings.message_interval;
  GST_OBJECT_UNLOCK (self);
  g_set_object (&self->network, network);

  due = !GST_CLOCK_TIME_IS_VALID (time)
        || !GST_CLOCK_TIME_IS_VALID (self->last_message)
        || time < self->last_message || time - self->last_message >= interval;
  if (!turned && !due)
    return;
  self->last_message = time;
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("sod-reverse", "running-time", G_TYPE_UINT64, time,
              "reconstruction-error", G_TYPE_DOUBLE, error, "running-mean",
              G_TYPE_DOUBLE, drift.mean, "baseline", G_TYPE_DOUBLE,
              sod_drift_is_ready (&drift) ? drift.baseline : -1.0, "drift",
              G_TYPE_BOOLEAN, drift.drifts, NULL)));
}

/* Whether this frame is to be measured. */
static gboolean
is_due (GstSodReverse *self, const GstSodMap *map)
{
  gboolean due = FALSE;

  GST_OBJECT_LOCK (self);
  if (map == NULL)
    self->n_without_map++;
  else
    due = self->n_maps++ % self->settings.inference_interval == 0;
  GST_OBJECT_UNLOCK (self);
  return due;
}

static GstFlowReturn
pass_frame (GstSodReverse *self, GstBuffer **in, GstBuffer **out,
    GstClockTime time, GError **error)
{
  GstSodMap *map = gst_sod_buffer_get_map (*in);
  gdouble difference;

  if (is_due (self, map)) {
    if (!measure (self, *in, map, &difference, error))
      return GST_FLOW_ERROR;
    *in = gst_buffer_make_writable (*in);
    gst_sod_buffer_set_reconstruction_error (*in, difference);
    tell (self, time, difference);
  }
  *out = g_steal_pointer (in);
  return GST_FLOW_OK;
}

static GstFlowReturn
gst_sod_reverse_generate_output (GstBaseTransform *trans, GstBuffer **outbuf)
{
  GstSodReverse *self = GST_SOD_REVERSE (trans);
  g_autoptr (GstBuffer) in = g_steal_pointer (&trans->queued_buf);
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GError) error = NULL;
  GstClockTime time;
  GstFlowReturn flow;

  *outbuf = NULL;
  if (in == NULL)
    return GST_FLOW_OK;
  time = gst_segment_to_running_time (
      &trans->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (in));
  GST_OBJECT_LOCK (self);
  self->n_frames++;
  GST_OBJECT_UNLOCK (self);
  flow = self->makes_image ? make_image (self, in, &out, &error)
                           : pass_frame (self, &in, &out, time, &error);
  if (error == NULL) {
    *outbuf = g_steal_pointer (&out);
    return flow;
  }
  if (g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED))
    return GST_FLOW_FLUSHING;
  sod_element_error (GST_ELEMENT (self), error);
  return GST_FLOW_ERROR;
}

/* ---- the object ---- */

/* (transfer full) */
static GstStructure *
get_stats (GstSodReverse *self)
{
  const SodDrift *drift = &self->drift;
  GstStructure *stats;

  GST_OBJECT_LOCK (self);
  stats = gst_structure_new ("sod-reverse-stats", "frames", G_TYPE_UINT64,
      self->n_frames, "images", G_TYPE_UINT64, self->n_images, "measured",
      G_TYPE_UINT64, drift->n, "without-map", G_TYPE_UINT64,
      self->n_without_map, "reconstruction-error", G_TYPE_DOUBLE, self->error,
      "mean-error", G_TYPE_DOUBLE,
      drift->n > 0 ? drift->sum / (gdouble) drift->n : 0.0, "running-mean",
      G_TYPE_DOUBLE, drift->mean, "baseline", G_TYPE_DOUBLE,
      sod_drift_is_ready (drift) ? drift->baseline : -1.0, "drift",
      G_TYPE_BOOLEAN, drift->drifts, NULL);
  if (self->engine != NULL)
    sod_reverse_engine_describe (self->engine, stats);
  GST_OBJECT_UNLOCK (self);
  return stats;
}

static void
gst_sod_reverse_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodReverse *self = GST_SOD_REVERSE (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = sod_reverse_settings_set (&self->settings, id, value);
  if (id == SOD_REVERSE_PROP_MODEL_FILE && self->engine != NULL)
    sod_reverse_engine_request (self->engine, self->settings.model_file);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_reverse_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodReverse *self = GST_SOD_REVERSE (object);
  gboolean known;

  if (id == SOD_REVERSE_PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  known = sod_reverse_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_reverse_finalize (GObject *object)
{
  GstSodReverse *self = GST_SOD_REVERSE (object);

  sod_reverse_settings_clear (&self->settings);
  gst_clear_caps (&self->readable);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (gst_sod_reverse_parent_class)->finalize (object);
}

static void
gst_sod_reverse_init (GstSodReverse *self)
{
  sod_reverse_settings_init (&self->settings);
  self->readable = gst_sod_frame_reader_get_caps ();
  self->cancellable = g_cancellable_new ();
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}

static void
add_pad_templates (GstElementClass *klass)
{
  g_autoptr (GstCaps) readable = gst_sod_frame_reader_get_caps ();

  gst_element_class_add_pad_template (klass,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, readable));
  gst_element_class_add_pad_template (klass,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, readable));
}

static void
gst_sod_reverse_class_init (GstSodReverseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_sod_reverse_set_property;
  object_class->get_property = gst_sod_reverse_get_property;
  object_class->finalize = gst_sod_reverse_finalize;
  sod_reverse_settings_install_properties (object_class);

  add_pad_templates (element_class);
  gst_element_class_set_static_metadata (element_class,
      "Reverse augmented network", "Filter/Analyzer/Video",
      "Shows what a saliency map stands for, or tells how well it explains "
      "its frame",
      "The gst-sod authors");
  element_class->change_state = gst_sod_reverse_change_state;

  trans_class->start = gst_sod_reverse_start;
  trans_class->stop = gst_sod_reverse_stop;
  trans_class->transform_caps = gst_sod_reverse_transform_caps;
  trans_class->fixate_caps = gst_sod_reverse_fixate_caps;
  trans_class->set_caps = gst_sod_reverse_set_caps;
  trans_class->transform_size = gst_sod_reverse_transform_size;
  trans_class->sink_event = gst_sod_reverse_sink_event;
  trans_class->propose_allocation = gst_sod_reverse_propose_allocation;
  trans_class->decide_allocation = gst_sod_reverse_decide_allocation;
  trans_class->transform = gst_sod_reverse_transform;
  trans_class->generate_output = gst_sod_reverse_generate_output;

  GST_DEBUG_CATEGORY_INIT (
      sod_reverse_debug, "sodreverse", 0, "reverse augmented network");
}
