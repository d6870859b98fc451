/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batches.h>
#include <gst-sod/train/trainer-private.h>
#include <gst-sod/train/training-private.h>

G_BEGIN_DECLS

/* What is different from stage to stage, in a file for each phase. */
struct _GstSodStageClass
{
  const gchar *name;
  /* Keys of how long it is; @steps counts where it is not 0. */
  const gchar *epochs, *steps;
  /* Frames that it learns from, repeats among them, as far as is known before
   * anything runs: all pseudo-labels that there is room for count. */
  guint (*count_frames) (
      const GstSodTraining *training, const GstSodTrainingNode *node);
  /* Makes trainers and batches, and says how many steps there are; leaves all
   * that undone where there is nothing to learn from. */
  gboolean (*begin) (GstSodStage *self, GError **error);
  /* One step; GST_SOD_ERROR_FAILED where it diverged and was refused. */
  gboolean (*step) (GstSodStage *self, gdouble *loss, GError **error);
  /* Judges what was learnt so far; leaves @scores without frames where nothing
   * is held out. */
  gboolean (*score) (GstSodStage *self, GstSodNetwork *network,
      GstSodScores *scores, GError **error);
};

/* Phase 1, the paper, III.B. */
extern const GstSodStageClass gst_sod_stage_initialise_base;
extern const GstSodStageClass gst_sod_stage_initialise_reverse;
/* Phase 2, III.C. */
extern const GstSodStageClass gst_sod_stage_augment;
/* Phase 3, III.D; the second is not in the paper. */
extern const GstSodStageClass gst_sod_stage_teach_reverse;
extern const GstSodStageClass gst_sod_stage_distill;

typedef enum
{
  GST_SOD_STAGE_GOES_ON,
  GST_SOD_STAGE_COMPLETE,  /* all steps taken, or its time is over */
  GST_SOD_STAGE_CONVERGED, /* no gain on held-out frames any more */
  GST_SOD_STAGE_EMPTY,     /* nothing to learn from */
  GST_SOD_STAGE_STOPPED    /* by the monitor: what it learnt is dropped */
} GstSodStageEnd;

struct _GstSodStage
{
  GstSodTraining *training; /* whose stage it is */
  GstSodStagePlan plan;
  GstSodTrainer *learner; /* of the plan's node */
  GstSodTrainer *partner; /* beside it, NULL: none */
  gboolean partner_learns;
  GstSodBatches *batches;
  /* The batch of the next pass, where a trainer looks ahead; owned. */
  GstSodTensor *ahead[3]; /* input, target, weights, which may be NULL */
  gint width, height;     /* of the batches' input, at full size */
  gboolean small;         /* the batches are, as yet */
  guint64 n_steps, n_per_epoch;
  guint64 accumulate;  /* batches in a step */
  gdouble seconds;     /* that it may take; 0: any */
  GstSodNetwork *best; /* by state.best_score; NULL: none yet */
  GstSodStageEnd end;
  GstSodStageState state;
  gint64 clock;          /* us, since state.seconds was last counted */
  gint64 emitted;        /* us, when progress was last told */
  gdouble last_loss;     /* of the last step */
  GstSodScores scores;   /* the last; without frames: none */
  gdouble step_seconds;  /* that a step takes, of late */
  guint64 n_paced;       /* steps of this size */
  const gchar *patience; /* key of scores without a gain; NULL: endless */
};

GstSodStage *gst_sod_stage_new (
    GstSodTraining *training, const GstSodStagePlan *plan, GError **error);
void gst_sod_stage_free (GstSodStage *self);

/* Takes one step, and does what is due after it. */
gboolean gst_sod_stage_advance (GstSodStage *self, GError **error);
/* The networks learnt become their nodes'. */
gboolean gst_sod_stage_finish (GstSodStage *self, GError **error);
/* Other batches follow than the one that was read ahead. */
void gst_sod_stage_drop_ahead (GstSodStage *self);
/* Brings trainers, batches and clock to where self->state says. */
void gst_sod_stage_seek (GstSodStage *self);

/* How much of it is done, 0..1, by what its steps cost. */
gdouble gst_sod_stage_get_share (const GstSodStage *self);

/* What the last step found, for the record; what there is to say of it now;
 * and the scores that are due. */
void gst_sod_stage_note_loss (GstSodStage *self, gdouble loss);
void gst_sod_stage_tell (GstSodStage *self, gboolean last);
gboolean gst_sod_stage_judge (GstSodStage *self, GError **error);

/* @network with what its file says of how it came about. @scores: NULL or
 * without frames: not known. */
GstSodNetwork *gst_sod_training_sign (GstSodTraining *self,
    const GstSodStagePlan *plan, GstSodNetwork *network,
    const GstSodScores *scores, GError **error);

/* ---- for begin() ---- */

/* A trainer of @network with the settings of [@section], "base" or "reverse",
 * at a peak rate of @rate. */
GstSodTrainer *gst_sod_stage_make_trainer (GstSodStage *self,
    GstSodNetwork *network, const gchar *section, gdouble rate, guint64 warm_up,
    GError **error);
/* Batches of @samples for @network; decides on the number of steps. */
gboolean gst_sod_stage_set_batches (GstSodStage *self, GstSodSamples *samples,
    GstSodNetwork *network, GError **error);

/* score() of base networks. */
gboolean gst_sod_stage_score_base (GstSodStage *self, GstSodNetwork *network,
    GstSodScores *scores, GError **error);

/* What @trainer makes small. GST_SOD_ERROR_DIVERGED where the loss is not
 * finite. */
gboolean gst_sod_stage_compute_loss (const GstSodStage *self,
    const GstSodTrainer *trainer, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, gdouble *loss, GError **error);
/* step() of a network that learns alone. */
gboolean gst_sod_stage_step_learner (
    GstSodStage *self, gdouble *loss, GError **error);

/* ---- of the reverse network, in phases 1 and 3 ---- */

/* What it learns from, and for how long. */
typedef struct
{
  GstSodSamples *samples;
  gdouble rate;
  guint64 warm_up;
} GstSodReverseCourse;

gboolean gst_sod_stage_begin_reverse (
    GstSodStage *self, const GstSodReverseCourse *course, GError **error);
gboolean gst_sod_stage_step_reverse (
    GstSodStage *self, gdouble *loss, GError **error);
gboolean gst_sod_stage_score_reverse (GstSodStage *self, GstSodNetwork *network,
    GstSodScores *scores, GError **error);

/* A seed of the stage's own for what @purpose names. */
guint64 gst_sod_stage_seed (const GstSodStage *self, guint64 purpose);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodStage, gst_sod_stage_free)

G_END_DECLS
