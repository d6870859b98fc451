/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* The file of @node's model: the first "%s" of @pattern is its name; without
 * one, and where it is not @alone, "-NODE" goes before the ending. (transfer
 * full) */
gchar *sod_model_path (const gchar *pattern, const gchar *node, gboolean alone);

/* Makes the folder of @path, the value of @property, where there is none.
 * Returns whether a file can be put there. */
gboolean sod_file_make_folder (
    const gchar *property, const gchar *path, GError **error);

/* Writes the settings of @training and its record into @folder, under the names
 * that `gst-sod train` gives them; but never over @settings (nullable), the
 * user's own file. */
gboolean sod_record_write (GstSodTraining *training, const gchar *folder,
    const gchar *settings, GError **error);

/* What a training that was cut short learns from: beside its checkpoint lies
 * for each node the frame up to which it does. */
gboolean sod_frames_exist (const gchar *checkpoint);
gboolean sod_frames_write (const gchar *checkpoint, const gchar *const *nodes,
    GstSodSamples *const *samples, gsize n_nodes, GError **error);
void sod_frames_remove (const gchar *checkpoint);

/* The samples of @node that a checkpoint was made with, of those there are @now
 * (nullable):
 * NULL in @samples where there were none, an error where some are gone.
 * @samples: (transfer full) */
gboolean sod_frames_select (const gchar *checkpoint, const gchar *node,
    GstSodSamples *now, GstSodSamples **samples, GError **error);

/* Removes a temporary store. */
void sod_folder_remove (const gchar *path);

G_END_DECLS
