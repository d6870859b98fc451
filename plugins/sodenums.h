/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * SodOutput:
 * @SOD_OUTPUT_FRAME: the frame, untouched, with the map and regions as metas
 * @SOD_OUTPUT_MAP: the map as gray video
 * @SOD_OUTPUT_CUTOUT: the frame as RGBA, with the map as its alpha
 *
 * What sodbase sends.
 */
typedef enum
{
  SOD_OUTPUT_FRAME,
  SOD_OUTPUT_MAP,
  SOD_OUTPUT_CUTOUT
} SodOutput;

/**
 * SodOverload:
 * @SOD_OVERLOAD_AUTO: block when not live, reuse-last when live
 * @SOD_OVERLOAD_BLOCK: every frame gets its own map, however late
 * @SOD_OVERLOAD_REUSE_LAST: a late frame gets the map before, with its age
 * @SOD_OVERLOAD_SKIP: a late frame goes on without a map
 *
 * What to do with a frame that comes late.
 */
typedef enum
{
  SOD_OVERLOAD_AUTO,
  SOD_OVERLOAD_BLOCK,
  SOD_OVERLOAD_REUSE_LAST,
  SOD_OVERLOAD_SKIP
} SodOverload;

/**
 * SodOnDeviceError:
 * @SOD_ON_DEVICE_ERROR_ERROR: stop with an error
 * @SOD_ON_DEVICE_ERROR_FALLBACK: go on with the CPU, with a warning
 *
 * What to do when the device is missing or fails.
 */
typedef enum
{
  SOD_ON_DEVICE_ERROR_ERROR,
  SOD_ON_DEVICE_ERROR_FALLBACK
} SodOnDeviceError;

/**
 * SodResize:
 * @SOD_RESIZE_NONE: maps of another size than their truth are an error
 * @SOD_RESIZE_PREDICTION: the map is scaled to the size of its truth
 *
 * What sodeval does with a map of another size.
 */
typedef enum
{
  SOD_RESIZE_NONE,
  SOD_RESIZE_PREDICTION
} SodResize;

G_END_DECLS
