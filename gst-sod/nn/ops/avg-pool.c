/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mean over kernel x kernel windows, no padding: halves the reverse
 * network's dense blocks. */
#include <gst-sod/nn/ops-private.h>

const GstSodOp gst_sod_op_avg_pool = {
  .kind = GST_SOD_OP_AVG_POOL,
  .name = "avg_pool",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = gst_sod_op_no_params,
  .infer = gst_sod_op_infer_pool,
  .flops = gst_sod_op_flops_pool,
};
