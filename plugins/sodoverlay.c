/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodoverlay
 * @title: sodoverlay
 * @short_description: draws what sodbase found
 * @see_also: sodbase
 *
 * sodoverlay draws the saliency map and the regions that a frame carries on the
 * frame: a heat map, contours, boxes with the regions' identity and score, or
 * everything else blurred. A frame without a map passes untouched or, with
 * `blur`, is blurred all over. Frames may be scaled or converted between
 * sodbase and sodoverlay: the map says where in the frame it lies.
 *
 * It is the CPU that draws, so frames have to lie in system memory: a network
 * on a GPU reads those in `memory:CUDAMemory` itself, but to draw on them, put
 * cudadownload between sodbase and sodoverlay.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! sodbase ! sodoverlay ! \
 *     videoconvert ! autovideosink
 * ]| Heat map and boxes
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! sodbase ! \
 *     sodoverlay style=blur ! videoconvert ! autovideosink
 * ]| Everything that is not salient blurred
 *
 * Since: 0.1
 */
#include <plugins/common/sodelements.h>

#include <gst-sod/gstsod.h>
#include <gst/video/gstvideofilter.h>

#include <plugins/common/soderror.h>
#include <plugins/common/sodforeign.h>
#include <plugins/common/sodnumber.h>

GST_DEBUG_CATEGORY_STATIC (sod_overlay_debug);
#define GST_CAT_DEFAULT sod_overlay_debug

#define DEFAULT_STYLE                                                          \
  (GST_SOD_OVERLAY_STYLE_HEATMAP | GST_SOD_OVERLAY_STYLE_BOXES)
#define DEFAULT_COLORMAP GST_SOD_COLORMAP_TURBO
#define DEFAULT_ALPHA 0.6
#define DEFAULT_THRESHOLD 0.5

enum
{
  PROP_0,
  PROP_STYLE,
  PROP_COLORMAP,
  PROP_ALPHA,
  PROP_THRESHOLD
};

typedef struct
{
  GstSodOverlayStyle style;
  GstSodColormap colormap;
  gdouble alpha;
  gdouble threshold;
} Settings;

/* The library's GstSodOverlay draws; this is the element around it. */
#define GST_TYPE_SOD_OVERLAY_FILTER (gst_sod_overlay_filter_get_type ())
G_DECLARE_FINAL_TYPE (GstSodOverlayFilter, gst_sod_overlay_filter, GST,
    SOD_OVERLAY_FILTER, GstVideoFilter)

struct _GstSodOverlayFilter
{
  GstVideoFilter parent;

  Settings settings; /* under the object lock */
  GstSodOverlay *overlay;
  GstCaps *refused; /* that were complained about last */
};

G_DEFINE_FINAL_TYPE (
    GstSodOverlayFilter, gst_sod_overlay_filter, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE (
    sodoverlay, "sodoverlay", GST_RANK_NONE, GST_TYPE_SOD_OVERLAY_FILTER)

static gboolean
check_settings (
    GstSodOverlayFilter *self, const Settings *settings, GError **error)
{
  GstElement *element = GST_ELEMENT (self);

  return sod_number_check (element, "alpha", settings->alpha, error)
         && sod_number_check (element, "threshold", settings->threshold, error);
}

static gboolean
take_settings (GstSodOverlayFilter *self, GstBuffer *buffer, GError **error)
{
  GstClockTime time =
      gst_segment_to_stream_time (&GST_BASE_TRANSFORM (self)->segment,
          GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  Settings now;

  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);
  GST_OBJECT_LOCK (self);
  now = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (!check_settings (self, &now, error))
    return FALSE;
  gst_sod_overlay_set_style (self->overlay, now.style);
  gst_sod_overlay_set_colormap (self->overlay, now.colormap);
  gst_sod_overlay_set_alpha (self->overlay, now.alpha);
  gst_sod_overlay_set_threshold (self->overlay, now.threshold);
  return TRUE;
}

static gboolean
draw (GstSodOverlayFilter *self, GstBuffer *buffer, GError **error)
{
  GstVideoInfo *info = &GST_VIDEO_FILTER (self)->in_info;
  g_autoptr (GPtrArray) regions = NULL;
  GstVideoFrame frame;
  gboolean done;

  if (!gst_sod_overlay_check_buffer (self->overlay, buffer, error))
    return FALSE;
  if (!gst_video_frame_map (&frame, info, buffer,
          GST_MAP_READWRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "a %s frame of %dx%d cannot be mapped for writing",
        GST_VIDEO_INFO_NAME (info), info->width, info->height);
    return FALSE;
  }
  regions = gst_sod_buffer_get_regions (buffer, info->width, info->height);
  done = gst_sod_overlay_draw (
      self->overlay, &frame, gst_sod_buffer_get_map (buffer), regions, error);
  gst_video_frame_unmap (&frame);
  return done;
}

/* GstVideoFilter would let a buffer pass that is smaller than its caps say. */
static GstFlowReturn
gst_sod_overlay_filter_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (trans);
  g_autoptr (GError) error = NULL;

  if (take_settings (self, buffer, &error) && draw (self, buffer, &error))
    return GST_FLOW_OK;
  sod_element_error (GST_ELEMENT (self), error);
  return GST_FLOW_ERROR;
}

