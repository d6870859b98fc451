/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A training from its start to its end: what it learns, tells, keeps and
 * refuses. Generated scenes, tiny networks. */
#include "training-case.h"

#include <gst-sod/train/stage-private.h>

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <gst-sod/nn/network-private.h>
#include <gst-sod/train/training.h>
#include <json-glib/json-glib.h>

#include "train-plan.h"

static void
count (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
count_scores (GstSodTraining *training, const gchar *node,
    const gchar *measures, gpointer user_data)
{
  g_assert_nonnull (strstr (measures, "max_f"));
  (*(guint *) user_data)++;
}

static void
count_networks (GstSodTraining *training, const gchar *node,
    GstSodNetwork *network, gdouble score, gboolean better, gpointer user_data)
{
  g_assert_cmpstr (node, ==, "a");
  g_assert_true (GST_SOD_IS_NETWORK (network));
  (*(guint *) user_data)++;
}

/* ---- phase 1 ---- */

static void
test_one_node_learns (void)
{
  g_autoptr (GstSodTraining) training = training_case_new (NULL, 1, TRUE);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (JsonNode) record = NULL;
  guint n_told = 0, n_scores = 0, n_networks = 0;

  g_signal_connect (training, "progress", G_CALLBACK (count), &n_told);
  g_signal_connect (training, "scored", G_CALLBACK (count_scores), &n_scores);
  g_signal_connect (
      training, "network", G_CALLBACK (count_networks), &n_networks);
  training_case_run (training);
  record = training_case_record (training);
  g_assert_cmpfloat (training_case_loss (record, 0, TRUE), <,
      0.8 * training_case_loss (record, 0, FALSE));
  g_assert_cmpuint (n_told, >=, 1);
  /* What it starts from, and 24 steps of 2 batches an epoch. */
  g_assert_cmpuint (n_scores, ==, 13);
  g_assert_cmpuint (n_networks, ==, 12);
  g_assert_cmpstr (
      json_object_get_string_member (training_case_stage (record, 0), "end"),
      ==, "complete");
  network = gst_sod_training_get_network (training, "a");
  g_assert_nonnull (network);
}

static void
test_resume_phase_1 (void)
{
  /* In the middle of the second node's stage. */
  training_case_check_resume (NULL, 2, 17);
}

/* ---- what networks learn by ---- */

/* Of [base] and [reverse] as the test sets them. */
static void
check_numbers (GstSodTrainer *trainer, gboolean is_reverse)
{
  gdouble power, edge_weight, gradient_weight;
  guint edge_window;

  g_object_get (trainer, "decay-power", &power, "edge-weight", &edge_weight,
      "edge-window", &edge_window, "gradient-weight", &gradient_weight, NULL);
  g_assert_cmpfloat (power, ==, is_reverse ? 3 : 2);
  if (is_reverse) {
    g_assert_cmpfloat (gradient_weight, ==, 0.75);
  } else {
    g_assert_cmpfloat (edge_weight, ==, 1.5);
    g_assert_cmpuint (edge_window, ==, 101);
  }
}

/* All rates begin at 0.01, at the first step. */
static void
check_trainers (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  const GstSodStage *stage = training->current;
  gboolean is_reverse = stage->plan.node == training->reverse;
  guint64 n_left =
      stage->n_steps - gst_sod_trainer_get_n_steps (stage->learner);
  gdouble left = (gdouble) n_left / (gdouble) stage->n_steps;
  guint *n_seen = user_data; /* base, reverse, partner */

  check_numbers (stage->learner, is_reverse);
  g_assert_cmpfloat_with_epsilon (gst_sod_trainer_get_rate (stage->learner),
      0.01 * left * left * (is_reverse ? left : 1), 1e-12);
  n_seen[is_reverse ? 1 : 0]++;
  if (stage->partner != NULL) {
    check_numbers (stage->partner, TRUE);
    n_seen[2]++;
  }
}

static void
test_numbers_of_settings_are_learnt_by (void)
{
  static const gchar *const more[] = { "run.last-phase", "2", "run.rounds", "1",
    "run.reverse", "yes", "base.steps", "5", "base.warm-up", "0",
    "base.decay-power", "2", "base.edge-weight", "1.5", "base.edge-window",
    "101", "reverse.steps", "5", "reverse.warm-up", "0",
    "reverse.learning-rate", "1e-2", "reverse.decay-power", "3",
    "reverse.gradient-weight", "0.75", "augmented.steps", "5",
    "augmented.warm-up", "0", "augmented.learning-rate", "1e-2",
    "augmented.monitor", "off", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  guint n_seen[3] = { 0 };

  g_signal_connect (training, "progress", G_CALLBACK (check_trainers), n_seen);
  training_case_run (training);
  for (guint i = 0; i < G_N_ELEMENTS (n_seen); i++)
    g_assert_cmpuint (n_seen[i], >=, 2);
}

/* Channels that a layer of the reverse network's dense blocks adds. */
static gint64
get_growth_with (const gchar *growth)
{
  const gchar *more[] = { "run.reverse", "yes", "base.steps", "1",
    "reverse.steps", "1", "reverse.architecture",
    "{\"kind\":\"reverse\",\"preset\":\"tiny\",\"input-size\":[48,32],"
    "\"stem-width\":16,\"growth\":16,\"blocks\":[1,2,1,1,1,1,1,1]}",
    "reverse.growth", growth, NULL };
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (more);
  g_autoptr (GstSodTraining) training = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_GOOD);
  g_autoptr (GstSodNetwork) start =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GstSodNetwork) reverse = NULL;
  g_autoptr (GError) error = NULL;
  GstSodTensor *first, *second;

  gst_sod_training_add_node (training, "a", samples, NULL, start, &error);
  g_assert_no_error (error);
  training_case_run (training);
  reverse = gst_sod_training_get_reverse (training);
  first = g_hash_table_lookup (
      gst_sod_network_get_weights (reverse), "block.1.0.conv.weight");
  second = g_hash_table_lookup (
      gst_sod_network_get_weights (reverse), "block.1.1.conv.weight");
  /* What the first layer adds the second one reads too. */
  g_assert_cmpint (gst_sod_tensor_get_dim (second, 1), ==,
      gst_sod_tensor_get_dim (first, 1) + gst_sod_tensor_get_dim (first, 0));
  return gst_sod_tensor_get_dim (first, 0);
}

