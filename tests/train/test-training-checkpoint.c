/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints of a training that runs: for other threads, as it ends, and on a
 * full disk. */
#include "training-case.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib/gstdio.h>
#include <gst-sod/train/stage-private.h>

/* ---- other threads ---- */

typedef struct
{
  GstSodTraining *training;
  const gchar *path;
  GError *error;
} Wish;

static gpointer
wish (gpointer data)
{
  Wish *self = data;

  gst_sod_training_checkpoint (self->training, self->path, &self->error);
  return NULL;
}

static void
start_wishing (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  GThread **thread = user_data;

  if (*thread == NULL)
    *thread = g_thread_new (
        "wish", wish, g_object_get_data (G_OBJECT (training), "wish"));
}

static void
test_checkpoint_from_another_thread (void)
{
  static const gchar *const more[] = { "base.steps", "300", NULL };
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (GstSodTraining) other = training_case_new (more, 1, FALSE);
  g_autoptr (GError) error = NULL;
  Wish data = { training, path, NULL };
  GThread *thread = NULL;

  g_object_set_data (G_OBJECT (training), "wish", &data);
  g_signal_connect (training, "progress", G_CALLBACK (start_wishing), &thread);
  training_case_run (training);
  g_thread_join (thread);
  g_assert_no_error (data.error);
  gst_sod_training_resume (other, path, &error);
  g_assert_no_error (error);
  g_remove (path);
  g_rmdir (folder);
}

/* A wish that comes on the run's thread, so that the run is not done with it
 * before this returns. */
typedef struct
{
  Wish wish;
  GCancellable *cancellable;
  GThread *thread; /* NULL: not begun */
  gint answered;
} LateWish;

static gpointer
wish_late (gpointer data)
{
  LateWish *self = data;

  wish (&self->wish);
  g_atomic_int_set (&self->answered, TRUE);
  return NULL;
}

static gboolean
is_wished (GstSodTraining *training)
{
  gboolean wished;

  g_mutex_lock (&training->lock);
  wished = training->requests->len > 0;
  g_mutex_unlock (&training->lock);
  return wished;
}

static void
start_late (LateWish *self)
{
  self->thread = g_thread_new ("late wish", wish_late, self);
  while (!is_wished (self->wish.training))
    g_usleep (1000);
}

/* Waits for ever where nothing answers, hence not by joining. */
static void
await_answer (LateWish *self)
{
  gint64 end = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  g_assert_nonnull (self->thread);
  while (!g_atomic_int_get (&self->answered)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
  }
  g_thread_join (self->thread);
}

static void
on_freed (gpointer data, GObject *learner)
{
  start_late (data);
}

/* The stage at work is freed once the run has answered for the last time. */
static void
stop_and_wish (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  LateWish *late = user_data;

  if (g_cancellable_is_cancelled (late->cancellable))
    return;
  g_object_weak_ref (G_OBJECT (training->current->learner), on_freed, late);
  g_cancellable_cancel (late->cancellable);
}

