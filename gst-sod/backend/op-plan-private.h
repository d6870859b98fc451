/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* Training plans for any back end, made of its single ops: forward with batch
 * statistics, every value kept; then backward through the nodes in reverse.
 *
 * With n nodes, node i runs forward in step i and backward in step 2n - 1 - i.
 * A value lives from one to the other, its gradient from the backward step of
 * its last reader to that of its maker. A gradient is written by the first
 * reader met on the way back; what further readers give goes to a buffer of
 * its own, which lives for one step, and is added. All lie in one arena. */
#define GST_SOD_OP_PLAN_DIRECT G_MAXUINT

typedef struct
{
  GstSodExecutable base;
  GstSodGraph *graph;
  GstSodShape *shapes; /* one a value */
  GstSodDType dtype;
  guint threads;

  /* Values 0 .. n_values - 1, then their gradients, then the terms that are
   * added to gradients. */
  guint n_buffers;
  GstSodArenaBuffer *buffers;
  GstSodValue *buffer_values; /* whose shape a buffer has */

  /* GST_SOD_MAX_INPUTS a node: the buffer of the term that this input's
   * gradient gets from the node; DIRECT where the node writes the gradient. */
  guint *terms;
} GstSodOpPlan;

/* For the back ends' compile(), mode TRAIN. GST_SOD_ERROR_UNSUPPORTED for
 * precisions other than f32, for ops that the back end lacks, and for graphs
 * with values that the output does not depend on. */
GstSodExecutable *gst_sod_op_plan_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);
GstSodStream *gst_sod_op_plan_open (
    GstSodExecutable *executable, GError **error);

/* Buffer of the gradient of @value. */
static inline guint
gst_sod_op_plan_gradient (const GstSodOpPlan *self, GstSodValue value)
{
  return gst_sod_graph_n_values (self->graph) + value;
}

G_END_DECLS
