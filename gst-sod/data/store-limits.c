/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a store gives up when it has grown too large or too old: whole segments,
 * the oldest first. Labelled frames cost somebody's time: before a segment goes
 * they are carried over into the newest one of their node, and only where
 * nothing but them is left do the oldest of them go too. The newest segment of
 * a node goes by age alone. */
#include <gst-sod/data/store-private.h>

#include <errno.h>
#include <unistd.h>

#include <gst-sod/data/picture-private.h>

/* A segment with less to give up than this share is not worth a copy. */
#define WORTH 0.1

/* How often frames' ages are looked at, parts of the greatest age. */
#define AGE_CHECKS 64

/* A segment that may go. */
typedef struct
{
  GstSodStoreNode *node;
  guint index;
  gboolean keep_labels;
} Victim;

static GstSodSegment *
segment_at (const GstSodStoreNode *node, guint index)
{
  return g_ptr_array_index (node->segments, index);
}

/* The bytes of a segment that labelled frames need. */
static guint64
labelled_bytes (const GstSodStoreNode *node, const GstSodSegment *segment)
{
  guint64 n = 0;

  for (guint i = 0; i < node->frames->len; i++) {
    const GstSodStoredFrame *frame =
        &g_array_index (node->frames, GstSodStoredFrame, i);

    if (frame->label_segment != NULL && frame->segment == segment)
      n += frame->size;
    else if (frame->label_segment == segment)
      n += frame->label_size;
  }
  return n;
}

static gboolean
is_worth_it (const GstSodStoreNode *node, const GstSodSegment *segment)
{
  return (gdouble) labelled_bytes (node, segment)
         <= (1 - WORTH) * (gdouble) segment->size;
}

/* ---- labelled frames ---- */

static gboolean
carry_over (GstSodStore *self, GstSodStoreNode *node,
    const GstSodStoredFrame *frame, GError **error)
{
  GstSodEntry record, label = { 0 };
  g_autofree guint8 *payload = NULL;
  g_autofree guint8 *label_payload = NULL;
  g_autoptr (GByteArray) bytes = NULL;
  const guint8 *mask = NULL;
  GstSodSegment *last;
  guint64 offset;

  /* A damaged one cannot be saved. */
  if (!gst_sod_segment_read (
          frame->segment, frame->offset, &record, &payload, NULL)
      || (frame->label_segment != NULL
          && !gst_sod_segment_read (frame->label_segment, frame->label_offset,
              &label, &label_payload, NULL)))
    return TRUE;
  if (label_payload != NULL)
    mask = label_payload + label.picture_size;
  record.label_size = label.label_size;
  bytes = gst_sod_entry_pack (&record, payload, mask);
  if (!gst_sod_store_write (self, node, &record, bytes, error))
    return FALSE;
  last = segment_at (node, node->segments->len - 1);
  offset = last->end - bytes->len;
  gst_sod_store_node_add (node, last, &record, offset);
  return TRUE;
}

/* The frame before a labelled one that was kept for it. */
static gboolean
carry_neighbour (GstSodStore *self, GstSodStoreNode *node, guint labelled,
    const GstSodSegment *segment, GError **error)
{
  GstSodStoredFrame before;

  if (labelled == 0)
    return TRUE;
  before = g_array_index (node->frames, GstSodStoredFrame, labelled - 1);
  return !before.is_neighbour || before.label_segment != NULL
         || before.segment != segment
         || before.sequence
                != g_array_index (node->frames, GstSodStoredFrame, labelled)
                       .sequence
         || carry_over (self, node, &before, error);
}

static gboolean
carry_labelled (GstSodStore *self, GstSodStoreNode *node,
    const GstSodSegment *segment, GError **error)
{
  for (guint i = 0; i < node->frames->len; i++) {
    const GstSodStoredFrame frame =
        g_array_index (node->frames, GstSodStoredFrame, i);

    if (frame.label_segment == NULL
        || (frame.segment != segment && frame.label_segment != segment))
      continue;
    if (!carry_neighbour (self, node, i, segment, error)
        || !carry_over (self, node, &frame, error))
      return FALSE;
  }
  return gst_sod_store_sync_nodes (self, error);
}

