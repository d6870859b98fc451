/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/executor.h>

G_BEGIN_DECLS

/* Runs on the executor's thread. @items are 1 to max_batch pointers that were
 * submitted with the same function and key, oldest first; failing fails all of
 * them with a copy of @error. */
typedef gboolean (*GstSodExecutorFunc) (
    gpointer key, gpointer *items, guint n_items, GError **error);

/* Queues (@func, @key, @item) and waits until it has run. Where several items
 * of one @func and non-NULL @key wait, they run as one call of at most
 * @max_batch items. Cancelling while it is queued takes it back at once
 * (GST_SOD_ERROR_CANCELLED); work that has started is waited for, since it
 * reads the caller's memory: that is one forward pass. Takes no memory from
 * the heap. */
gboolean gst_sod_executor_run (GstSodExecutor *self, GstSodExecutorFunc func,
    gpointer key, gpointer item, guint max_batch, GCancellable *cancellable,
    GError **error);

G_END_DECLS
