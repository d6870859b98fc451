/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far a command is, on the standard error: a bar with rate and time left on
 * a terminal, else a line now and then. */
typedef struct _SodProgress SodProgress;

/* @unit: what is counted, as "frames" */
SodProgress *sod_progress_new (const gchar *unit);
/* Takes the bar away. */
void sod_progress_free (SodProgress *self);
/* @fraction: of all the work, 0..1; @count: of units, which may begin anew
 * while the work goes on; @text: what else */
void sod_progress_show (
    SodProgress *self, gdouble fraction, guint64 count, const gchar *text);
/* Whether somebody looks on. */
gboolean sod_progress_is_bar (const SodProgress *self);
/* A line of its own, above the bar. */
void sod_progress_say (SodProgress *self, const gchar *line);
/* Seconds since it was made. */
gdouble sod_progress_get_elapsed (SodProgress *self);

G_END_DECLS
