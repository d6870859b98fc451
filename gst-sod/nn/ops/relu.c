/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rectified linear unit: y = max (0, x). */
#include <gst-sod/nn/ops-private.h>

const GstSodOp gst_sod_op_relu = {
  .kind = GST_SOD_OP_RELU,
  .name = "relu",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = gst_sod_op_no_params,
  .infer = gst_sod_op_same_shape,
  .flops = gst_sod_op_flops_per_output,
};
