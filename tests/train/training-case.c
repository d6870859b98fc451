/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "training-case.h"

#include <string.h>

#include <glib/gstdio.h>
#include <gst-sod/core/tensor-private.h>

#include "train-plan.h"

/* What every test's training starts from, "key", "value", ... */
static const gchar *const common[] = { "data.width", "48", "data.height", "32",
  "data.small-width", "32", "data.small-height", "16", "data.batch-size", "4",
  "data.augmentation", "none", "data.reading-threads", "0", "run.device", "cpu",
  "run.threads", "1", "run.precision", "f32", "run.last-phase", "1",
  "base.warm-up", "2", "base.average-decay", "0.9", "base.learning-rate",
  "1e-2", "base.steps", "24", NULL };

GstSodTrainingSettings *
training_case_settings (const gchar *const *more)
{
  g_autoptr (GError) error = NULL;
  GstSodTrainingSettings *settings =
      gst_sod_training_settings_new (NULL, &error);
  const gchar *const *lists[] = { common, more };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    for (guint j = 0; lists[i] != NULL && lists[i][j] != NULL; j += 2) {
      gst_sod_training_settings_set (
          settings, lists[i][j], lists[i][j + 1], &error);
      g_assert_no_error (error);
    }
  }
  return settings;
}

/* With nodes "a", "b", ...: of each @n frames, half of them labelled. */
GstSodTraining *
training_case_new (const gchar *const *more, guint n_nodes, gboolean held_out)
{
  static const gchar *const names[] = { "a", "b", "c" };
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (more);
  g_autoptr (GstSodNetwork) reverse =
      train_network_new_tiny (GST_SOD_NETWORK_REVERSE, 9);
  g_autoptr (GError) error = NULL;
  GstSodTraining *training = gst_sod_training_new (settings, &error);

  g_assert_no_error (error);
  gst_sod_training_set_reverse (training, reverse, &error);
  g_assert_no_error (error);
  for (guint k = 0; k < n_nodes; k++) {
    g_autoptr (GstSodSamples) samples = scenes_new (16, 8, k + 1, SCENES_GOOD);
    g_autoptr (GstSodSamples) rest =
        held_out ? scenes_new (4, 4, 100 + k, SCENES_GOOD) : NULL;
    g_autoptr (GstSodNetwork) start =
        train_network_new_tiny (GST_SOD_NETWORK_BASE, k + 1);

    gst_sod_training_add_node (
        training, names[k], samples, rest, start, &error);
    g_assert_no_error (error);
  }
  return training;
}

void
training_case_run (GstSodTraining *training)
{
  g_autoptr (GError) error = NULL;
  gboolean done = gst_sod_training_run (training, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (done);
}

JsonNode *
training_case_record (GstSodTraining *training)
{
  g_autofree gchar *json = gst_sod_training_to_json (training);

  return json_from_string (json, NULL);
}

JsonObject *
training_case_stage (JsonNode *record, guint stage)
{
  JsonArray *stages =
      json_object_get_array_member (json_node_get_object (record), "stages");

  g_assert_cmpuint (stage, <, json_array_get_length (stages));
  return json_array_get_object_element (stages, stage);
}

/* Mean of the first, or last, quarter of a stage's loss curve. */
gdouble
training_case_loss (JsonNode *record, guint stage, gboolean last)
{
  JsonArray *losses = json_object_get_array_member (
      training_case_stage (record, stage), "losses");
  guint n = json_array_get_length (losses), quarter = n / 4;
  gdouble sum = 0;

  g_assert_cmpuint (quarter, >, 0);
  for (guint i = 0; i < quarter; i++)
    sum += json_array_get_double_element (
        json_array_get_array_element (losses, last ? n - 1 - i : i), 1);
  return sum / quarter;
}

static gboolean
have_same_weights (GstSodNetwork *a, GstSodNetwork *b)
{
  g_auto (GStrv) names = gst_sod_network_list_tensors (a);

  for (guint i = 0; names[i] != NULL; i++) {
    GstSodTensor *of_a = gst_sod_network_get_tensor (a, names[i]);
    GstSodTensor *of_b = gst_sod_network_get_tensor (b, names[i]);

    if (memcmp (gst_sod_tensor_peek_data (of_a),
            gst_sod_tensor_peek_data (of_b), gst_sod_tensor_get_size (of_a))
        != 0)
      return FALSE;
  }
  return TRUE;
}

/* Stops a training at its Nth report of any kind. */
typedef struct
{
  GCancellable *cancellable;
  guint left;
} Stop;

static void
stop_at (GstSodTraining *training, const gchar *node, GstSodNetwork *network,
    gdouble score, gboolean better, gpointer user_data)
{
  Stop *stop = user_data;

  if (stop->left-- == 1)
    g_cancellable_cancel (stop->cancellable);
}

/* Runs until the @n_networks-th network is offered, then from the checkpoint's
 * file with another object. */
static GstSodTraining *
run_in_two (const gchar *const *more, guint n_nodes, guint n_networks)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autofree gchar *older = g_strconcat (path, "~", NULL);
  g_autoptr (GstSodTraining) first = training_case_new (more, n_nodes, TRUE);
  GstSodTraining *second = training_case_new (more, n_nodes, TRUE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Stop stop = { cancellable, n_networks };

  g_signal_connect (first, "network", G_CALLBACK (stop_at), &stop);
  g_assert_false (gst_sod_training_run (first, cancellable, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&error);
  gst_sod_training_checkpoint (first, path, &error);
  g_assert_no_error (error);
  gst_sod_training_resume (second, path, &error);
  g_assert_no_error (error);
  training_case_run (second);
  g_remove (path);
  g_remove (older);
  g_rmdir (folder);
  return second;
}

void
training_case_assert_same (GstSodTraining *one, GstSodTraining *other)
{
  g_auto (GStrv) names = gst_sod_training_list_nodes (one);
  g_autoptr (GstSodNetwork) reverse = gst_sod_training_get_reverse (one);

  for (guint k = 0; names[k] != NULL; k++) {
    g_autoptr (GstSodNetwork) a = gst_sod_training_get_network (one, names[k]);
    g_autoptr (GstSodNetwork) b =
        gst_sod_training_get_network (other, names[k]);

    g_assert_true (have_same_weights (a, b));
  }
  if (reverse != NULL) {
    g_autoptr (GstSodNetwork) b = gst_sod_training_get_reverse (other);

    g_assert_true (have_same_weights (reverse, b));
  }
}

void
training_case_check_resume (
    const gchar *const *more, guint n_nodes, guint n_networks)
{
  g_autoptr (GstSodTraining) whole = training_case_new (more, n_nodes, TRUE);
  g_autoptr (GstSodTraining) resumed = run_in_two (more, n_nodes, n_networks);

  training_case_run (whole);
  training_case_assert_same (whole, resumed);
}
