/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

/* Lets the test's folders lie in memory, where there is such a place: waiting
 * for a disk that others use takes longer than everything else. */
void use_memory (void);

/* Opens to write, makes it where it is not. */
GstSodStore *open_store (const gchar *path);

/* An RGB picture of smooth cells that @seed chooses. */
GstSodImage *make_frame (gint width, gint height, guint seed);

/* A mask: the left @columns are 255. */
GstSodImage *make_label (gint width, gint height, gint columns);

/* Appends, which must work. (transfer full) */
gchar *append (GstSodStore *store, const gchar *node, GstSodImage *frame,
    GstSodImage *label, gint64 time);

/* Pixels differ by @tolerance a byte on average at most. */
void assert_near (GstSodImage *found, GstSodImage *wanted, guint tolerance);

/* The sample is @frame but for @tolerance a byte on average, and @label
 * exactly, or unlabelled where that is NULL. */
void assert_sample (GstSodSamples *samples, guint sample, GstSodImage *frame,
    GstSodImage *label, guint tolerance);

/* An integer of the store's statistics. */
gint64 statistic (GstSodStore *store, const gchar *name);

/* How many frames of a snapshot can be read. */
guint count_readable (GstSodSamples *samples);

/* The file of a segment. (transfer full) */
gchar *segment_path (const gchar *store, const gchar *node, guint index);

/* A store of @n raw frames of 16x12 in one segment of the node "door", each
 * of its number; closed. */
void write_store (const gchar *path, guint n);
