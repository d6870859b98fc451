/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/safetensors-private.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_STATIC_ASSERT (G_BYTE_ORDER == G_LITTLE_ENDIAN); /* as the files are */

#define LENGTH_SIZE 8 /* bytes of the header's length */

struct _GstSodSafetensors
{
  gchar *path;   /* for messages */
  gint fd;       /* or -1 */
  GBytes *bytes; /* or NULL */
  guint64 size;
  guint64 data_start;
  GstSodSafetensorsHeader *header;
};

void
gst_sod_safetensors_close (GstSodSafetensors *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->header, gst_sod_safetensors_header_free);
  g_free (self->path);
  g_free (self);
}

/* @length bytes at @offset, which the caller knows to be within the size. The
 * file is read and never mapped: a mapped file that someone cuts is SIGBUS. */
static gboolean
read_at (GstSodSafetensors *self, guint64 offset, gpointer buffer, gsize length,
    GError **error)
{
  guint8 *to = buffer;
  gssize n;

  if (self->bytes != NULL) {
    if (length > 0)
      memcpy (to,
          (const guint8 *) g_bytes_get_data (self->bytes, NULL) + offset,
          length);
    return TRUE;
  }
  while (length > 0) {
    n = pread (self->fd, to, length, (off_t) offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
          "reading byte %" G_GUINT64_FORMAT " failed: %s", offset,
          g_strerror (errno));
      return FALSE;
    }
    if (n == 0) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "the file was cut at byte %" G_GUINT64_FORMAT " while it was read",
          offset);
      return FALSE;
    }
    to += n;
    offset += (guint64) n;
    length -= (gsize) n;
  }
  return TRUE;
}

static gboolean
check_sizes (guint64 size, guint64 header_size, GError **error)
{
  if (header_size > GST_SOD_SAFETENSORS_MAX_HEADER) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "a header of %" G_GUINT64_FORMAT
        " bytes is claimed, at most %" G_GUINT64_FORMAT
        " are allowed: no safetensors file",
        header_size, GST_SOD_SAFETENSORS_MAX_HEADER);
    return FALSE;
  }
  if (header_size > size - LENGTH_SIZE) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "the file ends within its header: %" G_GUINT64_FORMAT
        " bytes where the header alone takes %" G_GUINT64_FORMAT
        "; copy the file again",
        size, LENGTH_SIZE + header_size);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_header (GstSodSafetensors *self, GError **error)
{
  g_autofree gchar *json = NULL;
  guint64 header_size;

  if (self->size < LENGTH_SIZE) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%" G_GUINT64_FORMAT " bytes are no safetensors file: the first %d "
        "hold the length of its header",
        self->size, LENGTH_SIZE);
    return FALSE;
  }
  if (self->size > GST_SOD_SAFETENSORS_MAX_FILE) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%" G_GUINT64_FORMAT " bytes are more than the %" G_GUINT64_FORMAT
        " that are read",
        self->size, GST_SOD_SAFETENSORS_MAX_FILE);
    return FALSE;
  }
  if (!read_at (self, 0, &header_size, LENGTH_SIZE, error)
      || !check_sizes (self->size, header_size, error))
    return FALSE;
  self->data_start = LENGTH_SIZE + header_size;
  json = g_malloc (header_size + 1);
  if (!read_at (self, LENGTH_SIZE, json, (gsize) header_size, error))
    return FALSE;
  self->header = gst_sod_safetensors_header_parse (
      json, (gsize) header_size, self->size - self->data_start, error);
  return self->header != NULL;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static gboolean
