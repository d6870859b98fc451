/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodensemble.h"

#include <plugins/common/sodbuffers.h>
#include <plugins/common/soderror.h>

GST_DEBUG_CATEGORY_EXTERN (sod_ensemble_debug);
#define GST_CAT_DEFAULT sod_ensemble_debug

#define MAX_PADS GST_SOD_ENSEMBLE_MAX_MAPS

/* The maps of one time. */
typedef struct
{
  guint n_pads;
  GstSodEnsemblePad *pads[MAX_PADS]; /* references */
  SodHead heads[MAX_PADS];
  SodPadMap maps[MAX_PADS];
  GstClockTime time; /* running time */
} Set;

static GstFlowReturn
fail (GstSodEnsembleElement *self, const GError *error)
{
  sod_element_error (GST_ELEMENT (self), error);
  return GST_FLOW_ERROR;
}

/* ---- the maps of one time ---- */

static void
set_clear (Set *self)
{
  for (guint i = 0; i < self->n_pads; i++) {
    gst_sod_ensemble_pad_close (self->pads[i], &self->maps[i]);
    gst_object_unref (self->pads[i]);
  }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Set, set_clear)

/* The pads there are, in the order in which they were asked for. */
static void
set_fill (Set *self, GstElement *element)
{
  GST_OBJECT_LOCK (element);
  for (GList *at = element->sinkpads; at != NULL && self->n_pads < MAX_PADS;
       at = at->next)
    self->pads[self->n_pads++] = gst_object_ref (at->data);
  GST_OBJECT_UNLOCK (element);
}

static gboolean
set_look (Set *self, GError **error)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (!gst_sod_ensemble_pad_look (self->pads[i], &self->heads[i], error))
      return FALSE;
  }
  return TRUE;
}

/* Whether all streams were flushed since the last output: their times start
 * anew. */
static gboolean
set_is_fresh (const Set *self)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (!gst_sod_ensemble_pad_is_fresh (self->pads[i]))
      return FALSE;
  }
  return TRUE;
}

static void
set_drop (Set *self, SodFate fate, SodPadCount why)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (self->heads[i].fate == fate)
      gst_sod_ensemble_pad_drop (self->pads[i], why);
  }
}

