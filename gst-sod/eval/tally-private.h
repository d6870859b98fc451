/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/evaluation.h>
#include <gst-sod/eval/measures-private.h>

G_BEGIN_DECLS

/* Measures of images as they come, summed up by sequence and set as a school
 * does it. Memory grows with the sequences, and with the images only where
 * they are kept. */
typedef struct _GstSodTally GstSodTally;

/* In the place of a sequence: an image that belongs to none. */
#define GST_SOD_NO_SEQUENCE G_MAXUINT

GstSodTally *gst_sod_tally_new (GstSodSchool school);
void gst_sod_tally_free (GstSodTally *self);

void gst_sod_tally_set_nan_policy (GstSodTally *self, GstSodNanPolicy policy);
void gst_sod_tally_set_keep_images (GstSodTally *self, gboolean keep);

/* The index of the sequence called @name, new or known. */
guint gst_sod_tally_get_sequence (GstSodTally *self, const gchar *name);
const gchar *gst_sod_tally_get_sequence_name (
    const GstSodTally *self, guint sequence);

/* The next image of @sequence. */
void gst_sod_tally_add (GstSodTally *self, guint sequence, const gchar *name,
    GstSodMeasures *measures);

/* What has been added so far. Taking the kept images takes them out. */
GstSodEvaluation *gst_sod_tally_evaluate (
    GstSodTally *self, gboolean take_images);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodTally, gst_sod_tally_free)

/* One sequence or one kept image of an evaluation. */
typedef struct
{
  gchar *name;      /* or NULL */
  guint sequence;   /* of an image, or GST_SOD_NO_SEQUENCE */
  guint64 n_images; /* of a sequence */
  GstSodMeasures *measures;
} GstSodEvaluationEntry;

struct _GstSodEvaluation
{
  gatomicrefcount ref_count;
  GstSodSchool school;
  GstSodNanPolicy policy;
  guint64 n_images, n_skipped;
  guint64 n_undefined[GST_SOD_N_MEASURES];
  GstSodMeasures *set;
  GArray *sequences; /* of GstSodEvaluationEntry */
  GArray *images;    /* of GstSodEvaluationEntry */
};

/* An empty array of entries. */
GArray *gst_sod_evaluation_entries_new (void);

G_END_DECLS
