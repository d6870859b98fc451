/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* The reference back end: the slow and clear statement of what every op and
 * plan computes, which the others are held against.
 *
 * Every op is written once, in f64. gst_sod_ref_forward() and _backward() call
 * it straight for f64 tensors and through rounded copies for f32 ones, so that
 * its f32 results carry one rounding. Plans keep their values in f64. */

typedef gboolean (*GstSodRefFunc) (const GstSodOpCall *call, GError **error);

/* Call @func, which reads and writes f64 tensors, on tensors of f64 or f32. */
gboolean gst_sod_ref_forward (
    const GstSodOpCall *call, GstSodRefFunc func, GError **error);
gboolean gst_sod_ref_backward (
    const GstSodOpCall *call, GstSodRefFunc func, GError **error);

/* Defines the kernel gst_sod_ref_@name of an op's file from its static
 * functions forward() and backward(). */
#define GST_SOD_REF_DEFINE_KERNEL(name)                                        \
  static gboolean name##_forward (const GstSodOpCall *call, GError **error)    \
  {                                                                            \
    return gst_sod_ref_forward (call, forward, error);                         \
  }                                                                            \
  static gboolean name##_backward (const GstSodOpCall *call, GError **error)   \
  {                                                                            \
    return gst_sod_ref_backward (call, backward, error);                       \
  }                                                                            \
  const GstSodOpKernel gst_sod_ref_##name = { name##_forward, name##_backward };

extern const GstSodOpKernel gst_sod_ref_conv2d;
extern const GstSodOpKernel gst_sod_ref_batch_norm;
extern const GstSodOpKernel gst_sod_ref_relu;
extern const GstSodOpKernel gst_sod_ref_sigmoid;
extern const GstSodOpKernel gst_sod_ref_tanh;
extern const GstSodOpKernel gst_sod_ref_max_pool;
extern const GstSodOpKernel gst_sod_ref_avg_pool;
extern const GstSodOpKernel gst_sod_ref_upsample;
extern const GstSodOpKernel gst_sod_ref_concat;
extern const GstSodOpKernel gst_sod_ref_add;

/* FALSE and GST_SOD_ERROR_UNSUPPORTED where attributes that only inference
 * sets would have to be differentiated. */
gboolean gst_sod_ref_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error);

/* Zeroes a gradient that is summed up and returns its elements; NULL where
 * none is wanted. */
gdouble *gst_sod_ref_clear (GstSodTensor *gradient);

static inline const gdouble *
gst_sod_ref_read (const GstSodTensor *tensor)
{
  return gst_sod_tensor_peek_data (tensor);
}

static inline gdouble *
gst_sod_ref_write (GstSodTensor *tensor)
{
  return gst_sod_tensor_get_data (tensor);
}

G_END_DECLS
