/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodensemble
 * @title: sodensemble
 * @short_description: makes one map of several networks' maps
 * @see_also: sodbase
 *
 * sodensemble combines the maps on its pads `sink_%u`, GRAY8 frames of several
 * networks that look at the same scene, into one: the average, which is what
 * the method makes its pseudo-labels of, or what #GstSodEnsembleElement:method
 * says. Each pad has a `weight`. Maps of any size go together; the output has
 * the size that downstream asks for, else that of the first pad's frames.
 *
 * Maps belong together where their running times differ by no more than
 * #GstSodEnsembleElement:tolerance; the output has the earliest of them. Where
 * a pad has no map of a time, #GstSodEnsembleElement:on-missing says what to
 * do. In a live pipeline a map is waited for until the latency is over
 * (`latency` adds to that of the sources); else until the pad has something of
 * a later time, says that there is a gap, or ends. Let every branch have a
 * queue.
 *
 * Maps are read in system memory, where sodbase writes them also when it runs
 * on a GPU: they are small, and there regions are found in them.
 *
 * Each output carries its map and how far the maps disagree as metas: 0 where
 * they are the same, 1 where half of them say 0 and half 255 everywhere. The
 * same is in the element message `sod-ensemble` (`running-time`, `maps`,
 * `disagreement`, `confidence`), sent every
 * #GstSodEnsembleElement:message-interval, and in the stats.
 * `output=disagreement` sends the disagreement pixel by pixel, without the map.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 sodensemble name=e sink_1::weight=0.5 method=weighted ! \
 *     pngenc ! multifilesink location=map-%03d.png \
 *     videotestsrc num-buffers=20 ! tee name=t ! queue ! \
 *     sodbase output=map ! e.sink_0  t. ! queue ! sodbase output=map ! e.sink_1
 * ]| The weighted average of two networks' maps as PNG files
 *
 * Since: 0.1
 */
#include "sodensemble.h"

#include <plugins/common/sodbuffers.h>
#include <plugins/common/sodelements.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodforeign.h>

GST_DEBUG_CATEGORY (sod_ensemble_debug);
#define GST_CAT_DEFAULT sod_ensemble_debug

#define MAX_PADS GST_SOD_ENSEMBLE_MAX_MAPS

static void gst_sod_ensemble_element_child_proxy_init (
    gpointer iface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodEnsembleElement, gst_sod_ensemble_element,
    GST_TYPE_AGGREGATOR,
    G_IMPLEMENT_INTERFACE (
        GST_TYPE_CHILD_PROXY, gst_sod_ensemble_element_child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE (
    sodensemble, "sodensemble", GST_RANK_NONE, GST_TYPE_SOD_ENSEMBLE_ELEMENT)

/* ---- caps ---- */

/* The pad whose frames give the output what downstream leaves open. */
static gboolean
get_first_info (GstSodEnsembleElement *self, GstVideoInfo *info)
{
  gboolean found = FALSE;

  GST_OBJECT_LOCK (self);
  for (GList *at = GST_ELEMENT (self)->sinkpads; at != NULL && !found;
       at = at->next)
    found = gst_sod_ensemble_pad_get_info (at->data, info);
  GST_OBJECT_UNLOCK (self);
  return found;
}

static GstFlowReturn
gst_sod_ensemble_element_update_src_caps (
    GstAggregator *aggregator, GstCaps *caps, GstCaps **result)
{
  GstVideoInfo info;

  if (!get_first_info (GST_SOD_ENSEMBLE_ELEMENT (aggregator), &info))
    return GST_AGGREGATOR_FLOW_NEED_DATA;
  *result = gst_caps_ref (caps);
  return GST_FLOW_OK;
}

static GstCaps *
gst_sod_ensemble_element_fixate_src_caps (
    GstAggregator *aggregator, GstCaps *caps)
{
  GstStructure *structure;
  GstVideoInfo info;

  caps = gst_caps_make_writable (gst_caps_truncate (caps));
  structure = gst_caps_get_structure (caps, 0);
  if (get_first_info (GST_SOD_ENSEMBLE_ELEMENT (aggregator), &info)) {
    gst_structure_fixate_field_nearest_int (structure, "width", info.width);
    gst_structure_fixate_field_nearest_int (structure, "height", info.height);
    gst_structure_fixate_field_nearest_fraction (
        structure, "framerate", info.fps_n, info.fps_d);
    if (gst_structure_has_field (structure, "pixel-aspect-ratio"))
      gst_structure_fixate_field_nearest_fraction (
          structure, "pixel-aspect-ratio", info.par_n, info.par_d);
    else
      gst_structure_set (structure, "pixel-aspect-ratio", GST_TYPE_FRACTION,
          info.par_n, info.par_d, NULL);
  }
  return gst_caps_fixate (caps);
}

static void
drop_pool (GstSodEnsembleElement *self)
{
  if (self->pool != NULL)
    gst_buffer_pool_set_active (self->pool, FALSE);
  gst_clear_object (&self->pool);
}

static gboolean
gst_sod_ensemble_element_negotiated_src_caps (
    GstAggregator *aggregator, GstCaps *caps)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (aggregator);
  g_autoptr (GError) error = NULL;

  drop_pool (self);
  g_clear_object (&self->map_writer);
  g_clear_object (&self->disagreement_writer);
  if (gst_video_info_from_caps (&self->info, caps)) {
    self->map_writer =
        gst_sod_map_writer_new (self->info.width, self->info.height, &error);
    if (self->map_writer != NULL)
      self->disagreement_writer =
          gst_sod_map_writer_new (self->info.width, self->info.height, &error);
  }
  if (self->disagreement_writer != NULL)
    return TRUE;
  if (error != NULL)
    sod_element_error (GST_ELEMENT (self), error);
  return FALSE;
}

static gboolean
gst_sod_ensemble_element_decide_allocation (
    GstAggregator *aggregator, GstQuery *query)
{
  return sod_buffer_propose_pool (
      query, &GST_SOD_ENSEMBLE_ELEMENT (aggregator)->info);
}

static gboolean
gst_sod_ensemble_element_propose_allocation (GstAggregator *aggregator,
    GstAggregatorPad *pad, GstQuery *decide_query, GstQuery *query)
{
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
  return TRUE;
}

/* (transfer full) */
static GstCaps *
list_maps (void)
{
  return gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("GRAY8"));
}