static void
test_checkpoint_as_the_run_ends (void)
{
  static const gchar *const more[] = { "base.steps", "300", NULL };
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (GstSodTraining) other = training_case_new (more, 1, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  LateWish late = { { training, path, NULL }, cancellable, NULL, FALSE };

  g_signal_connect (training, "progress", G_CALLBACK (stop_and_wish), &late);
  g_assert_false (gst_sod_training_run (training, cancellable, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&error);
  await_answer (&late);
  g_assert_no_error (late.wish.error);
  g_assert_cmpuint (training->requests->len, ==, 0);
  gst_sod_training_resume (other, path, &error);
  g_assert_no_error (error);
  g_remove (path);
  g_rmdir (folder);
}

static void
wish_at_warning (
    GstSodTraining *training, const gchar *text, gpointer user_data)
{
  start_late (user_data);
}

/* That run has no state that anything could go on from. */
static void
test_checkpoint_of_a_run_that_is_refused (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (NULL);
  g_autoptr (GstSodTraining) training = gst_sod_training_new (settings, NULL);
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_NONE);
  g_autoptr (GError) error = NULL;
  LateWish late = { { training, path, NULL }, NULL, NULL, FALSE };

  gst_sod_training_add_node (training, "a", samples, NULL, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (training, "warning", G_CALLBACK (wish_at_warning), &late);
  g_assert_false (gst_sod_training_run (training, NULL, NULL));
  await_answer (&late);
  g_assert_error (late.wish.error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED);
  g_clear_error (&late.wish.error);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_rmdir (folder);
}

/* ---- a full disk ---- */

/* A limit of a file's size stands for it. */
typedef struct
{
  const gchar *path;
  struct rlimit before;
  gboolean full;
  guint n_warnings;
} Disk;

static void
set_limit (rlim_t soft, const struct rlimit *before)
{
  const struct rlimit limit = { soft, before->rlim_max };

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* The first step's report: a checkpoint was written before it. */
static void
fill_disk (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  Disk *disk = user_data;

  if (disk->full || disk->n_warnings > 0)
    return;
  g_assert_true (g_file_test (disk->path, G_FILE_TEST_EXISTS));
  set_limit (9000, &disk->before);
  disk->full = TRUE;
}

/* What is on the disk stays, and after three refusals there is room again. */
static void
make_room (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  Disk *disk = user_data;

  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, "no checkpoint could be written"));
  g_assert_nonnull (strstr (text, disk->path));
  g_assert_true (g_file_test (disk->path, G_FILE_TEST_EXISTS));
  if (++disk->n_warnings == 3)
    set_limit (disk->before.rlim_cur, &disk->before);
}

static void
remove_checkpoint (const gchar *folder, const gchar *path)
{
  g_autoptr (GError) error = NULL;

  gst_sod_training_checkpoint_remove (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_full_disk_is_a_warning (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  const gchar *const more[] = { "run.checkpoint-path", path,
    "run.checkpoint-interval", "0", NULL };
  g_autoptr (GstSodTraining) whole = training_case_new (NULL, 1, FALSE);
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  g_autoptr (GstSodTraining) other = training_case_new (NULL, 1, FALSE);
  g_autoptr (GError) error = NULL;
  Disk disk = { .path = path };
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &disk.before), ==, 0);
  g_signal_connect (training, "progress", G_CALLBACK (fill_disk), &disk);
  g_signal_connect (training, "warning", G_CALLBACK (make_room), &disk);
  training_case_run (training);
  signal (SIGXFSZ, handler);
  g_assert_cmpuint (disk.n_warnings, ==, 3);
  /* It learnt as it would have, and its end is on the disk. */
  training_case_run (whole);
  training_case_assert_same (whole, training);
  gst_sod_training_resume (other, path, &error);
  g_assert_no_error (error);
  training_case_assert_same (whole, other);
  remove_checkpoint (folder, path);
}

/* ---- a step that is refused ---- */

#define KEPT 2    /* step of the last checkpoint */
#define REFUSED 5 /* step after which the loss is no number, once */

typedef struct
{
  gchar *text; /* the warning */
  guint n_warnings;
} Refusal;

static gdouble *
edge_weight_of (GstSodTraining *training)
{
  return &training->current->learner->settings.loss.options.edge_weight;
}

/* Spoils what is no part of a checkpoint. */
static void
spoil_loss (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  Refusal *refusal = user_data;
  GstSodStage *stage = training->current;

  stage->emitted = 0; /* to be called after the next step, too */
  if (stage->state.step == KEPT + 1)
    training->saved_at = G_MAXINT64 / 2;
  if (stage->state.step == REFUSED && refusal->n_warnings == 0)
    *edge_weight_of (training) = NAN;
}

static void
mend_loss (GstSodTraining *training, const gchar *text, gpointer user_data)
{
  Refusal *refusal = user_data;

  refusal->n_warnings++;
  g_free (refusal->text);
  refusal->text = g_strdup (text);
  *edge_weight_of (training) = GST_SOD_LOSS_EDGE_WEIGHT;
  g_assert_cmpuint (training->current->state.step, ==, KEPT);
  g_assert_cmpfloat (training->current->state.rate_scale, ==, 0.5);
}

static void
test_refused_step_goes_back_to_the_checkpoint (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  const gchar *const more[] = { "run.checkpoint-path", path,
    "run.checkpoint-interval", "0", NULL };
  g_autoptr (GstSodTraining) training = training_case_new (more, 1, FALSE);
  Refusal refusal = { 0 };

  g_signal_connect (training, "progress", G_CALLBACK (spoil_loss), &refusal);
  g_signal_connect (training, "warning", G_CALLBACK (mend_loss), &refusal);
  training_case_run (training);
  g_assert_cmpuint (refusal.n_warnings, ==, 1);
  g_assert_nonnull (strstr (refusal.text, "step 5 was refused"));
  g_assert_nonnull (strstr (
      refusal.text, "back to step 2, on with 0.5 of the learning rate"));
  g_free (refusal.text);
  remove_checkpoint (folder, path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/training/checkpoint/from-another-thread",
      test_checkpoint_from_another_thread);
  g_test_add_func (
      "/training/checkpoint/as-the-run-ends", test_checkpoint_as_the_run_ends);
  g_test_add_func ("/training/checkpoint/of-a-run-that-is-refused",
      test_checkpoint_of_a_run_that_is_refused);
  g_test_add_func ("/training/checkpoint/full-disk-is-a-warning",
      test_full_disk_is_a_warning);
  g_test_add_func ("/training/checkpoint/a-refused-step-goes-back-to-it",
      test_refused_step_goes_back_to_the_checkpoint);
  return g_test_run ();
}
