/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/run-record-private.h>
#include <gst-sod/train/score-private.h>
#include <gst-sod/train/settings-private.h>
#include <gst-sod/train/training.h>

G_BEGIN_DECLS

/* An edge node of the paper with its base network; or, without samples of its
 * own, the cloud with the reverse network. */
typedef struct
{
  gchar *name;
  GstSodSamples *samples;  /* NULL: the cloud's are those of all nodes */
  GstSodSamples *held_out; /* NULL: none */
  guint n_labelled;
  GstSodNetwork *network; /* what stages start from and leave */
  gboolean knows;         /* it has learnt, or was given to start from */
  GstSodNetwork *best;    /* what runs: the best so far by the held-out score */
  gdouble best_score;     /* NAN: not known */
  GstSodScorer *scorer;   /* NULL before the first score, or nothing held out */
} GstSodTrainingNode;

typedef struct _GstSodCheckpoint GstSodCheckpoint;
typedef struct _GstSodStageClass GstSodStageClass;
typedef struct _GstSodStage GstSodStage;

/* A stage of the plan: one network learns, in one phase of one round. */
typedef struct
{
  const GstSodStageClass *klass;
  guint phase, round;       /* 1 to 3; from 1, 0 in phase 1 */
  GstSodTrainingNode *node; /* whose network learns */
} GstSodStagePlan;

/* What a stage remembers between steps beside its trainers. */
typedef struct
{
  guint64 step;
  gdouble rate_scale; /* halved with each roll-back */
  guint n_diverged;
  gdouble seconds;         /* spent in this stage */
  gdouble loss_sum;        /* since the last point of the record's curve */
  guint64 n_losses;        /* summed up there */
  gdouble best_score;      /* NAN: none yet */
  guint n_without_gain;    /* scores in a row */
  guint n_suspicions;      /* of the monitor, in a row */
  gdouble monitor_sums[4]; /* since its last judgement */
} GstSodStageState;

struct _GstSodTraining
{
  GObject parent;
  GstSodTrainingSettings *settings;
  GPtrArray *nodes; /* of GstSodTrainingNode */
  GstSodTrainingNode *reverse;
  GstSodSamples *all; /* of all nodes, NULL before it is needed */
  gboolean all_known; /* whether it has been asked for */
  GArray *plan;       /* of GstSodStagePlan; NULL before run */
  guint stage;        /* in the plan */
  GstSodStage *current;
  GstSodRunRecord *record;
  gdouble seconds; /* of all stages before, also of runs before a resume */
  GCancellable *cancellable;

  GMutex lock; /* of what follows, and of the nodes' networks */
  GCond changed;
  gboolean running;
  GPtrArray *requests;     /* of checkpoints, by other threads */
  GstSodCheckpoint *saved; /* the last; NULL: none */
};

G_END_DECLS
