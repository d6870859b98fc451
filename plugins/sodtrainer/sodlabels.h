/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Clocks that stamp one buffer; a source has one or two. */
#define SOD_STAMP_MAX_REFERENCES 4

/* When a frame or a label was made. */
typedef struct
{
  GstClockTime time; /* running time */
  /* of its GstReferenceTimestampMetas, the first of them; owned */
  struct
  {
    GstCaps *clock;
    GstClockTime time;
  } references[SOD_STAMP_MAX_REFERENCES];
  guint n_references;
} SodStamp;

/* Of a buffer that was made at the running time @time. */
void sod_stamp_init (SodStamp *self, GstBuffer *buffer, GstClockTime time);
void sod_stamp_clear (SodStamp *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SodStamp, sod_stamp_clear)

/* The labels of one node that are ahead of their frames, and the frames that
 * were stored without a label and may still get one. Both are few: the oldest
 * go first. Not thread-safe. */
typedef struct _SodLabels SodLabels;

#define SOD_LABELS_MAX_WAITING 32
#define SOD_LABELS_MAX_STORED 256

SodLabels *sod_labels_new (GstClockTime tolerance);
void sod_labels_free (SodLabels *self);

/* Forgets both: what comes from now on has other times. */
void sod_labels_clear (SodLabels *self);

/* A label that has found no frame yet; @label: (transfer full). */
void sod_labels_push (
    SodLabels *self, const SodStamp *stamp, GstSodImage *label);

/* How many wait. */
guint sod_labels_get_n_waiting (const SodLabels *self);

/* The oldest gives up; counted as lost. */
void sod_labels_drop_oldest (SodLabels *self);

/* A frame comes: labels that it leaves behind are lost. (transfer full)
 * (nullable): the one that is its own. */
GstSodImage *sod_labels_take (SodLabels *self, const SodStamp *stamp);

/* A frame was stored as @id without a label. */
void sod_labels_remember (
    SodLabels *self, const SodStamp *stamp, const gchar *id);

/* The stored frame that a label belongs to; it is forgotten. (transfer full)
 * (nullable) */
gchar *sod_labels_find_frame (SodLabels *self, const SodStamp *stamp);

/* Labels that found no frame. */
guint64 sod_labels_get_n_lost (const SodLabels *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodLabels, sod_labels_free)

G_END_DECLS
