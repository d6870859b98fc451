/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>
#include <gst-sod/data/store-entry-private.h>

G_BEGIN_DECLS

/* One file of records. Shared by a store and its snapshots, which read from it
 * on any thread; scanned and written under the lock of the store. */
typedef struct
{
  gatomicrefcount ref_count;
  gchar *path;
  guint index; /* in its name; later ones hold later records */
  GMutex lock; /* of the next three */
  gint file;   /* to read from, -1 while closed */
  guint n_users;
  gboolean is_pinned; /* it stays open until the end */

  guint64 end;    /* of the last sound record */
  guint64 size;   /* of the file when it was scanned last */
  guint64 first;  /* number that its first new frame has or would have */
  gint64 created; /* wall time */
  gboolean has_header;
  gboolean is_torn; /* what follows end is the beginning of a record */

  gint64 oldest, newest; /* wall times of its frames */
  guint n_frames;        /* sound ones when it was scanned or written */

  GArray *damages; /* of GstSodDamage, before end */
  gboolean has_tail_damage;
} GstSodSegment;

/* Bytes of a segment that are no sound record. */
typedef struct
{
  guint64 offset, size;
  const gchar *reason; /* static */
} GstSodDamage;

/* (transfer full) */
GstSodSegment *gst_sod_segment_new (const gchar *folder, guint index);
GstSodSegment *gst_sod_segment_ref (GstSodSegment *self);
void gst_sod_segment_unref (GstSodSegment *self);

/* The index in a segment's file name, 0 for what is none. */
guint gst_sod_segment_parse_name (const gchar *name);

typedef void (*GstSodSegmentFunc) (
    const GstSodEntry *record, guint64 offset, gpointer user_data);

/* Goes from header to header, starting behind the last sound record that an
 * earlier scan saw; jumps to the next record where one is damaged. */
gboolean gst_sod_segment_scan (GstSodSegment *self, GstSodSegmentFunc func,
    gpointer user_data, GError **error);

/* Of all damages, that at the end of the file included. */
guint gst_sod_segment_get_n_damages (const GstSodSegment *self);

/* Opens the file and keeps it open, so that removing it does no harm. */
gboolean gst_sod_segment_pin (GstSodSegment *self, GError **error);

/* Waits until what was written is on the disk. */
gboolean gst_sod_segment_sync (GstSodSegment *self, GError **error);

/* Header and payload of the record at @offset, checked. @payload is
 * (transfer full): the picture, then the label */
gboolean gst_sod_segment_read (GstSodSegment *self, guint64 offset,
    GstSodEntry *record, guint8 **payload, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodSegment, gst_sod_segment_unref)

G_END_DECLS
