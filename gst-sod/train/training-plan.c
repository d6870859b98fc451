/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three phases of the paper (section III) as one list of stages, and how
 * long each is. */
#include <gst-sod/train/training-plan.h>

#include <math.h>

#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/train/pseudo-teacher-private.h>
#include <gst-sod/train/stage-private.h>

static gint64
get_integer (const GstSodTraining *self, const gchar *key)
{
  return gst_sod_training_settings_get_integer (self->settings, key);
}

gboolean
gst_sod_training_has_phase (const GstSodTraining *self, guint phase)
{
  return get_integer (self, "run.first-phase") <= phase
         && phase <= get_integer (self, "run.last-phase");
}

/* ---- how long a stage is ---- */

guint64
gst_sod_training_count_steps (const GstSodTraining *self,
    const GstSodStageClass *klass, guint n_frames, guint64 *n_per_epoch)
{
  guint64 batch_size = (guint64) get_integer (self, "data.batch-size");
  guint64 n_batches = (n_frames + batch_size - 1) / batch_size;
  guint64 n = (guint64) get_integer (self, klass->steps);

  *n_per_epoch =
      MAX (1, n_batches / (guint64) get_integer (self, "data.accumulate"));
  if (n > 0)
    return n;
  return MAX (1, (guint64) ceil (gst_sod_training_settings_get_number (
                                     self->settings, klass->epochs)
                                 * (gdouble) *n_per_epoch));
}

/* ---- the list ---- */

/* A network of a node or of the cloud learns. */
static void
add_stage (GstSodTraining *self, GArray *stages, const GstSodStageClass *klass,
    guint phase, guint round, GstSodTrainingNode *node)
{
  guint n_frames = klass->count_frames (self, node);
  guint64 n_per_epoch;
  GstSodStagePlan stage = { klass, phase, round, node, 0 };

  /* Without a frame it is over as it begins. */
  if (n_frames > 0)
    stage.n_steps =
        gst_sod_training_count_steps (self, klass, n_frames, &n_per_epoch);
  g_array_append_val (stages, stage);
}

/* III.B: "the base classification networks are initialized based on the local
 * training data, and the reverse augmented network is initialized based on the
 * whole training data." */
static void
plan_initialisation (GstSodTraining *self, GArray *stages)
{
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);

    if (node->n_labelled > 0)
      add_stage (self, stages, &gst_sod_stage_initialise_base, 1, 0, node);
  }
  if (self->uses_reverse)
    add_stage (
        self, stages, &gst_sod_stage_initialise_reverse, 1, 0, self->reverse);
}

/* III.C: "we alternately concatenate each base classification network with the
 * reverse augmented network, thus the latter network can help the learning of
 * the former network." */
static void
plan_augmented (GstSodTraining *self, GArray *stages, guint round)
{
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);

    if (node->n_labelled > 0)
      add_stage (self, stages, &gst_sod_stage_augment, 2, round, node);
  }
}

/* III.D: "we integrate the outputs of the classification networks to generate
 * pseudo-labels, which are then used for semi-supervised leaning of the reverse
 * augmented network"; and of the base networks, where that is set. */
static void
plan_semi_supervised (GstSodTraining *self, GArray *stages, guint round)
{
  if (self->uses_reverse)
    add_stage (
        self, stages, &gst_sod_stage_teach_reverse, 3, round, self->reverse);
  if (!gst_sod_training_settings_get_flag (
          self->settings, "semi-supervised.distill"))
    return;
  for (guint k = 0; k < self->nodes->len; k++)
    add_stage (self, stages, &gst_sod_stage_distill, 3, round,
        g_ptr_array_index (self->nodes, k));
}

static gboolean
has_pseudo_labels (GstSodTraining *self)
{
  return gst_sod_training_has_phase (self, 3) && self->n_unlabelled > 0
         && !gst_sod_training_settings_is (
             self->settings, "semi-supervised.pseudo-labels", "none");
}

