/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batches-private.h>

#include <gio/gio.h>
#include <string.h>

#include <gst-sod/data/batch-queue-private.h>
#include <gst-sod/enumtypes.h>

/* Decoded pictures of a few thousand frames. */
#define CACHE_SIZE ((guint64) 512 << 20)

#define MAX_SIDE 16384

enum
{
  PROP_0,
  PROP_SAMPLES,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMES,
  PROP_BATCH_SIZE,
  PROP_SEED,
  PROP_THREADS,
  PROP_PREFETCH,
  PROP_CACHE_SIZE,
  PROP_AUGMENTATION,
  PROP_LABELLED_ONLY,
  PROP_TARGET,
  PROP_CANCELLABLE,
  PROP_N_UNREADABLE
};

enum
{
  WARNING,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

struct _GstSodBatches
{
  GObject parent;

  GstSodBatchReader *reader;
  GstSodBatchSettings settings; /* reader and augmentation are set late */
  GstSodAugmentation *augmentation;
  guint64 seed, cache_size;
  gboolean labelled_only;
  GCancellable *cancellable;

  guint64 position;        /* batch that next() gives */
  GstSodBatchQueue *queue; /* NULL: not started */
};

G_DEFINE_FINAL_TYPE (GstSodBatches, gst_sod_batches, G_TYPE_OBJECT)

/* What was made ahead is thrown away. */
static void
stop (GstSodBatches *self)
{
  g_clear_pointer (&self->queue, gst_sod_batch_queue_free);
}

static void
gst_sod_batches_init (GstSodBatches *self)
{
  static const gfloat mean[] = { 0.485f, 0.456f, 0.406f };
  static const gfloat std[] = { 0.229f, 0.224f, 0.225f };

  self->augmentation = gst_sod_augmentation_new ("effective", NULL);
  memcpy (self->settings.rule.mean, mean, sizeof (mean));
  memcpy (self->settings.rule.std, std, sizeof (std));
}

static void
gst_sod_batches_finalize (GObject *object)
{
  GstSodBatches *self = GST_SOD_BATCHES (object);

  stop (self);
  g_clear_pointer (&self->reader, gst_sod_batch_reader_free);
  g_clear_pointer (&self->augmentation, gst_sod_augmentation_free);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (gst_sod_batches_parent_class)->finalize (object);
}

static void
set_augmentation (GstSodBatches *self, const GValue *value)
{
  GstSodAugmentation *augmentation = g_value_dup_boxed (value);

  if (augmentation == NULL)
    augmentation = gst_sod_augmentation_new ("none", NULL);
  g_clear_pointer (&self->augmentation, gst_sod_augmentation_free);
  self->augmentation = augmentation;
}

/* Those that change no batch; FALSE for others. */
static gboolean
set_aside (GstSodBatches *self, guint id, const GValue *value)
{
  switch (id) {
    case PROP_SAMPLES:
      self->reader = gst_sod_batch_reader_new (g_value_get_object (value));
      gst_sod_batch_reader_set_limit (
          self->reader, (gsize) MIN (self->cache_size, G_MAXSIZE));
      return TRUE;
    case PROP_CACHE_SIZE:
      self->cache_size = g_value_get_uint64 (value);
      if (self->reader != NULL)
        gst_sod_batch_reader_set_limit (
            self->reader, (gsize) MIN (self->cache_size, G_MAXSIZE));
      return TRUE;
    case PROP_CANCELLABLE:
      g_set_object (&self->cancellable, g_value_get_object (value));
      return TRUE;
    default:
      return FALSE;
  }
}

static void
gst_sod_batches_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstSodBatches *self = GST_SOD_BATCHES (object);
  GstSodBatchSettings *settings = &self->settings;

