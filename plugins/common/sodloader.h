/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One thread that loads what was asked for last: requests that come while it
 * is at work replace each other. */
typedef struct _SodLoader SodLoader;

/* Runs on the loader's thread. */
typedef void (*SodLoaderFunc) (const gchar *path, gpointer user_data);

SodLoader *sod_loader_new (SodLoaderFunc func, gpointer user_data);

/* Waits for the load at work; what was asked for after it is dropped. */
void sod_loader_free (SodLoader *self);

/* Any thread; @path may be NULL. */
void sod_loader_request (SodLoader *self, const gchar *path);

/* From now on a file is loaded anew whenever another takes its place, or it is
 * written to: @path (nullable) as it is now, and what is requested later. Twice
 * a second is looked whether it has; once the loader is started. Before
 * anything is requested. */
void sod_loader_watch (SodLoader *self, const gchar *path);
void sod_loader_start (SodLoader *self);

G_END_DECLS
