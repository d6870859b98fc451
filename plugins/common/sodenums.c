/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values' names are what gst-inspect-1.0 tells users about them. */
#include "sodenums.h"

GType
sod_output_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_OUTPUT_FRAME, "The frame untouched, with map and regions as metas",
        "frame" },
    { SOD_OUTPUT_MAP, "The map as GRAY8 video of the frame's or another size",
        "map" },
    { SOD_OUTPUT_CUTOUT, "The frame as RGBA with the map as its alpha",
        "cutout" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodOutput", values));
  return type;
}

GType
sod_overload_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_OVERLOAD_AUTO, "block when not live, reuse-last when live", "auto" },
    { SOD_OVERLOAD_BLOCK, "Every frame gets its own map, however late",
        "block" },
    { SOD_OVERLOAD_REUSE_LAST, "A late frame gets the last map with its age",
        "reuse-last" },
    { SOD_OVERLOAD_SKIP, "A late frame goes on without a map", "skip" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodOverload", values));
  return type;
}

GType
sod_on_device_error_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_ON_DEVICE_ERROR_ERROR, "Stop with an error", "error" },
    { SOD_ON_DEVICE_ERROR_FALLBACK, "Go on with the CPU, with a warning",
        "fallback" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("SodOnDeviceError", values));
  return type;
}

GType
sod_resize_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_RESIZE_NONE, "A map of another size than its truth is an error",
        "none" },
    { SOD_RESIZE_PREDICTION, "The map is scaled to the size of its truth",
        "prediction" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodResize", values));
  return type;
}

GType
sod_split_method_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_SPLIT_METHOD_NONE, "No split: everything", "none" },
    { SOD_SPLIT_METHOD_SEQUENCES,
        "A fraction of the sequences, drawn by the seed", "sequences" },
    { SOD_SPLIT_METHOD_PREFIX, "The first fraction of each sequence",
        "prefix" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("SodSplitMethod", values));
  return type;
}

GType
sod_split_part_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_SPLIT_PART_TRAIN, "The fraction that was drawn", "train" },
    { SOD_SPLIT_PART_TEST, "The rest", "test" },
    { SOD_SPLIT_PART_ALL, "Both, the rest without its labels", "all" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodSplitPart", values));
  return type;
}

GType
sod_on_missing_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_ON_MISSING_WAIT,
        "Only maps of all pads are combined; a time that a pad skips is left "
        "out",
        "wait" },
    { SOD_ON_MISSING_SKIP, "The maps that are there are combined", "skip" },
    { SOD_ON_MISSING_HOLD, "The pad's last map stands in", "hold" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodOnMissing", values));
  return type;
}

GType
sod_ensemble_output_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_ENSEMBLE_OUTPUT_MAP, "The combined map", "map" },
    { SOD_ENSEMBLE_OUTPUT_DISAGREEMENT,
        "How far the maps disagree, pixel by pixel", "disagreement" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("SodEnsembleOutput", values));
  return type;
}

GType
sod_trigger_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_TRIGGER_EOS, "At the end of all streams", "eos" },
    { SOD_TRIGGER_FRAMES, "After each trigger-frames new frames", "frames" },
    { SOD_TRIGGER_INTERVAL, "Every trigger-interval", "interval" },
    { SOD_TRIGGER_ACTION, "Only with the signal train", "action" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SodTrigger", values));
  return type;
}

GType
sod_reverse_output_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { SOD_REVERSE_OUTPUT_AUTO, "image for GRAY8 frames, frame for all others",
        "auto" },
    { SOD_REVERSE_OUTPUT_IMAGE, "The image that the map stands for, as RGB",
        "image" },
    { SOD_REVERSE_OUTPUT_FRAME,
        "The frame untouched, with the reconstruction error of its map as a "
        "meta",
        "frame" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("SodReverseOutput", values));
  return type;
}
