/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where batches are, and the next of them. */
#include <gst-sod/data/batches-private.h>

/* ---- the position ---- */

/* Those that take part, and how many. (transfer full) */
static guint *
list_samples (GstSodBatches *self, guint *n)
{
  GstSodSamples *samples = gst_sod_batch_reader_get_samples (self->reader);
  guint n_all = gst_sod_samples_get_n_samples (samples);
  guint *list = g_new (guint, MAX (n_all, 1));

  *n = 0;
  for (guint i = 0; i < n_all; i++) {
    if (!self->labelled_only || gst_sod_samples_is_labelled (samples, i))
      list[(*n)++] = i;
  }
  return list;
}

/**
 * gst_sod_batches_seek:
 * @self: batches
 * @batch: which batch gst_sod_batches_next() is to give
 *
 * Goes to a batch, such as the one that a checkpoint was taken before. What was
 * made ahead is thrown away, unless @batch is the next anyway.
 *
 * Returns: %FALSE for a batch whose samples cannot be counted in 64 bits
 *
 * Since: 0.1
 */
gboolean
gst_sod_batches_seek (GstSodBatches *self, guint64 batch)
{
  g_return_val_if_fail (GST_SOD_IS_BATCHES (self), FALSE);

  if (batch > G_MAXINT64 / self->settings.batch_size)
    return FALSE;
  if (batch != self->position)
    gst_sod_batches_stop (self);
  self->position = batch;
  return TRUE;
}

/**
 * gst_sod_batches_get_position:
 * @self: batches
 *
 * Returns: the number of the batch that gst_sod_batches_next() gives, from 0
 *
 * Since: 0.1
 */
guint64
gst_sod_batches_get_position (GstSodBatches *self)
{
  g_return_val_if_fail (GST_SOD_IS_BATCHES (self), 0);

  return self->position;
}

/**
 * gst_sod_batches_get_n_per_epoch:
 * @self: batches
 *
 * Returns: how many batches it takes to see every sample once, rounded up; 0
 *   where none takes part
 *
 * Since: 0.1
 */
guint64
gst_sod_batches_get_n_per_epoch (GstSodBatches *self)
{
  guint n;

  g_return_val_if_fail (GST_SOD_IS_BATCHES (self), 0);

  g_free (list_samples (self, &n));
  return ((guint64) n + self->settings.batch_size - 1)
         / self->settings.batch_size;
}

/* ---- the next batch ---- */

static gboolean
check_sides (GstSodBatches *self, GError **error)
{
  const GstSodAugmentRule *rule = &self->settings.rule;

  if (rule->width % 2 == 0 && rule->height % 2 == 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "inputs have even sides, %dx%d was set; set width and height",
      rule->width, rule->height);
  return FALSE;
}

/* Frames that are moved about need not be larger than twice the input; where
 * they are not moved they are made small in one go, as in inference. */
static void
set_reader_size (GstSodBatches *self)
{
  const GstSodAugmentRule *rule = &self->settings.rule;
  gboolean moves = self->augmentation->values[GST_SOD_AUGMENT_AFFINE] > 0;

  gst_sod_batch_reader_set_size (
      self->reader, moves ? 2 * rule->width : 0, moves ? 2 * rule->height : 0);
}

static gboolean
start (GstSodBatches *self, GError **error)
{
  g_autofree guint *list = NULL;
  guint n;

  if (self->queue != NULL)
    return TRUE;
  if (!check_sides (self, error))
    return FALSE;
  list = list_samples (self, &n);
  if (n == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "none of the %u samples takes part in batches; %s",
        gst_sod_samples_get_n_samples (
            gst_sod_batch_reader_get_samples (self->reader)),
        self->labelled_only ? "label some, or set labelled-only to FALSE"
                            : "add some");
    return FALSE;
  }
  set_reader_size (self);
  self->settings.reader = self->reader;
  self->settings.augmentation = self->augmentation;
  self->queue = gst_sod_batch_queue_new (&self->settings,
      gst_sod_batch_order_new (g_steal_pointer (&list), n, self->seed),
      self->position);
  return TRUE;
}

static void
warn (GstSodBatches *self)
{
  g_autoptr (GPtrArray) warnings =
      gst_sod_batch_reader_take_warnings (self->reader);

  for (guint i = 0; warnings != NULL && i < warnings->len; i++)
    g_signal_emit_by_name (self, "warning", g_ptr_array_index (warnings, i));
}

