/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodloader.h"

struct _SodLoader
{
  SodLoaderFunc func;
  gpointer user_data;
  GThread *thread; /* from the first request on */

  GMutex lock; /* of what follows */
  GCond changed;
  gchar *path;
  gboolean requested;
  gboolean stopped;
};

static gpointer
run (gpointer data)
{
  SodLoader *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stopped) {
    g_autofree gchar *path = NULL;

    if (!self->requested) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    path = g_steal_pointer (&self->path);
    self->requested = FALSE;
    g_mutex_unlock (&self->lock);
    self->func (path, self->user_data);
    g_mutex_lock (&self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

SodLoader *
sod_loader_new (SodLoaderFunc func, gpointer user_data)
{
  SodLoader *self = g_new0 (SodLoader, 1);

  self->func = func;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

void
sod_loader_free (SodLoader *self)
{
  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  g_free (self->path);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
sod_loader_request (SodLoader *self, const gchar *path)
{
  g_mutex_lock (&self->lock);
  g_free (self->path);
  self->path = g_strdup (path);
  self->requested = TRUE;
  g_cond_signal (&self->changed);
  if (self->thread == NULL)
    self->thread = g_thread_new ("sod-loader", run, self);
  g_mutex_unlock (&self->lock);
}
