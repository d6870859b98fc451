/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

typedef enum
{
  SOD_VERDICT_INFER,
  SOD_VERDICT_REUSE,
  SOD_VERDICT_SKIP
} SodVerdict;

/* Which frames are worth an inference: every Nth, and of these only those that
 * come in time where the policy says so. */
typedef struct
{
  guint since; /* frames since the last inference */
  GstClockTime inferred_at;
  gboolean have_map;
} SodSchedule;

/* A frame's situation. Times are running times; GST_CLOCK_TIME_NONE where not
 * known. */
typedef struct
{
  GstClockTime time;     /* the frame's */
  GstClockTime duration; /* the frame's */
  GstClockTime now;      /* the clock's */
  GstClockTime upstream_latency, own_latency;
  gboolean live;
  SodOverload policy;
  guint interval;
} SodSituation;

/* Forgets the last inference: the next frame gets one. */
void sod_schedule_reset (SodSchedule *self);

gboolean sod_situation_is_late (const SodSituation *situation);

/* The last map is kept only where a later frame may be given it. */
gboolean sod_situation_may_reuse (const SodSituation *situation);

SodVerdict sod_schedule_decide (
    SodSchedule *self, const SodSituation *situation);

/* Says that the frame got its own map, and whether that was kept for later
 * frames. */
void sod_schedule_inferred (
    SodSchedule *self, GstClockTime time, gboolean kept);

G_END_DECLS
