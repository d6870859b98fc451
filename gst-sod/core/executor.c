/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU_SET, pthread_setaffinity_np */
#endif

#include <gst-sod/core/executor-private.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define MAX_BATCH 64
#define MAX_THREADS 1024
#define CANCEL_POLL_US (10 * G_TIME_SPAN_MILLISECOND)

/* One submission; lives on the submitter's stack. */
typedef struct _Job Job;
struct _Job
{
  Job *next;
  GstSodExecutorFunc func;
  gpointer key;
  gpointer item;
  guint max_batch;
  enum
  {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_DONE
  } state;
  gboolean ok;
  GError *error;
};

struct _GstSodExecutor
{
  GObject parent;

  gchar *device;
  guint threads;
  cpu_set_t cpus;
  gboolean has_affinity;

  GMutex lock;
  GCond queued;   /* the thread waits: a job came, or the end */
  GCond finished; /* submitters wait: a job ended, or a cancel */
  Job *first, *last;
  gboolean stopping;
  GThread *thread;
};

G_DEFINE_TYPE (GstSodExecutor, gst_sod_executor, G_TYPE_OBJECT)

/* Executors in use: id -> GWeakRef. */
static GMutex table_lock;
static GHashTable *table;

static void
unlink_job (GstSodExecutor *self, Job *job)
{
  Job **link = &self->first, *previous = NULL;

  while (*link != job) {
    previous = *link;
    link = &(*link)->next;
  }
  *link = job->next;
  if (self->last == job)
    self->last = previous;
  job->next = NULL;
}

/* Takes the oldest job and those that may run with it; lock held. */
static guint
take_batch (GstSodExecutor *self, Job **batch)
{
  Job *first = self->first, *job, *next;
  guint n = 0, max = first->max_batch;

  for (job = first; job != NULL && n < MAX (max, 1); job = next) {
    next = job->next;
    if (job != first
        && (first->key == NULL || job->key != first->key
            || job->func != first->func))
      continue;
    unlink_job (self, job);
    job->state = JOB_RUNNING;
    batch[n++] = job;
  }
  return n;
}

static gpointer
run_thread (gpointer data)
{
  GstSodExecutor *self = data;
  gpointer items[MAX_BATCH];
  Job *batch[MAX_BATCH];

  if (self->has_affinity)
    pthread_setaffinity_np (pthread_self (), sizeof (self->cpus), &self->cpus);
  g_mutex_lock (&self->lock);
  for (;;) {
    GError *error = NULL;
    gboolean ok;
    guint n;

    while (self->first == NULL && !self->stopping)
      g_cond_wait (&self->queued, &self->lock);
    if (self->first == NULL)
      break;
    n = take_batch (self, batch);
    g_mutex_unlock (&self->lock);
    for (guint i = 0; i < n; i++)
      items[i] = batch[i]->item;
    ok = batch[0]->func (batch[0]->key, items, n, &error);
    g_mutex_lock (&self->lock);
    for (guint i = 0; i < n; i++) {
      batch[i]->ok = ok;
      if (!ok && error != NULL)
        batch[i]->error = g_error_copy (error);
      batch[i]->state = JOB_DONE;
    }
    g_clear_error (&error);
    g_cond_broadcast (&self->finished);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

gboolean
gst_sod_executor_run (GstSodExecutor *self, GstSodExecutorFunc func,
    gpointer key, gpointer item, guint max_batch, GCancellable *cancellable,
    GError **error)
{
  Job job = { .func = func,
    .key = key,
    .item = item,
    .max_batch = CLAMP (max_batch, 1, MAX_BATCH) };

  if (g_cancellable_is_cancelled (cancellable)) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
        "the work was cancelled before it began");
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  if (self->last != NULL)
    self->last->next = &job;
  else
    self->first = &job;
  self->last = &job;
  g_cond_signal (&self->queued);
  while (job.state != JOB_DONE) {
    if (job.state == JOB_QUEUED && g_cancellable_is_cancelled (cancellable)) {
      unlink_job (self, &job);
      g_set_error_literal (&job.error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
          "the work was cancelled while it waited for its turn");
      break;
    }
    /* Connecting to the cancellable would take memory a frame, so a queued job
     * looks at it now and then. */
    if (cancellable != NULL && job.state == JOB_QUEUED)
      g_cond_wait_until (&self->finished, &self->lock,
          g_get_monotonic_time () + CANCEL_POLL_US);
    else
      g_cond_wait (&self->finished, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  if (job.error != NULL)
    g_propagate_error (error, job.error);
  return job.ok;
}

static void
gst_sod_executor_dispose (GObject *object)
{
  GstSodExecutor *self = GST_SOD_EXECUTOR (object);

  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_signal (&self->queued);
  g_mutex_unlock (&self->lock);
  if (self->thread == g_thread_self ())
    g_thread_unref (g_steal_pointer (&self->thread));
  else
    g_clear_pointer (&self->thread, g_thread_join);
  G_OBJECT_CLASS (gst_sod_executor_parent_class)->dispose (object);
}

static void
gst_sod_executor_finalize (GObject *object)
{
  GstSodExecutor *self = GST_SOD_EXECUTOR (object);

  g_free (self->device);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->queued);
  g_cond_clear (&self->finished);
  G_OBJECT_CLASS (gst_sod_executor_parent_class)->finalize (object);
}

static void
gst_sod_executor_class_init (GstSodExecutorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = gst_sod_executor_dispose;
  object_class->finalize = gst_sod_executor_finalize;
}

static void
gst_sod_executor_init (GstSodExecutor *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->queued);
  g_cond_init (&self->finished);
}

static gboolean
parse_cpu (const gchar **text, guint64 *cpu)
{
  gchar *end;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  *cpu = g_ascii_strtoull (*text, &end, 10);
  *text = end;
  return *cpu < CPU_SETSIZE;
}

/* "0,2-3" -> set; every processor of it must be one we may run on. */
static gboolean
parse_affinity (const gchar *text, cpu_set_t *set, GError **error)
{
  const gchar *rest = text;
  cpu_set_t allowed;

  CPU_ZERO (set);
  sched_getaffinity (0, sizeof (allowed), &allowed);
  while (*rest != '\0') {
    guint64 from, to;

    if (!parse_cpu (&rest, &from))
      goto malformed;
    to = from;
    if (*rest == '-') {
      rest++;
      if (!parse_cpu (&rest, &to) || to < from)
        goto malformed;
    }
    for (; from <= to; from++) {
      if (!CPU_ISSET (from, &allowed)) {
        g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
            "cpu-affinity \"%s\": this process may not run on processor "
            "%" G_GUINT64_FORMAT "; see taskset -p for those it may",
            text, from);
        return FALSE;
      }
      CPU_SET (from, set);
    }
    if (*rest == ',' && rest[1] != '\0')
      rest++;
    else if (*rest != '\0')
      goto malformed;
  }
  return TRUE;

malformed:
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "cpu-affinity \"%s\" is not a list of processors such as 0,2-3", text);
  return FALSE;
}

