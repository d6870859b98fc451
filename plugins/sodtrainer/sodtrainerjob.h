/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include "sodtrainersettings.h"

G_BEGIN_DECLS

/* One training in a thread of its own, below the priority of the streams. */
typedef struct _SodTrainerJob SodTrainerJob;

/* Called on the job's thread. */
typedef struct
{
  void (*progress) (const gchar *json, gpointer user_data);
  void (*scored) (const gchar *node, const gchar *json, gpointer user_data);
  void (*warning) (const GError *warning, gpointer user_data);
  /* Whether it was published. @score: NAN where nothing is held out. */
  gboolean (*network) (const gchar *node, GstSodNetwork *network, gdouble score,
      gboolean better, gpointer user_data);
  /* The last call; @error is NULL where all went well. */
  void (*done) (const GError *error, const gchar *record, gpointer user_data);
} SodTrainerJobFuncs;

/* A training of the frames of @nodes that @store holds now; one that was cut
 * short goes on instead. Begins at once. */
SodTrainerJob *sod_trainer_job_new (const SodTrainerSettings *settings,
    GstSodStore *store, const gchar *const *nodes,
    const SodTrainerJobFuncs *funcs, gpointer user_data);

/* Asks it to end; it does within a second. From any thread. */
void sod_trainer_job_cancel (SodTrainerJob *self);

/* Writes a checkpoint. From any thread but the job's. */
gboolean sod_trainer_job_checkpoint (SodTrainerJob *self, GError **error);

/* Waits for the thread; once, by who made the job. */
void sod_trainer_job_join (SodTrainerJob *self);

SodTrainerJob *sod_trainer_job_ref (SodTrainerJob *self);
void sod_trainer_job_unref (SodTrainerJob *self);

/* The model that runs at @node now: the one published, else the one to load;
 * NULL without @error where there is neither. (transfer full) */
GstSodNetwork *sod_trainer_find_running (const SodTrainerSettings *settings,
    const gchar *node, gboolean alone, GError **error);

G_END_DECLS
