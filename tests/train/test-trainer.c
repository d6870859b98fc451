/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trainer as its users see it: it learns, twice the same, and says so when
 * it cannot. */
#include "train-plan.h"

#include <math.h>
#include <string.h>

#include <gst-sod/train/trainer-private.h>

#define N_SAMPLES 4

/* Frames of noise with a bright disc in each, and their masks. */
static void
new_discs (
    gint64 height, gint64 width, GstSodTensor **input, GstSodTensor **target)
{
  GstSodShape shape = gst_sod_shape_nchw (N_SAMPLES, 3, height, width);
  GstSodShape map = gst_sod_shape_nchw (N_SAMPLES, 1, height, width);
  gfloat *pixels, *truth;

  *input = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 11);
  *target = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &map, NULL);
  pixels = gst_sod_tensor_get_data (*input);
  truth = gst_sod_tensor_get_data (*target);
  for (gint64 i = 0; i < N_SAMPLES * height * width; i++) {
    gint64 n = i / (height * width), y = i / width % height, x = i % width;
    gdouble dx = (gdouble) (x - width * (n + 1) / 5) / (gdouble) height;
    gdouble dy = (gdouble) (y - height * (4 - n) / 5) / (gdouble) height;

    truth[i] = dx * dx + dy * dy < 0.06;
    for (gint64 c = 0; c < 3; c++)
      pixels[((n * 3 + c) * height + y) * width + x] *= 0.3f;
    pixels[(n * 3 * height + y) * width + x] += 1.5f * truth[i];
  }
}

/* @backend NULL: the public way. */
static GstSodTrainer *
new_trainer (GstSodNetworkKind kind, guint64 seed, const gchar *backend)
{
  g_autoptr (GstSodNetwork) network = train_network_new_tiny (kind, seed);
  g_autoptr (GError) error = NULL;
  GstSodTrainer *trainer =
      backend != NULL ? gst_sod_trainer_new_on (
          network, gst_sod_backend_get (backend, NULL), 1, &error)
                      : gst_sod_trainer_new (network, "cpu", 1, &error);

  g_assert_no_error (error);
  g_object_set (trainer, "warm-up", G_GUINT64_CONSTANT (0), NULL);
  return trainer;
}

static gdouble
step (GstSodTrainer *trainer, const GstSodTensor *input,
    const GstSodTensor *target)
{
  g_autoptr (GError) error = NULL;
  gdouble loss = NAN;

  gst_sod_trainer_step (trainer, input, target, &loss, &error);
  g_assert_no_error (error);
  g_assert_true (isfinite (loss));
  return loss;
}

static void
test_learns_a_few_frames_by_heart (gconstpointer data)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, data);
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  gdouble first, last = 0;
  guint n_steps = 60;

  new_discs (32, 48, &input, &target);
  g_object_set (
      trainer, "learning-rate", 1e-2, "steps", (guint64) n_steps, NULL);
  first = step (trainer, input, target);
  for (guint i = 1; i < n_steps; i++)
    last = step (trainer, input, target);
  g_test_message ("loss %g, after %u steps %g", first, n_steps, last);
  g_assert_cmpfloat (first, >, 1);
  g_assert_cmpfloat (last, <, 0.2 * first);
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (trainer), ==, n_steps);
  g_assert_cmpfloat (gst_sod_trainer_get_rate (trainer), ==, 0);
}

static void
test_reverse_learns_too (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_REVERSE, 1, NULL);
  g_autoptr (GstSodTensor) frames = NULL, map = NULL, target = NULL;
  GstSodShape shape = gst_sod_shape_nchw (N_SAMPLES, 3, 16, 24);
  GstSodLoss loss;
  gdouble first, last = 0;
  gfloat *values;

  new_discs (32, 48, &frames, &map);
  target = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, 5);
  values = gst_sod_tensor_get_data (target);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (target); i++)
    values[i] = 0.5f + 0.1f * values[i];
  g_object_get (trainer, "loss", &loss, NULL);
  g_assert_cmpint (loss, ==, GST_SOD_LOSS_L1_GRADIENT);
  g_object_set (trainer, "learning-rate", 1e-2, NULL);
  first = step (trainer, map, target);
  for (guint i = 1; i < 20; i++)
    last = step (trainer, map, target);
  g_test_message ("loss %g, after 20 steps %g", first, last);
  g_assert_cmpfloat (last, <, 0.6 * first);
}

static void
hash_values (GChecksum *sum, gconstpointer values, gsize n)
{
  g_checksum_update (sum, values, (gssize) (n * sizeof (gfloat)));
}

