/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "command.h"
#include "progress.h"

G_BEGIN_DECLS

/* What came of a run. */
typedef struct
{
  SodExit status;
  guint n_inputs;
  guint n_done;   /* by this run */
  guint n_before; /* by runs before */
  guint64 n_frames;
  gdouble seconds;
  gchar *model_id, *model_version;
  GPtrArray *failures; /* gchar *: path and reason in turns */
} SodSummary;

void sod_summary_init (SodSummary *self);
void sod_summary_clear (SodSummary *self);
void sod_summary_add_failure (
    SodSummary *self, const gchar *path, const gchar *reason);
guint sod_summary_count_failures (const SodSummary *self);
void sod_summary_print (const SodSummary *self, SodProgress *progress);
/* As a JSON object, to a file or "-". */
gboolean sod_summary_write (
    const SodSummary *self, const gchar *path, GError **error);

/* A path as one line of text. (transfer full) */
gchar *sod_quote_path (const gchar *path);

G_END_DECLS
