/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodensemblepad.h"

#define DEFAULT_WEIGHT 1.0

struct _GstSodEnsemblePad
{
  GstAggregatorPad parent;

  /* under the object lock */
  gdouble weight;
  guint64 counts[SOD_PAD_N_COUNTS];
  gboolean was_flushed; /* since the aggregating thread looked last */

  /* of the aggregating thread */
  GstVideoInfo info; /* of frames at the head */
  gboolean has_info;
  GstSodFrameReader *reader; /* of frames of info */
  GstBuffer *last;           /* frame that may stand in */
  GstClockTime last_time;    /* its running time */
  gboolean was_used;
  gboolean is_fresh; /* since its flush it had a part in nothing */
};

G_DEFINE_FINAL_TYPE (
    GstSodEnsemblePad, gst_sod_ensemble_pad, GST_TYPE_AGGREGATOR_PAD)

enum
{
  PROP_0,
  PROP_WEIGHT,
  PROP_STATS
};

static const gchar *const count_names[SOD_PAD_N_COUNTS] = { "used", "held",
  "missing", "late", "dropped", "gaps" };

static void
count (GstSodEnsemblePad *self, SodPadCount what)
{
  GST_OBJECT_LOCK (self);
  self->counts[what]++;
  GST_OBJECT_UNLOCK (self);
}

void
gst_sod_ensemble_pad_add_counts (GstSodEnsemblePad *self, guint64 *counts)
{
  GST_OBJECT_LOCK (self);
  for (guint i = 0; i < SOD_PAD_N_COUNTS; i++)
    counts[i] += self->counts[i];
  GST_OBJECT_UNLOCK (self);
}

gdouble
gst_sod_ensemble_pad_get_weight (GstSodEnsemblePad *self)
{
  gdouble weight;

  GST_OBJECT_LOCK (self);
  weight = self->weight;
  GST_OBJECT_UNLOCK (self);
  return weight;
}

/* ---- frames ---- */

/* The last map may be of another size than those to come, so it goes. */
gboolean
gst_sod_ensemble_pad_set_caps (
    GstSodEnsemblePad *self, GstCaps *caps, GError **error)
{
  gst_clear_buffer (&self->last);
  g_clear_object (&self->reader);
  self->has_info = gst_video_info_from_caps (&self->info, caps);
  if (!self->has_info) {
    g_autofree gchar *text = gst_caps_to_string (caps);

    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "the caps at pad %s describe no maps: %s; maps are GRAY8 frames with "
        "a width and a height",
        GST_OBJECT_NAME (self), text);
    return FALSE;
  }
  self->reader = gst_sod_frame_reader_new (&self->info, error);
  return self->reader != NULL;
}

gboolean
gst_sod_ensemble_pad_get_info (GstSodEnsemblePad *self, GstVideoInfo *info)
{
  if (self->has_info)
    *info = self->info;
  return self->has_info;
}

static GstClockTime
get_running_time (GstSodEnsemblePad *self, GstClockTime time)
{
  return gst_segment_to_running_time (
      &GST_AGGREGATOR_PAD (self)->segment, GST_FORMAT_TIME, time);
}

/* A flush comes from another thread than the one that combines. */
static void
take_flush (GstSodEnsemblePad *self)
{
  gboolean was_flushed;

  GST_OBJECT_LOCK (self);
  was_flushed = self->was_flushed;
  self->was_flushed = FALSE;
  GST_OBJECT_UNLOCK (self);
  if (!was_flushed)
    return;
  gst_clear_buffer (&self->last);
  self->was_used = FALSE;
  self->is_fresh = TRUE;
}

gboolean
gst_sod_ensemble_pad_is_fresh (GstSodEnsemblePad *self)
{
  return self->is_fresh;
}

gboolean
gst_sod_ensemble_pad_look (
    GstSodEnsemblePad *self, SodHead *head, GError **error)
{
  GstAggregatorPad *pad = GST_AGGREGATOR_PAD (self);
  g_autoptr (GstBuffer) buffer = gst_aggregator_pad_peek_buffer (pad);

  take_flush (self);
  *head = (SodHead){ .kind = SOD_HEAD_NONE,
    .end = GST_CLOCK_TIME_NONE,
    .was_used = self->was_used };
  if (buffer == NULL) {
    if (gst_aggregator_pad_is_eos (pad))
      head->kind = SOD_HEAD_DEAD;
    return TRUE;
  }
  head->time = get_running_time (self, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (head->time)) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "a frame at pad %s has no time, and maps are matched by their times; "
        "let what makes the frames give them one (do-timestamp=true)",
        GST_OBJECT_NAME (self));
    return FALSE;
  }
  head->kind = SOD_HEAD_MAP;
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)) {
    head->kind = SOD_HEAD_GAP;
    if (GST_BUFFER_DURATION_IS_VALID (buffer))
      head->end = head->time + GST_BUFFER_DURATION (buffer);
  }
  return TRUE;
}

void
gst_sod_ensemble_pad_drop (GstSodEnsemblePad *self, SodPadCount why)
{
  gst_aggregator_pad_drop_buffer (GST_AGGREGATOR_PAD (self));
  count (self, why);
}

