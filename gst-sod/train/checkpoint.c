/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/checkpoint-private.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include <gst-sod/nn/safetensors-private.h>

#define FORMAT_VERSION "1"
#define PREVIOUS_SUFFIX "~"
#define NEW_SUFFIX ".new"

/* Behind a path: where a checkpoint may lie, in the order in which a reader
 * looks. The new file is whole where it is there, and of a writer that was
 * killed before its renames: the second choice, should what lies at the path be
 * damaged or gone. */
static const gchar *const suffixes[] = { "", NEW_SUFFIX, PREVIOUS_SUFFIX };

struct _GstSodCheckpoint
{
  GHashTable *tensors; /* name -> GstSodTensor: f32 or bytes, one dimension */
};

static GstSodCheckpoint *
make (GHashTable *tensors)
{
  GstSodCheckpoint *self = g_new0 (GstSodCheckpoint, 1);

  self->tensors = tensors;
  return self;
}

GstSodCheckpoint *
gst_sod_checkpoint_new (void)
{
  return make (g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref));
}

void
gst_sod_checkpoint_free (GstSodCheckpoint *self)
{
  g_hash_table_unref (self->tensors);
  g_free (self);
}

gboolean
gst_sod_checkpoint_has (const GstSodCheckpoint *self, const gchar *name)
{
  return g_hash_table_contains (self->tensors, name);
}

/* ---- content ---- */

static gboolean
set_values (GstSodCheckpoint *self, const gchar *name, GstSodDType dtype,
    gconstpointer values, gsize n, GError **error)
{
  GstSodShape shape = { 1, { (gint64) n, 0, 0, 0 } };
  GstSodTensor *tensor = gst_sod_tensor_new_shaped (dtype, &shape, error);

  if (tensor == NULL)
    return FALSE;
  memcpy (
      gst_sod_tensor_get_data (tensor), values, n * gst_sod_dtype_size (dtype));
  g_hash_table_insert (self->tensors, g_strdup (name), tensor);
  return TRUE;
}

static const GstSodTensor *
find_values (const GstSodCheckpoint *self, const gchar *name, GstSodDType dtype,
    GError **error)
{
  const GstSodTensor *tensor = g_hash_table_lookup (self->tensors, name);

  if (tensor != NULL && gst_sod_tensor_get_dtype (tensor) == dtype)
    return tensor;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the checkpoint has no %s \"%s\": it is of another training or version",
      dtype == GST_SOD_DTYPE_F32 ? "values" : "bytes", name);
  return NULL;
}

gboolean
gst_sod_checkpoint_set_floats (GstSodCheckpoint *self, const gchar *name,
    const gfloat *values, gsize n, GError **error)
{
  return set_values (self, name, GST_SOD_DTYPE_F32, values, n, error);
}

gboolean
gst_sod_checkpoint_get_floats (const GstSodCheckpoint *self, const gchar *name,
    gfloat *values, gsize n, GError **error)
{
  const GstSodTensor *tensor =
      find_values (self, name, GST_SOD_DTYPE_F32, error);

  if (tensor == NULL)
    return FALSE;
  if (gst_sod_tensor_get_n_elements (tensor) != n) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "\"%s\" of the checkpoint has %" G_GSIZE_FORMAT
        " values, %" G_GSIZE_FORMAT " were expected: it is of another training",
        name, gst_sod_tensor_get_n_elements (tensor), n);
    return FALSE;
  }
  memcpy (values, gst_sod_tensor_peek_data (tensor), n * sizeof (gfloat));
  return TRUE;
}

/* A tensor has an element at least: the first byte is no content. */
gboolean
gst_sod_checkpoint_set_bytes (GstSodCheckpoint *self, const gchar *name,
    gconstpointer data, gsize n, GError **error)
{
  g_autofree guint8 *bytes = g_malloc0 (n + 1);

  if (n > 0)
    memcpy (bytes + 1, data, n);
  return set_values (self, name, GST_SOD_DTYPE_U8, bytes, n + 1, error);
}

