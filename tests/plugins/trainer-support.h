/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "support.h"

/* What tests of sodtrainer stand on: an element with a store of its own, that
 * scenes of 64x48 are pushed into: a bright disc on a dark gradient, whose
 * place depends on the frame's number. */
typedef struct
{
  gchar *folder, *store; /* where the test may write; a path in it */
  GstElement *element;
  GPtrArray *harnesses; /* one a pad that was linked */
} Trainer;

#define TRAINER_FRAME (40 * GST_MSECOND)

/* In READY, with a bus; properties as of g_object_set(). */
void trainer_set_up (
    Trainer *self, const gchar *first, ...) G_GNUC_NULL_TERMINATED;
void trainer_tear_down (Trainer *self);

/* A file in the test's folder. (transfer full) */
gchar *trainer_path (Trainer *self, const gchar *name);

/* A file of settings: a tiny network of 64x48, phase 1, batches of 4; @more
 * sections follow. (transfer full): its path. */
gchar *trainer_settings (Trainer *self, const gchar *more);

/* The element learns with those. */
void trainer_set_settings (Trainer *self, const gchar *more);

/* Requests and links a pad, and plays; caps of 64x48. */
GstHarness *trainer_link (Trainer *self, const gchar *pad);

/* Frame or label @number; at the time of the frame. */
GstBuffer *trainer_frame (guint number);
GstBuffer *trainer_label (guint number);

void trainer_push_pair (
    GstHarness *frame, GstHarness *label, guint from, guint to);
void trainer_flush (GstHarness *harness);
void trainer_end (GstHarness *harness);

/* Node 0 of @n_frames, the first @n_labelled with a label. */
void trainer_gather (Trainer *self, guint n_frames, guint n_labelled);
/* All that were linked. */
void trainer_end_all (Trainer *self);

/* Waits for a message, at most @seconds; NULL where none came. */
GstMessage *trainer_await (Trainer *self, GstMessageType type, guint seconds);
/* The element message of that name that comes next. (transfer full) */
GstStructure *trainer_await_element (
    Trainer *self, const gchar *name, guint seconds);

/* A step is over; where @field is not NULL, one whose progress has @value
 * there. */
void trainer_await_progress (
    Trainer *self, const gchar *field, const gchar *value);

/* The training ends like that. */
void trainer_assert_result (Trainer *self, const gchar *result);

gdouble trainer_seconds_since (gint64 start);

/* A counter of the stats, of a node or (NULL) of all. */
guint64 trainer_stat (Trainer *self, const gchar *node, const gchar *name);

/* Of the model in a file. (transfer full) */
gchar *trainer_get_version (const gchar *path);

/* Stops the element and looks into its store. */
GstSodSamples *trainer_take_samples (Trainer *self, const gchar *node);
