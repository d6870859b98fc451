/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/dataset-private.h>

G_BEGIN_DECLS

/* What lies in a folder, hidden files left out, in natural order. Names end in
 * the extension of a picture, or are those of folders. */
typedef struct
{
  gchar *path;
  GPtrArray *pictures, *folders; /* of names */
} GstSodFolder;

GstSodFolder *gst_sod_folder_open (const gchar *path, GError **error);
void gst_sod_folder_free (GstSodFolder *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodFolder, gst_sod_folder_free)

/* Order of names in which runs of digits count as numbers, so that frame10
 * comes after frame2; a total order. */
gint gst_sod_name_compare (const gchar *a, const gchar *b);

/* A name without its extension. (transfer full) */
gchar *gst_sod_name_stem (const gchar *name);

gboolean gst_sod_is_folder (const gchar *parent, const gchar *name);

/* Raises an error: @path holds no @wanted. */
gboolean gst_sod_folder_lacks (
    const gchar *path, const gchar *wanted, GError **error);

/* Adds an item for each picture of @images with the one of the same name in
 * @masks, which may be missing where @sparse. No picture at all, two of one
 * name or a mask without a picture are errors. */
gboolean gst_sod_folder_pair (GPtrArray *items, const gchar *sequence,
    const gchar *images, const gchar *masks, gboolean sparse, GError **error);

G_END_DECLS
