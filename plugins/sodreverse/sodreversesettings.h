/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst-sod/gstsod.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What the user asked of sodreverse. */
typedef struct
{
  /* taken up when the element starts; model_file at any time */
  gchar *model_file;
  gchar *device;
  SodOnDeviceError on_device_error;
  GstSodPrecision precision;
  guint threads;
  gchar *cpu_affinity;
  SodReverseOutput output;
  guint baseline_frames;
  gdouble drift_threshold;

  /* taken up with the next frame */
  guint inference_interval;
  GstClockTime message_interval;
} SodReverseSettings;

enum
{
  SOD_REVERSE_PROP_0,
  SOD_REVERSE_PROP_MODEL_FILE,
  SOD_REVERSE_PROP_DEVICE,
  SOD_REVERSE_PROP_ON_DEVICE_ERROR,
  SOD_REVERSE_PROP_PRECISION,
  SOD_REVERSE_PROP_THREADS,
  SOD_REVERSE_PROP_CPU_AFFINITY,
  SOD_REVERSE_PROP_OUTPUT,
  SOD_REVERSE_PROP_BASELINE_FRAMES,
  SOD_REVERSE_PROP_DRIFT_THRESHOLD,
  SOD_REVERSE_PROP_INFERENCE_INTERVAL,
  SOD_REVERSE_PROP_MESSAGE_INTERVAL,
  SOD_REVERSE_PROP_STATS
};

void sod_reverse_settings_init (SodReverseSettings *self);
void sod_reverse_settings_clear (SodReverseSettings *self);
void sod_reverse_settings_copy (
    const SodReverseSettings *self, SodReverseSettings *copy);

/* Installs the properties of the table above, with these numbers. */
void sod_reverse_settings_install_properties (GObjectClass *klass);

/* FALSE where @id is none of them. */
gboolean sod_reverse_settings_set (
    SodReverseSettings *self, guint id, const GValue *value);
gboolean sod_reverse_settings_get (
    const SodReverseSettings *self, guint id, GValue *value);

G_END_DECLS
