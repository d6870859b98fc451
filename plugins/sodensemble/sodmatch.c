/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodmatch.h"

/* A map of the time of one that was sent already, from a pad that had no part
 * in that, or of an earlier one. */
static gboolean
is_late (const SodMatchRule *rule, const SodHead *head)
{
  GstClockTime last = rule->last;

  if (head->kind != SOD_HEAD_MAP || !GST_CLOCK_TIME_IS_VALID (last))
    return FALSE;
  if (!head->was_used)
    last += rule->tolerance;
  return head->time <= last;
}

static gboolean
is_over (const SodMatchRule *rule, const SodHead *head, GstClockTime time)
{
  if (head->kind != SOD_HEAD_GAP)
    return FALSE;
  if (GST_CLOCK_TIME_IS_VALID (head->end))
    return head->end <= time;
  return head->time + rule->tolerance < time;
}

static gboolean
drop_late (const SodMatchRule *rule, SodHead *heads, guint n)
{
  gboolean any = FALSE;

  for (guint i = 0; i < n; i++) {
    if (!is_late (rule, &heads[i]))
      continue;
    heads[i].fate = SOD_FATE_DROP;
    any = TRUE;
  }
  return any;
}

static gboolean
drop_over (const SodMatchRule *rule, SodHead *heads, guint n, GstClockTime time)
{
  gboolean any = FALSE;

  for (guint i = 0; i < n; i++) {
    if (!is_over (rule, &heads[i], time))
      continue;
    heads[i].fate = SOD_FATE_DROP;
    any = TRUE;
  }
  return any;
}

static GstClockTime
find_earliest (const SodHead *heads, guint n)
{
  GstClockTime time = GST_CLOCK_TIME_NONE; /* the largest there is */

  for (guint i = 0; i < n; i++) {
    if (heads[i].kind == SOD_HEAD_MAP)
      time = MIN (time, heads[i].time);
  }
  return time;
}

/* No pad has a map. */
static SodMatch
match_no_map (SodHead *heads, guint n, GstClockTime *time)
{
  SodHead *first = NULL;
  gboolean all_dead = TRUE;

  for (guint i = 0; i < n; i++) {
    all_dead = all_dead && heads[i].kind == SOD_HEAD_DEAD;
    if (heads[i].kind == SOD_HEAD_GAP
        && (first == NULL || heads[i].time < first->time))
      first = &heads[i];
  }
  if (first == NULL)
    return all_dead ? SOD_MATCH_EOS : SOD_MATCH_WAIT;
  first->fate = SOD_FATE_DROP;
  *time = first->time;
  return SOD_MATCH_GAP;
}

SodMatch
sod_match (
    const SodMatchRule *rule, SodHead *heads, guint n, GstClockTime *time)
{
  gboolean complete = TRUE;

  for (guint i = 0; i < n; i++)
    heads[i].fate = SOD_FATE_KEEP;
  if (drop_late (rule, heads, n))
    return SOD_MATCH_LATE;
  *time = find_earliest (heads, n);
  if (!GST_CLOCK_TIME_IS_VALID (*time))
    return match_no_map (heads, n, time);
  if (drop_over (rule, heads, n, *time))
    return SOD_MATCH_OVER;

  for (guint i = 0; i < n; i++) {
    SodHead *head = &heads[i];

    if (head->kind == SOD_HEAD_NONE
        && (!rule->is_due || rule->on_missing == SOD_ON_MISSING_WAIT))
      return SOD_MATCH_WAIT;
    if (head->kind == SOD_HEAD_MAP && head->time - *time <= rule->tolerance)
      head->fate = SOD_FATE_USE;
    else if (head->kind != SOD_HEAD_DEAD)
      complete = FALSE;
  }
  return complete || rule->on_missing != SOD_ON_MISSING_WAIT
             ? SOD_MATCH_COMBINE
             : SOD_MATCH_INCOMPLETE;
}
