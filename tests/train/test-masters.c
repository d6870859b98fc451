/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training that stays on the device: the same as on the CPU, and it gives back
 * what it was given. Runs on the first GPU, or on what takes the place of
 * one. */
#include "train-plan.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include <gst-sod/train/trainer-private.h>

static GstSodBackend *
get_gpu (void)
{
  return gst_sod_backend_get (train_find_gpu (), NULL);
}

static GstSodBackend *
get_cpu (void)
{
  return gst_sod_backend_get ("ref", NULL);
}

static GstSodTrainer *
new_trainer (
    GstSodBackend *backend, GstSodNetworkKind kind, GstSodPrecision precision)
{
  g_autoptr (GstSodNetwork) network = train_network_new_tiny (kind, 1);
  g_autoptr (GError) error = NULL;
  GstSodTrainer *trainer = gst_sod_trainer_new_on (network, backend, 1, &error);

  g_assert_no_error (error);
  g_object_set (
      trainer, "warm-up", G_GUINT64_CONSTANT (0), "precision", precision, NULL);
  return trainer;
}

/* Noise with a bright block in each frame, and where that is; for reverse
 * networks the other way around, the frames half as large. */
typedef struct
{
  GstSodTensor *input, *target, *weights;
} Batch;

static void
batch_init (Batch *self, GstSodNetworkKind kind, gint64 n, guint64 seed)
{
  gboolean base = kind == GST_SOD_NETWORK_BASE;
  GstSodShape map = gst_sod_shape_nchw (n, 1, 32, 32);
  GstSodShape frame = base ? gst_sod_shape_nchw (n, 3, 32, 32)
                           : gst_sod_shape_nchw (n, 3, 16, 16);
  GstSodTensor *frames =
      train_tensor_new_random (GST_SOD_DTYPE_F32, &frame, seed);
  GstSodTensor *maps =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &map, NULL);
  gfloat *pixels = gst_sod_tensor_get_data (frames);
  gfloat *truth = gst_sod_tensor_get_data (maps);
  gfloat *weights;

  self->weights = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &map, NULL);
  weights = gst_sod_tensor_get_data (self->weights);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (frames); i++)
    pixels[i] = tanhf (0.3f * pixels[i]);
  for (gsize i = 0; i < (gsize) n * 32 * 32; i++) {
    gsize k = i / (32 * 32) + seed, y = i / 32 % 32, x = i % 32;

    truth[i] = x / 12 == k % 2 && y / 12 == k / 2 % 2;
    weights[i] = x < 16 ? 1 : 0.25f;
    if (base)
      pixels[i + i / (32 * 32) * 2 * 32 * 32] += 2 * truth[i];
  }
  self->input = base ? frames : maps;
  self->target = base ? maps : frames;
}

