/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>

G_BEGIN_DECLS

/* Everything that a training needs to go on: named tensors and texts. In a file
 * it is a safetensors container with a checksum over all of it; texts are
 * tensors of bytes there, so that their length has no small limit. Not
 * thread-safe. */
typedef struct _GstSodCheckpoint GstSodCheckpoint;

GstSodCheckpoint *gst_sod_checkpoint_new (void);
void gst_sod_checkpoint_free (GstSodCheckpoint *self);

/* Keeps a copy of @values, f32 of @n elements, as @name. */
gboolean gst_sod_checkpoint_set_floats (GstSodCheckpoint *self,
    const gchar *name, const gfloat *values, gsize n, GError **error);
/* Copies the values out. GST_SOD_ERROR_MISMATCH where there is no such name,
 * or it has another number of elements. */
gboolean gst_sod_checkpoint_get_floats (const GstSodCheckpoint *self,
    const gchar *name, gfloat *values, gsize n, GError **error);

/* Any bytes; texts without their last NUL. */
gboolean gst_sod_checkpoint_set_bytes (GstSodCheckpoint *self,
    const gchar *name, gconstpointer data, gsize n, GError **error);
/* (transfer full); GST_SOD_ERROR_MISMATCH where there is no such name. */
GBytes *gst_sod_checkpoint_get_bytes (
    const GstSodCheckpoint *self, const gchar *name, GError **error);

gboolean gst_sod_checkpoint_has (
    const GstSodCheckpoint *self, const gchar *name);

/* Replaces @path at once or not at all; what was there is kept beside it as
 * @path with "~" behind. Synced to the disk when it returns. One writer of a
 * path at a time. GST_SOD_ERROR_IO, GST_SOD_ERROR_NO_SPACE,
 * GST_SOD_ERROR_NOT_FOUND, GST_SOD_ERROR_UNSUPPORTED for one too large. */
gboolean gst_sod_checkpoint_write (
    GstSodCheckpoint *self, const gchar *path, GError **error);

/* Reads @path, or where it is damaged or missing what lies beside it: one that
 * a killed writer had all but put in its place, or the one before. @older
 * (optional) says whether it was one of those. GST_SOD_ERROR_NOT_FOUND where
 * there is neither, GST_SOD_ERROR_FORMAT where both are damaged. */
GstSodCheckpoint *gst_sod_checkpoint_read (
    const gchar *path, gboolean *older, GError **error);

/* Whether there is something for gst_sod_checkpoint_read() to read, at @path or
 * beside it; not whether it is whole. */
gboolean gst_sod_checkpoint_exists (const gchar *path);

/* Removes all that gst_sod_checkpoint_read() would look at, and what killed
 * writers left. GST_SOD_ERROR_IO; where there is nothing it is no error. */
gboolean gst_sod_checkpoint_remove (const gchar *path, GError **error);

/* For the fuzzer: a file's content. */
GstSodCheckpoint *gst_sod_checkpoint_parse (
    GBytes *bytes, const gchar *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodCheckpoint, gst_sod_checkpoint_free)

G_END_DECLS
