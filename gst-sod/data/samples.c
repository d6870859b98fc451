/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
 * Returns: how many there are to train from, labelled or not
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
 * gst_sod_samples_get_n_labelled:
 * @self: samples
 *
 * Returns: how many of them have a label; asks for each
 *
 * Since: 0.1
 */
guint
gst_sod_samples_get_n_labelled (GstSodSamples *self)
{
  guint n, n_labelled = 0;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), 0);

  n = gst_sod_samples_get_n_samples (self);
  for (guint i = 0; i < n; i++)
    n_labelled += gst_sod_samples_is_labelled (self, i) ? 1 : 0;
  return n_labelled;
}

/**
 * gst_sod_samples_is_labelled:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: whether the frame has a label, be it an empty one
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_is_labelled (GstSodSamples *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);

  return GST_SOD_SAMPLES_GET_IFACE (self)->is_labelled (self, sample);
}

/**
 * gst_sod_samples_get_name:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1, or a neighbour
 *
 * Returns: what to call the frame in messages: a file, a record
 *
 * Since: 0.1
 */
const gchar *
gst_sod_samples_get_name (GstSodSamples *self, guint sample)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), NULL);

  return GST_SOD_SAMPLES_GET_IFACE (self)->get_name (self, sample);
}

/**
 * gst_sod_samples_get_sequence:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 *
 * Returns: a number that the frames of one sequence have in common;
 *   %GST_SOD_SAMPLES_NO_SEQUENCE for a still
 *
 * Since: 0.1
 */
guint
gst_sod_samples_get_sequence (GstSodSamples *self, guint sample)
{
  GstSodSamplesInterface *iface;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), GST_SOD_SAMPLES_NO_SEQUENCE);

  iface = GST_SOD_SAMPLES_GET_IFACE (self);
  return iface->get_sequence != NULL ? iface->get_sequence (self, sample)
                                     : GST_SOD_SAMPLES_NO_SEQUENCE;
}

/**
 * gst_sod_samples_read:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1, or a neighbour
 * @image: (out) (optional) (nullable): the picture, 8-bit RGB
 * @mask: (out) (optional) (nullable): the mask, 8-bit gray, 0 to 255, of the
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

  if (image != NULL)
    *image = NULL;
  if (mask != NULL)
    *mask = NULL;
  return GST_SOD_SAMPLES_GET_IFACE (self)->read (
      self, sample, image, mask, error);
}

/**
 * gst_sod_samples_read_weights:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @weights: (out) (nullable): how much each pixel of the mask counts, 8-bit
 *   gray of the mask's size, 255 = in full; %NULL where all do
 * @error: return location for an error
 *
 * Asks how far a mask is to be trusted: those that networks made have weights.
 *
 * Errors: as gst_sod_samples_read().
 *
 * Returns: whether they could be read; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_read_weights (
    GstSodSamples *self, guint sample, GstSodImage **weights, GError **error)
{
  GstSodSamplesInterface *iface;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);
  g_return_val_if_fail (weights != NULL, FALSE);

  *weights = NULL;
  iface = GST_SOD_SAMPLES_GET_IFACE (self);
  return iface->read_weights == NULL
         || iface->read_weights (self, sample, weights, error);
}

/**
 * gst_sod_samples_find_neighbour:
 * @self: samples
 * @sample: 0 to gst_sod_samples_get_n_samples() - 1
 * @distance: milliseconds; before the frame, or after it where negative
 * @neighbour: (out) (optional): the frame; may lie beyond
 *   gst_sod_samples_get_n_samples() where it is not one to train from;
 *   gst_sod_samples_read() and gst_sod_samples_get_name() take it
 *
 * Finds the frame of the same sequence that lies nearest to @distance before
 * another, on that side of it: what a two-frame network sees beside it.
 *
 * Returns: whether there is one; %FALSE for stills and at the ends of
 *   sequences
 *
 * Since: 0.1
 */
gboolean
gst_sod_samples_find_neighbour (
    GstSodSamples *self, guint sample, gint distance, guint *neighbour)
{
  GstSodSamplesInterface *iface;
  guint found = 0;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (self), FALSE);

  iface = GST_SOD_SAMPLES_GET_IFACE (self);
  if (iface->find_neighbour == NULL
      || !iface->find_neighbour (self, sample, distance, &found))
    return FALSE;
  if (neighbour != NULL)
    *neighbour = found;
  return TRUE;
}

/**
 * gst_sod_samples_get_hash:
 * @self: samples
 *
 * Tells samples apart in what a training writes down: which frames, in which
 * order, and which of them are labelled.
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