/* Of all that training changes. */
static gchar *
hash_state (GstSodTrainer *trainer)
{
  GstSodParams *params = gst_sod_trainer_get_params (trainer);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (params->list, i);

    hash_values (sum, gst_sod_tensor_peek_data (param->weight), param->n);
    hash_values (sum, param->average, param->n);
    for (guint j = 0; param->gradient != NULL && j < GST_SOD_PARAM_MOMENTS; j++)
      hash_values (sum, param->moments[j], param->n);
  }
  return g_strdup (g_checksum_get_string (sum));
}

typedef struct
{
  const gchar *backend;
  GstSodNetworkKind kind;
  GstSodPrecision precision;
} Course;

/* Batches of two sizes, and gradients accumulated, on two threads. */
static gchar *
train_a_little (const Course *course, guint64 seed)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (course->kind, seed);
  g_autoptr (GstSodTrainer) trainer = gst_sod_trainer_new_on (
      network, gst_sod_backend_get (course->backend, NULL), 2, NULL);
  g_autoptr (GstSodTensor) small = NULL, small_map = NULL;
  g_autoptr (GstSodTensor) large = NULL, large_map = NULL;
  g_autoptr (GstSodTensor) frames = NULL, map = NULL;

  g_object_set (
      trainer, "precision", course->precision, "accumulate", 2u, NULL);
  new_discs (16, 32, &small, &small_map);
  new_discs (32, 48, &large, &large_map);
  new_discs (32, 64, &frames, &map); /* small is half as large */
  for (guint i = 0; i < 2; i++) {
    if (course->kind == GST_SOD_NETWORK_BASE) {
      step (trainer, small, small_map);
      step (trainer, large, large_map);
    } else {
      step (trainer, map, small);
    }
  }
  return hash_state (trainer);
}

static void
test_two_runs_give_the_same_bytes (gconstpointer data)
{
  g_autofree gchar *one = train_a_little (data, 7);
  g_autofree gchar *two = train_a_little (data, 7);
  g_autofree gchar *other = train_a_little (data, 8);

  g_assert_cmpstr (one, ==, two);
  g_assert_cmpstr (one, !=, other);
}

static void
test_batches_change_their_size (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, NULL);
  g_autoptr (GstSodTensor) small = NULL, small_map = NULL;
  g_autoptr (GstSodTensor) large = NULL, large_map = NULL;

  new_discs (16, 32, &small, &small_map);
  new_discs (32, 64, &large, &large_map);
  step (trainer, small, small_map);
  step (trainer, large, large_map);
  step (trainer, small, small_map);
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (trainer), ==, 3);
}

/* The plan of a size that comes back is the one of before; those not used for
 * longest go. */
static void
test_keeps_a_few_plans (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, NULL);
  const GPtrArray *streams = trainer->engine.streams;
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  gconstpointer first;

  new_discs (16, 32, &input, &target);
  step (trainer, input, target);
  first = g_ptr_array_index (streams, 0);
  for (gint64 i = 0; i < 8; i++) {
    g_autoptr (GstSodTensor) other = NULL, other_target = NULL;

    new_discs (32, 32 + 16 * i, &other, &other_target);
    step (trainer, other, other_target);
    g_assert_cmpuint (streams->len, <=, 4);
    step (trainer, input, target);
    g_assert_true (g_ptr_array_index (streams, 0) == first);
  }
  g_assert_cmpuint (streams->len, ==, 4);
  trainer->engine.max_kept = 1;
  g_clear_pointer (&input, gst_sod_tensor_unref);
  g_clear_pointer (&target, gst_sod_tensor_unref);
  new_discs (48, 32, &input, &target);
  step (trainer, input, target);
  g_assert_cmpuint (streams->len, ==, 1);
}

/* Memory of outputs that were let go of is used again, of others not. */
static void
test_an_output_stays_while_it_is_held (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, NULL);
  g_autoptr (GstSodTensor) input = NULL, target = NULL, first = NULL;
  g_autoptr (GstSodTensor) again = NULL, other = NULL;
  g_autoptr (GBytes) bytes = NULL, same = NULL;

  new_discs (32, 48, &input, &target);
  first = gst_sod_trainer_predict (trainer, input, FALSE, NULL);
  bytes = gst_sod_tensor_get_bytes (first);
  memset (gst_sod_tensor_get_data (input), 0, gst_sod_tensor_get_size (input));
  other = gst_sod_trainer_predict (trainer, input, FALSE, NULL);
  g_assert_true (
      gst_sod_tensor_peek_data (other) != gst_sod_tensor_peek_data (first));
  same = gst_sod_tensor_get_bytes (first);
  g_assert_true (g_bytes_equal (bytes, same));
  g_clear_pointer (&first, gst_sod_tensor_unref);
  again = gst_sod_trainer_predict (trainer, input, FALSE, NULL);
  g_assert_cmpmem (gst_sod_tensor_peek_data (again),
      gst_sod_tensor_get_size (again), gst_sod_tensor_peek_data (other),
      gst_sod_tensor_get_size (other));
}

