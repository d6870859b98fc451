/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodtrainersettings.h"

#include <plugins/common/sodnumber.h>

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static void
add (GObjectClass *klass, guint id, GParamSpec *spec)
{
  g_object_class_install_property (klass, id, spec);
}

static void
install_store (GObjectClass *klass)
{
  add (klass, SOD_TRAINER_PROP_STORE,
      g_param_spec_string ("store", "Store",
          "Folder that all frames and labels are kept in; made where there is "
          "none. None = a temporary one, which is gone with this run",
          NULL, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_FORMAT,
      g_param_spec_enum ("store-format", "Store format",
          "How the store keeps pictures", GST_SOD_TYPE_STORE_PICTURE_FORMAT,
          GST_SOD_STORE_PICTURE_FORMAT_JPEG, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_JPEG_QUALITY,
      g_param_spec_uint ("store-jpeg-quality", "Store's JPEG quality",
          "Quality of pictures that the store keeps as JPEG", 1, 100, 92,
          FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_MAX_SIZE,
      g_param_spec_uint64 ("store-max-size", "Store's maximum size",
          "Bytes that the store may take; the oldest frames make room; 0 = as "
          "many as there are",
          0, G_MAXUINT64, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_MAX_NODE_SIZE,
      g_param_spec_uint64 ("store-max-node-size", "Store's maximum of a node",
          "Bytes that one node may take, so that a busy camera takes no room "
          "from the others; 0 = as many as there are",
          0, G_MAXUINT64, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_MAX_AGE,
      g_param_spec_uint ("store-max-age", "Store's maximum age",
          "Seconds after which frames without labels go; 0 = they stay", 0,
          G_MAXUINT, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_THINNING,
      g_param_spec_uint ("store-thinning", "Store's thinning",
          "Frames without labels that differ from one of the last in fewer "
          "than this many of 64 bits of a perceptual hash are not kept; 0 = "
          "all are",
          0, 64, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_STORE_KEEP_NEIGHBOURS,
      g_param_spec_boolean ("store-keep-neighbours", "Store keeps neighbours",
          "Keep the frame before each frame that is kept, too, where thinning "
          "would not: networks of two frames learn from both",
          FALSE, FLAGS));
}

static void
install_models (GObjectClass *klass)
{
  add (klass, SOD_TRAINER_PROP_MODEL_LOAD_PATH,
      g_param_spec_string ("model-load-path", "Model load path",
          "Model that learning starts from where none is published yet: a "
          "file, "
          "with %s for the node's name as in model-save-path, or the name of "
          "one that is installed, as base; none = random weights",
          NULL, FLAGS));
  add (klass, SOD_TRAINER_PROP_MODEL_SAVE_PATH,
      g_param_spec_string ("model-save-path", "Model save path",
          "File that the best model is published as; %s stands for the node's "
          "name. With several nodes and no %s, \"-NODE\" goes before its "
          "ending. Its folder is made. None = nothing is published",
          NULL, FLAGS));
  add (klass, SOD_TRAINER_PROP_FORCE_PUBLISH,
      g_param_spec_boolean ("force-publish", "Force publish",
          "Publish models that score worse than what runs, too, or that "
          "nothing is held out to judge by, without a warning",
          FALSE, FLAGS));
  add (klass, SOD_TRAINER_PROP_VALIDATION_SHARE,
      sod_number_spec ("validation-share", "Validation share",
          "Share of each node's labelled frames that are held out, as whole "
          "sequences or the end of one; models are judged by them. 0 = none, "
          "and every model is published",
          0, 0.9, 0.2, FLAGS));
  add (klass, SOD_TRAINER_PROP_CHECKPOINT_PATH,
      g_param_spec_string ("checkpoint-path", "Checkpoint path",
          "File that a training is saved in now and then, to go on from where "
          "it was cut short; its folder is made; needs a store; none = no "
          "checkpoints",
          NULL, FLAGS));
}

static void
install_training (GObjectClass *klass)
{
  add (klass, SOD_TRAINER_PROP_PRESET,
      g_param_spec_string ("preset", "Preset",
          "Where all choices start from: effective or paper; none = what the "
          "settings say, or else effective",
          NULL, FLAGS));
  add (klass, SOD_TRAINER_PROP_SETTINGS,
      g_param_spec_string ("settings", "Settings",
          "File of choices, described in docs/training.md; properties that are "
          "set go first",
          NULL, FLAGS));
  add (klass, SOD_TRAINER_PROP_PHASE,
      g_param_spec_uint ("phase", "Phase",
          "The last phase that is run: 1 initialisation, 2 augmented, 3 "
          "semi-supervised; 0 = as the settings say",
          0, 3, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_EPOCHS,
      sod_number_spec ("epochs", "Epochs",
          "How often the initialisation sees each frame; 0 = as the settings "
          "say",
          0, 1e9, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_MAX_TIME,
      sod_number_spec ("max-time", "Maximum time",
          "Seconds that a training may take; 0 = as the settings say", 0, 1e9,
          0, FLAGS));
  add (klass, SOD_TRAINER_PROP_LEARNING_RATE,
      sod_number_spec ("learning-rate", "Learning rate",
          "Largest rate of the initialisation; 0 = as the settings say", 0, 100,
          0, FLAGS));
  add (klass, SOD_TRAINER_PROP_BATCH_SIZE,
      g_param_spec_uint ("batch-size", "Batch size",
          "Frames in a batch; 0 = as the settings say", 0, 4096, 0, FLAGS));
  add (klass, SOD_TRAINER_PROP_SEED,
      g_param_spec_int64 ("seed", "Seed",
          "Of weights, order and augmentation; -1 = as the settings say", -1,
          1000000000000000, -1, FLAGS));
  add (klass, SOD_TRAINER_PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "What the networks learn on: cpu, cuda or cuda:N; auto = as the "
          "settings say",
          "auto", FLAGS));
  add (klass, SOD_TRAINER_PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Arithmetic of the training: f32, bf16, on a GPU f16 or tf32; auto = "
          "as the settings say",
          GST_SOD_TYPE_PRECISION, GST_SOD_PRECISION_AUTO, FLAGS));
}

static void
install_times (GObjectClass *klass)
{
  add (klass, SOD_TRAINER_PROP_TRIGGER,
      g_param_spec_enum ("trigger", "Trigger", "When a training begins",
          SOD_TYPE_TRIGGER, SOD_TRIGGER_EOS, FLAGS));
  add (klass, SOD_TRAINER_PROP_TRIGGER_FRAMES,
      g_param_spec_uint64 ("trigger-frames", "Trigger frames",
          "With trigger=frames: new frames after which a training begins", 1,
          G_MAXUINT64, 1000, FLAGS));
  add (klass, SOD_TRAINER_PROP_TRIGGER_INTERVAL,
      g_param_spec_uint ("trigger-interval", "Trigger interval",
          "With trigger=interval: seconds between the beginnings of trainings; "
          "one begins with the first frame after them",
          1, G_MAXUINT, 3600, FLAGS));
  add (klass, SOD_TRAINER_PROP_TOLERANCE,
      g_param_spec_uint64 ("tolerance", "Tolerance",
          "How far apart, in ns, the times of a frame and its label may be", 0,
          GST_SECOND, GST_MSECOND, FLAGS));
  add (klass, SOD_TRAINER_PROP_LABEL_WAIT,
      g_param_spec_uint64 ("label-wait", "Label wait",
          "How long, in ns, a label that is ahead of its node's frames waits "
          "while none of them comes",
          0, G_MAXINT64, GST_SECOND, FLAGS));
}

void
sod_trainer_settings_install (GObjectClass *klass)
{
  install_store (klass);
  install_models (klass);
  install_training (klass);
  install_times (klass);
  add (klass, SOD_TRAINER_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since the start: frames, labelled, unlabelled, "
          "late-labels, labels-without-frame, labels-refused, thinned, "
          "labels-added (by their frames' ids), trainings, published, refused; "
          "training, phase, round, step, loss, rate, done, score, store; and "
          "the "
          "first seven for each node",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

void
sod_trainer_settings_init (SodTrainerSettings *self, GObjectClass *klass)
{
  guint n;
  g_autofree GParamSpec **specs = g_object_class_list_properties (klass, &n);

  for (guint i = 0; i < n; i++) {
    GParamSpec *spec = specs[i];
    guint id = spec->param_id;

    if (spec->owner_type != G_OBJECT_CLASS_TYPE (klass)
        || id >= SOD_TRAINER_N_SETTINGS)
      continue;
    self->specs[id] = spec;
    g_value_init (&self->values[id], G_PARAM_SPEC_VALUE_TYPE (spec));
    g_param_value_set_default (spec, &self->values[id]);
  }
}

void
sod_trainer_settings_clear (SodTrainerSettings *self)
{
  for (guint i = 1; i < SOD_TRAINER_N_SETTINGS; i++) {
    if (G_IS_VALUE (&self->values[i]))
      g_value_unset (&self->values[i]);
  }
}

void
sod_trainer_settings_copy (
    SodTrainerSettings *to, const SodTrainerSettings *from)
{
  sod_trainer_settings_clear (to);
  for (guint i = 1; i < SOD_TRAINER_N_SETTINGS; i++) {
    to->specs[i] = from->specs[i];
    g_value_init (&to->values[i], G_VALUE_TYPE (&from->values[i]));
    g_value_copy (&from->values[i], &to->values[i]);
  }
}

gboolean
sod_trainer_settings_set (
    SodTrainerSettings *self, guint id, const GValue *value)
{
  if (id >= SOD_TRAINER_N_SETTINGS)
    return FALSE;
  g_value_copy (value, &self->values[id]);
  return TRUE;
}

gboolean
sod_trainer_settings_get (
    const SodTrainerSettings *self, guint id, GValue *value)
{
  if (id >= SOD_TRAINER_N_SETTINGS)
    return FALSE;
  g_value_copy (&self->values[id], value);
  return TRUE;
}

gboolean
sod_trainer_settings_check (
    const SodTrainerSettings *self, GstElement *element, GError **error)
{
  static const guint numbers[] = { SOD_TRAINER_PROP_VALIDATION_SHARE,
    SOD_TRAINER_PROP_EPOCHS, SOD_TRAINER_PROP_MAX_TIME,
    SOD_TRAINER_PROP_LEARNING_RATE };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    if (!sod_number_check (element,
            g_param_spec_get_name (self->specs[numbers[i]]),
            g_value_get_double (&self->values[numbers[i]]), error))
      return FALSE;
  }
  return TRUE;
}

const gchar *
sod_trainer_settings_get_string (const SodTrainerSettings *self, guint id)
{
  const gchar *text = g_value_get_string (&self->values[id]);

  return text != NULL && *text != '\0' ? text : NULL;
}

/* As it stands in a file of settings. (transfer full) */
static gchar *
print_value (const GValue *value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  if (G_VALUE_HOLDS_DOUBLE (value))
    return g_strdup (
        g_ascii_dtostr (number, sizeof (number), g_value_get_double (value)));
  if (G_VALUE_HOLDS_UINT (value))
    return g_strdup_printf ("%u", g_value_get_uint (value));
  if (G_VALUE_HOLDS_INT64 (value))
    return g_strdup_printf ("%" G_GINT64_FORMAT, g_value_get_int64 (value));
  if (G_VALUE_HOLDS_ENUM (value)) {
    g_autoptr (GEnumClass) klass = g_type_class_ref (G_VALUE_TYPE (value));

    return g_strdup (
        g_enum_get_value (klass, g_value_get_enum (value))->value_nick);
  }
  return g_value_dup_string (value);
}

GstSodTrainingSettings *
sod_trainer_settings_make (const SodTrainerSettings *self, GError **error)
{
  static const struct
  {
    guint property;
    const gchar *key;
  } table[] = {
    { SOD_TRAINER_PROP_CHECKPOINT_PATH, "run.checkpoint-path" },
    { SOD_TRAINER_PROP_PHASE, "run.last-phase" },
    { SOD_TRAINER_PROP_EPOCHS, "base.epochs" },
    { SOD_TRAINER_PROP_EPOCHS, "reverse.epochs" },
    { SOD_TRAINER_PROP_MAX_TIME, "run.max-time" },
    { SOD_TRAINER_PROP_LEARNING_RATE, "base.learning-rate" },
    { SOD_TRAINER_PROP_LEARNING_RATE, "reverse.learning-rate" },
    { SOD_TRAINER_PROP_BATCH_SIZE, "data.batch-size" },
    { SOD_TRAINER_PROP_SEED, "run.seed" },
    { SOD_TRAINER_PROP_DEVICE, "run.device" },
    { SOD_TRAINER_PROP_PRECISION, "run.precision" },
  };
  const gchar *file =
      sod_trainer_settings_get_string (self, SOD_TRAINER_PROP_SETTINGS);
  g_autoptr (GstSodTrainingSettings) settings = gst_sod_training_settings_new (
      sod_trainer_settings_get_string (self, SOD_TRAINER_PROP_PRESET), error);

  if (settings == NULL
      || (file != NULL
          && !gst_sod_training_settings_load_file (settings, file, error)))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    guint id = table[i].property;
    g_autofree gchar *text = NULL;

    if (g_param_value_defaults (self->specs[id], &self->values[id]))
      continue;
    text = print_value (&self->values[id]);
    if (!gst_sod_training_settings_set (
            settings, table[i].key, text != NULL ? text : "", error)) {
      g_prefix_error (
          error, "property %s: ", g_param_spec_get_name (self->specs[id]));
      return NULL;
    }
  }
  return g_steal_pointer (&settings);
}

void
sod_trainer_settings_apply_store (
    const SodTrainerSettings *self, GstSodStore *store)
{
  static const struct
  {
    guint property;
    const gchar *name;
  } table[] = {
    { SOD_TRAINER_PROP_STORE_FORMAT, "picture-format" },
    { SOD_TRAINER_PROP_STORE_JPEG_QUALITY, "jpeg-quality" },
    { SOD_TRAINER_PROP_STORE_MAX_SIZE, "max-size" },
    { SOD_TRAINER_PROP_STORE_MAX_NODE_SIZE, "max-node-size" },
    { SOD_TRAINER_PROP_STORE_MAX_AGE, "max-age" },
    { SOD_TRAINER_PROP_STORE_THINNING, "thinning" },
    { SOD_TRAINER_PROP_STORE_KEEP_NEIGHBOURS, "keep-neighbours" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_object_set_property (
        G_OBJECT (store), table[i].name, &self->values[table[i].property]);
}
