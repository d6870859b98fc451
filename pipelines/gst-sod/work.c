/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#include <glib-unix.h>
#include <signal.h>

#define TICK 200 /* ms */

typedef struct
{
  void (*work) (gpointer data);
  void (*tick) (gpointer data);
  gpointer data;
  GCancellable *cancellable;
  GMainLoop *loop;
  SodExit interrupted;
} Work;

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (((Work *) data)->loop);
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer data)
{
  Work *self = data;

  self->work (self->data);
  g_idle_add (quit, self);
  return NULL;
}

static gboolean
tick (gpointer data)
{
  Work *self = data;

  self->tick (self->data);
  return G_SOURCE_CONTINUE;
}

static gboolean
interrupt (gpointer data)
{
  Work *self = data;

  self->interrupted = SOD_EXIT_INTERRUPTED;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate (gpointer data)
{
  interrupt (data);
  ((Work *) data)->interrupted = SOD_EXIT_TERMINATED;
  return G_SOURCE_CONTINUE;
}

SodExit
sod_work_run (void (*work) (gpointer data), void (*tick_func) (gpointer data),
    gpointer data, GCancellable *cancellable)
{
  Work self = { work, tick_func, data, cancellable, NULL, SOD_EXIT_OK };
  guint sources[] = { g_timeout_add (TICK, tick, &self),
    g_unix_signal_add (SIGINT, interrupt, &self),
    g_unix_signal_add (SIGTERM, terminate, &self) };
  GThread *thread;

  self.loop = g_main_loop_new (NULL, FALSE);
  thread = g_thread_new ("work", run, &self);
  g_main_loop_run (self.loop);
  g_thread_join (thread);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_main_loop_unref (self.loop);
  return self.interrupted;
}
