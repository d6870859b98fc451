/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod train --dry-run: what it would take, from steps of each network on
 * made-up batches at both sizes. */
#include "train.h"

#include <sys/resource.h>

/* Of which the fastest counts; the first also makes the plans. */
#define N_TRIED 3

/* Seconds of a step at small and at full size. */
typedef struct
{
  gdouble small, full;
} Pace;

typedef struct
{
  GstSodTrainingSettings *settings;
  GstSodTraining *training;
  gdouble batch, small_share;
  gint width, height, small_width, small_height;
} Estimate;

/* Settings are checked when they are set: a key that there is has a value. */
static gdouble
get_number (const Estimate *self, const gchar *key)
{
  g_autofree gchar *text =
      gst_sod_training_settings_get (self->settings, key, NULL);

  return g_ascii_strtod (text, NULL);
}

static gchar *
get_text (const Estimate *self, const gchar *key)
{
  return gst_sod_training_settings_get (self->settings, key, NULL);
}

/* ---- pace ---- */

static GstSodTensor *
new_batch (
    gint64 n, gint64 channels, gint64 height, gint64 width, GError **error)
{
  const gint64 dims[] = { n, channels, height, width };
  gsize size = (gsize) (n * channels * height * width) * sizeof (gfloat);
  g_autofree gfloat *values = g_malloc0 (size);
  g_autoptr (GBytes) bytes = NULL;

  for (gsize i = 0; i < size / sizeof (gfloat); i++)
    values[i] = (gfloat) (i % 97) / 97.0f;
  bytes = g_bytes_new_take (g_steal_pointer (&values), size);
  return gst_sod_tensor_new_from_bytes (
      GST_SOD_DTYPE_F32, dims, G_N_ELEMENTS (dims), bytes, error);
}

/* Seconds of a step; negative on failure. */
static gdouble
time_step (const Estimate *self, GstSodTrainer *trainer, gboolean reverse,
    guint frames, gint height, gint width, GError **error)
{
  gint64 n = (gint64) self->batch;
  g_autoptr (GstSodTensor) input =
      new_batch (n, reverse ? 1 : 3 * frames, height, width, error);
  g_autoptr (GstSodTensor) target =
      reverse ? new_batch (n, 3, height / 2, width / 2, error)
              : new_batch (n, 1, height, width, error);
  gint64 least = G_MAXINT64;

  for (guint i = 0; input != NULL && target != NULL && i < N_TRIED; i++) {
    gint64 start = g_get_monotonic_time ();

    if (!gst_sod_trainer_step (trainer, input, target, NULL, error))
      return -1;
    least = MIN (least, g_get_monotonic_time () - start);
  }
  return least == G_MAXINT64 ? -1 : (gdouble) least / G_USEC_PER_SEC;
}

/* What it starts from, else what the settings ask for. */
static GstSodArchitecture *
make_architecture (
    const Estimate *self, const gchar *key, gboolean reverse, GError **error)
{
  g_auto (GStrv) names = gst_sod_training_list_nodes (self->training);
  g_autoptr (GstSodNetwork) start =
      reverse ? gst_sod_training_get_reverse (self->training)
              : gst_sod_training_get_network (self->training, names[0]);
  g_autofree gchar *text = get_text (self, key);
  guint frames = reverse ? 1 : (guint) get_number (self, "base.input-frames");

  if (start != NULL)
    return gst_sod_architecture_ref (gst_sod_network_get_architecture (start));
  return text[0] == '{' ? gst_sod_architecture_new_from_json (text, error)
                        : gst_sod_architecture_new_preset (text, frames, error);
}

static gboolean
measure (const Estimate *self, const gchar *key, gboolean reverse, Pace *pace,
    GError **error)
{
  g_autoptr (GstSodArchitecture) architecture =
      make_architecture (self, key, reverse, error);
  g_autoptr (GstSodNetwork) network =
      architecture != NULL ? gst_sod_network_new_random (architecture, 1, error)
                           : NULL;
  g_autofree gchar *device = get_text (self, "run.device");
  g_autofree gchar *precision = get_text (self, "run.precision");
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  g_autoptr (GstSodTrainer) trainer =
      network != NULL ? gst_sod_trainer_new (
          network, device, (guint) get_number (self, "run.threads"), error)
                      : NULL;
  guint frames;

  if (trainer == NULL)
    return FALSE;
  frames = gst_sod_architecture_get_input_frames (architecture);
  g_object_set (trainer, "precision",
      g_enum_get_value_by_nick (precisions, precision)->value, NULL);
  pace->small = time_step (self, trainer, reverse, frames, self->small_height,
      self->small_width, error);
  if (pace->small >= 0)
    pace->full = time_step (
        self, trainer, reverse, frames, self->height, self->width, error);
  return pace->small >= 0 && pace->full >= 0;
}

/* ---- stages ---- */

static gdouble
mean_pace (const Estimate *self, const Pace *pace)
{
  return get_number (self, "data.accumulate")
         * (self->small_share * pace->small
             + (1 - self->small_share) * pace->full);
}

/* The reverse network's part of a step of phase 2, in steps of its own: it sees
 * the map and the truth and is gone back through to the map, and to its weights
 * where it learns. Each of these is about a third of a step. */
