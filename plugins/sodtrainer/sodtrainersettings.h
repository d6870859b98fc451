/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* In the order of gst-inspect-1.0. */
enum
{
  SOD_TRAINER_PROP_0,
  SOD_TRAINER_PROP_STORE,
  SOD_TRAINER_PROP_STORE_FORMAT,
  SOD_TRAINER_PROP_STORE_JPEG_QUALITY,
  SOD_TRAINER_PROP_STORE_MAX_SIZE,
  SOD_TRAINER_PROP_STORE_MAX_NODE_SIZE,
  SOD_TRAINER_PROP_STORE_MAX_AGE,
  SOD_TRAINER_PROP_STORE_THINNING,
  SOD_TRAINER_PROP_STORE_KEEP_NEIGHBOURS,
  SOD_TRAINER_PROP_MODEL_LOAD_PATH,
  SOD_TRAINER_PROP_MODEL_SAVE_PATH,
  SOD_TRAINER_PROP_FORCE_PUBLISH,
  SOD_TRAINER_PROP_VALIDATION_SHARE,
  SOD_TRAINER_PROP_CHECKPOINT_PATH,
  SOD_TRAINER_PROP_PRESET,
  SOD_TRAINER_PROP_SETTINGS,
  SOD_TRAINER_PROP_PHASE,
  SOD_TRAINER_PROP_EPOCHS,
  SOD_TRAINER_PROP_MAX_TIME,
  SOD_TRAINER_PROP_LEARNING_RATE,
  SOD_TRAINER_PROP_BATCH_SIZE,
  SOD_TRAINER_PROP_SEED,
  SOD_TRAINER_PROP_DEVICE,
  SOD_TRAINER_PROP_PRECISION,
  SOD_TRAINER_PROP_TRIGGER,
  SOD_TRAINER_PROP_TRIGGER_FRAMES,
  SOD_TRAINER_PROP_TRIGGER_INTERVAL,
  SOD_TRAINER_PROP_TOLERANCE,
  SOD_TRAINER_PROP_LABEL_WAIT,
  SOD_TRAINER_N_SETTINGS,
  SOD_TRAINER_PROP_STATS = SOD_TRAINER_N_SETTINGS
};

/* What the user of sodtrainer may set: the value of each property. */
typedef struct
{
  GParamSpec *specs[SOD_TRAINER_N_SETTINGS]; /* of the class */
  GValue values[SOD_TRAINER_N_SETTINGS];
} SodTrainerSettings;

void sod_trainer_settings_install (GObjectClass *klass);
void sod_trainer_settings_init (SodTrainerSettings *self, GObjectClass *klass);
void sod_trainer_settings_clear (SodTrainerSettings *self);
void sod_trainer_settings_copy (
    SodTrainerSettings *to, const SodTrainerSettings *from);

/* FALSE for a property that is no setting. */
gboolean sod_trainer_settings_set (
    SodTrainerSettings *self, guint id, const GValue *value);
gboolean sod_trainer_settings_get (
    const SodTrainerSettings *self, guint id, GValue *value);

/* Whether all numbers are in their ranges. */
gboolean sod_trainer_settings_check (
    const SodTrainerSettings *self, GstElement *element, GError **error);

/* NULL for a string that is empty. */
const gchar *sod_trainer_settings_get_string (
    const SodTrainerSettings *self, guint id);

/* Those that are the store's own. */
void sod_trainer_settings_apply_store (
    const SodTrainerSettings *self, GstSodStore *store);

/* All choices of a training: the preset, over it the file, over it the
 * properties that were set. (transfer full) */
GstSodTrainingSettings *sod_trainer_settings_make (
    const SodTrainerSettings *self, GError **error);

G_END_DECLS
