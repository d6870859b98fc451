/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/network-private.h>

#include <gst-sod/nn/model-metadata-private.h>
#include <gst-sod/nn/weights-private.h>

#define VERSION_LENGTH 12 /* hexadecimal digits: 48 bits */

struct _GstSodNetwork
{
  GObject parent;
  GstSodArchitecture *architecture;
  GstSodGraph *graph;
  GHashTable *weights;  /* name -> GstSodTensor */
  GHashTable *metadata; /* string -> string */
  GstSodModelInfo info;
  gchar *version;
  guint64 flops;
  guint64 n_weights;
};

G_DEFINE_TYPE (GstSodNetwork, gst_sod_network, G_TYPE_OBJECT)

static void
gst_sod_network_finalize (GObject *object)
{
  GstSodNetwork *self = GST_SOD_NETWORK (object);

  g_clear_pointer (&self->architecture, gst_sod_architecture_unref);
  g_clear_pointer (&self->graph, gst_sod_graph_unref);
  g_clear_pointer (&self->weights, g_hash_table_unref);
  g_clear_pointer (&self->metadata, g_hash_table_unref);
  g_free (self->version);
  G_OBJECT_CLASS (gst_sod_network_parent_class)->finalize (object);
}

static void
gst_sod_network_class_init (GstSodNetworkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_network_finalize;
}

static void
gst_sod_network_init (GstSodNetwork *self)
{
}

static const GstSodShape *
describe_tensor (gconstpointer value, GstSodDType *dtype)
{
  *dtype = gst_sod_tensor_get_dtype (value);
  return gst_sod_tensor_get_shape (value);
}

static gboolean
check_weights (GstSodNetwork *self, GError **error)
{
  g_autoptr (GPtrArray) specs =
      gst_sod_weights_list (self->architecture, error);

  if (specs == NULL
      || !gst_sod_weights_match (specs, self->weights, describe_tensor, error)
      || !gst_sod_weights_check_values (specs, self->weights, error))
    return FALSE;
  for (guint i = 0; i < specs->len; i++) {
    const GstSodWeightSpec *spec = g_ptr_array_index (specs, i);

    if (spec->trainable)
      self->n_weights += gst_sod_tensor_get_n_elements (
          g_hash_table_lookup (self->weights, spec->name));
  }
  return TRUE;
}

static gboolean
count_flops (GstSodNetwork *self, GError **error)
{
  GstSodShape input = gst_sod_shape_nchw (1,
      gst_sod_architecture_get_input_channels (self->architecture),
      self->architecture->input_height, self->architecture->input_width);
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (self->graph, &input, error);

  if (shapes == NULL)
    return FALSE;
  self->flops = gst_sod_graph_flops (self->graph, shapes);
  return TRUE;
}

/* @hash: of its weights. */
static gboolean
describe (GstSodNetwork *self, const gchar *hash, GError **error)
{
  self->version = g_strndup (hash, VERSION_LENGTH);
  gst_sod_model_metadata_complete (self->metadata, self->architecture, hash);
  return gst_sod_model_metadata_read (
      self->metadata, self->architecture, &self->info, error);
}

GstSodNetwork *
gst_sod_network_new_from_weights (GstSodArchitecture *architecture,
    GHashTable *weights, GHashTable *metadata, GError **error)
{
  g_autoptr (GstSodNetwork) self = g_object_new (GST_SOD_TYPE_NETWORK, NULL);
  g_autofree gchar *hash = NULL;

  self->architecture = gst_sod_architecture_ref (architecture);
  self->graph = gst_sod_architecture_build (architecture);
  self->weights = weights;
  self->metadata = metadata != NULL ? metadata
                                    : g_hash_table_new_full (g_str_hash,
                                        g_str_equal, g_free, g_free);
  if (!check_weights (self, error) || !count_flops (self, error))
    return NULL;
  hash = gst_sod_weights_hash (self->weights);
  return describe (self, hash, error) ? g_steal_pointer (&self) : NULL;
}

