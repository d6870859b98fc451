/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstaggregator.h>
#include <gst/video/video.h>
#include <gst-sod/gstsod.h>

#include "sodmatch.h"

G_BEGIN_DECLS

#define GST_TYPE_SOD_ENSEMBLE_PAD (gst_sod_ensemble_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstSodEnsemblePad, gst_sod_ensemble_pad, GST,
    SOD_ENSEMBLE_PAD, GstAggregatorPad)

/* What became of a time at a pad. */
typedef enum
{
  SOD_PAD_USED,
  SOD_PAD_HELD,    /* its last map stood in */
  SOD_PAD_MISSING, /* it had none, and nothing stood in */
  SOD_PAD_LATE,    /* a map came after its time was over */
  SOD_PAD_DROPPED, /* its map went unused: another pad had none */
  SOD_PAD_GAP,     /* it said that it would have none */
  SOD_PAD_N_COUNTS
} SodPadCount;

/* A map that is read from; all zero where there is none. */
typedef struct
{
  GstBuffer *buffer;
  const GstSodImage *image;
  GstClockTime age; /* of a map that stands in for a missing one */
} SodPadMap;

/* Of the aggregating thread but where said otherwise. */

/* New frames, of @caps; the aggregator calls it when they have come to the
 * head. */
gboolean gst_sod_ensemble_pad_set_caps (
    GstSodEnsemblePad *self, GstCaps *caps, GError **error);

/* FALSE before the first caps. */
gboolean gst_sod_ensemble_pad_get_info (
    GstSodEnsemblePad *self, GstVideoInfo *info);

/* What waits; FALSE and an error where it has no time. */
gboolean gst_sod_ensemble_pad_look (
    GstSodEnsemblePad *self, SodHead *head, GError **error);

/* Whether none of its maps was used since it was made or flushed. */
gboolean gst_sod_ensemble_pad_is_fresh (GstSodEnsemblePad *self);

/* Drops what waits, for @why. */
void gst_sod_ensemble_pad_drop (GstSodEnsemblePad *self, SodPadCount why);

/* Takes the map that waits, which becomes the last one; read until
 * gst_sod_ensemble_pad_close(). */
gboolean gst_sod_ensemble_pad_take (
    GstSodEnsemblePad *self, SodPadMap *map, GError **error);

/* The last map for a frame of @time; @map stays empty where there is none. */
gboolean gst_sod_ensemble_pad_hold (
    GstSodEnsemblePad *self, GstClockTime time, SodPadMap *map, GError **error);

/* Nothing comes of this pad for a time. */
void gst_sod_ensemble_pad_miss (GstSodEnsemblePad *self);

void gst_sod_ensemble_pad_close (GstSodEnsemblePad *self, SodPadMap *map);

gdouble gst_sod_ensemble_pad_get_weight (GstSodEnsemblePad *self);

/* Adds the pad's counters to those at @counts. Any thread. */
void gst_sod_ensemble_pad_add_counts (GstSodEnsemblePad *self, guint64 *counts);

G_END_DECLS
