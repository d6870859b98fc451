/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

/* Mean of each window; its gradient is shared out evenly. */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_pool_forward (
      call, dnnl_pooling_avg_exclude_padding, error);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_pool_backward (
      call, dnnl_pooling_avg_exclude_padding, error);
}

const GstSodOpKernel gst_sod_onednn_avg_pool = { forward, backward };
