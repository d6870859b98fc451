/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The three phases: each learns, and each resumes to the same bytes; and what
 * they are made of. Generated scenes, tiny networks. */
#include "training-case.h"

#include <math.h>
#include <string.h>

#include <gst-sod/core/tensor-private.h>
#include <gst-sod/train/degrade-private.h>
#include <gst-sod/train/monitor-private.h>
#include <gst-sod/train/pseudo-label-private.h>

#include "train-plan.h"

static const gchar *const all_phases[] = { "run.last-phase", "3", "run.rounds",
  "1", "base.steps", "10", "reverse.steps", "24", "reverse.warm-up", "2",
  "reverse.average-decay", "0.9", "reverse.learning-rate", "1e-2",
  "augmented.steps", "24", "augmented.ramp", "0", "augmented.warm-up", "2",
  "augmented.monitor", "warn", "augmented.unlabelled", "no",
  "semi-supervised.steps", "24", "semi-supervised.warm-up", "2",
  "semi-supervised.min-confidence", "0.2", "semi-supervised.distill-steps",
  "16", "semi-supervised.learning-rate", "5e-3", "data.small-share", "0",
  "score.interval", "100", NULL };

/* Index of the stage @name of phase @phase. */
static guint
find_stage (JsonNode *record, guint phase, const gchar *name, const gchar *node)
{
  JsonArray *stages =
      json_object_get_array_member (json_node_get_object (record), "stages");

  for (guint i = 0; i < json_array_get_length (stages); i++) {
    JsonObject *stage = training_case_stage (record, i);

    if (json_object_get_int_member (stage, "phase") == phase
        && g_str_equal (json_object_get_string_member (stage, "name"), name)
        && g_str_equal (json_object_get_string_member (stage, "node"), node))
      return i;
  }
  g_test_message ("no stage %s of %s in phase %u", name, node, phase);
  g_assert_not_reached ();
}

static void
expect_fall (JsonNode *record, guint phase, const gchar *name,
    const gchar *node, gdouble factor)
{
  guint stage = find_stage (record, phase, name, node);

  g_test_message ("phase %u, %s of %s: loss %.4f, then %.4f", phase, name, node,
      training_case_loss (record, stage, FALSE),
      training_case_loss (record, stage, TRUE));
  g_assert_cmpfloat (training_case_loss (record, stage, TRUE), <,
      factor * training_case_loss (record, stage, FALSE));
}

static void
test_each_learns (void)
{
  g_autoptr (GstSodTraining) training = training_case_new (all_phases, 2, TRUE);
  g_autoptr (JsonNode) record = NULL;
  JsonArray *labels;

  training_case_run (training);
  record = training_case_record (training);
  expect_fall (record, 1, "initialise", "a", 0.9);
  expect_fall (record, 1, "initialise", "b", 0.9);
  expect_fall (record, 1, "initialise", "reverse", 0.9);
  expect_fall (record, 2, "augment", "a", 1);
  expect_fall (record, 2, "augment", "b", 1);
  expect_fall (record, 3, "teach", "reverse", 1);
  expect_fall (record, 3, "distill", "a", 1);
  labels = json_object_get_array_member (
      json_node_get_object (record), "pseudo-labels");
  g_assert_cmpuint (json_array_get_length (labels), ==, 1);
  g_assert_cmpint (json_object_get_int_member (
                       json_array_get_object_element (labels, 0), "frames"),
      ==, 16);
}

