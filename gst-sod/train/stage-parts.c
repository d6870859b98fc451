/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the stages of all phases are made of: trainers, batches, a pass. */
#include <gst-sod/train/stage-private.h>

#include <math.h>

#include <gst-sod/data/batches-private.h>
#include <gst-sod/train/loss-private.h>
#include <gst-sod/train/network-batches.h>

static GstSodTrainingSettings *
settings_of (const GstSodStage *self)
{
  return self->training->settings;
}

/* ---- what begin() is made of ---- */

static void
set_number (GstSodStage *self, GObject *object, const gchar *property,
    const gchar *section)
{
  g_autofree gchar *key = g_strconcat (section, ".", property, NULL);

  g_object_set (object, property,
      gst_sod_training_settings_get_number (settings_of (self), key), NULL);
}

/* Sets a property that is an enumeration by the nick @word. */
static void
set_word (GObject *object, const gchar *property, const gchar *word)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (object), property);
  GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;
  GEnumValue *value = g_enum_get_value_by_nick (klass, word);

  g_assert (value != NULL);
  g_object_set (object, property, value->value, NULL);
}

static void
set_choice (GstSodStage *self, GObject *object, const gchar *property,
    const gchar *section)
{
  g_autofree gchar *key = g_strconcat (section, ".", property, NULL);

  set_word (object, property,
      gst_sod_training_settings_peek (settings_of (self), key));
}

/* What is made small, and the numbers in it. */
static void
set_loss (GstSodStage *self, GObject *trainer, const gchar *section)
{
  set_choice (self, trainer, "loss", section);
  if (g_str_equal (section, "reverse")) {
    set_number (self, trainer, "gradient-weight", section);
    return;
  }
  set_number (self, trainer, "edge-weight", section);
  g_object_set (trainer, "edge-window",
      (guint) gst_sod_training_settings_get_integer (
          settings_of (self), "base.edge-window"),
      NULL);
}

/* Where the arithmetic has all processors, a thread that makes batches beside
 * it takes one of them away, and its other threads wait for that one: they
 * better make each batch together, between two steps. */
static guint
choose_team (const GstSodStage *self, const GstSodTrainer *trainer)
{
  guint n_processors = g_get_num_processors ();
  guint threads = trainer->engine.threads;
  guint readers = (guint) gst_sod_training_settings_get_integer (
      settings_of (self), "data.reading-threads");

  if (!g_str_equal (trainer->engine.backend->klass->device, "cpu"))
    return 0;
  if (threads == 0)
    threads = n_processors;
  return readers == 0 || threads + readers > n_processors ? threads : 0;
}

GstSodTrainer *
gst_sod_stage_make_trainer (GstSodStage *self, GstSodNetwork *network,
    const gchar *section, gdouble rate, guint64 warm_up, GError **error)
{
  static const gchar *const numbers[] = { "momentum", "weight-decay",
    "decay-power", "clip-norm", "average-decay" };
  GstSodTrainingSettings *settings = settings_of (self);
  g_autofree gchar *decay = g_strconcat (section, ".decay", NULL);
  GstSodTrainer *trainer = gst_sod_trainer_new (network,
      gst_sod_training_settings_peek (settings, "run.device"),
      (guint) gst_sod_training_settings_get_integer (settings, "run.threads"),
      error);

  if (trainer == NULL)
    return NULL;
  gst_sod_batches_set_team (self->batches, choose_team (self, trainer));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    set_number (self, G_OBJECT (trainer), numbers[i], section);
  set_loss (self, G_OBJECT (trainer), section);
  set_choice (self, G_OBJECT (trainer), "optimiser", section);
  set_word (G_OBJECT (trainer), "precision",
      gst_sod_training_settings_peek (settings, "run.precision"));
  g_object_set (trainer, "learning-rate", rate, "warm-up", warm_up, NULL);
  if (gst_sod_training_settings_is (settings, decay, "poly"))
    g_object_set (trainer, "steps", self->n_steps, NULL);
  return trainer;
}

static void
on_warning (GstSodBatches *batches, const gchar *text, gpointer user_data)
{
  GstSodStage *self = user_data;

  gst_sod_training_warn (self->training, "%s: %s", self->plan.node->name, text);
}

static void
choose_size (GstSodStage *self, GstSodNetwork *network)
{
  GstSodTrainingSettings *settings = settings_of (self);
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  gint width =
      (gint) gst_sod_training_settings_get_integer (settings, "data.width");
  gint height =
      (gint) gst_sod_training_settings_get_integer (settings, "data.height");

  self->width =
      width > 0 ? width : gst_sod_architecture_get_input_width (architecture);
  self->height = height > 0
                     ? height
                     : gst_sod_architecture_get_input_height (architecture);
}

