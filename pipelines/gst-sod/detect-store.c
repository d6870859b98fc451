/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where outputs of one kind go.
 *
 * An output grows in a folder .gst-sod-KIND.partial beside the others and gets
 * its name when it is whole, by rename. The journal .gst-sod-KIND then gets a
 * line for the input: what stands there is done, anything else is made again.
 * Lines of all inputs in one file are appended input by input, and the journal
 * holds how long the file was then; what is after that was cut off. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detect.h"

#define JOURNAL_START "gst-sod detect 1 "

struct _SodStore
{
  SodKind kind;
  gchar *folder;
  gchar *file; /* of all lines, or NULL */
  gchar *journal;
  gchar *partial;
  gint fd;         /* of the journal, locked */
  gboolean is_new; /* and nothing was done yet */
  gboolean overwrite;
  guint64 length;   /* of file, up to its last whole input */
  GHashTable *done; /* name -> the input's size and time, as written */
};

static gboolean
fail (GError **error, const gchar *what, const gchar *path)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
      "%s %s: %s", what, path, g_strerror (errno));
  return FALSE;
}

/* Folders are emptied first; links are not followed. */
static void
remove_all (const gchar *path)
{
  GDir *dir;
  const gchar *name;

  if (g_remove (path) == 0 || errno == ENOENT)
    return;
  dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL
                                                   : g_dir_open (path, 0, NULL);
  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *below = g_build_filename (path, name, NULL);

    remove_all (below);
  }
  g_dir_close (dir);
  g_rmdir (path);
}

/* What tells an input from the one that had its name. (transfer full) */
static gchar *
describe (const SodInput *input)
{
  return g_strdup_printf (
      "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT, input->size, input->changed);
}

/* ---- the journal ---- */

static gboolean
append (SodStore *self, const gchar *line, GError **error)
{
  gsize length = strlen (line);

  if (write (self->fd, line, length) == (gssize) length)
    return TRUE;
  return fail (error, "cannot write to", self->journal);
}

/* "size time length name", the name escaped: a line a done input. */
static void
read_line (SodStore *self, const gchar *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);

  if (g_strv_length (words) != 4)
    return;
  self->length = MAX (self->length, g_ascii_strtoull (words[2], NULL, 10));
  g_hash_table_replace (self->done, g_strcompress (words[3]),
      g_strdup_printf ("%s %s", words[0], words[1]));
}

static gboolean
start_journal (SodStore *self, const gchar *settings, GError **error)
{
  g_autofree gchar *line = g_strdup_printf (JOURNAL_START "%s\n", settings);

  self->is_new = TRUE;
  if (ftruncate (self->fd, 0) != 0)
    return fail (error, "cannot write to", self->journal);
  return append (self, line, error);
}

/* A last line without its end was cut off, and is again. */
static gboolean
read_journal (SodStore *self, const gchar *settings, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  gchar *end;

  if (!g_file_get_contents (self->journal, &text, NULL, error))
    return FALSE;
  end = strrchr (text, '\n');
  if (end == NULL || self->overwrite)
    return start_journal (self, settings, error);
  if (ftruncate (self->fd, end + 1 - text) != 0)
    return fail (error, "cannot write to", self->journal);
  *end = '\0';
  lines = g_strsplit (text, "\n", -1);
  if (!g_str_has_prefix (lines[0], JOURNAL_START)
      || !g_str_equal (lines[0] + strlen (JOURNAL_START), settings)) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s holds %s made with %s, and now it is %s; give another place, or "
        "--overwrite to make all of them again",
        self->file != NULL ? self->file : self->folder,
        sod_kind_name (self->kind),
        g_str_has_prefix (lines[0], JOURNAL_START)
            ? lines[0] + strlen (JOURNAL_START)
            : "another version",
        settings);
    return FALSE;
  }
  for (guint i = 1; lines[i] != NULL; i++)
    read_line (self, lines[i]);
  return TRUE;
}

static gboolean
lock_journal (SodStore *self, GError **error)
{
  self->fd =
      g_open (self->journal, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (self->fd < 0)
    return fail (error, "cannot write to", self->journal);
  if (flock (self->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "another gst-sod detect is at work on %s; wait for it, or give another "
      "place",
      self->file != NULL ? self->file : self->folder);
  return FALSE;
}

/* The one file of lines, up to its last whole input. */
static gboolean
cut_file (SodStore *self, GError **error)
{
  GStatBuf status;

  if (self->is_new && self->overwrite) {
    g_remove (self->file);
    return TRUE;
  }
  if (g_stat (self->file, &status) != 0) {
    if (self->length > 0) {
      g_hash_table_remove_all (self->done);
      self->length = 0;
    }
    return TRUE;
  }
  if (self->is_new && status.st_size > 0) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s is there already and is not from a run of this command; give "
        "another file, or --overwrite to replace it",
        self->file);
    return FALSE;
  }
  if ((guint64) status.st_size < self->length) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "%s has %" G_GUINT64_FORMAT " bytes, fewer than the %" G_GUINT64_FORMAT
        " written by the run before; --overwrite makes it again",
        self->file, (guint64) status.st_size, self->length);
    return FALSE;
  }
  if (truncate (self->file, (off_t) self->length) != 0)
    return fail (error, "cannot write to", self->file);
  return TRUE;
}

/* ---- life ---- */

