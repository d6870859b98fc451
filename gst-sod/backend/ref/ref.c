/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/plan-private.h>

static const GstSodOpKernel *const kernels[GST_SOD_N_OPS] = {
  [GST_SOD_OP_CONV2D] = &gst_sod_ref_conv2d,
  [GST_SOD_OP_BATCH_NORM] = &gst_sod_ref_batch_norm,
  [GST_SOD_OP_RELU] = &gst_sod_ref_relu,
  [GST_SOD_OP_SIGMOID] = &gst_sod_ref_sigmoid,
  [GST_SOD_OP_TANH] = &gst_sod_ref_tanh,
  [GST_SOD_OP_MAX_POOL] = &gst_sod_ref_max_pool,
  [GST_SOD_OP_AVG_POOL] = &gst_sod_ref_avg_pool,
  [GST_SOD_OP_UPSAMPLE] = &gst_sod_ref_upsample,
  [GST_SOD_OP_CONCAT] = &gst_sod_ref_concat,
  [GST_SOD_OP_ADD] = &gst_sod_ref_add,
};

static GstSodPrecision
best_precision (GstSodBackend *self)
{
  return GST_SOD_PRECISION_F32;
}

static gboolean
check_precision (GstSodBackend *self, GstSodPrecision precision, GError **error)
{
  if (precision == GST_SOD_PRECISION_F32 || precision == GST_SOD_PRECISION_AUTO)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"ref\" has no precision %s; use precision=f32 or "
      "precision=auto",
      gst_sod_precision_name (precision));
  return FALSE;
}

static const GstSodOpKernel *
get_op (GstSodBackend *self, GstSodOpKind kind)
{
  return kernels[kind];
}

static const GstSodBackendClass ref_class = {
  .name = "ref",
  .device = "cpu",
  .best_precision = best_precision,
  .check_precision = check_precision,
  .op = get_op,
  .compile = gst_sod_ref_compile,
};

GstSodBackend *
gst_sod_ref_backend (void)
{
  static GstSodBackend backend = { &ref_class };

  return &backend;
}
