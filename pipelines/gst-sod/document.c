/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands' tables as a man page, as a completion and as an overview. */
#include <string.h>

#include "command.h"

#define EXIT_CODES                                                             \
  "0  everything was done\n"                                                   \
  "1  wrong usage, or nothing could be done: the message says why\n"           \
  "2  some inputs failed, each named with the reason; the rest is done\n"      \
  "130  interrupted by Ctrl-C (143: by SIGTERM); what is done stays\n"

gchar *
sod_document_overview (void)
{
  GString *text = g_string_new ("Usage:\n  gst-sod COMMAND [OPTION...]\n\n"
                                "Finds what stands out in videos and pictures, "
                                "and measures how well.\n\nCommands:\n");

  for (guint i = 0; sod_commands[i] != NULL; i++)
    g_string_append_printf (
        text, "  %-20s %s\n", sod_commands[i]->name, sod_commands[i]->summary);
  g_string_append (text, "\ngst-sod COMMAND --help tells more of each, with "
                         "examples; --version says which this is.\n\nIt exits "
                         "with\n");
  g_string_append (text, EXIT_CODES);
  return g_string_free (text, FALSE);
}

gchar *
sod_document_group (const gchar *group)
{
  g_autofree gchar *prefix = g_strconcat (group, " ", NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; sod_commands[i] != NULL; i++) {
    if (g_str_has_prefix (sod_commands[i]->name, prefix))
      g_string_append_printf (text, "  %-20s %s\n", sod_commands[i]->name,
          sod_commands[i]->summary);
  }
  if (text->len == 0)
    return g_string_free (text, TRUE);
  g_string_prepend (text, " COMMAND [OPTION...]\n\nCommands:\n");
  g_string_prepend (text, group);
  g_string_prepend (text, "Usage:\n  gst-sod ");
  g_string_append_printf (text,
      "\ngst-sod %s COMMAND --help tells more of each, with examples.\n",
      group);
  return g_string_free (text, FALSE);
}

/* ---- man pages ---- */

/* Of a line of running text: a dot or quote at its start would be a request,
 * a hyphen a line break. */
static void
append_escaped (GString *roff, const gchar *line)
{
  if (*line == '.' || *line == '\'')
    g_string_append (roff, "\\&");
  for (; *line != '\0'; line++) {
    if (*line == '\\')
      g_string_append (roff, "\\e");
    else if (*line == '-')
      g_string_append (roff, "\\-");
    else
      g_string_append_c (roff, *line);
  }
}

static void
append_description (GString *roff, const gchar *description)
{
  g_auto (GStrv) lines = g_strsplit (description, "\n", -1);
  gboolean example = FALSE;

  for (guint i = 0; lines[i] != NULL; i++) {
    gboolean indented = g_str_has_prefix (lines[i], "  ");

    if (indented != example)
      g_string_append (roff, indented ? ".PP\n.nf\n.RS\n" : ".RE\n.fi\n");
    example = indented;
    if (*lines[i] == '\0') {
      if (lines[i + 1] != NULL && *lines[i + 1] != '\0'
          && !g_str_has_prefix (lines[i + 1], "  "))
        g_string_append (roff, ".PP\n");
      continue;
    }
    append_escaped (roff, indented ? lines[i] + 2 : lines[i]);
    g_string_append_c (roff, '\n');
  }
  if (example)
    g_string_append (roff, ".RE\n.fi\n");
}

static void
append_option (GString *roff, const SodOption *option)
{
  g_string_append (roff, ".TP\n\\fB");
  if (option->letter != 0)
    g_string_append_printf (roff, "\\-%c\\fR, \\fB", option->letter);
  append_escaped (roff, "--");
  append_escaped (roff, option->name);
  g_string_append (roff, "\\fR");
  if (option->value != NULL) {
    g_string_append (roff, "=\\fI");
    append_escaped (roff, option->value);
    g_string_append (roff, "\\fR");
  }
  g_string_append_c (roff, '\n');
  append_escaped (roff, option->text);
  g_string_append_c (roff, '\n');
}

