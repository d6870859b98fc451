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
  const SodTrainData *data;
  gdouble batch, small_share;
  gint width, height, small_width, small_height;
  guint n_samples, n_labelled; /* of all nodes */
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

static GstSodArchitecture *
make_architecture (
    const Estimate *self, const gchar *key, guint frames, GError **error)
{
  g_autofree gchar *text = get_text (self, key);

  return text[0] == '{' ? gst_sod_architecture_new_from_json (text, error)
                        : gst_sod_architecture_new_preset (text, frames, error);
}

static gboolean
measure (const Estimate *self, const gchar *key, gboolean reverse, Pace *pace,
    GError **error)
{
  guint frames = reverse ? 1 : (guint) get_number (self, "base.input-frames");
  g_autoptr (GstSodArchitecture) architecture =
      make_architecture (self, key, frames, error);
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

  if (trainer == NULL)
    return FALSE;
  g_object_set (trainer, "precision",
      g_enum_get_value_by_nick (precisions, precision)->value, NULL);
  pace->small = time_step (self, trainer, reverse, frames, self->small_height,
      self->small_width, error);
  if (pace->small >= 0)
    pace->full = time_step (
        self, trainer, reverse, frames, self->height, self->width, error);
  return pace->small >= 0 && pace->full >= 0;
}

/* ---- steps ---- */

static gdouble
count_steps (const Estimate *self, const gchar *section, const gchar *prefix,
    guint n_frames)
{
  g_autofree gchar *steps = g_strdup_printf ("%s.%ssteps", section, prefix);
  g_autofree gchar *epochs = g_strdup_printf ("%s.%sepochs", section, prefix);
  gdouble n = get_number (self, steps);

  return n > 0 ? n
               : get_number (self, epochs)
                     * MAX (1.0, n_frames / self->batch
                                     / get_number (self, "data.accumulate"));
}

static gdouble
mean_pace (const Estimate *self, const Pace *pace)
{
  return get_number (self, "data.accumulate")
         * (self->small_share * pace->small
             + (1 - self->small_share) * pace->full);
}

static gdouble
add_line (const gchar *what, gdouble steps, gdouble seconds)
{
  g_print ("%-44s %9.0f steps %9.1f min\n", what, steps, steps * seconds / 60);
  return steps * seconds;
}

/* Base networks of all nodes, then what all of them share; seconds. */
static gdouble
add_lines (const Estimate *self, const Pace *base, const Pace *reverse)
{
  gint last = (gint) get_number (self, "run.last-phase");
  gdouble rounds = get_number (self, "run.rounds");
  gdouble step = mean_pace (self, base), back = mean_pace (self, reverse);
  gdouble initial = 0, augmented = 0, seconds = 0;

  for (guint i = 0; i < sod_train_data_get_n_nodes (self->data); i++) {
    g_autoptr (GstSodSamples) samples =
        sod_train_node_get_samples (sod_train_data_get_node (self->data, i));

    initial += count_steps (
        self, "base", "", gst_sod_samples_get_n_labelled (samples));
    augmented += rounds
                 * count_steps (self, "augmented", "",
                     gst_sod_samples_get_n_samples (samples));
  }
  seconds += add_line ("1 initialisation, base networks", initial, step);
  if (last >= 2) {
    seconds += add_line ("1 initialisation, reverse network",
        count_steps (self, "reverse", "", self->n_labelled), back);
    seconds += add_line ("2 augmented", augmented, step + back);
  }
  if (last >= 3)
    seconds += add_line ("3 semi-supervised, reverse network",
        rounds * count_steps (self, "semi-supervised", "", self->n_samples),
        back);
  return seconds;
}

/* ---- all of it ---- */

static void
count_frames (Estimate *self)
{
  for (guint i = 0; i < sod_train_data_get_n_nodes (self->data); i++) {
    const SodTrainNode *node = sod_train_data_get_node (self->data, i);
    g_autoptr (GstSodSamples) samples = sod_train_node_get_samples (node);
    g_autoptr (GstSodSamples) held_out = sod_train_node_get_held_out (node);
    guint n = samples != NULL ? gst_sod_samples_get_n_samples (samples) : 0;
    guint n_labelled =
        samples != NULL ? gst_sod_samples_get_n_labelled (samples) : 0;

    g_print ("node %-20s %7u frames %7u labelled %7u held out\n", node->name, n,
        n_labelled,
        held_out != NULL ? gst_sod_samples_get_n_samples (held_out) : 0);
    self->n_samples += n;
    self->n_labelled += n_labelled;
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

gboolean
sod_train_estimate (const SodTrainOptions *options,
    GstSodTrainingSettings *settings, const SodTrainData *data, GError **error)
{
  Estimate self = { .settings = settings, .data = data };
  struct rusage usage;
  Pace base, reverse;
  gdouble seconds;

  set_sizes (&self);
  count_frames (&self);
  if (!measure (&self, "base.architecture", FALSE, &base, error)
      || !measure (&self, "reverse.architecture", TRUE, &reverse, error))
    return FALSE;
  seconds = add_lines (&self, &base, &reverse);
  getrusage (RUSAGE_SELF, &usage);
  g_print ("in all about %.1f min without scoring, on this machine as it is "
           "now; memory about %.0f MiB and %.0f MiB of decoded pictures\n",
      seconds / 60, (gdouble) usage.ru_maxrss / 1024,
      get_number (&self, "data.cache-size"));
  return TRUE;
}