static gboolean
get_next (GstSodBatches *self, GstSodBatch *batch, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (!start (self, error))
    return FALSE;
  if (gst_sod_batch_queue_next (self->queue, self->cancellable, batch, &reason))
    self->position++;
  else if (!g_error_matches (reason, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED))
    gst_sod_batches_stop (self);
  warn (self);
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return batch->input != NULL;
}

/* Gives away what @to asks for. */
static void
give (GstSodTensor **from, GstSodTensor **to)
{
  if (to != NULL)
    *to = g_steal_pointer (from);
}

/**
 * gst_sod_batches_next:
 * @self: batches
 * @input: (out) (transfer full): f32; (n, 3 * frames, h, w) by the input rule,
 *   the frame before in the last three channels; for
 *   %GST_SOD_BATCH_TARGET_IMAGE maps (n, 1, h, w) in 0..1
 * @target: (out) (transfer full): f32; maps (n, 1, h, w) in 0..1; for
 *   %GST_SOD_BATCH_TARGET_IMAGE images (n, 3, h / 2, w / 2) in -1..1, averaged
 *   over 2 x 2 pixels
 * @weights: (out) (optional) (nullable) (transfer full): f32 (n, 1, h, w) in
 *   0..1: how much each pixel of the maps counts, 0 for unlabelled samples;
 *   %NULL where all count in full
 * @error: return location for an error
 *
 * Takes the next batch, or waits for it. Tensors that the caller has let go of
 * are filled again.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH where no sample takes part,
 * %GST_SOD_ERROR_IO where none can be read, %GST_SOD_ERROR_INVALID_ARGUMENT
 * for odd sizes, %GST_SOD_ERROR_NO_MEMORY, %GST_SOD_ERROR_CANCELLED by
 * GstSodBatches:cancellable. The position stays, so it may be tried again.
 *
 * Returns: whether there is one; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_batches_next (GstSodBatches *self, GstSodTensor **input,
    GstSodTensor **target, GstSodTensor **weights, GError **error)
{
  GstSodBatch batch = { NULL };
  gboolean is_image;

  g_return_val_if_fail (GST_SOD_IS_BATCHES (self), FALSE);
  g_return_val_if_fail (input != NULL && target != NULL, FALSE);

  *input = *target = NULL;
  if (weights != NULL)
    *weights = NULL;
  is_image = self->settings.target == GST_SOD_BATCH_TARGET_IMAGE;
  if (!get_next (self, &batch, error))
    return FALSE;
  give (is_image ? &batch.map : &batch.input, input);
  give (is_image ? &batch.images : &batch.map, target);
  give (&batch.weights, weights);
  gst_sod_batch_clear (&batch);
  return TRUE;
}

/**
 * gst_sod_batches_next_with_images:
 * @self: batches whose target is not %GST_SOD_BATCH_TARGET_MAP
 * @input: (out) (optional) (transfer full): f32 (n, 3 * frames, h, w) by the
 *   input rule
 * @map: (out) (optional) (transfer full): f32 (n, 1, h, w) in 0..1
 * @weights: (out) (optional) (nullable) (transfer full): f32 (n, 1, h, w) in
 *   0..1, as of gst_sod_batches_next()
 * @images: (out) (optional) (transfer full): f32 (n, 3, h / 2, w / 2) in
 *   -1..1, averaged over 2 x 2 pixels: what the reverse network should make of
 *   the map
 * @error: return location for an error
 *
 * As gst_sod_batches_next(), but the same pictures in both their forms.
 *
 * Returns: whether there is one; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_batches_next_with_images (GstSodBatches *self, GstSodTensor **input,
    GstSodTensor **map, GstSodTensor **weights, GstSodTensor **images,
    GError **error)
{
  GstSodBatch batch = { NULL };

  g_return_val_if_fail (GST_SOD_IS_BATCHES (self), FALSE);
  g_return_val_if_fail (
      self->settings.target != GST_SOD_BATCH_TARGET_MAP, FALSE);

  give (&batch.input, input);
  give (&batch.map, map);
  give (&batch.weights, weights);
  give (&batch.images, images);
  if (!get_next (self, &batch, error))
    return FALSE;
  give (&batch.input, input);
  give (&batch.map, map);
  give (&batch.weights, weights);
  give (&batch.images, images);
  gst_sod_batch_clear (&batch);
  return TRUE;
}