static void
answer_caps (GstAggregatorPad *pad, GstQuery *query)
{
  g_autoptr (GstCaps) maps = list_maps ();
  g_autoptr (GstCaps) template = gst_pad_get_pad_template_caps (GST_PAD (pad));
  g_autoptr (GstCaps) answer = NULL;
  GstCaps *filter;

  gst_query_parse_caps (query, &filter);
  answer = filter != NULL ? gst_caps_intersect_full (
               filter, maps, GST_CAPS_INTERSECT_FIRST)
                          : gst_caps_ref (maps);
  gst_query_set_caps_result (query, answer);
  sod_caps_widen_answer (query, maps, template);
}

static gboolean
gst_sod_ensemble_element_sink_query (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    answer_caps (pad, query);
    return TRUE;
  }
  return GST_AGGREGATOR_CLASS (gst_sod_ensemble_element_parent_class)
      ->sink_query (aggregator, pad, query);
}

/* The output's size may follow that of the frames. */
static gboolean
set_caps (GstSodEnsembleElement *self, GstSodEnsemblePad *pad, GstEvent *event)
{
  g_autoptr (GstCaps) maps = list_maps ();
  g_autoptr (GError) error = NULL;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if ((sod_caps_is_foreign (caps) && !sod_caps_check (caps, maps, &error))
      || !gst_sod_ensemble_pad_set_caps (pad, caps, &error)) {
    sod_element_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  gst_pad_mark_reconfigure (GST_AGGREGATOR (self)->srcpad);
  return TRUE;
}

static gboolean
gst_sod_ensemble_element_sink_event (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS
      && !set_caps (GST_SOD_ENSEMBLE_ELEMENT (aggregator),
          GST_SOD_ENSEMBLE_PAD (pad), event)) {
    gst_event_unref (event);
    return FALSE;
  }
  return GST_AGGREGATOR_CLASS (gst_sod_ensemble_element_parent_class)
      ->sink_event (aggregator, pad, event);
}

/* Frames outside of their segment have no place in the output. */
static GstBuffer *
gst_sod_ensemble_element_clip (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstBuffer *buffer)
{
  GstClockTime start = GST_BUFFER_PTS (buffer), end = start;

  if (!GST_CLOCK_TIME_IS_VALID (start))
    return buffer; /* complained about when its turn comes */
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  if (gst_segment_clip (&pad->segment, GST_FORMAT_TIME, start, end, NULL, NULL)
      && GST_CLOCK_TIME_IS_VALID (
          gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, start)))
    return buffer;
  gst_buffer_unref (buffer);
  return NULL;
}

