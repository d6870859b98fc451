/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "command.h"

G_BEGIN_DECLS

/* What may be made of an input. */
typedef enum
{
  SOD_KIND_MAPS,
  SOD_KIND_MASKS,
  SOD_KIND_OVERLAYS,
  SOD_KIND_CUTOUTS,
  SOD_KIND_LINES
} SodKind;

#define SOD_N_KINDS 5

const gchar *sod_kind_name (SodKind kind);

/* ---- inputs (detect-inputs.c) ---- */

typedef struct
{
  gchar *path;
  gchar *name; /* below the folder or pattern it was found by */
  gboolean is_picture;
  guint64 size;   /* bytes */
  gint64 changed; /* us since the epoch */
  gchar *reason;  /* why it cannot be read, or NULL */
} SodInput;

/* The inputs that files, folders and patterns stand for, in the order given,
 * those of a folder sorted. Folders in @outputs are passed over.
 * (transfer container) (element-type SodInput) */
GPtrArray *sod_inputs_collect (gchar **words, gchar *const *outputs);

/* Whether the end of a JPEG is missing. */
gboolean sod_input_is_cut (const SodInput *input);

/* What @kind is called for @input, below the output folder: a file, or for
 * still pictures of a video a folder. (transfer full) */
gchar *sod_input_name_output (const SodInput *input, SodKind kind);
gboolean sod_input_fills_folder (const SodInput *input, SodKind kind);

/* Whether no two outputs are one, and none is an input. @outputs: a folder or
 * NULL for each kind. */
gboolean sod_inputs_check (
    GPtrArray *inputs, gchar *const *outputs, GError **error);

/* ---- where outputs go (detect-store.c) ---- */

/* A folder of outputs of one kind, or one file of lines; with a record of
 * which inputs are done, and a folder for what is not. */
typedef struct _SodStore SodStore;

/* @settings: what decides about the values; a folder that was filled with
 * others is refused unless @overwrite. */
SodStore *sod_store_open (SodKind kind, const gchar *place, gboolean is_file,
    const gchar *settings, gboolean overwrite, GError **error);
/* Takes what is not done with it. */
void sod_store_close (SodStore *self);
gboolean sod_store_is_file (const SodStore *self);
gboolean sod_store_has (SodStore *self, const SodInput *input);
/* Whether what @input would replace is none of ours. */
gboolean sod_store_is_foreign (
    SodStore *self, const SodInput *input, GError **error);
/* Where the output @number grows. (transfer full) */
gchar *sod_store_get_partial (const SodStore *self, guint number);
gboolean sod_store_commit (
    SodStore *self, const SodInput *input, guint number, GError **error);

/* ---- one input (detect-job.c) ---- */

typedef struct _SodJob SodJob;

/* How frames are looked at; the same for all inputs. */
typedef struct
{
  const gchar *model;
  const gchar *device;
  const gchar *precision;
  gdouble threshold; /* 0..1 */
  guint every;
} SodLook;

/* Called from the main context, once; @reason is NULL where all is well. The
 * job is not freed by then. */
typedef void (*SodJobDone) (SodJob *job, const gchar *reason, gpointer data);

/* Once, before the first job. */
void sod_job_prepare_decoders (void);
/* @paths: where each kind goes, NULL for those not wanted; for a folder it is
 * there. */
SodJob *sod_job_new (const SodInput *input, const SodLook *look,
    gchar *const *paths, SodJobDone done, gpointer data, GError **error);
void sod_job_free (SodJob *self);
/* Frames that are through. */
guint sod_job_count_frames (SodJob *self);
/* 0..1 */
gdouble sod_job_get_fraction (SodJob *self);
/* Gives it up where it stands still for too long. */
void sod_job_check_patience (SodJob *self);
/* The first warning of its elements, or NULL. */
const gchar *sod_job_get_warning (SodJob *self);

#define SOD_INSTANCE_ID "gst-sod"

G_END_DECLS