/* Opens the maps that are to be combined. */
static gboolean
set_open (Set *self, SodOnMissing on_missing, GError **error)
{
  for (guint i = 0; i < self->n_pads; i++) {
    GstSodEnsemblePad *pad = self->pads[i];
    SodHead *head = &self->heads[i];

    if (head->fate == SOD_FATE_USE) {
      if (!gst_sod_ensemble_pad_take (pad, &self->maps[i], error))
        return FALSE;
    } else if (head->kind == SOD_HEAD_DEAD) {
      continue;
    } else if (on_missing != SOD_ON_MISSING_HOLD) {
      gst_sod_ensemble_pad_miss (pad);
    } else if (!gst_sod_ensemble_pad_hold (
                   pad, self->time, &self->maps[i], error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* The first frame there is that belongs to the time. */
static GstBuffer *
set_get_first (const Set *self)
{
  for (guint i = 0; i < self->n_pads; i++) {
    if (self->heads[i].fate == SOD_FATE_USE && self->maps[i].buffer != NULL)
      return self->maps[i].buffer;
  }
  return NULL;
}

/* ---- one output ---- */

/* (transfer full) (nullable) */
static GstBuffer *
allocate (GstBufferPool *pool, gsize size)
{
  GstBuffer *buffer = NULL;

  if (pool == NULL)
    return gst_buffer_new_allocate (NULL, size, NULL);
  if (!gst_buffer_pool_is_active (pool)
      && !gst_buffer_pool_set_active (pool, TRUE))
    return NULL;
  if (gst_buffer_pool_acquire_buffer (pool, &buffer, NULL) != GST_FLOW_OK)
    return NULL;
  return buffer;
}

/* Of the maps of @set one, in @map, and how they differ, in @disagreement. */
static gboolean
combine (GstSodEnsembleElement *self, const Set *set, GstBuffer *map,
    GstBuffer *disagreement, GError **error)
{
  const GstSodImage *images[MAX_PADS];
  gdouble weights[MAX_PADS];
  GstSodImage *to, *spread;
  gboolean done = FALSE;
  guint n = 0;

  for (guint i = 0; i < set->n_pads; i++) {
    if (set->maps[i].image == NULL)
      continue;
    images[n] = set->maps[i].image;
    weights[n++] = gst_sod_ensemble_pad_get_weight (set->pads[i]);
  }
  to = gst_sod_map_writer_map (self->map_writer, map, error);
  spread = to == NULL ? NULL
                      : gst_sod_map_writer_map (
                          self->disagreement_writer, disagreement, error);
  if (spread != NULL) {
    gst_sod_ensemble_set_method (self->ensemble, self->now.method);
    done = gst_sod_ensemble_combine_images (
        self->ensemble, images, weights, n, to, spread, error);
  }
  gst_sod_map_writer_unmap (self->disagreement_writer);
  gst_sod_map_writer_unmap (self->map_writer);
  return done;
}

/* What the maps say of themselves goes into that of the output. */
static void
add_map (GstSodEnsembleElement *self, const Set *set, GstBuffer *out)
{
  g_autoptr (GEnumClass) methods =
      g_type_class_ref (GST_SOD_TYPE_ENSEMBLE_METHOD);
  g_autoptr (GstBuffer) pixels = sod_buffer_share_memory (out);
  g_autoptr (GstSodMap) map = NULL;
  GstSodMapFlags flags = GST_SOD_MAP_FLAG_NONE;
  const gchar *source_id = NULL;
  GstClockTime age = 0;

  for (guint i = 0; i < set->n_pads; i++) {
    const SodPadMap *from = &set->maps[i];
    const GstSodMap *one =
        from->buffer != NULL ? gst_sod_buffer_get_map (from->buffer) : NULL;

    age = MAX (age, from->age);
    if (from->age > 0)
      flags |= GST_SOD_MAP_FLAG_REUSED;
    if (one == NULL)
      continue;
    flags |= gst_sod_map_get_flags (one);
    if (GST_CLOCK_TIME_IS_VALID (gst_sod_map_get_age (one)))
      age = MAX (age, from->age + gst_sod_map_get_age (one));
    if (source_id == NULL)
      source_id = gst_sod_map_get_source_id (one);
  }
  map = gst_sod_map_new (pixels, self->info.width, self->info.height,
      source_id != NULL ? source_id : GST_OBJECT_NAME (self), "ensemble",
      g_enum_get_value (methods, (gint) self->now.method)->value_nick, flags,
      age);
  gst_sod_buffer_add_map (out, map);
}

/* Times of the output: those of its first frame, in its own segment. */
static void
set_times (GstSodEnsembleElement *self, const Set *set, GstBuffer *out)
{
  GstAggregatorPad *src = GST_AGGREGATOR_PAD (GST_AGGREGATOR (self)->srcpad);
  GstBuffer *first = set_get_first (set);

  GST_OBJECT_LOCK (self);
  GST_BUFFER_PTS (out) = gst_segment_position_from_running_time (
      &src->segment, GST_FORMAT_TIME, set->time);
  src->segment.position = GST_BUFFER_PTS (out);
  self->last = set->time;
  GST_OBJECT_UNLOCK (self);
  if (first != NULL)
    GST_BUFFER_DURATION (out) = GST_BUFFER_DURATION (first);
}

static guint
count_maps (const Set *set)
{
  guint n = 0;

  for (guint i = 0; i < set->n_pads; i++)
    n += set->maps[i].image != NULL;
  return n;
}

static void
tell (GstSodEnsembleElement *self, const Set *set)
{
  gdouble disagreement = gst_sod_ensemble_get_disagreement (self->ensemble);
  gdouble confidence = gst_sod_ensemble_get_confidence (self->ensemble);

  GST_OBJECT_LOCK (self);
  self->n_outputs++;
  self->disagreement = disagreement;
  self->confidence = confidence;
  self->disagreement_sum += disagreement;
  self->confidence_sum += confidence;
  GST_OBJECT_UNLOCK (self);
  if (GST_CLOCK_TIME_IS_VALID (self->last_message)
      && set->time >= self->last_message
      && set->time - self->last_message < self->now.message_interval)
    return;
  self->last_message = set->time;
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("sod-ensemble", "running-time", G_TYPE_UINT64,
              set->time, "maps", G_TYPE_UINT, count_maps (set), "disagreement",
              G_TYPE_DOUBLE, disagreement, "confidence", G_TYPE_DOUBLE,
              confidence, NULL)));
}

/* (transfer full) (nullable) */
static GstBuffer *
make_output (GstSodEnsembleElement *self, const Set *set, GError **error)
{
  g_autoptr (GstBufferPool) pool =
      gst_aggregator_get_buffer_pool (GST_AGGREGATOR (self));
  gboolean wants_map = self->now.output == SOD_ENSEMBLE_OUTPUT_MAP;
  gsize size = gst_sod_map_writer_get_size (self->map_writer);
  g_autoptr (GstBuffer) out = allocate (pool, self->info.size);
  g_autoptr (GstBuffer) other = NULL;

  if (self->pool == NULL)
    self->pool = sod_buffer_pool_new (size);
  if (self->pool != NULL)
    other = allocate (self->pool, size);
  if (out == NULL || other == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory for a map of %dx%d pixels", self->info.width,
        self->info.height);
    return NULL;
  }
  if (!combine (
          self, set, wants_map ? out : other, wants_map ? other : out, error))
    return NULL;
  set_times (self, set, out);
  if (wants_map)
    add_map (self, set, out);
  gst_sod_buffer_set_disagreement (
      out, gst_sod_ensemble_get_disagreement (self->ensemble));
  return g_steal_pointer (&out);
}

static GstFlowReturn
send (GstSodEnsembleElement *self, Set *set)
{
  g_autoptr (GError) error = NULL;
  GstBuffer *out;

  if (!set_open (set, self->now.on_missing, &error))
    return fail (self, error);
  if (count_maps (set) == 0)
    return GST_AGGREGATOR_FLOW_NEED_DATA;
  out = make_output (self, set, &error);
  if (out == NULL)
    return fail (self, error);
  tell (self, set);
  GST_LOG_OBJECT (self, "%u maps at %" GST_TIME_FORMAT, count_maps (set),
      GST_TIME_ARGS (set->time));
  return gst_aggregator_finish_buffer (GST_AGGREGATOR (self), out);
}

/* A time at which no pad has a map, before any pad has one of a later time. */
static void
pass_gap (GstSodEnsembleElement *self, const Set *set)
{
  GstPad *src = GST_AGGREGATOR (self)->srcpad;
  GstClockTime duration = GST_CLOCK_TIME_NONE, time;

  for (guint i = 0; i < set->n_pads; i++) {
    const SodHead *head = &set->heads[i];

    if (head->fate == SOD_FATE_DROP && GST_CLOCK_TIME_IS_VALID (head->end))
      duration = head->end - head->time;
  }
  if (!gst_pad_has_current_caps (src))
    return;
  time = gst_segment_position_from_running_time (
      &GST_AGGREGATOR_PAD (src)->segment, GST_FORMAT_TIME, set->time);
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_pad_push_event (src, gst_event_new_gap (time, duration));
}

static GstFlowReturn
act (GstSodEnsembleElement *self, Set *set, SodMatch match)
{
  switch (match) {
    case SOD_MATCH_EOS:
      return GST_FLOW_EOS;
    case SOD_MATCH_LATE:
      set_drop (set, SOD_FATE_DROP, SOD_PAD_LATE);
      break;
    case SOD_MATCH_GAP:
      pass_gap (self, set);
      set_drop (set, SOD_FATE_DROP, SOD_PAD_GAP);
      break;
    case SOD_MATCH_OVER:
      set_drop (set, SOD_FATE_DROP, SOD_PAD_GAP);
      break;
    case SOD_MATCH_INCOMPLETE:
      set_drop (set, SOD_FATE_USE, SOD_PAD_DROPPED);
      GST_OBJECT_LOCK (self);
      self->n_incomplete++;
      GST_OBJECT_UNLOCK (self);
      break;
    case SOD_MATCH_COMBINE:
      return send (self, set);
    case SOD_MATCH_WAIT:
    default:
      break;
  }
  return GST_AGGREGATOR_FLOW_NEED_DATA;
}

GstFlowReturn
gst_sod_ensemble_element_aggregate (GstAggregator *aggregator, gboolean timeout)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (aggregator);
  g_auto (Set) set = { 0 };
  g_autoptr (GError) error = NULL;
  SodMatchRule rule = { .is_due = timeout };

  GST_OBJECT_LOCK (self);
  self->now = self->settings;
  rule.last = self->last;
  GST_OBJECT_UNLOCK (self);
  rule.tolerance = self->now.tolerance;
  rule.on_missing = self->now.on_missing;
  set_fill (&set, GST_ELEMENT (self));
  if (!set_look (&set, &error))
    return fail (self, error);
  if (set_is_fresh (&set))
    rule.last = GST_CLOCK_TIME_NONE;
  return act (self, &set, sod_match (&rule, set.heads, set.n_pads, &set.time));
}

/* Until when a live pipeline waits: the time of the first map there is. With
 * on-missing=wait nothing is due before all maps are there. */
GstClockTime
gst_sod_ensemble_element_get_next_time (GstAggregator *aggregator)
{
  GstSodEnsembleElement *self = GST_SOD_ENSEMBLE_ELEMENT (aggregator);
  GstClockTime time = GST_CLOCK_TIME_NONE; /* the largest there is */
  g_auto (Set) set = { 0 };
  SodOnMissing on_missing;

  GST_OBJECT_LOCK (self);
  on_missing = self->settings.on_missing;
  GST_OBJECT_UNLOCK (self);
  if (on_missing == SOD_ON_MISSING_WAIT)
    return time;
  set_fill (&set, GST_ELEMENT (self));
  for (guint i = 0; i < set.n_pads; i++) {
    if (gst_sod_ensemble_pad_look (set.pads[i], &set.heads[i], NULL)
        && set.heads[i].kind == SOD_HEAD_MAP)
      time = MIN (time, set.heads[i].time);
  }
  return time;
}
