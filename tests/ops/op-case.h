/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

/* One op with its attributes and shapes: what is run on every back end. */
typedef struct
{
  GstSodOpKind kind;
  GstSodOpAttrs attrs;
  GstSodMode mode;
  guint n_inputs;
  GstSodShape inputs[4];
  GstSodShape output;
  gchar *name; /* "conv2d/2x3x9x11-to-16-kernel-3-stride-2" */
} OpCase;

/* All cases; (transfer full), elements are OpCase. */
GPtrArray *op_case_list (void);

/* FALSE where the attributes are for inference only. */
gboolean op_case_has_backward (const OpCase *self);

/* What goes into a case, f64: every value is one that bf16 and f16 hold too, so
 * all types start from the same numbers. */
typedef struct
{
  const OpCase *op_case;
  GstSodTensor *inputs[4];
  GstSodTensor *params[GST_SOD_MAX_PARAMS];
  GstSodOpParam param_infos[GST_SOD_MAX_PARAMS];
  guint n_params;
  GstSodTensor *d_output; /* a random projection of the output */
} OpData;

void op_data_init (OpData *self, const OpCase *op_case);
void op_data_clear (OpData *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OpData, op_data_clear)

/* What comes out of a case, widened to f64; NULL where there is nothing. */
typedef struct
{
  GstSodTensor *output;
  GstSodTensor *params[GST_SOD_MAX_PARAMS]; /* as forward left them */
  GstSodTensor *d_inputs[4];
  GstSodTensor *d_params[GST_SOD_MAX_PARAMS];
} OpResult;

void op_result_clear (OpResult *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OpResult, op_result_clear)

/* Gradients that are asked for. */
typedef enum
{
  OP_FORWARD_ONLY = 0,
  OP_D_INPUTS = 1 << 0,
  OP_D_PARAMS = 1 << 1,
  OP_D_ALL = OP_D_INPUTS | OP_D_PARAMS
} OpGradients;

/* Runs @self on @backend in @dtype, forward and, for @gradients, backward. */
gboolean op_data_run (const OpData *self, GstSodBackend *backend,
    GstSodDType dtype, OpGradients gradients, OpResult *result, GError **error);