/* What runs a step at one go, and what takes it apart. */
static void
test_learns_on_a_gpu (void)
{
  static const gchar *const more[] = { "run.device", "cuda", "run.last-phase",
    "2", "run.rounds", "1", "base.steps", "16", "reverse.steps", "16",
    "reverse.warm-up", "2", "reverse.average-decay", "0.9",
    "reverse.learning-rate", "1e-2", "augmented.steps", "16", "augmented.ramp",
    "0", "augmented.warm-up", "2", "augmented.monitor", "warn",
    "augmented.unlabelled", "no", "data.small-share", "0", "score.interval",
    "100", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (JsonNode) record = NULL;

  training_case_run (training);
  record = training_case_record (training);
  expect_fall (record, 1, "initialise", "a", 0.9);
  expect_fall (record, 1, "initialise", "reverse", 0.9);
  expect_fall (record, 2, "augment", "a", 1);
}

/* What the paper prescribes, but for the size of it. */
static void
test_paper_runs (void)
{
  static const gchar *const short_of_it[] = { "base.steps", "8",
    "reverse.steps", "8", "augmented.steps", "8", "semi-supervised.steps", "8",
    "data.width", "48", "data.height", "32", "data.batch-size", "4",
    "run.threads", "1", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new ("paper", &error);
  g_autoptr (GstSodTraining) training = NULL;
  g_autoptr (GstSodSamples) samples = scenes_new (16, 8, 1, SCENES_GOOD);
  g_autoptr (GstSodNetwork) base =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GstSodNetwork) reverse =
      train_network_new_tiny (GST_SOD_NETWORK_REVERSE, 2);
  g_autoptr (GstSodNetwork) after = NULL;
  g_autoptr (JsonNode) record = NULL;

  for (guint i = 0; short_of_it[i] != NULL; i += 2) {
    gst_sod_training_settings_set (
        settings, short_of_it[i], short_of_it[i + 1], &error);
    g_assert_no_error (error);
  }
  training = gst_sod_training_new (settings, &error);
  gst_sod_training_set_reverse (training, reverse, &error);
  g_assert_no_error (error);
  gst_sod_training_add_node (training, "a", samples, NULL, base, &error);
  g_assert_no_error (error);
  training_case_run (training);
  record = training_case_record (training);
  find_stage (record, 3, "teach", "reverse");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (
                        json_node_get_object (record), "stages")),
      ==, 4);
  /* Both learnt in phase 2. */
  after = gst_sod_training_get_reverse (training);
  g_assert_cmpstr (gst_sod_network_get_version (after), !=,
      gst_sod_network_get_version (reverse));
}

/* ---- resuming ---- */

static const gchar *const resumable[] = { "run.last-phase", "3", "run.rounds",
  "1", "base.steps", "8", "reverse.steps", "8", "augmented.steps", "8",
  "augmented.monitor", "warn", "augmented.monitor-interval", "3",
  "semi-supervised.steps", "16", "semi-supervised.distill-steps", "16",
  "semi-supervised.min-confidence", "0", "semi-supervised.min-area", "0",
  "data.batch-size", "4", NULL };

/* Offers of networks, one an epoch: 4 and 4 of base networks and 2 of reverse
 * in phase 1, 2 and 2 in phase 2, 2 of reverse and 2 and 2 of base networks in
 * phase 3. An odd one is in the middle of its stage. */
static void
test_resume (gconstpointer offer)
{
  training_case_check_resume (resumable, 2, GPOINTER_TO_UINT (offer));
}

/* Likewise with frames that are varied, read ahead by a thread. */
static void
test_resume_read_ahead (gconstpointer offer)
{
  static const gchar *const ahead[] = { "data.augmentation", "effective",
    "data.reading-threads", "1" };
  const gchar *more[G_N_ELEMENTS (resumable) + G_N_ELEMENTS (ahead)];

  memcpy (more, ahead, sizeof (ahead));
  memcpy (more + G_N_ELEMENTS (ahead), resumable, sizeof (resumable));
  training_case_check_resume (more, 2, GPOINTER_TO_UINT (offer));
}

/* ---- stopping ---- */

static void
cancel_soon (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  gint64 *at = user_data;

  if (*at == 0)
    *at = g_get_monotonic_time ();
  g_cancellable_cancel (g_object_get_data (G_OBJECT (training), "cancel"));
}

