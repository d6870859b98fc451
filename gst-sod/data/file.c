/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/picture-private.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A file that shrinks meanwhile gives what is left of it. */
static gssize
read_all (gint file, guint8 *data, gsize size)
{
  gsize done = 0;

  while (done < size) {
    gssize n = read (file, data + done, size - done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    done += (gsize) n;
  }
  return (gssize) done;
}

GBytes *
gst_sod_file_read (const gchar *path, gsize max, GError **error)
{
  struct stat status;
  GBytes *bytes = NULL;
  guint8 *data;
  gssize n;
  gint file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (file < 0) {
    gst_sod_file_error (path, "cannot be opened", errno, error);
    return NULL;
  }
  if (fstat (file, &status) != 0) {
    gst_sod_file_error (path, "cannot be looked at", errno, error);
  } else if (check_kind (path, &status, max, error)) {
    data = g_try_malloc ((gsize) status.st_size);
    n = data != NULL ? read_all (file, data, (gsize) status.st_size) : -1;
    if (n >= 0) {
      bytes = g_bytes_new_take (data, (gsize) n);
    } else {
      gst_sod_file_error (
          path, "cannot be read", data != NULL ? errno : ENOMEM, error);
      g_free (data);
    }
  }
  close (file);
  return bytes;
}