static void
batch_clear (Batch *self)
{
  g_clear_pointer (&self->input, gst_sod_tensor_unref);
  g_clear_pointer (&self->target, gst_sod_tensor_unref);
  g_clear_pointer (&self->weights, gst_sod_tensor_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Batch, batch_clear)

static gdouble
step (GstSodTrainer *trainer, const Batch *batch)
{
  g_autoptr (GError) error = NULL;
  gdouble loss = NAN;

  gst_sod_trainer_step (trainer, batch->input, batch->target, &loss, &error);
  g_assert_no_error (error);
  g_assert_true (isfinite (loss));
  return loss;
}

static gchar *
get_version (GstSodTrainer *trainer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network =
      gst_sod_trainer_snapshot (trainer, &error);

  g_assert_no_error (error);
  return g_strdup (gst_sod_network_get_version (network));
}

/* ---- the same as the plain back end ---- */

typedef struct
{
  const gchar *name;
  GstSodNetworkKind kind;
  GstSodOptimiser optimiser;
  guint n_steps;
  gdouble rate;
  gint loss; /* of GstSodLoss; -1: the default */
  guint accumulate;
} Course;

static void
apply (const Course *course, GstSodTrainer *trainer)
{
  g_object_set (trainer, "optimiser", course->optimiser, "accumulate",
      course->accumulate, "learning-rate", course->rate, NULL);
  if (course->loss >= 0)
    g_object_set (trainer, "loss", course->loss, NULL);
}

/* Weights, averages and moments, each kind as one vector. */
static void
expect_equal_state (GstSodTrainer *found, GstSodTrainer *expected)
{
  const GPtrArray *a = gst_sod_trainer_get_params (found)->list;
  const GPtrArray *b = gst_sod_trainer_get_params (expected)->list;
  gdouble distance[3] = { 0 }, size[3] = { 0 };

  for (guint i = 0; i < a->len; i++) {
    const GstSodParam *one = g_ptr_array_index (a, i);
    const GstSodParam *other = g_ptr_array_index (b, i);

    for (gsize j = 0; j < one->n; j++) {
      gdouble values[3][2] = {
        { train_tensor_get (one->weight, j),
            train_tensor_get (other->weight, j) },
        { (gdouble) one->average[j], (gdouble) other->average[j] },
      };

      if (one->gradient != NULL) {
        values[2][0] = (gdouble) one->moments[0][j];
        values[2][1] = (gdouble) other->moments[0][j];
      }
      for (guint k = 0; k < 3; k++) {
        distance[k] += pow (values[k][0] - values[k][1], 2);
        size[k] += pow (values[k][1], 2);
      }
    }
  }
  for (guint k = 0; k < 3; k++) {
    g_test_message ("part %u off by %g", k, sqrt (distance[k] / size[k]));
    g_assert_cmpfloat (size[k], >, 0);
    g_assert_cmpfloat (sqrt (distance[k] / size[k]), <, k < 2 ? 1e-4 : 1e-2);
  }
}

static void
test_same_steps (gconstpointer data)
{
  const Course *course = data;
  g_autoptr (GstSodTrainer) found =
      new_trainer (get_gpu (), course->kind, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) expected =
      new_trainer (get_cpu (), course->kind, GST_SOD_PRECISION_F32);

  apply (course, found);
  apply (course, expected);
  g_assert_nonnull (gst_sod_trainer_get_params (found)->masters);
  for (guint i = 0; i < course->n_steps; i++) {
    g_auto (Batch) batch = { NULL };
    gdouble one, other;

    batch_init (&batch, course->kind, 2, i);
    one = step (found, &batch);
    other = step (expected, &batch);
    g_assert_cmpfloat_with_epsilon (one, other, 1e-4 * other);
  }
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (found), ==,
      gst_sod_trainer_get_n_steps (expected));
  expect_equal_state (found, expected);
}

/* The numbers in a loss may change between two steps: what was captured for
 * others is not run. */
static void
test_numbers_of_the_loss_change (gconstpointer data)
{
  static const gdouble weights[] = { 5, 1.5, 1.5 };
  static const guint windows[] = { 31, 31, 201 };
  GstSodNetworkKind kind = GPOINTER_TO_UINT (data);
  Course course = { NULL, kind, GST_SOD_OPTIMISER_SGD, 9, 1e-6, -1, 1 };
  g_autoptr (GstSodTrainer) found =
      new_trainer (get_gpu (), kind, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) expected =
      new_trainer (get_cpu (), kind, GST_SOD_PRECISION_F32);

  apply (&course, found);
  apply (&course, expected);
  for (guint i = 0; i < course.n_steps; i++) {
    GstSodTrainer *both[] = { found, expected };
    g_auto (Batch) batch = { NULL };
    gdouble losses[2];

    batch_init (&batch, kind, 2, 3);
    for (guint j = 0; j < G_N_ELEMENTS (both); j++) {
      g_object_set (both[j], "edge-weight", weights[i / 3], "edge-window",
          windows[i / 3], "gradient-weight", weights[i / 3] / 10, NULL);
      losses[j] = step (both[j], &batch);
    }
    g_assert_cmpfloat_with_epsilon (losses[0], losses[1], 1e-4 * losses[1]);
  }
}

/* A pass with weights of the pixels. */
static void
test_weighted_pass (void)
{
  g_autoptr (GstSodTrainer) found =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) expected =
      new_trainer (get_cpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_auto (Batch) batch = { NULL };
  const GPtrArray *a, *b;
  g_autoptr (GError) error = NULL;
  gdouble one, other;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  gst_sod_trainer_learn (
      found, batch.input, batch.target, batch.weights, &one, &error);
  g_assert_no_error (error);
  gst_sod_trainer_learn (
      expected, batch.input, batch.target, batch.weights, &other, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat_with_epsilon (one, other, 1e-5 * other);
  a = gst_sod_trainer_get_params (found)->list;
  b = gst_sod_trainer_get_params (expected)->list;
  for (guint i = 0; i < a->len; i++) {
    const GstSodParam *param = g_ptr_array_index (a, i);

    if (param->gradient != NULL)
      g_assert_cmpfloat (
          train_tensor_error (param->gradient,
              ((const GstSodParam *) g_ptr_array_index (b, i))->gradient),
          <, 1e-3);
  }
}

/* ---- 16 bits ---- */

static void
test_16_bits_learn (gconstpointer data)
{
  GstSodPrecision precision = *(const GstSodPrecision *) data;
  g_autoptr (GstSodTrainer) found =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, precision);
  g_autoptr (GstSodTrainer) plain =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_auto (Batch) batch = { NULL };
  gdouble first, plain_first, last = NAN;
  const gchar *reason = NULL;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  g_object_set (found, "learning-rate", 1e-2, NULL);
  first = step (found, &batch);
  plain_first = step (plain, &batch);
  for (guint i = 1; i < 20; i++)
    last = step (found, &batch);
  g_test_message ("loss %g, in f32 %g, then %g", first, plain_first, last);
  g_assert_cmpint (
      gst_sod_trainer_get_precision (found, &reason), ==, (gint) precision);
  g_assert_null (reason);
  g_assert_cmpfloat (first, !=, plain_first);
  g_assert_cmpfloat_with_epsilon (first, plain_first, 0.02 * plain_first);
  g_assert_cmpfloat (last, <, 0.7 * first);
}

