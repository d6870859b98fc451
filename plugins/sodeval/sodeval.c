/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodeval
 * @title: sodeval
 * @short_description: measures how good saliency maps are
 * @see_also: sodbase
 *
 * sodeval holds the maps on its pad `prediction` against the masks on its pad
 * `truth` and tells how good they are: the measures of docs/measures.md, in
 * the school that is asked for. Frames belong together where their running
 * times agree. Frames without a truth (none at that time, or one marked as a
 * gap) are left out and counted, and so are truths without a map.
 *
 * Let both branches have a queue where they come from one stream. Up to 32
 * frames wait for their partners; a branch that is further ahead is held up.
 *
 * At the end of the stream an element message named `sodeval` is posted, whose
 * fields are the measures (`max_f`, `mae`, ...), `school`, `images`,
 * `unlabelled`, `without-prediction`, and `final`, which is false in the
 * messages that come every `interval` measured images before.
 *
 * A tag `title` on the pad `truth` begins a sequence of that name, for the
 * schools that average over sequences.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m sodeval name=e videotestsrc num-buffers=50 pattern=ball ! \
 *     video/x-raw,format=GRAY8 ! tee name=t ! queue ! e.truth \
 *     t. ! queue ! sodbase output=map ! video/x-raw,format=GRAY8 ! e.prediction
 * ]| How well a bright ball is found; the message at the end says it
 *
 * Since: 0.1
 */
#include <plugins/common/sodelements.h>

#include <gst-sod/gstsod.h>

#include <plugins/common/sodenums.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodinput.h>
#include "sodevalresult.h"
#include "sodevalsettings.h"
#include "sodpairer.h"

GST_DEBUG_CATEGORY_STATIC (sod_eval_debug);
#define GST_CAT_DEFAULT sod_eval_debug

#define MAX_WAITING 32 /* frames of one side */

/* One input; of its streaming thread but where said otherwise. */
typedef struct
{
  GstPad *pad;
  GstSegment segment;
  GstSodFrameReader *reader;
  gboolean flushing; /* under the lock */
  gboolean ended;    /* under the lock */
} Input;

#define GST_TYPE_SOD_EVAL (gst_sod_eval_get_type ())
G_DECLARE_FINAL_TYPE (GstSodEval, gst_sod_eval, GST, SOD_EVAL, GstElement)

struct _GstSodEval
{
  GstElement parent;

  SodEvalSettings settings; /* under the object lock */
  GstStructure *measures;   /* under the object lock */

  Input inputs[SOD_N_SIDES];

  /* Never held while anything is measured or sent. */
  GMutex lock;
  GCond cond;
  SodPairer *pairer;
  GstSodEvaluator *evaluator;
  SodEvalSettings asked; /* the settings when the element started */
  gboolean measuring;    /* a thread takes pairs out */
  gboolean stopping;
  gboolean failed;
  gboolean playing;
  gboolean finished;
  guint32 seqnum; /* of the EOS that came last */
};

G_DEFINE_FINAL_TYPE (GstSodEval, gst_sod_eval, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    sodeval, "sodeval", GST_RANK_NONE, GST_TYPE_SOD_EVAL)

/* ---- what is told ---- */

static void
publish (GstSodEval *self, GstStructure *structure)
{
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->measures, gst_structure_free);
  self->measures = gst_structure_copy (structure);
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "measures");
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

static gboolean
finish (GstSodEval *self, const SodPairCounts *counts, GError **error)
{
  g_autoptr (GstSodEvaluation) evaluation = NULL;

  if (counts->pairs == 0) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "there is nothing to measure: no map and truth of one time came "
        "(%" G_GUINT64_FORMAT " frames without a truth, %" G_GUINT64_FORMAT
        " truths without a map); both streams must have the same times",
        counts->unlabelled, counts->without_prediction);
    return FALSE;
  }
  evaluation = gst_sod_evaluator_finish (self->evaluator, error);
  if (evaluation == NULL
      || (self->asked.location != NULL
          && !sod_eval_write_json (self->asked.location, GST_OBJECT_NAME (self),
              evaluation, counts, error)))
    return FALSE;
  publish (self, sod_eval_describe (evaluation, counts, TRUE));
  return TRUE;
}

