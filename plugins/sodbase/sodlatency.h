/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "sodschedule.h"

G_BEGIN_DECLS

#define SOD_LATENCY_WINDOW 30

/* How long frames take and what latency is answered for it: none until
 * SOD_LATENCY_WINDOW frames are measured, then their 95th percentile, raised
 * when that of a later window is more than a fifth higher, never lowered: each
 * change makes the whole pipeline work out its latency anew. And what upstream
 * answers. Thread-safe. */
typedef struct
{
  GMutex lock;
  GstClockTime window[SOD_LATENCY_WINDOW]; /* the latest, as a ring */
  guint64 n_measured;
  GstClockTime answer;
  gboolean knows_upstream, live;
  GstClockTime upstream;
} SodLatency;

void sod_latency_init (SodLatency *self);
void sod_latency_clear (SodLatency *self);
void sod_latency_reset (SodLatency *self);

/* Takes in how long a frame took; TRUE where the answer changed. */
gboolean sod_latency_add (SodLatency *self, GstClockTime elapsed);

GstClockTime sod_latency_get_answer (SodLatency *self);

/* Of the latest frames; 0 before the first. @percent is 1..100. */
GstClockTime sod_latency_get_percentile (SodLatency *self, guint percent);

/* Answers a latency query that came from downstream of @sink. */
gboolean sod_latency_answer_query (
    SodLatency *self, GstPad *sink, GstQuery *query);

/* Asks upstream of @sink, unless a query has gone by already. */
void sod_latency_ask_upstream (SodLatency *self, GstPad *sink);

/* Fills in what is known here. */
void sod_latency_describe (SodLatency *self, SodSituation *situation);

G_END_DECLS
