/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

/* y = 1 / (1 + exp (-x)) */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_eltwise_forward (call, dnnl_eltwise_logistic, error);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_eltwise_backward (
      call, dnnl_eltwise_logistic_use_dst_for_bwd, error);
}

const GstSodOpKernel gst_sod_onednn_sigmoid = { forward, backward };
