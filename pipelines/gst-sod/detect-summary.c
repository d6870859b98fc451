/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect-summary.h"

#include <gio/gio.h>

void
sod_summary_init (SodSummary *self)
{
  *self = (SodSummary){ .failures = g_ptr_array_new_with_free_func (g_free) };
}

void
sod_summary_clear (SodSummary *self)
{
  g_free (self->model_id);
  g_free (self->model_version);
  g_ptr_array_unref (self->failures);
}

void
sod_summary_add_failure (
    SodSummary *self, const gchar *path, const gchar *reason)
{
  g_ptr_array_add (self->failures, g_strdup (path));
  g_ptr_array_add (self->failures, g_strdup (reason));
}

guint
sod_summary_count_failures (const SodSummary *self)
{
  return self->failures->len / 2;
}

gchar *
sod_quote_path (const gchar *path)
{
  GString *text = g_string_new ("\"");
  g_autofree gchar *valid = g_utf8_make_valid (path, -1);

  for (const gchar *at = valid; *at != '\0'; at++)
    if (*at == '\n')
      g_string_append (text, "\\n");
    else if ((guchar) *at < ' ' || *at == '\177')
      g_string_append_printf (text, "\\x%02x", (guint) (guchar) *at);
    else
      g_string_append_c (text, *at);
  g_string_append_c (text, '"');
  return g_string_free (text, FALSE);
}

void
sod_summary_print (const SodSummary *self, SodProgress *progress)
{
  g_autoptr (GString) line = g_string_new (NULL);
  guint failed = sod_summary_count_failures (self);

  g_string_printf (line, "%s%u of %u inputs done",
      self->status >= SOD_EXIT_INTERRUPTED ? "interrupted: " : "",
      self->n_done + self->n_before, self->n_inputs);
  if (self->n_before > 0)
    g_string_append_printf (line, " (%u of them before)", self->n_before);
  if (failed > 0)
    g_string_append_printf (line, ", %u failed", failed);
  g_string_append_printf (line,
      ", %" G_GUINT64_FORMAT " frames in %.1f s, %.1f frames/s", self->n_frames,
      self->seconds,
      self->seconds > 0.0 ? (gdouble) self->n_frames / self->seconds : 0.0);
  if (self->status >= SOD_EXIT_INTERRUPTED)
    g_string_append (line, "; the same command goes on from here");
  sod_progress_say (progress, line->str);
}

static void
append_string (GString *json, const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  g_string_append_c (json, '"');
  for (const gchar *at = valid; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (json, "\\%c", *at);
    else if ((guchar) *at < ' ')
      g_string_append_printf (json, "\\u%04x", (guint) (guchar) *at);
    else
      g_string_append_c (json, *at);
  g_string_append_c (json, '"');
}

static void
append_failures (GString *json, const SodSummary *self)
{
  g_string_append (json, ",\"failed\":[");
  for (guint i = 0; i + 1 < self->failures->len; i += 2) {
    g_string_append (json, i > 0 ? ",{\"path\":" : "{\"path\":");
    append_string (json, g_ptr_array_index (self->failures, i));
    g_string_append (json, ",\"reason\":");
    append_string (json, g_ptr_array_index (self->failures, i + 1));
    g_string_append_c (json, '}');
  }
  g_string_append_c (json, ']');
}

gboolean
sod_summary_write (const SodSummary *self, const gchar *path, GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_printf (json,
      "{\"inputs\":%u,\"done\":%u,\"done_before\":%u,\"frames\":"
      "%" G_GUINT64_FORMAT ",\"seconds\":%s,\"status\":%d,\"model\":{\"id\":",
      self->n_inputs, self->n_done, self->n_before, self->n_frames,
      g_ascii_formatd (number, sizeof number, "%.3f", self->seconds),
      (gint) self->status);
  append_string (json, self->model_id);
  g_string_append (json, ",\"version\":");
  append_string (json, self->model_version);
  g_string_append_c (json, '}');
  append_failures (json, self);
  g_string_append (json, "}\n");
  if (g_str_equal (path, "-")) {
    g_print ("%s", json->str);
    return TRUE;
  }
  return g_file_set_contents (path, json->str, (gssize) json->len, error);
}
