/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodloader.h"

#include <glib/gstdio.h>

#define LOOK_INTERVAL (G_TIME_SPAN_SECOND / 2)

/* What another file in the same place differs in. */
typedef struct
{
  guint64 device, inode, size;
  gint64 seconds, nanoseconds; /* of its last change */
} Identity;

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
  gboolean watches;
  gchar *watched; /* NULL: nothing to watch */
  Identity identity;
};

/* All 0 where there is no such file, as while it is replaced by hand. */
static Identity
identify (const gchar *path)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    return (Identity){ 0 };
  return (Identity){ status.st_dev, status.st_ino, (guint64) status.st_size,
    status.st_mtim.tv_sec, status.st_mtim.tv_nsec };
}

/* Whether another file is there since the last look. */
static gboolean
has_changed (SodLoader *self)
{
  Identity now = identify (self->watched);
  const Identity *before = &self->identity;

  if (now.inode == 0
      || (now.device == before->device && now.inode == before->inode
          && now.size == before->size && now.seconds == before->seconds
          && now.nanoseconds == before->nanoseconds))
    return FALSE;
  self->identity = now;
  return TRUE;
}

static void
set_watched (SodLoader *self, const gchar *path)
{
  g_free (self->watched);
  self->watched = g_strdup (path);
  self->identity = path != NULL ? identify (path) : (Identity){ 0 };
}

/* Under the lock: waits for something to do; FALSE where there is nothing yet.
 * @path: (transfer full) */
static gboolean
await_path (SodLoader *self, gchar **path)
{
  if (self->requested) {
    *path = g_steal_pointer (&self->path);
    self->requested = FALSE;
    if (self->watches)
      set_watched (self, *path);
    return TRUE;
  }
  if (self->watched == NULL) {
    g_cond_wait (&self->changed, &self->lock);
    return FALSE;
  }
  if (g_cond_wait_until (
          &self->changed, &self->lock, g_get_monotonic_time () + LOOK_INTERVAL)
      || !has_changed (self))
    return FALSE;
  *path = g_strdup (self->watched);
  return TRUE;
}

static gpointer
run (gpointer data)
{
  SodLoader *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stopped) {
    g_autofree gchar *path = NULL;

    if (!await_path (self, &path))
      continue;
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
  g_free (self->watched);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* With the lock. */
static void
start (SodLoader *self)
{
  if (self->thread == NULL)
    self->thread = g_thread_new ("sod-loader", run, self);
}

void
sod_loader_request (SodLoader *self, const gchar *path)
{
  g_mutex_lock (&self->lock);
  g_free (self->path);
  self->path = g_strdup (path);
  self->requested = TRUE;
  g_cond_signal (&self->changed);
  start (self);
  g_mutex_unlock (&self->lock);
}

void
sod_loader_watch (SodLoader *self, const gchar *path)
{
  g_mutex_lock (&self->lock);
  self->watches = TRUE;
  set_watched (self, path);
  g_mutex_unlock (&self->lock);
}

void
sod_loader_start (SodLoader *self)
{
  g_mutex_lock (&self->lock);
  start (self);
  g_mutex_unlock (&self->lock);
}