static gdouble
count_reverse_steps (const Estimate *self)
{
  g_autofree gchar *frozen = get_text (self, "augmented.freeze-reverse");

  return g_str_equal (frozen, "yes") ? 1 : 4.0 / 3;
}

static gboolean
is_reverse (const GstSodTrainingPlan *plan, guint stage)
{
  return g_str_equal (gst_sod_training_plan_get_node (plan, stage), "reverse");
}

/* Seconds of a step. */
static gdouble
find_pace (const Estimate *self, const GstSodTrainingPlan *plan, guint stage,
    const Pace *base, const Pace *reverse)
{
  if (is_reverse (plan, stage))
    return mean_pace (self, reverse);
  if (gst_sod_training_plan_get_phase (plan, stage) != 2)
    return mean_pace (self, base);
  return mean_pace (self, base)
         + count_reverse_steps (self) * mean_pace (self, reverse);
}

/* A line a stage; seconds of all of them. */
static gdouble
add_stages (const Estimate *self, const GstSodTrainingPlan *plan,
    const Pace *base, const Pace *reverse)
{
  guint n = gst_sod_training_plan_get_n_stages (plan);
  gdouble seconds = 0;

  g_print ("%5s %5s %-10s %-20s %9s %9s\n", "phase", "round", "stage", "node",
      "steps", "min");
  for (guint i = 0; i < n; i++) {
    guint64 n_steps = gst_sod_training_plan_get_n_steps (plan, i);
    gdouble all = (gdouble) n_steps * find_pace (self, plan, i, base, reverse);

    g_print ("%5u %5u %-10s %-20s %9" G_GUINT64_FORMAT " %9.1f\n",
        gst_sod_training_plan_get_phase (plan, i),
        gst_sod_training_plan_get_round (plan, i),
        gst_sod_training_plan_get_name (plan, i),
        gst_sod_training_plan_get_node (plan, i), n_steps, all / 60);
    seconds += all;
  }
  return seconds;
}

static gboolean
uses_reverse (const GstSodTrainingPlan *plan)
{
  guint n = gst_sod_training_plan_get_n_stages (plan);

  for (guint i = 0; i < n; i++) {
    if (is_reverse (plan, i) || gst_sod_training_plan_get_phase (plan, i) == 2)
      return TRUE;
  }
  return FALSE;
}

/* ---- all of it ---- */

static void
tell_frames (const SodTrainData *data)
{
  for (guint i = 0; i < sod_train_data_get_n_nodes (data); i++) {
    const SodTrainNode *node = sod_train_data_get_node (data, i);
    g_autoptr (GstSodSamples) samples = sod_train_node_get_samples (node);
    g_autoptr (GstSodSamples) held_out = sod_train_node_get_held_out (node);
    guint n = samples != NULL ? gst_sod_samples_get_n_samples (samples) : 0;
    guint n_labelled =
        samples != NULL ? gst_sod_samples_get_n_labelled (samples) : 0;

    g_print ("node %-20s %7u frames %7u labelled %7u held out\n", node->name, n,
        n_labelled,
        held_out != NULL ? gst_sod_samples_get_n_samples (held_out) : 0);
  }
}

static void
set_sizes (Estimate *self)
{
  self->batch = get_number (self, "data.batch-size");
  self->small_share = get_number (self, "data.small-share");
  self->width = (gint) get_number (self, "data.width");
  self->height = (gint) get_number (self, "data.height");
  self->small_width = (gint) get_number (self, "data.small-width");
  self->small_height = (gint) get_number (self, "data.small-height");
  /* 0 is the network's own size, which is this for all presets. */
  self->width = self->width > 0 ? self->width : 320;
  self->height = self->height > 0 ? self->height : 192;
}

/* Sums up what the lines before say. */
static void
add_sum (const Estimate *self, const GstSodTrainingPlan *plan, gdouble seconds)
{
  gdouble limit = get_number (self, "run.max-time");
  gsize pseudo = gst_sod_training_plan_get_pseudo_label_size (plan);
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  if (limit > 0 && limit < seconds)
    g_print ("all steps would take %.1f min: run.max-time ends it after %.1f\n",
        seconds / 60, limit / 60);
  g_print ("in all about %.1f min without scoring and making pseudo-labels, on "
           "this machine as it is now; memory about %.0f MiB, %.0f MiB of "
           "decoded pictures and %.1f MiB of pseudo-labels\n",
      (limit > 0 ? MIN (limit, seconds) : seconds) / 60,
      (gdouble) usage.ru_maxrss / 1024, get_number (self, "data.cache-size"),
      (gdouble) pseudo / (1 << 20));
}

gboolean
sod_train_estimate (GstSodTrainingSettings *settings, const SodTrainData *data,
    GstSodTraining *training, GError **error)
{
  Estimate self = { .settings = settings, .training = training };
  g_autoptr (GstSodTrainingPlan) plan =
      gst_sod_training_plan_new (training, error);
  Pace base = { 0 }, reverse = { 0 };

  if (plan == NULL)
    return FALSE;
  set_sizes (&self);
  tell_frames (data);
  if (!measure (&self, "base.architecture", FALSE, &base, error)
      || (uses_reverse (plan)
          && !measure (&self, "reverse.architecture", TRUE, &reverse, error)))
    return FALSE;
  add_sum (&self, plan, add_stages (&self, plan, &base, &reverse));
  return TRUE;
}
