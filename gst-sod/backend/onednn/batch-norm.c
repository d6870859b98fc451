/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

/* Ioffe and Szegedy, "Batch Normalization" (2015): per channel,
 * y = weight * (x - mean) / sqrt (var + epsilon) + bias. */
#define MOMENTUM 0.1f

enum
{
  WEIGHT,
  BIAS,
  RUNNING_MEAN,
  RUNNING_VAR
};

typedef struct
{
  unsigned flags;
  DnnlConstDesc data, statistic;
  dnnl_primitive_desc_t forward;
  const gfloat *mean, *var; /* (c) that were used */
} Norm;

static gboolean
norm_init (Norm *self, GstSodOnednnOp *op)
{
  const GstSodOpCall *call = op->call;

  *self = (Norm){
    .flags = dnnl_use_scale | dnnl_use_shift,
    .data = gst_sod_onednn_op_dense (op, call->output),
    .statistic = gst_sod_onednn_op_dense (op, call->params[RUNNING_MEAN]),
    .mean = gst_sod_tensor_peek_data (call->params[RUNNING_MEAN]),
    .var = gst_sod_tensor_peek_data (call->params[RUNNING_VAR]),
  };
  if (call->mode == GST_SOD_MODE_INFER)
    self->flags |= dnnl_use_global_stats;
  GST_SOD_ONEDNN_OP (op, compat_batch_norm_forward (&self->forward, op->engine,
                             dnnl_forward_training, self->data,
                             (float) call->attrs->epsilon, self->flags, NULL));
  gst_sod_onednn_op_take (op, self->forward);
  return op->error == NULL;
}

/* Normalises into @output, NULL for nowhere; the statistics are those of the
 * batch afterwards where training. */
static void
normalise (GstSodOnednnOp *op, Norm *norm, GstSodTensor *output)
{
  const GstSodOpCall *call = op->call;
  GstSodOnednnArgs args = { 0 };

  gst_sod_onednn_op_in (op, &args, DNNL_ARG_SRC, call->inputs[0], norm->data);
  gst_sod_onednn_op_in (
      op, &args, DNNL_ARG_SCALE, call->params[WEIGHT], norm->statistic);
  gst_sod_onednn_op_in (
      op, &args, DNNL_ARG_SHIFT, call->params[BIAS], norm->statistic);
  if (call->mode == GST_SOD_MODE_TRAIN) {
    norm->mean =
        gst_sod_onednn_op_own (op, &args, DNNL_ARG_MEAN, norm->statistic);
    norm->var =
        gst_sod_onednn_op_own (op, &args, DNNL_ARG_VARIANCE, norm->statistic);
  } else {
    gst_sod_onednn_op_raw (
        op, &args, DNNL_ARG_MEAN, norm->statistic, norm->mean);
    gst_sod_onednn_op_raw (
        op, &args, DNNL_ARG_VARIANCE, norm->statistic, norm->var);
  }
  gst_sod_onednn_op_out (op, &args, DNNL_ARG_DST, output, norm->data);
  gst_sod_onednn_op_run (op, norm->forward, &args);
}

/* The running variance is of the population, so unbiased: one value less. */
static void
update_running (const GstSodOpCall *call, const Norm *norm)
{
  gfloat *running_mean = gst_sod_tensor_get_data (call->params[RUNNING_MEAN]);
  gfloat *running_var = gst_sod_tensor_get_data (call->params[RUNNING_VAR]);
  gint64 channels = gst_sod_tensor_get_dim (call->output, 1);
  gdouble count = (gdouble) gst_sod_tensor_get_n_elements (call->output)
                  / (gdouble) channels;
  gfloat unbias = (gfloat) (count / MAX (count - 1, 1));

  for (gint64 c = 0; c < channels; c++) {
    running_mean[c] += MOMENTUM * (norm->mean[c] - running_mean[c]);
    running_var[c] += MOMENTUM * (norm->var[c] * unbias - running_var[c]);
  }
}

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  Norm norm;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (norm_init (&norm, &op)) {
    normalise (&op, &norm, call->output);
    if (op.error == NULL && call->mode == GST_SOD_MODE_TRAIN)
      update_running (call, &norm);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

static void
differentiate (GstSodOnednnOp *op, const Norm *norm, dnnl_primitive_desc_t pd)
{
  const GstSodOpCall *call = op->call;
  GstSodOnednnArgs args = { 0 };

  gst_sod_onednn_op_in (op, &args, DNNL_ARG_SRC, call->inputs[0], norm->data);
  gst_sod_onednn_op_in (
      op, &args, DNNL_ARG_DIFF_DST, call->d_output, norm->data);
  gst_sod_onednn_op_in (
      op, &args, DNNL_ARG_SCALE, call->params[WEIGHT], norm->statistic);
  if (COMPAT_BATCH_NORM_BACKWARD_TAKES_SHIFT)
    gst_sod_onednn_op_in (
        op, &args, DNNL_ARG_SHIFT, call->params[BIAS], norm->statistic);
  gst_sod_onednn_op_raw (op, &args, DNNL_ARG_MEAN, norm->statistic, norm->mean);
  gst_sod_onednn_op_raw (
      op, &args, DNNL_ARG_VARIANCE, norm->statistic, norm->var);
  gst_sod_onednn_op_out (
      op, &args, DNNL_ARG_DIFF_SRC, call->d_inputs[0], norm->data);
  gst_sod_onednn_op_out (
      op, &args, DNNL_ARG_DIFF_SCALE, call->d_params[WEIGHT], norm->statistic);
  gst_sod_onednn_op_out (
      op, &args, DNNL_ARG_DIFF_SHIFT, call->d_params[BIAS], norm->statistic);
  gst_sod_onednn_op_run (op, pd, &args);
}

/* Batch statistics are found again: a call carries nothing from forward to
 * backward but the output. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  GstSodOnednnOp op;
  Norm norm;
  dnnl_primitive_desc_t pd = NULL;

  if (!gst_sod_onednn_op_init (&op, call, error))
    return FALSE;
  if (norm_init (&norm, &op)
      && GST_SOD_ONEDNN_OP (
          &op, compat_batch_norm_backward (&pd, op.engine, norm.data,
                   (float) call->attrs->epsilon, norm.flags, norm.forward))) {
    gst_sod_onednn_op_take (&op, pd);
    if (call->mode == GST_SOD_MODE_TRAIN)
      normalise (&op, &norm, NULL);
    differentiate (&op, &norm, pd);
  }
  return gst_sod_onednn_op_finish (&op, error);
}

const GstSodOpKernel gst_sod_onednn_batch_norm = { forward, backward };