gboolean
gst_sod_stage_set_batches (GstSodStage *self, GstSodSamples *samples,
    GstSodNetwork *network, GError **error)
{
  GstSodTrainingSettings *settings = settings_of (self);
  g_autoptr (GstSodAugmentation) augmentation = gst_sod_augmentation_new (
      gst_sod_training_settings_peek (settings, "data.augmentation"), error);

  if (augmentation == NULL
      || !gst_sod_augmentation_set_from_string (augmentation,
          gst_sod_training_settings_peek (
              settings, "data.augmentation-changes"),
          error))
    return FALSE;
  self->batches = gst_sod_batches_new (samples, network, error);
  if (self->batches == NULL)
    return FALSE;
  g_object_set (self->batches, "batch-size",
      (guint) gst_sod_training_settings_get_integer (
          settings, "data.batch-size"),
      "augmentation", augmentation, "threads",
      (guint) gst_sod_training_settings_get_integer (
          settings, "data.reading-threads"),
      "cache-size",
      (guint64) gst_sod_training_settings_get_integer (
          settings, "data.cache-size")
          << 20,
      "seed", gst_sod_stage_seed (self, 0), "labelled-only", FALSE,
      "cancellable", self->training->cancellable, NULL);
  g_signal_connect (self->batches, "warning", G_CALLBACK (on_warning), self);
  choose_size (self, network);
  self->accumulate = (guint64) gst_sod_training_settings_get_integer (
      settings, "data.accumulate");
  self->n_steps =
      gst_sod_training_count_steps (self->training, self->plan.klass,
          gst_sod_samples_get_n_samples (samples), &self->n_per_epoch);
  return TRUE;
}

/* ---- a pass ---- */

/* A loss that is not finite diverges, as a gradient does. */
gboolean
gst_sod_stage_compute_loss (const GstSodStage *self,
    const GstSodTrainer *trainer, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output, gdouble *loss, GError **error)
{
  GError *failure = NULL;

  *loss = gst_sod_loss_compute_threaded (&trainer->settings.loss, output,
      target, weights, d_output,
      (guint) gst_sod_training_settings_get_integer (
          settings_of (self), "run.threads"),
      &failure);
  if (failure != NULL) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (isfinite (*loss))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DIVERGED,
      "training diverged: the loss is %g", *loss);
  return FALSE;
}

void
gst_sod_stage_drop_ahead (GstSodStage *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ahead); i++)
    g_clear_pointer (&self->ahead[i], gst_sod_tensor_unref);
}

static gboolean
read_ahead (GstSodStage *self, GError **error)
{
  return self->ahead[0] != NULL
         || gst_sod_batches_next (self->batches, &self->ahead[0],
             &self->ahead[1], &self->ahead[2], error);
}

static GstSodLearnBatch
view_batch (GstSodTensor *const tensors[3])
{
  return (GstSodLearnBatch){ tensors[0], tensors[1], tensors[2] };
}

/* @more: another pass follows. */
static gboolean
take_pass (GstSodStage *self, gboolean more, gdouble *loss, GError **error)
{
  g_autoptr (GstSodTensor) input = NULL;
  g_autoptr (GstSodTensor) target = NULL;
  g_autoptr (GstSodTensor) weights = NULL;
  GstSodLearnBatch batch, next = { NULL };

  if (!read_ahead (self, error))
    return FALSE;
  batch = view_batch (self->ahead);
  input = g_steal_pointer (&self->ahead[0]);
  target = g_steal_pointer (&self->ahead[1]);
  weights = g_steal_pointer (&self->ahead[2]);
  if (more && gst_sod_trainer_looks_ahead (self->learner)) {
    if (!read_ahead (self, error))
      return FALSE;
    next = view_batch (self->ahead);
  }
  return gst_sod_trainer_learn_batch (
      self->learner, &batch, &next, loss, error);
}

gboolean
gst_sod_stage_step_learner (GstSodStage *self, gdouble *loss, GError **error)
{
  *loss = 0;
  for (guint64 i = 0; i < self->accumulate; i++) {
    gboolean more =
        i + 1 < self->accumulate || self->state.step + 1 < self->n_steps;
    gdouble value;

    if (!take_pass (self, more, &value, error))
      return FALSE;
    *loss += value / (gdouble) self->accumulate;
  }
  return gst_sod_trainer_update (self->learner, error);
}
