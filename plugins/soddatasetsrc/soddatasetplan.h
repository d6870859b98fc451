/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst-sod/gstsod.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What soddatasetsrc is asked for. */
typedef struct
{
  gchar *location, *images, *masks, *set;
  GstSodDatasetLayout layout;
  gboolean sparse;
  SodSplitMethod split;
  SodSplitPart part;
  gdouble fraction;
  gchar *scenario, *scenario_file;
  guint64 seed;
  gboolean shuffle;
  guint epochs; /* 0 = without end */
  gint rate_n, rate_d;
  gboolean live;
} SodDatasetSettings;

void sod_dataset_settings_copy (
    SodDatasetSettings *out, const SodDatasetSettings *settings);
void sod_dataset_settings_clear (SodDatasetSettings *settings);

/* Which frame comes when: shared by the two streams. Immutable. */
typedef struct _SodDatasetPlan SodDatasetPlan;

/* Opens the data set and draws the split. (transfer full) */
SodDatasetPlan *sod_dataset_plan_new (
    const SodDatasetSettings *settings, GError **error);
SodDatasetPlan *sod_dataset_plan_ref (SodDatasetPlan *self);
void sod_dataset_plan_unref (SodDatasetPlan *self);

/* How many frames there are in all epochs; G_MAXUINT64 = without end. */
guint64 sod_dataset_plan_get_n_frames (const SodDatasetPlan *self);
GstSodDataset *sod_dataset_plan_get_dataset (const SodDatasetPlan *self);

/* The frames of an epoch in their order: indices of items. (transfer full) */
guint *sod_dataset_plan_get_order (const SodDatasetPlan *self, guint64 epoch);

/* Whether the item's mask is part of the stream. */
gboolean sod_dataset_plan_has_label (const SodDatasetPlan *self, guint item);

/* The time of frame @n, and the frame at a time. */
GstClockTime sod_dataset_plan_get_time (const SodDatasetPlan *self, guint64 n);
guint64 sod_dataset_plan_get_frame (
    const SodDatasetPlan *self, GstClockTime time);

const SodDatasetSettings *sod_dataset_plan_get_settings (
    const SodDatasetPlan *self);

/* How the split was drawn, as JSON; NULL where there is none. */
const gchar *sod_dataset_plan_get_description (const SodDatasetPlan *self);

G_END_DECLS
