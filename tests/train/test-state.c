/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A step taken apart, and a trainer that goes on from a checkpoint. */
#include "train-plan.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include <gst-sod/train/loss.h>
#include <gst-sod/train/trainer-private.h>

static GstSodTrainer *
new_trainer (guint64 seed)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, seed);
  g_autoptr (GError) error = NULL;
  GstSodTrainer *trainer = gst_sod_trainer_new (network, "cpu", 1, &error);

  g_assert_no_error (error);
  g_object_set (trainer, "warm-up", G_GUINT64_CONSTANT (0), NULL);
  return trainer;
}

static void
new_batch (guint64 seed, GstSodTensor **input, GstSodTensor **target)
{
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 32, 48);
  GstSodShape map = gst_sod_shape_nchw (2, 1, 32, 48);
  gfloat *values;

  *input = train_tensor_new_random (GST_SOD_DTYPE_F32, &shape, seed);
  *target = train_tensor_new_random (GST_SOD_DTYPE_F32, &map, seed + 1);
  values = gst_sod_tensor_get_data (*target);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (*target); i++)
    values[i] = values[i] > 0;
}

static void
step (GstSodTrainer *trainer, guint64 seed)
{
  g_autoptr (GstSodTensor) input = NULL, target = NULL;
  g_autoptr (GError) error = NULL;

  new_batch (seed, &input, &target);
  gst_sod_trainer_step (trainer, input, target, NULL, &error);
  g_assert_no_error (error);
}

/* Forward and backward of one batch, without an update. */
static void
pass (GstSodTrainer *trainer, guint64 seed, GstSodTensor *d_input)
{
  g_autoptr (GstSodTensor) input = NULL, target = NULL, output = NULL,
                           d_output = NULL;
  g_autoptr (GError) error = NULL;

  new_batch (seed, &input, &target);
  output = gst_sod_trainer_forward (trainer, input, &error);
  g_assert_no_error (error);
  d_output = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (output), NULL);
  gst_sod_loss_compute (
      GST_SOD_LOSS_STRUCTURE, output, target, NULL, d_output, &error);
  g_assert_no_error (error);
  gst_sod_trainer_backward (trainer, d_output, d_input, &error);
  g_assert_no_error (error);
}

static gchar *
get_version (GstSodTrainer *trainer)
{
  g_autoptr (GstSodNetwork) network = gst_sod_trainer_snapshot (trainer, NULL);

  return g_strdup (gst_sod_network_get_version (network));
}

static void
test_parts_make_a_step (void)
{
  g_autoptr (GstSodTrainer) whole = new_trainer (1), parts = new_trainer (1);
  g_autofree gchar *one = NULL, *other = NULL;

  for (guint i = 0; i < 2; i++) {
    step (whole, 5 + i);
    pass (parts, 5 + i, NULL);
    g_assert_true (gst_sod_trainer_update (parts, NULL));
  }
  one = get_version (whole);
  other = get_version (parts);
  g_assert_cmpstr (one, ==, other);
}

static void
test_accumulated_gradients_are_a_mean (void)
{
  g_autoptr (GstSodTrainer) one = new_trainer (1), two = new_trainer (1),
                            both = new_trainer (1);

  pass (one, 5, NULL);
  pass (two, 9, NULL);
  pass (both, 5, NULL);
  pass (both, 9, NULL);
  gst_sod_params_take_mean (gst_sod_trainer_get_params (both), 2);
  for (guint i = 0; i < gst_sod_trainer_get_params (one)->list->len; i++) {
    const GstSodParam *params[] = {
      g_ptr_array_index (gst_sod_trainer_get_params (one)->list, i),
      g_ptr_array_index (gst_sod_trainer_get_params (two)->list, i),
      g_ptr_array_index (gst_sod_trainer_get_params (both)->list, i),
    };

    for (gsize j = 0; params[0]->gradient != NULL && j < params[0]->n; j++) {
      gdouble a =
          ((const gfloat *) gst_sod_tensor_peek_data (params[0]->gradient))[j];
      gdouble b =
          ((const gfloat *) gst_sod_tensor_peek_data (params[1]->gradient))[j];
      gdouble mean =
          ((const gfloat *) gst_sod_tensor_peek_data (params[2]->gradient))[j];

      g_assert_cmpfloat_with_epsilon (
          mean, (a + b) / 2, 1e-6 * (1 + fabs (a) + fabs (b)));
    }
  }
}

static void
test_accumulates_over_batches (void)
{
  g_autoptr (GstSodTrainer) trainer = new_trainer (1);

  g_object_set (trainer, "accumulate", 3u, NULL);
  for (guint i = 0; i < 7; i++)
    step (trainer, i);
  g_assert_cmpuint (gst_sod_trainer_get_n_steps (trainer), ==, 2);
}

static void
test_discarded_passes_leave_no_trace (void)
{
  g_autoptr (GstSodTrainer) one = new_trainer (1), other = new_trainer (1);
  g_autofree gchar *first = NULL, *second = NULL;

  pass (other, 77, NULL);
  pass (other, 78, NULL);
  gst_sod_trainer_discard (other);
  step (one, 5);
  step (other, 5);
  first = get_version (one);
  second = get_version (other);
  g_assert_cmpstr (first, ==, second);
}

static void
test_frozen_network_gives_its_input_a_gradient (void)
{
  g_autoptr (GstSodTrainer) trainer = new_trainer (1);
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 32, 48);
  g_autoptr (GstSodTensor) d_input =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  g_autofree gchar *before = get_version (trainer), *after = NULL;
  const gfloat *values = gst_sod_tensor_peek_data (d_input);
  gdouble sum = 0;

  gst_sod_trainer_set_frozen (trainer, TRUE);
  pass (trainer, 5, d_input);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (d_input); i++)
    sum += fabs (values[i]);
  g_assert_cmpfloat (sum, >, 0);
  after = get_version (trainer);
  g_assert_cmpstr (before, ==, after);
}