/* Logits so far off that f16 cannot hold what comes back scaled up: the steps
 * are left out, everything else stays, until the scale is small enough. */
static void
test_f16_scales_less (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F16);
  g_auto (Batch) batch = { NULL };
  g_autofree gchar *before = NULL, *after = NULL;
  guint64 n_taken = 0;
  gfloat *values;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  values = gst_sod_tensor_get_data (batch.weights);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (batch.weights); i++)
    values[i] = 3e3f;
  before = get_version (trainer);
  for (guint i = 0; i < 20 && n_taken == 0; i++) {
    g_autoptr (GError) error = NULL;
    gdouble loss;

    g_clear_pointer (&after, g_free);
    after = get_version (trainer);
    g_assert_cmpstr (before, ==, after);
    gst_sod_trainer_learn (
        trainer, batch.input, batch.target, batch.weights, &loss, &error);
    g_assert_no_error (error);
    gst_sod_trainer_update (trainer, &error);
    g_assert_no_error (error);
    n_taken = gst_sod_trainer_get_n_steps (trainer);
    if (i == 0)
      g_assert_cmpuint (n_taken, ==, 0);
  }
  g_assert_cmpuint (n_taken, ==, 1);
}

/* ---- by heart ---- */

static gdouble
overfit (GstSodBackend *backend, const Batch *batch, guint n_steps)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (backend, GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  gdouble first = 0, last = 0;

  g_object_set (
      trainer, "learning-rate", 1e-2, "steps", (guint64) n_steps, NULL);
  for (guint i = 0; i < n_steps; i++) {
    last = step (trainer, batch);
    if (i == 0)
      first = last;
  }
  g_test_message ("%s: loss %g, after %u steps %g", backend->klass->name, first,
      n_steps, last);
  g_assert_cmpfloat (last, <, 0.4 * first);
  return last;
}

static void
test_learns_eight_frames (void)
{
  g_auto (Batch) batch = { NULL };

  batch_init (&batch, GST_SOD_NETWORK_BASE, 8, 1);
  g_assert_cmpfloat (overfit (get_gpu (), &batch, 25), <,
      1.1 * overfit (get_cpu (), &batch, 25));
}

/* ---- what is refused, dropped and kept ---- */