static void
test_growth_is_set (void)
{
  g_assert_cmpint (get_growth_with ("0"), ==, 16);
  g_assert_cmpint (get_growth_with ("8"), ==, 8);
  g_assert_cmpint (get_growth_with ("24"), ==, 24);
}

/* ---- what is refused ---- */

/* Mean loss at the end of a training that mirrors frames as @changes says. */
static gdouble
get_loss_with (const gchar *changes)
{
  const gchar *more[] = { "data.augmentation", "paper",
    "data.augmentation-changes", changes, NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (JsonNode) record = NULL;

  training_case_run (training);
  record = training_case_record (training);
  return training_case_loss (record, 0, TRUE);
}

static void
test_augmentation_is_changed (void)
{
  g_autoptr (GstSodTraining) plain = training_case_new (NULL, 1, FALSE);
  g_autoptr (JsonNode) record = NULL;

  training_case_run (plain);
  record = training_case_record (plain);
  g_assert_cmpfloat (
      get_loss_with ("flip=0"), ==, training_case_loss (record, 0, TRUE));
  g_assert_cmpfloat (
      get_loss_with ("flip=1"), !=, training_case_loss (record, 0, TRUE));
}

static void
test_no_labels (void)
{
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (NULL);
  g_autoptr (GstSodTraining) training = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_NONE);
  g_autoptr (GError) error = NULL;
  guint n_warnings = 0;

  g_signal_connect (training, "warning", G_CALLBACK (count), &n_warnings);
  g_assert_true (
      gst_sod_training_add_node (training, "a", samples, NULL, NULL, &error));
  g_assert_false (gst_sod_training_run (training, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "label"));
  g_assert_cmpuint (n_warnings, ==, 1);
}

