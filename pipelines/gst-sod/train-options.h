/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "command.h"
#include "data-source.h"

G_BEGIN_DECLS

typedef struct
{
  SodDataOptions data;
  gchar *held_out;
  gchar *store;
  gchar *preset;
  gchar **settings;
  gboolean list_settings;
  gint64 seed; /* -1: the settings' */
  gchar *start, *reverse;
  gchar *out;
  gboolean resume, dry_run, compare;
  gdouble max_time; /* s */
} SodTrainOptions;

extern const SodOption sod_train_options[];
extern const gchar sod_train_description[];

/* What makes no sense in @options with @words behind them, or NULL. */
const gchar *sod_train_options_find_problem (
    const SodTrainOptions *options, gchar **words);

/* The settings that the options and the file of @words ask for. The file's
 * groups "data NAME" are left in @data_file, (transfer full), NULL where there
 * is no file. */
GstSodTrainingSettings *sod_train_options_make_settings (
    const SodTrainOptions *options, gchar **words, GKeyFile **data_file,
    GError **error);

G_END_DECLS
