/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A file that lines go into, each with one write and whole or not at all.
 * Errors are of GST_RESOURCE_ERROR. */
typedef struct _SodLines SodLines;

/* @location may be NULL or "-" for the standard output. A file that is there is
 * emptied unless @append says otherwise. */
SodLines *sod_lines_open (
    const gchar *location, gboolean append, GError **error);
void sod_lines_close (SodLines *self);

/* Writes @line and a line feed. */
gboolean sod_lines_write (SodLines *self, const gchar *line, GError **error);

/* Until what was written lies on the disk. */
gboolean sod_lines_sync (SodLines *self, GError **error);

guint64 sod_lines_get_count (const SodLines *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodLines, sod_lines_close)

G_END_DECLS
