/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_TRAINING_SETTINGS (gst_sod_training_settings_get_type ())

/**
 * GstSodTrainingSettings:
 *
 * Every choice that a #GstSodTraining makes, as keys "section.key" of one
 * file in the form of #GKeyFile. There are two presets: "paper" does what the
 * paper prescribes, "effective" what we found to work; docs/training.md has
 * the table. Values are checked when they are set.
 *
 * Not thread-safe while it is changed.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodTrainingSettings, gst_sod_training_settings,
    GST_SOD, TRAINING_SETTINGS, GObject)

GST_SOD_API
GstSodTrainingSettings *gst_sod_training_settings_new (
    const gchar *preset, GError **error);

GST_SOD_API
GstSodTrainingSettings *gst_sod_training_settings_new_from_file (
    const gchar *path, GError **error);

GST_SOD_API
GstSodTrainingSettings *gst_sod_training_settings_copy (
    GstSodTrainingSettings *self);

GST_SOD_API
gboolean gst_sod_training_settings_load_file (
    GstSodTrainingSettings *self, const gchar *path, GError **error);

GST_SOD_API
gboolean gst_sod_training_settings_load_string (GstSodTrainingSettings *self,
    const gchar *name, const gchar *text, GError **error);

GST_SOD_API
gboolean gst_sod_training_settings_save_file (
    GstSodTrainingSettings *self, const gchar *path, GError **error);

GST_SOD_API
gchar *gst_sod_training_settings_to_string (GstSodTrainingSettings *self);

GST_SOD_API
gboolean gst_sod_training_settings_set (GstSodTrainingSettings *self,
    const gchar *key, const gchar *value, GError **error);

GST_SOD_API
gchar *gst_sod_training_settings_get (
    GstSodTrainingSettings *self, const gchar *key, GError **error);

GST_SOD_API
gchar **gst_sod_training_settings_list_keys (void);

GST_SOD_API
gchar *gst_sod_training_settings_describe (const gchar *key, GError **error);

G_END_DECLS