static void
post_eos (GstSodEval *self)
{
  GstMessage *message = gst_message_new_eos (GST_OBJECT (self));

  if (self->seqnum != GST_SEQNUM_INVALID)
    gst_message_set_seqnum (message, self->seqnum);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/* ---- pairs ---- */

static gboolean
check_sizes (GstSodEval *self, const SodPaired *pair, GError **error)
{
  gint width = gst_sod_image_get_width (pair->prediction);
  gint height = gst_sod_image_get_height (pair->prediction);
  gint truth_width = gst_sod_image_get_width (pair->truth);
  gint truth_height = gst_sod_image_get_height (pair->truth);

  if (self->asked.resize == SOD_RESIZE_PREDICTION
      || (width == truth_width && height == truth_height))
    return TRUE;
  g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "the map at %" GST_TIME_FORMAT
      " is %dx%d, its truth %dx%d: let the map have the truth's size, or set "
      "resize=prediction, which scales it",
      GST_TIME_ARGS (pair->time), width, height, truth_width, truth_height);
  return FALSE;
}

static gboolean
measure (
    GstSodEval *self, const SodPaired *pair, guint64 number, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%" G_GUINT64_FORMAT, pair->time);
  g_autoptr (GstSodPair) images = NULL;

  if (!check_sizes (self, pair, error))
    return FALSE;
  images = gst_sod_pair_new (pair->prediction, pair->truth, NULL);
  return gst_sod_evaluator_add (self->evaluator,
      pair->sequence != NULL ? pair->sequence : GST_OBJECT_NAME (self), name,
      images, error);
}

static gboolean
is_due (GstSodEval *self, guint64 n)
{
  return self->asked.interval > 0 && n % self->asked.interval == 0;
}

static void
fail (GstSodEval *self, const GError *error)
{
  self->failed = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  sod_element_error (GST_ELEMENT (self), error);
  g_mutex_lock (&self->lock);
}

/* One pair, without the lock. */
static gboolean
take_pair (GstSodEval *self, const SodPaired *pair, GError **error)
{
  SodPairCounts counts = *sod_pairer_get_counts (self->pairer);
  gboolean done;

  g_mutex_unlock (&self->lock);
  done = measure (self, pair, counts.pairs, error);
  if (done && is_due (self, counts.pairs)) {
    g_autoptr (GstSodEvaluation) now = gst_sod_evaluator_peek (self->evaluator);

    publish (self, sod_eval_describe (now, &counts, FALSE));
  }
  g_mutex_lock (&self->lock);
  return done;
}

/* With the lock; one thread at a time measures, so that images keep the order
 * of their times. */
static void
take_pairs (GstSodEval *self)
{
  if (self->measuring)
    return;
  self->measuring = TRUE;
  while (!self->failed && !self->stopping) {
    g_auto (SodPaired) pair = { 0 };
    g_autoptr (GError) error = NULL;

    if (!sod_pairer_pop (self->pairer, &pair))
      break;
    g_cond_broadcast (&self->cond);
    if (!take_pair (self, &pair, &error) && !self->stopping)
      fail (self, error);
  }
  self->measuring = FALSE;
  g_cond_broadcast (&self->cond);
}

/* With the lock, after one side has ended. */
static void
end (GstSodEval *self)
{
  g_autoptr (GError) error = NULL;
  SodPairCounts counts;
  gboolean done, playing;

  while (self->measuring && !self->stopping)
    g_cond_wait (&self->cond, &self->lock);
  take_pairs (self);
  if (self->stopping || self->failed || self->finished)
    return;
  for (guint i = 0; i < SOD_N_SIDES; i++) {
    if (!self->inputs[i].ended)
      return;
  }
  self->finished = TRUE;
  self->measuring = TRUE; /* keeps the evaluator until it is told */
  counts = *sod_pairer_get_counts (self->pairer);
  g_mutex_unlock (&self->lock);
  done = finish (self, &counts, &error);
  g_mutex_lock (&self->lock);
  self->measuring = FALSE;
  g_cond_broadcast (&self->cond);
  if (!done) {
    fail (self, error);
    return;
  }
  playing = self->playing;
  g_mutex_unlock (&self->lock);
  if (playing)
    post_eos (self);
  g_mutex_lock (&self->lock);
}

/* ---- the pads ---- */

static Input *
get_input (GstSodEval *self, GstPad *pad, SodSide *side)
{
  *side = pad == self->inputs[SOD_TRUTH].pad ? SOD_TRUTH : SOD_PREDICTION;
  return &self->inputs[*side];
}

