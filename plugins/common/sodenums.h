/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What sodbase sends. */
typedef enum
{
  SOD_OUTPUT_FRAME,
  SOD_OUTPUT_MAP,
  SOD_OUTPUT_CUTOUT
} SodOutput;

/* What to do with a frame that comes late. */
typedef enum
{
  SOD_OVERLOAD_AUTO,
  SOD_OVERLOAD_BLOCK,
  SOD_OVERLOAD_REUSE_LAST,
  SOD_OVERLOAD_SKIP
} SodOverload;

/* What to do when the device is missing or fails. */
typedef enum
{
  SOD_ON_DEVICE_ERROR_ERROR,
  SOD_ON_DEVICE_ERROR_FALLBACK
} SodOnDeviceError;

/* What sodeval does with a map of another size than its truth. */
typedef enum
{
  SOD_RESIZE_NONE,
  SOD_RESIZE_PREDICTION
} SodResize;

/* How soddatasetsrc draws the labelled fraction. */
typedef enum
{
  SOD_SPLIT_METHOD_NONE,
  SOD_SPLIT_METHOD_SEQUENCES,
  SOD_SPLIT_METHOD_PREFIX
} SodSplitMethod;

/* What of the split it plays. */
typedef enum
{
  SOD_SPLIT_PART_TRAIN,
  SOD_SPLIT_PART_TEST,
  SOD_SPLIT_PART_ALL
} SodSplitPart;

/* What sodensemble does where a pad has no map of a time. */
typedef enum
{
  SOD_ON_MISSING_WAIT,
  SOD_ON_MISSING_SKIP,
  SOD_ON_MISSING_HOLD
} SodOnMissing;

/* What sodensemble sends. */
typedef enum
{
  SOD_ENSEMBLE_OUTPUT_MAP,
  SOD_ENSEMBLE_OUTPUT_DISAGREEMENT
} SodEnsembleOutput;

/* When sodtrainer begins to train. */
typedef enum
{
  SOD_TRIGGER_EOS,
  SOD_TRIGGER_FRAMES,
  SOD_TRIGGER_INTERVAL,
  SOD_TRIGGER_ACTION
} SodTrigger;

/* What sodreverse sends. */
typedef enum
{
  SOD_REVERSE_OUTPUT_AUTO,
  SOD_REVERSE_OUTPUT_IMAGE,
  SOD_REVERSE_OUTPUT_FRAME
} SodReverseOutput;

#define SOD_TYPE_OUTPUT (sod_output_get_type ())
#define SOD_TYPE_OVERLOAD (sod_overload_get_type ())
#define SOD_TYPE_ON_DEVICE_ERROR (sod_on_device_error_get_type ())
#define SOD_TYPE_RESIZE (sod_resize_get_type ())
#define SOD_TYPE_SPLIT_METHOD (sod_split_method_get_type ())
#define SOD_TYPE_SPLIT_PART (sod_split_part_get_type ())
#define SOD_TYPE_TRIGGER (sod_trigger_get_type ())
#define SOD_TYPE_ON_MISSING (sod_on_missing_get_type ())
#define SOD_TYPE_ENSEMBLE_OUTPUT (sod_ensemble_output_get_type ())
#define SOD_TYPE_REVERSE_OUTPUT (sod_reverse_output_get_type ())

GType sod_output_get_type (void);
GType sod_overload_get_type (void);
GType sod_on_device_error_get_type (void);
GType sod_resize_get_type (void);
GType sod_split_method_get_type (void);
GType sod_split_part_get_type (void);
GType sod_trigger_get_type (void);
GType sod_on_missing_get_type (void);
GType sod_ensemble_output_get_type (void);
GType sod_reverse_output_get_type (void);

G_END_DECLS
