/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A base network of two frames out of one of one frame. */
#include <string.h>

#include <gst-sod/nn/model-metadata-private.h>

/* Whether @name is that of kernels that read the input: (channels, 3, k, k). */
static gboolean
reads_input (const gchar *name)
{
  return g_str_has_prefix (name, "stem.")
         && g_str_has_suffix (name, ".conv.weight");
}

/* (c, 3, k, k) -> (c, 6, k, k), 0 for the frame before; (transfer full). */
static GstSodTensor *
widen (const GstSodTensor *kernels, GError **error)
{
  GstSodShape shape = *gst_sod_tensor_get_shape (kernels);
  gsize n = (gsize) (shape.dims[1] * shape.dims[2] * shape.dims[3]);
  const gfloat *from = gst_sod_tensor_peek_data (kernels);
  GstSodTensor *wide;
  gfloat *to;

  shape.dims[1] *= 2;
  wide = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
  if (wide == NULL)
    return NULL;
  to = gst_sod_tensor_get_data (wide);
  memset (to, 0, gst_sod_tensor_get_size (wide));
  for (gint64 i = 0; i < shape.dims[0]; i++)
    memcpy (to + 2 * (gsize) i * n, from + (gsize) i * n, n * sizeof (gfloat));
  return wide;
}

/* (transfer full) */
static GHashTable *
widen_weights (GstSodNetwork *network, GError **error)
{
  g_autoptr (GHashTable) weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, gst_sod_network_get_weights (network));
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    GstSodTensor *tensor =
        reads_input (name) ? widen (value, error) : gst_sod_tensor_ref (value);

    if (tensor == NULL)
      return NULL;
    g_hash_table_insert (weights, g_strdup (name), tensor);
  }
  return g_steal_pointer (&weights);
}

/* What still holds: weights and scores are others. (transfer full) */
static GHashTable *
keep_metadata (GstSodNetwork *network, GstSodSecondInput second_input,
    gint64 frame_distance)
{
  static const gchar *const kept[] = { "threshold", "name", "lineage" };
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    g_hash_table_insert (metadata, g_strdup (kept[i]),
        g_strdup (gst_sod_network_get_metadata (network, kept[i])));
  g_hash_table_insert (metadata, g_strdup ("input-rule"),
      gst_sod_model_metadata_set_second_input (
          gst_sod_network_get_metadata (network, "input-rule"), second_input,
          frame_distance));
  return metadata;
}

/* (transfer full) */
static GstSodArchitecture *
widen_architecture (const GstSodArchitecture *of)
{
  GstSodArchitecture *self = g_memdup2 (of, sizeof (*of));

  g_atomic_ref_count_init (&self->ref_count);
  self->preset = g_strdup (of->preset);
  self->input_frames = 2;
  return self;
}

static gboolean
check_one_frame (GstSodNetwork *network, GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  gboolean is_base =
      gst_sod_architecture_get_kind (architecture) == GST_SOD_NETWORK_BASE;
  guint frames = gst_sod_architecture_get_input_frames (architecture);

  if (is_base && frames == 1)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "a network of two frames is made of a base network of one, \"%s\" is a "
      "%s one of %u: give another",
      gst_sod_network_get_id (network), is_base ? "base" : "reverse", frames);
  return FALSE;
}

GstSodNetwork *
gst_sod_network_new_with_second_input (GstSodNetwork *network,
    GstSodSecondInput second_input, gint64 frame_distance, GError **error)
{
  return gst_sod_network_new_with_metadata (
      network, keep_metadata (network, second_input, frame_distance), error);
}

/**
 * gst_sod_network_new_two_frames:
 * @network: a base network that sees one frame
 * @second_input: what it is given beside the frame
 * @frame_distance: ns from the frame before to the frame, 1 ms to 10 s
 * @error: return location for an error
 *
 * Makes a network that also sees the frame before and is to learn what that
 * tells: the kernels of its first layer are those of @network for the frame,
 * (channels, 3, k, k), and zeros for the second input, (channels, 6, k, k). Its
 * maps are those of @network as long as it has not learnt. Name, threshold and
 * what else the input rule says are @network's; scores it has none.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH for a reverse network and one that sees two
 * frames already, %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the network, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_network_new_two_frames (GstSodNetwork *network,
    GstSodSecondInput second_input, gint64 frame_distance, GError **error)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  GHashTable *weights;

  g_return_val_if_fail (GST_SOD_IS_NETWORK (network), NULL);
  g_return_val_if_fail (
      frame_distance >= 1000000
          && frame_distance <= G_GINT64_CONSTANT (10000000000),
      NULL);

  if (!check_one_frame (network, error))
    return NULL;
  weights = widen_weights (network, error);
  if (weights == NULL)
    return NULL;
  architecture =
      widen_architecture (gst_sod_network_get_architecture (network));
  return gst_sod_network_new_from_weights (architecture, weights,
      keep_metadata (network, second_input, frame_distance), error);
}