static void
name_places (SodStore *self, const gchar *place, gboolean is_file)
{
  const gchar *kind = sod_kind_name (self->kind);
  g_autofree gchar *name = NULL;

  if (is_file) {
    g_autofree gchar *base = g_path_get_basename (place);

    self->file = g_strdup (place);
    self->folder = g_path_get_dirname (place);
    name = g_strdup_printf (".gst-sod-%s-%s", kind, base);
  } else {
    self->folder = g_strdup (place);
    name = g_strdup_printf (".gst-sod-%s", kind);
  }
  self->journal = g_build_filename (self->folder, name, NULL);
  self->partial = g_strconcat (self->journal, ".partial", NULL);
}

SodStore *
sod_store_open (SodKind kind, const gchar *place, gboolean is_file,
    const gchar *settings, gboolean overwrite, GError **error)
{
  SodStore *self = g_new0 (SodStore, 1);
  gboolean ready;

  self->kind = kind;
  self->overwrite = overwrite;
  self->fd = -1;
  self->done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  name_places (self, place, is_file);
  if (g_mkdir_with_parents (self->folder, 0777) != 0)
    ready = fail (error, "cannot make the folder", self->folder);
  else
    ready = lock_journal (self, error) && read_journal (self, settings, error)
            && (!is_file || cut_file (self, error));
  if (ready) {
    remove_all (self->partial);
    if (g_mkdir (self->partial, 0777) != 0)
      ready = fail (error, "cannot make the folder", self->partial);
  }
  if (ready)
    return self;
  g_clear_pointer (&self->partial, g_free);
  sod_store_close (self);
  return NULL;
}

void
sod_store_close (SodStore *self)
{
  if (self->partial != NULL)
    remove_all (self->partial);
  if (self->is_new)
    g_remove (self->journal);
  if (self->fd >= 0)
    g_close (self->fd, NULL);
  g_hash_table_unref (self->done);
  g_free (self->folder);
  g_free (self->file);
  g_free (self->journal);
  g_free (self->partial);
  g_free (self);
}

/* ---- inputs ---- */

gboolean
sod_store_is_file (const SodStore *self)
{
  return self->file != NULL;
}

static gchar *
locate (SodStore *self, const SodInput *input)
{
  g_autofree gchar *name = sod_input_name_output (input, self->kind);

  return self->file != NULL ? g_strdup (self->file)
                            : g_build_filename (self->folder, name, NULL);
}

gboolean
sod_store_has (SodStore *self, const SodInput *input)
{
  const gchar *done = g_hash_table_lookup (self->done, input->name);
  g_autofree gchar *now = describe (input);
  g_autofree gchar *path = locate (self, input);

  return g_strcmp0 (done, now) == 0 && g_file_test (path, G_FILE_TEST_EXISTS);
}

gboolean
sod_store_is_foreign (SodStore *self, const SodInput *input, GError **error)
{
  g_autofree gchar *path = locate (self, input);

  if (!self->is_new || self->overwrite || self->file != NULL
      || !g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "%s is there already and is not from a run of this command; give another "
      "folder, or --overwrite to replace what is in the way",
      path);
  return TRUE;
}

gchar *
sod_store_get_partial (const SodStore *self, guint number)
{
  g_autofree gchar *name = g_strdup_printf ("%u", number);

  return g_build_filename (self->partial, name, NULL);
}

static gboolean
append_to_file (SodStore *self, const gchar *partial, GError **error)
{
  g_autofree gchar *text = NULL;
  gsize length, written = 0;
  gint fd;

  if (!g_file_get_contents (partial, &text, &length, error))
    return FALSE;
  fd = g_open (self->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  while (fd >= 0 && written < length) {
    gssize n = write (fd, text + written, length - written);

    if (n < 0 && errno != EINTR)
      break;
    written += (gsize) MAX (n, 0);
  }
  if (fd < 0 || written < length) {
    fail (error, "cannot write to", self->file);
    if (fd >= 0) {
      if (ftruncate (fd, (off_t) self->length) != 0)
        g_prefix_error (error, "with its last lines cut off: ");
      g_close (fd, NULL);
    }
    return FALSE;
  }
  g_close (fd, NULL);
  self->length += length;
  g_remove (partial);
  return TRUE;
}

static gboolean
move (const gchar *partial, const gchar *path, GError **error)
{
  g_autofree gchar *parent = g_path_get_dirname (path);

  if (g_mkdir_with_parents (parent, 0777) != 0)
    return fail (error, "cannot make the folder", parent);
  if (g_rename (partial, path) == 0)
    return TRUE;
  if (errno == ENOTEMPTY || errno == EEXIST || errno == EISDIR
      || errno == ENOTDIR) {
    remove_all (path);
    if (g_rename (partial, path) == 0)
      return TRUE;
  }
  return fail (error, "cannot write", path);
}

gboolean
sod_store_commit (
    SodStore *self, const SodInput *input, guint number, GError **error)
{
  g_autofree gchar *partial = sod_store_get_partial (self, number);
  g_autofree gchar *path = locate (self, input);
  g_autofree gchar *what = describe (input);
  g_autofree gchar *escaped = g_strescape (input->name, NULL);
  g_autofree gchar *line = NULL;

  if (self->file != NULL ? !append_to_file (self, partial, error)
                         : !move (partial, path, error))
    return FALSE;
  line = g_strdup_printf (
      "%s %" G_GUINT64_FORMAT " %s\n", what, self->length, escaped);
  self->is_new = FALSE;
  return append (self, line, error);
}