/* Reads @buffer, which it takes. */
static gboolean
open_map (
    GstSodEnsemblePad *self, GstBuffer *buffer, SodPadMap *map, GError **error)
{
  map->image = gst_sod_frame_reader_map (self->reader, buffer, error);
  if (map->image != NULL) {
    map->buffer = buffer;
    return TRUE;
  }
  g_prefix_error (error, "pad %s: ", GST_OBJECT_NAME (self));
  gst_buffer_unref (buffer);
  return FALSE;
}

gboolean
gst_sod_ensemble_pad_take (
    GstSodEnsemblePad *self, SodPadMap *map, GError **error)
{
  GstBuffer *buffer = gst_aggregator_pad_pop_buffer (GST_AGGREGATOR_PAD (self));

  if (buffer == NULL) /* a flush was faster */
    return TRUE;
  gst_buffer_replace (&self->last, buffer);
  self->last_time = get_running_time (self, GST_BUFFER_PTS (buffer));
  self->was_used = TRUE;
  self->is_fresh = FALSE;
  count (self, SOD_PAD_USED);
  return open_map (self, buffer, map, error);
}

gboolean
gst_sod_ensemble_pad_hold (
    GstSodEnsemblePad *self, GstClockTime time, SodPadMap *map, GError **error)
{
  self->was_used = FALSE;
  if (self->last == NULL) {
    count (self, SOD_PAD_MISSING);
    return TRUE;
  }
  count (self, SOD_PAD_HELD);
  map->age = time > self->last_time ? time - self->last_time : 0;
  return open_map (self, gst_buffer_ref (self->last), map, error);
}

void
gst_sod_ensemble_pad_miss (GstSodEnsemblePad *self)
{
  self->was_used = FALSE;
  count (self, SOD_PAD_MISSING);
}

void
gst_sod_ensemble_pad_close (GstSodEnsemblePad *self, SodPadMap *map)
{
  if (map->image != NULL)
    gst_sod_frame_reader_unmap (self->reader);
  gst_clear_buffer (&map->buffer);
  map->image = NULL;
}

/* ---- the object ---- */

static GstFlowReturn
gst_sod_ensemble_pad_flush (GstAggregatorPad *pad, GstAggregator *aggregator)
{
  GST_OBJECT_LOCK (pad);
  GST_SOD_ENSEMBLE_PAD (pad)->was_flushed = TRUE;
  GST_OBJECT_UNLOCK (pad);
  return GST_FLOW_OK;
}

static void
gst_sod_ensemble_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodEnsemblePad *self = GST_SOD_ENSEMBLE_PAD (object);

  switch (id) {
    case PROP_WEIGHT:
      GST_OBJECT_LOCK (self);
      self->weight = g_value_get_double (value);
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

/* (transfer full) */
static GstStructure *
describe (GstSodEnsemblePad *self)
{
  GstStructure *stats = gst_structure_new_empty ("sod-ensemble-pad");
  guint64 counts[SOD_PAD_N_COUNTS] = { 0 };

  gst_sod_ensemble_pad_add_counts (self, counts);
  for (guint i = 0; i < SOD_PAD_N_COUNTS; i++)
    gst_structure_set (stats, count_names[i], G_TYPE_UINT64, counts[i], NULL);
  return stats;
}

static void
gst_sod_ensemble_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodEnsemblePad *self = GST_SOD_ENSEMBLE_PAD (object);

  switch (id) {
    case PROP_WEIGHT:
      g_value_set_double (value, gst_sod_ensemble_pad_get_weight (self));
      break;
    case PROP_STATS:
      g_value_take_boxed (value, describe (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
}

static void
gst_sod_ensemble_pad_finalize (GObject *object)
{
  GstSodEnsemblePad *self = GST_SOD_ENSEMBLE_PAD (object);

  gst_clear_buffer (&self->last);
  g_clear_object (&self->reader);
  G_OBJECT_CLASS (gst_sod_ensemble_pad_parent_class)->finalize (object);
}

static void
gst_sod_ensemble_pad_init (GstSodEnsemblePad *self)
{
  self->weight = DEFAULT_WEIGHT;
  self->is_fresh = TRUE;
}

static void
gst_sod_ensemble_pad_class_init (GstSodEnsemblePadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = gst_sod_ensemble_pad_set_property;
  object_class->get_property = gst_sod_ensemble_pad_get_property;
  object_class->finalize = gst_sod_ensemble_pad_finalize;
  GST_AGGREGATOR_PAD_CLASS (klass)->flush = gst_sod_ensemble_pad_flush;

  g_object_class_install_property (object_class, PROP_WEIGHT,
      g_param_spec_double ("weight", "Weight",
          "How much this pad's maps count with method=weighted and "
          "method=confident: the score of its network on held-out frames, say",
          0, G_MAXDOUBLE, DEFAULT_WEIGHT,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_CONTROLLABLE
              | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Maps used, times at which the last one was held or none was there "
          "(missing), maps that came late or were dropped since another pad "
          "had none, gaps",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}
