/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "command.h"

G_BEGIN_DECLS

typedef struct
{
  gchar *pred, *gt;
  gboolean resize;
  gchar *model;
  gchar *layout;
  gchar *root;
  gchar *images, *masks;
  gchar *set;
  gdouble fraction; /* 0: none */
  gint64 seed;
  gchar *train;
  gboolean force;
  gchar *floor;
  gchar *school;
  gchar *nan;
  gchar *report;
  gchar *device;
  gchar *precision;
  gint threads;
  gboolean json;
  gboolean quiet;
} SodEvalOptions;

extern const SodOption sod_eval_options[];
extern const gchar sod_eval_description[];

/* What makes no sense in @options, or NULL. */
const gchar *sod_eval_options_find_problem (const SodEvalOptions *options);

G_END_DECLS