GstSodNetwork *
gst_sod_network_new_with_metadata (
    GstSodNetwork *network, GHashTable *metadata, GError **error)
{
  g_autoptr (GstSodNetwork) self = g_object_new (GST_SOD_TYPE_NETWORK, NULL);
  const gchar *hash =
      gst_sod_network_get_metadata (network, GST_SOD_MODEL_KEY_HASH);

  self->architecture = gst_sod_architecture_ref (network->architecture);
  self->graph = gst_sod_graph_ref (network->graph);
  self->weights = g_hash_table_ref (network->weights);
  self->metadata = metadata;
  self->n_weights = network->n_weights;
  self->flops = network->flops;
  return describe (self, hash, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * gst_sod_network_new_random:
 * @architecture: an architecture
 * @seed: the same seed gives the same weights on every machine
 * @error: return location for an error
 *
 * Makes an untrained network: convolution weights from the normal
 * distribution with variance 2 / (inputs of an output) and biases 0 (He et
 * al., "Delving Deep into Rectifiers", 2015, section 2.2), batch norm as the
 * identity. Its id is the preset's name with "-random".
 *
 * Errors: %GST_SOD_ERROR_NO_MEMORY, and %GST_SOD_ERROR_MISMATCH where the
 * architecture's input is too small for its layers.
 *
 * Returns: (transfer full): the network, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_network_new_random (
    GstSodArchitecture *architecture, guint64 seed, GError **error)
{
  g_autoptr (GPtrArray) specs = NULL;
  GHashTable *weights, *metadata;

  g_return_val_if_fail (architecture != NULL, NULL);

  specs = gst_sod_weights_list (architecture, error);
  if (specs == NULL)
    return NULL;
  weights = gst_sod_weights_new_random (specs, seed, error);
  if (weights == NULL)
    return NULL;
  metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (metadata, g_strdup ("name"),
      g_strconcat (architecture->preset, "-random", NULL));
  return gst_sod_network_new_from_weights (
      architecture, weights, metadata, error);
}

/**
 * gst_sod_network_get_architecture:
 * @self: a network
 *
 * Returns: (transfer none): what decides its shape
 *
 * Since: 0.1
 */
GstSodArchitecture *
gst_sod_network_get_architecture (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);

  return self->architecture;
}

/**
 * gst_sod_network_get_id:
 * @self: a network
 *
 * Returns: (transfer none): the model's name, metadata "name" of its file
 *
 * Since: 0.1
 */
const gchar *
gst_sod_network_get_id (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);

  return self->info.id;
}

/**
 * gst_sod_network_get_version:
 * @self: a network
 *
 * Tells weights apart: equal weights have equal versions, whatever else their
 * files say.
 *
 * Returns: (transfer none): the first 12 hexadecimal digits of the SHA-256 of
 *   the weights' bytes, tensors in the order of their names
 *
 * Since: 0.1
 */
const gchar *
gst_sod_network_get_version (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);

  return self->version;
}

/**
 * gst_sod_network_get_threshold:
 * @self: a network
 *
 * Returns: the value in 0..1 from which on a pixel of its maps counts as
 *   salient; 0.5 where nobody chose
 *
 * Since: 0.1
 */
gdouble
gst_sod_network_get_threshold (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), 0.0);

  return self->info.threshold;
}

/**
 * gst_sod_network_get_frame_distance:
 * @self: a network
 *
 * Returns: nanoseconds between the two frames that a two-frame network was
 *   trained on; without meaning for others
 *
 * Since: 0.1
 */
gint64
gst_sod_network_get_frame_distance (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), 0);

  return self->info.input_rule.frame_distance;
}

/**
 * gst_sod_network_get_second_input:
 * @self: a network
 *
 * Returns: what a two-frame network is given beside the frame; without meaning
 *   for others
 *
 * Since: 0.1
 */
GstSodSecondInput
gst_sod_network_get_second_input (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), GST_SOD_SECOND_INPUT_FRAME);

  return self->info.input_rule.second_input;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const gchar *const *) a, *(const gchar *const *) b);
}

/**
 * gst_sod_network_list_tensors:
 * @self: a network
 *
 * Returns: (transfer full) (array zero-terminated=1): the names of its weights
 *   and running statistics, sorted
 *
 * Since: 0.1
 */
gchar **
gst_sod_network_list_tensors (GstSodNetwork *self)
{
  GPtrArray *names;
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);

  names = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->weights);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

/**
 * gst_sod_network_get_tensor:
 * @self: a network
 * @name: a name out of gst_sod_network_list_tensors()
 *
 * Returns: (transfer none) (nullable): the tensor, f32; %NULL where there is
 *   none of that name
 *
 * Since: 0.1
 */
GstSodTensor *
gst_sod_network_get_tensor (GstSodNetwork *self, const gchar *name)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_hash_table_lookup (self->weights, name);
}

/**
 * gst_sod_network_get_metadata:
 * @self: a network
 * @key: a key of the model file, as "scores" or "lineage"
 *
 * Returns: (transfer none) (nullable): what the model file says, nested values
 *   as JSON; %NULL where it says nothing
 *
 * Since: 0.1
 */
const gchar *
gst_sod_network_get_metadata (GstSodNetwork *self, const gchar *key)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);

  return g_hash_table_lookup (self->metadata, key);
}

/**
 * gst_sod_network_get_flops:
 * @self: a network
 *
 * Returns: floating-point operations of one forward pass for one input of the
 *   architecture's size, before any folding; a multiply-add is two
 *
 * Since: 0.1
 */
guint64
gst_sod_network_get_flops (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), 0);

  return self->flops;
}

/**
 * gst_sod_network_get_n_weights:
 * @self: a network
 *
 * Returns: how many numbers training decides; running statistics do not count
 *
 * Since: 0.1
 */
guint64
gst_sod_network_get_n_weights (GstSodNetwork *self)
{
  g_return_val_if_fail (GST_SOD_IS_NETWORK (self), 0);

  return self->n_weights;
}

const GstSodGraph *
gst_sod_network_get_graph (GstSodNetwork *self)
{
  return self->graph;
}

GHashTable *
gst_sod_network_get_weights (GstSodNetwork *self)
{
  return self->weights;
}

GHashTable *
gst_sod_network_get_metadata_table (GstSodNetwork *self)
{
  return self->metadata;
}

const GstSodInputRule *
gst_sod_network_get_input_rule (GstSodNetwork *self)
{
  return &self->info.input_rule;
}
