/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/trainer-private.h>

#include <gst-sod/enumtypes.h>
#include <gst-sod/train/optimiser-private.h>

enum
{
  PROP_0,
  PROP_LOSS,
  PROP_EDGE_WEIGHT,
  PROP_EDGE_WINDOW,
  PROP_GRADIENT_WEIGHT,
  PROP_OPTIMISER,
  PROP_LEARNING_RATE,
  PROP_MOMENTUM,
  PROP_WEIGHT_DECAY,
  PROP_WARM_UP,
  PROP_STEPS,
  PROP_DECAY_POWER,
  PROP_CLIP_NORM,
  PROP_AVERAGE_DECAY,
  PROP_PRECISION,
  PROP_ACCUMULATE,
  PROP_DETERMINISTIC,
  N_PROPS
};

G_DEFINE_TYPE (GstSodTrainer, gst_sod_trainer, G_TYPE_OBJECT)

static void
gst_sod_trainer_finalize (GObject *object)
{
  GstSodTrainer *self = GST_SOD_TRAINER (object);

  gst_sod_engine_clear (&self->engine);
  g_clear_pointer (&self->params, gst_sod_params_free);
  g_clear_object (&self->network);
  G_OBJECT_CLASS (gst_sod_trainer_parent_class)->finalize (object);
}

/* Where the setting of a property of type double is kept. */
static gdouble *
find_double (GstSodTrainer *self, guint id)
{
  switch (id) {
    case PROP_EDGE_WEIGHT:
      return &self->settings.loss.options.edge_weight;
    case PROP_GRADIENT_WEIGHT:
      return &self->settings.loss.options.gradient_weight;
    case PROP_LEARNING_RATE:
      return &self->settings.learning_rate;
    case PROP_MOMENTUM:
      return &self->settings.momentum;
    case PROP_WEIGHT_DECAY:
      return &self->settings.weight_decay;
    case PROP_DECAY_POWER:
      return &self->settings.decay_power;
    case PROP_CLIP_NORM:
      return &self->settings.clip_norm;
    case PROP_AVERAGE_DECAY:
      return &self->settings.average_decay;
    default:
      return NULL;
  }
}