static void
test_refused_step_changes_nothing (void)
{
  g_autoptr (GstSodTrainer) trainer =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_auto (Batch) batch = { NULL }, small = { NULL };
  g_autofree gchar *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  gfloat *pixel, value;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  batch_init (&small, GST_SOD_NETWORK_BASE, 1, 3);
  g_object_set (trainer, "average-decay", 0.0, NULL);
  step (trainer, &batch);
  before = get_version (trainer);
  pixel = gst_sod_tensor_get_data (batch.input);
  value = *pixel;
  *pixel = NAN;
  g_assert_false (
      gst_sod_trainer_step (trainer, batch.input, batch.target, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED);
  g_clear_error (&error);
  *pixel = value;
  g_assert_false (
      gst_sod_trainer_step (trainer, batch.input, small.target, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  after = get_version (trainer);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (trainer), ==, 1);
  step (trainer, &batch);
}

static void
test_discarded_passes_leave_no_trace (void)
{
  g_autoptr (GstSodTrainer) one =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) other =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autofree gchar *first = NULL, *second = NULL;
  g_auto (Batch) batch = { NULL };
  gdouble loss;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  for (guint i = 0; i < 2; i++)
    g_assert_true (gst_sod_trainer_learn (
        other, batch.input, batch.target, NULL, &loss, NULL));
  gst_sod_trainer_discard (other);
  step (one, &batch);
  step (other, &batch);
  first = get_version (one);
  second = get_version (other);
  g_assert_cmpstr (first, ==, second);
}

/* Batches that come to the device while others are learnt are the same ones;
 * one that was told of in vain does no harm. */
static void
test_brings_batches_ahead (void)
{
  g_autoptr (GstSodTrainer) one =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) other =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autofree gchar *first = NULL, *second = NULL;
  Batch batches[4] = { { NULL } };
  g_autoptr (GError) error = NULL;
  gdouble loss, loss_ahead;

  g_assert_true (gst_sod_trainer_looks_ahead (one));
  for (guint i = 0; i < 4; i++)
    batch_init (&batches[i], GST_SOD_NETWORK_BASE, i == 2 ? 1 : 2, i);
  for (guint i = 0; i < 6; i++) {
    const Batch *now = &batches[i % 4], *told = &batches[(i + 1 + i / 4) % 4];
    GstSodLearnBatch batch = { now->input, now->target,
      i % 2 == 0 ? now->weights : NULL };
    GstSodLearnBatch next = { told->input, told->target,
      i % 2 == 1 ? told->weights : NULL };

    gst_sod_trainer_learn_batch (one, &batch, NULL, &loss, &error);
    g_assert_no_error (error);
    gst_sod_trainer_learn_batch (other, &batch, &next, &loss_ahead, &error);
    g_assert_no_error (error);
    g_assert_cmpfloat (loss, ==, loss_ahead);
    g_assert_true (gst_sod_trainer_update (one, NULL));
    g_assert_true (gst_sod_trainer_update (other, NULL));
  }
  first = get_version (one);
  second = get_version (other);
  g_assert_cmpstr (first, ==, second);
  for (guint i = 0; i < 4; i++)
    batch_clear (&batches[i]);
}

/* By forward(), loss and backward(), as the augmented phase does it. */
static void
test_parts_make_a_step (void)
{
  g_autoptr (GstSodTrainer) whole =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) parts =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTensor) output = NULL, d_output = NULL;
  g_auto (Batch) batch = { NULL };
  g_autoptr (GError) error = NULL;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  step (whole, &batch);
  output = gst_sod_trainer_forward (parts, batch.input, &error);
  g_assert_no_error (error);
  d_output = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), NULL);
  gst_sod_loss_compute (
      GST_SOD_LOSS_STRUCTURE, output, batch.target, NULL, d_output, &error);
  g_assert_no_error (error);
  gst_sod_trainer_backward (parts, d_output, NULL, &error);
  g_assert_no_error (error);
  gst_sod_trainer_update (parts, &error);
  g_assert_no_error (error);
  expect_equal_state (parts, whole);
}

/* A run moves between devices with the same bytes, and goes on with the same
 * ones where it was. */
static void
test_goes_on_elsewhere (void)
{
  g_autoptr (GstSodTrainer) one =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) again =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodTrainer) elsewhere =
      new_trainer (get_cpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  g_autoptr (GstSodCheckpoint) there = gst_sod_checkpoint_new ();
  g_autoptr (GstSodCheckpoint) back = gst_sod_checkpoint_new ();
  g_autofree gchar *first = NULL, *second = NULL, *third = NULL;
  g_auto (Batch) batch = { NULL };
  g_autoptr (GError) error = NULL;

  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  step (one, &batch);
  step (one, &batch);
  gst_sod_trainer_write_state (one, there, "base/0", &error);
  g_assert_no_error (error);
  gst_sod_trainer_read_state (elsewhere, there, "base/0", &error);
  g_assert_no_error (error);
  first = get_version (one);
  second = get_version (elsewhere);
  g_assert_cmpstr (first, ==, second);
  gst_sod_trainer_write_state (elsewhere, back, "base/0", &error);
  g_assert_no_error (error);
  gst_sod_trainer_read_state (again, back, "base/0", &error);
  g_assert_no_error (error);
  step (one, &batch);
  step (again, &batch);
  step (elsewhere, &batch);
  g_clear_pointer (&first, g_free);
  first = get_version (one);
  third = get_version (again);
  g_assert_cmpstr (first, ==, third);
  expect_equal_state (one, elsewhere);
}

/* ---- a device that refuses ---- */