/* ---- start, stop, flush ---- */

static void
reset (GstSodEnsembleElement *self)
{
  GST_OBJECT_LOCK (self);
  self->last = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
  self->last_message = GST_CLOCK_TIME_NONE;
}

static gboolean
gst_sod_ensemble_element_start (GstAggregator *aggregator)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (aggregator);

  reset (self);
  GST_OBJECT_LOCK (self);
  self->n_outputs = self->n_incomplete = 0;
  self->disagreement = self->disagreement_sum = 0;
  self->confidence = self->confidence_sum = 0;
  GST_OBJECT_UNLOCK (self);
  self->ensemble = gst_sod_ensemble_new (GST_SOD_ENSEMBLE_AVERAGE);
  return TRUE;
}

static gboolean
gst_sod_ensemble_element_stop (GstAggregator *aggregator)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (aggregator);

  drop_pool (self);
  g_clear_object (&self->map_writer);
  g_clear_object (&self->disagreement_writer);
  g_clear_object (&self->ensemble);
  return TRUE;
}

static GstFlowReturn
gst_sod_ensemble_element_flush (GstAggregator *aggregator)
{
  reset (GST_SOD_ENSEMBLE_ELEMENT (aggregator));
  return GST_FLOW_OK;
}

/* ---- pads ---- */

static GstAggregatorPad *
gst_sod_ensemble_element_create_new_pad (GstAggregator *aggregator,
    GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  guint n;

  GST_OBJECT_LOCK (aggregator);
  n = GST_ELEMENT (aggregator)->numsinkpads;
  GST_OBJECT_UNLOCK (aggregator);
  if (n >= MAX_PADS) {
    GST_ERROR_OBJECT (aggregator, "more than %d pads were asked for", MAX_PADS);
    return NULL;
  }
  return GST_AGGREGATOR_CLASS (gst_sod_ensemble_element_parent_class)
      ->create_new_pad (aggregator, template, name, caps);
}

static GstPad *
gst_sod_ensemble_element_request_new_pad (GstElement *element,
    GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstPad *pad = GST_ELEMENT_CLASS (gst_sod_ensemble_element_parent_class)
                    ->request_new_pad (element, template, name, caps);

  if (pad != NULL)
    gst_child_proxy_child_added (
        GST_CHILD_PROXY (element), G_OBJECT (pad), GST_OBJECT_NAME (pad));
  return pad;
}

/* What the pad counted stays in the stats. */
static void
gst_sod_ensemble_element_release_pad (GstElement *element, GstPad *pad)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (element);
  guint64 counts[SOD_PAD_N_COUNTS] = { 0 };

  gst_sod_ensemble_pad_add_counts (GST_SOD_ENSEMBLE_PAD (pad), counts);
  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < SOD_PAD_N_COUNTS; i++)
    self->counts[i] += counts[i];
  GST_OBJECT_UNLOCK (self);
  gst_child_proxy_child_removed (
      GST_CHILD_PROXY (element), G_OBJECT (pad), GST_OBJECT_NAME (pad));
  GST_ELEMENT_CLASS (gst_sod_ensemble_element_parent_class)
      ->release_pad (element, pad);
}

static GObject *
get_child (GstChildProxy *proxy, guint index)
{
  GObject *child;

  GST_OBJECT_LOCK (proxy);
  child = g_list_nth_data (GST_ELEMENT (proxy)->sinkpads, index);
  if (child != NULL)
    g_object_ref (child);
  GST_OBJECT_UNLOCK (proxy);
  return child;
}

static guint
get_n_children (GstChildProxy *proxy)
{
  guint n;

  GST_OBJECT_LOCK (proxy);
  n = GST_ELEMENT (proxy)->numsinkpads;
  GST_OBJECT_UNLOCK (proxy);
  return n;
}

static void
gst_sod_ensemble_element_child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  proxy->get_child_by_index = get_child;
  proxy->get_children_count = get_n_children;
}

/* ---- the object ---- */

