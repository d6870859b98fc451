/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/executor-private.h>

#include <string.h>

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean open;
  gint running;
  guint largest_batch;
  GThread *thread;
} Gate;

static void
gate_set_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->open = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->lock);
}

/* Waits at the gate that is the key. */
static gboolean
pass_gate (gpointer key, gpointer *items, guint n_items, GError **error)
{
  Gate *gate = key;

  g_mutex_lock (&gate->lock);
  gate->running++;
  gate->thread = g_thread_self ();
  gate->largest_batch = MAX (gate->largest_batch, n_items);
  g_cond_broadcast (&gate->cond);
  while (!gate->open)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
  for (guint i = 0; i < n_items; i++)
    g_atomic_int_inc ((gint *) items[i]);
  return TRUE;
}

static gboolean
fail (gpointer key, gpointer *items, guint n_items, GError **error)
{
  g_set_error_literal (
      error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND, "as it should");
  return FALSE;
}

static GstSodExecutor *
get_executor (void)
{
  g_autoptr (GError) error = NULL;
  GstSodExecutor *executor = gst_sod_executor_get ("cpu", 1, NULL, &error);

  g_assert_no_error (error);
  return executor;
}

static void
test_runs_elsewhere (void)
{
  g_autoptr (GstSodExecutor) executor = get_executor ();
  Gate gate = { .open = TRUE };
  gint item = 0;

  g_assert_true (
      gst_sod_executor_run (executor, pass_gate, &gate, &item, 1, NULL, NULL));
  g_assert_cmpint (item, ==, 1);
  g_assert_true (gate.thread != g_thread_self ());
}

static void
test_error_reaches_the_caller (void)
{
  g_autoptr (GstSodExecutor) executor = get_executor ();
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gst_sod_executor_run (executor, fail, NULL, NULL, 1, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND);
}

static void
test_is_shared (void)
{
  g_autoptr (GstSodExecutor) a = get_executor ();
  g_autoptr (GstSodExecutor) b = get_executor ();
  g_autoptr (GstSodExecutor) c = gst_sod_executor_get ("cpu", 2, NULL, NULL);
  GstSodExecutor *gone;

  g_assert_true (a == b);
  g_assert_true (a != c);
  g_assert_cmpuint (gst_sod_executor_get_threads (c), ==, 2);
  g_assert_cmpstr (gst_sod_executor_get_device (c), ==, "cpu");

  gone = g_steal_pointer (&c);
  g_object_add_weak_pointer (G_OBJECT (gone), (gpointer *) &gone);
  g_object_unref (gone);
  g_assert_null (gone);
  c = gst_sod_executor_get ("cpu", 2, NULL, NULL);
  g_assert_cmpuint (gst_sod_executor_get_threads (c), ==, 2);
}

typedef struct
{
  GstSodExecutor *executor;
  Gate *gate;
  gint *item;
  guint max_batch;
  GCancellable *cancellable;
  GError *error;
} Submission;

static gpointer
submit (gpointer data)
{
  Submission *self = data;

  return GINT_TO_POINTER (
      gst_sod_executor_run (self->executor, pass_gate, self->gate, self->item,
          self->max_batch, self->cancellable, &self->error));
}

static void
wait_running (Gate *gate, gint n)
{
  g_mutex_lock (&gate->lock);
  while (gate->running < n)
    g_cond_wait (&gate->cond, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
test_batches (void)
{
  g_autoptr (GstSodExecutor) executor = get_executor ();
  Gate first = { .open = FALSE }, gate = { .open = TRUE };
  gint blocker = 0, items[6] = { 0 };
  Submission block = { executor, &first, &blocker, 1, NULL, NULL };
  Submission each[6];
  GThread *blocked = g_thread_new ("block", submit, &block), *threads[6];
  guint total = 0;

  wait_running (&first, 1);
  for (guint i = 0; i < 6; i++) {
    each[i] = (Submission){ executor, &gate, &items[i], 4, NULL, NULL };
    threads[i] = g_thread_new ("item", submit, &each[i]);
  }
  g_usleep (100000); /* all six have queued by now */
  gate_set_open (&first);
  g_assert_true (g_thread_join (blocked));
  for (guint i = 0; i < 6; i++) {
    g_assert_true (g_thread_join (threads[i]));
    total += (guint) items[i];
  }
  g_assert_cmpuint (total, ==, 6);
  g_assert_cmpuint (gate.largest_batch, ==, 4);
}

static void
test_cancel_takes_a_queued_job_back (void)
{
  g_autoptr (GstSodExecutor) executor = get_executor ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Gate gate = { .open = FALSE };
  gint blocker = 0, item = 0;
  Submission block = { executor, &gate, &blocker, 1, NULL, NULL };
  Submission late = { executor, &gate, &item, 1, cancellable, NULL };
  GThread *blocked = g_thread_new ("block", submit, &block);
  GThread *queued;

  wait_running (&gate, 1);
  queued = g_thread_new ("late", submit, &late);
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  g_assert_false (g_thread_join (queued));
  g_assert_error (late.error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&late.error);
  g_assert_cmpint (item, ==, 0);
  g_assert_false (gst_sod_executor_run (
      executor, pass_gate, &gate, &item, 1, cancellable, &late.error));
  g_assert_error (late.error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&late.error);
  gate_set_open (&gate);
  g_assert_true (g_thread_join (blocked));
}

static void
test_affinity (void)
{
  static const gchar *const bad[] = { "x", "0,", "1-0", "0-", ",0", "-1",
    "99999", "0 1" };
  g_autoptr (GstSodExecutor) executor =
      gst_sod_executor_get ("cpu", 0, "0", NULL);

  g_assert_nonnull (executor);
  g_assert_cmpuint (gst_sod_executor_get_threads (executor), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_executor_get ("cpu", 0, bad[i], &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, bad[i]));
  }
}

static void
test_rejects_too_many_threads (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_executor_get ("cpu", 1000000, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/executor/run/on-its-own-thread", test_runs_elsewhere);
  g_test_add_func (
      "/executor/run/error-reaches-the-caller", test_error_reaches_the_caller);
  g_test_add_func ("/executor/get/same-settings-share-one", test_is_shared);
  g_test_add_func ("/executor/run/waiting-work-is-batched", test_batches);
  g_test_add_func ("/executor/cancel/takes-a-queued-job-back",
      test_cancel_takes_a_queued_job_back);
  g_test_add_func ("/executor/get/affinity-is-checked", test_affinity);
  g_test_add_func (
      "/executor/get/rejects-too-many-threads", test_rejects_too_many_threads);
  return g_test_run ();
}
