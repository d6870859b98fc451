/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodsettings.h"

#include <plugins/common/sodfields.h>
#include <plugins/common/sodnumber.h>

#define READY                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING                                                                \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define MAX_BATCH 64

void
sod_settings_init (SodSettings *self)
{
  *self = (SodSettings){
    .device = g_strdup ("auto"),
    .on_device_error = SOD_ON_DEVICE_ERROR_FALLBACK,
    .precision = GST_SOD_PRECISION_AUTO,
    .output = SOD_OUTPUT_FRAME,
    .inference_interval = 1,
    .overload = SOD_OVERLOAD_AUTO,
    .threshold = -1.0,
    .min_area = 0.001,
  };
}

void
sod_settings_clear (SodSettings *self)
{
  g_clear_pointer (&self->model_file, g_free);
  g_clear_pointer (&self->device, g_free);
  g_clear_pointer (&self->cpu_affinity, g_free);
  g_clear_pointer (&self->model_instance_id, g_free);
  g_clear_pointer (&self->roi, g_free);
  g_clear_pointer (&self->ignore, g_free);
  g_clear_pointer (&self->source_id, g_free);
}

void
sod_settings_copy (const SodSettings *self, SodSettings *copy)
{
  sod_settings_clear (copy);
  *copy = *self;
  copy->model_file = g_strdup (self->model_file);
  copy->device = g_strdup (self->device);
  copy->cpu_affinity = g_strdup (self->cpu_affinity);
  copy->model_instance_id = g_strdup (self->model_instance_id);
  copy->roi = g_strdup (self->roi);
  copy->ignore = g_strdup (self->ignore);
  copy->source_id = g_strdup (self->source_id);
}

static void
install_model_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "Network to run, a safetensors file of kind \"base\", or the name of "
          "one that is installed, as base-motion; none = base. While playing, "
          "another file is loaded aside and taken up between two frames; if "
          "that fails, the network before stays. Shared by all elements of one "
          "model-instance-id",
          NULL, PLAYING));
  g_object_class_install_property (klass, SOD_PROP_MODEL_RELOAD,
      g_param_spec_boolean ("model-reload", "Model reload",
          "Take the model-file up anew, as if it was set again, whenever it is "
          "replaced, as sodtrainer does with the models that it publishes",
          FALSE, READY));
  g_object_class_install_property (klass, SOD_PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "What the network runs on: cpu, cuda or cuda:N (the Nth GPU, from "
          "0), "
          "which have to be there; auto = the first GPU that can be used, else "
          "the CPU, and message sod-device says why",
          "auto", READY));
  g_object_class_install_property (klass, SOD_PROP_ON_DEVICE_ERROR,
      g_param_spec_enum ("on-device-error", "On device error",
          "What to do when the device fails while frames pass, or has no "
          "memory "
          "for one",
          SOD_TYPE_ON_DEVICE_ERROR, SOD_ON_DEVICE_ERROR_FALLBACK, READY));
  g_object_class_install_property (klass, SOD_PROP_WORKSPACE_LIMIT,
      g_param_spec_uint64 ("workspace-limit", "Workspace limit",
          "Memory that the network may take on a GPU for faster algorithms, "
          "beside that of its layers, bytes; 0 = as the back end likes",
          0, G_MAXUINT64, 0, READY));
  g_object_class_install_property (klass, SOD_PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Arithmetic of the network; auto = the fastest that the device has "
          "and that keeps the model's scores",
          GST_SOD_TYPE_PRECISION, GST_SOD_PRECISION_AUTO, READY));
  g_object_class_install_property (klass, SOD_PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that one inference uses, 0 = one for each processor", 0,
          1024, 0, READY));
  g_object_class_install_property (klass, SOD_PROP_CPU_AFFINITY,
      g_param_spec_string ("cpu-affinity", "CPU affinity",
          "Processors to keep the inference on, as \"0,2-3\"; none = all", NULL,
          READY));
  g_object_class_install_property (klass, SOD_PROP_MODEL_INSTANCE_ID,
      g_param_spec_string ("model-instance-id", "Model instance id",
          "Elements with one id share the network's weights, its threads and "
          "its batches; none = shared with nobody",
          NULL, READY));
  g_object_class_install_property (klass, SOD_PROP_BATCH_SIZE,
      g_param_spec_uint ("batch-size", "Batch size",
          "The most frames of different streams that run as one batch, 0 = 1 "
          "alone, 4 with a model-instance-id",
          0, MAX_BATCH, 0, READY));
}

