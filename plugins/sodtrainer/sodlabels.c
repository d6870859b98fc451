/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodlabels.h"

typedef struct
{
  SodStamp stamp;
  GstSodImage *label; /* of a label that waits */
  gchar *id;          /* of a frame that was stored */
} Entry;

struct _SodLabels
{
  GstClockTime tolerance;
  GQueue waiting, stored; /* of Entry, in the order in which they came */
  SodStamp last;          /* of the frame before */
  guint64 n_lost;
};

/* ---- times ---- */

static gboolean
take_reference (GstBuffer *buffer, GstMeta **meta, gpointer stamp)
{
  const GstReferenceTimestampMeta *reference;
  SodStamp *self = stamp;
  guint n = self->n_references;

  if ((*meta)->info->api != GST_REFERENCE_TIMESTAMP_META_API_TYPE)
    return TRUE;
  reference = (const GstReferenceTimestampMeta *) *meta;
  if (!GST_CLOCK_TIME_IS_VALID (reference->timestamp))
    return TRUE;
  self->references[n].clock = gst_caps_ref (reference->reference);
  self->references[n].time = reference->timestamp;
  self->n_references++;
  return self->n_references < SOD_STAMP_MAX_REFERENCES;
}

void
sod_stamp_init (SodStamp *self, GstBuffer *buffer, GstClockTime time)
{
  *self = (SodStamp){ .time = time };
  gst_buffer_foreach_meta (buffer, take_reference, self);
}

void
sod_stamp_clear (SodStamp *self)
{
  for (guint i = 0; i < self->n_references; i++)
    gst_caps_unref (self->references[i].clock);
  *self = (SodStamp){ .time = GST_CLOCK_TIME_NONE };
}

static void
copy_stamp (SodStamp *to, const SodStamp *from)
{
  SodStamp before = *to;

  *to = *from;
  for (guint i = 0; i < to->n_references; i++)
    gst_caps_ref (to->references[i].clock);
  sod_stamp_clear (&before);
}

/* How much later @a is than @b: by the first clock of @a that stamped both, as
 * one at their source is trusted before that of the pipeline; else by running
 * time. Other clocks say nothing of each other. */
static gint64
get_difference (const SodStamp *a, const SodStamp *b)
{
  for (guint i = 0; i < a->n_references; i++) {
    for (guint j = 0; j < b->n_references; j++) {
      if (gst_caps_is_equal (a->references[i].clock, b->references[j].clock))
        return GST_CLOCK_DIFF (b->references[j].time, a->references[i].time);
    }
  }
  return GST_CLOCK_DIFF (b->time, a->time);
}

/* ---- what waits ---- */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  sod_stamp_clear (&entry->stamp);
  g_clear_pointer (&entry->label, gst_sod_image_unref);
  g_free (entry->id);
  g_free (entry);
}

SodLabels *
sod_labels_new (GstClockTime tolerance)
{
  SodLabels *self = g_new0 (SodLabels, 1);

  self->tolerance = tolerance;
  g_queue_init (&self->waiting);
  g_queue_init (&self->stored);
  self->last = (SodStamp){ .time = GST_CLOCK_TIME_NONE };
  return self;
}

void
sod_labels_free (SodLabels *self)
{
  sod_labels_clear (self);
  g_free (self);
}

void
sod_labels_clear (SodLabels *self)
{
  self->n_lost += self->waiting.length;
  g_queue_clear_full (&self->waiting, entry_free);
  g_queue_clear_full (&self->stored, entry_free);
  sod_stamp_clear (&self->last);
}

/* The nearest entry within the tolerance, out of the queue. */
static Entry *
take (SodLabels *self, GQueue *queue, const SodStamp *stamp)
{
  GList *best = NULL;
  gint64 least = G_MAXINT64;
  Entry *entry;

  for (GList *link = queue->head; link != NULL; link = link->next) {
    gint64 off = ABS (get_difference (&((Entry *) link->data)->stamp, stamp));

    if (off <= (gint64) self->tolerance && off < least) {
      least = off;
      best = link;
    }
  }
  if (best == NULL)
    return NULL;
  entry = best->data;
  g_queue_delete_link (queue, best);
  return entry;
}

void
sod_labels_push (SodLabels *self, const SodStamp *stamp, GstSodImage *label)
{
  Entry *entry = g_new0 (Entry, 1);

  copy_stamp (&entry->stamp, stamp);
  entry->label = label;
  g_queue_push_tail (&self->waiting, entry);
  if (self->waiting.length > SOD_LABELS_MAX_WAITING)
    sod_labels_drop_oldest (self);
}

guint
sod_labels_get_n_waiting (const SodLabels *self)
{
  return self->waiting.length;
}

void
sod_labels_drop_oldest (SodLabels *self)
{
  Entry *entry = g_queue_pop_head (&self->waiting);

  if (entry == NULL)
    return;
  self->n_lost++;
  entry_free (entry);
}

/* Frames come in order, so that a label before this one's has missed its own.
 * Where the frames' clock has jumped back, the labels that were ahead of it
 * before the jump have missed theirs too. */
static void
drop_passed (SodLabels *self, const SodStamp *stamp)
{
  gboolean is_first = !GST_CLOCK_TIME_IS_VALID (self->last.time);
  gint64 tolerance = (gint64) self->tolerance;
  gboolean jumped =
      !is_first && get_difference (stamp, &self->last) < -tolerance;

  for (GList *link = self->waiting.head, *next; link != NULL; link = next) {
    Entry *entry = link->data;
    gboolean passed =
        jumped ? get_difference (&entry->stamp, &self->last) > -tolerance
               : get_difference (&entry->stamp, stamp) < -tolerance;

    next = link->next;
    if (!passed)
      continue;
    self->n_lost++;
    entry_free (entry);
    g_queue_delete_link (&self->waiting, link);
  }
  copy_stamp (&self->last, stamp);
}

GstSodImage *
sod_labels_take (SodLabels *self, const SodStamp *stamp)
{
  Entry *entry = take (self, &self->waiting, stamp);
  GstSodImage *label = NULL;

  if (entry != NULL) {
    label = g_steal_pointer (&entry->label);
    entry_free (entry);
  }
  drop_passed (self, stamp);
  return label;
}

void
sod_labels_remember (SodLabels *self, const SodStamp *stamp, const gchar *id)
{
  Entry *entry = g_new0 (Entry, 1);

  copy_stamp (&entry->stamp, stamp);
  entry->id = g_strdup (id);
  g_queue_push_tail (&self->stored, entry);
  if (self->stored.length > SOD_LABELS_MAX_STORED)
    entry_free (g_queue_pop_head (&self->stored));
}

gchar *
sod_labels_find_frame (SodLabels *self, const SodStamp *stamp)
{
  Entry *entry = take (self, &self->stored, stamp);
  gchar *id;

  if (entry == NULL)
    return NULL;
  id = g_steal_pointer (&entry->id);
  entry_free (entry);
  return id;
}

guint64
sod_labels_get_n_lost (const SodLabels *self)
{
  return self->n_lost;
}
