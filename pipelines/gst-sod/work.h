/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "command.h"

G_BEGIN_DECLS

/* Runs @work (@data) on a thread of its own and waits for its end on the main
 * loop, where @tick (@data) is called now and then. SIGINT and SIGTERM cancel
 * @cancellable. Returns what to exit with after a signal, else SOD_EXIT_OK. */
SodExit sod_work_run (void (*work) (gpointer data),
    void (*tick) (gpointer data), gpointer data, GCancellable *cancellable);

G_END_DECLS
