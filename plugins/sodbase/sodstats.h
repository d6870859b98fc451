/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

#include "sodschedule.h"

G_BEGIN_DECLS

/* What sodbase counts from its start on. */
typedef struct
{
  guint64 frames;
  guint64 inferences;
  guint64 reused;
  guint64 skipped;
  guint64 gaps;
  guint64 late;
  guint64 warm_up;
  guint64 allocations;
  gint64 preprocess, network, postprocess, rest; /* ns, sums */
} SodStats;

void sod_stats_count_gap (SodStats *self);
void sod_stats_count_frame (
    SodStats *self, SodVerdict verdict, gboolean is_late);

/* What @session did last, for a frame that took @elapsed in all. */
void sod_stats_count_inference (
    SodStats *self, GstSodSession *session, GstClockTime elapsed);

/* (transfer full) */
GstStructure *sod_stats_to_structure (const SodStats *self);

G_END_DECLS
