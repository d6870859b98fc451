/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * GST_SOD_API:
 *
 * Marks a function that the library exports.
 *
 * Since: 0.1
 */
#define GST_SOD_API extern __attribute__ ((visibility ("default")))

/**
 * GST_SOD_ERROR:
 *
 * The one error domain of the library.
 *
 * Since: 0.1
 */
#define GST_SOD_ERROR (gst_sod_error_quark ())

/**
 * GstSodError:
 * @GST_SOD_ERROR_FAILED: anything that no other code describes
 * @GST_SOD_ERROR_NOT_FOUND: a file or a library that is not there
 * @GST_SOD_ERROR_IO: a file that cannot be opened, read or written
 * @GST_SOD_ERROR_FORMAT: a file whose content is malformed
 * @GST_SOD_ERROR_MISMATCH: well-formed data that is not what was asked for:
 *   a model of another kind, a tensor of another shape
 * @GST_SOD_ERROR_UNSUPPORTED: something that this build, machine or back end
 *   cannot do
 * @GST_SOD_ERROR_NO_MEMORY: memory that could not be had
 * @GST_SOD_ERROR_DEVICE: a device that is missing or failed
 * @GST_SOD_ERROR_BACKEND: a call into a vendor's library that failed
 * @GST_SOD_ERROR_INVALID_ARGUMENT: a value outside its documented range
 * @GST_SOD_ERROR_CANCELLED: the caller cancelled the work
 * @GST_SOD_ERROR_NO_SPACE: a disk or a quota that is full
 * @GST_SOD_ERROR_BUSY: something that another program holds
 * @GST_SOD_ERROR_DIVERGED: a training whose loss or gradient is not finite any
 *   more
 *
 * Errors of the library. Each message names the object, what was expected,
 * what was found and the way out.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_ERROR_FAILED,
  GST_SOD_ERROR_NOT_FOUND,
  GST_SOD_ERROR_IO,
  GST_SOD_ERROR_FORMAT,
  GST_SOD_ERROR_MISMATCH,
  GST_SOD_ERROR_UNSUPPORTED,
  GST_SOD_ERROR_NO_MEMORY,
  GST_SOD_ERROR_DEVICE,
  GST_SOD_ERROR_BACKEND,
  GST_SOD_ERROR_INVALID_ARGUMENT,
  GST_SOD_ERROR_CANCELLED,
  GST_SOD_ERROR_NO_SPACE,
  GST_SOD_ERROR_BUSY,
  GST_SOD_ERROR_DIVERGED
} GstSodError;

GST_SOD_API
GQuark gst_sod_error_quark (void);

G_END_DECLS
