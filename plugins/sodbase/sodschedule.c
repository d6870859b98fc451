/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodschedule.h"

/* Longest time that late frames go without an inference. A source that answers
 * less latency than it has would otherwise freeze the map for good. */
#define LONGEST_WAIT GST_SECOND

void
sod_schedule_reset (SodSchedule *self)
{
  *self = (SodSchedule){ .inferred_at = GST_CLOCK_TIME_NONE };
}

gboolean
sod_situation_is_late (const SodSituation *situation)
{
  GstClockTime allowed;

  if (!GST_CLOCK_TIME_IS_VALID (situation->now)
      || !GST_CLOCK_TIME_IS_VALID (situation->time))
    return FALSE;
  allowed = situation->upstream_latency + situation->own_latency;
  if (GST_CLOCK_TIME_IS_VALID (situation->duration))
    allowed += situation->duration;
  return situation->now > situation->time + allowed;
}

static SodOverload
effective_policy (const SodSituation *situation)
{
  if (situation->policy != SOD_OVERLOAD_AUTO)
    return situation->policy;
  return situation->live ? SOD_OVERLOAD_REUSE_LAST : SOD_OVERLOAD_BLOCK;
}

gboolean
sod_situation_may_reuse (const SodSituation *situation)
{
  return situation->interval > 1
         || effective_policy (situation) == SOD_OVERLOAD_REUSE_LAST;
}

static gboolean
is_starving (const SodSchedule *self, GstClockTime time)
{
  return !GST_CLOCK_TIME_IS_VALID (self->inferred_at)
         || time >= self->inferred_at + LONGEST_WAIT;
}

SodVerdict
sod_schedule_decide (SodSchedule *self, const SodSituation *situation)
{
  SodOverload policy = effective_policy (situation);
  gboolean due = !self->have_map || self->since + 1 >= situation->interval;

  self->since++;
  if (policy != SOD_OVERLOAD_BLOCK && sod_situation_is_late (situation)
      && !is_starving (self, situation->time)) {
    if (policy == SOD_OVERLOAD_SKIP)
      return SOD_VERDICT_SKIP;
    if (self->have_map)
      return SOD_VERDICT_REUSE;
  }
  return due ? SOD_VERDICT_INFER : SOD_VERDICT_REUSE;
}

void
sod_schedule_inferred (SodSchedule *self, GstClockTime time, gboolean kept)
{
  self->since = 0;
  self->inferred_at = time;
  self->have_map = kept;
}
