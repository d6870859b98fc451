/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames and labels on their way into the store. A frame is stored on its own
 * streaming thread, so that it is on the disk before its buffer is let go, and
 * never waits for a label: one that comes later is put to it in the store. */
#include "sodtrainer.h"

#include <gst/video/video.h>

#include <plugins/common/soderror.h>
#include <plugins/common/sodinput.h>

GST_DEBUG_CATEGORY_EXTERN (sod_trainer_debug);
#define GST_CAT_DEFAULT sod_trainer_debug

/* What is known of a buffer before the store has it. */
typedef struct
{
  SodStamp stamp;
  gchar *node, *title;
  GstSodImage *label;
} Arrival;

static void
arrival_clear (Arrival *self)
{
  sod_stamp_clear (&self->stamp);
  g_free (self->node);
  g_free (self->title);
  g_clear_pointer (&self->label, gst_sod_image_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arrival, arrival_clear)

/* With the lock: whether @pad may go on. */
static GstFlowReturn
get_flow (GstSodTrainerElement *self, const SodTrainerPad *pad)
{
  if (pad->flushing || pad->gone || self->stopping || !self->started)
    return GST_FLOW_FLUSHING;
  return self->failed ? GST_FLOW_ERROR : GST_FLOW_OK;
}

static gboolean
find_stamp (
    SodTrainerPad *pad, GstBuffer *buffer, SodStamp *stamp, GError **error)
{
  GstClockTime time;

  if (!sod_input_get_time (GST_PAD (pad), &pad->segment, buffer, &time, error))
    return FALSE;
  sod_stamp_init (stamp, buffer, time);
  return TRUE;
}

/* ---- the store ---- */

static void
warn_of_label (
    GstSodTrainerElement *self, SodTrainerNode *node, const GError *error)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  node->n_refused++;
  first = !node->warned;
  node->warned = TRUE;
  g_mutex_unlock (&self->lock);
  GST_INFO_OBJECT (self, "%s", error->message);
  if (first)
    sod_element_warning (GST_ELEMENT (self), error,
        "the frame is kept without a label, and labels like this one are "
        "counted and not told any more");
}

/* A label for a frame that is stored; FALSE: it is an error of the store. */
static gboolean
store_label (GstSodTrainerElement *self, SodTrainerNode *node, const gchar *id,
    GstSodImage *label, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (gst_sod_store_set_label (self->store, id, label, &failure)) {
    g_mutex_lock (&self->lock);
    node->n_labelled++;
    node->n_late++;
    g_mutex_unlock (&self->lock);
    return TRUE;
  }
  if (g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH)
      || g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND)) {
    warn_of_label (self, node, failure);
    return TRUE;
  }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Appends @frame; without its label where that will not do. */
static gboolean
append (GstSodTrainerElement *self, SodTrainerNode *node,
    GstSodStoreFrame *frame, Arrival *arrival, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (gst_sod_store_append_frames (self->store, &frame, 1, &failure))
    return TRUE;
  if (arrival->label == NULL
      || !g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  warn_of_label (self, node, failure);
  gst_sod_store_frame_set_label (frame, NULL);
  g_clear_pointer (&arrival->label, gst_sod_image_unref);
  return gst_sod_store_append_frames (self->store, &frame, 1, error);
}

/* What the store calls it in @id, NULL where it was thinned out. */
static gboolean
store_picture (GstSodTrainerElement *self, SodTrainerPad *pad,
    GstBuffer *buffer, Arrival *arrival, gchar **id, GError **error)
{
  const SodStamp *stamp = &arrival->stamp;
  GstClockTime time =
      stamp->n_references > 0 ? stamp->references[0].time : stamp->time;
  const GstSodImage *picture =
      gst_sod_frame_reader_map (pad->reader, buffer, error);
  GstSodStoreFrame *frame;
  gboolean done;

  if (picture == NULL)
    return FALSE;
  frame = gst_sod_store_frame_new (arrival->node, (GstSodImage *) picture);
  gst_sod_store_frame_set_label (frame, arrival->label);
  gst_sod_store_frame_set_stream_time (
      frame, (gint64) GST_TIME_AS_USECONDS (time));
  gst_sod_store_frame_set_discontinuity (
      frame, GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  gst_sod_store_frame_set_source (frame, arrival->title);
  done = append (self, pad->node, frame, arrival, error);
  *id = g_strdup (gst_sod_store_frame_get_id (frame));
  gst_sod_store_frame_unref (frame);
  gst_sod_frame_reader_unmap (pad->reader);
  return done;
}

/* With the lock: counts the frame; a label that came while it was stored is
 * given back, else the frame waits for one. (transfer full) (nullable) */
static GstSodImage *
settle (GstSodTrainerElement *self, SodTrainerNode *node,
    const Arrival *arrival, const gchar *id)
{
  GstSodImage *label = NULL;

  node->n_frames++;
  self->n_since++;
  if (arrival->label != NULL) {
    node->n_labelled++;
    return NULL;
  }
  if (id == NULL) {
    node->n_thinned++;
    return NULL;
  }
  if (node->labels == NULL)
    return NULL;
  label = sod_labels_take (node->labels, &arrival->stamp);
  if (label == NULL)
    sod_labels_remember (node->labels, &arrival->stamp, id);
  return label;
}

static GstFlowReturn
store_frame (GstSodTrainerElement *self, SodTrainerPad *pad, GstBuffer *buffer,
    Arrival *arrival)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodImage) late = NULL;
  g_autofree gchar *id = NULL;
  GstFlowReturn flow;

  if (!store_picture (self, pad, buffer, arrival, &id, &error)) {
    sod_trainer_fail (self, error);
    return GST_FLOW_ERROR;
  }
  g_mutex_lock (&self->lock);
  late = settle (self, pad->node, arrival, id);
  g_mutex_unlock (&self->lock);
  if (late != NULL && !store_label (self, pad->node, id, late, &error)) {
    sod_trainer_fail (self, error);
    return GST_FLOW_ERROR;
  }
  g_mutex_lock (&self->lock);
  flow = get_flow (self, pad);
  if (flow == GST_FLOW_OK)
    sod_trainer_check_trigger (self);
  g_mutex_unlock (&self->lock);
  return flow;
}