/* III.A. Phase 3 teaches the reverse network alone: base networks gain from it
 * when phase 2 comes again, in the next round. */
GArray *
gst_sod_training_list_stages (GstSodTraining *self)
{
  GArray *stages = g_array_new (FALSE, FALSE, sizeof (GstSodStagePlan));
  guint rounds = (guint) get_integer (self, "run.rounds");

  if (gst_sod_training_has_phase (self, 1))
    plan_initialisation (self, stages);
  for (guint round = 1; round <= rounds; round++) {
    if (gst_sod_training_has_phase (self, 2) && self->uses_reverse)
      plan_augmented (self, stages, round);
    if (has_pseudo_labels (self))
      plan_semi_supervised (self, stages, round);
  }
  return stages;
}

/* ---- how far it is ---- */

/* Of a stage, in steps of one network: phase 2 steps through both. */
static gdouble
get_cost (const GstSodTraining *self, guint stage)
{
  const GstSodStagePlan *plan =
      &g_array_index (self->plan, GstSodStagePlan, stage);

  return (gdouble) plan->n_steps * (plan->phase == 2 ? 3 : 1);
}

gdouble
gst_sod_training_get_done (const GstSodTraining *self)
{
  gdouble limit =
      gst_sod_training_settings_get_number (self->settings, "run.max-time");
  gdouble seconds = self->seconds, before = 0, all = 0, by_steps;

  for (guint i = 0; i < self->plan->len; i++) {
    all += get_cost (self, i);
    before += i < self->stage ? get_cost (self, i) : 0;
  }
  if (self->current != NULL && self->stage < self->plan->len) {
    before +=
        get_cost (self, self->stage) * gst_sod_stage_get_share (self->current);
    seconds += self->current->state.seconds;
  }
  by_steps = all > 0 ? before / all : 1;
  return CLAMP (limit > 0 ? MAX (by_steps, seconds / limit) : by_steps, 0, 1);
}

/* ---- what it depends on ---- */

/* The setting stands over the growth of a preset or of JSON; nobody else has
 * the architecture yet. */
static void
set_growth (const GstSodTraining *self, GstSodArchitecture *reverse)
{
  gint growth = (gint) get_integer (self, "reverse.growth");

  if (growth > 0)
    reverse->growth = growth;
}

GstSodArchitecture *
gst_sod_training_make_architecture (
    GstSodTraining *self, const gchar *key, guint frames, GError **error)
{
  const gchar *text = gst_sod_training_settings_peek (self->settings, key);
  GstSodArchitecture *architecture =
      *text == '{' ? gst_sod_architecture_new_from_json (text, error)
                   : gst_sod_architecture_new_preset (text, frames, error);

  if (architecture == NULL)
    g_prefix_error (error, "setting %s: ", key);
  else if (g_str_equal (key, "reverse.architecture"))
    set_growth (self, architecture);
  return architecture;
}

/* What later phases build on must be there. */
static gboolean
check_start (GstSodTraining *self, GError **error)
{
  gboolean any = FALSE;

  if (gst_sod_training_has_phase (self, 1))
    return TRUE;
  for (guint k = 0; k < self->nodes->len; k++)
    any |= ((GstSodTrainingNode *) g_ptr_array_index (self->nodes, k))->knows;
  if (any && (!self->uses_reverse || self->reverse->knows))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "phase %d begins with networks that have learnt, and there is no such "
      "%s network: give one to start from, or begin with run.first-phase = 1",
      (gint) get_integer (self, "run.first-phase"), any ? "reverse" : "base");
  return FALSE;
}

void
gst_sod_training_count_frames (GstSodTraining *self)
{
  self->n_labelled = self->n_unlabelled = 0;
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);

    node->n_labelled = gst_sod_samples_get_n_labelled (node->samples);
    self->n_labelled += node->n_labelled;
    self->n_unlabelled +=
        gst_sod_samples_get_n_samples (node->samples) - node->n_labelled;
  }
}

