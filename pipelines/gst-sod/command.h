/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What gst-sod exits with; every subcommand keeps to it. */
typedef enum
{
  SOD_EXIT_OK = 0,
  SOD_EXIT_REFUSED = 1,       /* wrong usage, or nothing could be done */
  SOD_EXIT_SOME_FAILED = 2,   /* the rest is done */
  SOD_EXIT_INTERRUPTED = 130, /* Ctrl-C */
  SOD_EXIT_TERMINATED = 143
} SodExit;

/* An option as --help, the man page and the completion show it. */
typedef struct
{
  const gchar *name; /* without --; NULL ends a table */
  gchar letter;      /* or 0 */
  GOptionArg arg;
  gsize offset; /* of its value in the command's options */
  const gchar *text;
  const gchar *value; /* FILE, DIR, N, or the words it may be: auto|cpu */
} SodOption;

/* A subcommand: a constant in a file of its own, listed in main.c. */
typedef struct
{
  const gchar *name;        /* one or two words: "detect", "data check" */
  const gchar *summary;     /* one line */
  const gchar *parameters;  /* what stands after the options: "INPUT..." */
  const gchar *description; /* paragraphs; lines with two spaces before them are
                               examples, kept as they are */
  const SodOption *options;
  gsize size;                      /* of its options */
  void (*init) (gpointer options); /* defaults that are not 0; may be NULL */
  /* @words: what stands after the options. On failure says why in @error and
   * returns what to exit with. */
  SodExit (*run) (gpointer options, gchar **words, GError **error);
} SodCommand;

/* NULL-terminated, in the order they are shown in. */
extern const SodCommand *const sod_commands[];

typedef enum
{
  SOD_USAGE_ERROR_WORDS, /* what is said ends in "(--help tells)" */
  SOD_USAGE_ERROR_REFUSED
} SodUsageError;

#define SOD_USAGE_ERROR (sod_usage_error_quark ())
GQuark sod_usage_error_quark (void);

const SodCommand *sod_command_find (gint *argc, gchar ***argv);
SodExit sod_command_run (
    const SodCommand *command, gint argc, gchar **argv, GError **error);

/* ---- the same tables as documents (document.c) ---- */

/* roff of gst-sod(1), or with a command of gst-sod-COMMAND(1). */
gchar *sod_document_man (const SodCommand *command);
/* A completion script for bash. */
gchar *sod_document_completion (void);
/* What gst-sod --help prints. */
gchar *sod_document_overview (void);
/* The same of the commands whose first word is @group, as gst-sod store --help
 * prints it; NULL where there are none. (transfer full) (nullable) */
gchar *sod_document_group (const gchar *group);

extern const SodCommand sod_command_data_check;
extern const SodCommand sod_command_data_split;
extern const SodCommand sod_command_data_stats;
extern const SodCommand sod_command_detect;
extern const SodCommand sod_command_eval;
extern const SodCommand sod_command_info;
extern const SodCommand sod_command_model_info;
extern const SodCommand sod_command_model_verify;
extern const SodCommand sod_command_store_export;
extern const SodCommand sod_command_store_import_labels;
extern const SodCommand sod_command_store_list;
extern const SodCommand sod_command_store_prune;
extern const SodCommand sod_command_store_stats;
extern const SodCommand sod_command_store_verify;
extern const SodCommand sod_command_train;

G_END_DECLS
