/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* For benchmarks: runs every step of a stream of this back end alone,
 * @n_rounds times in a row, then all of them in their order as often, and puts
 * the shortest times of each, in nanoseconds, into @alone and @in_place, one a
 * line of describe(). Alone a step finds its code, weights and samples in the
 * cache, in place what the others left there. What the stream holds is
 * overwritten. */
gboolean gst_sod_onednn_stream_profile (GstSodStream *stream, guint n_rounds,
    gint64 *alone, gint64 *in_place, GError **error);

/* Likewise of a training plan's stream that weights and gradients are bound to
 * and that has been through both passes. */
gboolean gst_sod_onednn_train_profile (GstSodStream *stream, guint n_rounds,
    gint64 *alone, gint64 *in_place, GError **error);

/* What the bare arithmetic takes in the place of each step of a training plan
 * that is a kernel of our own: oneDNN's batch norm, convolution or gradient of
 * weights, or the convolution to one channel of a source that lies in memory; 0
 * for the others, oneDNN's own convolutions among them. */
gboolean gst_sod_onednn_train_profile_bare (GstSodExecutable *executable,
    guint n_rounds, gint64 *nanoseconds, GError **error);

/* For benchmarks: compiles as the back end does, but with oneDNN's
 * convolutions where its own would be chosen. */
GstSodExecutable *gst_sod_onednn_compile_bare (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);

G_END_DECLS