GBytes *
gst_sod_checkpoint_get_bytes (
    const GstSodCheckpoint *self, const gchar *name, GError **error)
{
  const GstSodTensor *tensor =
      find_values (self, name, GST_SOD_DTYPE_U8, error);
  const guint8 *bytes;

  if (tensor == NULL)
    return NULL;
  bytes = gst_sod_tensor_peek_data (tensor);
  return g_bytes_new (bytes + 1, gst_sod_tensor_get_size (tensor) - 1);
}

/* Over names, types, lengths and values. (transfer full) */
static gchar *
compute_checksum (GHashTable *tensors)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GPtrArray) names = gst_sod_safetensors_sort_names (tensors);

  for (guint i = 0; i < names->len; i++) {
    const gchar *name = g_ptr_array_index (names, i);
    const GstSodTensor *tensor = g_hash_table_lookup (tensors, name);
    gsize size = gst_sod_tensor_get_size (tensor);
    g_autofree gchar *head = g_strdup_printf ("%s %s %" G_GSIZE_FORMAT "\n",
        name, gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)), size);

    g_checksum_update (sum, (const guchar *) head, -1);
    /* The length is a gssize. */
    g_checksum_update (sum, gst_sod_tensor_peek_data (tensor), (gssize) size);
  }
  return g_strdup (g_checksum_get_string (sum));
}

/* ---- writing ---- */

/* Whether @name is that of a file which a killed writer of @base left: the new
 * file, or the temporary one behind it, of six letters more. */
static gboolean
is_leftover (const gchar *name, const gchar *base)
{
  const gchar *rest;

  if (!g_str_has_prefix (name, base))
    return FALSE;
  rest = name + strlen (base);
  if (!g_str_has_prefix (rest, NEW_SUFFIX))
    return FALSE;
  rest += strlen (NEW_SUFFIX);
  return *rest == '\0' || (*rest == '.' && strlen (rest) == strlen (".XXXXXX"));
}

/* Ends what a killed writer began: where it had moved the old file away, its
 * new one, which is whole, is the newest there is. */
static void
settle (const gchar *path, const gchar *new_path)
{
  if (g_access (path, F_OK) != 0 && errno == ENOENT)
    g_rename (new_path, path);
}

static void
remove_leftovers (const gchar *path)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *base = g_path_get_basename (path);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *file = g_build_filename (folder, name, NULL);

    if (is_leftover (name, base))
      g_unlink (file);
  }
}

static gboolean
fail_io (const gchar *path, const gchar *what, GError **error)
{
  gint code = errno == ENOSPC || errno == EDQUOT ? GST_SOD_ERROR_NO_SPACE
                                                 : GST_SOD_ERROR_IO;
  g_autofree gchar *reason = g_strdup (g_strerror (errno));
  g_autofree gchar *shown = g_filename_display_name (path);

  g_set_error (
      error, GST_SOD_ERROR, code, "%s: %s failed: %s", shown, what, reason);
  return FALSE;
}

static gboolean
sync_folder (const gchar *path, GError **error)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  gint fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean synced = fd >= 0 && fsync (fd) == 0;

  if (!synced)
    fail_io (folder, "syncing the folder", error);
  if (fd >= 0)
    close (fd);
  return synced;
}

/* Between the two renames there are the new and the previous file; a reader
 * takes one of those. */
static gboolean
replace (const gchar *path, const gchar *new_path, GError **error)
{
  g_autofree gchar *previous = g_strconcat (path, PREVIOUS_SUFFIX, NULL);

  if (g_rename (path, previous) != 0 && errno != ENOENT)
    return fail_io (path, "keeping the file that was there", error);
  if (g_rename (new_path, path) != 0) {
    fail_io (path, "renaming the new file to it", error);
    g_rename (previous, path);
    return FALSE;
  }
  return sync_folder (path, error);
}