/* ---- frames ---- */

/* With the lock: the other pad of the node, NULL where nothing comes from it
 * any more. */
static SodTrainerPad *
find_partner (GstSodTrainerElement *self, const SodTrainerPad *pad)
{
  for (guint i = 0; i < self->pads->len; i++) {
    SodTrainerPad *other = g_ptr_array_index (self->pads, i);

    if (other->node == pad->node && other != pad && !other->gone
        && !other->ended && gst_pad_is_linked (GST_PAD (other)))
      return other;
  }
  return NULL;
}

/* With the lock: waits for something to change, at most until @end; FALSE
 * where nothing has. */
static gboolean
wait_until (GstSodTrainerElement *self, gint64 end)
{
  return g_cond_wait_until (&self->cond, &self->lock, end);
}

static gint64
get_wait_end (GstSodTrainerElement *self)
{
  guint64 wait =
      g_value_get_uint64 (&self->asked.values[SOD_TRAINER_PROP_LABEL_WAIT]);

  return g_get_monotonic_time () + (gint64) (wait / 1000);
}

/* With the lock. A frame that could be thinned out for want of a label waits
 * for it a while. */
static void
await_label (GstSodTrainerElement *self, SodTrainerPad *pad, Arrival *arrival)
{
  SodTrainerNode *node = pad->node;
  gint64 end = get_wait_end (self);

  if (g_value_get_uint (&self->asked.values[SOD_TRAINER_PROP_STORE_THINNING])
      == 0)
    return;
  while (arrival->label == NULL && !node->labels_silent
         && get_flow (self, pad) == GST_FLOW_OK
         && find_partner (self, pad) != NULL
         && (!GST_CLOCK_TIME_IS_VALID (node->labelled_until)
             || node->labelled_until < arrival->stamp.time)) {
    node->labels_silent = !wait_until (self, end);
    if (node->labels != NULL)
      arrival->label = sod_labels_take (node->labels, &arrival->stamp);
  }
}

static GstFlowReturn
receive_frame (GstSodTrainerElement *self, SodTrainerPad *pad, Arrival *arrival)
{
  SodTrainerNode *node = pad->node;
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  flow = get_flow (self, pad);
  if (flow == GST_FLOW_OK && node->labels != NULL) {
    arrival->label = sod_labels_take (node->labels, &arrival->stamp);
    arrival->title = g_strdup (node->title);
    node->gave_up = FALSE;
    g_cond_broadcast (&self->cond);
    await_label (self, pad, arrival);
    flow = get_flow (self, pad);
  }
  g_mutex_unlock (&self->lock);
  return flow;
}

