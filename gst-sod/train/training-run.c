/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/training-private.h>

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "this version cannot run a training: use a later one");
  return FALSE;
}

/**
 * gst_sod_training_run:
 * @self: a training with nodes
 * @cancellable: (nullable): stops it within a second
 * @error: return location for an error
 *
 * Goes through all stages that are left. Blocks; the arithmetic runs on the
 * caller's thread and on those of the back end. Where it is stopped, its state
 * is kept (in "run.checkpoint-path" too, if there is one), and it can be run
 * again.
 *
 * A step whose loss or gradient is not finite is refused: the training goes
 * back to its last checkpoint and on with half the rate; the third time it is
 * an error.
 *
 * Errors: %GST_SOD_ERROR_CANCELLED, %GST_SOD_ERROR_FAILED where it diverged,
 * %GST_SOD_ERROR_INVALID_ARGUMENT where there is no node or no label to learn
 * from, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_DEVICE, %GST_SOD_ERROR_NO_MEMORY, and
 * those of the samples where all of them fail.
 *
 * Returns: %TRUE once all stages are over, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_run (
    GstSodTraining *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);

  return refuse (error);
}

/**
 * gst_sod_training_resume:
 * @self: a training with the nodes that the checkpoint was made with, which
 *   does not run yet
 * @checkpoint: (type filename): a checkpoint's file
 * @error: return location for an error
 *
 * Goes on where the checkpoint was made. Settings and data must be the same,
 * but for paths, intervals, times and numbers of threads.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT
 * for a file that is damaged, %GST_SOD_ERROR_MISMATCH for one of another
 * training.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_resume (
    GstSodTraining *self, const gchar *checkpoint, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (checkpoint != NULL, FALSE);

  return refuse (error);
}

/**
 * gst_sod_training_checkpoint:
 * @self: a training
 * @path: (type filename): a file, which is replaced at once or not at all
 * @error: return location for an error
 *
 * Writes everything that is needed to go on from here. While the training runs
 * it is done between two steps, and this waits for it; from a handler of a
 * signal it writes the state of the last checkpoint or step.
 *
 * Errors: %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FAILED where nothing has run yet.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_checkpoint (
    GstSodTraining *self, const gchar *path, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return refuse (error);
}

/**
 * gst_sod_training_save:
 * @self: a training that does not run
 * @folder: (type filename): a folder, made where there is none
 * @error: return location for an error
 *
 * Writes NODE.safetensors for each node with a network, reverse.safetensors
 * where there is a reverse network, settings.ini with all settings, and
 * run.json with the record. Each file is replaced at once or not at all.
 *
 * Errors: %GST_SOD_ERROR_IO.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_save (
    GstSodTraining *self, const gchar *folder, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (folder != NULL, FALSE);

  return refuse (error);
}
