/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst-sod/data/samples.h>
#include <gst-sod/nn/network.h>
#include <gst-sod/train/settings.h>

G_BEGIN_DECLS

/**
 * GST_SOD_TRAINING_SETTINGS_FILE:
 *
 * Name of the file with the settings of a training, beside its models.
 *
 * Since: 0.1
 */
#define GST_SOD_TRAINING_SETTINGS_FILE "settings.ini"

/**
 * GST_SOD_TRAINING_RECORD_FILE:
 *
 * Name of the file with the record of a training, beside its models.
 *
 * Since: 0.1
 */
#define GST_SOD_TRAINING_RECORD_FILE "run.json"

#define GST_SOD_TYPE_TRAINING (gst_sod_training_get_type ())

/**
 * GstSodTraining:
 *
 * A training of base networks, one for each edge node, and of one reverse
 * network, through the three phases of the paper (section III): initialisation,
 * augmented learning, semi-supervised learning. With one node and
 * "run.last-phase" 1 it is the ordinary supervised training of one network.
 *
 * Set it up, then run it. gst_sod_training_run() blocks, and all signals are
 * emitted on its thread; gst_sod_training_checkpoint() and the functions that
 * tell what came of it may be called from any thread, and from handlers of the
 * signals.
 *
 * The same settings, samples and start give the same networks on the same
 * machine and number of threads, whether or not the training was interrupted
 * and resumed; unless "run.max-time" ends it.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodTraining, gst_sod_training, GST_SOD, TRAINING, GObject)

GST_SOD_API
GstSodTraining *gst_sod_training_new (
    GstSodTrainingSettings *settings, GError **error);

GST_SOD_API
gboolean gst_sod_training_add_node (GstSodTraining *self, const gchar *name,
    GstSodSamples *samples, GstSodSamples *held_out, GstSodNetwork *start,
    GError **error);

GST_SOD_API
gboolean gst_sod_training_set_reverse (
    GstSodTraining *self, GstSodNetwork *start, GError **error);

GST_SOD_API
gboolean gst_sod_training_set_note (
    GstSodTraining *self, const gchar *key, const gchar *json, GError **error);

GST_SOD_API
gboolean gst_sod_training_resume (
    GstSodTraining *self, const gchar *checkpoint, GError **error);

GST_SOD_API
gboolean gst_sod_training_run (
    GstSodTraining *self, GCancellable *cancellable, GError **error);

GST_SOD_API
gboolean gst_sod_training_checkpoint (
    GstSodTraining *self, const gchar *path, GError **error);

GST_SOD_API
gboolean gst_sod_training_checkpoint_exists (const gchar *path);

GST_SOD_API
gboolean gst_sod_training_checkpoint_remove (const gchar *path, GError **error);

GST_SOD_API
GstSodTrainingSettings *gst_sod_training_get_settings (GstSodTraining *self);

GST_SOD_API
gchar **gst_sod_training_list_nodes (GstSodTraining *self);

GST_SOD_API
GstSodNetwork *gst_sod_training_get_network (
    GstSodTraining *self, const gchar *node);

GST_SOD_API
GstSodNetwork *gst_sod_training_get_reverse (GstSodTraining *self);

GST_SOD_API
gchar *gst_sod_training_to_json (GstSodTraining *self);

GST_SOD_API
gboolean gst_sod_training_save_record (
    GstSodTraining *self, const gchar *path, GError **error);

GST_SOD_API
gboolean gst_sod_training_save (
    GstSodTraining *self, const gchar *folder, GError **error);

G_END_DECLS
