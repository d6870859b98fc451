/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_PSEUDO_LABELS (gst_sod_pseudo_labels_get_type ())

/* Unlabelled frames with the labels that base networks gave them: samples like
 * any others. Maps are kept with 8 bits a pixel, frames are read from where
 * they are. Filled by one thread, then read by any. */
G_DECLARE_FINAL_TYPE (
    GstSodPseudoLabels, gst_sod_pseudo_labels, GST_SOD, PSEUDO_LABELS, GObject)

/* What is taken for a label. */
typedef struct
{
  gboolean confident;         /* black and white, pixels weighed by confidence;
                                 else the map as it is (the paper, III.D) */
  gdouble min_confidence;     /* mean over the frame */
  gdouble min_area, max_area; /* salient share of the frame */
} GstSodPseudoRule;

typedef struct
{
  guint n_frames; /* that were judged */
  guint n_accepted;
  guint n_unsure, n_wrong_area; /* refused */
} GstSodPseudoCounts;

/* @of: whose frames they are; maps have @width x @height pixels. */
GstSodPseudoLabels *gst_sod_pseudo_labels_new (
    GstSodSamples *of, gint width, gint height, const GstSodPseudoRule *rule);

/* Bytes that one label takes. */
gsize gst_sod_pseudo_labels_get_size (
    gint width, gint height, const GstSodPseudoRule *rule);

/* Judges the label of frame @sample, which has @width x @height pixels: @map
 * and @confidence, 0..1, (h, w). Returns whether it is accepted. */
gboolean gst_sod_pseudo_labels_add (GstSodPseudoLabels *self, guint sample,
    gint width, gint height, const gfloat *map, const gfloat *confidence);

const GstSodPseudoCounts *gst_sod_pseudo_labels_get_counts (
    GstSodPseudoLabels *self);

G_END_DECLS