static void
test_stop_is_prompt (void)
{
  static const gchar *const endless[] = { "base.steps", "100000000", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (endless, 1, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 at = 0;

  g_object_set_data (G_OBJECT (training), "cancel", cancellable);
  g_signal_connect (training, "progress", G_CALLBACK (cancel_soon), &at);
  g_assert_false (gst_sod_training_run (training, cancellable, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - at, <, G_USEC_PER_SEC);
}

static void
test_time_ends_it (void)
{
  static const gchar *const timed[] = { "base.steps", "100000000",
    "run.max-time", "1", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (timed, 2, FALSE);
  g_autoptr (JsonNode) record = NULL;
  gint64 start = g_get_monotonic_time ();
  gdouble seconds;

  training_case_run (training);
  seconds = (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_cmpfloat (seconds, <, 10);
  record = training_case_record (training);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpfloat (json_object_get_double_member (
                           training_case_stage (record, i), "seconds"),
        >, 0.3);
}

/* ---- maps on their way ---- */

static GstSodTensor *
make_map (guint64 seed)
{
  GstSodShape shape = gst_sod_shape_nchw (2, 1, 8, 12);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);
  GstSodTensor *map =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  gfloat *values = gst_sod_tensor_get_data (map);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (map); i++)
    values[i] = (gfloat) gst_sod_random_uniform (random);
  return map;
}

/* <pool (a), b> = <a, pool' (b)> */
static void
test_pool_has_its_adjoint (void)
{
  GstSodDegradation pool = { .pool = TRUE };
  g_autoptr (GstSodTensor) a = make_map (1);
  g_autoptr (GstSodTensor) b = make_map (2);
  g_autoptr (GstSodTensor) pooled = gst_sod_degrade (&pool, a, NULL, NULL);
  const gfloat *values = gst_sod_tensor_peek_data (pooled);
  const gfloat *before = gst_sod_tensor_peek_data (a);
  gdouble forward = train_tensor_dot (pooled, b);

  g_assert_cmpfloat_with_epsilon (
      values[13], (before[0] + before[1] + before[12] + before[13]) / 4, 1e-6);
  gst_sod_degrade_backward (&pool, b);
  g_assert_cmpfloat_with_epsilon (train_tensor_dot (a, b), forward, 1e-4);
}

static void
test_noise_is_what_was_asked_for (void)
{
  GstSodDegradation noise = { .noise = 0.1 };
  GstSodShape shape = gst_sod_shape_nchw (1, 1, 64, 64);
  g_autoptr (GstSodTensor) map =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (3, 0);
  g_autoptr (GstSodTensor) noisy = gst_sod_degrade (&noise, map, random, NULL);
  const gfloat *values = gst_sod_tensor_peek_data (noisy);
  gdouble sum = 0, squares = 0;

  for (guint i = 0; i < 4096; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  g_assert_cmpfloat_with_epsilon (sum / 4096, 0, 0.01);
  g_assert_cmpfloat_with_epsilon (sqrt (squares / 4096), 0.1, 0.01);
}

static void
test_bits_are_0_and_1 (void)
{
  GstSodDegradation bits = { .noise = 0.1, .pool = TRUE, .binarise = TRUE };
  g_autoptr (GstSodTensor) map = make_map (1);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (3, 0);
  g_autoptr (GstSodTensor) cut = gst_sod_degrade (&bits, map, random, NULL);
  const gfloat *values = gst_sod_tensor_peek_data (cut);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (cut); i++)
    g_assert_true (values[i] == 0 || values[i] == 1);
}

/* ---- hidden information ---- */

static void
test_monitor (void)
{
  GstSodMonitor monitor = { 0 };
  g_autofree gchar *text = NULL;

  g_assert_cmpint (gst_sod_monitor_judge (&monitor, 0.05), ==, 0);
  gst_sod_monitor_add_truth (&monitor, 0.31, 0.30);
  gst_sod_monitor_add_shades (&monitor, 0.30, 0.31);
  g_assert_cmpint (gst_sod_monitor_judge (&monitor, 0.05), ==, 0);
  gst_sod_monitor_add_truth (&monitor, 0.28, 0.30);
  g_assert_cmpint (
      gst_sod_monitor_judge (&monitor, 0.05), ==, GST_SOD_MONITOR_BEATS_TRUTH);
  gst_sod_monitor_add_shades (&monitor, 0.10, 0.31);
  g_assert_cmpint (gst_sod_monitor_judge (&monitor, 0.05), ==,
      GST_SOD_MONITOR_BEATS_TRUTH | GST_SOD_MONITOR_USES_SHADES);
  text = gst_sod_monitor_describe (&monitor, 0.05);
  g_assert_nonnull (strstr (text, "0.983"));
  g_assert_nonnull (strstr (text, ", and soft maps"));
}

static void
count_hiding (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  if (strstr (text, "hidden in maps") != NULL)
    (*(guint *) user_data)++;
}

/* Nothing but the reconstruction, undegraded and without margin, is made small:
 * maps leave the truth behind and carry the picture's shades. */
static void
test_cheats_are_stopped (void)
{
  static const gchar *const cheat[] = { "run.last-phase", "2", "run.rounds",
    "1", "base.steps", "16", "reverse.steps", "60", "reverse.warm-up", "2",
    "reverse.degrade", "no", "reverse.learning-rate", "1e-2",
    "augmented.phase2-loss", "reconstruction", "augmented.lambda", "1",
    "augmented.margin", "no", "augmented.noise", "0", "augmented.pool", "no",
    "augmented.binarise", "0", "augmented.ramp", "0",
    "augmented.freeze-reverse", "no", "augmented.learning-rate", "1e-2",
    "augmented.warm-up", "0", "augmented.steps", "400",
    "augmented.monitor-interval", "5", "data.small-share", "0",
    "score.interval", "1000", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (cheat, 1, FALSE);
  g_autoptr (JsonNode) record = NULL;
  JsonObject *stage;
  guint n_warnings = 0;

  g_signal_connect (
      training, "warning", G_CALLBACK (count_hiding), &n_warnings);
  training_case_run (training);
  record = training_case_record (training);
  stage = training_case_stage (record, find_stage (record, 2, "augment", "a"));
  g_assert_cmpuint (n_warnings, >=, 3);
  g_assert_cmpstr (json_object_get_string_member (stage, "end"), ==,
      "stopped by the monitor");
  g_assert_cmpint (json_object_get_int_member (stage, "steps"), <, 400);
}

/* ---- pseudo-labels ---- */

static void
fill (gfloat *map, gfloat *confidence, gfloat level, gfloat share, gfloat sure)
{
  for (guint i = 0; i < 16 * 12; i++) {
    map[i] = i < share * 16 * 12 ? level : 0;
    confidence[i] = sure;
  }
}

static void
test_pseudo_labels_are_judged (void)
{
  GstSodPseudoRule rule = { TRUE, 0.6, 0.01, 0.7 };
  g_autoptr (GstSodSamples) scenes = scenes_new (8, 0, 1, SCENES_GOOD);
  g_autoptr (GstSodPseudoLabels) labels =
      gst_sod_pseudo_labels_new (scenes, 16, 12, &rule);
  const GstSodPseudoCounts *counts = gst_sod_pseudo_labels_get_counts (labels);
  gfloat map[16 * 12], confidence[16 * 12];

  fill (map, confidence, 1, 0.2f, 0.9f);
  g_assert_true (
      gst_sod_pseudo_labels_add (labels, 3, 64, 48, map, confidence));
  fill (map, confidence, 1, 0.2f, 0.5f);
  g_assert_false (
      gst_sod_pseudo_labels_add (labels, 4, 64, 48, map, confidence));
  fill (map, confidence, 1, 0.9f, 0.9f);
  g_assert_false (
      gst_sod_pseudo_labels_add (labels, 5, 64, 48, map, confidence));
  fill (map, confidence, 0.4f, 0.2f, 0.9f);
  g_assert_false (
      gst_sod_pseudo_labels_add (labels, 6, 64, 48, map, confidence));
  g_assert_cmpuint (counts->n_frames, ==, 4);
  g_assert_cmpuint (counts->n_accepted, ==, 1);
  g_assert_cmpuint (counts->n_unsure, ==, 1);
  g_assert_cmpuint (counts->n_wrong_area, ==, 2);
}

static void
test_pseudo_labels_are_samples (void)
{
  GstSodPseudoRule rule = { TRUE, 0, 0, 1 };
  g_autoptr (GstSodSamples) scenes = scenes_new (8, 0, 1, SCENES_GOOD);
  g_autoptr (GstSodPseudoLabels) labels =
      gst_sod_pseudo_labels_new (scenes, 16, 12, &rule);
  GstSodSamples *samples = GST_SOD_SAMPLES (labels);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GstSodImage) weights = NULL;
  g_autoptr (GBytes) bytes = NULL, weight_bytes = NULL;
  const guint8 *values;
  gfloat map[16 * 12], confidence[16 * 12];
  g_autoptr (GError) error = NULL;

  fill (map, confidence, 0.8f, 0.5f, 0.4f);
  gst_sod_pseudo_labels_add (labels, 3, 64, 48, map, confidence);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (samples), ==, 1);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 0), ==,
      gst_sod_samples_get_name (scenes, 3));
  gst_sod_samples_read (samples, 0, &image, &mask, &error);
  g_assert_no_error (error);
  gst_sod_samples_read_weights (samples, 0, &weights, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 64);
  g_assert_cmpint (gst_sod_image_get_width (mask), ==, 64);
  g_assert_cmpint (gst_sod_image_get_height (weights), ==, 48);
  bytes = gst_sod_image_get_gray (mask);
  values = g_bytes_get_data (bytes, NULL);
  g_assert_cmpuint (values[0], ==, 255);
  g_assert_cmpuint (values[64 * 48 - 1], ==, 0);
  weight_bytes = gst_sod_image_get_gray (weights);
  values = g_bytes_get_data (weight_bytes, NULL);
  g_assert_cmpuint (values[1000], ==, 102);
}

