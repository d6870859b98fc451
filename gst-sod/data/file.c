/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/picture-private.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that are read before anything is asked about a file. */
#define HEAD 65536

static const gchar *
remedy (gint code)
{
  switch (code) {
    case ENOENT:
      return "; check the path, or fetch the file";
    case ENOTDIR:
      return "; a part of the path is a file, where a folder was expected";
    case ELOOP:
      return "; symbolic links lead in a circle, mend or remove them";
    case EACCES:
      return "; make it readable for this user";
    case EMFILE:
    case ENFILE:
      return "; close other files or raise the limit on open ones";
    default:
      return "";
  }
}

void
gst_sod_file_error (
    const gchar *path, const gchar *what, gint code, GError **error)
{
  g_autofree gchar *name = g_filename_display_name (path);

  g_set_error (error, GST_SOD_ERROR,
      code == ENOENT || code == ENOTDIR ? GST_SOD_ERROR_NOT_FOUND
                                        : GST_SOD_ERROR_IO,
      "%s: %s: %s%s", name, what, g_strerror (code), remedy (code));
}

static gboolean
check_kind (
    const gchar *path, const struct stat *status, gsize max, GError **error)
{
  g_autofree gchar *name = g_filename_display_name (path);

  if (!S_ISREG (status->st_mode)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: is %s, where a file was expected", name,
        S_ISDIR (status->st_mode) ? "a folder" : "no regular file");
    return FALSE;
  }
  if (status->st_size == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s: is empty (0 bytes); fetch it again or take it out of the set",
        name);
    return FALSE;
  }
  if ((guint64) status->st_size > max) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "%s: has %" G_GUINT64_FORMAT " bytes, more than the %" G_GSIZE_FORMAT
        " that are read of such a file",
        name, (guint64) status->st_size, max);
    return FALSE;
  }
  return TRUE;
}

static gssize
read_once (gint file, guint8 *data, gsize size)
{
  gssize n;

  do
    n = read (file, data, size);
  while (n < 0 && errno == EINTR);
  return n;
}

/* A file that shrinks meanwhile gives what is left of it. */
static gssize
read_all (gint file, guint8 *data, gsize size)
{
  gsize done = 0;

  while (done < size) {
    gssize n = read_once (file, data + done, size - done);

    if (n < 0)
      return -1;
    if (n == 0)
      break;
    done += (gsize) n;
  }
  return (gssize) done;
}

/* The rest of a file whose first @n bytes are in @head: more than a picture of
 * ordinary size has. (transfer full) */
static GBytes *
read_large (const gchar *path, gint file, const guint8 *head, gsize n,
    gsize max, GError **error)
{
  struct stat status;
  guint8 *data;
  gssize more;
  gsize size;

  if (fstat (file, &status) != 0) {
    gst_sod_file_error (path, "cannot be looked at", errno, error);
    return NULL;
  }
  if (!check_kind (path, &status, max, error))
    return NULL;
  size = MAX ((gsize) status.st_size, n);
  data = g_try_malloc (MAX (size, 1));
  if (data == NULL) {
    gst_sod_file_error (path, "cannot be read", ENOMEM, error);
    return NULL;
  }
  memcpy (data, head, n);
  more = read_all (file, data + n, size - n);
  if (more >= 0)
    return g_bytes_new_take (data, n + (gsize) more);
  gst_sod_file_error (path, "cannot be read", errno, error);
  g_free (data);
  return NULL;
}

/* Most pictures are read at once: each call of the system that is saved is a
 * hundredth of the time that decoding one of 352x198 takes. What is empty, or
 * no file at all, is told apart by read_large(). */
GBytes *
gst_sod_file_read (const gchar *path, gsize max, GError **error)
{
  guint8 head[HEAD];
  GBytes *bytes;
  gssize n;
  gint file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (file < 0) {
    gst_sod_file_error (path, "cannot be opened", errno, error);
    return NULL;
  }
  n = read_once (file, head, sizeof (head));
  if (n > 0 && (gsize) n < MIN (sizeof (head), max))
    bytes = g_bytes_new (head, (gsize) n);
  else
    bytes = read_large (path, file, head, (gsize) MAX (n, 0), max, error);
  close (file);
  return bytes;
}