  if (set_aside (self, id, value))
    return;
  stop (self);
  switch (id) {
    case PROP_WIDTH:
      settings->rule.width = g_value_get_int (value);
      break;
    case PROP_HEIGHT:
      settings->rule.height = g_value_get_int (value);
      break;
    case PROP_FRAMES:
      settings->rule.frames = g_value_get_uint (value);
      break;
    case PROP_BATCH_SIZE:
      settings->batch_size = g_value_get_uint (value);
      break;
    case PROP_SEED:
      self->seed = g_value_get_uint64 (value);
      break;
    case PROP_THREADS:
      settings->threads = g_value_get_uint (value);
      break;
    case PROP_PREFETCH:
      settings->depth = g_value_get_uint (value);
      break;
    case PROP_AUGMENTATION:
      set_augmentation (self, value);
      break;
    case PROP_LABELLED_ONLY:
      self->labelled_only = g_value_get_boolean (value);
      break;
    case PROP_TARGET:
      settings->target = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
gst_sod_batches_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstSodBatches *self = GST_SOD_BATCHES (object);
  const GstSodBatchSettings *settings = &self->settings;

  switch (id) {
    case PROP_SAMPLES:
      g_value_set_object (
          value, gst_sod_batch_reader_get_samples (self->reader));
      break;
    case PROP_WIDTH:
      g_value_set_int (value, settings->rule.width);
      break;
    case PROP_HEIGHT:
      g_value_set_int (value, settings->rule.height);
      break;
    case PROP_FRAMES:
      g_value_set_uint (value, settings->rule.frames);
      break;
    case PROP_BATCH_SIZE:
      g_value_set_uint (value, settings->batch_size);
      break;
    case PROP_SEED:
      g_value_set_uint64 (value, self->seed);
      break;
    case PROP_THREADS:
      g_value_set_uint (value, settings->threads);
      break;
    case PROP_PREFETCH:
      g_value_set_uint (value, settings->depth);
      break;
    case PROP_CACHE_SIZE:
      g_value_set_uint64 (value, self->cache_size);
      break;
    case PROP_AUGMENTATION:
      g_value_set_boxed (value, self->augmentation);
      break;
    case PROP_LABELLED_ONLY:
      g_value_set_boolean (value, self->labelled_only);
      break;
    case PROP_TARGET:
      g_value_set_enum (value, settings->target);
      break;
    case PROP_CANCELLABLE:
      g_value_set_object (value, self->cancellable);
      break;
    case PROP_N_UNREADABLE:
      g_value_set_uint (
          value, gst_sod_batch_reader_get_n_unreadable (self->reader));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

/* Where batches come from, and their shape. */
static void
install_shape (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GParamFlags once = flags | G_PARAM_CONSTRUCT_ONLY;

  flags |= G_PARAM_CONSTRUCT;
  /**
   * GstSodBatches:samples:
   *
   * What batches are made of.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_SAMPLES,
      g_param_spec_object ("samples", "Samples", "What batches are made of",
          GST_SOD_TYPE_SAMPLES, once));
  /**
   * GstSodBatches:width:
   *
   * Columns of the input, even.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_WIDTH,
      g_param_spec_int (
          "width", "Width", "Columns of the input", 2, MAX_SIDE, 320, flags));
  /**
   * GstSodBatches:height:
   *
   * Rows of the input, even.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_HEIGHT,
      g_param_spec_int (
          "height", "Height", "Rows of the input", 2, MAX_SIDE, 192, flags));
  /**
   * GstSodBatches:frames:
   *
   * Frames of the input: 2 for the frame and the one before it.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_FRAMES,
      g_param_spec_uint (
          "frames", "Frames", "Frames of the input", 1, 2, 1, flags));
  /**
   * GstSodBatches:batch-size:
   *
   * Samples of a batch. Positions count in batches: seek after changing it.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BATCH_SIZE,
      g_param_spec_uint ("batch-size", "Batch size", "Samples of a batch", 1,
          65536, 16, flags));
  /**
   * GstSodBatches:target:
   *
   * What batches are for.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_TARGET,
      g_param_spec_enum ("target", "Target", "What batches are for",
          GST_SOD_TYPE_BATCH_TARGET, GST_SOD_BATCH_TARGET_MAP, flags));
}

/* What is drawn. */
static void
install_choice (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstSodBatches:augmentation:
   *
   * How samples are varied; "effective" if nothing else is set, %NULL for
   * "none".
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_AUGMENTATION,
      g_param_spec_boxed ("augmentation", "Augmentation",
          "How samples are varied", GST_SOD_TYPE_AUGMENTATION, flags));
  flags |= G_PARAM_CONSTRUCT;
  /**
   * GstSodBatches:seed:
   *
   * Of order, augmentation and noise.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_SEED,
      g_param_spec_uint64 ("seed", "Seed", "Of order, augmentation and noise",
          0, G_MAXUINT64, 0, flags));
  /**
   * GstSodBatches:labelled-only:
   *
   * Whether unlabelled samples stay away. Where they do not, their maps are 0
   * and so are their weights.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_LABELLED_ONLY,
      g_param_spec_boolean ("labelled-only", "Labelled only",
          "Whether unlabelled samples stay away", TRUE, flags));
}

/* How they are made. */
static void
install_making (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstSodBatches:cancellable:
   *
   * Ends a wait in gst_sod_batches_next().
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_CANCELLABLE,
      g_param_spec_object ("cancellable", "Cancellable",
          "Ends a wait for a batch", G_TYPE_CANCELLABLE, flags));
  /**
   * GstSodBatches:n-unreadable:
   *
   * Samples that were found unreadable so far.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_N_UNREADABLE,
      g_param_spec_uint ("n-unreadable", "Unreadable samples",
          "Samples that were found unreadable so far", 0, G_MAXUINT, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  flags |= G_PARAM_CONSTRUCT;
  /**
   * GstSodBatches:threads:
   *
   * Threads that read and augment ahead; 0: gst_sod_batches_next() does it.
   * Changes no batch.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that read and augment ahead", 0, 256, 1, flags));
  /**
   * GstSodBatches:prefetch:
   *
   * Batches that are made ahead, at most.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PREFETCH,
      g_param_spec_uint ("prefetch", "Prefetch",
          "Batches that are made ahead, at most", 1, 1024, 3, flags));
  /**
   * GstSodBatches:cache-size:
   *
   * Bytes of decoded pictures that are kept in memory, at most.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_CACHE_SIZE,
      g_param_spec_uint64 ("cache-size", "Cache size",
          "Bytes of decoded pictures that are kept", 0, G_MAXUINT64, CACHE_SIZE,
          flags));
}

static void
gst_sod_batches_class_init (GstSodBatchesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = gst_sod_batches_finalize;
  object_class->set_property = gst_sod_batches_set_property;
  object_class->get_property = gst_sod_batches_get_property;
  install_shape (object_class);
  install_choice (object_class);
  install_making (object_class);
  /**
   * GstSodBatches::warning:
   * @self: the batches
   * @message: which sample cannot be read, and why
   *
   * A sample cannot be read. Emitted by gst_sod_batches_next(), once a sample.
   *
   * Since: 0.1
   */
  signals[WARNING] = g_signal_new ("warning", G_TYPE_FROM_CLASS (klass),
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

void
gst_sod_batches_set_normalisation (
    GstSodBatches *self, const gfloat mean[3], const gfloat std[3])
{
  stop (self);
  memcpy (self->settings.rule.mean, mean, 3 * sizeof (gfloat));
  memcpy (self->settings.rule.std, std, 3 * sizeof (gfloat));
}

/**
 * gst_sod_batches_new_sized:
 * @samples: what batches are made of
 * @width: columns of the input
 * @height: rows of the input
 * @frames: frames of the input, 1 or 2
 * @error: return location for an error
 *
 * Makes batches for the input rule that networks have if nothing else is said:
 * RGB in 0..1 minus (0.485, 0.456, 0.406) over (0.229, 0.224, 0.225). See
 * gst_sod_batches_new() for those of a network. Set the properties before the
 * first batch; what is set later holds from the next one on.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a size that is odd or out of
 * range and other numbers of frames.
 *
 * Returns: (transfer full): the batches, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodBatches *
gst_sod_batches_new_sized (GstSodSamples *samples, gint width, gint height,
    guint frames, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_SAMPLES (samples), NULL);

  if (width < 2 || height < 2 || width > MAX_SIDE || height > MAX_SIDE
      || width % 2 != 0 || height % 2 != 0 || frames < 1 || frames > 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "inputs are of 1 or 2 frames with even sides of 2 to %d pixels, %u of "
        "%dx%d were asked for",
        MAX_SIDE, frames, width, height);
    return NULL;
  }
  return g_object_new (GST_SOD_TYPE_BATCHES, "samples", samples, "width", width,
      "height", height, "frames", frames, NULL);
}

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
    stop (self);
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
    g_signal_emit (self, signals[WARNING], 0, g_ptr_array_index (warnings, i));
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
    stop (self);
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
