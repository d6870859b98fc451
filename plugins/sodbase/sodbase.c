/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodbase
 * @title: sodbase
 * @short_description: finds the salient object in each frame
 * @see_also: sodoverlay, sodpublish
 *
 * sodbase runs a base network on each frame and sends what it found as
 * #GstSodBase:output says: the frame untouched, carrying its saliency map and
 * the salient regions as metas (`frame`); the map as gray video, of the frame's
 * size or of the size that downstream's caps ask for (`map`); or the frame as
 * RGBA with the map as its alpha (`cutout`). Map and regions ride on the
 * buffers of all three; in `frame` the map has the network's size, in `map` and
 * `cutout` that of the output.
 *
 * A frame that comes late, one that the clock has passed by more than
 * upstream's latency, this element's own and one frame, is treated as
 * #GstSodBase:overload says; the stats count it. Even then a frame a second
 * gets its own map, since a source that understates its latency would otherwise
 * freeze the map. The latency that sodbase answers is the 95th percentile of
 * the first 30 inferences, and later raised where that of 30 others is over a
 * fifth higher.
 *
 * In a live pipeline put a queue after sodbase: a sink that waits for the time
 * of a frame in the same thread makes the frames behind it late.
 *
 * A frame without a map (`overload=skip`, or flagged as a gap) goes on as it
 * is; with `output=map` or `cutout` a gap event takes its place.
 *
 * The stats tell where the time of an inference goes, as means:
 * `preprocess-time` (frame to network input), `network-time`,
 * `postprocess-time` (network output to map) and `element-time`, all the rest:
 * regions, buffers, and waiting for other streams of the same executor.
 *
 * The network runs on #GstSodBase:device. With `auto` that is the first GPU
 * that can be used, else the CPU; a device that is named has to be there, or
 * the element does not start. The element message `sod-device` (`asked`,
 * `device`, `backend`, `precision` and, where `auto` did not come to be a GPU
 * or a device failed, `reason`) tells what it came to be. A device that fails
 * while frames pass, or that has no memory for one, is replaced by the CPU
 * between two frames, with a warning, unless #GstSodBase:on-device-error says
 * otherwise.
 *
 * On a GPU, frames in `memory:CUDAMemory` (from cudaupload or a decoder such as
 * nvh264dec) are read where they lie: NV12, I420, RGB, RGBA and their kin, also
 * of 10 bits. Nothing of the frame is copied to the host; with `output=frame`
 * it goes on as it is. Maps are written to system memory, where regions are
 * found in them, or with `output=map` to CUDAMemory where downstream asks for
 * that and GStreamer's CUDA library holds GRAY8 (1.22 does not).
 * `output=cutout` is drawn by the CPU and takes system memory. The CUDA context
 * is shared with the elements around by #GstContext; elements with one
 * #GstSodBase:model-instance-id share a network where they share the context.
 *
 * The bus gets an element message `sod-model-updated` (`path`, `id`, `version`)
 * when another model is in use, `sod-model-failed` (`path`, `error`) and a
 * warning when it is not, and the model before stays.
 *
 * Maps, their pixels and the output come from pools, so a frame costs no memory
 * of the heap but what GStreamer takes for metas: one for the map, and per
 * region a #GstVideoRegionOfInterestMeta with its structure; and what oneDNN
 * takes for the arguments of its primitives. `buffer-allocations` in the stats
 * counts buffers that did not come from a pool.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! sodbase ! sodoverlay ! \
 *     videoconvert ! autovideosink
 * ]| A picture with its salient regions marked
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=20 ! sodbase output=map ! \
 *     video/x-raw,width=320,height=192 ! pngenc ! \
 *     multifilesink location=map-%03d.png
 * ]| Maps of 320x192 as PNG files
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=20 ! sodbase output=cutout ! \
 *     pngenc ! multifilesink location=cutout-%03d.png
 * ]| What is salient, on a transparent background
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=20 ! sodbase device=auto !
 * fakesink
 * ]| Says in message sod-device which device it took, and why
 *
 * Since: 0.1
 */
#include "sodbase.h"

#include <plugins/common/sodbuffers.h>
#include "sodcaps.h"
#include <plugins/common/sodelements.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodforeign.h>

GST_DEBUG_CATEGORY (sod_base_debug);
#define GST_CAT_DEFAULT sod_base_debug

enum
{
  PROP_STATS = SOD_PROP_LAST_SETTING,
  PROP_LATENCY
};

G_DEFINE_FINAL_TYPE (GstSodBase, gst_sod_base, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    sodbase, "sodbase", GST_RANK_NONE, GST_TYPE_SOD_BASE)