/* (transfer full) */
static GstStructure *
describe (GstSodEnsembleElement *self)
{
  static const gchar *const names[SOD_PAD_N_COUNTS] = { "used", "held",
    "missing", "late", "dropped", "gaps" };
  guint64 counts[SOD_PAD_N_COUNTS];
  GstStructure *stats;
  gdouble n;

  GST_OBJECT_LOCK (self);
  n = (gdouble) MAX (self->n_outputs, 1);
  stats = gst_structure_new ("sod-ensemble-stats", "outputs", G_TYPE_UINT64,
      self->n_outputs, "incomplete", G_TYPE_UINT64, self->n_incomplete,
      "disagreement", G_TYPE_DOUBLE, self->disagreement, "mean-disagreement",
      G_TYPE_DOUBLE, self->disagreement_sum / n, "confidence", G_TYPE_DOUBLE,
      self->confidence, "mean-confidence", G_TYPE_DOUBLE,
      self->confidence_sum / n, NULL);
  for (guint i = 0; i < SOD_PAD_N_COUNTS; i++)
    counts[i] = self->counts[i];
  for (GList *at = GST_ELEMENT (self)->sinkpads; at != NULL; at = at->next)
    gst_sod_ensemble_pad_add_counts (at->data, counts);
  GST_OBJECT_UNLOCK (self);
  for (guint i = 0; i < SOD_PAD_N_COUNTS; i++)
    gst_structure_set (stats, names[i], G_TYPE_UINT64, counts[i], NULL);
  return stats;
}

static void
gst_sod_ensemble_element_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = sod_ensemble_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_ensemble_element_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (object);
  gboolean known;

  if (id == SOD_ENSEMBLE_PROP_STATS) {
    g_value_take_boxed (value, describe (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  known = sod_ensemble_settings_get (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_sod_ensemble_element_init (GstSodEnsembleElement *self)
{
  sod_ensemble_settings_init (&self->settings);
  self->last = self->last_message = GST_CLOCK_TIME_NONE;
}

static void
add_pad_templates (GstElementClass *klass)
{
  g_autoptr (GstCaps) caps = list_maps ();
  g_autoptr (GstCaps) any_memory = sod_caps_make_template (caps);

  gst_element_class_add_pad_template (
      klass, gst_pad_template_new_with_gtype ("sink_%u", GST_PAD_SINK,
                 GST_PAD_REQUEST, any_memory, GST_TYPE_SOD_ENSEMBLE_PAD));
  gst_element_class_add_pad_template (
      klass, gst_pad_template_new_with_gtype ("src", GST_PAD_SRC,
                 GST_PAD_ALWAYS, caps, GST_TYPE_AGGREGATOR_PAD));
}

static void
gst_sod_ensemble_element_class_init (GstSodEnsembleElementClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAggregatorClass *aggregator_class = GST_AGGREGATOR_CLASS (klass);

  object_class->set_property = gst_sod_ensemble_element_set_property;
  object_class->get_property = gst_sod_ensemble_element_get_property;
  sod_ensemble_settings_install_properties (object_class);

  add_pad_templates (element_class);
  gst_element_class_set_static_metadata (element_class,
      "Ensemble of saliency maps", "Filter/Analyzer/Video",
      "Makes one saliency map of those of several networks",
      "The gst-sod authors");
  element_class->request_new_pad = gst_sod_ensemble_element_request_new_pad;
  element_class->release_pad = gst_sod_ensemble_element_release_pad;

  aggregator_class->start = gst_sod_ensemble_element_start;
  aggregator_class->stop = gst_sod_ensemble_element_stop;
  aggregator_class->flush = gst_sod_ensemble_element_flush;
  aggregator_class->clip = gst_sod_ensemble_element_clip;
  aggregator_class->sink_event = gst_sod_ensemble_element_sink_event;
  aggregator_class->sink_query = gst_sod_ensemble_element_sink_query;
  aggregator_class->aggregate = gst_sod_ensemble_element_aggregate;
  aggregator_class->get_next_time = gst_sod_ensemble_element_get_next_time;
  aggregator_class->create_new_pad = gst_sod_ensemble_element_create_new_pad;
  aggregator_class->update_src_caps = gst_sod_ensemble_element_update_src_caps;
  aggregator_class->fixate_src_caps = gst_sod_ensemble_element_fixate_src_caps;
  aggregator_class->negotiated_src_caps =
      gst_sod_ensemble_element_negotiated_src_caps;
  aggregator_class->decide_allocation =
      gst_sod_ensemble_element_decide_allocation;
  aggregator_class->propose_allocation =
      gst_sod_ensemble_element_propose_allocation;

  GST_DEBUG_CATEGORY_INIT (
      sod_ensemble_debug, "sodensemble", 0, "ensemble of saliency maps");
}
