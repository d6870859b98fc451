/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod: what the elements do, for files and folders. */
#include <locale.h>

#include "command.h"

#include <gst-sod/gstsod.h>

const SodCommand *const sod_commands[] = {
  &sod_command_detect,
  &sod_command_eval,
  &sod_command_train,
  &sod_command_data_check,
  &sod_command_data_split,
  &sod_command_data_stats,
  &sod_command_store_list,
  &sod_command_store_stats,
  &sod_command_store_verify,
  &sod_command_store_prune,
  &sod_command_store_export,
  &sod_command_store_import_labels,
  &sod_command_info,
  &sod_command_model_info,
  &sod_command_model_verify,
  NULL,
};

static SodExit
fail (const gchar *message, gboolean tell)
{
  g_printerr (
      "%s: %s%s\n", g_get_prgname (), message, tell ? " (--help tells)" : "");
  return SOD_EXIT_REFUSED;
}

static gboolean
asks_for_help (const gchar *word)
{
  return g_str_equal (word, "--help") || g_str_equal (word, "-h")
         || g_str_equal (word, "help");
}

/* What the build asks for: --man [COMMAND], --completion. */
static gboolean
print_document (gint argc, gchar **argv)
{
  g_autofree gchar *text = NULL;

  if (g_str_equal (argv[1], "--completion")) {
    text = sod_document_completion ();
  } else if (g_str_equal (argv[1], "--man")) {
    argv++;
    argc--;
    text = sod_document_man (argc > 1 ? sod_command_find (&argc, &argv) : NULL);
  } else if (g_str_equal (argv[1], "--version")) {
    text = g_strdup ("gst-sod " SOD_VERSION "\n");
  } else if (asks_for_help (argv[1])) {
    text = sod_document_overview ();
  } else {
    return FALSE;
  }
  g_print ("%s", text);
  return TRUE;
}

/* No command is of these words: those that begin as they do are listed. */
static SodExit
tell_commands (gint argc, gchar **argv)
{
  g_autofree gchar *group = sod_document_group (argv[1]);
  g_autofree gchar *message = NULL;

  if (group != NULL && argc > 2 && asks_for_help (argv[2])) {
    g_print ("%s", group);
    return SOD_EXIT_OK;
  }
  if (group == NULL)
    message = g_strdup_printf ("no such command: %s", argv[1]);
  else if (argc > 2)
    message = g_strdup_printf ("no such command: %s %s", argv[1], argv[2]);
  else
    message = g_strdup_printf ("which command of %s?", argv[1]);
  fail (message, group == NULL);
  if (group != NULL)
    g_printerr ("\n%s", group);
  return SOD_EXIT_REFUSED;
}

gint
main (gint argc, gchar **argv)
{
  const SodCommand *command;
  g_autoptr (GError) error = NULL;
  SodExit status;

  setlocale (LC_ALL, "");
  g_set_prgname ("gst-sod");
  if (argc < 2)
    return fail ("which command?", TRUE);
  if (print_document (argc, argv))
    return SOD_EXIT_OK;
  command = sod_command_find (&argc, &argv);
  if (command == NULL)
    return tell_commands (argc, argv);
  status = sod_command_run (command, argc, argv, &error);
  if (error != NULL)
    fail (error->message,
        g_error_matches (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS));
  return status;
}
