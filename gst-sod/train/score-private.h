/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>
#include <gst-sod/nn/network.h>
#include <gst-sod/train/settings.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How good base networks are on held-out frames: measures of the school
 * `pysod` at the truth's size, from the same session that runs them live. */
typedef struct _GstSodScorer GstSodScorer;

typedef struct
{
  gdouble max_f, mean_f, mae, iou; /* of a base network */
  gdouble reconstruction; /* of the reverse network: its loss; 0: of base */
  guint64 n_frames;       /* 0: nothing is known */
} GstSodScores;

/* A held-out frame that the report shows; pictures are URIs of small PNGs. */
typedef struct
{
  gchar *name, *picture, *truth;
  gchar *map; /* what the network that was scored last says */
} GstSodShownFrame;

/* NULL and @error: no device, or no labelled frame in @held_out. */
GstSodScorer *gst_sod_scorer_new (
    GstSodTrainingSettings *settings, GstSodSamples *held_out, GError **error);
void gst_sod_scorer_free (GstSodScorer *self);

/* GST_SOD_ERROR_CANCELLED within a frame. */
gboolean gst_sod_scorer_run (GstSodScorer *self, GstSodNetwork *network,
    GCancellable *cancellable, GstSodScores *scores, GError **error);

/* Of GstSodShownFrame, "score.maps" of them, evenly spread, the same at each
 * run; empty before the first. */
const GPtrArray *gst_sod_scorer_get_shown (const GstSodScorer *self);

/* The one of "score.measure", or of the reverse network, such that more is
 * better; NaN where nothing is known. */
gdouble gst_sod_scores_get_rank (
    const GstSodScores *self, GstSodTrainingSettings *settings);
JsonObject *gst_sod_scores_to_json (const GstSodScores *self);

G_END_DECLS
