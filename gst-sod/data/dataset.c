/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/dataset.h>

#include <string.h>

#include <gst-sod/data/dataset-private.h>
#include <gst-sod/data/folder-private.h>
#include <gst-sod/data/picture.h>
#include <gst-sod/data/samples.h>

/* That of DAVIS and of cinema. */
#define FRAME_RATE 24

enum
{
  PROP_0,
  PROP_FRAME_RATE
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodDataset, gst_sod_dataset, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES, gst_sod_dataset_init_samples))

static void
clear_sequence (gpointer data)
{
  GstSodSequence *sequence = data;

  g_ref_string_release (sequence->name);
  g_clear_pointer (&sequence->scenario, g_ref_string_release);
}

static void
gst_sod_dataset_init (GstSodDataset *self)
{
  self->frame_rate = FRAME_RATE;
  self->sequences = g_array_new (FALSE, FALSE, sizeof (GstSodSequence));
  g_array_set_clear_func (self->sequences, clear_sequence);
}

static void
gst_sod_dataset_finalize (GObject *object)
{
  GstSodDataset *self = GST_SOD_DATASET (object);

  g_free (self->root);
  g_free (self->set);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_array_unref (self->sequences);
  G_OBJECT_CLASS (gst_sod_dataset_parent_class)->finalize (object);
}

static void
gst_sod_dataset_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  if (id == PROP_FRAME_RATE)
    GST_SOD_DATASET (object)->frame_rate = g_value_get_double (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
gst_sod_dataset_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_FRAME_RATE)
    g_value_set_double (value, GST_SOD_DATASET (object)->frame_rate);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
gst_sod_dataset_class_init (GstSodDatasetClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = gst_sod_dataset_finalize;
  object_class->set_property = gst_sod_dataset_set_property;
  object_class->get_property = gst_sod_dataset_get_property;
  /**
   * GstSodDataset:frame-rate:
   *
   * Frames a second of its sequences, by the numbers that frames' names end
   * in: how far apart in time frames are. Set it before the data set is
   * shared between threads.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_FRAME_RATE,
      g_param_spec_double ("frame-rate", "Frame rate",
          "Frames a second of its sequences", 0.001, 10000, FRAME_RATE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

/* Scenarios of sequences are those of @like, if any. */
static gchar *
scenario_of (GHashTable *scenarios, const gchar *sequence)
{
  gchar *scenario =
      scenarios != NULL ? g_hash_table_lookup (scenarios, sequence) : NULL;

  return scenario != NULL ? g_ref_string_acquire (scenario) : NULL;
}

static void
find_sequences (GstSodDataset *self, GHashTable *scenarios)
{
  for (guint i = 0; i < self->items->len; i++) {
    const GstSodItem *item = gst_sod_dataset_item (self, i);
    guint n = self->sequences->len;

    self->n_labelled += gst_sod_item_is_labelled (item);
    if (n > 0
        && strcmp (gst_sod_dataset_sequence (self, n - 1)->name, item->sequence)
               == 0) {
      gst_sod_dataset_sequence (self, n - 1)->n_items++;
    } else {
      GstSodSequence sequence = { g_ref_string_acquire (item->sequence), i, 1,
        scenario_of (scenarios, item->sequence) };

      g_array_append_val (self->sequences, sequence);
    }
  }
}

GstSodDataset *
gst_sod_dataset_new_take (GstSodDatasetLayout layout, const gchar *root,
    const gchar *set, GPtrArray *items, GHashTable *scenarios)
{
  GstSodDataset *self = g_object_new (GST_SOD_TYPE_DATASET, NULL);

  self->layout = layout;
  self->root = g_strdup (root);
  self->set = g_strdup (set);
  self->items = items;
  find_sequences (self, scenarios);
  return self;
}

GHashTable *
gst_sod_dataset_collect_scenarios (GstSodDataset *self)
{
  GHashTable *scenarios = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->sequences->len; i++) {
    GstSodSequence *sequence = gst_sod_dataset_sequence (self, i);

    if (sequence->scenario != NULL)
      g_hash_table_insert (scenarios, sequence->name, sequence->scenario);
  }
  return scenarios;
}

/* ---- what is in it ---- */

/**
 * gst_sod_dataset_get_layout:
 * @self: a data set
 *
 * Returns: how its files lie
 *
 * Since: 0.1
 */
GstSodDatasetLayout
gst_sod_dataset_get_layout (GstSodDataset *self)
{
  g_return_val_if_fail (
      GST_SOD_IS_DATASET (self), GST_SOD_DATASET_LAYOUT_PAIRS);

  return self->layout;
}