static void
add_resume (const gchar *name, guint offer)
{
  g_test_add_data_func (name, GUINT_TO_POINTER (offer), test_resume);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/phases/each-learns", test_each_learns);
  g_test_add_func ("/phases/paper-runs", test_paper_runs);
  add_resume ("/phases/resume/same-bytes-in-phase-1-of-reverse", 9);
  add_resume ("/phases/resume/same-bytes-in-phase-2", 11);
  add_resume ("/phases/resume/same-bytes-in-phase-3-of-reverse", 15);
  add_resume ("/phases/resume/same-bytes-in-phase-3-of-a-base-network", 17);
  g_test_add_data_func ("/phases/resume/same-bytes-in-phase-2-read-ahead",
      GUINT_TO_POINTER (11), test_resume_read_ahead);
  g_test_add_data_func ("/phases/resume/same-bytes-in-phase-3-read-ahead",
      GUINT_TO_POINTER (17), test_resume_read_ahead);
  if (train_find_gpu () != NULL)
    g_test_add_func ("/phases/gpu/each-learns", test_learns_on_a_gpu);
  g_test_add_func ("/phases/stop-is-prompt", test_stop_is_prompt);
  g_test_add_func ("/phases/time-ends-it", test_time_ends_it);
  g_test_add_func (
      "/phases/degrade/pool-has-its-adjoint", test_pool_has_its_adjoint);
  g_test_add_func ("/phases/degrade/noise-is-what-was-asked-for",
      test_noise_is_what_was_asked_for);
  g_test_add_func ("/phases/degrade/bits-are-0-and-1", test_bits_are_0_and_1);
  g_test_add_func ("/phases/monitor/finds-what-is-hidden", test_monitor);
  g_test_add_func (
      "/phases/monitor/cheats-are-stopped", test_cheats_are_stopped);
  g_test_add_func (
      "/phases/pseudo-labels/are-judged", test_pseudo_labels_are_judged);
  g_test_add_func (
      "/phases/pseudo-labels/are-samples", test_pseudo_labels_are_samples);
  return g_test_run ();
}
