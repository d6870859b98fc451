/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>

G_BEGIN_DECLS

/**
 * GstSodDType:
 * @GST_SOD_DTYPE_F32: IEEE 754 binary32
 * @GST_SOD_DTYPE_F64: IEEE 754 binary64
 * @GST_SOD_DTYPE_F16: IEEE 754 binary16
 * @GST_SOD_DTYPE_BF16: the upper half of a binary32
 * @GST_SOD_DTYPE_U8: unsigned 8-bit integer
 * @GST_SOD_DTYPE_S8: signed 8-bit integer
 * @GST_SOD_DTYPE_S32: signed 32-bit integer
 *
 * Type of a tensor's elements.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_DTYPE_F32,
  GST_SOD_DTYPE_F64,
  GST_SOD_DTYPE_F16,
  GST_SOD_DTYPE_BF16,
  GST_SOD_DTYPE_U8,
  GST_SOD_DTYPE_S8,
  GST_SOD_DTYPE_S32
} GstSodDType;

/**
 * GstSodPrecision:
 * @GST_SOD_PRECISION_AUTO: the fastest that the device has and that keeps
 *   the model's scores
 * @GST_SOD_PRECISION_F32: 32-bit floating point
 * @GST_SOD_PRECISION_BF16: bfloat16 with 32-bit accumulation
 * @GST_SOD_PRECISION_F16: 16-bit floating point with 32-bit accumulation
 * @GST_SOD_PRECISION_INT8: 8-bit integers with 32-bit accumulation
 * @GST_SOD_PRECISION_TF32: 32-bit floating point whose products are of 10-bit
 *   mantissas, on a GPU
 *
 * Arithmetic that a network runs in.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_PRECISION_AUTO,
  GST_SOD_PRECISION_F32,
  GST_SOD_PRECISION_BF16,
  GST_SOD_PRECISION_F16,
  GST_SOD_PRECISION_INT8,
  GST_SOD_PRECISION_TF32
} GstSodPrecision;

/**
 * GstSodSecondInput:
 * @GST_SOD_SECOND_INPUT_FRAME: the frame before, as it is
 * @GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE: the frame before, moved so that
 *   what does not move by itself lies as in the frame, minus the frame; 0 where
 *   it does not show what the frame does
 *
 * What a network of two frames is given beside the frame.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_SECOND_INPUT_FRAME,
  GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE
} GstSodSecondInput;

G_END_DECLS
