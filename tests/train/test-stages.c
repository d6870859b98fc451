/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a training says that it would do is what it does. */
#include "training-case.h"

#include <gst-sod/core/error.h>
#include <gst-sod/train/progress.h>
#include <gst-sod/train/training-plan.h>

#include "train-plan.h"

/* Of each stage a few steps; all pseudo-labels are accepted. */
static const gchar *const short_ones[] = { "run.last-phase", "3", "run.rounds",
  "2", "base.steps", "0", "base.epochs", "1.5", "reverse.epochs", "1",
  "augmented.epochs", "1", "augmented.monitor", "off", "semi-supervised.epochs",
  "0.5", "semi-supervised.distill-epochs", "0.5",
  "semi-supervised.min-confidence", "0", "semi-supervised.min-area", "0",
  "semi-supervised.max-area", "1", "score.interval", "100", NULL };

/* Nodes "a" and "b" of 16 frames, of which so many have labels. */
static GstSodTraining *
make_training (const gchar *const *more, guint n_labelled_a, guint n_labelled_b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTrainingSettings) settings =
      training_case_settings (short_ones);
  g_autoptr (GstSodNetwork) reverse =
      train_network_new_tiny (GST_SOD_NETWORK_REVERSE, 9);
  guint n_labelled[] = { n_labelled_a, n_labelled_b };
  GstSodTraining *training;

  for (guint i = 0; more != NULL && more[i] != NULL; i += 2) {
    gst_sod_training_settings_set (settings, more[i], more[i + 1], &error);
    g_assert_no_error (error);
  }
  training = gst_sod_training_new (settings, &error);
  g_assert_no_error (error);
  gst_sod_training_set_reverse (training, reverse, &error);
  g_assert_no_error (error);
  for (guint k = 0; k < G_N_ELEMENTS (n_labelled); k++) {
    g_autoptr (GstSodSamples) samples =
        scenes_new (16, n_labelled[k], k + 1, SCENES_GOOD);
    g_autoptr (GstSodNetwork) start =
        train_network_new_tiny (GST_SOD_NETWORK_BASE, k + 1);

    gst_sod_training_add_node (
        training, k == 0 ? "a" : "b", samples, NULL, start, &error);
    g_assert_no_error (error);
  }
  return training;
}

static void
expect_stage (
    const GstSodTrainingPlan *plan, guint i, JsonObject *stage, guint64 n_steps)
{
  g_test_message ("phase %u, round %u, %s of %s: %" G_GUINT64_FORMAT " steps",
      gst_sod_training_plan_get_phase (plan, i),
      gst_sod_training_plan_get_round (plan, i),
      gst_sod_training_plan_get_name (plan, i),
      gst_sod_training_plan_get_node (plan, i), n_steps);
  g_assert_cmpstr (gst_sod_training_plan_get_name (plan, i), ==,
      json_object_get_string_member (stage, "name"));
  g_assert_cmpstr (gst_sod_training_plan_get_node (plan, i), ==,
      json_object_get_string_member (stage, "node"));
  g_assert_cmpuint (gst_sod_training_plan_get_phase (plan, i), ==,
      json_object_get_int_member (stage, "phase"));
  g_assert_cmpuint (gst_sod_training_plan_get_round (plan, i), ==,
      json_object_get_int_member (stage, "round"));
  g_assert_cmpuint (
      n_steps, ==, json_object_get_int_member (stage, "planned-steps"));
  g_assert_cmpuint (n_steps, ==, json_object_get_int_member (stage, "steps"));
}

/* Asks, runs, and compares; returns how many stages there were. */
static guint
check (const gchar *const *more, guint n_labelled_a, guint n_labelled_b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTraining) training =
      make_training (more, n_labelled_a, n_labelled_b);
  g_autoptr (GstSodTrainingPlan) plan =
      gst_sod_training_plan_new (training, &error);
  g_autoptr (JsonNode) record = NULL;
  guint n;

  g_assert_no_error (error);
  training_case_run (training);
  record = training_case_record (training);
  n = gst_sod_training_plan_get_n_stages (plan);
  g_assert_cmpuint (n, ==,
      json_array_get_length (json_object_get_array_member (
          json_node_get_object (record), "stages")));
  for (guint i = 0; i < n; i++)
    expect_stage (plan, i, training_case_stage (record, i),
        gst_sod_training_plan_get_n_steps (plan, i));
  return n;
}

static void
test_all_phases (void)
{
  /* 3 and, in each round, 2 augmented, 1 taught and 2 distilled. */
  g_assert_cmpuint (check (NULL, 8, 4), ==, 13);
}

static void
test_later_phases (void)
{
  static const gchar *const more[] = { "run.first-phase", "2", NULL };

  g_assert_cmpuint (check (more, 8, 8), ==, 10);
}

static void
test_without_reverse (void)
{
  static const gchar *const more[] = { "run.reverse", "no", NULL };

  /* Nothing reconstructs in phase 2. */
  g_assert_cmpuint (check (more, 8, 8), ==, 6);
}

static void
test_without_distillation (void)
{
  static const gchar *const more[] = { "semi-supervised.distill", "no",
    "semi-supervised.real-share", "0", "data.accumulate", "2", NULL };

  g_assert_cmpuint (check (more, 8, 8), ==, 9);
}

static void
test_all_labelled (void)
{
  g_assert_cmpuint (check (NULL, 16, 16), ==, 7);
}

