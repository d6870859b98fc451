/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst-sod/data/samples.h>
#include <gst-sod/data/store-frame.h>

G_BEGIN_DECLS

/**
 * GstSodStoreFlags:
 * @GST_SOD_STORE_FLAG_NONE: open a store that is there, to write
 * @GST_SOD_STORE_FLAG_READ_ONLY: only read; any number of programs may, beside
 *   the one that writes
 * @GST_SOD_STORE_FLAG_CREATE: make the store where there is none
 *
 * How a store is opened.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_STORE_FLAG_NONE = 0,
  GST_SOD_STORE_FLAG_READ_ONLY = 1 << 0,
  GST_SOD_STORE_FLAG_CREATE = 1 << 1
} GstSodStoreFlags;

/**
 * GstSodStorePictureFormat:
 * @GST_SOD_STORE_PICTURE_FORMAT_JPEG: JPEG, of #GstSodStore:jpeg-quality
 * @GST_SOD_STORE_PICTURE_FORMAT_RAW: 8-bit RGB as it is
 *
 * How pictures lie in a store. Labels are always kept without loss.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_STORE_PICTURE_FORMAT_JPEG,
  GST_SOD_STORE_PICTURE_FORMAT_RAW
} GstSodStorePictureFormat;

#define GST_SOD_TYPE_STORE (gst_sod_store_get_type ())

/**
 * GstSodStore:
 *
 * Frames and labels that outlive power cuts: a folder of append-only files, in
 * which each node (camera) has its own. What was appended is on the disk when
 * the call returns. One process writes, many read. docs/store.md describes the
 * files.
 *
 * Every function may be called from any thread.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodStore, gst_sod_store, GST_SOD, STORE, GObject)

GST_SOD_API
GstSodStore *gst_sod_store_open (
    const gchar *path, GstSodStoreFlags flags, GError **error);

GST_SOD_API
const gchar *gst_sod_store_get_path (GstSodStore *self);

GST_SOD_API
gboolean gst_sod_store_append (GstSodStore *self, const gchar *node,
    GstSodImage *frame, GstSodImage *label, gint64 time, gchar **id,
    GError **error);

GST_SOD_API
gboolean gst_sod_store_append_frames (GstSodStore *self,
    GstSodStoreFrame *const *frames, gsize n_frames, GError **error);

GST_SOD_API
gboolean gst_sod_store_set_label (
    GstSodStore *self, const gchar *id, GstSodImage *label, GError **error);

GST_SOD_API
gboolean gst_sod_store_sync (GstSodStore *self, GError **error);

GST_SOD_API
GstSodSamples *gst_sod_store_snapshot (
    GstSodStore *self, const gchar *node, GError **error);

GST_SOD_API
gchar *gst_sod_store_get_statistics (GstSodStore *self, GError **error);

GST_SOD_API
guint64 gst_sod_store_get_n_bytes (GstSodStore *self);

GST_SOD_API
guint gst_sod_store_get_n_damaged (GstSodStore *self);

GST_SOD_API
gchar *gst_sod_store_verify (
    GstSodStore *self, GCancellable *cancellable, GError **error);

GST_SOD_API
gboolean gst_sod_store_prune (
    GstSodStore *self, guint64 *n_bytes, GError **error);

G_END_DECLS
