/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/history-private.h>

#include <string.h>

/* Enough for every frame of the default distance of 42 ms at 300 frames a
 * second; of longer spans or faster cameras an even choice is kept. */
#define MAX_FRAMES 14

/* A frame longer ago than this many distances shows another scene rather than
 * motion. */
#define MAX_GAP 8

typedef struct
{
  gint64 time;
  GstSodTensor *tensor; /* (3, h, w) */
} Frame;

struct _GstSodHistory
{
  guint n;
  /* [0, n): remembered, by rising time; [n]: the one begun; the others free.
   * One more than are remembered, since a frame is written while its previous
   * is read. */
  Frame frames[MAX_FRAMES + 1];
};

GstSodHistory *
gst_sod_history_new (gint height, gint width, GError **error)
{
  GstSodShape shape = { 3, { 3, height, width } };
  g_autoptr (GstSodHistory) self = g_new0 (GstSodHistory, 1);

  for (guint i = 0; i < G_N_ELEMENTS (self->frames); i++) {
    self->frames[i].tensor =
        gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
    if (self->frames[i].tensor == NULL)
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
gst_sod_history_free (GstSodHistory *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->frames); i++)
    g_clear_pointer (&self->frames[i].tensor, gst_sod_tensor_unref);
  g_free (self);
}

void
gst_sod_history_clear (GstSodHistory *self)
{
  self->n = 0;
}

/* Takes frame @index out; its memory is the next to be used. */
static void
drop (GstSodHistory *self, guint index)
{
  Frame frame = self->frames[index];

  self->n--;
  memmove (&self->frames[index], &self->frames[index + 1],
      (self->n - index) * sizeof frame);
  self->frames[self->n] = frame;
}

/* Drops what no frame at @time or later will look back at: all that lie before
 * another which is already old enough. */
static void
drop_old (GstSodHistory *self, gint64 time, gint64 distance)
{
  while (self->n > 1 && self->frames[1].time <= time - distance)
    drop (self, 0);
}

/* Drops the frame that leaves the smallest hole; neither the oldest nor the
 * newest. */
static void
thin (GstSodHistory *self)
{
  gint64 smallest = G_MAXINT64;
  guint best = 1;

  for (guint i = 1; i + 1 < self->n; i++) {
    gint64 hole = self->frames[i + 1].time - self->frames[i - 1].time;

    if (hole < smallest) {
      smallest = hole;
      best = i;
    }
  }
  drop (self, best);
}

static const GstSodTensor *
find_nearest (const GstSodHistory *self, gint64 time)
{
  const Frame *best = NULL;

  for (guint i = 0; i < self->n; i++) {
    const Frame *frame = &self->frames[i];

    if (best == NULL || ABS (frame->time - time) < ABS (best->time - time))
      best = frame;
  }
  return best != NULL ? best->tensor : NULL;
}

GstSodTensor *
gst_sod_history_begin (GstSodHistory *self, gint64 time, gint64 distance,
    const GstSodTensor **previous)
{
  const Frame *newest = self->n > 0 ? &self->frames[self->n - 1] : NULL;

  /* A frame without a time is taken to come one distance after the one
   * before it, so that the rule below finds that one. */
  if (time < 0)
    time = newest != NULL ? newest->time + distance : 0;
  if (newest != NULL
      && (time < newest->time || (time - newest->time) / MAX_GAP > distance))
    gst_sod_history_clear (self);
  else if (newest != NULL && time == newest->time)
    drop (self, self->n - 1); /* the same frame again */
  drop_old (self, time, distance);
  *previous = find_nearest (self, time - distance);
  self->frames[self->n].time = time;
  return self->frames[self->n].tensor;
}

void
gst_sod_history_commit (GstSodHistory *self)
{
  self->n++;
  if (self->n > MAX_FRAMES)
    thin (self);
}
