/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/op-private.h>

G_BEGIN_DECLS

/* What nn/ops/NAME.c defines, and what they share. */
extern const GstSodOp gst_sod_op_conv2d;
extern const GstSodOp gst_sod_op_batch_norm;
extern const GstSodOp gst_sod_op_relu;
extern const GstSodOp gst_sod_op_sigmoid;
extern const GstSodOp gst_sod_op_tanh;
extern const GstSodOp gst_sod_op_max_pool;
extern const GstSodOp gst_sod_op_avg_pool;
extern const GstSodOp gst_sod_op_upsample;
extern const GstSodOp gst_sod_op_concat;
extern const GstSodOp gst_sod_op_add;

/* `infer` of ops whose output has the shape of their first input. */
gboolean gst_sod_op_same_shape (const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, GstSodShape *output,
    GError **error);

/* `params` of ops without weights. */
guint gst_sod_op_no_params (const GstSodOpAttrs *attrs, GstSodOpParam *params);

/* `flops` of ops that do one operation an output element. */
guint64 gst_sod_op_flops_per_output (const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, const GstSodShape *output);

/* `infer` of square pools without padding. */
gboolean gst_sod_op_infer_pool (const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, GstSodShape *output,
    GError **error);

/* `flops` of pools. */
guint64 gst_sod_op_flops_pool (const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, const GstSodShape *output);

/* Product of the sizes, of a shape that has been checked. */
gint64 gst_sod_shape_volume (const GstSodShape *shape);

G_END_DECLS