static void
gst_sod_trainer_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstSodTrainer *self = GST_SOD_TRAINER (object);
  GstSodTrainerSettings *settings = &self->settings;

  switch (id) {
    case PROP_LOSS:
      settings->loss.loss = g_value_get_enum (value);
      break;
    case PROP_EDGE_WINDOW:
      settings->loss.options.edge_window = g_value_get_uint (value);
      break;
    case PROP_OPTIMISER:
      settings->optimiser = g_value_get_enum (value);
      break;
    case PROP_WARM_UP:
      settings->warm_up = g_value_get_uint64 (value);
      break;
    case PROP_STEPS:
      settings->n_steps = g_value_get_uint64 (value);
      break;
    case PROP_PRECISION:
      settings->precision = g_value_get_enum (value);
      gst_sod_engine_set_precision (&self->engine, settings->precision);
      break;
    case PROP_ACCUMULATE:
      settings->accumulate = g_value_get_uint (value);
      break;
    case PROP_DETERMINISTIC:
      settings->deterministic = g_value_get_boolean (value);
      gst_sod_engine_set_deterministic (&self->engine, settings->deterministic);
      break;
    default:
      if (find_double (self, id) != NULL)
        *find_double (self, id) = g_value_get_double (value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
gst_sod_trainer_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstSodTrainer *self = GST_SOD_TRAINER (object);
  const GstSodTrainerSettings *settings = &self->settings;

  switch (id) {
    case PROP_LOSS:
      g_value_set_enum (value, settings->loss.loss);
      break;
    case PROP_EDGE_WINDOW:
      g_value_set_uint (value, settings->loss.options.edge_window);
      break;
    case PROP_OPTIMISER:
      g_value_set_enum (value, settings->optimiser);
      break;
    case PROP_WARM_UP:
      g_value_set_uint64 (value, settings->warm_up);
      break;
    case PROP_STEPS:
      g_value_set_uint64 (value, settings->n_steps);
      break;
    case PROP_PRECISION:
      g_value_set_enum (value, settings->precision);
      break;
    case PROP_ACCUMULATE:
      g_value_set_uint (value, settings->accumulate);
      break;
    case PROP_DETERMINISTIC:
      g_value_set_boolean (value, settings->deterministic);
      break;
    default:
      if (find_double (self, id) != NULL)
        g_value_set_double (value, *find_double (self, id));
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

/* The choices of what is computed. */
static void
install_choices (GObjectClass *klass, GParamFlags flags)
{
  /**
   * GstSodTrainer:loss:
   *
   * What is made small. The default suits the kind of the network:
   * %GST_SOD_LOSS_STRUCTURE for base, %GST_SOD_LOSS_L1_GRADIENT for reverse.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_LOSS,
      g_param_spec_enum ("loss", "Loss", "What is made small",
          GST_SOD_TYPE_LOSS, GST_SOD_LOSS_STRUCTURE, flags));
  /**
   * GstSodTrainer:optimiser:
   *
   * What makes a step of a gradient.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_OPTIMISER,
      g_param_spec_enum ("optimiser", "Optimiser",
          "What makes a step of a gradient", GST_SOD_TYPE_OPTIMISER,
          GST_SOD_OPTIMISER_ADAMW, flags));
  /**
   * GstSodTrainer:learning-rate:
   *
   * The largest rate of the schedule.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_LEARNING_RATE,
      g_param_spec_double ("learning-rate", "Learning rate",
          "Largest rate of the schedule", 0, 100, 1.5e-3, flags));
  /**
   * GstSodTrainer:momentum:
   *
   * Momentum of %GST_SOD_OPTIMISER_SGD; without meaning for others.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MOMENTUM,
      g_param_spec_double (
          "momentum", "Momentum", "Of SGD", 0, 0.9999, 0.9, flags));
  /**
   * GstSodTrainer:weight-decay:
   *
   * Decay of convolutions' weights; biases and batch norms never decay.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_WEIGHT_DECAY,
      g_param_spec_double ("weight-decay", "Weight decay",
          "Decay of convolutions' weights", 0, 1, 2e-2, flags));
}

/* The numbers in the losses. */
static void
install_loss (GObjectClass *klass, GParamFlags flags)
{
  /**
   * GstSodTrainer:edge-weight:
   *
   * How much more a pixel of %GST_SOD_LOSS_STRUCTURE weighs the less it is like
   * what lies around it (gamma of Wei et al., "F3Net", 2020, section 3.3), 0 to
   * 1000; 0: all weigh the same. Without meaning for other losses.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_EDGE_WEIGHT,
      g_param_spec_double ("edge-weight", "Edge weight",
          "How much more an edge weighs in the structure loss", 0, 1000,
          GST_SOD_LOSS_EDGE_WEIGHT, flags));
  /**
   * GstSodTrainer:edge-window:
   *
   * Side of what lies around a pixel there, in pixels of a map 320 wide: an odd
   * number from 1 to 639, an even one counting as the next. It grows with the
   * map: 31 is 15 in one 160 wide. 1: all pixels weigh the same.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_EDGE_WINDOW,
      g_param_spec_uint ("edge-window", "Edge window",
          "Side of a pixel's neighbourhood in a map 320 wide", 1, 639,
          GST_SOD_LOSS_EDGE_WINDOW, flags));
  /**
   * GstSodTrainer:gradient-weight:
   *
   * What the differences of neighbours weigh in %GST_SOD_LOSS_L1_GRADIENT
   * beside those of pixels (lambda_gdl of Mathieu et al., "Deep multi-scale
   * video prediction beyond mean square error", 2016, section 3.4), 0 to 1000.
   * Without meaning for other losses.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_GRADIENT_WEIGHT,
      g_param_spec_double ("gradient-weight", "Gradient weight",
          "Of the differences of neighbours in the loss of images", 0, 1000,
          GST_SOD_LOSS_GRADIENT_WEIGHT, flags));
}

/* What holds over the course of a training. */
static void
install_course (GObjectClass *klass, GParamFlags flags)
{
  /**
   * GstSodTrainer:warm-up:
   *
   * Steps over which the rate rises from 0 in a straight line.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_WARM_UP,
      g_param_spec_uint64 ("warm-up", "Warm-up",
          "Steps over which the rate rises", 0, G_MAXINT64, 200, flags));
  /**
   * GstSodTrainer:steps:
   *
   * Steps of the whole schedule: the rate falls to 0 there as
   * (1 - progress)^#GstSodTrainer:decay-power. 0: it stays.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_STEPS,
      g_param_spec_uint64 ("steps", "Steps",
          "Steps of the whole schedule, 0 = the rate stays", 0, G_MAXINT64, 0,
          flags));
  /**
   * GstSodTrainer:decay-power:
   *
   * Power of the "poly" schedule (Chen et al., "DeepLab", 2017, section 4.1),
   * 0 to 10: 1 is a straight line, under 1 the rate falls late, over 1 early.
   * Without meaning where #GstSodTrainer:steps is 0.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_DECAY_POWER,
      g_param_spec_double ("decay-power", "Decay power",
          "Power of the rate's way down", 0, 10, 0.9, flags));
  /**
   * GstSodTrainer:clip-norm:
   *
   * Gradients whose Euclidean norm, all weights together, is larger are scaled
   * down to it. 0: never.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_CLIP_NORM,
      g_param_spec_double ("clip-norm", "Clipping norm",
          "Largest norm of the gradient, 0 = any", 0, G_MAXDOUBLE, 1, flags));
  /**
   * GstSodTrainer:average-decay:
   *
   * Decay of the moving average of weights and running statistics, which is
   * what a snapshot holds; in the first steps (1 + step) / (10 + step) where
   * that is less. 0: a snapshot holds the last weights.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_AVERAGE_DECAY,
      g_param_spec_double ("average-decay", "Average decay",
          "Decay of the moving average of the weights, 0 = none", 0, 0.999999,
          0.999, flags));
}

/* How a step is computed. */
static void
install_arithmetic (GObjectClass *klass, GParamFlags flags)
{
  /**
   * GstSodTrainer:precision:
   *
   * Of the arithmetic; the master weights are always f32.
   * %GST_SOD_PRECISION_AUTO: bf16 where the device has it, else f32. With
   * %GST_SOD_PRECISION_F16, on a GPU, the loss is scaled up on the way back; a
   * step whose gradients are then too large is left out, counts as none, and
   * the scale is halved. A
   * precision that cannot be had becomes f32, and
   * gst_sod_trainer_get_precision() tells. Not between two passes of one
   * step.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision", "Of the arithmetic",
          GST_SOD_TYPE_PRECISION, GST_SOD_PRECISION_F32, flags));
  /**
   * GstSodTrainer:accumulate:
   *
   * Batches in a step: gst_sod_trainer_step() changes the weights with each
   * Nth, by the mean of their gradients. Batch norm sees one batch at a time.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_ACCUMULATE,
      g_param_spec_uint (
          "accumulate", "Accumulate", "Batches in a step", 1, 65536, 1, flags));
  /**
   * GstSodTrainer:deterministic:
   *
   * Whether the same batches give the same bytes. %FALSE lets a GPU add up
   * gradients in the order in which they come, where that is faster; on the CPU
   * there is no such order. Not between two passes of one step.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_DETERMINISTIC,
      g_param_spec_boolean ("deterministic", "Deterministic",
          "Whether the same batches give the same bytes", TRUE, flags));
}

static void
gst_sod_trainer_class_init (GstSodTrainerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gst_sod_trainer_finalize;
  object_class->set_property = gst_sod_trainer_set_property;
  object_class->get_property = gst_sod_trainer_get_property;
  install_choices (object_class, flags);
  install_loss (object_class, flags);
  install_course (object_class, flags);
  install_arithmetic (object_class, flags);
}

static void
gst_sod_trainer_init (GstSodTrainer *self)
{
  self->rate_scale = 1;
}

GstSodTrainer *
gst_sod_trainer_new_on (GstSodNetwork *network, GstSodBackend *backend,
    guint threads, GError **error)
{
  g_autoptr (GstSodTrainer) self = g_object_new (GST_SOD_TYPE_TRAINER, NULL);
  GstSodNetworkKind kind = gst_sod_architecture_get_kind (
      gst_sod_network_get_architecture (network));

  self->network = g_object_ref (network);
  if (kind == GST_SOD_NETWORK_REVERSE)
    self->settings.loss.loss = GST_SOD_LOSS_L1_GRADIENT;
  gst_sod_engine_init (&self->engine, network, backend, threads);
  gst_sod_engine_set_precision (&self->engine, self->settings.precision);
  gst_sod_engine_set_deterministic (
      &self->engine, self->settings.deterministic);
  self->params = gst_sod_params_new (network, error);
  if (self->params == NULL
      || !gst_sod_params_open_masters (self->params, backend, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gst_sod_trainer_new:
 * @network: where training starts: a random network or one to go on from; it
 *   stays as it is
 * @device: "auto", "cpu", "cuda" or "cuda:N"
 * @threads: how many the arithmetic may use; 0: as many as the back end likes
 * @error: return location for an error
 *
 * Makes a trainer. Set its properties before the first step.
 *
 * Errors: %GST_SOD_ERROR_DEVICE, %GST_SOD_ERROR_INVALID_ARGUMENT for a @device
 * that is none, %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the trainer, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTrainer *
gst_sod_trainer_new (
    GstSodNetwork *network, const gchar *device, guint threads, GError **error)
{
  GstSodBackend *backend;

  g_return_val_if_fail (GST_SOD_IS_NETWORK (network), NULL);
  g_return_val_if_fail (device != NULL, NULL);

  backend = gst_sod_backend_for_device (device, NULL, error);
  if (backend == NULL)
    return NULL;
  return gst_sod_trainer_new_on (network, backend, threads, error);
}

/* ---- what came of it ---- */

/**
 * gst_sod_trainer_get_n_steps:
 * @self: a trainer
 *
 * Returns: how many steps have been taken
 *
 * Since: 0.1
 */
guint64
gst_sod_trainer_get_n_steps (GstSodTrainer *self)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINER (self), 0);

  return self->n_steps;
}

/**
 * gst_sod_trainer_get_rate:
 * @self: a trainer
 *
 * Returns: the learning rate that the schedule has for the next step
 *
 * Since: 0.1
 */
gdouble
gst_sod_trainer_get_rate (GstSodTrainer *self)
{
  GstSodSchedule schedule;

  g_return_val_if_fail (GST_SOD_IS_TRAINER (self), 0);

  schedule = (GstSodSchedule){
    .peak = self->settings.learning_rate,
    .warm_up = self->settings.warm_up,
    .n_steps = self->settings.n_steps,
    .power = self->settings.decay_power,
  };
  return self->rate_scale
         * gst_sod_schedule_get_rate (&schedule, self->position);
}

/**
 * gst_sod_trainer_get_precision:
 * @self: a trainer
 * @reason: (out) (optional) (transfer none) (nullable): why it is not what was
 *   asked for; %NULL where it is
 *
 * Returns: the precision of the last step, or before the first
 *   #GstSodTrainer:precision
 *
 * Since: 0.1
 */
GstSodPrecision
gst_sod_trainer_get_precision (GstSodTrainer *self, const gchar **reason)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINER (self), GST_SOD_PRECISION_F32);

  if (reason != NULL)
    *reason = self->engine.reason;
  return self->engine.used != GST_SOD_PRECISION_AUTO ? self->engine.used
                                                     : self->settings.precision;
}

void
gst_sod_trainer_set_n_steps (GstSodTrainer *self, guint64 step)
{
  self->position = step;
}

void
gst_sod_trainer_set_rate_scale (GstSodTrainer *self, gdouble scale)
{
  self->rate_scale = scale;
}

/* What stays true of the network where training started, and that it is a
 * parent; its scores do not. */
static GHashTable *
inherit_metadata (GstSodNetwork *network)
{
  static const gchar *const kept[] = { "name", "input-rule", "threshold" };
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    g_hash_table_insert (metadata, g_strdup (kept[i]),
        g_strdup (gst_sod_network_get_metadata (network, kept[i])));
  g_hash_table_insert (metadata, g_strdup ("lineage"),
      g_strdup_printf ("{\"parents\":[\"%s\"],\"phases\":[],\"data\":[]}",
          gst_sod_network_get_version (network)));
  return metadata;
}

/**
 * gst_sod_trainer_snapshot:
 * @self: a trainer
 * @error: return location for an error
 *
 * Makes a network of the weights as they are now: their moving average where
 * #GstSodTrainer:average-decay is over 0. Its name and input rule are those of
 * the network where training started, which it names as its parent.
 *
 * Errors: %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): a network of its own, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_trainer_snapshot (GstSodTrainer *self, GError **error)
{
  GHashTable *weights;

  g_return_val_if_fail (GST_SOD_IS_TRAINER (self), NULL);

  if (!gst_sod_params_fetch (self->params, error))
    return NULL;
  weights = gst_sod_params_copy (
      self->params, self->settings.average_decay > 0, error);
  if (weights == NULL)
    return NULL;
  return gst_sod_network_new_from_weights (
      gst_sod_network_get_architecture (self->network), weights,
      inherit_metadata (self->network), error);
}

GstSodParams *
gst_sod_trainer_get_params (GstSodTrainer *self)
{
  return gst_sod_params_fetch (self->params, NULL) ? self->params : NULL;
}
