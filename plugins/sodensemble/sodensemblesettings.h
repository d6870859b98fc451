/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst-sod/gstsod.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What the user asked of sodensemble. */
typedef struct
{
  GstSodEnsembleMethod method;
  SodEnsembleOutput output;
  SodOnMissing on_missing;
  GstClockTime tolerance;
  GstClockTime message_interval;
} SodEnsembleSettings;

enum
{
  SOD_ENSEMBLE_PROP_0,
  SOD_ENSEMBLE_PROP_METHOD,
  SOD_ENSEMBLE_PROP_OUTPUT,
  SOD_ENSEMBLE_PROP_ON_MISSING,
  SOD_ENSEMBLE_PROP_TOLERANCE,
  SOD_ENSEMBLE_PROP_MESSAGE_INTERVAL,
  SOD_ENSEMBLE_PROP_STATS
};

void sod_ensemble_settings_init (SodEnsembleSettings *self);

/* Installs the properties of the table above, with these numbers. */
void sod_ensemble_settings_install_properties (GObjectClass *klass);

/* FALSE where @id is none of them. */
gboolean sod_ensemble_settings_set (
    SodEnsembleSettings *self, guint id, const GValue *value);
gboolean sod_ensemble_settings_get (
    const SodEnsembleSettings *self, guint id, GValue *value);

G_END_DECLS