/* ---- start and stop ---- */

static gboolean
gst_sod_base_start (GstBaseTransform *trans)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  g_autoptr (SodEngine) engine = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_reset (self->cancellable);
  GST_OBJECT_LOCK (self);
  self->taken = self->changes - 1;
  gst_sod_base_copy_settings (self);
  self->stats = (SodStats){ 0 };
  GST_OBJECT_UNLOCK (self);
  sod_latency_reset (&self->latency);
  self->output = self->now.output;
  gst_sod_base_forget_last (self);
  gst_base_transform_set_passthrough (trans, self->output == SOD_OUTPUT_FRAME);

  if (sod_settings_check (&self->now, GST_ELEMENT (self), &error))
    engine = gst_sod_base_open_device (self, &error);
  if (engine != NULL)
    self->analyser = sod_analyser_new (engine, &self->now, &error);
  if (self->analyser == NULL) {
    sod_element_error (GST_ELEMENT (self), error);
    gst_sod_base_close_device (self);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->engine = g_steal_pointer (&engine);
  if (g_strcmp0 (self->settings.model_file, self->now.model_file) != 0)
    sod_engine_request (self->engine, self->settings.model_file);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_sod_base_stop (GstBaseTransform *trans)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  SodEngine *engine;

  gst_sod_base_forget_last (self);
  g_clear_pointer (&self->analyser, sod_analyser_free);
  g_clear_object (&self->cutout);
  gst_clear_caps (&self->refused);
  GST_OBJECT_LOCK (self);
  engine = g_steal_pointer (&self->engine);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&engine, sod_engine_free);
  gst_sod_base_close_device (self);
  return TRUE;
}

static void
set_context (GstElement *element, GstContext *context)
{
  gst_sod_base_set_context (element, context);
  GST_ELEMENT_CLASS (gst_sod_base_parent_class)->set_context (element, context);
}

static GstStateChangeReturn
gst_sod_base_change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    g_cancellable_cancel (GST_SOD_BASE (element)->cancellable);
  return GST_ELEMENT_CLASS (gst_sod_base_parent_class)
      ->change_state (element, transition);
}

/* ---- caps, queries and events ---- */

/* Another output counts from the next start on. */
static SodOutput
get_output (GstSodBase *self)
{
  SodOutput output;

  GST_OBJECT_LOCK (self);
  output = self->engine != NULL ? self->output : self->settings.output;
  GST_OBJECT_UNLOCK (self);
  return output;
}

static GstCaps *
gst_sod_base_transform_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *filter)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  g_autoptr (GstCaps) supported = gst_sod_base_get_supported (self);
  g_autoptr (GstCaps) others =
      sod_caps_transform (get_output (self), direction, caps, supported);

  if (filter == NULL)
    return g_steal_pointer (&others);
  return gst_caps_intersect_full (filter, others, GST_CAPS_INTERSECT_FIRST);
}

static GstCaps *
gst_sod_base_fixate_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *othercaps)
{
  if (direction == GST_PAD_SRC)
    return gst_caps_fixate (othercaps);
  return sod_caps_fixate (get_output (GST_SOD_BASE (trans)), caps, othercaps);
}

static gboolean
set_format (GstSodBase *self, GstCaps *in, GstCaps *out, GError **error)
{
  SodFormat format = { .on_device = gst_sod_base_is_on_device (self, in) };

  if (!gst_video_info_from_caps (&self->in_info, in)
      || !gst_video_info_from_caps (&self->out_info, out)) {
    g_autofree gchar *text = gst_caps_to_string (in);

    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "the caps describe no video frames: %s", text);
    return FALSE;
  }
  format.info = self->in_info;
  if (self->output != SOD_OUTPUT_FRAME) {
    format.map_width = self->out_info.width;
    format.map_height = self->out_info.height;
  }
  if (self->output == SOD_OUTPUT_CUTOUT) {
    self->cutout = gst_sod_cutout_new (&self->in_info, &self->out_info, error);
    if (self->cutout == NULL)
      return FALSE;
  }
  /* Of the other outputs, maps are the analyser's own. */
  format.map_on_device =
      self->output == SOD_OUTPUT_MAP && gst_sod_base_is_on_device (self, out);
  return sod_analyser_set_format (self->analyser, &format, error);
}

/* Upstream sends the same caps again with its next buffer; once is enough to
 * complain. */
static gboolean
refuse (GstSodBase *self, GstCaps *caps, const GError *error)
{
  if (self->refused == NULL || !gst_caps_is_equal (caps, self->refused))
    sod_element_error (GST_ELEMENT (self), error);
  gst_caps_replace (&self->refused, caps);
  return FALSE;
}