static gboolean
hides_background (GstSodOverlayFilter *self)
{
  gboolean hides;

  GST_OBJECT_LOCK (self);
  hides = (self->settings.style & GST_SOD_OVERLAY_STYLE_BLUR) != 0;
  GST_OBJECT_UNLOCK (self);
  return hides;
}

/* A frame without a map needs no writable memory, unless all of it is to be
 * blurred: what hides a room must not let one frame slip through. */
static GstFlowReturn
gst_sod_overlay_filter_generate_output (
    GstBaseTransform *trans, GstBuffer **outbuf)
{
  if (trans->queued_buf != NULL
      && gst_sod_buffer_get_map (trans->queued_buf) == NULL
      && !hides_background (GST_SOD_OVERLAY_FILTER (trans))) {
    *outbuf = g_steal_pointer (&trans->queued_buf);
    return GST_FLOW_OK;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_sod_overlay_filter_parent_class)
      ->generate_output (trans, outbuf);
}

static gboolean
gst_sod_overlay_filter_set_info (GstVideoFilter *filter, GstCaps *in_caps,
    GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (filter);
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->overlay);
  self->overlay = gst_sod_overlay_new (in, &error);
  if (self->overlay != NULL)
    return TRUE;
  sod_element_error (GST_ELEMENT (self), error);
  return FALSE;
}

/* ---- frames in the memory of devices ---- */

/* (transfer full) */
static GstCaps *
list_drawable (void)
{
  return gst_caps_from_string (GST_VIDEO_CAPS_MAKE (GST_VIDEO_FORMATS_ALL));
}

static gboolean
gst_sod_overlay_filter_accept_caps (
    GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
  if (direction == GST_PAD_SINK && sod_caps_is_foreign (caps))
    return TRUE;
  return GST_BASE_TRANSFORM_CLASS (gst_sod_overlay_filter_parent_class)
      ->accept_caps (trans, direction, caps);
}

static gboolean
gst_sod_overlay_filter_query (
    GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  if (!GST_BASE_TRANSFORM_CLASS (gst_sod_overlay_filter_parent_class)
           ->query (trans, direction, query))
    return FALSE;
  if (direction == GST_PAD_SINK && GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    g_autoptr (GstCaps) drawable = list_drawable ();
    g_autoptr (GstCaps) template =
        gst_pad_get_pad_template_caps (trans->sinkpad);

    sod_caps_widen_answer (query, drawable, template);
  }
  return TRUE;
}

/* Upstream sends the same caps again with its next buffer; once is enough to
 * complain. */
static gboolean
check_caps (GstSodOverlayFilter *self, GstEvent *event)
{
  g_autoptr (GstCaps) drawable = list_drawable ();
  g_autoptr (GError) error = NULL;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!sod_caps_is_foreign (caps) || sod_caps_check (caps, drawable, &error))
    return TRUE;
  if (self->refused == NULL || !gst_caps_is_equal (caps, self->refused))
    sod_element_error (GST_ELEMENT (self), error);
  gst_caps_replace (&self->refused, caps);
  return FALSE;
}

static gboolean
gst_sod_overlay_filter_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS
      && !check_caps (GST_SOD_OVERLAY_FILTER (trans), event)) {
    gst_event_unref (event);
    return FALSE;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_sod_overlay_filter_parent_class)
      ->sink_event (trans, event);
}

