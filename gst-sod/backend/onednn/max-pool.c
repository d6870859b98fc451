/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/op-private.h>

/* Maximum of each window; its gradient goes to where it was found. */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_pool_forward (call, dnnl_pooling_max, error);
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  return gst_sod_onednn_pool_backward (call, dnnl_pooling_max, error);
}

const GstSodOpKernel gst_sod_onednn_max_pool = { forward, backward };
