/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a training's state is kept, and what it goes back to. */
#include <gst-sod/train/training-state-private.h>

#include <errno.h>

#include <glib/gstdio.h>
#include <gst-sod/train/stage-private.h>

/* So often a stage may diverge before it is an error. */
#define MAX_DIVERGED 3

/* Another thread's wish for a checkpoint. */
typedef struct
{
  const gchar *path;
  gboolean done;
  GError *error;
} Request;

static void
keep (GstSodTraining *self, GstSodCheckpoint *checkpoint)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->saved, gst_sod_checkpoint_free);
  self->saved = checkpoint;
  g_mutex_unlock (&self->lock);
  self->saved_at = g_get_monotonic_time ();
}

static const gchar *
own_path (GstSodTraining *self)
{
  const gchar *path =
      gst_sod_training_settings_peek (self->settings, "run.checkpoint-path");

  return *path != '\0' ? path : NULL;
}

gboolean
gst_sod_training_keep_state (GstSodTraining *self, GError **error)
{
  GstSodCheckpoint *checkpoint = gst_sod_training_capture (self, error);

  if (checkpoint == NULL)
    return FALSE;
  keep (self, checkpoint);
  self->up_to_date = own_path (self) == NULL;
  return TRUE;
}

/* What was kept. */
static gboolean
write_saved (GstSodTraining *self, const gchar *path, GError **error)
{
  if (!gst_sod_checkpoint_write (self->saved, path, error))
    return FALSE;
  self->up_to_date |= g_strcmp0 (path, own_path (self)) == 0;
  return TRUE;
}

/* Also into the training's own file, if it has one. */
static gboolean
save (GstSodTraining *self, GError **error)
{
  return gst_sod_training_keep_state (self, error)
         && (own_path (self) == NULL
             || write_saved (self, own_path (self), error));
}

/* A disk that is full now may not be at the next checkpoint: the training goes
 * on, and says so. */
static gboolean
save_or_warn (GstSodTraining *self, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (save (self, &failure))
    return TRUE;
  if (self->saved == NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  gst_sod_training_warn (
      self, "no checkpoint could be written: %s", failure->message);
  self->saved_at = g_get_monotonic_time ();
  return TRUE;
}

/* From any thread. */
static Request *
take_request (GstSodTraining *self)
{
  Request *request = NULL;

  g_mutex_lock (&self->lock);
  if (self->requests->len > 0)
    request = g_ptr_array_steal_index (self->requests, 0);
  g_mutex_unlock (&self->lock);
  return request;
}

static void
answer_requests (GstSodTraining *self)
{
  Request *request;

  while ((request = take_request (self)) != NULL) {
    if (gst_sod_training_keep_state (self, &request->error))
      write_saved (self, request->path, &request->error);
    g_mutex_lock (&self->lock);
    request->done = TRUE;
    g_cond_broadcast (&self->changed);
    g_mutex_unlock (&self->lock);
  }
}

gboolean
gst_sod_training_save_if_due (GstSodTraining *self, GError **error)
{
  gdouble interval = gst_sod_training_settings_get_number (
      self->settings, "run.checkpoint-interval");
  gint64 now = g_get_monotonic_time ();

  answer_requests (self);
  if (self->saved != NULL
      && (gdouble) (now - self->saved_at) < interval * G_USEC_PER_SEC)
    return TRUE;
  return save_or_warn (self, error);
}

gboolean
gst_sod_training_recover (
    GstSodTraining *self, const GError *failure, GError **error)
{
  GstSodStage *stage = self->current;
  guint64 step = stage->state.step;
  guint64 n_diverged = stage->state.n_diverged + 1;
  gdouble rate_scale = stage->state.rate_scale / 2;

  if (!g_error_matches (failure, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED)) {
    g_propagate_error (error, g_error_copy (failure));
    return FALSE;
  }
  if (n_diverged >= MAX_DIVERGED) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
        "phase %u, %s: the training diverged %d times (%s); begin anew with a "
        "smaller %s.learning-rate, and look at the labels",
        stage->plan.phase, stage->plan.node->name, MAX_DIVERGED,
        failure->message,
        stage->plan.node == self->reverse ? "reverse" : "base");
    return FALSE;
  }
  if (!gst_sod_training_restore_stage (self, self->saved, error))
    return FALSE;
  stage->state.n_diverged = n_diverged;
  stage->state.rate_scale = rate_scale;
  gst_sod_stage_seek (stage);
  gst_sod_training_warn (self,
      "phase %u, %s: step %" G_GUINT64_FORMAT
      " was refused (%s); back to step %" G_GUINT64_FORMAT
      ", on with %g of the learning rate",
      stage->plan.phase, stage->plan.node->name, step, failure->message,
      stage->state.step, rate_scale);
  return TRUE;
}

void
gst_sod_training_leave (GstSodTraining *self)
{
  g_autoptr (GError) failure = NULL;

  if (self->intact && !self->up_to_date && !save (self, &failure))
    gst_sod_training_warn (
        self, "no checkpoint could be written: %s", failure->message);
  g_clear_pointer (&self->current, gst_sod_stage_free);
}

/* ---- public ---- */

