/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstpushsrc.h>

#include "soddatasetplan.h"

G_BEGIN_DECLS

/* One of the two sources inside soddatasetsrc: of frames or of labels. */
#define SOD_TYPE_DATASET_STREAM (sod_dataset_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    SodDatasetStream, sod_dataset_stream, SOD, DATASET_STREAM, GstPushSrc)

/* @outlet is the ghost pad that it feeds, which outlives it; where that is not
 * linked when the stream starts, it ends at once. (transfer floating) */
GstElement *sod_dataset_stream_new (const gchar *name, gboolean is_label);
void sod_dataset_stream_set_outlet (SodDatasetStream *self, GstPad *outlet);

/* What to play from the next start on. */
void sod_dataset_stream_set_plan (SodDatasetStream *self, SodDatasetPlan *plan);

G_END_DECLS
