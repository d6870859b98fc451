/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* For benchmarks: runs every step of a stream of this back end alone,
 * @n_rounds times in a row, and puts the shortest time into @nanoseconds, one a
 * line of describe(). What the stream holds is overwritten. */
gboolean gst_sod_onednn_stream_profile (
    GstSodStream *stream, guint n_rounds, gint64 *nanoseconds, GError **error);

/* Likewise of a training plan's stream that weights and gradients are bound to
 * and that has been through both passes. */
gboolean gst_sod_onednn_train_profile (
    GstSodStream *stream, guint n_rounds, gint64 *nanoseconds, GError **error);

G_END_DECLS
