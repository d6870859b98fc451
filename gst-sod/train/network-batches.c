/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the room of data, which knows no networks, meets them. */
#include <gst-sod/train/network-batches.h>

#include <gst-sod/data/batches-private.h>
#include <gst-sod/nn/network-private.h>

/**
 * gst_sod_batches_new:
 * @samples: what batches are made of
 * @network: what they are for
 * @error: return location for an error
 *
 * Makes batches of a network's input size, number of frames and input rule.
 * GstSodBatches:target is %GST_SOD_BATCH_TARGET_IMAGE where it is a reverse
 * network.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a network whose sides are odd.
 *
 * Returns: (transfer full): the batches, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodBatches *
gst_sod_batches_new (
    GstSodSamples *samples, GstSodNetwork *network, GError **error)
{
  const GstSodArchitecture *architecture;
  const GstSodInputRule *rule;
  GstSodBatches *self;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (samples), NULL);
  g_return_val_if_fail (GST_SOD_IS_NETWORK (network), NULL);

  architecture = gst_sod_network_get_architecture (network);
  self = gst_sod_batches_new_sized (samples,
      gst_sod_architecture_get_input_width (architecture),
      gst_sod_architecture_get_input_height (architecture),
      gst_sod_architecture_get_input_frames (architecture), error);
  if (self == NULL)
    return NULL;
  if (gst_sod_architecture_get_kind (architecture) == GST_SOD_NETWORK_REVERSE) {
    g_object_set (self, "target", GST_SOD_BATCH_TARGET_IMAGE, NULL);
    return self;
  }
  rule = gst_sod_network_get_input_rule (network);
  gst_sod_batches_set_normalisation (self, rule->mean, rule->std);
  g_object_set (self, "second-input", rule->second_input, NULL);
  return self;
}