static gboolean
gst_sod_overlay_filter_start (GstBaseTransform *trans)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (trans);
  g_autoptr (GError) error = NULL;
  Settings now;

  GST_OBJECT_LOCK (self);
  now = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (check_settings (self, &now, &error))
    return TRUE;
  sod_element_error (GST_ELEMENT (self), error);
  return FALSE;
}

static gboolean
gst_sod_overlay_filter_stop (GstBaseTransform *trans)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (trans);

  g_clear_object (&self->overlay);
  gst_clear_caps (&self->refused);
  return TRUE;
}

static void
gst_sod_overlay_filter_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_STYLE:
      self->settings.style = g_value_get_flags (value);
      break;
    case PROP_COLORMAP:
      self->settings.colormap = g_value_get_enum (value);
      break;
    case PROP_ALPHA:
      self->settings.alpha = g_value_get_double (value);
      break;
    case PROP_THRESHOLD:
      self->settings.threshold = g_value_get_double (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_overlay_filter_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodOverlayFilter *self = GST_SOD_OVERLAY_FILTER (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_STYLE:
      g_value_set_flags (value, self->settings.style);
      break;
    case PROP_COLORMAP:
      g_value_set_enum (value, self->settings.colormap);
      break;
    case PROP_ALPHA:
      g_value_set_double (value, self->settings.alpha);
      break;
    case PROP_THRESHOLD:
      g_value_set_double (value, self->settings.threshold);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_overlay_filter_init (GstSodOverlayFilter *self)
{
  self->settings = (Settings){ DEFAULT_STYLE, DEFAULT_COLORMAP, DEFAULT_ALPHA,
    DEFAULT_THRESHOLD };
  /* GstVideoFilter would drop late frames: whether to is for the sink. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (klass, PROP_STYLE,
      g_param_spec_flags ("style", "Style",
          "What is drawn; combine with \"+\", as in heatmap+contour",
          GST_SOD_TYPE_OVERLAY_STYLE, DEFAULT_STYLE, flags));
  g_object_class_install_property (klass, PROP_COLORMAP,
      g_param_spec_enum ("colormap", "Colour map", "Colours of the heat map",
          GST_SOD_TYPE_COLORMAP, DEFAULT_COLORMAP, flags));
  g_object_class_install_property (klass, PROP_ALPHA,
      sod_number_spec ("alpha", "Alpha",
          "Opacity of the heat map where the map is highest, 0 = nothing is "
          "seen of it, 1 = nothing of the frame",
          0.0, 1.0, DEFAULT_ALPHA, flags | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (klass, PROP_THRESHOLD,
      sod_number_spec ("threshold", "Threshold",
          "Saliency at which contours run", 0.0, 1.0, DEFAULT_THRESHOLD,
          flags | GST_PARAM_CONTROLLABLE));
}

static void
gst_sod_overlay_filter_class_init (GstSodOverlayFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  g_autoptr (GstCaps) caps = list_drawable ();
  g_autoptr (GstCaps) any_memory = sod_caps_make_template (caps);

  object_class->set_property = gst_sod_overlay_filter_set_property;
  object_class->get_property = gst_sod_overlay_filter_get_property;
  install_properties (object_class);

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, any_memory));
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element_class, "Saliency overlay",
      "Filter/Effect/Video", "Draws saliency maps and regions on frames",
      "The gst-sod authors");

  trans_class->start = gst_sod_overlay_filter_start;
  trans_class->stop = gst_sod_overlay_filter_stop;
  trans_class->accept_caps = gst_sod_overlay_filter_accept_caps;
  trans_class->query = gst_sod_overlay_filter_query;
  trans_class->sink_event = gst_sod_overlay_filter_sink_event;
  trans_class->transform_ip = gst_sod_overlay_filter_transform_ip;
  trans_class->generate_output = gst_sod_overlay_filter_generate_output;
  GST_VIDEO_FILTER_CLASS (klass)->set_info = gst_sod_overlay_filter_set_info;

  GST_DEBUG_CATEGORY_INIT (
      sod_overlay_debug, "sodoverlay", 0, "saliency overlay");
}
