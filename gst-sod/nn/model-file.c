/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network in a file: what docs/model-format.md says, in that order. Nothing
 * is allocated for weights before the header is known to be that of a model
 * whose every tensor has the shape that its architecture asks for. */
#include <gst-sod/nn/model-file-private.h>

#include <gst-sod/nn/model-metadata-private.h>
#include <gst-sod/nn/safetensors-private.h>
#include <gst-sod/nn/weights-private.h>

static const GstSodShape *
describe_entry (gconstpointer value, GstSodDType *dtype)
{
  const GstSodSafetensorsEntry *entry = value;

  *dtype = entry->dtype;
  return &entry->shape;
}

static gboolean
match_header (const GstSodSafetensorsHeader *header,
    const GstSodArchitecture *architecture, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) specs = gst_sod_weights_list (architecture, error);

  if (specs == NULL)
    return FALSE;
  for (guint i = 0; i < header->entries->len; i++) {
    GstSodSafetensorsEntry *entry = g_ptr_array_index (header->entries, i);

    g_hash_table_insert (table, entry->name, entry);
  }
  return gst_sod_weights_match (specs, table, describe_entry, error);
}

static GHashTable *
copy_table (GHashTable *table)
{
  GHashTable *copy =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (copy, g_strdup (key), g_strdup (value));
  return copy;
}

/* A bit that flipped in the weights gives a network that works a little less
 * well: only a hash finds it. */
static gboolean
check_hash (GstSodNetwork *network, const gchar *expected, GError **error)
{
  const gchar *found =
      gst_sod_network_get_metadata (network, GST_SOD_MODEL_KEY_HASH);

  if (expected == NULL || g_str_equal (expected, found))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "the weights are damaged: their SHA-256 is %s, metadata "
      "\"" GST_SOD_MODEL_KEY_HASH "\" is another; copy the file again",
      found);
  return FALSE;
}

static GstSodNetwork *
make_network (GstSodSafetensors *file, GError **error)
{
  const GstSodSafetensorsHeader *header = gst_sod_safetensors_get_header (file);
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  GstSodModelInfo info;
  GHashTable *weights;

  architecture =
      gst_sod_model_metadata_get_architecture (header->metadata, error);
  if (architecture == NULL
      || !gst_sod_model_metadata_read (
          header->metadata, architecture, &info, error)
      || !match_header (header, architecture, error))
    return NULL;
  weights = gst_sod_safetensors_load (file, error);
  if (weights == NULL)
    return NULL;
  network = gst_sod_network_new_from_weights (
      architecture, weights, copy_table (header->metadata), error);
  if (network == NULL
      || !check_hash (network,
          g_hash_table_lookup (header->metadata, GST_SOD_MODEL_KEY_HASH),
          error))
    return NULL;
  return g_steal_pointer (&network);
}

/* Sets @error to what was @found, which it takes, and the way out. */
static void
fail (GError *found, GError **error)
{
  g_autoptr (GError) cause = found;

  g_set_error (error, cause->domain, cause->code,
      "%s; name another model file with model-file, or none for the default, "
      "base.safetensors",
      cause->message);
}

static GstSodNetwork *
read_network (GstSodSafetensors *file, GError **error)
{
  GError *found = NULL;
  GstSodNetwork *network = make_network (file, &found);

  if (network == NULL) {
    g_prefix_error (&found, "%s: ", gst_sod_safetensors_get_path (file));
    fail (found, error);
  }
  return network;
}

/**
 * gst_sod_network_new_from_file:
 * @path: (type filename): a model file
 * @error: return location for an error
 *
 * Reads a network. Everything in the file is checked before memory is taken
 * for it: lengths, offsets, types, the shape of each tensor against the
 * architecture, and every weight for NaN and infinity.
 *
 * Errors, each beginning with @path and ending with the way out:
 * %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO for what cannot be opened or read
 * or is no regular file, %GST_SOD_ERROR_FORMAT for a file that is malformed,
 * cut or damaged, %GST_SOD_ERROR_MISMATCH for a well-formed file that is no
 * model, of another version, or whose weights do not fit its architecture,
 * %GST_SOD_ERROR_NO_MEMORY. Thread-safe.
 *
 * Returns: (transfer full): the network, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_network_new_from_file (const gchar *path, GError **error)
{
  g_autoptr (GstSodSafetensors) file = NULL;
  GError *found = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  file = gst_sod_safetensors_open (path, &found);
  if (file != NULL)
    return read_network (file, error);
  fail (found, error);
  return NULL;
}

GstSodNetwork *
gst_sod_network_new_from_bytes (
    GBytes *bytes, const gchar *path, GError **error)
{
  GError *found = NULL;
  g_autoptr (GstSodSafetensors) file =
      gst_sod_safetensors_open_bytes (bytes, path, &found);

  if (file != NULL)
    return read_network (file, error);
  fail (found, error);
  return NULL;
}

/**
 * gst_sod_network_save:
 * @self: a network
 * @path: (type filename): where to; a file that is there is replaced
 * @error: return location for an error
 *
 * Writes a network to a model file: to a temporary file in the same folder,
 * which is synced and then renamed, so that whoever reads @path at any moment,
 * a power cut included, finds the file before or the file after. The same
 * network gives the same bytes. Thread-safe.
 *
 * Errors, each beginning with @path: %GST_SOD_ERROR_NOT_FOUND where the folder
 * is missing, %GST_SOD_ERROR_IO where it cannot be written to or is full;
 * what was at @path stays as it was.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_network_save (GstSodNetwork *self, const gchar *path, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return gst_sod_safetensors_write (path, gst_sod_network_get_weights (self),
      gst_sod_network_get_metadata_table (self), error);
}