static void
test_predicts_with_averages (void)
{
  g_autoptr (GstSodTrainer) trainer = new_trainer (1);
  g_autoptr (GstSodTensor) input = NULL, target = NULL, last = NULL,
                           average = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 5; i++)
    step (trainer, i);
  new_batch (50, &input, &target);
  last = gst_sod_trainer_predict (trainer, input, FALSE, &error);
  g_assert_no_error (error);
  average = gst_sod_trainer_predict (trainer, input, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      memcmp (gst_sod_tensor_peek_data (last),
          gst_sod_tensor_peek_data (average), gst_sod_tensor_get_size (last)),
      !=, 0);
}

/* ---- checkpoints ---- */

static void
write_checkpoint (GstSodTrainer *trainer, const gchar *path)
{
  g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
  g_autoptr (GError) error = NULL;

  gst_sod_trainer_write_state (trainer, checkpoint, "base/0", &error);
  g_assert_no_error (error);
  gst_sod_checkpoint_set_bytes (checkpoint, "record", "{}", 2, &error);
  g_assert_no_error (error);
  gst_sod_checkpoint_write (checkpoint, path, &error);
  g_assert_no_error (error);
}

static void
remove_folder (gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (gchar, remove_folder)

static void
test_goes_on_with_the_same_bytes (void)
{
  g_autoptr (gchar) folder = g_dir_make_tmp ("sod-state-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTrainer) one = new_trainer (1), other = new_trainer (2);
  g_autoptr (GstSodCheckpoint) checkpoint = NULL;
  g_autofree gchar *first = NULL, *second = NULL;
  g_autoptr (GError) error = NULL;
  gboolean older = TRUE;

  for (guint i = 0; i < 3; i++)
    step (one, i);
  gst_sod_trainer_set_rate_scale (one, 0.5);
  write_checkpoint (one, path);
  for (guint i = 3; i < 6; i++)
    step (one, i);
  checkpoint = gst_sod_checkpoint_read (path, &older, &error);
  g_assert_no_error (error);
  g_assert_false (older);
  gst_sod_trainer_read_state (other, checkpoint, "base/0", &error);
  g_assert_no_error (error);
  for (guint i = 3; i < 6; i++)
    step (other, i);
  first = get_version (one);
  second = get_version (other);
  g_assert_cmpstr (first, ==, second);
}

static void
test_refuses_another_network (void)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_REVERSE, 1);
  g_autoptr (GstSodTrainer) reverse =
      gst_sod_trainer_new (network, "cpu", 1, NULL);
  g_autoptr (GstSodTrainer) base = new_trainer (1);
  g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
  g_autofree gchar *before = get_version (reverse), *after = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_trainer_write_state (base, checkpoint, "x", NULL);
  g_assert_false (
      gst_sod_trainer_read_state (reverse, checkpoint, "x", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_trainer_read_state (reverse, checkpoint, "y", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  after = get_version (reverse);
  g_assert_cmpstr (before, ==, after);
}

static void
test_damage_leaves_the_file_before (void)
{
  g_autoptr (gchar) folder = g_dir_make_tmp ("sod-state-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autofree gchar *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
    g_autofree gchar *text = g_strdup_printf ("number %u", i);

    gst_sod_checkpoint_set_bytes (
        checkpoint, "text", text, strlen (text), NULL);
    gst_sod_checkpoint_write (checkpoint, path, &error);
    g_assert_no_error (error);
  }
  g_file_get_contents (path, &data, &length, NULL);
  for (gsize i = 0; i < length; i++) {
    g_autoptr (GstSodCheckpoint) found = NULL;
    g_autoptr (GBytes) text = NULL;
    gboolean older = FALSE;

    data[i] ^= 1 << i % 8;
    g_file_set_contents (path, data, (gssize) length, NULL);
    data[i] ^= 1 << i % 8;
    found = gst_sod_checkpoint_read (path, &older, &error);
    g_assert_no_error (error);
    text = gst_sod_checkpoint_get_bytes (found, "text", &error);
    g_assert_no_error (error);
    /* Where the bit said nothing, as in the padding, the file is good. */
    g_assert_cmpmem (g_bytes_get_data (text, NULL), g_bytes_get_size (text),
        older ? "number 0" : "number 1", 8);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/trainer/parts-make-a-step", test_parts_make_a_step);
  g_test_add_func ("/trainer/accumulated-gradients-are-a-mean",
      test_accumulated_gradients_are_a_mean);
  g_test_add_func (
      "/trainer/accumulates-over-batches", test_accumulates_over_batches);
  g_test_add_func ("/trainer/discarded-passes-leave-no-trace",
      test_discarded_passes_leave_no_trace);
  g_test_add_func ("/trainer/frozen-network-gives-its-input-a-gradient",
      test_frozen_network_gives_its_input_a_gradient);
  g_test_add_func (
      "/trainer/predicts-with-averages", test_predicts_with_averages);
  g_test_add_func ("/checkpoint/trainer-goes-on-with-the-same-bytes",
      test_goes_on_with_the_same_bytes);
  g_test_add_func (
      "/checkpoint/refuses-another-network", test_refuses_another_network);
  g_test_add_func ("/checkpoint/damage-leaves-the-file-before",
      test_damage_leaves_the_file_before);

  return g_test_run ();
}
