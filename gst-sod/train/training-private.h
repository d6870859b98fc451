/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/checkpoint-private.h>
#include <gst-sod/train/monitor-private.h>
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
  gchar *parent;          /* version of the network it was given; NULL: none */
  GstSodNetwork *network; /* what stages start from and leave */
  gboolean knows;         /* it has learnt, or was given to start from */
  GstSodNetwork *best;    /* what runs: the best so far by the held-out score */
  gdouble best_score;     /* NAN: not known */
  gdouble score;          /* of what it has; NAN likewise */
  gdouble teacher_score;
  GstSodNetwork *teacher; /* what makes this round's pseudo-labels, or NULL */
  GstSodScorer *scorer;   /* NULL before the first score, or nothing held out */
} GstSodTrainingNode;

typedef struct _GstSodStageClass GstSodStageClass;
typedef struct _GstSodStage GstSodStage;

/* A stage of the plan: one network learns, in one phase of one round. */
typedef struct
{
  const GstSodStageClass *klass;
  guint phase, round;       /* 1 to 3; from 1, 0 in phase 1 */
  GstSodTrainingNode *node; /* whose network learns */
  guint64 n_steps;          /* as far as is known before it begins */
} GstSodStagePlan;

/* What a stage remembers between steps beside its trainers. */
typedef struct
{
  guint64 step;
  guint64 n_diverged;     /* how often it went back to a checkpoint */
  gdouble rate_scale;     /* halved each time */
  gdouble seconds;        /* spent in this stage */
  gdouble loss_sum;       /* since the last point of the record's curve */
  guint64 n_losses;       /* summed up there */
  gdouble best_score;     /* NAN: none yet */
  guint64 n_without_gain; /* scores in a row */
  guint64 owes_score;     /* 1: the last step's score is still to be made */
  guint64 n_suspicions;   /* of the monitor, in a row */
  GstSodMonitor monitor;  /* since its last judgement */
} GstSodStageState;

struct _GstSodTraining
{
  GObject parent;
  GstSodTrainingSettings *settings;
  GPtrArray *nodes; /* of GstSodTrainingNode */
  GstSodTrainingNode *reverse;
  gboolean uses_reverse;
  GstSodSamples *all_labelled; /* of all nodes; NULL before it is needed */
  GstSodSamples *all_held_out, *all; /* likewise */
  GstSodSamples *pseudo_labels;      /* of that round; NULL: not made */
  guint pseudo_round;
  guint n_labelled, n_unlabelled; /* frames of all nodes */
  guint n_pseudo;       /* of which as many have room for a pseudo-label */
  gsize pseudo_size;    /* bytes that those labels take at most */
  GArray *plan;         /* of GstSodStagePlan; NULL before it runs */
  guint stage;          /* in the plan */
  GstSodStage *current; /* at work */
  gboolean resumes;     /* the next stage begins where `saved` was made in it */
  gboolean intact;      /* its state can be kept as it is */
  guint teachers_round; /* whose teachers the nodes have; 0: none */
  gdouble seconds;      /* of the stages before, also before a resume */
  GstSodRunRecord *record;
  GCancellable *cancellable;
  gint64 saved_at;     /* us */
  gboolean up_to_date; /* what was saved last is its state as it is */

  GMutex lock; /* of what follows, and of the nodes' networks */
  GCond changed;
  GThread *runner;         /* NULL: it does not run */
  GPtrArray *requests;     /* of checkpoints, by other threads */
  GstSodCheckpoint *saved; /* the last; NULL: none */
};

/* ---- what it is given: training-events.c ---- */

void gst_sod_training_note_nodes (GstSodTraining *self);
/* Labels that nothing can be learnt from are an error. */
gboolean gst_sod_training_check_labels (
    GstSodTraining *self, GstSodTrainingNode *node, GError **error);

/* ---- the plan: training-plan.c ---- */

void gst_sod_training_count_frames (GstSodTraining *self);
/* Counts frames and decides on all that the stages depend on, from settings and
 * nodes alone; an error where there is nothing to learn from or to begin with.
 */
gboolean gst_sod_training_settle (GstSodTraining *self, GError **error);
/* The stages of a training that is settled: of GstSodStagePlan. */
GArray *gst_sod_training_list_stages (GstSodTraining *self);
gboolean gst_sod_training_has_phase (const GstSodTraining *self, guint phase);
/* Steps of a stage that learns from so many frames. @n_per_epoch: (out). */
guint64 gst_sod_training_count_steps (const GstSodTraining *self,
    const GstSodStageClass *klass, guint n_frames, guint64 *n_per_epoch);
/* How much of the plan is done, 0..1, by steps or by the clock. */
gdouble gst_sod_training_get_done (const GstSodTraining *self);
/* That the setting @key asks for. */
GstSodArchitecture *gst_sod_training_make_architecture (
    GstSodTraining *self, const gchar *key, guint frames, GError **error);

/* ---- checkpoints: training-checkpoint.c ---- */

/* Takes the state as it is between two steps as what to go back to. */
gboolean gst_sod_training_keep_state (GstSodTraining *self, GError **error);
/* Answers other threads; writes a checkpoint where one is due. */
gboolean gst_sod_training_save_if_due (GstSodTraining *self, GError **error);
/* After the step that failed for @failure: goes back to the last checkpoint
 * where it diverged; anything else becomes @error. */
gboolean gst_sod_training_recover (
    GstSodTraining *self, const GError *failure, GError **error);
/* The run is over, or stopped: its state is kept. */
void gst_sod_training_leave (GstSodTraining *self);

/* ---- for stages ---- */

/* An error once it is to stop. */
gboolean gst_sod_training_is_stopped (GstSodTraining *self, GError **error);

/* @object as JSON in one line. */
gchar *gst_sod_training_json_line (JsonObject *object);

void gst_sod_training_warn (GstSodTraining *self, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
void gst_sod_training_tell_progress (
    GstSodTraining *self, JsonObject *progress);
void gst_sod_training_tell_scores (
    GstSodTraining *self, const GstSodTrainingNode *node, JsonObject *scores);
/* A network that could run: told with whether it is better. @rank: NAN where
 * nothing is held out. */
void gst_sod_training_offer (GstSodTraining *self, GstSodTrainingNode *node,
    GstSodNetwork *network, gdouble rank);
gboolean gst_sod_training_score (GstSodTraining *self, GstSodTrainingNode *node,
    GstSodNetwork *network, GstSodScores *scores, GError **error);
/* Labelled frames of all nodes, as one; owned by the training. */
GstSodSamples *gst_sod_training_get_all_labelled (GstSodTraining *self);
/* All frames of all nodes. */
GstSodSamples *gst_sod_training_get_all (GstSodTraining *self);
/* Held-out frames of all nodes; NULL where there are none. */
GstSodSamples *gst_sod_training_get_all_held_out (GstSodTraining *self);

G_END_DECLS
