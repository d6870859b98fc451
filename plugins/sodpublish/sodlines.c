/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodlines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct _SodLines
{
  gint fd;
  gchar *name;
  GString *line;
  guint64 count;
};

static gboolean
is_standard_output (const gchar *location)
{
  return location == NULL || *location == '\0' || g_str_equal (location, "-");
}

static gint
open_file (const gchar *location, gboolean append, GError **error)
{
  struct stat status;
  gint fd;

  /* Not blocking, so that a FIFO that nobody reads is an error. */
  fd = g_open (location,
      O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK
          | (append ? O_APPEND : O_TRUNC),
      0644);
  if (fd < 0) {
    gint reason = errno;

    g_set_error (error, GST_RESOURCE_ERROR,
        reason == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
                         : GST_RESOURCE_ERROR_OPEN_WRITE,
        "\"%s\" cannot be opened for writing lines to: %s; set location to a "
        "file in a folder that can be written to, or to \"-\" for the standard "
        "output",
        location,
        reason == ENXIO ? "nobody reads the FIFO" : g_strerror (reason));
    return -1;
  }
  if (fstat (fd, &status) == 0 && !S_ISREG (status.st_mode))
    fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

static gint
open_standard_output (GError **error)
{
  gint fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

  if (fd < 0)
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
        "the standard output cannot be written to: %s; set location to a file",
        g_strerror (errno));
  return fd;
}

SodLines *
sod_lines_open (const gchar *location, gboolean append, GError **error)
{
  gboolean standard = is_standard_output (location);
  SodLines *self;
  gint fd;

  fd = standard ? open_standard_output (error)
                : open_file (location, append, error);
  if (fd < 0)
    return NULL;
  self = g_new0 (SodLines, 1);
  self->fd = fd;
  self->name = standard ? g_strdup ("the standard output")
                        : g_strdup_printf ("\"%s\"", location);
  self->line = g_string_new (NULL);
  return self;
}

void
sod_lines_close (SodLines *self)
{
  g_close (self->fd, NULL);
  g_free (self->name);
  g_string_free (self->line, TRUE);
  g_free (self);
}

/* Takes back the part of a line that did get into a file. */
static void
cut_off (SodLines *self, gsize written)
{
  struct stat status;

  if (written > 0 && fstat (self->fd, &status) == 0 && S_ISREG (status.st_mode)
      && status.st_size >= (off_t) written
      && ftruncate (self->fd, status.st_size - (off_t) written) == 0)
    lseek (self->fd, 0, SEEK_END);
}

gboolean
sod_lines_write (SodLines *self, const gchar *line, GError **error)
{
  gsize written = 0;

  g_string_assign (self->line, line);
  g_string_append_c (self->line, '\n');
  while (written < self->line->len) {
    gssize n =
        write (self->fd, self->line->str + written, self->line->len - written);

    if (n >= 0) {
      written += (gsize) n;
    } else if (errno != EINTR) {
      gint reason = errno;

      cut_off (self, written);
      g_set_error (error, GST_RESOURCE_ERROR,
          reason == ENOSPC || reason == EDQUOT
              ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
              : GST_RESOURCE_ERROR_WRITE,
          "%s: %s; it holds the first %" G_GUINT64_FORMAT
          " lines of this run, the next and all after it are lost",
          self->name, g_strerror (reason), self->count);
      return FALSE;
    }
  }
  self->count++;
  return TRUE;
}

/* What is no file on a disk has nothing to sync, and says so. */
gboolean
sod_lines_sync (SodLines *self, GError **error)
{
  if (fsync (self->fd) == 0 || errno == EINVAL || errno == ENOTSUP
      || errno == EROFS)
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR,
      errno == ENOSPC ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
                      : GST_RESOURCE_ERROR_SYNC,
      "%s: %s; some of the last of its %" G_GUINT64_FORMAT " lines may be lost",
      self->name, g_strerror (errno), self->count);
  return FALSE;
}

guint64
sod_lines_get_count (const SodLines *self)
{
  return self->count;
}
