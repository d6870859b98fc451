/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/samples.h>

#include <gst-sod/data/samples-private.h>

G_DEFINE_INTERFACE (GstSodSamples, gst_sod_samples, G_TYPE_OBJECT)

static void
gst_sod_samples_default_init (GstSodSamplesInterface *iface)
{
}

/**
 * gst_sod_samples_get_n_samples:
 * @self: samples
 *
 * Returns: how many frames there are, labelled or not
 *
 * Since: 0.1
 */
guint
gst_sod_samples_get_n_samples (GstSodSamples *self)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), 0);

  return GST_SOD_SAMPLES_GET_IFACE (self)->get_n_samples (self);
}

/**
 * gst_sod_samples_is_labelled:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: whether the frame has a mask, be it an empty one
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_is_labelled (GstSodSamples *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);
  g_return_val_if_fail (sample < gst_sod_samples_get_n_samples (self), FALSE);

  return GST_SOD_SAMPLES_GET_IFACE (self)->is_labelled (self, sample);
}

/**
 * gst_sod_samples_get_name:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: (type filename): what the frame is called, the same whenever the
 *   same samples are opened: the name of a file, or a record of a store
 *
 * Since: 0.1
 */
const gchar *
gst_sod_samples_get_name (GstSodSamples *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), NULL);
  g_return_val_if_fail (sample < gst_sod_samples_get_n_samples (self), NULL);

  return GST_SOD_SAMPLES_GET_IFACE (self)->get_name (self, sample);
}

/**
 * gst_sod_samples_read:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @image: (out) (optional) (nullable): the picture, 8-bit RGB
 * @mask: (out) (optional) (nullable): the mask, 8-bit gray, 0 or 255, of the
 *   picture's size; %NULL for an unlabelled frame
 * @error: return location for an error
 *
 * Decodes a frame's picture and mask, or one of them.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT
 * for a damaged file or record, %GST_SOD_ERROR_MISMATCH for sizes that differ,
 * %GST_SOD_ERROR_NO_MEMORY. Thread-safe.
 *
 * Returns: whether they could be read; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_read (GstSodSamples *self, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);
  g_return_val_if_fail (sample < gst_sod_samples_get_n_samples (self), FALSE);

  if (image != NULL)
    *image = NULL;
  if (mask != NULL)
    *mask = NULL;
  return GST_SOD_SAMPLES_GET_IFACE (self)->read (
      self, sample, image, mask, error);
}

/**
 * gst_sod_samples_find_neighbour:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @distance: milliseconds; before the frame, or after it where negative
 * @neighbour: (out): the sample of that frame
 *
 * Finds the frame of the same sequence that lies nearest to @distance before
 * another: what a two-frame network sees beside it.
 *
 * Returns: whether there is one; of stills there is none
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_find_neighbour (
    GstSodSamples *self, guint sample, gint distance, guint *neighbour)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);
  g_return_val_if_fail (sample < gst_sod_samples_get_n_samples (self), FALSE);
  g_return_val_if_fail (neighbour != NULL, FALSE);

  return GST_SOD_SAMPLES_GET_IFACE (self)->find_neighbour (
      self, sample, distance, neighbour);
}

/**
 * gst_sod_samples_get_hash:
 * @self: samples
 *
 * Tells samples apart in results and checkpoints.
 *
 * Returns: (transfer full): 64 hexadecimal digits
 *
 * Since: 0.1
 */
gchar *
gst_sod_samples_get_hash (GstSodSamples *self)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), NULL);

  return GST_SOD_SAMPLES_GET_IFACE (self)->get_hash (self);
}
