/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodpairer.h"

typedef struct
{
  GstClockTime time;
  GstSodImage *image; /* NULL for a gap */
  gchar *sequence;
} Frame;

struct _SodPairer
{
  GstClockTime tolerance;
  GQueue frames[SOD_N_SIDES];
  GstClockTime next[SOD_N_SIDES]; /* nothing comes before this any more */
  gchar *sequence;
  SodPairCounts counts;
};

static void
frame_free (Frame *frame)
{
  g_clear_pointer (&frame->image, gst_sod_image_unref);
  g_free (frame->sequence);
  g_free (frame);
}

SodPairer *
sod_pairer_new (GstClockTime tolerance)
{
  SodPairer *self = g_new0 (SodPairer, 1);

  self->tolerance = tolerance;
  for (guint i = 0; i < SOD_N_SIDES; i++)
    g_queue_init (&self->frames[i]);
  return self;
}

void
sod_pairer_free (SodPairer *self)
{
  for (guint i = 0; i < SOD_N_SIDES; i++)
    sod_pairer_clear (self, i);
  g_free (self->sequence);
  g_free (self);
}

void
sod_pairer_push (
    SodPairer *self, SodSide side, GstClockTime time, GstSodImage *image)
{
  Frame *frame = g_new0 (Frame, 1);

  frame->time = time;
  frame->image = image;
  frame->sequence = g_strdup (self->sequence);
  g_queue_push_tail (&self->frames[side], frame);
  sod_pairer_advance (self, side, time);
}

void
sod_pairer_advance (SodPairer *self, SodSide side, GstClockTime time)
{
  self->next[side] = MAX (self->next[side], time);
}

void
sod_pairer_begin_sequence (SodPairer *self, const gchar *sequence)
{
  g_free (self->sequence);
  self->sequence = g_strdup (sequence);
}

void
sod_pairer_clear (SodPairer *self, SodSide side)
{
  g_queue_clear_full (&self->frames[side], (GDestroyNotify) frame_free);
  self->next[side] = 0;
}

guint
sod_pairer_get_length (SodPairer *self, SodSide side)
{
  return self->frames[side].length;
}

const SodPairCounts *
sod_pairer_get_counts (SodPairer *self)
{
  return &self->counts;
}

/* Whether the other side can still send what belongs to the frame at @time. */
static gboolean
may_find_partner (SodPairer *self, GstClockTime time, SodSide other)
{
  const Frame *head = g_queue_peek_head (&self->frames[other]);
  GstClockTime first = head != NULL ? head->time : self->next[other];

  return first <= time || first - time <= self->tolerance;
}

/* A frame that stays alone. */
static void
drop (SodPairer *self, SodSide side)
{
  Frame *frame = g_queue_pop_head (&self->frames[side]);

  if (side == SOD_PREDICTION || frame->image == NULL)
    self->counts.unlabelled++;
  else
    self->counts.without_prediction++;
  frame_free (frame);
}

/* Drops what stays alone; TRUE where both heads belong together. */
static gboolean
find_pair (SodPairer *self)
{
  for (;;) {
    const Frame *prediction = g_queue_peek_head (&self->frames[SOD_PREDICTION]);
    const Frame *truth = g_queue_peek_head (&self->frames[SOD_TRUTH]);

    if (prediction != NULL
        && !may_find_partner (self, prediction->time, SOD_TRUTH))
      drop (self, SOD_PREDICTION);
    else if (truth != NULL
             && !may_find_partner (self, truth->time, SOD_PREDICTION))
      drop (self, SOD_TRUTH);
    else
      return prediction != NULL && truth != NULL;
  }
}

gboolean
sod_pairer_pop (SodPairer *self, SodPaired *pair)
{
  while (find_pair (self)) {
    Frame *prediction = g_queue_pop_head (&self->frames[SOD_PREDICTION]);
    Frame *truth = g_queue_pop_head (&self->frames[SOD_TRUTH]);
    gboolean whole = prediction->image != NULL && truth->image != NULL;

    if (whole) {
      self->counts.pairs++;
      *pair = (SodPaired){ truth->time, g_steal_pointer (&truth->sequence),
        g_steal_pointer (&prediction->image), g_steal_pointer (&truth->image) };
    } else if (truth->image == NULL) {
      self->counts.unlabelled++;
    } else {
      self->counts.without_prediction++;
    }
    frame_free (prediction);
    frame_free (truth);
    if (whole)
      return TRUE;
  }
  return FALSE;
}

void
sod_paired_clear (SodPaired *self)
{
  g_clear_pointer (&self->sequence, g_free);
  g_clear_pointer (&self->prediction, gst_sod_image_unref);
  g_clear_pointer (&self->truth, gst_sod_image_unref);
}