/* Takes @image; waits while the side is too far ahead. */
static GstFlowReturn
queue_frame (
    GstSodEval *self, SodSide side, GstClockTime time, GstSodImage *image)
{
  Input *input = &self->inputs[side];
  GstFlowReturn flow = GST_FLOW_OK;

  g_mutex_lock (&self->lock);
  while (sod_pairer_get_length (self->pairer, side) >= MAX_WAITING
         && !input->flushing && !self->stopping && !self->failed)
    g_cond_wait (&self->cond, &self->lock);
  if (input->flushing || self->stopping)
    flow = GST_FLOW_FLUSHING;
  else if (self->failed)
    flow = GST_FLOW_ERROR;
  if (flow == GST_FLOW_OK) {
    sod_pairer_push (self->pairer, side, time, g_steal_pointer (&image));
    take_pairs (self);
    if (self->failed)
      flow = GST_FLOW_ERROR;
  }
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&image, gst_sod_image_unref);
  return flow;
}

static GstFlowReturn
gst_sod_eval_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstSodEval *self = GST_SOD_EVAL (parent);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GError) error = NULL;
  GstSodImage *image = NULL;
  GstClockTime time = GST_CLOCK_TIME_NONE;
  SodSide side;
  Input *input = get_input (self, pad, &side);

  if (input->reader == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!sod_input_get_time (pad, &input->segment, buffer, &time, &error)
      || !sod_input_read_gray (input->reader, buffer, &image, &error)) {
    g_mutex_lock (&self->lock);
    fail (self, error);
    g_mutex_unlock (&self->lock);
    return GST_FLOW_ERROR;
  }
  if (!GST_CLOCK_TIME_IS_VALID (time)) { /* outside of the segment */
    g_clear_pointer (&image, gst_sod_image_unref);
    return GST_FLOW_OK;
  }
  return queue_frame (self, side, time, image);
}

static gboolean
set_caps (GstSodEval *self, Input *input, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&input->reader);
  input->reader = sod_input_make_gray_reader (caps, &error);
  if (input->reader == NULL)
    sod_element_error (GST_ELEMENT (self), error);
  return input->reader != NULL;
}

static void
skip_gap (GstSodEval *self, SodSide side, GstEvent *event)
{
  GstClockTime start, duration;

  gst_event_parse_gap (event, &start, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    start += duration;
  start = gst_segment_to_running_time (
      &self->inputs[side].segment, GST_FORMAT_TIME, start);
  if (!GST_CLOCK_TIME_IS_VALID (start))
    return;
  g_mutex_lock (&self->lock);
  sod_pairer_advance (self->pairer, side, start);
  take_pairs (self);
  g_mutex_unlock (&self->lock);
}

static void
set_flushing (GstSodEval *self, SodSide side, gboolean flushing)
{
  Input *input = &self->inputs[side];

  g_mutex_lock (&self->lock);
  input->flushing = flushing;
  if (!flushing) {
    input->ended = FALSE;
    gst_segment_init (&input->segment, GST_FORMAT_TIME);
    sod_pairer_clear (self->pairer, side);
  }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
end_side (GstSodEval *self, SodSide side, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  self->inputs[side].ended = TRUE;
  self->seqnum = gst_event_get_seqnum (event);
  sod_pairer_advance (self->pairer, side, GST_CLOCK_TIME_NONE);
  end (self);
  g_mutex_unlock (&self->lock);
}

static void
take_title (GstSodEval *self, GstEvent *event)
{
  g_autofree gchar *title = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (!gst_tag_list_get_string (tags, GST_TAG_TITLE, &title))
    return;
  g_mutex_lock (&self->lock);
  sod_pairer_begin_sequence (self->pairer, title);
  g_mutex_unlock (&self->lock);
}

static gboolean
gst_sod_eval_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstSodEval *self = GST_SOD_EVAL (parent);
  gboolean handled = TRUE;
  GstCaps *caps;
  SodSide side;
  Input *input = get_input (self, pad, &side);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      handled = set_caps (self, input, caps);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &input->segment);
      break;
    case GST_EVENT_GAP:
      skip_gap (self, side, event);
      break;
    case GST_EVENT_TAG:
      if (side == SOD_TRUTH)
        take_title (self, event);
      break;
    case GST_EVENT_FLUSH_START:
      set_flushing (self, side, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      set_flushing (self, side, FALSE);
      break;
    case GST_EVENT_EOS:
      end_side (self, side, event);
      break;
    default:
      return gst_pad_event_default (pad, parent, event);
  }
  gst_event_unref (event);
  return handled;
}