static void
test_a_snapshot_is_a_network_with_a_parent (void)
{
  g_autoptr (GstSodNetwork) parent =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GstSodTrainer) trainer =
      gst_sod_trainer_new (parent, "auto", 1, NULL);
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  g_autoptr (GstSodNetwork) untouched = NULL, averaged = NULL, last = NULL;
  g_autofree gchar *version = g_strdup (gst_sod_network_get_version (parent));

  untouched = gst_sod_trainer_snapshot (trainer, NULL);
  g_assert_cmpstr (gst_sod_network_get_version (untouched), ==, version);
  new_discs (16, 32, &input, &target);
  step (trainer, input, target);
  averaged = gst_sod_trainer_snapshot (trainer, NULL);
  g_object_set (trainer, "average-decay", 0.0, NULL);
  last = gst_sod_trainer_snapshot (trainer, NULL);
  g_assert_cmpstr (gst_sod_network_get_version (averaged), !=,
      gst_sod_network_get_version (last));
  g_assert_cmpstr (gst_sod_network_get_version (averaged), !=, version);
  g_assert_cmpstr (gst_sod_network_get_version (parent), ==, version);
  g_assert_cmpstr (
      gst_sod_network_get_id (last), ==, gst_sod_network_get_id (parent));
  g_assert_nonnull (
      strstr (gst_sod_network_get_metadata (last, "lineage"), version));
}

/* The state of the trainer's weights, moments aside. */
static gchar *
take_version (GstSodTrainer *trainer)
{
  g_autoptr (GstSodNetwork) network = gst_sod_trainer_snapshot (trainer, NULL);

  return g_strdup (gst_sod_network_get_version (network));
}

static void
expect_refusal (GstSodTrainer *trainer, const GstSodTensor *input,
    const GstSodTensor *target, GstSodError code)
{
  g_autofree gchar *before = take_version (trainer), *after = NULL;
  guint64 n_steps = gst_sod_trainer_get_n_steps (trainer);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_trainer_step (trainer, input, target, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, (gint) code);
  g_test_message ("%s", error->message);
  after = take_version (trainer);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (trainer), ==, n_steps);
}

static void
test_a_refused_step_changes_nothing (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, NULL);
  g_autoptr (GstSodTensor) input = NULL, target = NULL, wrong = NULL;
  g_autoptr (GstSodTensor) odd = NULL;
  GstSodShape map = gst_sod_shape_nchw (N_SAMPLES, 1, 16, 16);
  GstSodShape frame = gst_sod_shape_nchw (N_SAMPLES, 3, 17, 32);
  gfloat *pixel, before;

  new_discs (16, 32, &input, &target);
  g_object_set (trainer, "average-decay", 0.0, NULL);
  step (trainer, input, target);
  wrong = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &map, NULL);
  odd = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &frame, NULL);
  expect_refusal (trainer, input, wrong, GST_SOD_ERROR_MISMATCH);
  expect_refusal (trainer, target, target, GST_SOD_ERROR_MISMATCH);
  expect_refusal (trainer, odd, target, GST_SOD_ERROR_MISMATCH);
  pixel = gst_sod_tensor_get_data (input);
  before = *pixel;
  *pixel = NAN;
  expect_refusal (trainer, input, target, GST_SOD_ERROR_DIVERGED);
  *pixel = before;
  g_assert_cmpfloat (step (trainer, input, target), <, 10);
}

/* Of plain gradient descent at a rate of 1 the step is the gradient. */
/* After so many times that it was asked. */
static gboolean
is_stopped_in_time (gpointer left)
{
  return (*(gint *) left)-- <= 0;
}

/* Between any two nodes, there and back; and the step is then taken as if it
 * had never been begun. */
