/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Does piece @index of a piece of work. */
typedef void (*GstSodPieceFunc) (gpointer data, guint index);

/* Calls @func for pieces 0 to @n_pieces - 1, on @threads threads (0: as many
 * as OpenMP likes), those that the back ends use too; on one where the pieces
 * have few values, @n_values in all. They must not share what they write: then
 * nothing depends on the number of threads. */
void gst_sod_run_pieces (GstSodPieceFunc func, gpointer data, guint n_pieces,
    gsize n_values, guint threads);

G_END_DECLS