static gboolean
check_frames (GstSodTraining *self, GError **error)
{
  if (self->n_labelled > 0)
    return TRUE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      self->nodes->len == 0
          ? "a training without nodes: add at least one"
          : "none of the frames has a label: at least one node needs labelled "
            "frames to learn from");
  return FALSE;
}

/* The first node's network says how large maps are. */
static gboolean
count_pseudo_labels (GstSodTraining *self, GError **error)
{
  const GstSodTrainingNode *first = g_ptr_array_index (self->nodes, 0);
  g_autoptr (GstSodArchitecture) architecture = NULL;
  GstSodPseudoRoom room;

  self->n_pseudo = 0;
  self->pseudo_size = 0;
  if (!has_pseudo_labels (self))
    return TRUE;
  architecture =
      first->network != NULL
          ? gst_sod_architecture_ref (
              gst_sod_network_get_architecture (first->network))
          : gst_sod_training_make_architecture (self, "base.architecture",
              (guint) get_integer (self, "base.input-frames"), error);
  if (architecture == NULL)
    return FALSE;
  gst_sod_training_find_pseudo_room (self, architecture, &room);
  self->n_pseudo = room.n_frames;
  self->pseudo_size = room.size;
  return TRUE;
}

gboolean
gst_sod_training_settle (GstSodTraining *self, GError **error)
{
  gst_sod_training_count_frames (self);
  if (!check_frames (self, error))
    return FALSE;
  self->uses_reverse =
      gst_sod_training_settings_is (self->settings, "run.reverse", "yes")
      || (gst_sod_training_settings_is (self->settings, "run.reverse", "auto")
          && get_integer (self, "run.last-phase") > 1);
  return check_start (self, error) && count_pseudo_labels (self, error);
}

/* ---- for those who ask ---- */

typedef struct
{
  GstSodStagePlan plan; /* but for its node */
  gchar *node;
} Stage;

struct _GstSodTrainingPlan
{
  gatomicrefcount ref_count;
  GArray *stages; /* of Stage */
  gsize pseudo_size;
};

G_DEFINE_BOXED_TYPE (GstSodTrainingPlan, gst_sod_training_plan,
    gst_sod_training_plan_copy, gst_sod_training_plan_free)

static void
clear_stage (gpointer data)
{
  g_free (((Stage *) data)->node);
}

/**
 * gst_sod_training_plan_new:
 * @training: a training with its nodes, which does not run
 * @error: return location for an error
 *
 * Lists what gst_sod_training_run() would do from its beginning, and does
 * nothing of it. How many pseudo-labels are accepted is not known before: the
 * steps of phase 3 are those of all that there is room for, unless a setting
 * says how many there are. A stage may end before its last step, by its
 * patience, by "run.max-time" or by the monitor.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where there is no node, no label to
 * learn from, or nothing to begin with, and those of
 * gst_sod_architecture_new_from_json().
 *
 * Returns: (transfer full): the plan, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTrainingPlan *
gst_sod_training_plan_new (GstSodTraining *training, GError **error)
{
  g_autoptr (GArray) stages = NULL;
  GstSodTrainingPlan *self;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (training), NULL);
  g_return_val_if_fail (training->runner == NULL, NULL);

  if (!gst_sod_training_settle (training, error))
    return NULL;
  stages = gst_sod_training_list_stages (training);
  self = g_new0 (GstSodTrainingPlan, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->pseudo_size = training->pseudo_size;
  self->stages = g_array_new (FALSE, FALSE, sizeof (Stage));
  g_array_set_clear_func (self->stages, clear_stage);
  for (guint i = 0; i < stages->len; i++) {
    Stage stage = { .plan = g_array_index (stages, GstSodStagePlan, i) };

    stage.node = g_strdup (stage.plan.node->name);
    stage.plan.node = NULL;
    g_array_append_val (self->stages, stage);
  }
  return self;
}

/**
 * gst_sod_training_plan_copy: (skip)
 * @self: a plan
 *
 * Returns: (transfer full): the same
 *
 * Since: 0.1
 */