static gboolean
gst_sod_base_set_caps (GstBaseTransform *trans, GstCaps *in, GstCaps *out)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  g_autoptr (GError) error = NULL;

  gst_sod_base_forget_last (self);
  g_clear_object (&self->cutout);
  if (set_format (self, in, out, &error))
    return TRUE;
  return refuse (self, in, error);
}

/* Rows of frames may be padded, so their bytes say nothing of the output's. */
static gboolean
gst_sod_base_transform_size (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, gsize size, GstCaps *othercaps, gsize *othersize)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, othercaps))
    return FALSE;
  *othersize = info.size;
  return TRUE;
}

/* Never called, since generate_output is this element's own. That it is there
 * tells the base class that an output needs a buffer of its own, from a pool
 * that is agreed on with downstream. */
static GstFlowReturn
gst_sod_base_transform (GstBaseTransform *trans, GstBuffer *in, GstBuffer *out)
{
  return GST_FLOW_NOT_SUPPORTED;
}

static gboolean
gst_sod_base_propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  if (!GST_BASE_TRANSFORM_CLASS (gst_sod_base_parent_class)
           ->propose_allocation (trans, decide_query, query))
    return FALSE;
  /* In passthrough the answer is downstream's alone. */
  if (decide_query != NULL) {
    gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
    gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
    return gst_sod_base_propose_pool (GST_SOD_BASE (trans), query);
  }
  return TRUE;
}

static gboolean
gst_sod_base_decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  return gst_sod_base_decide_pool (GST_SOD_BASE (trans), query)
         && GST_BASE_TRANSFORM_CLASS (gst_sod_base_parent_class)
                ->decide_allocation (trans, query);
}

static gboolean
gst_sod_base_transform_meta (
    GstBaseTransform *trans, GstBuffer *out, GstMeta *meta, GstBuffer *in)
{
  GstSodBase *self = GST_SOD_BASE (trans);

  return sod_buffer_take_meta (out, &self->out_info, meta, in, &self->in_info);
}

static gboolean
gst_sod_base_accept_caps (
    GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
  if (direction == GST_PAD_SINK && sod_caps_is_foreign (caps))
    return TRUE;
  return GST_BASE_TRANSFORM_CLASS (gst_sod_base_parent_class)
      ->accept_caps (trans, direction, caps);
}

static gboolean
gst_sod_base_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  GstSodBase *self = GST_SOD_BASE (trans);

  if (direction == GST_PAD_SRC && GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return sod_latency_answer_query (&self->latency, trans->sinkpad, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_CONTEXT
      && gst_sod_base_answer_context (self, query))
    return TRUE;
  if (!GST_BASE_TRANSFORM_CLASS (gst_sod_base_parent_class)
           ->query (trans, direction, query))
    return FALSE;
  if (direction == GST_PAD_SINK && GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    g_autoptr (GstCaps) template =
        gst_pad_get_pad_template_caps (trans->sinkpad);
    g_autoptr (GstCaps) supported = gst_sod_base_get_supported (self);

    sod_caps_widen_answer (query, supported, template);
  }
  return TRUE;
}

static gboolean
check_caps (GstSodBase *self, GstEvent *event)
{
  g_autoptr (GstCaps) supported = gst_sod_base_get_supported (self);
  g_autoptr (GError) error = NULL;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  return sod_caps_check (caps, supported, &error) || refuse (self, caps, error);
}

static gboolean
gst_sod_base_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean done;

  if (type == GST_EVENT_CAPS && !check_caps (self, event)) {
    gst_event_unref (event);
    return FALSE;
  }
  if (type == GST_EVENT_FLUSH_START)
    g_cancellable_cancel (self->cancellable);
  done = GST_BASE_TRANSFORM_CLASS (gst_sod_base_parent_class)
             ->sink_event (trans, event);
  if (type == GST_EVENT_FLUSH_STOP)
    g_cancellable_reset (self->cancellable);
  if (type == GST_EVENT_FLUSH_STOP || type == GST_EVENT_STREAM_START)
    gst_sod_base_reset_stream (self);
  return done;
}

/* ---- the object ---- */

/* (transfer full) */
static GstStructure *
get_stats (GstSodBase *self)
{
  GstStructure *stats;

  GST_OBJECT_LOCK (self);
  stats = sod_stats_to_structure (&self->stats);
  if (self->engine != NULL)
    sod_engine_describe (self->engine, stats);
  GST_OBJECT_UNLOCK (self);
  gst_structure_set (stats, "latency-p50", G_TYPE_UINT64,
      sod_latency_get_percentile (&self->latency, 50), "latency-p95",
      G_TYPE_UINT64, sod_latency_get_percentile (&self->latency, 95), NULL);
  return stats;
}

