/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Two streams of pictures, predictions and truths, put together by running
 * time. Not thread-safe. */
typedef struct _SodPairer SodPairer;

typedef enum
{
  SOD_PREDICTION,
  SOD_TRUTH,
  SOD_N_SIDES
} SodSide;

/* What became of the frames that are in no pair, and of those that are. */
typedef struct
{
  guint64 pairs;
  guint64 unlabelled;         /* no truth at their time, or a gap there */
  guint64 without_prediction; /* truth without a map, or a gap there */
} SodPairCounts;

typedef struct
{
  GstClockTime time;
  gchar *sequence; /* of the truth */
  GstSodImage *prediction, *truth;
} SodPaired;

SodPairer *sod_pairer_new (GstClockTime tolerance);
void sod_pairer_free (SodPairer *self);

/* A frame of @side; @image (transfer full) is NULL for a gap. */
void sod_pairer_push (
    SodPairer *self, SodSide side, GstClockTime time, GstSodImage *image);

/* No frame of @side comes any more before @time. */
void sod_pairer_advance (SodPairer *self, SodSide side, GstClockTime time);

/* The truths pushed from now on belong to @sequence. */
void sod_pairer_begin_sequence (SodPairer *self, const gchar *sequence);

/* Forgets what waits on @side. */
void sod_pairer_clear (SodPairer *self, SodSide side);

guint sod_pairer_get_length (SodPairer *self, SodSide side);

/* The next pair, FALSE where there is none yet. Frames that cannot find a
 * partner any more are counted and dropped. */
gboolean sod_pairer_pop (SodPairer *self, SodPaired *pair);
void sod_paired_clear (SodPaired *self);

const SodPairCounts *sod_pairer_get_counts (SodPairer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodPairer, sod_pairer_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SodPaired, sod_paired_clear)

G_END_DECLS
