/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batches-private.h>

#include <gio/gio.h>
#include <string.h>

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
  PROP_SECOND_INPUT,
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

G_DEFINE_FINAL_TYPE (GstSodBatches, gst_sod_batches, G_TYPE_OBJECT)

void
gst_sod_batches_stop (GstSodBatches *self)
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

  gst_sod_batches_stop (self);
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
  gst_sod_batches_stop (self);
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
    case PROP_SECOND_INPUT:
      settings->rule.second_input = g_value_get_enum (value);
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
    case PROP_SECOND_INPUT:
      g_value_set_enum (value, settings->rule.second_input);
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
   * GstSodBatches:second-input:
   *
   * What there is of the frame before where there are two frames.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_SECOND_INPUT,
      g_param_spec_enum ("second-input", "Second input",
          "What there is of the frame before", GST_SOD_TYPE_SECOND_INPUT,
          GST_SOD_SECOND_INPUT_FRAME, flags));
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
  g_signal_new ("warning", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

void
gst_sod_batches_set_normalisation (
    GstSodBatches *self, const gfloat mean[3], const gfloat std[3])
{
  gst_sod_batches_stop (self);
  memcpy (self->settings.rule.mean, mean, 3 * sizeof (gfloat));
  memcpy (self->settings.rule.std, std, 3 * sizeof (gfloat));
}

void
gst_sod_batches_set_team (GstSodBatches *self, guint team)
{
  gst_sod_batches_stop (self);
  self->settings.team = team;
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
