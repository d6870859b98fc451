/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

enum
{
  SOD_EVAL_PROP_0,
  SOD_EVAL_PROP_SCHOOL,
  SOD_EVAL_PROP_NAN,
  SOD_EVAL_PROP_LOCATION,
  SOD_EVAL_PROP_RESIZE,
  SOD_EVAL_PROP_INTERVAL,
  SOD_EVAL_PROP_THREADS,
  SOD_EVAL_PROP_TOLERANCE,
  SOD_EVAL_PROP_MEASURES
};

/* What the user of sodeval may set. */
typedef struct
{
  GstSodSchool school;
  GstSodNanPolicy nan;
  gchar *location;
  SodResize resize;
  guint interval;
  guint threads;
  GstClockTime tolerance;
} SodEvalSettings;

void sod_eval_settings_install (GObjectClass *klass);
void sod_eval_settings_init (SodEvalSettings *self);
void sod_eval_settings_clear (SodEvalSettings *self);
void sod_eval_settings_copy (SodEvalSettings *to, const SodEvalSettings *from);

/* FALSE for a property that is no setting. */
gboolean sod_eval_settings_set (
    SodEvalSettings *self, guint id, const GValue *value);
gboolean sod_eval_settings_get (
    const SodEvalSettings *self, guint id, GValue *value);

G_END_DECLS