static void
test_unlabelled_frames (void)
{
  static const gchar *const more[] = { "augmented.unlabelled", "yes",
    "run.rounds", "1", NULL };

  g_assert_cmpuint (check (more, 6, 0), ==, 6);
}

static void
test_steps_that_are_set (void)
{
  static const gchar *const more[] = { "run.rounds", "1", "base.steps", "3",
    "reverse.steps", "2", "augmented.steps", "5", "semi-supervised.steps", "1",
    "semi-supervised.distill-steps", "4", NULL };

  g_assert_cmpuint (check (more, 8, 8), ==, 8);
}

/* 16 maps of 48x32 with their confidence; nothing where no label is made. */
static void
test_memory_of_pseudo_labels (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTraining) some = make_training (NULL, 8, 8);
  g_autoptr (GstSodTraining) none = make_training (NULL, 16, 16);
  g_autoptr (GstSodTrainingPlan) with =
      gst_sod_training_plan_new (some, &error);
  g_autoptr (GstSodTrainingPlan) without =
      gst_sod_training_plan_new (none, &error);
  gsize size;

  g_assert_no_error (error);
  size = gst_sod_training_plan_get_pseudo_label_size (with);
  g_assert_cmpuint (size, >=, 16 * 48 * 32 * 2);
  g_assert_cmpuint (size, <, 16 * (48 * 32 * 2 + 256));
  g_assert_cmpuint (
      gst_sod_training_plan_get_pseudo_label_size (without), ==, 0);
}

static void
test_nothing_to_plan (void)
{
  g_autoptr (GError) no_label = NULL;
  g_autoptr (GError) no_node = NULL;
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (NULL);
  g_autoptr (GstSodTraining) empty = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodTraining) training = make_training (NULL, 0, 0);

  g_assert_null (gst_sod_training_plan_new (empty, &no_node));
  g_assert_error (no_node, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_null (gst_sod_training_plan_new (training, &no_label));
  g_assert_error (no_label, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

/* ---- how far it is ---- */

/* What was told so far. */
typedef struct
{
  guint n, n_stages, stage_number;
  gdouble done;
} Told;

static void
on_progress (GstSodTraining *training, const gchar *json, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTrainingProgress) progress =
      gst_sod_training_progress_new_from_json (json, &error);
  Told *told = user_data;
  guint number;

  g_assert_no_error (error);
  number = gst_sod_training_progress_get_stage_number (progress);
  told->n++;
  told->n_stages = gst_sod_training_progress_get_n_stages (progress);
  g_assert_cmpuint (number, >=, told->stage_number);
  g_assert_cmpuint (number, <=, told->n_stages);
  g_assert_cmpfloat (
      gst_sod_training_progress_get_done (progress), >=, told->done);
  told->stage_number = number;
  told->done = gst_sod_training_progress_get_done (progress);
}

/* How much of the whole the first stage is. */
static void
on_first_stage_over (
    GstSodTraining *training, const gchar *json, gpointer user_data)
{
  g_autoptr (GstSodTrainingProgress) progress =
      gst_sod_training_progress_new_from_json (json, NULL);

  if (gst_sod_training_progress_get_stage_number (progress) == 1
      && gst_sod_training_progress_get_step (progress) == 3)
    *(gdouble *) user_data = gst_sod_training_progress_get_done (progress);
}

static void
test_progress_of_the_whole (void)
{
  static const gchar *const more[] = { "run.rounds", "1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTraining) training = make_training (more, 8, 8);
  g_autoptr (GstSodTrainingPlan) plan =
      gst_sod_training_plan_new (training, &error);
  gdouble first = 0, cost = 0;
  Told told = { 0 };

  g_assert_no_error (error);
  g_signal_connect (training, "progress", G_CALLBACK (on_progress), &told);
  g_signal_connect (
      training, "progress", G_CALLBACK (on_first_stage_over), &first);
  training_case_run (training);
  for (guint i = 0; i < gst_sod_training_plan_get_n_stages (plan); i++)
    cost += (gdouble) gst_sod_training_plan_get_n_steps (plan, i)
            * (gst_sod_training_plan_get_phase (plan, i) == 2 ? 3 : 1);
  g_assert_cmpuint (told.n, >=, 8);
  g_assert_cmpuint (told.n_stages, ==, 8);
  g_assert_cmpuint (told.stage_number, ==, 8);
  g_assert_cmpfloat (told.done, ==, 1);
  g_assert_cmpfloat_with_epsilon (first, 3 / cost, 1e-9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/stages/all-phases", test_all_phases);
  g_test_add_func ("/train/stages/later-phases-alone", test_later_phases);
  g_test_add_func ("/train/stages/without-reverse", test_without_reverse);
  g_test_add_func (
      "/train/stages/without-distillation", test_without_distillation);
  g_test_add_func ("/train/stages/all-labelled", test_all_labelled);
  g_test_add_func ("/train/stages/unlabelled-frames", test_unlabelled_frames);
  g_test_add_func ("/train/stages/steps-that-are-set", test_steps_that_are_set);
  g_test_add_func (
      "/train/stages/memory-of-pseudo-labels", test_memory_of_pseudo_labels);
  g_test_add_func ("/train/stages/nothing-to-plan", test_nothing_to_plan);
  g_test_add_func (
      "/train/stages/progress-of-the-whole", test_progress_of_the_whole);
  return g_test_run ();
}
