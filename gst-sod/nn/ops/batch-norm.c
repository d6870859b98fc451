/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batch normalisation over (n, h, w) of each channel (Ioffe and Szegedy 2015):
 * y = weight * (x - mean) / sqrt (var + epsilon) + bias, with the running
 * statistics in inference and the batch's in training. */
#include <gst-sod/nn/ops-private.h>

static guint
list_params (const GstSodOpAttrs *attrs, GstSodOpParam *params)
{
  params[0] = (GstSodOpParam){ "weight", TRUE };
  params[1] = (GstSodOpParam){ "bias", TRUE };
  params[2] = (GstSodOpParam){ "running_mean", FALSE };
  params[3] = (GstSodOpParam){ "running_var", FALSE };
  return 4;
}

static GstSodShape
param_shape (const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint index)
{
  return gst_sod_shape_1d (inputs[0].dims[1]);
}

static guint64
count_flops (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
    guint n_inputs, const GstSodShape *output)
{
  /* One multiply-add: the statistics make one scale and one shift. */
  return 2 * (guint64) gst_sod_shape_volume (output);
}

const GstSodOp gst_sod_op_batch_norm = {
  .kind = GST_SOD_OP_BATCH_NORM,
  .name = "batch_norm",
  .min_inputs = 1,
  .max_inputs = 1,
  .params = list_params,
  .param_shape = param_shape,
  .infer = gst_sod_op_same_shape,
  .flops = count_flops,
};