static guint
count_processors (const cpu_set_t *set)
{
  cpu_set_t allowed;

  if (set != NULL)
    return (guint) CPU_COUNT (set);
  if (sched_getaffinity (0, sizeof (allowed), &allowed) != 0)
    return g_get_num_processors ();
  return (guint) CPU_COUNT (&allowed);
}

/**
 * gst_sod_executor_get:
 * @device: name of the device, "cpu" or "cuda:N"
 * @threads: how many threads one forward pass uses, 0 = one for each processor
 *   that @cpu_affinity, or else the process, may run on; at most 1024
 * @cpu_affinity: (nullable): processors to keep to, as "0,2-3"; %NULL or empty
 *   for all
 * @error: return location for an error
 *
 * Finds the executor of these settings, or starts it. Everybody who asks for
 * the same settings shares one.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a list that cannot be parsed, a
 * processor that the process may not use or too many threads,
 * %GST_SOD_ERROR_FAILED where no thread could be started.
 *
 * Returns: (transfer full): the executor, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodExecutor *
gst_sod_executor_get (const gchar *device, guint threads,
    const gchar *cpu_affinity, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autofree gchar *id = NULL;
  gboolean has_affinity = cpu_affinity != NULL && *cpu_affinity != '\0';
  GstSodExecutor *self;
  GWeakRef *entry;
  cpu_set_t cpus;

  g_return_val_if_fail (device != NULL, NULL);

  if (has_affinity && !parse_affinity (cpu_affinity, &cpus, error))
    return NULL;
  if (threads > MAX_THREADS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "%u threads were asked for, the most is %d; 0 takes one for each "
        "processor",
        threads, MAX_THREADS);
    return NULL;
  }
  if (threads == 0)
    threads = count_processors (has_affinity ? &cpus : NULL);

  id = g_strdup_printf (
      "%s/%u/%s", device, threads, has_affinity ? cpu_affinity : "");
  locker = g_mutex_locker_new (&table_lock);
  if (table == NULL)
    table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  entry = g_hash_table_lookup (table, id);
  self = entry != NULL ? g_weak_ref_get (entry) : NULL;
  if (self != NULL)
    return self;

  self = g_object_new (GST_SOD_TYPE_EXECUTOR, NULL);
  self->device = g_strdup (device);
  self->threads = threads;
  self->has_affinity = has_affinity;
  if (has_affinity)
    self->cpus = cpus;
  self->thread = g_thread_try_new ("gst-sod", run_thread, self, NULL);
  if (self->thread == NULL) {
    g_object_unref (self);
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FAILED,
        "no thread could be started for the executor; see ulimit -u");
    return NULL;
  }
  if (entry != NULL) {
    g_weak_ref_set (entry, self);
    return self;
  }
  entry = g_new0 (GWeakRef, 1);
  g_weak_ref_init (entry, self);
  g_hash_table_insert (table, g_steal_pointer (&id), entry);
  return self;
}

/**
 * gst_sod_executor_get_threads:
 * @self: an executor
 *
 * Returns: how many threads one forward pass uses, 1 or more
 *
 * Since: 0.1
 */
guint
gst_sod_executor_get_threads (GstSodExecutor *self)
{
  g_return_val_if_fail (GST_SOD_IS_EXECUTOR (self), 0);

  return self->threads;
}

/**
 * gst_sod_executor_get_device:
 * @self: an executor
 *
 * Returns: the name of its device
 *
 * Since: 0.1
 */
const gchar *
gst_sod_executor_get_device (GstSodExecutor *self)
{
  g_return_val_if_fail (GST_SOD_IS_EXECUTOR (self), NULL);

  return self->device;
}
