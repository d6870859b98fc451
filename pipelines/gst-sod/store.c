/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands on stores share. */
#include "store.h"

#include <string.h>

gboolean
sod_frames_check_words (
    gchar **words, const gchar *command, const gchar *what, GError **error)
{
  g_auto (GStrv) names = g_strsplit (what, " ", -1);

  if (g_strv_length (words) == g_strv_length (names))
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "%s takes %s, %u words were given", command, what, g_strv_length (words));
  return FALSE;
}

GstSodStoreSnapshot *
sod_frames_open (
    const gchar *path, const gchar *node, GstSodStore **store, GError **error)
{
  g_autoptr (GstSodStore) opened =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_READ_ONLY, error);
  GstSodSamples *samples =
      opened != NULL ? gst_sod_store_snapshot (opened, node, error) : NULL;

  if (samples != NULL && store != NULL)
    *store = g_steal_pointer (&opened);
  return samples != NULL ? GST_SOD_STORE_SNAPSHOT (samples) : NULL;
}

/* A number and a letter that @letters has the factor of, or none. */
static gboolean
parse_unit (const gchar *text, const gchar *letters, const guint64 *factors,
    guint64 most, guint64 *value)
{
  gchar *end;
  guint64 number = g_ascii_strtoull (text, &end, 10);
  guint64 factor = 1;

  if (end == text || !g_ascii_isdigit (text[0]))
    return FALSE;
  if (*end != '\0') {
    const gchar *letter = strchr (letters, *end);

    if (letter == NULL || end[1] != '\0')
      return FALSE;
    factor = factors[letter - letters];
  }
  if (number > most / factor)
    return FALSE;
  *value = number * factor;
  return TRUE;
}

gboolean
sod_frames_parse_size (
    const gchar *text, const gchar *option, guint64 *bytes, GError **error)
{
  static const guint64 factors[] = { 1 << 10, 1 << 20, 1 << 30,
    (guint64) 1 << 40 };

  if (parse_unit (text, "KMGT", factors, G_MAXUINT64, bytes))
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "--%s=%s: expected bytes, as 500M, 20G or 1000000", option, text);
  return FALSE;
}

gboolean
sod_frames_parse_age (
    const gchar *text, const gchar *option, guint *seconds, GError **error)
{
  static const guint64 factors[] = { 1, 60, 3600, 86400 };
  guint64 value;

  if (parse_unit (text, "smhd", factors, G_MAXUINT, &value)) {
    *seconds = (guint) value;
    return TRUE;
  }
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "--%s=%s: expected a time, as 7d, 12h, 30m or 3600", option, text);
  return FALSE;
}

gchar *
sod_frames_make_file_name (const gchar *id)
{
  return g_strdelimit (g_strdup (id), "/", '_');
}

gchar *
sod_frames_find_id (const gchar *file_name)
{
  const gchar *bar = strrchr (file_name, '_');
  gchar *id;

  if (bar == NULL || bar == file_name || bar[1] == '\0'
      || strspn (bar + 1, "0123456789") != strlen (bar + 1))
    return NULL;
  id = g_strdup (file_name);
  id[bar - file_name] = '/';
  return id;
}

gchar *
sod_frames_format_time (gint64 time)
{
  g_autoptr (GDateTime) date =
      g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);

  return date != NULL ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%SZ")
                      : g_strdup ("?");
}
