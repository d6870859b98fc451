/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>

G_BEGIN_DECLS

/* The safetensors container: 8 bytes of little-endian header length, a JSON
 * header, the tensors' data without gaps (docs/model-format.md). This layer
 * knows nothing of networks: tests read golden values through it. */

#define GST_SOD_SAFETENSORS_MAX_HEADER (G_GUINT64_CONSTANT (1) << 20)
#define GST_SOD_SAFETENSORS_MAX_FILE (G_GUINT64_CONSTANT (1) << 30)

/* What the header says of one tensor. */
typedef struct
{
  gchar *name; /* printable UTF-8 of 1 to 255 bytes */
  GstSodDType dtype;
  GstSodShape shape;
  guint64 begin, end; /* bytes from the start of the data */
} GstSodSafetensorsEntry;

typedef struct
{
  GPtrArray *entries;   /* of GstSodSafetensorsEntry, in the data's order */
  GHashTable *metadata; /* string -> string; empty where there is none */
} GstSodSafetensorsHeader;

/* Checks every name, dtype, shape and offset of @json against @data_size, the
 * bytes that follow the header. GST_SOD_ERROR_FORMAT for what is malformed,
 * GST_SOD_ERROR_MISMATCH for well-formed dtypes and ranks that GstSodTensor
 * does not have. */
GstSodSafetensorsHeader *gst_sod_safetensors_header_parse (
    const gchar *json, gsize length, guint64 data_size, GError **error);
void gst_sod_safetensors_header_free (GstSodSafetensorsHeader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GstSodSafetensorsHeader, gst_sod_safetensors_header_free)

/* A file or bytes whose header is read and checked, and no data yet. */
typedef struct _GstSodSafetensors GstSodSafetensors;

/* GST_SOD_ERROR_NOT_FOUND, _IO (no permission, no regular file, read errors),
 * _FORMAT, _MISMATCH; the message begins with @path. */
GstSodSafetensors *gst_sod_safetensors_open (const gchar *path, GError **error);

/* @path names the bytes in messages. */
GstSodSafetensors *gst_sod_safetensors_open_bytes (
    GBytes *bytes, const gchar *path, GError **error);

/* For messages: in UTF-8. Owned by @self, as is the header. */
const gchar *gst_sod_safetensors_get_path (const GstSodSafetensors *self);
const GstSodSafetensorsHeader *gst_sod_safetensors_get_header (
    const GstSodSafetensors *self);

/* Reads the data of all tensors: name -> GstSodTensor; (transfer full). The
 * message does not name the path. */
GHashTable *gst_sod_safetensors_load (GstSodSafetensors *self, GError **error);

void gst_sod_safetensors_close (GstSodSafetensors *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodSafetensors, gst_sod_safetensors_close)

/* All of a file at once; the message begins with @path. @tensors: name ->
 * GstSodTensor; @metadata: string -> string, empty where there is none; both
 * (out) (transfer full) (optional). */
gboolean gst_sod_safetensors_read (const gchar *path, GHashTable **tensors,
    GHashTable **metadata, GError **error);
gboolean gst_sod_safetensors_parse (GBytes *bytes, const gchar *path,
    GHashTable **tensors, GHashTable **metadata, GError **error);

/* Names in the order in which the writer lays tensors out: larger elements
 * first so that each is aligned, then by name. (transfer container) */
GPtrArray *gst_sod_safetensors_sort_names (GHashTable *tensors);

/* Writes @tensors and @metadata (nullable) to a temporary file beside @path,
 * syncs it and renames it over @path, so that whoever opens @path sees the old
 * file or the new one, whole. The same content gives the same bytes. Sets
 * GST_SOD_ERROR_IO, _NO_SPACE or _NOT_FOUND (no such folder); @path is then as
 * it was. */
gboolean gst_sod_safetensors_write (const gchar *path, GHashTable *tensors,
    GHashTable *metadata, GError **error);

G_END_DECLS