static void
test_a_step_stops_between_nodes (gconstpointer backend)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, backend);
  g_autoptr (GstSodTrainer) other =
      new_trainer (GST_SOD_NETWORK_BASE, 1, backend);
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  g_autofree gchar *found = NULL, *expected = NULL;
  gint n_stopped = 0, left;
  gboolean taken = FALSE;

  new_discs (16, 32, &input, &target);
  gst_sod_trainer_set_stop (trainer, is_stopped_in_time, &left);
  for (gint n = 0; !taken; n += 5) {
    g_autofree gchar *before = hash_state (trainer), *after = NULL;
    g_autoptr (GError) error = NULL;

    left = n;
    taken = gst_sod_trainer_step (trainer, input, target, NULL, &error);
    if (taken)
      break;
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
    n_stopped++;
    after = hash_state (trainer);
    g_assert_cmpstr (before, ==, after);
  }
  /* Some fifty nodes, twice. */
  g_assert_cmpint (n_stopped, >, 10);
  step (other, input, target);
  found = hash_state (trainer);
  expected = hash_state (other);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_clipping_bounds_the_step (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (GST_SOD_NETWORK_BASE, 1, NULL);
  GstSodParams *params = gst_sod_trainer_get_params (trainer);
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  g_autoptr (GHashTable) before = NULL;
  gdouble sum = 0;

  g_object_set (trainer, "optimiser", GST_SOD_OPTIMISER_SGD, "learning-rate",
      1.0, "momentum", 0.0, "weight-decay", 0.0, "clip-norm", 0.01, NULL);
  new_discs (16, 32, &input, &target);
  before = gst_sod_params_copy (params, FALSE, NULL);
  step (trainer, input, target);
  for (guint i = 0; i < params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (params->list, i);
    const GstSodTensor *old = g_hash_table_lookup (before, param->name);

    for (gsize j = 0; param->gradient != NULL && j < param->n; j++) {
      gdouble moved =
          train_tensor_get (param->weight, j) - train_tensor_get (old, j);

      sum += moved * moved;
    }
  }
  g_assert_cmpfloat_with_epsilon (sqrt (sum), 0.01, 1e-5);
}

static void
test_refuses_a_device_that_is_none (void)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_trainer_new (network, "toaster", 1, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  static const Course courses[] = {
    { "ref", GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32 },
    { "onednn", GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32 },
    { "onednn", GST_SOD_NETWORK_REVERSE, GST_SOD_PRECISION_F32 },
    { "onednn", GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_AUTO },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/train/trainer/ref/learns-a-few-frames-by-heart",
      "ref", test_learns_a_few_frames_by_heart);
  g_test_add_data_func ("/train/trainer/ref/a-step-stops-between-nodes", "ref",
      test_a_step_stops_between_nodes);
  g_test_add_data_func ("/train/trainer/ref/two-runs-give-the-same-bytes",
      &courses[0], test_two_runs_give_the_same_bytes);
  if (gst_sod_backend_get ("onednn", NULL) != NULL) {
    g_test_add_data_func ("/train/trainer/onednn/learns-a-few-frames-by-heart",
        "onednn", test_learns_a_few_frames_by_heart);
    g_test_add_data_func ("/train/trainer/onednn/a-step-stops-between-nodes",
        "onednn", test_a_step_stops_between_nodes);
    g_test_add_data_func ("/train/trainer/onednn/two-runs-give-the-same-bytes",
        &courses[1], test_two_runs_give_the_same_bytes);
    g_test_add_data_func (
        "/train/trainer/onednn/two-runs-of-reverse-give-the-same-bytes",
        &courses[2], test_two_runs_give_the_same_bytes);
    g_test_add_data_func (
        "/train/trainer/onednn/two-runs-at-best-give-the-same-bytes",
        &courses[3], test_two_runs_give_the_same_bytes);
  }
  g_test_add_func (
      "/train/trainer/reverse-learns-too", test_reverse_learns_too);
  g_test_add_func ("/train/trainer/batches-change-their-size",
      test_batches_change_their_size);
  g_test_add_func ("/train/trainer/keeps-a-few-plans", test_keeps_a_few_plans);
  g_test_add_func ("/train/trainer/an-output-stays-while-it-is-held",
      test_an_output_stays_while_it_is_held);
  g_test_add_func ("/train/trainer/a-snapshot-has-a-parent",
      test_a_snapshot_is_a_network_with_a_parent);
  g_test_add_func ("/train/trainer/a-refused-step-changes-nothing",
      test_a_refused_step_changes_nothing);
  g_test_add_func (
      "/train/trainer/clipping-bounds-the-step", test_clipping_bounds_the_step);
  g_test_add_func ("/train/trainer/refuses-a-device-that-is-none",
      test_refuses_a_device_that_is_none);
  return g_test_run ();
}
