/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodbase.h"

#include <plugins/common/sodbuffers.h>
#include <plugins/common/soderror.h>

GST_DEBUG_CATEGORY_EXTERN (sod_base_debug);
#define GST_CAT_DEFAULT sod_base_debug

/* A frame on its way through the element. */
typedef struct
{
  GstBuffer *in;
  GstClockTime time; /* running time */
  GstClockTime started;
  GstSodMap *map; /* NULL where the frame goes without */
  GstBuffer *out;
} Frame;

static void
frame_clear (Frame *self)
{
  gst_clear_buffer (&self->in);
  g_clear_pointer (&self->map, gst_sod_map_unref);
  gst_clear_buffer (&self->out);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Frame, frame_clear)

/* ---- settings ---- */

gboolean
gst_sod_base_copy_settings (GstSodBase *self)
{
  if (self->taken == self->changes)
    return FALSE;
  sod_settings_copy (&self->settings, &self->now);
  if (self->now.source_id == NULL)
    self->now.source_id = g_strdup (GST_OBJECT_NAME (self));
  self->taken = self->changes;
  return TRUE;
}

/* A number out of its range ends the stream: what was meant is not known, and
 * it would not have started with it either. It is met again with each frame
 * until it is mended. */
static gboolean
take_settings (GstSodBase *self, GstBuffer *in, GError **error)
{
  GstClockTime time =
      gst_segment_to_stream_time (&GST_BASE_TRANSFORM (self)->segment,
          GST_FORMAT_TIME, GST_BUFFER_PTS (in));
  g_autoptr (GError) refusal = NULL;
  gboolean changed;

  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);
  GST_OBJECT_LOCK (self);
  changed = gst_sod_base_copy_settings (self);
  GST_OBJECT_UNLOCK (self);
  if (!changed)
    return TRUE;
  if (!sod_settings_check (&self->now, GST_ELEMENT (self), error)) {
    self->taken--;
    return FALSE;
  }
  if (!sod_analyser_set_settings (self->analyser, &self->now, &refusal))
    sod_element_warning (
        GST_ELEMENT (self), refusal, "the setting before stays in use");
  return TRUE;
}

/* ---- counting ---- */

static void
count_frame (GstSodBase *self, SodVerdict verdict, gboolean is_late)
{
  GST_OBJECT_LOCK (self);
  sod_stats_count_frame (&self->stats, verdict, is_late);
  GST_OBJECT_UNLOCK (self);
}

static void
count_buffer (GstSodBase *self, GstBuffer *buffer)
{
  if (!sod_buffer_is_new (buffer))
    return;
  GST_OBJECT_LOCK (self);
  self->stats.allocations++;
  GST_OBJECT_UNLOCK (self);
}

static void
count_inference (GstSodBase *self, const Frame *frame)
{
  GstClockTime elapsed = gst_util_get_timestamp () - frame->started;

  GST_OBJECT_LOCK (self);
  sod_stats_count_inference (
      &self->stats, sod_engine_get_session (self->engine), elapsed);
  GST_OBJECT_UNLOCK (self);
  GST_LOG_OBJECT (self, "map of %" GST_TIME_FORMAT " took %" GST_TIME_FORMAT,
      GST_TIME_ARGS (frame->time), GST_TIME_ARGS (elapsed));

  if (!sod_latency_add (&self->latency, elapsed))
    return;
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
  g_object_notify (G_OBJECT (self), "latency");
}

/* ---- one frame ---- */

/* The map before the output: a buffer whose memory something else still holds
 * does not go back to its pool. */
void
gst_sod_base_forget_last (GstSodBase *self)
{
  g_clear_pointer (&self->last, gst_sod_map_unref);
  gst_clear_buffer (&self->last_output);
  sod_schedule_reset (&self->schedule);
}

static void
keep_last (GstSodBase *self, const Frame *frame, gboolean may_reuse)
{
  gst_sod_base_forget_last (self);
  sod_schedule_inferred (&self->schedule, frame->time, may_reuse);
  if (!may_reuse)
    return;
  self->last = gst_sod_map_ref (frame->map);
  if (self->output == SOD_OUTPUT_MAP)
    self->last_output = gst_buffer_ref (frame->out);
}