static void
install_stream_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_PROP_OUTPUT,
      g_param_spec_enum ("output", "Output", "What is sent for each frame",
          SOD_TYPE_OUTPUT, SOD_OUTPUT_FRAME, READY));
  g_object_class_install_property (klass, SOD_PROP_INFERENCE_INTERVAL,
      g_param_spec_uint ("inference-interval", "Inference interval",
          "Every Nth frame gets its own map (1 = every frame); those between "
          "get the last one with its age",
          1, G_MAXUINT, 1, PLAYING));
  g_object_class_install_property (klass, SOD_PROP_OVERLOAD,
      g_param_spec_enum ("overload", "Overload",
          "What to do with a late frame, one that the clock has passed by more "
          "than upstream's latency, this element's and one frame; once a "
          "second even a late frame gets its own map",
          SOD_TYPE_OVERLOAD, SOD_OVERLOAD_AUTO, PLAYING));
  g_object_class_install_property (klass, SOD_PROP_SOURCE_ID,
      g_param_spec_string ("source-id", "Source id",
          "Name of the stream in metas and records; none = the element's name",
          NULL, PLAYING));
}

static void
install_region_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_PROP_THRESHOLD,
      sod_number_spec ("threshold", "Threshold",
          "Saliency at or over which a pixel belongs to a region, 0 to 1, or "
          "-1 = the model's own; the map is never cut",
          0.0, 1.0, -1.0, PLAYING | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (klass, SOD_PROP_MIN_AREA,
      sod_number_spec ("min-area", "Minimum area",
          "Least size of a region, as a share of the frame", 0.0, 1.0, 0.001,
          PLAYING | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (klass, SOD_PROP_ROI,
      g_param_spec_string ("roi", "Region of interest",
          "Only what lies in these polygons becomes a region: \"x,y x,y x,y; "
          "x,y ...\" in fractions of the frame; none = everywhere",
          NULL, PLAYING));
  g_object_class_install_property (klass, SOD_PROP_IGNORE,
      g_param_spec_string ("ignore", "Ignore",
          "What lies in these polygons becomes no region; written as in roi",
          NULL, PLAYING));
}

void
sod_settings_install_properties (GObjectClass *klass)
{
  install_model_properties (klass);
  install_stream_properties (klass);
  install_region_properties (klass);
}

gboolean
sod_settings_check (
    const SodSettings *self, GstElement *element, GError **error)
{
  return sod_number_check (element, "threshold", self->threshold, error)
         && sod_number_check (element, "min-area", self->min_area, error);
}

static const SodField fields[] = {
  SOD_FIELD (SOD_PROP_MODEL_FILE, SodSettings, model_file),
  SOD_FIELD (SOD_PROP_MODEL_RELOAD, SodSettings, model_reload),
  SOD_FIELD (SOD_PROP_DEVICE, SodSettings, device),
  SOD_FIELD (SOD_PROP_ON_DEVICE_ERROR, SodSettings, on_device_error),
  SOD_FIELD (SOD_PROP_WORKSPACE_LIMIT, SodSettings, workspace_limit),
  SOD_FIELD (SOD_PROP_PRECISION, SodSettings, precision),
  SOD_FIELD (SOD_PROP_THREADS, SodSettings, threads),
  SOD_FIELD (SOD_PROP_CPU_AFFINITY, SodSettings, cpu_affinity),
  SOD_FIELD (SOD_PROP_MODEL_INSTANCE_ID, SodSettings, model_instance_id),
  SOD_FIELD (SOD_PROP_BATCH_SIZE, SodSettings, batch_size),
  SOD_FIELD (SOD_PROP_OUTPUT, SodSettings, output),
  SOD_FIELD (SOD_PROP_INFERENCE_INTERVAL, SodSettings, inference_interval),
  SOD_FIELD (SOD_PROP_OVERLOAD, SodSettings, overload),
  SOD_FIELD (SOD_PROP_THRESHOLD, SodSettings, threshold),
  SOD_FIELD (SOD_PROP_MIN_AREA, SodSettings, min_area),
  SOD_FIELD (SOD_PROP_ROI, SodSettings, roi),
  SOD_FIELD (SOD_PROP_IGNORE, SodSettings, ignore),
  SOD_FIELD (SOD_PROP_SOURCE_ID, SodSettings, source_id),
};

gboolean
sod_settings_set (SodSettings *self, guint id, const GValue *value)
{
  return sod_fields_set (fields, G_N_ELEMENTS (fields), self, id, value);
}

gboolean
sod_settings_get (const SodSettings *self, guint id, GValue *value)
{
  return sod_fields_get (fields, G_N_ELEMENTS (fields), self, id, value);
}
