/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstaggregator.h>
#include <gst/video/video.h>

#include "sodensemblepad.h"
#include "sodensemblesettings.h"

G_BEGIN_DECLS

#define GST_TYPE_SOD_ENSEMBLE_ELEMENT (gst_sod_ensemble_element_get_type ())
G_DECLARE_FINAL_TYPE (GstSodEnsembleElement, gst_sod_ensemble_element, GST,
    SOD_ENSEMBLE_ELEMENT, GstAggregator)

struct _GstSodEnsembleElement
{
  GstAggregator parent;

  /* under the object lock */
  SodEnsembleSettings settings;
  guint64 n_outputs, n_incomplete;
  gdouble disagreement, confidence;         /* of the last output */
  gdouble disagreement_sum, confidence_sum; /* over all outputs */
  guint64 counts[SOD_PAD_N_COUNTS];         /* of pads that are gone */
  GstClockTime last; /* running time of the last output */

  /* of the aggregating thread, or of a stopped element */
  SodEnsembleSettings now; /* settings of this map */
  GstSodEnsemble *ensemble;
  GstVideoInfo info; /* of the output */
  GstSodMapWriter *map_writer, *disagreement_writer;
  GstBufferPool *pool;       /* of disagreement maps that nobody sees */
  GstClockTime last_message; /* running time */
};

/* sodensemblemaps.c: which maps go together and what becomes of them. Of the
 * aggregating thread. */
GstFlowReturn gst_sod_ensemble_element_aggregate (
    GstAggregator *aggregator, gboolean timeout);

/* Until when a live pipeline waits. */
GstClockTime gst_sod_ensemble_element_get_next_time (GstAggregator *aggregator);

G_END_DECLS