static void
gst_sod_base_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodBase *self = GST_SOD_BASE (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = sod_settings_set (&self->settings, id, value);
  self->changes++;
  if (id == SOD_PROP_MODEL_FILE && self->engine != NULL)
    sod_engine_request (self->engine, self->settings.model_file);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_base_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodBase *self = GST_SOD_BASE (object);
  gboolean known = TRUE;

  switch (id) {
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (self));
      break;
    case PROP_LATENCY:
      g_value_set_uint64 (value, sod_latency_get_answer (&self->latency));
      break;
    default:
      GST_OBJECT_LOCK (self);
      known = sod_settings_get (&self->settings, id, value);
      GST_OBJECT_UNLOCK (self);
      break;
  }
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_base_finalize (GObject *object)
{
  GstSodBase *self = GST_SOD_BASE (object);

  sod_settings_clear (&self->settings);
  sod_settings_clear (&self->now);
  sod_latency_clear (&self->latency);
  gst_clear_caps (&self->readable);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (gst_sod_base_parent_class)->finalize (object);
}

static void
gst_sod_base_init (GstSodBase *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);

  sod_settings_init (&self->settings);
  sod_latency_init (&self->latency);
  sod_schedule_reset (&self->schedule);
  self->readable = gst_sod_frame_reader_get_caps ();
  self->cancellable = g_cancellable_new ();
  /* Lateness is the overload policy's to judge: a dropped frame would be one
   * without a map. */
  gst_base_transform_set_qos_enabled (trans, FALSE);
}

static void
add_pad_templates (GstElementClass *klass)
{
  g_autoptr (GstCaps) readable = gst_sod_frame_reader_get_caps ();
  g_autoptr (GstCaps) any_memory = sod_caps_make_template (readable);
  g_autoptr (GstCaps) sent = sod_caps_make_source_template (readable);

  gst_element_class_add_pad_template (klass,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, any_memory));
  gst_element_class_add_pad_template (
      klass, gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, sent));
}

static void
install_read_only (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since the start (frames, inferences, reused, skipped, "
          "gaps, late, warm-up, model-updates, buffer-allocations), mean times "
          "and latency percentiles in ns, and the model, device, back end and "
          "precision in use",
          GST_TYPE_STRUCTURE, flags));
  g_object_class_install_property (klass, PROP_LATENCY,
      g_param_spec_uint64 ("latency", "Latency",
          "What this element adds to the latency, ns: 0 until 30 inferences "
          "are measured",
          0, G_MAXUINT64, 0, flags));
}

static void
gst_sod_base_class_init (GstSodBaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->set_property = gst_sod_base_set_property;
  object_class->get_property = gst_sod_base_get_property;
  object_class->finalize = gst_sod_base_finalize;
  sod_settings_install_properties (object_class);
  install_read_only (object_class);

  /**
   * GstSodBase::model-updated:
   * @base: the element
   * @version: version of the model that is in use from the next frame on
   * @path: its file
   *
   * Another model was loaded while playing. Emitted from the thread that
   * loaded it, which stopping the element waits for: stop it from elsewhere.
   *
   * Since: 0.1
   */
  g_signal_new ("model-updated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);

  add_pad_templates (element_class);
  gst_element_class_set_static_metadata (element_class,
      "Salient object detector", "Filter/Analyzer/Video",
      "Finds the salient object in each frame", "The gst-sod authors");
  element_class->set_context = set_context;
  element_class->change_state = gst_sod_base_change_state;

  trans_class->start = gst_sod_base_start;
  trans_class->stop = gst_sod_base_stop;
  trans_class->transform_caps = gst_sod_base_transform_caps;
  trans_class->fixate_caps = gst_sod_base_fixate_caps;
  trans_class->accept_caps = gst_sod_base_accept_caps;
  trans_class->set_caps = gst_sod_base_set_caps;
  trans_class->query = gst_sod_base_query;
  trans_class->sink_event = gst_sod_base_sink_event;
  trans_class->transform_size = gst_sod_base_transform_size;
  trans_class->propose_allocation = gst_sod_base_propose_allocation;
  trans_class->decide_allocation = gst_sod_base_decide_allocation;
  trans_class->transform_meta = gst_sod_base_transform_meta;
  trans_class->transform = gst_sod_base_transform;
  trans_class->generate_output = gst_sod_base_generate_output;

  GST_DEBUG_CATEGORY_INIT (
      sod_base_debug, "sodbase", 0, "salient object detector");
}