GstFlowReturn
sod_trainer_chain_frame (GstPad *gst_pad, GstObject *parent, GstBuffer *buffer)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (parent);
  SodTrainerPad *pad = SOD_TRAINER_PAD (gst_pad);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GError) error = NULL;
  g_auto (Arrival) arrival = { 0 };
  GstFlowReturn flow;

  if (pad->reader == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!find_stamp (pad, buffer, &arrival.stamp, &error)) {
    sod_trainer_fail (self, error);
    return GST_FLOW_ERROR;
  }
  if (!GST_CLOCK_TIME_IS_VALID (arrival.stamp.time) /* outside the segment */
      || GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    return GST_FLOW_OK;
  arrival.node = sod_trainer_node_get_name (pad->node);
  flow = receive_frame (self, pad, &arrival);
  return flow == GST_FLOW_OK ? store_frame (self, pad, buffer, &arrival) : flow;
}

/* ---- labels ---- */

/* With the lock: the frame of a label, NULL where the label is to wait for it,
 * for which there is room then. */
static gchar *
find_frame (
    GstSodTrainerElement *self, SodTrainerPad *pad, const SodStamp *stamp)
{
  SodTrainerNode *node = pad->node;
  gint64 end = get_wait_end (self);

  while (get_flow (self, pad) == GST_FLOW_OK && node->labels != NULL) {
    gchar *id = sod_labels_find_frame (node->labels, stamp);

    if (id != NULL || node->gave_up
        || sod_labels_get_n_waiting (node->labels) < SOD_LABELS_MAX_WAITING
        || find_partner (self, pad) == NULL)
      return id;
    node->gave_up = !wait_until (self, end);
  }
  return NULL;
}

static GstFlowReturn
receive_label (GstSodTrainerElement *self, SodTrainerPad *pad,
    const SodStamp *stamp, GstSodImage *label)
{
  SodTrainerNode *node = pad->node;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *id = NULL;
  GstFlowReturn flow;

  g_mutex_lock (&self->lock);
  id = find_frame (self, pad, stamp);
  flow = get_flow (self, pad);
  node->labels_silent = FALSE;
  node->labelled_until = stamp->time;
  if (flow == GST_FLOW_OK && id == NULL && node->labels != NULL)
    sod_labels_push (node->labels, stamp, gst_sod_image_ref (label));
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  if (flow != GST_FLOW_OK || id == NULL
      || store_label (self, node, id, label, &error))
    return flow;
  sod_trainer_fail (self, error);
  return GST_FLOW_ERROR;
}

static void
pass_gap (GstSodTrainerElement *self, SodTrainerPad *pad, GstClockTime time)
{
  g_mutex_lock (&self->lock);
  pad->node->labels_silent = FALSE;
  pad->node->labelled_until = time;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

GstFlowReturn
sod_trainer_chain_label (GstPad *gst_pad, GstObject *parent, GstBuffer *buffer)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (parent);
  SodTrainerPad *pad = SOD_TRAINER_PAD (gst_pad);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GstSodImage) label = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (SodStamp) stamp = { 0 };

  if (pad->reader == NULL)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!find_stamp (pad, buffer, &stamp, &error)
      || !sod_input_read_gray (pad->reader, buffer, &label, &error)) {
    sod_trainer_fail (self, error);
    return GST_FLOW_ERROR;
  }
  if (!GST_CLOCK_TIME_IS_VALID (stamp.time)) /* outside the segment */
    return GST_FLOW_OK;
  if (label != NULL)
    return receive_label (self, pad, &stamp, label);
  pass_gap (self, pad, stamp.time);
  return GST_FLOW_OK;
}

gboolean
sod_trainer_add_label (
    GstSodTrainerElement *self, const gchar *id, const gchar *path)
{
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GstSodImage) label = NULL;
  g_autoptr (GError) error = NULL;

  if (id == NULL || path == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  if (self->started && !self->stopping)
    store = g_object_ref (self->store);
  g_mutex_unlock (&self->lock);
  if (store == NULL)
    return FALSE;
  label = gst_sod_picture_read_mask (path, &error);
  if (label != NULL && gst_sod_store_set_label (store, id, label, &error)) {
    g_mutex_lock (&self->lock);
    self->n_added++;
    g_mutex_unlock (&self->lock);
    return TRUE;
  }
  sod_element_warning (
      GST_ELEMENT (self), error, "the frame keeps the label that it had");
  return FALSE;
}

/* ---- events ---- */