/**
 * gst_sod_dataset_get_root:
 * @self: a data set
 *
 * Returns: (type filename): the folder that it was opened with
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_root (GstSodDataset *self)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);

  return self->root;
}

/**
 * gst_sod_dataset_get_set:
 * @self: a data set
 *
 * Returns: (type filename) (nullable): the set that it was opened with, %NULL
 *   where it was everything
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_set (GstSodDataset *self)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);

  return self->set;
}

/**
 * gst_sod_dataset_get_n_items:
 * @self: a data set
 *
 * Returns: how many frames there are, labelled or not
 *
 * Since: 0.1
 */
guint
gst_sod_dataset_get_n_items (GstSodDataset *self)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), 0);

  return self->items->len;
}

/**
 * gst_sod_dataset_get_n_labelled:
 * @self: a data set
 *
 * Returns: how many frames have a mask, be it an empty one
 *
 * Since: 0.1
 */
guint
gst_sod_dataset_get_n_labelled (GstSodDataset *self)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), 0);

  return self->n_labelled;
}

/**
 * gst_sod_dataset_get_item_name:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 *
 * Returns: (type filename): the frame's name: its file's without extension
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_item_name (GstSodDataset *self, guint item)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (item < self->items->len, NULL);

  return gst_sod_dataset_item (self, item)->name;
}

/**
 * gst_sod_dataset_get_item_sequence:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 *
 * Returns: the index of the sequence that the frame belongs to; stills are all
 *   of one whose name is empty
 *
 * Since: 0.1
 */
guint
gst_sod_dataset_get_item_sequence (GstSodDataset *self, guint item)
{
  guint low = 0, high;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), 0);
  g_return_val_if_fail (item < self->items->len, 0);

  high = self->sequences->len;
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;

    if (gst_sod_dataset_sequence (self, middle)->first <= item)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/**
 * gst_sod_dataset_get_image_path:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 *
 * Returns: (type filename): the file of the frame's picture
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_image_path (GstSodDataset *self, guint item)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (item < self->items->len, NULL);

  return gst_sod_dataset_item (self, item)->image;
}

/**
 * gst_sod_dataset_get_mask_path:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 *
 * Returns: (type filename) (nullable): the file of the frame's mask; %NULL
 *   where it is unlabelled or its mask is drawn from a file of annotations
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_mask_path (GstSodDataset *self, guint item)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (item < self->items->len, NULL);

  return gst_sod_dataset_item (self, item)->mask;
}

/**
 * gst_sod_dataset_is_labelled:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 *
 * Returns: whether the frame has a mask, be it an empty one
 *
 * Since: 0.1
 */
gboolean
gst_sod_dataset_is_labelled (GstSodDataset *self, guint item)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), FALSE);
  g_return_val_if_fail (item < self->items->len, FALSE);

  return gst_sod_item_is_labelled (gst_sod_dataset_item (self, item));
}

/**
 * gst_sod_dataset_get_n_sequences:
 * @self: a data set
 *
 * Returns: how many sequences there are; stills are one
 *
 * Since: 0.1
 */
guint
gst_sod_dataset_get_n_sequences (GstSodDataset *self)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), 0);

  return self->sequences->len;
}

/**
 * gst_sod_dataset_get_sequence_name:
 * @self: a data set
 * @sequence: 0 to gst_sod_dataset_get_n_sequences() - 1
 *
 * Returns: (type filename): the sequence's name, empty for stills
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_sequence_name (GstSodDataset *self, guint sequence)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (sequence < self->sequences->len, NULL);

  return gst_sod_dataset_sequence (self, sequence)->name;
}

/**
 * gst_sod_dataset_get_sequence_range:
 * @self: a data set
 * @sequence: 0 to gst_sod_dataset_get_n_sequences() - 1
 * @first: (out) (optional): index of its first frame
 *
 * Returns: how many frames the sequence has; they follow one another
 *
 * Since: 0.1
 */
guint
gst_sod_dataset_get_sequence_range (
    GstSodDataset *self, guint sequence, guint *first)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), 0);
  g_return_val_if_fail (sequence < self->sequences->len, 0);

  if (first != NULL)
    *first = gst_sod_dataset_sequence (self, sequence)->first;
  return gst_sod_dataset_sequence (self, sequence)->n_items;
}

/**
 * gst_sod_dataset_get_scenario:
 * @self: a data set
 * @sequence: 0 to gst_sod_dataset_get_n_sequences() - 1
 *
 * Returns: (nullable): the scenario that gst_sod_dataset_add_scenarios() gave
 *   the sequence
 *
 * Since: 0.1
 */
