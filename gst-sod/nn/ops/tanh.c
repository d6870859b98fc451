/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hyperbolic tangent: the reverse network's colours in -1..1. */
#include <gst-sod/nn/ops-private.h>

const GstSodOp gst_sod_op_tanh = {
  .kind = GST_SOD_OP_TANH,
  .name = "tanh",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = gst_sod_op_no_params,
  .infer = gst_sod_op_same_shape,
  .flops = gst_sod_op_flops_per_output,
};