static gboolean
set_caps (GstSodTrainerElement *self, SodTrainerPad *pad, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodFrameReader) reader = NULL;
  GstVideoInfo info;

  if (pad->is_label) {
    reader = sod_input_make_gray_reader (caps, &error);
  } else if (gst_video_info_from_caps (&info, caps)) {
    reader = gst_sod_frame_reader_new (&info, &error);
  } else {
    g_autofree gchar *text = gst_caps_to_string (caps);

    error = g_error_new (GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
        "frames are raw video, not %s; put videoconvert before %s", text,
        GST_PAD_NAME (pad));
  }
  g_set_object (&pad->reader, reader);
  if (reader == NULL)
    sod_trainer_fail (self, error);
  return reader != NULL;
}

static gboolean
set_segment (GstSodTrainerElement *self, SodTrainerPad *pad, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format == GST_FORMAT_TIME) {
    gst_segment_copy_into (segment, &pad->segment);
    return TRUE;
  }
  error = g_error_new (GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "the stream on %s is counted in %s, not in time, so that frames and "
      "labels cannot be put together; put a parser or a decoder before it",
      GST_PAD_NAME (pad), gst_format_get_name (segment->format));
  sod_trainer_fail (self, error);
  return FALSE;
}

static void
take_gap (GstSodTrainerElement *self, SodTrainerPad *pad, GstEvent *event)
{
  GstClockTime start, duration;

  gst_event_parse_gap (event, &start, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration) && duration > 0)
    start += duration - 1;
  start = gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, start);
  if (pad->is_label && GST_CLOCK_TIME_IS_VALID (start))
    pass_gap (self, pad, start);
}

static void
take_title (GstSodTrainerElement *self, SodTrainerPad *pad, GstEvent *event)
{
  g_autofree gchar *title = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (pad->is_label || !gst_tag_list_get_string (tags, GST_TAG_TITLE, &title))
    return;
  g_mutex_lock (&self->lock);
  g_free (pad->node->title);
  pad->node->title =
      g_utf8_substring (title, 0, MIN (63, g_utf8_strlen (title, -1)));
  g_mutex_unlock (&self->lock);
}

/* A stream that begins anew takes the end back; where all had ended, so is the
 * training that their end began. */
static void
begin_stream (GstSodTrainerElement *self, SodTrainerPad *pad, gboolean flush)
{
  g_mutex_lock (&self->lock);
  if (pad->ended && self->finishing) {
    if (flush && self->running)
      sod_trainer_cancel (self);
    self->finishing = self->told = FALSE;
  }
  pad->ended = FALSE;
  g_mutex_unlock (&self->lock);
}

static void
set_flushing (GstSodTrainerElement *self, SodTrainerPad *pad, gboolean flushing)
{
  if (flushing)
    begin_stream (self, pad, TRUE);
  g_mutex_lock (&self->lock);
  pad->flushing = flushing;
  if (!flushing) {
    gst_segment_init (&pad->segment, GST_FORMAT_TIME);
    if (pad->node->labels != NULL)
      sod_labels_clear (pad->node->labels);
    pad->node->labelled_until = GST_CLOCK_TIME_NONE;
  }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* With the lock. What a flush or the signal has ended takes a moment to go, and
 * another training does not begin before. */
static void
await_cancelled (GstSodTrainerElement *self, SodTrainerPad *pad)
{
  while (self->running && self->cancelled && !self->stopping && !pad->flushing
         && !pad->gone)
    g_cond_wait (&self->cond, &self->lock);
}

static void
end_stream (GstSodTrainerElement *self, SodTrainerPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  pad->ended = TRUE;
  self->seqnum = gst_event_get_seqnum (event);
  g_cond_broadcast (&self->cond);
  await_cancelled (self, pad);
  sod_trainer_check_end (self);
  g_mutex_unlock (&self->lock);
}

gboolean
sod_trainer_sink_event (GstPad *gst_pad, GstObject *parent, GstEvent *event)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (parent);
  SodTrainerPad *pad = SOD_TRAINER_PAD (gst_pad);
  gboolean handled = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      begin_stream (self, pad, FALSE);
      break;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      handled = set_caps (self, pad, caps);
      break;
    case GST_EVENT_SEGMENT:
      handled = set_segment (self, pad, event);
      break;
    case GST_EVENT_GAP:
      take_gap (self, pad, event);
      break;
    case GST_EVENT_TAG:
      take_title (self, pad, event);
      break;
    case GST_EVENT_FLUSH_START:
      set_flushing (self, pad, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      set_flushing (self, pad, FALSE);
      break;
    case GST_EVENT_EOS:
      end_stream (self, pad, event);
      break;
    default:
      /* Streams end here; what goes on from here is of this element. */
      break;
  }
  gst_event_unref (event);
  return handled;
}