GstSodTrainingPlan *
gst_sod_training_plan_copy (const GstSodTrainingPlan *self)
{
  GstSodTrainingPlan *same = (GstSodTrainingPlan *) self;

  g_atomic_ref_count_inc (&same->ref_count);
  return same;
}

/**
 * gst_sod_training_plan_free: (skip)
 * @self: (transfer full): a plan
 *
 * Gives it back.
 *
 * Since: 0.1
 */
void
gst_sod_training_plan_free (GstSodTrainingPlan *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->stages);
  g_free (self);
}

/**
 * gst_sod_training_plan_get_n_stages:
 * @self: a plan
 *
 * Returns: how many stages there are
 *
 * Since: 0.1
 */
guint
gst_sod_training_plan_get_n_stages (const GstSodTrainingPlan *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->stages->len;
}

static const Stage *
get_stage (const GstSodTrainingPlan *self, guint stage)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (stage < self->stages->len, NULL);

  return &g_array_index (self->stages, Stage, stage);
}

/**
 * gst_sod_training_plan_get_name:
 * @self: a plan
 * @stage: from 0, in the order in which they run
 *
 * Returns: (transfer none): what is learnt: the name of a stage of
 *   docs/training.md
 *
 * Since: 0.1
 */
const gchar *
gst_sod_training_plan_get_name (const GstSodTrainingPlan *self, guint stage)
{
  const Stage *found = get_stage (self, stage);

  return found != NULL ? found->plan.klass->name : NULL;
}

/**
 * gst_sod_training_plan_get_node:
 * @self: a plan
 * @stage: from 0, in the order in which they run
 *
 * Returns: (transfer none): whose network learns; "reverse" for the reverse
 *   network
 *
 * Since: 0.1
 */
const gchar *
gst_sod_training_plan_get_node (const GstSodTrainingPlan *self, guint stage)
{
  const Stage *found = get_stage (self, stage);

  return found != NULL ? found->node : NULL;
}

/**
 * gst_sod_training_plan_get_phase:
 * @self: a plan
 * @stage: from 0, in the order in which they run
 *
 * Returns: phase of the paper, 1 to 3
 *
 * Since: 0.1
 */
guint
gst_sod_training_plan_get_phase (const GstSodTrainingPlan *self, guint stage)
{
  const Stage *found = get_stage (self, stage);

  return found != NULL ? found->plan.phase : 0;
}

/**
 * gst_sod_training_plan_get_round:
 * @self: a plan
 * @stage: from 0, in the order in which they run
 *
 * Returns: round of phases 2 and 3, from 1; 0 in phase 1
 *
 * Since: 0.1
 */
guint
gst_sod_training_plan_get_round (const GstSodTrainingPlan *self, guint stage)
{
  const Stage *found = get_stage (self, stage);

  return found != NULL ? found->plan.round : 0;
}

/**
 * gst_sod_training_plan_get_n_steps:
 * @self: a plan
 * @stage: from 0, in the order in which they run
 *
 * Returns: its steps; 0 where it has nothing to learn from
 *
 * Since: 0.1
 */
guint64
gst_sod_training_plan_get_n_steps (const GstSodTrainingPlan *self, guint stage)
{
  const Stage *found = get_stage (self, stage);

  return found != NULL ? found->plan.n_steps : 0;
}

/**
 * gst_sod_training_plan_get_pseudo_label_size:
 * @self: a plan
 *
 * Returns: bytes of memory that pseudo-labels take at most; 0 where none are
 *   made
 *
 * Since: 0.1
 */
gsize
gst_sod_training_plan_get_pseudo_label_size (const GstSodTrainingPlan *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pseudo_size;
}
