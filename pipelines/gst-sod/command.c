/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command.h"

G_DEFINE_QUARK (sod - usage - error - quark, sod_usage_error)

/* Takes the command's words off the arguments. */
const SodCommand *
sod_command_find (gint *argc, gchar ***argv)
{
  for (guint i = 0; sod_commands[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (sod_commands[i]->name, " ", -1);
    gint n = (gint) g_strv_length (words);
    gboolean same = *argc > n;

    for (gint at = 0; same && at < n; at++)
      same = g_str_equal (words[at], (*argv)[at + 1]);
    if (same) {
      *argc -= n;
      *argv += n;
      return sod_commands[i];
    }
  }
  return NULL;
}

static GOptionEntry *
make_entries (const SodCommand *command, gpointer options)
{
  GArray *entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const SodOption *option = command->options; option->name != NULL;
       option++) {
    GOptionEntry entry = {
      .long_name = option->name,
      .short_name = option->letter,
      .arg = option->arg,
      .arg_data = (guint8 *) options + option->offset,
      .description = option->text,
      .arg_description = option->value,
    };

    g_array_append_val (entries, entry);
  }
  return (GOptionEntry *) g_array_free (entries, FALSE);
}

static void
free_options (const SodCommand *command, gpointer options)
{
  for (const SodOption *option = command->options; option->name != NULL;
       option++) {
    gpointer value = (guint8 *) options + option->offset;

    if (option->arg == G_OPTION_ARG_STRING
        || option->arg == G_OPTION_ARG_FILENAME)
      g_free (*(gchar **) value);
    else if (option->arg == G_OPTION_ARG_STRING_ARRAY
             || option->arg == G_OPTION_ARG_FILENAME_ARRAY)
      g_strfreev (*(gchar ***) value);
  }
  g_free (options);
}

static GOptionContext *
make_context (const SodCommand *command, const GOptionEntry *entries)
{
  GOptionContext *context = g_option_context_new (command->parameters);
  g_autofree gchar *program = g_strdup_printf ("gst-sod %s", command->name);

  g_set_prgname (program);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

/* GOption leaves the -- before words that begin with a dash. */
static void
drop_dashes (gchar **words)
{
  while (*words != NULL && !g_str_equal (*words, "--"))
    words++;
  if (*words == NULL)
    return;
  g_free (*words);
  do {
    words[0] = words[1];
  } while (*words++ != NULL);
}

/* -j2 is -j 2, which is all that GOption knows. (transfer full) */
static gchar **
split_letters (const SodCommand *command, gint argc, gchar **argv)
{
  GPtrArray *words = g_ptr_array_new ();
  gboolean past = FALSE; /* -- */

  for (gint i = 0; i < argc; i++) {
    const SodOption *option = command->options;
    const gchar *word = argv[i];

    past |= g_str_equal (word, "--");
    while (option->name != NULL
           && (option->letter == 0 || option->letter != word[1]))
      option++;
    if (i > 0 && !past && word[0] == '-' && option->name != NULL
        && option->value != NULL && word[2] != '\0') {
      g_ptr_array_add (words, g_strndup (word, 2));
      word += 2;
    }
    g_ptr_array_add (words, g_strdup (word));
  }
  g_ptr_array_add (words, NULL);
  return (gchar **) g_ptr_array_free (words, FALSE);
}

SodExit
sod_command_run (
    const SodCommand *command, gint argc, gchar **argv, GError **error)
{
  gpointer options = g_malloc0 (command->size);
  g_autofree GOptionEntry *entries = make_entries (command, options);
  g_autoptr (GOptionContext) context = make_context (command, entries);
  g_auto (GStrv) words = split_letters (command, argc, argv);
  g_autoptr (GError) wrong = NULL;
  SodExit status = SOD_EXIT_REFUSED;

  if (command->init != NULL)
    command->init (options);
  if (!g_option_context_parse_strv (context, &words, &wrong)) {
    g_set_error_literal (
        error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, wrong->message);
  } else {
    drop_dashes (words);
    status = command->run (options, words + 1, error);
  }
  free_options (command, options);
  return status;
}