/* ---- states ---- */

static void
start (GstSodEval *self)
{
  g_autoptr (GstSodEvaluator) evaluator = NULL;

  GST_OBJECT_LOCK (self);
  sod_eval_settings_copy (&self->asked, &self->settings);
  g_clear_pointer (&self->measures, gst_structure_free);
  GST_OBJECT_UNLOCK (self);

  self->evaluator =
      gst_sod_evaluator_new (self->asked.school, self->asked.threads);
  gst_sod_evaluator_set_nan_policy (self->evaluator, self->asked.nan);
  gst_sod_evaluator_set_resize (
      self->evaluator, self->asked.resize == SOD_RESIZE_PREDICTION);
  self->pairer = sod_pairer_new (self->asked.tolerance);
  self->stopping = self->failed = self->finished = self->playing = FALSE;
  self->seqnum = GST_SEQNUM_INVALID;
  for (guint i = 0; i < SOD_N_SIDES; i++) {
    gst_segment_init (&self->inputs[i].segment, GST_FORMAT_TIME);
    self->inputs[i].flushing = self->inputs[i].ended = FALSE;
  }
}

static void
stop (GstSodEval *self)
{
  g_clear_pointer (&self->pairer, sod_pairer_free);
  g_clear_object (&self->evaluator);
  for (guint i = 0; i < SOD_N_SIDES; i++)
    g_clear_object (&self->inputs[i].reader);
}

/* Wakes whoever waits. */
static void
set_stopping (GstSodEval *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
set_playing (GstSodEval *self, gboolean playing)
{
  gboolean told;

  g_mutex_lock (&self->lock);
  self->playing = playing;
  told = self->finished && !self->failed && !self->measuring;
  g_mutex_unlock (&self->lock);
  if (playing && told)
    post_eos (self);
}

static GstStateChangeReturn
gst_sod_eval_change_state (GstElement *element, GstStateChange transition)
{
  GstSodEval *self = GST_SOD_EVAL (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    start (self);
  else if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (self, FALSE);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    set_stopping (self);

  result = GST_ELEMENT_CLASS (gst_sod_eval_parent_class)
               ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    set_playing (self, TRUE);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
           || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
               && result == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return result;
}

/* ---- the object ---- */

static void
gst_sod_eval_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodEval *self = GST_SOD_EVAL (object);

  GST_OBJECT_LOCK (self);
  if (!sod_eval_settings_set (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_eval_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodEval *self = GST_SOD_EVAL (object);

  GST_OBJECT_LOCK (self);
  if (id == SOD_EVAL_PROP_MEASURES)
    g_value_set_boxed (value, self->measures);
  else if (!sod_eval_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_eval_finalize (GObject *object)
{
  GstSodEval *self = GST_SOD_EVAL (object);

  sod_eval_settings_clear (&self->settings);
  sod_eval_settings_clear (&self->asked);
  g_clear_pointer (&self->measures, gst_structure_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (gst_sod_eval_parent_class)->finalize (object);
}

static void
gst_sod_eval_init (GstSodEval *self)
{
  static const gchar *const names[] = { "prediction", "truth" };

  sod_eval_settings_init (&self->settings);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  for (guint i = 0; i < SOD_N_SIDES; i++) {
    GstPad *pad = gst_pad_new_from_template (
        gst_element_get_pad_template (GST_ELEMENT (self), names[i]), names[i]);

    gst_pad_set_chain_function (pad, gst_sod_eval_chain);
    gst_pad_set_event_function (pad, gst_sod_eval_sink_event);
    gst_element_add_pad (GST_ELEMENT (self), pad);
    self->inputs[i].pad = pad;
  }
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

static void
gst_sod_eval_class_init (GstSodEvalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("GRAY8"));

  object_class->set_property = gst_sod_eval_set_property;
  object_class->get_property = gst_sod_eval_get_property;
  object_class->finalize = gst_sod_eval_finalize;
  sod_eval_settings_install (object_class);

  element_class->change_state = gst_sod_eval_change_state;
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("prediction", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("truth", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element_class, "Saliency evaluation",
      "Sink/Video", "Measures how good saliency maps are",
      "The gst-sod authors");

  GST_DEBUG_CATEGORY_INIT (sod_eval_debug, "sodeval", 0, "saliency evaluation");
}