static void
test_black_labels (void)
{
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (NULL);
  g_autoptr (GstSodTraining) training = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_BLACK);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      gst_sod_training_add_node (training, "a", samples, NULL, NULL, &error));
  g_assert_false (gst_sod_training_run (training, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "node a"));
}

static void
test_other_settings_are_not_resumed (void)
{
  static const gchar *const others[][3] = {
    { "base.loss", "bce", "base.loss = structure" },
    { "base.decay-power", "1", "base.decay-power = 0.9, it is 1" },
    { "base.edge-weight", "4", "base.edge-weight = 5, it is 4" },
    { "base.edge-window", "15", "base.edge-window = 31, it is 15" },
    { "reverse.growth", "8", "reverse.growth = 0, it is 8" },
    { "reverse.decay-power", "1", "reverse.decay-power = 0.9, it is 1" },
    { "reverse.gradient-weight", "0",
        "reverse.gradient-weight = 0.1, it is 0" },
  };
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTraining) first = training_case_new (NULL, 1, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_training_checkpoint (first, path, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED);
  g_clear_error (&error);
  training_case_run (first);
  gst_sod_training_checkpoint (first, path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    const gchar *const more[] = { others[i][0], others[i][1], NULL };
    g_autoptr (GstSodTraining) second = training_case_new (more, 1, FALSE);

    g_assert_false (gst_sod_training_resume (second, path, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
    g_assert_nonnull (strstr (error->message, others[i][2]));
    g_clear_error (&error);
  }
  g_remove (path);
  g_rmdir (folder);
}

/* A rate at which weights leave the numbers at once. */
static void
test_divergence_is_an_error_in_the_end (void)
{
  static const gchar *const more[] = { "base.learning-rate", "100",
    "base.optimiser", "sgd", "base.clip-norm", "0", "base.warm-up", "0",
    "base.weight-decay", "1", "base.steps", "2000", "base.loss", "bce", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (GError) error = NULL;
  guint n_warnings = 0;

  g_signal_connect (training, "warning", G_CALLBACK (count), &n_warnings);
  g_assert_false (gst_sod_training_run (training, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED);
  g_assert_nonnull (strstr (error->message, "3 times"));
  g_assert_cmpuint (n_warnings, ==, 2);
}

/* Once, at the 8th report of progress, a weight leaves the numbers. */
static void
poison (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  guint *left = user_data;
  GstSodParams *params;
  const GstSodParam *param;

  if (*left == 0 || --*left > 0)
    return;
  params = gst_sod_trainer_get_params (training->current->learner);
  param = g_ptr_array_index (params->list, 0);
  *(gfloat *) gst_sod_tensor_get_data (param->weight) = NAN;
}

static void
keep_text (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  gchar **kept = user_data;

  g_free (*kept);
  *kept = g_strdup (text);
}

static void
test_one_bad_step_is_taken_back (void)
{
  static const gchar *const more[] = { "base.steps", "600", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autofree gchar *warning = NULL;
  guint left = 1;

  g_signal_connect (training, "progress", G_CALLBACK (poison), &left);
  g_signal_connect (training, "warning", G_CALLBACK (keep_text), &warning);
  training_case_run (training);
  g_assert_nonnull (warning);
  g_assert_nonnull (strstr (warning, "back to step 0"));
  g_assert_nonnull (strstr (warning, "0.5 of the learning rate"));
  network = gst_sod_training_get_network (training, "a");
  g_assert_nonnull (network);
}

static void
test_unreadable_labels_are_told (void)
{
  static const gchar *const more[] = { "base.architecture",
    "{\"kind\":\"base\",\"preset\":\"tiny\",\"input-size\":[48,32],"
    "\"input-frames\":1,\"widths\":[16,16,16,16],"
    "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
    "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
    NULL };
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (more);
  g_autoptr (GstSodTraining) training = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_ODD);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) record = NULL;
  JsonArray *warnings;

  gst_sod_training_add_node (training, "a", samples, NULL, NULL, &error);
  g_assert_no_error (error);
  training_case_run (training);
  record = training_case_record (training);
  warnings =
      json_object_get_array_member (json_node_get_object (record), "warnings");
  /* The check's, and one for each of the four. */
  g_assert_cmpuint (json_array_get_length (warnings), ==, 5);
  g_assert_nonnull (
      strstr (json_object_get_string_member (
                  json_array_get_object_element (warnings, 1), "text"),
          "32x24"));
}

/* ---- what runs ---- */

static void
count_better (GstSodTraining *training, const gchar *node,
    GstSodNetwork *network, gdouble score, gboolean better, gpointer user_data)
{
  *(guint *) user_data += better ? 1 : 0;
}

/* A network that has learnt, then a rate that undoes it. */
static void
test_worse_is_not_better (void)
{
  static const gchar *const ruin[] = { "base.learning-rate", "1",
    "base.optimiser", "sgd", "base.warm-up", "0", "base.average-decay", "0",
    "base.clip-norm", "0", "base.steps", "6", NULL };
  g_autoptr (GstSodTraining) good = training_case_new (NULL, 1, TRUE);
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (ruin);
  g_autoptr (GstSodTraining) bad = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (16, 8, 1, SCENES_GOOD);
  g_autoptr (GstSodSamples) held_out = scenes_new (4, 4, 100, SCENES_GOOD);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  guint n_better = 0;

  training_case_run (good);
  network = gst_sod_training_get_network (good, "a");
  gst_sod_training_add_node (bad, "a", samples, held_out, network, &error);
  g_assert_no_error (error);
  g_signal_connect (bad, "network", G_CALLBACK (count_better), &n_better);
  training_case_run (bad);
  g_assert_cmpuint (n_better, ==, 0);
}

static void
note_reverse (GstSodTraining *training, const gchar *node,
    GstSodNetwork *network, gdouble score, gboolean better, gpointer user_data)
{
  if (g_str_equal (node, "reverse"))
    count_better (training, node, network, score, better, user_data);
}

/* The last score of the reverse network in @record; @list: stages or starts. */
static gdouble
find_reconstruction (JsonNode *record, const gchar *list)
{
  JsonArray *array =
      json_object_get_array_member (json_node_get_object (record), list);
  gdouble found = NAN;

  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonObject *object = json_array_get_object_element (array, i);
    JsonArray *scores;

    if (!g_str_equal (
            json_object_get_string_member (object, "node"), "reverse"))
      continue;
    if (json_object_has_member (object, "scores")) {
      scores = json_object_get_array_member (object, "scores");
      object = json_array_get_object_element (
          scores, json_array_get_length (scores) - 1);
    }
    found = json_object_get_double_member (object, "reconstruction");
  }
  return found;
}

/* The first phase of a reverse network that starts from @start (nullable: one
 * that knows nothing); @n_better counts what was told to be better. */
static GstSodTraining *
train_reverse (const gchar *const *more, GstSodNetwork *start, guint *n_better)
{
  g_autoptr (GError) error = NULL;
  GstSodTraining *training = training_case_new (more, 1, TRUE);

  if (start != NULL)
    gst_sod_training_set_reverse (training, start, &error);
  g_assert_no_error (error);
  g_signal_connect (training, "network", G_CALLBACK (note_reverse), n_better);
  training_case_run (training);
  return training;
}

/* A reverse network that has learnt is scored as it was when it learnt it, and
 * nothing that is worse takes its place. */
static void
test_worse_reverse_is_not_better (void)
{
  static const gchar *const learn[] = { "run.reverse", "yes", "base.steps", "1",
    "reverse.steps", "200", "reverse.learning-rate", "1e-2", "reverse.warm-up",
    "2", "reverse.average-decay", "0.9", NULL };
  static const gchar *const ruin[] = { "run.reverse", "yes", "base.steps", "1",
    "reverse.steps", "4", "reverse.learning-rate", "1", "reverse.optimiser",
    "sgd", "reverse.warm-up", "0", "reverse.average-decay", "0",
    "reverse.clip-norm", "0", NULL };
  g_autoptr (GstSodTraining) good = NULL, bad = NULL;
  g_autoptr (GstSodNetwork) start = NULL;
  g_autoptr (JsonNode) learnt = NULL, ruined = NULL;
  guint n_better = 0;

  good = train_reverse (learn, NULL, &n_better);
  g_assert_cmpuint (n_better, >, 0);
  start = gst_sod_training_get_reverse (good);
  n_better = 0;
  bad = train_reverse (ruin, start, &n_better);
  learnt = training_case_record (good);
  ruined = training_case_record (bad);
  g_assert_cmpfloat_with_epsilon (find_reconstruction (ruined, "starts"),
      find_reconstruction (learnt, "stages"), 1e-6);
  g_assert_cmpfloat (find_reconstruction (ruined, "stages"), >,
      find_reconstruction (ruined, "starts"));
  g_assert_cmpuint (n_better, ==, 0);
}

/* A start, then a rate that undoes it, with and without run.keep=best. */
static void
test_keeps_the_start_where_it_is_best (void)
{
  static const gchar *const ruin[] = { "base.learning-rate", "1",
    "base.optimiser", "sgd", "base.warm-up", "0", "base.average-decay", "0",
    "base.clip-norm", "0", "base.steps", "6", "run.keep", "best", NULL };
  g_autoptr (GstSodTraining) good = training_case_new (NULL, 1, TRUE);
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (ruin);
  g_autoptr (GstSodTraining) bad = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (16, 8, 1, SCENES_GOOD);
  g_autoptr (GstSodSamples) held_out = scenes_new (4, 4, 100, SCENES_GOOD);
  g_autoptr (GstSodNetwork) start = NULL;
  g_autoptr (GstSodNetwork) kept = NULL;
  g_autoptr (GError) error = NULL;

  training_case_run (good);
  start = gst_sod_training_get_network (good, "a");
  gst_sod_training_add_node (bad, "a", samples, held_out, start, &error);
  g_assert_no_error (error);
  training_case_run (bad);
  kept = gst_sod_training_get_network (bad, "a");
  g_assert_cmpstr (gst_sod_network_get_version (kept), ==,
      gst_sod_network_get_version (start));
}

/* ---- two frames ---- */

static gdouble
start_score (GstSodTraining *training)
{
  g_autoptr (JsonNode) record = training_case_record (training);
  JsonArray *starts =
      json_object_get_array_member (json_node_get_object (record), "starts");

  return json_object_get_double_member (
      json_array_get_object_element (starts, 0), "max_f");
}

/* Of the kernels for the frame before; the stem's are (c, 6, k, k). */
static gdouble
sum_of_second_frame (GstSodNetwork *network)
{
  GstSodTensor *kernels =
      gst_sod_network_get_tensor (network, "stem.k3.conv.weight");
  const gfloat *values = gst_sod_tensor_peek_data (kernels);
  gdouble sum = 0;

  g_assert_cmpint (gst_sod_tensor_get_dim (kernels, 1), ==, 6);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (kernels); i++)
    sum += i / 27 % 2 == 1 ? fabs (values[i]) : 0;
  return sum;
}

/* A start of one frame goes on with two, as good as it was. */
static void
test_start_is_widened (void)
{
  /* Stills that lie as they did have no difference to learn from. */
  static const gchar *const two[] = { "base.input-frames", "2",
    "base.second-input", "frame", NULL };
  g_autoptr (GstSodTraining) narrow = training_case_new (NULL, 1, TRUE);
  g_autoptr (GstSodTraining) wide = training_case_new (two, 1, TRUE);
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (JsonNode) record = NULL;

  training_case_run (narrow);
  training_case_run (wide);
  g_assert_cmpfloat_with_epsilon (
      start_score (wide), start_score (narrow), 1e-3);
  network = gst_sod_training_get_network (wide, "a");
  g_assert_cmpfloat (sum_of_second_frame (network), >, 0);
  record = training_case_record (wide);
  g_assert_cmpfloat (training_case_loss (record, 0, TRUE), <,
      0.8 * training_case_loss (record, 0, FALSE));
}

static void
test_resume_widened (void)
{
  static const gchar *const two[] = { "base.input-frames", "2", NULL };

  training_case_check_resume (two, 1, 5);
}

static void
test_lineage_names_parent_and_data (void)
{
  g_autoptr (GstSodTraining) training = training_case_new (NULL, 1, TRUE);
  g_autoptr (GstSodNetwork) network = NULL;
  const gchar *lineage, *scores;

  training_case_run (training);
  network = gst_sod_training_get_network (training, "a");
  lineage = gst_sod_network_get_metadata (network, "lineage");
  scores = gst_sod_network_get_metadata (network, "scores");
  g_assert_nonnull (strstr (lineage, "\"name\":\"initialise\""));
  g_assert_nonnull (strstr (lineage, "\"labelled\":8"));
  g_assert_nonnull (strstr (lineage, "\"parents\":[\""));
  g_assert_nonnull (strstr (scores, "\"max-f\""));
}

/* ---- what is left ---- */

static void
test_save_writes_all (void)
{
  static const gchar *const names[] = { "a.safetensors", "reverse.safetensors",
    "settings.ini", "run.json" };
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autoptr (GstSodTraining) training = training_case_new (NULL, 1, FALSE);
  g_autoptr (GError) error = NULL;

  training_case_run (training);
  g_assert_true (gst_sod_training_save (training, folder, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (folder, names[i], NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/training/phase-1/one-node-learns", test_one_node_learns);
  g_test_add_func ("/training/phase-1/augmentation-is-changed",
      test_augmentation_is_changed);
  g_test_add_func (
      "/training/phase-1/resumes-to-the-same-bytes", test_resume_phase_1);
  g_test_add_func ("/training/numbers-of-settings-are-learnt-by",
      test_numbers_of_settings_are_learnt_by);
  g_test_add_func ("/training/growth-is-set", test_growth_is_set);
  g_test_add_func ("/training/refuses/no-labels", test_no_labels);
  g_test_add_func ("/training/refuses/black-labels", test_black_labels);
  g_test_add_func ("/training/refuses/to-resume-with-other-settings",
      test_other_settings_are_not_resumed);
  g_test_add_func ("/training/refuses/divergence-in-the-end",
      test_divergence_is_an_error_in_the_end);
  g_test_add_func (
      "/training/one-bad-step-is-taken-back", test_one_bad_step_is_taken_back);
  g_test_add_func (
      "/training/unreadable-labels-are-told", test_unreadable_labels_are_told);
  g_test_add_func ("/training/worse-is-not-better", test_worse_is_not_better);
  g_test_add_func ("/training/worse-reverse-is-not-better",
      test_worse_reverse_is_not_better);
  g_test_add_func ("/training/keeps-the-start-where-it-is-best",
      test_keeps_the_start_where_it_is_best);
  g_test_add_func (
      "/training/two-frames/start-is-widened", test_start_is_widened);
  g_test_add_func (
      "/training/two-frames/resumes-to-the-same-bytes", test_resume_widened);
  g_test_add_func ("/training/lineage-names-parent-and-data",
      test_lineage_names_parent_and_data);
  g_test_add_func ("/training/save-writes-all", test_save_writes_all);
  return g_test_run ();
}
