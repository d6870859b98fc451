/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_EXECUTOR (gst_sod_executor_get_type ())

/**
 * GstSodExecutor:
 *
 * A library-owned thread that all arithmetic for one (device, threads,
 * affinity) runs on, whoever asks for it: elements submit work and wait. The
 * thread and the workers that a back end starts from it keep to the executor's
 * processors, and streaming threads never grow thread pools of their own.
 *
 * Work of one kind that waits at the same time can be taken as one batch: see
 * gst_sod_session_infer().
 *
 * Thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodExecutor, gst_sod_executor, GST_SOD, EXECUTOR, GObject)

GST_SOD_API
GstSodExecutor *gst_sod_executor_get (const gchar *device, guint threads,
    const gchar *cpu_affinity, GError **error);

GST_SOD_API
guint gst_sod_executor_get_threads (GstSodExecutor *self);

GST_SOD_API
const gchar *gst_sod_executor_get_device (GstSodExecutor *self);

G_END_DECLS