static void
append_title (GString *roff, const gchar *page)
{
  g_autofree gchar *upper = g_ascii_strup (page, -1);

  g_string_append (roff, ".\\\" SPDX-License-Identifier: LGPL-2.1-or-later\n");
  g_string_append (roff, ".TH ");
  append_escaped (roff, upper);
  g_string_append (roff, " 1 \"\" \"gst\\-sod " SOD_VERSION "\"\n"
                         ".SH NAME\n");
  append_escaped (roff, page);
}

static void
append_exit_codes (GString *roff)
{
  g_auto (GStrv) lines = g_strsplit (EXIT_CODES, "\n", -1);

  g_string_append (roff, ".SH EXIT STATUS\n");
  for (guint i = 0; *lines[i] != '\0'; i++) {
    gchar *text = strstr (lines[i], "  ");

    *text = '\0';
    g_string_append_printf (roff, ".TP\n%s\n", lines[i]);
    append_escaped (roff, text + 2);
    g_string_append_c (roff, '\n');
  }
}

/* "data check" -> "gst-sod-data-check" (transfer full) */
static gchar *
page_name (const SodCommand *command)
{
  gchar *page = g_strconcat ("gst-sod-", command->name, NULL);

  return g_strdelimit (page, " ", '-');
}

static void
append_overview (GString *roff)
{
  append_title (roff, "gst-sod");
  g_string_append (roff, " \\- find what stands out in videos and pictures\n"
                         ".SH SYNOPSIS\n.B gst\\-sod\n.I COMMAND\n"
                         "[\\fIOPTION\\fR...]\n.SH COMMANDS\n");
  for (guint i = 0; sod_commands[i] != NULL; i++) {
    g_string_append_printf (roff, ".TP\n.B %s\n", sod_commands[i]->name);
    append_escaped (roff, sod_commands[i]->summary);
    g_string_append_c (roff, '\n');
  }
  g_string_append (roff, ".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"
                         "Lists the commands; after a command: tells of it.\n"
                         ".TP\n\\fB\\-\\-version\\fR\nSays which version this "
                         "is.\n");
  append_exit_codes (roff);
  g_string_append (roff, ".SH SEE ALSO\n");
  for (guint i = 0; sod_commands[i] != NULL; i++) {
    g_autofree gchar *page = page_name (sod_commands[i]);

    g_string_append (roff, ".BR ");
    append_escaped (roff, page);
    g_string_append (roff, sod_commands[i + 1] != NULL ? " (1),\n" : " (1)\n");
  }
}

static void
append_command (GString *roff, const SodCommand *command)
{
  g_autofree gchar *page = page_name (command);
  const SodOption help = { "help", 'h', .text = "Tells what this page does." };

  append_title (roff, page);
  g_string_append (roff, " \\- ");
  append_escaped (roff, command->summary);
  g_string_append_printf (roff,
      "\n.SH SYNOPSIS\n.B gst\\-sod %s\n[\\fIOPTION\\fR...] ", command->name);
  append_escaped (roff, command->parameters);
  g_string_append (roff, "\n.SH DESCRIPTION\n");
  append_description (roff, command->description);
  g_string_append (roff, ".SH OPTIONS\n");
  append_option (roff, &help);
  for (const SodOption *option = command->options; option->name != NULL;
       option++)
    append_option (roff, option);
  append_exit_codes (roff);
  g_string_append (roff, ".SH SEE ALSO\n.BR gst\\-sod (1)\n");
}

gchar *
sod_document_man (const SodCommand *command)
{
  GString *roff = g_string_new (NULL);

  if (command != NULL)
    append_command (roff, command);
  else
    append_overview (roff);
  return g_string_free (roff, FALSE);
}

/* ---- bash ---- */

/* How the value of @option is completed, as a case of the shell. */
static void
append_value (GString *script, const SodOption *option)
{
  const gchar *value = option->value;

  if (value == NULL)
    return;
  g_string_append_printf (script, "        --%s", option->name);
  if (option->letter != 0)
    g_string_append_printf (script, "|-%c", option->letter);
  if (g_str_equal (value, "DIR"))
    g_string_append (script, ") _gst_sod_paths -d ;;\n");
  else if (strstr (value, "FILE") != NULL || strstr (value, "DIR") != NULL)
    g_string_append (script, ") _gst_sod_paths -f ;;\n");
  else if (g_ascii_islower (*value)) {
    g_autofree gchar *words = g_strdelimit (g_strdup (value), "|", ' ');

    g_string_append_printf (script, ") _gst_sod_words '%s' ;;\n", words);
  } else
    g_string_append (script, ") COMPREPLY=() ;;\n");
}

