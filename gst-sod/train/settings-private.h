/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/settings.h>

G_BEGIN_DECLS

typedef enum
{
  GST_SOD_SETTING_INTEGER,
  GST_SOD_SETTING_NUMBER,
  GST_SOD_SETTING_FLAG, /* yes or no */
  GST_SOD_SETTING_WORD, /* one of @words */
  GST_SOD_SETTING_TEXT,
  GST_SOD_SETTING_CHANGES /* of an augmentation: "name=value name=value" */
} GstSodSettingType;

/* A key: where it stands, what it may be, and what each preset has. */
typedef struct
{
  const gchar *key; /* "section.key" */
  GstSodSettingType type;
  const gchar *words;     /* "this|that" */
  gdouble min, max, step; /* of integers: min + n * step */
  const gchar *effective, *paper;
  const gchar *text; /* what it does, a line */
} GstSodSetting;

/* settings-table.c: all keys in the order of the file. */
extern const GstSodSetting gst_sod_settings[];
extern const guint gst_sod_n_settings;

/* Values of keys that there are; anything else is a bug of the caller's. */
gint64 gst_sod_training_settings_get_integer (
    GstSodTrainingSettings *self, const gchar *key);
gdouble gst_sod_training_settings_get_number (
    GstSodTrainingSettings *self, const gchar *key);
gboolean gst_sod_training_settings_get_flag (
    GstSodTrainingSettings *self, const gchar *key);
const gchar *gst_sod_training_settings_peek (
    GstSodTrainingSettings *self, const gchar *key);
/* Whether the value of @key, which has words, is @word. */
gboolean gst_sod_training_settings_is (
    GstSodTrainingSettings *self, const gchar *key, const gchar *word);

/* Each takes the other's values. */
void gst_sod_training_settings_swap (
    GstSodTrainingSettings *self, GstSodTrainingSettings *other);

G_END_DECLS