open_file (GstSodSafetensors *self, const gchar *path, GError **error)
{
  struct stat info;

  self->fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (self->fd < 0) {
    gint code = errno == ENOENT || errno == ENOTDIR ? GST_SOD_ERROR_NOT_FOUND
                                                    : GST_SOD_ERROR_IO;

    g_set_error (
        error, GST_SOD_ERROR, code, "cannot be opened: %s", g_strerror (errno));
    return FALSE;
  }
  if (fstat (self->fd, &info) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "cannot be examined: %s", g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "is %s, a regular file was expected",
        S_ISDIR (info.st_mode)    ? "a directory"
        : S_ISFIFO (info.st_mode) ? "a FIFO"
                                  : "a device or a socket");
    return FALSE;
  }
  self->size = (guint64) info.st_size;
  return TRUE;
}

GstSodSafetensors *
gst_sod_safetensors_open (const gchar *path, GError **error)
{
  g_autoptr (GstSodSafetensors) self = g_new0 (GstSodSafetensors, 1);

  self->path = g_filename_display_name (path);
  if (!open_file (self, path, error) || !read_header (self, error)) {
    g_prefix_error (error, "%s: ", self->path);
    return NULL;
  }
  return g_steal_pointer (&self);
}

GstSodSafetensors *
gst_sod_safetensors_open_bytes (
    GBytes *bytes, const gchar *path, GError **error)
{
  g_autoptr (GstSodSafetensors) self = g_new0 (GstSodSafetensors, 1);

  self->path = g_filename_display_name (path);
  self->fd = -1;
  self->bytes = g_bytes_ref (bytes);
  self->size = g_bytes_get_size (bytes);
  if (!read_header (self, error)) {
    g_prefix_error (error, "%s: ", self->path);
    return NULL;
  }
  return g_steal_pointer (&self);
}

const gchar *
gst_sod_safetensors_get_path (const GstSodSafetensors *self)
{
  return self->path;
}

const GstSodSafetensorsHeader *
gst_sod_safetensors_get_header (const GstSodSafetensors *self)
{
  return self->header;
}

static GstSodTensor *
load_tensor (GstSodSafetensors *self, const GstSodSafetensorsEntry *entry,
    GError **error)
{
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new_shaped (entry->dtype, &entry->shape, error);

  if (tensor == NULL
      || !read_at (self, self->data_start + entry->begin,
          gst_sod_tensor_get_data (tensor), gst_sod_tensor_get_size (tensor),
          error)) {
    g_prefix_error (error, "tensor '%s': ", entry->name);
    return NULL;
  }
  return g_steal_pointer (&tensor);
}

GHashTable *
gst_sod_safetensors_load (GstSodSafetensors *self, GError **error)
{
  g_autoptr (GHashTable) tensors = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);

  for (guint i = 0; i < self->header->entries->len; i++) {
    const GstSodSafetensorsEntry *entry =
        g_ptr_array_index (self->header->entries, i);
    GstSodTensor *tensor = load_tensor (self, entry, error);

    if (tensor == NULL)
      return NULL;
    g_hash_table_insert (tensors, g_strdup (entry->name), tensor);
  }
  return g_steal_pointer (&tensors);
}

static gboolean
read_all (GstSodSafetensors *self, GHashTable **tensors, GHashTable **metadata,
    GError **error)
{
  if (tensors != NULL) {
    *tensors = gst_sod_safetensors_load (self, error);
    if (*tensors == NULL) {
      g_prefix_error (error, "%s: ", self->path);
      return FALSE;
    }
  }
  if (metadata != NULL)
    *metadata = g_hash_table_ref (self->header->metadata);
  return TRUE;
}

gboolean
gst_sod_safetensors_read (const gchar *path, GHashTable **tensors,
    GHashTable **metadata, GError **error)
{
  g_autoptr (GstSodSafetensors) self = gst_sod_safetensors_open (path, error);

  return self != NULL && read_all (self, tensors, metadata, error);
}

gboolean
gst_sod_safetensors_parse (GBytes *bytes, const gchar *path,
    GHashTable **tensors, GHashTable **metadata, GError **error)
{
  g_autoptr (GstSodSafetensors) self =
      gst_sod_safetensors_open_bytes (bytes, path, error);

  return self != NULL && read_all (self, tensors, metadata, error);
}
