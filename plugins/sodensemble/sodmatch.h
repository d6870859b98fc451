/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What waits at a pad. */
typedef enum
{
  SOD_HEAD_NONE, /* nothing has come yet */
  SOD_HEAD_DEAD, /* nothing will: its stream has ended */
  SOD_HEAD_GAP,  /* it said that there is no map from time to end */
  SOD_HEAD_MAP
} SodHeadKind;

/* What becomes of it. */
typedef enum
{
  SOD_FATE_KEEP, /* it is of a later time, or nothing is there */
  SOD_FATE_DROP,
  SOD_FATE_USE
} SodFate;

typedef struct
{
  SodHeadKind kind;
  GstClockTime time; /* running time, always valid */
  GstClockTime end;  /* of a gap; none where that is not known */
  gboolean was_used; /* its pad had a part in the last map */
  SodFate fate;      /* the answer */
} SodHead;

typedef struct
{
  GstClockTime tolerance;
  SodOnMissing on_missing;
  gboolean is_due;   /* live, and the clock has passed the time to wait */
  GstClockTime last; /* time of the last map; none before the first */
} SodMatchRule;

typedef enum
{
  SOD_MATCH_WAIT,       /* more has to come first */
  SOD_MATCH_LATE,       /* drop what is to be dropped, which came too late */
  SOD_MATCH_OVER,       /* drop gaps that are over */
  SOD_MATCH_GAP,        /* nothing but gaps: drop the first, and pass it on */
  SOD_MATCH_COMBINE,    /* make one map of what is to be used */
  SOD_MATCH_INCOMPLETE, /* drop what is to be used: a map of that time is
                           missing, and maps of all pads are asked for */
  SOD_MATCH_EOS
} SodMatch;

/* Which of the maps that wait at @n pads belong together: those of the
 * earliest time and of the tolerance after it. @time gets that time, or the
 * gap's. */
SodMatch sod_match (
    const SodMatchRule *rule, SodHead *heads, guint n, GstClockTime *time);

G_END_DECLS
