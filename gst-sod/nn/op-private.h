/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/shape-private.h>

G_BEGIN_DECLS

/* The operators that networks are made of. Each is described once, in
 * nn/ops/NAME.c; each back end implements it in backend/BACKEND/NAME.c.
 * docs/adding-an-op.md says how to add one. */
typedef enum
{
  GST_SOD_OP_CONV2D,
  GST_SOD_OP_BATCH_NORM,
  GST_SOD_OP_RELU,
  GST_SOD_OP_SIGMOID,
  GST_SOD_OP_TANH,
  GST_SOD_OP_MAX_POOL,
  GST_SOD_OP_AVG_POOL,
  GST_SOD_OP_UPSAMPLE,
  GST_SOD_OP_CONCAT,
  GST_SOD_OP_ADD,
  GST_SOD_N_OPS
} GstSodOpKind;

#define GST_SOD_MAX_PARAMS 4
#define GST_SOD_MAX_INPUTS 32 /* a dense block's last layer reads them all */

/* What an op needs to know besides its inputs. Zero where it does not apply. */
typedef struct
{
  gint channels;   /* conv2d: output channels */
  gint kernel;     /* conv2d, pools: square side, pixels */
  gint stride;     /* conv2d, pools */
  gint dilation;   /* conv2d */
  gint padding;    /* conv2d: zeros on each side */
  gboolean bias;   /* conv2d */
  gint scale;      /* upsample: integer factor */
  gdouble epsilon; /* batch_norm */

  /* Set by run/ passes for inference only; 0 in an architecture's graph. */
  gboolean relu; /* conv2d, upsample: max (0, .) on the result */
  gboolean sum;  /* upsample: + inputs[1], of the result's shape */
} GstSodOpAttrs;

/* A weight or a running statistic of an op: its tensor is called
 * "<node name>.<suffix>". */
typedef struct
{
  const gchar *suffix; /* "weight", "bias", "running_mean", "running_var" */
  gboolean trainable;
} GstSodOpParam;

typedef struct
{
  GstSodOpKind kind;
  const gchar *name; /* "conv2d" */
  guint min_inputs, max_inputs;

  /* The params that @attrs asks for; returns how many, at most
   * GST_SOD_MAX_PARAMS. Their order is that of the kernels' params[]. */
  guint (*params) (const GstSodOpAttrs *attrs, GstSodOpParam *params);

  /* Shape of param @index. */
  GstSodShape (*param_shape) (
      const GstSodOpAttrs *attrs, const GstSodShape *inputs, guint index);

  /* The one place that knows what shape comes out; GST_SOD_ERROR_MISMATCH
   * where the inputs do not fit. */
  gboolean (*infer) (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
      guint n_inputs, GstSodShape *output, GError **error);

  /* Floating-point operations of one forward pass; a multiply-add is two. */
  guint64 (*flops) (const GstSodOpAttrs *attrs, const GstSodShape *inputs,
      guint n_inputs, const GstSodShape *output);
} GstSodOp;

/* Never NULL for a kind of the enum. */
const GstSodOp *gst_sod_op_get (GstSodOpKind kind);

/* The op's `infer`, after what holds for all: the number of inputs and that
 * each is (n, c, h, w) with sizes over 0. */
gboolean gst_sod_op_infer (GstSodOpKind kind, const GstSodOpAttrs *attrs,
    const GstSodShape *inputs, guint n_inputs, GstSodShape *output,
    GError **error);

G_END_DECLS
