/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodtrainerlines.h"

#include <string.h>

#define MAX_LINES 256

struct _SodTrainerLines
{
  GstPad *pad;
  gboolean begun; /* of the task */

  GMutex lock; /* of what follows */
  GCond changed;
  GQueue lines;
  gboolean ends, stopped;
};

static void
begin (SodTrainerLines *self)
{
  g_autofree gchar *id = g_strdup_printf (
      "%s/%08x", GST_OBJECT_NAME (GST_PAD_PARENT (self->pad)), g_random_int ());
  g_autoptr (GstCaps) caps = gst_caps_from_string (SOD_TRAINER_LINES_CAPS);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->pad, gst_event_new_stream_start (id));
  gst_pad_push_event (self->pad, gst_event_new_caps (caps));
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
  self->begun = TRUE;
}

static void
push (SodTrainerLines *self, gchar *line)
{
  gsize size = strlen (line);
  GstBuffer *buffer;

  line[size] = '\n'; /* in the place of the end, which a buffer has none of */
  buffer = gst_buffer_new_wrapped (line, size + 1);
  GST_BUFFER_PTS (buffer) = gst_element_get_current_running_time (
      GST_ELEMENT (GST_PAD_PARENT (self->pad)));
  gst_pad_push (self->pad, buffer);
}

/* One line, or the end. */
static void
loop (gpointer data)
{
  SodTrainerLines *self = data;
  gchar *line;
  gboolean ends, stopped;

  g_mutex_lock (&self->lock);
  while (self->lines.length == 0 && !self->ends && !self->stopped)
    g_cond_wait (&self->changed, &self->lock);
  stopped = self->stopped;
  line = stopped ? NULL : g_queue_pop_head (&self->lines);
  ends = line == NULL && self->ends;
  self->ends &= !ends;
  g_mutex_unlock (&self->lock);

  if (stopped) {
    gst_pad_pause_task (self->pad);
    return;
  }
  if (!self->begun)
    begin (self);
  if (line != NULL)
    push (self, line);
  else if (ends)
    gst_pad_push_event (self->pad, gst_event_new_eos ());
}

static void
set_stopped (SodTrainerLines *self, gboolean stopped)
{
  g_mutex_lock (&self->lock);
  self->stopped = stopped;
  self->ends = FALSE;
  g_queue_clear_full (&self->lines, g_free);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  SodTrainerLines *self = gst_pad_get_element_private (pad);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  set_stopped (self, !active);
  if (!active)
    return gst_pad_stop_task (pad);
  self->begun = FALSE;
  return gst_pad_start_task (pad, loop, self, NULL);
}

SodTrainerLines *
sod_trainer_lines_new (GstPad *pad)
{
  SodTrainerLines *self = g_new0 (SodTrainerLines, 1);

  self->pad = pad;
  self->stopped = TRUE;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->lines);
  gst_pad_set_element_private (pad, self);
  gst_pad_set_activatemode_function (pad, activate_mode);
  gst_pad_use_fixed_caps (pad);
  return self;
}

void
sod_trainer_lines_free (SodTrainerLines *self)
{
  g_queue_clear_full (&self->lines, g_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
sod_trainer_lines_add (SodTrainerLines *self, gchar *line)
{
  gboolean linked = gst_pad_is_linked (self->pad);

  g_mutex_lock (&self->lock);
  if (self->stopped || !linked) {
    g_free (line);
  } else {
    if (self->lines.length >= MAX_LINES)
      g_free (g_queue_pop_head (&self->lines));
    g_queue_push_tail (&self->lines, line);
    g_cond_signal (&self->changed);
  }
  g_mutex_unlock (&self->lock);
}

void
sod_trainer_lines_end (SodTrainerLines *self)
{
  g_mutex_lock (&self->lock);
  self->ends = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

gchar *
sod_trainer_lines_quote (const gchar *text)
{
  GString *quoted = g_string_new ("\"");
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);

  for (const gchar *c = valid; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (quoted, "\\%c", *c);
    else if ((guchar) *c < 0x20)
      g_string_append_printf (quoted, "\\u%04x", (guint) *c);
    else
      g_string_append_c (quoted, *c);
  }
  g_string_append_c (quoted, '"');
  return g_string_free (quoted, FALSE);
}
