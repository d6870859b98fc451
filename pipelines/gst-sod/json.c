/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <math.h>
#include <string.h>

static void
append_text (GString *json, const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (json, '"');
  for (const gchar *at = valid; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\')
      g_string_append_printf (json, "\\%c", *at);
    else if ((guchar) *at < ' ')
      g_string_append_printf (json, "\\u%04x", (guint) (guchar) *at);
    else
      g_string_append_c (json, *at);
  }
  g_string_append_c (json, '"');
}

static void
lead (GString *json, const gchar *name)
{
  gchar last = json->len > 0 ? json->str[json->len - 1] : '{';

  if (last != '{' && last != '[')
    g_string_append_c (json, ',');
  if (name != NULL) {
    append_text (json, name);
    g_string_append_c (json, ':');
  }
}

void
sod_json_string (GString *json, const gchar *name, const gchar *value)
{
  lead (json, name);
  if (value != NULL)
    append_text (json, value);
  else
    g_string_append (json, "null");
}

void
sod_json_integer (GString *json, const gchar *name, guint64 value)
{
  lead (json, name);
  g_string_append_printf (json, "%" G_GUINT64_FORMAT, value);
}

void
sod_json_number (GString *json, const gchar *name, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  lead (json, name);
  if (isfinite (value))
    g_string_append (
        json, g_ascii_formatd (text, sizeof (text), "%.9g", value));
  else
    g_string_append (json, "null");
}

void
sod_json_boolean (GString *json, const gchar *name, gboolean value)
{
  lead (json, name);
  g_string_append (json, value ? "true" : "false");
}

void
sod_json_open (GString *json, const gchar *name, gchar bracket)
{
  lead (json, name);
  g_string_append_c (json, bracket);
}

void
sod_json_close (GString *json, gchar bracket)
{
  g_string_append_c (json, bracket);
}

void
sod_json_raw (GString *json, const gchar *name, const gchar *value)
{
  lead (json, name);
  g_string_append (json, value);
}
