/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodreversesettings.h"

#define READY                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING                                                                \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define DEFAULT_BASELINE_FRAMES 100
#define DEFAULT_DRIFT_THRESHOLD 0.25
#define DEFAULT_MESSAGE_INTERVAL GST_SECOND

void
sod_reverse_settings_init (SodReverseSettings *self)
{
  *self = (SodReverseSettings){
    .device = g_strdup ("auto"),
    .on_device_error = SOD_ON_DEVICE_ERROR_FALLBACK,
    .precision = GST_SOD_PRECISION_AUTO,
    .output = SOD_REVERSE_OUTPUT_AUTO,
    .baseline_frames = DEFAULT_BASELINE_FRAMES,
    .drift_threshold = DEFAULT_DRIFT_THRESHOLD,
    .inference_interval = 1,
    .message_interval = DEFAULT_MESSAGE_INTERVAL,
  };
}

void
sod_reverse_settings_clear (SodReverseSettings *self)
{
  g_clear_pointer (&self->model_file, g_free);
  g_clear_pointer (&self->device, g_free);
  g_clear_pointer (&self->cpu_affinity, g_free);
}

void
sod_reverse_settings_copy (
    const SodReverseSettings *self, SodReverseSettings *copy)
{
  sod_reverse_settings_clear (copy);
  *copy = *self;
  copy->model_file = g_strdup (self->model_file);
  copy->device = g_strdup (self->device);
  copy->cpu_affinity = g_strdup (self->cpu_affinity);
}

static void
install_model_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_REVERSE_PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "Network to run, a safetensors file of kind \"reverse\", or the name "
          "of one that is installed; none = reverse. While playing, another "
          "file is loaded aside and taken up between two frames; if that "
          "fails, the network before stays",
          NULL, PLAYING));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "What the network runs on: cpu, cuda or cuda:N (the Nth GPU, from "
          "0), "
          "which have to be there; auto = the first GPU that can be used, else "
          "the CPU, and message sod-device says why",
          "auto", READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_ON_DEVICE_ERROR,
      g_param_spec_enum ("on-device-error", "On device error",
          "What to do when the device fails while frames pass, or has no "
          "memory "
          "for one",
          SOD_TYPE_ON_DEVICE_ERROR, SOD_ON_DEVICE_ERROR_FALLBACK, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Arithmetic of the network; auto = the fastest that the device has",
          GST_SOD_TYPE_PRECISION, GST_SOD_PRECISION_AUTO, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that one inference uses, 0 = one for each processor", 0,
          1024, 0, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_CPU_AFFINITY,
      g_param_spec_string ("cpu-affinity", "CPU affinity",
          "Processors to keep the inference on, as \"0,2-3\"; none = all", NULL,
          READY));
}

static void
install_stream_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_REVERSE_PROP_OUTPUT,
      g_param_spec_enum ("output", "Output", "What is sent for each frame",
          SOD_TYPE_REVERSE_OUTPUT, SOD_REVERSE_OUTPUT_AUTO, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_INFERENCE_INTERVAL,
      g_param_spec_uint ("inference-interval", "Inference interval",
          "Every Nth frame that carries a map is measured (1 = every one)", 1,
          G_MAXUINT, 1, PLAYING));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_BASELINE_FRAMES,
      g_param_spec_uint ("baseline-frames", "Baseline frames",
          "How many errors the baseline is the mean of; the running mean has "
          "the same length",
          1, G_MAXUINT, DEFAULT_BASELINE_FRAMES, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_DRIFT_THRESHOLD,
      g_param_spec_double ("drift-threshold", "Drift threshold",
          "Share by which the running mean has to be over the baseline to be "
          "a drift, which ends under half of that",
          0, G_MAXDOUBLE, DEFAULT_DRIFT_THRESHOLD, READY));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_MESSAGE_INTERVAL,
      g_param_spec_uint64 ("message-interval", "Message interval",
          "Least running time between two element messages, ns; 0 = one a "
          "measured frame; the beginning and the end of a drift are always "
          "told",
          0, G_MAXUINT64, DEFAULT_MESSAGE_INTERVAL, PLAYING));
  g_object_class_install_property (klass, SOD_REVERSE_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since the start (frames, images, measured, without-map, "
          "model-updates), reconstruction-error of the last frame, its mean "
          "over all, running-mean, baseline and drift, and the model, device, "
          "back end and precision in use",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

void
sod_reverse_settings_install_properties (GObjectClass *klass)
{
  install_model_properties (klass);
  install_stream_properties (klass);
}

static void
take_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
}

gboolean
sod_reverse_settings_set (
    SodReverseSettings *self, guint id, const GValue *value)
{
  switch (id) {
    case SOD_REVERSE_PROP_MODEL_FILE:
      take_string (&self->model_file, value);
      break;
    case SOD_REVERSE_PROP_DEVICE:
      take_string (&self->device, value);
      break;
    case SOD_REVERSE_PROP_ON_DEVICE_ERROR:
      self->on_device_error = g_value_get_enum (value);
      break;
    case SOD_REVERSE_PROP_PRECISION:
      self->precision = g_value_get_enum (value);
      break;
    case SOD_REVERSE_PROP_THREADS:
      self->threads = g_value_get_uint (value);
      break;
    case SOD_REVERSE_PROP_CPU_AFFINITY:
      take_string (&self->cpu_affinity, value);
      break;
    case SOD_REVERSE_PROP_OUTPUT:
      self->output = g_value_get_enum (value);
      break;
    case SOD_REVERSE_PROP_BASELINE_FRAMES:
      self->baseline_frames = g_value_get_uint (value);
      break;
    case SOD_REVERSE_PROP_DRIFT_THRESHOLD:
      self->drift_threshold = g_value_get_double (value);
      break;
    case SOD_REVERSE_PROP_INFERENCE_INTERVAL:
      self->inference_interval = g_value_get_uint (value);
      break;
    case SOD_REVERSE_PROP_MESSAGE_INTERVAL:
      self->message_interval = g_value_get_uint64 (value);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}

gboolean
sod_reverse_settings_get (
    const SodReverseSettings *self, guint id, GValue *value)
{
  switch (id) {
    case SOD_REVERSE_PROP_MODEL_FILE:
      g_value_set_string (value, self->model_file);
      break;
    case SOD_REVERSE_PROP_DEVICE:
      g_value_set_string (value, self->device);
      break;
    case SOD_REVERSE_PROP_ON_DEVICE_ERROR:
      g_value_set_enum (value, self->on_device_error);
      break;
    case SOD_REVERSE_PROP_PRECISION:
      g_value_set_enum (value, self->precision);
      break;
    case SOD_REVERSE_PROP_THREADS:
      g_value_set_uint (value, self->threads);
      break;
    case SOD_REVERSE_PROP_CPU_AFFINITY:
      g_value_set_string (value, self->cpu_affinity);
      break;
    case SOD_REVERSE_PROP_OUTPUT:
      g_value_set_enum (value, self->output);
      break;
    case SOD_REVERSE_PROP_BASELINE_FRAMES:
      g_value_set_uint (value, self->baseline_frames);
      break;
    case SOD_REVERSE_PROP_DRIFT_THRESHOLD:
      g_value_set_double (value, self->drift_threshold);
      break;
    case SOD_REVERSE_PROP_INFERENCE_INTERVAL:
      g_value_set_uint (value, self->inference_interval);
      break;
    case SOD_REVERSE_PROP_MESSAGE_INTERVAL:
      g_value_set_uint64 (value, self->message_interval);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}
