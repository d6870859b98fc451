/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Workers measure images in any order; what they found is summed up in the
 * order in which the images came, so that the sums round the same whatever
 * the number of threads. The queue is bounded: whoever adds waits. */
#include <gst-sod/eval/evaluator.h>

#include <gst-sod/eval/pair-private.h>
#include <gst-sod/eval/tally-private.h>

/* Jobs per worker that may wait or be worked on. */
#define JOBS_PER_WORKER 3
#define MAX_WORKERS 256

/* One image on its way; an atomic reference-counted box. Everything but what
 * the worker reads while @done is FALSE is under the evaluator's lock. */
typedef struct _Job Job;

struct _Job
{
  guint sequence;
  gchar *name;
  GstSodPairLoadFunc load; /* or NULL: @pair was given */
  gpointer user_data;
  GDestroyNotify destroy;

  Job *previous;    /* of the same sequence, or NULL */
  GstSodPair *pair; /* NULL before it is loaded and once nobody needs it */
  gboolean loaded, done;
  GstSodMeasures *measures;
  GError *error;
};

struct _GstSodEvaluator
{
  GObject parent;

  GstSodPairRule rule;
  guint n_workers;

  GMutex lock;
  GCond changed;      /* anything below */
  GPtrArray *workers; /* of GThread; empty before the first image */
  GQueue waiting;     /* of Job, not started; borrowed from @unsummed */
  GQueue unsummed;    /* of Job, in the order in which they came */
  Job *last;          /* the newest one, for the next to look back at */
  GstSodTally *tally;
  GError *error; /* the first in the order of the images */
  gboolean finished, closing;
};

G_DEFINE_TYPE (GstSodEvaluator, gst_sod_evaluator, G_TYPE_OBJECT)

static void
job_clear (gpointer data)
{
  Job *job = data;

  if (job->destroy != NULL)
    job->destroy (job->user_data);
  g_free (job->name);
  g_clear_pointer (&job->pair, gst_sod_pair_unref);
  g_clear_pointer (&job->measures, gst_sod_measures_unref);
  g_clear_error (&job->error);
  if (job->previous != NULL)
    g_atomic_rc_box_release_full (job->previous, job_clear);
}

static void
job_unref (Job *job)
{
  g_atomic_rc_box_release_full (job, job_clear);
}

