/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What the user asked of sodbase. */
typedef struct
{
  /* taken up when the element starts; model_file at any time */
  gchar *model_file;
  gboolean model_reload;
  gchar *device;
  SodOnDeviceError on_device_error;
  guint64 workspace_limit;
  GstSodPrecision precision;
  guint threads;
  gchar *cpu_affinity;
  gchar *model_instance_id;
  guint batch_size;
  SodOutput output;

  /* taken up with the next frame */
  guint inference_interval;
  SodOverload overload;
  gdouble threshold;
  gdouble min_area;
  gchar *roi;
  gchar *ignore;
  gchar *source_id;
} SodSettings;

enum
{
  SOD_PROP_0,
  SOD_PROP_MODEL_FILE,
  SOD_PROP_MODEL_RELOAD,
  SOD_PROP_DEVICE,
  SOD_PROP_ON_DEVICE_ERROR,
  SOD_PROP_WORKSPACE_LIMIT,
  SOD_PROP_PRECISION,
  SOD_PROP_THREADS,
  SOD_PROP_CPU_AFFINITY,
  SOD_PROP_MODEL_INSTANCE_ID,
  SOD_PROP_BATCH_SIZE,
  SOD_PROP_OUTPUT,
  SOD_PROP_INFERENCE_INTERVAL,
  SOD_PROP_OVERLOAD,
  SOD_PROP_THRESHOLD,
  SOD_PROP_MIN_AREA,
  SOD_PROP_ROI,
  SOD_PROP_IGNORE,
  SOD_PROP_SOURCE_ID,
  SOD_PROP_LAST_SETTING
};

void sod_settings_init (SodSettings *self);
void sod_settings_clear (SodSettings *self);
void sod_settings_copy (const SodSettings *self, SodSettings *copy);

/* Installs the properties of the table above, with these numbers. */
void sod_settings_install_properties (GObjectClass *klass);

/* Whether the numbers of @element are in their ranges. */
gboolean sod_settings_check (
    const SodSettings *self, GstElement *element, GError **error);

/* FALSE where @id is none of them. */
gboolean sod_settings_set (SodSettings *self, guint id, const GValue *value);
gboolean sod_settings_get (const SodSettings *self, guint id, GValue *value);

G_END_DECLS