void
gst_sod_base_reset_stream (GstSodBase *self)
{
  gst_sod_base_forget_last (self);
  if (self->analyser != NULL)
    sod_analyser_reset (self->analyser);
}

static GstClockTime
get_duration (GstSodBase *self, GstBuffer *in)
{
  if (GST_BUFFER_DURATION_IS_VALID (in))
    return GST_BUFFER_DURATION (in);
  if (self->in_info.fps_n <= 0)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale_int (
      GST_SECOND, self->in_info.fps_d, self->in_info.fps_n);
}

/* A clock says something about frames only while the element plays: before
 * that it has no base time. */
static void
assess (GstSodBase *self, const Frame *frame, SodSituation *situation)
{
  *situation = (SodSituation){
    .time = frame->time,
    .duration = get_duration (self, frame->in),
    .now = GST_CLOCK_TIME_NONE,
    .policy = self->now.overload,
    .interval = self->now.inference_interval,
  };
  sod_latency_describe (&self->latency, situation);
  if (GST_STATE (self) == GST_STATE_PLAYING)
    situation->now = gst_element_get_current_running_time (GST_ELEMENT (self));
  GST_LOG_OBJECT (self,
      "frame of %" GST_TIME_FORMAT " at %" GST_TIME_FORMAT
      ", upstream has %" GST_TIME_FORMAT ", own latency %" GST_TIME_FORMAT,
      GST_TIME_ARGS (situation->time), GST_TIME_ARGS (situation->now),
      GST_TIME_ARGS (situation->upstream_latency),
      GST_TIME_ARGS (situation->own_latency));
}

/* Base class's way to an output buffer: downstream's pool or ours. */
static GstFlowReturn
allocate_output (GstSodBase *self, Frame *frame)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  GstFlowReturn flow =
      GST_BASE_TRANSFORM_GET_CLASS (self)->prepare_output_buffer (
          trans, frame->in, &frame->out);

  if (flow == GST_FLOW_OK)
    count_buffer (self, frame->out);
  return flow;
}

static GstFlowReturn
infer (GstSodBase *self, Frame *frame, GError **error)
{
  GstFlowReturn flow;

  if (self->output == SOD_OUTPUT_MAP) {
    flow = allocate_output (self, frame);
    if (flow != GST_FLOW_OK)
      return flow;
  }
  frame->map = sod_analyser_infer (self->analyser, frame->in, frame->time,
      frame->out, self->cancellable, error);
  if (frame->map == NULL)
    return GST_FLOW_ERROR;
  if (self->output != SOD_OUTPUT_MAP)
    count_buffer (self, gst_sod_map_get_pixels (frame->map));
  return GST_FLOW_OK;
}

static GstClockTime
get_age (GstSodBase *self, GstClockTime time)
{
  GstClockTime then = self->schedule.inferred_at;

  if (!GST_CLOCK_TIME_IS_VALID (time) || !GST_CLOCK_TIME_IS_VALID (then))
    return GST_CLOCK_TIME_NONE;
  return time > then ? time - then : 0;
}

static void
reuse_last (GstSodBase *self, Frame *frame)
{
  frame->map = sod_analyser_reuse (
      self->analyser, self->last, get_age (self, frame->time));
  if (self->output == SOD_OUTPUT_MAP) {
    frame->out = sod_buffer_share_memory (self->last_output);
    GST_BASE_TRANSFORM_GET_CLASS (self)->copy_metadata (
        GST_BASE_TRANSFORM (self), frame->in, frame->out);
  }
}

