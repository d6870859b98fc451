/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/safetensors-private.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH_SIZE 8
#define ALIGNMENT 8 /* of the data in the file, bytes */

static gint
compare_tensors (gconstpointer a, gconstpointer b, gpointer data)
{
  GHashTable *tensors = data;
  const gchar *x = *(const gchar *const *) a;
  const gchar *y = *(const gchar *const *) b;
  gsize x_size = gst_sod_dtype_size (
      gst_sod_tensor_get_dtype (g_hash_table_lookup (tensors, x)));
  gsize y_size = gst_sod_dtype_size (
      gst_sod_tensor_get_dtype (g_hash_table_lookup (tensors, y)));

  if (x_size != y_size)
    return x_size > y_size ? -1 : 1;
  return strcmp (x, y);
}

GPtrArray *
gst_sod_safetensors_sort_names (GHashTable *tensors)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, tensors);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort_with_data (names, compare_tensors, tensors);
  return names;
}

static const gchar *
dtype_to_string (GstSodDType dtype)
{
  switch (dtype) {
    case GST_SOD_DTYPE_F32:
      return "F32";
    case GST_SOD_DTYPE_F64:
      return "F64";
    case GST_SOD_DTYPE_F16:
      return "F16";
    case GST_SOD_DTYPE_BF16:
      return "BF16";
    case GST_SOD_DTYPE_U8:
      return "U8";
    case GST_SOD_DTYPE_S8:
      return "I8";
    case GST_SOD_DTYPE_S32:
      return "I32";
  }
  g_return_val_if_reached (NULL);
}

static void
add_metadata (JsonBuilder *builder, GHashTable *metadata)
{
  g_autoptr (GList) keys =
      g_list_sort (g_hash_table_get_keys (metadata), (GCompareFunc) strcmp);

  json_builder_set_member_name (builder, "__metadata__");
  json_builder_begin_object (builder);
  for (GList *at = keys; at != NULL; at = at->next) {
    json_builder_set_member_name (builder, at->data);
    json_builder_add_string_value (
        builder, g_hash_table_lookup (metadata, at->data));
  }
  json_builder_end_object (builder);
}

static void
add_entry (JsonBuilder *builder, const gchar *name, const GstSodTensor *tensor,
    gsize *offset)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  gsize begin = *offset;

  *offset += gst_sod_tensor_get_size (tensor);
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "dtype");
  json_builder_add_string_value (
      builder, dtype_to_string (gst_sod_tensor_get_dtype (tensor)));
  json_builder_set_member_name (builder, "shape");
  json_builder_begin_array (builder);
  for (guint i = 0; i < shape->n_dims; i++)
    json_builder_add_int_value (builder, shape->dims[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "data_offsets");
  json_builder_begin_array (builder);
  json_builder_add_int_value (builder, (gint64) begin);
  json_builder_add_int_value (builder, (gint64) *offset);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* Length and header, padded with spaces so that the data is aligned. */
static GString *
make_header (GHashTable *tensors, GPtrArray *names, GHashTable *metadata)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *json = NULL;
  GString *header = g_string_new (NULL);
  gsize offset = 0;
  guint64 length;

  json_builder_begin_object (builder);
  if (metadata != NULL && g_hash_table_size (metadata) > 0)
    add_metadata (builder, metadata);
  for (guint i = 0; i < names->len; i++) {
    const gchar *name = g_ptr_array_index (names, i);

    add_entry (builder, name, g_hash_table_lookup (tensors, name), &offset);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  length = (strlen (json) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  g_string_append_len (header, (const gchar *) &length, LENGTH_SIZE);
  g_string_append (header, json);
  while (header->len < LENGTH_SIZE + length)
    g_string_append_c (header, ' ');
  return header;
}

static gboolean
set_io_error (GError **error, const gchar *what)
{
  gint code = errno == ENOENT || errno == ENOTDIR  ? GST_SOD_ERROR_NOT_FOUND
              : errno == ENOSPC || errno == EDQUOT ? GST_SOD_ERROR_NO_SPACE
                                                   : GST_SOD_ERROR_IO;

  g_set_error (
      error, GST_SOD_ERROR, code, "%s failed: %s", what, g_strerror (errno));
  return FALSE;
}

static gboolean
write_all (gint fd, gconstpointer data, gsize length, GError **error)
{
  const guint8 *from = data;
  gssize n;

  while (length > 0) {
    n = write (fd, from, length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return set_io_error (error, "writing the temporary file beside it");
    from += n;
    length -= (gsize) n;
  }
  return TRUE;
}

static gboolean
write_content (
    gint fd, GHashTable *tensors, GHashTable *metadata, GError **error)
{
  g_autoptr (GPtrArray) names = gst_sod_safetensors_sort_names (tensors);
  g_autoptr (GString) header = make_header (tensors, names, metadata);

  if (!write_all (fd, header->str, header->len, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++) {
    const GstSodTensor *tensor =
        g_hash_table_lookup (tensors, g_ptr_array_index (names, i));

    if (!write_all (fd, gst_sod_tensor_peek_data (tensor),
            gst_sod_tensor_get_size (tensor), error))
      return FALSE;
  }
  if (fsync (fd) != 0)
    return set_io_error (error, "syncing the temporary file beside it");
  return TRUE;
}

/* Makes the rename last through a power cut. */
static gboolean
sync_folder (const gchar *path, GError **error)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  gint fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced;

  if (fd < 0)
    return set_io_error (error, "opening its folder");
  synced = fsync (fd) == 0 || set_io_error (error, "syncing its folder");
  close (fd);
  return synced;
}

/* A device or a FIFO at @path would be replaced by the rename. */
static gboolean
check_target (const gchar *path, GError **error)
{
  struct stat info;

  if (stat (path, &info) != 0 || S_ISREG (info.st_mode))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "is %s; give the name of a file",
      S_ISDIR (info.st_mode) ? "a directory" : "no regular file");
  return FALSE;
}

static gboolean
write_and_rename (const gchar *path, GHashTable *tensors, GHashTable *metadata,
    GError **error)
{
  g_autofree gchar *temporary = g_strconcat (path, ".XXXXXX", NULL);
  gboolean done;
  gint fd;

  fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0)
    return set_io_error (error, "making a temporary file beside it");
  done = write_content (fd, tensors, metadata, error);
  if (close (fd) != 0 && done)
    done = set_io_error (error, "closing the temporary file beside it");
  if (done && g_rename (temporary, path) != 0)
    done = set_io_error (error, "renaming the temporary file to it");
  if (!done) {
    g_unlink (temporary);
    return FALSE;
  }
  return sync_folder (path, error);
}

gboolean
gst_sod_safetensors_write (const gchar *path, GHashTable *tensors,
    GHashTable *metadata, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (path);

  if (!check_target (path, error)
      || !write_and_rename (path, tensors, metadata, error)) {
    g_prefix_error (error, "%s: ", shown);
    return FALSE;
  }
  return TRUE;
}