static void
load_job (GstSodEvaluator *self, Job *job)
{
  GstSodPair *pair = NULL;
  GError *error = NULL;

  if (job->load != NULL)
    pair = job->load (job->user_data, &error);
  g_mutex_lock (&self->lock);
  if (job->load != NULL) {
    job->pair = pair;
    if (pair == NULL && error == NULL)
      g_set_error (&error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
          "its loader gave neither a pair nor an error");
    job->error = error;
  }
  job->loaded = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* The pair before, once it is loaded: jobs start in order, so that another
 * worker has it in hand, or had. */
static GstSodPair *
take_previous_pair (GstSodEvaluator *self, Job *job)
{
  GstSodPair *pair = NULL;

  if (gst_sod_pair_get_picture (job->pair) == NULL)
    return NULL;
  g_mutex_lock (&self->lock);
  if (job->previous != NULL) {
    while (!job->previous->loaded)
      g_cond_wait (&self->changed, &self->lock);
    if (job->previous->pair != NULL)
      pair = gst_sod_pair_ref (job->previous->pair);
  }
  g_mutex_unlock (&self->lock);
  return pair;
}

static void
run_job (GstSodEvaluator *self, Job *job, GstSodScratch *scratch)
{
  GstSodMeasures *measures = NULL;
  GError *error = NULL;

  load_job (self, job);
  if (job->pair != NULL) {
    g_autoptr (GstSodPair) previous = take_previous_pair (self, job);

    measures = gst_sod_pair_measure (
        job->pair, previous, &self->rule, scratch, &error);
  }
  g_mutex_lock (&self->lock);
  job->measures = measures;
  if (error != NULL)
    job->error = error;
  /* Only a pair with a picture is looked back at. */
  if (job->pair != NULL && gst_sod_pair_get_picture (job->pair) == NULL)
    g_clear_pointer (&job->pair, gst_sod_pair_unref);
  g_clear_pointer (&job->previous, job_unref);
  job->done = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
keep_error (GstSodEvaluator *self, Job *job)
{
  const gchar *sequence =
      gst_sod_tally_get_sequence_name (self->tally, job->sequence);

  self->error = g_steal_pointer (&job->error);
  if (job->load != NULL)
    return; /* a loader names its files */
  g_prefix_error (&self->error,
      "image \"%s%s%s\": ", sequence != NULL ? sequence : "",
      sequence != NULL ? "/" : "", job->name != NULL ? job->name : "?");
}

/* Sums up what is done; the lock is held. After an error nothing counts. */
static void
sum_up (GstSodEvaluator *self)
{
  Job *job = g_queue_peek_head (&self->unsummed);

  for (; job != NULL && job->done; job = g_queue_peek_head (&self->unsummed)) {
    g_queue_pop_head (&self->unsummed);
    if (self->error == NULL) {
      if (job->error != NULL)
        keep_error (self, job);
      else
        gst_sod_tally_add (
            self->tally, job->sequence, job->name, job->measures);
    }
    job_unref (job);
  }
  g_cond_broadcast (&self->changed);
}

static gpointer
work (gpointer data)
{
  GstSodEvaluator *self = data;
  g_autoptr (GstSodScratch) scratch = gst_sod_scratch_new ();

  g_mutex_lock (&self->lock);
  for (;;) {
    Job *job = g_queue_pop_head (&self->waiting);

    if (job != NULL) {
      g_mutex_unlock (&self->lock);
      run_job (self, job, scratch);
      g_mutex_lock (&self->lock);
      sum_up (self);
    } else if (self->closing) {
      break;
    } else {
      g_cond_wait (&self->changed, &self->lock);
    }
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* The lock is held. Fewer workers than asked for do as well, none do not. */
static gboolean
start_workers (GstSodEvaluator *self, GError **error)
{
  while (self->workers->len < self->n_workers) {
    g_autoptr (GError) local_error = NULL;
    GThread *thread = g_thread_try_new ("sod-eval", work, self, &local_error);

    if (thread != NULL) {
      g_ptr_array_add (self->workers, thread);
      continue;
    }
    if (self->workers->len > 0) {
      self->n_workers = self->workers->len;
      return TRUE;
    }
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "no thread can be started to measure images: %s", local_error->message);
    return FALSE;
  }
  return TRUE;
}

static void
stop_workers (GstSodEvaluator *self)
{
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->workers->len; i++)
    g_thread_join (g_ptr_array_index (self->workers, i));
  g_ptr_array_set_size (self->workers, 0);
}

static void
gst_sod_evaluator_finalize (GObject *object)
{
  GstSodEvaluator *self = GST_SOD_EVALUATOR (object);

  g_mutex_lock (&self->lock);
  g_queue_clear (&self->waiting);
  g_mutex_unlock (&self->lock);
  stop_workers (self);
  g_queue_clear_full (&self->unsummed, (GDestroyNotify) job_unref);
  g_clear_pointer (&self->last, job_unref);
  g_ptr_array_unref (self->workers);
  g_clear_pointer (&self->tally, gst_sod_tally_free);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (gst_sod_evaluator_parent_class)->finalize (object);
}

static void
gst_sod_evaluator_class_init (GstSodEvaluatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_evaluator_finalize;
}

static void
gst_sod_evaluator_init (GstSodEvaluator *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  g_queue_init (&self->unsummed);
  self->workers = g_ptr_array_new ();
}

/**
 * gst_sod_evaluator_new:
 * @school: how to measure
 * @threads: how many threads measure, at most 256; 0: one per processor
 *
 * Makes an evaluator. Its threads start with the first image.
 *
 * Returns: (transfer full): the evaluator
 *
 * Since: 0.1
 */
GstSodEvaluator *
gst_sod_evaluator_new (GstSodSchool school, guint threads)
{
  GstSodEvaluator *self;

  g_return_val_if_fail (school <= GST_SOD_SCHOOL_DAVIS, NULL);
  g_return_val_if_fail (threads <= MAX_WORKERS, NULL);

  self = g_object_new (GST_SOD_TYPE_EVALUATOR, NULL);
  self->rule.school = school;
  self->n_workers =
      threads > 0 ? threads : MIN (g_get_num_processors (), MAX_WORKERS);
  self->tally = gst_sod_tally_new (school);
  return self;
}

/* Whether no image has been added; settings come first. */
static gboolean
is_new (GstSodEvaluator *self)
{
  gboolean new;

  g_mutex_lock (&self->lock);
  new = self->workers->len == 0 && !self->finished;
  g_mutex_unlock (&self->lock);
  return new;
}

/**
 * gst_sod_evaluator_set_nan_policy:
 * @self: an evaluator without images
 * @policy: what becomes of undefined values; %GST_SOD_NAN_POLICY_MATCH where
 *   it is not set
 *
 * Sets how means are made of undefined values.
 *
 * Since: 0.1
 */
void
gst_sod_evaluator_set_nan_policy (GstSodEvaluator *self, GstSodNanPolicy policy)
{
  g_return_if_fail (GST_SOD_IS_EVALUATOR (self));
  g_return_if_fail (is_new (self));

  gst_sod_tally_set_nan_policy (self->tally, policy);
}

/**
 * gst_sod_evaluator_set_resize:
 * @self: an evaluator without images
 * @resize: whether maps of another size than their truth are resized to it;
 *   not where it is not set
 *
 * Says that maps may have another size than their truth: they are enlarged
 * bilinearly or shrunk with a triangle filter, and rounded to 8 bits.
 *
 * Since: 0.1
 */
void
gst_sod_evaluator_set_resize (GstSodEvaluator *self, gboolean resize)
{
  g_return_if_fail (GST_SOD_IS_EVALUATOR (self));
  g_return_if_fail (is_new (self));

  self->rule.resize = resize;
}

/**
 * gst_sod_evaluator_set_keep_images:
 * @self: an evaluator without images
 * @keep: whether the values of each image are kept; not where it is not set
 *
 * Says that the evaluation shall tell the values of each image, which takes
 * some 250 bytes of memory an image. Without it, memory does not grow.
 *
 * Since: 0.1
 */
void
gst_sod_evaluator_set_keep_images (GstSodEvaluator *self, gboolean keep)
{
  g_return_if_fail (GST_SOD_IS_EVALUATOR (self));
  g_return_if_fail (is_new (self));

  gst_sod_tally_set_keep_images (self->tally, keep);
}

/* Takes @job. */
static gboolean
add_job (GstSodEvaluator *self, const gchar *sequence, Job *job, GError **error)
{
  gboolean added = FALSE;

  g_mutex_lock (&self->lock);
  while (self->error == NULL
         && self->unsummed.length >= JOBS_PER_WORKER * self->n_workers)
    g_cond_wait (&self->changed, &self->lock);
  if (self->error != NULL) {
    g_propagate_error (error, g_error_copy (self->error));
  } else if (start_workers (self, error)) {
    job->sequence = GST_SOD_NO_SEQUENCE;
    if (sequence != NULL)
      job->sequence = gst_sod_tally_get_sequence (self->tally, sequence);
    if (self->last != NULL && job->sequence == self->last->sequence
        && sequence != NULL)
      job->previous = g_atomic_rc_box_acquire (self->last);
    g_clear_pointer (&self->last, job_unref);
    self->last = g_atomic_rc_box_acquire (job);
    g_queue_push_tail (&self->unsummed, g_atomic_rc_box_acquire (job));
    g_queue_push_tail (&self->waiting, job);
    g_cond_broadcast (&self->changed);
    added = TRUE;
  }
  g_mutex_unlock (&self->lock);
  job_unref (job);
  return added;
}

static gboolean
check_sequence (GstSodEvaluator *self, const gchar *sequence, const gchar *name,
    GError **error)
{
  GstSodSchool school = self->rule.school;

  if (sequence != NULL
      || (school != GST_SOD_SCHOOL_DAVSOD && school != GST_SOD_SCHOOL_DAVIS))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "image \"%s\" belongs to no sequence, and school %s takes means over "
      "sequences: name its sequence, or use school pysod for stills",
      name != NULL ? name : "?", gst_sod_school_get_name (school));
  return FALSE;
}

/**
 * gst_sod_evaluator_add:
 * @self: an evaluator
 * @sequence: (nullable): the sequence that the image belongs to, or %NULL for
 *   a still; the frames of one sequence come one after the other
 * @name: (nullable): the image's name
 * @pair: the map and its truth, not written to any more
 * @error: return location for an error
 *
 * Adds an image; waits where more are being measured than the evaluator's
 * threads can take. Thread-safe.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a still where the school needs
 * sequences; that of an image that came before and could not be measured,
 * after which nothing more is taken: %GST_SOD_ERROR_MISMATCH where its map has
 * another size than its truth, %GST_SOD_ERROR_UNSUPPORTED where one is not
 * 8-bit gray, %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_evaluator_add (GstSodEvaluator *self, const gchar *sequence,
    const gchar *name, GstSodPair *pair, GError **error)
{
  Job *job;

  g_return_val_if_fail (GST_SOD_IS_EVALUATOR (self), FALSE);
  g_return_val_if_fail (!self->finished, FALSE);
  g_return_val_if_fail (pair != NULL, FALSE);

  if (!check_sequence (self, sequence, name, error))
    return FALSE;
  job = g_atomic_rc_box_new0 (Job);
  job->name = g_strdup (name);
  job->pair = gst_sod_pair_ref (pair);
  return add_job (self, sequence, job, error);
}

/**
 * gst_sod_evaluator_add_loader:
 * @self: an evaluator
 * @sequence: (nullable): as in gst_sod_evaluator_add()
 * @name: (nullable): as in gst_sod_evaluator_add()
 * @load: (scope notified) (closure user_data) (destroy destroy): reads the
 *   pair
 * @user_data: for @load
 * @destroy: (nullable): frees @user_data, on any thread
 * @error: return location for an error
 *
 * Adds an image that one of the evaluator's threads reads, so that decoding
 * runs on all cores too. An error of @load is the evaluator's: it should name
 * the file. Waits as gst_sod_evaluator_add() does. Thread-safe.
 *
 * Errors: as gst_sod_evaluator_add(), and those of @load.
 *
 * Returns: %TRUE, or %FALSE with @error set; @user_data is taken in both cases
 *
 * Since: 0.1
 */
gboolean
gst_sod_evaluator_add_loader (GstSodEvaluator *self, const gchar *sequence,
    const gchar *name, GstSodPairLoadFunc load, gpointer user_data,
    GDestroyNotify destroy, GError **error)
{
  Job *job;

  g_return_val_if_fail (GST_SOD_IS_EVALUATOR (self), FALSE);
  g_return_val_if_fail (!self->finished, FALSE);
  g_return_val_if_fail (load != NULL, FALSE);

  job = g_atomic_rc_box_new0 (Job);
  job->name = g_strdup (name);
  job->load = load;
  job->user_data = user_data;
  job->destroy = destroy;
  if (!check_sequence (self, sequence, name, error)) {
    job_unref (job);
    return FALSE;
  }
  return add_job (self, sequence, job, error);
}

/**
 * gst_sod_evaluator_peek:
 * @self: an evaluator
 *
 * Tells what has been found so far, without the images that are still being
 * measured and without kept images. Thread-safe.
 *
 * Returns: (transfer full): the evaluation of the images that are done
 *
 * Since: 0.1
 */
GstSodEvaluation *
gst_sod_evaluator_peek (GstSodEvaluator *self)
{
  GstSodEvaluation *evaluation;

  g_return_val_if_fail (GST_SOD_IS_EVALUATOR (self), NULL);

  g_mutex_lock (&self->lock);
  evaluation = gst_sod_tally_evaluate (self->tally, FALSE);
  g_mutex_unlock (&self->lock);
  return evaluation;
}

/**
 * gst_sod_evaluator_finish:
 * @self: an evaluator
 * @error: return location for an error
 *
 * Waits for all images and tells what was found. Nothing can be added after
 * it.
 *
 * Errors: that of the first image that could not be measured (see
 * gst_sod_evaluator_add()), %GST_SOD_ERROR_INVALID_ARGUMENT where no image was
 * added.
 *
 * Returns: (transfer full): the evaluation, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodEvaluation *
gst_sod_evaluator_finish (GstSodEvaluator *self, GError **error)
{
  gboolean any;

  g_return_val_if_fail (GST_SOD_IS_EVALUATOR (self), NULL);
  g_return_val_if_fail (!self->finished, NULL);

  g_mutex_lock (&self->lock);
  self->finished = TRUE;
  any = self->last != NULL;
  while (self->unsummed.length > 0)
    g_cond_wait (&self->changed, &self->lock);
  g_clear_pointer (&self->last, job_unref);
  g_mutex_unlock (&self->lock);
  stop_workers (self);
  if (self->error != NULL) {
    g_propagate_error (error, g_error_copy (self->error));
    return NULL;
  }
  if (!any) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "there is nothing to measure: no image was added");
    return NULL;
  }
  return gst_sod_tally_evaluate (self->tally, TRUE);
}