const gchar *
gst_sod_dataset_get_scenario (GstSodDataset *self, guint sequence)
{
  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (sequence < self->sequences->len, NULL);

  return gst_sod_dataset_sequence (self, sequence)->scenario;
}

/**
 * gst_sod_dataset_get_hash:
 * @self: a data set
 *
 * Tells lists apart in results: the SHA-256 of every frame's sequence and name,
 * each followed by a NUL, and of `1` where it is labelled or `0` where not. The
 * root folder and the pictures do not count.
 *
 * Returns: (transfer full): 64 hexadecimal digits
 *
 * Since: 0.1
 */
gchar *
gst_sod_dataset_get_hash (GstSodDataset *self)
{
  g_autoptr (GChecksum) checksum = NULL;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);

  checksum = g_checksum_new (G_CHECKSUM_SHA256);
  for (guint i = 0; i < self->items->len; i++) {
    const GstSodItem *item = gst_sod_dataset_item (self, i);

    g_checksum_update (checksum, (const guchar *) item->sequence,
        (gssize) strlen (item->sequence) + 1);
    g_checksum_update (checksum, (const guchar *) item->name,
        (gssize) strlen (item->name) + 1);
    g_checksum_update (checksum,
        (const guchar *) (gst_sod_item_is_labelled (item) ? "1" : "0"), 1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

/* ---- reading ---- */

static gboolean
wrong_size (const GstSodItem *item, gint width, gint height,
    const GstSodRaster *mask, GError **error)
{
  g_autofree gchar *image = g_filename_display_name (item->image);
  g_autofree gchar *shown =
      g_filename_display_name (item->mask != NULL ? item->mask : item->image);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s: the mask has %dx%d pixels, its picture %s %dx%d; make them one "
      "size, or take the frame out of the set",
      shown, mask->width, mask->height, image, width, height);
  return FALSE;
}

static gboolean
read_mask (const GstSodItem *item, gint width, gint height, GstSodImage **mask,
    GError **error)
{
  GstSodRaster raster = { 0 };

  if (item->read_mask != NULL) {
    if (!item->read_mask (item, width, height, &raster, error))
      return FALSE;
  } else {
    g_autoptr (GstSodImage) read =
        gst_sod_picture_read_mask (item->mask, error);

    if (read == NULL)
      return FALSE;
    raster.width = read->width;
    raster.height = read->height;
    if (raster.width == width && raster.height == height)
      *mask = g_steal_pointer (&read);
  }
  if (raster.width != width || raster.height != height) {
    wrong_size (item, width, height, &raster, error);
    g_free (raster.pixels);
    return FALSE;
  }
  if (*mask == NULL)
    *mask = gst_sod_raster_take_image (&raster, GST_SOD_PIXELS_MASK);
  return TRUE;
}

/**
 * gst_sod_dataset_read:
 * @self: a data set
 * @item: 0 to gst_sod_dataset_get_n_items() - 1
 * @image: (out) (optional) (nullable): the picture, 8-bit RGB
 * @mask: (out) (optional) (nullable): the mask, 8-bit gray, 0 or 255; %NULL for
 *   an unlabelled frame
 * @error: return location for an error
 *
 * Decodes a frame's picture and mask, or one of them. A mask of another size
 * than its picture's is an error, also where only the mask is asked for.
 *
 * Errors: as gst_sod_picture_read_mask(), %GST_SOD_ERROR_MISMATCH for sizes
 * that differ. Thread-safe.
 *
 * Returns: whether they could be read; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_dataset_read (GstSodDataset *self, guint item, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  const GstSodItem *frame;
  g_autoptr (GstSodImage) picture = NULL;
  gint width, height;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), FALSE);
  g_return_val_if_fail (item < self->items->len, FALSE);

  frame = gst_sod_dataset_item (self, item);
  if (image != NULL)
    *image = NULL;
  if (mask != NULL)
    *mask = NULL;
  if (image != NULL) {
    picture = gst_sod_picture_read_rgb (frame->image, error);
    if (picture == NULL)
      return FALSE;
    width = picture->width;
    height = picture->height;
  }
  if (mask != NULL && gst_sod_item_is_labelled (frame)) {
    if (image == NULL
        && !gst_sod_picture_read_size (frame->image, &width, &height, error))
      return FALSE;
    if (!read_mask (frame, width, height, mask, error))
      return FALSE;
  }
  if (image != NULL)
    *image = g_steal_pointer (&picture);
  return TRUE;
}