/* Runs the test's own path again, the twin's @variable set. */
static void
run_again (const gchar *variable, const gchar *value)
{
  g_setenv (variable, value, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_unsetenv (variable);
  g_test_trap_assert_passed ();
}

static void
test_too_little_memory (void)
{
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ()) {
    run_again ("GST_SOD_CUDA_HOST_MEMORY", "65536");
    return;
  }
  network = train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_assert_null (gst_sod_trainer_new_on (network, get_gpu (), 1, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
}

/* In a step, and for good. */
static void
test_lost_device (void)
{
  g_autoptr (GstSodTrainer) trainer = NULL;
  g_auto (Batch) batch = { NULL };
  g_autoptr (GError) error = NULL;
  guint n = 0;

  if (!g_test_subprocess ()) {
    run_again ("GST_SOD_CUDA_HOST_LOST_AFTER", "2500");
    return;
  }
  trainer =
      new_trainer (get_gpu (), GST_SOD_NETWORK_BASE, GST_SOD_PRECISION_F32);
  batch_init (&batch, GST_SOD_NETWORK_BASE, 2, 3);
  while (n < 100
         && gst_sod_trainer_step (
             trainer, batch.input, batch.target, NULL, &error))
    n++;
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
  g_assert_cmpuint (n, >, 0);
  g_clear_error (&error);
  g_assert_null (gst_sod_trainer_snapshot (trainer, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
}

int
main (int argc, char **argv)
{
  static const GstSodPrecision halves[] = { GST_SOD_PRECISION_BF16,
    GST_SOD_PRECISION_F16 };
  static const Course courses[] = {
    { "base", GST_SOD_NETWORK_BASE, GST_SOD_OPTIMISER_SGD, 10, 0.05, -1, 1 },
    { "bce-over-two-batches", GST_SOD_NETWORK_BASE, GST_SOD_OPTIMISER_SGD, 10,
        0.05, GST_SOD_LOSS_BCE, 2 },
    /* Its loss has corners: further along, runs that round otherwise part. */
    { "reverse", GST_SOD_NETWORK_REVERSE, GST_SOD_OPTIMISER_SGD, 3, 0.005, -1,
        1 },
    { "adamw", GST_SOD_NETWORK_BASE, GST_SOD_OPTIMISER_ADAMW, 10, 1e-4, -1, 1 },
  };

  g_test_init (&argc, &argv, NULL);
  if (train_find_gpu () == NULL) {
    g_print ("1..0 # SKIP there is no GPU, and nothing in its place\n");
    return 0;
  }
  for (guint i = 0; i < G_N_ELEMENTS (courses); i++) {
    g_autofree gchar *path = g_strconcat (
        "/train/masters/steps-are-those-of-ref/", courses[i].name, NULL);

    g_test_add_data_func (path, &courses[i], test_same_steps);
  }
  g_test_add_data_func ("/train/masters/numbers-of-the-loss-change/base",
      GUINT_TO_POINTER (GST_SOD_NETWORK_BASE), test_numbers_of_the_loss_change);
  g_test_add_data_func ("/train/masters/numbers-of-the-loss-change/reverse",
      GUINT_TO_POINTER (GST_SOD_NETWORK_REVERSE),
      test_numbers_of_the_loss_change);
  g_test_add_func (
      "/train/masters/weights-of-pixels-are-those-of-ref", test_weighted_pass);
  g_test_add_data_func (
      "/train/masters/bf16-learns", &halves[0], test_16_bits_learn);
  g_test_add_data_func (
      "/train/masters/f16-learns", &halves[1], test_16_bits_learn);
  g_test_add_func (
      "/train/masters/f16-scales-less-and-goes-on", test_f16_scales_less);
  g_test_add_func ("/train/masters/learns-eight-frames-as-ref-does",
      test_learns_eight_frames);
  g_test_add_func ("/train/masters/a-refused-step-changes-nothing",
      test_refused_step_changes_nothing);
  g_test_add_func ("/train/masters/discarded-passes-leave-no-trace",
      test_discarded_passes_leave_no_trace);
  g_test_add_func (
      "/train/masters/brings-batches-ahead", test_brings_batches_ahead);
  g_test_add_func ("/train/masters/parts-make-a-step", test_parts_make_a_step);
  g_test_add_func ("/train/masters/goes-on-elsewhere", test_goes_on_elsewhere);
  /* Only the twin can be told to. */
  if (g_str_equal (train_find_gpu (), "cuda-host")) {
    g_test_add_func (
        "/train/masters/too-little-memory-is-an-error", test_too_little_memory);
    g_test_add_func (
        "/train/masters/a-lost-device-is-an-error", test_lost_device);
  }
  return g_test_run ();
}