/* What is written must be something that can be read. */
static gboolean
check_size (GstSodCheckpoint *self, const gchar *path, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (path);
  guint64 size = GST_SOD_SAFETENSORS_MAX_HEADER;
  GHashTableIter iter;
  gpointer tensor;

  g_hash_table_iter_init (&iter, self->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &tensor))
    size += gst_sod_tensor_get_size (tensor);
  if (size <= GST_SOD_SAFETENSORS_MAX_FILE)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "%s: a checkpoint of %" G_GUINT64_FORMAT
      " bytes is more than the %" G_GUINT64_FORMAT
      " that can be read back; train fewer nodes or smaller networks at a time",
      shown, size, GST_SOD_SAFETENSORS_MAX_FILE);
  return FALSE;
}

gboolean
gst_sod_checkpoint_write (
    GstSodCheckpoint *self, const gchar *path, GError **error)
{
  g_autofree gchar *new_path = g_strconcat (path, NEW_SUFFIX, NULL);
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    errno = EISDIR;
    return fail_io (path, "writing the checkpoint", error);
  }
  if (!check_size (self, path, error))
    return FALSE;
  settle (path, new_path);
  remove_leftovers (path);
  g_hash_table_insert (
      metadata, (gpointer) "checksum", compute_checksum (self->tensors));
  g_hash_table_insert (
      metadata, (gpointer) "checkpoint", g_strdup (FORMAT_VERSION));
  if (!gst_sod_safetensors_write (new_path, self->tensors, metadata, error))
    return FALSE;
  if (replace (path, new_path, error))
    return TRUE;
  g_unlink (new_path);
  return FALSE;
}

/* ---- reading ---- */

/* Takes @tensors. */
static GstSodCheckpoint *
verify (GHashTable *tensors, GHashTable *metadata, const gchar *path,
    GError **error)
{
  g_autoptr (GstSodCheckpoint) self = make (tensors);
  g_autofree gchar *shown = g_filename_display_name (path);
  g_autofree gchar *sum = compute_checksum (tensors);
  const gchar *version = g_hash_table_lookup (metadata, "checkpoint");

  if (g_strcmp0 (version, FORMAT_VERSION) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s is no checkpoint of version " FORMAT_VERSION
        "; give the file that a training wrote as its checkpoint",
        shown);
    return NULL;
  }
  if (g_strcmp0 (g_hash_table_lookup (metadata, "checksum"), sum) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s is damaged: its content does not have its checksum", shown);
    return NULL;
  }
  return g_steal_pointer (&self);
}

GstSodCheckpoint *
gst_sod_checkpoint_parse (GBytes *bytes, const gchar *path, GError **error)
{
  GHashTable *tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;

  if (!gst_sod_safetensors_parse (bytes, path, &tensors, &metadata, error))
    return NULL;
  return verify (tensors, metadata, path, error);
}

static GstSodCheckpoint *
read_one (const gchar *path, GError **error)
{
  GHashTable *tensors = NULL;
  g_autoptr (GHashTable) metadata = NULL;

  if (!gst_sod_safetensors_read (path, &tensors, &metadata, error))
    return NULL;
  return verify (tensors, metadata, path, error);
}

GstSodCheckpoint *
gst_sod_checkpoint_read (const gchar *path, gboolean *older, GError **error)
{
  g_autoptr (GError) first = NULL;
  GstSodCheckpoint *self = read_one (path, &first);

  if (older != NULL)
    *older = self == NULL;
  for (guint i = 1; self == NULL && i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree gchar *other = g_strconcat (path, suffixes[i], NULL);

    self = read_one (other, NULL);
  }
  /* What is wrong with the newest one is what there is to know. */
  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  return self;
}

/* ---- files ---- */

gboolean
gst_sod_checkpoint_exists (const gchar *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree gchar *file = g_strconcat (path, suffixes[i], NULL);

    if (g_file_test (file, G_FILE_TEST_EXISTS))
      return TRUE;
  }
  return FALSE;
}

/* The newest goes last: a kill on the way leaves none that is older. */
gboolean
gst_sod_checkpoint_remove (const gchar *path, GError **error)
{
  for (guint i = G_N_ELEMENTS (suffixes); i-- > 0;) {
    g_autofree gchar *file = g_strconcat (path, suffixes[i], NULL);

    if (g_unlink (file) != 0 && errno != ENOENT)
      return fail_io (file, "removing the checkpoint", error);
  }
  remove_leftovers (path);
  return TRUE;
}