static gboolean
drop (GstSodStore *self, const Victim *victim, guint64 *n_bytes, GError **error)
{
  GstSodStoreNode *node = victim->node;
  g_autoptr (GstSodSegment) segment =
      gst_sod_segment_ref (segment_at (node, victim->index));
  guint64 before = gst_sod_store_node_get_size (node), after;

  /* A node keeps a segment: it knows which numbers were given. */
  if (victim->index == node->segments->len - 1
      && !gst_sod_store_begin_segment (node, error))
    return FALSE;
  if (victim->keep_labels && !carry_labelled (self, node, segment, error))
    return FALSE;
  if (unlink (segment->path) != 0 && errno != ENOENT) {
    gst_sod_file_error (segment->path, "cannot be removed", errno, error);
    return FALSE;
  }
  gst_sod_store_node_drop (node, victim->index);
  after = gst_sod_store_node_get_size (node);
  if (n_bytes != NULL && after < before)
    *n_bytes += before - after;
  return TRUE;
}

/* ---- size ---- */

/* The oldest segment that is not the newest of its node; of @only, if that is
 * not NULL. One with something to give up beside labelled frames, or any. */
static gboolean
find_oldest (GstSodStore *self, const GstSodStoreNode *only,
    gboolean keep_labels, Victim *victim)
{
  gint64 oldest = G_MAXINT64;

  victim->keep_labels = keep_labels;
  victim->node = NULL;
  for (guint i = 0; i < self->nodes->len; i++) {
    GstSodStoreNode *node = g_ptr_array_index (self->nodes, i);

    if (only != NULL && node != only)
      continue;
    for (guint j = 0; j + 1 < node->segments->len; j++) {
      const GstSodSegment *segment = segment_at (node, j);

      if (segment->created >= oldest
          || (keep_labels && !is_worth_it (node, segment)))
        continue;
      oldest = segment->created;
      victim->node = node;
      victim->index = j;
    }
  }
  return victim->node != NULL;
}

static guint64
size_of (GstSodStore *self, const GstSodStoreNode *only)
{
  guint64 size = 0;

  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodStoreNode *node = g_ptr_array_index (self->nodes, i);

    if (only == NULL || node == only)
      size += gst_sod_store_node_get_size (node);
  }
  return size;
}

static gboolean
limit_size (GstSodStore *self, const GstSodStoreNode *only, guint64 limit,
    guint64 n_more, guint64 *n_bytes, GError **error)
{
  Victim victim;

  while (limit > 0 && size_of (self, only) + n_more > limit
         && (find_oldest (self, only, TRUE, &victim)
             || find_oldest (self, only, FALSE, &victim))) {
    if (!drop (self, &victim, n_bytes, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- age ---- */

static gboolean
has_unlabelled (const GstSodStoreNode *node, const GstSodSegment *segment)
{
  for (guint i = 0; i < node->frames->len; i++) {
    const GstSodStoredFrame *frame =
        &g_array_index (node->frames, GstSodStoredFrame, i);

    if (frame->segment == segment && frame->label_segment == NULL
        && !frame->is_neighbour)
      return TRUE;
  }
  return FALSE;
}

static gboolean
limit_age (GstSodStore *self, guint64 *n_bytes, GError **error)
{
  gint64 limit = g_get_real_time () - (gint64) self->max_age * G_USEC_PER_SEC;

  for (guint i = 0; i < self->nodes->len; i++) {
    GstSodStoreNode *node = g_ptr_array_index (self->nodes, i);
    guint n = node->segments->len;

    for (guint j = 0, seen = 0; seen < n; seen++) {
      const GstSodSegment *segment = segment_at (node, j);
      Victim victim = { node, j, TRUE };

      if (segment->n_frames == 0 || segment->newest >= limit
          || !has_unlabelled (node, segment))
        j++;
      else if (!drop (self, &victim, n_bytes, error))
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
gst_sod_store_make_room (GstSodStore *self, const GstSodStoreNode *node,
    guint64 n_more, guint64 *n_bytes, GError **error)
{
  gint64 now = g_get_monotonic_time ();

  if (self->max_age > 0 && (now >= self->next_age_check || n_more == 0)) {
    if (!limit_age (self, n_bytes, error))
      return FALSE;
    self->next_age_check =
        now + (gint64) self->max_age * G_USEC_PER_SEC / AGE_CHECKS;
  }
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodStoreNode *each = g_ptr_array_index (self->nodes, i);

    if ((node == NULL || node == each)
        && !limit_size (
            self, each, self->max_node_size, n_more, n_bytes, error))
      return FALSE;
  }
  return limit_size (self, NULL, self->max_size, n_more, n_bytes, error);
}
