/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A training from its start to its end: what it learns, tells, keeps and
 * refuses. Generated scenes, tiny networks. */
#include "training-case.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <gst-sod/nn/network-private.h>
#include <gst-sod/train/training.h>
#include <json-glib/json-glib.h>

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
  /* 24 steps of 2 batches an epoch. */
  g_assert_cmpuint (n_scores, ==, 12);
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

/* ---- what is refused ---- */

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
  static const gchar *const other[] = { "base.loss", "bce", NULL };
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTraining) first = training_case_new (NULL, 1, FALSE);
  g_autoptr (GstSodTraining) second = training_case_new (other, 1, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_training_checkpoint (first, path, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED);
  g_clear_error (&error);
  training_case_run (first);
  gst_sod_training_checkpoint (first, path, &error);
  g_assert_no_error (error);
  g_assert_false (gst_sod_training_resume (second, path, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "base.loss = structure"));
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/training/phase-1/one-node-learns", test_one_node_learns);
  g_test_add_func (
      "/training/phase-1/resumes-to-the-same-bytes", test_resume_phase_1);
  g_test_add_func ("/training/refuses/no-labels", test_no_labels);
  g_test_add_func ("/training/refuses/black-labels", test_black_labels);
  g_test_add_func ("/training/refuses/to-resume-with-other-settings",
      test_other_settings_are_not_resumed);
  g_test_add_func ("/training/refuses/divergence-in-the-end",
      test_divergence_is_an_error_in_the_end);
  return g_test_run ();
}