/* Makes the buffer that is sent of a frame that has its map. */
static GstFlowReturn
make_output (GstSodBase *self, Frame *frame, GError **error)
{
  GstFlowReturn flow;

  if (self->output == SOD_OUTPUT_FRAME)
    frame->out = gst_buffer_make_writable (g_steal_pointer (&frame->in));
  if (self->output == SOD_OUTPUT_CUTOUT) {
    flow = allocate_output (self, frame);
    if (flow != GST_FLOW_OK)
      return flow;
    if (!gst_sod_cutout_draw (
            self->cutout, frame->in, frame->map, frame->out, error))
      return GST_FLOW_ERROR;
  }
  gst_sod_buffer_add_map (frame->out, frame->map);
  gst_sod_buffer_add_regions (frame->out, self->out_info.width,
      self->out_info.height, sod_analyser_get_regions (self->analyser));
  return GST_FLOW_OK;
}

/* Where the output is made of the map, a frame without one is a gap. */
static void
pass_without_map (GstSodBase *self, Frame *frame)
{
  GstBuffer *in = frame->in;

  if (self->output == SOD_OUTPUT_FRAME)
    frame->out = g_steal_pointer (&frame->in);
  else if (GST_BUFFER_PTS_IS_VALID (in))
    gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
        gst_event_new_gap (GST_BUFFER_PTS (in), get_duration (self, in)));
}

static GstFlowReturn
process (GstSodBase *self, Frame *frame, GError **error)
{
  SodSituation situation;
  SodVerdict verdict;
  GstFlowReturn flow = GST_FLOW_OK;

  assess (self, frame, &situation);
  verdict = sod_schedule_decide (&self->schedule, &situation);
  count_frame (self, verdict, sod_situation_is_late (&situation));
  if (verdict != SOD_VERDICT_INFER
      && !sod_analyser_observe (
          self->analyser, frame->in, frame->time, self->cancellable, error))
    return GST_FLOW_ERROR;

  if (verdict == SOD_VERDICT_SKIP) {
    pass_without_map (self, frame);
    return GST_FLOW_OK;
  }
  if (verdict == SOD_VERDICT_REUSE)
    reuse_last (self, frame);
  else
    flow = infer (self, frame, error);
  if (flow == GST_FLOW_OK)
    flow = make_output (self, frame, error);
  if (flow != GST_FLOW_OK) {
    gst_sod_base_forget_last (self);
  } else if (verdict == SOD_VERDICT_INFER) {
    count_inference (self, frame);
    keep_last (self, frame, sod_situation_may_reuse (&situation));
  }
  return flow;
}

/* A buffer flagged as a gap holds nothing to look at. */
static void
process_gap (GstSodBase *self, Frame *frame)
{
  GST_OBJECT_LOCK (self);
  sod_stats_count_gap (&self->stats);
  GST_OBJECT_UNLOCK (self);
  pass_without_map (self, frame);
}

GstFlowReturn
gst_sod_base_generate_output (GstBaseTransform *trans, GstBuffer **outbuf)
{
  GstSodBase *self = GST_SOD_BASE (trans);
  g_auto (Frame) frame = { .in = g_steal_pointer (&trans->queued_buf) };
  g_autoptr (GError) error = NULL;
  GstFlowReturn flow = GST_FLOW_OK;

  *outbuf = NULL;
  if (frame.in == NULL)
    return GST_FLOW_OK;

  frame.started = gst_util_get_timestamp ();
  frame.time = gst_segment_to_running_time (
      &trans->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (frame.in));
  if (GST_BUFFER_IS_DISCONT (frame.in))
    gst_sod_base_reset_stream (self);
  sod_latency_ask_upstream (&self->latency, trans->sinkpad);

  if (!take_settings (self, frame.in, &error))
    flow = GST_FLOW_ERROR;
  else if (GST_BUFFER_FLAG_IS_SET (frame.in, GST_BUFFER_FLAG_GAP))
    process_gap (self, &frame);
  else
    flow = process (self, &frame, &error);
  if (error == NULL) {
    *outbuf = g_steal_pointer (&frame.out);
    return flow;
  }
  if (g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED))
    return GST_FLOW_FLUSHING;
  sod_element_error (GST_ELEMENT (self), error);
  return GST_FLOW_ERROR;
}
