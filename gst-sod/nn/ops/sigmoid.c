/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logistic function: y = 1 / (1 + exp (-x)), logits to a saliency map. */
#include <gst-sod/nn/ops-private.h>

const GstSodOp gst_sod_op_sigmoid = {
  .kind = GST_SOD_OP_SIGMOID,
  .name = "sigmoid",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = gst_sod_op_no_params,
  .infer = gst_sod_op_same_shape,
  .flops = gst_sod_op_flops_per_output,
};