static void
append_case (GString *script, const SodCommand *command)
{
  g_string_append_printf (script,
      "    '%s')\n"
      "      case $previous in\n",
      command->name);
  for (const SodOption *option = command->options; option->name != NULL;
       option++)
    append_value (script, option);
  g_string_append (script, "        *) _gst_sod_either '--help");
  for (const SodOption *option = command->options; option->name != NULL;
       option++)
    g_string_append_printf (script, " --%s", option->name);
  g_string_append (script, "' ;;\n      esac ;;\n");
}

/* After the first of two words, the second. */
static void
append_second_words (GString *script)
{
  const gchar *before = "";

  for (guint i = 0; sod_commands[i] != NULL; i++) {
    const gchar *space = strchr (sod_commands[i]->name, ' ');
    g_autofree gchar *first = NULL;

    if (space == NULL)
      continue;
    first = g_strndup (
        sod_commands[i]->name, (gsize) (space - sod_commands[i]->name) + 1);
    if (g_str_has_prefix (before, first))
      continue;
    before = sod_commands[i]->name;
    g_string_append_printf (
        script, "    %s) _gst_sod_words '--help", g_strchomp (first));
    for (guint k = i; sod_commands[k] != NULL; k++)
      if (g_str_has_prefix (sod_commands[k]->name, first)
          && sod_commands[k]->name[strlen (first)] == ' ')
        g_string_append (script, sod_commands[k]->name + strlen (first));
    g_string_append (script, "' ;;\n");
  }
}

static const gchar *const shell_start =
    "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
    "# shellcheck shell=bash\n"
    "# Completion of gst-sod; made from the tables that --help prints.\n"
    "\n"
    "_gst_sod_words () {\n"
    "  mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "_gst_sod_paths () {\n"
    "  compopt -o filenames 2>/dev/null\n"
    "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "_gst_sod_either () {\n"
    "  case $current in\n"
    "    -*) _gst_sod_words \"$1\" ;;\n"
    "    *) _gst_sod_paths -f ;;\n"
    "  esac\n"
    "}\n"
    "\n"
    "_gst_sod () {\n"
    "  local current=${COMP_WORDS[COMP_CWORD]}\n"
    "  local previous=${COMP_WORDS[COMP_CWORD - 1]} command=''\n"
    "  # --device=cpu is three words to bash.\n"
    "  if [ \"$current\" = = ]; then\n"
    "    current=''\n"
    "  elif [ \"$previous\" = = ]; then\n"
    "    previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "  fi\n"
    "  if [ \"$COMP_CWORD\" -gt 2 ]; then\n"
    "    command=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\"\n"
    "  fi\n";

gchar *
sod_document_completion (void)
{
  GString *script = g_string_new (shell_start);
  g_autoptr (GString) first = g_string_new ("--help --version");
  g_autoptr (GString) doubles = g_string_new (NULL);

  for (guint i = 0; sod_commands[i] != NULL; i++) {
    const gchar *name = sod_commands[i]->name;
    const gchar *space = strchr (name, ' ');
    gsize length = space != NULL ? (gsize) (space - name) : strlen (name);

    g_string_append_c (first, ' ');
    g_string_append_len (first, name, (gssize) length);
    if (space != NULL)
      g_string_append_printf (
          doubles, "%s'%s'", doubles->len > 0 ? "|" : "", name);
  }
  g_string_append_printf (script,
      "  case $command in\n"
      "    %s) ;;\n"
      "    *) command=${COMP_WORDS[1]} ;;\n"
      "  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    _gst_sod_words '%s'\n"
      "    return\n"
      "  fi\n"
      "  case $command in\n",
      doubles->len > 0 ? doubles->str : "' '", first->str);
  for (guint i = 0; sod_commands[i] != NULL; i++)
    append_case (script, sod_commands[i]);
  append_second_words (script);
  g_string_append (script, "  esac\n}\ncomplete -F _gst_sod gst-sod\n");
  return g_string_free (script, FALSE);
}