/* Of networks that have learnt. */
static gboolean
save_network (GstSodTraining *self, const GstSodTrainingNode *node,
    const gchar *folder, GError **error)
{
  g_autofree gchar *name = g_strconcat (node->name, ".safetensors", NULL);
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GstSodNetwork) network = NULL;

  g_mutex_lock (&self->lock);
  g_set_object (&network, node->network);
  g_mutex_unlock (&self->lock);
  return network == NULL || !node->knows
         || gst_sod_network_save (network, path, error);
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
  g_autoptr (GstSodCheckpoint) read = NULL;
  gboolean older;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (checkpoint != NULL, FALSE);
  g_return_val_if_fail (self->runner == NULL && self->plan == NULL, FALSE);

  read = gst_sod_checkpoint_read (checkpoint, &older, error);
  if (read == NULL)
    return FALSE;
  if (!gst_sod_training_restore (self, read, error)) {
    g_prefix_error (error, "%s: ", checkpoint);
    return FALSE;
  }
  if (older)
    gst_sod_training_warn (self,
        "%s is damaged or missing: the checkpoint beside it is resumed",
        checkpoint);
  keep (self, g_steal_pointer (&read));
  self->resumes = TRUE;
  return TRUE;
}

/* Whether the run has answered; it may end before it comes to that, and then
 * the state that it kept is there for the one who waits. Needs the lock. */
static gboolean
wait_for_answer (GstSodTraining *self, Request *request)
{
  g_ptr_array_add (self->requests, request);
  while (!request->done && self->runner != NULL)
    g_cond_wait (&self->changed, &self->lock);
  if (!request->done)
    g_ptr_array_remove (self->requests, request);
  return request->done;
}

/**
 * gst_sod_training_checkpoint:
 * @self: a training
 * @path: (type filename): a file, which is replaced at once or not at all
 * @error: return location for an error
 *
 * Writes everything that is needed to go on from here. While the training runs
 * it is done between two steps, and this waits for it; once it has ended, and
 * from a handler of a signal, it writes the state that was kept last.
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
  Request request = { .path = path };
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  g_mutex_lock (&self->lock);
  if (self->runner != NULL && self->runner != g_thread_self ()
      && wait_for_answer (self, &request)) {
    done = request.error == NULL;
  } else if (self->saved != NULL) {
    done = gst_sod_checkpoint_write (self->saved, path, &request.error);
  } else {
    done = FALSE;
    g_set_error_literal (&request.error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "there is nothing to keep yet: the training has not run");
  }
  g_mutex_unlock (&self->lock);
  if (!done)
    g_propagate_error (error, request.error);
  return done;
}

/**
 * gst_sod_training_checkpoint_exists:
 * @path: (type filename): where a training keeps its checkpoint
 *
 * Says whether there is a checkpoint that gst_sod_training_resume() would read,
 * at @path or beside it: a training that was killed while it replaced the file
 * leaves the new one and the one before, and nothing at @path. What is found
 * may be damaged. May be called from any thread.
 *
 * Returns: whether there is one
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_checkpoint_exists (const gchar *path)
{
  g_return_val_if_fail (path != NULL, FALSE);

  return gst_sod_checkpoint_exists (path);
}

/**
 * gst_sod_training_checkpoint_remove:
 * @path: (type filename): where a training kept its checkpoint
 * @error: return location for an error
 *
 * Removes a checkpoint that no training needs any more, with the one before it
 * and what a killed writer left: then there is nothing to resume. That nothing
 * is there is no error. May be called from any thread, but not while a training
 * writes there.
 *
 * Errors: %GST_SOD_ERROR_IO.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_checkpoint_remove (const gchar *path, GError **error)
{
  g_return_val_if_fail (path != NULL, FALSE);

  return gst_sod_checkpoint_remove (path, error);
}

/**
 * gst_sod_training_save_record:
 * @self: a training
 * @path: (type filename): a file, which is replaced at once or not at all
 * @error: return location for an error
 *
 * Writes the record of the run so far, as gst_sod_training_to_json() gives it.
 * Beside models it is called %GST_SOD_TRAINING_RECORD_FILE.
 *
 * Errors: %GST_SOD_ERROR_IO.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_save_record (
    GstSodTraining *self, const gchar *path, GError **error)
{
  g_autofree gchar *json = NULL;
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  json = gst_sod_run_record_to_json (self->record);
  if (g_file_set_contents_full (path, json, -1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666,
          &failure))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "cannot write the record of the run to %s: %s", path, failure->message);
  return FALSE;
}

/**
 * gst_sod_training_save:
 * @self: a training that does not run
 * @folder: (type filename): a folder, made where there is none
 * @error: return location for an error
 *
 * Writes NODE.safetensors for each node with a network, reverse.safetensors
 * where there is a reverse network, %GST_SOD_TRAINING_SETTINGS_FILE with all
 * settings, and %GST_SOD_TRAINING_RECORD_FILE with the record. Each file is
 * replaced at once or not at all.
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
  g_autofree gchar *settings = NULL;
  g_autofree gchar *record = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (folder != NULL, FALSE);

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "cannot make the folder %s: %s", folder, g_strerror (errno));
    return FALSE;
  }
  for (guint k = 0; k < self->nodes->len; k++) {
    if (!save_network (self, g_ptr_array_index (self->nodes, k), folder, error))
      return FALSE;
  }
  settings = g_build_filename (folder, GST_SOD_TRAINING_SETTINGS_FILE, NULL);
  record = g_build_filename (folder, GST_SOD_TRAINING_RECORD_FILE, NULL);
  return save_network (self, self->reverse, folder, error)
         && gst_sod_training_settings_save_file (
             self->settings, settings, error)
         && gst_sod_training_save_record (self, record, error);
}
